"""Bridges: each framework's own tools follow a schedule, and save and load it."""

import functools
import io
import json
import random
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

import d2lsched
from d2lsched import Constant, CosineDecay, Schedule, StepDecay, Warmup
from d2lsched import jax as d2l_jax
from d2lsched import numpy as d2l_numpy
from d2lsched import tensorflow as d2l_tensorflow
from d2lsched import torch as d2l_torch

# isort: split
import jax
import jax.numpy as jnp
import keras
import optax
import tensorflow as tf
import torch
from strategies import COMPOSED, PLAIN, of_kind
from torch.optim.lr_scheduler import LRScheduler, SequentialLR

SCHEDULES = [
    Constant(0.3),
    StepDecay(0.5, 7, 0.5),
    Warmup(CosineDecay(0.1, 40, 0.001), 10),
    Warmup(StepDecay(0.1, 10), 5, 0.01, "exponential"),
]
schedules = pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
CURVE = SCHEDULES[2]


def test_in_numpy_a_schedule_is_native_already():
    assert d2l_numpy.native(CURVE) is CURVE


# --- torch


def _optimizer(*rates: float | torch.Tensor) -> torch.optim.Optimizer:
    """Plain SGD, one group of one weight per rate, with gradient 1 everywhere."""
    groups = []
    for rate in rates or (1.0,):
        weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
        weight.grad = torch.ones(1, dtype=torch.float64)
        groups.append({"params": [weight], "lr": rate})
    return torch.optim.SGD(groups)


def _steps(
    optimizer: torch.optim.Optimizer, scheduler: LRScheduler, n: int
) -> list[list[float]]:
    """The rates of each group over n updates."""
    rates = []
    for _ in range(n):
        rates.append([float(group["lr"]) for group in optimizer.param_groups])
        assert rates[-1] == [float(rate) for rate in scheduler.get_last_lr()]
        optimizer.step()
        scheduler.step()
    return rates


@schedules
def test_a_torch_scheduler_sets_the_schedules_rates(schedule):
    optimizer = _optimizer()
    rates = _steps(optimizer, d2l_torch.native(schedule, optimizer), 60)
    assert rates == [[schedule(t)] for t in range(60)]


def test_torchs_weights_move_by_the_schedules_rates():
    optimizer = _optimizer()
    _steps(optimizer, d2l_torch.native(CURVE, optimizer), 60)
    weight = optimizer.param_groups[0]["params"][0]
    assert weight.item() == pytest.approx(-CURVE.table(60).sum(), rel=1e-12)


def test_asking_a_torch_scheduler_uses_nothing_up():
    optimizer = _optimizer()
    scheduler = d2l_torch.native(CURVE, optimizer)
    CURVE.table(100), CURVE(30), scheduler.get_last_lr()
    assert _steps(optimizer, scheduler, 20) == CURVE.table(20)[:, None].tolist()


def test_parameter_groups_keep_their_ratio_to_the_first():
    optimizer = _optimizer(0.2, 0.02, 0.6, 0.0)
    rates = np.array(_steps(optimizer, d2l_torch.native(CURVE, optimizer), 60))
    expected = CURVE.table(60)[:, None] * [1, 0.1, 3, 0]
    np.testing.assert_allclose(rates, expected, rtol=1e-14)


def test_a_first_group_at_rate_zero_gives_the_others_no_ratio():
    optimizer = _optimizer(0.0, 0.1)
    with pytest.raises(ValueError, match=r"the first group's lr = 0\.0 is not allowed"):
        d2l_torch.native(CURVE, optimizer)
    optimizer = _optimizer(0.0, 0.0)  # all alike: all follow the schedule
    rates = _steps(optimizer, d2l_torch.native(CURVE, optimizer), 5)
    assert rates == [[rate, rate] for rate in CURVE.table(5)]


def test_a_rate_held_in_a_tensor_is_filled_in_place():
    rate = torch.tensor(1.0)
    optimizer = _optimizer(rate)
    _steps(optimizer, d2l_torch.native(CURVE, optimizer), 7)
    assert optimizer.param_groups[0]["lr"] is rate
    assert float(rate) == pytest.approx(CURVE(7), rel=1e-6)


def _through_a_file(state: Any) -> Any:
    """Saved and loaded with torch's defaults, which take plain data and tensors only."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file)


@pytest.mark.parametrize("rates", [(1.0,), (0.2, 0.02)])
@pytest.mark.parametrize("stop", [0, 1, 9, 10, 11, 37, 55])
def test_a_torch_run_resumed_from_a_file_is_the_uninterrupted_one(stop, rates):
    whole = _optimizer(*rates)
    expected = _steps(whole, d2l_torch.native(CURVE, whole), 60)

    optimizer = _optimizer(*rates)
    scheduler = d2l_torch.native(CURVE, optimizer)
    first = _steps(optimizer, scheduler, stop)
    saved = _through_a_file((optimizer.state_dict(), scheduler.state_dict()))

    optimizer = _optimizer(*rates)
    scheduler = d2l_torch.native(CURVE, optimizer)
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(saved[1])
    assert scheduler.last_epoch == stop
    assert first + _steps(optimizer, scheduler, 60 - stop) == expected


def test_a_torch_scheduler_works_in_torchs_sequential_lr():
    optimizer = _optimizer()
    parts = [d2l_torch.native(schedule, optimizer) for schedule in (Constant(0.7), CURVE)]
    rates = _steps(optimizer, SequentialLR(optimizer, parts, [5]), 60)
    assert rates == [[0.7]] * 5 + CURVE.table(55)[:, None].tolist()


# --- Keras


class _Rates(keras.callbacks.Callback):
    """The rate and the weights at every update."""

    def __init__(self) -> None:
        super().__init__()
        self.rates: list[float] = []
        self.weights: list[np.ndarray] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.rates.append(float(self.model.optimizer.learning_rate))
        self.weights.append(self.model.get_weights()[0])


def _keras_model(schedule: Schedule) -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    sgd = keras.optimizers.SGD(d2l_tensorflow.native(schedule))
    # The loss is the output, for input 1 the weight: its gradient is 1.
    model.compile(sgd, loss=lambda _, output: output)
    return model


def test_keras_fit_uses_the_schedules_rates():
    record = _Rates()
    ones = np.ones((60, 1), np.float32)
    model = _keras_model(CURVE)
    model.fit(ones, ones, batch_size=1, verbose=0, callbacks=[record])
    np.testing.assert_allclose(record.rates, CURVE.table(60), rtol=0, atol=0.1 * 1e-6)
    moved = -np.diff(np.array(record.weights, float).ravel())
    np.testing.assert_allclose(moved, CURVE.table(59), rtol=0, atol=1e-6)


@schedules
def test_a_keras_schedule_gives_float32_for_numbers_tensors_and_graphs(schedule):
    native = d2l_tensorflow.native(schedule)
    assert isinstance(native, keras.optimizers.schedules.LearningRateSchedule)
    graph = tf.function(native)
    for t in (0, 3, 10, 49, 1_000):
        for rate in (native(t), native(tf.constant(t, tf.int64)), graph(tf.constant(t))):
            assert rate.dtype == tf.float32
            assert float(rate) == pytest.approx(schedule(t), abs=schedule.peak * 1e-6)


@schedules
def test_a_keras_schedule_survives_keras_serialization(schedule):
    native = d2l_tensorflow.native(schedule)
    data = keras.optimizers.schedules.serialize(native)
    assert keras.optimizers.schedules.deserialize(data).schedule == schedule


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_a_saved_keras_model_loads_in_a_fresh_process_and_goes_on(tmp_path):
    ones = np.ones((20, 1), np.float32)
    model = _keras_model(CURVE)
    model.compile(model.optimizer, loss="mse")  # a loss that has a name
    model.fit(ones, ones, batch_size=1, verbose=0)
    model.save(tmp_path / "model.keras")
    code = f"""
import d2lsched.tensorflow, keras
model = keras.models.load_model({str(tmp_path / "model.keras")!r})
print(model.optimizer._learning_rate.schedule)
print(int(model.optimizer.iterations), float(model.optimizer.learning_rate))
"""
    printed = _python(code).splitlines()
    assert printed[0] == repr(CURVE)
    assert printed[1].split()[0] == "20"
    assert float(printed[1].split()[1]) == pytest.approx(CURVE(20), abs=1e-7)


def _python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# --- optax


def _optax_weights(transformation: optax.GradientTransformation, n: int) -> Iterable[float]:
    """A weight with gradient 1, over n updates compiled as one scan."""

    def update(carry: Any, _: None) -> Any:
        weight, state = carry
        change, state = transformation.update(jnp.ones(()), state)
        return (weight + change, state), change

    weight = jnp.zeros(())
    return jax.lax.scan(update, (weight, transformation.init(weight)), None, length=n)[1]


@schedules
def test_optax_applies_the_schedules_rates(schedule):
    changes = _optax_weights(optax.sgd(d2l_jax.native(schedule)), 60)
    atol = schedule.peak * 1e-6
    np.testing.assert_allclose(-np.array(changes), schedule.table(60), rtol=0, atol=atol)


def test_optax_inject_hyperparams_takes_and_shows_the_schedule():
    transformation = optax.inject_hyperparams(optax.sgd)(d2l_jax.native(CURVE))
    changes = _optax_weights(transformation, 60)
    np.testing.assert_allclose(-np.array(changes), CURVE.table(60), rtol=0, atol=1e-7)
    state = transformation.init(jnp.zeros(()))
    shown = []
    for _ in range(12):
        _, state = transformation.update(jnp.ones(()), state)
        shown.append(float(state.hyperparams["learning_rate"]))
    np.testing.assert_allclose(shown, CURVE.table(12), rtol=0, atol=1e-7)


def test_optax_join_schedules_takes_it():
    joined = optax.join_schedules([optax.constant_schedule(0.7), d2l_jax.native(CURVE)], [5])
    rates = [float(joined(t)) for t in range(5, 60, 3)]
    np.testing.assert_allclose(rates, CURVE.table(55)[::3], rtol=0, atol=1e-7)
    assert float(joined(4)) == pytest.approx(0.7)


def test_an_optax_schedule_takes_plain_numbers_and_tracers():
    native = d2l_jax.native(CURVE)
    assert float(native(30)) == float(jax.jit(native)(30)) == pytest.approx(CURVE(30), abs=1e-7)


# --- every schedule through every bridge

KINDS = pytest.mark.parametrize("kind", [*PLAIN, *COMPOSED])


def _of_kind(kind: str) -> Schedule:
    """A random one, the same each time, of ordinary size."""
    tries = (of_kind(kind, random.Random(seed)) for seed in range(1_000))
    return next(schedule for schedule in tries if 1e-3 < schedule.table(40).max() < 5)


KINDS_AND_SCHEDULES = {kind: _of_kind(kind) for kind in [*PLAIN, *COMPOSED]}


@KINDS
def test_every_schedule_drives_torch_and_resumes_after_a_random_stop(kind):
    schedule, stop = _of_kind(kind), random.Random(kind).randint(1, 39)
    optimizer = _optimizer(0.2, 0.02)
    scheduler = d2l_torch.native(schedule, optimizer)
    first = _steps(optimizer, scheduler, stop)
    saved = _through_a_file((optimizer.state_dict(), scheduler.state_dict()))
    optimizer = _optimizer(0.2, 0.02)
    scheduler = d2l_torch.native(schedule, optimizer)
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(saved[1])
    rates = np.array(first + _steps(optimizer, scheduler, 40 - stop))
    assert rates[:, 0].tolist() == [schedule(t) for t in range(40)]
    np.testing.assert_allclose(rates[:, 1], rates[:, 0] / 10, rtol=1e-14)


@KINDS
def test_every_schedule_drives_keras_and_survives_its_serialization(kind):
    schedule = _of_kind(kind)
    data = keras.optimizers.schedules.serialize(d2l_tensorflow.native(schedule))
    native = keras.optimizers.schedules.deserialize(json.loads(json.dumps(data)))
    assert native.schedule == schedule
    for t in (0, 1, 7, 39):
        assert float(native(t)) == pytest.approx(schedule(t), abs=schedule.peak * 1e-6)


@pytest.mark.slow
@KINDS
def test_every_schedule_drives_optax_compiled(kind):
    schedule = _of_kind(kind)
    changes = _optax_weights(optax.inject_hyperparams(optax.sgd)(d2l_jax.native(schedule)), 40)
    atol = schedule.peak * 1e-6
    np.testing.assert_allclose(-np.array(changes), schedule.table(40), rtol=0, atol=atol)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_a_keras_model_saved_with_each_schedule_loads_in_a_fresh_process(tmp_path):
    kinds = [*PLAIN, *COMPOSED]
    ones = np.ones((3, 1), np.float32)
    for kind in kinds:
        model = _keras_model(_of_kind(kind))
        model.compile(model.optimizer, loss="mse", run_eagerly=True)  # nothing is traced
        model.fit(ones, ones, batch_size=1, verbose=0)
        model.save(tmp_path / f"{kind}.keras")
    code = f"""
import d2lsched.tensorflow, keras
for kind in {kinds}:
    model = keras.models.load_model({str(tmp_path)!r} + f"/{{kind}}.keras")
    print(model.optimizer._learning_rate.schedule)
    print(int(model.optimizer.iterations), float(model.optimizer.learning_rate))
"""
    printed = _python(code).splitlines()
    assert printed[::2] == [repr(_of_kind(kind)) for kind in kinds]
    for kind, line in zip(kinds, printed[1::2], strict=True):
        schedule, (updates, rate) = _of_kind(kind), line.split()
        assert updates == "3"
        assert float(rate) == pytest.approx(schedule(3), abs=schedule.peak * 1e-6)


# --- the other way: trace


class _Halving:
    """A scheduler like D2L's: asking it uses it up."""

    def __init__(self) -> None:
        self.rate = 0.8

    def __call__(self, t: int, lr: float = 0.0) -> float:
        self.rate /= 2
        return self.rate


@KINDS
def test_a_traced_schedule_is_its_table(kind):
    schedule = _of_kind(kind)
    table, atol = schedule.table(30), schedule.peak * 1e-6
    np.testing.assert_allclose(d2lsched.trace(schedule, 30), table, rtol=0, atol=atol / 1e6)
    by_torch = d2l_torch.trace(lambda o: d2l_torch.native(schedule, o), 30, 0.5)
    np.testing.assert_allclose(by_torch, table, rtol=0, atol=atol / 1e6)
    traced = d2l_tensorflow.trace(lambda epoch, lr: schedule(epoch), 30, 0.5)
    np.testing.assert_allclose(traced, table, rtol=0, atol=atol / 1e6)
    for native in (d2l_tensorflow.native(schedule), d2l_jax.native(schedule)):
        np.testing.assert_allclose(d2lsched.trace(native, 12), table[:12], rtol=0, atol=atol)


def test_tracing_uses_nothing_up():
    scheduler = _Halving()
    for _ in range(2):
        assert d2lsched.trace(scheduler, 3).tolist() == [0.4, 0.2, 0.1]
        assert d2l_tensorflow.trace(scheduler, 3, 9.0).tolist() == [0.4, 0.2, 0.1]
    assert scheduler.rate == 0.8
    factory = functools.partial(torch.optim.lr_scheduler.StepLR, step_size=2, gamma=0.5)
    for _ in range(2):
        assert d2l_torch.trace(factory, 5, 0.4).tolist() == [0.4, 0.4, 0.2, 0.2, 0.1]


def test_the_schedulers_of_others_are_traced():
    assert d2lsched.trace(optax.exponential_decay(0.4, 1, 0.5), 3) == pytest.approx(
        [0.4, 0.2, 0.1]
    )
    theirs = keras.optimizers.schedules.InverseTimeDecay(0.6, 1, 1.0)
    assert d2lsched.trace(theirs, 3) == pytest.approx([0.6, 0.3, 0.2])
    callback = lambda epoch, lr: lr if epoch < 2 else lr / 2  # noqa: E731
    assert d2l_tensorflow.trace(callback, 4, 0.4).tolist() == [0.4, 0.4, 0.2, 0.1]


@pytest.mark.parametrize("n", [-1, 2.5, "3", None])
def test_a_trace_of_no_possible_length_is_refused(n):
    for trace in (
        lambda: d2lsched.trace(CURVE, n),
        lambda: d2l_torch.trace(lambda o: d2l_torch.native(CURVE, o), n, 0.1),
        lambda: d2l_tensorflow.trace(lambda epoch, lr: lr, n, 0.1),
    ):
        with pytest.raises(ValueError, match=f"^n = {n!r} is not allowed"):
            trace()
    assert d2lsched.trace(CURVE, 0).shape == (0,)


def test_what_is_no_function_cannot_be_traced():
    with pytest.raises(TypeError, match=r"^f must be a function"):
        d2lsched.trace(0.1, 3)
