"""Keras on any backend: what follows a schedule there. It needs no TensorFlow.

A model that was saved with a schedule loads where this module has been imported, and with it
the module of a schedule of your own.
"""

from __future__ import annotations

import warnings
from typing import Any

from .extras import needs
from .schedules import ReduceOnPlateau, Schedule
from .schedules.base import KINDS, a_schedule, parts_of, require

with needs("tensorflow"):
    import keras


@keras.saving.register_keras_serializable(package="d2lsched")
class KerasSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A Keras schedule that follows a d2lsched schedule; made by `native`."""

    def __init__(self, schedule: Schedule):
        super().__init__()
        self.schedule = schedule

    def __call__(self, step: Any) -> Any:
        """The rate of an update, as a float32 tensor of Keras' backend."""
        return keras.ops.cast(self.schedule(keras.ops.convert_to_tensor(step)), "float32")

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        modules = {
            type(part).__name__: type(part).__module__ for part in parts_of(self.schedule)
        }
        own = {kind: name for kind, name in modules.items() if not name.startswith("d2lsched.")}
        return {"schedule": self.schedule.config(), "own": own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> KerasSchedule:
        """What Keras loads. ValueError for a user's own schedule that is not defined yet."""
        for kind, module in config.get("own", {}).items():
            known = f"defined before the model is loaded: import {module}"
            require(kind in KINDS, "schedule", kind, known)
        return cls(Schedule.from_config(config["schedule"]))


class PlateauCallback(keras.callbacks.Callback):
    """A Keras callback that follows a ReduceOnPlateau; made by `native`.

    Its attribute ``plateau`` is what has been observed so far, and lasts from fit to fit.
    """

    def __init__(self, plateau: ReduceOnPlateau, monitor: str = "val_loss"):
        super().__init__()
        self.plateau, self.monitor = plateau, monitor

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Set the rate."""
        self.model.optimizer.learning_rate = self.plateau.rate

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the epoch's rate, observe its metric, and set the rate that follows."""
        logs = {} if logs is None else logs
        seen = sorted(logs)
        logs["learning_rate"] = self.plateau.rate
        if self.monitor not in seen:
            text = f"monitor = {self.monitor!r} is not among this epoch's metrics, {seen}"
            warnings.warn(f"{text}: nothing was observed", stacklevel=2)
            return
        self.plateau = self.plateau.observe(logs[self.monitor])
        self.model.optimizer.learning_rate = self.plateau.rate


def native(
    schedule: Schedule | ReduceOnPlateau, monitor: str = "val_loss"
) -> KerasSchedule | PlateauCallback:
    """The schedule as a Keras LearningRateSchedule, or a ReduceOnPlateau as a callback.

    schedule: any schedule of this package; its unit is the update. A model saved with it
        loads wherever `d2lsched.keras` has been imported. A ReduceOnPlateau becomes a callback
        for ``fit``, to go on with later as ``native(callback.plateau)``.
    monitor: the metric that a ReduceOnPlateau observes at the end of every epoch. A UserWarning
        says when it is not there.

    ValueError for anything else. Only the rate: Keras compiles momentum and weight decay into
    the training step, as they are when it begins.

    >>> from d2lsched import CosineDecay
    >>> rate = native(CosineDecay(0.2, steps=4))
    >>> [round(float(rate(step)), 4) for step in range(4)]
    [0.2, 0.1707, 0.1, 0.0293]
    >>> optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    >>> callback = native(ReduceOnPlateau(0.2, factor=0.5, patience=2))
    """
    if isinstance(schedule, ReduceOnPlateau):
        return PlateauCallback(schedule, monitor)
    return KerasSchedule(a_schedule("schedule", schedule, " or a ReduceOnPlateau"))
