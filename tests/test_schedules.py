"""Schedules: one formula for all kinds of numbers, pure, checked, and right."""

import dataclasses
import json
import math
import pickle
import random
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import d2lsched.tensorflow  # sets TensorFlow's environment before it loads
from d2lsched import (
    Constant,
    CosineDecay,
    Cyclical,
    Piecewise,
    PolynomialDecay,
    Schedule,
    StepDecay,
    Warmup,
)
from d2lsched.schedules.base import mix

# isort: split
import jax
import jax.numpy as jnp
import keras
import optax
import tensorflow as tf
import torch

FLOAT64, FLOAT32 = 1e-12, 1e-6  # largest difference between two ways of asking, per peak


# --- schedules to try


@st.composite
def _plain(draw: st.DrawFn) -> Schedule:
    lr = draw(st.one_of(st.just(0.0), st.floats(1e-6, 10), st.integers(1, 3)))
    match draw(st.sampled_from(["constant", "step", "cosine"])):
        case "constant":
            return Constant(lr)
        case "step":
            gamma = draw(st.one_of(st.floats(1e-3, 1), st.sampled_from([0.999, 0.9999, 1])))
            return StepDecay(lr, draw(st.integers(1, 1_000)), gamma)
        case _:
            floor = lr * draw(st.sampled_from([0, 0, 0.01, 0.5, 1]))
            return CosineDecay(lr, draw(st.integers(1, 10_000)), floor)


@st.composite
def _schedules(draw: st.DrawFn) -> Schedule:
    schedule = draw(_plain())
    for _warmup in range(draw(st.integers(0, 3))):
        first = schedule(0)
        shapes = ["linear", "constant", "exponential"] if first else ["linear"]
        shape = draw(st.sampled_from(shapes))
        part = draw(st.one_of(st.floats(1e-6, 1), st.just(0 if shape == "linear" else 1)))
        schedule = Warmup(schedule, draw(st.integers(1, 2_000)), first * part, shape)
    return schedule


SCHEDULES = _schedules()
WHOLE = st.lists(st.integers(0, 20_000), min_size=1, max_size=20)
# Quarters: exact in float32, and never so near a jump that a rounded division crosses it.
QUARTERS = WHOLE.map(lambda ts: [t / 4 for t in ts])
TIMES = st.one_of(WHOLE, QUARTERS)

EXAMPLES = [
    Constant(0.1),
    StepDecay(0.5, 30, 0.5),
    StepDecay(1, 7, 0.999),
    CosineDecay(0.3, 20, 0.01),
    Warmup(CosineDecay(0.1, 700), 80),
    Warmup(StepDecay(0.1, 100), 50, 0.01, "constant"),
    Warmup(Warmup(CosineDecay(0.1, 100), 20, 0.001), 10, 0.0005, "exponential"),
]
examples = pytest.mark.parametrize("schedule", EXAMPLES, ids=repr)
three_kinds = pytest.mark.parametrize("schedule", EXAMPLES[::3], ids=repr)


def _asked(schedule: Schedule, ts: list[float]) -> np.ndarray:
    return np.array([schedule(t) for t in ts])


def _close(found: Any, expected: Any, schedule: Schedule, tolerance: float) -> None:
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    assert found.shape == expected.shape
    worst = np.abs(found - expected).max()
    assert worst <= tolerance * schedule.peak, f"{schedule}: off by {worst}"


# --- properties


@given(SCHEDULES, TIMES)
def test_a_rate_is_finite_and_between_zero_and_the_peak(schedule, ts):
    rates = _asked(schedule, ts)
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()
    assert (rates <= schedule.peak).all()


@pytest.mark.parametrize("lr", [0.1, 0.3, 0.45, 0.7, 1.1])
def test_rounding_never_lifts_a_rate_above_the_peak(lr):
    schedule = CosineDecay(lr, 700, end_lr=lr)  # the bare formula does, at some update
    assert schedule.table(701).max() == max(schedule(t) for t in range(701)) == lr


@given(SCHEDULES)
def test_the_peak_is_reached(schedule):
    inner, start = schedule, 0
    while isinstance(inner, Warmup):
        inner, start = inner.schedule, start + inner.steps
    _close(schedule(start), schedule.peak, schedule, FLOAT64)


@given(SCHEDULES, TIMES)
def test_a_python_number_gives_a_float_and_numpy_the_same_numbers(schedule, ts):
    expected = _asked(schedule, ts)
    assert all(type(schedule(t)) is float for t in ts)
    _close(schedule(np.array(ts)), expected, schedule, FLOAT64)
    _close([schedule(np.asarray(t)[()]) for t in ts], expected, schedule, FLOAT64)


@given(SCHEDULES, st.integers(0, 300))
def test_the_table_holds_the_first_rates(schedule, n):
    table = schedule.table(n)
    assert table.dtype == np.float64
    if n:
        _close(table, _asked(schedule, range(n)), schedule, FLOAT64)
    else:
        assert table.shape == (0,)


TO_TENSOR: dict[str, Callable[[Any], Any]] = {
    "torch": lambda t: torch.tensor(t, dtype=None if _is_whole(t) else torch.float32),
    "tensorflow": lambda t: tf.constant(t, tf.int64 if _is_whole(t) else tf.float32),
    "jax": lambda t: jnp.asarray(t, None if _is_whole(t) else jnp.float32),
}
frameworks = pytest.mark.parametrize("framework", TO_TENSOR)


def _is_whole(ts: Any) -> bool:
    return np.asarray(ts).dtype.kind == "i"


@pytest.mark.slow
@frameworks
@settings(max_examples=50)
@given(SCHEDULES, TIMES)
def test_a_tensor_gives_the_same_numbers_in_float32(framework, schedule, ts):
    ts = np.resize(ts, 20).tolist()  # of one length: JAX compiles once
    t = TO_TENSOR[framework](ts)
    rates = schedule(t)
    assert isinstance(rates, type(t))
    assert np.asarray(rates).dtype == np.float32
    _close(rates, _asked(schedule, ts), schedule, FLOAT32)
    assert (np.asarray(rates) >= 0).all()
    assert (np.asarray(rates) <= np.float32(schedule.peak)).all()


@given(SCHEDULES, TIMES)
def test_a_float64_tensor_gives_the_numbers_of_numpy(schedule, ts):
    expected = _asked(schedule, ts)
    in_torch = schedule(torch.tensor(ts, dtype=torch.float64))
    in_tensorflow = schedule(tf.constant(ts, tf.float64))
    assert in_torch.dtype == torch.float64
    assert in_tensorflow.dtype == tf.float64
    _close(in_torch, expected, schedule, FLOAT64)
    _close(in_tensorflow, expected, schedule, FLOAT64)


@given(SCHEDULES, TIMES, st.randoms())
def test_asking_changes_nothing(schedule, ts, order: random.Random):
    text, first = repr(schedule), [schedule(t) for t in ts]
    schedule.table(10), schedule(np.array(ts))
    again = list(range(len(ts)))
    order.shuffle(again)
    for i in again:
        assert schedule(ts[i]) == first[i]
    assert repr(schedule) == text


def _end(schedule: Schedule) -> int:
    match schedule:
        case Warmup():
            return schedule.steps + _end(schedule.schedule)
        case CosineDecay():
            return schedule.steps
    return 0


@given(SCHEDULES, st.floats(0, 1e15))
def test_past_its_end_a_schedule_without_steps_holds_its_last_value(schedule, later):
    end = _end(schedule)
    if "StepDecay" not in repr(schedule):
        assert schedule(end + later) == schedule(end) == schedule(end + int(later))


@given(SCHEDULES)
def test_a_schedule_survives_repr_config_json_and_pickle(schedule):
    assert eval(repr(schedule), vars(d2lsched)) == schedule
    assert Schedule.from_config(schedule.config()) == schedule
    assert Schedule.from_config(json.loads(json.dumps(schedule.config()))) == schedule
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert hash(Schedule.from_config(schedule.config())) == hash(schedule)


# --- values known by hand


def test_cosine_decay_gives_d2l_12_11s_values():
    schedule = CosineDecay(0.3, steps=20, end_lr=0.01)
    expected = [
        0.3,
        0.155 + 0.145 * math.sqrt(0.5),
        0.155,
        0.155 - 0.145 * math.sqrt(0.5),
        0.01,
    ]
    assert _asked(schedule, [0, 5, 10, 15, 20]) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(("lr", "end"), [(0.3, 0.01), (0.1, 0.0), (1.7, 1.7), (3, 1)])
@pytest.mark.parametrize("steps", [1, 3, 7, 700, 10_000])
def test_cosine_decay_starts_and_ends_exactly(lr, end, steps):
    schedule = CosineDecay(lr, steps, end)
    assert schedule(0) == lr
    assert schedule(steps) == schedule(steps + 1) == schedule(2 * steps) == end
    assert schedule(torch.tensor([0, steps])).tolist() == [np.float32(lr), np.float32(end)]


@pytest.mark.parametrize("n", [15_999, 16_000, 16_001, 50_000])
def test_a_table_made_in_parts_is_the_whole(n):
    for schedule in (
        CosineDecay(0.3, 40_000, 0.01),
        PolynomialDecay(0.3, 17_000, power=2),
        Cyclical(0.1, 0.3, 77),
        Piecewise([(0, 0.1), (16_000, 0.3), (16_001, 0.2)]),
    ):
        np.testing.assert_array_equal(schedule.table(n), schedule(np.arange(n)))


@given(st.floats(0, 10), st.floats(0, 1), st.floats(0, 1))
def test_a_mix_is_exact_at_both_ends_and_between_them(high, part, share):
    low = high * part
    assert mix(high, low, 1.0) == high
    assert mix(high, low, 0.0) == low
    rounding = 1e-15 * high + 1e-300
    assert low - rounding <= mix(high, low, share) <= high + rounding


def test_step_decay_falls_at_the_multiple_and_not_before():
    schedule = StepDecay(0.8, 10, 0.5)
    assert [schedule(t) for t in (0, 9, 9.999, 10, 19, 20, 30)] == [
        0.8, 0.8, 0.8, 0.4, 0.4, 0.2, 0.1,
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 3, 7, 30, 49, 1_000])
@frameworks
def test_step_decay_falls_at_the_multiple_in_every_framework(framework, steps):
    jumps = np.arange(1, 300) * steps
    for t, falls in ((jumps, range(1, 300)), (jumps - 1, range(299))):
        rates = np.asarray(StepDecay(1, steps, 0.9)(TO_TENSOR[framework](t)))
        assert np.rint(np.log(rates) / np.log(0.9)).tolist() == list(falls)


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["numpy", *TO_TENSOR])
def test_a_gamma_near_one_loses_no_digits_in_float32(framework):
    # 0.9999 rounded to float32 and raised to the 10,000th power is off by 6e-5.
    schedule = StepDecay(1.0, 1, 0.9999)
    t = np.arange(0, 40_000, 97)
    tensors = {"numpy": np.asarray, **TO_TENSOR}
    _close(schedule(tensors[framework](t)), schedule(t), schedule, FLOAT32)
    if framework != "numpy":
        as_float = TO_TENSOR[framework](t.astype(float))
        _close(schedule(as_float), schedule(t), schedule, FLOAT32)


def test_warmup_rises_from_start_to_the_inner_schedules_first_rate():
    linear = Warmup(CosineDecay(0.3, 20), 5)
    assert _asked(linear, range(6)) == pytest.approx(
        [0, 0.06, 0.12, 0.18, 0.24, 0.3], rel=1e-14
    )
    constant = Warmup(Constant(0.3), 2, 0.1, "constant")
    assert [constant(t) for t in (0, 1, 1.5, 2, 3)] == [0.1, 0.1, 0.1, 0.3, 0.3]
    exponential = Warmup(Constant(0.8), 3, 0.1, "exponential")
    assert _asked(exponential, range(5)) == pytest.approx([0.1, 0.2, 0.4, 0.8, 0.8], rel=1e-14)


@given(_plain(), st.integers(1, 1_000), TIMES)
def test_after_a_warmup_the_inner_schedule_follows_on_its_own_clock(inner, steps, ts):
    schedule = Warmup(inner, steps)
    assert [schedule(steps + t) for t in ts] == [inner(t) for t in ts]


def test_a_warmup_of_one_update_spends_only_update_zero_at_the_start():
    assert Warmup(Constant(0.1), 1).table(3).tolist() == [0.0, 0.1, 0.1]


def test_a_fractional_time_lies_between_its_neighbours():
    schedule = Warmup(CosineDecay(0.1, 10), 4)
    assert schedule(0.5) == pytest.approx(0.0125)
    assert schedule(4 + 2.5) == pytest.approx(0.05 * (1 + math.cos(math.pi / 4)))


@pytest.mark.parametrize(
    "make",
    [Constant, lambda lr: StepDecay(lr, 3), lambda lr: CosineDecay(lr, 9),
     lambda lr: Warmup(Constant(lr), 4)],
)  # fmt: skip
def test_an_integer_rate_gives_the_values_of_its_float(make):
    for rate in (1, np.int64(1), np.float64(1.0), Fraction(1)):
        assert make(rate) == make(1.0)
        assert make(rate).table(12).tolist() == make(1.0).table(12).tolist()
        t = tf.range(12)
        assert make(rate)(t).numpy().tolist() == make(1.0)(t).numpy().tolist()


@pytest.mark.parametrize("t", [2**24 + 1, 2**31, 2**53 - 1, 2**53])
def test_great_update_numbers_are_told_apart(t):
    schedule = StepDecay(1, 2**53, 0.5)
    expected = 0.5 if t == 2**53 else 1.0
    assert schedule(t) == schedule(np.array([t]))[0] == expected
    assert (
        float(schedule(torch.tensor(t)))
        == float(schedule(tf.constant(t, tf.int64)))
        == expected
    )
    after = Warmup(StepDecay(1, 1, 0.5), t)
    assert float(after(torch.tensor(t + 1))) == 0.5
    assert after(t) == 1.0
    assert after(t + 1) == 0.5


# --- kinds, types and shapes


@pytest.mark.slow
@three_kinds
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_the_shape_is_kept(schedule, shape):
    t = np.arange(math.prod(shape)).reshape(shape)
    assert np.shape(schedule(t)) == shape
    assert type(schedule(t)) is (np.ndarray if shape else float)
    for framework, tensor in TO_TENSOR.items():
        rates = schedule(tensor(t))
        assert tuple(rates.shape) == shape, framework
        assert isinstance(rates, type(tensor(t)))


@pytest.mark.slow
@three_kinds
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_floating_type_is_kept(schedule, dtype):
    assert schedule(torch.tensor([1], dtype=getattr(torch, dtype))).dtype == getattr(
        torch, dtype
    )
    assert schedule(tf.constant([1], dtype)).dtype.name == dtype
    if dtype == "float64":  # switched off in JAX by default
        return
    try:
        2 * jnp.array([1], dtype)
    except jax.errors.JaxRuntimeError:
        pytest.skip(f"XLA itself cannot multiply {dtype} on this processor")
    assert schedule(jnp.array([1], dtype)).dtype == dtype


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "uint32"])
def test_every_integer_type_counts_beyond_its_own_range(dtype):
    schedule = Warmup(StepDecay(0.1, 300), 200, 0.01)  # 200 and 300 do not fit int8
    t = np.array([0, 1, 100], dtype)
    expected = schedule.table(101)[[0, 1, 100]]
    assert schedule(t).dtype == np.float64
    _close(schedule(t), expected, schedule, FLOAT64)
    _close(schedule(torch.from_numpy(t)), expected, schedule, FLOAT32)
    _close(schedule(tf.constant(t)), expected, schedule, FLOAT32)
    if dtype != "int64":
        _close(schedule(jnp.asarray(t)), expected, schedule, FLOAT32)


def test_the_variables_of_tensorflow_and_keras_are_taken():
    schedule = StepDecay(0.5, 2, 0.5)
    assert float(schedule(tf.Variable(3))) == 0.25
    assert float(schedule(keras.Variable(3, dtype="int64", trainable=False))) == 0.25


@pytest.mark.parametrize(
    "t",
    ["1", [1], (1,), None, True, np.True_, 1j, Fraction(1, 2), np.array([1j]), np.array([True]),
     np.array(["1"]), np.array([None]), torch.tensor(True), torch.tensor(1j), tf.constant(True),
     tf.constant("1"), jnp.array(True), jnp.array(1j)],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("schedule", [EXAMPLES[0], EXAMPLES[-1]], ids=repr)
def test_what_is_not_a_number_is_a_type_error(schedule, t):
    with pytest.raises(TypeError, match=r"^t must "):
        schedule(t)


@pytest.mark.parametrize("value", [-1, -0.5, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "kind", [lambda t: t, np.asarray, lambda t: np.array([0, t]), torch.tensor, tf.constant,
             jnp.asarray, lambda t: torch.tensor([1, t]), lambda t: jnp.array([0, t])],
)  # fmt: skip
@pytest.mark.parametrize("schedule", [EXAMPLES[0], EXAMPLES[-1]], ids=repr)
def test_a_time_that_is_negative_or_not_finite_is_a_value_error(schedule, kind, value):
    with pytest.raises(ValueError, match=r"^t = .* is not an update number"):
        schedule(kind(value))


@pytest.mark.parametrize("n", [-1, 2.5, "3", None])
def test_a_table_of_no_possible_length_is_refused(n):
    with pytest.raises(ValueError, match=f"^n = {n!r} is not allowed"):
        Constant(0.1).table(n)


# --- compiled and transformed

EAGER = [0, 1, 9, 10, 11, 29, 30, 31, 80, 130, 700, 780, 5_000]
COMPILERS: dict[str, Callable[[Schedule], Callable[[np.ndarray], Any]]] = {
    "jax.jit": lambda s: lambda t: jax.jit(s)(jnp.asarray(t)),
    "jax.vmap": lambda s: lambda t: jax.vmap(s)(jnp.asarray(t)),
    "jax.lax.scan": lambda s: (
        lambda t: jax.lax.scan(lambda _, u: (None, s(u)), None, jnp.asarray(t))[1]
    ),
    "tf.function": lambda s: lambda t: tf.function(s)(tf.constant(t)),
    "tf.function, XLA": lambda s: lambda t: tf.function(s, jit_compile=True)(tf.constant(t)),
    "tf.function, float32": lambda s: lambda t: tf.function(s)(tf.constant(t, tf.float32)),
    "torch.func.vmap": lambda s: lambda t: torch.func.vmap(s)(torch.tensor(t)),
}


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS)
@examples
def test_compiled_gives_the_same_numbers_and_at_negative_times_the_first(schedule, compiler):
    ts = np.array([*EAGER, -1, -1_000])
    rates = COMPILERS[compiler](schedule)(ts)
    _close(rates, _asked(schedule, np.maximum(ts, 0).tolist()), schedule, FLOAT32)


@pytest.mark.slow
@settings(max_examples=5)
@given(SCHEDULES, WHOLE)
def test_any_schedule_can_be_compiled_by_jax_and_tensorflow(schedule, ts):
    expected = _asked(schedule, ts)
    _close(jax.jit(schedule)(jnp.asarray(ts)), expected, schedule, FLOAT32)
    xla = tf.function(schedule, jit_compile=True)
    _close(xla(tf.constant(ts)), expected, schedule, FLOAT32)


@pytest.mark.slow
@examples
def test_a_function_compiled_by_torch_may_ask_a_schedule(schedule):
    expected = _asked(schedule, EAGER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, and that it looks through our cache
        torch.compiler.reset()
        compiled = torch.compile(lambda t: 2 * schedule(t + 1 - 1), backend="eager")
        _close(compiled(torch.tensor(EAGER)), 2 * expected, schedule, 2 * FLOAT32)


@pytest.mark.slow
@pytest.mark.parametrize("t", [1.0, 5.0, 13.0, 19.0])
def test_the_slope_of_the_cosine_can_be_taken_in_every_framework(t):
    schedule = CosineDecay(0.3, 20, 0.01)
    expected = -0.29 * math.pi / 40 * math.sin(math.pi * t / 20)
    in_torch = torch.tensor(t, requires_grad=True)
    schedule(in_torch).backward()
    in_tensorflow = tf.Variable(t)
    with tf.GradientTape() as tape:
        rate = schedule(in_tensorflow)
    slopes = [jax.grad(schedule)(t), in_torch.grad, tape.gradient(rate, in_tensorflow)]
    assert [float(slope) for slope in slopes] == pytest.approx([expected] * 3, rel=1e-5)


# --- construction

BAD = [
    (Constant, {"lr": -0.1}, "lr", "at least 0"),
    (Constant, {"lr": math.nan}, "lr", "finite"),
    (Constant, {"lr": math.inf}, "lr", "finite"),
    (Constant, {"lr": 10**400}, "lr", "finite"),
    (Constant, {"lr": "0.1"}, "lr", "number"),
    (Constant, {"lr": None}, "lr", "number"),
    (Constant, {"lr": True}, "lr", "number"),
    (Constant, {"lr": 1j}, "lr", "number"),
    (Constant, {"lr": Constant(0.1)}, "lr", "number"),
    (StepDecay, {"lr": -1, "step_size": 3}, "lr", "at least 0"),
    (StepDecay, {"lr": 0.1, "step_size": 0}, "step_size", "at least 1"),
    (StepDecay, {"lr": 0.1, "step_size": -3}, "step_size", "at least 1"),
    (StepDecay, {"lr": 0.1, "step_size": 2.5}, "step_size", "whole"),
    (StepDecay, {"lr": 0.1, "step_size": math.inf}, "step_size", "whole"),
    (StepDecay, {"lr": 0.1, "step_size": "3"}, "step_size", "whole"),
    (StepDecay, {"lr": 0.1, "step_size": 3, "gamma": 0}, "gamma", "above 0"),
    (StepDecay, {"lr": 0.1, "step_size": 3, "gamma": 1.1}, "gamma", "at most 1"),
    (StepDecay, {"lr": 0.1, "step_size": 3, "gamma": -0.5}, "gamma", "above 0"),
    (StepDecay, {"lr": 0.1, "step_size": 3, "gamma": math.nan}, "gamma", "above 0"),
    (CosineDecay, {"lr": -0.1, "steps": 10}, "lr", "at least 0"),
    (CosineDecay, {"lr": 0.1, "steps": 0}, "steps", "at least 1"),
    (CosineDecay, {"lr": 0.1, "steps": 10, "end_lr": 0.2}, "end_lr", "at most lr = 0.1"),
    (CosineDecay, {"lr": 0.1, "steps": 10, "end_lr": -0.1}, "end_lr", "at least 0"),
    (Warmup, {"schedule": 0.1, "steps": 10}, "schedule", "a schedule"),
    (Warmup, {"schedule": Constant, "steps": 10}, "schedule", "a schedule"),
    (Warmup, {"schedule": Constant(0.1), "steps": 0}, "steps", "at least 1"),
    (Warmup, {"schedule": Constant(0.1), "steps": 5, "start_lr": 0.2}, "start_lr", "at most"),
    (Warmup, {"schedule": Constant(0.1), "steps": 5, "start_lr": -1}, "start_lr", "at least 0"),
    (Warmup, {"schedule": Constant(0.1), "steps": 5, "shape": "cubic"}, "shape", "linear"),
    (Warmup, {"schedule": Constant(0.1), "steps": 5, "shape": "constant"}, "start_lr",
     "above 0"),
    (Warmup, {"schedule": Constant(0.1), "steps": 5, "shape": "exponential"}, "start_lr",
     "above 0"),
]  # fmt: skip


@pytest.mark.parametrize(("cls", "parameters", "name", "allowed"), BAD)
def test_a_bad_parameter_is_named_with_its_value_and_what_is_allowed(
    cls, parameters, name, allowed
):
    with pytest.raises(ValueError, match="is not allowed: it must be") as error:
        cls(**parameters)
    value = parameters.get(name, 0.0)
    assert str(error.value).startswith(f"{name} = {value!r} is not allowed")
    assert allowed in str(error.value).partition("it must be")[2]


@examples
def test_equality_and_hash_go_by_value(schedule):
    same = dataclasses.replace(schedule)
    other = CosineDecay(0.123, 77)
    assert same is not schedule
    assert same == schedule
    assert hash(same) == hash(schedule)
    assert {schedule, same, other} == {schedule, other}


def test_schedules_of_different_kinds_are_never_equal():
    assert len({Constant(0.1), StepDecay(0.1, 1, 1), CosineDecay(0.1, 1, 0.1)}) == 3


@examples
def test_a_parameter_cannot_be_changed(schedule):
    name = dataclasses.fields(schedule)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(schedule, name, 0.5)


def test_replace_gives_a_changed_copy_and_checks_it():
    schedule = CosineDecay(0.3, 20, 0.01)
    assert schedule.replace(steps=40) == CosineDecay(0.3, 40, 0.01)
    assert dataclasses.replace(schedule, lr=1) == CosineDecay(1.0, 20, 0.01)
    assert schedule == CosineDecay(0.3, 20, 0.01)
    with pytest.raises(ValueError, match=r"^end_lr = 0\.01 is not allowed"):
        schedule.replace(lr=0.001)


def test_config_is_plain_data():
    assert Warmup(StepDecay(1, 3), 5).config() == {
        "kind": "Warmup",
        "schedule": {"kind": "StepDecay", "lr": 1.0, "step_size": 3, "gamma": 0.1},
        "steps": 5, "start_lr": 0.0, "shape": "linear",
    }  # fmt: skip


@pytest.mark.parametrize("config", [{}, {"kind": "Linear"}, {"kind": None, "lr": 0.1}])
def test_a_config_of_unknown_kind_is_refused(config):
    with pytest.raises(ValueError, match=r"^kind = .* is not allowed: .*'CosineDecay'"):
        Schedule.from_config(config)


def test_from_config_leaves_its_argument_alone():
    config = {"kind": "Constant", "lr": 0.1}
    Schedule.from_config(config)
    assert config == {"kind": "Constant", "lr": 0.1}


# --- the frameworks' own schedulers


def _stepped(
    scheduler: Callable[[torch.optim.Optimizer], Any], lr: float, n: int
) -> np.ndarray:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr)
    stepping, rates = scheduler(optimizer), []
    for _update in range(n):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        stepping.step()
    return np.array(rates)


def test_step_decay_is_torchs_step_lr():
    theirs = _stepped(lambda o: torch.optim.lr_scheduler.StepLR(o, 30, 0.3), 0.5, 400)
    np.testing.assert_allclose(StepDecay(0.5, 30, 0.3).table(400), theirs, rtol=1e-12)


def test_cosine_decay_is_torchs_until_the_end_where_torchs_rises_again():
    schedule = CosineDecay(0.3, 200, 0.01)
    theirs = _stepped(
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 200, 0.01), 0.3, 401
    )
    np.testing.assert_allclose(schedule.table(201), theirs[:201], rtol=0, atol=0.3 * 1e-12)
    assert (np.diff(theirs[200:]) > 0).all()
    assert theirs[400] == pytest.approx(0.3)
    assert (schedule.table(401)[200:] == 0.01).all()


def test_cosine_decay_is_keras_cosine_decay():
    theirs = keras.optimizers.schedules.CosineDecay(0.3, 200, alpha=0.01 / 0.3)
    schedule = CosineDecay(0.3, 200, 0.01)
    found = [float(theirs(t)) for t in range(0, 300, 7)]
    _close(found, _asked(schedule, range(0, 300, 7)), schedule, FLOAT32)


def test_cosine_decay_is_optax_cosine_decay():
    schedule = CosineDecay(0.3, 200, 0.01)
    theirs = optax.cosine_decay_schedule(0.3, 200, alpha=0.01 / 0.3)
    _close(jax.vmap(theirs)(jnp.arange(300)), schedule.table(300), schedule, FLOAT32)


def test_warmup_and_cosine_are_optax_whose_horizon_includes_the_warmup():
    schedule = Warmup(CosineDecay(0.1, 700, 0.001), 80, 0.01)
    theirs = optax.warmup_cosine_decay_schedule(0.01, 0.1, 80, 780, 0.001)
    _close(jax.vmap(theirs)(jnp.arange(900)), schedule.table(900), schedule, FLOAT32)


def test_an_exponential_warmup_is_no_librarys_but_its_logarithm_is_a_line():
    logs = np.log(Warmup(Constant(0.1), 50, 0.001, "exponential").table(51))
    np.testing.assert_allclose(
        logs, np.linspace(math.log(0.001), math.log(0.1), 51), rtol=1e-13
    )


# --- numbers of no axis, from wherever

SCALARS = {
    "np.float32": np.float32, "np.float16": np.float16, "np.float64": np.float64,
    "np.array": np.array, "torch": torch.tensor, "jax": jnp.asarray, "tf": tf.constant,
    "Fraction": Fraction, "keras": keras.ops.convert_to_tensor,
    "parameter": lambda x: torch.nn.Parameter(torch.tensor(x)),
}  # fmt: skip


@pytest.mark.parametrize("kind", SCALARS)
def test_a_number_of_no_axis_is_a_parameter(kind):
    rate = SCALARS[kind](0.25)
    for made in (CosineDecay(rate, 10), d2lsched.ReduceOnPlateau(rate)):
        assert type(made.lr) is float
        assert made.lr == 0.25
    if kind != "parameter":
        assert type(CosineDecay(0.1, SCALARS[kind](10)).steps) is int
    assert Warmup(Constant(rate), 5, rate)(0) == 0.25
    assert d2lsched.run.values("lr", rate, 0, 1) == [0.25]


@pytest.mark.parametrize("kind", [kind for kind in SCALARS if kind != "Fraction"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), -0.5])
def test_a_number_that_is_none_is_refused_in_any_precision(kind, value):
    for make in (lambda lr: CosineDecay(lr, 10), d2lsched.ReduceOnPlateau):
        with pytest.raises(ValueError, match=r"(?s)^lr = .* must be a finite number, at least"):
            make(SCALARS[kind](value))


def _under_vmap(make: Callable[[Any], Any]) -> Any:
    return torch.vmap(make)(torch.tensor([0.1]))


TRACED = {
    "jit": lambda make: jax.jit(make)(0.1),
    "vmap": lambda make: jax.vmap(make)(jnp.array([0.1])),
    "grad": lambda make: jax.grad(make)(0.1),
    "tf.function": lambda make: tf.function(make)(tf.constant(0.1)),
    "torch.vmap": _under_vmap,
}


@pytest.mark.parametrize("how", TRACED)
def test_a_number_that_is_not_known_yet_is_refused_with_the_way_out(how):
    refused = []

    def make(lr: Any) -> Any:
        with pytest.raises(
            ValueError, match=r"(?s)^lr = .*number that is known: call float\(\)"
        ):
            Constant(lr)
        refused.append(lr)
        return lr * 1

    TRACED[how](make)
    assert refused


@pytest.mark.parametrize("kind", ["np.array", "torch", "jax", "tf"])
def test_an_array_is_no_number(kind):
    with pytest.raises(ValueError, match=r"^lr = "):
        Constant(SCALARS[kind]([0.1]))


def test_a_repeated_milestone_drops_twice_as_torchs_does():
    schedule = d2lsched.MultiStepDecay(0.8, [3, 3, 5], 0.5)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.8)
    theirs = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 3, 5], 0.5)
    expected = []
    for _ in range(8):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    assert schedule.table(8).tolist() == pytest.approx(expected, rel=1e-12)
    ts = np.arange(8)
    for asked in (torch.tensor(ts), tf.constant(ts), jnp.asarray(ts)):
        _close(schedule(asked), expected, schedule, FLOAT32)
    with pytest.raises(ValueError, match="update numbers that never fall"):
        d2lsched.MultiStepDecay(0.8, [5, 3])
