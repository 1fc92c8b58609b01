"""Where the runs of a sweep are executed: in processes of joblib's, or on a Dask cluster."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from .extras import needs
from .history import History
from .identity import identity
from .run import RESULTS_VERSION
from .schedules.base import require

with needs("sweep"):
    import cloudpickle
    import joblib
    from joblib.externals.loky import process_executor

ATTEMPTS = 3
"""How many of its workers a run may take down before it counts as failed."""


class Outcome(NamedTuple):
    """What came of a run: how it ended, and its compressed history; or what error ended it."""

    key: str
    summary: str | None
    error: str | None
    versions: str
    history: bytes | None


class Task(NamedTuple):
    """A run on its way to a worker, which need not have the user's modules."""

    key: str
    framework: str
    run: bytes


def _task(run: Any) -> Task:
    """What a worker needs of a run: the user's own classes in it by value, not by name."""
    modules = identity((run.schedule, run.momentum))[1]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        return Task(run.key, run.framework, cloudpickle.dumps(run))
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def _attempt(task: Task, caller: int) -> Outcome:
    """Execute a run in a worker; its exceptions are results."""
    if os.getpid() != caller:
        _prepare_worker()
    try:
        history = cloudpickle.loads(task.run).execute()
        summary = json.dumps(_summary(history))
        compressed = zlib.compress(history.to_json().encode(), level=1)
    except (Exception, SystemExit):  # a run that calls sys.exit must not end the others
        text = traceback.format_exc(limit=-6)
        text = text.encode("utf-8", "backslashreplace").decode()  # SQLite takes no surrogates
        return Outcome(task.key, None, text, _versions(task.framework), None)
    return Outcome(task.key, summary, None, _versions(task.framework), compressed)


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


def _versions(framework: str) -> str:
    """What the result was computed with, for the record."""
    modules = {name: sys.modules.get(name) for name in ("d2lsched", "numpy", framework)}
    found = {name: getattr(module, "__version__", "none") for name, module in modules.items()}
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _prepare(framework: str, caller: int, version: int = RESULTS_VERSION) -> None:
    """Import a framework where the runs will be; if it is not there, none of them begins."""
    if os.getpid() != caller:
        _prepare_worker()
    if version != RESULTS_VERSION:
        raise ImportError(f"its d2lsched has RESULTS_VERSION {RESULTS_VERSION}, not {version}")
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


def outcomes(runs: Sequence[Any], n_jobs: int) -> Iterator[Outcome]:
    """What came of each run, as it comes, whatever happens to the workers.

    runs: of `d2lsched.sweep`. n_jobs: how many at a time, as joblib counts.

    ImportError, before any run, if a framework cannot be imported where the runs will be;
    ConnectionError if a cluster is lost, ValueError for a backend of joblib's that forks.
    """
    backend, _ = joblib.parallel.get_active_backend()
    kind = type(backend).__name__
    forks = kind == "MultiprocessingBackend"  # and frameworks hang in a process that was forked
    require(not forks, "backend", "multiprocessing", "loky, dask, threading or sequential")
    if kind == "DaskDistributedBackend" and runs:
        return _on_cluster(backend.client, runs)
    return _in_processes(runs, n_jobs)


def _in_processes(runs: Sequence[Any], n_jobs: int) -> Iterator[Outcome]:
    with suppress(BrokenExecutor):  # what follows deals with workers that die
        asked = (joblib.delayed(_prepare)(name, os.getpid()) for name in _frameworks(runs))
        joblib.Parallel(n_jobs=n_jobs)(asked)
    waiting = deque(runs)
    while waiting:
        started: dict[str, Any] = {}
        try:
            yield from _parallel(waiting, started, n_jobs)
        except BrokenExecutor:  # a worker died, and which run took it down is not known
            for run in list(started.values()):
                yield from _alone(run)


def _frameworks(runs: Sequence[Any]) -> list[str]:
    return sorted({run.framework for run in runs})


def _parallel(waiting: deque[Any], started: dict[str, Any], n_jobs: int) -> Iterator[Outcome]:
    """Outcomes of waiting runs, as they come; started holds those under way."""

    def tasks() -> Iterator[Any]:
        while waiting:
            run = waiting.popleft()
            started[run.key] = run
            yield joblib.delayed(_attempt)(_task(run), os.getpid())

    # one run a task: joblib would make batches of short ones, and a batch is lost as a whole
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    for outcome in parallel(tasks()):
        del started[outcome.key]
        yield outcome


def _alone(run: Any) -> Iterator[Outcome]:
    for _ in range(ATTEMPTS):
        with suppress(BrokenExecutor):  # two jobs, or joblib would execute it in this process
            yield from _parallel(deque([run]), {}, 2)
            return
    yield _killer(run.key, ATTEMPTS)


def _killer(key: str, workers: int) -> Outcome:
    error = f"ChildProcessError: it took {workers} workers down (out of memory?)"
    return Outcome(key, None, error, "", None)


def _on_cluster(client: Any, runs: Sequence[Any]) -> Iterator[Outcome]:
    """The same by Dask itself, which hands the runs of a worker that died to others.

    joblib's own way to Dask waits for ever if workers cannot begin a run, or die with it.
    """
    from distributed import KilledWorker, as_completed

    def submitted(tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | KilledWorker]]:
        futures = client.map(_attempt, tasks, caller=os.getpid(), pure=False)
        of = dict(zip(futures, tasks, strict=True))
        try:
            for future in as_completed(futures):
                try:
                    found = future.result()
                except KilledWorker as error:
                    found = error
                except (CancelledError, OSError):  # the scheduler
                    raise
                except Exception as error:
                    raise RuntimeError(f"a worker cannot begin a run: {error}") from error
                yield of[future], found
        finally:
            if client.status == "running":
                client.cancel(futures)

    client.wait_for_workers(1, timeout=10)
    try:
        _check_workers(client, _frameworks(runs))
        suspects = []
        for task, found in submitted([_task(run) for run in runs]):
            if isinstance(found, Outcome):
                yield found
            else:
                suspects.append(task)  # or others took its workers down
        for suspect in suspects:
            ((task, found),) = submitted([suspect])
            if not isinstance(found, Outcome):
                found = _killer(task.key, found.allowed_failures + 1)
            yield found
    except (CancelledError, OSError):  # of the futures, or of what was being fetched
        raise ConnectionError(
            "the Dask scheduler is gone: sweep again, and only what is left will be done"
        ) from None


def _check_workers(client: Any, frameworks: list[str]) -> None:
    for name in frameworks:
        # as text: a worker without d2lsched could not even read what refers to it
        asked = f"({name!r}, {os.getpid()}, {RESULTS_VERSION})"
        code = f"from d2lsched.workers import _prepare; _prepare{asked}"
        for address, error in client.run(exec, code, on_error="return").items():
            if error is not None:
                raise ImportError(f"the worker {address} cannot train in {name}: {error}")
