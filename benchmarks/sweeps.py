"""What a sweep costs beside its runs, and what stacking them would gain: ``make bench``.

- Overhead: the processor time of a sweep that is not its runs', for runs of about a second, in
  the process that runs them and in the one that hands them out. Below 2 %.
- Resuming: a sweep of 10,000 runs that are all stored. Below one second.
- Stacking: runs per second of processor time, in a worker of a sweep (one core, one thread),
  of `train_many` against `train`, over budgets of epochs and images.

Processor time, because other programs do not change it much. Exit status 1 if a target is
missed. ``python benchmarks/sweeps.py stacking`` measures the last alone.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import joblib

from d2lsched import CosineDecay
from d2lsched.data import mnist
from d2lsched.store import opened
from d2lsched.sweep import Run, sweep
from d2lsched.workers import _prepare

RUNS, STORED, STACKED = 10, 10_000, 8
BUDGETS = [(1, 10_000), (3, 10_000), (10, 10_000), (30, 10_000), (1, 50_000)]


def cost(work: Callable[[], Any]) -> float:
    """Seconds of processor time that a call takes in this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def overhead() -> tuple[float, float]:
    """What a sweep adds to its runs, as a share of them: here and from afar."""
    runs = [Run("numpy", CosineDecay(0.1, 780), seed, epochs=10) for seed in range(RUNS)]
    runs[0].execute()
    bare = cost(lambda: [run.execute() for run in runs])
    with TemporaryDirectory() as folder:
        swept = partial(sweep, runs, progress=False)
        here = cost(lambda: swept(store=f"{folder}/here", n_jobs=1))
        swept(store=f"{folder}/warm", n_jobs=2)
        there = cost(lambda: swept(store=f"{folder}/there", n_jobs=2))
    return here / bare - 1, there / bare


def resuming() -> float:
    """Seconds to find that 10,000 runs are stored; three epochs each."""
    first = Run("numpy", CosineDecay(0.1, 234), epochs=3)
    runs = [replace(first, seed=seed) for seed in range(STORED)]
    with TemporaryDirectory() as folder:
        store = f"{folder}/store"
        sweep(runs[:1], store, n_jobs=1, progress=False)
        with opened(store, write=True) as kept:
            kept.db.execute("PRAGMA synchronous = OFF")
            (row,) = kept.rows()
            blob = kept.db.execute("SELECT history FROM histories").fetchone()[0]
            for run in runs[1:]:
                kept.keep(row._replace(key=run.key), blob)
        fresh = [replace(run) for run in runs]  # whose keys are still to be found
        return cost(lambda: sweep(fresh, store, progress=False))


def stacked(framework: str, epochs: int, images: int) -> tuple[float, float]:
    """Runs per second of processor time in this process: separate, and stacked."""
    _prepare(framework, 0)
    twin: Any = importlib.import_module(f"d2lsched.{framework}")
    data, seeds = mnist(images), list(range(STACKED))
    schedule = CosineDecay(0.1, epochs * (images // 128))

    def separate() -> None:
        for seed in seeds:
            twin.train(schedule, seed=seed, epochs=epochs, data=data)

    def together() -> None:
        with twin.one_thread() if framework == "torch" else nullcontext():
            twin.train_many(schedule, seeds, epochs=epochs, data=data)

    for work in (separate, together):  # compiles
        work()
    times = [(cost(separate), cost(together)) for _ in range(1 if epochs > 9 else 3)]
    one, many = (STACKED / min(side) for side in zip(*times, strict=True))
    return one, many


def main() -> bool:
    """Print all; are the targets met?"""
    met = True
    if sys.argv[1:] != ["stacking"]:
        here, there = overhead()
        rows = resuming()
        print(
            f"overhead of a sweep: {here:.1%} where runs are, {there:.1%} in the caller (≤ 2%)"
        )
        print(f"{STORED:,} stored runs are found in {rows:.2f} s (≤ 1)")
        met = max(here, there) < 0.02 and rows < 1
    print(f"\n{STACKED} runs on one core: runs per second\n  {'':34}separate   stacked")
    with joblib.Parallel(2) as parallel:  # a worker, with one thread
        for framework in ("torch", "jax"):
            for epochs, images in BUDGETS:
                asked = [joblib.delayed(stacked)(framework, epochs, images)]
                ((one, many),) = parallel(asked)
                budget = f"{epochs:2} × {images:,}"
                print(f"  {framework:8}{budget:26}{one:8.2f}{many:10.2f}", flush=True)
    return met


if __name__ == "__main__":
    sys.exit(not main())
