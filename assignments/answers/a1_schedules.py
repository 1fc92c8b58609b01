"""Schedules from scratch: right answers in other words, and the wrong ones that come."""

from d2lsched.teaching.answers import Known, Wrong

# A mistake a line, as far as it fits.
# fmt: off
ANSWERS: dict[str, Known] = {}

ANSWERS["staircase"] = Known(right={
        "in float, with a loop over the stages": """
def staircase(t, lr, updates, stages, gamma=0.1):
    rate = lr
    for stage in range(1, stages):
        if t >= stage * updates / stages:
            rate = rate * gamma
    return rate""",
        "milestones and NumPy": """
def staircase(t, lr, updates, stages, gamma=0.1):
    milestones = np.arange(1, stages) * updates / stages
    return lr * gamma ** np.count_nonzero(milestones <= t)""",
        "an if for the end": """
def staircase(t, lr, updates, stages, gamma=0.1):
    if t >= updates:
        return lr * gamma ** (stages - 1)
    return lr * gamma ** int(t / updates * stages)""",
    }, wrong={
        "goes on dropping past the end": Wrong(2,
            "right up to the end of the schedule, but past it", """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr * gamma ** (t * stages // updates)"""),
        "drops one update late": Wrong(2, "every rate comes one update late", {
            "min(t * stages // updates, stages - 1":
                "sum(t > k * updates // stages for k in range(1, stages)"}),
        "counts from 1": Wrong(1, "every rate comes one update early", """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr * gamma ** min((t + 1) * stages // updates, stages - 1)"""),
        "rounds the stages' length": Wrong(2, "too small", {
            "stage = min(t * stages // updates, stages - 1)": "length = updates // stages",
            "**stage": " ** min(t // length, stages - 1)"}),
        "a drop for every stage": Wrong(0, "too small by the same factor", """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr * gamma ** (min(t * stages // updates, stages - 1) + 1)"""),
        "divides by ten whatever gamma is": Wrong(1, "too small", """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr / 10 ** min(t * stages // updates, stages - 1)"""),
        "integer division": Wrong(0, "the rate is 0 at every update", """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr // round(1 / gamma) ** min(t * stages // updates, stages - 1)"""),
        "counts its own calls": Wrong(0, "it remembers its calls", {
            "def": "calls = 0\n\ndef",
            "stage = min(t * stages // updates, stages - 1)":
            """global calls
    stage = min(calls * stages // updates, stages - 1)
    calls += 1"""}),
        "prints": Wrong(0, "is None: does every path through the function end in `return`?", """
def staircase(t, lr, updates, stages, gamma=0.1):
    print(lr * gamma ** min(t * stages // updates, stages - 1))"""),
        "knows the visible checks": Wrong(0, "it stops with IndexError", {
            "t >= updates": "updates == 12",
            "lr * gamma ** int(t / updates * stages)":
                "[0.8, 0.8, 0.8, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1][t]"
        }, of="an if for the end"),
    })

ANSWERS["halving"] = Known(right={
        "a loop, and no memory": """
def halving(t, lr, half_life, floor):
    factor = 0.5 ** (1 / half_life)
    for _ in range(t):
        lr = lr * factor
    return max(lr, floor)""",
        "exp and log in NumPy": """
def halving(t, lr, half_life, floor):
    rate = lr * np.exp(-np.log(2) * t / half_life)
    return np.maximum(rate, floor)""",
        "a division and an if": """
def halving(t, lr, half_life, floor):
    rate = lr / 2 ** (t / half_life)
    if rate < floor:
        return floor
    return rate""",
    }, wrong={
        "keeps its rate": Wrong(0, "it remembers its calls", {
            "def halving": "rate = None\n\ndef halving",
            "return max(floor, lr * 0.5 ** (t / half_life))":
            """global rate
    rate = lr if rate is None else max(floor, rate * 0.5 ** (1 / half_life))
    return rate"""}),
        "keeps its rate in a default": Wrong(0, "it remembers its calls", """
def halving(t, lr, half_life, floor, rates=[]):
    rates.append(rates[-1] * 0.5 ** (1 / half_life) if rates else lr)
    return max(floor, rates[-1])"""),
        "multiplies before it returns": Wrong(0, "every rate comes one update early",
            {".5 ** (t": ".5 ** ((t + 1)"}),
        "halves in jumps": Wrong(0, "too large", {"* (t /": "* (t //"}),
        "a time constant for the half-life": Wrong(0, "first wrong at update 1: there it is",
            {"0.5 ** (": "math.exp(-"}),
        "adds the floor": Wrong(0, "too large",
            {"max(floor, lr * 0.5 ** (t / half_life)": "floor + lr * 0.5 ** (t / half_life"}),
        "no floor": Wrong(2, "too small",
            {"max(floor, lr * 0.5 ** (t / half_life)": "lr * 0.5 ** (t / half_life"}),
        "min for max": Wrong(0, "it does not depend on t", {"max(floor": "min(floor"}),
        "an array of whole numbers": Wrong(2, "half_life=", {
            "0.5 ** (1 / half_life": "np.full(t + 1, lr",
            "lr = lr * factor": "factor[_ + 1] = factor[_] * 0.5 ** (1 / half_life)",
            "lr, floor": "floor, factor[t]"}, of="a loop, and no memory"),
    })

ANSWERS["power-decay"] = Known(right={
        "an if for the end": """
def power_decay(t, lr, updates, end_lr, power):
    if t >= updates - 1:
        return end_lr
    return (lr - end_lr) * (1 - t / (updates - 1)) ** power + end_lr""",
        "a table": """
def power_decay(t, lr, updates, end_lr, power):
    left = np.linspace(1, 0, updates)
    rates = end_lr + (lr - end_lr) * left**power
    return rates[min(t, updates - 1)]""",
        "clipped, in NumPy": """
def power_decay(t, lr, updates, end_lr, power):
    left = np.clip(1 - t / (updates - 1), 0, 1)
    return end_lr * (1 - left**power) + lr * left**power""",
    }, wrong={
        "the book's horizon": Wrong(2, "first wrong at update 1", {
            "np.clip(1 - t / (updates - 1), 0, 1)": "(updates - min(t, updates)) / updates"
        }, of="clipped, in NumPy"),
        "no end": Wrong(2, "complex", """
def power_decay(t, lr, updates, end_lr, power):
    return end_lr + (lr - end_lr) * (1 - t / (updates - 1)) ** power"""),
        "no end, in NumPy": Wrong(2, "NaN", {
            "1 - t / (updates - 1), 0,": "updates - 1 - t) / (updates -"
        }, of="clipped, in NumPy"),
        "no end, by the size": Wrong(2, "right up to the end of the schedule, but past it", """
def power_decay(t, lr, updates, end_lr, power):
    return end_lr + (lr - end_lr) * abs(1 - t / (updates - 1)) ** power"""),
        "0 after the end": Wrong(2, "right up to the end of the schedule, but past it", {
            "updates - 1:": "updates:",
            "return end_lr": "return 0.0"}, of="an if for the end"),
        "the floor by a maximum": Wrong(3, "first wrong at update 1", {
            "end_lr * (1 - left**power) + lr * left**power": "max(end_lr, lr * left**power)"
        }, of="clipped, in NumPy"),
        "the power of the wrong thing": Wrong(3, "first wrong at update 1", {
            "np.clip(1 - t / (updates - 1), 0": "min(t / (updates - 1)",
            "* (1 - left**power) + lr * left**power": "+ (lr - end_lr) * (1 - left**power)"
        }, of="clipped, in NumPy"),
        "integer division": Wrong(2, "first wrong at update 1", {
            """left = (last - min(t, last)) / last
    return end_lr + (lr - end_lr) * left**""":
                "return end_lr + (lr - end_lr) * ((last - min(t, last)) // last) ** "}),
        "a string": Wrong(0, "where a number is due", {
            "end_lr * (1 - left**power) + lr * left**power":
                'f"{end_lr + (lr - end_lr) * left**power:.6f}"'}, of="clipped, in NumPy"),
    })

ANSWERS["anytime"] = Known(right={
        "three ifs": """
def anytime(t, lr, warmup, start, cooldown):
    if t < warmup:
        rate = lr * (t + 1) / warmup
    else:
        rate = lr * math.sqrt(warmup / (t + 1))
    if t < start:
        return rate
    if t < start + cooldown:
        return rate * (1 - (t - start) / cooldown)
    return 0""",
        "Noam's formula and np.interp": """
def anytime(t, lr, warmup, start, cooldown):
    step = t + 1
    rate = lr * np.sqrt(warmup) * min(step**-0.5, step * warmup**-1.5)
    return rate * np.interp(t, [start, start + cooldown], [1, 0])""",
    }, wrong={
        "divides by zero at update 0": Wrong(0, "it stops with ZeroDivisionError", """
def anytime(t, lr, warmup, start, cooldown):
    rate = lr * min(t / warmup, math.sqrt(warmup / t))
    return rate * min(1, max(0, 1 - (t - start) / cooldown))"""),
        "update 1 twice": Wrong(1, "every rate comes one update late", {
            "step = t + 1": "t = max(t, 1)",
            "np.sqrt(warmup) * min(step**-0.5, step * warmup**-1.5":
                "min(t / warmup, math.sqrt(warmup / t)"}, of="Noam's formula and np.interp"),
        "a line from the rate at the start of the cooldown": Wrong(3, "too large",
            {"step = t": "step = min(t, start)"}, of="Noam's formula and np.interp"),
        "a line from the peak": Wrong(1, "too large", """
def anytime(t, lr, warmup, start, cooldown):
    if t >= start:
        return lr * max(0, 1 - (t - start) / cooldown)
    return lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1)))"""),
        "negative after the cooldown": Wrong(3,
            "right up to the end of the schedule, but past it", """
def anytime(t, lr, warmup, start, cooldown):
    rate = lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1)))
    return rate * min(1, 1 - (t - start) / cooldown)"""),
        "a factor above 1 before the cooldown": Wrong(0, "too large", """
def anytime(t, lr, warmup, start, cooldown):
    rate = lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1)))
    return rate * max(0, 1 - (t - start) / cooldown)"""),
        "no warmup": Wrong(0, "wrong at update 0", """
def anytime(t, lr, warmup, start, cooldown):
    rate = lr * math.sqrt(warmup / (t + 1))
    return rate * min(1, max(0, 1 - (t - start) / cooldown))"""),
        "no return after the cooldown": Wrong(3,
            "is None: does every path through the function end in `return`?", {
            "\n    return 0": ""}, of="three ifs"),
        "cools in one step": Wrong(3, "is 0; look for a division of integers, or a boundary", {
            "step = t + 1": "if t > start:",
            "    rate = lr * np.sqrt(warmup) * min(step**-0.5, step * warmup**-1.5)":
                "        return 0.0",
            "rate * np.interp(t, [start, start + cooldown], [1, 0]":
                "lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1))"
        }, of="Noam's formula and np.interp"),
    })

ANSWERS["per-epoch"] = Known(right={
        "a function with a name": """
def per_epoch(schedule, updates_per_epoch):
    def rate(t):
        epoch = int(t / updates_per_epoch)
        return schedule(epoch)

    return rate""",
        "an object": """
class PerEpoch:
    def __init__(self, schedule, updates):
        self.schedule, self.updates = schedule, updates

    def __call__(self, t):
        epoch, _ = divmod(t, self.updates)
        return self.schedule(epoch)

def per_epoch(schedule, updates_per_epoch):
    return PerEpoch(schedule, updates_per_epoch)""",
    }, wrong={
        "epoch for update": Wrong(0, "first wrong at update 1",
            {"t // updates_per_epoch": "t"}),
        "update for epoch": Wrong(0, "first wrong at update 1", {"//": "*"}),
        "rounds": Wrong(0, "right up to update",
            {"t // updates_per_epoch": "round(t / updates_per_epoch)"}),
        "one update early": Wrong(0, "every rate comes one update early",
            {"schedule(t": "schedule((t + 1)"}),
        "the remainder": Wrong(0, "first wrong at update 1", {"//": "%"}),
        "78 updates, as in the book": Wrong(0, "too large", {"/ updates_per_epoch": "/ 78"}),
        "counts its own calls": Wrong(0, "it remembers its calls", {
            "def rate": "calls = [0]\n\n    def rate",
            "int(t / updates_per_epoch)":
                "calls[0] // updates_per_epoch\n        calls[0] += 1"
        }, of="a function with a name"),
        "one for all": Wrong(1, "when its own result", {
            "return lambda t: schedule(t // updates_per_epoch":
            """global the_schedule, the_length
    the_schedule, the_length = schedule, updates_per_epoch
    return lambda t: the_schedule(t // the_length"""}),
        "a rate for a function": Wrong(0, "schedule that per_epoch returns",
            {"lambda t: schedule(t // updates_per_epoch": "schedule(0"}),
    })

ANSWERS["my-cosine"] = Known(right={
        "in NumPy, with an if": """
updates = mine["epochs"] * int(np.floor(mine["images"] / 100))

def my_cosine(t):
    if t > updates:
        return mine["floor"]
    middle = (mine["peak"] + mine["floor"]) / 2
    half = (mine["peak"] - mine["floor"]) / 2
    return middle + half * np.cos(np.pi * t / updates)""",
        "by the half angle, in degrees made radians": """
def my_cosine(t):
    steps = (mine["images"] - mine["images"] % 100) // 100 * mine["epochs"]
    angle = math.radians(90 * min(1, t / steps))
    return mine["floor"] + (mine["peak"] - mine["floor"]) * math.cos(angle) ** 2""",
    }, wrong={
        "rises past the end": Wrong(3, "right up to the end of the schedule, but past it",
            {"min(t, steps)": "t"}),
        "degrees": Wrong(0, "first wrong at update", {"(math.pi": "(180"}),
        "the incomplete batch counted": Wrong(0, "of a run which is too long",
            {'(mine["images"] /': 'math.ceil(mine["images"] '}),
        "dropped once, not in every epoch": Wrong(0, "of a run which is too long",
            {'(mine["images"] // 100)': 'mine["images"] // 100'}),
        "images over batch size, not rounded": Wrong(0, "of a run which is too long",
            {'(mine["images"] // 100)': 'mine["images"] / 100'}),
        "epochs for updates": Wrong(1, "of a run which is too short",
            {'] * (mine["images"] // 100)': "]"}),
        "ends with the last update": Wrong(1, "of a run which is too short",
            {"/ 100)": "/ 100) - 1"}),
        "a whole wave": Wrong(1, "first wrong at update", {
            "wave = math.cos(math.pi * min(t, steps)":
            """if t >= steps:
        return mine["floor"]
    wave = math.cos(2 * math.pi * t"""}),
        "the floor by a maximum": Wrong(1, "first wrong at update", {
            'mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2':
                'max(mine["floor"], mine["peak"] * (1 + wave) / 2)'}),
        "a neighbor's numbers": Wrong(0, "update 0 uses your own peak", """
def my_cosine(t):
    wave = math.cos(math.pi * min(t, 177) / 177)
    return 0.02 + (0.3 - 0.02) * (1 + wave) / 2"""),
        "counts its own calls": Wrong(0, "it remembers its calls", {
            "def": "calls = 0\n\ndef",
            "steps =": "global calls\n    steps =",
            "t, steps) / steps)": "calls, steps) / steps)\n    calls += 1"}),
        "a list of all rates": Wrong(0, "is a list or array of",
            {"math.cos(math.pi * min(t, steps": "np.cos(np.pi * np.arange(steps + 1"}),
    })
