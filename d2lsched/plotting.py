"""Figures: schedules over updates, one run, several runs compared.

Every function returns a `Figure`, which a notebook shows as a picture whose plain-text
form is its text alternative; the book uses that for readers who cannot see it. Colors
are Okabe and Ito's, safe for color-blind readers; line styles differ as well, for print
in gray.
"""

from __future__ import annotations

import io
import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MatplotlibFigure
from PIL import Image

from .history import History
from .schedules import Schedule
from .schedules.base import require

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))

STYLE: dict[str, Any] = {
    "axes.prop_cycle": cycler(color=COLORS, linestyle=LINES),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linestyle": "-",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "font.size": 10,
    "savefig.facecolor": "white",  # stays readable on a dark page
}

Schedules = Schedule | Sequence[Schedule] | Mapping[str, Schedule]
Runs = Mapping[str, History | Sequence[History]]
Search = Mapping[float, Sequence[History | float]]


class Figure(MatplotlibFigure):
    """A matplotlib figure with a text alternative; made by `figure`.

    alt: what is to be seen in it, which is also how it prints.

    Everything that matplotlib's Figure can do, such as ``savefig``, it can. A notebook shows
    it at 96 pixels an inch, twice as fine on screens that can; no pyplot keeps it alive.

    >>> fig, ax = figure("An empty plot.")
    >>> fig.alt
    'An empty plot.'
    """

    alt: str = ""

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        drawn, picture = io.BytesIO(), io.BytesIO()
        with matplotlib.rc_context(STYLE):
            self.savefig(drawn, format="png", dpi=192)
        # A palette is all that lines, letters and bands need: a quarter of the bytes.
        colors = Image.open(drawn).convert("RGB").quantize(64)
        colors.save(picture, format="png", optimize=True)
        width, height = self.get_size_inches()
        size = {"width": round(96 * width), "height": round(96 * height)}
        data = {"image/png": picture.getvalue(), "text/plain": self.alt}
        return data, {"image/png": size}


def figure(
    alt: str, rows: int = 1, columns: int = 1, *, height: float = 3.0, sharex: bool = False
) -> tuple[Figure, Any]:
    """An empty figure in the book's style, and its axes: one, or an array of them.

    alt: what is to be seen in it, in a sentence or two. ValueError if it is empty.
    rows, columns: how many axes below and beside each other, at least 1.
    height: of one row, in inches; the width is 6 inches, so that text is legible on a phone.
    sharex: whether all rows have one horizontal axis.

    >>> fig, ax = figure("A straight line that rises from left to right.")
    >>> line = ax.plot([0, 1], [0, 1])
    >>> fig
    A straight line that rises from left to right.
    """
    if not alt.strip():
        raise ValueError(f"alt = {alt!r} is not allowed: it must say what is to be seen")
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(6, height * rows), layout="constrained")
        FigureCanvasAgg(fig)
        fig.alt = alt
        axes = fig.subplots(rows, columns, sharex=sharex)
    return fig, axes


def plot_schedules(
    schedules: Schedules,
    updates: int,
    *,
    log: bool = False,
    title: str = "",
    alt: str = "",
) -> Figure:
    """The rates of one or more schedules over the first updates.

    schedules: one, several, or a mapping from label to schedule.
    updates: how many updates to draw, from update 0; at least 1.
    log: logarithmic rate axis; rates of 0 are left out.
    title: above the axes; none by default.
    alt: the text alternative; by default one is made from the values.

    ValueError for other updates.

    >>> from d2lsched import CosineDecay
    >>> plot_schedules({"cosine": CosineDecay(0.3, steps=20)}, updates=21)
    Learning rate over updates: cosine goes from 0.3 at update 0 to 0 at
    update 20, highest 0.3 at update 0.
    """
    whole = isinstance(updates, numbers.Integral) and updates >= 1
    require(whole, "updates", updates, "a whole number, at least 1")
    named = _named(schedules)
    tables = {label: schedule.table(updates) for label, schedule in named.items()}
    fig, ax = figure(alt or _described(tables))
    for label, table in tables.items():
        shown = np.where(table > 0, table, np.nan) if log else table
        ax.plot(shown, label=label, drawstyle="steps-post")  # a rate holds for a whole update
    ax.set(xlabel="update $t$", ylabel="rate $\\eta_t$", title=title)
    _rate_axis(ax, log)
    if len(tables) > 1:
        _legend(ax)
    return fig


def plot_history(
    history: History, *, computed: Schedule | None = None, title: str = "", alt: str = ""
) -> Figure:
    """One run: rate, loss and accuracy over one shared axis of updates.

    history: what `train` returned. ValueError if it was not trained.
    computed: a schedule, drawn as a broad line beneath the rate that the run used.
    title: above the axes; none by default.
    alt: the text alternative; by default it names what is drawn.

    >>> run = {"lr": [0.1, 0.1], "loss": [2.3, 1.9], "train_accuracy": [0.4]}
    >>> history = History("numpy", 0.1, {}, **run, validation_accuracy=[0.5])
    >>> plot_history(history)
    Rate, loss and accuracy over updates for numpy.
    """
    fig = plot_histories({history.framework: history}, title=title, alt=alt)
    if computed is not None:
        rate = fig.axes[0]
        rate.lines[0].set_label("as used")
        rate.plot(
            computed.table(len(history.lr)), label="as computed", drawstyle="steps-post",
            color=COLORS[4], alpha=0.5, linewidth=6, linestyle="-", zorder=1,
        )  # fmt: skip
        rate.legend()
    return fig


def plot_histories(
    runs: Runs, *, title: str = "", log_rate: bool = False, log_loss: bool = True, alt: str = ""
) -> Figure:
    """Several runs compared: rate, loss and accuracy over one shared axis of updates.

    runs: a mapping from label to a run, or to the runs of several seeds; of those the
        mean is drawn, and the band from the lowest to the highest.
    title: above the axes; none by default.
    log_rate, log_loss: logarithmic axes.
    alt: the text alternative; by default it names what is drawn.

    The loss is a running mean over half an epoch of updates, and the accuracy that on the
    validation images; with one label only, the raw loss and the running accuracy on the
    training images are drawn too. ValueError for a run that was not trained.

    >>> run = {"lr": [0.1, 0.1], "loss": [2.3, 1.9], "train_accuracy": [0.4]}
    >>> history = History("numpy", 0.1, {}, **run, validation_accuracy=[0.5])
    >>> plot_histories({"once": history, "two seeds": [history, history]})
    Rate, loss and accuracy over updates for once, two seeds.
    """
    groups = {k: [v] if isinstance(v, History) else list(v) for k, v in runs.items()}
    single = len(groups) == 1
    fig, (rate, loss, accuracy) = figure(
        alt or f"Rate, loss and accuracy over updates for {', '.join(groups)}.",
        rows=3, height=1.9, sharex=True,
    )  # fmt: skip
    for index, (label, group) in enumerate(groups.items()):
        style: dict[str, Any] = {"color": COLORS[index % 7], "linestyle": LINES[index % 7]}
        if max(_per_epoch(run) for run in group) == 0:
            raise ValueError(f"runs[{label!r}] holds a run that was not trained")
        epochs = [_epoch_ends(run) for run in group]
        if single:
            grey = {"color": "#BBBBBB", "linewidth": 0.7, "linestyle": "-"}
            loss.plot(_drawable(group[0].loss), label="batch", **grey)
        rates = [(np.arange(len(run.lr)), run.lr) for run in group]
        _band(rate, rates, label, style | {"drawstyle": "steps-post"})
        _band(
            loss,
            [_running_mean(run) for run in group],
            "running mean" if single else label,
            style,
        )
        curves = [(t, run.validation_accuracy) for t, run in zip(epochs, group, strict=True)]
        _band(accuracy, curves, "validation" if single else label, style | {"marker": "."})
        if single:
            training = [(t, run.train_accuracy) for t, run in zip(epochs, group, strict=True)]
            trained = {"color": COLORS[1], "linestyle": LINES[1], "marker": "."}
            _band(accuracy, training, "training, before each update", trained)
    rate.set(ylabel="rate $\\eta_t$", title=title)
    _rate_axis(rate, log_rate)
    loss.set(ylabel="loss", yscale=_scale(loss, log_loss))
    accuracy.set(ylabel="accuracy", xlabel="update $t$")
    accuracy.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))
    _legend(accuracy if single else rate)
    if single:
        loss.legend()
    return fig


def plot_search(searches: Mapping[str, Search], *, title: str = "", alt: str) -> Figure:
    """Validation accuracy over the rates that were tried, for one or more schedules.

    searches: a mapping from label to a search, which maps each rate to its runs, or to their
        accuracies (shares). Every run is a dot; the line joins the means.
    title: above the axes; none by default.
    alt: the text alternative, which says what was found. ValueError if it is empty.

    >>> runs = {rate: [History("numpy", rate, {}, validation_accuracy=[0.9])]
    ...         for rate in (0.01, 0.1)}
    >>> plot_search({"constant": runs}, alt="Both rates reach 90 % accuracy.")
    Both rates reach 90 % accuracy.
    """
    fig, ax = figure(alt)
    for index, (label, search) in enumerate(searches.items()):
        final = {
            rate: [
                run.validation_accuracy[-1] if isinstance(run, History) else run for run in runs
            ]
            for rate, runs in search.items()
        }
        color, line = COLORS[index % len(COLORS)], LINES[index % len(LINES)]
        for rate, values in final.items():
            ax.plot([rate] * len(values), values, "o", markersize=4, color=color)
        means = [float(np.mean(values or math.nan)) for values in final.values()]
        ax.plot(list(final), means, label=label, color=color, linestyle=line)
    tried = sorted({rate for search in searches.values() for rate in search})
    ax.set_xscale("log" if any(rate > 0 for rate in tried) else "linear")
    ax.set_xticks(tried, [f"{rate:g}" for rate in tried])
    ax.minorticks_off()
    ax.set(xlabel="rate (peak of the schedule)", ylabel="validation accuracy", title=title)
    ax.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))
    if len(searches) > 1:
        _legend(ax)
    return fig


def _named(schedules: Schedules) -> dict[str, Schedule]:
    if isinstance(schedules, Schedule):
        schedules = [schedules]
    if isinstance(schedules, Mapping):
        return dict(schedules)
    return {repr(schedule): schedule for schedule in schedules}


def _described(tables: Mapping[str, np.ndarray]) -> str:
    curves = (
        f"{label} goes from {table[0]:.3g} at update 0 to {table[-1]:.3g} at update "
        f"{len(table) - 1}, highest {table.max():.3g} at update {table.argmax()}"
        for label, table in tables.items()
    )
    return f"Learning rate over updates: {'; '.join(curves)}."


def _legend(ax: Axes) -> None:
    """A legend in as many columns as leave the axes room."""
    figure: Any = ax.figure
    height = figure.get_figheight() / len(figure.axes)
    labels = ax.get_legend_handles_labels()[1]
    ax.legend(ncols=1 + (len(labels) - 1) // int(4 * height))


def _rate_axis(ax: Axes, log: bool) -> None:
    ax.set_yscale(_scale(ax, log))
    if not log:
        ax.set_ylim(bottom=0)


def _scale(ax: Axes, log: bool) -> str:
    """A logarithmic axis needs something to show."""
    shown = any((np.asarray(line.get_ydata()) > 0).any() for line in ax.lines)
    return "log" if log and shown else "linear"


def _drawable(values: Any) -> np.ndarray:
    """Values with gaps where no axis has room: a run that diverges comes to any number."""
    numbers = np.asarray(values, float)
    return np.where(np.abs(numbers) < 1e30, numbers, np.nan)


def _per_epoch(run: History) -> int:
    return len(run.loss) // max(len(run.validation_accuracy), 1)


def _epoch_ends(run: History) -> np.ndarray:
    # With a batch size that changes, epochs differ in length: this is then an approximation.
    return np.linspace(0, len(run.loss), len(run.validation_accuracy) + 1)[1:]


def _running_mean(run: History) -> tuple[np.ndarray, np.ndarray]:
    window = max(_per_epoch(run) // 2, 1)
    sums = np.cumsum([0.0, *_drawable(run.loss)])
    return np.arange(window - 1, len(run.loss)), (sums[window:] - sums[:-window]) / window


Curve = tuple[Any, Any]


def _band(ax: Axes, curves: Sequence[Curve], label: str, style: Mapping[str, Any]) -> None:
    n = min(len(y) for _, y in curves)  # a diverged run is shorter
    t = np.asarray(curves[0][0])[:n]
    y = np.stack([_drawable(curve)[:n] for _, curve in curves])
    ax.plot(t, y.mean(axis=0), label=label, **style)
    if len(curves) > 1:
        ax.fill_between(t, y.min(axis=0), y.max(axis=0), color=style["color"], alpha=0.2)
