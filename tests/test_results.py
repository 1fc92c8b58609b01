"""The study's committed results: complete, with their peaks inside, and found again."""

import importlib
import random
from itertools import pairwise

import pytest
from conftest import assert_same_mean

from d2lsched import study
from experiments.candidates import MAIN
from experiments.comparison import EDGE, Setting, converted, trained

THERE = [Setting.named(name) for name in study.settings()]
CHEAP = [one for one in THERE if one.epochs <= (10 if one.model == "mlp" else 3)]


@pytest.mark.parametrize("setting", THERE, ids=str)
def test_every_candidate_has_every_seed_and_its_best_peak_inside(setting):
    runs = study.table(str(setting))
    best = study.best(runs).groupby("name")["peak"].first()
    assert set(best.index) == set(setting.names) >= set(MAIN)
    for name, tried in runs.groupby("name"):
        seeds = tried.groupby("peak")["seed"].apply(sorted)
        assert seeds.map(lambda found: found == list(setting.seeds)).all(), name
        peaks = sorted(seeds.index)
        assert max(b / a for a, b in pairwise(peaks)) < 1.27, name
        assert EDGE <= peaks.index(best[name]) < len(peaks) - EDGE, name


@pytest.mark.slow
@pytest.mark.parametrize("setting", CHEAP, ids=str)
def test_a_sample_is_found_again(setting):
    """Five seeds of a candidate at a peak that chance names, the same in each run."""
    runs = study.table(str(setting))
    chunks = sorted(runs.groupby(["name", "peak"]).groups)
    name, rate = random.Random(str(setting)).choice(chunks)
    stored = runs[(runs["name"] == name) & (runs["peak"] == rate) & (runs["seed"] < 5)]
    evaluate = importlib.import_module(f"d2lsched.{setting.framework}").evaluate
    images = converted(setting.framework, setting.images)[0]
    found = [
        round(evaluate(trained(setting, name, rate, seed).state, *images)[1], 6)
        for seed in stored["seed"]
    ]
    assert_same_mean(found, stored["validation_accuracy"].tolist())
