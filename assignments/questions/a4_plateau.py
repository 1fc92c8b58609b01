"""What the assignment "Reduce on plateau as a state machine" asks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from d2lsched.teaching import personal
from d2lsched.teaching.checks import RELATIVE, Failure, kind_fault, show, value_fault
from d2lsched.teaching.questions import Call, Case, Each, Fold, Question

LOSSES = [
    [1.48, 1.5, 1.39, 1.55, 1.38996, 1.54, 1.54, 1.56, 1.43, 1.38996, 1.44, 1.25, 1.41, 1.21],
    [1.73, 1.76, 1.62, 1.46, 1.44, 1.58, 1.43996, 1.64, 1.62, 1.53, 1.52, 1.43996, 1.61, 1.2],
    [1.58, 1.65, 1.42, 1.44, 1.41996, 1.49, 1.25, 1.41, 1.34, 1.45, 1.24996, 1.33, 1.43, 1.1],
    [1.76, 1.82, 1.53, 1.55, 1.52996, 1.73, 1.58, 1.67, 1.6, 1.67, 1.72, 1.48, 1.66, 1.56],
    [1.73, 1.49, 1.48996, 1.32, 1.11, 1.14, 1.10996, 1.23, 1.19, 1.19, 1.26, 1.23, 1.29, 1.16],
    [1.79, 1.87, 1.62, 1.69, 1.61996, 1.73, 1.38, 1.37996, 1.38, 1.55, 1.49, 1.43, 1.38, 1.42],
]
"""In each, and with every setting of one's own, a wrong rule shows where it should."""

State = dict[str, Any]
Judge = Callable[[Any], str | None]
NAN = math.nan


# The definition of right


def better(
    metric: float,
    best: float | None,
    mode: str = "min",
    threshold: float = 1e-4,
    threshold_mode: str = "rel",
) -> bool:
    """Whether a metric is better than the best by the threshold."""
    if math.isnan(metric):
        return False
    if best is None:
        return True
    margin = threshold * (abs(best) if threshold_mode == "rel" else 1)
    return metric < best - margin if mode == "min" else metric > best + margin


def lowered(rate: float, factor: float, min_lr: float = 0.0, eps: float = 1e-8) -> float:
    """The rate after a cut."""
    lower = max(min_lr, rate * factor)
    return lower if rate - lower > eps else rate


def start(rate: float) -> State:
    """A new state."""
    return {"rate": rate, "best": None, "bad": 0, "cooling": 0}


def observed(
    state: State,
    metric: float,
    factor: float = 0.1,
    patience: int = 10,
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
    **comparison: Any,
) -> State:
    """The state after one more metric."""
    rate, best, bad, cooling = (state[name] for name in ("rate", "best", "bad", "cooling"))
    if better(metric, best, **comparison):
        best, bad = metric, 0
    else:
        bad += 1
    if cooling > 0:
        bad, cooling = 0, cooling - 1
    if bad > patience:
        rate, bad, cooling = lowered(rate, factor, min_lr, eps), 0, cooldown
    return {"rate": rate, "best": best, "bad": bad, "cooling": cooling}


def states(state: State, metrics: Sequence[float], **settings: Any) -> list[State]:
    """All states after the first."""
    found = []
    for metric in metrics:
        state = observed(state, metric, **settings)
        found.append(state)
    return found


def rates_of_run(metrics: Sequence[float], state: State, **settings: Any) -> list[float]:
    """The rates that the epochs use."""
    return [one["rate"] for one in [state, *states(state, metrics, **settings)]][: len(metrics)]


def library_rates(
    library: str,
    metrics: Sequence[float],
    rate: float,
    factor: float,
    patience: int,
    cooldown: int,
) -> list[float]:
    """The rates of a library itself, written as it does it and not by translation."""
    best, bad, cooling, found = math.inf, 0, 0, []
    single = (lambda x: float(np.float32(x))) if library != "torch" else float
    rate = single(rate)
    for m in metrics:
        found.append(rate)
        improved = m < (best - 1e-4 if library == "keras" else best * (1 - 1e-4))
        if library == "keras":
            cooled = cooling <= 1  # the counter falls before it is asked
            cut = not improved and cooled and (0 if cooling else bad) + 1 >= patience
            bad = 0 if improved or not cooled else (0 if cooling else bad) + 1
            cooling = max(cooling - 1, 0)
        else:
            bad = 0 if improved or cooling else bad + 1
            limit = patience + 1 if library == "torch" else patience
            cut = not cooling and bad == limit
            cooling = max(cooling - 1, 0)
        best = m if improved else best
        if cut:
            rate, bad, cooling = single(rate * factor), 0, cooldown
    return found


# How answers are judged


def verdicts(asked: Sequence[tuple[Sequence[Any], str]]) -> Judge:
    """Judge answers of `better`; with each list of arguments comes what is special about it."""

    def judge(got: Any) -> str | None:
        if not isinstance(got, list):
            return value_fault(got, [True] * len(asked), "the answer of better")
        for (args, hint), one in zip(asked, got, strict=True):
            said = f"the answer to better({', '.join(map(repr, args))})"
            if fault := value_fault(one, better(*args), said):
                return f"{fault}: {hint}" if isinstance(one, bool) else fault
        return None

    return judge


def state_fault(got: Any, right: State, before: State, said: str) -> str | None:
    """Say what is wrong with the state after one observation, given the one before, or None."""
    if isinstance(got, Failure):
        return f"{said}: the state never came: {got.description}"
    if got is None:
        return (
            f"{said}: the state is None: does every path through the function end in `return`?"
        )
    for name in ("rate", "bad", "cooling", "best"):
        has = isinstance(got, dict) and name in got
        fault = value_fault(got[name], right[name], f"'{name}'") if has else None
        if not fault:
            continue
        cut, cooling = right["rate"] != before["rate"], before["cooling"] > 0
        if name == "rate" and kind_fault(got[name], "") is None:
            if got[name] == before["rate"]:
                fault += ": a cut is due here and did not come"
            elif not cut and got[name] < before["rate"]:
                fault += ": here the rate must not fall yet"
        if name == "bad" and cooling:
            fault += ": this epoch falls into a cooldown, in which none counts as bad"
        elif name == "bad" and right["best"] != before["best"]:
            fault += ": this metric was an improvement"
        return f"{said}: {fault}"
    return value_fault(got, right, f"{said}: the state")


def followed(state: State, metrics: Sequence[float], **settings: Any) -> Judge:
    """Judge the states of a run."""
    right = states(state, metrics, **settings)
    using = ", ".join(f"{name}={item}" for name, item in settings.items())

    def judge(got: Any) -> str | None:
        if not isinstance(got, list):
            return value_fault(got, right, "the list of states")
        heard: list[float] = []
        for metric, one, wanted, before in zip(
            metrics, got, right, [state, *right[:-1]], strict=True
        ):
            heard.append(metric)
            last = ", ".join(f"{m:g}" for m in heard[-4:])
            said = f"with {using}, after epoch {len(heard) - 1} (the last metrics: {last})"
            if fault := state_fault(one, wanted, before, said):
                return fault
        return None

    return judge


def run_of(points: float, state: State, metrics: Sequence[float], **settings: Any) -> Case:
    """Ask for all states of a run."""
    return Case(
        points,
        Fold("observe", state, metrics, settings),
        followed(state, metrics, **settings),
    )


def kept(points: float, state: State, metric: float, when: str, **settings: Any) -> Case:
    """Ask for one observation, and whether the given state is still as it was."""
    right = observed(state, metric, **settings)

    def judge(got: Any) -> str | None:
        if isinstance(got, Failure):
            return f"the state never came: {got.description}"
        after, (given, _) = got
        if value_fault(given, state):
            return (
                f"{when}, observe changed the state that it was given: whoever kept it, in a "
                "checkpoint or for another branch, has lost it. Make a new dict"
            )
        return state_fault(after, right, state, when)

    return Case(points, Call("observe", [state, metric], settings, after=True), judge)


def branches(points: float, pairs: Sequence[tuple[State, float]], **settings: Any) -> Case:
    """Ask for one observation from each of several states, in no order of time."""

    def judge(got: Any) -> str | None:
        if not isinstance(got, list):
            return value_fault(got, [{}], "the list of states")
        for (state, metric), one in zip(pairs, got, strict=True):
            said = f"resumed from {state} with the metric {metric:g}"
            if fault := state_fault(one, observed(state, metric, **settings), state, said):
                return f"{fault}. (All that observe may know is in the state it is given)"
        return None

    return Case(points, Each("observe", pairs, settings), judge)


def per_epoch(expected: Sequence[float], until: int, said: str) -> Judge:
    """Judge the rates of a run's epochs, of which those up to `until` count."""

    def close(one: Sequence[float], other: Sequence[float]) -> bool:
        most = RELATIVE * expected[0]
        return all(abs(a - b) <= most for a, b in zip(one, other, strict=True))

    def judge(got: Any) -> str | None:
        if not isinstance(got, list):
            return value_fault(got, expected, f"{said}the answer")
        if len(got) != len(expected):
            many = "many" if len(got) > len(expected) else "few"
            return (
                f"{said}the list has {len(got)} rates, which is too {many}: one an epoch is due"
            )
        for epoch, rate in enumerate(got[: until + 1]):
            if fault := kind_fault(rate, f"{said}the rate of epoch {epoch}"):
                return fault
        if close(got[: until + 1], expected[: until + 1]):
            return None
        numbers = all(kind_fault(rate, "") is None for rate in got)
        if numbers and close(got[:-1], expected[1:]):
            return (
                f"{said}every cut comes one epoch early: an epoch uses the rate from before "
                "its own metric was heard"
            )
        if numbers and close(got[1:], expected[:-1]):
            return f"{said}every cut comes one epoch late"
        wrong = next(e for e in range(until + 1) if not close([got[e]], [expected[e]]))
        size = "large" if got[wrong] > expected[wrong] else "small"
        return (
            f"{said}the rate is first wrong at epoch {wrong}: there it is {show(got[wrong])}, "
            f"which is too {size}"
        )

    return judge


def translations(asked: Sequence[tuple[str, int, int]]) -> Judge:
    """Judge answers of `translate`."""

    def judge(got: Any) -> str | None:
        if not isinstance(got, list):
            return value_fault(got, [{}], "the answer of translate")
        for (library, patience, cooldown), one in zip(asked, got, strict=True):
            keras, less = library == "keras", library != "torch"
            right = {
                "patience": max(patience - less, 0),
                "cooldown": max(cooldown - keras, 0),
                "threshold_mode": "abs" if keras else "rel",
            }
            said = f"the answer to translate('{library}', {patience}, {cooldown})"
            if fault := value_fault(one, right, said):
                return fault
        return None

    return judge


def refused(got: Any) -> str | None:
    """Judge translate("optax", 0)."""
    said = "for one library and patience no settings of observe do the same; there translate"
    if isinstance(got, Failure):
        raised = "ValueError" in got.description
        return None if raised else f"{said} must raise a ValueError, but {got.description}"
    return f"{said} returns settings, as if there were some, where a ValueError is due"


def authors(asked: Sequence[Sequence[Any]], right: Sequence[str | None]) -> Judge:
    """Judge answers of `whose`."""

    def judge(got: Any) -> str | None:
        if not isinstance(got, list):
            return value_fault(got, list(right), "the answer of whose")
        for (_, rates, factor, patience, cooldown), one, name in zip(
            asked, got, right, strict=True
        ):
            drops = [e for e in range(1, len(rates)) if rates[e] < rates[e - 1]]
            said = (
                f"the author of a log with factor {factor}, patience {patience}, "
                f"cooldown {cooldown} and cuts at epochs {drops}"
            )
            if fault := value_fault(one, name, said):
                exact = all(float(np.float32(rate)) == rate for rate in rates)
                single = one is None and exact and factor != 0.5
                return fault + (": its rates are rounded to float32" if single else "")
        return None

    return judge


# What is drawn


def downhill(random: np.random.Generator, n: int, first: float) -> list[float]:
    """Draw n losses, each better than the one before by far more than any threshold."""
    falls = first * random.uniform(0.05, 0.1, n).cumsum()
    return [round(float(first - fall), 6) for fall in falls]


def above(random: np.random.Generator, n: int, best: float) -> list[float]:
    """Draw n losses that are worse than the best, and fall: each beats the one before."""
    rises = np.sort(random.uniform(0.1, 0.4, n))[::-1]
    return [round(float(best * (1 + rise)), 6) for rise in rises]


def log_of(random: np.random.Generator, library: str | None, exact: bool) -> list[Any]:
    """Draw the arguments of `whose`: losses, rates, factor, patience, cooldown.

    exact: all rates are powers of two, so that float32 rounds none of them.
    """
    names = ("torch", "keras", "optax")
    while True:
        factor = 0.5 if exact else float(random.choice([0.2, 0.3, 0.4]))
        rate = 0.5 if exact else float(random.choice([0.1, 0.3, 0.7]))
        patience, cooldown = int(random.integers(1, 4)), int(random.integers(0, 4))
        metrics = np.exp(-0.1 * np.arange(20)) + 0.15 * random.random(20)
        losses = [round(float(m), 4) for m in metrics]
        rest = (factor, patience, cooldown)
        found = {name: library_rates(name, losses, rate, *rest) for name in names}
        drops = sorted(random.choice(np.arange(4, 20), 3, replace=False).tolist())
        plan = [rate * factor ** sum(e >= drop for drop in drops) for e in range(20)]
        rates = plan if library is None else found[library]
        cuts = len(set(rates)) - 1
        apart = all(
            not np.allclose(rates, found[name], rtol=1e-2, atol=0)
            for name in names
            if name != library
        )
        rounded = any(float(r) not in {rate, rate * factor} for r in rates)
        if apart and 2 <= cuts <= 6 and (exact or rounded):
            return [losses, rates, *rest]


def questions(student: str, random: np.random.Generator) -> list[Question]:
    """What is asked of one student."""
    mine = personal(
        student,
        "a4_plateau",
        rate=[0.2, 0.4, 0.8],
        factor=[0.1, 0.2, 0.3, 0.4, 0.5],
        patience=[1, 2],
        cooldown=[1, 2],
        losses=LOSSES,
    )
    settings = {name: mine[name] for name in ("factor", "patience", "cooldown")}
    right = rates_of_run(mine["losses"], start(mine["rate"]), **settings)
    first = next(e for e, rate in enumerate(right) if rate < right[0])
    by_hand = [
        Case(1, Call("my_rates"), per_epoch(right, first, "up to the first cut: ")),
        Case(1, Call("my_rates"), per_epoch(right, 13, "")),
    ]
    return [
        Question("by_hand", by_hand),
        Question("better", compared(random)),
        Question("lowered", cut(random)),
        Question("observe", machine(random)),
        Question("rates_of_run", runs(random)),
        Question("translate", translated(random)),
        Question("whose", logs(random)),
    ]


def compared(random: np.random.Generator) -> list[Case]:
    """The cases of `better`."""
    best = round(float(random.uniform(0.3, 0.9)), 3)
    far, near = "by more than the threshold", "by less than the threshold"
    theta = float(random.choice([0.05, 0.1, 0.2]))
    up, down = (round(best * (1 + s * 2 * theta), 6) for s in (1, -1))
    little_up, little_down = (round(best * (1 + s * theta / 2), 6) for s in (1, -1))
    relative = [
        ([down, best], f"smaller, {far}"),
        ([up, best], "larger, with mode 'min'"),
        ([best, best], "equal is not better"),
        ([little_down, best, "min", theta, "rel"], f"smaller, but {near}"),
        ([down, best, "min", theta, "rel"], f"smaller, {far}"),
        ([little_up, best, "max", theta, "rel"], f"larger, but {near}"),
        ([up, best, "max", theta, "rel"], f"larger, {far}"),
        ([down, best, "max", theta, "rel"], "smaller, with mode 'max'"),
        ([best, best, "max", 0.0], "equal is not better, with threshold 0 either"),
        (
            [1.75, 2, "min", 0.125, "rel"],
            "it lies exactly at the threshold, and the test is strict",
        ),
        (
            [100 * little_down, 100 * best, "min", theta, "rel"],
            "relative is relative to the best",
        ),
    ]
    gap = round(float(random.uniform(0.02, 0.05)), 3)
    big = round(100 * best, 3)  # where relative and absolute say different things
    absolute = [
        (
            [round(big - 2 * gap, 3), big, "min", gap, "abs"],
            f"smaller, {far}, which is absolute",
        ),
        ([round(big - gap / 2, 4), big, "min", gap, "abs"], f"smaller, but {near}"),
        (
            [round(big + 2 * gap, 3), big, "max", gap, "abs"],
            f"larger, {far}, which is absolute",
        ),
        ([round(big + gap / 2, 4), big, "max", gap, "abs"], f"larger, but {near}"),
        ([round(gap / 4, 5), round(gap / 2, 5), "min", gap, "abs"], f"smaller, but {near}"),
        (
            [0.75, 1, "min", 0.25, "abs"],
            "it lies exactly at the threshold, and the test is strict",
        ),
    ]
    first = [
        ([best, None], "nothing was heard yet, so every number is better"),
        ([best, None, "max"], "nothing was heard yet, so every number is better"),
        (
            [-best, None, "max", theta, "abs"],
            "nothing was heard yet, so every number is better",
        ),
        ([0.0, None], "nothing was heard yet, so every number is better"),
        ([NAN, None], "NaN is never better, not even than nothing"),
        ([NAN, best], "NaN is never better"),
        ([NAN, best, "max"], "NaN is never better"),
        ([NAN, best, "max", theta, "abs"], "NaN is never better"),
    ]
    sign = "better means better, whatever the sign of the best"
    below = [
        ([-best, -best], f"equal is not better; {sign}"),
        ([-little_up, -best, "min", theta], f"smaller, but {near}; {sign}"),
        ([-up, -best, "min", theta], f"smaller, {far}; {sign}"),
        ([-best, -best, "max", theta], f"equal is not better; {sign}"),
        ([-little_down, -best, "max", theta], f"larger, but {near}; {sign}"),
        ([-down, -best, "max", theta], f"larger, {far}; {sign}"),
        ([best, 0.0], "a best of 0 was heard, which is not the same as None"),
        ([-best, 0.0, "min", theta], "a best of 0 was heard, and a share of it is 0"),
    ]
    return [
        Case(points, Each("better", [args for args, _ in asked]), verdicts(asked))
        for points, asked in ((1, relative), (1, absolute), (0.5, first), (0.5, below))
    ]


def cut(random: np.random.Generator) -> list[Case]:
    """The cases of `lowered`."""
    rate = float(random.choice([0.3, 0.6, 1.2]))
    factor = float(random.choice([0.2, 0.3, 0.4]))
    floor = round(float(random.uniform(0.45, 0.55)) * rate, 4)
    asked = {
        0.5: [
            (rate, factor, 0.0, 1e-8),
            (1, factor, 0.0, 1e-8),
            (rate, factor, rate * factor / 2, 0),
        ],
        1.0: [(rate, factor, floor, 1e-8), (floor, factor, floor, 1e-8)],
    }
    small = round(float(random.uniform(2, 5)), 2)
    tiny: list[tuple[float, ...]] = [
        (small * 1e-9, factor, 0.0, 1e-8),  # the change is smaller than eps
        (small * 1e-8, 0.9, 0.0, 1e-8),  # so it is here, though the new rate is larger than eps
        (rate, factor, 0.0, rate * (1 - factor) * 1.01),
        (rate, factor, 0.0, rate * (1 - factor) * 0.99),
        (small * 1e-9, factor, 0.0, 0.0),
    ]

    def case(points: float, over: Sequence[Sequence[float]]) -> Case:
        def judge(got: Any) -> str | None:
            if not isinstance(got, list):
                return value_fault(got, [0.0], "the answer of lowered")
            for args, one in zip(over, got, strict=True):
                names = ("rate", "factor", "min_lr", "eps")
                said = ", ".join(f"{k}={a:g}" for k, a in zip(names, args, strict=True))
                said = f"the answer to lowered({said})"
                if fault := value_fault(one, lowered(*args), said):
                    return fault
            return None

        return Case(points, Each("lowered", over), judge)

    return [case(0.5, asked[0.5]), case(0.75, asked[1.0]), case(0.75, tiny)]


def machine(random: np.random.Generator) -> list[Case]:
    """The cases of `observe`."""
    patience, cooldown = int(random.integers(2, 5)), int(random.integers(2, 4))
    factor, rate = float(random.choice([0.2, 0.4, 0.5])), float(random.choice([0.3, 0.6, 0.9]))
    top = round(float(random.uniform(2, 4)), 3)
    # Improving; almost patience used up; improving; then three cuts' worth of bad epochs.
    slope = downhill(random, 5, top)
    bads = above(random, patience, slope[2])
    long = above(random, 3 * (patience + 1), slope[4])
    counting = [*slope[:3], *bads, *slope[3:], *long]
    hasty = [
        *slope[:2],
        slope[1],
        slope[1] * 1.5,
        *slope[2:],
        slope[4],
        slope[4] * 0.99995,
        top,
    ]
    # A cut at once; in its cooldown an improvement; then a second cut, and flat.
    rest = above(random, 3 * cooldown + 6, slope[3])
    cooled = [*slope[:2], top, slope[2], *above(random, 2, slope[2])]
    cooled += [slope[3], *rest]
    floor = round(rate * factor * 0.7, 5)
    up = [round(float(1 - m / (2 * top)), 6) for m in slope]
    rising = [
        NAN,
        up[0],
        up[1],
        NAN,
        up[2],
        up[2],
        NAN,
        up[1],
        up[2],
        up[3],
        up[1],
        NAN,
        up[0],
        up[4],
    ]
    middle = {"rate": rate, "best": top, "bad": patience, "cooling": 0}
    cold = {"rate": rate / 2, "best": top, "bad": 0, "cooling": 2}
    worse, less = round(top * 1.2, 3), round(top * 0.8, 3)
    pairs = [
        (middle, worse), (cold, worse), (middle, less), (start(rate), worse), (cold, less),
        ({**middle, "bad": patience - 1}, worse), (middle, worse),
    ]  # fmt: skip
    resumed = {"rate": rate, "best": top, "bad": 1, "cooling": 0}
    one = {"factor": factor, "patience": 1}
    return [
        run_of(1.5, start(rate), counting, factor=factor, patience=patience),
        run_of(0.5, start(rate), hasty, factor=factor, patience=0),
        run_of(1.25, start(rate), cooled, factor=factor, patience=0, cooldown=cooldown),
        run_of(
            0.75,
            start(rate),
            [top] * 8,
            factor=factor,
            patience=1,
            min_lr=floor,
            eps=floor / 100,
        ),
        run_of(1, start(rate), rising, factor=factor, patience=2, mode="max", threshold=0.01),
        branches(0.5, pairs, factor=factor, patience=patience, cooldown=cooldown),
        kept(0.75, resumed, less, "at an improvement", **one),
        kept(0.75, resumed, worse, "at a cut", **one),
    ]


def runs(random: np.random.Generator) -> list[Case]:
    """The cases of `rates_of_run`."""
    top = round(float(random.uniform(1, 3)), 3)
    slope = downhill(random, 4, top)
    patience = int(random.integers(1, 3))
    rate = float(random.choice([0.3, 0.6, 0.9]))
    long = above(random, 3 * patience + 9, slope[3])  # more than the default patience forgives
    metrics = [*slope, *long, round(slope[3] / 2, 5), top]
    plain = {"factor": 0.5, "patience": patience}
    full = {"factor": 0.4, "patience": patience, "cooldown": 2, "mode": "max",
            "threshold": 0.02, "threshold_mode": "abs", "min_lr": rate / 5}  # fmt: skip
    mirrored = [round(5 - m, 5) for m in metrics]
    resumed = {"rate": rate, "best": round(5 - slope[3], 5), "bad": patience, "cooling": 0}
    return [
        Case(
            1,
            Call("rates_of_run", [metrics, start(rate)], plain),
            per_epoch(
                rates_of_run(metrics, start(rate), **plain),
                len(metrics) - 1,
                f"factor 0.5, patience {patience}: ",
            ),
        ),
        Case(
            1,
            Call("rates_of_run", [mirrored[4:], resumed], full),
            per_epoch(
                rates_of_run(mirrored[4:], resumed, **full),
                len(metrics) - 5,
                "a run resumed from a state in its middle, with all settings: ",
            ),
        ),
    ]


def translated(random: np.random.Generator) -> list[Case]:
    """The cases of `translate`."""
    high = int(random.integers(4, 12))
    zero = [(0, 0), (1, 1), (high, high - 2), (2, 0), (0, high)]
    torch = [("torch", *pair) for pair in zero]
    keras = [("keras", *pair) for pair in [(high, 3), *zero]]
    optax = [("optax", *pair) for pair in [(high, 3), (1, 0), (2, 1), (1, high)]]
    return [
        Case(0.25, Each("translate", torch), translations(torch)),
        Case(1, Each("translate", keras), translations(keras)),
        Case(0.5, Each("translate", optax), translations(optax)),
        Case(0.25, Call("translate", ["optax", 0, int(random.integers(0, 3))]), refused),
    ]


def logs(random: np.random.Generator) -> list[Case]:
    """The cases of `whose`."""
    cases = []
    for exact in (True, False):
        names: list[str | None] = ["optax", "keras", "torch", "keras", "torch", "optax"]
        names += [None, None] if exact else []
        asked = [log_of(random, name, exact) for name in names]
        cases.append(Case(1, Each("whose", asked), authors(asked, names)))
    return cases
