"""Schedules made of other schedules."""

from __future__ import annotations

import itertools
import math
import operator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Annotated, Any, Literal

from .backends import Backend
from .base import (
    Boundaries,
    Count,
    Inner,
    Inners,
    Rate,
    Schedule,
    Updates,
    mix,
    one_of,
    require,
)

WarmupShape = Literal["linear", "constant", "exponential"]
DecayShape = Literal["linear", "cosine", "sqrt"]


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
        one_of("shape", self.shape, WarmupShape)
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

    @cached_property  # asked once: of nested warmups, each would ask its inner one twice
    def _first(self) -> float:
        return self.schedule(0)

    @property
    def peak(self) -> float:
        return self.schedule.peak

    def formula(self, t: Any, xp: Backend) -> Any:
        progress = xp.real(t) / self.steps
        if self.shape == "linear":
            rise = mix(self._first, self.start_lr, progress)
        elif self.shape == "constant":
            rise = xp.full_like(t, self.start_lr)
        else:
            # Counted from the top: what float32 rounds away is lost where the rate is small.
            left = xp.real(xp.maximum(self.steps - t, 0)) / self.steps
            rise = self._first * xp.power(self.start_lr / self._first, left)
            rise = xp.where(t > 0, rise, xp.full_like(t, self.start_lr))
        after = self.schedule.formula(xp.maximum(t - self.steps, 0), xp)
        return xp.where(t < self.steps, rise, after)


@dataclass(frozen=True)
class Sequential(Schedule):
    r"""One schedule after another, each with a clock of its own.

    $$\eta_t = \eta^{(i)}_{t - b_i} \quad\text{for } b_i \le t < b_{i+1}, \quad b_0 = 0$$

    schedules: the parts, one or more.
    boundaries: the rising update numbers $b_i \ge 1$ at which the next part takes over; one
        fewer than schedules.

    ValueError for any other value. Same as optax's join_schedules (0.2.8).

    >>> from d2lsched import Constant, CosineDecay
    >>> schedule = Sequential([Constant(0.4), CosineDecay(0.4, 10)], [20])
    >>> [round(schedule(t), 6) for t in (0, 20, 25, 30)]
    [0.4, 0.4, 0.2, 0.0]
    """

    schedules: Inners
    boundaries: Boundaries

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = len(self.boundaries) == len(self.schedules) - 1
        wanted = f"{len(self.schedules) - 1} update numbers for {len(self.schedules)} schedules"
        require(fits, "boundaries", self.boundaries, wanted)

    @property
    def peak(self) -> float:
        return max(schedule.peak for schedule in self.schedules)

    def formula(self, t: Any, xp: Backend) -> Any:
        rate = self.schedules[0].formula(t, xp)
        for schedule, start in zip(self.schedules[1:], self.boundaries, strict=True):
            later = schedule.formula(xp.maximum(t - start, 0), xp)
            rate = xp.where(t >= start, later, rate)
        return rate


@dataclass(frozen=True)
class Product(Schedule):
    r"""The product of schedules: one carries the rate, the others are factors.

    $$\eta_t = \prod_i \eta^{(i)}_t$$

    schedules: one or more.

    ValueError for an empty list or anything but schedules. peak is the product of the
    parts' peaks, which the product may never reach. Same as torch's ChainedScheduler
    (2.13.0), in which warm restarts drop what the schedulers before them multiply with.

    >>> from d2lsched import Constant, StepDecay
    >>> schedule = Product([Constant(0.4), StepDecay(1, 10, 0.5)])
    >>> [schedule(t) for t in (0, 10, 20)]
    [0.4, 0.2, 0.1]
    """

    schedules: Inners

    @property
    def peak(self) -> float:
        return reduce(operator.mul, [schedule.peak for schedule in self.schedules])

    def formula(self, t: Any, xp: Backend) -> Any:
        # torch.compile knows no math.prod.
        return reduce(operator.mul, [schedule.formula(t, xp) for schedule in self.schedules])


@dataclass(frozen=True)
class PerEpoch(Schedule):
    r"""A schedule that counts epochs: its rate holds for a whole epoch.

    $$\eta_t = \eta^\text{inner}_{\lfloor t / E \rfloor}$$

    schedule: the inner schedule, a function of the epoch.
    steps_per_epoch: $E \ge 1$, in updates.

    ValueError for any other value. Same as a torch scheduler that is stepped once an epoch
    (2.13.0), and as Keras' LearningRateScheduler callback (3.15.1).

    >>> from d2lsched import FactorDecay
    >>> schedule = PerEpoch(FactorDecay(0.4, 0.5), steps_per_epoch=78)
    >>> [schedule(t) for t in (0, 77, 78, 156)]
    [0.4, 0.4, 0.2, 0.1]
    """

    schedule: Inner
    steps_per_epoch: Updates

    @property
    def peak(self) -> float:
        return self.schedule.peak

    def formula(self, t: Any, xp: Backend) -> Any:
        return self.schedule.formula(t // self.steps_per_epoch, xp)


@dataclass(frozen=True)
class WarmupStableDecay(Schedule):
    r"""A linear rise, a long plateau, and a fall at the end (WSD, trapezoid).

    With $p$ the share of the fall that is done, from 0 at $t = T - d$ to 1 at $t = T$, it falls

    $$\eta_t = \eta_T + (\eta_0 - \eta_T)\, s(p), \quad s(p) = 1 - p \;\text{(linear)},\;
    \tfrac12 (1 + \cos \pi p) \;\text{(cosine)},\; 1 - \sqrt p \;\text{(sqrt)}$$

    lr: the rate $\eta_0 \ge 0$ of the plateau.
    steps: the horizon $T \ge 1$, in updates.
    warmup_steps: the length of the rise from start_lr, in updates; 0 for none.
    decay_steps: the length $d$ of the fall, in updates; 0 for none.
    shape: "linear", "cosine" or "sqrt".
    end_lr, start_lr: the last and the first rate, from 0 to lr.

    ValueError for any other value, and if the rise and the fall are longer than the run.
    Source: arXiv 2404.06395; sqrt from arXiv 2405.18392.

    >>> schedule = WarmupStableDecay(0.4, 100, warmup_steps=10, decay_steps=20)
    >>> [round(schedule(t), 6) for t in (0, 5, 10, 80, 90, 100)]
    [0.0, 0.2, 0.4, 0.4, 0.2, 0.0]
    """

    lr: Rate
    steps: Updates
    warmup_steps: Count
    decay_steps: Count
    shape: DecayShape = "linear"
    end_lr: Rate = 0.0
    start_lr: Rate = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("shape", self.shape, DecayShape)
        require(self.start_lr <= self.lr, "start_lr", self.start_lr, f"at most lr = {self.lr}")
        together = self.warmup_steps + self.decay_steps
        fits = together <= self.steps
        require(fits, "warmup_steps + decay_steps", together, f"at most steps = {self.steps}")

    def formula(self, t: Any, xp: Backend) -> Any:
        now, rate = xp.real(t), xp.full_like(t, self.lr)
        if self.warmup_steps:
            done = now / self.warmup_steps
            rise = mix(self.lr, self.start_lr, done)
            rate = xp.where(t < self.warmup_steps, rise, rate)
        if self.decay_steps:
            start = self.steps - self.decay_steps
            done = xp.minimum(xp.real(xp.maximum(t - start, 0)) / self.decay_steps, 1.0)
            if self.shape == "linear":
                left = 1 - done
            elif self.shape == "cosine":
                left = (1 + xp.cos(math.pi * done)) / 2
            else:
                left = 1 - xp.sqrt(done)
            rate = xp.where(t >= start, mix(self.lr, self.end_lr, left), rate)
        return rate


def _points(name: str, value: Any) -> tuple[tuple[float, float], ...]:
    allowed = "a list of (t, lr) with rising t ≥ 0 and finite lr ≥ 0, not empty"
    try:
        points = tuple((float(t), float(lr)) for t, lr in value)
    except (OverflowError, TypeError, ValueError):
        points = ()
    finite = all(math.isfinite(t) and math.isfinite(lr) and min(t, lr) >= 0 for t, lr in points)
    rising = all(a[0] < b[0] for a, b in itertools.pairwise(points))
    require(bool(points) and finite and rising, name, value, allowed)
    return points


@dataclass(frozen=True)
class Piecewise(Schedule):
    r"""Straight lines between points, and level before the first and after the last.

    Between $(t_i, \eta_i)$ and $(t_{i+1}, \eta_{i+1})$

    $$\eta_t = \eta_i + (\eta_{i+1} - \eta_i)\, \frac{t - t_i}{t_{i+1} - t_i}$$

    points: (t, lr) pairs with rising t ≥ 0 (updates) and lr ≥ 0.

    ValueError for any other value. Same as optax's piecewise_interpolate_schedule (0.2.8)
    of kind "linear", which takes factors where this takes rates.

    >>> schedule = Piecewise([(0, 0.0), (10, 0.4), (30, 0.0)])
    >>> [round(schedule(t), 6) for t in (0, 5, 10, 20, 99)]
    [0.0, 0.2, 0.4, 0.2, 0.0]
    """

    points: Annotated[tuple[tuple[float, float], ...], _points]

    @property
    def peak(self) -> float:
        return max(lr for _, lr in self.points)

    def formula(self, t: Any, xp: Backend) -> Any:
        times, rates = (list(values) for values in zip(*self.points, strict=True))
        spans = [1.0, *(b - a for a, b in itertools.pairwise(times)), 1.0]
        whole = times[-1] <= xp.last and all(time.is_integer() for time in times)
        starts: list[Any] = [int(time) for time in times] if whole else times
        now = t if whole else xp.real(t)  # whole numbers are exact beyond float32's 2**24
        part = xp.interval(starts, now)
        since = xp.real(now - xp.choose([starts[0], *starts], part, now))
        done = since / xp.choose(spans, part, now)
        before = xp.choose([rates[0], *rates], part, now)
        after = xp.choose([*rates, rates[-1]], part, now)
        share = xp.minimum(xp.maximum(done, 0.0), 1.0)
        return before * (1 - share) + after * share
