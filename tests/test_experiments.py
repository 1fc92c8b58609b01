"""The committed results: complete, made by the code beside them, and found again."""

import random
import zlib

import numpy as np
import pandas as pd
import pytest
from conftest import assert_same_mean

from d2lsched.run import RESULTS_VERSION
from experiments import first_edition as comparison
from experiments.first_edition import RESULTS, SEEDS, SETTINGS, Setting, read

# One epoch of the MLP at a peak of at most this is calm: rounding, which every processor does
# its own way, changes losses by up to 1e-4. Longer or faster runs are chaotic: on another
# processor each is another run, and only means over seeds can be compared.
CALM = {"sgd": 0.2, "adam": 0.008}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return read()


def within(table: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """The rows of a setting, those of the other frameworks included."""
    frameworks = [setting.framework, *(("torch", "tensorflow") if setting.compares else ())]
    return table[
        table["framework"].isin(frameworks) & (table["model"] == setting.model)
        & (table["optimizer"] == setting.optimizer) & (table["epochs"] == setting.epochs)
    ]  # fmt: skip


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_the_rows_are_the_runs_that_the_study_plans(table, setting):
    rows = within(table, setting)
    tuning, final = (rows[rows["stage"] == stage] for stage in ("tuning", "final"))
    assert set(tuning["key"]) == {run.key for run in setting.tuning()}
    # the rates follow from the tuning rows of the file itself
    assert set(final["key"]) == {run.key for run in setting.final(tuning)}
    assert not rows["key"].duplicated().any()
    # test images only once the rates are chosen
    assert tuning["test_accuracy"].isna().all()
    assert final["test_accuracy"].between(0, 1).all()


def test_the_settings_make_up_the_file(table):
    assert sum(len(within(table, setting)) for setting in SETTINGS) == len(table)
    every = set(comparison.schedules(780))
    for optimizer in ("sgd", "adam"):
        for epochs in (1, 3, 10, 30):
            rows = within(table, Setting("jax", "mlp", optimizer, epochs))
            final = rows[(rows["stage"] == "final") & (rows["framework"] == "jax")]
            counts = final.groupby("name")["seed"].nunique()
            assert set(counts.index) == every
            assert (counts == len(SEEDS)).all()


def test_every_schedule_of_the_package_is_in_the_study():
    import d2lsched

    kinds = {type(make(0.1)).__name__ for make in comparison.schedules(780).values()}
    public = set(d2lsched.__all__) - {"Schedule", "trace"}
    assert kinds == public
    for name, make in comparison.schedules(780).items():
        schedule = make(0.1)
        assert type(schedule).__name__ == name
        if name != "ReduceOnPlateau":
            assert schedule.peak == pytest.approx(0.1)
            assert schedule.table(780).max() == pytest.approx(0.1, rel=0.03)


def test_the_file_says_where_it_comes_from():
    notes = [line for line in RESULTS.read_text().splitlines() if line.startswith("# ")]
    named = dict(line[2:].split(": ", 1) for line in notes)
    assert named["command"] == "make experiments"
    assert f"results version {RESULTS_VERSION}" in named["versions"]
    for library in ("jax", "torch", "tensorflow", "numpy", "d2lsched"):
        assert f"{library} " in named["versions"]
    assert "cores" in named["hardware"]
    assert "final [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]" in named["seeds"]


@pytest.fixture(scope="module")
def planned(table):
    """All runs, by key."""
    found = {}
    for setting in SETTINGS:
        rows = within(table, setting)
        found |= {run.key: run for run in setting.tuning()}
        found |= {run.key: run for run in setting.final(rows[rows["stage"] == "tuning"])}
    return found


def generator(*about: str) -> random.Random:
    """What chooses the rows to make again: others as soon as the file changes."""
    return random.Random(f"{zlib.crc32(RESULTS.read_bytes())} {about}")


@pytest.mark.slow
@pytest.mark.parametrize(("framework", "n"), [("jax", 8), ("torch", 3), ("tensorflow", 3)])
def test_calm_runs_are_found_again(table, planned, framework, n):
    calm = table["lr"] <= table["optimizer"].map(CALM)
    rows = table[calm & (table["epochs"] == 1) & (table["framework"] == framework)]
    for row in generator(framework).sample(rows.to_dict("records"), n):
        found = planned[row["key"]].execute()
        assert max(found.lr) == pytest.approx(row["lr"], rel=0.06), row
        assert found.settings["seed"] == row["seed"], row
        assert abs(found.validation_loss[-1] - row["validation_loss"]) < 2e-3, row
        assert abs(found.validation_accuracy[-1] - row["validation_accuracy"]) < 2e-3, row
        if row["stage"] == "final":
            assert abs(found.test_accuracy - row["test_accuracy"]) < 2e-3, row


@pytest.mark.slow
@pytest.mark.parametrize(
    ("framework", "model", "seeds"),
    [
        ("jax", "mlp", 10),
        ("torch", "mlp", 10),
        ("tensorflow", "mlp", 10),
        ("torch", "lenet", 5),
    ],
)
def test_means_over_seeds_are_found_again(table, planned, framework, model, seeds):
    final = table[(table["epochs"] == 3) & (table["stage"] == "final")]
    rows = final[(final["framework"] == framework) & (final["model"] == model)]
    settings = sorted({*zip(rows["optimizer"], rows["name"], strict=True)})
    optimizer, name = generator(framework, model).choice(settings)
    group = rows[(rows["optimizer"] == optimizer) & (rows["name"] == name)][:seeds]
    again = [planned[key].execute() for key in group["key"]]
    for value in ("validation_accuracy", "test_accuracy"):
        found = [np.ravel(getattr(run, value))[-1] for run in again]
        assert_same_mean(found, group[value].tolist())
