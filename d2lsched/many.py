"""Many runs of one shape, trained as one: what `train_many` is before any framework."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from .data import MNIST, Split, mnist
from .history import History
from .run import OneRun, State, once
from .schedules.base import require
from .settings import Settings, takes_settings


def many_trainer(
    framework: str,
    tensors: Callable[[Split], tuple[Any, Any]],
    init: Callable[[str, str, int], State],
    epoch_many: Callable[..., tuple[Any, Any]],
    evaluate: Callable[[State, Any, Any], tuple[float, float]],
) -> Callable[..., list[History]]:
    """The `train_many` of one framework, composed of what its module exposes.

    framework: its name, of a module of this package.
    tensors, init, epoch_many, evaluate: that module's functions.

    >>> from d2lsched import torch as d2l
    >>> parts = d2l.tensors, d2l.init, d2l.epoch_many, d2l.evaluate
    >>> many_trainer("torch", *parts).__module__
    'd2lsched.torch'
    """
    converted = once(tensors)

    @takes_settings("framework", "schedule", "seed")
    def train_many(
        schedules: Any,
        seeds: Any,
        *,
        data: MNIST | None = None,
        progress: bool = False,
        **settings: Any,
    ) -> list[History]:
        """Train every schedule with every seed, all runs at once, and return their histories.

        schedules: a list of what `train` takes as its schedule, or one of them.
        seeds: a list of seeds, or one. The histories come in the order of ``[(schedule, seed)
            for schedule in schedules for seed in seeds]``.
        model: "mlp": the products of a convolution gain nothing from being stacked.

        optimizer, momentum, weight_decay, epochs, batch_size, data, progress: as in `train`,
            the same for all runs.

        Each history is the one that ``train(schedule, seed=seed, ...)`` gives, up to the
        rounding of float32; its seconds are the run's share of the time that all took. A run
        that diverges ends as in `train`, and the others go on without it.

        ValueError for bad settings.

        >>> from d2lsched import CosineDecay
        >>> from d2lsched.data import mnist
        >>> data = mnist(train=256, validation=128, test=128)
        >>> runs = train_many([0.1, CosineDecay(0.2, 4)], seeds=[5, 6], epochs=2, data=data)
        >>> [(round(run.lr[-1], 4), run.settings["seed"]) for run in runs]
        [(0.1, 5), (0.1, 6), (0.0293, 5), (0.0293, 6)]
        """
        data = mnist() if data is None else data
        model = settings.get("model", Settings.model)
        require(model == "mlp", "model", model, f"mlp in {framework}'s train_many")
        runs = [
            OneRun(Settings(framework, schedule, seed, **settings), init, data)
            for schedule in _several("schedules", schedules)
            for seed in _several("seeds", seeds)
        ]
        epochs, decay = runs[0].settings.epochs, runs[0].settings.weight_decay
        images, labels = converted(data.train)
        validation, test = converted(data.validation), converted(data.test)
        for _ in tqdm(range(epochs), disable=not progress, unit="epoch"):
            going = [run for run in runs if run.goes_on]
            if not going:
                break
            orders = np.stack([run.order() for run in going])
            numbers = [run.numbers(orders.shape[1]) for run in going]
            rates, momenta = np.stack(numbers, axis=1)
            start = time.perf_counter()
            losses, right = epoch_many(
                [run.state for run in going], images, labels, orders, rates, momenta, decay
            )
            seconds = (time.perf_counter() - start) / len(going)
            for i, run in enumerate(going):
                run.updated(rates[i], losses[i], seconds)
                run.ended_epoch(right[i] / orders[i].size, evaluate(run.state, *validation))
        for run in runs if len(data.test) else []:
            run.history.test_accuracy = evaluate(run.state, *test)[1]
        return [run.history for run in runs]

    train_many.__module__ = f"d2lsched.{framework}"
    return train_many


def _several(name: str, value: Any) -> list[Any]:
    listed = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)
    items = list(value) if listed else [value]
    require(len(items) > 0, name, value, "not empty")
    return items
