"""The four twins: the same run gives the same numbers, at the rates that were asked for.

What a run must do is recomputed here in float64, apart from the code under test.
"""

import ast
import dataclasses
import functools
import inspect
import math
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from conftest import assert_one_run
from threadpoolctl import threadpool_limits

from d2lsched import Constant, CosineDecay, Warmup, run
from d2lsched import jax as d2l_jax
from d2lsched import numpy as d2l_numpy
from d2lsched import tensorflow as d2l_tensorflow
from d2lsched import torch as d2l_torch
from d2lsched.data import MNIST, Split, mnist
from d2lsched.history import History
from d2lsched.optimizers import adam, bias_corrections, sgd, zeros
from d2lsched.settings import Settings

# isort: split
import jax
import jax.numpy as jnp
import optax
import torch

TWINS = {
    "numpy": d2l_numpy,
    "torch": d2l_torch,
    "tensorflow": d2l_tensorflow,
    "jax": d2l_jax,
}
WITH_LENET = [name for name in TWINS if name != "numpy"]
twins = pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
optimizers = pytest.mark.parametrize("optimizer", ["sgd", "adam"])

SCHEDULE = Warmup(CosineDecay(0.1, 80), 20)
ADAM_SCHEDULE = Warmup(CosineDecay(0.003, 80), 20)
# With this seed no pre-activation of the first ten updates comes within 2e-6 of 0, in none of
# the four runs of a hundred updates: rounding, below 1e-6, decides none of them.
CLEAR = 85


def _schedule(optimizer: str) -> Warmup:
    return SCHEDULE if optimizer == "sgd" else ADAM_SCHEDULE


def _apart(a: Any, b: Any) -> float:
    """The largest difference between two lists of numbers of equal length."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    return float(np.abs(a - b).max())


def _same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


# --- the same numbers in all frameworks


@functools.cache
def _hundred_updates(name: str, optimizer: str, weight_decay: float) -> History:
    data = mnist(train=1_280, validation=200, test=200)
    settings = {"optimizer": optimizer, "weight_decay": weight_decay, "data": data}
    return TWINS[name].train(_schedule(optimizer), epochs=10, seed=CLEAR, **settings)


@pytest.mark.slow
@optimizers
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("name", WITH_LENET)
def test_the_mlps_losses_agree_over_a_hundred_updates(name, optimizer, weight_decay):
    expected = _hundred_updates("numpy", optimizer, weight_decay)
    found = _hundred_updates(name, optimizer, weight_decay)
    assert len(found.loss) == 100
    assert found.lr == expected.lr == _schedule(optimizer).table(100).tolist()
    assert_one_run(found, expected, exact=10)


@optimizers
def test_weight_decay_has_an_effect(optimizer):
    without, decayed = (_hundred_updates("numpy", optimizer, decay) for decay in (0.0, 0.1))
    assert _apart(without.loss[:10], decayed.loss[:10]) > 1e-4


@optimizers
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_no_pre_activation_of_the_clear_runs_is_near_zero(small, optimizer, weight_decay):
    settings = {"optimizer": optimizer, "weight_decay": weight_decay, "seed": CLEAR}
    *_, distances = _recorded(d2l_numpy, small, _schedule(optimizer), epochs=1, **settings)
    assert distances.min() > 2e-6


@pytest.mark.slow
@optimizers
def test_lenets_losses_agree(small, optimizer):
    # Small rates: a LeNet has more kinks, and at 0.05 its runs part within 20 updates.
    rate = 0.02 if optimizer == "sgd" else 0.001
    settings = {"model": "lenet", "optimizer": optimizer, "epochs": 2, "data": small}
    runs = [TWINS[name].train(rate, **settings) for name in WITH_LENET]
    assert len(runs[0].loss) == 20
    assert runs[0].loss[-1] < runs[0].loss[0] - 0.01
    assert_one_run(runs[0], runs[1])
    assert_one_run(runs[0], runs[2])


@pytest.mark.slow
def test_the_books_first_run_learns_in_all_frameworks_and_agrees():
    schedule = Warmup(CosineDecay(0.1, 700), 80)
    histories = [twin.train(schedule, epochs=10) for twin in TWINS.values()]
    for history in histories:
        assert len(history.loss) == 780
        assert history.test_accuracy >= 0.94
        assert_one_run(history, histories[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_LENET)
def test_lenet_learns(name):
    schedule = Warmup(CosineDecay(0.1, 140), 16)
    history = TWINS[name].train(schedule, model="lenet", epochs=2)
    assert history.test_accuracy >= 0.94


# --- the update rules


def _arrays(seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=shape) for shape in [(3, 4), (4,)]]


RATES = np.linspace(0.01, 0.3, 20)
MOMENTA = np.linspace(0.95, 0.85, 20)


def _ours(optimizer: str, weight_decay: float) -> list[np.ndarray]:
    """Twenty updates in float64, each with its own gradient, rate and momentum."""
    weights = _arrays(0)
    moments = zeros(weights, optimizer)
    corrections = bias_corrections(MOMENTA, 0)
    for t in range(20):
        rule = (weights, moments, _arrays(t + 1), RATES[t], MOMENTA[t], weight_decay)
        weights, moments = sgd(*rule) if optimizer == "sgd" else adam(*rule, corrections[t])
    return weights


@pytest.mark.slow
@optimizers
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_the_update_is_torchs_in_float64(optimizer, weight_decay):
    parameters = [torch.nn.Parameter(torch.from_numpy(w.copy())) for w in _arrays(0)]
    cls = torch.optim.SGD if optimizer == "sgd" else torch.optim.AdamW
    theirs = cls(parameters, lr=1.0, weight_decay=weight_decay)
    for t in range(20):
        for parameter, gradient in zip(parameters, _arrays(t + 1), strict=True):
            parameter.grad = torch.from_numpy(gradient)
        group = theirs.param_groups[0]
        group["lr"] = RATES[t]
        if optimizer == "sgd":
            group["momentum"] = MOMENTA[t]
        else:
            group["betas"] = (MOMENTA[t], 0.999)
        theirs.step()
    for ours, parameter in zip(_ours(optimizer, weight_decay), parameters, strict=True):
        np.testing.assert_allclose(ours, parameter.detach().numpy(), rtol=0, atol=1e-12)


@optimizers
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_torchs_update_in_place_is_the_same_in_float64(optimizer, weight_decay):
    momenta = np.where(np.arange(20) % 7 == 3, 0, MOMENTA)  # the velocity follows at 0 too
    weights = _arrays(0)
    moments, corrections = zeros(weights, optimizer), bias_corrections(momenta, 0)
    theirs = [torch.from_numpy(w.copy()) for w in weights]
    blank = [[torch.zeros_like(w) for w in theirs] for _ in range(2)]
    state = blank[0] if optimizer == "sgd" else tuple(blank)
    for t in range(20):
        numbers = (RATES[t], momenta[t], weight_decay)
        rule = (weights, moments, _arrays(t + 1), *numbers)
        weights, moments = sgd(*rule) if optimizer == "sgd" else adam(*rule, corrections[t])
        gradients = [torch.from_numpy(np.asfortranarray(g)) for g in _arrays(t + 1)]
        lr, mu = (torch.tensor(float(x), dtype=torch.float64) for x in numbers[:2])
        rule = (lr, mu, weight_decay, corrections[t].tolist())
        d2l_torch.descend(theirs, state, gradients, *rule)
    for ours, other in zip(weights, theirs, strict=True):
        np.testing.assert_allclose(ours, other.numpy(), rtol=0, atol=1e-12)


@optimizers
def test_the_update_is_the_papers_in_float64(optimizer):
    w, v, m, s = _arrays(0)[0], 0.0, 0.0, 0.0
    for t in range(20):
        g, lr, momentum = _arrays(t + 1)[0], RATES[t], MOMENTA[t]
        if optimizer == "sgd":
            v = momentum * v + g + 0.1 * w
            w = w - lr * v
        else:
            m = momentum * m + (1 - momentum) * g
            s = 0.999 * s + 0.001 * g**2
            first, second = m / (1 - momentum ** (t + 1)), s / (1 - 0.999 ** (t + 1))
            w = w - lr * 0.1 * w - lr * first / (np.sqrt(second) + 1e-8)
    np.testing.assert_allclose(_ours(optimizer, 0.1)[0], w, rtol=0, atol=1e-12)


@pytest.mark.slow
@optimizers
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_the_update_is_optax_s_in_float32(optimizer, weight_decay):
    lr, momentum = 0.05, 0.9
    if optimizer == "sgd":
        decay = optax.add_decayed_weights(weight_decay)
        theirs = optax.chain(decay, optax.sgd(lr, momentum=momentum))
    else:
        theirs = optax.adamw(lr, b1=momentum, b2=0.999, eps=1e-8, weight_decay=weight_decay)
    weights = _arrays(0)
    moments, params = zeros(weights, optimizer), [jnp.asarray(w) for w in weights]
    state, corrections = theirs.init(params), bias_corrections(np.full(20, momentum), 0)
    for t in range(20):
        gradients = _arrays(t + 1)
        rule = (weights, moments, gradients, lr, momentum, weight_decay)
        weights, moments = sgd(*rule) if optimizer == "sgd" else adam(*rule, corrections[t])
        changes, state = theirs.update([jnp.asarray(g) for g in gradients], state, params)
        params = optax.apply_updates(params, changes)
    for ours, other in zip(weights, params, strict=True):
        # optax corrects Adam's bias in float32
        np.testing.assert_allclose(
            ours, other, rtol=0, atol=1e-5 if optimizer == "sgd" else 1e-4
        )


# --- the rate that was really applied


@threadpool_limits.wrap(limits=1)  # faster by far beside a busy neighbour
def _gradients(
    weights: list[np.ndarray], split: Split, batch: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """The MLP's gradients in float64, by the chain rule, from uint8 images.

    And for each hidden unit how near to 0, where ReLU has its kink, an image brings it.
    """
    w1, b1, w2, b2 = (weight.astype(float) for weight in weights)
    x = split.images[batch].reshape(len(batch), 784) / 255
    before = x @ w1 + b1
    hidden = before * (before > 0)
    scores = np.exp(hidden @ w2 + b2)
    error = (scores / scores.sum(1, keepdims=True) - np.eye(10)[split.labels[batch]]) / len(
        batch
    )
    back = (error @ w2.T) * (before > 0)
    gradients = [x.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]
    return gradients, np.abs(before).min(0)


def _recorded(
    twin: ModuleType, data: MNIST, schedule: Any, *, epochs: int = 2, seed: int = 0,
    **settings: Any,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """The flat weights around every update, float64, the gradients there, the distances to 0.

    A hidden unit that some image brings within 1e-5 of 0 is left out: on which side float32
    sees it is a matter of rounding, and of the processor.
    """
    weights = [run.first_weights("mlp", seed)]
    twin.train(
        schedule, epochs=epochs, seed=seed, data=data,
        after_update=lambda state, history: weights.append(twin.weights(state)), **settings,
    )  # fmt: skip
    order = np.concatenate([run.batch_order(seed, e, 1_280, 128) for e in range(epochs)])
    found = [_gradients(w, data.train, b) for w, b in zip(weights, order, strict=False)]
    distances = np.min([distance for _, distance in found], axis=0)
    clear = distances > 1e-5
    assert clear.sum() > 100

    def flat(parts: list[np.ndarray]) -> np.ndarray:
        w1, b1, w2, b2 = (part.astype(float) for part in parts)
        return np.concatenate([w1[:, clear].ravel(), b1[clear], w2.ravel(), b2])

    slopes = np.array([flat(gradients) for gradients, _ in found])
    return np.array([flat(w) for w in weights]), slopes, distances


def _coefficient(change: np.ndarray, direction: np.ndarray) -> float:
    """The factor on direction that is nearest to change."""
    return float(change @ direction / (direction @ direction))


CURVE = Warmup(CosineDecay(0.2, 14, 0.02), 6, 0.05)


@twins
def test_sgd_applies_the_schedules_rate_at_every_update(small, twin):
    weights, gradients, _ = _recorded(twin, small, CURVE, momentum=0)
    changes = -np.diff(weights, axis=0)
    rates = [_coefficient(c, g) for c, g in zip(changes, gradients, strict=True)]
    np.testing.assert_allclose(rates, CURVE.table(20), rtol=1e-5)
    left_over = changes - np.array(rates)[:, None] * gradients
    assert np.linalg.norm(left_over) <= 1e-3 * np.linalg.norm(changes)


@twins
def test_sgd_with_momentum_and_weight_decay_applies_the_schedules_rate(small, twin):
    weights, gradients, _ = _recorded(twin, small, CURVE, momentum=0.9, weight_decay=0.01)
    changes, velocity, rates = -np.diff(weights, axis=0), 0.0, []
    for t in range(20):
        velocity = 0.9 * velocity + gradients[t] + 0.01 * weights[t]
        rates.append(_coefficient(changes[t], velocity))
    np.testing.assert_allclose(rates, CURVE.table(20), rtol=1e-5)


@twins
def test_adam_applies_the_schedules_rate_at_every_update(small, twin):
    curve = CURVE.replace(schedule=CosineDecay(0.01, 14, 0.001), start_lr=0.002)
    weights, gradients, _ = _recorded(twin, small, curve, optimizer="adam")
    changes, mean, square, rates = -np.diff(weights, axis=0), 0.0, 0.0, []
    for t in range(20):
        mean = 0.9 * mean + 0.1 * gradients[t]
        square = 0.999 * square + 0.001 * gradients[t] ** 2
        step = mean / (1 - 0.9 ** (t + 1)) / (np.sqrt(square / (1 - 0.999 ** (t + 1))) + 1e-8)
        rates.append(_coefficient(changes[t], step))
    np.testing.assert_allclose(rates, curve.table(20), rtol=1e-5)


@twins
def test_a_rate_of_zero_changes_nothing(small, twin):
    weights, *_ = _recorded(twin, small, lambda t: 0.0 if t < 5 else 0.1)
    moved = np.abs(np.diff(weights, axis=0)).max(axis=1) > 0
    assert moved.tolist() == [False] * 5 + [True] * 15


@twins
def test_the_momentum_may_follow_a_schedule(small, twin):
    curve = CosineDecay(0.95, 20, 0.5)
    weights, gradients, _ = _recorded(twin, small, 0.05, momentum=curve)
    velocities = -np.diff(weights, axis=0) / 0.05
    momenta = [
        _coefficient(velocities[t] - gradients[t], velocities[t - 1]) for t in range(1, 20)
    ]
    np.testing.assert_allclose(momenta, curve.table(20)[1:], rtol=1e-3)


@twins
def test_the_batch_size_may_grow(small, twin):
    history = twin.train(0.1, epochs=3, data=small, batch_size=lambda t: 64 if t < 20 else 640)
    assert len(history.loss) == 20 + 2 + 2
    expected = d2l_numpy.train(
        0.1, epochs=3, data=small, batch_size=lambda t: 64 if t < 20 else 640
    )
    assert_one_run(history, expected)


@twins
def test_the_recorded_rates_are_a_functions_values(small, twin):
    history = twin.train(lambda t: 0.1 / (t + 1), epochs=1, data=small)
    assert history.lr == [0.1 / (t + 1) for t in range(10)]
    assert twin.train(0.05, epochs=1, data=small).lr == [0.05] * 10


# --- repeated, resumed, branched


@twins
@optimizers
def test_two_equal_runs_give_the_same_bits(small, twin, optimizer):
    settings = {"optimizer": optimizer, "epochs": 2, "data": small}
    one, two = (twin.train(_schedule(optimizer), **settings) for _ in range(2))
    one.seconds = two.seconds
    assert one == two
    assert _same(twin.weights(one.state), twin.weights(two.state))


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_LENET)
def test_two_equal_runs_of_lenet_give_the_same_bits(small, name):
    settings = {"model": "lenet", "epochs": 2, "data": small}
    one, two = (TWINS[name].train(0.05, **settings) for _ in range(2))
    assert one.loss == two.loss
    assert _same(TWINS[name].weights(one.state), TWINS[name].weights(two.state))


@twins
def test_another_seed_gives_another_run(small, twin):
    one, two = (twin.train(0.1, epochs=1, data=small, seed=seed) for seed in (0, 1))
    assert _apart(one.loss, two.loss) > 0.01


@twins
@optimizers
def test_a_resumed_run_is_the_uninterrupted_one(small, twin, optimizer):
    schedule, settings = _schedule(optimizer), {"optimizer": optimizer, "data": small}
    whole = twin.train(schedule, epochs=4, **settings)
    first = twin.train(schedule, epochs=2, **settings)
    second = twin.train(schedule, epochs=2, state=first.state, **settings)
    assert first.lr + second.lr == whole.lr
    assert first.loss + second.loss == whole.loss
    assert first.validation_loss + second.validation_loss == whole.validation_loss
    assert second.test_accuracy == whole.test_accuracy
    assert (second.state.update, second.state.epoch) == (40, 4)
    assert second.settings["first_update"] == 20
    assert _same(twin.weights(second.state), twin.weights(whole.state))


@twins
@optimizers
def test_several_runs_may_branch_from_one_state(small, twin, optimizer):
    settings = {"optimizer": optimizer, "data": small}
    trunk = twin.train(0.01, epochs=1, **settings)
    before = twin.weights(trunk.state)
    branch, other, again = (
        twin.train(rate, epochs=1, state=trunk.state, **settings)
        for rate in (0.01, 0.001, 0.01)
    )
    assert branch.loss == again.loss
    assert branch.loss[0] == other.loss[0]
    assert branch.loss[1:] != other.loss[1:]
    assert _same(twin.weights(trunk.state), before)
    assert (trunk.state.update, trunk.state.epoch) == (10, 1)


# --- hooks


@twins
def test_hooks_are_called_after_each_update_and_epoch(small, twin):
    updates, epochs = [], []
    twin.train(
        0.1, epochs=2, data=small,
        after_update=lambda state, history: updates.append((state.update, len(history.loss))),
        after_epoch=lambda state, history: epochs.append(
            (state.epoch, state.update, len(history.validation_loss))
        ),
    )  # fmt: skip
    assert updates == [(n, n) for n in range(1, 21)]
    assert epochs == [(1, 10, 1), (2, 20, 2)]


def _erase(state: run.State, history: History) -> None:
    """Set all weights to zero: the loss is then that of guessing, log 10."""
    if isinstance(state.weights, torch.nn.Module):
        with torch.no_grad():
            for parameter in state.weights.parameters():
                parameter.zero_()
    else:
        state.weights = [0 * weight for weight in state.weights]


@twins
def test_a_hook_after_each_update_may_change_the_weights(small, twin):
    losses = twin.train(0.1, epochs=1, data=small, after_update=_erase).loss
    assert losses[0] != pytest.approx(math.log(10), abs=1e-3)
    assert losses[1:] == pytest.approx([math.log(10)] * 9, abs=1e-6)


@twins
def test_a_hook_after_each_epoch_may_change_the_weights(small, twin):
    history = twin.train(0.1, epochs=2, data=small, after_epoch=_erase)
    assert history.loss[10] == pytest.approx(math.log(10), abs=1e-6)
    assert history.validation_loss[0] < 2.2
    assert _same(twin.weights(history.state), [0 * w for w in run.first_weights("mlp", 0)])


@twins
@optimizers
def test_a_hook_that_does_nothing_changes_nothing(small, twin, optimizer):
    settings = {"optimizer": optimizer, "epochs": 2, "data": small}
    plain = twin.train(_schedule(optimizer), **settings)
    hooked = twin.train(_schedule(optimizer), after_update=lambda *_: None, **settings)
    assert_one_run(plain, hooked)


# --- divergence


@functools.cache
def _diverged(name: str) -> History:
    data = mnist(train=1_280, validation=200, test=200)
    return TWINS[name].train(1e10, epochs=3, data=data)


@pytest.mark.parametrize("name", TWINS)
def test_divergence_is_a_result_that_ends_the_run(name, capfd):
    history = _diverged(name)  # warnings are errors in these tests
    assert history.diverged
    assert "diverged" in repr(history)
    assert len(history.loss) == len(history.lr) == 10
    assert len(history.validation_loss) == 1
    assert 0 <= history.test_accuracy <= 0.2
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", WITH_LENET)
def test_a_run_diverges_at_the_same_update_in_all_frameworks(name):
    finite = [np.isfinite(_diverged(twin).loss).tolist() for twin in ("numpy", name)]
    assert finite[0] == finite[1]
    assert not all(finite[0])


# --- bad input

BAD = [
    ("epochs", 0, "at least 1"),
    ("epochs", -1, "at least 1"),
    ("epochs", 1.5, "whole"),
    ("epochs", True, "whole"),
    ("model", "resnet", "one of mlp"),
    ("model", None, "one of mlp"),
    ("optimizer", "adagrad", "one of sgd, adam"),
    ("batch_size", 0, "from 1 to the 1280"),
    ("batch_size", 1_281, "from 1 to the 1280"),
    ("batch_size", 2.5, "whole"),
    ("batch_size", math.nan, "whole"),
    ("batch_size", "128", "whole"),
    ("seed", -1, "at least 0"),
    ("seed", 0.5, "whole"),
    ("schedule", -0.1, "at least 0"),
    ("schedule", math.nan, "at least 0"),
    ("schedule", math.inf, "number"),
    ("schedule", "0.1", "number"),
    ("schedule", None, "number"),
    ("momentum", 1, "below 1"),
    ("momentum", -0.1, "at least 0"),
    ("momentum", math.nan, "below 1"),
    ("weight_decay", -0.1, "at least 0"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), BAD)
@twins
def test_a_bad_setting_is_named_with_its_value_and_what_is_allowed(
    small, twin, name, value, allowed
):
    settings = {"schedule": 0.1, "epochs": 1, "data": small, name: value}
    with pytest.raises(ValueError, match="is not allowed: it must be") as error:
        twin.train(**settings)
    assert str(error.value).startswith(f"{name} = {value!r} is not allowed")
    assert allowed in str(error.value)


def test_numpy_has_no_lenet_and_says_so(small):
    with pytest.raises(ValueError, match=r"^model = 'lenet' .* one of mlp in numpy"):
        d2l_numpy.train(0.1, model="lenet", data=small)


@twins
def test_a_batch_size_that_outgrows_the_data_is_refused_when_it_does(small, twin):
    with pytest.raises(ValueError, match=r"^batch_size = 2000 is not allowed"):
        twin.train(0.1, epochs=2, data=small, batch_size=lambda t: 128 if t < 10 else 2_000)


@twins
def test_the_state_of_another_kind_of_run_is_refused(small, twin):
    history = twin.train(0.1, epochs=1, data=small)
    with pytest.raises(ValueError, match=r"^state = '\w+ mlp with sgd' .* mlp with adam"):
        twin.train(0.1, optimizer="adam", data=small, state=history.state)
    another = d2l_numpy if twin is not d2l_numpy else d2l_jax
    with pytest.raises(ValueError, match=r"^state = '\w+ mlp with sgd' .* mlp with sgd"):
        another.train(0.1, data=small, state=history.state)
    with pytest.raises(ValueError, match=r"^state = .*History.*run's history\.state"):
        twin.train(0.1, data=small, state=history)


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf")])
def test_a_function_that_gives_no_rate_is_named_with_the_update(small, rate):
    with pytest.raises(ValueError, match=r"^schedule at update 7 = .* it must be a number"):
        d2l_numpy.train(lambda t: rate if t == 7 else 0.1, data=small)
    with pytest.raises(ValueError, match=r"^momentum at update 7 = .* below 1"):
        d2l_numpy.train(0.1, momentum=lambda t: 1.0 if t == 7 else 0.9, data=small)


@twins
def test_data_without_validation_images_are_refused(twin):
    data = mnist(train=1_280, validation=0, test=200)
    with pytest.raises(ValueError, match=r"^data\.validation = Split\(0 images\) is not"):
        twin.train(0.1, epochs=1, data=data)


@twins
def test_without_test_images_the_test_accuracy_is_nan(twin):
    data = mnist(train=1_280, validation=200, test=0)
    assert math.isnan(twin.train(0.1, epochs=1, data=data).test_accuracy)


# --- speed that must not be lost


def _other_settings() -> Iterator[dict[str, Any]]:
    yield {"schedule": CosineDecay(0.2, 30, 0.01), "momentum": 0.5, "seed": 3}
    yield {"schedule": Constant(0.01), "batch_size": lambda t: 128}
    yield {"schedule": lambda t: 0.1, "momentum": CosineDecay(0.9, 20)}


@optimizers
def test_jax_compiles_once_whatever_rates_momenta_and_seed(small, optimizer):
    settings = {"optimizer": optimizer, "epochs": 1, "data": small}
    d2l_jax.train(0.1, **settings)
    before = d2l_jax._all_updates._cache_size()
    for other in _other_settings():
        d2l_jax.train(**settings, **other)
    assert d2l_jax._all_updates._cache_size() == before > 0


@optimizers
def test_tensorflow_traces_once_whatever_rates_momenta_and_seed(small, optimizer):
    settings = {"optimizer": optimizer, "epochs": 1, "data": small}
    d2l_tensorflow.train(0.1, **settings)
    before = d2l_tensorflow._updates["mlp"].experimental_get_tracing_count()
    for other in _other_settings():
        d2l_tensorflow.train(**settings, **other)
    assert d2l_tensorflow._updates["mlp"].experimental_get_tracing_count() == before > 0


def test_torchs_number_of_threads_is_given_back(small):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        d2l_torch.train(0.1, epochs=1, data=small)
        assert torch.get_num_threads() == 3
        with pytest.raises(ZeroDivisionError):
            d2l_torch.train(0.1, epochs=1, data=small, after_update=lambda *_: 1 / 0)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


# --- the parts


@pytest.mark.parametrize(
    ("name", "model"),
    [*((name, "mlp") for name in TWINS), *((name, "lenet") for name in WITH_LENET)],
)
@optimizers
def test_a_run_starts_from_the_common_weights(name, model, optimizer):
    state = TWINS[name].init(model, optimizer, seed=5)
    found, expected = TWINS[name].weights(state), run.first_weights(model, 5)
    assert [w.dtype for w in found] == [np.float32] * len(expected)
    assert _same(found, expected)
    assert (state.model, state.optimizer, state.update, state.epoch) == (model, optimizer, 0, 0)


@pytest.mark.parametrize(
    ("model", "fans"),
    [("mlp", [(784, 128), (128, 10)]),
     ("lenet", [(25, 150), (150, 400), (400, 120), (120, 84), (84, 10)])],
)  # fmt: skip
def test_first_weights_are_glorot_uniform_and_biases_zero(model, fans):
    weights = run.first_weights(model, 0)
    for kernel, bias, (inputs, outputs) in zip(weights[::2], weights[1::2], fans, strict=True):
        limit = math.sqrt(6 / (inputs + outputs))
        assert 0.95 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6)
        assert abs(kernel.mean()) < 4 * limit / math.sqrt(3 * kernel.size)
        assert kernel.std() == pytest.approx(limit / math.sqrt(3), rel=0.15)
        assert not bias.any()
        assert bias.shape == kernel.shape[-1:]
    assert not _same(weights, run.first_weights(model, 1))


def test_an_epoch_sees_every_image_at_most_once_and_drops_the_last_partial_batch():
    order = run.batch_order(seed=0, epoch=0, images=1_000, batch_size=128)
    assert order.shape == (7, 128)
    assert len(set(order.ravel().tolist())) == order.size
    assert 0 <= order.min() <= order.max() < 1_000


def test_the_order_depends_on_seed_and_epoch_and_not_on_the_batch_size():
    order = run.batch_order(0, 0, 1_000, 100)
    assert np.array_equal(order, run.batch_order(0, 0, 1_000, 100))
    assert np.array_equal(order.ravel(), run.batch_order(0, 0, 1_000, 50).ravel())
    assert not np.array_equal(order, run.batch_order(0, 1, 1_000, 100))
    assert not np.array_equal(order, run.batch_order(1, 0, 1_000, 100))


@twins
def test_evaluation_is_the_mean_over_all_images(twin):
    split = mnist(train=1, validation=2_500).validation  # three parts, the last one smaller
    w1, b1, w2, b2 = run.first_weights("mlp", 0)
    x = split.images.reshape(-1, 784) / 255
    logits = np.maximum(x @ w1 + b1, 0) @ w2 + b2
    scores = np.exp(logits)
    right = scores[np.arange(2_500), split.labels] / scores.sum(1)
    loss, accuracy = twin.evaluate(twin.init(), *twin.tensors(split))
    assert loss == pytest.approx(-np.log(right).mean(), rel=1e-6)
    assert accuracy == pytest.approx((logits.argmax(1) == split.labels).mean(), abs=1 / 2_500)


@twins
def test_one_epoch_by_hand_is_what_train_does(small, twin):
    state, order = twin.init(), run.batch_order(0, 0, 1_280, 128)
    rates, momenta = SCHEDULE.table(10), np.full(10, 0.9)
    losses, right = twin.epoch(state, *twin.tensors(small.train), order, rates, momenta)
    history = twin.train(SCHEDULE, epochs=1, data=small)
    assert losses.tolist() == np.float32(history.loss).tolist()
    assert right / 1_280 == history.train_accuracy[0]
    assert _same(twin.weights(state), twin.weights(history.state))


@twins
def test_weights_are_copies(small, twin):
    history = twin.train(0.1, epochs=1, data=small)
    before = twin.weights(history.state)
    twin.epoch(
        history.state, *twin.tensors(small.train),
        run.batch_order(0, 1, 1_280, 128), np.full(10, 0.1), np.full(10, 0.9),
    )  # fmt: skip
    assert not _same(twin.weights(history.state), before)


@twins
def test_settings_are_recorded_as_plain_data(small, twin, tmp_path):
    history = twin.train(
        np.float32(0.5), momentum=np.float64(0), epochs=np.int64(1), seed=np.int64(2),
        batch_size=np.int32(64), weight_decay=0, data=small,
    )  # fmt: skip
    history.save(tmp_path / "history.json")
    assert History.load(tmp_path / "history.json") == history
    assert history.schedule == 0.5
    assert history.settings == {
        "model": "mlp", "optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "epochs": 1,
        "batch_size": 64, "seed": 2, "images": 1_280, "first_update": 0,
    }  # fmt: skip


def test_schedules_and_functions_are_recorded_by_their_text(small):
    def halving(t: int) -> float:
        return 0.1 * 0.5**t

    history = d2l_numpy.train(halving, momentum=CosineDecay(0.9, 10), epochs=1, data=small)
    assert history.schedule == "halving"
    assert history.settings["momentum"] == repr(CosineDecay(0.9, 10))


def test_progress_is_shown_only_when_asked_for(small, capsys):
    d2l_numpy.train(0.1, epochs=2, data=small)
    assert capsys.readouterr().err == ""
    d2l_numpy.train(0.1, epochs=2, data=small, progress=True)
    assert "2/2" in capsys.readouterr().err


def _public(twin: ModuleType) -> list[str]:
    """The names that a module defines, in the order of its text."""
    names = []
    for node in ast.parse(Path(inspect.getfile(twin)).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [name for name in names if not name.startswith("_")]


TWIN_NAMES = ["MODELS", "tensors", "init", "weights", "epoch", "evaluate", "train"]


@twins
def test_the_twins_define_the_same_names_in_the_same_order(twin):
    assert [name for name in _public(twin) if name in TWIN_NAMES] == TWIN_NAMES
    assert callable(twin.native)


@pytest.mark.parametrize("name", [name for name in TWIN_NAMES if name != "MODELS"])
def test_the_twins_functions_take_the_same_arguments(name):
    arguments = [
        [
            (p.name, p.kind, p.default)
            for p in inspect.signature(vars(twin)[name]).parameters.values()
        ]
        for twin in TWINS.values()
    ]
    assert all(other == arguments[0] for other in arguments)


@twins
def test_train_lists_the_settings_and_refuses_other_names(twin):
    listed = inspect.signature(twin.train).parameters
    for field in dataclasses.fields(Settings)[2:]:
        assert listed[field.name].default == field.default, field.name
    with pytest.raises(TypeError, match="unexpected keyword argument 'epoch'"):
        twin.train(0.1, epoch=3)


@twins
def test_train_says_what_it_is(twin):
    assert twin.train.__module__ == twin.__name__
    assert "schedule" in inspect.getdoc(twin.train)


# --- the frameworks' own settings


def test_torchs_default_precision_changes_no_run(small: MNIST):
    expected = d2l_torch.train(SCHEDULE, epochs=1, data=small, seed=3)
    torch.set_default_dtype(torch.float64)
    try:
        found = d2l_torch.train(SCHEDULE, epochs=1, data=small, seed=3)
        (stacked,) = d2l_torch.train_many([SCHEDULE], [3], epochs=1, data=small)
        assert d2l_torch.evaluate(d2l_torch.init("lenet"), *d2l_torch.tensors(small.test))
        assert all(
            weight.dtype == torch.float32 for weight in d2l_torch.network("lenet").parameters()
        )
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.loss == expected.loss
    assert found.test_accuracy == expected.test_accuracy
    assert_one_run(stacked, expected)


@pytest.mark.slow
def test_jaxs_default_precision_changes_no_run(small: MNIST):
    expected = d2l_jax.train(SCHEDULE, epochs=1, data=small, seed=3)
    with jax.enable_x64(True):
        found = d2l_jax.train(SCHEDULE, epochs=1, data=small, seed=3)
    assert_one_run(found, expected)
