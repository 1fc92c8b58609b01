"""Schedules from scratch: what is asked, and what is right.

In every question one case lies past the end, so that who only forgot the end loses only that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from d2lsched.teaching.checks import rates_fault
from d2lsched.teaching.parameters import personal
from d2lsched.teaching.questions import Call, Case, Each, Question, Table


def staircase(t: int, lr: float, updates: int, stages: int, gamma: float = 0.1) -> float:
    """K equal stages; the last one goes on. Integers only: no boundary is late by rounding."""
    return lr * gamma ** min(t * stages // updates, stages - 1)


def halving(t: int, lr: float, half_life: float, floor: float) -> float:
    """Exponential decay by its half-life, with a floor."""
    return max(floor, lr * 2.0 ** (-t / half_life))


def power_decay(t: int, lr: float, updates: int, end_lr: float, power: float) -> float:
    """Polynomial decay whose end is the run's last update, updates - 1."""
    left = max(updates - 1 - t, 0) / (updates - 1)
    return end_lr + (lr - end_lr) * left**power


def anytime(t: int, lr: float, warmup: int, start: int, cooldown: int) -> float:
    """Inverse square root with warmup, times a line from 1 to 0 over the cooldown."""
    rate = lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1)))
    return rate * min(1.0, max(0.0, 1.0 - (t - start) / cooldown))


def cosine(t: int, peak: float, floor: float, steps: float) -> float:
    """Half a wave from peak at 0 to floor at t = steps, and floor from there on."""
    return floor + (peak - floor) * (1 + math.cos(math.pi * min(t, steps) / steps)) / 2


def asks(
    points: float,
    function: Callable[..., float],
    at: Iterable[int],
    end: int | None = None,
    **parameters: Any,
) -> Case:
    """Ask the student's function of that name at the updates, forth and back.

    end: the schedule's last update, for messages about what happens past it.
    """
    updates = list(dict.fromkeys(at))
    updates += updates[::-1]
    expected = [function(t, **parameters) for t in updates]
    said = ", ".join(f"{name}={value}" for name, value in parameters.items())

    def judge(got: Any) -> str | None:
        fault = rates_fault(got, expected, updates, end=end)
        if fault and "does not depend on t" in fault and " is 0 at" not in fault:
            # The notebook has plotted the function before it is asked here.
            fault += ", or it remembers its calls and the plot has used it up"
        return fault and f"with {said}: {fault}"

    return Case(points, Each(function.__name__, [[t] for t in updates], parameters), judge)


def around(*boundaries: int) -> list[int]:
    """Two updates before each boundary, the boundary, and the one after."""
    return [t for boundary in boundaries for t in range(boundary - 2, boundary + 2)]


def past(end: int) -> list[int]:
    """The first update, and those after a schedule's end, which has the number `end`."""
    return [0, *range(end + 1, end + 4), *(end + k * (end + 1) // 4 for k in (1, 2, 4, 8))]


def draw(random: np.random.Generator, low: int, high: int) -> int:
    """Draw a whole number from low to high, both possible."""
    return int(random.integers(low, high + 1))


def pick(random: np.random.Generator, *values: Any) -> Any:
    """Pick one of the values."""
    return values[int(random.integers(len(values)))]


def stages_of(random: np.random.Generator) -> Question:
    """Stages that divide the run; stages that do not; past the end.

    Four stages of whole length have boundaries that are exact in float, too. Where five or
    seven do not divide the run, no boundary falls on an update. So t / updates * stages is as
    right as integers. The remainder is such that no rounded length of the stages fits.
    """
    length, odd = draw(random, 30, 90), pick(random, 5, 7)
    uneven = odd * draw(random, 20, 40) + draw(random, 2, odd - 2)
    drops = around(length, 2 * length, 3 * length)
    bounds = [math.ceil(k * uneven / odd) for k in range(1, odd)]
    equal = {"lr": pick(random, 0.3, 0.6), "updates": 4 * length, "stages": 4}
    split = {"lr": draw(random, 1, 3), "updates": uneven, "stages": odd, "gamma": 0.5}
    later = {**split, "gamma": pick(random, 0.2, 0.3)}
    return Question("staircase", [
        asks(1, staircase, [0, *drops, 4 * length - 1], **equal),
        asks(1, staircase, [0, *around(*bounds), uneven - 1], **split),
        asks(1, staircase, past(uneven - 1), end=uneven - 1, **later),
    ])  # fmt: skip


def halving_of(random: np.random.Generator) -> Question:
    """From the start; resumed late, with a whole number for the rate; at the floor."""
    h = draw(random, 30, 90)
    early = {"lr": pick(random, 0.3, 0.6), "half_life": h, "floor": 0.001}
    late = {"lr": draw(random, 2, 5), "half_life": 10 * h, "floor": 0.002}
    low = {"lr": pick(random, 0.25, 0.5), "half_life": h, "floor": 0.05}
    return Question("halving", [
        asks(1, halving, [0, 1, 2, 3, *around(h, 2 * h), 7 * h // 2], **early),
        asks(1, halving, [*range(500, 504), *around(10 * h), 35 * h, 0], **late),
        asks(1, halving, [0, h, 3 * h // 2, 4 * h, 5 * h, 20 * h, 40 * h], **low),
    ])  # fmt: skip


def power_of(random: np.random.Generator) -> Question:
    """Inside the run, bent and straight; past its end, where forgetting shows in two ways."""
    n, m = draw(random, 50, 150), draw(random, 50, 150)
    bent = {"lr": 0.4, "updates": n, "end_lr": 0.02, "power": pick(random, 0.9, 1.5, 3)}
    line = {"lr": draw(random, 1, 3), "updates": m, "end_lr": 0, "power": 1}
    even = {**bent, "power": 2}
    root = {**bent, "updates": m, "power": 0.5}
    return Question("power-decay", [
        asks(1, power_decay, [0, 1, 2, *around(n // 2, n - 2)], **bent),
        asks(1, power_decay, [0, 1, 2, *around(m // 3, m - 2)], **line),
        asks(1, power_decay, past(n - 1), end=n - 1, **even),
        asks(1, power_decay, past(m - 1), end=m - 1, **root),
    ])  # fmt: skip


def anytime_of(random: np.random.Generator) -> Question:
    """Before the cooldown; in it; past it."""
    w, c = draw(random, 10, 40), draw(random, 20, 60)
    start = w * draw(random, 8, 12) + draw(random, 0, w)
    run = {"lr": pick(random, 0.3, 0.6), "warmup": w, "start": start, "cooldown": c}
    whole = {**run, "lr": draw(random, 1, 3)}
    last = start + c - 1  # the last update with a rate above 0
    before = [0, 1, 2, *around(w, 3 * w), start - 1, start]
    return Question("anytime", [
        asks(2, anytime, before, **whole),
        asks(1, anytime, [0, *around(start, start + c // 2, last - 1)], **run),
        asks(1, anytime, past(last), end=last, **run),
    ])  # fmt: skip


def per_epoch_of(random: np.random.Generator) -> Question:
    """One clock, and two in a row: the result of per_epoch is itself a schedule."""
    rates = np.sort(random.choice(np.arange(10, 400), size=6, replace=False))[::-1] / 1000
    n, days = draw(random, 15, 60), draw(random, 3, 5)

    def asked(schedule: Any, n: int, every: int, said: str) -> Case:
        inside = (0, 1, every // 2, every // 2 + 1, every // 2 + 2, every - 1)
        updates = [every * epoch + t for epoch in range(8) for t in inside]
        updates += updates[::-1]
        expected = [float(rates[min(t // every, len(rates) - 1)]) for t in updates]

        def judge(got: Any) -> str | None:
            fault = rates_fault(got, expected, updates)
            return fault and f"the schedule that per_epoch returns, {said}: {fault}"

        return Case(1, Call("per_epoch", [schedule, n], then=[[t] for t in updates]), judge)

    table = Table([float(rate) for rate in rates])
    again = f"when its own result, {days} epochs to a rate, is given to it with {n} updates"
    return Question("per-epoch", [
        asked(table, n, n, f"with {n} updates per epoch"),
        asked(Call("per_epoch", [table, days]), n, n * days, f"{again} per epoch"),
    ])  # fmt: skip


def my_cosine_of(student: str) -> Question:
    """The student's own run; every number follows from the id."""
    mine = personal(
        student,
        "a1_schedules",
        peak=[0.1, 0.15, 0.2, 0.25],
        floor=[0.002, 0.005, 0.01],
        images=range(6083, 9000, 100),  # of which 0.83 of a batch is dropped, in each epoch
        epochs=[3, 4, 5],
    )
    steps = mine["epochs"] * (mine["images"] // 100)
    pooled = mine["epochs"] * mine["images"] // 100
    unrounded = mine["epochs"] * mine["images"] / 100
    others = [mine["epochs"], steps - 1, steps + 1, pooled, unrounded, steps + mine["epochs"]]

    def own(points: float, at: Iterable[int], end: int | None = None) -> Case:
        updates = [*at]
        updates += updates[::-1]

        def fault_of(got: Any, steps: float, end: int | None = None) -> str | None:
            expected = [cosine(t, mine["peak"], mine["floor"], steps) for t in updates]
            return rates_fault(got, expected, updates, end=end)

        def judge(got: Any) -> str | None:
            fault = fault_of(got, steps, end)
            if fault is None:
                return None
            said = f"with the numbers of {student}: {fault}"
            for other in others:
                if fault_of(got, other) is None:
                    length = "long" if other > steps else "short"
                    return f"{said}; the whole curve is that of a run which is too {length}"
            if "first wrong at update 0" in fault:
                return f"{said}; update 0 uses your own peak"
            return said

        return Case(points, Each("my_cosine", [[t] for t in updates]), judge)

    quarters = around(steps // 4, steps // 2, 3 * steps // 4, steps - 1)
    return Question(
        "my-cosine", [own(3, [0, 1, 2, *quarters]), own(1, [*past(steps), steps], end=steps)]
    )


def questions(student: str, random: np.random.Generator) -> list[Question]:
    """Return the questions of this student."""
    return [
        stages_of(random),
        halving_of(random),
        power_of(random),
        anytime_of(random),
        per_epoch_of(random),
        my_cosine_of(student),
    ]
