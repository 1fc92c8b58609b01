"""What a training run is before any framework: settings, first weights, order, driver.

The four framework modules supply the mathematics (`init`, `epoch`, `evaluate`);
`trainer` makes each one's `train` from them, so a run means the same in all four.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from tqdm import tqdm

from .data import MNIST, Split, mnist
from .history import History
from .schedules import ReduceOnPlateau
from .schedules.base import require
from .settings import Settings, Values, is_number, takes_settings, values

RESULTS_VERSION = 1
"""Raised when the same settings come to train otherwise: stored results of another version
are not reused by `d2lsched.sweep`."""


@dataclass
class State:
    """All that a run carries from one update to the next; made by `init`.

    framework, model, optimizer: their names, as `train` takes them.
    weights, moments: the framework's own. Weights are a list of arrays, in torch the
        network; moments are the velocities of sgd, or both averages of adam.
    update, epoch: how many are done.
    plateau: what a run with ReduceOnPlateau has observed so far.

    >>> from d2lsched import numpy as d2l
    >>> state = d2l.init(optimizer="sgd")
    >>> state.framework, state.update, [v.shape for v in state.moments]
    ('numpy', 0, [(784, 128), (128,), (128, 10), (10,)])
    """

    framework: str
    model: str
    optimizer: str
    weights: Any
    moments: Any
    update: int = 0
    epoch: int = 0
    plateau: ReduceOnPlateau | None = None


Hook = Callable[[State, History], None]
"""Called with (state, history) after an update or epoch; it may change the state."""

_SHAPES: dict[str, list[tuple[int, ...]]] = {
    "mlp": [(784, 128), (128, 10)],
    "lenet": [(5, 5, 1, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, 10)],
}


def first_weights(model: str, seed: int) -> list[np.ndarray]:
    """The float32 weights at update 0: Glorot-uniform kernels, each followed by zero biases.

    model: "mlp" or "lenet"; KeyError for another.
    seed: a whole number, at least 0; ValueError for a negative one.

    Dense kernels have shape (inputs, outputs), convolutions (height, width, inputs,
    outputs). Source: Glorot and Bengio, AISTATS 2010.

    >>> [weight.shape for weight in first_weights("mlp", seed=0)]
    [(784, 128), (128,), (128, 10), (10,)]
    """
    generator = np.random.default_rng([seed, 0])
    weights = []
    for shape in _SHAPES[model]:
        window = int(np.prod(shape[:-2]))
        limit = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
        weights.append(generator.uniform(-limit, limit, shape).astype(np.float32))
        weights.append(np.zeros(shape[-1], np.float32))
    return weights


def batch_order(seed: int, epoch: int, images: int, batch_size: int) -> np.ndarray:
    """Which images each update of an epoch sees: int64, shape (updates, batch_size).

    seed, epoch: whole numbers, at least 0; ValueError for negative ones.
    images: how many there are to learn from.
    batch_size: images per update, from 1 to images.

    A new permutation every epoch, fixed by seed and epoch alone, so that a resumed run
    sees what an uninterrupted one would. The last partial batch is dropped.

    >>> batch_order(seed=0, epoch=0, images=7, batch_size=3)
    array([[1, 3, 6],
           [0, 4, 2]])
    """
    order = np.random.default_rng([seed, 1 + epoch]).permutation(images)
    updates = images // batch_size
    return order[: updates * batch_size].reshape(updates, batch_size)


def scaled(images: np.ndarray) -> np.ndarray:
    """uint8 images as float32 in [0, 1].

    images: any shape, which the result has too.

    >>> scaled(np.array([0, 51, 255], np.uint8))
    array([0. , 0.2, 1. ], dtype=float32)
    """
    return images.astype(np.float32) / np.float32(255)


def parts(model: str, n: int) -> Iterator[slice]:
    """Slices that cover n images, for evaluation: one for the MLP, for LeNet of at most 1,000.

    model: "mlp" or "lenet", whose convolutions would need gigabytes for all images at once.

    >>> list(parts("lenet", 1500))
    [slice(0, 1000, None), slice(1000, 2000, None)]
    """
    size = n if model == "mlp" else 1000
    return (slice(start, start + size) for start in range(0, n, size))


def once(tensors: Callable[[Split], tuple[Any, Any]]) -> Callable[[Split], tuple[Any, Any]]:
    """The function `tensors` of a framework, which converts what `mnist` shares only once.

    tensors: a function of a Split. Images from elsewhere, which may change, are converted anew.

    >>> from d2lsched.numpy import tensors
    >>> kept = once(tensors)
    >>> kept(mnist(256).train)[0] is kept(mnist(256).train)[0]
    True
    """
    kept = lru_cache(maxsize=6)(tensors)
    return lambda split: kept(split) if split.shared else tensors(split)


class OneRun:
    """A run under way: its settings; its state; its history so far."""

    def __init__(
        self,
        settings: Settings,
        init: Callable[[str, str, int], State],
        data: MNIST,
        state: State | None = None,
    ):
        schedule = settings.schedule
        require(len(data.validation) > 0, "data.validation", data.validation, "not empty")
        if state is None:
            state = init(settings.model, settings.optimizer, settings.seed)
        else:
            required = "an earlier run's history.state"
            require(isinstance(state, State), "state", type(state), required)
            found, wanted = (
                f"{s.framework} {s.model} with {s.optimizer}" for s in (state, settings)
            )
            require(found == wanted, "state", found, wanted)
            state = copy.deepcopy(state)
        plateau = schedule if isinstance(schedule, ReduceOnPlateau) else None
        state.plateau = plateau

        about = settings.settings | {"images": len(data.train), "first_update": state.update}
        names = (about.pop("framework"), about.pop("schedule"))
        self.history = History(*names, about, state=state)
        self.state, self.settings, self.images = state, settings, len(data.train)

    def order(self) -> np.ndarray:
        """The next epoch's batches."""
        size = _batch_size(self.settings.batch_size, self.state.update, self.images)
        return batch_order(self.settings.seed, self.state.epoch, self.images, size)

    def numbers(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """The rates and momenta of the next n updates."""
        plateau, first = self.state.plateau, self.state.update
        source: Any = self.settings.schedule if plateau is None else plateau.rate
        return (
            values("schedule", source, first, n),
            values("momentum", self.settings.momentum, first, n, below=1),
        )

    def updated(self, rates: np.ndarray, losses: Any, seconds: float) -> None:
        """Record the updates that were made."""
        self.state.update += len(rates)
        self.history.seconds += seconds
        self.history.lr.extend(rates.tolist())
        self.history.loss.extend(np.asarray(losses, float).tolist())

    def ended_epoch(self, accuracy: float, validation: tuple[float, float]) -> None:
        """Record what the epoch led to; a plateau observes the validation loss."""
        self.state.epoch += 1
        self.history.train_accuracy.append(accuracy)
        self.history.validation_loss.append(validation[0])
        self.history.validation_accuracy.append(validation[1])
        if self.state.plateau is not None:
            self.state.plateau = self.state.plateau.observe(validation[0])

    @property
    def goes_on(self) -> bool:
        """Whether the last loss was finite."""
        return bool(np.isfinite(self.history.loss[-1:]).all())


def trainer(
    framework: str,
    models: tuple[str, ...],
    tensors: Callable[[Split], tuple[Any, Any]],
    init: Callable[[str, str, int], State],
    epoch: Callable[..., tuple[np.ndarray, int]],
    evaluate: Callable[[State, Any, Any], tuple[float, float]],
) -> Callable[..., History]:
    """The `train` of one framework, composed of what its module exposes.

    framework: its name, of a module of this package.
    models: the models that it has.
    tensors, init, epoch, evaluate: that module's functions.

    What it returns raises ValueError for bad settings.

    >>> from d2lsched.numpy import MODELS, epoch, evaluate, init, tensors
    >>> train = trainer("numpy", MODELS, tensors, init, epoch, evaluate)
    >>> train.__module__
    'd2lsched.numpy'
    """
    converted = once(tensors)

    @takes_settings("framework", "schedule")
    def train(
        schedule: Values | ReduceOnPlateau,
        *,
        data: MNIST | None = None,
        progress: bool = False,
        state: State | None = None,
        after_update: Hook | None = None,
        after_epoch: Hook | None = None,
        **settings: Any,
    ) -> History:
        """Train on MNIST and return what happened.

        schedule: the rate of every update: a schedule, a number, or a function of t; or a
            ReduceOnPlateau, which observes the validation loss after each epoch. To resume
            with one, pass what it has become, ``history.state.plateau``.
        model: "mlp" (784-128-10, ReLU) or, except in NumPy, "lenet".
        optimizer: "sgd" or "adam", see `d2lsched.optimizers`.
        momentum: SGD's μ or Adam's β₁; like the rate, it may be a function of t.
        weight_decay: λ ≥ 0; added to the gradient by sgd, decoupled in adam.
        epochs: passes over the training images.
        batch_size: images per update; a function is asked at an epoch's first update.
        seed: fixes the first weights and the order of the images, in all frameworks alike.
        data: what `d2lsched.data.mnist` returns; 10,000 training images by default. Without
            test images the test accuracy stays NaN: choose by validation, test once.
        progress: show a progress bar.
        state: continue from here, as from an earlier run's ``history.state``; it is
            copied, so several runs may branch from one state.
        after_update, after_epoch: called with (state, history); may change the state.

        A run whose loss becomes infinite or NaN stops after that epoch; see
        ``history.diverged``. Bad settings raise ValueError.

        >>> from d2lsched import CosineDecay, numpy as d2l
        >>> from d2lsched.data import mnist
        >>> data = mnist(train=256, validation=128, test=128)
        >>> history = d2l.train(CosineDecay(0.2, steps=4), epochs=2, data=data)
        >>> [round(rate, 6) for rate in history.lr]
        [0.2, 0.170711, 0.1, 0.029289]
        >>> more = d2l.train(0.01, epochs=1, data=data, state=history.state)
        >>> more.settings["first_update"], more.lr
        (4, [0.01, 0.01])
        """
        data = mnist() if data is None else data
        model = settings.get("model", Settings.model)
        require(model in models, "model", model, f"one of {', '.join(models)} in {framework}")
        run = OneRun(Settings(framework, schedule, **settings), init, data, state)
        decay = run.settings.weight_decay
        images, labels = converted(data.train)
        validation, test = converted(data.validation), converted(data.test)
        for _ in tqdm(range(run.settings.epochs), disable=not progress, unit="epoch"):
            order, right = run.order(), 0
            # A hook after each update is called between epochs of one update each.
            for part in [order] if after_update is None else np.split(order, len(order)):
                rates, momenta = run.numbers(len(part))
                start = time.perf_counter()
                losses, correct = epoch(run.state, images, labels, part, rates, momenta, decay)
                run.updated(rates, losses, time.perf_counter() - start)
                right += correct
                if after_update is not None:
                    after_update(run.state, run.history)
            run.ended_epoch(right / order.size, evaluate(run.state, *validation))
            if after_epoch is not None:
                after_epoch(run.state, run.history)
            if not run.goes_on:
                break
        if len(data.test):
            run.history.test_accuracy = evaluate(run.state, *test)[1]
        return run.history

    train.__module__ = f"d2lsched.{framework}"
    return train


def _batch_size(source: Values, update: int, images: int) -> int:
    size: Any = source(update) if callable(source) else source
    allowed = f"a whole number from 1 to the {images} training images"
    whole = is_number(size) and size % 1 == 0
    require(whole and 1 <= size <= images, "batch_size", size, allowed)
    return int(size)
