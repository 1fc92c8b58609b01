"""Known answers of *An honest comparison*: right ones, and mistakes that students make."""

from d2lsched.teaching.answers import Known, Wrong

INTERVAL = Known(
    right={
        "scipy does it": """
def interval(values):
    n = len(values)
    mean = sum(values) / n
    low, high = stats.t.interval(0.95, n - 1, loc=mean, scale=stats.sem(values))
    return [mean, low, high]
""",
        "plain Python, the formula": """
import math
import statistics

def interval(values):
    n, mean = len(values), statistics.fmean(values)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in values) / (n - 1))
    half = float(stats.t.isf(0.025, df=n - 1)) * deviation / math.sqrt(n)
    return (mean, mean - half, mean + half)
""",
        "pandas, as an array": """
import pandas as pd

def interval(values):
    s = pd.Series(values)
    half = stats.t.ppf(0.975, len(s) - 1) * s.sem()
    return np.array([s.mean(), s.mean() - half, s.mean() + half])
""",
    },
    wrong={
        "normal quantile": Wrong(
            """
def interval(values):
    mean = np.mean(values)
    half = 1.96 * np.std(values, ddof=1) / np.sqrt(len(values))
    return mean, mean - half, mean + half
""",
            0,
            "1.96, and not Student's",
        ),
        "ddof=0": Wrong(
            """
def interval(values):
    n, mean = len(values), np.mean(values)
    half = stats.t.ppf(0.975, n - 1) * np.std(values) / np.sqrt(n)
    return mean, mean - half, mean + half
""",
            0,
            "divided by n, not by n - 1",
        ),
        "normal quantile and ddof=0": Wrong(
            """
def interval(values):
    mean = np.mean(values)
    half = 1.96 * np.std(values) / np.sqrt(len(values))
    return mean, mean - half, mean + half
""",
            0,
            "too narrow",
        ),
        "of a single run": Wrong(
            """
def interval(values):
    mean = np.mean(values)
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1)
    return mean, mean - half, mean + half
""",
            0,
            "a root of n is missing",
        ),
        "one-sided quantile": Wrong(
            """
def interval(values):
    n, mean = len(values), np.mean(values)
    half = stats.t.ppf(0.95, n - 1) * np.std(values, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half
""",
            0,
            "that of 0.95",
        ),
        "n degrees of freedom": Wrong(
            """
def interval(values):
    n, mean = len(values), np.mean(values)
    half = stats.t.ppf(0.975, n) * np.std(values, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half
""",
            0,
            "n degrees of freedom",
        ),
        "the quantile of five runs": Wrong(
            """
def interval(values):
    mean = np.mean(values)
    half = 2.776 * np.std(values, ddof=1) / np.sqrt(len(values))
    return mean, mean - half, mean + half
""",
            0,
            "the mean is right, but the interval is too narrow",
        ),
        "standard error, no quantile": Wrong(
            """
def interval(values):
    mean, half = np.mean(values), stats.sem(values)
    return mean, mean - half, mean + half
""",
            0,
            "the quantile is missing",
        ),
        "no mean": Wrong(
            """
def interval(values):
    n, mean = len(values), np.mean(values)
    half = stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n)
    return mean - half, mean + half
""",
            0,
            "too few",
        ),
        "prints": Wrong(
            """
def interval(values):
    n, mean = len(values), np.mean(values)
    half = stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n)
    print(mean, mean - half, mean + half)
""",
            0,
            "None, where a list is due",
        ),
        "right on the visible example": Wrong(
            """
def interval(values):
    return 0.18, -0.0588, 0.4188
""",
            0,
            "which is not right",
        ),
    },
)

DIFFERENCE = Known(
    right={
        "sorted by seed": """
def difference(first, second):
    a = np.array([accuracy for _, accuracy in sorted(first)])
    b = np.array([accuracy for _, accuracy in sorted(second)])
    return interval((100 * (a - b)).tolist())
""",
        "pandas, without interval": """
import pandas as pd

def difference(first, second):
    d = 100 * (pd.Series(dict(first)) - pd.Series(dict(second)))
    half = stats.t.ppf(0.975, len(d) - 1) * d.std() / len(d) ** 0.5
    return d.mean(), d.mean() - half, d.mean() + half
""",
        "scipy's paired test": """
def difference(first, second):
    second = {seed: accuracy for seed, accuracy in second}
    a = [100 * accuracy for seed, accuracy in first]
    b = [100 * second[seed] for seed, accuracy in first]
    ends = stats.ttest_rel(a, b).confidence_interval(0.95)
    return np.mean(a) - np.mean(b), ends.low, ends.high
""",
    },
    wrong={
        "unpaired, Welch": Wrong(
            """
def difference(first, second):
    a, b = ([100 * accuracy for _, accuracy in runs] for runs in (first, second))
    ends = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    return np.mean(a) - np.mean(b), ends.low, ends.high
""",
            0,
            "independent groups",
        ),
        "unpaired, by formula": Wrong(
            """
def difference(first, second):
    a, b = (100 * np.array([accuracy for _, accuracy in runs]) for runs in (first, second))
    n, mean = len(a), a.mean() - b.mean()
    half = stats.t.ppf(0.975, n - 1) * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / n)
    return mean, mean - half, mean + half
""",
            0,
            "independent groups",
        ),
        "paired by place": Wrong(
            """
def difference(first, second):
    return interval([100 * (a[1] - b[1]) for a, b in zip(first, second)])
""",
            0,
            "by their place in the list",
        ),
        "sorted by accuracy": Wrong(
            """
def difference(first, second):
    a, b = (sorted(accuracy for _, accuracy in runs) for runs in (first, second))
    return interval([100 * (x - y) for x, y in zip(a, b)])
""",
            0,
            "sorted by accuracy",
        ),
        "second minus first": Wrong(
            """
def difference(first, second):
    first = dict(first)
    return interval([100 * (accuracy - first[seed]) for seed, accuracy in second])
""",
            0,
            "wrong sign",
        ),
        "shares, not points": Wrong(
            """
def difference(first, second):
    second = dict(second)
    return interval([accuracy - second[seed] for seed, accuracy in first])
""",
            0,
            "factor of 100",
        ),
        "difference of the two intervals": Wrong(
            """
def difference(first, second):
    a, b = (interval([100 * accuracy for _, accuracy in runs]) for runs in (first, second))
    return a[0] - b[0], a[1] - b[2], a[2] - b[1]
""",
            0,
            "the mean is right, but the interval is too wide",
        ),
        "the mean only": Wrong(
            """
def difference(first, second):
    second = dict(second)
    return np.mean([100 * (accuracy - second[seed]) for seed, accuracy in first])
""",
            0,
            "where a list is due",
        ),
    },
)

VERDICT = Known(
    right={
        "one expression": """
def verdict(low, high, margin):
    return (
        "better" if 0 < low
        else "worse" if high < 0
        else "equal" if max(-low, high) < margin
        else "undecided"
    )
""",
        "by exclusion": """
def verdict(low, high, margin):
    contains_zero = low <= 0 <= high
    if not contains_zero:
        return "better" if high > 0 else "worse"
    if low <= -margin or high >= margin:
        return "undecided"
    return "equal"
""",
    },
    wrong={
        "contains 0, so equal": Wrong(
            """
def verdict(low, high, margin):
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "equal"
""",
            1,
            "does not show that the two are equal",
        ),
        "by the middle": Wrong(
            """
def verdict(low, high, margin):
    middle = (low + high) / 2
    if abs(middle) < margin:
        return "equal"
    return "better" if middle > 0 else "worse"
""",
            0,
            "wholly on one side of 0",
        ),
        "better only beyond the margin": Wrong(
            """
def verdict(low, high, margin):
    if low > margin:
        return "better"
    if high < -margin:
        return "worse"
    if -margin < low and high < margin:
        return "equal"
    return "undecided"
""",
            1,
            "which is asked first",
        ),
        "equal is asked first": Wrong(
            """
def verdict(low, high, margin):
    if -margin < low and high < margin:
        return "equal"
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "undecided"
""",
            1,
            "which is asked first",
        ),
        "one end only": Wrong(
            """
def verdict(low, high, margin):
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "equal" if high < margin else "undecided"
""",
            1,
            "does not show that the two are equal",
        ),
        "boundaries not strict": Wrong(
            """
def verdict(low, high, margin):
    if low >= 0:
        return "better"
    if high <= 0:
        return "worse"
    if -margin <= low and high <= margin:
        return "equal"
    return "undecided"
""",
            1,
            "not wholly on one side of 0",
        ),
        "the margin counts as inside": Wrong(
            """
def verdict(low, high, margin):
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    if -margin <= low and high <= margin:
        return "equal"
    return "undecided"
""",
            1,
            "which is not inside",
        ),
        "other words": Wrong(
            """
def verdict(low, high, margin):
    if low > 0:
        return "Better"
    if high < 0:
        return "Worse"
    return "Equal" if -margin < low and high < margin else "Undecided"
""",
            0,
            "'Better', which is not right",
        ),
        "True or False": Wrong(
            """
def verdict(low, high, margin):
    return low > 0 or high < 0
""",
            0,
            "where a string is due",
        ),
    },
)

HOLM = Known(
    right={
        "NumPy": """
def holm(p):
    p = np.asarray(p, float)
    order = np.argsort(p)
    steps = np.minimum(1, p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted
""",
        "by the formula, for each": """
def holm(p):
    m, ranked = len(p), sorted(p)
    def value(x):
        upto = ranked.index(x) + 1
        return max(min(1, (m - k) * ranked[k]) for k in range(upto))
    return [value(x) for x in p]
""",
        "pandas": """
import pandas as pd

def holm(p):
    s = pd.Series(p, dtype=float).sort_values()
    s = s * np.arange(len(s), 0, -1)
    return s.clip(upper=1).cummax().sort_index().tolist()
""",
    },
    wrong={
        "Bonferroni": Wrong(
            """
def holm(p):
    return [min(1.0, len(p) * x) for x in p]
""",
            0,
            "Bonferroni's correction",
        ),
        "no maximum": Wrong(
            """
def holm(p):
    order = sorted(range(len(p)), key=lambda i: p[i])
    adjusted = [0.0] * len(p)
    for k, i in enumerate(order):
        adjusted[i] = min(1.0, (len(p) - k) * p[i])
    return adjusted
""",
            0,
            "the maximum is missing",
        ),
        "returned sorted": Wrong(
            """
def holm(p):
    steps = [min(1.0, (len(p) - k) * x) for k, x in enumerate(sorted(p))]
    return np.maximum.accumulate(steps).tolist()
""",
            0,
            "in the order of p",
        ),
        "without sorting": Wrong(
            """
def holm(p):
    steps = [min(1.0, (len(p) - k) * x) for k, x in enumerate(p)]
    return np.maximum.accumulate(steps).tolist()
""",
            0,
            "not sorted before",
        ),
        "above 1": Wrong(
            """
def holm(p):
    adjusted, largest = [0.0] * len(p), 0.0
    for k, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        largest = max(largest, (len(p) - k) * p[i])
        adjusted[i] = largest
    return adjusted
""",
            1.5,
            "no probability is above 1",
        ),
        "Benjamini and Hochberg": Wrong(
            """
def holm(p):
    return stats.false_discovery_control(p).tolist()
""",
            0,
            "Benjamini",
        ),
        "factors from m - 1": Wrong(
            """
def holm(p):
    adjusted, largest = [0.0] * len(p), 0.0
    for k, i in enumerate(sorted(range(len(p)), key=lambda i: p[i]), start=1):
        largest = max(largest, min(1.0, (len(p) - k) * p[i]))
        adjusted[i] = largest
    return adjusted
""",
            0,
            "begin at m - 1",
        ),
        "the decisions": Wrong(
            """
def holm(p):
    return [len(p) * x <= 0.05 for x in p]
""",
            0,
            "where a number is due",
        ),
    },
)

CHOSEN = Known(
    right={
        "pandas": """
import pandas as pd

def chosen(runs):
    means = pd.DataFrame(runs).groupby("rate")[["validation", "test"]].mean()
    rate = means["validation"].idxmax()
    return rate, means.loc[rate, "test"]
""",
        "sums by hand": """
def chosen(runs):
    table = {}
    for run in runs:
        table.setdefault(run["rate"], []).append((run["validation"], run["test"]))
    best, score, report = None, -1.0, None
    for rate, pairs in table.items():
        validation = sum(pair[0] for pair in pairs) / len(pairs)
        if validation > score:
            best, score = rate, validation
            report = sum(pair[1] for pair in pairs) / len(pairs)
    return [best, report]
""",
    },
    wrong={
        "chosen by test": Wrong(
            """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    test = {r: np.mean([run["test"] for run in runs if run["rate"] == r]) for r in rates}
    best = max(test, key=test.get)
    return best, test[best]
""",
            0,
            "chosen by mean test accuracy",
        ),
        "the best single run": Wrong(
            """
def chosen(runs):
    best = max(runs, key=lambda run: run["validation"])
    return best["rate"], best["test"]
""",
            0,
            "the rate is not the right one",
        ),
        "validation reported": Wrong(
            """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    mean = {r: np.mean([run["validation"] for run in runs if run["rate"] == r]) for r in rates}
    best = max(mean, key=mean.get)
    return best, mean[best]
""",
            0,
            "it is the validation accuracy",
        ),
        "the best test of the rate": Wrong(
            """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    mean = {r: np.mean([run["validation"] for run in runs if run["rate"] == r]) for r in rates}
    best = max(mean, key=mean.get)
    return best, max(run["test"] for run in runs if run["rate"] == best)
""",
            0,
            "it is the best run's",
        ),
        "diverged runs dropped": Wrong(
            """
def chosen(runs):
    runs = [run for run in runs if run["validation"] > 0.5]
    rates = {run["rate"] for run in runs}
    mean = {r: np.mean([run["validation"] for run in runs if run["rate"] == r]) for r in rates}
    best = max(mean, key=mean.get)
    return best, np.mean([run["test"] for run in runs if run["rate"] == best])
""",
            1,
            "diverged, and counts",
        ),
        "the median": Wrong(
            """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    middle = {
        r: np.median([run["validation"] for run in runs if run["rate"] == r]) for r in rates
    }
    best = max(middle, key=middle.get)
    return best, np.median([run["test"] for run in runs if run["rate"] == best])
""",
            0,
            "the rate",
        ),
        "the rate only": Wrong(
            """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    return max(
        rates, key=lambda r: np.mean([run["validation"] for run in runs if run["rate"] == r])
    )
""",
            0,
            "where a list is due",
        ),
        "the mean of all": Wrong(
            """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    best = max(
        rates, key=lambda r: np.mean([run["validation"] for run in runs if run["rate"] == r])
    )
    return best, np.mean([run["test"] for run in runs])
""",
            0,
            "the mean over all rates",
        ),
    },
)

SEEDS_NEEDED = Known(
    right={
        "count": """
from itertools import count

def seeds_needed(spread, half_width):
    def half(n):
        return stats.t.isf(0.025, n - 1) * spread * n**-0.5
    return next(n for n in count(2) if half(n) <= half_width)
""",
        "bisection": """
def seeds_needed(spread, half_width):
    def enough(n):
        return stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n) <= half_width
    few, many = 1, 2
    while not enough(many):
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many
""",
    },
    wrong={
        "1.96, solved for n": Wrong(
            """
def seeds_needed(spread, half_width):
    return max(2, int(np.ceil((1.96 * spread / half_width) ** 2)))
""",
            0,
            "1.96 instead of Student's",
        ),
        "n degrees of freedom": Wrong(
            """
def seeds_needed(spread, half_width):
    n = 2
    while stats.t.ppf(0.975, n) * spread / np.sqrt(n) > half_width:
        n += 1
    return n
""",
            0,
            "as with",
        ),
        "one-sided": Wrong(
            """
def seeds_needed(spread, half_width):
    n = 2
    while stats.t.ppf(0.95, n - 1) * spread / np.sqrt(n) > half_width:
        n += 1
    return n
""",
            0,
            "as with",
        ),
        "one too many": Wrong(
            """
def seeds_needed(spread, half_width):
    n = 2
    while stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n) > half_width:
        n += 1
    return n + 1
""",
            0,
            "one too many",
        ),
        "the root forgotten": Wrong(
            """
def seeds_needed(spread, half_width):
    n = 2
    while stats.t.ppf(0.975, n - 1) * spread / n > half_width:
        n += 1
    return n
""",
            0,
            "which is too small",
        ),
        "up to 94": Wrong(
            """
def seeds_needed(spread, half_width):
    for n in range(2, 95):
        if stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n) <= half_width:
            return n
""",
            1.5,
            "is None",
        ),
        "a list": Wrong(
            """
def seeds_needed(spread, half_width):
    n = 2
    while stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n) > half_width:
        n += 1
    return [n]
""",
            0,
            "where one number is due",
        ),
    },
)

AFFORDABLE = Known(
    right={
        "count the runs": """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    updates_per_run = (images // batch_size) * epochs
    runs = budget // updates_per_run
    tuning_runs = 2 * rates * tuning_seeds
    if runs < tuning_runs:
        return 0
    return (runs - tuning_runs) // 2
""",
        "spend until empty": """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    run = epochs * int(images / batch_size)
    for schedule in ("first", "second"):
        budget -= rates * tuning_seeds * run
    seeds = 0
    while budget >= 2 * run:
        budget -= 2 * run
        seeds += 1
    return seeds
""",
    },
    wrong={
        "only one is tuned": Wrong(
            """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    run = epochs * (images // batch_size)
    return max(0, (budget - rates * tuning_seeds * run) // (2 * run))
""",
            0,
            "only one of the two schedules",
        ),
        "the other tries one rate": Wrong(
            """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    run = epochs * (images // batch_size)
    return max(0, (budget - (rates + 1) * tuning_seeds * run) // (2 * run))
""",
            0,
            "tried a single rate",
        ),
        "a seed takes one run": Wrong(
            """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    run = epochs * (images // batch_size)
    return max(0, (budget - 2 * rates * tuning_seeds * run) // run)
""",
            0,
            "each schedule makes its own",
        ),
        "the partial batch is kept": Wrong(
            """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    run = epochs * -(-images // batch_size)
    return max(0, (budget - 2 * rates * tuning_seeds * run) // (2 * run))
""",
            0,
            "too small",
        ),
        "tuning is free": Wrong(
            """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    return budget // (2 * epochs * (images // batch_size))
""",
            0,
            "tuning cost nothing",
        ),
        "negative": Wrong(
            """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    run = epochs * (images // batch_size)
    return (budget - 2 * rates * tuning_seeds * run) // (2 * run)
""",
            1.5,
            "a negative number of runs",
        ),
        "a fraction": Wrong(
            """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    run = epochs * (images // batch_size)
    return max(0, (budget - 2 * rates * tuning_seeds * run) / (2 * run))
""",
            0.5,
            "no whole number",
        ),
        "the visible example": Wrong(
            """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    return 8 if rates == 4 else 14
""",
            0,
            "which is too",
        ),
    },
)


def _plan(
    schedules='mine["pair"]',
    epochs='mine["epochs"]',
    margin="0.3",
    first="[0.1, 0.2, 0.4]",
    second="[0.1, 0.2, 0.4]",
    tuning="[100, 101]",
    final="[0, 1, 2, 3, 4]",
):
    """The cell of a plan."""
    return f"""
def my_plan():
    first, second = {schedules}
    return {{
        "schedules": [first, second],
        "epochs": {epochs},
        "margin": {margin},
        "rates": {{first: {first}, second: {second}}},
        "tuning_seeds": {tuning},
        "final_seeds": {final},
    }}
"""


PLAN = Known(
    right={
        "own grids": _plan(first="[0.4, 0.1, 0.2]", second="(0.05, 0.1, 0.2)"),
        "arrays, and another margin": _plan(
            first="np.geomspace(0.05, 0.8, 3)",
            second="np.geomspace(0.05, 0.4, 3)",
            tuning="np.arange(50, 52)",
            final="np.arange(5)",
            margin="1",
        ),
    },
    wrong={
        "the baseline is not tuned": Wrong(_plan(second="[0.1]"), 1.5, "the tuning is unequal"),
        "a rate fewer": Wrong(
            _plan(first="[0.1, 0.2, 0.4]", second="[0.1, 0.4]"), 1.5, "the tuning is unequal"
        ),
        "tuned on the final seeds": Wrong(_plan(tuning="[0, 1]"), 1.5, "seed 0 is for tuning"),
        "beyond the budget": Wrong(
            _plan(final='list(range(mine["budget"] // (62 * mine["epochs"])))'),
            1.5,
            "than your budget",
        ),
        "another's schedules": Wrong(
            _plan(schedules='["steps", "constant"]'), 1.5, "follow from your id"
        ),
        "another's epochs": Wrong(_plan(epochs="10"), 1.5, "follows from your id"),
        "in the other order": Wrong(
            _plan(schedules='mine["pair"][::-1]'), 1.5, "in the other order"
        ),
        "the margin as a share": Wrong(_plan(margin="0.003"), 1.5, "is it in points?"),
        "three final seeds": Wrong(_plan(final="[0, 1, 2]"), 1.5, "5 or more are due"),
        "a narrow grid": Wrong(
            _plan(first="[0.1, 0.11, 0.12]"), 1.5, "the rates of"
        ),
        "ranges": Wrong(_plan(final="range(5)"), 1, "write list("),
        "the same seed five times": Wrong(_plan(final="[3] * 5"), 1, "occurs twice"),
        "how many, not which": Wrong(_plan(final="5"), 1, "where a list is due"),
    },
)  # fmt: skip

NUMBERS = """[0.9111, 0.9184, 0.9176, 0.9152, 0.9193, 0.9169, 0.9188, 0.9147, 0.9160, 0.9171]"""
OTHERS = """[0.9142, 0.9155, 0.9191, 0.9160, 0.9181, 0.9188, 0.9170, 0.9158, 0.9149, 0.9177]"""

RESULTS = Known(
    right={
        "from saved JSON": f"""
import json

SAVED = '''[{NUMBERS}, {OTHERS}]'''

def results():
    n = len(my_plan()["final_seeds"])
    return {{name: x[:n] for name, x in zip(mine["pair"], json.loads(SAVED))}}
""",
        "a list for each": f"""
def results():
    first, second = mine["pair"]
    n = len(my_plan()["final_seeds"])
    return {{second: np.array({NUMBERS})[:n], first: tuple({OTHERS}[:n])}}
""",
    },
    wrong={
        "percentages": Wrong(
            f"""
def results():
    n = len(my_plan()["final_seeds"])
    percent = 100 * np.array([{NUMBERS}, {OTHERS}])
    return {{name: x[:n] for name, x in zip(mine["pair"], percent)}}
""",
            0,
            "accuracies are shares",
        ),
        "one list copied": Wrong(
            f"""
def results():
    n = len(my_plan()["final_seeds"])
    return {{name: {NUMBERS}[:n] for name in mine["pair"]}}
""",
            0,
            "the very same numbers",
        ),
        "the means": Wrong(
            """
def results():
    return dict(zip(mine["pair"], (0.9165, 0.9167)))
""",
            0,
            "where a list is due",
        ),
        "another's schedules": Wrong(
            f"""
def results():
    return {{"steps": {NUMBERS}, "constant": {OTHERS}}}
""",
            0,
            "follow from your id",
        ),
        "trains in the sandbox": Wrong(
            """
def results():
    data = mnist(train=2000, validation=2000)
    seeds = my_plan()["final_seeds"]
    return {n: [run(n, best[n], s, data).test_accuracy for s in seeds] for n in mine["pair"]}
""",
            0,
            "must stand in the cell",
        ),
        "a variable of another cell": Wrong(
            """
def results():
    return measured
""",
            0,
            "must stand in the cell",
        ),
        "three runs": Wrong(
            f"""
def results():
    return dict(zip(mine["pair"], ({NUMBERS}[:3], {OTHERS}[:3])))
""",
            0,
            "5 or more are due",
        ),
        "one run too few in one list": Wrong(
            f"""
def results():
    return dict(zip(mine["pair"], ({NUMBERS}[:7], {OTHERS}[:6])))
""",
            0,
            "unequally many",
        ),
        "text": Wrong(
            """
def results():
    return {name: ["91.7 %"] * 5 for name in mine["pair"]}
""",
            0,
            "where a number is due",
        ),
    },
)

REPORT = Known(
    right={
        "from the differences": """
def report(plan, found):
    first, second = plan["schedules"]
    gaps = 100 * (np.array(found[first]) - np.array(found[second]))
    mean, low, high = interval(gaps.tolist())
    word = verdict(low, high, plan["margin"])
    return dict(mean=mean, low=low, high=high, verdict=word)
""",
        "scipy": """
def report(plan, found):
    a, b = (100 * np.array(found[name]) for name in plan["schedules"])
    low, high = stats.ttest_rel(a, b).confidence_interval(0.95)
    word = verdict(low, high, plan["margin"])
    return {"verdict": word, "mean": a.mean() - b.mean(), "low": low, "high": high}
""",
    },
    wrong={
        "second minus first": Wrong(
            """
def report(plan, found):
    second, first = plan["schedules"]
    gaps = 100 * (np.array(found[first]) - np.array(found[second]))
    mean, low, high = interval(gaps.tolist())
    return dict(mean=mean, low=low, high=high, verdict=verdict(low, high, plan["margin"]))
""",
            0,
            "wrong sign",
        ),
        "in the order of the table": Wrong(
            """
def report(plan, found):
    a, b = (np.array(numbers) for numbers in found.values())
    mean, low, high = interval((100 * (a - b)).tolist())
    return dict(mean=mean, low=low, high=high, verdict=verdict(low, high, plan["margin"]))
""",
            0.5,
            "wrong sign",
        ),
        "shares": Wrong(
            """
def report(plan, found):
    a, b = (np.array(found[name]) for name in plan["schedules"])
    mean, low, high = interval((a - b).tolist())
    return dict(mean=mean, low=low, high=high, verdict=verdict(low, high, plan["margin"]))
""",
            0,
            "due in points",
        ),
        "the own results, whatever is asked": Wrong(
            """
def report(plan, found):
    plan, found = my_plan(), results()
    a, b = (np.array(found[name]) for name in plan["schedules"])
    mean, low, high = interval((100 * (a - b)).tolist())
    return dict(mean=mean, low=low, high=high, verdict=verdict(low, high, plan["margin"]))
""",
            0.5,
            "on another plan",
        ),
        "unpaired": Wrong(
            """
def report(plan, found):
    a, b = (100 * np.array(found[name]) for name in plan["schedules"])
    low, high = stats.ttest_ind(a, b).confidence_interval(0.95)
    word = verdict(low, high, plan["margin"])
    return {"mean": a.mean() - b.mean(), "low": low, "high": high, "verdict": word}
""",
            0,
            "independent groups",
        ),
        "other words": Wrong(
            """
def report(plan, found):
    a, b = (100 * np.array(found[name]) for name in plan["schedules"])
    mean, low, high = interval((a - b).tolist())
    word = "significant" if low > 0 or high < 0 else "not significant"
    return {"mean": mean, "low": low, "high": high, "verdict": word}
""",
            0,
            "its interval is right; the verdict",
        ),
        "rounded": Wrong(
            """
def report(plan, found):
    a, b = (100 * np.array(found[name]) for name in plan["schedules"])
    mean, low, high = (round(x, 1) for x in interval((a - b).tolist()))
    return dict(mean=mean, low=low, high=high, verdict=verdict(low, high, plan["margin"]))
""",
            0,
            "the mean is",
        ),
        "a list": Wrong(
            """
def report(plan, found):
    a, b = (100 * np.array(found[name]) for name in plan["schedules"])
    return interval((a - b).tolist())
""",
            0,
            "where a dictionary is due",
        ),
    },
)

ANSWERS = {
    "interval": INTERVAL,
    "difference": DIFFERENCE,
    "verdict": VERDICT,
    "holm": HOLM,
    "chosen": CHOSEN,
    "seeds-needed": SEEDS_NEEDED,
    "affordable": AFFORDABLE,
    "plan": PLAN,
    "results": RESULTS,
    "report": REPORT,
}
