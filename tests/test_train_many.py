"""Many runs as one: the same histories as separate runs."""

from __future__ import annotations

import functools
import inspect
import math

import numpy as np
import pytest
from conftest import assert_one_run

from d2lsched import CosineDecay, ReduceOnPlateau, StepDecay, Warmup
from d2lsched import jax as d2l_jax
from d2lsched import torch as d2l_torch
from d2lsched.data import mnist
from d2lsched.history import History

# isort: split
import torch

pytestmark = pytest.mark.slow

TWINS = {"torch": d2l_torch, "jax": d2l_jax}
names = pytest.mark.parametrize("name", TWINS)
twins = pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
optimizers = pytest.mark.parametrize("optimizer", ["sgd", "adam"])


def _plateau(lr: float) -> ReduceOnPlateau:
    """Every loss but the first counts as bad, by far: no rounding changes the rates."""
    return ReduceOnPlateau(lr, 0.5, patience=0, threshold=10, threshold_mode="abs")


SCHEDULES = {
    "sgd": [Warmup(CosineDecay(0.1, 24), 6), 0.05, _plateau(0.1)],
    "adam": [Warmup(CosineDecay(0.003, 24), 6), 0.001, _plateau(0.005)],
}
SEEDS = [0, 7]


@functools.cache
def _data():
    return mnist(train=1_280, validation=200, test=200)


@functools.cache
def _pairs(name: str, optimizer: str, weight_decay: float) -> list[tuple[History, History]]:
    settings = {"optimizer": optimizer, "weight_decay": weight_decay, "epochs": 3}
    together = TWINS[name].train_many(SCHEDULES[optimizer], SEEDS, data=_data(), **settings)
    alone = [
        TWINS[name].train(schedule, seed=seed, data=_data(), **settings)
        for schedule in SCHEDULES[optimizer]
        for seed in SEEDS
    ]
    return list(zip(together, alone, strict=True))


def _agree(found: History, expected: History) -> None:
    assert found.lr == expected.lr
    assert (found.framework, found.schedule) == (expected.framework, expected.schedule)
    assert found.settings == expected.settings
    assert_one_run(found, expected)


@pytest.mark.slow
@names
@optimizers
@pytest.mark.parametrize("weight_decay", [0.0, pytest.param(0.1, marks=pytest.mark.slow)])
def test_every_history_is_that_of_the_run_alone(name, optimizer, weight_decay):
    for found, expected in _pairs(name, optimizer, weight_decay):
        assert len(found.loss) == 30
        _agree(found, expected)


@names
def test_a_history_is_plain_data_with_its_share_of_the_time(name, tmp_path):
    histories = [found for found, _ in _pairs(name, "sgd", 0.0)]
    assert len({history.seconds for history in histories}) == 1
    assert histories[0].seconds > 0
    histories[0].save(tmp_path / "history.json")
    assert History.load(tmp_path / "history.json") == histories[0]


@names
def test_plateaus_observe_each_its_own_run(name):
    states = [found.state for found, _ in _pairs(name, "sgd", 0.0)]
    assert [state.plateau is None for state in states] == [True] * 4 + [False] * 2
    for found, expected in _pairs(name, "sgd", 0.0)[4:]:
        assert found.state.plateau.rate == expected.state.plateau.rate


@names
@optimizers
def test_a_run_goes_on_from_its_state_as_if_it_had_been_alone(name, optimizer):
    twin, settings = TWINS[name], {"optimizer": optimizer, "epochs": 1, "data": _data()}
    for found, expected in _pairs(name, optimizer, 0.0):
        seed, rate = found.settings["seed"], 0.001
        assert (found.state.update, found.state.epoch) == (30, 3)
        for one, other in zip(
            twin.weights(found.state), twin.weights(expected.state), strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=0, atol=5e-3)
        more, other = (
            twin.train(rate, seed=seed, state=run.state, **settings)
            for run in (found, expected)
        )
        assert_one_run(more, other, exact=0)


@twins
def test_the_order_is_every_schedule_with_every_seed(twin):
    runs = twin.train_many([0.1, StepDecay(0.2, 5)], range(2), epochs=1, data=_data())
    found = [(run.schedule, run.settings["seed"]) for run in runs]
    decay = repr(StepDecay(0.2, 5))
    assert found == [(0.1, 0), (0.1, 1), (decay, 0), (decay, 1)]


@twins
def test_one_schedule_and_one_seed_need_no_list(twin):
    for schedule in (0.1, np.float32(0.1), StepDecay(0.1, 5), lambda t: 0.1):
        (run,) = twin.train_many(schedule, 3, epochs=1, data=_data())
        assert run.settings["seed"] == 3
        assert run.lr[0] == pytest.approx(0.1)


@twins
def test_momentum_and_batch_size_may_be_functions(twin):
    settings = {"momentum": CosineDecay(0.9, 40, 0.5), "epochs": 2, "data": _data()}
    settings["batch_size"] = lambda t: 64 if t < 20 else 128
    runs = twin.train_many([0.05, 0.1], 1, **settings)
    for rate, run in zip([0.05, 0.1], runs, strict=True):
        assert len(run.loss) == 30
        _agree(run, twin.train(rate, seed=1, **settings))


@twins
def test_a_diverging_run_ends_as_alone_and_leaves_the_others_alone(twin, capfd):
    late = lambda t: 0.05 if t < 12 else 1e10  # noqa: E731
    rates = [0.05, 1e10, late]
    runs = twin.train_many(rates, 0, epochs=4, data=_data())
    assert [run.diverged for run in runs] == [False, True, True]
    assert [len(run.loss) for run in runs] == [40, 10, 20]
    assert [len(run.validation_loss) for run in runs] == [4, 1, 2]
    for rate, run in zip(rates, runs, strict=True):
        alone = twin.train(rate, epochs=4, data=_data())
        assert np.isfinite(run.loss).tolist() == np.isfinite(alone.loss).tolist()
        assert len(run.loss) == len(alone.loss)
        assert (run.state.update, run.state.epoch) == (alone.state.update, alone.state.epoch)
    _agree(runs[0], twin.train(0.05, epochs=4, data=_data()))
    assert 0 <= runs[1].test_accuracy <= 0.2
    assert capfd.readouterr() == ("", "")


@twins
def test_all_runs_may_diverge(twin):
    runs = twin.train_many([1e10, 1e12], [0, 1], epochs=3, data=_data())
    assert [len(run.loss) for run in runs] == [10] * 4


BAD = [
    ("model", "lenet", r"^model = 'lenet' is not allowed: it must be mlp in \w+'s train_many"),
    ("optimizer", "adagrad", "^optimizer = 'adagrad' .* one of sgd, adam"),
    ("epochs", 0, "^epochs = 0 .* at least 1"),
    ("batch_size", 1_281, "^batch_size = 1281 .* from 1 to the 1280"),
    ("momentum", 1, "^momentum = 1 .* below 1"),
    ("weight_decay", -0.1, r"^weight_decay = -0\.1 .* at least 0"),
    ("schedules", [], r"^schedules = \[\] .* not empty"),
    ("schedules", "0.1", "^schedule = '0.1' .* number"),
    ("schedules", [0.1, -0.1], r"^schedule = -0\.1 .* at least 0"),
    ("schedules", None, "^schedule = None .* number"),
    ("seeds", [], r"^seeds = \[\] .* not empty"),
    ("seeds", [0, -1], "^seed = -1 .* at least 0"),
    ("seeds", 0.5, r"^seed = 0\.5 .* whole"),
]


@pytest.mark.parametrize(("setting", "value", "message"), BAD)
@twins
def test_a_bad_setting_is_named_with_its_value_and_what_is_allowed(
    twin, setting, value, message
):
    settings = {"schedules": 0.1, "seeds": 0, "epochs": 1, "data": _data(), setting: value}
    with pytest.raises(ValueError, match=message):
        twin.train_many(**settings)


def test_the_twins_take_the_same_arguments_and_say_what_they_are():
    for name in ("train_many", "epoch_many"):
        one, other = (inspect.signature(vars(twin)[name]) for twin in TWINS.values())
        assert list(one.parameters) == list(other.parameters)
    for twin in TWINS.values():
        assert twin.train_many.__module__ == twin.__name__
        assert "seeds" in inspect.getdoc(twin.train_many)
        alone = set(inspect.signature(twin.train).parameters)
        assert (
            set(inspect.signature(twin.train_many).parameters) - {"schedules", "seeds"} <= alone
        )


@pytest.mark.parametrize("threads", [1, 3])
def test_torchs_stacks_do_not_depend_on_the_number_of_threads(threads):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        rates = [0.01 * (1 + run) for run in range(13)]
        runs = d2l_torch.train_many(rates, 0, epochs=1, data=_data())
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for rate, run in zip(rates, runs, strict=True):
        assert run.lr == [rate] * 10
        _agree(run, d2l_torch.train(rate, epochs=1, data=_data()))


def test_jax_compiles_once_for_a_number_of_runs():
    d2l_jax.train_many([0.1, 0.2], 0, epochs=1, data=_data())
    before = d2l_jax._all_updates_of_many._cache_size()
    d2l_jax.train_many([CosineDecay(0.1, 20), 0.01], 5, momentum=0.5, epochs=2, data=_data())
    assert d2l_jax._all_updates_of_many._cache_size() == before > 0


@pytest.mark.slow
@names
def test_four_whole_runs_learn_and_agree(name):
    runs = TWINS[name].train_many(Warmup(CosineDecay(0.1, 140), 16), range(4), epochs=2)
    alone = TWINS[name].train(Warmup(CosineDecay(0.1, 140), 16), seed=3, epochs=2)
    assert min(run.test_accuracy for run in runs) >= 0.9
    assert_one_run(runs[3], alone)
    assert all(math.isfinite(run.loss[-1]) for run in runs)
