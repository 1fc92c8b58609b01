"""Schedules from scratch: right answers in other words, and the wrong ones that come."""

from d2lsched.teaching.answers import Known, Wrong

STAIRCASE = Known(
    right={
        "in float, with a loop over the stages": """
def staircase(t, lr, updates, stages, gamma=0.1):
    rate = lr
    for stage in range(1, stages):
        if t >= stage * updates / stages:
            rate = rate * gamma
    return rate
""",
        "milestones and NumPy": """
def staircase(t, lr, updates, stages, gamma=0.1):
    milestones = np.arange(1, stages) * updates / stages
    return lr * gamma ** np.count_nonzero(milestones <= t)
""",
        "an if for the end": """
def staircase(t, lr, updates, stages, gamma=0.1):
    if t >= updates:
        return lr * gamma ** (stages - 1)
    return lr * gamma ** int(t / updates * stages)
""",
    },
    wrong={
        "goes on dropping past the end": Wrong(
            """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr * gamma ** (t * stages // updates)
""",
            2,
            "right up to the end of the schedule, but past it",
        ),
        "drops one update late": Wrong(
            """
def staircase(t, lr, updates, stages, gamma=0.1):
    stage = sum(t > k * updates // stages for k in range(1, stages))
    return lr * gamma**stage
""",
            2,
            "every rate comes one update late",
        ),
        "counts from 1": Wrong(
            """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr * gamma ** min((t + 1) * stages // updates, stages - 1)
""",
            1,
            "every rate comes one update early",
        ),
        "rounds the stages' length": Wrong(
            """
def staircase(t, lr, updates, stages, gamma=0.1):
    length = updates // stages
    return lr * gamma ** min(t // length, stages - 1)
""",
            2,
            "too small",
        ),
        "a drop for every stage": Wrong(
            """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr * gamma ** (min(t * stages // updates, stages - 1) + 1)
""",
            0,
            "too small by the same factor",
        ),
        "divides by ten whatever gamma is": Wrong(
            """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr / 10 ** min(t * stages // updates, stages - 1)
""",
            1,
            "too small",
        ),
        "integer division": Wrong(
            """
def staircase(t, lr, updates, stages, gamma=0.1):
    return lr // round(1 / gamma) ** min(t * stages // updates, stages - 1)
""",
            0,
            "the rate is 0 at every update",
        ),
        "counts its own calls": Wrong(
            """
calls = 0

def staircase(t, lr, updates, stages, gamma=0.1):
    global calls
    stage = min(calls * stages // updates, stages - 1)
    calls += 1
    return lr * gamma**stage
""",
            0,
            "it remembers its calls",
        ),
        "prints": Wrong(
            """
def staircase(t, lr, updates, stages, gamma=0.1):
    print(lr * gamma ** min(t * stages // updates, stages - 1))
""",
            0,
            "is None: does every path through the function end in `return`?",
        ),
        "knows the visible checks": Wrong(
            """
def staircase(t, lr, updates, stages, gamma=0.1):
    if updates == 12:
        return [0.4, 0.04, 0.004][t // 4]
    return [0.8, 0.8, 0.8, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1][t]
""",
            0,
            "it stops with IndexError",
        ),
    },
)

HALVING = Known(
    right={
        "a loop, and no memory": """
def halving(t, lr, half_life, floor):
    factor = 0.5 ** (1 / half_life)
    for _ in range(t):
        lr = lr * factor
    return max(lr, floor)
""",
        "exp and log in NumPy": """
def halving(t, lr, half_life, floor):
    rate = lr * np.exp(-np.log(2) * t / half_life)
    return np.maximum(rate, floor)
""",
        "a division and an if": """
def halving(t, lr, half_life, floor):
    rate = lr / 2 ** (t / half_life)
    if rate < floor:
        return floor
    return rate
""",
    },
    wrong={
        "keeps its rate": Wrong(
            """
rate = None

def halving(t, lr, half_life, floor):
    global rate
    rate = lr if rate is None else max(floor, rate * 0.5 ** (1 / half_life))
    return rate
""",
            0,
            "it remembers its calls",
        ),
        "keeps its rate in a default": Wrong(
            """
def halving(t, lr, half_life, floor, rates=[]):
    rates.append(rates[-1] * 0.5 ** (1 / half_life) if rates else lr)
    return max(floor, rates[-1])
""",
            0,
            "it remembers its calls",
        ),
        "multiplies before it returns": Wrong(
            """
def halving(t, lr, half_life, floor):
    return max(floor, lr * 0.5 ** ((t + 1) / half_life))
""",
            0,
            "every rate comes one update early",
        ),
        "halves in jumps": Wrong(
            """
def halving(t, lr, half_life, floor):
    return max(floor, lr * 0.5 ** (t // half_life))
""",
            0,
            "too large",
        ),
        "a time constant for the half-life": Wrong(
            """
def halving(t, lr, half_life, floor):
    return max(floor, lr * math.exp(-t / half_life))
""",
            0,
            "first wrong at update 1: there it is",
        ),
        "adds the floor": Wrong(
            """
def halving(t, lr, half_life, floor):
    return floor + lr * 0.5 ** (t / half_life)
""",
            0,
            "too large",
        ),
        "no floor": Wrong(
            """
def halving(t, lr, half_life, floor):
    return lr * 0.5 ** (t / half_life)
""",
            2,
            "too small",
        ),
        "min for max": Wrong(
            """
def halving(t, lr, half_life, floor):
    return min(floor, lr * 0.5 ** (t / half_life))
""",
            0,
            "it does not depend on t",
        ),
        "an array of whole numbers": Wrong(
            """
def halving(t, lr, half_life, floor):
    rates = np.full(t + 1, lr)
    for i in range(t):
        rates[i + 1] = rates[i] * 0.5 ** (1 / half_life)
    return max(floor, rates[t])
""",
            2,
            "half_life=",
        ),
    },
)

POWER_DECAY = Known(
    right={
        "an if for the end": """
def power_decay(t, lr, updates, end_lr, power):
    if t >= updates - 1:
        return end_lr
    return (lr - end_lr) * (1 - t / (updates - 1)) ** power + end_lr
""",
        "a table": """
def power_decay(t, lr, updates, end_lr, power):
    left = np.linspace(1, 0, updates)
    rates = end_lr + (lr - end_lr) * left**power
    return rates[min(t, updates - 1)]
""",
        "clipped, in NumPy": """
def power_decay(t, lr, updates, end_lr, power):
    left = np.clip(1 - t / (updates - 1), 0, 1)
    return end_lr * (1 - left**power) + lr * left**power
""",
    },
    wrong={
        "the book's horizon": Wrong(
            """
def power_decay(t, lr, updates, end_lr, power):
    left = (updates - min(t, updates)) / updates
    return end_lr + (lr - end_lr) * left**power
""",
            2,
            "first wrong at update 1",
        ),
        "no end": Wrong(
            """
def power_decay(t, lr, updates, end_lr, power):
    return end_lr + (lr - end_lr) * (1 - t / (updates - 1)) ** power
""",
            2,
            "complex",
        ),
        "no end, in NumPy": Wrong(
            """
def power_decay(t, lr, updates, end_lr, power):
    left = np.float64(updates - 1 - t) / (updates - 1)
    return end_lr + (lr - end_lr) * left**power
""",
            2,
            "NaN",
        ),
        "no end, by the size": Wrong(
            """
def power_decay(t, lr, updates, end_lr, power):
    return end_lr + (lr - end_lr) * abs(1 - t / (updates - 1)) ** power
""",
            2,
            "right up to the end of the schedule, but past it",
        ),
        "0 after the end": Wrong(
            """
def power_decay(t, lr, updates, end_lr, power):
    if t >= updates:
        return 0.0
    return end_lr + (lr - end_lr) * (1 - t / (updates - 1)) ** power
""",
            2,
            "right up to the end of the schedule, but past it",
        ),
        "the floor by a maximum": Wrong(
            """
def power_decay(t, lr, updates, end_lr, power):
    left = max(0.0, 1 - t / (updates - 1))
    return max(end_lr, lr * left**power)
""",
            3,
            "first wrong at update 1",
        ),
        "the power of the wrong thing": Wrong(
            """
def power_decay(t, lr, updates, end_lr, power):
    share = min(t / (updates - 1), 1)
    return end_lr + (lr - end_lr) * (1 - share**power)
""",
            3,
            "first wrong at update 1",
        ),
        "integer division": Wrong(
            """
def power_decay(t, lr, updates, end_lr, power):
    last = updates - 1
    return end_lr + (lr - end_lr) * ((last - min(t, last)) // last) ** power
""",
            2,
            "first wrong at update 1",
        ),
        "a string": Wrong(
            """
def power_decay(t, lr, updates, end_lr, power):
    left = max(0.0, 1 - t / (updates - 1))
    return f"{end_lr + (lr - end_lr) * left**power:.6f}"
""",
            0,
            "where a number is due",
        ),
    },
)

ANYTIME = Known(
    right={
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
    return 0
""",
        "Noam's formula and np.interp": """
def anytime(t, lr, warmup, start, cooldown):
    step = t + 1
    rate = lr * np.sqrt(warmup) * min(step**-0.5, step * warmup**-1.5)
    return rate * np.interp(t, [start, start + cooldown], [1, 0])
""",
    },
    wrong={
        "divides by zero at update 0": Wrong(
            """
def anytime(t, lr, warmup, start, cooldown):
    rate = lr * min(t / warmup, math.sqrt(warmup / t))
    return rate * min(1, max(0, 1 - (t - start) / cooldown))
""",
            0,
            "it stops with ZeroDivisionError",
        ),
        "update 1 twice": Wrong(
            """
def anytime(t, lr, warmup, start, cooldown):
    t = max(t, 1)
    rate = lr * min(t / warmup, math.sqrt(warmup / t))
    return rate * min(1, max(0, 1 - (t - start) / cooldown))
""",
            1,
            "every rate comes one update late",
        ),
        "a line from the rate at the start of the cooldown": Wrong(
            """
def anytime(t, lr, warmup, start, cooldown):
    step = min(t, start) + 1
    rate = lr * min(step / warmup, math.sqrt(warmup / step))
    return rate * min(1, max(0, 1 - (t - start) / cooldown))
""",
            3,
            "too large",
        ),
        "a line from the peak": Wrong(
            """
def anytime(t, lr, warmup, start, cooldown):
    if t >= start:
        return lr * max(0, 1 - (t - start) / cooldown)
    return lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1)))
""",
            1,
            "too large",
        ),
        "negative after the cooldown": Wrong(
            """
def anytime(t, lr, warmup, start, cooldown):
    rate = lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1)))
    return rate * min(1, 1 - (t - start) / cooldown)
""",
            3,
            "right up to the end of the schedule, but past it",
        ),
        "a factor above 1 before the cooldown": Wrong(
            """
def anytime(t, lr, warmup, start, cooldown):
    rate = lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1)))
    return rate * max(0, 1 - (t - start) / cooldown)
""",
            0,
            "too large",
        ),
        "no warmup": Wrong(
            """
def anytime(t, lr, warmup, start, cooldown):
    rate = lr * math.sqrt(warmup / (t + 1))
    return rate * min(1, max(0, 1 - (t - start) / cooldown))
""",
            0,
            "wrong at update 0",
        ),
        "no return after the cooldown": Wrong(
            """
def anytime(t, lr, warmup, start, cooldown):
    rate = lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1)))
    if t < start:
        return rate
    if t < start + cooldown:
        return rate * (1 - (t - start) / cooldown)
""",
            3,
            "is None: does every path through the function end in `return`?",
        ),
        "cools in one step": Wrong(
            """
def anytime(t, lr, warmup, start, cooldown):
    if t > start:
        return 0.0
    return lr * min((t + 1) / warmup, math.sqrt(warmup / (t + 1)))
""",
            3,
            "is 0; look for a division of integers, or a boundary",
        ),
    },
)

PER_EPOCH = Known(
    right={
        "a function with a name": """
def per_epoch(schedule, updates_per_epoch):
    def rate(t):
        epoch = int(t / updates_per_epoch)
        return schedule(epoch)

    return rate
""",
        "an object": """
class PerEpoch:
    def __init__(self, schedule, updates):
        self.schedule, self.updates = schedule, updates

    def __call__(self, t):
        epoch, _ = divmod(t, self.updates)
        return self.schedule(epoch)

def per_epoch(schedule, updates_per_epoch):
    return PerEpoch(schedule, updates_per_epoch)
""",
    },
    wrong={
        "epoch for update": Wrong(
            """
def per_epoch(schedule, updates_per_epoch):
    return lambda t: schedule(t)
""",
            0,
            "first wrong at update 1",
        ),
        "update for epoch": Wrong(
            """
def per_epoch(schedule, updates_per_epoch):
    return lambda t: schedule(t * updates_per_epoch)
""",
            0,
            "first wrong at update 1",
        ),
        "rounds": Wrong(
            """
def per_epoch(schedule, updates_per_epoch):
    return lambda t: schedule(round(t / updates_per_epoch))
""",
            0,
            "right up to update",
        ),
        "one update early": Wrong(
            """
def per_epoch(schedule, updates_per_epoch):
    return lambda t: schedule((t + 1) // updates_per_epoch)
""",
            0,
            "every rate comes one update early",
        ),
        "the remainder": Wrong(
            """
def per_epoch(schedule, updates_per_epoch):
    return lambda t: schedule(t % updates_per_epoch)
""",
            0,
            "first wrong at update 1",
        ),
        "78 updates, as in the book": Wrong(
            """
def per_epoch(schedule, updates_per_epoch):
    return lambda t: schedule(t // 78)
""",
            0,
            "too large",
        ),
        "counts its own calls": Wrong(
            """
def per_epoch(schedule, updates_per_epoch):
    calls = [0]

    def rate(t):
        epoch = calls[0] // updates_per_epoch
        calls[0] += 1
        return schedule(epoch)

    return rate
""",
            0,
            "it remembers its calls",
        ),
        "one for all": Wrong(
            """
def per_epoch(schedule, updates_per_epoch):
    global the_schedule, the_length
    the_schedule, the_length = schedule, updates_per_epoch
    return lambda t: the_schedule(t // the_length)
""",
            1,
            "when its own result",
        ),
        "a rate for a function": Wrong(
            """
def per_epoch(schedule, updates_per_epoch):
    return schedule(0)
""",
            0,
            "schedule that per_epoch returns",
        ),
    },
)

MY_COSINE = Known(
    right={
        "in NumPy, with an if": """
updates = mine["epochs"] * int(np.floor(mine["images"] / 100))

def my_cosine(t):
    if t > updates:
        return mine["floor"]
    middle = (mine["peak"] + mine["floor"]) / 2
    half = (mine["peak"] - mine["floor"]) / 2
    return middle + half * np.cos(np.pi * t / updates)
""",
        "by the half angle, in degrees made radians": """
def my_cosine(t):
    steps = (mine["images"] - mine["images"] % 100) // 100 * mine["epochs"]
    angle = math.radians(90 * min(1, t / steps))
    return mine["floor"] + (mine["peak"] - mine["floor"]) * math.cos(angle) ** 2
""",
    },
    wrong={
        "rises past the end": Wrong(
            """
def my_cosine(t):
    steps = mine["epochs"] * (mine["images"] // 100)
    wave = math.cos(math.pi * t / steps)
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            3,
            "right up to the end of the schedule, but past it",
        ),
        "degrees": Wrong(
            """
def my_cosine(t):
    steps = mine["epochs"] * (mine["images"] // 100)
    wave = math.cos(180 * min(t, steps) / steps)
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            0,
            "first wrong at update",
        ),
        "the incomplete batch counted": Wrong(
            """
def my_cosine(t):
    steps = mine["epochs"] * math.ceil(mine["images"] / 100)
    wave = math.cos(math.pi * min(t, steps) / steps)
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            0,
            "of a run which is too long",
        ),
        "dropped once, not in every epoch": Wrong(
            """
def my_cosine(t):
    steps = mine["epochs"] * mine["images"] // 100
    wave = math.cos(math.pi * min(t, steps) / steps)
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            0,
            "of a run which is too long",
        ),
        "images over batch size, not rounded": Wrong(
            """
def my_cosine(t):
    steps = mine["epochs"] * mine["images"] / 100
    wave = math.cos(math.pi * min(t, steps) / steps)
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            0,
            "of a run which is too long",
        ),
        "epochs for updates": Wrong(
            """
def my_cosine(t):
    steps = mine["epochs"]
    wave = math.cos(math.pi * min(t, steps) / steps)
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            1,
            "of a run which is too short",
        ),
        "ends with the last update": Wrong(
            """
def my_cosine(t):
    last = mine["epochs"] * (mine["images"] // 100) - 1
    wave = math.cos(math.pi * min(t, last) / last)
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            1,
            "of a run which is too short",
        ),
        "a whole wave": Wrong(
            """
def my_cosine(t):
    steps = mine["epochs"] * (mine["images"] // 100)
    if t >= steps:
        return mine["floor"]
    wave = math.cos(2 * math.pi * t / steps)
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            1,
            "first wrong at update",
        ),
        "the floor by a maximum": Wrong(
            """
def my_cosine(t):
    steps = mine["epochs"] * (mine["images"] // 100)
    wave = math.cos(math.pi * min(t, steps) / steps)
    return max(mine["floor"], mine["peak"] * (1 + wave) / 2)
""",
            1,
            "first wrong at update",
        ),
        "a neighbor's numbers": Wrong(
            """
def my_cosine(t):
    wave = math.cos(math.pi * min(t, 177) / 177)
    return 0.02 + (0.3 - 0.02) * (1 + wave) / 2
""",
            0,
            "update 0 uses your own peak",
        ),
        "counts its own calls": Wrong(
            """
calls = 0

def my_cosine(t):
    global calls
    steps = mine["epochs"] * (mine["images"] // 100)
    wave = math.cos(math.pi * min(calls, steps) / steps)
    calls += 1
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            0,
            "it remembers its calls",
        ),
        "a list of all rates": Wrong(
            """
def my_cosine(t):
    steps = mine["epochs"] * (mine["images"] // 100)
    wave = np.cos(np.pi * np.arange(steps + 1) / steps)
    return mine["floor"] + (mine["peak"] - mine["floor"]) * (1 + wave) / 2
""",
            0,
            "is a list or array of",
        ),
    },
)

ANSWERS = {
    "staircase": STAIRCASE,
    "halving": HALVING,
    "power-decay": POWER_DECAY,
    "anytime": ANYTIME,
    "per-epoch": PER_EPOCH,
    "my-cosine": MY_COSINE,
}
