"""Known answers of *An honest comparison*: right ones, and mistakes that students make."""

from d2lsched.teaching.answers import Known, Wrong

# A mistake a line, as far as it fits.
# fmt: off

ONE = "[0.9111, 0.9184, 0.9176, 0.9152, 0.9193, 0.9169, 0.9188, 0.9147, 0.9160, 0.9171]"
OTHER = "[0.9142, 0.9155, 0.9191, 0.9160, 0.9181, 0.9188, 0.9170, 0.9158, 0.9149, 0.9177]"
ANSWERS: dict[str, Known] = {}

ANSWERS["interval"] = Known(right={
        "scipy does it": """
def interval(values):
    n = len(values)
    mean = sum(values) / n
    low, high = stats.t.interval(0.95, n - 1, loc=mean, scale=stats.sem(values))
    return [mean, low, high]""",
        "plain Python, the formula": """
import math
import statistics

def interval(values):
    n, mean = len(values), statistics.fmean(values)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in values) / (n - 1))
    half = float(stats.t.isf(0.025, df=n - 1)) * deviation / math.sqrt(n)
    return (mean, mean - half, mean + half)""",
        "pandas, as an array": """
import pandas as pd

def interval(values):
    s = pd.Series(values)
    half = stats.t.ppf(0.975, len(s) - 1) * s.sem()
    return np.array([s.mean(), s.mean() - half, s.mean() + half])""",
    }, wrong={
        "normal quantile": Wrong(0, "1.96, and not Student's", {
            "stats.t.ppf(0.975, len(s) - 1) * s.sem(":
                "1.96 * np.std(values, ddof=1) / np.sqrt(len(values)"
        }, of="pandas, as an array"),
        "ddof=0": Wrong(0, "divided by n, not by n - 1", {
            "s = pd.Series": "n, mean = len(values), np.mean",
            "len(s) - 1) * s.sem(": "n - 1) * np.std(values) / np.sqrt(n",
            "np.array([s.mean(), s.mean() - half, s.mean() + half])":
                "mean, mean - half, mean + half"}, of="pandas, as an array"),
        "normal quantile and ddof=0": Wrong(0, "too narrow", {
            "stats.t.ppf(0.975, len(s) - 1) * s.sem(":
                "1.96 * np.std(values) / np.sqrt(len(values)"}, of="pandas, as an array"),
        "of a single run": Wrong(0, "a root of n is missing", {
            "s) - 1) * s.sem(": "values) - 1) * np.std(values, ddof=1"
        }, of="pandas, as an array"),
        "one-sided quantile": Wrong(0, "that of 0.95", {
            "s = pd.Series": "n, mean = len(values), np.mean",
            "975, len(s) - 1) * s.sem(": "95, n - 1) * np.std(values, ddof=1) / np.sqrt(n",
            "np.array([s.mean(), s.mean() - half, s.mean() + half])":
                "mean, mean - half, mean + half"}, of="pandas, as an array"),
        "n degrees of freedom": Wrong(0, "n degrees of freedom", {
            "s = pd.Series": "n, mean = len(values), np.mean",
            "len(s) - 1) * s.sem(": "n) * np.std(values, ddof=1) / np.sqrt(n",
            "np.array([s.mean(), s.mean() - half, s.mean() + half])":
                "mean, mean - half, mean + half"}, of="pandas, as an array"),
        "the quantile of five runs": Wrong(0,
            "the mean is right, but the interval is too narrow", {
            "stats.t.ppf(0.975, len(s) - 1) * s.sem(":
                "2.776 * np.std(values, ddof=1) / np.sqrt(len(values)"
        }, of="pandas, as an array"),
        "standard error, no quantile": Wrong(0, "the quantile is missing", """
def interval(values):
    mean, half = np.mean(values), stats.sem(values)
    return mean, mean - half, mean + half"""),
        "no mean": Wrong(0, "too few", {", mean -": " -"}),
        "prints": Wrong(0, "None, where a list is due",
            {"return mean, mean - half, mean + half": "print(mean, mean - half, mean + half)"}),
        "right on the visible example": Wrong(0, "which is not right", """
def interval(values):
    return 0.18, -0.0588, 0.4188"""),
    })

ANSWERS["difference"] = Known(right={
        "sorted by seed": """
def difference(first, second):
    a = np.array([accuracy for _, accuracy in sorted(first)])
    b = np.array([accuracy for _, accuracy in sorted(second)])
    return interval((100 * (a - b)).tolist())""",
        "pandas, without interval": """
import pandas as pd

def difference(first, second):
    d = 100 * (pd.Series(dict(first)) - pd.Series(dict(second)))
    half = stats.t.ppf(0.975, len(d) - 1) * d.std() / len(d) ** 0.5
    return d.mean(), d.mean() - half, d.mean() + half""",
        "scipy's paired test": """
def difference(first, second):
    second = {seed: accuracy for seed, accuracy in second}
    a = [100 * accuracy for seed, accuracy in first]
    b = [100 * second[seed] for seed, accuracy in first]
    ends = stats.ttest_rel(a, b).confidence_interval(0.95)
    return np.mean(a) - np.mean(b), ends.low, ends.high""",
    }, wrong={
        "unpaired, Welch": Wrong(0, "independent groups", """
def difference(first, second):
    a, b = ([100 * accuracy for _, accuracy in runs] for runs in (first, second))
    ends = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    return np.mean(a) - np.mean(b), ends.low, ends.high"""),
        "unpaired, by formula": Wrong(0, "independent groups", """
def difference(first, second):
    a, b = (100 * np.array([accuracy for _, accuracy in runs]) for runs in (first, second))
    n, mean = len(a), a.mean() - b.mean()
    half = stats.t.ppf(0.975, n - 1) * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / n)
    return mean, mean - half, mean + half"""),
        "paired by place": Wrong(0, "by their place in the list", """
def difference(first, second):
    return interval([100 * (a[1] - b[1]) for a, b in zip(first, second)])"""),
        "sorted by accuracy": Wrong(0, "sorted by accuracy", """
def difference(first, second):
    a, b = (sorted(accuracy for _, accuracy in runs) for runs in (first, second))
    return interval([100 * (x - y) for x, y in zip(a, b)])"""),
        "second minus first": Wrong(0, "wrong sign", {
            "other = dict(second": "first = dict(first",
            "other[seed]) for seed, accuracy in first":
                "first[seed]) for seed, accuracy in second"}),
        "shares, not points": Wrong(0, "factor of 100", {
            "other =": "second =",
            "100 * (accuracy - other[seed])": "accuracy - second[seed]"}),
        "difference of the two intervals": Wrong(0,
            "the mean is right, but the interval is too wide", """
def difference(first, second):
    a, b = (interval([100 * accuracy for _, accuracy in runs]) for runs in (first, second))
    return a[0] - b[0], a[1] - b[2], a[2] - b[1]"""),
        "the mean only": Wrong(0, "where a list is due", {
            "other =": "second =",
            "interval([100 * (accuracy - other": "np.mean([100 * (accuracy - second"}),
    })

ANSWERS["verdict"] = Known(right={
        "one expression": """
def verdict(low, high, margin):
    return (
        "better" if 0 < low
        else "worse" if high < 0
        else "equal" if max(-low, high) < margin
        else "undecided"
    )""",
        "by exclusion": """
def verdict(low, high, margin):
    contains_zero = low <= 0 <= high
    if not contains_zero:
        return "better" if high > 0 else "worse"
    if low <= -margin or high >= margin:
        return "undecided"
    return "equal"
""",
    }, wrong={
        "contains 0, so equal": Wrong(1, "does not show that the two are equal", {
            """if -margin < low and high < margin:
        return "equal"
    return "undecided""":
                'return "equal'}),
        "by the middle": Wrong(0, "wholly on one side of 0", """
def verdict(low, high, margin):
    middle = (low + high) / 2
    if abs(middle) < margin:
        return "equal"
    return "better" if middle > 0 else "worse"
"""),
        "better only beyond the margin": Wrong(1, "which is asked first",
            {"low > 0:": "low > margin:"}),
        "equal is asked first": Wrong(1, "which is asked first", """
def verdict(low, high, margin):
    if -margin < low and high < margin:
        return "equal"
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "undecided"
"""),
        "one end only": Wrong(1, "does not show that the two are equal", {
            """if -margin < low and high < margin:
        return "equal"
    return""":
                'return "equal" if high < margin else'}),
        "boundaries not strict": Wrong(1, "not wholly on one side of 0",
            {"if low >": "if low >="}),
        "the margin counts as inside": Wrong(1, "which is not inside",
            {"< low and high <": "<= low and high <="}),
        "other words": Wrong(0, "'Better', which is not right", """
def verdict(low, high, margin):
    if low > 0:
        return "Better"
    if high < 0:
        return "Worse"
    return "Equal" if -margin < low and high < margin else "Undecided"
"""),
        "True or False": Wrong(0, "where a string is due", """
def verdict(low, high, margin):
    return low > 0 or high < 0"""),
    })

ANSWERS["holm"] = Known(right={
        "NumPy": """
def holm(p):
    p = np.asarray(p, float)
    order = np.argsort(p)
    steps = np.minimum(1, p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted""",
        "by the formula, for each": """
def holm(p):
    m, ranked = len(p), sorted(p)
    def value(x):
        upto = ranked.index(x) + 1
        return max(min(1, (m - k) * ranked[k]) for k in range(upto))
    return [value(x) for x in p]""",
        "pandas": """
import pandas as pd

def holm(p):
    s = pd.Series(p, dtype=float).sort_values()
    s = s * np.arange(len(s), 0, -1)
    return s.clip(upper=1).cummax().sort_index().tolist()""",
    }, wrong={
        "Bonferroni": Wrong(0, "Bonferroni's correction", """
def holm(p):
    return [min(1.0, len(p) * x) for x in p]"""),
        "no maximum": Wrong(0, "the maximum is missing",
            {"= largest": "= min(1.0, (len(p) - k) * p[i])"}),
        "returned sorted": Wrong(0, "in the order of p", """
def holm(p):
    steps = [min(1.0, (len(p) - k) * x) for k, x in enumerate(sorted(p))]
    return np.maximum.accumulate(steps).tolist()"""),
        "without sorting": Wrong(0, "not sorted before", """
def holm(p):
    steps = [min(1.0, (len(p) - k) * x) for k, x in enumerate(p)]
    return np.maximum.accumulate(steps).tolist()"""),
        "above 1": Wrong(1.5, "no probability is above 1",
            {"min(1.0, (len(p) - k) * p[i])": "(len(p) - k) * p[i]"}),
        "Benjamini and Hochberg": Wrong(0, "Benjamini", """
def holm(p):
    return stats.false_discovery_control(p).tolist()"""),
        "factors from m - 1": Wrong(0, "begin at m - 1", {": p[i]))": ": p[i]), start=1)"}),
        "the decisions": Wrong(0, "where a number is due", """
def holm(p):
    return [len(p) * x <= 0.05 for x in p]"""),
    })

ANSWERS["chosen"] = Known(right={
        "pandas": """
import pandas as pd

def chosen(runs):
    means = pd.DataFrame(runs).groupby("rate")[["validation", "test"]].mean()
    rate = means["validation"].idxmax()
    return rate, means.loc[rate, "test"]""",
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
    return [best, report]""",
    }, wrong={
        "chosen by test": Wrong(0, "chosen by mean test accuracy", """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    test = {r: np.mean([run["test"] for run in runs if run["rate"] == r]) for r in rates}
    best = max(test, key=test.get)
    return best, test[best]"""),
        "the best single run": Wrong(0, "the rate is not the right one", """
def chosen(runs):
    best = max(runs, key=lambda run: run["validation"])
    return best["rate"], best["test"]"""),
        "validation reported": Wrong(0, "it is the validation accuracy", """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    mean = {r: np.mean([run["validation"] for run in runs if run["rate"] == r]) for r in rates}
    best = max(mean, key=mean.get)
    return best, mean[best]"""),
        "the best test of the rate": Wrong(0, "it is the best run's", """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    mean = {r: np.mean([run["validation"] for run in runs if run["rate"] == r]) for r in rates}
    best = max(mean, key=mean.get)
    return best, max(run["test"] for run in runs if run["rate"] == best)"""),
        "diverged runs dropped": Wrong(1, "diverged, and counts", """
def chosen(runs):
    runs = [run for run in runs if run["validation"] > 0.5]
    rates = {run["rate"] for run in runs}
    mean = {r: np.mean([run["validation"] for run in runs if run["rate"] == r]) for r in rates}
    best = max(mean, key=mean.get)
    return best, np.mean([run["test"] for run in runs if run["rate"] == best])"""),
        "the median": Wrong(0, "the rate", {"np.mean(pairs": "np.median(pairs"}),
        "the rate only": Wrong(0, "where a list is due", """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    return max(
        rates, key=lambda r: np.mean([run["validation"] for run in runs if run["rate"] == r])
    )"""),
        "the mean of all": Wrong(0, "the mean over all rates", """
def chosen(runs):
    rates = {run["rate"] for run in runs}
    best = max(
        rates, key=lambda r: np.mean([run["validation"] for run in runs if run["rate"] == r])
    )
    return best, np.mean([run["test"] for run in runs])"""),
    })

ANSWERS["seeds-needed"] = Known(right={
        "count": """
from itertools import count

def seeds_needed(spread, half_width):
    def half(n):
        return stats.t.isf(0.025, n - 1) * spread * n**-0.5
    return next(n for n in count(2) if half(n) <= half_width)""",
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
    return many""",
    }, wrong={
        "1.96, solved for n": Wrong(0, "1.96 instead of Student's", """
def seeds_needed(spread, half_width):
    return max(2, int(np.ceil((1.96 * spread / half_width) ** 2)))"""),
        "n degrees of freedom": Wrong(0, "as with", {"n - 1) *": "n) *"}),
        "one-sided": Wrong(0, "as with", {"975, n -": "95, n -"}),
        "one too many": Wrong(0, "one too many", {"return n": "return n + 1"}),
        "the root forgotten": Wrong(0, "which is too small", {"np.sqrt(n)": "n"}),
        "up to 94": Wrong(1.5, "is None", """
def seeds_needed(spread, half_width):
    for n in range(2, 95):
        if stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n) <= half_width:
            return n"""),
        "a list": Wrong(0, "where one number is due", {"return n": "return [n]"}),
    })

ANSWERS["affordable"] = Known(right={
        "count the runs": """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    updates_per_run = (images // batch_size) * epochs
    runs = budget // updates_per_run
    tuning_runs = 2 * rates * tuning_seeds
    if runs < tuning_runs:
        return 0
    return (runs - tuning_runs) // 2""",
        "spend until empty": """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    run = epochs * int(images / batch_size)
    for schedule in ("first", "second"):
        budget -= rates * tuning_seeds * run
    seeds = 0
    while budget >= 2 * run:
        budget -= 2 * run
        seeds += 1
    return seeds""",
    }, wrong={
        "only one is tuned": Wrong(0, "only one of the two schedules", {
            """left = budget - 2 * rates * tuning_seeds * run
    return max(0, left""":
                "return max(0, (budget - rates * tuning_seeds * run)"}),
        "the other tries one rate": Wrong(0, "tried a single rate", {
            """left = budget - 2 * rates * tuning_seeds * run
    return max(0, left""":
                "return max(0, (budget - (rates + 1) * tuning_seeds * run)"}),
        "a seed takes one run": Wrong(0, "each schedule makes its own", {
            """left = budget - 2 * rates * tuning_seeds * run
    return max(0, left // (2 * run)""":
                "return max(0, (budget - 2 * rates * tuning_seeds * run) // run"}),
        "the partial batch is kept": Wrong(0, "too small", """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    run = epochs * -(-images // batch_size)
    return max(0, (budget - 2 * rates * tuning_seeds * run) // (2 * run))"""),
        "tuning is free": Wrong(0, "tuning cost nothing", """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    return budget // (2 * epochs * (images // batch_size))"""),
        "negative": Wrong(1.5, "a negative number of runs", {
            """left = budget - 2 * rates * tuning_seeds * run
    return max(0, left // (2 * run)""":
                "return (budget - 2 * rates * tuning_seeds * run) // (2 * run"}),
        "a fraction": Wrong(0.5, "no whole number", {
            """left = budget - 2 * rates * tuning_seeds * run
    return max(0, left /""":
                "return max(0, (budget - 2 * rates * tuning_seeds * run) "}),
        "the visible example": Wrong(0, "which is too", """
def affordable(budget, images, batch_size, epochs, rates, tuning_seeds):
    return 8 if rates == 4 else 14"""),
    })

ANSWERS["plan"] = Known(right={
        "own grids": """
def my_plan():
    first, second = mine["pair"]
    return {
        "schedules": [first, second],
        "epochs": mine["epochs"],
        "margin": 0.3,
        "rates": {first: [0.4, 0.1, 0.2], second: (0.05, 0.1, 0.2)},
        "tuning_seeds": [100, 101],
        "final_seeds": [0, 1, 2, 3, 4],
    }""",
        "arrays, and another margin": """
def my_plan():
    first, second = mine["pair"]
    return {
        "schedules": [first, second],
        "epochs": mine["epochs"],
        "margin": 1,
        "rates": {first: np.geomspace(0.05, 0.8, 3), second: np.geomspace(0.05, 0.4, 3)},
        "tuning_seeds": np.arange(50, 52),
        "final_seeds": np.arange(5),
    }""",
    }, wrong={
        "the baseline is not tuned": Wrong(1.5, "the tuning is unequal", {
            "4, 0.1, 0.2], second: (0.05, 0.1, 0.2)": "1, 0.2, 0.4], second: [0.1]"
        }, of="own grids"),
        "a rate fewer": Wrong(1.5, "the tuning is unequal", {
            "4, 0.1, 0.2], second: (0.05, 0.1, 0.2)": "1, 0.2, 0.4], second: [0.1, 0.4]"
        }, of="own grids"),
        "tuned on the final seeds": Wrong(1.5, "seed 0 is for tuning", {"100, 101": "0, 1"}),
        "beyond the budget": Wrong(1.5, "than your budget",
            {"seeds)),": 'mine["budget"] // (62 * mine["epochs"]))),'}),
        "another's schedules": Wrong(1.5, "follow from your id",
            {'mine["pair': '["steps", "constant'}, of="own grids"),
        "another's epochs": Wrong(1.5, "follows from your id", {': mine["epochs"]': ": 10"}),
        "in the other order": Wrong(1.5, "in the other order",
            {'["pair"]': '["pair"][::-1]'}, of="own grids"),
        "the margin as a share": Wrong(1.5, "is it in points?", {": 0.2,": ": 0.003,"}),
        "three final seeds": Wrong(1.5, "5 or more are due",
            {"list(range(seeds))": "[0, 1, 2]"}),
        "a narrow grid": Wrong(1.5, "the rates of", {
            "4, 0.1, 0.2], second: (0.05, 0.1, 0.2)": "1, 0.11, 0.12], second: [0.1, 0.2, 0.4]"
        }, of="own grids"),
        "ranges": Wrong(1, "write list(", {"list(range(seeds))": "range(seeds)"}),
        "the same seed five times": Wrong(1, "occurs twice", {"list(range(seeds))": "[3] * 5"}),
        "how many, not which": Wrong(1, "where a list is due", {"list(range(seeds))": "5"}),
    })

ANSWERS["results"] = Known(right={
        "from saved JSON": f"""
import json

SAVED = '''[{ONE}, {OTHER}]'''

def results():
    n = len(my_plan()["final_seeds"])
    return {{name: x[:n] for name, x in zip(mine["pair"], json.loads(SAVED))}}""",
        "a list for each": f"""
def results():
    one, other = tuple({ONE}), np.array({OTHER})
    n = len(my_plan()["final_seeds"])
    return dict(zip(mine["pair"], (one[:n], other[:n])))""",
    }, wrong={
        "percentages": Wrong(0, "accuracies are shares",
            {"(one[:n], other[:n])": "100 * np.array([one, other])[:, :n]"}, "a list for each"),
        "one list copied": Wrong(0, "the very same numbers",
            {"other[:n]": "one[:n]"}, "a list for each"),
        "the means": Wrong(0, "where a list is due",
            {"(one[:n], other[:n])": "(0.9165, 0.9167)"}, "a list for each"),
        "another's schedules": Wrong(0, "follow from your id",
            {'mine["pair"]': '("steps", "constant")'}, "a list for each"),
        "trains in the sandbox": Wrong(0, "must stand in the cell", """
def results():
    data, s = mnist(train=2000, validation=2000), my_plan()["final_seeds"]
    return {n: [run(n, best[n], x, data).test_accuracy for x in s] for n in mine["pair"]}"""),
        "a variable of another cell": Wrong(0, "must stand in the cell", """
def results():
    return measured"""),
        "three runs": Wrong(0, "5 or more are due",
            {"one[:n], other[:n]": "one[:3], other[:3]"}, "a list for each"),
        "one run too few in one list": Wrong(0, "unequally many",
            {"one[:n], other[:n]": "one[:7], other[:6]"}, "a list for each"),
        "text": Wrong(0, "where a number is due",
            {"(one[:n], other[:n])": '[["91.7 %"] * 5] * 2'}, "a list for each"),
    })

ANSWERS["report"] = Known(right={
        "from the differences": """
def report(plan, found):
    first, second = plan["schedules"]
    gaps = 100 * (np.array(found[first]) - np.array(found[second]))
    mean, low, high = interval(gaps.tolist())
    word = verdict(low, high, plan["margin"])
    return dict(mean=mean, low=low, high=high, verdict=word)""",
        "scipy": """
def report(plan, found):
    a, b = (100 * np.array(found[name]) for name in plan["schedules"])
    low, high = stats.ttest_rel(a, b).confidence_interval(0.95)
    word = verdict(low, high, plan["margin"])
    return {"verdict": word, "mean": a.mean() - b.mean(), "low": low, "high": high}""",
    }, wrong={
        "second minus first": Wrong(0, "wrong sign",
            {"first, second": "second, first"}, of="from the differences"),
        "in the order of the table": Wrong(0.5, "wrong sign", """
def report(plan, found):
    a, b = (np.array(numbers) for numbers in found.values())
    mean, low, high = interval((100 * (a - b)).tolist())
    return dict(mean=mean, low=low, high=high, verdict=verdict(low, high, plan["margin"]))"""),
        "shares": Wrong(0, "due in points", """
def report(plan, found):
    a, b = (np.array(found[name]) for name in plan["schedules"])
    mean, low, high = interval((a - b).tolist())
    return dict(mean=mean, low=low, high=high, verdict=verdict(low, high, plan["margin"]))"""),
        "the own results, whatever is asked": Wrong(0.5, "on another plan", """
def report(plan, found):
    plan, found = my_plan(), results()
    a, b = (np.array(found[name]) for name in plan["schedules"])
    mean, low, high = interval((100 * (a - b)).tolist())
    return dict(mean=mean, low=low, high=high, verdict=verdict(low, high, plan["margin"]))"""),
        "unpaired": Wrong(0, "independent groups", {"ttest_rel": "ttest_ind"}, of="scipy"),
        "other words": Wrong(0, "its interval is right; the verdict", {
            'verdict(low, high, plan["margin"])':
                '"significant" if low > 0 or high < 0 else "not significant"'}, of="scipy"),
        "rounded": Wrong(0, "the mean is", """
def report(plan, found):
    a, b = (100 * np.array(found[name]) for name in plan["schedules"])
    mean, low, high = (round(x, 1) for x in interval((a - b).tolist()))
    return dict(mean=mean, low=low, high=high, verdict=verdict(low, high, plan["margin"]))"""),
        "a list": Wrong(0, "where a dictionary is due", """
def report(plan, found):
    a, b = (100 * np.array(found[name]) for name in plan["schedules"])
    return interval((a - b).tolist())"""),
    })
