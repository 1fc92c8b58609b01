"""Schedules that only fall: from lr at update 0 toward a floor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .backends import Backend
from .base import (
    Factor,
    Flag,
    Milestones,
    Positive,
    Rate,
    Schedule,
    SpecialCase,
    Updates,
    mix,
)


@dataclass(frozen=True)
class Constant(Schedule):
    r"""The same rate at every update.

    $$\eta_t = \eta_0$$

    lr: the rate $\eta_0 \ge 0$, per update.

    ValueError for any other value. Same as optax's constant_schedule (0.2.8).

    >>> Constant(0.1)(1000)
    0.1
    """

    lr: Rate

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

    def formula(self, t: Any, xp: Backend) -> Any:
        return self.lr * xp.power(self.gamma, xp.real(t // self.step_size))


@dataclass(frozen=True)
class MultiStepDecay(Schedule):
    r"""The rate is multiplied by gamma at each milestone.

    $$\eta_t = \eta_0\, \gamma^{\#\{m \,\le\, t\}}$$

    lr: the rate $\eta_0 \ge 0$ before the first milestone.
    milestones: update numbers $m \ge 1$, rising; update $m$ already uses the lower rate. One
        that is repeated drops the rate as often.
    gamma: the factor $\gamma$, 0 < gamma ≤ 1.

    ValueError for any other value. Same as torch's MultiStepLR (2.13.0), stepped once an
    update; Keras' PiecewiseConstantDecay (3.15.1) changes one update later.

    >>> schedule = MultiStepDecay(lr=0.5, milestones=(15, 30), gamma=0.5)
    >>> [schedule(t) for t in (0, 14, 15, 30)]
    [0.5, 0.5, 0.25, 0.125]
    """

    lr: Rate
    milestones: Milestones
    gamma: Factor = 0.1

    def formula(self, t: Any, xp: Backend) -> Any:
        rates = [self.lr * self.gamma**passed for passed in range(len(self.milestones) + 1)]
        return xp.choose(rates, xp.interval(self.milestones, t), t)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    r"""The rate is multiplied by gamma over every decay_steps updates, evenly.

    $$\eta_t = \max\left(\eta_\text{end},\; \eta_0\, \gamma^{t / D}\right)$$

    lr: the rate $\eta_0 \ge 0$ of update 0.
    gamma: the factor $\gamma$ over decay_steps updates, 0 < gamma ≤ 1.
    decay_steps: $D \ge 1$, in updates.
    staircase: round $t / D$ down, so that the rate falls in steps.
    end_lr: the floor $\eta_\text{end}$, 0 ≤ end_lr ≤ lr.

    ValueError for any other value. Same as Keras' ExponentialDecay (3.15.1) without a
    floor, and optax's exponential_decay (0.2.8) with end_value; with decay_steps=1 as
    torch's ExponentialLR (2.13.0).

    >>> schedule = ExponentialDecay(0.4, gamma=0.5, decay_steps=10, end_lr=0.05)
    >>> [round(schedule(t), 6) for t in (0, 5, 10, 100)]
    [0.4, 0.282843, 0.2, 0.05]
    """

    lr: Rate
    gamma: Factor
    decay_steps: Updates = 1
    staircase: Flag = False
    end_lr: Rate = 0.0

    def formula(self, t: Any, xp: Backend) -> Any:
        whole = xp.real(t // self.decay_steps)
        exponent = whole if self.staircase else xp.real(t) / self.decay_steps
        return xp.maximum(self.lr * xp.power(self.gamma, exponent), self.end_lr)


@dataclass(frozen=True)
class FactorDecay(SpecialCase):
    r"""The rate is multiplied by factor at every update, down to min_lr.

    $$\eta_t = \max\left(\eta_\text{min},\; \eta_0\, f^{\,t}\right)$$

    lr: the rate $\eta_0 \ge 0$ of update 0.
    factor: $f$, 0 < factor ≤ 1.
    min_lr: the floor $\eta_\text{min}$, 0 ≤ min_lr ≤ lr.

    ValueError for any other value. Source: D2L 12.11, whose FactorScheduler keeps a state
    and whose first call returns already $\eta_0 f$.

    >>> [FactorDecay(lr=1.0, factor=0.5, min_lr=0.1)(t) for t in range(5)]
    [1.0, 0.5, 0.25, 0.125, 0.1]
    """

    lr: Rate
    factor: Factor
    min_lr: Rate = 0.0

    @cached_property
    def general(self) -> Schedule:
        return ExponentialDecay(self.lr, self.factor, end_lr=self.min_lr)


@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    r"""The rate falls as one over the time.

    $$\eta_t = \frac{\eta_0}{1 + k\, t / D}$$

    lr: the rate $\eta_0 \ge 0$ of update 0.
    rate: $k \ge 0$, how much the denominator grows in decay_steps updates.
    decay_steps: $D \ge 1$, in updates.
    staircase: round $t / D$ down.

    ValueError for any other value. Same as Keras' InverseTimeDecay (3.15.1).

    >>> schedule = InverseTimeDecay(lr=0.6, rate=1.0, decay_steps=10)
    >>> [schedule(t) for t in (0, 10, 20)]
    [0.6, 0.3, 0.2]
    """

    lr: Rate
    rate: Rate
    decay_steps: Updates = 1
    staircase: Flag = False

    def formula(self, t: Any, xp: Backend) -> Any:
        whole = xp.real(t // self.decay_steps)
        passed = whole if self.staircase else xp.real(t) / self.decay_steps
        return self.lr / (1 + self.rate * passed)


@dataclass(frozen=True)
class InverseScaling(Schedule):
    r"""The rate falls as a power of the time.

    $$\eta_t = \frac{\eta_0}{(t + 1)^p}$$

    lr: the rate $\eta_0 \ge 0$ of update 0.
    power: $p \ge 0$.

    ValueError for any other value. Source: scikit-learn's invscaling (1.9.1), which counts
    samples from 1.

    >>> [InverseScaling(lr=0.6, power=0.5)(t) for t in (0, 3, 8)]
    [0.6, 0.3, 0.2]
    """

    lr: Rate
    power: Rate

    def formula(self, t: Any, xp: Backend) -> Any:
        return self.lr * (xp.real(t) + 1) ** -self.power  # divided by, a power overflows


@dataclass(frozen=True)
class SquareRootDecay(SpecialCase):
    r"""The rate falls as one over the square root of the time.

    $$\eta_t = \frac{\eta_0}{\sqrt{t + 1}}$$

    lr: the rate $\eta_0 \ge 0$ of update 0.

    ValueError for any other value. Source: D2L 12.11, SquareRootScheduler.

    >>> [SquareRootDecay(lr=0.6)(t) for t in (0, 3, 8)]
    [0.6, 0.3, 0.2]
    """

    lr: Rate

    @cached_property
    def general(self) -> Schedule:
        return InverseScaling(self.lr, power=0.5)


@dataclass(frozen=True)
class InverseSqrtDecay(Schedule):
    r"""A linear rise, then a fall as one over the square root: Noam's, by its peak.

    $$\eta_t = \eta_0 \min\left( \frac{t + 1}{w},\; \sqrt{\frac{w}{t + 1}} \right)$$

    lr: the peak $\eta_0 \ge 0$, reached at update $w - 1$.
    warmup_steps: $w \ge 1$, in updates.

    ValueError for any other value. Source: arXiv 1706.03762, where the peak is
    $(d\, w)^{-1/2}$ for a model of width $d$.

    >>> [InverseSqrtDecay(lr=0.4, warmup_steps=4)(t) for t in (0, 3, 15)]
    [0.1, 0.4, 0.2]
    """

    lr: Rate
    warmup_steps: Updates

    def formula(self, t: Any, xp: Backend) -> Any:
        number = xp.real(t) + 1
        rise, fall = number / self.warmup_steps, xp.sqrt(self.warmup_steps / number)
        return self.lr * xp.minimum(rise, fall)


@dataclass(frozen=True)
class BottouOptimal(Schedule):
    r"""Bottou's rate for a regularized linear model.

    $$\eta_t = \frac{1}{\alpha\, (t_0 + t)}$$

    alpha: the strength $\alpha > 0$ of the regularization.
    t0: $t_0 > 0$, in updates.

    ValueError for any other value. Source: scikit-learn's optimal (1.9.1), which counts
    samples and starts at $t_0$ as here.

    >>> [BottouOptimal(alpha=0.01, t0=200)(t) for t in (0, 200)]
    [0.5, 0.25]
    """

    alpha: Positive
    t0: Positive

    @property
    def peak(self) -> float:
        return 1 / (self.alpha * self.t0)

    def formula(self, t: Any, xp: Backend) -> Any:
        return 1 / (self.alpha * (self.t0 + xp.real(t)))


@dataclass(frozen=True)
class PolynomialDecay(Schedule):
    r"""A power of the straight line from lr at t = 0 to end_lr at t = steps.

    $$\eta_t = \eta_T + (\eta_0 - \eta_T) \left(1 - \frac{\min(t, T)}{T}\right)^p$$

    lr: the rate $\eta_0 \ge 0$ of update 0.
    steps: the horizon $T \ge 1$, in updates.
    end_lr: the floor $\eta_T$, 0 ≤ end_lr ≤ lr.
    power: $p > 0$.

    ValueError for any other value. Same as torch's PolynomialLR (2.13.0, floor 0), Keras'
    PolynomialDecay (3.15.1) and optax's polynomial_schedule (0.2.8).

    >>> [PolynomialDecay(lr=0.4, steps=10, power=2)(t) for t in (0, 5, 10)]
    [0.4, 0.1, 0.0]
    """

    lr: Rate
    steps: Updates
    end_lr: Rate = 0.0
    power: Positive = 1.0

    def formula(self, t: Any, xp: Backend) -> Any:
        # Subtracted before it is divided: a root magnifies what float32 rounds away.
        left = xp.real(self.steps - xp.minimum(t, self.steps)) / self.steps  # 1 to 0
        power = 2 if self.power == 2 else self.power  # NumPy squares faster than ** 2.0
        return mix(self.lr, self.end_lr, left**power)


@dataclass(frozen=True)
class LinearDecay(SpecialCase):
    r"""A straight line from lr at t = 0 to end_lr at t = steps.

    $$\eta_t = \eta_T + (\eta_0 - \eta_T) \left(1 - \frac{\min(t, T)}{T}\right)$$

    lr: the rate $\eta_0 \ge 0$ of update 0.
    steps: the horizon $T \ge 1$, in updates.
    end_lr: the floor $\eta_T$, 0 ≤ end_lr ≤ lr.

    ValueError for any other value. Source: arXiv 2310.07831.

    >>> [LinearDecay(lr=0.4, steps=10)(t) for t in (0, 5, 10)]
    [0.4, 0.2, 0.0]
    """

    lr: Rate
    steps: Updates
    end_lr: Rate = 0.0

    @cached_property
    def general(self) -> Schedule:
        return PolynomialDecay(self.lr, self.steps, self.end_lr)


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

    def formula(self, t: Any, xp: Backend) -> Any:
        wave = xp.cos(math.pi / self.steps * xp.real(xp.minimum(t, self.steps)))  # 1 to -1
        rate = self.lr / 2 * (1 + wave)
        return rate + self.end_lr / 2 * (1 - wave) if self.end_lr else rate


@dataclass(frozen=True)
class Rex(Schedule):
    r"""The reflected exponential: nearly linear at first, steep at the end.

    $$\eta_t = \eta_0\, \frac{2 (1 - p)}{2 - p}, \qquad p = \frac{\min(t, T)}{T}$$

    lr: the rate $\eta_0 \ge 0$ of update 0.
    steps: the horizon $T \ge 1$, in updates; from there on the rate is 0.

    ValueError for any other value. Source: Chen, Wolfe and Kyrillidis, arXiv 2107.04197.

    >>> [Rex(lr=0.3, steps=10)(t) for t in (0, 5, 10)]
    [0.3, 0.2, 0.0]
    """

    lr: Rate
    steps: Updates

    def formula(self, t: Any, xp: Backend) -> Any:
        progress = xp.minimum(xp.real(t) / self.steps, 1.0)
        return self.lr * 2 * (1 - progress) / (2 - progress)
