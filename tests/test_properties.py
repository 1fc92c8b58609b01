"""What every schedule must hold to, however it is nested, in every framework."""

import dataclasses
import itertools
import json
import math
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import d2lsched.tensorflow  # sets TensorFlow's environment before it loads
from d2lsched import (
    BottouOptimal,
    Constant,
    CosineDecay,
    CosineRestarts,
    Cyclical,
    ExponentialDecay,
    FactorDecay,
    InverseScaling,
    InverseSqrtDecay,
    InverseTimeDecay,
    LinearDecay,
    LRRangeTest,
    MultiStepDecay,
    OneCycle,
    PerEpoch,
    Piecewise,
    PolynomialDecay,
    Product,
    Rex,
    Schedule,
    Sequential,
    SquareRootDecay,
    StepDecay,
    Warmup,
    WarmupStableDecay,
)

# isort: split
import jax
import jax.numpy as jnp
import tensorflow as tf
import torch
from strategies import (
    COMPOSED,
    PLAIN,
    inside,
    of_kind,
    random_schedule,
    random_times,
    schedules,
    schedules_with_times,
    seeds,
)

FLOAT64, FLOAT32 = 1e-12, 1e-6  # largest difference between two ways of asking, per peak
KINDS = [*PLAIN, *COMPOSED]
kinds = pytest.mark.parametrize("kind", KINDS)


def test_the_random_schedules_are_of_every_kind():
    assert {*KINDS, "Schedule", "ReduceOnPlateau"} <= set(d2lsched.__all__)
    public = (getattr(d2lsched, name) for name in d2lsched.__all__)
    classes = {c.__name__ for c in public if isinstance(c, type) and issubclass(c, Schedule)}
    assert classes == {*KINDS, "Schedule"}
    made = [random_schedule(random.Random(seed)) for seed in range(500)]
    assert {type(part).__name__ for schedule in made for part in inside(schedule)} == set(KINDS)
    assert max(_depth(schedule) for schedule in made) == 3


def _depth(schedule: Schedule) -> int:
    parts = itertools.islice(inside(schedule), 1, None)
    return max((1 + _depth(part) for part in parts), default=0)


# --- random schedules, nested


def _asked(schedule: Schedule, ts: Any) -> np.ndarray:
    return np.array([schedule(t) for t in ts])


def _close(found: Any, expected: np.ndarray, schedule: Schedule, tolerance: float) -> float:
    """The largest difference as a share of the peak, which must be within tolerance."""
    found = np.asarray(found, float)
    assert found.shape == expected.shape
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    worst = float(np.abs(found - expected).max())
    assert worst <= tolerance * schedule.peak, f"{schedule}: off by {worst}"
    return worst / (schedule.peak or 1)


def _check_numbers(seed: int) -> float:
    """One random schedule, asked with Python numbers and NumPy arrays in several ways."""
    rng = random.Random(seed)
    schedule = random_schedule(rng)
    ts: list[float] = [*random_times(schedule, rng)]
    ts += [t + rng.random() for t in ts[:6]]
    rates = _asked(schedule, ts)
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()
    assert (rates <= schedule.peak).all()
    array = schedule(np.array(ts[:-6], dtype=int))
    assert (array <= schedule.peak).all()
    worst = _close(array, rates[:-6], schedule, FLOAT64)
    worst = max(worst, _close(schedule(np.array(ts)), rates, schedule, FLOAT64))
    n = 40
    worst = max(worst, _close(schedule.table(n), _asked(schedule, range(n)), schedule, FLOAT64))
    order = rng.sample(range(len(ts)), len(ts))
    assert [schedule(ts[i]) for i in order] == rates[order].tolist()
    return worst


def test_500_random_schedules_agree_with_themselves():
    assert max(_check_numbers(seed) for seed in range(500)) <= FLOAT64


@pytest.mark.slow
def test_10_000_random_schedules_agree_with_themselves():
    worst = max(_check_numbers(seed) for seed in range(10_000))
    print(f"10,000 schedules, largest difference per peak {worst:.1e}")


@given(schedules_with_times)
def test_any_schedule_is_finite_between_zero_and_the_peak_and_pure(case):
    schedule, ts = case
    text, rates = repr(schedule), _asked(schedule, ts)
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()
    assert (rates <= schedule.peak).all()
    assert _asked(schedule, ts[::-1])[::-1].tolist() == rates.tolist()
    assert all(type(schedule(t)) is float for t in ts)
    assert repr(schedule) == text


ASKED: dict[str, Callable[[Schedule, Any], Any]] = {
    "torch": lambda schedule, ts: schedule(torch.tensor(ts)),
    "torch.func.vmap": lambda schedule, ts: torch.func.vmap(schedule)(torch.tensor(ts)),
    "tensorflow": lambda schedule, ts: schedule(tf.constant(ts)),
    "tf.function": lambda schedule, ts: tf.function(schedule, autograph=False)(tf.constant(ts)),
    "jax": lambda schedule, ts: schedule(jnp.asarray(ts)),
    "jax.jit, vmap": lambda schedule, ts: jax.jit(jax.vmap(schedule))(jnp.asarray(ts)),
}


def _check_framework(way: str, seed: int) -> float:
    """One random schedule asked in a framework, in float32."""
    rng = random.Random(seed)
    schedule = random_schedule(rng)
    ts = random_times(schedule, rng)
    rates = np.asarray(ASKED[way](schedule, ts))
    assert rates.dtype == np.float32
    assert (rates <= np.float32(schedule.peak)).all()
    worst = _close(rates, _asked(schedule, ts), schedule, FLOAT32)
    # Where its value cannot be seen, a negative time gives the first rate.
    if way in ("torch.func.vmap", "tf.function", "jax.jit, vmap") and seed % 10 == 0:
        first = _asked(schedule, [0] * len(ts))
        _close(ASKED[way](schedule, [-1 - t for t in ts]), first, schedule, FLOAT32)
    return worst


@pytest.mark.parametrize(
    ("way", "number"),
    [("torch", 300), ("torch.func.vmap", 100), ("tensorflow", 60), ("tf.function", 8),
     ("jax", 3), ("jax.jit, vmap", 8)],
)  # fmt: skip
def test_random_schedules_give_the_same_in_each_framework(way, number):
    assert max(_check_framework(way, seed) for seed in range(number)) <= FLOAT32


@pytest.mark.slow
@pytest.mark.parametrize("way", ["torch.func.vmap", "tf.function", "jax.jit, vmap"])
def test_300_random_schedules_give_the_same_compiled(way):  # compiling is what takes long
    worst = max(_check_framework(way, seed) for seed in range(10_000, 10_300))
    print(f"{way}: 300 schedules, largest difference per peak {worst:.1e}")


@pytest.mark.slow
@given(schedules_with_times)
def test_fractional_times_give_the_same_in_float32(case):
    schedule, ts = case
    # Quarters: exact in float32, and never so near a jump that a rounded division crosses it.
    quarters = [min(t, 20_000) + k / 4 for t, k in zip(ts, itertools.cycle(range(4)))]
    rates = schedule(torch.tensor(quarters, dtype=torch.float32))
    assert rates.dtype == torch.float32
    _close(rates, _asked(schedule, quarters), schedule, FLOAT32)
    in_float64 = schedule(torch.tensor(quarters, dtype=torch.float64))
    _close(in_float64, _asked(schedule, quarters), schedule, FLOAT64)


@kinds
@pytest.mark.parametrize("t", [-1, -0.5, math.nan, math.inf])
def test_a_time_that_is_negative_or_not_finite_is_refused(kind, t):
    schedule = of_kind(kind, random.Random(1))
    for asked in (t, np.array([0, t]), torch.tensor(t), tf.constant(t), jnp.asarray(t)):
        with pytest.raises(ValueError, match=r"^t = .* is not an update number"):
            schedule(asked)


# --- what the mathematics says

ONLY_FALL = [
    "Constant", "StepDecay", "MultiStepDecay", "FactorDecay", "ExponentialDecay",
    "InverseTimeDecay", "SquareRootDecay", "InverseScaling", "BottouOptimal",
    "PolynomialDecay", "LinearDecay", "CosineDecay", "Rex",
]  # fmt: skip


def _falls(rates: Any, peak: float) -> None:
    assert (np.diff(rates) <= 1e-15 * peak).all()


@pytest.mark.parametrize("kind", ONLY_FALL)
@settings(max_examples=40)
@given(seeds)
def test_a_decay_never_rises_and_starts_at_its_peak(kind, seed):
    schedule = of_kind(kind, random.Random(seed))
    assert schedule(0) == schedule.peak
    _falls(schedule.table(300), schedule.peak)
    far = np.unique(np.geomspace(1, 1e9, 300).astype(int))
    _falls(schedule(far), schedule.peak)


@given(seeds)
def test_a_product_of_decays_and_one_per_epoch_never_rise(seed):
    rng = random.Random(seed)
    parts = [of_kind(rng.choice(ONLY_FALL), rng) for _ in range(3)]
    for schedule in (Product(parts), PerEpoch(Product(parts), rng.randint(1, 20))):
        _falls(schedule.table(300), schedule.peak)


@given(seeds)
def test_a_warmup_rises_to_the_inner_schedules_first_rate(seed):
    rng = random.Random(seed)
    schedule = of_kind("Warmup", rng)
    steps, first = schedule.steps, schedule.schedule(0)
    assert schedule(0) == schedule.start_lr
    assert schedule(steps) == first
    t = np.unique(np.linspace(0, steps, 200).astype(int))
    _falls(-schedule(t), schedule.peak)
    later = random_times(schedule.schedule, rng)
    assert [schedule(steps + t) for t in later] == [schedule.schedule(t) for t in later]


@given(seeds)
def test_inverse_sqrt_and_warmup_stable_decay_rise_then_fall(seed):
    rng = random.Random(seed)
    noam = of_kind("InverseSqrtDecay", rng)
    w = noam.warmup_steps
    assert noam(w - 1) == noam.peak
    _falls(-noam.table(min(w, 2_000)), noam.peak)
    _falls(noam(np.arange(w - 1, w + 2_000)), noam.peak)
    stable = of_kind("WarmupStableDecay", rng)
    middle = np.linspace(stable.warmup_steps, stable.steps - stable.decay_steps, 50).astype(int)
    if stable.decay_steps or stable.warmup_steps < stable.steps:
        assert (stable(middle) == stable.lr).all()
    _falls(-stable.table(min(stable.warmup_steps + 1, 2_000)), stable.peak)
    _falls(stable(np.arange(middle[-1], stable.steps + 100)), stable.peak)


@given(seeds)
def test_a_range_test_only_rises(seed):
    schedule = of_kind("LRRangeTest", random.Random(seed))
    _falls(-schedule.table(1_000), schedule.peak)


@given(schedules, schedules, st.integers(1, 5_000), seeds)
def test_sequential_is_its_parts_each_on_its_own_clock(first, second, boundary, seed):
    schedule = Sequential([first, second], [boundary])
    ts = random_times(schedule, random.Random(seed))
    expected = [first(t) if t < boundary else second(t - boundary) for t in ts]
    assert _asked(schedule, ts).tolist() == expected
    below = math.nextafter(boundary, 0)
    assert schedule(below) == first(below)
    assert schedule(boundary) == second(0)


@given(st.floats(1e-3, 10), st.integers(1, 10_000), st.integers(1, 10_000), st.floats(0, 1))
def test_sequential_is_continuous_where_its_parts_meet(lr, rise, fall, share):
    middle = lr * share
    parts = [
        LinearDecay(lr, rise, middle),
        CosineDecay(middle, fall),
        Piecewise([(0, 0), (rise, lr)]),
        Constant(lr),
    ]
    boundaries = [rise, rise + fall, 2 * rise + fall]
    schedule = Sequential(parts, boundaries)
    for boundary in boundaries:
        step = schedule(boundary) - schedule(boundary - 1e-6)
        assert abs(step) <= 4e-6 * lr


@given(st.lists(seeds, min_size=1, max_size=4), seeds)
def test_product_and_per_epoch_are_what_they_say(inner, seed):
    rng = random.Random(seed)
    parts = [random_schedule(random.Random(i), 2) for i in inner]
    product = Product(parts)
    ts = random_times(product, rng)
    expected = np.prod([_asked(part, ts) for part in parts], axis=0)
    _close(_asked(product, ts), expected, product, FLOAT64)
    epoch = rng.randint(1, 500)
    per_epoch = PerEpoch(product, epoch)
    assert [per_epoch(t) for t in ts] == [product(t // epoch) for t in ts]


# --- the first and the last update


@kinds
@settings(max_examples=40)
@given(seeds)
def test_the_first_rate_is_exact(kind, seed):
    schedule = of_kind(kind, random.Random(seed))
    match schedule:
        case InverseSqrtDecay():
            first = schedule.lr * (1 / schedule.warmup_steps)
        case BottouOptimal():
            first = 1 / (schedule.alpha * schedule.t0)
        case Cyclical():
            first = schedule.base_lr
        case OneCycle():
            first = schedule(0) if schedule.pct_start * schedule.steps <= 1 else (
                schedule.max_lr / schedule.div_factor
            )  # fmt: skip
        case WarmupStableDecay():
            first = schedule.start_lr if schedule.warmup_steps else schedule.lr
        case Piecewise():
            first = schedule.points[0][1]
        case LRRangeTest() | Warmup():
            first = schedule.start_lr
        case Sequential():
            first = schedule.schedules[0](0)
        case Product():
            first = math.prod(part(0) for part in schedule.schedules)
        case PerEpoch():
            first = schedule.schedule(0)
        case _:
            first = schedule.lr
    assert schedule(0) == schedule(0.0) == schedule(np.array([0]))[0] == schedule.table(1)[0]
    assert schedule(0) == pytest.approx(first, rel=1e-15, abs=0)


def _ends(rng: random.Random) -> Iterator[tuple[Schedule, int, float]]:
    """Schedules with an end, their last own update, and the rate that they hold from there."""
    for kind in ("PolynomialDecay", "LinearDecay", "CosineDecay"):
        schedule: Any = of_kind(kind, rng)
        yield schedule, schedule.steps, schedule.end_lr
    stable: Any = of_kind("WarmupStableDecay", rng)
    yield stable, stable.steps, stable.end_lr if stable.decay_steps else stable.lr
    rex: Any = of_kind("Rex", rng)
    yield rex, rex.steps, 0.0
    line: Any = of_kind("Piecewise", rng)
    yield line, math.ceil(line.points[-1][0]), line.points[-1][1]
    milestones: Any = of_kind("MultiStepDecay", rng)
    passed = milestones.gamma ** len(milestones.milestones)
    yield milestones, milestones.milestones[-1], milestones.lr * passed
    grown: Any = of_kind("LRRangeTest", rng)
    yield grown, grown.steps - 1, grown.end_lr
    cycle: Any = of_kind("OneCycle", rng)
    low = cycle.max_lr / cycle.div_factor / cycle.final_div_factor
    if cycle.pct_start < 1:
        yield cycle, cycle.steps - 1, low
    if not cycle.three_phase:
        yield cycle.replace(pct_start=0.5), cycle.steps - 1, low


@given(seeds)
def test_the_last_rate_is_exact_and_held(seed):
    for schedule, end, last in _ends(random.Random(seed)):
        later = [end, end + 0.5, end + 1, 2 * end + 7, 10**15]
        assert _asked(schedule, later).tolist() == [last] * 5, repr(schedule)
        assert schedule(np.array(later)).tolist() == [last] * 5, repr(schedule)
        followed = Sequential([Warmup(schedule, 3), Constant(0.0)], [10**15])
        assert followed(end + 3) == followed(end + 999) == last


@given(seeds, st.floats(0, 1e9))
def test_one_cycle_is_never_negative_nor_below_its_last_rate(seed, t):
    schedule: Any = of_kind("OneCycle", random.Random(seed))
    low = schedule.max_lr / schedule.div_factor / schedule.final_div_factor
    for rate in (schedule(t), *schedule.table(500), *schedule(np.arange(500) * t / 1e6)):
        assert 0 <= low * (1 - 1e-15) <= rate <= schedule.max_lr


# --- restarts


def _restarts(period: int, mult: int, last: int) -> list[int]:
    starts, length = [0], period
    while starts[-1] + length <= last:
        starts.append(starts[-1] + length)
        length *= mult
    return starts


@pytest.mark.parametrize("mult", range(2, 8))
@pytest.mark.parametrize("period", [1, 2, 3, 7, 10, 1_000])
def test_restarts_are_exact_at_any_update_number(mult, period):
    schedule, floor = CosineRestarts(0.3, period, mult, end_lr=0.01), 0.01
    starts = _restarts(period, mult, 2**53 - 1)
    assert len(starts) > 12
    assert {schedule(t) for t in starts} == {0.3}
    assert set(schedule(np.array(starts)).tolist()) == {0.3}
    assert {schedule(np.int64(t)) for t in starts} == {0.3}
    # The update before a restart is the lowest of its cycle, by the cycle's own formula.
    for start, length in zip(starts[1:], (period * mult**i for i in range(99)), strict=False):
        share = math.sin(math.pi / (2 * length)) ** 2
        expected = floor + (0.3 - floor) * share
        assert schedule(start - 1) == pytest.approx(expected, rel=0, abs=0.3 * FLOAT64)
    factor = CosineRestarts(0.5, period, mult, lr_mult=0.5)
    assert [factor(t) for t in starts] == [0.5 * 0.5**i for i in range(len(starts))]


@pytest.mark.slow
@pytest.mark.parametrize("mult", range(2, 8))
def test_restarts_are_exact_in_every_framework(mult):
    schedule = CosineRestarts(0.3, 1, mult)
    starts = _restarts(1, mult, 2**53 - 1)
    peak = np.float32(0.3)
    assert set(schedule(torch.tensor(starts)).tolist()) == {peak}
    assert set(schedule(tf.constant(starts, tf.int64)).numpy().tolist()) == {peak}
    small = np.resize([t for t in starts if t <= 2**31 - 1], 32)  # JAX compiles once a length
    assert set(np.asarray(schedule(jnp.asarray(small))).tolist()) == {peak}
    edge = np.maximum(np.array([*(small - 1), 2**31 - 2, 2**31 - 1]), 0)
    _close(jax.jit(schedule)(jnp.asarray(edge)), schedule(edge), schedule, FLOAT32)


def test_with_periods_tripled_update_121_is_a_peak_where_torchs_is_not():
    assert CosineRestarts(0.1, period=1, period_mult=3)(121) == 0.1
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 1, 3)
    theirs.step(121)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)


@given(seeds, st.integers(0, 10**6))
def test_equal_periods_repeat_exactly(seed, cycles):
    rng = random.Random(seed)
    period = rng.randint(1, 5_000)
    schedule = CosineRestarts(0.3, period, end_lr=0.003)
    t = rng.randint(0, period - 1)
    assert schedule(cycles * period + t) == schedule(t)
    triangle = Cyclical(0.1, 0.7, period, rng.choice([None, 7]))
    length = period + (triangle.step_size_down or period)
    assert triangle(cycles * length + t) == triangle(t)
    assert triangle(cycles * length + period) == 0.7


GREAT = [
    WarmupStableDecay(0.3, 10**8, 10, 100),
    WarmupStableDecay(0.3, 10**8, 10, 100, "sqrt"),
    WarmupStableDecay(0.3, 10**8, 10, 100, "cosine"),
    Piecewise([(0, 0.0), (10**8, 1.0), (10**8 + 100, 0.0)]),
    MultiStepDecay(0.3, [10**8 - 3, 10**8 + 3]),
    Sequential([LinearDecay(0.3, 10**8), CosineDecay(0.3, 50)], [10**8]),
    Warmup(CosineDecay(0.3, 50), 10**8),
    PerEpoch(StepDecay(0.3, 7), 10**7),
    PolynomialDecay(0.3, 10**8, power=0.1),
    Cyclical(0.1, 0.3, 77),
    CosineRestarts(0.3, 77),
    LRRangeTest(1e-9, 1, 10**8),
]


@pytest.mark.slow
@pytest.mark.parametrize("schedule", GREAT, ids=repr)
def test_in_float32_whole_times_beyond_2_to_the_24_are_told_apart(schedule):
    ts = np.arange(10**8 - 200, 10**8 + 200)
    expected = schedule(ts)
    _close(schedule(torch.from_numpy(ts)), expected, schedule, FLOAT32)
    _close(schedule(tf.constant(ts)), expected, schedule, FLOAT32)
    _close(schedule(jnp.asarray(ts)), expected, schedule, FLOAT32)


def test_a_line_may_end_later_than_any_update_that_can_be_counted():
    schedule = Piecewise([(0, 0.0), (1e30, 1.0)])
    ts = [0, 3, 10**6]
    expected = _asked(schedule, ts)
    for asked in (np.array(ts), torch.tensor(ts), tf.constant(ts), jnp.asarray(ts)):
        _close(schedule(asked), expected, schedule, FLOAT32)
    half = Piecewise([(0, 1.0), (4e9, 0.0)])
    assert float(half(jnp.asarray(2 * 10**9))) == pytest.approx(0.5)


# --- schedules as values


@kinds
@settings(max_examples=40)
@given(seeds)
def test_a_schedule_is_a_value(kind, seed):
    schedule = of_kind(kind, random.Random(seed))
    for copy in (
        eval(repr(schedule), vars(d2lsched)),
        Schedule.from_config(json.loads(json.dumps(schedule.config()))),
        pickle.loads(pickle.dumps(schedule)),
        dataclasses.replace(schedule),
        schedule.replace(),
    ):
        assert copy == schedule
        assert hash(copy) == hash(schedule)
        assert repr(copy) == repr(schedule)
        assert copy(3.5) == schedule(3.5)
    name = dataclasses.fields(schedule)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(schedule, name, None)
    assert schedule != Constant(0.123456)


# --- bad parameters

GOOD: dict[type[Schedule], dict[str, Any]] = {
    Constant: {"lr": 0.1},
    StepDecay: {"lr": 0.1, "step_size": 3, "gamma": 0.5},
    MultiStepDecay: {"lr": 0.1, "milestones": [3, 5], "gamma": 0.5},
    FactorDecay: {"lr": 0.1, "factor": 0.5, "min_lr": 0.01},
    ExponentialDecay: {"lr": 0.1, "gamma": 0.5, "decay_steps": 3, "staircase": True,
                       "end_lr": 0.01},
    InverseTimeDecay: {"lr": 0.1, "rate": 1.0, "decay_steps": 3, "staircase": False},
    SquareRootDecay: {"lr": 0.1},
    InverseSqrtDecay: {"lr": 0.1, "warmup_steps": 3},
    InverseScaling: {"lr": 0.1, "power": 0.5},
    BottouOptimal: {"alpha": 0.1, "t0": 3.0},
    PolynomialDecay: {"lr": 0.1, "steps": 3, "end_lr": 0.01, "power": 2.0},
    LinearDecay: {"lr": 0.1, "steps": 3, "end_lr": 0.01},
    CosineDecay: {"lr": 0.1, "steps": 3, "end_lr": 0.01},
    CosineRestarts: {"lr": 0.1, "period": 3, "period_mult": 2, "lr_mult": 0.5, "end_lr": 0.01},
    Cyclical: {"base_lr": 0.1, "max_lr": 0.5, "step_size": 3, "step_size_down": 4,
               "mode": "exp_range", "gamma": 0.5},
    OneCycle: {"max_lr": 0.1, "steps": 9, "pct_start": 0.3, "div_factor": 25.0,
               "final_div_factor": 100.0, "anneal": "cos", "three_phase": True},
    WarmupStableDecay: {"lr": 0.1, "steps": 9, "warmup_steps": 3, "decay_steps": 3,
                        "shape": "sqrt", "end_lr": 0.01, "start_lr": 0.01},
    Rex: {"lr": 0.1, "steps": 3},
    Piecewise: {"points": [(0, 0.1), (3, 0.2)]},
    LRRangeTest: {"start_lr": 0.1, "end_lr": 1.0, "steps": 9, "scale": "log"},
    Warmup: {"schedule": Constant(0.1), "steps": 3, "start_lr": 0.01, "shape": "constant"},
    Sequential: {"schedules": [Constant(0.1), Constant(0.2)], "boundaries": [3]},
    Product: {"schedules": [Constant(0.1)]},
    PerEpoch: {"schedule": Constant(0.1), "steps_per_epoch": 3},
}  # fmt: skip

NO_NUMBER = ["0.1", None, True, 1j, [0.1], math.nan, math.inf, -math.inf, 10**400, -1]
NO_DIVISOR = [*NO_NUMBER, 0]
NO_LENGTH = [*NO_NUMBER, 2.5, -3]
NO_FACTOR = [*NO_NUMBER, 0, 1.01]
NO_LIST = [[], (), 3, None, "35", {3: 5}]
NO_RISING = [*NO_LIST, [5, 3], [3, 3], [0, 3], [1.5, 3], ["3", 5], [math.nan, 5], [-1, 3]]
NO_SCHEDULE = [0.1, None, "Constant(0.1)", Constant, d2lsched.ReduceOnPlateau(0.1), abs]
NO_SCHEDULES = [*NO_LIST, Constant(0.1), [0.1], [Constant(0.1), None], [Constant]]
NO_MODE = ["cubic", "", None, 1, "Linear"]
NO_FLAG = [1, 0, None, "True"]
WRONG: dict[str, list[Any]] = {
    **dict.fromkeys(["lr", "base_lr", "max_lr", "start_lr", "end_lr", "min_lr", "rate"],
                    NO_NUMBER),
    "power": NO_NUMBER,
    **dict.fromkeys(["gamma", "factor", "lr_mult"], NO_FACTOR),
    **dict.fromkeys(["alpha", "t0", "div_factor", "final_div_factor"], NO_DIVISOR),
    **dict.fromkeys(["step_size", "decay_steps", "steps", "period", "period_mult",
                     "warmup_steps", "steps_per_epoch"], NO_LENGTH),
    "step_size_down": [value for value in [*NO_LENGTH, 0] if value is not None],
    "pct_start": [*NO_NUMBER, 1.1],
    "boundaries": NO_RISING,
    "milestones": [value for value in NO_RISING if value != [3, 3]],  # drops twice
    **dict.fromkeys(["mode", "anneal", "shape", "scale"], NO_MODE),
    **dict.fromkeys(["staircase", "three_phase"], NO_FLAG),
    "points": [*NO_LIST, [(0, 0.1), (0, 0.2)], [(3, 0.1), (0, 0.2)], [(-1, 0.1)],
               [(0, -0.1)], [(0, math.nan)], [(math.inf, 0.1)], [(0,)], [0.1], [(0, 1, 2)]],
    "schedule": NO_SCHEDULE,
    "schedules": NO_SCHEDULES,
}  # fmt: skip
ZERO_IS_WRONG = {"step_size", "steps", "period", "period_mult", "steps_per_epoch"}
# What is wrong only together with the other parameters of GOOD.
TOGETHER: list[tuple[type[Schedule], dict[str, Any], str]] = [
    *((cls, {"end_lr": 0.2}, "end_lr") for cls in (ExponentialDecay, PolynomialDecay,
      LinearDecay, CosineDecay, CosineRestarts, WarmupStableDecay)),
    (FactorDecay, {"min_lr": 0.2}, "min_lr"),
    (InverseSqrtDecay, {"warmup_steps": 0}, "warmup_steps"),
    (ExponentialDecay, {"decay_steps": 0}, "decay_steps"),
    (InverseTimeDecay, {"decay_steps": 0}, "decay_steps"),
    (PolynomialDecay, {"power": 0}, "power"),
    (Cyclical, {"base_lr": 0.6}, "base_lr"),
    (OneCycle, {"steps": 1}, "steps"),
    (OneCycle, {"pct_start": 0.51}, "pct_start"),
    (OneCycle, {"div_factor": 0.5}, "div_factor"),
    (OneCycle, {"final_div_factor": 0.5}, "final_div_factor"),
    (LRRangeTest, {"steps": 1}, "steps"),
    (LRRangeTest, {"start_lr": 0}, "start_lr"),
    (LRRangeTest, {"end_lr": 0.05}, "end_lr"),
    (WarmupStableDecay, {"decay_steps": 7}, "warmup_steps + decay_steps"),
    (WarmupStableDecay, {"start_lr": 0.2}, "start_lr"),
    (Warmup, {"start_lr": 0}, "start_lr"),
    (Warmup, {"start_lr": 0, "shape": "exponential"}, "start_lr"),
    (Warmup, {"start_lr": 0.2}, "start_lr"),
    (Sequential, {"boundaries": [3, 5]}, "boundaries"),
    (Sequential, {"schedules": [Constant(0.1)]}, "boundaries"),
]  # fmt: skip


def _bad() -> Iterator[tuple[type[Schedule], dict[str, Any], str]]:
    for cls, parameters in GOOD.items():
        for name in parameters:
            for value in WRONG[name]:
                yield cls, {name: value}, name
            if name in ZERO_IS_WRONG:
                yield cls, {name: 0}, name
    yield from TOGETHER


def test_good_parameters_are_taken_and_each_is_tried():
    assert [cls.__name__ for cls in GOOD] == [*KINDS]
    for cls, parameters in GOOD.items():
        assert set(parameters) == {field.name for field in dataclasses.fields(cls)}
        assert isinstance(cls(**parameters), cls)


@kinds
def test_a_bad_parameter_is_named_with_its_value_and_what_is_allowed(kind):
    wrong = [case for case in _bad() if case[0].__name__ == kind]
    assert wrong
    for cls, change, name in wrong:
        with pytest.raises(ValueError, match=r"is not allowed: it must be .") as error:
            pytest.fail(f"{kind} took {change}: {cls(**{**GOOD[cls], **change})}")
        assert str(error.value).startswith(f"{name} = "), f"{kind}, {change}: {error.value}"
