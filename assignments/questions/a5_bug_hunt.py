"""Questions of a5_bug_hunt, and the code that makes its data.

``python assignments/questions/a5_bug_hunt.py`` writes traces.json beside the notebook: 60 runs,
each with its plan and with the rates as used. Which bug made which run, `LABELS`, is known here
alone. Everything follows from hashes: no generator whose stream may change some day takes part,
so the labels always belong to the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from d2lsched.teaching import personal
from d2lsched.teaching.checks import Failure, describe, rates_fault, value_fault
from d2lsched.teaching.questions import Call, Case, Each, Question, rates

NAME = "a5_bug_hunt"
DATA = Path(__file__).resolve().parents[1] / "source" / NAME / "traces.json"
SEED = "the fifteen thieves"
"""Decides which bug made which run. For a new year change it, run this file, and copy the key
that it prints into the solution of `diagnosis`."""

Run = Mapping[str, Any]


def planned(t: int, run: Run, share: Callable[[int], float] | None = None) -> float:
    """The rate planned for update t: linear warmup, then a cosine or a line to the end.

    share: the share of the decay that is over, not yet held at 1; (t − w)/(T − w) as planned.
    """
    peak, end, w, steps = run["peak"], run["end"], run["warmup"], run["updates"]
    if t < w:
        return peak * (t + 1) / w
    p = min((t - w) / (steps - w) if share is None else share(t), 1)
    fall = (1 + math.cos(math.pi * p)) / 2 if run["shape"] == "cosine" else 1 - p
    return end + (peak - end) * fall


# The bugs: each gives the rate that update t of a run used; `extra` decides what is left open.


def early(t: int, run: Run, extra: int) -> float:
    """The clock ticks before the update."""
    return planned(t + 1, run)


def late(t: int, run: Run, extra: int) -> float:
    """The rate is set after the update that it is meant for."""
    return planned(max(t - 1, 0), run)


def warmup_from_0(t: int, run: Run, extra: int) -> float:
    """A fence post: t in place of t + 1."""
    return run["peak"] * t / run["warmup"] if t < run["warmup"] else planned(t, run)


def epoch_for_update(t: int, run: Run, extra: int) -> float:
    """The schedule counts epochs."""
    return planned(t // run["updates_per_epoch"], run)


def micro_batch(t: int, run: Run, extra: int) -> float:
    """The scheduler is stepped after every batch of an update."""
    k = run["batches_per_update"]
    return planned(k * t + k - 1, run)  # k − 1 ticks before the update, one after it


def twice(t: int, run: Run, extra: int) -> float:
    """The scheduler is stepped by two."""
    return planned(2 * t, run)


def used_up(t: int, run: Run, extra: int) -> float:
    """A drawing has asked 15 to 54 times before."""
    return planned(t + 15 + extra, run)  # asked that often by the drawing


def restarted(t: int, run: Run, extra: int) -> float:
    """The count is not in the checkpoint."""
    return planned(t if t < run["resumed_at"] else t - run["resumed_at"], run)


def no_shift(t: int, run: Run, extra: int) -> float:
    """The decay is asked with t, not with t − w."""
    return planned(t, run, lambda t: t / (run["updates"] - run["warmup"]))


def too_long(t: int, run: Run, extra: int) -> float:
    """The decay lasts T updates, not T − w."""
    return planned(t, run, lambda t: (t - run["warmup"]) / run["updates"])


def rises_again(t: int, run: Run, extra: int) -> float:
    """The cosine has no end."""
    if t < run["warmup"]:
        return planned(t, run)
    p = (t - run["warmup"]) / (run["updates"] - run["warmup"])
    return run["end"] + (run["peak"] - run["end"]) * (1 + math.cos(math.pi * p)) / 2


def stuck(t: int, run: Run, extra: int) -> float:
    """The count stops at 64 or at 128."""
    return planned(min(t, (64, 128)[extra % 2]), run)


def degrees(t: int, run: Run, extra: int) -> float:
    """Degrees for a cosine of radians, or radians for one of degrees."""
    if t < run["warmup"]:
        return planned(t, run)
    p = min((t - run["warmup"]) / (run["updates"] - run["warmup"]), 1)
    angle = (180 * p, math.radians(math.pi * p))[extra % 2]
    return run["end"] + (run["peak"] - run["end"]) * (1 + math.cos(angle)) / 2


def integer_division(t: int, run: Run, extra: int) -> float:
    """The share of the decay, or of both parts, is cut to a whole number."""
    w, steps = run["warmup"], run["updates"]
    if t < w and extra % 2:
        return run["peak"] * ((t + 1) // w)
    return planned(t, run, lambda t: (t - w) // (steps - w))


def peak_twice(t: int, run: Run, extra: int) -> float:
    """The rate is taken for a factor of the peak."""
    return run["peak"] * planned(t, run)


BUGS: dict[str, Callable[[int, Run, int], float]] = {
    "early": early,
    "late": late,
    "warmup from 0": warmup_from_0,
    "epoch for update": epoch_for_update,
    "micro-batch": micro_batch,
    "twice": twice,
    "used up": used_up,
    "restarted": restarted,
    "no shift": no_shift,
    "too long": too_long,
    "rises again": rises_again,
    "stuck": stuck,
    "degrees": degrees,
    "integer division": integer_division,
    "peak twice": peak_twice,
}
"""The catalog in five groups of three, in order: a student gets one bug of each group."""

NAMES = list(BUGS)


def labels() -> list[str]:
    """Return the bug of each of the 60 runs: four runs of each of three bugs in every fifth."""
    found = [""] * 60
    for group in range(5):
        dozen = NAMES[3 * group : 3 * group + 3] * 4
        for number in range(group, 60, 5):  # a shuffle that no library can change
            at = personal(SEED, f"bug of {number}", at=range(len(dozen)))["at"]
            found[number] = dozen.pop(at)
    return found


LABELS = labels()


def plan(number: int) -> dict[str, Any]:
    """Return a run's plan, and what every run has: epochs, accumulation, a resume."""
    curved = LABELS[number] in ("rises again", "degrees")
    shape = ["cosine"] if curved else ["cosine", "linear"]
    run = personal(
        SEED, f"run {number}",
        shape=shape, peak=[0.06, 0.08, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5],
        updates=range(150, 221), warmup=range(14, 31), floor=[0.0, 0.02, 0.05],
        updates_per_epoch=range(11, 18), batches_per_update=range(3, 7),
        resumed=[0.4, 0.45, 0.5, 0.55, 0.6, 0.65],
    )  # fmt: skip
    run["end"] = round(run["peak"] * run.pop("floor"), 6)
    run["resumed_at"] = int(run["updates"] * run.pop("resumed"))
    return {"run": number, **run}


def used(name: str, run: Run, extra: int) -> list[float]:
    """Return the trace that a bug leaves, to the six digits that the weights give away."""
    length = run["updates"] + run["updates"] // 5
    return [float(f"{BUGS[name](t, run, extra):.6g}") for t in range(length)]


def runs() -> list[dict[str, Any]]:
    """Return the 60 runs as the students get them."""
    made = []
    for number, name in enumerate(LABELS):
        run = plan(number)
        half = personal(SEED, f"extra {number}", extra=range(20))["extra"]
        extra = 2 * half + LABELS[:number].count(name) % 2  # two of each kind of four
        made.append({**run, "rates": used(name, run, extra)})
    return made


def key() -> str:
    """Return the labels as the solution has them: places in the alphabet, base 15."""
    names = sorted(NAMES)
    return "".join("0123456789abcde"[names.index(name)] for name in LABELS)


def text() -> str:
    """Return the content of traces.json: a run a line."""
    return "[\n" + ",\n".join(json.dumps(run) for run in runs()) + "\n]\n"


def numbers(student: str) -> dict[str, int]:
    """Return which runs are the student's, by letter. The notebook has the same lines."""
    picks = {f"run{g}": range(g, 60, 5) for g in range(5)}
    mine = personal(student, NAME, order=list(permutations(range(5))), **picks)
    return {letter: mine[f"run{g}"] for letter, g in zip("ABCDE", mine["order"], strict=True)}


TESTS = {
    "early": "update 0 would use the rate planned for update 1, and so on to the end",
    "late": "updates 0 and 1 would use the same rate, and each later one the rate planned for "
    "the update before it",
    "warmup from 0": "update 0 would use the rate 0, and from update {warmup} on all be well",
    "epoch for update": "each rate would last for {updates_per_epoch} updates",
    "micro-batch": "the peak would come {batches_per_update} times too soon",
    "twice": "the peak would come in half the time",
    "used up": "the trace would be the plan without its first updates: slide one along the "
    "other",
    "restarted": "update {resumed_at} would use the plan's first rate, and all before be well",
    "no shift": "the warmup would be as planned, and update {warmup} a jump down",
    "too long": "the warmup would be as planned, and update {updates} not at the end yet",
    "rises again": "nothing would be wrong before update {updates}",
    "stuck": "from some update on, well before {updates}, all rates would be the same",
    "degrees": "the warmup would be as planned; then the rate would either go up and down many "
    "times or hardly move",
    "integer division": "there would be a stretch with only the largest or the smallest rate "
    "and nothing between",
    "peak twice": "used and planned would have one ratio at all updates: divide them",
}
"""What a suspicion foretells: the message says it about the bug that was named, so that the
student can refute it; nothing is said about the right one."""


def diagnosed(letter: str, number: int) -> Case:
    """Two points for the bug of one letter."""
    name, run = LABELS[number], plan(number)
    trace = runs_once()[number]["rates"]
    apart = (abs(rate - planned(t, run)) > 1e-5 * run["peak"] for t, rate in enumerate(trace))
    first = list(apart).index(True)

    def judge(got: Any) -> str | None:
        if isinstance(got, Failure):
            hint = ""
            if "Error: " in got.description and "NotImplemented" not in got.description:
                hint = "; write the five names down, since the grader has no traces.json"
            return f"`diagnosis()` never came: {got.description}{hint}"
        if not isinstance(got, dict):
            return f"`diagnosis()` is {describe(got)}, where a dictionary by letters is due"
        by_letter = {key.strip().upper(): value for key, value in got.items()}
        if letter not in by_letter:
            return f"`diagnosis()` has no entry {letter!r}"
        said = by_letter[letter]
        if not isinstance(said, str):
            return f"the entry {letter!r} is {describe(said)}, where a string is due"
        said = " ".join(said.lower().split())
        if said not in BUGS:
            return f"the entry {letter!r} is {said[:40]!r}, which is no name of the catalog"
        if said == name:
            return None
        foretold = TESTS[said].format(**run)
        return (
            f"{letter} (run {number}) is not {said!r}: if it were, {foretold}. "
            f"This trace first parts from its plan at update {first}"
        )

    return Case(2, Call("diagnosis"), judge)


_made: list[dict[str, Any]] = []


def runs_once() -> list[dict[str, Any]]:
    """Return the runs, made at the first call only."""
    if not _made:
        _made.extend(runs())
    return _made


# The first question: where two lists part.


Pair = tuple[Sequence[float], Sequence[float], int | None]


def parting(points: float, pairs: Sequence[Pair]) -> Case:
    """Ask for the first difference of several pairs of lists at once."""

    def judge(got: Any) -> str | None:
        if isinstance(got, Failure):
            return f"`first_difference` never came: {got.description}"
        for (used, plan, right), answer in zip(pairs, got, strict=True):
            what = f"`first_difference` of two lists of {len(plan)} rates"
            if right is None and type(answer) is int:
                return f"{what} is {answer}, although they agree everywhere but for rounding"
            if right is not None and answer is None:
                apart = abs(used[right] - plan[right]) / max(plan)
                return f"{what} is None; they differ by {apart:.2g} of the plan's largest rate"
            if fault := value_fault(answer, right, what):
                return fault
        return None

    lists = [[used, plan] for used, plan, _ in pairs]
    return Case(points, Each("first_difference", lists), judge)


def partings(random: np.random.Generator) -> Question:
    """Differences early, late, tiny in a small rate, at update 0, and none."""
    n = int(random.integers(30, 60))
    peak = float(random.choice([0.05, 0.2, 3.0]))
    falling = [peak * (1 - t / n) for t in range(n)]

    def changed(at: Mapping[int, float]) -> list[float]:
        return [rate + at.get(t, 0.0) * peak for t, rate in enumerate(falling)]

    a, b = (int(at) for at in random.choice(np.arange(3, n - 2), 2, replace=False))
    first, second = min(a, b), max(a, b)
    inside = [
        (changed({n - 1: 5e-6}), falling, None),  # large beside that rate, not the largest
        (changed({first: 0.3, second: 0.9}), falling, first),
        (changed({second: -2e-5}), falling, second),  # used below plan
        (changed({first: 4e-6, second: 1e-3}), falling, second),  # the first is rounding
    ]
    edges = [
        (changed({0: 0.1, second: 0.1}), falling, 0),
        (changed({n - 1: 0.1}), falling, n - 1),
        (falling, falling, None),
        (changed({0: 4e-6}), falling, None),
        (changed({first: 0.3}), falling, first),
    ]
    return Question("first_difference", [parting(1, inside), parting(1, edges)])


# The repairs.


def cosine(t: int, lr: float, steps: int, end_lr: float = 0) -> float:
    """Half a cosine over `steps` updates, then its end."""
    return end_lr + (lr - end_lr) * (1 + math.cos(math.pi * min(t, steps) / steps)) / 2


def restarts(t: int, lr: float, period: int, mult: int) -> float:
    """A cosine in every cycle; the cycle found with whole numbers."""
    while t >= period:
        t, period = t - period, period * mult
    return lr * (1 + math.cos(math.pi * t / period)) / 2


def asks(
    points: float, name: str, at: Sequence[int], reference: Callable[[int], float], *,
    end: int | None = None, unit: str = "update", **parameters: Any,
) -> Case:  # fmt: skip
    """`rates`, and in the messages another unit of the clock."""
    updates = [*at, *reversed(at)]
    expected = [reference(t) for t in updates]
    said = ", ".join(f"{key}={value}" for key, value in parameters.items())

    def judge(got: Any) -> str | None:
        fault = rates_fault(got, expected, updates, end=end)
        return fault and f"with {said}: {fault.replace('update', unit)}"

    return Case(points, Each(name, [[t] for t in updates], parameters), judge)


def multi_factor(random: np.random.Generator) -> Question:
    """A function, not an object that is used up: asked in any order, its list left alone."""
    lr, gamma = float(random.choice([0.5, 0.4, 0.9])), float(random.choice([0.5, 0.1, 0.3]))
    a, b, c = (int(step) for step in random.integers(4, 30, 3))
    milestones = [a, a + b, a + b + c]
    at = [0, a - 1, a, a + b - 1, a + b, a + b + c - 1, a + b + c, a + b + c + 40]

    def reference(t: int) -> float:
        return lr * gamma ** sum(m <= t for m in milestones)

    t = a + b

    def untouched(got: Any) -> str | None:
        if isinstance(got, Failure):
            return f"`multi_factor` never came: {got.description}"
        result, arguments = got
        what = f"`multi_factor({t}, {lr}, {milestones}, {gamma})`"
        if fault := value_fault(result, reference(t), what):
            return fault
        if arguments[2] != milestones:
            return (
                "`multi_factor` changes the list of milestones that it is given: whoever uses "
                "the same list next gets another schedule"
            )
        return None

    return Question("multi_factor", [
        rates(1, "multi_factor", at, reference, lr=lr, milestones=milestones, gamma=gamma),
        Case(1, Call("multi_factor", [t, lr, milestones, gamma], after=True), untouched),
    ])  # fmt: skip


def rate_of_batch(random: np.random.Generator) -> Question:
    """The clock of updates, asked in batches; and what comes past the end."""
    updates, k = int(random.integers(20, 60)), int(random.integers(3, 9))
    lr = float(random.choice([0.1, 0.4, 0.6]))
    end = k * updates
    inside = [0, 1, k - 1, k, k + 1, 2 * k - 1, 2 * k, end // 2, end - k, end - 1]
    beyond = [end, end + 1, end + 2 * k, 2 * end - 1, 2 * end, 5 * end + 3]

    def reference(batch: int) -> float:
        return cosine(batch // k, lr, updates)

    values = {"unit": "batch", "lr": lr, "updates": updates, "k": k}
    every = sorted({*inside, *beyond})
    return Question("rate_of_batch", [
        asks(2, "rate_of_batch", sorted(set(inside)), reference, **values),
        asks(1, "rate_of_batch", every, reference, end=end - 1, **values),
    ])  # fmt: skip


def cosine_decay(random: np.random.Generator) -> Question:
    """A rate that happens to be a whole number: it must be as good as its float."""
    cases = []
    for lr, end_lr in ((1, 0), (int(random.integers(2, 5)), float(random.choice([0.1, 0.25])))):
        steps = int(random.integers(10, 80))
        at = [0, 1, steps // 3, steps // 2, steps - 1]
        at += [steps, steps + 1, 2 * steps, 2 * steps + 7]
        cases.append(asks(
            1, "cosine_decay", at, lambda t, a=lr, s=steps, e=end_lr: cosine(t, a, s, e),
            end=steps, lr=lr, steps=steps, end_lr=end_lr,
        ))  # fmt: skip
    return Question("cosine_decay", cases)


def resumed(random: np.random.Generator) -> Question:
    """The old plan before the stop, the new one after it, one clock for both."""
    steps = int(random.integers(20, 60))
    stop = int(random.integers(steps // 4, 3 * steps // 4))
    longer = steps + int(random.integers(10, 60))
    lr = float(random.choice([0.2, 0.4, 0.5]))
    values = {"lr": lr, "steps": steps, "stop": stop, "longer": longer}

    def reference(t: int) -> float:
        return cosine(t, lr, steps if t < stop else longer)

    before, after = {0, 1, stop // 2, stop - 1}, {stop, stop + 1, (stop + longer) // 2}
    inside = sorted(before | after | {steps, longer - 1})
    beyond = [longer, longer + 1, longer + steps, 2 * longer, 3 * longer]
    return Question("resumed", [
        rates(2, "resumed", inside, reference, **values),
        rates(1, "resumed", inside + beyond, reference, end=longer, **values),
    ])  # fmt: skip


def restart(random: np.random.Generator) -> Question:
    """First and last updates of cycles, among them those at which the logarithm is wrong."""
    lr = float(random.choice([0.1, 0.4, 0.5]))
    cases = []
    for points, mult, cycles in ((2, 3, 8), (1, 1, 6)):
        period = int(random.integers(4, 12))
        starts = [period * sum(mult**j for j in range(i)) for i in range(cycles)]
        at = sorted({t for s in starts for t in (s - 1, s, s + 1, s + period // 2) if t >= 0})
        cases.append(rates(
            points, "restarts", at, lambda t, p=period, m=mult: restarts(t, lr, p, m),
            lr=lr, period=period, mult=mult,
        ))  # fmt: skip
    return Question("restarts", cases)


def questions(student: str, random: np.random.Generator) -> list[Question]:
    """Return the questions for a student; random draws the hidden parameters."""
    return [
        partings(random),
        Question("diagnosis", [diagnosed(*case) for case in numbers(student).items()]),
        multi_factor(random),
        rate_of_batch(random),
        cosine_decay(random),
        resumed(random),
        restart(random),
    ]


if __name__ == "__main__":
    DATA.write_text(text())
    print(f"wrote {DATA}: {len(LABELS)} runs, {DATA.stat().st_size:,} bytes")
    print(f'in the notebook, the solution of `diagnosis` must have\n    key = "{key()}"')
