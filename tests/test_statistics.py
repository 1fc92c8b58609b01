"""Statistics: intervals cover, corrections hold, and what is not supported is not said."""

import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from d2lsched.statistics import (
    ClaimError,
    Estimate,
    claim,
    contrasts,
    difference,
    holm,
    mean,
    no_difference,
    permutation,
)

COSINE = {0: 0.951, 1: 0.957, 2: 0.953}
CONSTANT = {0: 0.946, 1: 0.949, 2: 0.947}
TRIALS = 2_000


def accuracies(rng, n, gain=0.0):
    """Test accuracies of two schedules: what a seed does to both, and to each, in images."""
    both = rng.normal(0.95, 0.003, n)
    a, b = both + gain + rng.normal(0, 0.002, n), both + rng.normal(0, 0.002, n)
    return np.round(a, 4), np.round(b, 4)


def table(runs, seeds=None):
    """A row per run, from a mapping of schedules to one value per seed."""
    rows = [
        {"schedule": schedule, "seed": seed, "test_accuracy": value}
        for schedule, values in runs.items()
        for seed, value in zip(seeds or range(len(values)), values, strict=True)
    ]
    return pd.DataFrame(rows)


# Mean and difference


@pytest.mark.parametrize("n", [5, 10, 20])
def test_the_interval_of_a_difference_covers_95_percent(n, record_property):
    rng = np.random.default_rng(n)
    found = [difference(*accuracies(rng, n, gain=0.004), unit="points") for _ in range(TRIALS)]
    covered = np.mean([estimate.low <= 0.4 <= estimate.high for estimate in found])
    record_property("covered", float(covered))
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("n", [5, 10, 20])
def test_the_interval_of_a_mean_covers_as_often_as_its_level_says(n):
    rng = np.random.default_rng(n)
    found = [mean(rng.normal(2, 3, n), level=0.8) for _ in range(TRIALS)]
    assert 0.77 <= np.mean([estimate.low <= 2 <= estimate.high for estimate in found]) <= 0.83


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_mean_and_difference_are_scipys(level):
    a, b = accuracies(np.random.default_rng(1), 7)
    test = stats.ttest_rel(a, b)
    found = difference(a, b, level=level)
    assert (found.low, found.high) == pytest.approx(test.confidence_interval(level))
    assert found.p == pytest.approx(test.pvalue)
    assert found.mean == pytest.approx((a - b).mean())
    one = mean(a, level=level)
    wanted = stats.t.interval(level, 6, a.mean(), stats.sem(a))
    assert (one.low, one.high) == pytest.approx(wanted)
    assert (one.n, one.level, one.p) == (7, level, None)


def test_pairs_are_matched_by_seed_whatever_their_order_and_container():
    wanted = difference([0.951, 0.957, 0.953], [0.946, 0.949, 0.947])
    shuffled = {2: 0.947, 0: 0.946, 1: 0.949}
    for b in (shuffled, pd.Series(shuffled), pd.Series(shuffled, dtype="Float64")):
        found = difference(COSINE, b)
        assert (found.mean, found.low) == pytest.approx((wanted.mean, wanted.low))
    assert difference([1, 2, 4], range(3)) == difference(np.array([1, 2, 4]), (0, 1, 2))


def test_units_multiply_shares_and_nothing_else():
    plain, points = difference(COSINE, CONSTANT), difference(COSINE, CONSTANT, unit="points")
    assert points.mean == pytest.approx(100 * plain.mean)
    assert points.high == pytest.approx(100 * plain.high)
    assert points.p == pytest.approx(plain.p)
    assert difference([300, 500], [1, 2], unit="updates").mean == 398.5
    assert mean(COSINE, unit="%").mean == pytest.approx(95.366667)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.26, -0.08, 0.60, 8, 0.95, "points", 0.1),
         "+0.26 ± 0.34 points (95 %, n = 8)"),
        (Estimate(12.34, 7.93, 16.75, 5, 0.95, "points", 0.1),
         "+12.3 ± 4.4 points (95 %, n = 5)"),
        (Estimate(95.91, 95.82, 96.0, 10, 0.9, "%"), "95.91 ± 0.09 % (90 %, n = 10)"),
        (Estimate(-0.1234, -0.1239, -0.1229, 3, 0.975, p=0.1),
         "-0.12340 ± 0.00050 (97.5 %, n = 3)"),
        (Estimate(-210, -330, -90, 9, unit="updates", p=0.1),
         "-210 ± 120 updates (95 %, n = 9)"),
        (Estimate(-2, -2, -2, 8, unit="epochs", p=0.01), "-2 ± 0 epochs (95 %, n = 8)"),
        (Estimate(-0.001, -0.4, 0.398, 8, unit="points", p=1),
         "+0.00 ± 0.40 points (95 %, n = 8)"),
        (Estimate(1, -math.inf, math.inf, 2, p=0.5), "+1 ± inf (95 %, n = 2)"),
    ],
)  # fmt: skip
def test_an_estimate_reads_well(estimate, text):
    assert str(estimate) == repr(estimate) == f"{estimate}" == text


def test_a_format_is_for_the_mean_and_the_half_width():
    estimate = Estimate(0.264, -0.076, 0.604, 8, unit="points", p=0.1)
    assert f"{estimate:+.1f}" == "+0.3 ± 0.3"
    assert f"{estimate:.3f}" == "0.264 ± 0.340"


def test_without_spread_only_enough_signs_that_agree_decide():
    # 0.9 − 0.7 and 0.5 − 0.3 differ in their last bits: rounding is no spread.
    five = difference([0.9, 0.5, 0.9, 0.5, 0.9], [0.7, 0.3, 0.7, 0.3, 0.7])
    assert (five.low, five.high, five.p) == (-math.inf, math.inf, 2 / 2**5)
    six = difference([0.9, 0.5] * 3, [0.7, 0.3] * 3)
    assert six.low == six.high == pytest.approx(0.2)
    assert six.p == 2 / 2**6
    same = difference([0.3, 0.5] * 3, [0.1 + 0.2, 0.5] * 3)
    assert (same.mean, same.low, same.high, same.p) == (0, 0, 0, 1)
    alike = mean([0.1] * 3)  # whose sum, divided by 3, is not 0.1
    assert alike.low == alike.high == pytest.approx(0.1)


# Permutation


def test_the_permutation_p_is_that_of_counting_every_choice_of_signs():
    a, b = accuracies(np.random.default_rng(3), 10, gain=0.001)
    images = np.rint(10_000 * a).astype(int) - np.rint(10_000 * b).astype(int)
    sums = [np.dot(signs, images) for signs in itertools.product([-1, 1], repeat=10)]
    assert permutation(a, b) == np.mean(np.abs(sums) >= abs(images.sum()))


def test_the_permutation_p_is_scipys_and_ties_are_ties():
    rng = np.random.default_rng(4)
    for n in (10, 10, 10, 13):
        a, b = accuracies(rng, n)
        images = np.rint(10_000 * a).astype(int) - np.rint(10_000 * b).astype(int)
        exact = stats.permutation_test(
            (images,), np.sum, permutation_type="samples", n_resamples=2**n, vectorized=True
        )
        assert permutation(a, b) == pytest.approx(exact.pvalue, abs=1e-12)


def test_from_41_seeds_on_signs_are_drawn_and_the_answer_stays_the_same():
    a, b = accuracies(np.random.default_rng(5), 41, gain=0.001)
    p = permutation(a, b)
    assert p == permutation(a, b)
    assert p == pytest.approx(difference(a, b).p, abs=0.01)
    assert permutation(a + 0.1, b) == 1 / 100_000
    assert permutation(a, a) == 1


def test_a_permutation_p_of_few_seeds_is_refused():
    with pytest.raises(ValueError, match=r"number of seeds = 9 .* at least 10.* 0\.0039$"):
        permutation(range(9), range(1, 10))
    assert permutation(range(10), range(1, 11)) == 2 / 2**10


# Several comparisons


def test_holm_by_hand():
    # Holm: 0.01·4 = 0.04; 0.02·3 = 0.06; 0.03·2 = 0.06; 0.9.
    assert holm([0.03, 0.01, 0.9, 0.02]) == pytest.approx([0.06, 0.04, 0.9, 0.06])
    # A smaller product never undercuts the one before it, and 1 is the most.
    assert holm([0.02, 0.021]) == pytest.approx([0.04, 0.04])
    assert holm([0.6, 0.7]).tolist() == [1, 1]
    assert holm([0.04]).tolist() == [0.04]
    assert holm([0, 1]).tolist() == [0, 1]
    assert holm(pd.Series([0.04, 0.01], index=["b", "a"])) == pytest.approx([0.04, 0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_p_values_and_bonferronis(p):
    adjusted = holm(p)
    assert np.all(adjusted >= p)
    assert np.all(adjusted <= np.minimum(1, len(p) * np.array(p)))
    assert holm(p[::-1]).tolist() == adjusted[::-1].tolist()
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(adjusted[order]) >= 0)


@pytest.mark.slow
def test_holm_rarely_finds_a_difference_where_there_is_none():
    rng = np.random.default_rng(6)
    runs = rng.normal(size=(TRIALS, 6, 8))
    p = stats.ttest_rel(runs[:, 1:], runs[:, :1], axis=2).pvalue
    uncorrected = np.mean(p.min(axis=1) <= 0.05)
    corrected = np.mean([holm(row).min() <= 0.05 for row in p])
    assert corrected <= 0.05 < 0.12 < uncorrected


@pytest.mark.slow
def test_contrasts_hold_together():
    rng = np.random.default_rng(7)
    gains = {"constant": 0, "cosine": 0.002, "step": 0, "linear": 0, "rex": 0, "warmup": 0}
    covered, found = [], []
    for _ in range(300):
        both = rng.normal(0.95, 0.003, 8)
        runs = {name: both + gain + rng.normal(0, 0.002, 8) for name, gain in gains.items()}
        result = contrasts(table(runs), "constant")
        truth = pd.Series(gains)[result.index]
        covered.append(((result["low"] <= truth) & (truth <= result["high"])).all())
        found.append(result.loc[truth == 0, "differs"].any())
    assert np.mean(covered) >= 0.93
    assert np.mean(found) <= 0.05


def test_contrasts_by_hand():
    runs = {
        "constant": [0.946, 0.949, 0.947, 0.948],
        "cosine": [0.951, 0.957, 0.953, 0.955],
        "step": [0.947, 0.951, 0.945, 0.950],
    }
    shuffled = table(runs).rename(columns={"schedule": "decay"}).sample(frac=1, random_state=0)
    result = contrasts(shuffled, "constant", by="decay", unit="points")
    assert set(result.index) == {"cosine", "step"}
    assert result.index.name == "decay"
    for name, row in result.iterrows():
        each = difference(runs[name], runs["constant"], level=0.975, unit="points")
        assert (row["difference"], row["low"], row["high"]) == pytest.approx(
            (each.mean, each.low, each.high)
        )
        assert (row["n"], row["p"]) == (4, pytest.approx(each.p))
    result = result.loc[["cosine", "step"]]
    assert result["p_holm"].tolist() == pytest.approx(holm(result["p"]).tolist())
    assert result["p_holm"]["cosine"] == pytest.approx(2 * result["p"]["cosine"])
    assert result["differs"].tolist() == [True, False]


def test_contrasts_keep_the_order_of_the_table():
    runs = {"z": [1, 2, 3], "constant": [1, 1, 2], "a": [5, 4, 4]}
    assert contrasts(table(runs), "constant").index.tolist() == ["z", "a"]


# Claims


def test_a_claim_prints_one_line_and_returns_the_estimate(capsys):
    gain = claim("Cosine wins", COSINE, ">", CONSTANT, unit="points")
    line = "Cosine wins: supported, +0.63 ± 0.38 points (95 %, n = 3)\n"
    assert capsys.readouterr().out == line
    assert gain == difference(COSINE, CONSTANT, unit="points")
    claim("Constant loses", CONSTANT, "<", COSINE, at_least=0.001)
    line = "Constant loses: supported, -0.0063 ± 0.0038 (95 %, n = 3)\n"
    assert capsys.readouterr().out == line


@pytest.mark.parametrize(
    ("arguments", "options", "wrong"),
    [
        ((COSINE, "<", CONSTANT), {},
         "+0.63 ± 0.38 points (95 %, n = 3), which must be below 0"),
        ((CONSTANT, ">", COSINE), {},
         "-0.63 ± 0.38 points (95 %, n = 3), which must be above 0"),
        ((COSINE, ">", CONSTANT), {"at_least": 0.26},
         "+0.63 ± 0.38 points (95 %, n = 3), which must be above 0.26"),
        ((CONSTANT, "<", COSINE), {"at_least": 0.26},
         "-0.63 ± 0.38 points (95 %, n = 3), which must be below -0.26"),
        ((COSINE, ">", CONSTANT), {"of": 4},
         "+0.63 ± 0.78 points (98.75 %, n = 3), which must be above 0"),
    ],
)  # fmt: skip
def test_a_claim_that_the_data_do_not_support_raises(arguments, options, wrong, capsys):
    with pytest.raises(ClaimError) as caught:
        claim("So it is", *arguments, unit="points", **options)
    assert str(caught.value) == f"So it is: not supported, {wrong} points"
    assert capsys.readouterr().out == ""


def test_at_least_is_compared_with_the_end_of_the_interval():
    low = difference(COSINE, CONSTANT, unit="points").low
    claim("More", COSINE, ">", CONSTANT, at_least=low - 1e-9, unit="points")
    claim("Less", CONSTANT, "<", COSINE, at_least=low - 1e-9, unit="points")
    with pytest.raises(ClaimError):
        claim("More", COSINE, ">", CONSTANT, at_least=low, unit="points")


@pytest.mark.slow
def test_a_false_claim_rarely_passes(capsys):
    rng = np.random.default_rng(9)
    passed = 0
    for _ in range(TRIALS):
        a, b = accuracies(rng, 5)
        try:
            claim("Noise wins", a, ">", b)
        except ClaimError:
            continue
        passed += 1
    assert 0.01 < passed / TRIALS < 0.04  # 2.5 %
    assert capsys.readouterr().out.count("\n") == passed


def test_a_claim_without_spread_takes_six_seeds():
    claim("Two epochs fewer", [3] * 6, "<", [5] * 6, unit="epochs")
    with pytest.raises(ClaimError, match=r"-2 ± inf epochs \(95 %, n = 5\)"):
        claim("Two epochs fewer", [3] * 5, "<", [5] * 5, unit="epochs")
    with pytest.raises(ClaimError, match=r"\+0 ± 0 \(95 %, n = 6\), which must be below 0$"):
        claim("Fewer", [3] * 6, "<", [3] * 6)


def test_no_difference_is_an_interval_inside_the_margin(capsys):
    a, b = [0.951, 0.957, 0.953, 0.955], [0.952, 0.956, 0.953, 0.954]
    found = no_difference("One and the same", a, b, margin=0.2, unit="points")
    assert found == difference(a, b, level=0.9, unit="points")
    line = "One and the same: supported, +0.03 ± 0.11 points (90 %, n = 4)\n"
    assert capsys.readouterr().out == line
    with pytest.raises(ClaimError, match=r"^No: not supported, .* inside ±0\.1 points$"):
        no_difference("No", a, b, margin=0.1, unit="points")
    with pytest.raises(ClaimError, match=r"inside ±0\.1 points$"):
        no_difference("No", b, a, margin=0.1, unit="points")
    with pytest.raises(ClaimError, match=r"\(98 %, n = 4\)"):
        no_difference("No", a, b, margin=0.2, of=5, unit="points")


def test_no_difference_found_is_not_no_difference():
    a, b = [0.94, 0.96, 0.95], [0.95, 0.94, 0.96]
    for relation in "<>":
        with pytest.raises(ClaimError):
            claim("They differ", a, relation, b)
    with pytest.raises(ClaimError):
        no_difference("They do not differ", a, b, margin=0.005)


def test_no_difference_without_spread_takes_five_seeds():
    no_difference("The same", [0.95] * 5, [0.95] * 5, margin=0.1)
    with pytest.raises(ClaimError, match=r"\+0 ± inf \(90 %, n = 4\)"):
        no_difference("The same", [0.95] * 4, [0.95] * 4, margin=0.1)


@pytest.mark.slow
def test_a_difference_of_the_margin_rarely_passes_as_none(capsys):
    rng = np.random.default_rng(10)

    def passes(gain):
        a, b = accuracies(rng, 8, gain)
        try:
            no_difference("None", a, b, margin=0.4, unit="points")
        except ClaimError:
            return False
        return True

    at_margin = np.mean([passes((-0.004, 0.004)[i % 2]) for i in range(TRIALS)])
    assert 0.02 < at_margin <= 0.05
    assert np.mean([passes(0) for _ in range(200)]) > 0.7
    capsys.readouterr()


# What is refused

RUNS = table({"constant": [0.1, 0.2, 0.4], "cosine": [0.3, 0.3, 0.5]}, seeds=[7, 8, 9])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean([0.9]),
         "values = {0: 0.9} is not allowed: it must be numbers, for at least two"),
        (lambda: mean([]), "values = [] is"),
        (lambda: mean(0.9), "values = 0.9 is"),
        (lambda: mean("ab"), "values = {0: 'a', 1: 'b'} is"),
        (lambda: mean(["0.1", "0.2"]), "values = {0: '0.1', 1: '0.2'} is"),
        (lambda: mean([True, False]), "values = {0: True, 1: False} is"),
        (lambda: mean([0.1, 1j]), "values = {0: (0.1+0j), 1: 1j} is"),
        (lambda: mean(np.ones((2, 2))), "values = {0: array("),
        (lambda: mean([[0.1], [0.2, 0.3]]), "values = {0: [0.1], 1: [0.2, 0.3]} is"),
        (lambda: mean([0.1, None]),
         "values at seed 1 = nan is not allowed: it must be a finite number"),
        (lambda: mean({5: math.inf, 6: 1.0}), "values at seed 5 = inf is"),
        (lambda: mean(pd.Series([0.1, pd.NA], [3, 4], dtype="Float64")),
         "values at seed 4 = nan is"),
        (lambda: mean([1e160, 1.0]), "values at seed 0 = 1e+160 is"),
        (lambda: mean([0.5, 95.2], unit="%"),
         "values at seed 1 = 95.2 is not allowed: it must be from 0 to 1, as the unit is '%'"),
        (lambda: difference(COSINE, {0: 0.9, 1: -0.1, 2: 0.9}, unit="points"),
         "b at seed 1 = -0.1 is"),
        (lambda: mean([0.1, 0.2], unit="percent"),
         "unit = 'percent' is not allowed: it must be one of"),
        (lambda: mean([0.1, 0.2], level=95),
         "level = 95 is not allowed: it must be a number above 0"),
        (lambda: mean([0.1, 0.2], level=0), "level = 0 is"),
        (lambda: difference(COSINE, CONSTANT, level=1), "level = 1 is"),
        (lambda: difference([1, 1], [0, 0], level=math.nan), "level = nan is"),
        (lambda: difference(COSINE, {0: 0.9, 1: 0.8}),
         "b has no seed 2, which a has: both must have"),
        (lambda: difference({0: 0.9, 1: 0.8}, {0: 1, 1: 2, 5: 3, 7: 4}),
         "a has no seeds 5, 7, which b has"),
        (lambda: difference([0.1, 0.2], [0.1, 0.2, 0.3]), "a has no seed 2, which b has"),
        (lambda: difference(pd.Series([1, 2, 3], [0, 1, 1]), CONSTANT),
         "a has seed 1 more than once: it must have it once"),
        (lambda: holm([0.1, 1.5]),
         "p = [0.1, 1.5] is not allowed: it must be numbers from 0 to 1"),
        (lambda: holm([0.1, math.nan]), "p = [0.1, nan] is"),
        (lambda: holm([]), "p = [] is"),
        (lambda: holm(["0.1"]), "p = ['0.1'] is"),
        (lambda: claim("x", COSINE, "=", CONSTANT),
         "relation = '=' is not allowed: it must be one of >, <"),
        (lambda: claim("x", COSINE, ">", CONSTANT, at_least=-1), "at_least = -1 is"),
        (lambda: claim("x", COSINE, ">", CONSTANT, at_least=math.nan), "at_least = nan is"),
        (lambda: claim("x", COSINE, ">", CONSTANT, of=0),
         "of = 0 is not allowed: it must be a whole number"),
        (lambda: claim("x", COSINE, ">", CONSTANT, of=1.5), "of = 1.5 is"),
        (lambda: no_difference("x", COSINE, CONSTANT, margin=0),
         "margin = 0 is not allowed: it must be a"),
        (lambda: no_difference("x", COSINE, CONSTANT, margin=math.inf), "margin = inf is"),
        (lambda: contrasts(RUNS.to_dict(), "constant"),
         "results = 'dict' is not allowed: it must be a pandas"),
        (lambda: contrasts(RUNS, "constant", value="loss"),
         "the column = 'loss' is not allowed: it must be one"),
        (lambda: contrasts(RUNS, "constant", by="kind"), "the column = 'kind' is"),
        (lambda: contrasts(RUNS.drop(columns="seed"), "constant"), "the column = 'seed' is"),
        (lambda: contrasts(RUNS, "Constant"),
         "baseline = 'Constant' is not allowed: it must be one of several in the column "
         "'schedule', which holds ['constant', 'cosine']"),
        (lambda: contrasts(RUNS[:3], "constant"), "baseline = 'constant' is"),
        (lambda: contrasts(RUNS[:5], "constant"), "cosine has no seed 9, which constant has"),
        (lambda: contrasts(RUNS[1:], "constant"), "constant has no seed 7, which cosine has"),
        (lambda: contrasts(pd.concat([RUNS, RUNS[4:5]]), "constant"),
         "cosine has seed 8 more than once"),
        (lambda: contrasts(RUNS.replace(0.5, math.nan), "constant"),
         "cosine at seed 9 = nan is"),
        (lambda: contrasts(RUNS.replace(0.4, math.inf), "constant"),
         "constant at seed 9 = inf is"),
        (lambda: contrasts(RUNS.replace("cosine", None), "constant"),
         "row 3 of results has no schedule"),
        (lambda: contrasts(RUNS.replace(8, None), "constant"),
         "row 1 of results has no schedule or no seed"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_up_to_40_seeds_all_signs_are_counted():
    a, b = accuracies(np.random.default_rng(5), 40, gain=0.01)
    assert permutation(a + 0.1, b) == 2 / 2**40


def test_a_variance_beside_the_seeds_widens_the_interval():
    a, b = accuracies(np.random.default_rng(6), 10, gain=0.001)
    alone, more = difference(a, b), difference(a, b, variance=1e-6)
    error = (alone.high - alone.low) / 2 / stats.t.ppf(0.975, 9)
    total = error**2 + 1e-6
    half = stats.t.ppf(0.975, 9 * (total / error**2) ** 2) * total**0.5
    assert (more.high - more.low) / 2 == pytest.approx(half)
    assert more.p > alone.p
    # without spread over seeds it is all there is: a normal interval
    flat = difference([0.5] * 10, [0.4] * 10, variance=1e-4)
    assert flat.high - flat.mean == pytest.approx(1.96e-2, rel=1e-4)
    with pytest.raises(ValueError, match="variance = -1"):
        difference(a, b, variance=-1)
