"""What comes from outside, and runs that end badly: one clear error, and the rest goes on."""

import sys
from dataclasses import dataclass

import pytest

from d2lsched import Constant, Schedule, Warmup
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
