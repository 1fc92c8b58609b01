"""The rates that somebody's scheduler would use, without using it up."""

from __future__ import annotations

import copy
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from .base import require


def trace(f: Callable[[int], Any], n: int) -> np.ndarray:
    """What f gives for updates 0, …, n − 1: float64, shape (n,).

    f: any function of the update number: a schedule of this package, an optax schedule, a
        Keras LearningRateSchedule, an object with a state like D2L's schedulers.
    n: how many updates, at least 0.

    A copy of f is asked, so tracing uses nothing up. ValueError for another n; TypeError if f
    cannot be called.

    >>> class Halving:
    ...     rate = 0.8
    ...
    ...     def __call__(self, t):
    ...         self.rate /= 2
    ...         return self.rate
    >>> scheduler = Halving()
    >>> trace(scheduler, 3), scheduler.rate
    (array([0.4, 0.2, 0.1]), 0.8)
    """
    checked_length(n)
    if not callable(f):
        raise TypeError(f"f must be a function of the update number, not {type(f).__name__}")
    fresh = copy.deepcopy(f)
    return np.array([float(fresh(t)) for t in range(n)])


def checked_length(n: int) -> None:
    """Raise a ValueError unless n is a number of updates to trace."""
    require(isinstance(n, numbers.Integral) and n >= 0, "n", n, "a whole number, at least 0")
