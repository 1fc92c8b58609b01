"""Training for the lab in the kernel, with an installed framework; the page shows it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Thread
from typing import Any

import numpy as np

from ..data import mnist
from ..history import History, _strict
from ..run import State
from ..schedules import Schedule
from ..settings import FRAMEWORKS
from .images import TRAIN, VALIDATION

PICTURES = 24
"""How many mistakes of a run are shown."""


def installed() -> list[str]:
    """The frameworks that this kernel can train with; none of them is imported.

    >>> "numpy" in installed()
    True
    """
    return [name for name in FRAMEWORKS if importlib.util.find_spec(name) is not None]


class _Ended(Exception):
    pass


class Training(Thread):
    """Runs, one after the other, in a thread: the kernel stays free for other cells.

    framework: one of `installed`. runs: what the page wants, each with id, config, seed,
    optimizer, momentum and updates. send: takes a dict of news for the page, after each epoch.
    """

    def __init__(
        self, framework: str, runs: Sequence[Mapping[str, Any]], send: Callable[[Any], None]
    ):
        super().__init__(daemon=True)
        self._framework, self._runs, self._send = framework, runs, send
        self._going, self._ended = Event(), False
        self._going.set()

    def told(self, word: str) -> None:
        """Stop, go on, or end, after the epoch under way."""
        self._ended = self._ended or word == "end"
        if word == "stop":
            self._going.clear()
        else:
            self._going.set()

    def run(self) -> None:
        """Train, and tell the page; an error is told as well."""
        try:
            twin = importlib.import_module(f"d2lsched.{self._framework}")
            data = mnist(TRAIN, VALIDATION, test=0)
            for run in self._runs:
                self._one(twin, data, run)
        except _Ended:
            pass
        except Exception as error:
            self._send({"failed": f"{type(error).__name__}: {error}"})

    def _one(self, twin: Any, data: Any, run: Mapping[str, Any]) -> None:
        known, seconds = 0, 0.0

        def after_epoch(state: State, history: History) -> None:
            nonlocal known, seconds
            losses = history.loss[known:]
            epoch = {
                "validationLoss": history.validation_loss[-1],
                "accuracy": history.validation_accuracy[-1],
                "trainAccuracy": history.train_accuracy[-1],
            }
            done = len(history.loss) >= run["updates"] or history.diverged
            news = {
                "id": run["id"],
                "losses": losses,
                "epoch": epoch,
                "images": 128 * len(losses),
            }
            news["seconds"] = history.seconds - seconds
            if done:
                wrong = _wrong(twin, state, data.validation)
                news["end"] = {"diverged": history.diverged, "wrong": wrong}
            self._send(_strict(news, lambda _: None))
            known, seconds = len(history.loss), history.seconds
            self._going.wait()
            if self._ended:
                raise _Ended

        twin.train(
            Schedule.from_config(run["config"]), data=data, after_epoch=after_epoch,
            epochs=run["updates"] // (TRAIN // 128),
            **{name: run[name] for name in ("seed", "optimizer", "momentum")},
        )  # fmt: skip


def _wrong(twin: Any, state: State, split: Any) -> list[dict[str, Any]]:
    from ..numpy import network, tensors

    images = split.images.reshape(-1, 784)
    taken = network(twin.weights(state), tensors(split)[0])[1].argmax(axis=1)
    found = np.flatnonzero(taken != split.labels)[:PICTURES]
    return [
        {"label": int(split.labels[i]), "taken": int(taken[i]), "pixels": images[i].tolist()}
        for i in found
    ]
