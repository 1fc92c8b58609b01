"""ReduceOnPlateau: torch's behaviour, in an immutable value."""

import dataclasses
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import d2lsched.tensorflow  # sets TensorFlow's environment before it loads
from d2lsched import Constant, ReduceOnPlateau, jax, numpy, tensorflow
from d2lsched import torch as d2l_torch
from d2lsched.data import MNIST

# isort: split
import torch

PARAMETERS = st.fixed_dictionaries(
    {
        "lr": st.floats(1e-6, 10),
        "factor": st.floats(1e-3, 0.999),
        "patience": st.integers(0, 4),
        "mode": st.sampled_from(["min", "max"]),
        "threshold": st.one_of(st.just(0), st.just(1e-4), st.floats(0, 0.5)),
        "threshold_mode": st.sampled_from(["rel", "abs"]),
        "cooldown": st.integers(0, 4),
        "eps": st.one_of(st.just(0), st.just(1e-8), st.floats(0, 0.1)),
        "min_share": st.sampled_from([0, 0, 0.01, 0.5, 1]),
    }
)
# Few different values, so that there are ties and plateaus; and any others.
METRIC = st.one_of(
    st.integers(1, 5).map(float), st.floats(1e-6, 1e6), st.sampled_from([math.nan, math.inf])
)
METRICS = st.lists(METRIC, min_size=1, max_size=60)


def _rates(plateau: ReduceOnPlateau, metrics: list[float]) -> list[float]:
    rates = []
    for metric in metrics:
        plateau = plateau.observe(metric)
        rates.append(plateau.rate)
    return rates


def _theirs(metrics: list[float], lr: float, **parameters: Any) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **parameters)
    rates = []
    for metric in metrics:
        scheduler.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


@settings(max_examples=400)
@given(PARAMETERS, METRICS)
def test_it_is_torchs_reduce_lr_on_plateau(parameters, metrics):
    min_lr = parameters["lr"] * parameters["min_share"]
    own = {name: value for name, value in parameters.items() if name != "min_share"}
    plateau = ReduceOnPlateau(**own, min_lr=min_lr)
    assert _rates(plateau, metrics) == _theirs(metrics, **own, min_lr=min_lr)


@given(st.floats(0, 0.5, exclude_max=True), st.sampled_from(["rel", "abs"]))
def test_with_negative_metrics_better_still_means_better(threshold, threshold_mode):
    falling = [-(2.0**n) for n in range(1, 30)]  # each better by more than the threshold
    plateau = ReduceOnPlateau(
        0.1, patience=0, threshold=threshold, threshold_mode=threshold_mode
    )
    assert _rates(plateau, falling) == [0.1] * len(falling)
    rising = ReduceOnPlateau(
        0.1, patience=0, mode="max", threshold=threshold, threshold_mode=threshold_mode
    )
    assert _rates(rising, [-metric for metric in falling]) == [0.1] * len(falling)
    assert _rates(rising, falling[::-1]) == [0.1] * len(falling)


@given(st.floats(1e-4, 0.5))
def test_with_negative_metrics_the_same_again_is_bad_where_torch_calls_it_better(threshold):
    metrics = [-1.0, -1.0, -1.0]
    plateau = ReduceOnPlateau(1.0, factor=0.5, patience=0, threshold=threshold)
    assert _rates(plateau, metrics) == [1.0, 0.5, 0.25]
    assert _theirs(metrics, 1.0, factor=0.5, patience=0, threshold=threshold) == [1.0] * 3


def test_nan_is_bad_and_is_never_the_best():
    plateau = ReduceOnPlateau(1.0, factor=0.5, patience=1)
    assert _rates(plateau, [math.nan] * 4) == [1.0, 0.5, 0.5, 0.25]
    plateau = plateau.observe(3.0).observe(math.nan)
    assert (plateau.best, plateau.bad) == (3.0, 1)
    assert plateau.observe(2.0).bad == 0


@given(PARAMETERS, METRICS)
def test_observing_leaves_the_value_alone_and_gives_the_same_again(parameters, metrics):
    parameters = {k: v for k, v in parameters.items() if k != "min_share"}
    plateau = ReduceOnPlateau(**parameters)
    text = repr(plateau)
    for metric in metrics:
        after = plateau.observe(metric)
        assert repr(plateau) == text
        assert plateau.observe(metric) == after
        assert hash(plateau.observe(metric)) == hash(after)
        assert pickle.loads(pickle.dumps(after)) == after
        assert dataclasses.replace(after) == after
        assert eval(repr(after), {**vars(d2lsched), "inf": math.inf}) == after
        plateau, text = after, repr(after)


@given(PARAMETERS, METRICS, st.integers(0, 60))
def test_a_run_stopped_and_resumed_is_one_never_stopped(parameters, metrics, stop):
    parameters = {k: v for k, v in parameters.items() if k != "min_share"}
    plateau = ReduceOnPlateau(**parameters)
    expected = _rates(plateau, metrics)
    for metric in metrics[:stop]:
        plateau = plateau.observe(metric)
    saved = pickle.dumps(plateau)
    assert _rates(pickle.loads(saved), metrics[stop:]) == expected[stop:]


def test_a_parameter_cannot_be_set_but_replaced_and_is_checked():
    plateau = ReduceOnPlateau(0.1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        plateau.rate = 0.5  # type: ignore[misc]
    assert dataclasses.replace(plateau, patience=3) == ReduceOnPlateau(0.1, patience=3)
    with pytest.raises(ValueError, match=r"^patience = -1 is not allowed"):
        dataclasses.replace(plateau, patience=-1)


def test_an_integer_rate_and_a_tensor_metric_are_taken():
    assert ReduceOnPlateau(1) == ReduceOnPlateau(1.0)
    plateau = ReduceOnPlateau(1, patience=0, factor=0.5)
    assert _rates(plateau, [torch.tensor(1.0), torch.tensor(1.0)]) == [1.0, 0.5]


BAD = [
    ("lr", -0.1, "at least 0"),
    ("lr", "0.1", "number"),
    ("lr", math.nan, "finite"),
    ("lr", math.inf, "finite"),
    ("factor", 0, "above 0"),
    ("factor", 1, "below 1"),
    ("factor", 1.5, "at most 1"),
    ("factor", math.nan, "above 0"),
    ("patience", -1, "at least 0"),
    ("patience", 1.5, "whole"),
    ("patience", "3", "whole"),
    ("mode", "least", "min, max"),
    ("threshold", -1e-4, "at least 0"),
    ("threshold", math.nan, "finite"),
    ("threshold_mode", "relative", "rel, abs"),
    ("cooldown", -1, "at least 0"),
    ("cooldown", 0.5, "whole"),
    ("min_lr", -1, "at least 0"),
    ("min_lr", 0.5, "at most lr = 0.1"),
    ("eps", -1, "at least 0"),
    ("eps", math.inf, "finite"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), BAD)
def test_a_bad_parameter_is_named_with_its_value_and_what_is_allowed(name, value, allowed):
    with pytest.raises(ValueError, match="is not allowed: it must be") as error:
        ReduceOnPlateau(**{"lr": 0.1, name: value})
    said, _, wanted = str(error.value).partition(" is not allowed: it must be ")
    assert said == f"{name} = {value!r}" or said == f"{name} = {float(value)!r}"
    assert allowed in wanted


# --- in training

TWINS = {"numpy": numpy, "torch": d2l_torch, "tensorflow": tensorflow, "jax": jax}
twins = pytest.mark.parametrize("framework", TWINS)
# Every loss counts as bad until it has fallen by 10: the rate falls after each epoch.
IMPATIENT = ReduceOnPlateau(0.4, factor=0.5, patience=0, threshold=10, threshold_mode="abs")


@twins
def test_a_run_takes_the_rate_of_an_epoch_from_the_plateau(framework, small: MNIST):
    history = TWINS[framework].train(IMPATIENT, epochs=3, data=small)
    observed, rates = IMPATIENT, []
    for loss in history.validation_loss:
        rates.append(observed.rate)
        observed = observed.observe(loss)
    assert rates == [0.4, 0.4, 0.2]  # the first loss is the best so far
    assert history.lr == np.repeat(rates, len(history.lr) // 3).tolist()
    assert history.state.plateau == observed
    assert dataclasses.replace(IMPATIENT, rate=0.4) == IMPATIENT


@twins
def test_a_run_with_a_plateau_resumes_as_if_never_stopped(framework, small: MNIST):
    train = TWINS[framework].train
    whole = train(IMPATIENT, epochs=3, data=small)
    first = train(IMPATIENT, epochs=2, data=small)
    rest = train(first.state.plateau, epochs=1, data=small, state=first.state)
    assert first.lr + rest.lr == whole.lr
    assert rest.state.plateau == whole.state.plateau
    np.testing.assert_allclose(first.loss + rest.loss, whole.loss, rtol=1e-5)
    assert train(Constant(0.1), epochs=1, data=small).state.plateau is None
