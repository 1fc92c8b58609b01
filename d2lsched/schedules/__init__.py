"""Learning-rate schedules: pure functions of the update number."""

from .base import Schedule
from .composition import PerEpoch, Piecewise, Product, Sequential, Warmup, WarmupStableDecay
from .cyclical import CosineRestarts, Cyclical, LRRangeTest, OneCycle
from .decay import (
    BottouOptimal,
    Constant,
    CosineDecay,
    ExponentialDecay,
    FactorDecay,
    InverseScaling,
    InverseSqrtDecay,
    InverseTimeDecay,
    LinearDecay,
    MultiStepDecay,
    PolynomialDecay,
    Rex,
    SquareRootDecay,
    StepDecay,
)
from .feedback import ReduceOnPlateau
from .tracing import trace

__all__ = [
    "BottouOptimal",
    "Constant",
    "CosineDecay",
    "CosineRestarts",
    "Cyclical",
    "ExponentialDecay",
    "FactorDecay",
    "InverseScaling",
    "InverseSqrtDecay",
    "InverseTimeDecay",
    "LRRangeTest",
    "LinearDecay",
    "MultiStepDecay",
    "OneCycle",
    "PerEpoch",
    "Piecewise",
    "PolynomialDecay",
    "Product",
    "ReduceOnPlateau",
    "Rex",
    "Schedule",
    "Sequential",
    "SquareRootDecay",
    "StepDecay",
    "Warmup",
    "WarmupStableDecay",
    "trace",
]
