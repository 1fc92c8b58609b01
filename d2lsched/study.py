r"""What the book's study of all schedules found: committed results, and what they let one say.

`table` holds all runs; ``make experiments`` made them, and ``experiments/README.md`` says how.
A setting is a model, an optimizer, a number of images and of epochs, and is named so:
"mlp-sgd-50000x1". In each, every candidate's peak rate is the one with the best mean validation
accuracy; what counts is the accuracy on images that no run of the setting has seen.

`verdict` is the book's one rule. Of two candidates whose accuracies differ by $d_s$ at seed
$s$, n seeds in all, the interval is

$$\bar d \pm t_\nu \sqrt{V}, \quad
V = \hat\sigma_d^2 / n + V_\text{images} + V_\text{search},$$

where the second term is the variance that other images would bring
(``experiments/comparison.py`` computes it), the third that of another search (`searched`), and
$\nu$ is Welch and Satterthwaite's. A test shows by simulation that it covers as it says. The
level is Bonferroni's for the setting's family: all candidates against the constant rate, and
`PAIRS`.

- *better*, *worse*: the interval leaves 0 out, and so do Student's test and sign flips, both
  corrected by Holm;
- *the same*: the interval lies within ±0.2 points;
- *open*: none of these.

`classics` holds the results of two well-known small comparisons, made again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .extras import needs
from .plotting import COLORS, Figure, figure
from .schedules.base import one_of, require
from .statistics import ALPHA, Estimate, difference, holm, permutation

with needs("sweep"):
    import pandas as pd

STUDY = Path(__file__).parent / "data" / "study"
CLASSICS = STUDY.with_name("classics.csv")

MARGIN = 0.2
"""Points that matter: the book's one margin."""

PAIRS = (
    ("LinearDecay", "CosineDecay"), ("Warmup", "CosineDecay"), ("OneCycle", "CosineDecay"),
    ("CosineRestarts", "CosineDecay"), ("WarmupStableDecay", "CosineDecay"),
    ("PolynomialDecay", "LinearDecay"), ("Rex", "LinearDecay"), ("EMA", "LinearDecay"),
    ("ScheduleFree", "LinearDecay"), ("EMA", "WarmupStableDecay"),
    ("StepDecay", "MultiStepDecay"), ("StepDecay", "ExponentialDecay"),
    ("ReduceOnPlateau", "MultiStepDecay"),
)  # fmt: skip
"""What is compared beside all candidates with the constant rate, named before any result."""

Word = Literal["better", "worse", "the same", "open"]
COLUMNS = [
    "name", "model", "optimizer", "images", "epochs", "peak", "seed", "validation_accuracy",
    "test_accuracy", "heldout_accuracy",
]  # fmt: skip


@dataclass(frozen=True, repr=False)
class Verdict:
    """What may be said of a and b in a setting, and the interval that it rests on.

    word: "better", "worse", "the same" (within 0.2 points) or "open"; better is a.
    gap: the `Estimate` of a − b in points. p: the largest of the three corrected p.
    """

    setting: str
    a: str
    b: str
    word: Word
    gap: Estimate
    p: float

    def __repr__(self) -> str:
        told = {
            "better": "is better than", "worse": "is worse than",
            "the same": f"is the same within {MARGIN} points as",
            "open": "cannot be told from",
        }[self.word]  # fmt: skip
        return f"{self.setting}: {self.a} {told} {self.b}, {self.gap}"


def settings() -> list[str]:
    """The settings whose results are there: the MLP first, SGD first, seen once first."""
    found = (path.name.partition(".")[0] for path in STUDY.glob("*.csv.xz"))
    return sorted(found, key=_place)


def table(setting: str = "") -> pd.DataFrame:
    """All runs, a row a run: of one setting, or of all.

    The columns: name, model, optimizer, images, epochs, peak, seed, validation_accuracy,
    test_accuracy, heldout_accuracy. Accuracies are shares, of 5,000 validation images, of the
    10,000 test images, and of all that no run of the setting has seen, test images included.
    For one setting also train_accuracy, of the last epoch, and validation_loss.

    LookupError, naming what there is, for a setting without results.
    """
    if setting:
        there = settings()
        if setting not in there:
            raise LookupError(f"the study has no results of the setting {setting!r}: {there}")
        return _read(STUDY / f"{setting}.csv.xz")
    found = [_read(STUDY / f"{name}.csv.xz")[COLUMNS] for name in settings()]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS)


def best(runs: pd.DataFrame) -> pd.DataFrame:
    """Each candidate's runs at the peak with the best mean validation accuracy.

    runs: of one setting, as `table` has them. Of equal peaks the lowest is taken.
    """
    score = runs.groupby(["name", "peak"])["validation_accuracy"].mean()
    chosen = score.groupby("name").idxmax()
    return runs.set_index(["name", "peak"]).loc[chosen].reset_index()


def peaks(setting: str, name: str) -> dict[float, list[float]]:
    """The search for a candidate's peak: validation accuracies by rate, for `plot_search`.

    LookupError, naming what there is, for another setting or candidate.
    """
    tried = _where(f"{setting} has", table(setting), {"name": name}).groupby("peak")
    return {rate: runs["validation_accuracy"].tolist() for rate, runs in tried}


def searched(runs: pd.DataFrame) -> pd.Series:
    """By name: what another search of the peak would add to the variance of the mean accuracy.

    The seeds are resampled 1,000 times, and each time the peak is chosen anew; with π the
    shares of the peaks it is the variance of their mean accuracies under π, less what these
    vary by themselves (so it may come out below 0, by chance).

    runs: of one setting, as `table` has them.
    """
    found, generator = {}, np.random.default_rng(0)
    for name, tried in runs.groupby("name"):
        score, outcome = (
            tried.pivot(index="peak", columns="seed", values=value).to_numpy()
            for value in ("validation_accuracy", "heldout_accuracy")
        )
        peaks, seeds = score.shape
        draws = generator.multinomial(seeds, np.full(seeds, 1 / seeds), 1_000)
        chosen = (score @ draws.T).argmax(axis=0)
        share = np.bincount(chosen, minlength=peaks) / len(draws)
        means, noise = outcome.mean(axis=1), outcome.var(axis=1, ddof=1) / seeds
        spread = share @ (means - share @ means) ** 2
        found[name] = spread - (share * (1 - share)) @ noise
    return pd.Series(found)


def family(names: list[str]) -> list[tuple[str, str]]:
    """What is compared where these are the candidates: each with the constant, and `PAIRS`."""
    against = [(name, "Constant") for name in names if name != "Constant"]
    return against + [pair for pair in PAIRS if set(pair) <= set(names)]


def judged(finals: pd.DataFrame, images: pd.DataFrame, search: pd.Series) -> pd.DataFrame:
    """The rule for one setting: a row for each pair of its family, by (a, b).

    finals: a row a run, with name, seed and heldout_accuracy, as from `best`.
    images: by two names, the covariance of their mean accuracies over other images.
    search: by name, as from `searched`.

    Columns: `difference`, `low` and `high` in points, `n`, `level`; the corrected p of
    `student`, `signs` and `interval`; `word`.
    """
    runs = finals.pivot(index="seed", columns="name", values="heldout_accuracy")
    pairs = family(finals["name"].unique().tolist())
    level, rows = 1 - ALPHA / len(pairs), []
    for a, b in pairs:
        other_images = images.loc[a, a] + images.loc[b, b] - 2 * images.loc[a, b]
        others = max(0.0, other_images) + max(0.0, search[a] + search[b])
        paired = runs[a], runs[b]
        gap = difference(*paired, level=level, unit="points", variance=1e4 * others)
        rows.append({
            "difference": gap.mean, "low": gap.low, "high": gap.high, "n": gap.n,
            "level": level, "interval": gap.p, "signs": permutation(*paired),
            "student": difference(*paired, unit="points").p,
        })  # fmt: skip
    found = pd.DataFrame(rows, pd.MultiIndex.from_tuples(pairs, names=["a", "b"]))
    for test in ("student", "signs", "interval"):
        found[test] = holm(found[test])
    return found.assign(word=[_word(row) for row in found.itertuples()])


def _word(row: Any) -> Word:
    tests = max(row.student, row.signs, row.interval) <= ALPHA
    if tests and (row.low > 0 or row.high < 0):
        return "better" if row.low > 0 else "worse"
    inside = row.low > -MARGIN and row.high < MARGIN
    return "the same" if inside else "open"


@cache
def verdicts(setting: str) -> pd.DataFrame:
    """All verdicts of a setting, as `judged` returns them; LookupError as for `table`."""
    runs = table(setting)
    return judged(best(runs), _covariance(setting), searched(runs))


def verdict(setting: str, a: str, b: str = "Constant") -> Verdict:
    """What may be said of a against b in a setting.

    setting: by name, as "mlp-sgd-50000x1". a, b: candidates, by the names in `table`.

    LookupError for a setting without results, and for two that were not to be compared there.
    """
    found, sign = verdicts(setting), 1
    if (a, b) not in found.index:
        sign = -1
        if (b, a) not in found.index:
            raise LookupError(f"in {setting} {a} and {b} are not compared: {list(found.index)}")
    row = found.loc[(a, b) if sign == 1 else (b, a)]
    low, high = sorted((sign * row["low"], sign * row["high"]))
    p = float(max(row["student"], row["signs"], row["interval"]))
    gap = Estimate(
        sign * row["difference"], low, high, int(row["n"]), row["level"], "points", p
    )
    turned: dict[Word, Word] = {"better": "worse", "worse": "better"}
    word = row["word"] if sign == 1 else turned.get(row["word"], row["word"])
    return Verdict(setting, a, b, word, gap, p)


def expect(setting: str, a: str, predicted: Word, b: str = "Constant") -> Verdict:
    """Print what was predicted of a against b, before, and what came; nothing is raised.

    predicted: "better", "worse", "the same" or "open". ValueError for another word,
    LookupError as for `verdict`.
    """
    one_of("predicted", predicted, Word)
    found = verdict(setting, a, b)
    came = "as predicted" if found.word == predicted else f"predicted was: {predicted}"
    print(f"{found} ({came})")
    return found


def evidence(name: str, *rivals: str) -> Figure:
    """Print what a candidate's verdicts are in every setting, a row a setting; draw them, too.

    name: of the candidate. rivals: of what it is compared with; the constant rate by default.
    A setting in which it was not compared with a rival has a dash there. Intervals of more than
    2.5 points are cut off in the picture.

    LookupError, naming what there is, for a candidate or a rival that no setting compares.
    """
    others = rivals or ("Constant",)
    rows: dict[str, list[Verdict | None]] = {}
    for setting in settings():
        pairs = set(verdicts(setting).index)
        rows[setting] = [
            verdict(setting, name, other) if pairs & {(name, other), (other, name)} else None
            for other in others
        ]
    for index, other in enumerate(others):
        if not any(row[index] for row in rows.values()):
            there = sorted({a for setting in rows for a, _ in verdicts(setting).index})
            raise LookupError(f"no setting compares {name!r} with {other!r}: {there}")
    heads = [f"− {other}" for other in others]
    print(f"{name:24}" + "".join(f"{head:26}" for head in heads).rstrip())
    for setting, row in rows.items():
        cells = [f"{one.gap:+.2f} {one.word}" if one else "–" for one in row]
        print(f"{described(setting):24}" + "".join(f"{cell:26}" for cell in cells).rstrip())
    return _drawn(name, others, rows)


def _drawn(name: str, others: tuple[str, ...], rows: dict[str, list[Verdict | None]]) -> Figure:
    there = {
        other: [(y, one) for y, row in enumerate(rows.values()) if (one := row[index])]
        for index, other in enumerate(others)
    }
    counts = []
    for other, column in there.items():
        words = Counter(one.word for _, one in column)
        told = ", ".join(f"{word} in {count}" for word, count in words.items())
        counts.append(f"against {other} {told}")
    fig, ax = figure(
        f"Accuracy of {name} less that of others, in points, a row a setting, with intervals. "
        f"Of {len(rows)} settings, {'; '.join(counts)}.",
        height=1.3 + 0.25 * (len(rows) + len(others)),
    )
    ax.axvspan(-MARGIN, MARGIN, color="#DDDDDD", label=f"within {MARGIN} points")
    ax.axvline(0, color="black", linewidth=0.8, linestyle="-")
    for index, (other, column) in enumerate(there.items()):
        gaps = [one.gap for _, one in column]
        y = [y + 0.3 * (index - (len(others) - 1) / 2) for y, _ in column]
        halves = [(gap.high - gap.low) / 2 for gap in gaps]
        ax.errorbar([gap.mean for gap in gaps], y, xerr=halves, fmt="osD^"[index % 4],
                    color=COLORS[index], markersize=4, label=f"{name} − {other}")  # fmt: skip
    ax.set_yticks(range(len(rows)), [described(setting) for setting in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    far = max(2.5, *(1.1 * abs(one.gap.mean) for column in there.values() for _, one in column))
    left, right = ax.get_xlim()
    ax.set_xlim(max(left, -far), min(right, far))
    ax.set(xlabel="difference in accuracy (points)")
    fig.legend(loc="outside upper left", ncols=1)
    return fig


def described(setting: str) -> str:
    """A setting in words.

    >>> described("mlp-sgd-10000x3")
    'MLP, SGD, 10,000 × 3'
    """
    model, optimizer, images, epochs = parts(setting)
    names = {"mlp": "MLP", "lenet": "LeNet", "sgd": "SGD", "adam": "Adam"}
    return f"{names[model]}, {names[optimizer]}, {images:,} × {epochs}"


def parts(setting: str) -> tuple[str, str, int, int]:
    """Model, optimizer, images and epochs of a setting; ValueError for what names none.

    >>> parts("mlp-sgd-10000x3")
    ('mlp', 'sgd', 10000, 3)
    """
    found = re.fullmatch(r"([a-z]+)-([a-z]+)-(\d+)x(\d+)", setting)
    require(found is not None, "setting", setting, "named as 'mlp-sgd-10000x3'")
    model, optimizer, images, epochs = found.groups()  # type: ignore[union-attr]
    return model, optimizer, int(images), int(epochs)


def _place(setting: str) -> tuple[bool, bool, int, int]:
    model, optimizer, images, epochs = parts(setting)
    return model != "mlp", optimizer != "sgd", -images, epochs


def predictions() -> pd.DataFrame:
    """What was predicted before any run of *seen once* and of LeNet, and what came.

    A row a prediction: setting, a, b, predicted, and found, empty while there are no results.
    """
    rows, there = _read(STUDY / "predictions.csv"), settings()
    found = [
        verdict(row.setting, row.a, row.b).word if row.setting in there else ""
        for row in rows.itertuples()
    ]
    return rows.assign(found=found)


def sensitivity(setting: str) -> pd.DataFrame:
    """What five reanalyses would say in place of each verdict: see ``experiments/referee.py``.

    A row for each pair of the family. LookupError for a setting without them.
    """
    return _where("the referee has", _read(STUDY / "sensitivity.csv"), {"setting": setting})


def _covariance(setting: str) -> pd.DataFrame:
    return pd.read_csv(STUDY / f"{setting}.images.csv", index_col=0)


def classics(task: str, *, stage: str = "given") -> pd.DataFrame:
    """The runs of a well-known small comparison, made again; a row a run.

    task: "lenet", the six schedules of D2L 12.11, SGD without momentum, 30 epochs, in torch;
        or "mlp", five schedules and a constant rate with Adam, 100 epochs, in jax.
    stage: "given", with the rates of the source; "tuning", the search for better peak rates,
        without test images; or "tuned", with the best of them.

    The columns are those of experiments/README.md; `validation_accuracies` holds an array, a
    number per epoch. LookupError, naming what there is, for another task or stage.

    >>> found = classics("lenet")
    >>> int((found["name"] == "cosine").sum())
    5
    >>> found["validation_accuracies"][0].shape
    (30,)
    """
    table = _where("the classics have", _read(CLASSICS), {"task": task, "stage": stage})
    curves = table["validation_accuracies"].map(lambda text: np.array(text.split(), float))
    return table.assign(validation_accuracies=curves)


def _where(owner: str, table: pd.DataFrame, asked: Mapping[str, Any]) -> pd.DataFrame:
    """The rows that are as asked for; a LookupError names what there is instead."""
    for column, value in asked.items():
        there = table[column].unique().tolist()
        table = table[table[column] == value]
        if table.empty:
            raise LookupError(f"{owner} no runs with {column} = {value!r}: {there}")
    return table.reset_index(drop=True)


@cache
def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, comment="#")
