"""Training in TensorFlow.

One of four twins: `numpy`, `torch`, `tensorflow`, `jax`, the same names in the same
order; its `native` is that of `d2lsched.keras`. An epoch of the MLP is one `tf.function`
compiled by XLA; LeNet's is a plain `tf.function`, whose convolutions are faster on the CPU.
TensorFlow keeps its own number of threads: a second core makes an epoch a little faster, and a
busy neighbor does no harm.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .data import Split
from .extras import needs
from .optimizers import Arrays, adam, bias_corrections, sgd, zeros
from .run import State, first_weights, parts, scaled, trainer
from .schedules.tracing import checked_length

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def _no_log() -> Iterator[None]:
    """Drop what is written to descriptor 2.

    While it is imported, TensorFlow 2.21 logs there that oneDNN is on, at any log level.
    Turning oneDNN off would silence it too, and make convolutions three times slower.
    """
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


with needs("tensorflow"), _no_log():
    import tensorflow as tf

    from .keras import native as native


MODELS = ("mlp", "lenet")


def tensors(split: Split) -> tuple[tf.Tensor, tf.Tensor]:
    """Images as float32 in [0, 1], shape (n, 28, 28, 1), and labels as int32, shape (n,).

    split: n images with their labels, as `d2lsched.data.mnist` has them.

    >>> from d2lsched.data import mnist
    >>> images, labels = tensors(mnist(train=256).train)
    >>> tuple(images.shape), labels[:5].numpy().tolist()
    ((256, 28, 28, 1), [5, 0, 4, 1, 9])
    """
    images = tf.constant(scaled(split.images)[..., None])
    return images, tf.constant(split.labels.astype(np.int32))


def network(model: str, weights: Arrays, images: tf.Tensor) -> tf.Tensor:
    """The 10 logits of each image, shape (n, 10).

    model: "mlp" or "lenet". weights: as ``init(model).weights``.
    images: shape (n, 28, 28, 1).

    >>> tuple(network("mlp", init("mlp").weights, tf.zeros((3, 28, 28, 1))).shape)
    (3, 10)
    """
    if model == "mlp":
        w1, b1, w2, b2 = weights
        return tf.nn.relu(tf.reshape(images, (-1, 784)) @ w1 + b1) @ w2 + b2
    k1, c1, k2, c2, w1, b1, w2, b2, w3, b3 = weights
    x = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(images, k1, 1, "SAME") + c1), 2, 2, "VALID")
    x = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, k2, 1, "VALID") + c2), 2, 2, "VALID")
    x = tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (-1, 400))  # channels first, as in torch
    return tf.nn.relu(tf.nn.relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3


def init(model: str = "mlp", optimizer: str = "sgd", seed: int = 0) -> State:
    """The state before update 0: weights and moments as lists of tensors.

    model: "mlp" or "lenet"; KeyError for one that is not there.
    optimizer: "sgd" or "adam".
    seed: fixes the weights; a whole number, at least 0.

    What `train` does with it, step by step:

    >>> from d2lsched import CosineDecay
    >>> from d2lsched.data import mnist
    >>> from d2lsched.run import batch_order
    >>> state = init("mlp", "sgd", seed=0)
    >>> images, labels = tensors(mnist(train=256).train)
    >>> order = batch_order(seed=0, epoch=0, images=256, batch_size=32)
    >>> rates, momenta = CosineDecay(0.1, steps=8).table(8), np.full(8, 0.9)
    >>> losses, right = epoch(state, images, labels, order, rates, momenta)
    >>> losses.round(1).tolist()
    [2.4, 2.2, 2.2, 1.9, 1.7, 1.5, 1.5, 1.4]
    """
    first = first_weights(model, seed)
    weights, moments = tf.nest.map_structure(tf.constant, (first, zeros(first, optimizer)))
    return State("tensorflow", model, optimizer, weights, moments)


def weights(state: State) -> list[np.ndarray]:
    """The weights as NumPy arrays, in the layout of `run.first_weights`.

    state: from `init`, or where a run ended: ``history.state``.

    >>> [weight.shape for weight in weights(init())]
    [(784, 128), (128,), (128, 10), (10,)]
    """
    return [weight.numpy() for weight in state.weights]


def mean_loss(
    weights: Arrays, model: str, images: tf.Tensor, labels: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The batch's mean cross-entropy and its number of right answers.

    weights: the framework's own, as ``init(model).weights``. model: "mlp" or "lenet".
    images, labels: a batch of n, as `tensors` gives them.

    >>> images, labels = tf.zeros((4, 28, 28, 1)), tf.constant([1, 2, 3, 3])
    >>> loss, right = mean_loss(init().weights, "mlp", images, labels)
    >>> round(float(loss), 4), int(right)  # zero images, zero biases: guessing, ln 10
    (2.3026, 0)
    """
    logits = network(model, weights, images)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    found = tf.argmax(logits, axis=1, output_type=tf.int32)
    return tf.reduce_mean(losses), tf.reduce_sum(tf.cast(found == labels, tf.int32))


def updates(
    carry: tuple[Arrays, Any],
    images: tf.Tensor,
    labels: tf.Tensor,
    order: tf.Tensor,
    numbers: Any,
    weight_decay: float,
    model: str,
    optimizer: str,
) -> tuple[tuple[Arrays, Any], tf.Tensor, tf.Tensor]:
    """One update per row of order: a pure function, which `epoch` compiles once a shape.

    carry: weights and moments before; returned as they are after.
    images, labels: from `tensors`. order: indices of images, shape (updates, batch size).
    numbers: rates, momenta, both of shape (updates,), and `bias_corrections`, (updates, 2).
    weight_decay, model, optimizer: as in `train`.

    Returns the new carry, each batch's loss before its update, and the right answers.

    >>> state, order = init(), tf.constant([[0, 1], [2, 3]])
    >>> numbers = tf.constant([0.1, 0.1]), tf.constant([0.9, 0.9]), tf.ones((2, 2))
    >>> data = tf.zeros((4, 28, 28, 1)), tf.zeros(4, tf.int32)
    >>> carry = state.weights, state.moments
    >>> _, losses, _ = updates(carry, *data, order, numbers, 0.0, "mlp", "sgd")
    >>> losses.numpy().round(3).tolist()
    [2.303, 2.213]
    """
    weights, moments = carry
    rates, momenta, corrections = numbers
    n = order.shape[0]
    losses, right = tf.TensorArray(tf.float32, n), 0
    for i in tf.range(n):
        x, y = tf.gather(images, order[i]), tf.gather(labels, order[i])
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss, correct = mean_loss(weights, model, x, y)
        gradients = tape.gradient(loss, weights)
        rule = (weights, moments, gradients, rates[i], momenta[i], weight_decay)
        if optimizer == "sgd":
            weights, moments = sgd(*rule)
        else:
            weights, moments = adam(*rule, tf.unstack(corrections[i]))
        losses = losses.write(i, loss)
        right += correct
    return (weights, moments), losses.stack(), right


_updates = {"mlp": tf.function(updates, jit_compile=True), "lenet": tf.function(updates)}


def epoch(
    state: State,
    images: tf.Tensor,
    labels: tf.Tensor,
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
    rows = (rates, momenta, bias_corrections(momenta, state.update))
    numbers = tuple(tf.constant(row, tf.float32) for row in rows)
    (state.weights, state.moments), losses, right = _updates[state.model](
        (state.weights, state.moments), images, labels, tf.constant(order, tf.int32), numbers,
        float(weight_decay), state.model, state.optimizer,
    )  # fmt: skip
    return losses.numpy(), int(right)


_batch_loss = tf.function(mean_loss)


def evaluate(state: State, images: tf.Tensor, labels: tf.Tensor) -> tuple[float, float]:
    """Mean loss and accuracy over images.

    state: from `init`, or where a run ended: ``history.state``.
    images, labels: from `tensors`.

    >>> from d2lsched.data import mnist
    >>> loss, accuracy = evaluate(init(), *tensors(mnist(test=500).test))
    >>> round(loss, 2), round(accuracy, 2)
    (2.42, 0.07)
    """
    total, right = 0.0, 0
    for part in parts(state.model, len(labels)):
        loss, correct = _batch_loss(state.weights, state.model, images[part], labels[part])
        total += float(loss) * len(labels[part])
        right += int(correct)
    return total / len(labels), right / len(labels)


train = trainer("tensorflow", MODELS, tensors, init, epoch, evaluate)


def trace(callback: Callable[[int, float], float], n: int, lr: float) -> np.ndarray:
    """The rates that a Keras callback gives to epochs 0, …, n − 1: float64, shape (n,).

    callback: the function ``f(epoch, lr)`` that keras.callbacks.LearningRateScheduler takes;
        it is given the rate of the epoch before. For a LearningRateSchedule use
        `d2lsched.trace`.
    n: how many epochs, at least 0. lr: the optimizer's own rate.

    A copy of the function is asked. ValueError for another n.

    >>> trace(lambda epoch, lr: lr if epoch < 2 else lr / 2, n=4, lr=0.4)
    array([0.4, 0.4, 0.2, 0.1])
    """
    checked_length(n)
    fresh, rates = copy.deepcopy(callback), []
    for epoch_number in range(n):
        lr = float(fresh(epoch_number, lr))
        rates.append(lr)
    return np.array(rates)
