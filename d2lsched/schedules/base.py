"""What all schedules share: asking for a rate, checking parameters, saving and loading."""

from __future__ import annotations

import dataclasses
import math
import numbers
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, ClassVar, Self, get_type_hints

import numpy as np

from .backends import NUMPY, Backend, backend_of


def require(condition: bool, name: str, value: object, allowed: str) -> None:
    """Raise a ValueError that names the parameter, its value and what is allowed."""
    if not condition:
        raise ValueError(f"{name} = {value!r} is not allowed: it must be {allowed}")


def _number(name: str, value: Any, allowed: str) -> float:
    plain = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    require(plain and abs(value) <= sys.float_info.max, name, value, allowed)
    return float(value)


def _rate(name: str, value: Any) -> float:
    allowed = "a finite number, at least 0"
    number = _number(name, value, allowed)
    require(number >= 0, name, value, allowed)
    return number


def _factor(name: str, value: Any) -> float:
    allowed = "a number above 0 and at most 1"
    number = _number(name, value, allowed)
    require(0 < number <= 1, name, value, allowed)
    return number


def _updates(name: str, value: Any) -> int:
    allowed = "a whole number of updates, at least 1"
    number = _number(name, value, allowed)
    require(number >= 1 and number == int(value), name, value, allowed)
    return int(value)


def _schedule(name: str, value: Any) -> Schedule:
    require(isinstance(value, Schedule), name, value, "a schedule, such as Constant(0.1)")
    return value


# A parameter's type says what is allowed; Schedule.__post_init__ enforces it.
Rate = Annotated[float, _rate]
"""A learning rate: finite, at least 0."""
Factor = Annotated[float, _factor]
"""A factor in (0, 1]."""
Updates = Annotated[int, _updates]
"""A number of updates: whole, at least 1."""
Inner = Annotated["Schedule", _schedule]
"""A schedule inside another one."""


@cache
def _checks(cls: type) -> dict[str, Callable[[str, Any], Any]]:
    hints = get_type_hints(cls, include_extras=True)
    names = [field.name for field in dataclasses.fields(cls)]
    return {
        name: hints[name].__metadata__[0]
        for name in names
        if hasattr(hints[name], "__metadata__")
    }


@dataclasses.dataclass(frozen=True)
class Schedule(ABC):
    r"""A learning-rate schedule: a pure function of the update number.

    ``schedule(t)`` is the rate $\eta_t$ that update ``t`` uses, $t = 0, 1, \dots$ It
    takes a Python number, a NumPy array, or a torch, TensorFlow or JAX tensor (also
    inside ``jit``, ``vmap`` and ``tf.function``) and returns the same kind and shape:
    float64 for Python and NumPy, the framework's precision otherwise. Fractional ``t``
    is allowed. Asking changes nothing.

    Errors: a negative or non-finite ``t`` is a ValueError where its value can be seen;
    inside a compiled function a negative ``t`` gives $\eta_0$. Other types are a TypeError.

    A subclass is a frozen dataclass with a `formula` and a `peak`:

    >>> @dataclasses.dataclass(frozen=True)
    ... class Harmonic(Schedule):
    ...     lr: Rate
    ...
    ...     @property
    ...     def peak(self):
    ...         return self.lr
    ...
    ...     def formula(self, t, xp):
    ...         return self.lr / (1 + xp.real(t))
    >>> Harmonic(0.6)(2)
    0.19999999999999998
    >>> Harmonic(lr=-1)
    Traceback (most recent call last):
    ValueError: lr = -1 is not allowed: it must be a finite number, at least 0
    """

    _kinds: ClassVar[dict[str, type[Schedule]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Schedule._kinds[cls.__name__] = cls

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for name, check in _checks(kind).items():
            object.__setattr__(self, name, check(name, getattr(self, name)))

    @property
    @abstractmethod
    def peak(self) -> float:
        """The largest rate that this schedule can give."""

    @abstractmethod
    def formula(self, t: Any, xp: Backend) -> Any:
        """The rate at update ``t`` ≥ 0, written over the functions of ``xp``."""

    def __call__(self, t: Any) -> Any:
        xp = backend_of(t)
        t, known = xp.clock(t)
        if not known:
            t = xp.maximum(t, 0)
        elif not xp.all((t >= 0) & (xp.real(t) < math.inf)):
            raise ValueError(
                f"t = {t!r} is not an update number: it must be finite and at least 0"
            )
        return xp.result(self._bounded(t, xp), t)

    def table(self, n: int) -> np.ndarray:
        """The rates of the first ``n`` updates: float64, shape (n,)."""
        require(
            isinstance(n, numbers.Integral) and n >= 0, "n", n, "a whole number, at least 0"
        )
        return NUMPY.result(self._bounded(np.arange(n), NUMPY), None)

    def _bounded(self, t: Any, xp: Backend) -> Any:
        # Rounding must not lift a rate above the peak or push it below zero.
        return xp.maximum(xp.minimum(self.formula(t, xp), self.peak), 0.0)

    def config(self) -> dict[str, Any]:
        """This schedule as plain data (names, numbers, strings, nested dicts and lists)."""
        values = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}
        return {"kind": type(self).__name__, **values}

    @staticmethod
    def from_config(config: dict[str, Any]) -> Schedule:
        """The schedule that `config` described."""
        values = dict(config)
        kind = values.pop("kind", None)
        require(kind in Schedule._kinds, "kind", kind, f"one of {sorted(Schedule._kinds)}")
        return Schedule._kinds[kind](**{name: _revived(v) for name, v in values.items()})

    def replace(self, **changes: Any) -> Self:
        """This schedule with some parameters changed."""
        return dataclasses.replace(self, **changes)


def _plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return value.config()
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _revived(value: Any) -> Any:
    if isinstance(value, dict):
        return Schedule.from_config(value)
    return tuple(_revived(v) for v in value) if isinstance(value, list) else value
