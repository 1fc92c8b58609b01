"""How fast training is, as ratios measured in one process for each framework: ``make bench``.

Each framework trains the same network on the same images, in turn, three ways:

- ``d2lsched.<framework>.train``;
- the idiom, the loop that the framework's users write. NumPy's and torch's run at one thread
  and at the default number, and the faster of the two is taken;
- the limit: nothing but the five matrix products of an update.

A side's time is the time of its updates; data are ready before it starts, and nothing is
evaluated. ``call/idiom`` is of the whole call ``train(schedule, epochs=3)``, with validation
after each epoch and the test at its end, against the same idiom without them. Ratios are
medians over repeats in which the sides alternate, so that a machine that is busy for a while
slows all. Prints two tables; exit status 1 if a target is missed.
``python benchmarks/training.py torch`` measures one framework and prints JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from d2lsched import CosineDecay
from d2lsched.data import mnist
from d2lsched.run import first_weights

EPOCHS, BATCH, IMAGES, REPEATS, RUNS = 3, 128, 10_000, 7, 8
UPDATES = IMAGES // BATCH
SEEN = EPOCHS * UPDATES * BATCH  # images in one run
SCHEDULE = CosineDecay(0.1, EPOCHS * UPDATES)

# Ratios of speed that are at least to be reached.
TARGETS: dict[str, dict[str, float]] = {
    "numpy": {"train/idiom": 0.9},
    "torch": {"train/idiom": 1.6, "call/idiom": 1.5, "many/separate": 1.6},
    "tensorflow": {"train/idiom": 5.0, "call/idiom": 4.0, "train/limit": 0.7},
    "jax": {"train/idiom": 1.4, "call/idiom": 1.0, "train/limit": 0.7, "many/separate": 0.8},
}

Side = Callable[[], list[float]]
"""Trains once, or multiplies as often as that takes; returns the losses of its updates."""


def factors() -> list[np.ndarray]:
    """Images, weights and a gradient of the logits to multiply with each other."""
    x = mnist(BATCH).train.images.reshape(BATCH, 784) / np.float32(255)
    w1, _, w2, _ = first_weights("mlp", 0)
    return [x.astype(np.float32), w1, w2, np.full((BATCH, 10), 1e-3, np.float32)]


def numpy_sides(images: np.ndarray, labels: np.ndarray) -> tuple[dict[str, Side], Side]:
    """The plain loop, and NumPy's products."""
    from threadpoolctl import threadpool_limits

    def loop() -> list[float]:
        rng, losses, t = np.random.default_rng(0), [], 0
        weights = first_weights("mlp", 0)
        velocities = [np.zeros_like(w) for w in weights]
        for _ in range(EPOCHS):
            order = rng.permutation(IMAGES)
            for start in range(0, UPDATES * BATCH, BATCH):
                batch = order[start : start + BATCH]
                x, y = images[batch], labels[batch]
                w1, b1, w2, b2 = weights
                hidden = np.maximum(x @ w1 + b1, 0)
                logits = hidden @ w2 + b2
                scores = np.exp(logits - logits.max(axis=1, keepdims=True))
                p = scores / scores.sum(axis=1, keepdims=True)
                losses.append(float(-np.log(p[np.arange(BATCH), y]).mean()))
                p[np.arange(BATCH), y] -= 1
                p /= BATCH
                back = (p @ w2.T) * (hidden > 0)
                gradients = [x.T @ back, back.sum(axis=0), hidden.T @ p, p.sum(axis=0)]
                for w, v, g in zip(weights, velocities, gradients, strict=True):
                    v *= 0.9
                    v += g
                    w -= SCHEDULE(t) * v
                t += 1
        return losses

    def products() -> list[float]:
        x, w1, w2, d = factors()
        for _ in range(EPOCHS * UPDATES):
            hidden = x @ w1
            hidden @ w2, x.T @ (d @ w2.T), hidden.T @ d
        return []

    def at(threads: int | None, side: Side) -> list[float]:
        with threadpool_limits(threads):
            return side()

    loops = {"1 thread": partial(at, 1, loop), "default threads": partial(at, None, loop)}
    return loops, partial(at, 1, products)


def torch_sides(images: Any, labels: Any) -> tuple[dict[str, Side], Side]:
    """A loop over a DataLoader with scheduler.step(), and torch's products."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    default = torch.get_num_threads()

    def loop() -> list[float]:
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)
        )  # fmt: skip
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * UPDATES)
        data = TensorDataset(images, labels)
        loader = DataLoader(data, batch_size=BATCH, shuffle=True, drop_last=True)
        losses, right = [], 0
        for _ in range(EPOCHS):
            for x, y in loader:
                optimizer.zero_grad()
                logits = net(x)
                loss = nn.functional.cross_entropy(logits, y)
                loss.backward()
                optimizer.step()
                scheduler.step()
                losses.append(loss.item())
                right += (logits.argmax(dim=1) == y).sum().item()
        return losses

    def products() -> list[float]:
        x, w1, w2, d = map(torch.from_numpy, factors())
        for _ in range(EPOCHS * UPDATES):
            hidden = x @ w1
            hidden @ w2, x.T @ (d @ w2.T), hidden.T @ d
        return []

    def at(threads: int, side: Side) -> list[float]:
        torch.set_num_threads(threads)
        try:
            return side()
        finally:
            torch.set_num_threads(default)

    loops = {"1 thread": partial(at, 1, loop), f"{default} threads": partial(at, default, loop)}
    return loops, partial(at, 1, products)


def tensorflow_sides(images: Any, labels: Any) -> tuple[dict[str, Side], Side]:
    """Keras' fit with a Keras schedule, and XLA's products."""
    import keras
    import tensorflow as tf

    x, y = images.numpy()[: UPDATES * BATCH], labels.numpy()[: UPDATES * BATCH]
    model = keras.Sequential([
        keras.Input((28, 28, 1)), keras.layers.Flatten(),
        keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10),
    ])  # fmt: skip
    schedule = keras.optimizers.schedules.CosineDecay(0.1, EPOCHS * UPDATES)
    model.compile(
        keras.optimizers.SGD(schedule, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    first = model.get_weights()

    def fit() -> list[float]:
        model.set_weights(first)  # compiled before: another model would be traced again
        for variable in model.optimizer.variables:
            if variable is not model.optimizer.learning_rate:
                variable.assign(keras.ops.zeros_like(variable))
        history = model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
        return history.history["loss"]

    @tf.function(jit_compile=True)
    def multiply(x: Any, w1: Any, w2: Any) -> Any:
        for _ in tf.range(EPOCHS * UPDATES):  # each turn needs the last, or XLA drops it
            hidden = x @ w1
            d = hidden @ w2
            back = tf.matmul(d, w2, transpose_b=True)
            w1 = 1e-6 * tf.matmul(x, back, transpose_a=True)
            w2 = 1e-6 * tf.matmul(hidden, d, transpose_a=True)
        return w2

    def products() -> list[float]:
        return multiply(*map(tf.constant, factors()[:3])).numpy()[:0, 0].tolist()

    return {"Keras fit": fit}, products


def jax_sides(images: Any, labels: Any) -> tuple[dict[str, Side], Side]:
    """A Python loop over a jitted step with optax, and XLA's products."""
    import jax
    import jax.numpy as jnp
    import optax

    x, y = np.asarray(images).reshape(IMAGES, 784), np.asarray(labels)
    schedule = optax.cosine_decay_schedule(0.1, EPOCHS * UPDATES)
    optimizer = optax.sgd(schedule, momentum=0.9)

    def loss_of(weights: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = weights
        logits = jax.nn.relu(x @ w1 + b1) @ w2 + b2
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, y)
        return losses.mean(), (logits.argmax(axis=1) == y).sum()

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(weights: Any, state: Any, x: Any, y: Any) -> Any:
        (loss, right), gradients = jax.value_and_grad(loss_of, has_aux=True)(weights, x, y)
        changes, state = optimizer.update(gradients, state, weights)
        return optax.apply_updates(weights, changes), state, loss, right

    def loop() -> list[float]:
        rng, losses = np.random.default_rng(0), []
        weights = [jnp.asarray(w) for w in first_weights("mlp", 0)]
        state = optimizer.init(weights)
        for _ in range(EPOCHS):
            order = rng.permutation(IMAGES)[: UPDATES * BATCH].reshape(UPDATES, BATCH)
            for batch in order:
                weights, state, loss, _ = step(weights, state, x[batch], y[batch])
                losses.append(loss)
        return np.array(losses).tolist()

    @jax.jit
    def multiply(x: Any, w1: Any, w2: Any) -> Any:
        def turn(weights: Any, _: None) -> Any:
            w1, w2 = weights
            hidden = x @ w1
            d = hidden @ w2
            return (1e-6 * (x.T @ (d @ w2.T)), 1e-6 * (hidden.T @ d)), None

        return jax.lax.scan(turn, (w1, w2), length=EPOCHS * UPDATES)[0]

    def products() -> list[float]:
        jax.block_until_ready(multiply(*factors()[:3]))
        return []

    return {"jitted step": loop}, products


def seconds(work: Callable[[], Any]) -> float:
    """How long a call of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(framework: str) -> dict[str, Any]:
    """All that the tables show of one framework."""
    twin = importlib.import_module(f"d2lsched.{framework}")
    data = mnist(IMAGES, validation=128, test=128)
    train = partial(twin.train, epochs=EPOCHS, data=data)
    sides = {"numpy": numpy_sides, "torch": torch_sides,
             "tensorflow": tensorflow_sides, "jax": jax_sides}[framework]  # fmt: skip
    idioms, products = sides(*twin.tensors(data.train))

    first = train(0.01).seconds
    compiling = first - train(SCHEDULE, seed=1).seconds  # another rate and seed: compiled
    last = [statistics.fmean(train(SCHEDULE).loss[-UPDATES:])]
    for idiom in idioms.values():
        losses = idiom()
        last.append(
            statistics.fmean(losses[-UPDATES:] if len(losses) > EPOCHS else losses[-1:])
        )
    if max(last) - min(last) > 0.05:
        raise AssertionError(f"{framework} and its idiom end at different losses: {last}")
    name = min(idioms, key=lambda name: min(seconds(idioms[name]) for _ in range(2)))
    products()

    call = partial(twin.train, SCHEDULE, epochs=EPOCHS)
    call()
    ours, calls, theirs, bare = [], [], [], []
    for _ in range(REPEATS):
        ours.append(train(SCHEDULE).seconds)
        calls.append(seconds(call))
        theirs.append(seconds(idioms[name]))
        bare.append(seconds(products))
    result = {
        "idiom": name, "compiling": compiling,
        "train/s": SEEN / statistics.median(ours),
        "idiom/s": SEEN / statistics.median(theirs),
        "limit/s": SEEN / statistics.median(bare),
        "train/idiom": _ratio(theirs, ours), "train/limit": _ratio(bare, ours),
        "call/idiom": _ratio(theirs, calls),
    }  # fmt: skip
    if hasattr(twin, "train_many"):
        result |= _many(twin, products, data)
    return result


def _many(twin: Any, products: Side, data: Any) -> dict[str, float]:
    seeds = range(RUNS)

    def together() -> float:
        runs = twin.train_many(SCHEDULE, seeds, epochs=EPOCHS, data=data)
        return sum(run.seconds for run in runs) / RUNS

    def separate() -> float:
        runs = [twin.train(SCHEDULE, seed=seed, epochs=EPOCHS, data=data) for seed in seeds]
        return sum(run.seconds for run in runs) / RUNS

    together()
    times = [(together(), separate(), seconds(products)) for _ in range(REPEATS)]
    many, one, bare = zip(*times, strict=True)
    return {
        "many/s": SEEN / statistics.median(many),
        "many/separate": _ratio(one, many),
        "many/limit": _ratio(bare, many),
    }


def _ratio(one: Any, other: Any) -> float:
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def main() -> bool:
    """Measure every framework in a process of its own; is every target met?"""
    results = {}
    for framework in TARGETS:
        command = [sys.executable, str(Path(__file__)), framework]
        found = subprocess.run(
            command,
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONWARNINGS": ""},
        )
        results[framework] = json.loads(found.stdout)

    print(f"The MLP on {IMAGES:,} images, batches of {BATCH}: images per second, and ratios")
    _table(
        results, ("train/s", "idiom/s", "limit/s"), ("train/idiom", "call/idiom", "train/limit")
    )
    for framework, found in results.items():
        print(f"  {framework}: idiom {found['idiom']}, compiling {found['compiling']:.1f} s")
    print(f"\ntrain_many, {RUNS} runs: images per second in all, and ratios")
    many = {name: found for name, found in results.items() if "many/s" in found}
    _table(many, ("many/s",), ("many/separate", "many/limit"))
    met = all(
        results[framework][ratio] >= least
        for framework, targets in TARGETS.items()
        for ratio, least in targets.items()
    )
    print("\nAll targets met." if met else "\nA target was missed.")
    return met


def _table(results: dict[str, Any], speeds: tuple[str, ...], ratios: tuple[str, ...]) -> None:
    heads = "".join(f"{name:>10}" for name in speeds) + "".join(
        f"{name:>21}" for name in ratios
    )
    print(f"  {'':11}{heads}")
    for framework, found in results.items():
        row = "".join(f"{found[name]:10,.0f}" for name in speeds)
        for name in ratios:
            least = TARGETS[framework].get(name)
            row += f"{found[name]:12.2f}" + (f" (≥ {least})" if least else "").ljust(9)
        print(f"  {framework:11}{row}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measured(sys.argv[1])))
    else:
        sys.exit(not main())
