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
from .schedules.base import a_schedule

MODELS = ("mlp",)

F = TypeVar("F", bound=Callable[..., Any])
one_thread: Callable[[F], F] = ThreadpoolController().wrap(limits=1, user_api="blas")


def tensors(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Images as float32 in [0, 1], shape (n, 784), and labels as int64, shape (n,).

    split: n images with their labels, as `d2lsched.data.mnist` has them.

    >>> from d2lsched.data import mnist
    >>> images, labels = tensors(mnist(train=256).train)
    >>> images.shape, images.dtype, labels[:5]
    ((256, 784), dtype('float32'), array([5, 0, 4, 1, 9]))
    """
    return scaled(split.images).reshape(-1, 784), split.labels.astype(np.int64)


def init(model: str = "mlp", optimizer: str = "sgd", seed: int = 0) -> State:
    """The state before update 0.

    model: "mlp"; KeyError for one that is not there.
    optimizer: "sgd" or "adam".
    seed: fixes the weights; a whole number, at least 0.

    What `train` does with it, step by step:

    >>> from d2lsched import CosineDecay
    >>> from d2lsched.data import mnist
    >>> from d2lsched.run import batch_order
    >>> data = mnist(train=256)
    >>> state = init("mlp", "sgd", seed=0)
    >>> images, labels = tensors(data.train)
    >>> order = batch_order(seed=0, epoch=0, images=256, batch_size=32)
    >>> rates, momenta = CosineDecay(0.1, steps=8).table(8), np.full(8, 0.9)
    >>> losses, right = epoch(state, images, labels, order, rates, momenta)
    >>> losses.round(1).tolist()
    [2.4, 2.2, 2.2, 1.9, 1.7, 1.5, 1.5, 1.4]
    """
    weights = first_weights(model, seed)
    return State("numpy", model, optimizer, weights, zeros(weights, optimizer))


def weights(state: State) -> list[np.ndarray]:
    """The weights as NumPy arrays, in the layout of `run.first_weights`.

    state: from `init`, or where a run ended: ``history.state``.

    >>> [weight.shape for weight in weights(init())]
    [(784, 128), (128,), (128, 10), (10,)]
    """
    return list(state.weights)


def network(weights: list[np.ndarray], images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hidden layer, needed again for the gradient, and the 10 logits of each image.

    weights: two matrices, each followed by its biases.
    images: shape (n, 784).

    >>> hidden, logits = network(weights(init()), np.zeros((3, 784), "f4"))
    >>> hidden.shape, logits.shape
    ((3, 128), (3, 10))
    """
    w1, b1, w2, b2 = weights
    hidden = np.maximum(images @ w1 + b1, 0)
    return hidden, hidden @ w2 + b2


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""The loss of each image and the softmax probabilities.

    $$\ell_i = -\log p_{i,\, y_i}, \qquad p_{ij} = \frac{e^{z_{ij}}}{\sum_k e^{z_{ik}}}$$

    logits: $z$, shape (n, 10).
    labels: $y$, whole numbers from 0 to 9, shape (n,).

    >>> losses, probabilities = cross_entropy(np.zeros((1, 10)), np.array([7]))
    >>> losses, probabilities[0, :3]
    (array([2.30258509]), array([0.1, 0.1, 0.1]))
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    log_probabilities = shifted - log_sum
    return -log_probabilities[np.arange(len(labels)), labels], np.exp(log_probabilities)


def gradients(
    weights: list[np.ndarray], images: np.ndarray, labels: np.ndarray
) -> tuple[float, int, list[np.ndarray]]:
    """The batch's mean loss, its number of right answers, and the gradient of the loss.

    weights: two matrices, each followed by its biases; the gradient has their shapes.
    images: shape (n, 784).
    labels: whole numbers from 0 to 9, shape (n,).

    >>> images, labels = np.zeros((4, 784), np.float32), np.array([1, 2, 3, 3])
    >>> loss, correct, slopes = gradients(weights(init()), images, labels)
    >>> round(loss, 6), correct, slopes[3].round(2).tolist()
    (2.302585, 0, [0.1, -0.15, -0.15, -0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    """
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

    state, images, labels: from `init` and `tensors`.
    order: the images of each update, shape (updates, batch size).
    rates, momenta, weight_decay: η and μ of each update, shape (updates,); λ of all.

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
    """Mean loss and accuracy over images.

    state: from `init`, or where a run ended: ``history.state``.
    images, labels: from `tensors`.

    >>> from d2lsched.data import mnist
    >>> loss, accuracy = evaluate(init(), *tensors(mnist(test=500).test))
    >>> round(loss, 2), round(accuracy, 2)
    (2.42, 0.07)
    """
    total, right = 0.0, 0
    with np.errstate(all="ignore"):
        for part in parts(state.model, len(labels)):
            _, logits = network(state.weights, images[part])
            total += float(cross_entropy(logits, labels[part])[0].sum())
            right += int((logits.argmax(axis=1) == labels[part]).sum())
    return total / len(labels), right / len(labels)


train = trainer("numpy", MODELS, tensors, init, epoch, evaluate)


def native(schedule: Schedule) -> Callable[[int], float]:
    """The schedule itself: in NumPy a schedule is a function of t, and nothing more.

    schedule: any schedule of this package; ValueError for anything else.

    >>> from d2lsched import CosineDecay
    >>> native(CosineDecay(0.3, steps=20))(10)
    0.15
    """
    return a_schedule("schedule", schedule)
