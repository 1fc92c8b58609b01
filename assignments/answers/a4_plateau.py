"""Known answers to the assignment "Reduce on plateau as a state machine"."""

from d2lsched.teaching.answers import Known, Wrong

LOOP = """
def my_rates():
    rate, best, bad, cooling = mine["rate"], mine["losses"][0] + 1, 0, 0
    rates = []
    for loss in mine["losses"]:
        {before}
        {improvement}
            best = loss
            bad = 0
        else:
            bad = bad + 1
        {cooldown}
        if {cut}:
            rate = rate * mine["factor"]
            bad = 0
            cooling = mine["cooldown"]
        {after}
    return rates
"""


def by_hand(
    before: str = "rates.append(rate)",
    improvement: str = "if loss < best - 1e-4 * best:",
    cooldown: str = "if cooling > 0: bad, cooling = 0, cooling - 1",
    cut: str = 'bad > mine["patience"]',
    after: str = "pass",
) -> str:
    """Replay one's own run under a rule that may be a wrong one."""
    return LOOP.format(
        before=before, improvement=improvement, cooldown=cooldown, cut=cut, after=after
    )


BETTER = """
def better(metric, best, mode="min", threshold=1e-4, threshold_mode="rel"):
    {body}
"""


def better(body: str) -> str:
    """The cell of `better` with this body."""
    return BETTER.format(body=body.strip())


LOWERED = """
def lowered(rate, factor=0.1, min_lr=0.0, eps=1e-8):
    {body}
"""


def lowered(body: str) -> str:
    """The cell of `lowered` with this body."""
    return LOWERED.format(body=body.strip())


OBSERVE = """
def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    {body}
"""


def observe(body: str) -> str:
    """The cell of `observe` with this body."""
    return OBSERVE.format(body=body.strip())


ANSWERS = {
    "by_hand": Known(
        right={
            "a loop of its own": by_hand(),
            "asks the machine of question 5": """
def my_rates():
    settings = {k: mine[k] for k in ("factor", "patience", "cooldown")}
    return tuple(rates_of_run(mine["losses"], start(mine["rate"]), **settings))
""",
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
    return mine["rate"] * mine["factor"] ** np.array(exponents, dtype=float)
""",
        },
        wrong={
            "cuts when the count reaches the patience": Wrong(
                by_hand(cut='bad >= mine["patience"]'), 0, "too small"
            ),
            "the cut is felt in the epoch that heard it": Wrong(
                by_hand(before="pass", after="rates.append(rate)"),
                0,
                "every cut comes one epoch early",
            ),
            "every smaller loss improves": Wrong(
                by_hand(improvement="if loss < best:"), 0, "first wrong at epoch"
            ),
            "compares with the epoch before": Wrong(
                by_hand(
                    improvement="last, best = best, loss\n        if loss < last * 0.9999:"
                ),
                0,
                "first wrong at epoch",
            ),
            "forgets the cooldown": Wrong(by_hand(cooldown="pass"), 1, "too small"),
            "a cooldown one epoch short, as in Keras": Wrong(
                by_hand(cooldown="cooling -= 1\n        if cooling > 0: bad = 0"),
                1,
                "too small",
            ),
            "a rate too many": Wrong(
                by_hand().replace("return rates", "return rates + [rate]"), 0, "too many"
            ),
            "prints": Wrong(by_hand().replace("return rates", "print(rates)"), 0, "None"),
            "strings": Wrong(
                by_hand().replace("return rates", "return [str(rate) for rate in rates]"),
                0,
                "where a number is due",
            ),
        },
    ),
    "better": Known(
        right={
            "the best begins infinite": better("""
    sign = 1 if mode == "min" else -1
    best = math.inf if best is None else sign * best
    margin = threshold if threshold_mode == "abs" else threshold * abs(best)
    if math.isinf(best):
        margin = 0
    return sign * metric < best - margin
"""),
            "by the sign, with NumPy": better("""
    if best is None:
        return not np.isnan(metric)
    gain = np.subtract(best, metric) if mode == "min" else np.subtract(metric, best)
    needed = {"rel": np.abs(best), "abs": 1.0}[threshold_mode] * threshold
    return gain > needed
"""),
            "four cases written out": better("""
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
    return bool(metric < bar) if mode == "min" else bool(metric > bar)
"""),
        },
        wrong={
            "PyTorch's threshold for a negative best": Wrong(
                better("""
    if math.isnan(metric):
        return False
    if best is None:
        return True
    if mode == "min":
        bar = best * (1 - threshold) if threshold_mode == "rel" else best - threshold
        return metric < bar
    bar = best * (1 + threshold) if threshold_mode == "rel" else best + threshold
    return metric > bar
"""),
                2.5,
                "whatever the sign of the best",
            ),
            "equal is better": Wrong(
                better("""
    if math.isnan(metric) or best is None:
        return not math.isnan(metric)
    margin = threshold * abs(best) if threshold_mode == "rel" else threshold
    return metric <= best - margin if mode == "min" else metric >= best + margin
"""),
                1,
                "strict",
            ),
            "NaN is new, so better": Wrong(
                better("""
    if best is None:
        return True
    margin = threshold * abs(best) if threshold_mode == "rel" else threshold
    return metric < best - margin if mode == "min" else metric > best + margin
"""),
                2.5,
                "NaN is never better",
            ),
            "not worse is better": Wrong(
                better("""
    if best is None:
        return not math.isnan(metric)
    margin = threshold * abs(best) if threshold_mode == "rel" else threshold
    return not (metric >= best - margin if mode == "min" else metric <= best + margin)
"""),
                2.5,
                "NaN is never better",
            ),
            "no threshold": Wrong(
                better("""
    if math.isnan(metric) or best is None:
        return not math.isnan(metric)
    return metric < best if mode == "min" else metric > best
"""),
                0.5,
                "by less than the threshold",
            ),
            "always relative": Wrong(
                better("""
    if math.isnan(metric) or best is None:
        return not math.isnan(metric)
    margin = threshold * abs(best)
    return metric < best - margin if mode == "min" else metric > best + margin
"""),
                2,
                "which is absolute",
            ),
            "ignores the mode": Wrong(
                better("""
    if math.isnan(metric) or best is None:
        return not math.isnan(metric)
    margin = threshold * abs(best) if threshold_mode == "rel" else threshold
    return metric < best - margin
"""),
                0.5,
                "larger, by more than the threshold",
            ),
            "zero taken for None": Wrong(
                better("""
    if math.isnan(metric) or not best:
        return not math.isnan(metric)
    margin = threshold * abs(best) if threshold_mode == "rel" else threshold
    return metric < best - margin if mode == "min" else metric > best + margin
"""),
                2.5,
                "not the same as None",
            ),
            "the threshold on the wrong side": Wrong(
                better("""
    if math.isnan(metric) or best is None:
        return not math.isnan(metric)
    margin = threshold * abs(best) if threshold_mode == "rel" else threshold
    return metric < best + margin if mode == "min" else metric > best - margin
"""),
                0.5,
                "equal is not better",
            ),
            "no path for None": Wrong(
                better("""
    margin = threshold * abs(best) if threshold_mode == "rel" else threshold
    return metric < best - margin if mode == "min" else metric > best + margin
"""),
                2.5,
                "TypeError",
            ),
            "a string": Wrong(
                better("""
    return "yes" if best is None or metric < best else "no"
"""),
                0,
                "where True or False is due",
            ),
        },
    ),
    "lowered": Known(
        right={
            "conditions one by one": lowered("""
    new = factor * rate
    if new < min_lr:
        new = min_lr
    if rate - new <= eps:
        return rate
    return new
"""),
            "with NumPy": lowered("""
    new = np.maximum(np.float64(rate) * factor, min_lr)
    return np.where(rate - new > eps, new, rate)
"""),
        },
        wrong={
            "no floor": Wrong(
                lowered("""
    return rate * factor if rate - rate * factor > eps else rate
"""),
                1.25,
                "too small",
            ),
            "eps compared with the new rate": Wrong(
                lowered("""
    new = max(min_lr, rate * factor)
    return new if new > eps else rate
"""),
                1.25,
                "too",
            ),
            "no eps": Wrong(
                lowered("""
    return max(min_lr, rate * factor)
"""),
                1.25,
                "too small",
            ),
            "min for max": Wrong(
                lowered("""
    new = min(min_lr, rate * factor)
    return new if rate - new > eps else rate
"""),
                0,
                "too small",
            ),
            "divides by the factor": Wrong(
                lowered("""
    new = max(min_lr, rate / factor)
    return new if abs(rate - new) > eps else rate
"""),
                0,
                "too large",
            ),
            "subtracts": Wrong(
                lowered("""
    new = max(min_lr, rate - factor * rate)
    return new if rate - new > eps else rate
"""),
                0,
                "too large",
            ),
            "at the floor it returns nothing": Wrong(
                lowered("""
    new = max(min_lr, rate * factor)
    if rate - new > eps:
        return new
"""),
                0.5,
                "return",
            ),
            "the checks' numbers only": Wrong(
                lowered("""
    table = {(0.4, 0.1): 0.04, (0.1, 0.5): 0.08, (0.08, 0.5): 0.08, (5e-9, 0.5): 5e-9}
    return table.get((rate, factor), 0.4)
"""),
                0,
                "too large",
            ),
        },
    ),
    "observe": Known(
        right={
            "a copy, changed step by step": observe("""
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
    return new
"""),
            "comparisons of its own, in expressions": observe("""
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
    }
"""),
            "returns early": observe("""
    good = better(metric, state["best"], **comparison)
    best = metric if good else state["best"]
    if state["cooling"] > 0:
        return {**state, "best": best, "bad": 0, "cooling": state["cooling"] - 1}
    if good:
        return {**state, "best": best, "bad": 0}
    if state["bad"] < patience:
        return {**state, "bad": state["bad"] + 1}
    rate = lowered(state["rate"], factor, min_lr, eps)
    return {**state, "rate": rate, "bad": 0, "cooling": cooldown}
"""),
        },
        wrong={
            "changes the state it is given": Wrong(
                observe("""
    if better(metric, state["best"], **comparison):
        state["best"], state["bad"] = metric, 0
    else:
        state["bad"] += 1
    if state["cooling"] > 0:
        state["bad"], state["cooling"] = 0, state["cooling"] - 1
    if state["bad"] > patience:
        state["rate"] = lowered(state["rate"], factor, min_lr, eps)
        state["bad"], state["cooling"] = 0, cooldown
    return state
"""),
                5.5,
                "changed the state that it was given",
            ),
            "copies, but counts in the original": Wrong(
                observe("""
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
    return new
"""),
                6.25,
                "changed the state that it was given",
            ),
            "cuts when the count reaches the patience": Wrong(
                observe("""
    new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"], new["bad"] = metric, 0
    else:
        new["bad"] += 1
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] >= patience:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    return new
"""),
                1.5,
                "must not fall yet",
            ),
            "one epoch too patient": Wrong(
                observe("""
    new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"], new["bad"] = metric, 0
    else:
        new["bad"] += 1
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] > patience + 1:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    return new
"""),
                0.75,
                "a cut is due here and did not come",
            ),
            "bad epochs in all, not in a row": Wrong(
                observe("""
    new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"] = metric
    else:
        new["bad"] += 1
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] > patience:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    return new
"""),
                3.25,
                "this metric was an improvement",
            ),
            "the count is not reset by a cut": Wrong(
                observe("""
    new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"], new["bad"] = metric, 0
    else:
        new["bad"] += 1
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] > patience:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["cooling"] = cooldown
    return new
"""),
                0.75,
                "'bad' is",
            ),
            "compares with the epoch before": Wrong(
                observe("""
    new = {**state, "best": metric}
    new["bad"] = 0 if better(metric, state["best"], **comparison) else state["bad"] + 1
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] > patience:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    return new
"""),
                1.5,
                "'best' is",
            ),
            "deaf during a cooldown": Wrong(
                observe("""
    if state["cooling"] > 0:
        return {**state, "bad": 0, "cooling": state["cooling"] - 1}
    if better(metric, state["best"], **comparison):
        return {**state, "best": metric, "bad": 0}
    if state["bad"] + 1 <= patience:
        return {**state, "bad": state["bad"] + 1}
    rate = lowered(state["rate"], factor, min_lr, eps)
    return {**state, "rate": rate, "bad": 0, "cooling": cooldown}
"""),
                5.25,
                "'best' is",
            ),
            "Keras' cooldown, one epoch short": Wrong(
                observe("""
    new = dict(state)
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if better(metric, state["best"], **comparison):
        new["best"], new["bad"] = metric, 0
    elif new["cooling"] == 0:
        new["bad"] += 1
    if new["bad"] > patience:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    return new
"""),
                5.75,
                "must not fall yet",
            ),
            "a cooldown that begins in the epoch of the cut": Wrong(
                observe("""
    new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"], new["bad"] = metric, 0
    else:
        new["bad"] += 1
    if new["bad"] > patience and new["cooling"] == 0:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    return new
"""),
                5.25,
                "'cooling' is",
            ),
            "drops the settings of the comparison": Wrong(
                observe("""
    new = dict(state)
    if better(metric, state["best"]):
        new["best"], new["bad"] = metric, 0
    else:
        new["bad"] += 1
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] > patience:
        new["rate"] = lowered(new["rate"], factor, min_lr, eps)
        new["bad"], new["cooling"] = 0, cooldown
    return new
"""),
                6,
                "mode=max",
            ),
            "drops the floor": Wrong(
                observe("""
    new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"], new["bad"] = metric, 0
    else:
        new["bad"] += 1
    if new["cooling"] > 0:
        new["bad"], new["cooling"] = 0, new["cooling"] - 1
    if new["bad"] > patience:
        new["rate"] = new["rate"] * factor
        new["bad"], new["cooling"] = 0, cooldown
    return new
"""),
                6.25,
                "min_lr=",
            ),
            "a memory of its own": Wrong(
                """
memory = {"best": None, "bad": 0, "cooling": 0}


def observe(state, metric, factor=0.1, patience=10, cooldown=0,
            min_lr=0.0, eps=1e-8, **comparison):
    if state["best"] is None:
        memory.update(best=None, bad=0, cooling=0)
    rate = state["rate"]
    if better(metric, memory["best"], **comparison):
        memory["best"], memory["bad"] = metric, 0
    else:
        memory["bad"] += 1
    if memory["cooling"] > 0:
        memory["bad"], memory["cooling"] = 0, memory["cooling"] - 1
    if memory["bad"] > patience:
        rate = lowered(rate, factor, min_lr, eps)
        memory["bad"], memory["cooling"] = 0, cooldown
    return {"rate": rate, **memory}
""",
                5,
                "All that observe may know is in the state",
            ),
            "a tuple": Wrong(
                observe("""
    rate, best, bad, cooling = state.values()
    if better(metric, best, **comparison):
        best, bad = metric, 0
    else:
        bad += 1
    if cooling > 0:
        bad, cooling = 0, cooling - 1
    if bad > patience:
        rate, bad, cooling = lowered(rate, factor, min_lr, eps), 0, cooldown
    return rate, best, bad, cooling
"""),
                0,
                "where a dictionary is due",
            ),
            "returns the rate": Wrong(
                observe("""
    bad = 0 if better(metric, state["best"], **comparison) else state["bad"] + 1
    return lowered(state["rate"], factor, min_lr, eps) if bad > patience else state["rate"]
"""),
                0,
                "where a dictionary is due",
            ),
            "forgets to return": Wrong(
                observe("""
    new = dict(state)
    if better(metric, state["best"], **comparison):
        new["best"], new["bad"] = metric, 0
    else:
        new["bad"] += 1
    state = new
"""),
                0,
                "end in `return`",
            ),
        },
    ),
    "rates_of_run": Known(
        right={
            "recursion": """
def rates_of_run(metrics, state, **settings):
    if len(metrics) == 0:
        return []
    after = observe(state, metrics[0], **settings)
    return [state["rate"]] + rates_of_run(metrics[1:], after, **settings)
""",
            "accumulate": """
from itertools import accumulate


def rates_of_run(metrics, state, **settings):
    def next_state(before, metric):
        return observe(before, metric, **settings)

    states = accumulate(metrics, next_state, initial=state)
    return np.array([one["rate"] for one in states][:-1])
""",
        },
        wrong={
            "the rates after hearing": Wrong(
                """
def rates_of_run(metrics, state, **settings):
    rates = []
    for metric in metrics:
        state = observe(state, metric, **settings)
        rates.append(state["rate"])
    return rates
""",
                0,
                "every cut comes one epoch early",
            ),
            "one rate too many": Wrong(
                """
def rates_of_run(metrics, state, **settings):
    rates = [state["rate"]]
    for metric in metrics:
        state = observe(state, metric, **settings)
        rates.append(state["rate"])
    return rates
""",
                0,
                "too many",
            ),
            "begins anew": Wrong(
                """
def rates_of_run(metrics, state, **settings):
    state, rates = start(state["rate"]), []
    for metric in metrics:
        rates.append(state["rate"])
        state = observe(state, metric, **settings)
    return rates
""",
                1,
                "resumed",
            ),
            "drops the settings": Wrong(
                """
def rates_of_run(metrics, state, **settings):
    rates = []
    for metric in metrics:
        rates.append(state["rate"])
        state = observe(state, metric)
    return rates
""",
                0,
                "too large",
            ),
            "only factor and patience": Wrong(
                """
def rates_of_run(metrics, state, factor=0.1, patience=10, **settings):
    rates = []
    for metric in metrics:
        rates.append(state["rate"])
        state = observe(state, metric, factor, patience)
    return rates
""",
                1,
                "with all settings",
            ),
            "does not carry the state": Wrong(
                """
def rates_of_run(metrics, state, **settings):
    return [observe(state, metric, **settings)["rate"] for metric in metrics]
""",
                0,
                "epoch",
            ),
            "only the last rate": Wrong(
                """
def rates_of_run(metrics, state, **settings):
    for metric in metrics:
        state = observe(state, metric, **settings)
    return state["rate"]
""",
                0,
                "where a list is due",
            ),
            "returns in the loop": Wrong(
                """
def rates_of_run(metrics, state, **settings):
    rates = []
    for metric in metrics:
        rates.append(state["rate"])
        state = observe(state, metric, **settings)
        return rates
""",
                0,
                "too few",
            ),
        },
    ),
    "translate": Known(
        right={
            "a table of differences": """
def translate(library, patience, cooldown=0):
    less = {"torch": (0, 0, "rel"), "keras": (1, 1, "abs"), "optax": (1, 0, "rel")}
    p, c, kind = less[library]
    if library == "optax" and patience < 1:
        raise ValueError(f"optax cuts at improvements with patience {patience}")
    return dict(
        patience=max(0, patience - p), cooldown=max(0, cooldown - c), threshold_mode=kind
    )
""",
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
    return {"cooldown": cooldown, "patience": patience, "threshold_mode": "abs"}
""",
        },
        wrong={
            "nothing to translate": Wrong(
                """
def translate(library, patience, cooldown=0):
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": "rel"}
""",
                0.25,
                "ValueError is due",
            ),
            "more patience for less": Wrong(
                """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library == "optax" and patience == 0:
        raise ValueError("no such settings")
    if library != "torch":
        patience += 1
    if library == "keras":
        cooldown += 1
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}
""",
                0.5,
                "too large",
            ),
            "zeros become negative": Wrong(
                """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library == "optax" and patience == 0:
        raise ValueError("no such settings")
    if library != "torch":
        patience -= 1
    if library == "keras":
        cooldown -= 1
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}
""",
                1,
                "too small",
            ),
            "Keras' cooldown as it is": Wrong(
                """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library == "optax" and patience == 0:
        raise ValueError("no such settings")
    if library != "torch":
        patience = max(patience - 1, 0)
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}
""",
                1,
                "'cooldown'",
            ),
            "one kind of threshold": Wrong(
                """
def translate(library, patience, cooldown=0):
    if library == "optax" and patience == 0:
        raise ValueError("no such settings")
    if library != "torch":
        patience = max(patience - 1, 0)
    if library == "keras":
        cooldown = max(cooldown - 1, 0)
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": "rel"}
""",
                1,
                "'threshold_mode'",
            ),
            "optax' patience 0 as Keras'": Wrong(
                """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library != "torch":
        patience = max(patience - 1, 0)
    if library == "keras":
        cooldown = max(cooldown - 1, 0)
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}
""",
                1.75,
                "ValueError is due",
            ),
            "returns the error": Wrong(
                """
def translate(library, patience, cooldown=0):
    kind = "abs" if library == "keras" else "rel"
    if library == "optax" and patience == 0:
        return ValueError("no such settings")
    if library != "torch":
        patience = max(patience - 1, 0)
    if library == "keras":
        cooldown = max(cooldown - 1, 0)
    return {"patience": patience, "cooldown": cooldown, "threshold_mode": kind}
""",
                1.75,
                "ValueError is due",
            ),
            "a list": Wrong(
                """
def translate(library, patience, cooldown=0):
    less = {"torch": (0, 0, "rel"), "keras": (1, 1, "abs"), "optax": (1, 0, "rel")}
    p, c, kind = less[library]
    return [max(0, patience - p), max(0, cooldown - c), kind]
""",
                0,
                "where a dictionary is due",
            ),
        },
    ),
    "whose": Known(
        right={
            "a relative tolerance by hand": """
def whose(metrics, rates, factor, patience, cooldown):
    def same(library):
        options = translate(library, patience, cooldown)
        theirs = rates_of_run(metrics, start(rates[0]), factor=factor, **options)
        return all(abs(a / b - 1) < 1e-5 for a, b in zip(rates, theirs))

    return next((name for name in ("optax", "keras", "torch") if same(name)), None)
""",
            "only the epochs of the cuts": """
def whose(metrics, rates, factor, patience, cooldown):
    cuts = np.round(np.log(np.array(rates) / rates[0]) / np.log(factor)).astype(int)
    for library in ["keras", "torch", "optax"]:
        options = translate(library, patience, cooldown)
        theirs = rates_of_run(metrics, start(1.0), factor=factor, **options)
        if np.array_equal(cuts, np.round(np.log(theirs) / np.log(factor)).astype(int)):
            return library
""",
        },
        wrong={
            "compares with ==": Wrong(
                """
def whose(metrics, rates, factor, patience, cooldown):
    for library in ("torch", "keras", "optax"):
        settings = translate(library, patience, cooldown)
        if rates_of_run(metrics, start(rates[0]), factor=factor, **settings) == rates:
            return library
""",
                1,
                "rounded to float32",
            ),
            "always PyTorch": Wrong(
                """
def whose(metrics, rates, factor, patience, cooldown):
    return "torch"
""",
                0,
                "which is not right",
            ),
            "one patience for all": Wrong(
                """
def whose(metrics, rates, factor, patience, cooldown):
    for library in ("torch", "keras", "optax"):
        settings = {"patience": patience, "cooldown": cooldown}
        theirs = rates_of_run(metrics, start(rates[0]), factor=factor, **settings)
        if np.allclose(rates, theirs, rtol=1e-5, atol=0):
            return library
""",
                0,
                "where a string is due",
            ),
            "the first cut only": Wrong(
                """
def whose(metrics, rates, factor, patience, cooldown):
    def first(found):
        return next((e for e in range(len(found)) if found[e] < found[0]), None)

    for library in ("torch", "keras", "optax"):
        settings = translate(library, patience, cooldown)
        theirs = rates_of_run(metrics, start(rates[0]), factor=factor, **settings)
        if first(rates) == first(theirs):
            return library
""",
                0,
                "which is not right",
            ),
            "the most similar, never None": Wrong(
                """
def whose(metrics, rates, factor, patience, cooldown):
    def distance(library):
        settings = translate(library, patience, cooldown)
        theirs = rates_of_run(metrics, start(rates[0]), factor=factor, **settings)
        return np.sum(np.abs(np.log(rates) - np.log(theirs)))

    return min(("torch", "keras", "optax"), key=distance)
""",
                1,
                "where None is due",
            ),
            "the peak of question 4": Wrong(
                """
def whose(metrics, rates, factor, patience, cooldown):
    for library in ("torch", "keras", "optax"):
        settings = translate(library, patience, cooldown)
        theirs = rates_of_run(metrics, start(0.4), factor=factor, **settings)
        if np.allclose(rates, theirs, rtol=1e-5, atol=0):
            return library
""",
                0,
                "where a string is due",
            ),
            "nobody, as a string": Wrong(
                """
def whose(metrics, rates, factor, patience, cooldown):
    for library in ("torch", "keras", "optax"):
        settings = translate(library, patience, cooldown)
        theirs = rates_of_run(metrics, start(rates[0]), factor=factor, **settings)
        if np.allclose(rates, theirs, rtol=1e-5, atol=0):
            return library
    return "None"
""",
                1,
                "where None is due",
            ),
        },
    ),
}
