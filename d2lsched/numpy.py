"""Training in NumPy, with the backpropagation written out.

One of four twins: `numpy`, `torch`, `tensorflow`, `jax`, the same names in the same
order. An update is too small to share between cores, and a busy neighbor makes sharing
many times slower than not: `epoch` and `evaluate` run on one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from .data import Split
from .optimizers import adam, bias_corrections, sgd, zeros
from .run import State, first_weights, parts, scaled, trainer
from .schedules import Schedule

MODELS = ("mlp",)

F = TypeVar("F", bound=Callable[..., Any])
one_thread: Callable[[F], F] = ThreadpoolController().wrap(limits=1, user_api="blas")


def tensors(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Images as float32 in [0, 1], shape (n, 784), and labels as int64, shape (n,)."""
    return scaled(split.images).reshape(-1, 784), split.labels.astype(np.int64)


def init(model: str = "mlp", optimizer: str = "sgd", seed: int = 0) -> State:
    """The state before update 0."""
    weights = first_weights(model, seed)
    return State("numpy", model, optimizer, weights, zeros(weights, optimizer))


def weights(state: State) -> list[np.ndarray]:
    """The weights as NumPy arrays, in the layout of `run.first_weights`."""
    return list(state.weights)


def network(weights: list[np.ndarray], images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hidden layer, needed again for the gradient, and the 10 logits of each image."""
    w1, b1, w2, b2 = weights
    hidden = np.maximum(images @ w1 + b1, 0)
    return hidden, hidden @ w2 + b2


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The loss of each image and the softmax probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    log_probabilities = shifted - log_sum
    return -log_probabilities[np.arange(len(labels)), labels], np.exp(log_probabilities)


def gradients(
    weights: list[np.ndarray], images: np.ndarray, labels: np.ndarray
) -> tuple[float, int, list[np.ndarray]]:
    """The batch's mean loss, its number of right answers, and the gradient of the loss."""
    hidden, logits = network(weights, images)
    losses, probabilities = cross_entropy(logits, labels)
    correct = int((logits.argmax(axis=1) == labels).sum())

    d_logits = probabilities
    d_logits[np.arange(len(labels)), labels] -= 1
    d_logits /= len(labels)
    d_hidden = (d_logits @ weights[2].T) * (hidden > 0)
    slopes = [
        images.T @ d_hidden,
        d_hidden.sum(axis=0),
        hidden.T @ d_logits,
        d_logits.sum(axis=0),
    ]
    return float(losses.mean()), correct, slopes


@one_thread
def epoch(
    state: State,
    images: np.ndarray,
    labels: np.ndarray,
    order: np.ndarray,
    rates: np.ndarray,
    momenta: np.ndarray,
    weight_decay: float = 0.0,
) -> tuple[np.ndarray, int]:
    """One update per row of order, at that row's rate; advances the state.

    Returns each batch's loss before its update and the count of right answers.
    """
    losses, right = np.empty(len(order)), 0
    corrections = bias_corrections(momenta, state.update).tolist()
    with np.errstate(all="ignore"):  # a diverging run shows in its losses
        for i, batch in enumerate(order):
            x, y = images[batch], labels[batch]
            losses[i], correct, slopes = gradients(state.weights, x, y)
            right += correct
            lr, momentum = float(rates[i]), float(momenta[i])
            rule = (state.weights, state.moments, slopes, lr, momentum, weight_decay)
            if state.optimizer == "sgd":
                state.weights, state.moments = sgd(*rule)
            else:
                state.weights, state.moments = adam(*rule, corrections[i])
    return losses, right


@one_thread
def evaluate(state: State, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean loss and accuracy over images."""
    total, right = 0.0, 0
    with np.errstate(all="ignore"):
        for part in parts(len(labels)):
            _, logits = network(state.weights, images[part])
            total += float(cross_entropy(logits, labels[part])[0].sum())
            right += int((logits.argmax(axis=1) == labels[part]).sum())
    return total / len(labels), right / len(labels)


train = trainer("numpy", MODELS, tensors, init, epoch, evaluate)


def native(schedule: Schedule) -> Callable[[int], float]:
    """The schedule itself: in NumPy a schedule is a function of t, and nothing more."""
    return schedule
