"""What all schedules share: asking for a rate, checking parameters, saving and loading."""

from __future__ import annotations

import dataclasses
import math
import numbers
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from inspect import isabstract
from typing import Annotated, Any, Self, get_args, get_type_hints

import numpy as np

from .backends import NUMPY, Backend, backend_of

_BLOCK = 16_000  # a table is made in parts whose intermediate results stay in the cache


def require(condition: bool, name: str, value: object, allowed: str) -> None:
    """Raise a ValueError that names the parameter, its value and what is allowed."""
    if not condition:
        raise ValueError(f"{name} = {value!r} is not allowed: it must be {allowed}")


def mix(high: float, low: float, share: Any) -> Any:
    """The rate that is ``share`` of the way from low to high: at 0 and 1 exactly these."""
    rate = high * share
    if low:  # a table notices every pass over it
        rate += low * (1 - share)
    return rate


def number(name: str, value: Any) -> Any:
    """A Python number for what is one of NumPy, torch, TensorFlow or JAX, of no axis.

    Anything else is returned as it is. ValueError for what a compiler traces.
    """
    if getattr(value, "shape", None) != ():
        return value
    try:
        _, known = backend_of(value).clock(value)
    except TypeError:
        return value
    way_out = "a number that is known: call float() on it before jit, vmap or compile sees it"
    require(known, name, value, way_out)
    return value.item() if hasattr(value, "item") else value.numpy().item()


def whole(name: str, value: Any, least: int) -> None:
    """Raise a ValueError unless value is a whole number, at least ``least``."""
    plain = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    require(plain and value >= least, name, value, f"a whole number, at least {least}")


def number_that(allowed: str, fits: Callable[[Any], bool], kind: type = float) -> Any:
    """The check of a finite number that fits, as kind: float or int."""

    def check(name: str, given: Any) -> Any:
        value = number(name, given)  # NumPy's float32 would compare in float32
        plain = isinstance(value, numbers.Real) and not isinstance(value, bool)
        finite = plain and abs(value) <= sys.float_info.max
        exact = finite and (kind is float or value == int(value))
        require(exact and fits(value), name, given, allowed)
        return kind(value)

    return check


_updates = number_that("a whole number of updates, at least 1", lambda n: n >= 1, int)


def _flag(name: str, value: Any) -> bool:
    require(isinstance(value, bool | np.bool_), name, value, "True or False")
    return bool(value)


def one_of(name: str, value: object, choices: Any) -> None:
    """Raise a ValueError unless value is one of a Literal's choices."""
    allowed = get_args(choices)
    require(value in allowed, name, value, f"one of {', '.join(allowed)}")


def _several(name: str, value: Any, what: str) -> tuple[Any, ...]:
    allowed = f"a list of {what}, not empty"
    several = isinstance(value, list | tuple | np.ndarray) and len(value) > 0
    require(several, name, value, allowed)
    return tuple(value)


def _milestones(name: str, value: Any) -> tuple[int, ...]:
    updates = tuple(_updates(name, item) for item in _several(name, value, "update numbers"))
    require(list(updates) == sorted(updates), name, value, "update numbers that never fall")
    return updates


def _boundaries(name: str, value: Any) -> tuple[int, ...]:
    updates = _milestones(name, value)
    require(len({*updates}) == len(updates), name, value, "update numbers that rise")
    return updates


def _schedules(name: str, value: Any) -> tuple[Schedule, ...]:
    return tuple(a_schedule(name, item) for item in _several(name, value, "schedules"))


def a_schedule(name: str, value: Any, or_else: str = "") -> Schedule:
    """The value, a schedule; or a ValueError that says what is taken."""
    require(
        isinstance(value, Schedule), name, value, f"a schedule, such as Constant(0.1){or_else}"
    )
    return value


KINDS: dict[str, type[Schedule]] = {}  # by name, as `Schedule.from_config` finds them

# A parameter's type says what is allowed; Schedule.__post_init__ enforces it.
Rate = Annotated[float, number_that("a finite number, at least 0", lambda x: x >= 0)]
"""A learning rate: finite, at least 0."""
Factor = Annotated[float, number_that("a number above 0 and at most 1", lambda x: 0 < x <= 1)]
"""A factor in (0, 1]."""
Updates = Annotated[int, _updates]
"""A number of updates: whole, at least 1."""
Positive = Annotated[float, number_that("a finite number above 0", lambda x: x > 0)]
"""A finite number above 0."""
UpdatesOrNone = Annotated[
    int | None, lambda name, value: None if value is None else _updates(name, value)
]
"""A number of updates, or None."""
Share = Annotated[float, number_that("a number from 0 to 1", lambda x: 0 <= x <= 1)]
"""A number from 0 to 1."""
Count = Annotated[int, number_that("a whole number, at least 0", lambda n: n >= 0, int)]
"""A whole number, at least 0."""
Flag = Annotated[bool, _flag]
"""True or False."""
Boundaries = Annotated[tuple[int, ...], _boundaries]
"""Update numbers, each at least 1, rising."""
Milestones = Annotated[tuple[int, ...], _milestones]
"""Update numbers, each at least 1, rising or repeated."""
Inners = Annotated[tuple["Schedule", ...], _schedules]
"""One or more schedules inside another one."""
Inner = Annotated["Schedule", a_schedule]
"""A schedule inside another one."""


def checked(instance: Any) -> None:
    """Check the parameters of a frozen dataclass by their types, and make them regular."""
    kind: Any = type(instance)
    if "__checks__" not in vars(
        kind
    ):  # kept in the class, which may go where its module is not
        hints = get_type_hints(kind, include_extras=True)
        named = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
        kind.__checks__ = {
            name: hint.__metadata__[0]
            for name, hint in named.items()
            if hasattr(hint, "__metadata__")
        }
    for name, check in kind.__checks__.items():
        object.__setattr__(instance, name, check(name, getattr(instance, name)))


@dataclasses.dataclass(frozen=True)
class Schedule(ABC):
    r"""A learning-rate schedule: a pure function of the update number.

    ``schedule(t)`` is the rate $\eta_t$ that update ``t`` uses, $t = 0, 1, \dots$ It
    takes a Python number, a NumPy array, or a torch, TensorFlow or JAX tensor (also
    inside ``jit``, ``vmap``, ``tf.function`` and ``torch.compile``) and returns the same kind
    and shape: float64 for NumPy's arrays, a Python number for its scalars, the framework's
    precision otherwise. A Python number, and JAX's weakly typed rate of a whole ``t``, leave
    weights in their own precision. Fractional ``t`` is allowed. Asking changes nothing.

    Errors: a negative or non-finite ``t`` is a ValueError where its value can be seen;
    inside a compiled function a negative ``t`` gives $\eta_0$. Other types are a TypeError.

    Source of rates that follow a schedule: Robbins and Monro, "A stochastic approximation
    method", Annals of Mathematical Statistics 22 (1951).

    A subclass is a frozen dataclass with a `formula`, and a `peak` if that is not its lr:

    >>> @dataclasses.dataclass(frozen=True)
    ... class Harmonic(Schedule):
    ...     lr: Rate
    ...
    ...     def formula(self, t, xp):
    ...         return self.lr / (1 + xp.real(t))
    >>> Harmonic(0.6)(2)
    0.19999999999999998
    >>> Harmonic(lr=-1)
    Traceback (most recent call last):
    ValueError: lr = -1 is not allowed: it must be a finite number, at least 0
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        before = KINDS.get(cls.__name__, cls).__module__
        if before.startswith("d2lsched.") and cls.__module__ != before:
            raise ValueError(
                f"{cls.__name__} is the name of a schedule of {before}: take another"
            )
        KINDS[cls.__name__] = cls

    def __post_init__(self) -> None:
        checked(self)
        for floor in ("end_lr", "min_lr"):
            if hasattr(self, floor) and hasattr(self, "lr"):
                value = getattr(self, floor)
                require(value <= self.lr, floor, value, f"at most lr = {self.lr}")

    @property
    def peak(self) -> float:
        """The largest rate that this schedule can give: lr, where a subclass says no other.

        >>> from d2lsched import CosineDecay, OneCycle
        >>> CosineDecay(0.3, steps=20).peak, OneCycle(0.5, steps=100).peak
        (0.3, 0.5)
        """
        rate: float = self.lr  # type: ignore[attr-defined]
        return rate

    @abstractmethod
    def formula(self, t: Any, xp: Backend) -> Any:
        """The rate at update t, written over the functions of xp: what a subclass defines.

        t: update numbers at least 0, of the kind that xp computes with; the result has their
            shape. Rounding may lift it above `peak` or below 0: asking by ``schedule(t)``
            or `table` cuts that off.
        xp: the functions of one kind of numbers, a `d2lsched.schedules.backends.Backend`.

        >>> from d2lsched import Rex
        >>> from d2lsched.schedules.backends import PYTHON
        >>> Rex(0.3, steps=10).formula(5, PYTHON)
        0.2
        """

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
        """The rates of the first n updates: float64, shape (n,).

        n: how many updates, at least 0. ValueError for anything else.

        >>> from d2lsched import LinearDecay
        >>> LinearDecay(0.4, steps=4).table(6)
        array([0.4, 0.3, 0.2, 0.1, 0. , 0. ])
        """
        require(
            isinstance(n, numbers.Integral) and n >= 0, "n", n, "a whole number, at least 0"
        )
        rates, peak = np.empty(n), self.peak
        t = np.arange(min(n, _BLOCK))
        for start in range(0, n, _BLOCK):
            block = rates[start : start + _BLOCK]
            np.clip(self.formula(t[: len(block)], NUMPY), 0.0, peak, out=block)
            t += _BLOCK
        return rates

    def _bounded(self, t: Any, xp: Backend) -> Any:
        # Rounding must not lift a rate above the peak or push it below zero.
        return xp.maximum(xp.minimum(self.formula(t, xp), self.peak), 0.0)

    def config(self) -> dict[str, Any]:
        """This schedule as plain data (names, numbers, strings, nested dicts and lists).

        >>> from d2lsched import Constant, Warmup
        >>> Warmup(Constant(0.1), steps=5).config()["schedule"]
        {'kind': 'Constant', 'lr': 0.1}
        """
        values = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}
        return {"kind": type(self).__name__, **values}

    @staticmethod
    def from_config(config: dict[str, Any]) -> Schedule:
        """The schedule that `config` described.

        config: plain data, perhaps read from JSON. ValueError, with the name, for anything
            that is no schedule's.

        >>> Schedule.from_config({"kind": "CosineDecay", "lr": 0.3, "steps": 20})
        CosineDecay(lr=0.3, steps=20, end_lr=0.0)
        """
        require(isinstance(config, dict), "config", config, "a dict, as config() gives it")
        values = dict(config)
        kind = values.pop("kind", None)
        known = {name: cls for name, cls in KINDS.items() if not isabstract(cls)}
        found = isinstance(kind, str) and kind in known
        require(found, "kind", kind, f"one of {sorted(known)}")
        try:
            return known[kind](**{name: _revived(v) for name, v in values.items()})
        except RecursionError:
            raise ValueError(f"{kind}: its schedules are nested too deep") from None
        except TypeError as error:  # of names: too many, or too few
            raise ValueError(f"{kind}: {error}") from None

    def replace(self, **changes: Any) -> Self:
        """This schedule with some parameters changed.

        changes: parameters by name. ValueError for values that are not allowed, TypeError
            for other names.

        >>> from d2lsched import CosineDecay
        >>> CosineDecay(0.3, steps=20).replace(lr=0.1)
        CosineDecay(lr=0.1, steps=20, end_lr=0.0)
        """
        return dataclasses.replace(self, **changes)


class SpecialCase(Schedule):
    """A schedule under its own name that is another one with some parameters fixed."""

    @property  # subclasses cache it
    @abstractmethod
    def general(self) -> Schedule:
        """The schedule that this one is."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.general  # made once, and its own checks with it

    @property
    def peak(self) -> float:
        return self.general.peak

    def formula(self, t: Any, xp: Backend) -> Any:
        return self.general.formula(t, xp)


def parts_of(value: Any) -> Iterator[Any]:
    """A schedule and those inside of it, outermost first; of a tuple, those of its items."""
    inner = value if isinstance(value, tuple) else ()
    if dataclasses.is_dataclass(value):  # or a ReduceOnPlateau
        yield value
        inner = tuple(getattr(value, field.name) for field in dataclasses.fields(value))
    for part in inner:
        yield from parts_of(part)


def _plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return value.config()
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _revived(value: Any) -> Any:
    if isinstance(value, dict):
        return Schedule.from_config(value)
    return tuple(_revived(v) for v in value) if isinstance(value, list) else value
