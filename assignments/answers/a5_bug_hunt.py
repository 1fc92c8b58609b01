"""Known answers to a5_bug_hunt, right and wrong."""

import runpy
from pathlib import Path

from d2lsched.teaching.answers import Known, Wrong

# A mistake a line, as far as it fits.
# fmt: off
ANSWERS: dict[str, Known] = {}

QUESTIONS = runpy.run_path(str(Path(__file__).parents[1] / "questions" / "a5_bug_hunt.py"))

LABELS, NAMES = QUESTIONS["LABELS"], QUESTIONS["NAMES"]

def named(names: list[str], result: str) -> str:
    """Return an answer for any student, given what it says of each of the 60 runs.

    result: the expression returned, of `named`, a dictionary from letter to name.
    """
    return f'''
def diagnosis():
    said = "{"|".join(names)}".split("|")
    named = {{letter: said[number] for letter, number in numbers.items()}}
    return {result}
'''

def confused(group: int) -> list[str]:
    """Return names with each bug of a group of three mistaken for another of that group."""
    three = NAMES[3 * group : 3 * group + 3]
    other = dict(zip(three, three[1:] + three[:1], strict=True))
    return [other.get(name, name) for name in LABELS]

ANSWERS["first_difference"] = Known(right={
        "NumPy": """
def first_difference(used, planned):
    used, planned = np.array(used), np.array(planned)
    wrong = np.flatnonzero(np.abs(used - planned) > 1e-5 * planned.max())
    return wrong[0] if len(wrong) else None""",
        "a generator and next": """
def first_difference(used, planned):
    parts = (
        t
        for t in range(len(planned))
        if not math.isclose(used[t], planned[t], rel_tol=0, abs_tol=1e-5 * max(planned))
    )
    return next(parts, None)""",
        "a while loop": """
def first_difference(used, planned):
    largest, t = max(planned), 0
    while t < len(planned) and abs(used[t] - planned[t]) / largest <= 1e-5:
        t += 1
    return t if t < len(planned) else None""",
    }, wrong={
        "argmax, which is 0 for lists that agree": Wrong(0,
            "although they agree everywhere but for rounding", {
            """wrong = np.flatnonzero(np.abs(used - planned) > 1e-5 * planned.max())
    return wrong[0] if len(wrong) else None""":
                "return int(np.argmax(np.abs(used - planned) > 1e-5 * planned.max()))"
        }, of="NumPy"),
        "update 0 taken for none": Wrong(1,
            "is None; they differ by 0.1 of the plan's largest rate", {
            "close = 1e-5 * max(planned)": "first = None",
            ", (rate, plan) in enumerate(zip(used, planned": " in reversed(range(len(planned)",
            "rate - plan) > close": "used[t] - planned[t]) > 1e-5 * max(planned)",
            "return t": "first = t",
            "return None": "return first or None"}),
        "the last difference": Wrong(0, "too large", {
            "1e-5 * max(planned)": "None",
            "rate - plan) > close": "used[t] - planned[t]) > 1e-5 * max(planned)",
            "return t": "close = t",
            "return None": "return close"}),
        "relative to each rate": Wrong(1, "although they agree everywhere but for rounding", {
            """close = 1e-5 * max(planned)
    for t, (rate, plan) in enumerate(zip(used, planned)):
        if abs(rate - plan) > close""":
            """for t in range(len(planned)):
        if abs(used[t] - planned[t]) > 1e-5 * planned[t]"""}),
        "not a distance: no absolute value": Wrong(1,
            "is None; they differ by 2e-05 of the plan's largest rate", {
            """close = 1e-5 * max(planned)
    for t, (rate, plan) in enumerate(zip(used, planned)):
        if abs(rate - plan) > close""":
            """for t in range(len(planned)):
        if used[t] - planned[t] > 1e-5 * max(planned)"""}),
        "exactly equal or not": Wrong(0, "although they agree everywhere but for rounding", """
def first_difference(used, planned):
    for t in range(len(planned)):
        if used[t] != planned[t]:
            return t"""),
        "counts the differences": Wrong(0, "is 2, which is too small", """
def first_difference(used, planned):
    close = 1e-5 * max(planned)
    return sum(abs(a - b) > close for a, b in zip(used, planned)) or None"""),
        "prints the answer": Wrong(0, "is None; they differ", {
            "        t += 1": "            print(t)",
            "    return t if t < len(planned) else None": "            break"
        }, of="a while loop"),
        "stops without a difference": Wrong(0, "IndexError", {
            """wrong = np.flatnonzero(np.abs(used - planned) > 1e-5 * planned.max())
    return wrong[0] if len(wrong) else None""":
                "return int(np.flatnonzero(np.abs(used - planned) > 1e-5 * planned.max())[0])"
        }, of="NumPy"),
    })

ANSWERS["diagnosis"] = Known(right={
        "by run": named(LABELS, "named"),
        "letters and names written carelessly": named(
            LABELS, '{key.lower() + " ": " " + name.upper() for key, name in named.items()}'),
        "pairs made a dictionary": named(LABELS, 'dict(zip("ABCDE", map(named.get, "ABCDE")))'),
    }, wrong={
        "each bug taken for its neighbor": Wrong(0, "first parts from its plan at update",
            named([NAMES[(NAMES.index(name) + 1) % 15] for name in LABELS], "named")),
        "the letters moved on by one": Wrong(0, "first parts from its plan at update",
            named(LABELS, 'dict(zip("BCDEA", map(named.get, "ABCDE")))')),
        "early, late and warmup from 0 confused": Wrong(8, "if it were, update",
            named(confused(0), "named")),
        "the clocks confused": Wrong(8, "first parts from", named(confused(1), "named")),
        "what happened to the count, confused": Wrong(8, "first parts from",
            named(confused(2), "named")),
        "E left out": Wrong(8, "has no entry 'E'",
            named(LABELS, '{key: named[key] for key in "ABCD"}')),
        "a list": Wrong(0, "a dictionary by letters", named(LABELS, "list(named.values())")),
        "names of one's own": Wrong(0, "which is no name of the catalog",
            named(LABELS, "{key: name + ' bug' for key, name in named.items()}")),
        "the catalog's places for names": Wrong(0, "where a string is due",
            named(LABELS, "{key: sorted(CATALOG).index(named[key]) for key in named}")),
        "looks into the file": Wrong(0, "the grader has no traces.json", """
def diagnosis():
    everyone = json.loads(Path("traces.json").read_text())
    return {letter: everyone[number]["bug"] for letter, number in numbers.items()}"""),
        "printed": Wrong(0, "None, where a dictionary", named(LABELS, "print(named)")),
    })

ANSWERS["multi_factor"] = Known(right={
        "a loop": """
def multi_factor(t, lr, milestones, gamma):
    for m in milestones:
        if t >= m:
            lr = lr * gamma
    return lr""",
        "bisection": """
def multi_factor(t, lr, milestones, gamma):
    import bisect

    return lr * gamma ** bisect.bisect_right(milestones, t)""",
        "NumPy": """
def multi_factor(t, lr, milestones, gamma):
    return lr * np.prod(np.where(np.array(milestones) <= t, gamma, 1.0))""",
        "the class, made anew for each question, on a copy": """
def multi_factor(t, lr, milestones, gamma):
    scheduler = MultiFactor(lr, list(milestones), gamma)
    return [scheduler(s) for s in range(t + 1)][-1]""",
    }, wrong={
        "one update late: after the milestone": Wrong(0, "too large", {"<= t for": "< t for"}),
        "eats the caller's list": Wrong(1, "changes the list of milestones", {
            "for m in milestones": "while milestones and t >= milestones[0]",
            "if t >= m:": "milestones.pop(0)",
            "            lr = lr * gamma": "        lr *= gamma"}, of="a loop"),
        "the class, made anew and asked once": Wrong(0, "too large", {
            "lr * gamma ** sum(m <= t for m in milestones":
                "MultiFactor(lr, milestones, gamma)(t"}),
        "remembers in a default argument": Wrong(0, "it remembers its calls", """
def multi_factor(t, lr, milestones, gamma, state={}):
    state.setdefault("lr", lr)
    if t in milestones:
        state["lr"] *= gamma
    return state["lr"]"""),
        "a global object": Wrong(0, "it remembers its calls", {
            "def": "SCHEDULER = None\n\n\ndef",
            "return lr * gamma ** sum(m <= t for m in milestones":
            """global SCHEDULER
    SCHEDULER = SCHEDULER or MultiFactor(lr, list(milestones), gamma)
    return SCHEDULER(t"""}),
        "one cut for all milestones": Wrong(0, "too large",
            {"** sum(m <= t for m in milestones)": "if t >= milestones[0] else lr"}),
        "the numbers of the check": Wrong(0, "lr=", {
            "lr * gamma ** sum(m <= t for m in milestones)":
                "0.8 if t < 3 else 0.4 if t < 6 else 0.2"}),
        "a scheduler in place of a rate": Wrong(0, "an object of type MultiFactor", {
            "lr * gamma ** sum(m <= t for m in milestones":
                "MultiFactor(lr, list(milestones), gamma"}),
    })

ANSWERS["rate_of_batch"] = Known(right={
        "the end first": """
def rate_of_batch(batch, lr, updates, k):
    t = batch // k
    if t >= updates:
        return 0
    return 0.5 * lr * (1 + np.cos(np.pi * t / updates))""",
        "squared cosine of half the angle": """
def rate_of_batch(batch, lr, updates, k):
    t = np.clip(np.floor(batch / k), 0, updates)
    return lr * np.cos(np.pi * t / updates / 2) ** 2""",
        "the class, stepped where it should be": """
def rate_of_batch(batch, lr, updates, k):
    scheduler = Cosine(lr, updates)
    for b in range(batch):
        if b % k == k - 1 and scheduler.count < updates:
            scheduler.step()
    return scheduler.rate()""",
    }, wrong={
        "counts batches": Wrong(0, "first wrong at batch 1", """
def rate_of_batch(batch, lr, updates, k):
    return lr * (1 + math.cos(math.pi * min(batch, updates) / updates)) / 2"""),
        "rises past the end": Wrong(2, "right up to the end of the schedule, but past it", """
def rate_of_batch(batch, lr, updates, k):
    return lr * (1 + math.cos(math.pi * (batch // k) / updates)) / 2"""),
        "no floor: the rate falls within an update": Wrong(0, "first wrong at batch 1",
            {"batch //": "batch /"}),
        "the update's last batch has the next rate": Wrong(0,
            "every rate comes one batch early", {
            "batch //": "(batch + 1) //"}),
        "rounds to the nearest update": Wrong(0, "every rate comes one batch early",
            {"batch // k": "round(batch / k)"}),
        "the share cut to a whole number": Wrong(0, "it does not depend on t",
            {", updates)": " // updates, 1)"}),
        "degrees": Wrong(0, "first wrong at batch", {"(math.pi": "(180"}),
        "counts its calls": Wrong(0, "it remembers its calls", {
            "def": "scheduler = None\n\n\ndef",
            "scheduler = Cosine(lr, updates)": "global scheduler",
            "for b in range(batch):": "scheduler = scheduler or Cosine(lr, updates)",
            "        if b % k == k - 1 and scheduler.count < updates:":
                "    if batch % k == 0:"}, of="the class, stepped where it should be"),
        "nothing past the end": Wrong(2,
            "does every path through the function end in `return`?", {
            "t = min(batch // k, updates)": "if batch < k * updates:",
            "    return lr * (1 + math.cos(math.pi * t / updates)) / 2":
                "        return lr * (1 + math.cos(math.pi * (batch // k) / updates)) / 2"}),
        "k = 4, as in the check": Wrong(0, "lr=", {
            "lr * (1 + math.cos(math.pi * t / updates": "0.4 * (1 + math.cos(math.pi * t / 8"}),
    })

ANSWERS["cosine_decay"] = Known(right={
        "everything made float first": """
def cosine_decay(t, lr, steps, end_lr=0):
    lr, end_lr = float(lr), float(end_lr)
    if t >= steps:
        return end_lr
    return end_lr + 0.5 * (lr - end_lr) * (1 + np.cos(np.pi * t / steps))""",
        "a weighted mean": """
def cosine_decay(t, lr, steps, end_lr=0):
    weight = math.cos(math.pi / 2 * min(t, steps) / steps) ** 2
    return weight * lr + (1 - weight) * end_lr""",
        "float32": """
def cosine_decay(t, lr, steps, end_lr=0):
    lr, end_lr, pi = (np.float32(x) for x in (lr, end_lr, np.pi))
    share = np.float32(min(t / steps, 1))
    return end_lr + (lr - end_lr) * (1 + np.cos(pi * share)) / 2""",
    }, wrong={
        "as it was": Wrong(0, "lr=1, steps=", """
def cosine_decay(t, lr, steps, end_lr=0):
    lr = np.asarray(lr)
    pi, end_lr = (np.asarray(x).astype(lr.dtype) for x in (np.pi, end_lr))
    share = min(t / steps, 1)
    return float(end_lr + (lr - end_lr) * (1 + np.cos(pi * share)) / 2)"""),
        "only π repaired": Wrong(1, "too small", {
            ", end_lr = float(lr), float(end_lr": " = np.asarray(lr",
            "if t >= steps:": "end_lr = np.asarray(end_lr).astype(lr.dtype)",
            "        return end_lr": "    share = min(t / steps, 1)",
            "end_lr + 0.5 * (lr - end_lr) * (1 + np.cos(np.pi * t / steps)":
                "float(end_lr + (lr - end_lr) * (1 + np.cos(np.pi * share)) / 2"
        }, of="everything made float first"),
        "only 1 repaired": Wrong(1, "first wrong at update", """
def cosine_decay(t, lr, steps, end_lr=0):
    lr = np.asarray(1.0 if lr == 1 else lr)
    pi, end_lr = (np.asarray(x).astype(lr.dtype) for x in (np.pi, end_lr))
    share = min(t / steps, 1)
    return float(end_lr + (lr - end_lr) * (1 + np.cos(pi * share)) / 2)"""),
        "the result cast as well": Wrong(0, "look for a division of integers", {
            "weight * lr + (1 - weight) * end_lr": "type(lr)(end_lr + (lr - end_lr) * weight)"
        }, of="a weighted mean"),
        "rises past the end": Wrong(0, "past it", """
def cosine_decay(t, lr, steps, end_lr=0):
    return end_lr + (lr - end_lr) * (1 + math.cos(math.pi * t / steps)) / 2"""),
        "whole shares": Wrong(0, "too large", {
            "(1 + math.cos(math.pi * min(t / steps, 1))) / 2": "min(t // steps, 1)",
            "* half_wave": "* (1 + math.cos(math.pi * half_wave)) / 2"}),
        "the end forgotten": Wrong(1, "too small", """
def cosine_decay(t, lr, steps, end_lr=0):
    return lr * (1 + math.cos(math.pi * min(t / steps, 1))) / 2"""),
        "the end added to a cosine to 0": Wrong(1, "too large", """
def cosine_decay(t, lr, steps, end_lr=0):
    return end_lr + lr * (1 + math.cos(math.pi * min(t / steps, 1))) / 2"""),
        "returns an array": Wrong(0, "is a list or array of one value", {
            "(1 + math.cos(math.pi * min(t / steps, 1))) / 2":
                "np.minimum(np.array([t]) / steps, 1)"}),
    })

ANSWERS["resumed"] = Known(right={
        "two returns": """
def resumed(t, lr, steps, stop, longer):
    if t < stop:
        return lr / 2 * (1 + np.cos(np.pi * t / steps))
    if t < longer:
        return lr / 2 * (1 + np.cos(np.pi * t / longer))
    return 0.0""",
        "two tables": """
def resumed(t, lr, steps, stop, longer):
    def table(n):
        return lr * np.cos(np.pi / 2 * np.arange(n) / n) ** 2

    rates = [*table(steps)[:stop], *table(longer)[stop:], 0.0]
    return rates[min(t, longer)]""",
        "the class, without its state": """
def resumed(t, lr, steps, stop, longer):
    scheduler = Cosine(lr, steps if t < stop else longer)
    scheduler.count = min(t, longer)
    return scheduler.rate()""",
    }, wrong={
        "the old horizon": Wrong(0, "too small", """
def resumed(t, lr, steps, stop, longer):
    return lr * (1 + math.cos(math.pi * min(t / steps, 1))) / 2"""),
        "the new horizon from the start": Wrong(0, "too large", """
def resumed(t, lr, steps, stop, longer):
    return lr * (1 + math.cos(math.pi * min(t / longer, 1))) / 2"""),
        "a new clock": Wrong(0, "too large", {
            "scheduler = Cosine(lr, steps if t < stop else longer)": "if t >= stop:",
            "    scheduler.count = min(t, longer)":
                "        return lr * (1 + math.cos(math.pi * min((t - stop) / longer, 1))) / 2",
            "scheduler.rate()": "lr * (1 + math.cos(math.pi * t / steps)) / 2"
        }, of="the class, without its state"),
        "the update at stop on the old plan": Wrong(0, "too small", {"t < stop": "t <= stop"}),
        "rises past the end": Wrong(2, "right up to the end of the schedule, but past it",
            {"min(t / horizon, 1)": "t / horizon"}),
        "goes on from the rate that was reached": Wrong(0, "too small", {
            "if t < longer:": "reached = lr * (1 + np.cos(np.pi * stop / steps)) / 2",
            "        return lr / 2 * (1 + np.cos(np.pi * t / longer))":
                "    share = min((t - stop) / (longer - stop), 1)",
            "return 0.0": "return reached * (1 + np.cos(np.pi * share)) / 2"
        }, of="two returns"),
        "remembers that it was stopped": Wrong(0, "it remembers its calls", {
            "def resumed": "STOPPED = False\n\n\ndef resumed",
            "horizon = steps if t < stop else longer":
            """global STOPPED
    STOPPED = STOPPED or t >= stop
    horizon = longer if STOPPED else steps"""}),
        "rounded as in the print": Wrong(0, "first wrong at update", {
            "lr * (1 + math.cos(math.pi * min(t / horizon, 1))) / 2":
                "round(lr * (1 + math.cos(math.pi * min(t / horizon, 1))) / 2, 3)"}),
        "a list of all rates": Wrong(0, "is a list or array of", {
            "steps if t < stop else longer": "[steps] * stop + [longer] * (longer - stop)",
            "lr * (1 + math.cos(math.pi * min(t / horizon, 1))) / 2":
                "[lr * (1 + math.cos(math.pi * s / h)) / 2 for s, h in enumerate(horizon)]"}),
    })

ANSWERS["restarts"] = Known(right={
        "start and end of a cycle": """
def restarts(t, lr, period, mult):
    start, end = 0, period
    while t >= end:
        start, end = end, end + (end - start) * mult
    return lr * (1 + np.cos(np.pi * (t - start) / (end - start))) / 2""",
        "recursion": """
def restarts(t, lr, period, mult):
    if t >= period:
        return restarts(t - period, lr, period * mult, mult)
    return lr * math.cos(math.pi / 2 * t / period) ** 2""",
        "the logarithm, corrected with whole numbers": """
def restarts(t, lr, period, mult):
    if mult == 1:
        return lr * (1 + math.cos(math.pi * (t % period) / period)) / 2
    cycle = round(math.log(t / period * (mult - 1) + 1, mult)) + 1
    while period * (mult**cycle - 1) // (mult - 1) > t:
        cycle -= 1
    share = (t - period * (mult**cycle - 1) // (mult - 1)) / (period * mult**cycle)
    return lr * (1 + math.cos(math.pi * share)) / 2""",
    }, wrong={
        "as it was": Wrong(0, "ZeroDivisionError", """
def restarts(t, lr, period, mult):
    cycle = int(math.log(t / period * (mult - 1) + 1, mult))
    start = period * (mult**cycle - 1) / (mult - 1)
    share = (t - start) / (period * mult**cycle)
    return lr * (1 + math.cos(math.pi * share)) / 2"""),
        "as it was, and mult=1 apart": Wrong(1, "update", {
            """round(math.log(t / period * (mult - 1) + 1, mult)) + 1
    while period * (mult**cycle - 1) // (mult - 1) > t:
        cycle -= 1
    share = (t - period * (mult**cycle - 1) // (mult - 1)""":
            """int(math.log(t / period * (mult - 1) + 1, mult))
    start = period * (mult**cycle - 1) / (mult - 1)
    share = (t - start"""}, of="the logarithm, corrected with whole numbers"),
        "the logarithm rounded to the nearest": Wrong(1, "update", {
            """ + 1
    while period * (mult**cycle - 1) // (mult - 1) > t:
        cycle -= 1
    share = (t - period * (mult**cycle - 1) // (mult - 1)""":
            """
    start = period * (mult**cycle - 1) / (mult - 1)
    share = (t - start"""}, of="the logarithm, corrected with whole numbers"),
        "whole numbers, but endless for mult=1": Wrong(2, "ZeroDivisionError", """
def restarts(t, lr, period, mult):
    cycle = 0
    while period * (mult ** (cycle + 1) - 1) // (mult - 1) <= t:
        cycle += 1
    start = period * (mult**cycle - 1) // (mult - 1)
    share = (t - start) / (period * mult**cycle)
    return lr * (1 + math.cos(math.pi * share)) / 2"""),
        "cycles of equal length": Wrong(1, "too", """
def restarts(t, lr, period, mult):
    return lr * (1 + math.cos(math.pi * (t % period) / period)) / 2"""),
        "the new cycle one update late": Wrong(0,
            "look for a division of integers, or a boundary", {
            "= period": " period"}),
        "reaches 0 in the last update of a cycle": Wrong(0, "too small",
            {"period))": "(period - 1)))"}),
        "121 by hand": Wrong(1, "update", {
            """round(math.log(t / period * (mult - 1) + 1, mult)) + 1
    while period * (mult**cycle - 1) // (mult - 1) > t:
        cycle -= 1
    share = (t - period * (mult**cycle - 1) // (mult - 1)""":
            """int(math.log(t / period * (mult - 1) + 1, mult))
    start = period * (mult**cycle - 1) / (mult - 1)
    share = (t - start"""}, of="the logarithm, corrected with whole numbers"),
        "the length remembered": Wrong(0, "it remembers its calls", {
            "def": "CYCLE = {}\n\n\ndef",
            """while t >= period:
        t, period = t - period, period * mult
    return lr * (1 + math.cos(math.pi * t / period""":
            """start, length = CYCLE.get("now", (0, period))
    if t >= start + length:
        start, length = start + length, length * mult
    CYCLE["now"] = start, length
    return lr * (1 + math.cos(math.pi * (t - start) / length"""}),
    })
