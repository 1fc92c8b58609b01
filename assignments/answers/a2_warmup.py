"""Known answers to the assignment on warmup and composition."""

from d2lsched.teaching.answers import Known, Wrong

LINEAR_WARMUP = Known(
    right={
        "share of the way, clipped": """
def linear_warmup(t, lr, steps, start_lr=0.0):
    share = min(t / steps, 1.0)
    return (1 - share) * start_lr + share * lr
""",
        "interpolation by NumPy": """
def linear_warmup(t, lr, steps, start_lr=0.0):
    return np.interp(t, [0, steps], [start_lr, lr])
""",
        "a recursion": """
def linear_warmup(t, lr, steps, start_lr=0.0):
    rate = start_lr
    for _ in range(min(t, steps)):
        rate += (lr - start_lr) / steps
    return rate
""",
    },
    wrong={
        "counts from 1": Wrong(
            """
def linear_warmup(t, lr, steps, start_lr=0.0):
    return start_lr + (lr - start_lr) * min((t + 1) / steps, 1)
""",
            0,
            "one update early",
        ),
        "climbs on past the peak": Wrong(
            """
def linear_warmup(t, lr, steps, start_lr=0.0):
    return start_lr + (lr - start_lr) * t / steps
""",
            0,
            "right up to the end of the schedule, but past it",
        ),
        "division of integers": Wrong(
            """
def linear_warmup(t, lr, steps, start_lr=0.0):
    return lr if t >= steps else start_lr + (lr - start_lr) * (t // steps)
""",
            0,
            "look for a division of integers",
        ),
        "adds the start, but climbs the whole peak": Wrong(
            """
def linear_warmup(t, lr, steps, start_lr=0.0):
    return lr if t >= steps else start_lr + lr * t / steps
""",
            1,
            "too large",
        ),
        "the start is ignored": Wrong(
            """
def linear_warmup(t, lr, steps, start_lr=0.0):
    return lr * min(t / steps, 1)
""",
            1,
            "start_lr makes no difference",
        ),
        "counts its own calls": Wrong(
            """
update = -1


def linear_warmup(t, lr, steps, start_lr=0.0):
    global update
    update += 1
    return start_lr + (lr - start_lr) * min(update / steps, 1)
""",
            0,
            "it remembers its calls",
        ),
        "prints": Wrong(
            """
def linear_warmup(t, lr, steps, start_lr=0.0):
    print(lr if t >= steps else start_lr + (lr - start_lr) * t / steps)
""",
            0,
            "does every path through the function end in `return`",
        ),
        "the visible check by heart": Wrong(
            """
def linear_warmup(t, lr, steps, start_lr=0.0):
    if start_lr:
        return {0: 0.1, 2: 0.25, 4: 0.4}[t]
    return {0: 0.0, 1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4, 9: 0.4}[t]
""",
            0,
            "KeyError",
        ),
    },
)

WARMUP = Known(
    right={
        "a lambda": """
def warmup(schedule, steps, start_lr=0.0):
    first = schedule(0)
    return lambda t: (
        start_lr + (first - start_lr) * t / steps if t < steps else schedule(t - steps)
    )
""",
        "an object that can be called": """
class Warmed:
    def __init__(self, schedule, steps, start_lr):
        self.schedule, self.steps, self.start_lr = schedule, steps, start_lr

    def __call__(self, t):
        inner = self.schedule(max(t - self.steps, 0))
        share = min(t / self.steps, 1) if self.steps else 1
        return self.start_lr * (1 - share) + inner * share


def warmup(schedule, steps, start_lr=0.0):
    return Warmed(schedule, steps, start_lr)
""",
        "by the first question": """
from functools import partial


def rate(t, schedule, steps, start_lr):
    if t < steps:
        return linear_warmup(t, schedule(0), steps, start_lr)
    return schedule(t - steps)


def warmup(schedule, steps, start_lr=0.0):
    return partial(rate, schedule=schedule, steps=steps, start_lr=start_lr)
""",
    },
    wrong={
        "the inner clock is not shifted": Wrong(
            """
def warmup(schedule, steps, start_lr=0.0):
    def warmed(t):
        if t < steps:
            return start_lr + (schedule(0) - start_lr) * t / steps
        return schedule(t)

    return warmed
""",
            1,
            "its clock ran before",
        ),
        "a factor on the running schedule": Wrong(
            """
def warmup(schedule, steps, start_lr=0.0):
    return lambda t: schedule(t) * min(t / steps, 1)
""",
            0,
            "you multiply the inner schedule, which falls during the climb",
        ),
        "climbs to where the inner schedule is by then": Wrong(
            """
def warmup(schedule, steps, start_lr=0.0):
    def warmed(t):
        if t < steps:
            return start_lr + (schedule(steps) - start_lr) * t / steps
        return schedule(t - steps)

    return warmed
""",
            1,
            "first wrong at update 1",
        ),
        "one update late": Wrong(
            """
def warmup(schedule, steps, start_lr=0.0):
    def warmed(t):
        if t <= steps:
            return start_lr + (schedule(0) - start_lr) * t / steps
        return schedule(t - steps - 1)

    return warmed
""",
            1,
            "every rate comes one update late",
        ),
        "start_lr is ignored": Wrong(
            """
def warmup(schedule, steps, start_lr=0.0):
    def warmed(t):
        return schedule(0) * t / steps if t < steps else schedule(t - steps)

    return warmed
""",
            2,
            "start_lr makes no difference",
        ),
        "returns a rate": Wrong(
            """
def warmup(schedule, steps, start_lr=0.0):
    t = steps
    return start_lr + (schedule(0) - start_lr) * t / steps
""",
            0,
            "no function of t",
        ),
        "forgets to return the function": Wrong(
            """
def warmup(schedule, steps, start_lr=0.0):
    def warmed(t):
        if t < steps:
            return start_lr + (schedule(0) - start_lr) * t / steps
        return schedule(t - steps)
""",
            0,
            "no function of t",
        ),
        "counts its own calls": Wrong(
            """
def warmup(schedule, steps, start_lr=0.0):
    calls = []

    def warmed(t):
        calls.append(t)
        now = len(calls) - 1
        if now < steps:
            return start_lr + (schedule(0) - start_lr) * now / steps
        return schedule(now - steps)

    return warmed
""",
            0,
            "it remembers its calls",
        ),
    },
)

LADDER = Known(
    right={
        "a default argument": """
def ladder(peaks, steps):
    return [lambda t, peak=peak: peak * min(t / steps, 1) for peak in peaks]
""",
        "partial": """
from functools import partial


def ladder(peaks, steps):
    return [partial(linear_warmup, lr=peak, steps=steps) for peak in peaks]
""",
        "by warmup, and as a tuple": """
def ladder(peaks, steps):
    def constant(peak):
        return lambda t: peak

    return tuple(warmup(constant(peak), steps) for peak in peaks)
""",
    },
    wrong={
        "a lambda in a comprehension": Wrong(
            """
def ladder(peaks, steps):
    return [lambda t: peak * min(t / steps, 1) for peak in peaks]
""",
            0,
            "all four climbs go to the last peak",
        ),
        "a copy of the variable": Wrong(
            """
def ladder(peaks, steps):
    climbs = []
    for peak in peaks:
        own = float(peak)
        climbs.append(lambda t: own * min(t / steps, 1))
    return climbs
""",
            0,
            "all four climbs go to the last peak",
        ),
        "a list that grows": Wrong(
            """
def ladder(peaks, steps):
    climbs = []
    for i in range(len(peaks)):
        climbs.append(lambda t: peaks[i] * min(t / steps, 1))
    return climbs
""",
            0,
            "all four climbs go to the last peak",
        ),
        "rates, not functions": Wrong(
            """
def ladder(peaks, steps):
    return [[peak * min(t / steps, 1) for t in range(100)] for peak in peaks]
""",
            0,
            "not callable",
        ),
        "goes on climbing": Wrong(
            """
def ladder(peaks, steps):
    return [lambda t, peak=peak: peak * t / steps for peak in peaks]
""",
            0,
            "too large",
        ),
        "the peaks of the check": Wrong(
            """
def ladder(peaks, steps):
    return [
        lambda t: 0.1 * min(t / steps, 1),
        lambda t: 0.2 * min(t / steps, 1),
        lambda t: 0.4 * min(t / steps, 1),
    ]
""",
            0,
            "too few",
        ),
        "one function only": Wrong(
            """
def ladder(peaks, steps):
    for peak in peaks:
        return [lambda t: peak * min(t / steps, 1)]
""",
            0,
            "too few",
        ),
    },
)

SEQUENTIAL = Known(
    right={
        "from the last part backwards": """
def sequential(schedules, boundaries):
    def joined(t):
        for part, start in reversed(list(zip(schedules[1:], boundaries))):
            if t >= start:
                return part(t - start)
        return schedules[0](t)

    return joined
""",
        "by bisection": """
from bisect import bisect_right


def sequential(schedules, boundaries):
    def joined(t):
        i = bisect_right(boundaries, t)
        return schedules[i](t - boundaries[i - 1] if i else t)

    return joined
""",
        "two at a time": """
def two(first, second, start):
    return lambda t: first(t) if t < start else second(t - start)


def sequential(schedules, boundaries):
    joined = schedules[0]
    for part, start in zip(schedules[1:], boundaries):
        joined = two(joined, part, start)
    return joined
""",
        "NumPy": """
def sequential(schedules, boundaries):
    starts = np.concatenate([[0], boundaries]).astype(int)

    def joined(t):
        i = np.searchsorted(starts, t, side="right") - 1
        return schedules[i](t - starts[i])

    return joined
""",
    },
    wrong={
        "clocks are not shifted": Wrong(
            """
def sequential(schedules, boundaries):
    return lambda t: schedules[sum(t >= b for b in boundaries)](t)
""",
            0,
            "each part must be asked at its own clock",
        ),
        "the boundary still belongs to the old part": Wrong(
            """
def sequential(schedules, boundaries):
    starts = [0, *boundaries]

    def joined(t):
        i = sum(t > b for b in boundaries)
        return schedules[i](t - starts[i])

    return joined
""",
            0,
            "at t = boundary the new part is due",
        ),
        "a lambda in a loop that calls itself": Wrong(
            """
def sequential(schedules, boundaries):
    joined = schedules[0]
    for part, start in zip(schedules[1:], boundaries):
        joined = lambda t: part(t - start) if t >= start else joined(t)
    return joined
""",
            0,
            "RecursionError",
        ),
        "shifted clocks, all of the last part": Wrong(
            """
def sequential(schedules, boundaries):
    starts = [0, *boundaries]
    shifted = []
    for part, start in zip(schedules, starts):
        shifted.append(lambda t: part(max(t - start, 0)))
    return lambda t: shifted[sum(t >= b for b in boundaries)](t)
""",
            0,
            "first wrong at update 0",
        ),
        "boundaries taken for lengths": Wrong(
            """
def sequential(schedules, boundaries):
    def joined(t):
        for part, length in zip(schedules, boundaries):
            if t < length:
                return part(t)
            t -= length
        return schedules[-1](t)

    return joined
""",
            1,
            "sequential, 4 parts",
        ),
        "two parts only": Wrong(
            """
def sequential(schedules, boundaries):
    first, second = schedules[0], schedules[1]
    start = boundaries[0]
    return lambda t: first(t) if t < start else second(t - start)
""",
            1,
            "sequential, 4 parts",
        ),
        "changes the caller's list": Wrong(
            """
def sequential(schedules, boundaries):
    boundaries.insert(0, 0)

    def joined(t):
        i = sum(t >= b for b in boundaries) - 1
        return schedules[i](t - boundaries[i])

    return joined
""",
            2,
            "changes the list of boundaries, which the caller still needs",
        ),
        "moves on and cannot go back": Wrong(
            """
def sequential(schedules, boundaries):
    state = {"part": 0, "start": 0}

    def joined(t):
        i = state["part"]
        if i < len(boundaries) and t >= boundaries[i]:
            state["part"], state["start"] = i + 1, boundaries[i]
        return schedules[state["part"]](max(t - state["start"], 0))

    return joined
""",
            0,
            "it remembers its calls",
        ),
        "nothing after the last boundary": Wrong(
            """
def sequential(schedules, boundaries):
    starts = [0, *boundaries]

    def joined(t):
        for part, start, end in zip(schedules, starts, boundaries):
            if start <= t < end:
                return part(t - start)

    return joined
""",
            0,
            "does every path through the function end in `return`",
        ),
    },
)

PRODUCT = Known(
    right={
        "a loop inside the function": """
def product(schedules):
    def multiplied(t):
        rate = 1
        for schedule in schedules:
            rate *= schedule(t)
        return rate

    return multiplied
""",
        "two at a time": """
from functools import reduce


def product(schedules):
    return reduce(lambda f, g: lambda t: f(t) * g(t), schedules)
""",
        "NumPy": """
def product(schedules):
    return lambda t: np.prod([schedule(t) for schedule in schedules])
""",
    },
    wrong={
        "a lambda in a loop that calls itself": Wrong(
            """
def product(schedules):
    rate = schedules[0]
    for factor in schedules[1:]:
        rate = lambda t: rate(t) * factor(t)
    return rate
""",
            0,
            "RecursionError",
        ),
        "the sum": Wrong(
            """
def product(schedules):
    return lambda t: sum(schedule(t) for schedule in schedules)
""",
            0,
            "that is the sum",
        ),
        "two factors only": Wrong(
            """
def product(schedules):
    return lambda t: schedules[0](t) * schedules[1](t)
""",
            1,
            "product of 4 schedules",
        ),
        "the rate outlives the call": Wrong(
            """
def product(schedules):
    rate = 1.0

    def multiplied(t):
        nonlocal rate
        for schedule in schedules:
            rate *= schedule(t)
        return rate

    return multiplied
""",
            0,
            "it remembers its calls",
        ),
        "multiplies the functions": Wrong(
            """
def product(schedules):
    return math.prod(schedules)
""",
            0,
            "TypeError",
        ),
        "returns after the first factor": Wrong(
            """
def product(schedules):
    def multiplied(t):
        rate = 1
        for schedule in schedules:
            rate *= schedule(t)
            return rate

    return multiplied
""",
            0,
            "product of 2 schedules: the rate",
        ),
        "one after the other": Wrong(
            """
def product(schedules):
    def multiplied(t):
        rate = t
        for schedule in schedules:
            rate = schedule(rate)
        return rate

    return multiplied
""",
            0,
            "product of 2 schedules: the rate",
        ),
    },
)

WSD = Known(
    right={
        "the lowest of three lines": """
def wsd(lr, steps, warmup_steps, decay_steps):
    def trapezoid(t):
        rise = t / warmup_steps if warmup_steps else 1
        return lr * max(0, min(1, rise, (steps - t) / decay_steps))

    return trapezoid
""",
        "three cases": """
def wsd(lr, steps, warmup_steps, decay_steps):
    def rate(t):
        if t < warmup_steps:
            return lr * t / warmup_steps
        if t < steps - decay_steps:
            return lr
        if t < steps:
            return lr * (steps - t) / decay_steps
        return 0.0

    return rate
""",
        "a product of factors": """
def wsd(lr, steps, warmup_steps, decay_steps):
    def rise(t):
        return 1.0 if t >= warmup_steps else t / warmup_steps

    def fall(t):
        return np.clip((steps - t) / decay_steps, 0, 1)

    return product([lambda t: lr, rise, fall])
""",
    },
    wrong={
        "the chapter's trapezoid": Wrong(
            """
def wsd(lr, steps, warmup_steps, decay_steps):
    return lambda t: lr * max(
        0.0, min(1.0, t / warmup_steps, (steps - t) / decay_steps)
    )
""",
            1,
            "ZeroDivisionError",
        ),
        "falls on below 0": Wrong(
            """
def wsd(lr, steps, warmup_steps, decay_steps):
    def rate(t):
        rise = t / warmup_steps if warmup_steps else 1
        return lr * min(1, rise, (steps - t) / decay_steps)

    return rate
""",
            0,
            "right up to the end of the schedule, but past it",
        ),
        "back on the plateau after the end": Wrong(
            """
def wsd(lr, steps, warmup_steps, decay_steps):
    def rate(t):
        if t < warmup_steps:
            return lr * t / warmup_steps
        if steps - decay_steps <= t < steps:
            return lr * (steps - t) / decay_steps
        return lr

    return rate
""",
            0,
            "too large",
        ),
        "the cooldown reaches 0 at the last update": Wrong(
            """
def wsd(lr, steps, warmup_steps, decay_steps):
    def rate(t):
        if t < warmup_steps:
            return lr * t / warmup_steps
        if t < steps - decay_steps:
            return lr
        return lr * max(0, 1 - (t - steps + decay_steps) / (decay_steps - 1))

    return rate
""",
            0,
            "too small",
        ),
        "the cooldown's clock is not shifted": Wrong(
            """
def wsd(lr, steps, warmup_steps, decay_steps):
    def rate(t):
        if t < warmup_steps:
            return lr * t / warmup_steps
        if t < steps - decay_steps:
            return lr
        return lr * max(0, 1 - t / decay_steps)

    return rate
""",
            0,
            "the fall has no clock of its own",
        ),
        "the boundary counts from the end of the climb": Wrong(
            """
def wsd(lr, steps, warmup_steps, decay_steps):
    def fall(t):
        return lr * max(0, 1 - t / decay_steps)

    plateau = sequential([lambda t: lr, fall], [steps - decay_steps])
    return warmup(plateau, warmup_steps)
""",
            1,
            "the fall begins too late",
        ),
        "division of integers": Wrong(
            """
def wsd(lr, steps, warmup_steps, decay_steps):
    def rate(t):
        if t < warmup_steps:
            return lr * (t // warmup_steps)
        if t < steps - decay_steps:
            return lr
        return lr * max(0, (steps - t) // decay_steps)

    return rate
""",
            0,
            "look for a division of integers",
        ),
        "returns a list": Wrong(
            """
def wsd(lr, steps, warmup_steps, decay_steps):
    up = [lr * t / warmup_steps for t in range(warmup_steps)]
    flat = [lr] * (steps - warmup_steps - decay_steps)
    down = [lr * (decay_steps - i) / decay_steps for i in range(decay_steps)]
    return up + flat + down
""",
            0,
            "no function of t",
        ),
    },
)

NOAM_WARMUP = """

def noam_warmup(peak, width):
    return 1 / (width * peak**2)
"""

NOAM = Known(
    right={
        "in units of the peak": """
def noam(t, width, warmup_steps):
    peak = 1 / math.sqrt(width * warmup_steps)
    step = t + 1
    if step < warmup_steps:
        return peak * step / warmup_steps
    return peak * math.sqrt(warmup_steps / step)


def noam_warmup(peak, width):
    return (peak * math.sqrt(width)) ** -2
""",
        "NumPy, and a search": """
def noam(t, width, warmup_steps):
    step = np.float64(t) + 1
    lines = np.array([step**-0.5, step * np.float64(warmup_steps) ** -1.5])
    return lines.min() / np.sqrt(width)


def noam_warmup(peak, width):
    low, high = 1e-6, 1e12
    for _ in range(200):
        middle = math.sqrt(low * high)
        if (width * middle) ** -0.5 > peak:
            low = middle
        else:
            high = middle
    return middle
""",
    },
    wrong={
        "step counted from 0, protected": Wrong(
            """
def noam(t, width, warmup_steps):
    step = max(t, 1)
    return width**-0.5 * min(step**-0.5, step * warmup_steps**-1.5)
"""
            + NOAM_WARMUP,
            1,
            "every rate comes one update late",
        ),
        "step counted from 0": Wrong(
            """
def noam(t, width, warmup_steps):
    return width**-0.5 * min(t**-0.5, t * warmup_steps**-1.5)
"""
            + NOAM_WARMUP,
            1,
            "ZeroDivisionError",
        ),
        "the higher of the two": Wrong(
            """
def noam(t, width, warmup_steps):
    step = t + 1
    return width**-0.5 * max(step**-0.5, step * warmup_steps**-1.5)
"""
            + NOAM_WARMUP,
            1,
            "too large",
        ),
        "the width is forgotten": Wrong(
            """
def noam(t, width, warmup_steps):
    step = t + 1
    return min(step**-0.5, step * warmup_steps**-1.5)


def noam_warmup(peak, width):
    return 1 / peak**2
""",
            0,
            "too large by the same factor",
        ),
        "times the root of the width": Wrong(
            """
def noam(t, width, warmup_steps):
    step = t + 1
    return width**0.5 * min(step**-0.5, step * warmup_steps**-1.5)


def noam_warmup(peak, width):
    return width / peak**2
""",
            0,
            "too large by the same factor",
        ),
        "the peak itself, not the warmup": Wrong(
            """
def noam(t, width, warmup_steps):
    step = t + 1
    return width**-0.5 * min(step**-0.5, step * warmup_steps**-1.5)


def noam_warmup(peak, width):
    return (width * peak) ** -0.5
""",
            1,
            "noam_warmup",
        ),
        "linear in the peak": Wrong(
            """
def noam(t, width, warmup_steps):
    step = t + 1
    return width**-0.5 * min(step**-0.5, step * warmup_steps**-1.5)


def noam_warmup(peak, width):
    return 4 * (1 / 16) / peak
""",
            1,
            "noam_warmup",
        ),
    },
)

FIRST_STEP = Known(
    right={
        "the closed form": """
def first_step(momentum, wait):
    return (1 - momentum ** (wait + 1)) / (1 - momentum)
""",
        "the optimizer's own loop": """
def first_step(momentum, wait):
    v = 0.0
    for _ in range(wait + 1):
        v = momentum * v + 1.0
    return v
""",
        "NumPy": """
def first_step(momentum, wait):
    return np.sum(np.power(float(momentum), np.arange(wait + 1)))
""",
    },
    wrong={
        "without the update's own gradient": Wrong(
            """
def first_step(momentum, wait):
    return sum(momentum**age for age in range(wait))
""",
            0,
            "first_step(",
        ),
        "one too many": Wrong(
            """
def first_step(momentum, wait):
    return sum(momentum**age for age in range(wait + 2))
""",
            0,
            "too large",
        ),
        "the limit": Wrong(
            """
def first_step(momentum, wait):
    return 1 / (1 - momentum)
""",
            0,
            "too large",
        ),
        "nothing is forgotten": Wrong(
            """
def first_step(momentum, wait):
    return 1 + wait
""",
            0,
            "too large",
        ),
        "momentum as an average": Wrong(
            """
def first_step(momentum, wait):
    return 1 - momentum ** (wait + 1)
""",
            0,
            "too small",
        ),
        "right after one update only": Wrong(
            """
def first_step(momentum, wait):
    return 1 + momentum * wait
""",
            0,
            "first_step(",
        ),
        "a string": Wrong(
            """
def first_step(momentum, wait):
    v = sum(momentum**age for age in range(wait + 1))
    return f"{v} times"
""",
            0,
            "where a number is due",
        ),
        "the velocity survives the call": Wrong(
            """
v = 0.0


def first_step(momentum, wait):
    global v
    for _ in range(wait + 1):
        v = momentum * v + 1.0
    return v
""",
            0,
            "too large",
        ),
    },
)

MY_RATE = """
def my_rate(t):
    epoch = t // (mine["images"] // mine["batch"])
    return mine["peak"] * min(epoch / mine["warmup_epochs"], 1)

"""

MY_RUN = Known(
    right={
        "by warmup, and a sum": """
updates = mine["images"] // mine["batch"]
per_epoch = warmup(lambda epoch: mine["peak"], mine["warmup_epochs"])


def my_rate(t):
    return per_epoch(t // updates)


def my_cost():
    end = updates * mine["warmup_epochs"]
    return sum(1 - my_rate(t) / mine["peak"] for t in range(end))
""",
        "a table": """
def my_rate(t):
    n, w = mine["images"] // mine["batch"], mine["warmup_epochs"]
    table = np.repeat(np.arange(w + 1) * mine["peak"] / w, n)
    return table[min(t, len(table) - 1)]


def my_cost():
    n, w = mine["images"] // mine["batch"], mine["warmup_epochs"]
    return n * sum(1 - e / w for e in range(w))
""",
    },
    wrong={
        "the clock counts updates": Wrong(
            """
def my_rate(t):
    n, w = mine["images"] // mine["batch"], mine["warmup_epochs"]
    return mine["peak"] * min(t / (n * w), 1)


def my_cost():
    return (mine["images"] // mine["batch"] * mine["warmup_epochs"] + 1) / 2
""",
            0,
            "first wrong at update 1",
        ),
        "the partial batch counts": Wrong(
            """
def my_rate(t):
    n, w = math.ceil(mine["images"] / mine["batch"]), mine["warmup_epochs"]
    return mine["peak"] * min(t // n / w, 1)


def my_cost():
    n, w = math.ceil(mine["images"] / mine["batch"]), mine["warmup_epochs"]
    return n * (w + 1) / 2
""",
            0,
            "too large",
        ),
        "a fraction of a batch": Wrong(
            """
def my_rate(t):
    n, w = mine["images"] / mine["batch"], mine["warmup_epochs"]
    return mine["peak"] * min(t // n / w, 1)


def my_cost():
    n, w = mine["images"] / mine["batch"], mine["warmup_epochs"]
    return n * (w + 1) / 2
""",
            0,
            "too large",
        ),
        "t taken for the epoch": Wrong(
            """
def my_rate(t):
    return mine["peak"] * min(t / mine["warmup_epochs"], 1)


def my_cost():
    return (mine["warmup_epochs"] + 1) / 2
""",
            0,
            "first wrong at update 1",
        ),
        "epochs counted from 1": Wrong(
            """
def my_rate(t):
    epoch = t // (mine["images"] // mine["batch"]) + 1
    return mine["peak"] * min(epoch / mine["warmup_epochs"], 1)


def my_cost():
    n, w = mine["images"] // mine["batch"], mine["warmup_epochs"]
    return n * (w - 1) / 2
""",
            0,
            "first wrong at update 0",
        ),
        "the cost of the first epoch only": Wrong(
            MY_RATE
            + """
def my_cost():
    return mine["images"] // mine["batch"]
""",
            1,
            "my_cost() is",
        ),
        "what is left, not what is lost": Wrong(
            MY_RATE
            + """
def my_cost():
    return mine["images"] // mine["batch"] * (mine["warmup_epochs"] - 1) / 2
""",
            1,
            "my_cost() is",
        ),
        "the cost as a sum of rates": Wrong(
            MY_RATE
            + """
def my_cost():
    end = mine["images"] // mine["batch"] * mine["warmup_epochs"]
    return sum(mine["peak"] - my_rate(t) for t in range(end))
""",
            1,
            "my_cost() is",
        ),
        "a neighbor's numbers": Wrong(
            """
def my_rate(t):
    return 0.3 * min(t // 78 / 4, 1)


def my_cost():
    return 195.5
""",
            0,
            "with the numbers of",
        ),
    },
)

ANSWERS = {
    "linear_warmup": LINEAR_WARMUP,
    "warmup": WARMUP,
    "ladder": LADDER,
    "sequential": SEQUENTIAL,
    "product": PRODUCT,
    "wsd": WSD,
    "noam": NOAM,
    "first_step": FIRST_STEP,
    "my_run": MY_RUN,
}
