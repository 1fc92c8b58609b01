"""The range test and one-cycle: what is asked, and what is right."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from d2lsched.teaching import personal
from d2lsched.teaching.checks import RELATIVE, Failure, rates_fault, value_fault
from d2lsched.teaching.questions import Call, Case, Each, Question, rates, value

NAN, INF = math.nan, math.inf


def questions(student: str, random: np.random.Generator) -> list[Question]:
    """Return what this student is asked."""
    return [
        Question("range-test", range_test_cases(random)),
        Question("smooth", smooth_cases(random)),
        Question("peak", peak_cases(random)),
        Question("one-cycle", one_cycle_cases(random)),
        Question("momentum", momentum_cases(random)),
        Question("updates", updates_cases(random)),
        Question("my-run", my_run_cases(student)),
    ]


def some(random: np.random.Generator, first: int, last: int, n: int) -> list[int]:
    """Draw n updates from first to last, without repeating any, in order."""
    return sorted(int(t) for t in random.choice(np.arange(first, last + 1), n, replace=False))


def one_of(random: np.random.Generator, *choices: Any) -> Any:
    """Draw one of the choices."""
    return choices[int(random.integers(len(choices)))]


# 1. The rates of the test


def range_test(t: int, start: float, end: float, steps: int, scale: str) -> float:
    """The definition of right."""
    p = min(t, steps - 1) / (steps - 1)
    if scale == "log":
        return float(start * (end / start) ** p)
    return start + (end - start) * p


def range_test_cases(random: np.random.Generator) -> list[Case]:
    """Ask for log and linear, inside the test and past its end."""
    steps = int(random.integers(60, 200))
    logarithmic = {
        "start_lr": one_of(random, 1e-4, 2e-4, 1e-3),
        "end_lr": one_of(random, 5, 8, 20),  # whole numbers, not floats
        "steps": steps,
    }
    linear = {
        "start_lr": one_of(random, 0, 1),
        "end_lr": one_of(random, 3, 4, 7),
        "steps": steps + 7,
    }

    def case(
        points: float, at: list[int], scale: str, given: dict[str, Any], end: Any = None
    ) -> Case:
        given = given | ({"scale": scale} if scale == "linear" else {})  # "log" is the default
        values = given["start_lr"], given["end_lr"], given["steps"]
        return rates(
            points, "range_test", at, lambda t: range_test(t, *values, scale), end=end, **given
        )

    # Neighbors, so that a shift by one update is seen; and 0 and the last update.
    t = int(random.integers(20, 40))
    inside = [0, t, t + 1, t + 2, *some(random, 45, steps - 2, 4), steps - 1]
    last = steps - 1
    past = [last - 1, last, last + 1, last + 2, 2 * last, 10 * last]
    return [
        case(1, inside, "log", logarithmic),
        case(1, [*inside, steps + 6], "linear", linear),
        case(0.5, past, "log", logarithmic, end=last),
        case(0.5, [u + 7 for u in past], "linear", linear, end=last + 7),
    ]


# 2. A smooth curve


def smooth(losses: list[float], keep: float) -> list[float]:
    """The definition of right."""
    mean, smoothed = 0.0, []
    for n, loss in enumerate(losses, start=1):
        mean = keep * mean + (1 - keep) * loss
        smoothed.append(mean / (1 - keep**n))
    return smoothed


def smooth_cases(random: np.random.Generator) -> list[Case]:
    """Ask for long, single and empty lists, and the list handed in."""
    keep = one_of(random, 0.7, 0.8, 0.85, 0.95)
    losses = [
        float(x) for x in 0.3 + 2 * np.exp(-np.arange(40) / 12) + random.uniform(0, 0.4, 40)
    ]
    few = losses[7:13]

    def unchanged(got: Any) -> str | None:
        if not isinstance(got, list):
            return value_fault(got, [smooth(few, 0.5)], "smooth(losses, keep=0.5)")
        if value_fault(got[1], [few]):
            return "the list of losses that was handed in is afterwards no longer what it was"
        return value_fault(got[0], smooth(few, 0.5), "smooth(losses, keep=0.5)")

    def twice(got: Any) -> str | None:
        said = f"the average of 40 losses with keep={keep}"
        if isinstance(got, Failure):
            return value_fault(got, [], said)
        faults = [value_fault(one, smooth(losses, keep), said) for one in got]
        return faults[0] or (faults[1] and f"asked for the second time, {faults[1]}")

    return [
        # Twice, for a list that is kept from call to call.
        Case(1, Each("smooth", [[losses], [losses]], {"keep": keep}), twice),
        value(0.5, "smooth", [losses], smooth(losses, 0.9),
              what="the average of 40 losses with the default keep"),
        value(0.5, "smooth", [losses[:1]], losses[:1], keep=keep,
              what=f"the average of a single loss with keep={keep}"),
        Case(0.5, Call("smooth", [few], {"keep": 0.5}, after=True), unchanged),
        value(0.5, "smooth", [[]], [], what="the average of an empty list"),
    ]  # fmt: skip


# 3. Reading the peak


def failing_update(smoothed: list[float], factor: float) -> int | None:
    """The first update at which the test fails, or None."""
    lowest = INF
    for t, loss in enumerate(smoothed):
        if not math.isfinite(loss) or loss > factor * lowest:
            return t
        lowest = min(lowest, loss)
    return None


def choose_peak(
    rates: list[float], smoothed: list[float], factor: float, divide: float
) -> float | None:
    """The definition of right."""
    failed = failing_update(smoothed, factor)
    if failed == 0:
        return None
    return (rates[-1] if failed is None else rates[failed - 1]) / divide


def peak_case(points: float, kind: str, smoothed: list[float], factor: float, divide: float,
              start: float = 0.001, end: float = 10.0) -> Case:  # fmt: skip
    """Ask what a test suggests; the message names the mistakes that are often made."""
    n = len(smoothed)
    rates = [start * (end / start) ** (t / (n - 1)) for t in range(n)]
    expected = choose_peak(rates, smoothed, factor, divide)
    failed = failing_update(smoothed, factor)
    said = f"on a test that {kind}, the suggestion"

    def judge(got: Any) -> str | None:
        fault = value_fault(got, expected, said)
        if fault is None or expected is None or type(got) not in (int, float):
            return fault
        for t, hint in {
            failed: "it comes from the update that fails, not from the last one before it",
            n - 1: "it comes from the test's last rate, as if this test had never failed",
        }.items():
            if t is not None and math.isclose(got, rates[t] / divide, rel_tol=RELATIVE):
                return f"{fault}: {hint}"
        if math.isclose(got, expected * divide, rel_tol=RELATIVE):
            return f"{fault}: it is not divided by `divide`"
        return fault

    return Case(points, Call("choose_peak", [rates, smoothed, factor, divide]), judge)


def falling(random: np.random.Generator, n: int, low: float) -> list[float]:
    """A fall from 2.3 to low in n values, each less than the one before."""
    steps = np.cumsum(random.uniform(0.5, 1.5, n - 1))
    return [2.3, *(float(x) for x in 2.3 * (low / 2.3) ** (steps / steps[-1]))]


def climb(a: float, b: float, n: int) -> list[float]:
    """Values from just above a to b, by a constant factor."""
    return [a * (b / a) ** (k / n) for k in range(1, n + 1)]


def peak_cases(random: np.random.Generator) -> list[Case]:
    """Ask for tests that fail in several ways, and one that does not."""
    factor, divide = one_of(random, 1.5, 2.0, 3.0), one_of(random, 2, 4, 5)
    low = float(random.uniform(0.2, 0.4))
    fall = falling(random, int(random.integers(20, 30)), low)
    flat = [low * x for x in (1.1, 1.02, 1.2, 1.05, 1.25)]

    plain = [*fall, *flat, *climb(4 * low, 400 * low, 6)]
    broken = [*fall, *flat[: int(random.integers(2, 5))], *[NAN] * int(random.integers(3, 9))]
    endless = [*falling(random, 12, 0.5), INF, 0.4, 0.3, 0.2]

    # A hump below the limit, one value exactly at it (powers of two are exact), a lower valley,
    # a slow climb past its limit of which no step is large, and a return below all.
    hump = [*climb(1.0, 0.9 * 2, 4), 2.0, 1.4, 1.05, 1.0]
    valley = [0.75, 0.5, 0.375, 0.25]
    slow = climb(0.25, 0.9, int(random.integers(12, 20)))
    before = [*falling(random, int(random.integers(8, 16)), 1.0)[:-1], 1.0]
    bounce = [*before, *hump, *valley, *slow, *climb(0.9, 0.1, 5)]

    return [
        peak_case(1, "fails at a high rate", plain, factor, divide),
        peak_case(0.75, "ends in nan", broken, factor, divide),
        peak_case(0.25, "has one infinite loss", endless, factor, divide),
        peak_case(
            1.25, "has a hump and comes down again after it has failed", bounce, 2.0, divide
        ),
        peak_case(0.5, "never fails", [*fall, *flat], factor, divide, 0.01, 1.0),
        peak_case(0.25, "begins with nan", [NAN] * 8, factor, divide),
    ]


# 4. One-cycle


def share_of(x: float, anneal: str) -> float:
    """The annealing function A(x)."""
    return x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2


def one_cycle(
    t: int, peak: float, steps: int, pct_start: float = 0.3, div_factor: float = 25.0,
    final_div_factor: float = 1e4, anneal: str = "cos",
) -> float:  # fmt: skip
    """The definition of right: as torch 2.13.0 within the run, then constant."""
    start = peak / div_factor
    end, turn, last = start / final_div_factor, pct_start * steps - 1, steps - 1
    if t >= last:
        return end
    if t <= turn:
        return start + (peak - start) * share_of(t / turn, anneal)
    return peak + (end - peak) * share_of((t - turn) / (last - turn), anneal)


def between(random: np.random.Generator) -> tuple[int, float]:
    """Draw a number of updates and a share of the rise whose turn lies between two updates."""
    return int(random.integers(6, 20)) * 10 + 3, one_of(random, 0.2, 0.3, 0.4)


def around(random: np.random.Generator, steps: int, pct_start: float) -> list[int]:
    """Choose updates of a cycle: both ends, both sides of the turn, and some between."""
    turn = math.floor(pct_start * steps - 1)
    on_the_way = some(random, turn + 4, steps - 3, 4)
    return [0, 1, turn // 2, turn, turn + 1, turn + 2, *on_the_way, steps - 2, steps - 1]


def one_cycle_cases(random: np.random.Generator) -> list[Case]:
    """Ask for both kinds of annealing, inside the run and past its end."""

    def case(points: float, at: list[int], end: int | None = None, **given: Any) -> Case:
        return rates(points, "one_cycle", at, lambda t: one_cycle(t, **given), end=end, **given)

    steps, pct = between(random)
    plain = {"peak": one_of(random, 0.2, 0.4, 0.8), "steps": steps}
    own = {
        "peak": one_of(random, 1, 2, 3),  # a whole number
        "steps": steps + 10,
        "pct_start": pct,
        "div_factor": one_of(random, 5, 10, 40),
        "final_div_factor": one_of(random, 20, 100, 500),
    }
    last = steps - 1
    past = [last - 1, last, last + 1, last + 2, last + 9, 2 * last, 10 * last]
    return [
        case(1, around(random, steps, 0.3), **plain),
        case(1.5, around(random, steps + 10, pct), **own),
        case(1.5, around(random, steps + 10, pct), **own, anneal="linear"),
        case(0.5, past, end=last, **plain),
        case(0.5, past, end=last, **plain, anneal="linear"),
    ]


# 5. The momentum


def cycled_momentum(
    t: int, steps: int, low: float = 0.85, high: float = 0.95, pct_start: float = 0.3,
    anneal: str = "cos",
) -> float:  # fmt: skip
    """The definition of right."""
    turn, last = pct_start * steps - 1, steps - 1
    if t >= last:
        return high
    x = t / turn if t <= turn else (last - t) / (last - turn)
    return high - (high - low) * share_of(x, anneal)


def momentum_cases(random: np.random.Generator) -> list[Case]:
    """Ask for both kinds of annealing, inside the run and past its end."""

    def case(points: float, at: list[int], end: int | None = None, **given: Any) -> Case:
        updates = [*at, *at[::-1]]
        expected = [cycled_momentum(t, **given) for t in updates]
        said = ", ".join(f"{key}={item}" for key, item in given.items())

        def judge(got: Any) -> str | None:
            fault = rates_fault(got, expected, updates, what="the momentum", end=end)
            return fault and f"with {said}: {fault}"

        return Case(points, Each("cycled_momentum", [[t] for t in updates], given), judge)

    steps, pct = between(random)
    own = {
        "steps": steps + 10,
        "low": one_of(random, 0.6, 0.7, 0.75),
        "high": one_of(random, 0.9, 0.92, 0.98),
        "pct_start": pct,
    }
    last = steps - 1
    past = [last - 9, last - 1, last, last + 1, last + 9, 2 * last, 10 * last]
    return [
        case(0.5, around(random, steps, 0.3), steps=steps),
        case(0.5, around(random, steps + 10, pct), **own),
        case(0.5, around(random, steps + 10, pct), **own, anneal="linear"),
        case(0.5, past, end=last, steps=steps),
    ]


# 6. How many updates?


def count_updates(images: int, batch_size: int, epochs: int, drop_last: bool = True) -> int:
    """The definition of right."""
    left_over = images % batch_size > 0
    return (images // batch_size + (left_over and not drop_last)) * epochs


def updates_cases(random: np.random.Generator) -> list[Case]:
    """Ask for partial batches dropped and kept."""
    size, epochs = int(random.integers(30, 90)), int(random.integers(5, 20))
    batches = int(random.integers(60, 200))
    # More than half a batch is left over, less than three quarters: five epochs' left-overs
    # would fill batches, and their gaps, too.
    images = batches * size + int(random.integers(size // 2 + 1, 3 * size // 4))
    runs = [
        (images, size, epochs),
        (images + size, size, epochs + 1),
        (batches * size, size, epochs),
    ]

    def case(points: float, runs: list[tuple[int, int, int]], **given: bool) -> Case:
        expected = [count_updates(*run, **given) for run in runs]

        def judge(got: Any) -> str | None:
            if isinstance(got, Failure):
                return f"the number of updates never came: {got.description}"
            for run, one, right in zip(runs, got, expected, strict=True):
                said = "images={}, batch_size={}, epochs={}".format(*run)
                said += "".join(f", {key}={item}" for key, item in given.items())
                if fault := value_fault(one, right, f"with {said}: the number of updates", 0.0):
                    return fault
            return None

        return Case(points, Each("count_updates", runs, given), judge)

    return [case(0.5, runs), case(0.25, runs[:2], drop_last=False),
            case(0.25, runs[2:], drop_last=False)]  # fmt: skip


# 7. Your own run


def my_run(mine: dict[str, Any]) -> dict[str, float]:
    """The definition of right."""
    size = mine["images"], mine["batch_size"], mine["epochs"]
    made, planned = count_updates(*size), count_updates(*size, drop_last=False)
    given = {"peak": mine["peak"], "pct_start": mine["pct_start"], "anneal": "linear"}
    cycle = [one_cycle(t, steps=made, **given) for t in range(made)]
    top = int(np.argmax(cycle))
    return {
        "updates": made,
        "top": top,
        "highest": cycle[top],
        "last_if_kept": one_cycle(made - 1, steps=planned, **given),
    }


def own_numbers(student: str) -> dict[str, Any]:
    """The same line as in the notebook."""
    return personal(
        student,
        "a3_one_cycle",
        images=[8_040, 8_433, 8_823, 9_191, 9_582, 10_157, 10_545, 10_932],
        batch_size=[48, 64, 96],
        epochs=[7, 9, 11, 13],
        peak=[0.21, 0.28, 0.35, 0.42, 0.49],
        pct_start=[0.22, 0.26, 0.34, 0.38],
    )


def my_run_cases(student: str) -> list[Case]:
    """Judge each entry of the dictionary by itself."""
    mine = own_numbers(student)
    right = my_run(mine)
    nearest = round(mine["pct_start"] * right["updates"] - 1)

    def entry(key: str) -> Callable[[Any], str | None]:
        def judge(got: Any) -> str | None:
            if not isinstance(got, dict):
                return value_fault(got, right, "what my_run() returns")
            if key not in got:
                return f"the dictionary has no entry {key!r}"
            fault = value_fault(got[key], right[key], f"of your own run, {key!r}")
            if fault and key == "top" and got[key] == nearest:
                return f"{fault}: it is the update nearest to the turn; which rate is highest?"
            return fault

        return judge

    return [Case(0.5, Call("my_run"), entry(key)) for key in right]
