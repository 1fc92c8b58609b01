"""The rule for what may be said: on made-up runs, whose truth is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from d2lsched import study
from experiments import comparison, referee
from experiments.candidates import CENTERS, MAIN, peak
from experiments.comparison import Setting, covariance, heldout

SETTING = Setting.named("lenet-sgd-10000x3")
GAINS = {"LinearDecay": 0.01, "OneCycle": -0.01}  # shares; the others gain nothing


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results of a setting, written as the study writes them, of made-up answers."""
    folder = tmp_path_factory.mktemp("study")
    places = {"RUNS": folder / "runs", "RIGHT": folder / "right", "STUDY": folder / "study"}
    generator, images = np.random.default_rng(5), len(heldout(SETTING.images))
    hard = generator.normal(size=images)  # the same images are hard for all
    with pytest.MonkeyPatch.context() as patch:
        for name, place in places.items():
            patch.setattr(comparison, name, place)
        patch.setattr(referee, "STUDY", places["STUDY"])
        patch.setattr(referee, "RESAMPLES", 4_000)
        patch.setattr(study, "STUDY", places["STUDY"])
        (places["RUNS"] / str(SETTING)).mkdir(parents=True)
        for name in MAIN:
            centers = CENTERS["lenet", "sgd"]
            middle = centers.get(name, centers[""])
            for step in range(middle - 2, middle + 3):
                share = 0.03 - GAINS.get(name, 0) + 0.002 * (step - middle) ** 2
                wrong = hard * 0.8 + 0.6 * generator.normal(size=(10, images)) > np.quantile(
                    hard, 1 - share - generator.normal(0, 0.0003, (10, 1))
                ).reshape(10, 1)  # fmt: skip
                right = ~wrong
                np.savez(
                    comparison.stored(SETTING, name, step),
                    seed=np.arange(10), right=np.packbits(right, axis=1),
                    validation_accuracy=1 - share + generator.normal(0, 0.001, 10),
                    test_accuracy=right[:, -10_000:].mean(axis=1),
                    heldout_accuracy=right.mean(axis=1), train_accuracy=np.ones(10),
                    validation_loss=np.ones(10), cpu_seconds=np.ones(10),
                    versions=np.repeat("numpy 2, tensorflow 2", 10),
                )  # fmt: skip
        for name in MAIN:
            assert comparison.wanted(SETTING, name) == []
        comparison.write(SETTING)
        study.verdicts.cache_clear()  # by name, and the real setting has the same
        yield str(SETTING)
        study.verdicts.cache_clear()


@pytest.mark.slow
def test_the_table_holds_all_runs(made):
    table = study.table()
    assert list(table) == study.COLUMNS
    assert list(table) == comparison.COLUMNS[:10]
    assert len(table) == 12 * 5 * 10
    assert study.settings() == [made]
    assert not table.duplicated(["name", "peak", "seed"]).any()
    assert set(table["peak"]) <= {peak(step) for step in range(-30, 5)}
    notes = (comparison.STUDY / f"{made}.csv.xz").read_bytes()
    assert len(notes) < 60_000
    with pytest.raises(LookupError, match=r"no results of the setting 'mlp'.*lenet-sgd"):
        study.table("mlp")


def test_settings_stand_in_the_order_of_the_books_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "STUDY", tmp_path)
    names = ["mlp-sgd-50000x1", "mlp-sgd-10000x3", "mlp-sgd-10000x10", "mlp-adam-10000x1",
             "lenet-sgd-10000x3", "lenet-adam-10000x3"]  # fmt: skip
    for name in sorted(names):
        (tmp_path / f"{name}.csv.xz").touch()
    assert study.settings() == names
    for wrong in ("mlp", "mlp-sgd-10000", "mlp-sgd-10000x3x1", ""):
        with pytest.raises(ValueError, match=rf"setting = '{wrong}' is not allowed.*10000x3"):
            study.parts(wrong)


def test_verdicts_find_what_was_put_in(made, capsys):
    better, worse, none = (study.verdict(made, a) for a in ("LinearDecay", "OneCycle", "EMA"))
    assert (better.word, worse.word) == ("better", "worse")
    assert better.gap.low < 1 < better.gap.high
    assert none.word == "the same"
    assert study.verdict(made, "Warmup", "CosineDecay").word == "the same"
    back = study.verdict(made, "Constant", "LinearDecay")
    assert (back.word, back.gap.mean) == ("worse", -better.gap.mean)
    assert back.gap.low == -better.gap.high
    assert better.gap.level == pytest.approx(1 - 0.05 / len(study.verdicts(made)))
    assert "LinearDecay is better than Constant, +1." in str(better)
    with pytest.raises(LookupError, match="StepDecay and Constant are not compared"):
        study.verdict(made, "StepDecay")


def test_peaks_are_those_tried_with_the_accuracies_of_all_seeds(made):
    found = study.peaks(made, "Warmup")
    assert len(found) == 5
    assert {len(values) for values in found.values()} == {10}
    means = {rate: np.mean(values) for rate, values in found.items()}
    best = study.best(study.table(made)).query("name == 'Warmup'")["peak"].iloc[0]
    assert max(means, key=means.__getitem__) == best
    with pytest.raises(LookupError, match=r"lenet-sgd.* has no runs with name = 'Rex'.*EMA"):
        study.peaks(made, "Rex")


def test_evidence_is_a_row_a_setting_as_text_and_as_a_picture(made, capsys):
    figure = study.evidence("LinearDecay", "Constant", "CosineDecay")
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["LinearDecay", "−", "Constant", "−", "CosineDecay"]
    gap = study.verdict(made, "LinearDecay").gap
    assert row.startswith("LeNet, SGD, 10,000 × 3 ")
    assert f"{gap:+.2f} better" in row
    assert "1 settings, against Constant better in 1; against CosineDecay better" in figure.alt
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[1:] == ["LinearDecay − Constant", "LinearDecay − CosineDecay"]
    study.evidence("Constant", "EMA")
    assert "the same" in capsys.readouterr().out
    study.evidence("EMA", "Constant", "WarmupStableDecay")
    assert capsys.readouterr().out.count(" ± ") == 2
    with pytest.raises(LookupError, match=r"no setting compares 'EMA' with 'Warmup'.*OneCycle"):
        study.evidence("EMA", "Warmup")
    one = study.verdict(made, "EMA")
    for mean, right in (0.0, 2.5), (5.0, 5.5):  # a very wide interval goes on outside
        wide = replace(one, gap=replace(one.gap, mean=mean, low=mean - 9, high=mean + 9))
        figure = study._drawn("EMA", ("Constant",), {made: [wide]})
        assert figure.axes[0].get_xlim() == pytest.approx((max(mean - 9.9, -right), right))
    study.expect(made, "LinearDecay", "the same")
    study.expect(made, "LinearDecay", "better")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("(predicted was: the same)")
    assert lines[1].endswith("(as predicted)")
    with pytest.raises(ValueError, match="predicted = 'best'"):
        study.expect(made, "LinearDecay", "best")


def test_nothing_is_said_of_noise(made):
    runs, images = study.best(study.table(made)), study._covariance(made)
    search = study.searched(study.table(made))
    generator, said = np.random.default_rng(1), 0
    for _ in range(20):
        runs["heldout_accuracy"] = 0.97 + generator.normal(0, 0.003, len(runs))
        said += study.judged(runs, images, search)["word"].isin(["better", "worse"]).any()
    assert said <= 3  # of 20 families at most 5 % each; more once in 60 times


@pytest.mark.slow
def test_the_referee_agrees_and_can_disagree(made):
    found = referee.reanalysed(made)
    assert len(found) == len(study.verdicts(made))
    assert [referee.flips(row) for _, row in found.iterrows()] == [[]] * len(found)
    row = found[found["a"] == "LinearDecay"].iloc[0]
    assert (row["student"], row["signs"], row["resampled"]) == ("better",) * 3
    row["verdict"] = "worse"
    assert referee.flips(row)[:3] == ["student", "signs", "resampled"]


def test_the_answers_are_kept(made):
    right = comparison.unpacked(SETTING)
    finals = study.best(study.table(made)).set_index("name")
    for i, name in enumerate(SETTING.names):
        accuracies = finals.loc[name, "heldout_accuracy"]
        np.testing.assert_allclose(right[i].mean(axis=1), accuracies, atol=1e-6)
    kept = study._covariance(made)
    assert list(kept) == list(SETTING.names)
    np.testing.assert_allclose(kept, covariance(right), rtol=1e-3, atol=1e-12)


@pytest.mark.slow
def test_the_variance_over_images_is_found():
    """Runs of a, b and others on images drawn anew: what their mean gap varies by."""
    generator, images, seeds = np.random.default_rng(2), 400, 6
    gaps, said, total = [], [], []
    for _ in range(400):
        hard = generator.normal(size=images)
        own = generator.normal(size=(2, 1, images))
        noise = generator.normal(size=(2, seeds, images))
        right = hard + 0.7 * own + 0.7 * noise < 1.2
        gaps.append(np.diff(right.mean(axis=(1, 2)))[0])
        found = covariance(right)
        said.append(found[0, 0] + found[1, 1] - 2 * found[0, 1])
        d = right[0].mean(axis=1) - right[1].mean(axis=1)
        total.append(said[-1] + d.var(ddof=1) / seeds)
    # seeds add what seeds × images leave; both together are the variance of the mean gap
    assert np.mean(total) == pytest.approx(np.var(gaps), rel=0.2)
    assert np.mean(said) < 0.9 * np.mean(total)


def draw(generator, seeds, curves):
    """Runs of two candidates whose true accuracies by peak are the curves, in points."""
    k, p = curves.shape
    shape = (k, p, seeds)
    # In points: what a run adds (0.25 of its own, 0.1 of its seed), what 5,000 validation
    # images and 55,000 others add for a run, a peak and a candidate.
    true = (
        curves[..., None] + generator.normal(0, 0.25, shape) + generator.normal(0, 0.1, seeds)
    )
    validation = true + generator.normal(0, 0.17, shape) + generator.normal(0, 0.04, (k, p, 1))
    outcome = true + generator.normal(0, 0.05, shape) + generator.normal(0, 0.04, (k, 1, 1))
    names, peaks, seed = np.indices(shape)
    return pd.DataFrame({
        "name": np.array(["Constant", "CosineDecay"])[names.ravel()],
        "peak": peaks.ravel(), "seed": seed.ravel(),
        "validation_accuracy": 0.9 + validation.ravel() / 100,
        "heldout_accuracy": 0.9 + outcome.ravel() / 100,
    })  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [10, 20])
def test_an_interval_covers_as_often_as_it_says(seeds):
    generator, steps = np.random.default_rng(seeds), np.arange(8)
    images = pd.DataFrame(np.eye(2) * 0.04**2 / 1e4, *[["Constant", "CosineDecay"]] * 2)
    covered = 0
    for _ in range(600):
        # points a step of the lattice, squared; the best peaks are anywhere between two
        bent = generator.uniform(0.03, 0.3, (2, 1)), steps - generator.uniform(3, 4, (2, 1))
        curves = -bent[0] * np.where(bent[1] > 0, 2, 1) * bent[1] ** 2
        runs, truth = draw(generator, seeds, curves), np.subtract(*curves.max(axis=1)[::-1])
        row = study.judged(study.best(runs), images, study.searched(runs)).iloc[0]
        assert row["level"] == 0.95
        covered += row["low"] <= truth <= row["high"]
    assert 0.93 * 600 <= covered <= 0.97 * 600, covered


@pytest.mark.slow
def test_a_search_that_errs_widens_the_interval():
    """Where validation can hardly tell two peaks that are 0.3 points apart."""
    generator, curves = np.random.default_rng(3), np.array([[0.0, 0.3, 0.0], [0.0, 0.3, 0.0]])
    search, errs = [], []
    for _ in range(200):
        runs = draw(generator, 10, curves)
        runs["validation_accuracy"] += generator.normal(0, 0.01, len(runs))
        search.append(study.searched(runs).sum() * 1e4)
        chosen = study.best(runs).groupby("name")["peak"].first()
        errs.append([0.3 * (peak != 1) for peak in chosen])
    assert np.mean(search) == pytest.approx(np.var(errs, axis=0).sum(), rel=0.4)
