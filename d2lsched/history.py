"""What a training run leaves behind."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from .plotting import Figure

_PER_UPDATE_OR_EPOCH = (
    "lr",
    "loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
)


@dataclass(repr=False)
class History:
    """The record of one run.

    lr, loss: one value per update: the rate used, the loss on its batch before it.
    train_accuracy: per epoch: the share of right answers, each batch asked before its update.
    validation_loss, validation_accuracy: per epoch, at its end.
    test_accuracy: once, at the end of the run. Accuracies are between 0 and 1.
    seconds: time spent in updates, compilation included, evaluation not.
    settings: the arguments of `train`; schedule: the schedule, as text.
    state: where the run ended, to continue from; it is neither compared nor saved.
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
        """Whether some loss was not finite, or the last is over twice that of guessing."""
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
        """Rate, loss and accuracy over one time axis; see `plotting.plot_history`."""
        from .plotting import plot_history

        return plot_history(self, **options)

    def save(self, path: str | Path) -> None:
        """Write everything but the state as JSON; numbers survive exactly."""
        data = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "state"}
        Path(path).write_text(
            json.dumps(_strict(data), ensure_ascii=False, allow_nan=False) + "\n",
            encoding="utf-8",
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError:  # neither text nor JSON
            data = None
        names = {f.name for f in fields(cls)} - {"state"}
        if not isinstance(data, dict) or data.keys() != names:
            raise ValueError(
                f"{path} does not hold a History: it must be a file made by save()"
            )
        for name in _PER_UPDATE_OR_EPOCH:
            data[name] = [float(value) for value in data[name]]
        return cls(**{**data, "test_accuracy": float(data["test_accuracy"])})


def _strict(value: Any) -> Any:
    """JSON has no NaN and no infinity: they are written as the words float() reads."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    return [_strict(item) for item in value] if isinstance(value, list) else value
