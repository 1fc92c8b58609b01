"""Schedules that rise and fall, once or many times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from .backends import Backend
from .base import (
    Factor,
    Flag,
    Positive,
    Rate,
    Schedule,
    Share,
    Updates,
    UpdatesOrNone,
    mix,
    one_of,
    require,
)

CyclicalMode = Literal["triangular", "triangular2", "exp_range"]
Anneal = Literal["cos", "linear"]
Scale = Literal["log", "linear"]


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    r"""Cosine decay that starts again whenever it is done (warm restarts).

    Cycle $i$ has the length $T_i = T_0\, k^i$ and the peak
    $\eta_\text{end} + (\eta_0 - \eta_\text{end})\, m^i$. With $\tau$ updates since its start

    $$\eta_t = \eta_\text{end} + (\eta_0 - \eta_\text{end})\, m^i\,
    \tfrac12 \left(1 + \cos \frac{\pi \tau}{T_i}\right)$$

    lr: the peak $\eta_0 \ge 0$ of the first cycle.
    period: its length $T_0 \ge 1$, in updates.
    period_mult: $k \ge 1$, whole: each cycle is so many times as long as the one before.
    lr_mult: $m$, 0 < lr_mult ≤ 1.
    end_lr: $\eta_\text{end}$, 0 ≤ end_lr ≤ lr.

    ValueError for any other value. The cycle is found with whole numbers, never with a
    logarithm, so that restarts are exact. Source: SGDR, arXiv 1608.03983; torch's
    CosineAnnealingWarmRestarts (2.13.0), optax's sgdr_schedule (0.2.8).

    >>> schedule = CosineRestarts(lr=0.4, period=10, period_mult=2, lr_mult=0.5)
    >>> [round(schedule(t), 6) for t in (0, 5, 10, 20, 30)]
    [0.4, 0.2, 0.2, 0.1, 0.1]
    """

    lr: Rate
    period: Updates
    period_mult: Updates = 1
    lr_mult: Factor = 1.0
    end_lr: Rate = 0.0

    def formula(self, t: Any, xp: Backend) -> Any:
        if self.period_mult == 1:
            cycle, length = t // self.period, self.period
            since = t - cycle * self.period  # half the time of NumPy's t % period
        else:
            lengths, starts = _cycles(self.period, self.period_mult, xp.last)
            cycle = xp.interval(starts, t)
            since = t - xp.choose([0, *starts], cycle, t)
            length = xp.choose([float(length) for length in lengths], cycle, t)
        height = xp.power(self.lr_mult, xp.real(cycle)) if self.lr_mult < 1 else 1.0
        share = height * (1 + xp.cos(math.pi * xp.real(since) / length)) / 2
        return mix(self.lr, self.end_lr, share)


_CYCLES: dict[tuple[int, int, int], tuple[list[int], list[int]]] = {}


def _cycles(period: int, mult: int, last: int) -> tuple[list[int], list[int]]:
    """The lengths of the cycles up to update last, and where all but the first begin."""
    if (period, mult, last) in _CYCLES:
        return _CYCLES[period, mult, last]
    length, start = period, period
    lengths, starts = [length], []
    while start <= last:
        length *= mult
        lengths.append(length)
        starts.append(start)
        start += length
    _CYCLES[period, mult, last] = lengths, starts
    return lengths, starts


@dataclass(frozen=True)
class Cyclical(Schedule):
    r"""A triangle between base_lr and max_lr, again and again.

    With $c$ the number of finished cycles and $\Lambda_t$ going from 0 to 1 in the first
    step_size updates of a cycle and back to 0 in the step_size_down that follow,

    $$\eta_t = \eta_\text{base} + (\eta_\text{max} - \eta_\text{base})\, \Lambda_t\, s_t,
    \qquad s_t = 1 \;\text{or}\; 2^{-c} \;\text{or}\; \gamma^t$$

    base_lr, max_lr: 0 ≤ base_lr ≤ max_lr.
    step_size: the length of the rise, at least 1 update.
    step_size_down: the length of the fall; as step_size if None.
    mode: "triangular", "triangular2" (halved each cycle) or "exp_range".
    gamma: for exp_range, 0 < gamma ≤ 1, per update, counted from the start of the run.

    ValueError for any other value. Same as torch's CyclicLR (2.13.0). Source: Smith, arXiv
    1506.01186.

    >>> schedule = Cyclical(base_lr=0.1, max_lr=0.5, step_size=4)
    >>> [round(schedule(t), 6) for t in (0, 2, 4, 6, 8, 12)]
    [0.1, 0.3, 0.5, 0.3, 0.1, 0.5]
    """

    base_lr: Rate
    max_lr: Rate
    step_size: Updates
    step_size_down: UpdatesOrNone = None
    mode: CyclicalMode = "triangular"
    gamma: Factor = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.base_lr <= self.max_lr, "base_lr", self.base_lr,
                f"at most max_lr = {self.max_lr}")  # fmt: skip
        one_of("mode", self.mode, CyclicalMode)

    @property
    def peak(self) -> float:
        return self.max_lr

    def formula(self, t: Any, xp: Backend) -> Any:
        up, down = self.step_size, self.step_size_down or self.step_size
        cycle = t // (up + down)
        since = t - cycle * (up + down)
        share = xp.minimum(xp.real(since) / up, xp.real(up + down - since) / down)
        if self.mode == "triangular2":
            share = share * xp.power(0.5, xp.real(cycle))
        elif self.mode == "exp_range":
            share = share * xp.power(self.gamma, xp.real(t))
        return mix(self.max_lr, self.base_lr, share)


@dataclass(frozen=True)
class OneCycle(Schedule):
    r"""One rise to max_lr and one fall far below the start.

    From $\eta_\text{max}/d$ to $\eta_\text{max}$ at $t = \text{pct}\cdot T - 1$, then down to
    $\eta_\text{max}/(d\, f)$ at $t = T - 1$. With three_phase: down to $\eta_\text{max}/d$ at
    $t = 2\,\text{pct}\cdot T - 2$, then to $\eta_\text{max}/(d\, f)$. Between two such points

    $$\eta = a + (b - a)\, \tfrac12 (1 - \cos \pi p) \;\text{(cos)} \quad\text{or}\quad
    a + (b - a)\, p \;\text{(linear)}$$

    max_lr: the peak $\eta_\text{max} \ge 0$.
    steps: $T \ge 2$, the length of the run, in updates.
    pct_start: the share of the rise, from 0 to 1; with three_phase at most 0.5.
    div_factor, final_div_factor: $d \ge 1$ and $f \ge 1$.
    anneal: "cos" or "linear".
    three_phase: fall back to the start before falling further.

    ValueError for any other value. Same as torch's OneCycleLR (2.13.0) within the run; it
    stays at its last value afterwards. Source: Smith and Topin, arXiv 1708.07120.

    >>> schedule = OneCycle(0.5, steps=11, pct_start=6 / 11, anneal="linear")
    >>> [round(schedule(t), 6) for t in (0, 5, 10, 1000)]
    [0.02, 0.5, 2e-06, 2e-06]
    """

    max_lr: Rate
    steps: Updates
    pct_start: Share = 0.3
    div_factor: Positive = 25.0
    final_div_factor: Positive = 1e4
    anneal: Anneal = "cos"
    three_phase: Flag = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.steps >= 2, "steps", self.steps, "at least 2")
        for name in ("div_factor", "final_div_factor"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        one_of("anneal", self.anneal, Anneal)
        reached = not self.three_phase or self.pct_start <= 0.5
        require(reached, "pct_start", self.pct_start, "at most 0.5 with three_phase")

    @property
    def peak(self) -> float:
        return self.max_lr

    def formula(self, t: Any, xp: Backend) -> Any:
        first = self.max_lr / self.div_factor
        last = first / self.final_div_factor
        top, end = self.pct_start * self.steps - 1.0, self.steps - 1.0
        phases = [(0.0, top, first, self.max_lr), (top, end, self.max_lr, last)]
        if self.three_phase:
            back = 2 * top
            phases[1:] = [(top, back, self.max_lr, first), (back, end, first, last)]
        now = xp.real(t)
        rate = xp.full_like(t, last)
        for begin, until, a, b in reversed(phases):
            if until > begin or until == end:
                progress = (now - begin) / max(until - begin, 1e-300)
                rate = xp.where(now <= until, self._between(a, b, progress, xp), rate)
        return rate

    def _between(self, a: float, b: float, progress: Any, xp: Backend) -> Any:
        share = xp.minimum(xp.maximum(progress, 0.0), 1.0)
        if self.anneal == "cos":
            share = (1 - xp.cos(math.pi * share)) / 2
        return mix(b, a, share)


@dataclass(frozen=True)
class LRRangeTest(Schedule):
    r"""A rate that grows through the whole run, to see from where on training fails.

    With $p = \min(t, T - 1)/(T - 1)$,

    $$\eta_t = \eta_a\, (\eta_b/\eta_a)^p \;\text{(log)} \quad\text{or}\quad
    \eta_a + (\eta_b - \eta_a)\, p \;\text{(linear)}$$

    start_lr: $\eta_a \ge 0$ at update 0; above 0 on the log scale.
    end_lr: $\eta_b$ at update steps − 1, at least start_lr.
    steps: $T \ge 2$, in updates.
    scale: "log" or "linear".

    ValueError for any other value. Source: Smith, arXiv 1506.01186; log as in fastai's
    lr_find (2.8.12), whose ``num_it=n`` updates are the first n with steps = n + 1.

    >>> schedule = LRRangeTest(start_lr=0.001, end_lr=10, steps=5)
    >>> [round(schedule(t), 6) for t in range(6)]
    [0.001, 0.01, 0.1, 1.0, 10.0, 10.0]
    """

    start_lr: Rate
    end_lr: Rate
    steps: Updates
    scale: Scale = "log"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.steps >= 2, "steps", self.steps, "at least 2")
        one_of("scale", self.scale, Scale)
        require(self.end_lr >= self.start_lr, "end_lr", self.end_lr,
                f"at least start_lr = {self.start_lr}")  # fmt: skip
        positive = self.scale == "linear" or self.start_lr > 0
        require(positive, "start_lr", self.start_lr, "above 0 with scale = 'log'")

    @property
    def peak(self) -> float:
        return self.end_lr

    def formula(self, t: Any, xp: Backend) -> Any:
        progress = xp.minimum(xp.real(t) / (self.steps - 1), 1.0)
        if self.scale == "linear":
            return mix(self.end_lr, self.start_lr, progress)
        # Seen from the end, where rounding weighs most; the start is then set exactly.
        left = xp.real(xp.maximum(self.steps - 1 - t, 0)) / (self.steps - 1)
        rise = self.end_lr * xp.power(self.start_lr / self.end_lr, left)
        return xp.where(t > 0, rise, xp.full_like(t, self.start_lr))
