"""Known answers to the assignment on warmup and composition."""

from d2lsched.teaching.answers import Known, Wrong

# A mistake a line, as far as it fits.
# fmt: off
ANSWERS: dict[str, Known] = {}

ANSWERS["linear_warmup"] = Known(right={
        "share of the way, clipped": """
def linear_warmup(t, lr, steps, start_lr=0.0):
    share = min(t / steps, 1.0)
    return (1 - share) * start_lr + share * lr""",
        "interpolation by NumPy": """
def linear_warmup(t, lr, steps, start_lr=0.0):
    return np.interp(t, [0, steps], [start_lr, lr])""",
        "a recursion": """
def linear_warmup(t, lr, steps, start_lr=0.0):
    rate = start_lr
    for _ in range(min(t, steps)):
        rate += (lr - start_lr) / steps
    return rate""",
    }, wrong={
        "counts from 1": Wrong(0, "one update early", {
            "np.interp(t, [0, steps], [start_lr, lr]":
                "start_lr + (lr - start_lr) * min((t + 1) / steps, 1"
        }, of="interpolation by NumPy"),
        "climbs on past the peak": Wrong(0, "right up to the end of the schedule, but past it",
            {"if t >= steps:\n        return lr\n    ": ""}),
        "division of integers": Wrong(0, "look for a division of integers", {
            "np.interp(t, [0, steps], [start_lr, lr]":
                "lr if t >= steps else start_lr + (lr - start_lr) * (t // steps"
        }, of="interpolation by NumPy"),
        "adds the start, but climbs the whole peak": Wrong(1, "too large", {
            "np.interp(t, [0, steps], [start_lr, lr])":
                "lr if t >= steps else start_lr + lr * t / steps"
        }, of="interpolation by NumPy"),
        "the start is ignored": Wrong(1, "start_lr makes no difference", {
            "np.interp(t, [0, steps], [start_lr, lr]": "lr * min(t / steps, 1"
        }, of="interpolation by NumPy"),
        "counts its own calls": Wrong(0, "it remembers its calls", {
            "def": "update = -1\n\n\ndef",
            "if t >= steps:": "global update",
            "        return lr": "    update += 1",
            "t / steps": "min(update / steps, 1)"}),
        "prints": Wrong(0, "does every path through the function end in `return`", {
            "return np.interp(t, [0, steps], [start_lr, lr]":
                "print(lr if t >= steps else start_lr + (lr - start_lr) * t / steps"
        }, of="interpolation by NumPy"),
        "the visible check by heart": Wrong(0, "KeyError", {
            "t >= steps": "start_lr",
            "return lr": "return {0: 0.1, 2: 0.25, 4: 0.4}[t]",
            "start_lr + (lr - start_lr) * t / steps":
                "{0: 0.0, 1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4, 9: 0.4}[t]"}),
    })

ANSWERS["warmup"] = Known(right={
        "a lambda": """
def warmup(schedule, steps, start_lr=0.0):
    first = schedule(0)
    return lambda t: (
        start_lr + (first - start_lr) * t / steps if t < steps else schedule(t - steps)
    )""",
        "an object that can be called": """
class Warmed:
    def __init__(self, schedule, steps, start_lr):
        self.schedule, self.steps, self.start_lr = schedule, steps, start_lr

    def __call__(self, t):
        inner = self.schedule(max(t - self.steps, 0))
        share = min(t / self.steps, 1) if self.steps else 1
        return self.start_lr * (1 - share) + inner * share


def warmup(schedule, steps, start_lr=0.0):
    return Warmed(schedule, steps, start_lr)""",
        "by the first question": """
from functools import partial


def rate(t, schedule, steps, start_lr):
    if t < steps:
        return linear_warmup(t, schedule(0), steps, start_lr)
    return schedule(t - steps)


def warmup(schedule, steps, start_lr=0.0):
    return partial(rate, schedule=schedule, steps=steps, start_lr=start_lr)""",
    }, wrong={
        "the inner clock is not shifted": Wrong(1, "its clock ran before", """
def warmup(schedule, steps, start_lr=0.0):
    def warmed(t):
        if t < steps:
            return start_lr + (schedule(0) - start_lr) * t / steps
        return schedule(t)

    return warmed"""),
        "a factor on the running schedule": Wrong(0,
            "you multiply the inner schedule, which falls during the climb", {
            "Warmed(schedule, steps, start_lr": "lambda t: schedule(t) * min(t / steps, 1"
        }, of="an object that can be called"),
        "climbs to where the inner schedule is by then": Wrong(1, "first wrong at update 1", {
            ">= steps": "< steps",
            "schedule(t - steps)": "start_lr + (schedule(steps) - start_lr) * t / steps",
            "start_lr + (schedule(0) - start_lr) * t / steps": "schedule(t - steps)"}),
        "one update late": Wrong(1, "every rate comes one update late", """
def warmup(schedule, steps, start_lr=0.0):
    def warmed(t):
        if t <= steps:
            return start_lr + (schedule(0) - start_lr) * t / steps
        return schedule(t - steps - 1)

    return warmed"""),
        "start_lr is ignored": Wrong(2, "start_lr makes no difference", {
            "first = schedule(0)": "def warmed(t):",
            "    return lambda t: (":
                "        return schedule(0) * t / steps if t < steps else schedule(t - steps)",
            "    )": "    return warmed"}, of="a lambda"),
        "returns a rate": Wrong(0, "no function of t", {
            "return Warmed(schedule, steps, start_lr)":
            """t = steps
    return start_lr + (schedule(0) - start_lr) * t / steps"""
        }, of="an object that can be called"),
        "forgets to return the function": Wrong(0, "no function of t", {
            "return Warmed(schedule, steps, start_lr":
            """def warmed(t):
        if t < steps:
            return start_lr + (schedule(0) - start_lr) * t / steps
        return schedule(t - steps"""}, of="an object that can be called"),
        "counts its own calls": Wrong(0, "it remembers its calls", """
def warmup(schedule, steps, start_lr=0.0):
    calls = []

    def warmed(t):
        calls.append(t)
        now = len(calls) - 1
        if now < steps:
            return start_lr + (schedule(0) - start_lr) * now / steps
        return schedule(now - steps)

    return warmed"""),
    })

ANSWERS["ladder"] = Known(right={
        "a default argument": """
def ladder(peaks, steps):
    return [lambda t, peak=peak: peak * min(t / steps, 1) for peak in peaks]""",
        "partial": """
from functools import partial


def ladder(peaks, steps):
    return [partial(linear_warmup, lr=peak, steps=steps) for peak in peaks]""",
        "by warmup, and as a tuple": """
def ladder(peaks, steps):
    def constant(peak):
        return lambda t: peak

    return tuple(warmup(constant(peak), steps) for peak in peaks)""",
    }, wrong={
        "a lambda in a comprehension": Wrong(0, "all four climbs go to the last peak",
            {", peak=peak": ""}, of="a default argument"),
        "a copy of the variable": Wrong(0, "all four climbs go to the last peak", {
            "return [partial(linear_warmup, lr=peak, steps=steps) for peak in peaks]":
            """climbs = []
    for peak in peaks:
        own = float(peak)
        climbs.append(lambda t: own * min(t / steps, 1))
    return climbs"""}, of="partial"),
        "a list that grows": Wrong(0, "all four climbs go to the last peak", {
            "return [partial(linear_warmup, lr=peak, steps=steps) for peak in peaks]":
            """climbs = []
    for i in range(len(peaks)):
        climbs.append(lambda t: peaks[i] * min(t / steps, 1))
    return climbs"""}, of="partial"),
        "rates, not functions": Wrong(0, "not callable", {
            "partial(linear_warmup, lr=peak, steps=steps)":
                "[peak * min(t / steps, 1) for t in range(100)]"}, of="partial"),
        "goes on climbing": Wrong(0, "too large",
            {"min(t / steps, 1)": "t / steps"}, of="a default argument"),
        "the peaks of the check": Wrong(0, "too few", {
            "partial(linear_warmup, lr=peak, steps=steps) for peak in peaks":
            """
        lambda t: 0.1 * min(t / steps, 1),
        lambda t: 0.2 * min(t / steps, 1),
        lambda t: 0.4 * min(t / steps, 1),
    """}, of="partial"),
        "one function only": Wrong(0, "too few", {
            "return [partial(linear_warmup, lr=peak, steps=steps) for peak in peaks":
            """for peak in peaks:
        return [lambda t: peak * min(t / steps, 1)"""}, of="partial"),
    })

ANSWERS["sequential"] = Known(right={
        "from the last part backwards": """
def sequential(schedules, boundaries):
    def joined(t):
        for part, start in reversed(list(zip(schedules[1:], boundaries))):
            if t >= start:
                return part(t - start)
        return schedules[0](t)

    return joined""",
        "by bisection": """
from bisect import bisect_right


def sequential(schedules, boundaries):
    def joined(t):
        i = bisect_right(boundaries, t)
        return schedules[i](t - boundaries[i - 1] if i else t)

    return joined""",
        "two at a time": """
def two(first, second, start):
    return lambda t: first(t) if t < start else second(t - start)


def sequential(schedules, boundaries):
    joined = schedules[0]
    for part, start in zip(schedules[1:], boundaries):
        joined = two(joined, part, start)
    return joined""",
        "NumPy": """
def sequential(schedules, boundaries):
    starts = np.concatenate([[0], boundaries]).astype(int)

    def joined(t):
        i = np.searchsorted(starts, t, side="right") - 1
        return schedules[i](t - starts[i])

    return joined""",
    }, wrong={
        "clocks are not shifted": Wrong(0, "each part must be asked at its own clock", """
def sequential(schedules, boundaries):
    return lambda t: schedules[sum(t >= b for b in boundaries)](t)"""),
        "the boundary still belongs to the old part": Wrong(0,
            "at t = boundary the new part is due", {
            ">= b for": "> b for"}),
        "a lambda in a loop that calls itself": Wrong(0, "RecursionError", {
            "two(joined, part, start": "lambda t: part(t - start) if t >= start else joined(t"
        }, of="two at a time"),
        "shifted clocks, all of the last part": Wrong(0, "first wrong at update 0", """
def sequential(schedules, boundaries):
    starts = [0, *boundaries]
    shifted = []
    for part, start in zip(schedules, starts):
        shifted.append(lambda t: part(max(t - start, 0)))
    return lambda t: shifted[sum(t >= b for b in boundaries)](t)"""),
        "boundaries taken for lengths": Wrong(1, "sequential, 4 parts", {
            """part = sum(t >= b for b in boundaries)
        return schedules[part](t - starts[part]""":
            """for part, length in zip(schedules, boundaries):
            if t < length:
                return part(t)
            t -= length
        return schedules[-1](t"""}),
        "two parts only": Wrong(1, "sequential, 4 parts", """
def sequential(schedules, boundaries):
    first, second = schedules[0], schedules[1]
    start = boundaries[0]
    return lambda t: first(t) if t < start else second(t - start)"""),
        "changes the caller's list": Wrong(2,
            "changes the list of boundaries, which the caller still needs", {
            "starts = [0, *boundaries]": "boundaries.insert(0, 0)",
            "in boundaries)": "in boundaries) - 1",
            "- starts": "- boundaries"}),
        "moves on and cannot go back": Wrong(0, "it remembers its calls", {
            "[0, *boundaries]": '{"part": 0, "start": 0}',
            """part = sum(t >= b for b in boundaries)
        return schedules[part](t - starts[part]""":
            """i = starts["part"]
        if i < len(boundaries) and t >= boundaries[i]:
            starts["part"], starts["start"] = i + 1, boundaries[i]
        return schedules[starts["part"]](max(t - starts["start"], 0)"""}),
        "nothing after the last boundary": Wrong(0,
            "does every path through the function end in `return`", {
            """part = sum(t >= b for b in boundaries)
        return schedules[part](t - starts[part]""":
            """for part, start, end in zip(schedules, starts, boundaries):
            if start <= t < end:
                return part(t - start"""}),
    })

ANSWERS["product"] = Known(right={
        "a loop inside the function": """
def product(schedules):
    def multiplied(t):
        rate = 1
        for schedule in schedules:
            rate *= schedule(t)
        return rate

    return multiplied""",
        "two at a time": """
from functools import reduce


def product(schedules):
    return reduce(lambda f, g: lambda t: f(t) * g(t), schedules)""",
        "NumPy": """
def product(schedules):
    return lambda t: np.prod([schedule(t) for schedule in schedules])""",
    }, wrong={
        "a lambda in a loop that calls itself": Wrong(0, "RecursionError", {
            "return reduce(lambda f, g: lambda t: f(t) * g(t), schedules)":
            """f = schedules[0]
    for g in schedules[1:]:
        f = lambda t: f(t) * g(t)
    return f"""}, of="two at a time"),
        "the sum": Wrong(0, "that is the sum", {"math.prod": "sum"}),
        "two factors only": Wrong(1, "product of 4 schedules", {
            "math.prod(schedule(t) for schedule in schedules":
                "schedules[0](t) * schedules[1](t"}),
        "the rate outlives the call": Wrong(0, "it remembers its calls", {
            "return lambda t: math.prod(schedule(t) for schedule in schedules)":
            """rate = 1.0

    def multiplied(t):
        nonlocal rate
        for schedule in schedules:
            rate *= schedule(t)
        return rate

    return multiplied"""}),
        "multiplies the functions": Wrong(0, "TypeError", {
            "lambda t: math.prod(schedule(t) for schedule in schedules": "math.prod(schedules"
        }),
        "returns after the first factor": Wrong(0, "product of 2 schedules: the rate", {
            "        return rate": "            return rate"}, of="a loop inside the function"),
        "one after the other": Wrong(0, "product of 2 schedules: the rate", {
            "rate = 1": "rate = t",
            "*= schedule(t": "= schedule(rate"}, of="a loop inside the function"),
    })

ANSWERS["wsd"] = Known(right={
        "the lowest of three lines": """
def wsd(lr, steps, warmup_steps, decay_steps):
    def trapezoid(t):
        rise = t / warmup_steps if warmup_steps else 1
        return lr * max(0, min(1, rise, (steps - t) / decay_steps))

    return trapezoid""",
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

    return rate""",
        "a product of factors": """
def wsd(lr, steps, warmup_steps, decay_steps):
    def rise(t):
        return 1.0 if t >= warmup_steps else t / warmup_steps

    def fall(t):
        return np.clip((steps - t) / decay_steps, 0, 1)

    return product([lambda t: lr, rise, fall])""",
    }, wrong={
        "the chapter's trapezoid": Wrong(1, "ZeroDivisionError", """
def wsd(lr, steps, warmup_steps, decay_steps):
    return lambda t: lr * max(
        0.0, min(1.0, t / warmup_steps, (steps - t) / decay_steps)
    )"""),
        "falls on below 0": Wrong(0, "right up to the end of the schedule, but past it", {
            "max(0, min(1, rise, (steps - t) / decay_steps)":
                "min(1, rise, (steps - t) / decay_steps"}, of="the lowest of three lines"),
        "back on the plateau after the end": Wrong(0, "too large",
            {"return 0.0": "return lr"}, of="three cases"),
        "the cooldown reaches 0 at the last update": Wrong(0, "too small", {
            """if t < steps:
            return lr * (steps - t) / decay_steps
        return 0.0""":
                "return lr * max(0, 1 - (t - steps + decay_steps) / (decay_steps - 1))"
        }, of="three cases"),
        "the cooldown's clock is not shifted": Wrong(0, "the fall has no clock of its own", {
            """if t < steps:
            return lr * (steps - t) / decay_steps
        return 0.0""":
                "return lr * max(0, 1 - t / decay_steps)"}, of="three cases"),
        "the boundary counts from the end of the climb": Wrong(1, "the fall begins too late", {
            """rise = t / warmup_steps if warmup_steps else 1
        return lr * max(0, min(1, rise, (steps - t) / decay_steps)""":
                "return lr * max(0, 1 - t / decay_steps",
            "return trapezoid":
            """plateau = sequential([lambda t: lr, trapezoid], [steps - decay_steps])
    return warmup(plateau, warmup_steps)"""}, of="the lowest of three lines"),
        "division of integers": Wrong(0, "look for a division of integers", {
            "t / warmup_steps": "(t // warmup_steps)",
            """if t < steps:
            return lr * (steps - t) / decay_steps
        return 0.0""":
                "return lr * max(0, (steps - t) // decay_steps)"}, of="three cases"),
        "returns a list": Wrong(0, "no function of t", """
def wsd(lr, steps, warmup_steps, decay_steps):
    up = [lr * t / warmup_steps for t in range(warmup_steps)]
    flat = [lr] * (steps - warmup_steps - decay_steps)
    down = [lr * (decay_steps - i) / decay_steps for i in range(decay_steps)]
    return up + flat + down"""),
    })

ANSWERS["noam"] = Known(right={
        "in units of the peak": """
def noam(t, width, warmup_steps):
    peak = 1 / math.sqrt(width * warmup_steps)
    step = t + 1
    if step < warmup_steps:
        return peak * step / warmup_steps
    return peak * math.sqrt(warmup_steps / step)


def noam_warmup(peak, width):
    return (peak * math.sqrt(width)) ** -2""",
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
    return middle""",
    }, wrong={
        "step counted from 0, protected": Wrong(1, "every rate comes one update late",
            {"= t + 1": "= max(t, 1)"}),
        "step counted from 0": Wrong(1, "ZeroDivisionError", {
            "step = t + 1\n    return width**-0.5 * min(step**-0.5, step":
                "return width**-0.5 * min(t**-0.5, t"}),
        "the higher of the two": Wrong(1, "too large", {"min(step": "max(step"}),
        "the width is forgotten": Wrong(0, "too large by the same factor",
            {"width**-0.5 * min": "min", "(width * peak**2)": "peak**2"}),
        "times the root of the width": Wrong(0, "too large by the same factor",
            {"width**-": "width**", "1 / (width * peak**2)": "width / peak**2"}),
        "the peak itself, not the warmup": Wrong(1, "noam_warmup",
            {"1 / (width * peak**2)": "(width * peak) ** -0.5"}),
        "linear in the peak": Wrong(1, "noam_warmup",
            {"1 / (width * peak**2)": "4 * (1 / 16) / peak"}),
    })

ANSWERS["first_step"] = Known(right={
        "the closed form": """
def first_step(momentum, wait):
    return (1 - momentum ** (wait + 1)) / (1 - momentum)""",
        "the optimizer's own loop": """
def first_step(momentum, wait):
    v = 0.0
    for _ in range(wait + 1):
        v = momentum * v + 1.0
    return v""",
        "NumPy": """
def first_step(momentum, wait):
    return np.sum(np.power(float(momentum), np.arange(wait + 1)))""",
    }, wrong={
        "without the update's own gradient": Wrong(0, "first_step(", {"wait + 1": "wait"}),
        "one too many": Wrong(0, "too large", {"wait + 1": "wait + 2"}),
        "the limit": Wrong(0, "too large",
            {"(1 - momentum ** (wait + 1))": "1"}, of="the closed form"),
        "nothing is forgotten": Wrong(0, "too large",
            {"sum(momentum**age for age in range(wait + 1))": "1 + wait"}),
        "momentum as an average": Wrong(0, "too small",
            {"sum(momentum**age for age in range(wait + 1)": "1 - momentum ** (wait + 1"}),
        "right after one update only": Wrong(0, "first_step(",
            {"sum(momentum**age for age in range(wait + 1))": "1 + momentum * wait"}),
        "a string": Wrong(0, "where a number is due", {
            "return sum(momentum**age for age in range(wait + 1))":
                'v = sum(momentum**age for age in range(wait + 1))\n    return f"{v} times"'}),
        "the velocity survives the call": Wrong(0, "too large", {
            "def": "v = 0.0\n\n\ndef",
            "return sum(momentum**age for age in range(wait + 1))":
            """global v
    for _ in range(wait + 1):
        v = momentum * v + 1.0
    return v"""}),
    })

ANSWERS["my_run"] = Known(right={
        "by warmup, and a sum": """
updates = mine["images"] // mine["batch"]
per_epoch = warmup(lambda epoch: mine["peak"], mine["warmup_epochs"])


def my_rate(t):
    return per_epoch(t // updates)


def my_cost():
    end = updates * mine["warmup_epochs"]
    return sum(1 - my_rate(t) / mine["peak"] for t in range(end))""",
        "a table": """
def my_rate(t):
    n, w = mine["images"] // mine["batch"], mine["warmup_epochs"]
    table = np.repeat(np.arange(w + 1) * mine["peak"] / w, n)
    return table[min(t, len(table) - 1)]


def my_cost():
    n, w = mine["images"] // mine["batch"], mine["warmup_epochs"]
    return n * sum(1 - e / w for e in range(w))""",
    }, wrong={
        "the clock counts updates": Wrong(0, "first wrong at update 1", {
            "return per_epoch(t // updates":
            """n, w = mine["images"] // mine["batch"], mine["warmup_epochs"]
    return mine["peak"] * min(t / (n * w), 1"""}, of="by warmup, and a sum"),
        "the partial batch counts": Wrong(0, "too large", {
            'epoch = t // (mine["images"] // mine["batch"])':
                'updates, w = math.ceil(mine["images"] / mine["batch"]), mine["warmup_epochs"]',
            'epoch / mine["warmup_epochs"]': "t // updates / w",
            'updates = mine["images"] // mine["batch':
                'updates, w = math.ceil(mine["images"] / mine["batch"]), mine["warmup_epochs'}),
        "a fraction of a batch": Wrong(0, "too large", {
            'epoch = t // (mine["images"] // mine["batch"])':
                'updates, w = mine["images"] / mine["batch"], mine["warmup_epochs"]',
            'epoch / mine["warmup_epochs"]': "t // updates / w",
            'updates = mine["images"] // mine["batch':
                'updates, w = mine["images"] / mine["batch"], mine["warmup_epochs'}),
        "t taken for the epoch": Wrong(0, "first wrong at update 1", {
            "per_epoch(t // updates": 'mine["peak"] * min(t / mine["warmup_epochs"], 1'
        }, of="by warmup, and a sum"),
        "epochs counted from 1": Wrong(0, "first wrong at update 0", {
            "return per_epoch(t // updates":
            """epoch = t // (mine["images"] // mine["batch"]) + 1
    return mine["peak"] * min(epoch / mine["warmup_epochs"], 1"""}, of="by warmup, and a sum"),
        "the cost of the first epoch only": Wrong(1, "my_cost() is", {
            """updates = mine["images"] // mine["batch"]
    return updates * (mine["warmup_epochs"] + 1) / 2""":
                'return mine["images"] // mine["batch"]'}),
        "what is left, not what is lost": Wrong(1, "my_cost() is", {
            """updates = mine["images"] // mine["batch"]
    return updates * (mine["warmup_epochs"] +""":
                'return mine["images"] // mine["batch"] * (mine["warmup_epochs"] -'}),
        "the cost as a sum of rates": Wrong(1, "my_cost() is", {
            '1 - my_rate(t) / mine["peak"]': 'mine["peak"] - my_rate(t)'
        }, of="by warmup, and a sum"),
        "a neighbor's numbers": Wrong(0, "with the numbers of", {
            "per_epoch(t // updates": "0.3 * min(t // 78 / 4, 1",
            """end = updates * mine["warmup_epochs"]
    return sum(1 - my_rate(t) / mine["peak"] for t in range(end))""":
                "return 195.5"}, of="by warmup, and a sum"),
    })
