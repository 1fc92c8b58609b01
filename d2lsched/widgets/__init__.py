"""The schedule lab: change a schedule, and see its rate and what the rate does.

The modules in ``js`` are all of it, in JupyterLab as in the book; what is here makes the state
that they start from, and the HTML in which a page of the book finds that state.
"""

from __future__ import annotations

import html
import json
import numbers
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..schedules import Schedule
from ..schedules.base import parts_of, require
from ..settings import OPTIMIZERS

if TYPE_CHECKING:
    from .jupyter import Lab

MOST = 8
"""How many schedules a lab shows at once."""
EPOCHS, SEEDS = range(1, 31), range(1, 6)
"""How long, and how often, a page trains."""


def lab(
    *schedules: Schedule | Mapping[str, Schedule],
    updates: int = 780,
    log: bool = False,
    condition: float = 100.0,
    noise: float = 0.1,
    momentum: float = 0.0,
    **training: Any,
) -> Lab:
    """The schedule lab, as a widget for JupyterLab.

    schedules: up to eight, or mappings from names to schedules; they are where the reader
        starts.
    updates: the length of the run, from 10 to 20,000.
    log: logarithmic rate axis.
    condition: of the noisy quadratic, the largest over the smallest curvature, from 1.
    noise: its gradients have the variance noise times the curvature; at least 0.
    momentum: of SGD on it, from 0 to 0.999.
    training: what training begins with: ``optimizer``, "sgd" or "adam"; ``epochs``, from 1 to
        30, by default as long as the run; ``seeds``, from 1 to 5.

    The widget's ``schedules`` are always those on the page, and can be set. ValueError for
    other values; ImportError without the package anywidget.

    >>> from d2lsched import CosineDecay
    >>> widget = lab(CosineDecay(0.4, 780), {"short": CosineDecay(0.4, 400)})
    >>> widget.schedules["short"].replace(end_lr=0.1)
    CosineDecay(lr=0.4, steps=400, end_lr=0.1)
    """
    from .jupyter import Lab

    settings = {"condition": condition, "noise": noise, "momentum": momentum, **training}
    return Lab(state(named(schedules), updates=updates, log=log, **settings))


def named(schedules: Iterable[Schedule | Mapping[str, Schedule]]) -> dict[str, Schedule]:
    """The schedules by their names; those without one are named after their class."""
    result: dict[str, Schedule] = {}
    for item in schedules:
        if isinstance(item, Mapping):
            result.update(item)
            continue
        kind, number = type(item).__name__, 2
        name = kind
        while name in result:
            name, number = f"{kind} {number}", number + 1
        result[name] = item
    return result


def state(
    schedules: Mapping[str, Schedule],
    *,
    updates: int = 780,
    log: bool = False,
    condition: float = 100.0,
    noise: float = 0.1,
    momentum: float = 0.0,
    optimizer: str | None = None,
    epochs: int | None = None,
    seeds: int | None = None,
) -> dict[str, Any]:
    """What a lab shows, as plain data; the parameters are those of `lab`."""
    require(len(schedules) <= MOST, "len(schedules)", len(schedules), f"at most {MOST}")
    whole = isinstance(updates, numbers.Integral)
    require(whole and 10 <= updates <= 20_000, "updates", updates, "from 10 to 20000")
    require(condition >= 1, "condition", condition, "at least 1")
    require(noise >= 0, "noise", noise, "at least 0")
    require(0 <= momentum <= 0.999, "momentum", momentum, "from 0 to 0.999")
    training = {"optimizer": optimizer, "epochs": epochs, "seeds": seeds}
    given = {name: value for name, value in training.items() if value is not None}
    for name, allowed in (("optimizer", OPTIMIZERS), ("epochs", EPOCHS), ("seeds", SEEDS)):
        described = f"one of {', '.join(map(str, allowed))}"
        require(given.get(name, allowed[0]) in allowed, name, given.get(name), described)
    entries = [
        {"name": name, "config": config_of(name, schedule), "hidden": False}
        for name, schedule in schedules.items()
    ]
    settings = {"condition": condition, "noise": noise, "momentum": momentum}
    return {
        "schedules": entries,
        "updates": int(updates),
        "log": bool(log),
        **settings,
        **given,
    }


def config_of(name: str, schedule: Any) -> dict[str, Any]:
    """The parameters of a schedule that the lab knows."""
    require(isinstance(schedule, Schedule), name, schedule, "a schedule")
    for part in parts_of(schedule):
        known = type(part).__module__.startswith("d2lsched.")
        own = f"made of d2lsched's own schedules, not of {type(part).__name__}"
        require(known, name, schedule, own)
    config: dict[str, Any] = schedule.config()
    return config


def schedules_of(state: Mapping[str, Any]) -> dict[str, Schedule]:
    """The schedules of a state, by their names.

    >>> from d2lsched import Constant
    >>> schedules_of(state({"low": Constant(0.1)}))
    {'low': Constant(lr=0.1)}
    """
    entries = state["schedules"]
    return {entry["name"]: Schedule.from_config(entry["config"]) for entry in entries}


def opening(state: Mapping[str, Any], classes: str = "schedule-lab") -> str:
    """The start of the element that the script fills; what follows is shown until it does."""
    # "</script>" in a name must not end the element that holds it.
    data = json.dumps(state).replace("<", "\\u003c")
    return f'<div class="{classes}"><script type="application/json">{data}</script>'


def to_html(state: Mapping[str, Any], text: str) -> str:
    """The whole element, with a text for where no script runs."""
    return f"{opening(state)}<p><code>{html.escape(text)}</code></p></div>"
