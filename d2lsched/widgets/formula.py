"""A schedule that is a formula of the reader's own, as the lab reads and writes it."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import itertools
import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..schedules import Schedule
from ..schedules.backends import NUMPY, Backend
from ..schedules.base import require
from ..settings import is_number

LAST = 20_000
"""The highest rate is sought among updates 0 to this, the longest run that the lab shows."""

_LONGEST = 500
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_FUNCTIONS = ("min", "max", "abs", "floor", "ceil", "sqrt", "exp", "log", "cos", "sin")


@dataclasses.dataclass(frozen=True, init=False, repr=False)
class Formula(Schedule):
    """The rate as a Python expression of t and of named numbers.

    expression: with numbers, names, ``+ - * / // % **``, comparisons, ``if … else``, ``and``,
        ``or``, ``not``, ``min max abs floor ceil sqrt exp log cos sin`` and ``pi``; at most
        500 letters. Where it is negative, the rate is 0.
    numbers: the value of each name, by keyword.

    ValueError for any other expression, for a number that is missing or not used, and for an
    expression without a value at one of the updates from 0 to 20,000, whose highest rate is
    the `peak`. It is read, never run by ``eval``.

    >>> half = Formula("peak * 0.5 ** (t // 195) if t < T else 0", peak=0.4, T=780)
    >>> [half(t) for t in (0, 195, 780)]
    [0.4, 0.2, 0.0]
    >>> Formula("peak / t", peak=1)
    Traceback (most recent call last):
    ValueError: expression = 'peak / t' is not allowed: it must be a finite number at update 0
    """

    expression: str
    numbers: tuple[tuple[str, float], ...]

    def __init__(self, expression: str, numbers: Any = (), **named: float) -> None:
        given = {**dict(numbers), **named}
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "numbers", ())
        fits = isinstance(expression, str) and len(expression) <= _LONGEST
        require(fits, "expression", expression, f"a text of at most {_LONGEST} letters")
        names = [name for name in _names(self._tree) if name not in ("t", "pi")]
        for name in sorted(set(names) ^ set(given)):
            allowed = "used in the expression" if name in given else "a number"
            require(False, name, given.get(name), allowed)
        for name, value in given.items():
            finite = is_number(value) and math.isfinite(value)
            require(finite, name, value, "a finite number")
        pairs = tuple((name, float(given[name])) for name in names)
        object.__setattr__(self, "numbers", pairs)
        rates = self._rates
        wrong = np.flatnonzero(~np.isfinite(rates))
        if len(wrong):
            require(False, "expression", expression, f"a finite number at update {wrong[0]}")

    @functools.cached_property
    def _tree(self) -> ast.expr:
        try:
            tree = ast.parse(self.expression.strip(), mode="eval").body
            _checked(tree)
        except (SyntaxError, RecursionError, ValueError) as error:
            why = getattr(error, "msg", error)
            require(False, "expression", self.expression, f"a formula of t ({why})")
        return tree

    @functools.cached_property
    def _rates(self) -> np.ndarray:
        values = self.formula(np.arange(LAST + 1), NUMPY)
        return np.broadcast_to(np.asarray(values, float), LAST + 1)

    @property
    def peak(self) -> float:
        """The highest rate of updates 0 to 20,000."""
        return max(0.0, float(self._rates.max()))

    def formula(self, t: Any, xp: Backend) -> Any:
        """The expression's value at t."""
        names = {**dict(self.numbers), "pi": math.pi, "t": xp.real(t)}
        with np.errstate(all="ignore"):  # on the side of an "if" that is not taken
            return _value(self._tree, names, xp) + 0 * xp.real(t)

    def __repr__(self) -> str:
        numbers = "".join(f", {name}={value!r}" for name, value in self.numbers)
        return f"Formula({self.expression!r}{numbers})"


def _checked(node: ast.AST) -> None:
    match node:
        case ast.Constant(value=int() | float() as x) if not isinstance(x, bool):
            pass
        case ast.Name() | ast.BoolOp() | ast.IfExp():
            pass
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not()):
            pass
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            pass
        case ast.Compare(ops=ops) if all(type(op) in _COMPARE for op in ops):
            pass
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS:
            several = name in ("min", "max")
            if len(node.args) < 2 if several else len(node.args) != 1:
                raise ValueError(f"{name} wants {'two or more' if several else 'one'}")
            for argument in node.args:
                _checked(argument)
            return
        case ast.expr():
            raise ValueError(f"{ast.unparse(node)} is not among what it may hold")
    for part in ast.iter_child_nodes(node):
        _checked(part)


def _names(tree: ast.AST) -> list[str]:
    """The names in a tree that are not functions', each once, as they come in the text."""
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n not in called]
    return list(dict.fromkeys(n.id for n in sorted(found, key=lambda n: n.col_offset)))


def _plain(*values: Any) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _value(node: ast.expr, names: dict[str, Any], xp: Backend) -> Any:
    """The value of a tree. Of tensors both sides of an ``if`` are found, and one is taken."""

    def of(part: ast.expr) -> Any:
        return _value(part, names, xp)

    def chosen(condition: Any, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
        if _plain(condition):
            return yes() if condition else no()
        return xp.where(condition != 0, yes(), no())

    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names[name]
        case ast.IfExp(test=test, body=body, orelse=other):
            return chosen(of(test), lambda: of(body), lambda: of(other))
        case ast.BoolOp(op=op, values=[first, *others]):
            left = of(first)
            for part in others:
                sides = (partial(of, part), lambda left=left: left)
                left = chosen(left, *(sides if isinstance(op, ast.And) else sides[::-1]))
            return left
        case ast.Compare(left=first, ops=ops, comparators=others):
            values, result = [of(first), *map(of, others)], 1
            for sign, (a, b) in zip(ops, itertools.pairwise(values), strict=True):
                holds = _COMPARE[type(sign)](a, b)
                result = result * (int(holds) if _plain(a, b) else xp.where(holds, 1.0, 0.0))
            return result
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return chosen(of(part), lambda: 0, lambda: 1)
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return -of(part)
        case ast.UnaryOp(operand=part):
            return of(part)
        case ast.BinOp(left=a, op=ast.Pow(), right=b):
            base, exponent = of(a), of(b)
            power = xp.power if _plain(base) and base > 0 else operator.pow
            return (operator.pow if _plain(base, exponent) else power)(base, exponent)
        case ast.BinOp(left=a, op=op, right=b):
            return OPERATORS[type(op)](of(a), of(b))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _called(name, [of(part) for part in args], xp)
    raise AssertionError(ast.dump(node))  # _checked has let it through


def _called(name: str, args: list[Any], xp: Backend) -> Any:
    plain = _plain(*args)
    if name in ("min", "max"):
        pair = getattr(builtins, name) if plain else getattr(xp, f"{name}imum")
        return functools.reduce(pair, args)
    (x,) = args
    if name == "abs":
        return abs(x)
    if plain:
        return getattr(math, name)(x)
    if name == "ceil":
        return -xp.floor(-x)
    return xp.cos(x - math.pi / 2) if name == "sin" else getattr(xp, name)(x)
