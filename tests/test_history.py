"""History: what a run leaves behind is read back exactly."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2lsched import CosineDecay
from d2lsched import numpy as d2l
from d2lsched.history import History

numbers = st.lists(st.floats(), max_size=5)


@st.composite
def histories(draw: st.DrawFn) -> History:
    settings = {"model": "mlp", "momentum": draw(st.floats(0, 1)), "epochs": 3, "seed": 7}
    schedule = draw(st.one_of(st.just("StepDecay(lr=0.1, step_size=3, gamma=0.1)"),
                              st.floats(0, 1), st.text(max_size=5)))  # fmt: skip
    lists = (draw(numbers) for _ in range(5))
    return History(
        "numpy", schedule, settings, *lists, draw(st.floats()), draw(st.floats(0, 9))
    )


def _bits(history: History) -> str:
    """All of it, not a number included, as text that tells every float from every other."""
    return repr({name: value for name, value in vars(history).items() if name != "state"})


@given(histories())
def test_saved_and_loaded_a_history_is_the_same_to_the_last_bit(tmp_path_factory, history):
    path = tmp_path_factory.mktemp("history") / "run.json"
    history.save(path)
    assert _bits(History.load(path)) == _bits(history)


def test_a_run_survives_saving(small, tmp_path):
    history = d2l.train(CosineDecay(0.1, 20), epochs=2, data=small)
    history.save(tmp_path / "run.json")
    loaded = History.load(str(tmp_path / "run.json"))
    assert loaded == history
    assert repr(loaded) == repr(history)


def test_the_file_is_strict_json(tmp_path):
    history = History("numpy", 0.1, {}, [0.1], [math.nan, math.inf, -math.inf])
    history.save(tmp_path / "run.json")

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    text = (tmp_path / "run.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse)["loss"] == ["nan", "inf", "-inf"]


def test_the_state_is_neither_saved_nor_compared(small, tmp_path):
    history = d2l.train(0.1, epochs=1, data=small)
    assert history.state is not None
    assert history == dataclasses.replace(history, state=None)
    history.save(tmp_path / "run.json")
    assert "state" not in json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert History.load(tmp_path / "run.json").state is None


def test_histories_of_different_losses_differ():
    assert History("numpy", 0.1, {}, loss=[1.0]) != History("numpy", 0.1, {}, loss=[1.5])


@pytest.mark.parametrize(
    "text",
    ["[]", "3", "{}", '{"framework": "numpy"}', '{"framework": "numpy", "loss": []}',
     '{"name": "someone else\'s"}', "not JSON", ""],
)  # fmt: skip
def test_what_is_not_a_history_is_refused(tmp_path, text):
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"run\.json does not hold a History"):
        History.load(tmp_path / "run.json")


def test_a_file_with_an_unknown_entry_is_refused(tmp_path):
    History("numpy", 0.1, {}).save(tmp_path / "run.json")
    data = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    (tmp_path / "run.json").write_text(json.dumps({**data, "extra": 1}), encoding="utf-8")
    with pytest.raises(ValueError, match="does not hold a History"):
        History.load(tmp_path / "run.json")


def test_a_missing_file_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        History.load(tmp_path / "none.json")


SETTINGS = {"model": "mlp", "optimizer": "adam"}


def test_a_trained_history_shows_what_ran_and_how_it_ended():
    history = History(
        "torch", "Constant(lr=0.1)", SETTINGS, [0.1, 0.1], [2.25, 0.512], [0.6], [0.4], [0.875],
        0.9, 1.25,
    )  # fmt: skip
    for part in ("torch", "mlp with adam", "Constant(lr=0.1)", "1 epoch", "2 updates",
                 "2.250", "0.512", "87.50%", "90.00%"):  # fmt: skip
        assert part in repr(history)
    assert "diverged" not in repr(history)


def test_a_history_of_nothing_says_that_it_was_not_trained():
    assert "not trained" in repr(History("torch", 0.1, SETTINGS))
    assert not History("torch", 0.1, SETTINGS).diverged


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["loss", "validation_loss"])
def test_a_loss_that_is_not_finite_means_divergence(bad, where):
    losses = {"loss": [2.3, 1.0], "validation_loss": [0.5], "validation_accuracy": [0.9]}
    assert not History("jax", 0.1, SETTINGS, **losses).diverged
    history = History("jax", 0.1, SETTINGS, **{**losses, where: [bad, 1.0]})
    assert history.diverged
    assert "diverged" in repr(history)


def test_a_run_that_ends_far_worse_than_guessing_has_diverged():
    losses = {"loss": [2.3, 1.0], "validation_accuracy": [0.1, 0.1]}
    worse, guessing = 2 * math.log(10) + 0.01, math.log(10)
    assert History("jax", 1, SETTINGS, validation_loss=[0.5, worse], **losses).diverged
    assert not History("jax", 1, SETTINGS, validation_loss=[worse, 0.5], **losses).diverged
    assert not History("jax", 1, SETTINGS, validation_loss=[0.5, guessing], **losses).diverged


def test_losses_and_rates_are_plain_floats(small):
    history = d2l.train(0.1, epochs=1, data=small)
    for name in ("lr", "loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        assert {type(value) for value in getattr(history, name)} == {float}, name
    assert type(history.test_accuracy) is float
    assert np.isfinite(history.seconds)
