"""A referee's five reanalyses of every verdict: what would others have concluded?

``python -m experiments.referee`` prints the verdicts that flip, writes the table of all to
``d2lsched/data/study/sensitivity.csv``, and ends with an error if one flips. It computes anew
from the runs and the answers, and takes the words only from the rule in `d2lsched.study`.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from scipy import stats

from d2lsched import study
from d2lsched.statistics import ALPHA
from experiments.comparison import STUDY, Setting, unpacked

RESAMPLES = 10_000
SURE = ("better", "worse")


def significant(gaps: pd.Series, p: np.ndarray) -> list[str]:
    """Better or worse where p, corrected by Holm for all of them, is at most 5 %, else open."""
    order, limits = np.argsort(p), ALPHA / np.arange(len(p), 0, -1)
    fails = p[order] > limits
    passed = np.zeros(len(p), bool)
    passed[order[: int(fails.argmax()) if fails.any() else len(p)]] = True
    words = np.where(gaps > 0, *SURE)
    return np.where(passed, words, "open").tolist()


def gaps_of(finals: pd.DataFrame, pairs: pd.MultiIndex) -> np.ndarray:
    """The differences by seed, in points: shape (pairs, seeds)."""
    by = finals.pivot(index="name", columns="seed", values="heldout_accuracy")
    return 100 * np.stack([(by.loc[a] - by.loc[b]).to_numpy() for a, b in pairs])


def resampled(
    setting: Setting, pairs: pd.MultiIndex, generator: np.random.Generator
) -> np.ndarray:
    """Differences with seeds and images drawn anew, in points: shape (resamples, pairs).

    Drawing images is weighting each by a Poisson number, whose sums over many images are
    normal; so the sums are drawn, with the covariances of the answers themselves.
    """
    right = unpacked(setting)
    k, seeds, images = right.shape
    means = right.mean(axis=2)
    spread = right.reshape(k * seeds, images).astype(np.float32)
    spread -= spread.mean(axis=1, keepdims=True)
    factor = np.linalg.cholesky(
        (spread @ spread.T / images**2).astype(float) + 1e-12 * np.eye(k * seeds)
    )
    found = np.empty((RESAMPLES, k))
    for row in found:
        noise = (factor @ generator.standard_normal(k * seeds)).reshape(k, seeds)
        row[:] = (means + noise)[:, generator.integers(0, seeds, seeds)].mean(axis=1)
    place = {name: i for i, name in enumerate(setting.names)}
    return 100 * np.stack([found[:, place[a]] - found[:, place[b]] for a, b in pairs], axis=1)


def moved(runs: pd.DataFrame, name: str, by: int) -> pd.DataFrame:
    """The best runs, but those of one candidate at a peak so many steps higher."""
    finals = study.best(runs)
    peaks = np.sort(runs.loc[runs["name"] == name, "peak"].unique())
    best = finals.loc[finals["name"] == name, "peak"].iloc[0]
    other = peaks[np.searchsorted(peaks, best) + by]
    instead = runs[(runs["name"] == name) & (runs["peak"] == other)]
    return pd.concat([finals[finals["name"] != name], instead])


def reanalysed(name: str) -> pd.DataFrame:
    """Each verdict of a setting, and what the five reanalyses say in its place.

    A cell holds the words that the variants of a reanalysis give. Half of the seeds is judged
    without sign flips: ten seeds have 1,024, too few for a level of 0.05/30.
    """
    setting, runs = Setting.named(name), study.table(name)
    images = pd.read_csv(STUDY / f"{name}.images.csv", index_col=0)
    search = study.searched(runs)
    finals, verdicts = study.best(runs), study.verdicts(name)
    pairs = verdicts.index
    d = gaps_of(finals, pairs)
    gap = pd.Series(d.mean(axis=1), pairs)
    seeds = d.shape[1]

    student = stats.ttest_1samp(d, 0, axis=1).pvalue
    generator = np.random.default_rng(17)
    signs = generator.choice([-1.0, 1.0], (99_999, seeds))
    beyond = (np.abs(signs @ d.T) >= np.abs(d.sum(axis=1)) - 1e-9).sum(axis=0)
    draws = resampled(setting, pairs, generator)
    tails = np.minimum((draws <= 0).mean(axis=0), (draws >= 0).mean(axis=0))
    found = pd.DataFrame({
        "verdict": verdicts["word"],
        "student": significant(gap, student),
        "signs": significant(gap, (beyond + 1) / 100_000),
        "resampled": significant(gap, np.minimum(1, 2 * tails + 1 / RESAMPLES)),
    })  # fmt: skip
    peaks: dict[tuple[str, str], set[str]] = {pair: set() for pair in pairs}
    for candidate in finals["name"].unique():
        for by in (-1, 1):
            words = study.judged(moved(runs, candidate, by), images, search)["word"]
            for pair in pairs:
                if candidate in pair:
                    peaks[pair].add(words[pair])
    halves = []
    for half in np.array_split(np.sort(runs["seed"].unique()), 2):
        if len(half) >= 10:
            some = runs[runs["seed"].isin(half)]
            judged = study.judged(study.best(some), images, study.searched(some))
            words = [study._word(row) for row in judged.assign(signs=0.0).itertuples()]
            halves.append(dict(zip(judged.index, words, strict=True)))
    found["peak moved"] = [" or ".join(sorted(peaks[pair])) for pair in pairs]
    found["half the seeds"] = [
        " or ".join(sorted({half[pair] for half in halves})) for pair in pairs
    ]
    return found.reset_index().assign(setting=name)


def flips(row: pd.Series) -> list[str]:
    """The reanalyses that contradict a verdict.

    Better and worse contradict each other, and both must hold under the first three; the same
    within the margin and a small but sure difference do not exclude each other.
    """
    opposite = {"better": "worse", "worse": "better"}.get(row["verdict"])
    if opposite is None:
        return []
    must = [test for test in ("student", "signs", "resampled") if row[test] != row["verdict"]]
    others = ("peak moved", "half the seeds")
    return must + [test for test in others if opposite in row[test].split(" or ")]


if __name__ == "__main__":
    table = pd.concat([reanalysed(name) for name in study.settings()], ignore_index=True)
    table.to_csv(STUDY / "sensitivity.csv", index=False, lineterminator="\n")
    flipped = [(row, tests) for _, row in table.iterrows() if (tests := flips(row))]
    for row, tests in flipped:
        print(f"{row['setting']}: {row['a']} {row['verdict']} than {row['b']}: {tests}")
    print(f"{len(flipped)} of {len(table)} verdicts flip")
    sys.exit(bool(flipped))
