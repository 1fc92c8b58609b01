"""The committed classics: complete, made by the code beside them, and found again."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from conftest import assert_same_mean

from d2lsched import study
from d2lsched.run import RESULTS_VERSION
from experiments import classics
from experiments.classics import GIVEN, GRIDS, RESULTS, SEEDS, TASKS, TUNING_SEEDS, read


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return read()


def plans(table: pd.DataFrame, task: str) -> dict[str, classics.Plan]:
    """By stage; the peaks of the last follow from the tuning rows of the file itself."""
    tried = table[(table["task"] == task) & (table["stage"] == "tuning")]
    return {
        "given": classics.given(task),
        "tuning": classics.tuning(task),
        "tuned": classics.tuned(task, tried),
    }


@pytest.mark.parametrize("task", TASKS)
def test_the_rows_are_the_runs_that_the_code_plans(table, task):
    planned = plans(table, task)
    for stage, plan in planned.items():
        rows = table[(table["task"] == task) & (table["stage"] == stage)]
        assert rows["key"].tolist() == [run.key for run, _ in plan]
        for column in ("name", "peak"):
            assert rows[column].tolist() == [facts[column] for _, facts in plan]
        assert rows["seed"].tolist() == [run.seed for run, _ in plan]
        tested = rows["test_accuracy"]
        assert (tested.isna() if stage == "tuning" else tested.between(0, 1)).all()
    assert sum(map(len, planned.values())) == (table["task"] == task).sum()
    assert set(table["task"]) == set(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_the_curves_end_where_the_table_says(task):
    for stage, seeds in (("given", SEEDS), ("tuning", TUNING_SEEDS), ("tuned", SEEDS)):
        rows = study.classics(task, stage=stage)
        names = GIVEN[task] if stage == "given" else GRIDS[task]
        assert set(rows["name"]) == set(names)
        assert set(rows["seed"]) == set(seeds)
        curves = rows["validation_accuracies"]
        finished = curves[~rows["diverged"]]
        assert set(finished.map(len)) == {TASKS[task]["epochs"]}
        last = np.array([curve[-1] for curve in curves])
        assert np.allclose(last, rows["validation_accuracy"], atol=1e-4)


def test_the_rates_of_the_sources():
    """D2L's numbers, by epoch, and what is said of the five schedules for Adam."""
    rates = {
        (task, name): classics.SCHEDULES[task][name](peak)
        for task, peaks in GIVEN.items()
        for name, peak in peaks.items()
    }
    expected = {
        ("lenet", "square root"): {0: 0.1, 3: 0.05},
        ("lenet", "factor"): {0: 2.0, 1: 1.8, 29: 2.0 * 0.9**29, 60: 0.01},
        ("lenet", "multi-factor"): {14: 0.5, 15: 0.25, 29: 0.25, 30: 0.125},
        ("lenet", "cosine"): {0: 0.3, 10: 0.155, 20: 0.01, 29: 0.01},
        ("lenet", "warmup and cosine"): {0: 0.0, 1: 0.06, 5: 0.3, 20: 0.01},
        ("mlp", "step"): {19: 0.1, 20: 0.05, 99: 0.1 / 16},
        ("mlp", "exponential"): {0: 0.1, 1: 0.095},
        ("mlp", "cosine"): {0: 0.1, 50: 0.0505, 100: 0.001},
        ("mlp", "cyclical"): {0: 0.001, 20: 0.1, 40: 0.001, 60: 0.1},
    }
    for key, values in expected.items():
        for epoch, rate in values.items():
            assert rates[key](epoch) == pytest.approx(rate), (key, epoch)


def test_the_file_says_where_it_comes_from():
    notes = [line for line in RESULTS.read_text().splitlines() if line.startswith("# ")]
    named = dict(line[2:].split(": ", 1) for line in notes)
    assert named["command"] == "make experiments"
    assert f"results version {RESULTS_VERSION}" in named["versions"]
    for library in ("jax", "torch", "numpy", "d2lsched"):
        assert f"{library} " in named["versions"]
    assert "cores" in named["hardware"]
    assert "tuning [100, 101], others [0, 1, 2, 3, 4]" in named["seeds"]
    assert RESULTS.stat().st_size < 400_000


@pytest.mark.parametrize(
    ("task", "stage", "message"),
    [
        ("resnet", "given", r"task = 'resnet': \['lenet', 'mlp'\]"),
        ("mlp", "final", "stage = 'final'.*'tuning'"),
    ],
)
def test_what_the_classics_lack_is_named_with_what_they_have(task, stage, message):
    with pytest.raises(LookupError, match=message):
        study.classics(task, stage=stage)


@pytest.mark.parametrize("task", TASKS)
def test_the_last_rates_are_those_of_the_schedules(table, task):
    rows = table[(table["task"] == task) & (table["name"] != "plateau")].set_index("key")
    runs = [run for plan in plans(table, task).values() for run, _ in plan]
    for run in runs:
        if run.key in rows.index:
            last = TASKS[task]["epochs"] * classics.UPDATES[task] - 1
            assert run.schedule(last) == pytest.approx(rows["last_lr"][run.key], rel=1e-5)


def first_epochs(run, n):
    return dataclasses.replace(run, epochs=n, test=0).execute().validation_accuracy


# Adam's first epochs are calm at the low rates of a rising cycle, and at 0.008 for this seed:
# another rounding changes their losses by 3e-6 at most. Whole runs are chaotic.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "index", "about", "epochs"),
    [
        ("tuned", 5, ("cyclical", 0.016, 0), 5),
        ("tuned", 3, ("cosine", 0.008, 0), 3),
        ("tuning", 20, ("cyclical", 0.004, 100), 5),
    ],
)
def test_the_first_epochs_of_calm_runs_are_found_again(table, stage, index, about, epochs):
    run, _ = plans(table, "mlp")[stage][index]
    row = study.classics("mlp", stage=stage).loc[index]
    assert (row["key"], row["name"], row["peak"], row["seed"]) == (run.key, *about)
    expected = row["validation_accuracies"][:epochs]
    assert first_epochs(run, epochs) == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
def test_the_mean_of_the_first_epochs_of_lenets_is_found_again(table):
    """At every rate of D2L's a LeNet is chaotic within its first epoch."""
    rows = study.classics("lenet").query("name == 'square root'")
    runs = {run.key: run for run, _ in plans(table, "lenet")["given"]}
    found = [first_epochs(runs[key], 3)[-1] for key in rows["key"]]
    assert len(found) == len(SEEDS)
    assert_same_mean(found, [curve[2] for curve in rows["validation_accuracies"]])
