"""Known answers to the assignment "Reduce on plateau as a state machine"."""

from d2lsched.teaching.answers import Known, Wrong

# A mistake a line, as far as it fits.
# fmt: off
ANSWERS: dict[str, Known] = {}

ANSWERS["by_hand"] = Known(right={
        "a loop of its own": """
def my_rates():
    rate, best, bad, cooling = mine["rate"], mine["losses"][0] + 1, 0, 0
    rates = []
    for loss in mine["losses"]:
        rates.append(rate)
        if loss < best - 1e-4 * best:
            best = loss
            bad = 0
        else:
            bad = bad + 1
        if cooling > 0: bad, cooling = 0, cooling - 1
        if bad > mine["patience"]:
            rate = rate * mine["factor"]
            bad = 0
            cooling = mine["cooldown"]
        pass
    return rates""",
        "asks the machine of question 5": """
def my_rates():
    settings = {k: mine[k] for k in ("factor", "patience", "cooldown")}
    return tuple(rates_of_run(mine["losses"], start(mine["rate"]), **settings))""",
        "cuts counted, the rate from a power, as an array": """
def my_rates():
    best, bad, rest, cuts, exponents = float("inf"), 0, 0, 0, []
    for loss in mine["losses"]:
        exponents.append(cuts)
        worse = not loss < best * 0.9999
        best = best if worse else loss
        bad = bad + 1 if worse and rest == 0 else 0
        rest = max(0, rest - 1)
        if bad == mine["patience"] + 1:
            cuts, bad, rest = cuts + 1, 0, mine["cooldown"]
    return mine["rate"] * mine["factor"] ** np.array(exponents, dtype=float)""",
    }, wrong={
        "cuts when the count reaches the patience": Wrong(0, "too small",
            {'> mine["': '>= mine["'}, of="a loop of its own"),
        "the cut is felt in the epoch that heard it": Wrong(0,
            "every cut comes one epoch early", """
def my_rates():
    rate, best, bad, cooling = mine["rate"], mine["losses"][0] + 1, 0, 0
    rates = []
    for loss in mine["losses"]:
        pass
        if loss < best - 1e-4 * best:
            best = loss
            bad = 0
        else:
            bad = bad + 1
        if cooling > 0: bad, cooling = 0, cooling - 1
        if bad > mine["patience"]:
            rate = rate * mine["factor"]
            bad = 0
            cooling = mine["cooldown"]
        rates.append(rate)
    return rates"""),
        "every smaller loss improves": Wrong(0, "first wrong at epoch",
            {"best - 1e-4 * best": "best"}, of="a loop of its own"),
        "compares with the epoch before": Wrong(0, "first wrong at epoch", {
            "if loss < best - 1e-4 * best":
                "last, best = best, loss\n        if loss < last * 0.9999"
        }, of="a loop of its own"),
        "forgets the cooldown": Wrong(1, "too small",
            {"if cooling > 0: bad, cooling = 0, cooling - 1": "pass"}, of="a loop of its own"),
        "a cooldown one epoch short, as in Keras": Wrong(1, "too small", {
            "if cooling > 0:": "cooling -= 1",
            "            bad, cooling = 0, cooling - 1": "        if cooling > 0: bad = 0"}),
        "a rate too many": Wrong(0, "too many",
            {"return rates": "return rates + [rate]"}, of="a loop of its own"),
        "prints": Wrong(0, "None", {"return rates": "print(rates)"}, of="a loop of its own"),
        "strings": Wrong(0, "where a number is due",
            {"return rates": "return [str(rate) for rate in rates]"}, of="a loop of its own"),
    })

ANSWERS["better"] = Known(right={
        "the best begins infinite": """
def better(metric, best, mode="min", threshold=1e-4, threshold_mode="rel"):
    sign = 1 if mode == "min" else -1
    best = math.inf if best is None else sign * best
    margin = threshold if threshold_mode == "abs" else threshold * abs(best)
    if math.isinf(best):
        margin = 0
    return sign * metric < best - margin""",
        "by the sign, with NumPy": """
def better(metric, best, mode="min", threshold=1e-4, threshold_mode="rel"):
    if best is None:
        return not np.isnan(metric)
    gain = np.subtract(best, metric) if mode == "min" else np.subtract(metric, best)
    needed = {"rel": np.abs(best), "abs": 1.0}[threshold_mode] * threshold
    return gain > needed""",
        "four cases written out": """
def better(metric, best, mode="min", threshold=1e-4, threshold_mode="rel"):
    if metric != metric:
        return False
    if best is None:
        return True
    if threshold_mode == "abs":
        bar = best - threshold if mode == "min" else best + threshold
    elif (mode == "min") == (best >= 0):
        bar = best * (1 - threshold)
    else:
        bar = best * (1 + threshold)
    return bool(metric < bar) if mode == "min" else bool(metric > bar)""",
    }, wrong={
        "PyTorch's threshold for a negative best": Wrong(2.5, "whatever the sign of the best", {
            """return metric < best - margin
    return metric > best + margin""":
            """bar = best * (1 - threshold) if threshold_mode == "rel" else best - threshold
        return metric < bar
    bar = best * (1 + threshold) if threshold_mode == "rel" else best + threshold
    return metric > bar"""}),
        "equal is better": Wrong(1, "strict", {
            """if mode == "min":
        return metric < best - margin
    return metric >""":
                'return metric <= best - margin if mode == "min" else metric >='}),
        "NaN is new, so better": Wrong(2.5, "NaN is never better",
            {"math.isnan(metric):\n        return False\n    if ": ""}),
        "not worse is better": Wrong(2.5, "NaN is never better", {
            """np.subtract(best, metric) if mode == "min" else np.subtract(metric, best)
    needed = {"rel": np.abs(best), "abs": 1.0}[threshold_mode] * threshold
    return gain > needed""":
            """threshold * abs(best) if threshold_mode == "rel" else threshold
    return not (metric >= best - gain if mode == "min" else metric <= best + gain)"""
        }, of="by the sign, with NumPy"),
        "no threshold": Wrong(0.5, "by less than the threshold", {
            """gain = np.subtract(best, metric) if mode == "min" else np.subtract(metric, best)
    needed = {"rel": np.abs(best), "abs": 1.0}[threshold_mode] * threshold
    return gain > needed""":
                'return metric < best if mode == "min" else metric > best'
        }, of="by the sign, with NumPy"),
        "always relative": Wrong(2, "which is absolute", {
            """np.subtract(best, metric) if mode == "min" else np.subtract(metric, best)
    needed = {"rel": np.abs(best), "abs": 1.0}[threshold_mode] * threshold
    return gain > needed""":
            """threshold * abs(best)
    return metric < best - gain if mode == "min" else metric > best + gain"""
        }, of="by the sign, with NumPy"),
        "ignores the mode": Wrong(0.5, "larger, by more than the threshold", {
            """if mode == "min":
        return metric < best - margin
    return metric > best +""":
                "return metric < best -"}),
        "zero taken for None": Wrong(2.5, "not the same as None", {
            """:
        return False
    if best is None:
        return True""":
                " or not best:\n        return not math.isnan(metric)"}),
        "the threshold on the wrong side": Wrong(0.5, "equal is not better", {
            """if mode == "min":
        return metric < best - margin
    return metric > best +""":
                'return metric < best + margin if mode == "min" else metric > best -'}),
        "no path for None": Wrong(2.5, "TypeError", """
def better(metric, best, mode="min", threshold=1e-4, threshold_mode="rel"):
    margin = threshold * abs(best) if threshold_mode == "rel" else threshold
    return metric < best - margin if mode == "min" else metric > best + margin"""),
        "a string": Wrong(0, "where True or False is due", """
def better(metric, best, mode="min", threshold=1e-4, threshold_mode="rel"):
    return "yes" if best is None or metric < best else "no"
"""),
    })

ANSWERS["lowered"] = Known(right={
        "conditions one by one": """
def lowered(rate, factor=0.1, min_lr=0.0, eps=1e-8):
    new = factor * rate
    if new < min_lr:
        new = min_lr
    if rate - new <= eps:
        return rate
    return new""",
        "with NumPy": """
def lowered(rate, factor=0.1, min_lr=0.0, eps=1e-8):
    new = np.maximum(np.float64(rate) * factor, min_lr)
    return np.where(rate - new > eps, new, rate)""",
    }, wrong={
        "no floor": Wrong(1.25, "too small", """
def lowered(rate, factor=0.1, min_lr=0.0, eps=1e-8):
    return rate * factor if rate - rate * factor > eps else rate"""),
        "eps compared with the new rate": Wrong(1.25, "too", {"rate - lower": "lower"}),
        "no eps": Wrong(1.25, "too small", """
def lowered(rate, factor=0.1, min_lr=0.0, eps=1e-8):
    return max(min_lr, rate * factor)"""),
        "min for max": Wrong(0, "too small", {"= max(": "= min("}),
        "divides by the factor": Wrong(0, "too large",
            {"* factor": "/ factor", "rate - lower": "abs(rate - lower)"}),
        "subtracts": Wrong(0, "too large", {"* factor": "- factor * rate"}),
        "at the floor it returns nothing": Wrong(0.5, "return", {
            "return lower if rate - lower > eps else rate":
                "if rate - lower > eps:\n        return lower"}),
        "the checks' numbers only": Wrong(0, "too large", {
            "max(min_lr, rate * factor)":
                "{(0.4, 0.1): 0.04, (0.1, 0.5): 0.08, (0.08, 0.5): 0.08, (5e-9, 0.5): 5e-9}",
            "lower if rate - lower > eps else rate": "lower.get((rate, factor), 0.4)"}),
    })

ANSWERS["observe"] = Known(right={
        "a copy, changed step by step": """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"] = metric
        new["bad"] = 0
    else:
        new["bad"] += 1
    if state["cooling"] > 0:
        new["cooling"] -= 1
        new["bad"] = 0
    if new["bad"] > patience:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"] = 0
        new["cooling"] = cooldown
    return new""",
        "comparisons of its own, in expressions": """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    mode = comparison.get("mode", "min")
    theta = comparison.get("threshold", 1e-4)
    best = state["best"]
    if best is None:
        good = metric == metric
    else:
        relative = comparison.get("threshold_mode", "rel") == "rel"
        gain = best - metric if mode == "min" else metric - best
        good = gain > theta * (abs(best) if relative else 1)
    resting = state["cooling"] > 0
    bad = 0 if good or resting else state["bad"] + 1
    cut = bad == patience + 1
    lower = max(state["rate"] * factor, min_lr)
    return {
        "best": metric if good else best,
        "bad": 0 if cut else bad,
        "cooling": cooldown if cut else max(state["cooling"] - 1, 0),
        "rate": lower if cut and state["rate"] - lower > eps else state["rate"],
    }""",
        "returns early": """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    good = better(metric, state["best"], **comparison)
    best = metric if good else state["best"]
    if state["cooling"] > 0:
        return {**state, "best": best, "bad": 0, "cooling": state["cooling"] - 1}
    if good:
        return {**state, "best": best, "bad": 0}
    if state["bad"] < patience:
        return {**state, "bad": state["bad"] + 1}
    rate = lowered(state["rate"], factor, min_lr, eps)
    return {**state, "rate": rate, "bad": 0, "cooling": cooldown}""",
    }, wrong={
        "changes the state it is given": Wrong(5.5, "changed the state that it was given", """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    if better(metric, state["best"], **comparison):
        state["best"], state["bad"] = metric, 0
    else:
        state["bad"] += 1
    if state["cooling"] > 0:
        state["bad"], state["cooling"] = 0, state["cooling"] - 1
    if state["bad"] > patience:
        state["rate"] = lowered(state["rate"], factor, min_lr, eps)
        state["bad"], state["cooling"] = 0, cooldown
    return state"""),
        "copies, but counts in the original": Wrong(6.25,
            "changed the state that it was given", """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    if not better(metric, state["best"], **comparison):
        state["bad"] += 1
        new = dict(state)
    else:
        new = {**state, "best": metric, "bad": 0}
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] > patience:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    return new"""),
        "cuts when the count reaches the patience": Wrong(1.5, "must not fall yet", {
            """state["cooling"] > 0:
        new["cooling"] -= 1
        new["bad"] = 0
    if new["bad"] >""":
            """new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] >="""}, of="a copy, changed step by step"),
        "one epoch too patient": Wrong(0.75, "a cut is due here and did not come", {
            """state["cooling"] > 0:
        new["cooling"] -= 1
        new["bad"] = 0
    if new["bad"] > patience""":
            """new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] > patience + 1"""}, of="a copy, changed step by step"),
        "bad epochs in all, not in a row": Wrong(3.25, "this metric was an improvement", {
            '        new["bad"] = 0\n    else': "    else"}, of="a copy, changed step by step"),
        "the count is not reset by a cut": Wrong(0.75, "'bad' is",
            {'bad"] = 0\n        new["': ""}, of="a copy, changed step by step"),
        "compares with the epoch before": Wrong(1.5, "'best' is", """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    new = {**state, "best": metric}
    new["bad"] = 0 if better(metric, state["best"], **comparison) else state["bad"] + 1
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] > patience:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    return new"""),
        "deaf during a cooldown": Wrong(5.25, "'best' is",
            {'best": best, "bad": 0,': 'bad": 0,'}, of="returns early"),
        "Keras' cooldown, one epoch short": Wrong(5.75, "must not fall yet", {
            "better":
            """new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if better""",
            ' = metric\n        new["bad"] = 0\n    else':
                ', new["bad"] = metric, 0\n    elif new["cooling"] == 0',
            """state["cooling"] > 0:
        new["cooling"] -= 1
        new["bad"] = 0
    if """:
                ""}, of="a copy, changed step by step"),
        "a cooldown that begins in the epoch of the cut": Wrong(5.25, "'cooling' is", {
            ' = 0\n        new["cooling"] = cooldown':
            """, new["cooling"] = 0, cooldown
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1"""
        }, of="a copy, changed step by step"),
        "drops the settings of the comparison": Wrong(6, "mode=max", {
            """, **comparison):
        new["best"] = metric
        new["bad"] =""":
                '):\n        new["best"], new["bad"] = metric,'
        }, of="a copy, changed step by step"),
        "drops the floor": Wrong(6.25, "min_lr=", {
            """lowered(new["rate"], factor, min_lr, eps)
        new["bad"] = 0
        new["cooling"] =""":
                'new["rate"] * factor\n        new["bad"], new["cooling"] = 0,'
        }, of="a copy, changed step by step"),
        "a memory of its own": Wrong(5, "All that observe may know is in the state", {
            "def observe": 'new = {"best": None, "bad": 0, "cooling": 0}\n\n\ndef observe',
            """new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"] = metric
        new["bad"] =""":
            """if state["best"] is None:
        new.update(best=None, bad=0, cooling=0)
    rate = state["rate"]
    if better(metric, new["best"], **comparison):
        new["best"], new["bad"] = metric,""",
            """new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"] = 0
        new["cooling"] = cooldown
    return new""":
            """rate = lowered(rate, factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    return {"rate": rate, **new}"""}, of="a copy, changed step by step"),
        "a tuple": Wrong(0, "where a dictionary is due", """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    rate, best, bad, cooling = state.values()
    if better(metric, best, **comparison):
        best, bad = metric, 0
    else:
        bad += 1
    if cooling > 0:
        bad, cooling = 0, cooling - 1
    if bad > patience:
        rate, bad, cooling = lowered(rate, factor, min_lr, eps), 0, cooldown
    return rate, best, bad, cooling"""),
        "returns the rate": Wrong(0, "where a dictionary is due", """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    bad = 0 if better(metric, state["best"], **comparison) else state["bad"] + 1
    return lowered(state["rate"], factor, min_lr, eps) if bad > patience else state["rate"]"""),
        "forgets to return": Wrong(0, "end in `return`", """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"], new["bad"] = metric, 0
    else:
        new["bad"] += 1
    state = new"""),
    })

ANSWERS["rates_of_run"] = Known(right={
        "recursion": """
def rates_of_run(metrics, state, **settings):
    if len(metrics) == 0:
        return []
    after = observe(state, metrics[0], **settings)
    return [state["rate"]] + rates_of_run(metrics[1:], after, **settings)""",
        "accumulate": """
from itertools import accumulate


def rates_of_run(metrics, state, **settings):
    def next_state(before, metric):
        return observe(before, metric, **settings)

    states = accumulate(metrics, next_state, initial=state)
    return np.array([one["rate"] for one in states][:-1])""",
    }, wrong={
        "the rates after hearing": Wrong(0, "every cut comes one epoch early", """
def rates_of_run(metrics, state, **settings):
    rates = []
    for metric in metrics:
        state = observe(state, metric, **settings)
        rates.append(state["rate"])
    return rates"""),
        "one rate too many": Wrong(0, "too many", """
def rates_of_run(metrics, state, **settings):
    rates = [state["rate"]]
    for metric in metrics:
        state = observe(state, metric, **settings)
        rates.append(state["rate"])
    return rates"""),
        "begins anew": Wrong(1, "resumed",
            {"rates = [": 'state, rates = start(state["rate"]), ['}),
        "drops the settings": Wrong(0, "too large", {"metric, **settings": "metric"}),
        "only factor and patience": Wrong(1, "with all settings", {
            "state, *": "state, factor=0.1, patience=10, *",
            "metric, **settings": "metric, factor, patience"}),
        "does not carry the state": Wrong(0, "epoch", """
def rates_of_run(metrics, state, **settings):
    return [observe(state, metric, **settings)["rate"] for metric in metrics]"""),
        "only the last rate": Wrong(0, "where a list is due",
            {"return rates": 'return state["rate"]'}),
        "returns in the loop": Wrong(0, "too few",
            {"    return rates": "        return rates"}),
    })

ANSWERS["translate"] = Known(right={
        "a table of differences": """
def translate(library, patience, cooldown=0):
    less = {"torch": (0, 0, "rel"), "keras": (1, 1, "abs"), "optax": (1, 0, "rel")}
    p, c, kind = less[library]
    if library == "optax" and patience < 1:
        raise ValueError(f"optax cuts at improvements with patience {patience}")
    return dict(
        patience=max(0, patience - p), cooldown=max(0, cooldown - c), threshold_mode=kind
    )""",
        "case by case": """
def translate(library, patience, cooldown=0):
    if library == "torch":
        return {"patience": patience, "cooldown": cooldown, "threshold_mode": "rel"}
    if library == "optax" and patience == 0:
        raise ValueError("no such settings")
    patience = patience - 1 if patience else 0
    if library == "optax":
        return {"patience": patience, "cooldown": cooldown, "threshold_mode": "rel"}
    cooldown = cooldown - 1 if cooldown else 0
    return {"cooldown": cooldown, "patience": patience, "threshold_mode": "abs"}""",
    }, wrong={
        "nothing to translate": Wrong(0.25, "ValueError is due", """
def translate(library, patience, cooldown=0):
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": "rel"}"""),
        "more patience for less": Wrong(0.5, "too large", """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library == "optax" and patience == 0:
        raise ValueError("no such settings")
    if library != "torch":
        patience += 1
    if library == "keras":
        cooldown += 1
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}"""),
        "zeros become negative": Wrong(1, "too small", """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library == "optax" and patience == 0:
        raise ValueError("no such settings")
    if library != "torch":
        patience -= 1
    if library == "keras":
        cooldown -= 1
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}"""),
        "Keras' cooldown as it is": Wrong(1, "'cooldown'", """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library == "optax" and patience == 0:
        raise ValueError("no such settings")
    if library != "torch":
        patience = max(patience - 1, 0)
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}"""),
        "one kind of threshold": Wrong(1, "'threshold_mode'", """
def translate(library, patience, cooldown=0):
    if library == "optax" and patience == 0:
        raise ValueError("no such settings")
    if library != "torch":
        patience = max(patience - 1, 0)
    if library == "keras":
        cooldown = max(cooldown - 1, 0)
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": "rel"}"""),
        "optax' patience 0 as Keras'": Wrong(1.75, "ValueError is due", """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library != "torch":
        patience = max(patience - 1, 0)
    if library == "keras":
        cooldown = max(cooldown - 1, 0)
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}"""),
        "returns the error": Wrong(1.75, "ValueError is due", """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library == "optax" and patience == 0:
        return ValueError("no such settings")
    if library != "torch":
        patience = max(patience - 1, 0)
    if library == "keras":
        cooldown = max(cooldown - 1, 0)
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}"""),
        "a list": Wrong(0, "where a dictionary is due", """
def translate(library, patience, cooldown=0):
    less = {"torch": (0, 0, "rel"), "keras": (1, 1, "abs"), "optax": (1, 0, "rel")}
    p, c, kind = less[library]
    return [max(0, patience - p), max(0, cooldown - c), kind]"""),
    })

ANSWERS["whose"] = Known(right={
        "a relative tolerance by hand": """
def whose(metrics, rates, factor, patience, cooldown):
    def same(library):
        options = translate(library, patience, cooldown)
        theirs = rates_of_run(metrics, start(rates[0]), factor=factor, **options)
        return all(abs(a / b - 1) < 1e-5 for a, b in zip(rates, theirs))

    return next((name for name in ("optax", "keras", "torch") if same(name)), None)""",
        "only the epochs of the cuts": """
def whose(metrics, rates, factor, patience, cooldown):
    cuts = np.round(np.log(np.array(rates) / rates[0]) / np.log(factor)).astype(int)
    for library in ["keras", "torch", "optax"]:
        options = translate(library, patience, cooldown)
        theirs = rates_of_run(metrics, start(1.0), factor=factor, **options)
        if np.array_equal(cuts, np.round(np.log(theirs) / np.log(factor)).astype(int)):
            return library""",
    }, wrong={
        "compares with ==": Wrong(1, "rounded to float32", {
            """theirs = rates_of_run(metrics, start(rates[0]), factor=factor, **settings)
        if np.allclose(rates, theirs, rtol=1e-5, atol=0)""":
                "if rates_of_run(metrics, start(rates[0]), factor=factor, **settings) == rates"
        }),
        "always PyTorch": Wrong(0, "which is not right", """
def whose(metrics, rates, factor, patience, cooldown):
    return "torch"
"""),
        "one patience for all": Wrong(0, "where a string is due", {
            "translate(library, patience, cooldown)":
                '{"patience": patience, "cooldown": cooldown}'}),
        "the first cut only": Wrong(0, "which is not right", {
            "for library":
            """def first(found):
        return next((e for e in range(len(found)) if found[e] < found[0]), None)

    for library""",
            "np.allclose(rates, theirs, rtol=1e-5, atol=0": "first(rates) == first(theirs"}),
        "the most similar, never None": Wrong(1, "where None is due", {
            "all(abs(a / b - 1) < 1e-5 for a, b in zip(rates, theirs":
                "np.sum(np.abs(np.log(rates) - np.log(theirs)",
            'next((name for name in ("optax", "keras", "torch") if same(name)), None':
                'min(("torch", "keras", "optax"), key=same'
        }, of="a relative tolerance by hand"),
        "the peak of question 4": Wrong(0, "where a string is due", {"rates[0])": "0.4)"}),
        "nobody, as a string": Wrong(1, "where None is due", {"return None": 'return "None"'}),
    })
