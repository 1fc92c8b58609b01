"""Figures: what they draw, and what they say to those who cannot see it."""

import io
import math

import matplotlib.image
import numpy as np
import pytest
from PIL import Image

from d2lsched import Constant, CosineDecay, StepDecay
from d2lsched.history import History
from d2lsched.plotting import (
    COLORS,
    LINES,
    figure,
    plot_histories,
    plot_history,
    plot_schedules,
    plot_search,
)


def run(rate: float = 0.1, epochs: int = 2, framework: str = "numpy") -> History:
    updates = 10 * epochs
    return History(
        framework,
        "made up",
        {},
        lr=[rate] * updates,
        loss=list(np.linspace(2.3, rate, updates)),
        train_accuracy=[0.5 + rate] * epochs,
        validation_loss=[0.4] * epochs,
        validation_accuracy=[0.6 + rate] * epochs,
    )


def lines(ax, label: str):
    return next(line for line in ax.lines if line.get_label() == label)


def test_a_figure_shows_a_picture_and_its_text_alternative():
    fig, _ = figure("A straight line.")
    data, metadata = fig._repr_mimebundle_()
    assert data["text/plain"] == "A straight line."
    pixels = matplotlib.image.imread(io.BytesIO(data["image/png"]))
    width = metadata["image/png"]["width"]
    assert pixels.shape[1] == 2 * width  # sharp on screens of high density
    assert np.all(pixels[0, 0] == 1)  # an opaque white ground, on a dark page too


def test_a_picture_is_small_and_keeps_its_colors():
    bands = {
        label: [run(rate), run(rate + 0.1)]
        for label, rate in zip("abc", (0.1, 0.3, 0.5), strict=True)
    }
    fig = plot_histories(bands)
    data = fig._repr_mimebundle_()[0]["image/png"]
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.mode == "P"  # a palette
        common = sorted(picture.convert("RGB").getcolors(1 << 24), reverse=True)[:40]
    assert len(data) < 60_000
    for color in COLORS[:3]:
        assert tuple(int(color[i : i + 2], 16) for i in (1, 3, 5)) in {rgb for _, rgb in common}


@pytest.mark.parametrize("alt", ["", "  "])
def test_a_figure_without_a_text_alternative_is_refused(alt):
    with pytest.raises(ValueError, match="alt"):
        figure(alt)


def test_figures_leave_the_readers_settings_alone():
    before = dict(matplotlib.rcParams)
    plot_schedules(Constant(0.1), 5)._repr_mimebundle_()
    assert dict(matplotlib.rcParams) == before


def test_a_schedule_is_drawn_as_its_table():
    schedule = CosineDecay(0.3, 20, 0.01)
    (ax,) = plot_schedules(schedule, 30).axes
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), schedule.table(30))
    assert ax.lines[0].get_drawstyle() == "steps-post"


def test_several_schedules_have_labels_and_differ_in_color_and_line():
    (ax,) = plot_schedules({"a": Constant(0.1), "b": StepDecay(0.2, 5)}, 20).axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert [line.get_color() for line in ax.lines] == list(COLORS[:2])
    assert len({line.get_linestyle() for line in ax.lines}) == 2


def test_there_are_as_many_lines_as_colors_and_none_twice():
    assert len(set(COLORS)) == len(COLORS) == len(set(LINES)) == len(LINES)


def test_a_list_of_schedules_is_labeled_by_what_makes_them():
    (ax,) = plot_schedules([Constant(0.1), Constant(0.2)], 5).axes
    assert [line.get_label() for line in ax.lines] == ["Constant(lr=0.1)", "Constant(lr=0.2)"]


def test_the_default_alternative_says_where_a_curve_begins_ends_and_peaks():
    alt = plot_schedules({"cosine": CosineDecay(0.3, 20, 0.01)}, 21).alt
    assert "cosine goes from 0.3 at update 0 to 0.01 at update 20" in alt
    assert "highest 0.3 at update 0" in alt


def test_a_logarithmic_axis_leaves_out_rates_of_zero():
    (ax,) = plot_schedules(CosineDecay(0.3, 20), 30, log=True).axes
    assert ax.get_yscale() == "log"
    rates = ax.lines[0].get_ydata()
    assert np.isfinite(rates[:20]).all()
    assert np.isnan(rates[20:]).all()


def test_a_history_has_three_panels_on_one_time_axis():
    history = run(epochs=3)
    fig = plot_history(history, title="A run")
    rate, loss, accuracy = fig.axes
    assert [ax.get_ylabel() for ax in fig.axes] == ["rate $\\eta_t$", "loss", "accuracy"]
    assert rate.get_title() == "A run"
    assert rate.get_shared_x_axes().joined(rate, accuracy)
    np.testing.assert_array_equal(lines(rate, "numpy").get_ydata(), history.lr)
    np.testing.assert_array_equal(lines(loss, "batch").get_ydata(), history.loss)
    np.testing.assert_array_equal(lines(accuracy, "validation").get_xdata(), [10, 20, 30])
    assert history.plot(alt="The same.").alt == "The same."


def test_the_running_mean_covers_half_an_epoch():
    history = run(epochs=2)
    mean = lines(plot_history(history).axes[1], "running mean")
    np.testing.assert_allclose(mean.get_ydata()[0], np.mean(history.loss[:5]))
    np.testing.assert_allclose(mean.get_ydata()[-1], np.mean(history.loss[-5:]))
    assert mean.get_xdata()[0] == 4
    assert mean.get_xdata()[-1] == 19


def test_seeds_become_a_mean_and_a_band():
    fig = plot_histories({"a": [run(0.1), run(0.3)], "b": run(0.2)})
    rate, _, accuracy = fig.axes
    np.testing.assert_allclose(lines(rate, "a").get_ydata(), 0.2)
    np.testing.assert_allclose(lines(accuracy, "a").get_ydata(), 0.8)
    (band,) = accuracy.collections
    low, high = band.get_datalim(accuracy.transData).intervaly
    assert (low, high) == pytest.approx((0.7, 0.9))


def test_a_diverged_run_is_drawn_as_far_as_it_went():
    broken = run(epochs=1)
    broken.loss[-1] = math.inf
    fig = plot_histories({"whole": run(epochs=2), "broken": [broken, run(epochs=2)]})
    assert len(lines(fig.axes[0], "broken").get_xdata()) == 10
    assert fig._repr_mimebundle_()[0]["image/png"]


def test_a_run_that_was_not_trained_is_named():
    with pytest.raises(ValueError, match="'empty'"):
        plot_histories({"whole": run(), "empty": History("numpy", "made up", {})})


def test_a_search_shows_every_run_and_joins_the_means():
    search = {0.1: [run(0.1), run(0.3)], 0.2: [run(0.2), run(0.2)]}
    (ax,) = plot_search({"constant": search}, alt="Two rates.").axes
    np.testing.assert_allclose(lines(ax, "constant").get_ydata(), [0.8, 0.8])
    dots = np.concatenate([line.get_ydata() for line in ax.lines if line.get_marker() == "o"])
    np.testing.assert_allclose(sorted(dots), [0.7, 0.8, 0.8, 0.9])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.1", "0.2"]


def test_a_run_is_drawn_over_the_rates_that_were_computed():
    schedule = StepDecay(0.4, 2, 0.5)
    run = {"lr": [0.4, 0.4, 0.2, 0.1], "loss": [2.3, 2, 1, 1]}
    history = History("numpy", 0.1, {}, **run, train_accuracy=[0.4], validation_accuracy=[0.5])
    lines = {line.get_label(): line for line in history.plot(computed=schedule).axes[0].lines}
    assert lines["as used"].get_ydata().tolist() == history.lr
    assert lines["as computed"].get_ydata().tolist() == schedule.table(4).tolist()


NAN, INF = math.nan, math.inf
WILD = {
    "nan at once": [NAN] * 8,
    "nan within half an epoch": [2.3, *[NAN] * 7],
    "to infinity": [2.3, 1e300, INF, NAN],
    "huge": [1e308] * 8,
    "zero": [0.0] * 8,
    "one update": [2.3],
}


@pytest.mark.slow
@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("name", WILD)
def test_any_losses_are_drawn_without_a_warning(name, log):
    def run(losses):
        rates = [0.0 if name == "zero" else 0.1] * len(losses)
        ends = {"train_accuracy": [NAN], "validation_loss": [NAN], "validation_accuracy": [NAN]}
        return History("numpy", 0.1, {}, lr=rates, loss=losses, **ends)

    wild, calm = run(WILD[name]), run([2.3, 2.2, 2.1, 2.0])
    for runs in ({"a": wild}, {"a": [wild, wild]}, {"a": wild, "b": calm}, {"a": [wild, calm]}):
        plot_histories(runs, log_rate=log, log_loss=log).canvas.draw()


def test_any_number_of_searches_and_any_accuracies_are_drawn():
    search = {0.1: [NAN, 0.5], 0.2: [NAN], 0.4: [], 0.8: [0.9]}
    fig = plot_search({f"schedule {i}": search for i in range(20)}, alt="Twenty alike.")
    fig.canvas.draw()
    assert len(fig.axes[0].get_legend().get_texts()) == 20
    plot_search({"at 0": {0.0: [0.5]}}, alt="No rate.").canvas.draw()
