"""Questions of *An honest comparison*: what is right, and how it is asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from scipy import stats

from d2lsched.teaching import personal
from d2lsched.teaching.checks import RELATIVE, Failure, kind_fault, show, value_fault
from d2lsched.teaching.questions import Call, Case, Each, Question

CHOICES: dict[str, Sequence[Any]] = {
    "pair": [
        ["trapezoid", "constant"],
        ["line", "cosine"],
        ["one-cycle", "line"],
        ["trapezoid", "one-cycle"],
        ["one-cycle", "cosine"],
        ["trapezoid", "line"],
        ["trapezoid", "cosine"],
    ],
    "epochs": [6, 7, 8],
    "budget": range(5500, 5801, 20),
}
PER_EPOCH = 31  # 2,000 images in batches of 64
CELL_SECONDS, SECONDS = 20, 120  # importing scipy.stats alone takes seconds on a busy machine


# ------------------------------------------------------------------ what is right


def half_width(x: Sequence[float]) -> float:
    """Student's half width at 95 %."""
    return float(stats.t.ppf(0.975, len(x) - 1) * np.std(x, ddof=1) / math.sqrt(len(x)))


def gaps(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]]) -> list[float]:
    """Differences in points, paired by seed."""
    other = dict(second)
    return [100 * (accuracy - other[seed]) for seed, accuracy in first]


def verdict(low: float, high: float, margin: float) -> str:
    """One of four words."""
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "equal" if low > -margin and high < margin else "undecided"


def quantile(n: int) -> float:
    """Student's for n runs, at 95 %."""
    return float(stats.t.ppf(0.975, n - 1))


def holm(p: Sequence[float], maximum: bool = True, most: float = 1.0) -> list[float]:
    """Adjusted p-values in the order given; with the mistakes of leaving a step out."""
    adjusted, largest = [0.0] * len(p), 0.0
    for k, i in enumerate(np.argsort(p, kind="stable").tolist()):
        own = min(most, (len(p) - k) * p[i])
        largest = max(largest, own)
        adjusted[i] = largest if maximum else own
    return adjusted


N = np.arange(2, 1500)
STUDENT = stats.t.ppf(0.975, N - 1)


def needed(spread: float, half: float, quantiles: Any = STUDENT) -> int:
    """The first n ≥ 2 whose expected half width is small enough."""
    return int(N[np.argmax(quantiles * spread / np.sqrt(N) <= half)])


def final_seeds(
    budget: int, images: int, batch_size: int, epochs: int, rates: int, tuning_seeds: int
) -> int:
    """How many final seeds are left."""
    run = epochs * (images // batch_size)
    return max(0, (budget - 2 * rates * tuning_seeds * run) // (2 * run))


def choice(
    runs: Sequence[Mapping[str, float]], by: str = "validation", of: Callable = np.mean
) -> float:
    """The rate that is best by a key, summed up by a function over its seeds."""
    rates = sorted({run["rate"] for run in runs})
    return max(rates, key=lambda rate: of([run[by] for run in runs if run["rate"] == rate]))


def reached(runs: Sequence[Mapping[str, float]], rate: float, key: str = "test") -> list[float]:
    """The accuracies of one rate's runs."""
    return [run[key] for run in runs if run["rate"] == rate]


# ------------------------------------------------------------------ judges


def named(got: Any, expected: Any, what: str, rivals: Mapping[str, Any]) -> str | None:
    """As value_fault, but a known mistake is called by its name."""
    fault = value_fault(got, expected, what, atol=1e-9)
    if fault is None or isinstance(got, Failure):
        return fault
    for reason, rival in rivals.items():
        if value_fault(got, rival, what, atol=1e-9) is None:
            return f"{fault}: {reason}" if not isinstance(rival, list) else f"{what}: {reason}"
    return fault


def mistakes(n: int) -> dict[str, float]:
    """By what factor n values' interval becomes wider, by what leads to that."""
    t, few = quantile(n), math.sqrt((n - 1) / n)
    return {
        "as if the quantile were the normal distribution's, 1.96, and not Student's": 1.96 / t,
        "as if the standard deviation were divided by n, not by n - 1 (ddof)": few,
        "as with 1.96 for Student's quantile and ddof=0 for the deviation": few * 1.96 / t,
        "as if single runs were asked about, not their mean: a root of n is missing": n**0.5,
        "as if the standard deviation itself were the half width": n**0.5 / t,
        "as if the standard error were the half width: the quantile is missing": 1 / t,
        "as if the quantile were that of 0.95: 2.5 % belong to each side": (
            float(stats.t.ppf(0.95, n - 1)) / t
        ),
        "as if there were n degrees of freedom, not n - 1": float(stats.t.ppf(0.975, n)) / t,
    }


def interval_fault(
    got: Any, d: Sequence[float], what: str, rivals: Mapping[str, float] | None = None
) -> str | None:
    """Judge (mean, low, high) of the numbers d; rivals: half widths that come of mistakes."""
    if isinstance(got, Failure):
        return f"{what} never came: {got.description}"
    if not isinstance(got, list) or len(got) != 3:
        return value_fault(got, [0.0, 0.0, 0.0], f"{what} (mean, low, high)")
    for name, number in zip(("mean", "low", "high"), got, strict=True):
        if fault := kind_fault(number, f"{what}: `{name}`"):
            return fault
    mean, low, high = got
    center, half, n = float(np.mean(d)), half_width(d), len(d)
    close = 1e-6 * abs(center) + 1e-4 * half  # float32 is near enough
    if abs(mean - center) > close:
        if abs(mean + center) <= close:
            return f"{what}: the mean has the wrong sign; which is subtracted from which?"
        if abs(100 * mean - center) <= close:
            return f"{what}: the mean is too small by a factor of 100; it is due in points"
        return f"{what}: the mean is {show(mean)}, which is not right"
    if low > high:
        return f"{what}: `low` is above `high`"
    if abs((low + high) / 2 - mean) > 1e-3 * half:
        return f"{what}: the mean is right, but not the middle of the interval"
    own = (high - low) / 2
    if abs(own - half) <= 5e-4 * half:
        return None
    known = {reason: rival / half for reason, rival in (rivals or {}).items()} | mistakes(n)
    side = "wide" if own > half else "narrow"
    for reason, factor in known.items():
        if abs(own / half - factor) <= 2e-3 * factor:
            return (
                f"{what}: the mean is right, but the interval is too {side}, {reason.strip()}"
            )
    return f"{what}: the mean is right, but the interval is too {side}"


def each(
    points: float, name: str, over: Sequence[Sequence[Any]],
    judge: Callable[[Any, int], str | None],
) -> Case:  # fmt: skip
    """Ask for several, and say the first fault."""

    def all_of(got: Any) -> str | None:
        if isinstance(got, Failure):
            return f"`{name}` never answered: {got.description}"
        if not isinstance(got, list) or len(got) != len(over):
            return f"`{name}` did not answer"
        return next((fault for i, one in enumerate(got) if (fault := judge(one, i))), None)

    return Case(points, Each(name, over), all_of)


# ------------------------------------------------------------------ the questions


def _interval(random: np.random.Generator) -> Question:
    lists = [
        [round(float(x), 4) for x in random.normal(center, spread, n)]
        for n, center, spread in (
            (3, 0.93, 0.004),
            (8, 95.2, 0.5),
            (12, -0.3, 0.6),
            (2, 4.0, 1.0),
        )
    ]
    lists[3][1] = round(lists[3][0] + float(random.uniform(0.2, 2)), 4)
    return Question(
        "interval",
        [
            each(
                2,
                "interval",
                [[x] for x in lists],
                lambda got, i: interval_fault(
                    got, lists[i], f"`interval` of {len(lists[i])} values"
                ),
            )
        ],
    )


def _difference(random: np.random.Generator) -> Question:
    tables = []
    for n, sharing in ((6, 0.9), (9, -0.8), (4, 0.6)):
        while True:
            seeds = random.choice(100, n, replace=False)
            z, w = random.normal(0, 1, (2, n))
            a = 0.93 + 0.004 * z + 0.001 * random.normal(0, 1, n)
            b = 0.927 + 0.004 * (sharing * z + math.sqrt(1 - sharing**2) * w)
            first, second = (
                [[int(s), round(float(x), 4)] for s, x in zip(seeds, values, strict=True)]
                for values in (a, b)
            )
            second = [second[i] for i in random.permutation(n)]
            own = half_width(gaps(first, second))
            others = _wrong_pairings(first, second)
            right = all(abs(x / own - 1) > 0.03 for x in others.values())
            if right and _apart({k: x / own for k, x in others.items()}, n):
                break
        tables.append((first, second))

    def judge(got: Any, i: int) -> str | None:
        first, second = tables[i]
        what = f"`difference` with {len(first)} seeds"
        return interval_fault(got, gaps(first, second), what, _wrong_pairings(first, second))

    return Question("difference", [each(2, "difference", tables, judge)])


def _apart(own: Mapping[str, float], n: int) -> bool:
    """Whether none of these mistakes' factors looks like another's."""
    pairs = product(own.items(), [*own.items(), *mistakes(n).items()])
    return all(a[0].strip() == b[0].strip() or abs(a[1] / b[1] - 1) > 5e-3 for a, b in pairs)


def _wrong_pairings(first: Sequence[Any], second: Sequence[Any]) -> dict[str, float]:
    a, b = ([100 * accuracy for _, accuracy in table] for table in (first, second))
    n, by_place = len(a), [x - y for x, y in zip(a, b, strict=True)]
    both = math.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / n)
    unpaired = "as if the two were independent groups: the runs share their seeds"
    welch = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    return {
        "as if the runs were paired by their place in the list, not by seed": half_width(
            by_place
        ),
        "as if each list were sorted by accuracy, which tears the pairs apart": half_width(
            [x - y for x, y in zip(sorted(a), sorted(b), strict=True)]
        ),
        unpaired: float(stats.t.ppf(0.975, 2 * n - 2) * both),
        unpaired + " ": float(quantile(n) * both),
        unpaired + "  ": float((welch.high - welch.low) / 2),
    }


def _verdict(random: np.random.Generator) -> Question:
    def number(low: float, high: float) -> float:
        return round(float(random.uniform(low, high)), 3)

    m = [number(0.2, 0.8) for _ in range(12)]
    clear = [
        [number(0.05, 0.2) * m[0], number(0.4, 0.8) * m[0], m[0]],  # better, inside the margin
        [-number(0.4, 0.8) * m[1], -number(0.05, 0.2) * m[1], m[1]],
        [number(0.1, 0.4), m[2] + number(0.5, 1), m[2]],
        [-m[3] - number(0.5, 1), -number(0.1, 0.4), m[3]],
    ]
    open_ones = [
        [-m[4] - number(0.1, 1), m[4] + number(0.1, 1), m[4]],
        [-number(0.2, 0.9) * m[5], number(0.2, 0.9) * m[5], m[5]],
        [-number(0.2, 0.9) * m[6], m[6] + number(0.1, 1), m[6]],
        [-m[7] - number(0.1, 1), number(0.2, 0.9) * m[7], m[7]],
        [0.0, number(0.2, 0.9) * m[8], m[8]],
        [-number(0.2, 0.9) * m[9], 0.0, m[9]],
        [-number(0.2, 0.9) * m[10], m[10], m[10]],
        [-m[11], number(0.2, 0.9) * m[11], m[11]],
    ]

    def judged(questions: list[list[float]]) -> Callable[[Any, int], str | None]:
        def judge(got: Any, i: int) -> str | None:
            low, high, margin = questions[i]
            what = f"the verdict on {show(low)} … {show(high)} with margin {show(margin)}"
            right = verdict(low, high, margin)
            fault = value_fault(got, right, what)
            if fault and got == "equal" and right == "undecided":
                touching = margin in (-low, high)
                return (
                    f"{fault}: it reaches the margin, which is not inside"
                    if touching
                    else f"{fault}: that it contains 0 does not show that the two are equal"
                )
            if fault and got in ("better", "worse") and right in ("equal", "undecided"):
                return f"{fault}: it is not wholly on one side of 0"
            if fault and got in ("equal", "undecided") and right in ("better", "worse"):
                return f"{fault}: it is wholly on one side of 0, which is asked first"
            return fault

        return judge

    return Question(
        "verdict",
        [
            each(1, "verdict", clear, judged(clear)),
            each(1, "verdict", open_ones, judged(open_ones)),
        ],
    )


def _holm(random: np.random.Generator) -> Question:
    def rivals(p: list[float]) -> dict[str, list[float]]:
        m, order = len(p), np.argsort(p).tolist()
        right = holm(p)
        return {
            "every value is multiplied by m, which is Bonferroni's correction": [
                min(1.0, m * x) for x in p
            ],
            "a value is below one that was smaller before: the maximum is missing": holm(
                p, maximum=False
            ),
            "these are the right values sorted; they belong in the order of p": [
                right[i] for i in order
            ],
            "the values are not corrected at all": list(p),
            "the values were not sorted before they were multiplied": (
                np.maximum.accumulate(np.minimum(1, np.array(p) * np.arange(m, 0, -1))).tolist()
            ),
            "the factors begin at m - 1, not at m": [
                min(1.0, max((m - 1 - k) * p[order[k]] for k in range(order.index(i) + 1)))
                for i in range(m)
            ],
            "these are Benjamini's and Hochberg's values, which promise something else": (
                stats.false_discovery_control(p).tolist()
            ),
        }

    small = []
    for m in (4, 6, 3):
        while True:
            p = [round(float(x), 4) for x in random.uniform(0.002, 0.9 / m, m)]
            right = holm(p)
            apart = all(
                max(abs(x - y) for x, y in zip(rival, right, strict=True)) > 1e-4
                for rival in rivals(p).values()
            )
            if apart and len(set(p)) == m and max(right) < 1 and p not in (sorted(p),):
                break
        small.append(p)
    # Some products are above 1.
    large = [
        [round(float(random.uniform(a, b)), 3) for a, b in ranges]
        for ranges in (
            ((0.6, 0.9), (0.001, 0.01), (0.55, 0.95)),
            ((0.15, 0.19), (0.7, 0.9), (0.02, 0.05), (0.4, 0.6), (0.5, 0.9)),
        )
    ]

    def judged(lists: list[list[float]]) -> Callable[[Any, int], str | None]:
        def judge(got: Any, i: int) -> str | None:
            p = lists[i]
            what = f"`holm({p})`"
            if isinstance(got, list):
                for x in got:
                    if isinstance(x, float) and x > 1:
                        return f"{what} contains {show(x)}: no probability is above 1"
            return named(got, holm(p), what, rivals(p))

        return judge

    return Question(
        "holm",
        [
            each(1.5, "holm", [[p] for p in small], judged(small)),
            each(0.5, "holm", [[p] for p in large], judged(large)),
        ],
    )


def _chosen(random: np.random.Generator) -> Question:
    def table(diverged: bool) -> list[dict[str, float]]:
        while True:
            rates = [0.05, 0.1, 0.2, 0.4]
            seeds = random.choice(50, 4, replace=False).tolist()
            middle = random.uniform(0.90, 0.94, 4)
            if diverged:
                middle[3] = 0.955  # best, were it not for one run
            runs = [
                {
                    "rate": rate,
                    "seed": seed,
                    "validation": round(float(m + random.normal(0, 0.006)), 4),
                    "test": round(float(m - 0.01 + random.normal(0, 0.02)), 4),
                }
                for rate, m in zip(rates, middle, strict=True)
                for seed in seeds
            ]
            if diverged:
                lost = runs[12 + int(random.integers(4))]
                lost |= {"validation": 0.098, "test": 0.101}
            best = choice(runs)
            means = sorted(np.mean(reached(runs, rate, "validation")) for rate in rates)
            others = {
                choice(runs, "test"),
                choice(runs, "validation", max),
                choice(runs, "test", max),
            }
            if diverged:
                others.add(choice(runs, "validation", np.median))
            kept = [run for run in runs if run["validation"] > 0.5]
            apart = means[-1] - means[-2] > 5e-4 and best not in others
            apart &= not diverged or choice(kept) == 0.4
            if apart and len({run["test"] for run in runs}) > 12:
                return [runs[i] for i in random.permutation(16)]

    plain_ones, lost_ones = [table(False), table(False)], [table(True)]

    def judged(tables: list[list[dict[str, float]]]) -> Callable[[Any, int], str | None]:
        def judge(got: Any, i: int) -> str | None:
            runs = tables[i]
            best = choice(runs)
            what = "`chosen`, due to return (rate, accuracy),"
            if not isinstance(got, list) or len(got) != 2:
                return value_fault(got, [0.0, 0.0], what)
            rate, accuracy = got
            if fault := value_fault(rate, best, "the rate"):
                reasons = {}
                if len(tables) == 1:
                    reasons["one of this rate's runs diverged, and counts"] = 0.4
                by_test = "it looks chosen by mean test accuracy, which is only for the report"
                reasons[by_test] = choice(runs, "test")
                by_luck = "it looks chosen by the best single run, not by a mean"
                reasons[by_luck] = choice(runs, "validation", max)
                for reason, rival in reasons.items():
                    if rate == rival:
                        return f"the rate is not the right one: {reason}"
                return fault
            right = float(np.mean(reached(runs, best)))
            return named(
                accuracy,
                right,
                "the rate is right; the accuracy",
                {
                    "it is the validation accuracy, by which the rate was chosen": float(
                        np.mean(reached(runs, best, "validation"))
                    ),
                    "it is the best run's; report the mean": max(reached(runs, best)),
                    "it is the mean over all rates": float(
                        np.mean([run["test"] for run in runs])
                    ),
                },
            )

        return judge

    return Question(
        "chosen",
        [
            each(1, "chosen", [[t] for t in plain_ones], judged(plain_ones)),
            each(1, "chosen", [[t] for t in lost_ones], judged(lost_ones)),
        ],
    )


def _seeds_needed(random: np.random.Generator) -> Question:
    quantiles = {
        "as with 1.96 instead of Student's quantile": np.full(len(N), 1.959964),
        "as with n degrees of freedom, not n - 1": stats.t.ppf(0.975, N),
        "as with the quantile of 0.95, which leaves 5 % on each side": stats.t.ppf(0.95, N - 1),
    }

    def rivals(spread: float, half: float) -> dict[str, int]:
        found = {reason: needed(spread, half, own) for reason, own in quantiles.items()}
        found["one too many: the first that is narrow enough counts"] = needed(spread, half) + 1
        return found

    def drawn(ratios: Sequence[tuple[float, float]]) -> list[list[float]]:
        while True:
            asked = []
            for low, high in ratios:
                spread = round(float(random.uniform(0.2, 1.2)), 2)
                asked.append([spread, round(spread / float(random.uniform(low, high)), 3)])
            if not all(clear(*one) for one in asked):
                continue
            right = [needed(*one) for one in asked]
            wrong = [[rivals(*one)[reason] for one in asked] for reason in quantiles]
            if all(numbers != right for numbers in wrong):
                return asked

    def clear(spread: float, half: float) -> bool:
        """Whether rounding cannot change the answer."""
        n = needed(spread, half)
        widths = [STUDENT[k - 2] * spread / math.sqrt(k) for k in (n - 1, n) if k > 1]
        return all(abs(width / half - 1) > 1e-4 for width in widths)

    def judged(asked: list[list[float]]) -> Callable[[Any, int], str | None]:
        def judge(got: Any, i: int) -> str | None:
            spread, half = asked[i]
            what = f"the number for spread {spread} and half width {half}"
            return named(got, needed(spread, half), what, rivals(spread, half))

        return judge

    few = drawn([(0.9, 1.3), (1.4, 2), (0.3, 0.5), (2, 3), (3, 4), (1.1, 1.6)])
    many = drawn([(7, 8), (8, 10), (1.1, 1.4), (1.4, 1.8)])
    return Question(
        "seeds-needed",
        [
            each(1.5, "seeds_needed", few, judged(few)),
            each(0.5, "seeds_needed", many, judged(many)),
        ],
    )


def _affordable(random: np.random.Generator) -> Question:
    def rivals(
        budget: int, images: int, batch: int, epochs: int, rates: int, seeds: int
    ) -> dict[str, float]:
        run = epochs * (images // batch)
        left = budget - 2 * rates * seeds * run
        more = epochs * -(-images // batch)
        cheat = budget - (rates + 1) * seeds * run
        once = budget - rates * seeds * run
        return {
            "a negative number of runs": left // (2 * run) if left < 0 else math.nan,
            "it is no whole number: half a pair of runs shows nothing": left / (2 * run),
            "as if the last partial batch were an update, too": (
                (budget - 2 * rates * seeds * more) // (2 * more)
            ),
            "as if a final seed took one run: each schedule makes its own": left // run,
            "as if only one of the two schedules were tuned": once // (2 * run),
            "as if one of the schedules tried a single rate": cheat // (2 * run),
            "as if tuning cost nothing": budget // (2 * run),
            "as if each rate were tried with one seed": (budget - 2 * rates * run) // (2 * run),
            "as if an epoch were one update": (
                (budget - 2 * rates * seeds * epochs) // (2 * epochs)
            ),
        }

    def drawn(short: bool) -> list[list[int]]:
        asked: list[list[int]] = []
        for _ in range(4):
            while True:
                batch = int(random.choice([32, 64, 128]))
                images = batch * int(random.integers(8, 40)) + int(random.integers(1, batch))
                epochs, rates = int(random.integers(2, 9)), int(random.integers(3, 7))
                seeds = int(random.integers(2, 5))
                run = epochs * (images // batch)
                tuning = 2 * rates * seeds * run
                spare = int(random.integers(1, 2 * run))
                budget = tuning - spare if short else tuning + 2 * run * len(asked) + spare
                if not short:
                    budget += 2 * run * int(random.integers(5, 20))
                one = [budget, images, batch, epochs, rates, seeds]
                right = final_seeds(*one)
                if budget > 0 and (short or all(x != right for x in rivals(*one).values())):
                    break
            asked.append(one)
        if short:  # the tuning fits exactly, then one final seed fits exactly
            budget, images, batch, epochs, rates, seeds = asked[0]
            run = epochs * (images // batch)
            asked[0][0] = 2 * rates * seeds * run
            asked.append([2 * (rates * seeds + 1) * run, images, batch, epochs, rates, seeds])
        return asked

    def judged(asked: list[list[int]]) -> Callable[[Any, int], str | None]:
        names = ("budget", "images", "batch_size", "epochs", "rates", "tuning_seeds")

        def judge(got: Any, i: int) -> str | None:
            given = ", ".join(f"{k}={v}" for k, v in zip(names, asked[i], strict=True))
            return named(
                got, final_seeds(*asked[i]), f"with {given}: the number", rivals(*asked[i])
            )

        return judge

    enough, short = drawn(False), drawn(True)
    return Question(
        "affordable",
        [
            each(1.5, "affordable", enough, judged(enough)),
            each(0.5, "affordable", short, judged(short)),
        ],
    )


# ------------------------------------------------------------------ the own comparison

KEYS = ("schedules", "epochs", "margin", "rates", "tuning_seeds", "final_seeds")


def _plan(mine: Mapping[str, Any]) -> Question:
    def judged(rule: Callable[[dict[str, Any]], str | None]) -> Case:
        def judge(plan: Any) -> str | None:
            if isinstance(plan, Failure):
                return f"the plan never came: {plan.description}"
            if not isinstance(plan, dict):
                return value_fault(plan, {}, "the plan")
            if missing := [key for key in KEYS if key not in plan]:
                return f"the plan has no entry {missing[0]!r}"
            return rule(plan)

        return Case(0.5, Call("my_plan"), judge)

    rules = (_own, _tuning, _seeds, _within)
    return Question(
        "plan", [judged(lambda plan, rule=rule: rule(plan, mine)) for rule in rules]
    )


def _own(plan: dict[str, Any], mine: Mapping[str, Any]) -> str | None:
    hint = "is STUDENT the id under which you hand in?"
    if plan["schedules"] != mine["pair"]:
        if isinstance(plan["schedules"], list) and plan["schedules"] == mine["pair"][::-1]:
            return "the two schedules are in the other order; the difference is first - second"
        return f"the entry 'schedules' does not hold the two that follow from your id: {hint}"
    if plan["epochs"] != mine["epochs"]:
        return f"the entry 'epochs' is not the number that follows from your id: {hint}"
    if fault := kind_fault(plan["margin"], "the margin"):
        return fault
    if not 0.05 <= plan["margin"] <= 2:
        return f"the margin is {show(plan['margin'])}, not from 0.05 to 2: is it in points?"
    return None


def _tuning(plan: dict[str, Any], mine: Mapping[str, Any]) -> str | None:
    rates = plan["rates"]
    if not isinstance(rates, dict):
        return f"the entry 'rates' is no dictionary from schedule to its list: {rates}"[:150]
    for name in plan["schedules"] if isinstance(plan["schedules"], list) else []:
        tried = rates.get(str(name))
        if not isinstance(tried, list) or not tried:
            return f"the entry 'rates' has no list of rates for {str(name)!r}"
        for rate in tried:
            if fault := kind_fault(rate, f"a rate of {name!r}"):
                return fault
        if min(tried) <= 0:
            return f"a rate of {name!r} is {show(min(tried))}, which is not above 0"
        if len(set(tried)) < len(tried):
            return f"{name!r} tries the same rate twice"
    if len(rates) != 2:
        return f"the entry 'rates' has {len(rates)} schedules, where two are due"
    counts = {name: len(tried) for name, tried in rates.items()}
    if len(set(counts.values())) > 1:
        said = " and ".join(f"{name!r} {count}" for name, count in counts.items())
        return f"the tuning is unequal: of rates, {said}; who searches more, wins more"
    for name, tried in rates.items():
        if len(tried) < 3:
            return f"{name!r} tries {len(tried)} rates, where 3 or more are due"
        if max(tried) < 4 * min(tried) * (1 - RELATIVE):
            return f"the rates of {name!r} are too close: the best may lie far outside"
    return None


def _whole(plan: dict[str, Any], key: str, least: int) -> str | None:
    seeds = plan[key]
    if not isinstance(seeds, list):
        kind = getattr(seeds, "description", type(seeds).__name__)
        return f"the entry {key!r} is {kind}, where a list is due: write list(…)"
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            return (
                f"the entry {key!r} contains {seed!r}"[:80]
                + ", which is no whole number from 0"
            )
    if len(set(seeds)) < len(seeds):
        return f"a seed occurs twice in {key!r}: the same run, made again, is no new evidence"
    if len(seeds) < least:
        return f"the entry {key!r} has {len(seeds)} seeds, where {least} or more are due"
    return None


def _seeds(plan: dict[str, Any], mine: Mapping[str, Any]) -> str | None:
    if fault := _whole(plan, "tuning_seeds", 2) or _whole(plan, "final_seeds", 5):
        return fault
    if shared := sorted(set(plan["tuning_seeds"]) & set(plan["final_seeds"])):
        return (
            f"seed {shared[0]} is for tuning and for a final run: a rate chosen for its luck "
            "with a seed carries this luck into the result"
        )
    return None


def _within(plan: dict[str, Any], mine: Mapping[str, Any]) -> str | None:
    if fault := _whole(plan, "tuning_seeds", 1) or _whole(plan, "final_seeds", 1):
        return f"the cost cannot be counted: {fault}"
    grids = list(plan["rates"].values()) if isinstance(plan["rates"], dict) else []
    if len(grids) != 2 or not all(isinstance(tried, list) and tried for tried in grids):
        return "the cost cannot be counted: the entry 'rates' has no list for each of the two"
    tuning = sum(len(tried) for tried in grids) * len(plan["tuning_seeds"])
    final = 2 * len(plan["final_seeds"])
    cost = (tuning + final) * PER_EPOCH * mine["epochs"]
    if cost > mine["budget"]:
        return (
            f"the plan has {tuning} tuning runs and {final} final ones, {cost:,} updates, more "
            f"than your budget of {mine['budget']:,}"
        )
    return None


def _measured(found: Any, names: Sequence[str]) -> str | None:
    """Say why `found` cannot be the accuracies of these schedules."""
    if isinstance(found, Failure):
        hint = "; the numbers themselves must stand in the cell, since nothing can be trained"
        trained = "NameError" in found.description or "ModuleNotFound" in found.description
        return f"the results never came: {found.description}{hint if trained else ''}"
    if not isinstance(found, dict):
        return value_fault(found, {}, "what `results` returns")
    if sorted(found) != sorted(names):
        return "the results are not those of the two schedules that follow from your id"
    for name, numbers in found.items():
        if not isinstance(numbers, list):
            return value_fault(numbers, [], f"the results of {name!r}")
        for number in numbers:
            if fault := kind_fault(number, f"a result of {name!r}"):
                return fault
            if not 0 <= number <= 1:
                return f"a result of {name!r} is {show(number)}: accuracies are shares, 0 to 1"
        if len(numbers) < 5:
            return f"{name!r} has {len(numbers)} final runs, where 5 or more are due"
    one, other = (found[name] for name in names)
    if len(one) != len(other):
        return "the schedules have unequally many runs: each seed is needed from both"
    if one == other:
        return "the two schedules have the very same numbers: was one list copied?"
    if len(set(one)) == 1 or len(set(other)) == 1:
        return (
            "all runs of a schedule have the same accuracy: were they made with several seeds?"
        )
    if np.ptp(np.subtract(one, other)) < 1e-9:
        return "the difference is the same with every seed: were both schedules measured?"
    if max(np.mean(one), np.mean(other)) < 0.5:
        return "both schedules are below 50 %: were these runs trained as planned?"
    return None


def _report_fault(got: Any, names: Sequence[str], found: Any, margin: float) -> str | None:
    if isinstance(got, Failure):
        return f"the report never came: {got.description}"
    if not isinstance(got, dict):
        return value_fault(got, {}, "the report")
    for key in ("mean", "low", "high", "verdict"):
        if key not in got:
            return f"the report has no entry {key!r}"
    a, b = (list(enumerate(found[name])) for name in names)
    numbers = [got[key] for key in ("mean", "low", "high")]
    if fault := interval_fault(numbers, gaps(a, b), "the report", _wrong_pairings(a, b)):
        return fault
    right = verdict(got["low"], got["high"], margin)
    return value_fault(got["verdict"], right, "the report: its interval is right; the verdict")


def _results_and_report(
    mine: Mapping[str, Any], random: np.random.Generator
) -> tuple[Question, Question]:
    def own(answer: Any) -> str | None:
        if isinstance(answer, Failure):
            return f"the report on your own results never came: {answer.description}"
        got, (plan, found) = answer
        if not isinstance(plan, dict) or not all(key in plan for key in KEYS):
            return "the report needs your plan, which is not complete"
        if fault := _measured(found, mine["pair"]):
            return f"the report needs your results: {fault}"
        if not isinstance(plan["final_seeds"], list):
            return "the report needs your plan: its final seeds are no list"
        if len(plan["final_seeds"]) != len(found[mine["pair"][0]]):
            return (
                f"the plan has {len(plan['final_seeds'])} final seeds, the results have "
                f"{len(found[mine['pair'][0]])} runs of each: report what was planned"
            )
        if plan["schedules"] != mine["pair"] or kind_fault(plan["margin"], ""):
            return "the report needs your plan: its schedules or its margin are not right"
        fault = _report_fault(got, mine["pair"], found, plan["margin"])
        return fault and f"on your own results: {fault}"

    asked = []
    for n, shift, spread, margin, wanted in (
        (7, 0.006, 0.002, 0.5, "better"),
        (6, -0.007, 0.002, 0.4, "worse"),
        (8, 0.001, 0.006, 0.3, "undecided"),
        (9, 0.0002, 0.001, 0.6, "equal"),
    ):
        while True:
            luck = random.normal(0, 0.004, n)
            b = [round(float(x), 4) for x in 0.92 + luck]
            a = [round(float(x), 4) for x in 0.92 + shift + luck + random.normal(0, spread, n)]
            d = gaps(list(enumerate(a)), list(enumerate(b)))
            center, half = float(np.mean(d)), half_width(d)
            ends = (center - half, center + half)
            away = min(abs(x - y) for x in ends for y in (0, -margin, margin)) > 0.01
            if verdict(*ends, margin) == wanted and away and abs(center) > 1e-3:
                break
        seeds = random.choice(100, n, replace=False).tolist()
        plan = {
            "schedules": ["this", "that"],
            "epochs": 3,
            "margin": margin,
            "rates": {"this": [0.1, 0.2, 0.4], "that": [0.1, 0.2, 0.4]},
            "tuning_seeds": [200, 201],
            "final_seeds": seeds,
        }
        # the table names the second first: the plan decides what is subtracted from what
        asked.append([plan, {"that": b, "this": a}])

    def judge(got: Any, i: int) -> str | None:
        plan, found = asked[i]
        fault = _report_fault(got, plan["schedules"], found, plan["margin"])
        return fault and f"on another plan with other results: {fault}"

    request = Call("report", [Call("my_plan"), Call("results")], after=True)
    return (
        Question(
            "results", [Case(1, Call("results"), lambda got: _measured(got, mine["pair"]))]
        ),
        Question("report", [Case(0.5, request, own), each(0.5, "report", asked, judge)]),
    )


def questions(student: str, random: np.random.Generator) -> list[Question]:
    """Return what this student is asked."""
    mine = personal(student, "a6_comparison", **CHOICES)
    return [
        _interval(random),
        _difference(random),
        _verdict(random),
        _holm(random),
        _chosen(random),
        _seeds_needed(random),
        _affordable(random),
        _plan(mine),
        *_results_and_report(mine, random),
    ]
