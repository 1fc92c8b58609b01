"""Schedules made of other schedules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from .backends import Backend
from .base import Inner, Rate, Schedule, Updates, require

WarmupShape = Literal["linear", "constant", "exponential"]


@dataclass(frozen=True)
class Warmup(Schedule):
    r"""A rise to the first rate of another schedule, which then follows.

    With $w$ the length of the warmup, $\eta_s$ its start and $\eta_0$ the inner
    schedule's rate at its update 0, for $t < w$

    $$\eta_t = \eta_s + (\eta_0 - \eta_s)\,\tfrac{t}{w} \;\text{(linear)}, \quad
    \eta_s \;\text{(constant)}, \quad
    \eta_s\,(\eta_0/\eta_s)^{t/w} \;\text{(exponential)},$$

    and for $t \ge w$ the inner schedule's rate at $t - w$.

    schedule: the inner schedule; its clock starts when the warmup ends.
    steps: $w \ge 1$, in updates.
    start_lr: $\eta_s$, 0 ≤ start_lr ≤ η₀; above 0 unless the shape is linear. With 0
        the first update is spent at rate 0 and changes nothing.
    shape: "linear", "constant" or "exponential".

    ValueError for any other value. Source: Goyal et al., arXiv 1706.02677 (linear and
    constant).

    >>> from d2lsched import CosineDecay
    >>> schedule = Warmup(CosineDecay(0.1, steps=700), steps=80)
    >>> [round(schedule(t), 6) for t in (0, 40, 80, 780)]
    [0.0, 0.05, 0.1, 0.0]
    """

    schedule: Inner
    steps: Updates
    start_lr: Rate = 0.0
    shape: WarmupShape = "linear"

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = get_args(WarmupShape)
        require(self.shape in shapes, "shape", self.shape, f"one of {', '.join(shapes)}")
        require(
            self.start_lr <= self._first,
            "start_lr",
            self.start_lr,
            f"at most the inner schedule's first rate, {self._first}",
        )
        require(
            self.shape == "linear" or self.start_lr > 0,
            "start_lr",
            self.start_lr,
            f"above 0 with shape = {self.shape!r}",
        )

    @property
    def _first(self) -> float:
        return self.schedule(0)

    @property
    def peak(self) -> float:
        return self.schedule.peak

    def formula(self, t: Any, xp: Backend) -> Any:
        progress = xp.real(t) / self.steps
        if self.shape == "linear":
            rise = self.start_lr + (self._first - self.start_lr) * progress
        elif self.shape == "constant":
            rise = xp.full_like(t, self.start_lr)
        else:
            growth = xp.power(self._first / self.start_lr, xp.minimum(progress, 1.0))
            rise = self.start_lr * growth
        after = self.schedule.formula(xp.maximum(t - self.steps, 0), xp)
        return xp.where(t < self.steps, rise, after)
