"""Questions of the assignment on warmup and composition."""

import math

from d2lsched.teaching import personal
from d2lsched.teaching.checks import Failure, rates_fault, value_fault
from d2lsched.teaching.questions import Call, Case, Each, Question, Table, rates


def fall(random, n, peak=0.5):
    """A table of n rates that falls at every update, by steps of different length."""
    steps = random.uniform(0.5, 1.5, n)
    return Table([float(rate) for rate in peak * (1.2 - steps.cumsum() / steps.sum())])


def read(table, t):
    """What the function of a table gives for update t."""
    return table.rates[min(t, len(table.rates) - 1)]


def judged(at, reference, said, mistakes=(), end=None):
    """Return the updates to ask for, there and back again, and the judge of the rates.

    mistakes: pairs of a wrong reference and what to say of it.
    """
    updates = [*at, *reversed(at)]
    expected = [reference(t) for t in updates]

    def judge(got):
        if isinstance(got, Failure):
            return f"{said}: no schedule came: {got.description}"
        fault = rates_fault(got, expected, updates, end=end)
        if fault is None:
            return None
        first = got[0] if isinstance(got, list) and got else None
        if isinstance(first, Failure) and "not callable" in first.description:
            return f"{said}: what came back is no function of t ({first.description})"
        for mistaken, sentence in mistakes:
            if rates_fault(got, [mistaken(t) for t in updates], updates) is None:
                return f"{said}: {sentence}"
        return f"{said}: {fault}"

    return updates, judge


def composed(points, call, at, reference, said, mistakes=(), end=None):
    """Ask the schedule that a call (name and arguments) returns for its rates."""
    updates, judge = judged(at, reference, said, mistakes, end)
    name, *args = call
    return Case(points, Call(name, args, then=[[t] for t in updates]), judge)


def linear_warmup(random):
    """Question 1: from 0, and from another start with whole numbers."""
    w, v = int(random.integers(30, 50)), int(random.integers(5, 9))
    lr = round(float(random.uniform(0.2, 0.6)), 3)
    start = round(float(random.uniform(0.2, 0.6)), 3)

    def climb(t, lr, w, start=0.0):
        return lr if t >= w else start + (lr - start) * t / w

    at = [*range(v + 3), 99]
    said = f"with lr=1, steps={v}, start_lr={start}"
    mistakes = [(lambda t: climb(t, 1, v), "start_lr makes no difference")]
    updates, judge = judged(at, lambda t: climb(t, 1, v, start), said, mistakes, end=v)
    numbers = {"lr": 1, "steps": v, "start_lr": start}
    return [
        rates(
            1,
            "linear_warmup",
            [*range(w + 3), w + 50, 40 * w],
            lambda t: climb(t, lr, w),
            end=w,
            lr=lr,
            steps=w,
        ),
        Case(1, Each("linear_warmup", [[t] for t in updates], numbers), judge),
    ]


def warmup(random):
    """Question 2: the climb, the inner schedule's clock, another start."""
    w, v = int(random.integers(8, 20)), int(random.integers(4, 8))
    inner, other = fall(random, 40), fall(random, 12, 2.0)
    start = round(float(random.uniform(0.1, 0.5)), 3)

    def warmed(t, inner, w, start=0.0):
        first = read(inner, 0)
        return read(inner, t - w) if t >= w else start + (first - start) * t / w

    said = f"warmup(schedule, {w})"
    clock = "the inner schedule must be asked at 0 when the climb ends; its clock ran before"
    product = "you multiply the inner schedule, which falls during the climb; it is due at 0"
    return [
        composed(1, ("warmup", inner, w), range(w), lambda t: warmed(t, inner, w),
                 f"{said}, the climb",
                 [(lambda t: read(inner, t) * t / w, product)]),
        composed(1, ("warmup", inner, w), [*range(w, w + 35), w + 39, w + 40, w + 99],
                 lambda t: warmed(t, inner, w), f"{said}, after the climb",
                 [(lambda t: read(inner, t), clock)]),
        composed(1, ("warmup", other, v, start), range(v + 9),
                 lambda t: warmed(t, other, v, start), f"warmup(schedule, {v}, {start})",
                 [(lambda t: warmed(t, other, v), "start_lr makes no difference")]),
    ]  # fmt: skip


def ladder(random):
    """Question 3: four climbs, seen through the notebook's `rates_of`."""
    w = int(random.integers(5, 12))
    peaks = [round(float(peak), 3) for peak in random.permutation([0.1, 0.2, 0.4, 0.8])]
    peaks = [round(peak * float(random.uniform(0.9, 1.1)), 3) for peak in peaks]
    at = [0, 1, w - 1, w, w + 7, 2]
    expected = [[peak * min(t / w, 1) for t in at] for peak in peaks]
    what = f"the table of rates of ladder({peaks}, {w})"

    def judge(got):
        fault = value_fault(got, expected, what, atol=1e-12)
        if fault and value_fault(got, [expected[-1]] * 4, atol=1e-12) is None:
            return f"{what}: all four climbs go to the last peak"
        return fault

    return [Case(2, Call("rates_of", [Call("ladder", [peaks, w]), at]), judge)]


def sequential(random):
    """Question 4: two parts; four; and the lists are still the caller's."""
    first, second = int(random.integers(5, 9)), int(random.integers(4, 8))
    third = int(random.integers(9, 14))
    bounds = [first, first + second, first + second + third]
    parts = [fall(random, 11, peak) for peak in (0.2, 0.9, 0.5, 1.4)]

    def joined(n, clocks=True, late=0):
        def at(t):
            starts = [0, *bounds[: n - 1]]
            part = sum(t >= start + late for start in starts[1:])
            return read(parts[part], t - starts[part] if clocks else t)

        return at

    def case(points, n, last):
        clock = "each part must be asked at its own clock, which is 0 where it takes over"
        late = "at t = boundary the new part is due; yours comes an update later"
        mistakes = [(joined(n, clocks=False), clock), (joined(n, late=1), late)]
        call = "sequential", parts[:n], bounds[: n - 1]
        said = f"sequential, {n} parts, boundaries {bounds[: n - 1]}"
        return composed(points, call, range(last), joined(n), said, mistakes)

    two = case(1, 2, bounds[1] + 9)
    four = case(1, 4, bounds[2] + 20)
    three = case(1, 3, bounds[2])
    request = Call("sequential", three.request.args, then=three.request.then, after=True)

    def unchanged(answer):
        if isinstance(answer, Failure) or not isinstance(answer, list) or len(answer) != 2:
            return three.judge(answer)
        got, arguments = answer
        left = arguments[1] if isinstance(arguments, list) and len(arguments) == 2 else None
        if left != bounds[:2]:
            return "sequential changes the list of boundaries, which the caller still needs"
        if not isinstance(arguments[0], list) or len(arguments[0]) != 3:
            return "sequential changes the list of schedules, which the caller still needs"
        return three.judge(got)

    return [two, four, Case(1, request, unchanged)]


def product(random):
    """Question 5: two factors and four."""
    parts = [fall(random, n, peak) for n, peak in ((15, 0.4), (22, 3.0), (9, 1.7), (18, 0.8))]

    def case(n):
        def factors(t):
            return [read(part, t) for part in parts[:n]]

        mistakes = [(lambda t: sum(factors(t)), "that is the sum")]
        said = f"product of {n} schedules"
        call = "product", parts[:n]
        return composed(1, call, range(30), lambda t: math.prod(factors(t)), said, mistakes)

    return [case(2), case(4)]


def wsd(random):
    """Question 6: with a climb, and without."""
    w, d = int(random.integers(6, 15)), int(random.integers(16, 30))
    steps = w + d + int(random.integers(12, 25))
    lr = round(float(random.uniform(0.2, 0.6)), 3)

    def case(w, lr):
        def trapezoid(t, begin=steps - d, clock=steps - d):
            if t < max(w, begin):
                return lr * min(1.0, t / w if w else 1.0)
            return lr * max(0.0, 1 - (t - clock) / d)

        late = "the fall begins too late; T - d counts from update 0, not from the climb's end"
        mistakes = [
            (lambda t: trapezoid(t, clock=0), "the fall has no clock of its own"),
            (lambda t: trapezoid(t, steps - d + w, steps - d + w), late),
        ]
        at = [*range(steps + 3), steps + 17, 5 * steps]
        said = f"wsd({lr}, {steps}, {w}, {d})"
        call = "wsd", lr, steps, w, d
        return composed(1, call, at, trapezoid, said, mistakes, end=steps)

    return [case(w, lr), case(0, 1)]


def noam(random):
    """Question 7."""
    w, width = int(random.integers(20, 60)), int(random.choice([96, 200, 512, 768]))
    peak = round(float(random.uniform(0.0004, 0.0016)), 6)
    at = [*range(w + 4), 2 * w, 3 * w + 1, 50 * w, 100_000]

    def rate(t):
        return width**-0.5 * min((t + 1) ** -0.5, (t + 1) * w**-1.5)

    expected = 1 / (width * peak**2)
    what = f"noam_warmup({peak}, {width})"
    return [
        rates(1, "noam", at, rate, width=width, warmup_steps=w),
        Case(1, Call("noam_warmup", [peak, width]),
             lambda got: value_fault(got, expected, what)),
    ]  # fmt: skip


def first_step(random):
    """Question 8: several waits, and several momenta."""
    mu, k = round(float(random.uniform(0.8, 0.97)), 3), int(random.integers(6, 20))

    def case(pairs):
        def judge(got):
            if not isinstance(got, list) or len(got) != len(pairs):
                return f"first_step never came: {getattr(got, 'description', 'no answer')}"
            for (momentum, wait), one in zip(pairs, got, strict=True):
                length = sum(momentum**age for age in range(wait + 1))
                what = f"first_step({momentum}, {wait})"
                if fault := value_fault(one, length, what):
                    return fault
            return None

        return Case(1, Each("first_step", pairs), judge)

    waits = [[mu, wait] for wait in (0, 2, 3, k, 78, 500)]
    return [case(waits), case([[other, k] for other in (0.5, 0, 0.99, 0.95, 0.5)])]


def plan(student):
    """Peak, updates in an epoch, and epochs of warmup of a student's run."""
    mine = personal(
        student,
        "a2_warmup",
        peak=[0.16, 0.24, 0.36, 0.48],
        warmup_epochs=[3, 4, 5, 6],
        images=range(10_001, 12_000, 2),
        batch=[32, 48, 64, 96],
    )
    return mine["peak"], mine["images"] // mine["batch"], mine["warmup_epochs"]


def my_run(student):
    """Question 9, with the student's own numbers."""
    peak, n, w = plan(student)
    unset, m, v = plan("your-id")
    said = f"with the numbers of {student!r}"
    forgot = 'these are the rates for STUDENT = "your-id": put your own id there'
    at = [0, 1, n - 1, n, n + 1, 2 * n - 1, 2 * n, w * n - 1, w * n, w * n + 1, 40 * n]
    updates, judge = judged(
        at,
        lambda t: peak * min(t // n / w, 1),
        said,
        [(lambda t: unset * min(t // m / v, 1), forgot)],
        end=w * n,
    )
    cost = n * (w + 1) / 2
    return [
        Case(1, Each("my_rate", [[t] for t in updates]), judge),
        Case(1, Call("my_cost"), lambda got: value_fault(got, cost, f"{said}: my_cost()")),
    ]


def questions(student, random):
    """Return the questions that this student is asked."""
    return [
        Question("linear_warmup", linear_warmup(random)),
        Question("warmup", warmup(random)),
        Question("ladder", ladder(random)),
        Question("sequential", sequential(random)),
        Question("product", product(random)),
        Question("wsd", wsd(random)),
        Question("noam", noam(random)),
        Question("first_step", first_step(random)),
        Question("my_run", my_run(student)),
    ]
