"""What comes from outside, and runs that end badly: one clear error, and the rest goes on."""

import json
import math
import random
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from strategies import random_schedule

from d2lsched import Constant, Schedule, Warmup
from d2lsched.history import History
from d2lsched.schedules.base import Rate
from d2lsched.sweep import Run, sweep

SMALL = {"epochs": 1, "train": 256, "validation": 64, "test": 64}


@dataclass(frozen=True)
class Leaving(Schedule):
    lr: Rate = 0.1

    def formula(self, t, xp):
        sys.exit(0)


@dataclass(frozen=True)
class Surrogate(Schedule):
    lr: Rate = 0.1

    def formula(self, t, xp):
        raise OSError("no file \udcff")


def test_a_run_that_exits_or_has_an_odd_error_is_stored_and_the_rest_goes_on(tmp_path):
    runs = [Run("numpy", schedule, **SMALL) for schedule in (Leaving(), Surrogate(), 0.1)]
    table = sweep(runs, tmp_path / "store", n_jobs=1, progress=False)
    assert table["error"].isna().tolist() == [False, False, True]
    assert "SystemExit" in table["error"][0]
    assert "no file \\udcff" in table["error"][1]


def test_nested_warmups_are_asked_once_a_level():
    config = Constant(0.1).config()
    for _ in range(60):
        config = {"kind": "Warmup", "schedule": config, "steps": 2}
    schedule = Schedule.from_config(config)
    assert isinstance(schedule, Warmup)
    assert schedule(120) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "config",
    [{"kind": []}, {"kind": "SpecialCase"}, {"kind": "Schedule"}, {}, 3, [["kind", 1]]],
)
def test_what_is_no_schedules_configuration_is_a_value_error(config):
    with pytest.raises(ValueError, match=r"^(kind|config) = "):
        Schedule.from_config(config)


def test_a_configuration_nested_too_deep_is_a_value_error():
    config = {"kind": "Constant", "lr": 0.1}
    for _ in range(5_000):
        config = {"kind": "PerEpoch", "schedule": config, "steps_per_epoch": 2}
    with pytest.raises(ValueError, match="nested too deep"):
        Schedule.from_config(config)


def test_a_schedule_of_ones_own_cannot_take_the_name_of_a_built_in_one():
    with pytest.raises(ValueError, match="CosineDecay is the name of a schedule of d2lsched"):
        type("CosineDecay", (Schedule,), {"__module__": "mine"})


ODD = [
    None, True, "", "nan", "CosineDecay", "SpecialCase", [], {}, [[]], {"kind": []}, -1, 0, 0.5,
    10**400, math.nan, math.inf, -0.0, "é" * 9, [1, "2"], {"kind": "Constant", "lr": 0.1},
]  # fmt: skip


def odder(value: Any, rng: random.Random) -> Any:
    """Plain data with something in it replaced, renamed or dropped."""
    if isinstance(value, dict | list) and value and rng.random() < 0.8:
        pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
        at = rng.randrange(len(pairs))
        name, inner = pairs[at]
        changed = rng.choice([[(name, odder(inner, rng))], [("odd", inner)], []])
        pairs[at : at + 1] = changed
        return dict(pairs) if isinstance(value, dict) else [item for _, item in pairs]
    return rng.choice(ODD)


def test_any_configuration_is_a_schedule_or_a_value_error():
    rng, refused = random.Random(3), 0
    for _ in range(1_500):
        config = odder(random_schedule(rng).config(), rng)
        try:
            schedule = Schedule.from_config(config)
        except ValueError as error:
            assert str(error)  # noqa: PT017
            refused += 1
        else:
            assert 0 <= schedule(3) <= schedule.peak
    assert 300 < refused < 1_500


def test_any_file_is_a_history_or_a_value_error(tmp_path):
    rng, path, refused = random.Random(4), tmp_path / "run.json", 0
    numbers = {"lr": [0.1] * 3, "loss": [2.3, math.nan, math.inf], "train_accuracy": [0.5]}
    whole = json.loads(History("numpy", 0.1, {"seed": 3}, **numbers).to_json())
    texts = [json.dumps(odder(whole, rng)) for _ in range(600)]
    texts += [
        "[" * 100_000,
        json.dumps(whole)[:-9],
        json.dumps(whole).replace("0.1", "9" * 5_000),
    ]
    for text in texts:
        path.write_text(text)
        try:
            history = History.load(path)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017
            refused += 1
        else:
            assert all(type(number) is float for number in history.lr + history.loss)
            assert json.loads(history.to_json()).keys() == whole.keys()
    assert 300 < refused < 603


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_a_class_that_replaces_another_is_found_by_both_ways_to_find_one(tmp_path):
    import keras

    from d2lsched.tensorflow import native

    def halved(share: float) -> type[Schedule]:
        @dataclass(frozen=True)
        class Replaced(Schedule):
            lr: Rate

            def formula(self, t, xp):
                return xp.full_like(t, share * self.lr)

        return Replaced

    first, second = halved(0.5), halved(0.25)
    assert type(Schedule.from_config(first(0.1).config())) is second
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(native(first(0.1))), "mse")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.optimizer._learning_rate.schedule) is second
