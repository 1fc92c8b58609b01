"""Training in PyTorch.

One of four twins: `numpy`, `torch`, `tensorflow`, `jax`, the same names in the same
order. An update of the MLP is too small to share between cores, and a busy neighbor
makes sharing far slower than not: `epoch` and `evaluate` run on one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .data import Split
from .optimizers import BETA2, EPSILON
from .run import State, first_weights, parts, scaled, trainer
from .schedules import Schedule
from .schedules.base import require
from .schedules.tracing import checked_length

try:
    import torch
except ImportError as error:
    raise ImportError("d2lsched.torch needs PyTorch: pip install torch") from error

from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LRScheduler

MODELS = ("mlp", "lenet")


def tensors(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """Images as float32 in [0, 1], shape (n, 1, 28, 28), and labels as int64, shape (n,)."""
    images = torch.from_numpy(scaled(split.images)).unsqueeze(1)
    return images, torch.from_numpy(split.labels.astype(np.int64))


def network(model: str) -> nn.Sequential:
    """The untrained network that maps images to 10 logits."""
    if model == "mlp":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def init(model: str = "mlp", optimizer: str = "sgd", seed: int = 0) -> State:
    """The state before update 0: the network and its optimizer."""
    net = network(model)
    with torch.no_grad():
        for parameter, weight in zip(net.parameters(), first_weights(model, seed), strict=True):
            # torch keeps outputs first: (outputs, inputs) and (outputs, inputs, height, width)
            axes = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[weight.ndim]
            parameter.copy_(torch.from_numpy(weight.transpose(axes)))
    # epoch sets rate, momentum and weight decay before every update
    rule: torch.optim.Optimizer
    if optimizer == "sgd":
        rule = torch.optim.SGD(net.parameters(), lr=0.0, fused=True)
    else:
        rule = torch.optim.AdamW(
            net.parameters(), lr=0.0, betas=(0.9, BETA2), eps=EPSILON, fused=True
        )
    return State("torch", model, optimizer, net, rule)


def weights(state: State) -> list[np.ndarray]:
    """The weights as NumPy arrays, in the layout of `run.first_weights`."""
    axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
    found = [parameter.detach().numpy() for parameter in state.weights.parameters()]
    return [weight.transpose(axes[weight.ndim]).copy() for weight in found]


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread, and give the caller's number of threads back."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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

    Returns each batch's loss before its update and the count of right answers.
    """
    net, optimizer = state.weights, state.moments
    settings = optimizer.param_groups[0]
    settings["weight_decay"] = weight_decay
    losses, right = torch.empty(len(order)), torch.tensor(0)
    for i, batch in enumerate(torch.from_numpy(order)):
        x, y = images[batch], labels[batch]
        logits = net(x)
        loss = cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        settings["lr"] = float(rates[i])
        if state.optimizer == "sgd":
            settings["momentum"] = float(momenta[i])
        else:
            settings["betas"] = (float(momenta[i]), BETA2)
        optimizer.step()
        losses[i] = loss.detach()
        right += (logits.detach().argmax(dim=1) == y).sum()
    return losses.numpy(), int(right)


@torch.no_grad()  # type: ignore[untyped-decorator]
@one_thread()
def evaluate(state: State, images: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Mean loss and accuracy over images."""
    total, right = 0.0, 0
    for part in parts(len(labels)):
        logits, y = state.weights(images[part]), labels[part]
        total += float(cross_entropy(logits, y, reduction="sum"))
        right += int((logits.argmax(dim=1) == y).sum())
    return total / len(labels), right / len(labels)


train = trainer("torch", MODELS, tensors, init, epoch, evaluate)


class ScheduleLR(LRScheduler):
    """A torch scheduler that follows a schedule; made by `native`."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, schedule: Schedule, last_epoch: int = -1
    ):
        self.schedule = schedule
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | torch.Tensor]:
        """The rate of each parameter group at the scheduler's present update."""
        first, rate = float(self.base_lrs[0]), self.schedule(self.last_epoch)
        return [rate * float(base) / first if base != first else rate for base in self.base_lrs]

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers only, so that torch.load takes them by default."""
        return {
            "last_epoch": self.last_epoch,
            "base_lrs": [float(base) for base in self.base_lrs],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned."""
        super().load_state_dict(state_dict)
        self._last_lr = self.get_lr()


def native(schedule: Schedule, optimizer: torch.optim.Optimizer) -> ScheduleLR:
    """The schedule as a torch scheduler: call its step() after every optimizer.step().

    Parameter groups keep their ratio to the first group's initial rate, which must then
    not be 0 (ValueError).
    """
    first, *others = (
        float(group.get("initial_lr", group["lr"])) for group in optimizer.param_groups
    )
    relative = any(rate != first for rate in others)
    require(first > 0 or not relative, "the first group's rate", first, "above 0")
    return ScheduleLR(optimizer, schedule)


def trace(factory: Callable[[torch.optim.Optimizer], Any], n: int, lr: float) -> np.ndarray:
    """The rates that a torch scheduler gives to updates 0, …, n − 1: float64, shape (n,).

    factory: makes the scheduler, given an optimizer; for ReduceLROnPlateau and others that
        need more than ``step()``, wrap that in the factory.
    n: how many updates, at least 0. lr: the optimizer's own rate.

    A scheduler is made for the purpose and stepped once an update. ValueError for another n.

    >>> from functools import partial
    >>> from torch.optim.lr_scheduler import StepLR
    >>> trace(partial(StepLR, step_size=2, gamma=0.5), n=5, lr=0.4)
    array([0.4, 0.4, 0.2, 0.2, 0.1])
    """
    checked_length(n)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler, rates = factory(optimizer), []
    for _ in range(n):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return np.array(rates)
