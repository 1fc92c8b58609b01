"""Comparisons for answers: by value and by type, with messages that teach.

Visible check cells and the trusted grader use the same functions. Each looks at what an
answer returned and says in words what is wrong with it and at which update it went wrong;
none prints what it should have been. An answer is first made `plain`: numbers, strings,
lists and nothing with an ``__eq__`` of its own ever takes part in a comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

RELATIVE = 1e-5
"""Largest difference, in units of the largest expected value, that counts as equal: what
arithmetic in float32 may add up to, and far less than any mistake.
"""

ROUNDING = 3e-7
"""What float32 may leave, where numbers cancel, in units of the largest number among them."""


@dataclass(frozen=True)
class Strange:
    """Stands for a value that is no plain one, as "an object of type Foo"."""

    description: str


@dataclass(frozen=True)
class Failure:
    """Stands for an answer that never came: the error that was raised, or what ended it."""

    description: str


class CheckFailed(AssertionError):
    """A check found something; in a notebook only its sentence is shown, no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"Not yet: {self}"]


def plain(value: Any) -> Any:
    """Return the value in plain Python: None, bool, int, float, str, list, dict or Strange.

    Numbers of every kind (NumPy's, fractions, decimals) become int or float, arrays, tensors
    and tuples nested lists, mappings dictionaries with strings for keys; a tensor without
    dimensions is a number. All else is Strange: a set or a generator has no order that lasts.

    >>> plain((1, 2.5, [None, "x"]))
    [1, 2.5, [None, 'x']]
    >>> plain(object())
    Strange(description='an object of type object')
    """
    if value is None or type(value) in (bool, float, str):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Real | Decimal):
        try:
            number = float(value)
        except OverflowError:
            return Strange("a number of more than 300 digits")
        return int(value) if isinstance(value, Integral) else number
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    for name in ("tolist", "numpy"):  # arrays and tensors; TensorFlow's have the second only
        convert = getattr(value, name, None)
        if callable(convert) and not isinstance(value, type):
            return plain(convert())
    if isinstance(value, Iterator):
        return Strange("an iterator, which gives its values only once")
    return Strange(f"an object of type {type(value).__name__}")


def show(number: float) -> str:
    """Write a number with the digits that help to recognize it."""
    return f"{number:.6g}"


def kind_fault(got: Any, what: str) -> str | None:
    """Say why `got` is not one finite number, or None if it is one."""
    if isinstance(got, Failure):
        return f"{what} never came: {got.description}"
    if got is None:
        return f"{what} is None: does every path through the function end in `return`?"
    if isinstance(got, list) and len(got) == 1:
        return f"{what} is a list or array of one value, where one number is due by itself"
    if isinstance(got, list):
        return f"{what} is a list or array of {len(got)} values, where one number is due"
    if isinstance(got, bool | str | dict | Strange):
        return f"{what} is {describe(got)}, where a number is due"
    if math.isnan(got):
        return f"{what} is NaN (not a number): look for 0/0, or the root of a negative number"
    if math.isinf(got):
        return f"{what} is infinite: look for a division by zero or an overflow"
    return None


def value_fault(got: Any, expected: Any, what: str = "the answer", rtol: float = RELATIVE,
                atol: float = 0.0) -> str | None:  # fmt: skip
    """Say what is wrong with a plain value, or None if it is as expected.

    Numbers agree within `rtol` times the expected one's magnitude plus `atol`; strings, truth
    values and None agree exactly; lists and dictionaries agree item by item.

    >>> value_fault(0.3, 0.1 + 0.2)
    >>> value_fault(0.3, 0.25, "the rate")
    'the rate is 0.3, which is too large'
    """
    if isinstance(got, Failure):
        return f"{what} never came: {got.description}"
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        if type(got) is type(expected):
            if got == expected:
                return None
            shown = got if isinstance(got, bool) else repr(str(got)[:40])
            return f"{what} is {shown}, which is not right"
        wanted = {bool: "True or False", str: "a string"}.get(type(expected), "None")
        return f"{what} is {describe(got)}, where {wanted} is due"
    if isinstance(expected, Mapping):
        if not isinstance(got, dict):
            return f"{what} is {describe(got)}, where a dictionary is due"
        for key in expected:
            if str(key) not in got:
                return f"{what} has no entry {str(key)!r}"
        if extra := [key for key in got if key not in {str(key) for key in expected}]:
            return f"{what} has an entry too many: {extra[0][:40]!r}"
        pairs = [(repr(str(key)), got[str(key)], item) for key, item in expected.items()]
    elif isinstance(expected, Sequence):
        if not isinstance(got, list):
            return f"{what} is {describe(got)}, where a list is due"
        if len(got) != len(expected):
            much = "many" if len(got) > len(expected) else "few"
            return f"{what} has {len(got)} entries, which is too {much}"
        pairs = [
            (f"index {i}", *pair) for i, pair in enumerate(zip(got, expected, strict=True))
        ]
    if isinstance(expected, Mapping | Sequence):
        inner = what.rstrip(",")
        faults = (
            value_fault(one, other, f"{inner}, at {place},", rtol, atol)
            for place, one, other in pairs
        )
        return next(filter(None, faults), None)
    if fault := kind_fault(got, what):
        return fault
    if abs(got - expected) <= rtol * abs(expected) + atol:
        return None
    if got == -expected:
        return f"{what} is {show(got)}, which has the wrong sign"
    return f"{what} is {show(got)}, which is too {'large' if got > expected else 'small'}"


def describe(value: Any) -> str:
    """Name a plain value's kind for a message."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return f"the number {show(value)}"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    if isinstance(value, Strange | Failure):
        return value.description
    return f"a {'dictionary' if isinstance(value, dict) else 'list'} of {len(value)} entries"


def rates_fault(
    got: Sequence[Any],
    expected: Sequence[float],
    at: Sequence[int],
    *,
    what: str = "the rate",
    end: int | None = None,
    rtol: float = RELATIVE,
    largest: float = 0.0,
) -> str | None:
    """Say what is wrong with the rates given for the updates `at`, or None.

    at: update numbers in the order asked; one that comes twice must give the same rate twice.
    expected: what they should be; compared within `rtol` times the largest of them.
    largest: the schedule's largest rate, of which a small one keeps float32's rounding.
    end: the schedule's last update, for messages on what happens past it.

    >>> rates_fault([0.1, 0.1, 0.05], [0.1, 0.05, 0.025], [0, 1, 2])
    'the curve has the right shape, but every rate comes one update late'
    """
    if isinstance(got, Failure):
        return f"{what} never came: {got.description}"
    if not isinstance(got, list | tuple) or len(got) != len(at):
        return f"{what} is {describe(got)}, where one number for each update is due"
    for t, rate in zip(at, got, strict=True):
        if fault := kind_fault(rate, f"{what} of update {t}"):
            return fault
    close = max(rtol * max(abs(rate) for rate in expected), ROUNDING * largest)
    first: dict[int, float] = {}
    for t, rate in zip(at, got, strict=True):
        if abs(first.setdefault(t, rate) - rate) > close:
            return (
                f"asked twice for update {t}, the function gives {show(first[t])} and then "
                f"{show(rate)}: it remembers its calls, but may depend on the update alone"
            )
    right = dict(zip(at, expected, strict=True))
    wrong = sorted(t for t in right if abs(first[t] - right[t]) > close)
    if not wrong:
        return None
    return _pattern(first, right, wrong, close, what, end)


def _pattern(
    got: dict[int, float], right: dict[int, float], wrong: list[int],
    close: float, what: str, end: int | None,
) -> str:  # fmt: skip
    """Say what the wrong rates have in common, as a teacher would who looks at the curve."""
    t = wrong[0]
    varied = max(right.values()) - min(right.values()) > close
    for shift, word in ((-1, "late"), (1, "early")):
        pairs = [(got[u], right[u + shift]) for u in right if u + shift in right]
        explained = [u for u in wrong if u + shift in right]
        # Most of what is wrong must have a neighbor with which it agrees.
        if (
            varied and len(pairs) > 1 and 2 * len(explained) >= len(wrong)
            and all(abs(a - b) <= close for a, b in pairs)
        ):  # fmt: skip
            return f"the curve has the right shape, but every rate comes one update {word}"
    if end is not None and t > end:
        return (
            f"{what} is right up to the end of the schedule, but past it, at update {t}, it is "
            f"{show(got[t])}, which is too {'large' if got[t] > right[t] else 'small'}"
        )
    if varied and max(got.values()) - min(got.values()) <= close and len(got) > 2:
        return (
            f"{what} is {show(got[t])} at every update that was asked: it does not depend on t"
        )
    if got[t] < 0 <= right[t]:
        return f"{what} of update {t} is negative ({show(got[t])})"
    if got[t] == 0 < right[t]:
        return f"{what} of update {t} is 0; look for a division of integers, or a boundary"
    ratios = [got[u] / right[u] for u in right if right[u] > close]
    if (
        len(ratios) > 2
        and len(wrong) >= len(ratios)
        and max(ratios) - min(ratios) <= 1e-6 * abs(ratios[0])
    ):
        return (
            f"the curve has the right shape, but all of it is too "
            f"{'large' if ratios[0] > 1 else 'small'} by the same factor"
        )
    before = [u for u in right if u < t]
    until = f"right up to update {max(before)}, and " if before else ""
    return (
        f"{what} is {until}first wrong at update {t}: there it is {show(got[t])}, which is "
        f"too {'large' if got[t] > right[t] else 'small'}"
    )


def asked(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call an answer and return its plain value; an error becomes a Failure."""
    try:
        return plain(function(*args, **kwargs))
    except NotImplementedError:
        return Failure("the function is still empty (NotImplementedError)")
    except Exception as error:
        return Failure(f"it stops with {type(error).__name__}: {str(error)[:200]}")


def verdict(fault: str | None, passed: str) -> None:
    """Print that a check passed, or raise CheckFailed with the fault."""
    if fault:
        raise CheckFailed(fault if fault.endswith("?") else f"{fault}.")
    print(f"✓ {passed}")


def check_rates(function: Callable[..., Any], expected: Mapping[int, float], *,
                end: int | None = None, **parameters: Any) -> None:  # fmt: skip
    """Check a schedule that you wrote at the updates of `expected`, and say what is wrong.

    function: called as ``function(t, **parameters)``, in order and then backwards, because a
        schedule must not remember that it was asked.
    expected: rates by update number. end: the schedule's last update.

    CheckFailed (an AssertionError) if a rate is wrong.

    >>> def halved(t, lr):
    ...     return lr / (t + 1)
    >>> check_rates(halved, {0: 0.1, 1: 0.05}, lr=0.1)
    ✓ halved (lr=0.1): right at 2 updates
    """
    name = getattr(function, "__name__", "your function")
    if name == "<lambda>":
        name = "your function"
    if not callable(function):
        raise CheckFailed(f"this is {describe(plain(function))}, where a function of t is due.")
    given = ", ".join(f"{key}={value}" for key, value in parameters.items())
    called = f"{name} ({given})" if given and len(given) <= 80 else name
    at = [*expected, *list(expected)[::-1]]
    got = [asked(function, t, **parameters) for t in at]
    fault = rates_fault(got, [expected[t] for t in at], at, end=end)
    verdict(fault and f"`{called}`: {fault}", f"{called}: right at {len(expected)} updates")


def check_value(got: Any, expected: Any, what: str = "the answer", rtol: float = RELATIVE,
                atol: float = 0.0) -> None:  # fmt: skip
    """Check a value of yours by value and type, and say what is wrong with it.

    CheckFailed (an AssertionError) if they differ.

    >>> check_value([1, 2], (1, 2.0), "the milestones")
    ✓ the milestones: right
    """
    verdict(value_fault(plain(got), plain(expected), what, rtol, atol), f"{what}: right")
