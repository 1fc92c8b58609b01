"""The parameters of a training run: named, checked and described in this one place."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from .schedules import ReduceOnPlateau, Schedule
from .schedules.base import number, require, whole

FRAMEWORKS = ("numpy", "torch", "tensorflow", "jax")
OPTIMIZERS = ("sgd", "adam")
MODELS = ("mlp", "lenet")

Values = Schedule | Callable[[int], float] | float
"""A number, a schedule, or any function of the update number t = 0, 1, …"""


def values(name: str, source: Values, first: int, n: int, below: float = np.inf) -> np.ndarray:
    """What source gives for updates first, …, first + n − 1: float64, shape (n,).

    name: what the values are, for the message of an error.
    source: a number, a schedule, or a function of the update number.
    first, n: the first update, and how many.
    below: what none of them may reach.

    ValueError, with the name, if one of them is negative, not a number, or reaches `below`.

    >>> values("rate", lambda t: 0.1 * t, first=2, n=3)
    array([0.2, 0.3, 0.4])
    >>> values("rate", -0.1, first=0, n=3)
    Traceback (most recent call last):
    ValueError: rate = -0.1 is not allowed: it must be a number, at least 0
    """
    t = np.arange(first, first + n)
    allowed = "a number, at least 0" + (f" and below {below:g}" if below < np.inf else "")
    if isinstance(source, Schedule):
        found = source(t)
    elif callable(source):
        found = np.array([float(source(int(update))) for update in t])
    else:
        value = number(name, source)
        require(is_number(value) and 0 <= value < below, name, source, allowed)
        found = np.full(n, float(value))
    for update in np.flatnonzero(~((found >= 0) & (found < below))):
        require(False, f"{name} at update {t[update]}", float(found[update]), allowed)
    return found


@dataclass(frozen=True)
class Settings:
    """What one training run is: the parameters of `train`, checked.

    framework, schedule, seed, model, optimizer, momentum, weight_decay, epochs, batch_size:
        what `train`, `train_many` and `d2lsched.sweep.Run` take and a history records;
        `d2lsched.run.trainer` says what each means.

    ValueError, with the parameter, its value and what is allowed, for anything else.

    >>> Settings("numpy", 0.1, epochs=0)
    Traceback (most recent call last):
    ValueError: epochs = 0 is not allowed: it must be a whole number, at least 1
    """

    framework: str
    schedule: Values | ReduceOnPlateau
    seed: int = 0
    model: str = "mlp"
    optimizer: str = "sgd"
    momentum: Values = 0.9
    weight_decay: float = 0.0
    epochs: int = 10
    batch_size: Values = 128

    def __post_init__(self) -> None:
        for name, known in (
            ("framework", FRAMEWORKS), ("model", MODELS), ("optimizer", OPTIMIZERS),
        ):  # fmt: skip
            value = getattr(self, name)
            require(value in known, name, value, f"one of {', '.join(known)}")
        whole("epochs", self.epochs, 1)
        whole("seed", self.seed, 0)
        require(not callable(self.weight_decay), "weight_decay", self.weight_decay, "a number")
        kinds: dict[str, type] = {"epochs": int, "seed": int}
        for name, below in (("schedule", np.inf), ("momentum", 1.0), ("weight_decay", np.inf)):
            value = getattr(self, name)
            plateau = name == "schedule" and isinstance(value, ReduceOnPlateau)
            if not (callable(value) or plateau):  # what is, is asked when its update comes
                values(name, value, 0, 0, below)
                kinds[name] = float
        for name, kind in kinds.items():
            object.__setattr__(self, name, kind(getattr(self, name)))

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters as JSON knows them; schedules and functions as text.

        >>> Settings("numpy", abs, seed=3).settings["schedule"]
        'abs'
        """
        return {field.name: _described(getattr(self, field.name)) for field in fields(self)}


Called = TypeVar("Called", bound=Callable[..., Any])


def takes_settings(*own: str) -> Callable[[Called], Called]:
    """For a function with ``**settings``: its signature lists the parameters of `Settings`.

    own: those that the function gives itself.

    >>> @takes_settings("framework", "schedule", "seed", "momentum", "weight_decay")
    ... def show(rate, **settings): ...
    >>> inspect.signature(show)
    <Signature (rate, *, model='mlp', optimizer='sgd', epochs=10, batch_size=128)>
    """

    def listed(function: Called) -> Called:
        given = list(inspect.signature(function).parameters.values())[:-1]
        first = [p for p in given if p.kind is not p.KEYWORD_ONLY]
        named = [
            inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default)
            for field in fields(Settings)
            if field.name not in own
        ]
        signature = inspect.Signature([*first, *named, *given[len(first) :]])
        function.__signature__ = signature  # type: ignore[attr-defined]
        return function

    return listed


def _described(source: str | Values | ReduceOnPlateau) -> Any:
    if type(source) in (str, int, float):
        return source
    if isinstance(source, Schedule | ReduceOnPlateau):
        return repr(source)
    if callable(source):
        return getattr(source, "__name__", type(source).__name__)
    return int(source) if isinstance(source, numbers.Integral) else float(source)


def is_number(value: Any) -> bool:
    """Whether value is a real number; True and False are none.

    >>> is_number(0.5), is_number(True)
    (True, False)
    """
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
