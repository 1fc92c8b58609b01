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
from dataclasses import replace
from functools import cache, partial
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

STACKED = {"torch": 8}
"""How many runs of the MLP that differ in their seeds alone are at most trained as one: where
that gives more runs a second, see ``benchmarks/sweeps.py``. XLA's runs gain nothing by it."""


class Outcome(NamedTuple):
    """What came of a run: how it ended, and its compressed history; or what error ended it."""

    key: str
    summary: str | None
    error: str | None
    versions: str
    history: bytes | None


Stack = list[Any]
"""Runs that are trained as one: they differ in their seeds alone."""

Task = dict[str, bytes]
"""Runs by their keys on their way to a worker, which need not have the user's modules."""


def _task(runs: Stack) -> Task:
    """What a worker needs of runs: the user's own classes in them by value, not by name."""
    modules = identity((runs[0].schedule, runs[0].momentum))[1]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        return {run.key: cloudpickle.dumps(run) for run in runs}
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def _attempt(framework: str, task: Task, caller: int) -> list[Outcome]:
    """Execute runs in a worker; their exceptions are results."""
    if os.getpid() != caller:
        _prepare_worker()
    versions = partial(_versions, framework)  # when the framework has been imported
    try:
        first, *others = map(cloudpickle.loads, task.values())
        seeds = [run.seed for run in (first, *others)]
        histories = first.execute_seeds(seeds) if others else [first.execute()]
        return [
            Outcome(key, _summary(history), None, versions(), _compressed(history))
            for key, history in zip(task, histories, strict=True)
        ]
    except (Exception, SystemExit):  # a run that calls sys.exit must not end the others
        if len(task) > 1:  # whose error it is
            parts = [_attempt(framework, {key: run}, caller) for key, run in task.items()]
            return [outcome for (outcome,) in parts]
        text = traceback.format_exc(limit=-6)
        text = text.encode("utf-8", "backslashreplace").decode()  # SQLite takes no surrogates
        return [Outcome(key, None, text, versions(), None) for key in task]


def _compressed(history: History) -> bytes:
    return zlib.compress(history.to_json().encode(), level=1)


def _summary(history: History) -> str:
    """What `results` shows of a history, how it ended, as JSON."""
    epochs = ("train_accuracy", "validation_loss", "validation_accuracy")
    summary = {"updates": len(history.loss), "diverged": history.diverged}
    summary |= {name: getattr(history, name)[-1] for name in epochs}
    summary |= {name: getattr(history, name) for name in ("test_accuracy", "seconds")}
    return json.dumps(summary)


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
    stacks = _stacks(runs, joblib.effective_n_jobs(n_jobs))
    kind = type(backend).__name__
    forks = kind == "MultiprocessingBackend"  # and frameworks hang in a process that was forked
    require(not forks, "backend", "multiprocessing", "loky, dask, threading or sequential")
    if kind == "DaskDistributedBackend" and runs:
        return _on_cluster(backend.client, stacks)
    return _in_processes(stacks, n_jobs)


def _stacks(runs: Sequence[Any], jobs: int) -> list[Stack]:
    """The runs in their order, those together that gain by it: no job shall be without any."""
    alike: dict[str, Stack] = {}
    for run in runs:
        stackable = run.framework in STACKED and run.model == "mlp"
        alike.setdefault(replace(run, seed=0).key if stackable else run.key, []).append(run)
    stacks = []
    for same in alike.values():
        most = max(1, min(STACKED.get(same[0].framework, 1), len(runs) // jobs))
        count = -(-len(same) // most)
        stacks += [same[i::count] for i in range(count)]
    return stacks


def _in_processes(stacks: Sequence[Stack], n_jobs: int) -> Iterator[Outcome]:
    with suppress(BrokenExecutor):  # what follows deals with workers that die
        asked = (joblib.delayed(_prepare)(name, os.getpid()) for name in _frameworks(stacks))
        joblib.Parallel(n_jobs=n_jobs)(asked)
    waiting = deque(stacks)
    while waiting:
        started: dict[str, Any] = {}
        try:
            yield from _parallel(waiting, started, n_jobs)
        except BrokenExecutor:  # a worker died, and which run took it down is not known
            for run in list(started.values()):
                yield from _alone(run)


def _frameworks(stacks: Sequence[Stack]) -> list[str]:
    return sorted({runs[0].framework for runs in stacks})


def _parallel(waiting: deque[Stack], started: dict[str, Any], n_jobs: int) -> Iterator[Outcome]:
    """Outcomes of waiting runs, as they come; started holds those under way."""

    def tasks() -> Iterator[Any]:
        while waiting:
            runs = waiting.popleft()
            started.update({run.key: run for run in runs})
            yield joblib.delayed(_attempt)(runs[0].framework, _task(runs), os.getpid())

    # one stack a task: joblib would make batches of short ones, and a batch is lost as a whole
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    for found in parallel(tasks()):
        for outcome in found:
            del started[outcome.key]
            yield outcome


def _alone(run: Any) -> Iterator[Outcome]:
    for _ in range(ATTEMPTS):
        with suppress(BrokenExecutor):  # two jobs, or joblib would execute it in this process
            yield from _parallel(deque([[run]]), {}, 2)
            return
    yield _killer(run.key, ATTEMPTS)


def _killer(key: str, workers: int) -> Outcome:
    error = f"ChildProcessError: it took {workers} workers down (out of memory?)"
    return Outcome(key, None, error, "", None)


def _on_cluster(client: Any, stacks: Sequence[Stack]) -> Iterator[Outcome]:
    """The same by Dask itself, which hands the runs of a worker that died to others.

    joblib's own way to Dask waits for ever if workers cannot begin a run, or die with it.
    """
    from distributed import KilledWorker, as_completed

    def submitted(stacks: Sequence[Stack]) -> Iterator[tuple[Stack, Any]]:
        names, tasks = [runs[0].framework for runs in stacks], map(_task, stacks)
        futures = client.map(_attempt, names, [*tasks], caller=os.getpid(), pure=False)
        of = dict(zip(futures, stacks, strict=True))
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
        _check_workers(client, _frameworks(stacks))
        suspects = []
        for runs, found in submitted(stacks):
            if isinstance(found, KilledWorker):
                suspects += runs  # or others took its workers down
            else:
                yield from found
        for run in suspects:
            ((_, found),) = submitted([[run]])
            if isinstance(found, KilledWorker):
                found = [_killer(run.key, found.allowed_failures + 1)]
            yield from found
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
