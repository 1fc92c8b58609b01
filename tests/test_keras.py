"""Keras on each of its backends, in processes of their own: one process can have only one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_native import CURVE

import d2lsched.tensorflow  # sets TensorFlow's environment before it loads
from d2lsched import Constant, CosineDecay, ReduceOnPlateau, StepDecay

# isort: split
import keras

from d2lsched.keras import KerasSchedule, PlateauCallback, native

OWN = """
from dataclasses import dataclass
from d2lsched import Schedule
from d2lsched.schedules.base import Rate


@dataclass(frozen=True)
class Harmonic(Schedule):
    lr: Rate

    def formula(self, t, xp):
        return self.lr / (1 + xp.real(t))
"""

# One model of one weight, whose gradient is 1: it moves by the rate.
SCRIPT = """
import json, os, sys
backend, load, save = sys.argv[1:]
os.environ["KERAS_BACKEND"] = backend
from importlib.machinery import PathFinder
others, find = {"tensorflow", "jax", "torch"} - {backend}, PathFinder.find_spec
PathFinder.find_spec = lambda name, path=None, target=None: (  # as where it is not installed
    None if name.partition(".")[0] in others else find(name, path, target))
import numpy as np
import keras
import d2lsched.keras as d2l
from d2lsched import CosineDecay, ReduceOnPlateau, Sequential, Warmup

CURVE = Warmup(CosineDecay(0.1, 40, 0.001), 10)
said = {"backend": keras.config.backend()}


class Rates(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.rates, self.weights = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append(float(self.model.get_weights()[0][0, 0]))


def model(rate):
    made = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    made.compile(keras.optimizers.SGD(rate), loss="mae")
    made.set_weights([np.full((1, 1), 9.0)])
    return made


def fit(made, n, *callbacks, **settings):
    x = np.ones((n, 1), "float32")
    return made.fit(x, 0 * x, batch_size=1, shuffle=False, verbose=0, callbacks=[*callbacks],
                    **settings)


record, made = Rates(), model(d2l.native(CURVE))
fit(made, 30, record)
said["rates"] = record.rates
said["moves"] = (-np.diff([9.0, *record.weights])).tolist()

plateau = ReduceOnPlateau(0.4, factor=0.5, patience=0, threshold=0.9)
callback, made, record = d2l.native(plateau, monitor="loss"), model(0.123), Rates()
x = np.ones((2, 1), "float32")
for epochs in (3, 2):  # goes on from fit to fit
    history = made.fit(x, x, epochs=epochs, verbose=0, callbacks=[callback, record]).history
    seen = history["loss"], history["learning_rate"], record.rates[-epochs:]
    for loss, rate, used in zip(*seen):
        said.setdefault("plateau", []).append([loss, rate, used])

if load:
    for name, loaded in (("d2lsched", "curve"), ("of my own", "own")):
        try:
            again = keras.models.load_model(f"{load}/{loaded}.keras")
        except Exception as error:
            said["refused"] = str(error)
            import own_schedules
            again = keras.models.load_model(f"{load}/{loaded}.keras")
        again.jit_compile &= backend != "torch"  # which would compile C++ for a minute
        schedule = again.optimizer._learning_rate.schedule
        said[loaded] = [repr(schedule), int(again.optimizer.iterations)]
        record = Rates()
        fit(again, 3, record)
        said[loaded] += [record.rates, [schedule(t) for t in (4, 5, 6)]]

import own_schedules
for name, schedule in (("curve", CURVE), ("own", Sequential(
        [own_schedules.Harmonic(0.1), CURVE], [5]))):
    made = model(d2l.native(schedule))
    fit(made, 4)
    made.save(f"{save}/{name}.keras")
assert not others & {*sys.modules}
print(json.dumps(said))
"""


def _run(folder: Path, backend: str, load: str) -> dict[str, Any]:
    (folder / backend).mkdir(exist_ok=True)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        SCRIPT,
        backend,
        load,
        str(folder / backend),
    ]
    environment = {**os.environ, "PYTHONPATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.slow
def test_each_backend_follows_a_schedule_and_goes_on_with_the_models_of_another(tmp_path):
    (tmp_path / "own_schedules.py").write_text(OWN, encoding="utf-8")
    load = ""
    for backend in ("tensorflow", "jax", "torch"):
        said = _run(tmp_path, backend, load)
        assert said["backend"] == backend
        np.testing.assert_allclose(said["rates"], CURVE.table(30), rtol=0, atol=1e-7)
        np.testing.assert_allclose(said["moves"], CURVE.table(30), rtol=0, atol=1e-5)
        plateau = ReduceOnPlateau(0.4, factor=0.5, patience=0, threshold=0.9)
        for loss, rate, used in said["plateau"]:
            assert rate == pytest.approx(plateau.rate, rel=1e-6)
            assert used == pytest.approx(plateau.rate, rel=1e-6)
            plateau = plateau.observe(loss)
        assert plateau.rate < 0.4
        if load:
            assert "import own_schedules" in said["refused"]
            assert said["curve"][0] == repr(CURVE)
            for _, updates, rates, expected in (said["curve"], said["own"]):
                assert updates == 4
                np.testing.assert_allclose(rates, expected, rtol=0, atol=1e-7)
            assert "Harmonic" in said["own"][0]
        load = str(tmp_path / backend)


def test_the_bridge_is_the_same_by_either_name():
    assert d2lsched.tensorflow.native is native
    assert isinstance(native(CURVE), KerasSchedule)
    assert isinstance(native(ReduceOnPlateau(0.1)), PlateauCallback)


@pytest.mark.parametrize("value", [0.1, None, "cosine", Constant, abs])
def test_what_is_no_schedule_is_refused_at_once(value):
    with pytest.raises(ValueError, match=r"^schedule = .* or a ReduceOnPlateau"):
        native(value)


def _model(rate: Any, **settings: Any) -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), loss="mae", **settings)
    model.set_weights([np.full((1, 1), 9.0)])
    return model


def test_a_metric_that_is_not_there_is_named():
    x = np.ones((1, 1), np.float32)
    callback = native(ReduceOnPlateau(0.4), monitor="val_lost")
    with pytest.warns(UserWarning, match=r"monitor = 'val_lost' is not among.*\['loss'\]"):
        _model(0.1).fit(x, x, verbose=0, callbacks=[callback])
    assert callback.plateau == ReduceOnPlateau(0.4)


@pytest.mark.slow
@pytest.mark.parametrize(("eagerly", "heeded"), [(False, False), (True, True)])
def test_keras_compiles_the_momentum_in(eagerly, heeded):
    def last_move(later: float) -> float:
        model, x = (
            _model(native(Constant(0.1)), run_eagerly=eagerly),
            np.ones((3, 1), "float32"),
        )

        class Other(keras.callbacks.Callback):
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                self.model.optimizer.momentum = later

        model.fit(x, 0 * x, batch_size=1, verbose=0, callbacks=[Other()])
        return float(model.get_weights()[0][0, 0])

    assert (last_move(0.9) != pytest.approx(last_move(0.0))) == heeded


def test_an_old_configuration_loads():
    kept = native(StepDecay(0.1, 3)).get_config()
    kept.pop("own")
    assert KerasSchedule.from_config(kept).schedule == StepDecay(0.1, 3)
    assert native(CosineDecay(0.1, 3)).get_config()["own"] == {}
