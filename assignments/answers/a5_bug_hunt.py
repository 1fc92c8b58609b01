"""Known answers to a5_bug_hunt, right and wrong."""

import runpy
from pathlib import Path

from d2lsched.teaching.answers import Known, Wrong

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


FIRST_DIFFERENCE = Known(
    right={
        "NumPy": """
def first_difference(used, planned):
    used, planned = np.array(used), np.array(planned)
    wrong = np.flatnonzero(np.abs(used - planned) > 1e-5 * planned.max())
    return wrong[0] if len(wrong) else None
""",
        "a generator and next": """
def first_difference(used, planned):
    parts = (
        t
        for t in range(len(planned))
        if not math.isclose(used[t], planned[t], rel_tol=0, abs_tol=1e-5 * max(planned))
    )
    return next(parts, None)
""",
        "a while loop": """
def first_difference(used, planned):
    largest, t = max(planned), 0
    while t < len(planned) and abs(used[t] - planned[t]) / largest <= 1e-5:
        t += 1
    return t if t < len(planned) else None
""",
    },
    wrong={
        "argmax, which is 0 for lists that agree": Wrong(
            """
def first_difference(used, planned):
    used, planned = np.array(used), np.array(planned)
    return int(np.argmax(np.abs(used - planned) > 1e-5 * planned.max()))
""",
            0,
            "although they agree everywhere but for rounding",
        ),
        "update 0 taken for none": Wrong(
            """
def first_difference(used, planned):
    first = None
    for t in reversed(range(len(planned))):
        if abs(used[t] - planned[t]) > 1e-5 * max(planned):
            first = t
    return first or None
""",
            1,
            "is None; they differ by 0.1 of the plan's largest rate",
        ),
        "the last difference": Wrong(
            """
def first_difference(used, planned):
    last = None
    for t in range(len(planned)):
        if abs(used[t] - planned[t]) > 1e-5 * max(planned):
            last = t
    return last
""",
            0,
            "too large",
        ),
        "relative to each rate": Wrong(
            """
def first_difference(used, planned):
    for t in range(len(planned)):
        if abs(used[t] - planned[t]) > 1e-5 * planned[t]:
            return t
    return None
""",
            1,
            "although they agree everywhere but for rounding",
        ),
        "not a distance: no absolute value": Wrong(
            """
def first_difference(used, planned):
    for t in range(len(planned)):
        if used[t] - planned[t] > 1e-5 * max(planned):
            return t
    return None
""",
            1,
            "is None; they differ by 2e-05 of the plan's largest rate",
        ),
        "exactly equal or not": Wrong(
            """
def first_difference(used, planned):
    for t in range(len(planned)):
        if used[t] != planned[t]:
            return t
""",
            0,
            "although they agree everywhere but for rounding",
        ),
        "counts the differences": Wrong(
            """
def first_difference(used, planned):
    close = 1e-5 * max(planned)
    return sum(abs(a - b) > close for a, b in zip(used, planned)) or None
""",
            0,
            "is 2, which is too small",
        ),
        "prints the answer": Wrong(
            """
def first_difference(used, planned):
    for t in range(len(planned)):
        if abs(used[t] - planned[t]) > 1e-5 * max(planned):
            print(t)
            break
""",
            0,
            "is None; they differ",
        ),
        "stops without a difference": Wrong(
            """
def first_difference(used, planned):
    used, planned = np.array(used), np.array(planned)
    return int(np.flatnonzero(np.abs(used - planned) > 1e-5 * planned.max())[0])
""",
            0,
            "IndexError",
        ),
    },
)

DIAGNOSIS = Known(
    right={
        "by run": named(LABELS, "named"),
        "letters and names written carelessly": named(
            LABELS, '{key.lower() + " ": " " + name.upper() for key, name in named.items()}'
        ),
        "pairs made a dictionary": named(LABELS, 'dict(zip("ABCDE", map(named.get, "ABCDE")))'),
    },
    wrong={
        "each bug taken for its neighbor": Wrong(
            named([NAMES[(NAMES.index(name) + 1) % 15] for name in LABELS], "named"),
            0,
            "This trace first parts from its plan at update",
        ),
        "the letters moved on by one": Wrong(
            named(LABELS, 'dict(zip("BCDEA", map(named.get, "ABCDE")))'),
            0,
            "first parts from its plan at update",
        ),
        "early, late and warmup from 0 confused": Wrong(
            named(confused(0), "named"), 8, "if it were, update"
        ),
        "the clocks confused": Wrong(named(confused(1), "named"), 8, "first parts from"),
        "what happened to the count, confused": Wrong(
            named(confused(2), "named"), 8, "first parts from"
        ),
        "E left out": Wrong(
            named(LABELS, '{key: named[key] for key in "ABCD"}'), 8, "has no entry 'E'"
        ),
        "a list": Wrong(named(LABELS, "list(named.values())"), 0, "a dictionary by letters"),
        "names of one's own": Wrong(
            named(LABELS, "{key: name + ' bug' for key, name in named.items()}"),
            0,
            "which is no name of the catalog",
        ),
        "the catalog's places for names": Wrong(
            named(LABELS, "{key: sorted(CATALOG).index(named[key]) for key in named}"),
            0,
            "where a string is due",
        ),
        "looks into the file": Wrong(
            """
def diagnosis():
    everyone = json.loads(Path("traces.json").read_text())
    return {letter: everyone[number]["bug"] for letter, number in numbers.items()}
""",
            0,
            "the grader has no traces.json",
        ),
        "printed": Wrong(named(LABELS, "print(named)"), 0, "None, where a dictionary"),
    },
)

MULTI_FACTOR = Known(
    right={
        "a loop": """
def multi_factor(t, lr, milestones, gamma):
    for m in milestones:
        if t >= m:
            lr = lr * gamma
    return lr
""",
        "bisection": """
def multi_factor(t, lr, milestones, gamma):
    import bisect

    return lr * gamma ** bisect.bisect_right(milestones, t)
""",
        "NumPy": """
def multi_factor(t, lr, milestones, gamma):
    return lr * np.prod(np.where(np.array(milestones) <= t, gamma, 1.0))
""",
        "the class, made anew for each question, on a copy": """
def multi_factor(t, lr, milestones, gamma):
    scheduler = MultiFactor(lr, list(milestones), gamma)
    return [scheduler(s) for s in range(t + 1)][-1]
""",
    },
    wrong={
        "one update late: after the milestone": Wrong(
            """
def multi_factor(t, lr, milestones, gamma):
    return lr * gamma ** sum(m < t for m in milestones)
""",
            0,
            "too large",
        ),
        "eats the caller's list": Wrong(
            """
def multi_factor(t, lr, milestones, gamma):
    while milestones and t >= milestones[0]:
        milestones.pop(0)
        lr *= gamma
    return lr
""",
            1,
            "changes the list of milestones",
        ),
        "the class, made anew and asked once": Wrong(
            """
def multi_factor(t, lr, milestones, gamma):
    return MultiFactor(lr, milestones, gamma)(t)
""",
            0,
            "too large",
        ),
        "remembers in a default argument": Wrong(
            """
def multi_factor(t, lr, milestones, gamma, state={}):
    state.setdefault("lr", lr)
    if t in milestones:
        state["lr"] *= gamma
    return state["lr"]
""",
            0,
            "it remembers its calls",
        ),
        "a global object": Wrong(
            """
SCHEDULER = None


def multi_factor(t, lr, milestones, gamma):
    global SCHEDULER
    SCHEDULER = SCHEDULER or MultiFactor(lr, list(milestones), gamma)
    return SCHEDULER(t)
""",
            0,
            "it remembers its calls",
        ),
        "one cut for all milestones": Wrong(
            """
def multi_factor(t, lr, milestones, gamma):
    return lr * gamma if t >= milestones[0] else lr
""",
            0,
            "too large",
        ),
        "the numbers of the check": Wrong(
            """
def multi_factor(t, lr, milestones, gamma):
    return 0.8 if t < 3 else 0.4 if t < 6 else 0.2
""",
            0,
            "lr=",
        ),
        "a scheduler in place of a rate": Wrong(
            """
def multi_factor(t, lr, milestones, gamma):
    return MultiFactor(lr, list(milestones), gamma)
""",
            0,
            "an object of type MultiFactor",
        ),
    },
)

RATE_OF_BATCH = Known(
    right={
        "the end first": """
def rate_of_batch(batch, lr, updates, k):
    t = batch // k
    if t >= updates:
        return 0
    return 0.5 * lr * (1 + np.cos(np.pi * t / updates))
""",
        "squared cosine of half the angle": """
def rate_of_batch(batch, lr, updates, k):
    t = np.clip(np.floor(batch / k), 0, updates)
    return lr * np.cos(np.pi * t / updates / 2) ** 2
""",
        "the class, stepped where it should be": """
def rate_of_batch(batch, lr, updates, k):
    scheduler = Cosine(lr, updates)
    for b in range(batch):
        if b % k == k - 1 and scheduler.count < updates:
            scheduler.step()
    return scheduler.rate()
""",
    },
    wrong={
        "counts batches": Wrong(
            """
def rate_of_batch(batch, lr, updates, k):
    return lr * (1 + math.cos(math.pi * min(batch, updates) / updates)) / 2
""",
            0,
            "first wrong at batch 1",
        ),
        "rises past the end": Wrong(
            """
def rate_of_batch(batch, lr, updates, k):
    return lr * (1 + math.cos(math.pi * (batch // k) / updates)) / 2
""",
            2,
            "right up to the end of the schedule, but past it",
        ),
        "no floor: the rate falls within an update": Wrong(
            """
def rate_of_batch(batch, lr, updates, k):
    t = min(batch / k, updates)
    return lr * (1 + math.cos(math.pi * t / updates)) / 2
""",
            0,
            "first wrong at batch 1",
        ),
        "the update's last batch has the next rate": Wrong(
            """
def rate_of_batch(batch, lr, updates, k):
    t = min((batch + 1) // k, updates)
    return lr * (1 + math.cos(math.pi * t / updates)) / 2
""",
            0,
            "every rate comes one batch early",
        ),
        "rounds to the nearest update": Wrong(
            """
def rate_of_batch(batch, lr, updates, k):
    t = min(round(batch / k), updates)
    return lr * (1 + math.cos(math.pi * t / updates)) / 2
""",
            0,
            "every rate comes one batch early",
        ),
        "the share cut to a whole number": Wrong(
            """
def rate_of_batch(batch, lr, updates, k):
    share = min(batch // k // updates, 1)
    return lr * (1 + math.cos(math.pi * share)) / 2
""",
            0,
            "it does not depend on t",
        ),
        "degrees": Wrong(
            """
def rate_of_batch(batch, lr, updates, k):
    t = min(batch // k, updates)
    return lr * (1 + math.cos(180 * t / updates)) / 2
""",
            0,
            "first wrong at batch",
        ),
        "counts its calls": Wrong(
            """
SCHEDULER = None


def rate_of_batch(batch, lr, updates, k):
    global SCHEDULER
    SCHEDULER = SCHEDULER or Cosine(lr, updates)
    if batch % k == 0:
        SCHEDULER.step()
    return SCHEDULER.rate()
""",
            0,
            "it remembers its calls",
        ),
        "nothing past the end": Wrong(
            """
def rate_of_batch(batch, lr, updates, k):
    if batch < k * updates:
        return lr * (1 + math.cos(math.pi * (batch // k) / updates)) / 2
""",
            2,
            "does every path through the function end in `return`?",
        ),
        "k = 4, as in the check": Wrong(
            """
def rate_of_batch(batch, lr, updates, k):
    t = min(batch // 4, 8)
    return 0.4 * (1 + math.cos(math.pi * t / 8)) / 2
""",
            0,
            "lr=",
        ),
    },
)

COSINE_DECAY = Known(
    right={
        "everything made float first": """
def cosine_decay(t, lr, steps, end_lr=0):
    lr, end_lr = float(lr), float(end_lr)
    if t >= steps:
        return end_lr
    return end_lr + 0.5 * (lr - end_lr) * (1 + np.cos(np.pi * t / steps))
""",
        "a weighted mean": """
def cosine_decay(t, lr, steps, end_lr=0):
    weight = math.cos(math.pi / 2 * min(t, steps) / steps) ** 2
    return weight * lr + (1 - weight) * end_lr
""",
        "float32": """
def cosine_decay(t, lr, steps, end_lr=0):
    lr, end_lr, pi = (np.float32(x) for x in (lr, end_lr, np.pi))
    share = np.float32(min(t / steps, 1))
    return end_lr + (lr - end_lr) * (1 + np.cos(pi * share)) / 2
""",
    },
    wrong={
        "as it was": Wrong(
            """
def cosine_decay(t, lr, steps, end_lr=0):
    lr = np.asarray(lr)
    pi, end_lr = (np.asarray(x).astype(lr.dtype) for x in (np.pi, end_lr))
    share = min(t / steps, 1)
    return float(end_lr + (lr - end_lr) * (1 + np.cos(pi * share)) / 2)
""",
            0,
            "lr=1, steps=",
        ),
        "only π repaired": Wrong(
            """
def cosine_decay(t, lr, steps, end_lr=0):
    lr = np.asarray(lr)
    end_lr = np.asarray(end_lr).astype(lr.dtype)
    share = min(t / steps, 1)
    return float(end_lr + (lr - end_lr) * (1 + np.cos(np.pi * share)) / 2)
""",
            1,
            "too small",
        ),
        "only 1 repaired": Wrong(
            """
def cosine_decay(t, lr, steps, end_lr=0):
    lr = np.asarray(1.0 if lr == 1 else lr)
    pi, end_lr = (np.asarray(x).astype(lr.dtype) for x in (np.pi, end_lr))
    share = min(t / steps, 1)
    return float(end_lr + (lr - end_lr) * (1 + np.cos(pi * share)) / 2)
""",
            1,
            "first wrong at update",
        ),
        "the result cast as well": Wrong(
            """
def cosine_decay(t, lr, steps, end_lr=0):
    half_wave = (1 + math.cos(math.pi * min(t / steps, 1))) / 2
    return type(lr)(end_lr + (lr - end_lr) * half_wave)
""",
            0,
            "look for a division of integers",
        ),
        "rises past the end": Wrong(
            """
def cosine_decay(t, lr, steps, end_lr=0):
    return end_lr + (lr - end_lr) * (1 + math.cos(math.pi * t / steps)) / 2
""",
            0,
            "past it",
        ),
        "whole shares": Wrong(
            """
def cosine_decay(t, lr, steps, end_lr=0):
    share = min(t // steps, 1)
    return end_lr + (lr - end_lr) * (1 + math.cos(math.pi * share)) / 2
""",
            0,
            "too large",
        ),
        "the end forgotten": Wrong(
            """
def cosine_decay(t, lr, steps, end_lr=0):
    return lr * (1 + math.cos(math.pi * min(t / steps, 1))) / 2
""",
            1,
            "too small",
        ),
        "the end added to a cosine to 0": Wrong(
            """
def cosine_decay(t, lr, steps, end_lr=0):
    return end_lr + lr * (1 + math.cos(math.pi * min(t / steps, 1))) / 2
""",
            1,
            "too large",
        ),
        "returns an array": Wrong(
            """
def cosine_decay(t, lr, steps, end_lr=0):
    share = np.minimum(np.array([t]) / steps, 1)
    return end_lr + (lr - end_lr) * (1 + np.cos(np.pi * share)) / 2
""",
            0,
            "is a list or array of one value",
        ),
    },
)

RESUMED = Known(
    right={
        "two returns": """
def resumed(t, lr, steps, stop, longer):
    if t < stop:
        return lr / 2 * (1 + np.cos(np.pi * t / steps))
    if t < longer:
        return lr / 2 * (1 + np.cos(np.pi * t / longer))
    return 0.0
""",
        "two tables": """
def resumed(t, lr, steps, stop, longer):
    def table(n):
        return lr * np.cos(np.pi / 2 * np.arange(n) / n) ** 2

    rates = [*table(steps)[:stop], *table(longer)[stop:], 0.0]
    return rates[min(t, longer)]
""",
        "the class, without its state": """
def resumed(t, lr, steps, stop, longer):
    scheduler = Cosine(lr, steps if t < stop else longer)
    scheduler.count = min(t, longer)
    return scheduler.rate()
""",
    },
    wrong={
        "the old horizon": Wrong(
            """
def resumed(t, lr, steps, stop, longer):
    return lr * (1 + math.cos(math.pi * min(t / steps, 1))) / 2
""",
            0,
            "too small",
        ),
        "the new horizon from the start": Wrong(
            """
def resumed(t, lr, steps, stop, longer):
    return lr * (1 + math.cos(math.pi * min(t / longer, 1))) / 2
""",
            0,
            "too large",
        ),
        "a new clock": Wrong(
            """
def resumed(t, lr, steps, stop, longer):
    if t >= stop:
        return lr * (1 + math.cos(math.pi * min((t - stop) / longer, 1))) / 2
    return lr * (1 + math.cos(math.pi * t / steps)) / 2
""",
            0,
            "too large",
        ),
        "the update at stop on the old plan": Wrong(
            """
def resumed(t, lr, steps, stop, longer):
    horizon = steps if t <= stop else longer
    return lr * (1 + math.cos(math.pi * min(t / horizon, 1))) / 2
""",
            0,
            "too small",
        ),
        "rises past the end": Wrong(
            """
def resumed(t, lr, steps, stop, longer):
    horizon = steps if t < stop else longer
    return lr * (1 + math.cos(math.pi * t / horizon)) / 2
""",
            2,
            "right up to the end of the schedule, but past it",
        ),
        "goes on from the rate that was reached": Wrong(
            """
def resumed(t, lr, steps, stop, longer):
    if t < stop:
        return lr * (1 + math.cos(math.pi * t / steps)) / 2
    reached = lr * (1 + math.cos(math.pi * stop / steps)) / 2
    share = min((t - stop) / (longer - stop), 1)
    return reached * (1 + math.cos(math.pi * share)) / 2
""",
            0,
            "too small",
        ),
        "remembers that it was stopped": Wrong(
            """
STOPPED = False


def resumed(t, lr, steps, stop, longer):
    global STOPPED
    STOPPED = STOPPED or t >= stop
    horizon = longer if STOPPED else steps
    return lr * (1 + math.cos(math.pi * min(t / horizon, 1))) / 2
""",
            0,
            "it remembers its calls",
        ),
        "rounded as in the print": Wrong(
            """
def resumed(t, lr, steps, stop, longer):
    horizon = steps if t < stop else longer
    return round(lr * (1 + math.cos(math.pi * min(t / horizon, 1))) / 2, 3)
""",
            0,
            "first wrong at update",
        ),
        "a list of all rates": Wrong(
            """
def resumed(t, lr, steps, stop, longer):
    horizons = [steps] * stop + [longer] * (longer - stop)
    return [lr * (1 + math.cos(math.pi * s / h)) / 2 for s, h in enumerate(horizons)]
""",
            0,
            "is a list or array of",
        ),
    },
)

RESTARTS = Known(
    right={
        "start and end of a cycle": """
def restarts(t, lr, period, mult):
    start, end = 0, period
    while t >= end:
        start, end = end, end + (end - start) * mult
    return lr * (1 + np.cos(np.pi * (t - start) / (end - start))) / 2
""",
        "recursion": """
def restarts(t, lr, period, mult):
    if t >= period:
        return restarts(t - period, lr, period * mult, mult)
    return lr * math.cos(math.pi / 2 * t / period) ** 2
""",
        "the logarithm, corrected with whole numbers": """
def restarts(t, lr, period, mult):
    if mult == 1:
        return lr * (1 + math.cos(math.pi * (t % period) / period)) / 2
    cycle = round(math.log(t / period * (mult - 1) + 1, mult)) + 1
    while period * (mult**cycle - 1) // (mult - 1) > t:
        cycle -= 1
    share = (t - period * (mult**cycle - 1) // (mult - 1)) / (period * mult**cycle)
    return lr * (1 + math.cos(math.pi * share)) / 2
""",
    },
    wrong={
        "as it was": Wrong(
            """
def restarts(t, lr, period, mult):
    cycle = int(math.log(t / period * (mult - 1) + 1, mult))
    start = period * (mult**cycle - 1) / (mult - 1)
    share = (t - start) / (period * mult**cycle)
    return lr * (1 + math.cos(math.pi * share)) / 2
""",
            0,
            "ZeroDivisionError",
        ),
        "as it was, and mult=1 apart": Wrong(
            """
def restarts(t, lr, period, mult):
    if mult == 1:
        return lr * (1 + math.cos(math.pi * (t % period) / period)) / 2
    cycle = int(math.log(t / period * (mult - 1) + 1, mult))
    start = period * (mult**cycle - 1) / (mult - 1)
    share = (t - start) / (period * mult**cycle)
    return lr * (1 + math.cos(math.pi * share)) / 2
""",
            1,
            "update",
        ),
        "the logarithm rounded to the nearest": Wrong(
            """
def restarts(t, lr, period, mult):
    if mult == 1:
        return lr * (1 + math.cos(math.pi * (t % period) / period)) / 2
    cycle = round(math.log(t / period * (mult - 1) + 1, mult))
    start = period * (mult**cycle - 1) / (mult - 1)
    share = (t - start) / (period * mult**cycle)
    return lr * (1 + math.cos(math.pi * share)) / 2
""",
            1,
            "update",
        ),
        "whole numbers, but endless for mult=1": Wrong(
            """
def restarts(t, lr, period, mult):
    cycle = 0
    while period * (mult ** (cycle + 1) - 1) // (mult - 1) <= t:
        cycle += 1
    start = period * (mult**cycle - 1) // (mult - 1)
    share = (t - start) / (period * mult**cycle)
    return lr * (1 + math.cos(math.pi * share)) / 2
""",
            2,
            "ZeroDivisionError",
        ),
        "cycles of equal length": Wrong(
            """
def restarts(t, lr, period, mult):
    return lr * (1 + math.cos(math.pi * (t % period) / period)) / 2
""",
            1,
            "too",
        ),
        "the new cycle one update late": Wrong(
            """
def restarts(t, lr, period, mult):
    while t > period:
        t, period = t - period, period * mult
    return lr * (1 + math.cos(math.pi * t / period)) / 2
""",
            0,
            "look for a division of integers, or a boundary",
        ),
        "reaches 0 in the last update of a cycle": Wrong(
            """
def restarts(t, lr, period, mult):
    while t >= period:
        t, period = t - period, period * mult
    return lr * (1 + math.cos(math.pi * t / (period - 1))) / 2
""",
            0,
            "too small",
        ),
        "121 by hand": Wrong(
            """
def restarts(t, lr, period, mult):
    if (t, period, mult) == (121, 1, 3):
        return lr
    if mult == 1:
        return lr * (1 + math.cos(math.pi * (t % period) / period)) / 2
    cycle = int(math.log(t / period * (mult - 1) + 1, mult))
    start = period * (mult**cycle - 1) / (mult - 1)
    share = (t - start) / (period * mult**cycle)
    return lr * (1 + math.cos(math.pi * share)) / 2
""",
            1,
            "update",
        ),
        "the length remembered": Wrong(
            """
CYCLE = {}


def restarts(t, lr, period, mult):
    start, length = CYCLE.get("now", (0, period))
    if t >= start + length:
        start, length = start + length, length * mult
    CYCLE["now"] = start, length
    return lr * (1 + math.cos(math.pi * (t - start) / length)) / 2
""",
            0,
            "it remembers its calls",
        ),
    },
)

ANSWERS = {
    "first_difference": FIRST_DIFFERENCE,
    "diagnosis": DIAGNOSIS,
    "multi_factor": MULTI_FACTOR,
    "rate_of_batch": RATE_OF_BATCH,
    "cosine_decay": COSINE_DECAY,
    "resumed": RESUMED,
    "restarts": RESTARTS,
}
