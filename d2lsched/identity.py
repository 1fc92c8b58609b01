"""What a schedule of the user's own is: not its name, but the code that computes it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from pickle import PicklingError
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .extras import needs
from .schedules.base import parts_of

with needs("sweep"):
    from cloudpickle import cloudpickle
    from joblib.hashing import NumpyHasher


def own(module: str | None) -> bool:
    """Whether a module is neither Python's nor d2lsched's nor installed, but the user's.

    >>> own("__main__"), own("d2lsched.schedules"), own("numpy"), own("math")
    (True, False, False, False)
    """
    top = str(module).partition(".")[0]
    if module == "__main__" or top == "d2lsched" or top in sys.stdlib_module_names:
        return module == "__main__"
    file = getattr(sys.modules.get(str(module)), "__file__", None)
    return not {"site-packages", "dist-packages"} & set(Path(file or "").parts)


def is_ours(value: Any) -> bool:
    """Whether a schedule's text says all of it: it is d2lsched's, as are those inside of it.

    >>> from d2lsched import Constant, Warmup
    >>> is_ours(Warmup(Constant(0.1), steps=5))
    True
    """
    return all(type(part).__module__.startswith("d2lsched.") for part in parts_of(value))


def identity(value: Any) -> tuple[str, list[ModuleType]]:
    """A hash of a value with the code that it runs, and the user's modules that hold it.

    value: a schedule, or a tuple of some. What its code refers to by name counts, too: a
        changed constant or helper is a change, a changed comment is none.

    ValueError for what cannot be compared, as an open file.

    >>> from d2lsched import Constant
    >>> identity(Constant(0.1))
    ('Constant(lr=0.1)', [])
    """
    if is_ours(value):
        return repr(value), []
    code = _Code("sha1")
    try:
        found: str = code.hash(value)
    except (PicklingError, TypeError) as error:
        allowed = "made of code and values that can be compared"
        raise ValueError(
            f"schedule = {value!r} is not allowed: {error}; it must be {allowed}"
        ) from error
    modules = (sys.modules.get(name) for name in sorted(code.modules - {"__main__"}))
    return found, [module for module in modules if module is not None]


class _Code(NumpyHasher):
    """joblib's hash, in which the user's classes and functions are code, and their modules."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.modules: set[str] = set()
        self.met: list[Any] = []

    def memoize(self, obj: Any) -> None:
        """Equal constants count as equal, whether or not Python holds them once."""
        if not isinstance(obj, tuple):
            super().memoize(obj)

    def reducer_override(self, value: Any) -> Any:
        """How to take a value apart, as pickle asks; NotImplemented is: as always."""
        if isinstance(value, frozenset):
            return tuple, (set(value),)
        if isinstance(value, CodeType):
            return tuple, ((value.co_code, value.co_consts, value.co_names),)
        if isinstance(value, property | cached_property | staticmethod | classmethod):
            found = (getattr(value, name, None) for name in ("fget", "func", "__func__"))
            return tuple, (tuple(found),)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            return type(value), (fields,)
        if isinstance(value, ModuleType):
            return str, (value.__name__,)
        if not isinstance(value, type | FunctionType) or not own(value.__module__):
            return NotImplemented
        if value in self.met:  # it refers to itself
            return str, (value.__qualname__,)
        self.met.append(value)
        self.modules.add(value.__module__)
        parts = self._class(value) if isinstance(value, type) else self._function(value)
        return tuple, ((value.__module__, value.__qualname__, *parts),)

    def _class(self, value: type) -> Iterator[Any]:
        yield value.__bases__
        yield {
            name: part
            for name, part in vars(value).items()
            if isinstance(part, FunctionType) or not name.startswith(("__", "_abc_"))
        }

    def _function(self, value: FunctionType) -> Iterator[Any]:
        yield value.__code__, value.__defaults__, value.__kwdefaults__
        yield [cell.cell_contents for cell in value.__closure__ or ()]
        globals_ = cloudpickle._extract_code_globals(value.__code__)
        yield self._meant(globals_, value.__globals__, set(_names(value.__code__)))

    def _meant(self, names: Any, scope: dict[str, Any], attributes: set[str]) -> dict[str, Any]:
        """What names mean; of a module of the user's, what the code may ask it for."""
        meant = {name: scope[name] for name in names if name in scope}
        for name, part in meant.items():
            if isinstance(part, ModuleType) and own(part.__name__):
                self.modules.add(part.__name__)
                left = attributes - {name}
                meant[name] = self._meant(left, vars(part), left)
        return meant


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)
