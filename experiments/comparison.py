"""The study behind the book's verdicts: setting × schedule × peak × seed, nothing adaptive.

``make experiments SETTING=mlp-sgd-50000x1`` runs one setting (without SETTING all, in this
order), goes on where it was interrupted, and writes ``d2lsched/data/study``, which
`d2lsched.study` reads; ``README.md`` beside this file says what it holds.

Budget, in seconds of one core, measured on a busy machine: a run of the MLP takes 0.65 (50,000
images once), 0.5, 0.7, 1.15 and 2.6 (10,000 images, 1, 3, 10 and 30 epochs), 0.4 of it for the
held-out images; of LeNet 9 and 20 (3 and 10 epochs), 4 of it for them. 20 candidates, some 7.5
peaks and 20 seeds make 2,900 runs a setting of the MLP, 37,000 s in all; 12, 6.5, 10 make 780
of LeNet, 45,000 s in all: eleven hours on two busy cores.
"""

from __future__ import annotations

import argparse
import importlib
import lzma
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from d2lsched import study
from d2lsched.data import Split, mnist
from d2lsched.history import History
from experiments.candidates import CENTERS, HOOKS, MAIN, candidates, peak
from experiments.files import notes

HERE = Path(__file__).parent
RUNS, RIGHT = HERE / "runs", HERE / "right"
STUDY = HERE.parent / "d2lsched" / "data" / "study"
VALIDATION, BATCH = 5_000, 128
WINDOW, EDGE = {"mlp": 3, "lenet": 2}, 2
"""How many steps of the lattice the first window reaches to each side, and how many steps at
least lie between the best peak and the last one tried."""

Chunk = dict[str, np.ndarray]
"""The runs of a candidate at a peak, one a seed: an array for each column."""


@dataclass(frozen=True)
class Setting:
    """What is tuned and compared within.

    >>> Setting.named("lenet-adam-10000x3")
    Setting(model='lenet', optimizer='adam', images=10000, epochs=3)
    """

    model: str
    optimizer: str
    images: int
    epochs: int

    def __str__(self) -> str:
        return f"{self.model}-{self.optimizer}-{self.images}x{self.epochs}"

    @classmethod
    def named(cls, name: str) -> Setting:
        """The setting that prints as this; ValueError as for `study.parts`."""
        return cls(*study.parts(name))

    @property
    def updates(self) -> int:
        """How many a run has."""
        return self.images // BATCH * self.epochs

    @property
    def seeds(self) -> range:
        """The seeds of every candidate at every peak."""
        return range(20 if self.model == "mlp" else 10)

    @property
    def framework(self) -> str:
        """Who trains fastest on one core: XLA's scan for the MLP, oneDNN's convolutions."""
        return "jax" if self.model == "mlp" else "tensorflow"

    @property
    def names(self) -> tuple[str, ...]:
        """The candidates."""
        every = tuple(candidates(self.updates, self.epochs))
        return every if self.model == "mlp" else MAIN


SETTINGS = tuple(
    map(
        Setting.named,
        (
            "mlp-sgd-50000x1", "mlp-sgd-10000x3", "mlp-sgd-10000x10",
            "mlp-adam-50000x1", "mlp-adam-10000x3", "mlp-adam-10000x10",
            "lenet-sgd-10000x3", "lenet-adam-10000x3", "mlp-sgd-10000x1", "mlp-adam-10000x1",
            "mlp-sgd-10000x30", "lenet-sgd-10000x10", "mlp-adam-10000x30",
            "lenet-adam-10000x10",
        ),
    )
)  # fmt: skip
"""In the order in which they run: what is needed most, and cheap, comes first."""


@cache
def heldout(images: int) -> Split:
    """The images that no run with so many training images learns from or chooses by.

    The rest of the training images, in their order, then the 10,000 test images.
    """
    every = mnist(train=60_000 - VALIDATION, validation=VALIDATION)
    return Split(
        np.concatenate([every.train.images[images:], every.test.images]),
        np.concatenate([every.train.labels[images:], every.test.labels]),
    )


def trained(setting: Setting, name: str, rate: float, seed: int) -> History:
    """One run of `train`; the weights of its state are those that count."""
    module = importlib.import_module(f"d2lsched.{setting.framework}")
    begin = [np.array(w) for w in module.weights(module.init(setting.model, seed=seed))]
    hook = HOOKS[name](begin) if name in HOOKS else None
    # train evaluates after each epoch, for a plateau; for others one image will do
    validation = VALIDATION if name == "ReduceOnPlateau" else 1
    history: History = module.train(
        candidates(setting.updates, setting.epochs)[name](rate),
        model=setting.model, optimizer=setting.optimizer,
        momentum=0.0 if name == "ScheduleFree" else 0.9, epochs=setting.epochs,
        batch_size=BATCH, seed=seed,
        data=mnist(setting.images, validation, test=0), after_update=hook,
    )  # fmt: skip
    if hook is not None:
        history.state.weights = hook.weights
    return history


@cache
def converted(framework: str, images: int) -> tuple[Any, list[tuple[Any, np.ndarray]]]:
    """As a framework's tensors: the validation images, and the held-out ones in parts."""
    tensors = importlib.import_module(f"d2lsched.{framework}").tensors
    split = heldout(images)
    cuts = [slice(first, first + 1000) for first in range(0, len(split), 1000)]
    held = [(tensors(Split(split.images[part], split.labels[part]))[0], split.labels[part])
            for part in cuts]  # fmt: skip
    return tensors(mnist(1, VALIDATION, 0).validation), held


@cache
def compiled(framework: str) -> Callable[..., Any]:
    """A framework's `network`, compiled: it takes a third less time."""
    network = importlib.import_module(f"d2lsched.{framework}").network
    if framework == "jax":
        return importlib.import_module("jax").jit(network, static_argnums=0)
    return importlib.import_module("tensorflow").function(network)


def answers(setting: Setting, history: History) -> np.ndarray:
    """Which held-out images a run gets right: bool, shape (images,)."""
    network = compiled(setting.framework)
    weights, right = history.state.weights, []
    for images, labels in converted(setting.framework, setting.images)[1]:
        logits = np.asarray(network(setting.model, weights, images))
        right.append(logits.argmax(axis=1) == labels)
    return np.concatenate(right)


def executed(setting: Setting, name: str, rate: float) -> Chunk:
    """The runs of a candidate at a peak, with all seeds."""
    module = importlib.import_module(f"d2lsched.{setting.framework}")
    validation = converted(setting.framework, setting.images)[0]
    rows = []
    for seed in setting.seeds:
        start = time.process_time()
        history = trained(setting, name, rate, seed)
        loss, accuracy = module.evaluate(history.state, *validation)
        right = answers(setting, history)
        row = {
            "seed": seed, "validation_accuracy": accuracy,
            "test_accuracy": right[-10_000:].mean(), "heldout_accuracy": right.mean(),
            "train_accuracy": history.train_accuracy[-1], "validation_loss": loss,
            "right": right,
            "cpu_seconds": time.process_time() - start,
        }  # fmt: skip
        rows.append(row)
    chunk = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    used = [f"{name} {sys.modules[name].__version__}" for name in ("numpy", setting.framework)]
    packed = np.packbits(chunk["right"], axis=1)
    return {**chunk, "right": packed, "versions": np.repeat(", ".join(used), len(rows))}


def stored(setting: Setting, name: str, step: int) -> Path:
    """Where the runs of a candidate at a step of the lattice are kept until all are done."""
    return RUNS / str(setting) / f"{name}@{step}.npz"


def execute(setting: Setting, name: str, step: int) -> tuple[str, int]:
    """Execute runs in this process, and keep them."""
    path = stored(setting, name, step)
    chunk = executed(setting, name, peak(step))
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, **chunk)  # type: ignore[arg-type]
    unfinished.replace(path)
    return name, step


def done(setting: Setting, name: str) -> dict[int, Path]:
    """The steps of the lattice that have been run, in order."""
    found = stored(setting, name, 0).parent.glob(f"{name}@*.npz")
    steps = {
        int(path.stem.partition("@")[2]): path for path in found if "part" not in path.name
    }
    return dict(sorted(steps.items()))


def wanted(setting: Setting, name: str) -> list[int]:
    """The steps that are still to be run: the first window, then until the best is inside.

    The best has the highest mean validation accuracy, of equals the lowest rate. It must lie
    at least `EDGE` steps from either end.
    """
    centers = CENTERS[setting.model, setting.optimizer]
    center = centers.get(name, centers[""])
    reach, there = WINDOW[setting.model], done(setting, name)
    window = range(center - reach, center + reach + 1)
    if missing := [step for step in window if step not in there]:
        return missing
    score = {step: np.load(path)["validation_accuracy"].mean() for step, path in there.items()}
    best = max(score, key=lambda step: score[step])
    return [step for step in range(best - EDGE, best + EDGE + 1) if step not in there]


def run(setting: Setting, n_jobs: int, names: tuple[str, ...] = ()) -> None:
    """All runs of a setting that are not there yet, with a bar that counts peaks.

    names: of the candidates; all of the setting's by default.
    """
    stored(setting, "", 0).parent.mkdir(parents=True, exist_ok=True)
    names = names or setting.names
    # one thread a process: an update is too small to share between cores
    threads = {
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
        "NPROC": "1", "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip
    os.environ.update(threads)
    there = sum(len(done(setting, name)) for name in names)
    with (
        tqdm(initial=there, total=there, desc=str(setting), unit="peak", smoothing=0.05) as bar,
        Parallel(n_jobs, return_as="generator_unordered", batch_size=1) as workers,
    ):
        while tasks := [(name, step) for name in names for step in wanted(setting, name)]:
            bar.total += len(tasks)
            for name, step in workers(delayed(execute)(setting, *task) for task in tasks):
                bar.set_postfix_str(f"{name} {peak(step)}", refresh=False)
                bar.update()


COLUMNS = [
    "name", "model", "optimizer", "images", "epochs", "peak", "seed", "validation_accuracy",
    "test_accuracy", "heldout_accuracy", "train_accuracy", "validation_loss",
]  # fmt: skip


def collected(setting: Setting) -> pd.DataFrame:
    """All runs of a setting, a row a run: `COLUMNS`, and the CPU seconds that each took."""
    tables = []
    for name in setting.names:
        for step, path in done(setting, name).items():
            chunk = dict(np.load(path))
            del chunk["right"]
            tables.append(pd.DataFrame({"name": name, "peak": peak(step), **chunk}))
    table = pd.concat(tables, ignore_index=True)
    about = {"model": setting.model, "optimizer": setting.optimizer,
             "images": setting.images, "epochs": setting.epochs}  # fmt: skip
    return table.assign(**about)[[*COLUMNS, "cpu_seconds", "versions"]]


def right(setting: Setting) -> dict[str, np.ndarray]:
    """Which held-out images each candidate's runs at its best peak get right, packed."""
    # as d2lsched.study.best chooses: of equal peaks the lowest
    found = {}
    for name in setting.names:
        chunks = {step: np.load(path) for step, path in done(setting, name).items()}
        best = max(chunks, key=lambda step: chunks[step]["validation_accuracy"].mean())
        found[name] = chunks[best]["right"]
    return found


def covariance(right: np.ndarray) -> np.ndarray:
    """How the candidates' mean accuracies vary together over other images: shape (k, k).

    right: bool, shape (k, seeds, images): who got what right. Whether a run gets an image right
    is taken as a mean, plus what the seed, plus what the image, plus what both together add;
    the covariance is that of the third, divided by the number of images. What both add shows
    between seeds, too, and is not counted twice.
    """
    k, seeds, images = right.shape
    x = right - right.mean(axis=2, keepdims=True, dtype=np.float32)
    own = x.mean(axis=1, keepdims=True)
    both = (x - own).reshape(k, -1)
    of_both = both @ both.T / ((seeds - 1) * (images - 1))
    of_image = own[:, 0] @ own[:, 0].T / (images - 1) - of_both / seeds
    return of_image.astype(float) / images


def write(setting: Setting) -> None:
    """Write what is committed.

    The table of all runs; for the runs at the best peaks the covariances over images, which
    verdicts need, and the answers, from which they come.
    """
    table = collected(setting)
    STUDY.mkdir(exist_ok=True)
    RIGHT.mkdir(exist_ok=True)
    about = notes(
        command=f"make experiments SETTING={setting}",
        runs=f"{len(table):,}, of {setting.updates * BATCH:,} images each",
        hours=f"{table['cpu_seconds'].sum() / 3600:.2f} of one core",
        versions=", ".join(sorted(set(table["versions"]))),
    )
    text = "".join(f"# {name}: {value}\n" for name, value in about.items())
    text += table[COLUMNS].to_csv(index=False, float_format="%.6g", lineterminator="\n")
    (STUDY / f"{setting}.csv.xz").write_bytes(lzma.compress(text.encode(), preset=9))
    packed = np.stack([*right(setting).values()])
    (RIGHT / f"{setting}.xz").write_bytes(lzma.compress(packed.tobytes(), preset=9))
    names = list(setting.names)
    over_images = pd.DataFrame(covariance(unpacked(setting)), names, names)
    over_images.to_csv(
        STUDY / f"{setting}.images.csv", float_format="%.4g", lineterminator="\n"
    )


def unpacked(setting: Setting) -> np.ndarray:
    """The committed answers at the best peaks: bool, (candidates, seeds, held-out images)."""
    flat = np.frombuffer(lzma.decompress((RIGHT / f"{setting}.xz").read_bytes()), np.uint8)
    packed = flat.reshape(len(setting.names), len(setting.seeds), -1)
    images = len(heldout(setting.images))
    return np.unpackbits(packed, axis=2, count=images).astype(bool)


def main() -> None:
    """Run and write the settings that the command names, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", nargs="*", help=f"of {', '.join(map(str, SETTINGS))}")
    parser.add_argument("--jobs", type=int, default=-1, help="processes (-1: one a core)")
    options = parser.parse_args()
    asked = [Setting.named(name) for name in options.settings] or SETTINGS
    for one in asked:
        if one not in SETTINGS:
            parser.error(f"there is no setting {one}")
        run(one, options.jobs)
        write(one)


if __name__ == "__main__":
    # Processes find functions by their module, which __main__ is not there.
    from experiments import comparison

    comparison.main()
