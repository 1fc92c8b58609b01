"""What the book's study of all schedules found: committed results, to be asked by name.

``make experiments`` made them; ``experiments/README.md`` says how every schedule got its peak
rate (the best of six on validation images) before it met ten new seeds and the test set.
`classics` holds the results of two well-known small comparisons, made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .extras import needs

with needs("sweep"):
    import pandas as pd

COMPARISON = Path(__file__).parent / "data" / "comparison.csv"
CLASSICS = COMPARISON.with_name("classics.csv")


def runs(
    *,
    epochs: int,
    model: str = "mlp",
    optimizer: str = "sgd",
    framework: str = "jax",
    stage: str = "final",
) -> pd.DataFrame:
    """The runs of one setting, a row a run; the columns are those of experiments/README.md.

    epochs: 1, 3, 10 or 30, of 78 updates each; for lenet, in torch, 3 or 10.
    stage: "final", ten seeds of every schedule at its best peak rate, or "tuning", the search
        for that rate, without test images.

    LookupError, naming what there is, for a setting that the study does not have.

    >>> sorted(runs(epochs=3)["seed"].unique().tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    asked = {"epochs": epochs, "model": model, "optimizer": optimizer,
             "framework": framework, "stage": stage}  # fmt: skip
    return _where("the study has", _read(COMPARISON), asked)


def outcomes(
    name: str,
    *,
    epochs: int,
    model: str = "mlp",
    optimizer: str = "sgd",
    framework: str = "jax",
    value: str = "test_accuracy",
) -> pd.Series:
    """What a schedule reached at its best peak rate, by seed: for `d2lsched.statistics`.

    name: of the schedule's class, as in the study: "CosineDecay", "Constant"; "Warmup" is
        warmup and cosine.
    value: a column of the study; accuracies are shares from 0 to 1.

    LookupError for a schedule, setting or column that the study does not have.

    >>> outcomes("CosineDecay", epochs=3).round(4).tolist()[:3]
    [0.9444, 0.9468, 0.9468]
    """
    table = runs(epochs=epochs, model=model, optimizer=optimizer, framework=framework)
    _known("schedule", name, table["name"].unique().tolist())
    _known("column", value, table.columns.tolist())
    found: pd.Series = table[table["name"] == name].set_index("seed")[value]
    return found


def search(
    name: str,
    *,
    epochs: int,
    model: str = "mlp",
    optimizer: str = "sgd",
    framework: str = "jax",
) -> dict[float, list[float]]:
    """The search for a schedule's peak rate: validation accuracies by rate, for `plot_search`.

    name, epochs …, LookupError: as for `outcomes`. Four seeds a rate, two for lenet.

    >>> list(search("CosineDecay", epochs=3))
    [0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
    """
    table = runs(
        epochs=epochs, model=model, optimizer=optimizer, framework=framework, stage="tuning"
    )
    _known("schedule", name, table["name"].unique().tolist())
    tried = table[table["name"] == name].groupby("lr")["validation_accuracy"]
    return {lr: accuracies.tolist() for lr, accuracies in tried}


def classics(task: str, *, stage: str = "given") -> pd.DataFrame:
    """The runs of a well-known small comparison, made again; a row a run.

    task: "lenet", the six schedules of D2L 12.11, SGD without momentum, 30 epochs, in torch;
        or "mlp", five schedules and a constant rate with Adam, 100 epochs, in jax.
    stage: "given", with the rates of the source; "tuning", the search for better peak rates,
        without test images; or "tuned", with the best of them.

    The columns are those of experiments/README.md; `validation_accuracies` holds an array, a
    number per epoch. LookupError, naming what there is, for another task or stage.

    >>> found = classics("lenet")
    >>> int((found["name"] == "cosine").sum())
    5
    >>> found["validation_accuracies"][0].shape
    (30,)
    """
    table = _where("the classics have", _read(CLASSICS), {"task": task, "stage": stage})
    curves = [
        np.array(text.split(), np.float64) for text in table["validation_accuracies"].tolist()
    ]
    return table.assign(validation_accuracies=curves)


def _where(owner: str, table: pd.DataFrame, asked: Mapping[str, Any]) -> pd.DataFrame:
    """The rows that are as asked for; a LookupError names what there is instead."""
    for column, value in asked.items():
        there = table[column].unique().tolist()
        table = table[table[column] == value]
        if table.empty:
            raise LookupError(f"{owner} no runs with {column} = {value!r}: {there}")
    return table.reset_index(drop=True)


def _known(kind: str, asked: str, there: list[str]) -> None:
    if asked not in there:
        raise LookupError(f"the study has no {kind} {asked!r} in this setting: {there}")


@cache
def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, comment="#")
