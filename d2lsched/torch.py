"""Training in PyTorch.

One of four twins: `numpy`, `torch`, `tensorflow`, `jax`, the same names in the same
order; its `native` and `trace` are in `d2lsched.lr_scheduler`. An update of the MLP is too
small to share between cores, and a busy neighbor makes sharing far slower than not: `epoch`
and `evaluate` run on one thread. Many runs share the cores run by run, `train_many`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np

from .data import Split
from .extras import needs
from .lr_scheduler import native as native
from .lr_scheduler import trace as trace
from .many import many_trainer
from .optimizers import BETA2, EPSILON, bias_corrections
from .run import State, first_weights, parts, scaled, trainer

with needs("torch"):
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy, relu

MODELS = ("mlp", "lenet")


def tensors(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """Images as float32 in [0, 1], shape (n, 1, 28, 28), and labels as int64, shape (n,).

    split: n images with their labels, as `d2lsched.data.mnist` has them.

    >>> from d2lsched.data import mnist
    >>> images, labels = tensors(mnist(train=256).train)
    >>> tuple(images.shape), labels[:5].tolist()
    ((256, 1, 28, 28), [5, 0, 4, 1, 9])
    """
    images = torch.from_numpy(scaled(split.images)).unsqueeze(1)
    return images, torch.from_numpy(split.labels.astype(np.int64))


def network(model: str) -> nn.Sequential:
    """The untrained network that maps images, (n, 1, 28, 28), to logits, (n, 10).

    model: "mlp" or "lenet". Its weights are torch's own random ones; `init` sets ours. They
        are float32, whatever torch's default.

    >>> network("mlp")(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3, 10])
    """
    if model == "mlp":
        layers = nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)
        return nn.Sequential(*layers).float()
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    ).float()  # fmt: skip


def init(model: str = "mlp", optimizer: str = "sgd", seed: int = 0) -> State:
    """The state before update 0: a network, and its moments as lists of tensors.

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
    net = network(model)
    with torch.no_grad():
        for parameter, weight in zip(net.parameters(), first_weights(model, seed), strict=True):
            # torch keeps outputs first: (outputs, inputs) and (outputs, inputs, height, width)
            axes = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[weight.ndim]
            parameter.copy_(torch.from_numpy(weight.transpose(axes)))
    one, two = ([torch.zeros_like(p) for p in net.parameters()] for _ in range(2))
    return State("torch", model, optimizer, net, one if optimizer == "sgd" else (one, two))


def weights(state: State) -> list[np.ndarray]:
    """The weights as NumPy arrays, in the layout of `run.first_weights`.

    state: from `init`, or where a run ended: ``history.state``.

    >>> [weight.shape for weight in weights(init())]
    [(784, 128), (128,), (128, 10), (10,)]
    """
    axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
    found = [parameter.detach().numpy() for parameter in state.weights.parameters()]
    return [weight.transpose(axes[weight.ndim]).copy() for weight in found]


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread, and give the caller's number of threads back.

    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def descend(
    weights: Sequence[torch.Tensor],
    moments: Any,
    gradients: Sequence[torch.Tensor],
    lr: torch.Tensor,
    momentum: torch.Tensor,
    weight_decay: float,
    corrections: Any,
) -> None:
    """One update of sgd or adam: the rules of `d2lsched.optimizers`, in place.

    moments: a list of tensors for sgd, two for adam; changed, as the weights are.
    lr, momentum: tensors of no axis, or such that broadcast to stacked weights.
    corrections: of adam, `bias_corrections`; numbers, or tensors as those.

    torch.optim's SGD and AdamW compute the same in their step(), with more around it.

    >>> w, v, g = (torch.tensor([x]) for x in (1.0, 0.5, 0.1))
    >>> descend([w], [v], [g], torch.tensor(0.2), torch.tensor(0.9), 0.0, corrections=None)
    >>> w, v
    (tensor([0.8900]), tensor([0.5500]))
    """
    if isinstance(moments, list):
        for w, v, g in zip(weights, moments, gradients, strict=True):
            if weight_decay:
                g = g.add(w, alpha=weight_decay)
            torch.addcmul(g, v, momentum, out=v)  # v ← g + μv
            w.addcmul_(v, lr, value=-1)  # w ← w − ηv
    else:
        first, second = corrections
        for w, m, s, g in zip(weights, *moments, gradients, strict=True):
            m.mul_(momentum).add_((1 - momentum) * g)
            s.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
            step = (m / first).div_((s / second).sqrt_().add_(EPSILON))
            w.mul_(1 - lr * weight_decay).sub_(lr * step)


@one_thread()
def epoch(
    state: State,
    images: torch.Tensor,
    labels: torch.Tensor,
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
    net, batches = state.weights, torch.from_numpy(order)
    parameters = list(net.parameters())
    weights = [parameter.detach() for parameter in parameters]  # the same memory
    targets = labels[batches]
    lr, mu = (torch.from_numpy(np.float32(numbers)) for numbers in (rates, momenta))
    corrections = bias_corrections(momenta, state.update).tolist()
    losses, answers = [], []
    for i, batch in enumerate(batches):
        logits = net(images.index_select(0, batch))
        loss = cross_entropy(logits, targets[i])
        gradients = torch.autograd.grad(loss, parameters)
        descend(weights, state.moments, gradients, lr[i], mu[i], weight_decay, corrections[i])
        losses.append(loss.detach())
        answers.append(logits.detach())
    right = (torch.stack(answers).argmax(dim=2) == targets).sum()
    return torch.stack(losses).numpy(), int(right)


@torch.no_grad()  # type: ignore[untyped-decorator]
@one_thread()
def evaluate(state: State, images: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
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
        logits, y = state.weights(images[part]), labels[part]
        total += float(cross_entropy(logits, y, reduction="sum"))
        right += int((logits.argmax(dim=1) == y).sum())
    return total / len(labels), right / len(labels)


train = trainer("torch", MODELS, tensors, init, epoch, evaluate)


def epoch_many(
    states: list[State],
    images: torch.Tensor,
    labels: torch.Tensor,
    orders: np.ndarray,
    rates: np.ndarray,
    momenta: np.ndarray,
    weight_decay: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """`epoch` for several runs of the MLP at once, stacked; torch's threads take a stack each.

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
    # Whole runs share cores without waiting for one another; four a stack hide dispatch.
    count = max(1, min(torch.get_num_threads(), len(states) // 4))
    stacks = np.array_split(np.arange(len(states)), count)
    with ThreadPoolExecutor(count) as pool:
        results = pool.map(
            lambda runs: _epoch_of_stack(
                [states[run] for run in runs], images, labels,
                orders[runs], rates[runs], momenta[runs], weight_decay,
            ),
            stacks,
        )  # fmt: skip
        losses, right = zip(*results, strict=True)
    return np.concatenate(losses), np.concatenate(right)


@one_thread()
def _epoch_of_stack(
    states: list[State],
    images: torch.Tensor,
    labels: torch.Tensor,
    orders: np.ndarray,
    rates: np.ndarray,
    momenta: np.ndarray,
    weight_decay: float,
) -> tuple[np.ndarray, np.ndarray]:
    batches = torch.from_numpy(orders)
    runs, updates, size = batches.shape
    pairs = zip(momenta, states, strict=True)
    corrections = np.stack([bias_corrections(own, state.update) for own, state in pairs])
    # a row for each update, shape (runs, 1, 1): all weights below have three axes
    lr, mu, first, second = (
        torch.from_numpy(np.float32(numbers).T)[..., None, None]
        for numbers in (rates, momenta, corrections[..., 0], corrections[..., 1])
    )
    own = [_all_tensors(state) for state in states]
    stack = [torch.stack(same) for same in zip(*own, strict=True)]
    stack = [part if part.ndim == 3 else part[:, :, None] for part in stack]
    weights = stack[:4]
    moments: Any = stack[4:] if len(stack) == 8 else (stack[4:8], stack[8:])  # sgd or adam
    leaves = [weight.detach().requires_grad_() for weight in weights]  # the same memory
    w1, b1, w2, b2 = leaves
    losses, answers = [], []
    for i in range(updates):
        batch = batches[:, i]
        x = images.index_select(0, batch.flatten()).view(runs, size, -1)
        hidden = relu(torch.baddbmm(b1, w1, x.mT))  # (runs, 128, size)
        logits = torch.baddbmm(b2, w2, hidden)  # (runs, 10, size)
        loss = cross_entropy(logits, labels[batch], reduction="none").mean(dim=1)
        gradients = torch.autograd.grad(loss.sum(), leaves)
        numbers = lr[i], mu[i], weight_decay, (first[i], second[i])
        descend(weights, moments, gradients, *numbers)
        losses.append(loss.detach())
        answers.append(logits.detach().argmax(dim=1))
    for run, parts_of_run in enumerate(own):
        for part, found in zip(parts_of_run, stack, strict=True):
            part.copy_(found[run].view_as(part))
    right = (torch.stack(answers, dim=1) == labels[batches]).sum(dim=(1, 2))
    return torch.stack(losses, dim=1).numpy(), right.numpy()


def _all_tensors(state: State) -> list[torch.Tensor]:
    """The tensors that an update changes: weights, then moments."""
    moments = (
        state.moments if state.optimizer == "sgd" else [*state.moments[0], *state.moments[1]]
    )
    return [parameter.detach() for parameter in state.weights.parameters()] + moments


train_many = many_trainer("torch", tensors, init, epoch_many, evaluate)
