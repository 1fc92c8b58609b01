"""One formula, five kinds of numbers.

A schedule writes its formula once, over the names of a `Backend`: `xp.cos`,
`xp.where`, … `backend_of(t)` finds the backend by the type of `t`; no framework is
imported unless its tensors are already there.

What is not in the table below needs no name: `+ - * / // % **` and comparisons mean
the same everywhere, with two exceptions. TensorFlow's integers refuse to divide and to be
raised to a power: formulas call `xp.real(t)` first. And a constant with t in its exponent
is `xp.power(gamma, t)`: in float32 `gamma ** t` would round gamma before the power
multiplies that error (0.9999 ** t is off by up to 6e-5).
"""

from __future__ import annotations

import bisect
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Backend:
    """The functions that a formula may use, for one kind of number."""

    clock: Callable[[Any], tuple[Any, bool]]  # t, made regular; is its value known?
    real: Callable[[Any], Any]  # whole numbers to floating point
    where: Callable[[Any, Any, Any], Any]
    minimum: Callable[[Any, Any], Any]
    maximum: Callable[[Any, Any], Any]
    all: Callable[[Any], Any]
    floor: Callable[[Any], Any]
    cos: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    full_like: Callable[[Any, float], Any]
    interval: Callable[[Sequence[float], Any], Any]  # how many sorted edges are <= t
    choose: Callable[[Sequence[float], Any, Any], Any]  # values[index], of the kind of t
    power: Callable[[float, Any], Any] = operator.pow  # of a number above 0
    last: int = 2**53  # the largest update number told from its neighbors
    result: Callable[[Any, Any], Any] = lambda rate, t: rate  # in the precision asked for
    lasts: Callable[[], bool] = lambda: True  # may it be kept for the next call?


def _from(library: Any, *names: str) -> dict[str, Any]:
    """The functions that a library has under the names of ours, those of math and more."""
    return {
        name: getattr(library, name) for name in ("floor", "cos", "exp", "log", "sqrt", *names)
    }


PYTHON = Backend(
    **_from(math),
    clock=lambda t: (t, True),
    real=float,
    where=lambda condition, yes, no: yes if condition else no,
    minimum=min,
    maximum=max,
    all=bool,
    full_like=lambda t, value: value,
    interval=bisect.bisect_right,
    choose=lambda values, index, t: values[index],
)


def _numpy_clock(t: Any) -> tuple[Any, bool]:
    t = np.asarray(t)
    if t.dtype.kind not in "iuf":
        raise TypeError(f"t must hold integers or floating-point numbers, not {t.dtype}")
    return t.astype(np.int64 if t.dtype.kind in "iu" else np.float64, copy=False)[()], True


NUMPY = Backend(
    **_from(np, "where", "minimum", "maximum", "all"),
    clock=_numpy_clock,
    real=np.float64,
    full_like=lambda t, value: np.full_like(t, value, dtype=np.float64)[()],
    interval=lambda edges, t: np.searchsorted(edges, t, side="right"),
    choose=lambda values, index, t: np.asarray(values)[index],
    # NumPy's own float64 scalar would make float64 of a float32 array that it multiplies.
    result=lambda rate, t: np.asarray(rate, np.float64) if t.ndim else float(rate),
)


def _torch() -> Backend:
    import torch

    def real(t: Any) -> Any:
        return t if t.is_floating_point() else t.to(torch.get_default_dtype())

    def clock(t: Any) -> tuple[Any, bool]:
        if t.is_complex() or t.dtype == torch.bool:
            raise TypeError(f"t must hold integers or floating-point numbers, not {t.dtype}")
        # Under vmap and compile a value cannot be looked at; torch has no public test.
        traced = (
            torch.compiler.is_compiling() or torch._C._functorch.is_functorch_wrapped_tensor(t)
        )
        return (t if t.is_floating_point() else t.long()), not traced

    def constants(values: Sequence[float], t: Any) -> Any:
        like = real(t) if any(isinstance(value, float) for value in values) else t
        return torch.tensor(values, dtype=like.dtype, device=like.device)

    def choose(values: Sequence[float], index: Any, t: Any) -> Any:
        # An index of no axis would be a number to torch.compile, which it cannot know.
        flat = index.long().reshape(-1)
        return constants(values, t).index_select(0, flat).reshape(index.shape)

    def pair(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def of_tensors(a: Any, b: Any) -> Any:
            like = a if isinstance(a, torch.Tensor) else b
            return function(
                *(
                    torch.as_tensor(x, dtype=like.dtype, device=like.device)
                    if not isinstance(x, torch.Tensor)
                    else x
                    for x in (a, b)
                )
            )

        return of_tensors

    return Backend(
        **_from(torch, "where", "all"),
        clock=clock,
        real=real,
        minimum=pair(torch.minimum),
        maximum=pair(torch.maximum),
        full_like=lambda t, value: torch.full_like(real(t), value),
        interval=lambda edges, t: (t[..., None] >= constants(edges, t)).sum(-1).to(t.dtype),
        choose=choose,
        power=lambda base, x: torch.exp(x * math.log(base)),
        lasts=lambda: not torch.compiler.is_compiling(),
    )


def _tensorflow() -> Backend:
    import tensorflow as tf

    # Whole numbers are computed with in float64, since float32 holds none beyond 2**24.
    def real(t: Any) -> Any:
        return t if t.dtype.is_floating else tf.cast(t, tf.float64)

    def clock(t: Any) -> tuple[Any, bool]:
        t = tf.convert_to_tensor(t)
        if not (t.dtype.is_floating or t.dtype.is_integer):
            raise TypeError(
                f"t must hold integers or floating-point numbers, not {t.dtype.name}"
            )
        return (t if t.dtype.is_floating else tf.cast(t, tf.int64)), hasattr(t, "numpy")

    def constants(values: Sequence[float], t: Any) -> Any:
        whole = not any(isinstance(value, float) for value in values)
        return tf.constant(values, t.dtype if whole else real(t).dtype)

    return Backend(
        **_from(tf.math),
        clock=clock,
        real=real,
        where=tf.where,
        minimum=tf.minimum,
        maximum=tf.maximum,
        all=tf.reduce_all,
        full_like=lambda t, value: tf.fill(tf.shape(t), tf.constant(value, real(t).dtype)),
        interval=lambda edges, t: tf.reduce_sum(
            tf.cast(t[..., tf.newaxis] >= constants(edges, t), t.dtype), axis=-1
        ),
        choose=lambda values, index, t: tf.gather(
            constants(values, t), tf.cast(index, tf.int32)
        ),
        power=lambda base, x: tf.exp(x * math.log(base)),
        result=lambda rate, t: tf.cast(rate, t.dtype if t.dtype.is_floating else tf.float32),
    )


def _jax() -> Backend:
    import jax
    import jax.numpy as jnp

    # Times a Python number, whole numbers become weakly typed: so do all rates, as optax's.
    def real(t: Any) -> Any:
        return t if jnp.issubdtype(t.dtype, jnp.floating) else t * 1.0

    def clock(t: Any) -> tuple[Any, bool]:
        if not jnp.issubdtype(t.dtype, jnp.floating) and not jnp.issubdtype(
            t.dtype, jnp.integer
        ):
            raise TypeError(f"t must hold integers or floating-point numbers, not {t.dtype}")
        if jnp.issubdtype(t.dtype, jnp.integer):
            t = t.astype(int)
        return t, not isinstance(t, jax.core.Tracer)

    def constants(values: Sequence[float], t: Any) -> Any:
        whole = not any(isinstance(value, float) for value in values)
        blank = jnp.zeros_like(t if whole else real(t), shape=len(values))
        return blank.at[:].set(jnp.asarray(values, blank.dtype))  # typed as weakly as blank

    return Backend(
        **_from(jnp, "where", "minimum", "maximum", "all"),
        clock=clock,
        real=real,
        full_like=lambda t, value: jnp.full_like(real(t), value),
        interval=lambda edges, t: (t[..., None] >= constants(edges, t)).sum(-1).astype(t.dtype),
        choose=lambda values, index, t: constants(values, t)[index.astype(int)],
        power=lambda base, x: jnp.exp(x * math.log(base)),
        last=2**31 - 1,
    )


_FRAMEWORKS = {"torch": _torch, "tensorflow": _tensorflow, "jax": _jax, "jaxlib": _jax}
_OF_TYPE: dict[type, Backend] = {}  # torch.compile sees through a dict, and not through a cache


def _backend_of_type(kind: type) -> Backend:
    if issubclass(kind, (bool, np.bool_)):
        raise TypeError("t must be an update number, not a truth value")
    if issubclass(kind, (np.generic, np.ndarray)):
        return NUMPY
    if issubclass(kind, (int, float)):
        return PYTHON
    for base in kind.__mro__:
        framework = base.__module__.partition(".")[0]
        if framework in _FRAMEWORKS:
            return _FRAMEWORKS[framework]()
    raise TypeError(
        "t must be a number, a NumPy array, or a torch, TensorFlow or JAX tensor, "
        f"not {kind.__name__}"
    )


def backend_of(t: Any) -> Backend:
    """The backend for numbers of the type of `t`; TypeError for anything else."""
    kind: Any = type(t)
    if kind in _OF_TYPE:
        return _OF_TYPE[kind]
    backend = _backend_of_type(kind)
    if backend.lasts():
        _OF_TYPE[kind] = backend
    return backend
