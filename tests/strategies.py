"""Random schedules of every kind, nested in one another, for the property tests."""

import dataclasses
import itertools
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

import d2lsched
from d2lsched import Schedule

Maker = Callable[[random.Random], Schedule]


def _rate(rng: random.Random) -> float:
    """A learning rate: usually ordinary, sometimes 0, an integer, tiny or huge."""
    odd = rng.random()
    if odd < 0.04:
        return 0.0
    if odd < 0.12:
        return rng.choice([1, 2, 1e-6, 100.0])
    return 10 ** rng.uniform(-3, 0.5)


def _some_rate(rng: random.Random) -> float:
    return _rate(rng) or 0.1


def _floor(rng: random.Random, lr: float) -> float:
    return lr * rng.choice([0, 0, 0.01, rng.random(), 1])


def _steps(rng: random.Random, least: int = 1) -> int:
    if rng.random() < 0.1:
        return least + rng.choice([0, 1])
    return least + int(10 ** rng.uniform(0, 4))


def _gamma(rng: random.Random) -> float:
    return rng.choice([rng.uniform(0.01, 1), 1 - 10 ** rng.uniform(-5, -1), 0.1, 1, 1e-9])


def _rising(rng: random.Random, n: int) -> list[int]:
    return list(itertools.accumulate(_steps(rng) for _ in range(n)))


def _constant(rng: random.Random) -> Schedule:
    return d2lsched.Constant(_rate(rng))


def _step(rng: random.Random) -> Schedule:
    return d2lsched.StepDecay(_rate(rng), _steps(rng), _gamma(rng))


def _multi_step(rng: random.Random) -> Schedule:
    return d2lsched.MultiStepDecay(_rate(rng), _rising(rng, rng.randint(1, 6)), _gamma(rng))


def _factor(rng: random.Random) -> Schedule:
    lr = _rate(rng)
    return d2lsched.FactorDecay(lr, _gamma(rng), _floor(rng, lr))


def _exponential(rng: random.Random) -> Schedule:
    lr = _rate(rng)
    staircase = rng.random() < 0.5
    return d2lsched.ExponentialDecay(lr, _gamma(rng), _steps(rng), staircase, _floor(rng, lr))


def _inverse_time(rng: random.Random) -> Schedule:
    rate = rng.choice([0, 10 ** rng.uniform(-4, 2)])
    return d2lsched.InverseTimeDecay(_rate(rng), rate, _steps(rng), rng.random() < 0.5)


def _square_root(rng: random.Random) -> Schedule:
    return d2lsched.SquareRootDecay(_rate(rng))


def _inverse_sqrt(rng: random.Random) -> Schedule:
    return d2lsched.InverseSqrtDecay(_rate(rng), _steps(rng))


def _inverse_scaling(rng: random.Random) -> Schedule:
    return d2lsched.InverseScaling(_rate(rng), rng.choice([0, 0.25, 1, rng.uniform(0, 3), 100]))


def _bottou(rng: random.Random) -> Schedule:
    return d2lsched.BottouOptimal(10 ** rng.uniform(-5, 1), 10 ** rng.uniform(0, 5))


def _polynomial(rng: random.Random) -> Schedule:
    lr, power = _rate(rng), rng.choice([0.1, 0.5, 1, 2, rng.uniform(0.05, 9)])
    return d2lsched.PolynomialDecay(lr, _steps(rng), _floor(rng, lr), power)


def _linear(rng: random.Random) -> Schedule:
    lr = _rate(rng)
    return d2lsched.LinearDecay(lr, _steps(rng), _floor(rng, lr))


def _cosine(rng: random.Random) -> Schedule:
    lr = _rate(rng)
    return d2lsched.CosineDecay(lr, _steps(rng), _floor(rng, lr))


def _restarts(rng: random.Random) -> Schedule:
    lr, mult = _rate(rng), rng.choice([1, 1, 2, 2, 3, 7, 1_000])
    return d2lsched.CosineRestarts(lr, _steps(rng), mult, _gamma(rng), _floor(rng, lr))


def _cyclical(rng: random.Random) -> Schedule:
    lr, down = _rate(rng), rng.choice([None, _steps(rng)])
    mode = rng.choice(["triangular", "triangular2", "exp_range"])
    return d2lsched.Cyclical(_floor(rng, lr), lr, _steps(rng), down, mode, _gamma(rng))


def _one_cycle(rng: random.Random) -> Schedule:
    three = rng.random() < 0.5
    share = rng.choice([0.3, 0.0, 0.5 if three else 1.0, rng.random() / (1 + three)])
    div, final = 10 ** rng.uniform(0, 3), 10 ** rng.uniform(0, 6)
    anneal = rng.choice(["cos", "linear"])
    return d2lsched.OneCycle(_rate(rng), _steps(rng, 2), share, div, final, anneal, three)


def _stable(rng: random.Random) -> Schedule:
    lr, steps = _rate(rng), _steps(rng)
    rise = rng.choice([0, rng.randint(0, steps)])
    fall = rng.choice([0, steps - rise, rng.randint(0, steps - rise)])
    shape = rng.choice(["linear", "cosine", "sqrt"])
    end, start = _floor(rng, lr), _floor(rng, lr)
    return d2lsched.WarmupStableDecay(lr, steps, rise, fall, shape, end, start)


def _rex(rng: random.Random) -> Schedule:
    return d2lsched.Rex(_rate(rng), _steps(rng))


def _piecewise(rng: random.Random) -> Schedule:
    times = [0, *_rising(rng, rng.randint(0, 5))]
    shift = rng.choice([0, 0.25, 17])
    return d2lsched.Piecewise([(t + shift, _rate(rng)) for t in times])


def _range_test(rng: random.Random) -> Schedule:
    end, scale = _some_rate(rng), rng.choice(["log", "linear"])
    start = end * rng.choice([1, rng.random() or 1, 10 ** rng.uniform(-9, 0)])
    return d2lsched.LRRangeTest(start, end, _steps(rng, 2), scale)


PLAIN: dict[str, Maker] = {
    "Constant": _constant,
    "StepDecay": _step,
    "MultiStepDecay": _multi_step,
    "FactorDecay": _factor,
    "ExponentialDecay": _exponential,
    "InverseTimeDecay": _inverse_time,
    "SquareRootDecay": _square_root,
    "InverseSqrtDecay": _inverse_sqrt,
    "InverseScaling": _inverse_scaling,
    "BottouOptimal": _bottou,
    "PolynomialDecay": _polynomial,
    "LinearDecay": _linear,
    "CosineDecay": _cosine,
    "CosineRestarts": _restarts,
    "Cyclical": _cyclical,
    "OneCycle": _one_cycle,
    "WarmupStableDecay": _stable,
    "Rex": _rex,
    "Piecewise": _piecewise,
    "LRRangeTest": _range_test,
}


def _warmup(rng: random.Random, depth: int) -> Schedule:
    inner = random_schedule(rng, depth)
    first = inner(0)
    shapes = ["linear", "constant", "exponential"] if first > 1e-12 else ["linear"]
    shape = rng.choice(shapes)
    shares = [1, rng.random() or 1, 1e-7] + [0] * (shape == "linear")
    return d2lsched.Warmup(inner, _steps(rng), first * rng.choice(shares), shape)


def _sequential(rng: random.Random, depth: int) -> Schedule:
    n = rng.randint(1, 3)
    parts = [random_schedule(rng, depth) for _ in range(n)]
    boundaries = _rising(rng, n - 1)
    if n == 1:  # an empty list is only right for one part
        return d2lsched.Sequential([*parts, d2lsched.Constant(0.1)], [_steps(rng)])
    return d2lsched.Sequential(parts, boundaries)


def _product(rng: random.Random, depth: int) -> Schedule:
    factors = [random_schedule(rng, 0) for _ in range(rng.randint(0, 2))]
    return d2lsched.Product([random_schedule(rng, depth), *factors])


def _per_epoch(rng: random.Random, depth: int) -> Schedule:
    return d2lsched.PerEpoch(random_schedule(rng, depth), _steps(rng))


COMPOSED: dict[str, Callable[[random.Random, int], Schedule]] = {
    "Warmup": _warmup,
    "Sequential": _sequential,
    "Product": _product,
    "PerEpoch": _per_epoch,
}


def random_schedule(rng: random.Random, depth: int = 3) -> Schedule:
    """A random valid schedule, nested at most `depth` levels deep."""
    if depth == 0 or rng.random() < 0.35:
        return rng.choice(list(PLAIN.values()))(rng)
    return rng.choice(list(COMPOSED.values()))(rng, depth - 1)


def of_kind(kind: str, rng: random.Random) -> Schedule:
    """A random valid schedule of the class of that name."""
    return PLAIN[kind](rng) if kind in PLAIN else COMPOSED[kind](rng, 2)


def inside(schedule: Schedule) -> Iterator[Schedule]:
    """The schedule and all those inside it."""
    yield schedule
    for field in dataclasses.fields(schedule):
        value = getattr(schedule, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Schedule):
                yield from inside(part)


def _whole_numbers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _whole_numbers(item)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


def random_times(schedule: Schedule, rng: random.Random, n: int = 16) -> list[int]:
    """Update numbers: the first, those around its jumps and ends, others near and far."""
    marks = list(_whole_numbers(schedule.config())) or [10]
    times = [0]
    while len(times) < n:
        if rng.random() < 0.6:
            mark = sum(rng.sample(marks, rng.randint(1, min(3, len(marks)))))
            mark *= rng.choice([1, 1, rng.randint(1, 9), math.prod(rng.sample(marks, 1))])
            times.append(max(0, min(mark + rng.choice([-1, 0, 0, 1]), 2_000_000)))
        else:
            times.append(int(10 ** rng.uniform(0, math.log10(3 * sum(marks) + 2))))
    return times


seeds = st.integers(0, 2**32 - 1)
schedules = seeds.map(lambda seed: random_schedule(random.Random(seed)))
schedules_with_times = seeds.map(
    lambda seed: (
        schedule := random_schedule(random.Random(seed)),
        random_times(schedule, random.Random(seed + 1)),
    )
)
