"""Many runs: executed side by side, stored as they finish, continued after any interruption.

joblib executes the runs, in processes of its own or on the cluster that
``joblib.parallel_config`` names. `d2lsched.store` keeps their histories: only the calling
process writes, one transaction a run, so whatever stops a sweep costs the runs then under way.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from .data import mnist
from .extras import needs
from .history import History
from .identity import identity, is_ours
from .run import RESULTS_VERSION
from .schedules import Schedule
from .schedules.base import Count, checked, require, whole
from .settings import Settings
from .store import Row, opened
from .workers import outcomes

with needs("sweep"):
    import pandas as pd
    from filelock import FileLock, Timeout


@dataclass(frozen=True)
class Run(Settings):
    """One training run: the arguments of a `train`, all of them values.

    framework: "numpy", "torch", "tensorflow" or "jax".
    schedule: a schedule, a ReduceOnPlateau or a number. Not a function: nothing tells one
        from another. momentum: a number below 1 or a schedule.
    seed, model, optimizer, weight_decay, epochs, batch_size: see `d2lsched.run.trainer`.
    train, validation, test: how many images of each, see `d2lsched.data.mnist`. Without test
        images the test accuracy is NaN: so for runs that only help to choose.

    ValueError, with the parameter, its value and what is allowed, for anything else.

    >>> from d2lsched import CosineDecay
    >>> run = Run("jax", CosineDecay(0.2, 780), seed=3)
    >>> run == Run("jax", CosineDecay(lr=0.2, steps=780, end_lr=0), seed=3)
    True
    """

    train: Count = 10_000
    validation: Count = 5_000
    test: Count = 10_000

    def __post_init__(self) -> None:
        for name in ("schedule", "momentum"):
            value: Any = getattr(self, name)
            known = isinstance(value, Schedule) or not callable(value)
            require(known, name, value, "a schedule, a ReduceOnPlateau or a number")
        super().__post_init__()
        checked(self)
        for name in ("batch_size", "train", "validation"):
            whole(name, getattr(self, name), 1)
        most = f"at most the {self.train} training images"
        size: Any = self.batch_size
        require(size <= self.train, "batch_size", self.batch_size, most)

    @cached_property
    def key(self) -> str:
        """A hash of the settings and of `RESULTS_VERSION`; the same on every machine.

        For a schedule of the user's own it is one of its code, too, see `d2lsched.identity`:
        stored results of an earlier formula are not taken for those of the present one.

        >>> Run("numpy", 0.1).key
        '9005cf857433974801e0a2cb'
        """
        rates = (self.schedule, self.momentum)
        code = {} if is_ours(rates) else {"schedule": identity(rates)[0], "momentum": ""}
        content = {**self.settings, **code, "results": RESULTS_VERSION}
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def execute(self) -> History:
        """Train, here and now; the history holds no state.

        >>> Run("numpy", 0.1, epochs=1, train=256, validation=128, test=0).execute().lr
        [0.1, 0.1]
        """
        return self.execute_seeds([self.seed])[0]

    def execute_seeds(self, seeds: Sequence[int]) -> list[History]:
        """`execute` with each of these seeds in place of the run's own.

        Several are trained as one by `train_many`, in torch or JAX: the same up to rounding.
        """
        twin = importlib.import_module(f"d2lsched.{self.framework}")
        named = {field.name: getattr(self, field.name) for field in fields(Settings)[3:]}
        named["data"] = mnist(self.train, self.validation, self.test)
        if len(seeds) == 1:
            histories = [twin.train(self.schedule, seed=seeds[0], **named)]
        else:
            histories = twin.train_many(self.schedule, seeds, **named)
        for history in histories:
            history.state = None
        return histories


def sweep(
    runs: Iterable[Run],
    store: str | Path = "results.sqlite",
    n_jobs: int = -1,
    *,
    retry_failed: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """Execute the runs that the store does not have; return the results of all of them.

    runs: the runs; one given twice is executed once.
    store: an SQLite file, made if absent. Each finished run is committed to it at once, so the
        same call continues where a stopped one was, whatever stopped it.
    n_jobs: how many at a time; -1 is one a core. On another joblib backend, such as
        ``joblib.parallel_config("dask")``, that backend decides.
    retry_failed: execute stored failures again. Without it they stay as they are.
    progress: show a bar, in epochs, with rate and time left.

    Runs of the MLP in torch that differ in their seeds alone are trained as one, up to eight,
    which does more of them a second; their results are those of separate runs up to rounding.

    The table is that of `results`. A run that raises, or takes down three workers, is stored
    as failed, and the rest goes on. ImportError, before any run, if a framework is not
    installed where the runs would be; ConnectionError if a cluster is lost; RuntimeError if
    another sweep is writing to the store, and what `d2lsched.store.opened` raises.

    >>> from tempfile import TemporaryDirectory
    >>> few = {"epochs": 1, "train": 256, "validation": 128, "test": 128}
    >>> runs = [Run("numpy", rate, seed, **few) for rate in (0.1, 0.2) for seed in (0, 1)]
    >>> with TemporaryDirectory() as folder:
    ...     store = f"{folder}/results.sqlite"
    ...     table = sweep(runs, store, n_jobs=1, progress=False)
    ...     rates, stored = history(store, runs[0]).lr, results(store, runs)
    >>> table[["schedule", "seed", "updates", "error"]]
      schedule  seed  updates error
    0      0.1     0        2  <NA>
    1      0.1     1        2  <NA>
    2      0.2     0        2  <NA>
    3      0.2     1        2  <NA>
    """
    unique = {}
    for run in runs:
        require(isinstance(run, Run), "runs", run, "made of Run(…)")
        unique[run.key] = run
    require(n_jobs != 0, "n_jobs", n_jobs, "a number of jobs, or -1 for one a core")
    with _only_sweep_of(store), opened(store, write=True) as kept:
        kept.check()
        rows = [row for row in kept.rows() if row.key in unique]
        done = {row.key: row for row in rows if not (retry_failed and row.error)}
        left = [run for key, run in unique.items() if key not in done]
        # In turn those that share a framework and its compiled code.
        left.sort(
            key=attrgetter("framework", "model", "optimizer", "weight_decay", "batch_size")
        )
        failed = sum(row.error is not None for row in done.values())
        epochs = sum(run.epochs for run in unique.values())
        before = epochs - sum(run.epochs for run in left)
        bar = tqdm(total=epochs, initial=before, unit="epoch", disable=not progress)
        try:
            with bar:
                for outcome in outcomes(left, n_jobs):
                    run = unique[outcome.key]
                    about = (outcome.summary, outcome.error, outcome.versions)
                    row = Row(run.key, RESULTS_VERSION, json.dumps(run.settings), *about)
                    kept.keep(row, outcome.history)
                    done[run.key] = row
                    failed += row.error is not None
                    state = f"{len(done)} of {len(unique)} runs, {failed} failed"
                    bar.set_postfix_str(state, refresh=False)
                    bar.update(run.epochs)
        except KeyboardInterrupt:  # which may have come when a run was kept but not counted
            state = f"{sum(row.key in unique for row in kept.rows())} of {len(unique)} runs"
            print(f"Stopped: {state} are in {store}", file=sys.stderr)
            raise
    return _table(map(done.__getitem__, unique))


def _only_sweep_of(store: str | Path) -> Any:
    """The lock of a store, held."""
    try:
        return FileLock(f"{store}.lock").acquire(timeout=0)
    except Timeout:
        raise RuntimeError(
            f"another sweep is writing to {store}: wait for it, or name another store"
        ) from None
    except OSError as error:
        raise OSError(f"nothing can be written beside {store}: {error}") from None


def results(store: str | Path, runs: Iterable[Run] | None = None) -> pd.DataFrame:
    """The stored runs as a table, a row a run: settings, end, error, versions and key.

    runs: which, in this order, as far as the store has them; None is all that the present
        `RESULTS_VERSION` would reuse, by key. A failed run has its traceback as error.

    Accuracies are between 0 and 1, seconds those spent in updates. For errors see
    `d2lsched.store.opened`, for an example `sweep`.
    """
    with opened(store) as kept:
        found = {row.key: row for row in kept.rows() if row.results_version == RESULTS_VERSION}
    keys = found if runs is None else [run.key for run in runs if run.key in found]
    return _table(map(found.__getitem__, keys))


def _table(stored: Iterable[Row]) -> pd.DataFrame:
    rows = []
    for row in stored:
        ended = json.loads(row.summary) if row.summary else {}
        about = {"error": row.error, "versions": row.versions, "key": row.key}
        rows.append({**json.loads(row.settings), **ended, **about})
    return pd.DataFrame(rows, columns=_COLUMNS).astype(_TYPES)


def history(store: str | Path, run: Run) -> History:
    """The whole record of a stored run, as in ``history(store, runs[0]).plot()``.

    KeyError if the store has not got it; RuntimeError, with its error, if the run failed.
    """
    with opened(store) as kept:
        row = kept.row(run.key)
        if row is None:
            raise KeyError(f"{store} has no {run}")
        if row.error is not None:
            raise RuntimeError(f"{run} failed:\n{row.error}")
        return History.from_json(kept.history(run.key))


_COLUMNS = [field.name for field in fields(Run)] + [
    "updates", "diverged", "train_accuracy", "validation_loss", "validation_accuracy",
    "test_accuracy", "seconds", "error", "versions", "key",
]  # fmt: skip
# Types that know a missing value: a failed run changes no column's type.
_TYPES = {
    "schedule": object, "momentum": object, "updates": "Int64", "diverged": "boolean",
    "error": "string",
}  # fmt: skip
