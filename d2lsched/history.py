"""What a training run leaves behind."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .schedules.base import require

if TYPE_CHECKING:
    from .plotting import Figure

_LISTS = tuple(
    (name, list)
    for name in ("lr", "loss", "train_accuracy", "validation_loss", "validation_accuracy")
)


@dataclass(repr=False)
class History:
    """The record of one run.

    framework: which twin trained: "numpy", "torch", "tensorflow" or "jax".
    schedule: the schedule as text, or the constant rate.
    settings: the other arguments of `train`, the number of training images, and the update
        at which the run began.
    lr, loss: one value per update: the rate used, the loss on its batch before it.
    train_accuracy: per epoch: the share of right answers, each batch asked before its update.
    validation_loss, validation_accuracy: per epoch, at its end.
    test_accuracy: once, at the end of the run. Accuracies are between 0 and 1.
    seconds: time spent in updates, compilation included, evaluation not.
    state: where the run ended, to continue from; it is neither compared nor saved.

    >>> from d2lsched import numpy as d2l
    >>> from d2lsched.data import mnist
    >>> data = mnist(train=256, validation=128, test=128)
    >>> history = d2l.train(0.1, epochs=3, data=data)
    >>> history.lr, len(history.loss), len(history.validation_accuracy)
    ([0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 6, 3)
    >>> history  # doctest: +ELLIPSIS
    numpy: mlp with sgd
      0.1
      3 epochs, 6 updates, ... s, loss 2.371 → 1.22
      accuracy: validation 71.88%, test 60.16%
    """

    framework: str
    schedule: str | float
    settings: dict[str, Any]
    lr: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    test_accuracy: float = math.nan
    seconds: float = 0.0
    state: Any = field(default=None, compare=False)

    @property
    def diverged(self) -> bool:
        """Whether some loss was not finite, or the last is over twice that of guessing.

        Guessing one of ten digits has the loss ln 10 ≈ 2.3.

        >>> history = History("numpy", 9.0, {}, loss=[2.3, 1e9, math.inf])
        >>> history.diverged
        True
        """
        losses = self.loss + self.validation_loss
        return not all(map(math.isfinite, losses)) or losses[-1:] > [2 * math.log(10)]

    def __repr__(self) -> str:
        epochs, s = len(self.validation_accuracy), self.settings
        what = (
            f"{self.framework}: {s.get('model')} with {s.get('optimizer')}\n  {self.schedule}"
        )
        if not epochs:
            return f"{what}\n  not trained"
        updates = f"{len(self.loss)} updates, {self.seconds:.1f} s"
        ran = f"{epochs} epoch{'s' * (epochs > 1)}, {updates}"
        last = f"loss {self.loss[0]:.3f} → {self.loss[-1]:.3g}"
        if self.diverged:
            return f"{what}\n  {ran}, {last}: diverged"
        validation, test = self.validation_accuracy[-1], self.test_accuracy
        return (
            f"{what}\n  {ran}, {last}\n  accuracy: validation {validation:.2%}, test {test:.2%}"
        )

    def plot(self, **options: Any) -> Figure:
        """Rate, loss and accuracy over one time axis.

        options: those of `plotting.plot_history`. ValueError if the run was not trained.

        >>> run = {"lr": [0.1, 0.1], "loss": [2.3, 1.9], "train_accuracy": [0.4]}
        >>> history = History("numpy", 0.1, {}, **run, validation_accuracy=[0.5])
        >>> history.plot()
        Rate, loss and accuracy over updates for numpy.
        """
        from .plotting import plot_history

        return plot_history(self, **options)

    def to_json(self) -> str:
        """Everything but the state, as strict JSON; numbers survive exactly.

        >>> History("numpy", 0.1, {}, lr=[0.1], loss=[2.3]).to_json()[:51]
        '{"framework": "numpy", "schedule": 0.1, "settings":'
        """
        data = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "state"}
        return json.dumps(_strict(data, str), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        text: JSON. ValueError for anything that is not a History's.

        >>> history = History("numpy", 0.1, {}, lr=[1 / 3], loss=[math.inf])
        >>> again = History.from_json(history.to_json())
        >>> again.lr, again.loss
        ([0.3333333333333333], [inf])
        """
        try:
            data = json.loads(text)
            require(isinstance(data, dict), "a History", type(data).__name__, "a JSON object")
            names = {f.name for f in fields(cls)} - {"state"}
            require(data.keys() == names, "a History's names", sorted(data), f"{sorted(names)}")
            for name, kind in (("framework", str), ("settings", dict), *_LISTS):
                found = type(data[name])
                require(found is kind, name, found.__name__, f"a {kind.__name__}")
            for name, _ in _LISTS:
                data[name] = [_number(name, value) for value in data[name]]
            for name in ("test_accuracy", "seconds"):
                data[name] = _number(name, data[name])
            if not isinstance(data["schedule"], str):
                data["schedule"] = _number("schedule", data["schedule"])
        except RecursionError:
            raise ValueError("the text is nested too deep for a History's") from None
        return cls(**data)

    def save(self, path: str | Path) -> None:
        """Write everything but the state as JSON; numbers survive exactly.

        path: the file, written over if it is there. OSError if it cannot be written.

        >>> import tempfile
        >>> history = History("numpy", 0.1, {}, lr=[1 / 3], loss=[2.3])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     history.save(f"{folder}/run.json")
        ...     History.load(f"{folder}/run.json").lr
        [0.3333333333333333]
        """
        Path(path).write_text(self.to_json() + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote; the state is not there, so the run cannot go on from it.

        path: the file. ValueError if it holds something else, OSError if it cannot be read.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     History("numpy", 0.1, {}).save(f"{folder}/run.json")
        ...     History.load(f"{folder}/run.json")
        numpy: None with None
          0.1
          not trained
        """
        try:
            return cls.from_json(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:  # neither text nor JSON, or not ours
            raise ValueError(
                f"{path} does not hold a History, as save() makes it: {error}"
            ) from error


def _strict(value: Any, instead: Callable[[float], Any]) -> Any:
    """Plain data as JSON knows them, with something instead of NaN and infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return instead(value)
    if isinstance(value, dict):
        return {key: _strict(item, instead) for key, item in value.items()}
    return [_strict(item, instead) for item in value] if isinstance(value, list) else value


def _number(name: str, value: Any) -> float:
    """A number, or what `_strict` made of it; JSON's integers know no bounds."""
    whole = type(value) is int and abs(value) <= sys.float_info.max
    known = whole or type(value) is float or value in ("nan", "inf", "-inf")
    require(known, name, value, "made of numbers")
    return float(value)
