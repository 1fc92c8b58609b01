"""Training in JAX.

One of four twins: `numpy`, `torch`, `tensorflow`, `jax`, the same names in the same
order. An epoch of the MLP is one compiled `lax.scan`. LeNet compiles one update and
loops in Python, since on the CPU XLA's convolutions are slower inside a scan. XLA keeps its
own number of threads: the MLP gains nothing from a second core, LeNet much.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .data import Split
from .optimizers import Arrays, adam, bias_corrections, sgd, zeros
from .run import State, first_weights, parts, scaled, trainer
from .schedules import Schedule

try:
    import jax
except ImportError as error:
    raise ImportError("d2lsched.jax needs JAX: pip install jax optax") from error

import jax.numpy as jnp
from jax import lax

MODELS = ("mlp", "lenet")

Carry = tuple[Arrays, Any]
"""What one update hands to the next: weights and moments."""


def tensors(split: Split) -> tuple[jax.Array, jax.Array]:
    """Images as float32 in [0, 1], shape (n, 28, 28, 1), and labels as int32, shape (n,)."""
    return jnp.asarray(scaled(split.images)[..., None]), jnp.asarray(split.labels, jnp.int32)


def network(model: str, weights: Arrays, images: jax.Array) -> jax.Array:
    """The 10 logits of each image."""
    if model == "mlp":
        w1, b1, w2, b2 = weights
        return jax.nn.relu(images.reshape(len(images), -1) @ w1 + b1) @ w2 + b2
    k1, c1, k2, c2, w1, b1, w2, b2, w3, b3 = weights
    x = _pool(jax.nn.relu(_convolve(images, k1, "SAME") + c1))
    x = _pool(jax.nn.relu(_convolve(x, k2, "VALID") + c2))
    x = x.transpose(0, 3, 1, 2).reshape(len(x), -1)  # flattened as torch does, channels first
    return jax.nn.relu(jax.nn.relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3


def _convolve(x: jax.Array, kernel: jax.Array, padding: str) -> jax.Array:
    layout = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=layout)


def _pool(x: jax.Array) -> jax.Array:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def init(model: str = "mlp", optimizer: str = "sgd", seed: int = 0) -> State:
    """The state before update 0."""
    first = first_weights(model, seed)
    weights, moments = jax.tree.map(jnp.asarray, (first, zeros(first, optimizer)))
    return State("jax", model, optimizer, weights, moments)


def weights(state: State) -> list[np.ndarray]:
    """The weights as NumPy arrays, in the layout of `run.first_weights`."""
    return [np.asarray(weight) for weight in state.weights]


def mean_loss(
    weights: Arrays, model: str, images: jax.Array, labels: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The batch's mean cross-entropy and its number of right answers."""
    logits = network(model, weights, images)
    log_probabilities = jax.nn.log_softmax(logits)
    loss = -jnp.take_along_axis(log_probabilities, labels[:, None], axis=1).mean()
    return loss, (logits.argmax(axis=1) == labels).sum()


def update(
    carry: Carry,
    row: tuple[Any, ...],
    images: jax.Array,
    labels: jax.Array,
    weight_decay: float,
    model: str,
    optimizer: str,
) -> tuple[Carry, tuple[jax.Array, jax.Array]]:
    """One update; row is its batch, rate, momentum and bias corrections."""
    weights, moments = carry
    batch, lr, momentum, corrections = row
    slope = jax.value_and_grad(mean_loss, has_aux=True)
    (loss, right), gradients = slope(weights, model, images[batch], labels[batch])
    rule = (weights, moments, gradients, lr, momentum, weight_decay)
    if optimizer == "sgd":
        carry = sgd(*rule)
    else:
        carry = adam(*rule, corrections)
    return carry, (loss, right)


# Compiled once for each shape and each of these names, whatever the rates.
_STATIC = ("weight_decay", "model", "optimizer")
_one_update = jax.jit(update, static_argnames=_STATIC)


@partial(jax.jit, static_argnames=_STATIC)
def _all_updates(carry: Carry, rows: tuple[Any, ...], *data: Any, **fixed: Any) -> Any:
    return lax.scan(lambda carry, row: update(carry, row, *data, **fixed), carry, rows)


def epoch(
    state: State,
    images: jax.Array,
    labels: jax.Array,
    order: np.ndarray,
    rates: np.ndarray,
    momenta: np.ndarray,
    weight_decay: float = 0.0,
) -> tuple[np.ndarray, int]:
    """One update per row of order, at that row's rate; advances the state.

    Returns each batch's loss before its update and the count of right answers.
    """
    numbers = (rates, momenta, bias_corrections(momenta, state.update))
    rows = (order, *(np.float32(number) for number in numbers))
    fixed = {
        "weight_decay": float(weight_decay), "model": state.model, "optimizer": state.optimizer
    }  # fmt: skip
    carry: Carry = (state.weights, state.moments)
    if state.model == "mlp":
        carry, (losses, right) = _all_updates(carry, rows, images, labels, **fixed)
    else:
        results = []
        for row in zip(*rows, strict=True):
            carry, result = _one_update(carry, row, images, labels, **fixed)
            results.append(result)
        losses, right = np.array(results).T
    state.weights, state.moments = carry
    return np.asarray(losses), int(right.sum())


_batch_loss = partial(jax.jit, static_argnames="model")(mean_loss)


def evaluate(state: State, images: jax.Array, labels: jax.Array) -> tuple[float, float]:
    """Mean loss and accuracy over images."""
    total, right = 0.0, 0
    for part in parts(len(labels)):
        loss, correct = _batch_loss(state.weights, state.model, images[part], labels[part])
        total += float(loss) * len(labels[part])
        right += int(correct)
    return total / len(labels), right / len(labels)


train = trainer("jax", MODELS, tensors, init, epoch, evaluate)


def native(schedule: Schedule) -> Callable[[Any], jax.Array]:
    """The schedule as an optax schedule: a function from the count of updates to the rate."""
    # optax.join_schedules also asks at negative counts, and drops the answer
    return lambda count: schedule(jnp.maximum(count, 0))
