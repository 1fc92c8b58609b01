"""Training in JAX.

One of four twins: `numpy`, `torch`, `tensorflow`, `jax`, the same names in the same
order. An epoch of the MLP is one compiled `lax.scan`. LeNet compiles one update and
loops in Python, since on the CPU XLA's convolutions are slower inside a scan. XLA keeps its
own number of threads: the MLP gains nothing from a second core, LeNet much.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .data import Split
from .extras import needs
from .many import many_trainer
from .optimizers import Arrays, adam, bias_corrections, sgd, zeros
from .run import State, first_weights, parts, scaled, trainer
from .schedules import Schedule
from .schedules.base import a_schedule

with needs("jax"):
    import jax
    import jax.numpy as jnp
    from jax import lax

MODELS = ("mlp", "lenet")

Carry = tuple[Arrays, Any]
"""What one update hands to the next: weights and moments."""


def tensors(split: Split) -> tuple[jax.Array, jax.Array]:
    """Images as float32 in [0, 1], shape (n, 28, 28, 1), and labels as int32, shape (n,).

    split: n images with their labels, as `d2lsched.data.mnist` has them.

    >>> from d2lsched.data import mnist
    >>> images, labels = tensors(mnist(train=256).train)
    >>> tuple(images.shape), labels[:5].tolist()
    ((256, 28, 28, 1), [5, 0, 4, 1, 9])
    """
    return jnp.asarray(scaled(split.images)[..., None]), jnp.asarray(split.labels, jnp.int32)


def network(model: str, weights: Arrays, images: jax.Array) -> jax.Array:
    """The 10 logits of each image, shape (n, 10).

    model: "mlp" or "lenet". weights: as ``init(model).weights``.
    images: shape (n, 28, 28, 1).

    >>> tuple(network("mlp", init("mlp").weights, jnp.zeros((3, 28, 28, 1))).shape)
    (3, 10)
    """
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
    """The state before update 0: weights and moments as lists of arrays.

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
    weights, moments = jax.tree.map(jnp.asarray, (first, zeros(first, optimizer)))
    return State("jax", model, optimizer, weights, moments)


def weights(state: State) -> list[np.ndarray]:
    """The weights as NumPy arrays, in the layout of `run.first_weights`.

    state: from `init`, or where a run ended: ``history.state``.

    >>> [weight.shape for weight in weights(init())]
    [(784, 128), (128,), (128, 10), (10,)]
    """
    return [np.asarray(weight) for weight in state.weights]


def mean_loss(
    weights: Arrays, model: str, images: jax.Array, labels: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The batch's mean cross-entropy and its number of right answers.

    weights: the framework's own, as ``init(model).weights``. model: "mlp" or "lenet".
    images, labels: a batch of n, as `tensors` gives them.

    >>> images, labels = jnp.zeros((4, 28, 28, 1)), jnp.array([1, 2, 3, 3])
    >>> loss, right = mean_loss(init().weights, "mlp", images, labels)
    >>> round(float(loss), 4), int(right)  # zero images, zero biases: guessing, ln 10
    (2.3026, 0)
    """
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
    """One update: a pure function, which `epoch` compiles.

    carry: weights and moments before it; returned as they are after it.
    row: the batch as indices into images, rate, momentum, and `bias_corrections`.
    images, labels: from `tensors`. weight_decay, model, optimizer: as in `train`.

    Returns the new carry, and the batch's loss before the update with its right answers.

    >>> state, row = init(), (jnp.arange(4), 0.1, 0.9, (1.0, 1.0))
    >>> data = jnp.zeros((8, 28, 28, 1)), jnp.zeros(8, int)
    >>> carry = state.weights, state.moments
    >>> (after, _), (loss, _) = update(carry, row, *data, 0.0, "mlp", "sgd")
    >>> round(float(loss), 4), round(float(after[3][0]), 4)  # the first bias: −η (p − 1)
    (2.3026, 0.09)
    """
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

    state, images, labels: from `init` and `tensors`.
    order: the images of each update, shape (updates, batch size).
    rates, momenta, weight_decay: η and μ of each update, shape (updates,); λ of all.

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


train = trainer("jax", MODELS, tensors, init, epoch, evaluate)


@partial(jax.jit, static_argnames=_STATIC)
def _all_updates_of_many(carry: Carry, rows: tuple[Any, ...], *data: Any, **fixed: Any) -> Any:
    return jax.vmap(lambda carry, rows: _all_updates(carry, rows, *data, **fixed))(carry, rows)


def epoch_many(
    states: list[State],
    images: jax.Array,
    labels: jax.Array,
    orders: np.ndarray,
    rates: np.ndarray,
    momenta: np.ndarray,
    weight_decay: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """`epoch` for several runs of the MLP at once, mapped over a first axis by `jax.vmap`.

    states: from `init`, all with one optimizer; each is advanced.
    images, labels: from `tensors`, the same for all runs.
    orders: the images of each update, shape (runs, updates, batch size).
    rates, momenta, weight_decay: η and μ, shape (runs, updates); λ of all.

    Returns losses before their updates, (runs, updates), and right answers, (runs,).

    >>> from d2lsched.data import mnist
    >>> from d2lsched.run import batch_order
    >>> images, labels = tensors(mnist(train=256).train)
    >>> orders = np.stack([batch_order(seed, 0, 256, batch_size=128) for seed in (0, 1)])
    >>> rates, momenta = np.array([[0.1, 0.1], [0.2, 0.2]]), np.full((2, 2), 0.9)
    >>> states = [init(seed=0), init(seed=1)]
    >>> losses, right = epoch_many(states, images, labels, orders, rates, momenta)
    >>> losses.shape, right.shape
    ((2, 2), (2,))
    """
    pairs = zip(momenta, states, strict=True)
    corrections = np.stack([bias_corrections(own, state.update) for own, state in pairs])
    rows = (orders, *(np.float32(number) for number in (rates, momenta, corrections)))
    carries = [(state.weights, state.moments) for state in states]
    stack = jax.tree.map(lambda *same: jnp.stack(same), *carries)
    stack, (losses, right) = _all_updates_of_many(
        stack, rows, images, labels,
        weight_decay=float(weight_decay), model="mlp", optimizer=states[0].optimizer,
    )  # fmt: skip
    for run, state in enumerate(states):
        state.weights, state.moments = jax.tree.map(operator.itemgetter(run), stack)
    return np.asarray(losses), np.asarray(right).sum(axis=1)


train_many = many_trainer("jax", tensors, init, epoch_many, evaluate)


@dataclass(frozen=True)
class OptaxSchedule:
    """A function from the count of updates to the rate, which it follows; made by `native`.

    schedule: any schedule of this package; ValueError for anything else.

    A value: it can be compared, hashed, pickled, and be a static argument of ``jax.jit``.

    >>> from d2lsched import Constant
    >>> OptaxSchedule(Constant(0.1)) == OptaxSchedule(Constant(0.1))
    True
    """

    schedule: Schedule

    def __post_init__(self) -> None:
        or_else = "; a ReduceOnPlateau is fed by hand, and its rate injected"
        a_schedule("schedule", self.schedule, or_else)

    def __call__(self, count: Any) -> jax.Array:
        """The rate of an update, as weakly typed as optax's own: weights keep their type."""
        # optax.join_schedules also asks at negative counts, and drops the answer
        return self.schedule(jnp.maximum(count, 0))


def native(schedule: Schedule) -> OptaxSchedule:
    """The schedule as an optax schedule: a function from the count of updates to the rate.

    schedule: any schedule of this package; ValueError for anything else.

    >>> import optax
    >>> from d2lsched import CosineDecay, Piecewise
    >>> rate = native(CosineDecay(0.2, steps=4))
    >>> [round(float(rate(count)), 4) for count in range(4)]
    [0.2, 0.1707, 0.1, 0.0293]
    >>> optimizer = optax.sgd(rate, momentum=0.9)

    Momentum, weight decay or any other number follows a schedule, too, if it is injected; so is
    a rate that is set from outside, such as a ReduceOnPlateau's:

    >>> momentum = native(Piecewise([(0, 0.95), (50, 0.85), (100, 0.95)]))
    >>> optimizer = optax.inject_hyperparams(optax.sgd)(rate, momentum=momentum)
    >>> state = optimizer.init(jnp.zeros(3))
    >>> round(float(state.hyperparams["momentum"]), 2)
    0.95
    """
    return OptaxSchedule(schedule)
