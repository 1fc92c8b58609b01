"""Learning-rate schedules: pure functions of the update number."""

from .base import Schedule
from .composition import Warmup
from .decay import Constant, CosineDecay, StepDecay

__all__ = ["Constant", "CosineDecay", "Schedule", "StepDecay", "Warmup"]
