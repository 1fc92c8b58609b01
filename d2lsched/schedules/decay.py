"""Schedules that only fall: from lr at update 0 toward a floor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .backends import Backend
from .base import Factor, Rate, Schedule, Updates, require


@dataclass(frozen=True)
class Constant(Schedule):
    r"""The same rate at every update.

    $$\eta_t = \eta_0$$

    lr: the rate $\eta_0 \ge 0$, per update.

    >>> Constant(0.1)(1000)
    0.1
    """

    lr: Rate

    @property
    def peak(self) -> float:
        return self.lr

    def formula(self, t: Any, xp: Backend) -> Any:
        return xp.full_like(t, self.lr)


@dataclass(frozen=True)
class StepDecay(Schedule):
    r"""The rate is multiplied by gamma every step_size updates.

    $$\eta_t = \eta_0\, \gamma^{\lfloor t / s \rfloor}$$

    lr: the rate $\eta_0 \ge 0$ of the first step.
    step_size: the length $s \ge 1$ of a step, in updates.
    gamma: the factor $\gamma$, 0 < gamma ≤ 1.

    ValueError for any other value. Same as torch's StepLR (2.13.0), stepped once an
    update. Source: Ge et al., "The step decay schedule", arXiv 1904.12838.

    >>> schedule = StepDecay(lr=0.5, step_size=30, gamma=0.5)
    >>> [schedule(t) for t in (0, 29, 30, 60)]
    [0.5, 0.5, 0.25, 0.125]
    """

    lr: Rate
    step_size: Updates
    gamma: Factor = 0.1

    @property
    def peak(self) -> float:
        return self.lr

    def formula(self, t: Any, xp: Backend) -> Any:
        return self.lr * xp.power(self.gamma, xp.real(t // self.step_size))


@dataclass(frozen=True)
class CosineDecay(Schedule):
    r"""Half a period of a cosine, from lr at t = 0 down to end_lr at t = steps.

    $$\eta_t = \eta_T + \frac{\eta_0 - \eta_T}{2}
    \left(1 + \cos \frac{\pi \min(t, T)}{T}\right)$$

    lr: the rate $\eta_0 \ge 0$ of update 0.
    steps: the horizon $T \ge 1$, in updates. A run of ``steps`` updates ends one update
        before the floor; from update ``steps`` on the schedule stays there.
    end_lr: the floor $\eta_T$, 0 ≤ end_lr ≤ lr.

    ValueError for any other value. Source: Loshchilov and Hutter, "SGDR", arXiv
    1608.03983, without the restarts.

    >>> schedule = CosineDecay(lr=0.3, steps=20, end_lr=0.01)
    >>> [round(schedule(t), 6) for t in (0, 5, 10, 15, 20, 1000)]
    [0.3, 0.257530, 0.155, 0.05247, 0.01, 0.01]
    """

    lr: Rate
    steps: Updates
    end_lr: Rate = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.end_lr <= self.lr, "end_lr", self.end_lr, f"at most lr = {self.lr}")

    @property
    def peak(self) -> float:
        return self.lr

    def formula(self, t: Any, xp: Backend) -> Any:
        wave = xp.cos(math.pi * xp.minimum(xp.real(t) / self.steps, 1.0))  # 1 to -1
        return self.lr * (1 + wave) / 2 + self.end_lr * (1 - wave) / 2
