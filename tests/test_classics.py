"""The committed classics: complete, made by the code beside them, and found again."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from d2lsched import study
from d2lsched.run import RESULTS_VERSION
from experiments import classics
from experiments.classics import GIVEN, GRIDS, RESULTS, SEEDS, TASKS, TUNING_SEEDS, read

# As in test_experiments.py: exact on the same machine, and this near on another.
ACCURACY = {"mlp": 0.006, "lenet": 0.02}


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


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "index"), [("tuned", 0), ("tuning", 3)])
def test_rows_are_found_again(table, stage, index):
    run, _ = plans(table, "mlp")[stage][index]
    row = study.classics("mlp", stage=stage).loc[index]
    found = run.execute()
    assert row["key"] == run.key
    assert len(found.validation_accuracy) == TASKS["mlp"]["epochs"]
    assert abs(found.validation_accuracy[-1] - row["validation_accuracy"]) < ACCURACY["mlp"]
    if stage != "tuning":
        assert abs(found.test_accuracy - row["test_accuracy"]) < ACCURACY["mlp"]


@pytest.mark.slow
def test_the_first_third_of_a_lenets_curve_is_found_again(table):
    run, _ = plans(table, "lenet")["given"][4]
    row = study.classics("lenet", stage="given").loc[4]
    assert row["key"] == run.key
    curve = dataclasses.replace(run, epochs=10, test=0).execute().validation_accuracy
    assert curve == pytest.approx(row["validation_accuracies"][:10], abs=ACCURACY["lenet"])
