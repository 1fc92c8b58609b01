r"""What may be claimed from runs over several seeds.

Two schedules are compared seed by seed. With mean $\bar d$ and standard deviation
$\hat\sigma_d$ of the differences $d_s = a_s - b_s$ over $n$ seeds, Student's interval is

$$\bar d \pm t_{n-1,\,(1 + \text{level})/2}\; \hat\sigma_d / \sqrt n.$$

It covers as often as it says if the differences are about normal, at $n = 5$ too, where
bootstrap intervals do not. Where some runs diverge, they are not: count those runs instead.

Nothing is left out silently: a seed that is missing or occurs twice, and a NaN (a run that
failed), is a ValueError that names it. A run that diverged counts with the accuracy it has.

Accuracies are shares from 0 to 1. A `unit` says how results are spoken of: "%" for means of
shares and "points" (percentage points) for their differences multiply by 100; "updates",
"epochs" and "seconds" are only printed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from .extras import needs
from .schedules.base import one_of, require

with needs("sweep"):
    import pandas as pd
    from scipy import stats

Unit = Literal["", "points", "%", "updates", "epochs", "seconds"]
Values: TypeAlias = Mapping[Any, float] | pd.Series | Sequence[float] | np.ndarray
"""A number per seed: a mapping or Series from seeds, or the numbers of seeds 0, 1, …"""
_Named: TypeAlias = tuple[Any, Values]

ALPHA = 0.05


class ClaimError(AssertionError):
    """The data do not support a statement; raised by `claim` and `no_difference`.

    >>> issubclass(ClaimError, AssertionError)  # so a notebook's cell fails
    True
    """


@dataclass(frozen=True, repr=False)
class Estimate:
    """A mean over n seeds and the interval [low, high] around it, in the unit.

    level is the interval's. p, for a difference only, is the probability of a mean at least
    as far from 0 if there is no difference. As text, both have two digits of the half width,
    or a format's:

    >>> gain = difference([0.951, 0.957, 0.953], [0.946, 0.949, 0.947], unit="points")
    >>> print(gain, "or", f"{gain:+.1f}")
    +0.63 ± 0.38 points (95 %, n = 3) or +0.6 ± 0.4
    """

    mean: float
    low: float
    high: float
    n: int
    level: float = 0.95
    unit: Unit = ""
    p: float | None = None

    def __format__(self, spec: str) -> str:
        half = (self.high - self.low) / 2
        if spec:
            return f"{self.mean:{spec}} ± {half:{spec.replace('+', '')}}"
        sign, precision = "" if self.p is None else "+", ".4g"
        if 0 < half < math.inf:
            # One of MNIST's 10,000 test images is 0.01 points: nothing is finer than that.
            most = 2 if self.unit in ("points", "%") else 99
            precision = f".{min(max(1 - math.floor(math.log10(half)), 0), most)}f"
        number = f"{format(self, f'{sign}z{precision}')} {self.unit}".rstrip()
        return f"{number} ({100 * self.level:.4g} %, n = {self.n})"

    def __repr__(self) -> str:
        return format(self)


def mean(values: Values, *, level: float = 0.95, unit: Unit = "") -> Estimate:
    """The mean over seeds, with Student's interval; its width is 0 if all values are the same.

    ValueError: fewer than two seeds, values that are no finite numbers (or, with a unit of
    shares, not in [0, 1]), a seed that occurs twice, a level outside (0, 1).
    Source: Student 1908, The probable error of a mean.

    >>> mean({0: 0.957, 1: 0.961, 2: 0.959}, unit="%")
    95.90 ± 0.50 % (95 %, n = 3)
    """
    x = np.array(list(_by_seed(("values", values), unit).values()))
    return _estimate(x, level, unit)


def difference(
    a: Values, b: Values, *, level: float = 0.95, unit: Unit = "", variance: float = 0.0
) -> Estimate:
    """The mean of a − b, paired by seed, with Student's interval and two-sided p.

    Where all differences are the same, t is undefined, and all there is to go by is that
    their signs agree: p is 2 / 2ⁿ (1 if they are 0), and the interval has width 0 from so
    many seeds on that 2 / 2ⁿ ≤ 1 − level (six, at 95 %), and is infinite with fewer.

    variance: what the mean varies by beside its seeds, as with other images: in the square of
        the unit, at least 0. t has Welch's and Satterthwaite's degrees of freedom then.
    level, unit, ValueError: as for `mean`, and seeds that only one of the two has.

    >>> cosine, constant = {0: 0.951, 1: 0.957, 2: 0.953}, {2: 0.947, 1: 0.949, 0: 0.946}
    >>> difference(cosine, constant).mean
    0.00633
    >>> difference(cosine, {0: 0.946, 1: 0.949})
    Traceback (most recent call last):
    ValueError: b has no seed 2, which a has: both must have the same seeds
    """
    require(0 <= variance < math.inf, "variance", variance, "a finite number, at least 0")
    return _difference(("a", a), ("b", b), level, unit, variance)


def permutation(a: Values, b: Values) -> float:
    """The two-sided p of a − b by flipping signs, which supposes nothing about normality.

    If a and b do not differ, each dₛ might as well be −dₛ: p is the share of the 2ⁿ choices
    of signs whose sum is at least as far from 0 as the one seen. Up to 40 seeds all are
    counted; above, 99,999 drawn with a fixed seed, and the one seen.

    ValueError: as for `difference`, and fewer than 10 seeds. Source: Fisher 1935, The design
    of experiments, section 21; for drawn ones Phipson and Smyth, arXiv 1603.05766.

    >>> permutation(range(1, 11), [0] * 10) == 2 / 2**10
    True
    """
    d, rounding = _paired(("a", a), ("b", b), "")
    n = len(d)
    allowed = f"at least 10: with fewer p cannot be small, here not below {2 / 2**n:.2g}"
    require(n >= 10, "the number of seeds", n, allowed)
    # Accuracies tie often. SciPy's permutation_test takes half of such ties apart: it allows
    # for rounding relative to the sum, which is much smaller than the numbers subtracted.
    seen = abs(d.sum()) - n * rounding
    if seen <= 0:
        return 1.0
    if n > 40:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (99_999, n))
        return float(1 + np.sum(np.abs(signs @ d) >= seen)) / 100_000
    halves = []  # every sum of all is one of the first half's and one of the second's
    for part in np.split(d, [n // 2]):
        sums = np.zeros(1)
        for one in part:
            sums = np.concatenate([sums + one, sums - one])
        halves.append(np.sort(sums))
    above = len(halves[1]) - np.searchsorted(halves[1], seen - halves[0])
    return float(2 * above.sum() / 2**n)  # as many lie below −seen


def holm(p: Sequence[float] | np.ndarray) -> np.ndarray:
    """Holm's adjusted p-values, in the order given.

    Of m sorted ones the i-th becomes max over j ≤ i of min(1, (m − j + 1) pⱼ). Who rejects
    where this is at most α rejects any true hypothesis with probability at most α, however
    the tests depend on each other, if which tests to make was fixed before looking.

    p: numbers from 0 to 1, at least one; else a ValueError.
    Source: Holm 1979, A simple sequentially rejective multiple test procedure.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    values = pd.Series(p)
    plain = values.dtype.kind in "iuf" and len(values) > 0 and values.between(0, 1).all()
    require(plain, "p", p, "numbers from 0 to 1, at least one")
    ascending = values.reset_index(drop=True).sort_values()
    steps = ascending * np.arange(len(values), 0, -1)
    return steps.clip(upper=1).cummax().sort_index().to_numpy(float)


def contrasts(
    results: pd.DataFrame,
    baseline: Any,
    *,
    value: str = "test_accuracy",
    by: str = "schedule",
    unit: Unit = "",
) -> pd.DataFrame:
    """Each schedule against the baseline, paired by seed and corrected for their number m.

    results has a row per run, with columns `by`, "seed" and `value`; other columns are
    ignored, so first select one framework, one number of epochs … Which schedules it holds
    must be fixed before looking; to leave some out afterwards undoes the correction.

    A row per schedule: `difference`, its interval [`low`, `high`], `n`, Student's `p`, Holm's
    `p_holm`, and `differs`: p_holm ≤ 0.05. The intervals are Bonferroni's, at level
    1 − 0.05/m each, so all of them hold together with 95 %. Holm finds whatever they find,
    sometimes more: then a schedule differs although its interval reaches 0.

    unit: of the differences. ValueError: as for `difference`, naming the schedule; a column
    that is absent; a baseline that is absent or alone. As what a failed run (NaN) counts,
    `results.fillna` can say.

    >>> results = pd.DataFrame({"schedule": ["constant"] * 3 + ["cosine"] * 3,
    ...     "seed": [0, 1, 2] * 2, "loss": [0.13, 0.15, 0.14, 0.11, 0.12, 0.11]})
    >>> contrasts(results, "constant", value="loss").round(3)
              difference    low   high  n      p  p_holm  differs
    schedule
    cosine        -0.027 -0.041 -0.012  3  0.015   0.015     True
    """
    runs = _runs(results, value, by)
    allowed = f"one of several in the column {by!r}, which holds {list(runs)}"
    require(baseline in runs and len(runs) > 1, "baseline", baseline, allowed)
    against, level = (baseline, runs.pop(baseline)), _corrected(len(runs))
    gaps = [_difference(run, against, level, unit) for run in runs.items()]
    table = pd.DataFrame(map(vars, gaps), pd.Index(runs, name=by))
    table = table[["mean", "low", "high", "n", "p"]].rename(columns={"mean": "difference"})
    table["p_holm"] = holm(table["p"])
    return table.assign(differs=table["p_holm"] <= ALPHA)


def claim(
    statement: str,
    a: Values,
    relation: Literal[">", "<"],
    b: Values,
    *,
    at_least: float = 0.0,
    of: int = 1,
    unit: Unit = "",
) -> Estimate:
    """Print a statement with the `difference` a − b that supports it, or raise a ClaimError.

    relation: ">" is supported if the whole 95 % interval is above at_least, "<" if it is below
    −at_least. A false statement passes with probability at most 2.5 %.

    at_least: in the unit, not negative. of: the number of claims, fixed before looking, of
    which this is one; the interval is at level 1 − 0.05 / of, and all of them hold with 95 %.
    ValueError: as for `difference`, and arguments that are not as said here.

    >>> cosine, constant = [0.951, 0.957, 0.953], [0.946, 0.949, 0.947]
    >>> gain = claim("Cosine wins", cosine, ">", constant, unit="points")
    Cosine wins: supported, +0.63 ± 0.38 points (95 %, n = 3)
    >>> claim("Cosine wins clearly", cosine, ">", constant, at_least=0.5, unit="points")
    Traceback (most recent call last):
    d2lsched.statistics.ClaimError: Cosine wins clearly: not supported,
    +0.63 ± 0.38 points (95 %, n = 3), which must be above 0.5 points
    """
    one_of("relation", relation, Literal[">", "<"])
    require(0 <= at_least < math.inf, "at_least", at_least, "a finite number, at least 0")
    found = difference(a, b, level=_corrected(of), unit=unit)
    if relation == ">":
        return _verdict(statement, found, found.low > at_least, f"above {at_least:g}")
    return _verdict(statement, found, found.high < -at_least, f"below {0 - at_least:g}")


def no_difference(
    statement: str, a: Values, b: Values, *, margin: float, of: int = 1, unit: Unit = ""
) -> Estimate:
    """Print a statement that a and b differ by less than the margin, or raise a ClaimError.

    Not to find a difference is easy, with few seeds, and supports nothing. This is the claim
    that there is none that matters, by two one-sided tests: supported if the 90 % interval
    of a − b is inside ±margin. If they differ by the margin, it passes in at most 5 % of cases.

    margin: in the unit, above 0: the difference that would matter, fixed before looking.
    of: as for `claim`; the interval is at level 1 − 0.1 / of. ValueError: as for `claim`.
    Source: Schuirmann 1987, A comparison of the two one-sided tests procedure and the power
    approach for assessing the equivalence of average bioavailability.

    >>> a, b = [0.951, 0.957, 0.953, 0.955], [0.952, 0.956, 0.953, 0.954]
    >>> gap = no_difference("The two are one", a, b, margin=0.2, unit="points")
    The two are one: supported, +0.03 ± 0.11 points (90 %, n = 4)
    """
    require(0 < margin < math.inf, "margin", margin, "a finite number above 0")
    found = difference(a, b, level=_corrected(of, 2 * ALPHA), unit=unit)
    inside = -margin < found.low and found.high < margin
    return _verdict(statement, found, inside, f"inside ±{margin:g}")


def _verdict(statement: str, found: Estimate, supported: bool, needed: str) -> Estimate:
    if not supported:
        must = f"which must be {needed} {found.unit}".rstrip()
        raise ClaimError(f"{statement}: not supported, {found}, {must}")
    print(f"{statement}: supported, {found}")
    return found


def _difference(
    a: _Named, b: _Named, level: float, unit: Unit, variance: float = 0.0
) -> Estimate:
    d, rounding = _paired(a, b, unit)
    n = len(d)
    if np.ptp(d) > rounding or variance:
        return _estimate(d, level, unit, variance, tested=True)
    if abs(float(d.mean())) <= rounding:
        d = np.zeros(n)
    same = _estimate(np.full(n, d.mean()), level, unit)
    half = 0.0 if 2 * 0.5**n <= 1 - level else math.inf
    p = 2 * 0.5**n if d.any() else 1.0
    return replace(same, low=same.mean - half, high=same.mean + half, p=p)


def _estimate(
    x: np.ndarray, level: float, unit: Unit, variance: float = 0.0, tested: bool = False
) -> Estimate:
    require(0 < level < 1, "level", level, "a number above 0 and below 1")
    n, center = len(x), float(x.mean())
    seeds = float(x.var(ddof=1)) / n if np.ptp(x) else 0.0
    freedom = (n - 1) * (1 + variance / seeds) ** 2 if seeds else math.inf
    error = math.sqrt(seeds + variance)
    half = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    p = float(2 * stats.t.sf(abs(center) / error, freedom)) if tested else None
    return Estimate(center, center - half, center + half, n, level, unit, p)


def _paired(a: _Named, b: _Named, unit: Unit) -> tuple[np.ndarray, float]:
    """The differences by seed, and up to what size they may be rounding."""
    x, y = _by_seed(a, unit), _by_seed(b, unit)
    for (one, has), (other, lacks) in (((a[0], x), (b[0], y)), ((b[0], y), (a[0], x))):
        missing = [str(seed) for seed in has if seed not in lacks]
        if missing:
            seeds = f"seed{'s' * (len(missing) > 1)} {', '.join(missing)}"
            both = "both must have the same seeds"
            raise ValueError(f"{other} has no {seeds}, which {one} has: {both}")
    pairs = np.array([(x[seed], y[seed]) for seed in x])
    return pairs[:, 0] - pairs[:, 1], 16 * float(np.finfo(float).eps * np.abs(pairs).max())


def _by_seed(named: _Named, unit: Unit) -> dict[Any, float]:
    """The numbers in the unit, by seed."""
    one_of("unit", unit, Unit)
    name, values = named
    keyed = isinstance(values, pd.Series | Mapping)
    series = pd.Series(values if keyed else list(values) if np.iterable(values) else [])
    if series.dtype.kind not in "iuf" or len(series) < 2:
        require(False, name, series.to_dict() or values, "numbers, for at least two seeds")
    for seed in series.index[series.index.duplicated()]:
        raise ValueError(f"{name} has seed {seed} more than once: it must have it once")
    shares = unit in ("points", "%")
    low, high = (0.0, 1.0) if shares else (-1e150, 1e150)  # squares must be finite
    allowed = f"from 0 to 1, as the unit is {unit!r}" if shares else "a finite number"
    found = dict(
        zip(series.index, series.to_numpy(float, na_value=math.nan).tolist(), strict=True)
    )
    for seed, number in found.items():
        require(low <= number <= high, f"{name} at seed {seed}", number, allowed)
    return {seed: 100 * number if shares else number for seed, number in found.items()}


def _runs(results: Any, value: str, by: str) -> dict[Any, pd.Series]:
    """The values of each schedule by seed, the schedules in their order in the table."""
    table = isinstance(results, pd.DataFrame)
    require(table, "results", type(results).__name__, "a pandas DataFrame, a row per run")
    for column in (by, "seed", value):
        require(column in results, "the column", column, f"one of {list(results)}")
    for row in results.index[results[[by, "seed"]].isna().any(axis=1)]:
        raise ValueError(f"row {row!r} of results has no {by} or no seed: it must have both")
    groups = results.groupby(by, sort=False, observed=True)
    return {name: group.set_index("seed")[value] for name, group in groups}


def _corrected(of: int, alpha: float = ALPHA) -> float:
    """Bonferroni's level, for each of several intervals that are to hold together."""
    require(isinstance(of, int) and of >= 1, "of", of, "a whole number, at least 1")
    return 1 - alpha / of
