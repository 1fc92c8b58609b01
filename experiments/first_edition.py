"""The study behind the comparison chapter: every schedule, tuned alike, over ten seeds.

``make experiments`` runs it, interrupts and continues it, and writes
``d2lsched/data/comparison.csv``, which `d2lsched.study` reads; ``README.md`` beside this file
says what the columns mean.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import d2lsched as d2l
from d2lsched.study import COMPARISON
from d2lsched.sweep import Run, history, sweep
from experiments.files import write

HERE = Path(__file__).parent
STORE, RESULTS = HERE / "comparison.sqlite", COMPARISON
UPDATES = 10_000 // 128  # in an epoch

RATES = {
    ("mlp", "sgd"): (0.05, 0.1, 0.2, 0.4, 0.8, 1.6),
    ("mlp", "adam"): (0.001, 0.002, 0.004, 0.008, 0.016, 0.032),
    ("lenet", "sgd"): (0.0125, 0.025, 0.05, 0.1, 0.2, 0.4),
    ("lenet", "adam"): (0.001, 0.002, 0.004, 0.008, 0.016, 0.032),
}
TUNING_SEEDS = {"mlp": (100, 101, 102, 103), "lenet": (100, 101)}
SEEDS = range(10)
TARGET = 0.94  # of the validation images right

Kind = d2l.Schedule | d2l.ReduceOnPlateau


def schedules(n: int) -> dict[str, Callable[[float], Kind]]:
    """For a run of n updates: each schedule as a function of its peak rate.

    All other parameters are fixed here, beforehand.
    """
    tenth = n // 10
    return {
        "Constant": d2l.Constant,
        "StepDecay": lambda lr: d2l.StepDecay(lr, n // 3),
        "MultiStepDecay": lambda lr: d2l.MultiStepDecay(lr, [n // 2, 3 * n // 4]),
        "FactorDecay": lambda lr: d2l.FactorDecay(lr, 0.001 ** (1 / n), lr / 100),
        "ExponentialDecay": lambda lr: d2l.ExponentialDecay(lr, 0.01, n),
        "InverseTimeDecay": lambda lr: d2l.InverseTimeDecay(lr, 9.0, n),
        "SquareRootDecay": d2l.SquareRootDecay,
        "InverseSqrtDecay": lambda lr: d2l.InverseSqrtDecay(lr, tenth),
        "InverseScaling": lambda lr: d2l.InverseScaling(lr, 0.25),
        "BottouOptimal": lambda lr: d2l.BottouOptimal(1 / (lr * tenth), tenth),
        "PolynomialDecay": lambda lr: d2l.PolynomialDecay(lr, n, power=2),
        "LinearDecay": lambda lr: d2l.LinearDecay(lr, n),
        "CosineDecay": lambda lr: d2l.CosineDecay(lr, n),
        "CosineRestarts": lambda lr: d2l.CosineRestarts(lr, n // 3),
        "Cyclical": lambda lr: d2l.Cyclical(lr / 10, lr, n // 6),
        "OneCycle": lambda lr: d2l.OneCycle(lr, n),
        "WarmupStableDecay": lambda lr: d2l.WarmupStableDecay(lr, n, n // 20, n // 5),
        "Rex": lambda lr: d2l.Rex(lr, n),
        "Piecewise": lambda lr: d2l.Piecewise(
            [(0, lr / 10), (3 * tenth, lr), (6 * tenth, lr), (n, 0)]
        ),
        "LRRangeTest": lambda lr: d2l.LRRangeTest(lr / 1000, lr, n),
        "Warmup": lambda lr: d2l.Warmup(d2l.CosineDecay(lr, n - tenth), tenth),
        "Sequential": lambda lr: d2l.Sequential(
            [d2l.Constant(lr), d2l.LinearDecay(lr, n - n // 2)], [n // 2]
        ),
        "Product": lambda lr: d2l.Product(
            [d2l.CosineDecay(lr, n), d2l.Piecewise([(0, 0.1), (tenth, 1)])]
        ),
        "PerEpoch": lambda lr: d2l.PerEpoch(d2l.CosineDecay(lr, n // UPDATES), UPDATES),
        "ReduceOnPlateau": lambda lr: d2l.ReduceOnPlateau(lr, factor=0.3, patience=1),
    }


MAIN = ("Constant", "MultiStepDecay", "CosineDecay", "OneCycle", "WarmupStableDecay")


@dataclass(frozen=True)
class Setting:
    """What is tuned and compared within: one cell of the study's table."""

    framework: str
    model: str
    optimizer: str
    epochs: int

    @property
    def names(self) -> tuple[str, ...]:
        """The schedules that are compared in it."""
        every = tuple(schedules(UPDATES))
        return every if self.framework == "jax" else MAIN

    def run(self, name: str, lr: float, seed: int, framework: str = "", **images: int) -> Run:
        """The run of a schedule with a peak rate."""
        schedule = schedules(self.epochs * UPDATES)[name](lr)
        return Run(
            framework or self.framework, schedule, seed, model=self.model,
            optimizer=self.optimizer, epochs=self.epochs, **images,
        )  # fmt: skip

    def tuning(self) -> dict[Run, dict[str, object]]:
        """Every rate of the grid; no run sees a test image."""
        return {
            self.run(name, lr, seed, test=0): {"stage": "tuning", "name": name, "lr": lr}
            for name in self.names
            for lr in RATES[self.model, self.optimizer]
            for seed in TUNING_SEEDS[self.model]
        }

    def final(self, tuned: pd.DataFrame) -> dict[Run, dict[str, object]]:
        """The best rate on validation images, over new seeds; MAIN also in other frameworks."""
        chosen = {}
        for name in self.names:
            score = tuned[tuned["name"] == name].groupby("lr")["validation_accuracy"].mean()
            lr = float(score.idxmax())
            also = ("torch", "tensorflow") if name in MAIN and self.compares else ()
            for framework in (self.framework, *also):
                about = {"stage": "final", "name": name, "lr": lr}
                chosen |= {self.run(name, lr, seed, framework): about for seed in SEEDS}
        return chosen

    @property
    def compares(self) -> bool:
        """Whether the other frameworks train here, too."""
        return self.framework == "jax" and self.optimizer == "sgd"


SETTINGS = (
    *(
        Setting("jax", "mlp", rule, epochs)
        for rule in ("sgd", "adam")
        for epochs in (1, 3, 10, 30)
    ),
    *(Setting("torch", "lenet", "sgd", epochs) for epochs in (3, 10)),
    Setting("torch", "lenet", "adam", 3),
)


def updates_to_target(run: Run) -> float:
    """Updates until an epoch ended with `TARGET` of the validation images right, or NaN."""
    accuracies = history(STORE, run).validation_accuracy
    reached = (epoch for epoch, accuracy in enumerate(accuracies, 1) if accuracy >= TARGET)
    return next(reached, float("nan")) * UPDATES


def executed(runs: dict[Run, dict[str, object]], n_jobs: int) -> pd.DataFrame:
    """The results of runs, each with what it is in the study; an error ends it here."""
    table = sweep(runs, STORE, n_jobs=n_jobs)
    failed = table["error"].dropna()
    if len(failed):
        raise RuntimeError(f"{len(failed)} runs failed, the first with:\n{failed.iloc[0]}")
    about = pd.DataFrame(list(runs.values()))
    reached = pd.Series([updates_to_target(run) for run in runs], name="updates_to_94")
    return pd.concat([about, table, reached], axis=1)


def study(n_jobs: int = -1) -> pd.DataFrame:
    """All runs, setting by setting: first those that choose the rates, then the others."""
    tables = []
    for setting in SETTINGS:
        print(setting, flush=True)
        tuned = executed(setting.tuning(), n_jobs)
        tables += [tuned, executed(setting.final(tuned), n_jobs)]
    return pd.concat(tables, ignore_index=True)


COLUMNS = {
    "stage": str, "framework": str, "model": str, "optimizer": str, "epochs": int, "name": str,
    "lr": float, "seed": int, "diverged": bool, "train_accuracy": float,
    "validation_loss": float, "validation_accuracy": float, "test_accuracy": float,
    "updates_to_94": float, "seconds": float, "key": str,
}  # fmt: skip


def read(path: Path = RESULTS) -> pd.DataFrame:
    """The committed results."""
    return pd.read_csv(path, comment="#", dtype=COLUMNS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=-1, help="runs at a time (-1: one a core)")
    jobs = parser.parse_args().jobs
    write(RESULTS, study(jobs), COLUMNS, seeds=f"tuning {TUNING_SEEDS}, final {[*SEEDS]}")
