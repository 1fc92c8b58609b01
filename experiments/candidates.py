"""What the study compares: schedules by their peak rate, all else fixed by the literature.

Each is what a practitioner could choose, and none is another one's double at a budget. Beside
the schedules stand two rivals that keep the rate: an average of the weights, and schedule-free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import d2lsched as d2l
from d2lsched.history import History
from d2lsched.run import State

Kind = d2l.Schedule | d2l.ReduceOnPlateau
Weights = list[np.ndarray]


def candidates(n: int, epochs: int) -> dict[str, Callable[[float], Kind]]:
    """For a run of n updates: each candidate's schedule as a function of its peak rate.

    n: a multiple of 78, so that thirds and sixths of it are whole numbers.
    epochs: with fewer than ten a plateau has nothing to wait for, and is left out.
    """
    third, sixth = n // 3, n // 6
    # 4 % of the run: 5 of 120 epochs in arXiv 1812.01187, 4,000 of 100,000 updates in
    # 1706.03762
    warm = n // 24
    first, second = round(n / 7), round(3 * n / 7)
    plateau = {
        # "divided by 10 when the validation accuracy stops improving": arXiv 1409.1556. One
        # epoch of patience is ours: a longer one would hardly act within ten.
        "ReduceOnPlateau": lambda lr: d2l.ReduceOnPlateau(lr, factor=0.1, patience=1)
    }  # fmt: skip
    return {
        "Constant": d2l.Constant,
        # a tenth after each third: torchvision's reference training, 30 of 90 epochs
        "StepDecay": lambda lr: d2l.StepDecay(lr, third),
        # a tenth at 1/2 and at 3/4: 32,000 and 48,000 of 64,000 updates in arXiv 1512.03385
        "MultiStepDecay": lambda lr: d2l.MultiStepDecay(lr, [n // 2, 3 * n // 4]),
        # 0.94 every second of 100 epochs: arXiv 1512.00567
        "ExponentialDecay": lambda lr: d2l.ExponentialDecay(lr, 0.94**50, n),
        # "search then converge", Darken and Moody 1990; to search for a tenth is ours
        "InverseTimeDecay": lambda lr: d2l.InverseTimeDecay(lr, 10.0, n),
        # D2L 12.11, and scikit-learn's invscaling with its default power 0.5
        "SquareRootDecay": d2l.SquareRootDecay,
        "InverseSqrtDecay": lambda lr: d2l.InverseSqrtDecay(lr, warm),  # arXiv 1706.03762
        "PolynomialDecay": lambda lr: d2l.PolynomialDecay(lr, n, power=2),  # arXiv 1708.03888
        "LinearDecay": lambda lr: d2l.LinearDecay(lr, n),  # arXiv 1905.04753, 2502.15938
        "CosineDecay": lambda lr: d2l.CosineDecay(lr, n),  # arXiv 1608.03983
        # each cycle twice as long as the one before (there, too), the third to the very end
        "CosineRestarts": lambda lr: d2l.Sequential(
            [d2l.CosineDecay(lr, k) for k in (first, second - first, n - second)],
            [first, second],
        ),
        # from a quarter of the peak, three whole cycles: arXiv 1506.01186
        "Cyclical": lambda lr: d2l.Cyclical(lr / 4, lr, sixth),
        # torch's defaults, at a constant momentum: arXiv 1708.07120
        "OneCycle": lambda lr: d2l.OneCycle(lr, n),
        # a cooldown of a fifth by 1 − √p: arXiv 2405.18392
        "WarmupStableDecay": lambda lr: d2l.WarmupStableDecay(lr, n, warm, n // 5, "sqrt"),
        "Rex": lambda lr: d2l.Rex(lr, n),  # arXiv 2107.04197
        "Warmup": lambda lr: d2l.Warmup(d2l.CosineDecay(lr, n - warm), warm),  # 1812.01187
        # the slanted triangle: rises for a tenth, from and to 1/32: arXiv 1801.06146
        "Piecewise": lambda lr: d2l.Piecewise([(0, lr / 32), (n / 10, lr), (n, lr / 32)]),
        **(plateau if epochs >= 10 else {}),
        "EMA": d2l.Constant,
        # its authors' warmup, 5 % of the run: arXiv 2405.15682
        "ScheduleFree": lambda lr: d2l.Piecewise([(0, lr / (n // 20)), (n // 20 - 1, lr)]),
    }


MAIN = (
    "Constant", "MultiStepDecay", "ExponentialDecay", "InverseTimeDecay", "LinearDecay",
    "CosineDecay", "CosineRestarts", "OneCycle", "WarmupStableDecay", "Warmup", "EMA",
    "ScheduleFree",
)  # fmt: skip
"""What LeNet trains with."""

CENTERS: dict[tuple[str, str], dict[str, int]] = {
    ("mlp", "sgd"): {
        "": -5, "Constant": -7, "StepDecay": -4, "MultiStepDecay": -6, "ExponentialDecay": -4,
        "InverseTimeDecay": -3, "SquareRootDecay": -1, "PolynomialDecay": -4, "Cyclical": -6,
        "WarmupStableDecay": -7, "ReduceOnPlateau": -7, "EMA": -7, "ScheduleFree": 3,
    },
    ("mlp", "adam"): {
        "": -18, "Constant": -21, "SquareRootDecay": -15, "InverseSqrtDecay": -17,
        "OneCycle": -17, "WarmupStableDecay": -19, "ReduceOnPlateau": -19, "EMA": -20,
    },
    ("lenet", "sgd"): {
        "": -14, "Constant": -15, "InverseTimeDecay": -12, "OneCycle": -11, "EMA": -15,
        "ScheduleFree": -6,
    },
    ("lenet", "adam"): {"": -21, "Constant": -23, "OneCycle": -18, "EMA": -22},
}  # fmt: skip
"""The middle of the first window of peaks, by the first edition's search, in steps of the
lattice; "" is for all others."""


def peak(step: int) -> float:
    """A peak rate of the lattice, whose factor is 2^(1/3), to four digits.

    >>> [peak(step) for step in (-4, -3, -2, -1, 0)]
    [0.3969, 0.5, 0.63, 0.7937, 1.0]
    """
    return float(f"{2 ** (step / 3):.4g}")


class Average:
    """A moving average of the weights that lengthens with the run, as a hook after each update.

    After t updates its decay is (1 + t)/(10 + t), the rule of tf.train.ExponentialMovingAverage
    (TensorFlow 2.21), whose bound, 0.9999, lies beyond all runs here: a memory of t/9 updates.

    weights: what the run begins with; afterwards the average.
    """

    def __init__(self, weights: Weights):
        self.weights = weights

    def __call__(self, state: State, history: History) -> None:
        """Take in the weights after an update."""
        gain = 9 / (10 + state.update)
        new = [np.asarray(weight) for weight in state.weights]
        self.weights = [
            average + gain * (weight - average)
            for average, weight in zip(self.weights, new, strict=True)
        ]


class ScheduleFree:
    """Schedule-free SGD or Adam, arXiv 2405.15682, as a hook after each update of a run.

    The run has momentum 0 and holds y, where gradients are asked, so its update is that of z:

        z ← z + (w − y),  x ← x + c (z − x),  y ← 0.1 z + 0.9 x,  c = ηₜ² / Σ ηₛ²,

    for rates that never fall. Same as SGDScheduleFree and AdamWScheduleFree of its authors'
    schedulefree 1.4.1.

    weights: what the run begins with; afterwards x.
    """

    def __init__(self, weights: Weights):
        self.weights, self.y, self.z, self.total = weights, weights, weights, 0.0

    def __call__(self, state: State, history: History) -> None:
        """Turn an update of y into one of z, x and y."""
        square = history.lr[-1] ** 2
        self.total += square
        gain = square / self.total
        new = [np.asarray(weight) for weight in state.weights]
        three = zip(new, self.y, self.z, strict=True)
        self.z = [z + (w - y) for w, y, z in three]
        two = zip(self.weights, self.z, strict=True)
        self.weights = [x + gain * (z - x) for x, z in two]
        two = zip(self.weights, self.z, strict=True)
        state.weights = self.y = [z + 0.9 * (x - z) for x, z in two]


HOOKS: dict[str, Callable[[Weights], Any]] = {"EMA": Average, "ScheduleFree": ScheduleFree}
