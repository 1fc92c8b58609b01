"""Many runs: executed side by side, stored as they finish, continued after any interruption.

joblib executes the runs, in processes of its own or on the cluster that
``joblib.parallel_config`` names. SQLite keeps their histories: only the calling process
writes, one transaction a run, so whatever stops a sweep costs the runs then under way.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sqlite3
import sys
import traceback
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from .data import mnist
from .extras import needs
from .history import History
from .run import FRAMEWORKS, MODELS, OPTIMIZERS, RESULTS_VERSION
from .schedules import ReduceOnPlateau, Schedule
from .schedules.base import Count, Rate, checked, require

with needs("sweep"):
    import joblib
    import pandas as pd
    from filelock import FileLock, Timeout
    from joblib.externals.loky import process_executor

ATTEMPTS = 3
"""How many of its workers a run may take down before it counts as failed."""


@dataclass(frozen=True)
class Run:
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

    framework: str
    schedule: Schedule | ReduceOnPlateau | float
    seed: Count = 0
    model: str = "mlp"
    optimizer: str = "sgd"
    momentum: Schedule | float = 0.9
    weight_decay: Rate = 0.0
    epochs: Count = 10
    batch_size: Count = 128
    train: Count = 10_000
    validation: Count = 5_000
    test: Count = 10_000

    def __post_init__(self) -> None:
        checked(self)
        for name, known in (
            ("framework", FRAMEWORKS),
            ("model", MODELS),
            ("optimizer", OPTIMIZERS),
        ):
            value = getattr(self, name)
            require(value in known, name, value, f"one of {', '.join(known)}")
        for name in ("epochs", "batch_size", "train", "validation"):
            require(getattr(self, name) > 0, name, getattr(self, name), "at least 1")
        most = f"at most the {self.train} training images"
        require(self.batch_size <= self.train, "batch_size", self.batch_size, most)
        kinds: Any = Schedule | ReduceOnPlateau
        self._rate("schedule", kinds, np.inf, "a schedule, a ReduceOnPlateau or a number ≥ 0")
        self._rate("momentum", Schedule, 1.0, "a schedule or a number from 0 to below 1")

    def _rate(self, name: str, kinds: Any, below: float, allowed: str) -> None:
        value: Any = getattr(self, name)
        if isinstance(value, kinds):
            return
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        require(number and 0 <= value < below, name, value, allowed)
        object.__setattr__(self, name, float(value))

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters as JSON knows them; schedules as text.

        >>> Run("numpy", 0.1, seed=3).settings["seed"]
        3
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        schedules = Schedule | ReduceOnPlateau
        return {n: repr(v) if isinstance(v, schedules) else v for n, v in values.items()}

    @property
    def key(self) -> str:
        """A hash of the settings and of `RESULTS_VERSION`; the same on every machine.

        >>> Run("numpy", 0.1).key
        '9005cf857433974801e0a2cb'
        """
        content = json.dumps({**self.settings, "results": RESULTS_VERSION}, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:24]

    def execute(self) -> History:
        """Train, here and now; the history holds no state.

        >>> Run("numpy", 0.1, epochs=1, train=256, validation=128, test=0).execute().lr
        [0.1, 0.1]
        """
        twin = importlib.import_module(f"d2lsched.{self.framework}")
        names = {"framework", "schedule", "train", "validation", "test"}
        options = {n: getattr(self, n) for n in self.settings.keys() - names}
        data = mnist(self.train, self.validation, self.test)
        history: History = twin.train(self.schedule, data=data, **options)
        history.state = None
        return history


def _compiled(run: Run) -> tuple[Any, ...]:
    """Runs that agree here share a framework and its compiled code: they go in turn."""
    return (run.framework, run.model, run.optimizer, run.weight_decay, run.batch_size)


class Outcome(NamedTuple):
    """What came of a run: its history, or the error that ended it."""

    key: str
    history: str | None
    error: str | None
    versions: str


def _attempt(run: Run, sweep: str, caller: int) -> Outcome:
    """Execute a run in a worker; its exceptions are results."""
    if os.getpid() != caller:
        _prepare_worker()
    try:
        _count_attempt(f"{sweep}-{run.key}")
        history = run.execute().to_json()
    except Exception:
        return Outcome(run.key, None, traceback.format_exc(limit=-6), _versions(run.framework))
    return Outcome(run.key, history, None, _versions(run.framework))


def _import(framework: str, caller: int) -> None:
    """Import a framework where the runs will be; if it is not there, none of them begins."""
    if os.getpid() != caller:
        _prepare_worker()
    importlib.import_module(f"d2lsched.{framework}")


@cache
def _prepare_worker() -> None:
    """Before a worker process imports a framework."""
    # One worker a core: XLA and TensorFlow would start threads for every core in each of them.
    for name in ("NPROC", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")
    # joblib takes 300 MB more than at first for a leak, and replaces the worker. TensorFlow
    # comes to need more without leaking, and 10 s to be imported anew.
    process_executor._MAX_MEMORY_LEAK_SIZE = 2_000_000_000


def _count_attempt(name: str) -> None:
    """On a Dask cluster, give up in time on a run that takes its workers down.

    Dask hands a dead worker's task to the next one, and after some deaths an error that
    joblib 1.6 never learns of. The count has to outlive the workers: the scheduler keeps it.
    """
    try:
        from distributed import get_client, get_worker

        get_worker()
    except (ImportError, ValueError):  # not on a cluster
        return
    client = get_client()
    attempts = client.get_metadata([name], 0)
    if attempts >= ATTEMPTS:
        raise ChildProcessError(f"this run took {ATTEMPTS} workers down (out of memory?)")
    client.set_metadata([name], attempts + 1)


def _versions(framework: str) -> str:
    """What the result was computed with, for the record."""
    modules = {name: sys.modules.get(name) for name in ("d2lsched", "numpy", framework)}
    found = {name: getattr(module, "__version__", "none") for name, module in modules.items()}
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _parallel(
    waiting: deque[Run], started: dict[str, Run], n_jobs: int, sweep: str
) -> Iterator[Outcome]:
    """Outcomes of waiting runs, as they come; started holds those under way."""

    def tasks() -> Iterator[Any]:
        while waiting:
            run = waiting.popleft()
            started[run.key] = run
            yield joblib.delayed(_attempt)(run, sweep, os.getpid())

    # one run a task: joblib would make batches of short ones, and a batch is lost as a whole
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    for outcome in parallel(tasks()):
        del started[outcome.key]
        yield outcome


def _outcomes(runs: Iterable[Run], n_jobs: int) -> Iterator[Outcome]:
    """What came of each run, as it comes; whatever happens to the workers."""
    waiting, sweep = deque(runs), uuid.uuid4().hex
    while waiting:
        started: dict[str, Run] = {}
        try:
            yield from _parallel(waiting, started, n_jobs, sweep)
        except BrokenExecutor:  # a worker died, and which run took it down is not known
            for run in list(started.values()):
                yield from _alone(run, sweep)


def _alone(run: Run, sweep: str) -> Iterator[Outcome]:
    for _ in range(ATTEMPTS):
        with suppress(BrokenExecutor):  # two jobs, or joblib would execute it in this process
            yield from _parallel(deque([run]), {}, 2, sweep)
            return
    yield Outcome(run.key, None, f"ChildProcessError: it took {ATTEMPTS} workers down", "")


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
    n_jobs: how many runs at a time; -1 is one a core. On another joblib backend, such as
        ``joblib.parallel_config("dask")``, that backend decides.
    retry_failed: execute stored failures again. Without it they stay as they are.
    progress: show a bar, in epochs, with rate and time left.

    The table is that of `results`. A run that raises, or takes down three workers, is stored
    as failed, and the rest goes on. ImportError, before any run, if a framework is not
    installed; RuntimeError if another sweep is writing to the store.

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
    try:
        lock = FileLock(f"{store}.lock").acquire(timeout=0)
    except Timeout:
        raise RuntimeError(
            f"another sweep is writing to {store}: wait for it, or name another store"
        ) from None
    with lock, closing(_opened(store, create=True)) as db:
        query = "SELECT key, error IS NOT NULL FROM runs"
        kept = {key: bool(failed) for key, failed in db.execute(query) if key in unique}
        if retry_failed:
            kept = {key: failed for key, failed in kept.items() if not failed}
        left = sorted((run for key, run in unique.items() if key not in kept), key=_compiled)
        frameworks = {run.framework for run in left}
        epochs = sum(run.epochs for run in unique.values())
        before = epochs - sum(run.epochs for run in left)
        bar = tqdm(total=epochs, initial=before, unit="epoch", disable=not progress)
        try:
            with bar:
                with suppress(BrokenExecutor):  # what follows deals with workers that die
                    asked = (joblib.delayed(_import)(name, os.getpid()) for name in frameworks)
                    joblib.Parallel(n_jobs=n_jobs)(asked)
                for outcome in _outcomes(left, n_jobs):
                    _keep(db, unique[outcome.key], outcome)
                    kept[outcome.key] = outcome.error is not None
                    done = f"{len(kept)} of {len(unique)} runs"
                    bar.set_postfix_str(f"{done}, {sum(kept.values())} failed", refresh=False)
                    bar.update(unique[outcome.key].epochs)
        except KeyboardInterrupt:  # which may have come when a run was kept but not counted
            done = f"{len(results(store, unique.values()))} of {len(unique)} runs"
            print(f"Stopped: {done} are in {store}", file=sys.stderr)
            raise
    return results(store, unique.values())


# --- the store

_TABLE = """CREATE TABLE IF NOT EXISTS runs (
    key TEXT PRIMARY KEY, results_version INTEGER, settings TEXT,
    summary TEXT, history TEXT, error TEXT, versions TEXT)"""


def _opened(store: str | Path, create: bool = False) -> sqlite3.Connection:
    if not create and not Path(store).exists():
        raise FileNotFoundError(f"there is no store {store}: sweep() makes it")
    db = sqlite3.connect(store, timeout=60)
    try:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        if not tables and create:
            db.execute("PRAGMA journal_mode = WAL")  # others may read while a sweep writes
            db.execute(_TABLE)
            tables = {"runs"}
        wrong = "" if "runs" in tables else "it has no table of runs"
    except sqlite3.DatabaseError as error:
        wrong = str(error)
    if wrong:
        db.close()
        raise ValueError(f"{store} is not a store of sweep(): {wrong}")
    return db


def _keep(db: sqlite3.Connection, run: Run, outcome: Outcome) -> None:
    """Commit what came of a run, in place of what came of it before."""
    history = outcome.history and History.from_json(outcome.history)
    summary = json.dumps(_summary(history)) if history else None
    row = (run.key, RESULTS_VERSION, json.dumps(run.settings), summary, *outcome[1:])
    with db:
        db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _summary(history: History) -> dict[str, Any]:
    """What `results` shows of a history: how it ended."""
    return {
        "updates": len(history.loss),
        "diverged": history.diverged,
        "train_accuracy": history.train_accuracy[-1],
        "validation_loss": history.validation_loss[-1],
        "validation_accuracy": history.validation_accuracy[-1],
        "test_accuracy": history.test_accuracy,
        "seconds": history.seconds,
    }


def results(store: str | Path, runs: Iterable[Run] | None = None) -> pd.DataFrame:
    """The stored runs as a table, a row a run: settings, end, error, versions and key.

    runs: which, in this order, as far as the store has them; None is all that the present
        `RESULTS_VERSION` would reuse, by key. A failed run has its traceback as error.

    Accuracies are between 0 and 1, seconds those spent in updates. FileNotFoundError if there
    is no store, ValueError if the file is none. For an example see `sweep`.
    """
    query = "SELECT key, settings, summary, error, versions FROM runs WHERE results_version = ?"
    with closing(_opened(store)) as db:
        found = {row[0]: row for row in db.execute(query + " ORDER BY key", (RESULTS_VERSION,))}
    keys = found if runs is None else [run.key for run in runs if run.key in found]
    rows = []
    for key, settings, summary, error, versions in map(found.__getitem__, keys):
        ended = json.loads(summary) if summary else {}
        about = {"error": error, "versions": versions, "key": key}
        rows.append({**json.loads(settings), **ended, **about})
    return pd.DataFrame(rows, columns=_COLUMNS).astype(_TYPES)


def history(store: str | Path, run: Run) -> History:
    """The whole record of a stored run, as in ``history(store, runs[0]).plot()``.

    KeyError if the store has not got it; RuntimeError, with its error, if the run failed.
    """
    query = "SELECT history, error FROM runs WHERE key = ?"
    with closing(_opened(store)) as db:
        row = db.execute(query, (run.key,)).fetchone()
    if row is None:
        raise KeyError(f"{store} has no {run}")
    if row[0] is None:
        raise RuntimeError(f"{run} failed:\n{row[1]}")
    return History.from_json(row[0])


_COLUMNS = [field.name for field in fields(Run)] + [
    "updates", "diverged", "train_accuracy", "validation_loss", "validation_accuracy",
    "test_accuracy", "seconds", "error", "versions", "key",
]  # fmt: skip
# Types that know a missing value: a failed run changes no column's type.
_TYPES = {
    "schedule": object, "momentum": object, "updates": "Int64", "diverged": "boolean",
    "error": "string",
}  # fmt: skip
