"""PyTorch schedulers that follow a schedule; `d2lsched.torch.native` makes them."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .extras import needs
from .schedules import ReduceOnPlateau, Schedule
from .schedules.base import a_schedule, require
from .schedules.tracing import checked_length
from .settings import Values, values

with needs("torch"):
    import torch
    from torch import nn
    from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

Groups = list[dict[str, Any]]


def in_proportion(groups: Groups, name: str, value: float, before: float) -> list[float]:
    """The value of a hyperparameter for each group, in proportion to the first one's.

    groups: of an optimizer. Each keeps its share under ``name_share``, which the optimizer
        saves and loads with it: what it began with over what the first group began with, or,
        of a group that was added, what it was given over what was then in force.
    name: "lr" or "weight_decay". value: what a share of 1 gets.
    before: what a share of 1 had until here.
    """
    for group in groups:
        if f"{name}_share" not in group:
            own, whole, of = float(group[name]), before, f"the {name} in force"
            if f"initial_{name}" in group:
                own = float(group[f"initial_{name}"])
                whole = float(groups[0].get(f"initial_{name}", before))
                of = f"the first group's {name}"
            way_out = (
                f"above 0, or equal to every group's; set initial_{name} of an added group"
            )
            require(whole > 0 or own == whole, of, whole, way_out)
            group[f"{name}_share"] = own / whole if own != whole else 1.0
    return [value * group[f"{name}_share"] for group in groups]


class Following(LRScheduler):
    """A torch scheduler whose own state says what the rates are, so that it can set them anew.

    It does when a state is loaded, its own or the optimizer's, if its rates were in force:
    within a SequentialLR, those of another part may be.
    """

    _base = 0.0  # the rate that a share of 1 has

    @property
    def rule(self) -> str:
        """What it follows, in words."""
        raise NotImplementedError

    @property
    def in_force(self) -> bool:
        """Whether the optimizer has the rates that this scheduler has set."""
        pairs = zip(self.optimizer.param_groups, self._last_lr, strict=False)
        return self.last_epoch >= 0 and all(float(g["lr"]) == float(lr) for g, lr in pairs)

    def follow_loading(self) -> None:
        """Set the rates again when the optimizer has loaded its state."""
        me, was_in_force = weakref.ref(self), False

        def before(*_: Any) -> None:
            nonlocal was_in_force
            scheduler = me()
            was_in_force = scheduler is not None and scheduler.in_force

        def after(*_: Any) -> None:
            scheduler = me()
            if scheduler is not None and was_in_force:
                scheduler.set_rates()

        with contextlib.suppress(AttributeError):  # some wrappers of optimizers have no hooks
            self.optimizer.register_load_state_dict_pre_hook(before)
            self.optimizer.register_load_state_dict_post_hook(after)

    def set_rates(self) -> None:
        """Give the optimizer's groups the rates of the present state."""
        for group, rate in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        self._last_lr = [group["lr"] + 0 for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers and words only, so that torch.load takes them by default."""
        return {"last_epoch": self.last_epoch, "rule": self.rule, "in_force": self.in_force}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned, at the rates of this scheduler's own rule.

        A UserWarning says so if another one was followed when the state was saved.
        """
        state = {"rule": self.rule, "in_force": True, **state_dict}
        saved, in_force = state.pop("rule"), state.pop("in_force")
        state.pop("base_lrs", None)  # of version 0.1
        self.__dict__.update(state)
        if saved != self.rule:
            text = f"this state was saved with {saved}; {self.rule} goes on with it"
            warnings.warn(f"{text}, after {self.last_epoch} steps", stacklevel=2)
        if in_force:
            self.set_rates()


class ScheduleLR(Following):
    """A torch scheduler that follows a schedule; made by `native`."""

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule | list[Schedule],
        last_epoch: int = -1,
        momentum: Values | None = None,
        weight_decay: Values | None = None,
    ):
        self.schedule, self.momentum, self.weight_decay = schedule, momentum, weight_decay
        self._decay = 0.0  # the weight decay in force
        super().__init__(optimizer, last_epoch)
        self.follow_loading()

    @property
    def rule(self) -> str:
        """The schedule as text."""
        return repr(self.schedule)

    def get_lr(self) -> list[float | torch.Tensor]:
        """The rate of each group now; sets momentum and weight decay, as torch's OneCycleLR."""
        groups, t = self.optimizer.param_groups, max(self.last_epoch, 0)
        if self.momentum is not None:
            (momentum,) = values("momentum", self.momentum, t, 1, below=1)
            for group in groups:
                if "betas" in group:
                    group["betas"] = (float(momentum), *group["betas"][1:])
                else:
                    group["momentum"] = float(momentum)
        if self.weight_decay is not None:
            (decay,) = values("weight_decay", self.weight_decay, t, 1).tolist()
            shared = in_proportion(groups, "weight_decay", decay, self._decay)
            for group, own in zip(groups, shared, strict=True):
                group["weight_decay"] = own
            self._decay = decay
        if isinstance(self.schedule, list):
            one_each = (
                f"{len(self.schedule)}, one for each schedule: append the schedule of an "
            )
            one_each += "added group to scheduler.schedule, take out a removed one's"
            fits = len(groups) == len(self.schedule)
            require(fits, "the number of parameter groups", len(groups), one_each)
            return [schedule(t) for schedule in self.schedule]
        before, self._base = self._base, self.schedule(t)
        return [*in_proportion(groups, "lr", self._base, before)]


class PlateauLR(Following, ReduceLROnPlateau):
    """A torch scheduler whose step(metric) follows a ReduceOnPlateau; made by `native`.

    One of its bases is torch's own class, by which Lightning and others know to give a metric.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, plateau: ReduceOnPlateau):
        names = ("factor", "patience", "mode", "threshold", "threshold_mode", "cooldown", "eps")
        super().__init__(optimizer, **{name: getattr(plateau, name) for name in names})
        self.plateau, self._base = plateau, plateau.rate
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", float(group["lr"]))
        self.set_rates()
        self.follow_loading()

    @property
    def rule(self) -> str:
        """The ReduceOnPlateau as text, as it was before any observation."""
        begun = dataclasses.replace(
            self.plateau, rate=math.nan, best=math.nan, bad=0, cooling=0
        )
        return repr(begun)

    def get_lr(self) -> list[float | torch.Tensor]:
        """The rate of each group now."""
        before, self._base = self._base, self.plateau.rate
        return [*in_proportion(self.optimizer.param_groups, "lr", self._base, before)]

    def step(self, metrics: Any, epoch: int | None = None) -> None:
        """Observe a metric, a number or a tensor of one, and set the rates that follow."""
        self.last_epoch: int = self.last_epoch + 1 if epoch is None else epoch
        self.plateau = self.plateau.observe(metrics)
        self.set_rates()

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers and words only, so that torch.load takes them by default."""
        state = ("rate", "best", "bad", "cooling")
        return super().state_dict() | {name: getattr(self.plateau, name) for name in state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned; see `Following`."""
        state = dict(state_dict)
        found = {name: state.pop(name) for name in ("rate", "best", "bad", "cooling")}
        self.plateau = dataclasses.replace(self.plateau, **found)
        super().load_state_dict(state)


def native(
    schedule: Schedule | Sequence[Schedule] | ReduceOnPlateau,
    optimizer: torch.optim.Optimizer,
    *,
    momentum: Values | None = None,
    weight_decay: Values | None = None,
) -> ScheduleLR | PlateauLR:
    """The schedule as a torch scheduler: call its step() after every optimizer.step().

    schedule: any schedule of this package; its unit is the call of step(). Parameter groups
        keep their ratio to the first group's initial rate, floors with it; a group that is
        added keeps the ratio it has to the rate in force. A list of schedules, one for each
        group, gives each its own rates. A ReduceOnPlateau makes a scheduler that is given the
        metric, ``step(loss)``, and is one of torch's ReduceLROnPlateau for those who ask.
    optimizer: whose rate is set.
    momentum: a schedule, or any function of the update, that sets every group's momentum, or
        the first of its betas. Below 1.
    weight_decay: the same for weight decay; groups keep their ratio to the first group's, so
        that what began without weight decay stays without.

    A scheduler's state_dict() holds plain data, and loading it, or the optimizer's, sets the
    rates of the update that is next. A UserWarning tells if it was saved with another schedule.

    ValueError for what is no schedule, for groups that differ while the first one's rate is 0,
    for more or fewer schedules than groups, and for an optimizer without momentum or decay.

    >>> from d2lsched import CosineDecay
    >>> optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    >>> scheduler = native(CosineDecay(0.2, steps=4), optimizer)
    >>> for t in range(4):
    ...     print(t, round(optimizer.param_groups[0]["lr"], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    0 0.2
    1 0.1707
    2 0.1
    3 0.0293

    One floor for all groups, as torch's eta_min, is a schedule for each group:

    >>> rates = [group["initial_lr"] for group in optimizer.param_groups]
    >>> scheduler = native([CosineDecay(rate, 4, end_lr=0.01) for rate in rates], optimizer)
    """
    if isinstance(schedule, ReduceOnPlateau):
        for name, given in (("momentum", momentum), ("weight_decay", weight_decay)):
            require(given is None, name, given, "None with a ReduceOnPlateau")
        return PlateauLR(optimizer, schedule)
    own: Schedule | list[Schedule]
    if isinstance(schedule, list | tuple):
        own = [a_schedule("schedule", one) for one in schedule]
    else:
        or_else = ", a list of them, one for each parameter group, or a ReduceOnPlateau"
        own = a_schedule("schedule", schedule, or_else)
    groups = getattr(optimizer, "param_groups", ())  # torch refuses what is no optimizer
    for name, given, keys in (
        ("momentum", momentum, {"momentum", "betas"}),
        ("weight_decay", weight_decay, {"weight_decay"}),
    ):
        fits = given is None or all(keys & group.keys() for group in groups)
        require(fits, name, given, f"None: {type(optimizer).__name__} has no {name}")
    if weight_decay is not None:
        for group in groups:
            group.setdefault("initial_weight_decay", float(group["weight_decay"]))
    return ScheduleLR(optimizer, own, momentum=momentum, weight_decay=weight_decay)


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
