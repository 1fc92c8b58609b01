"""d2lsched: learning-rate schedules, taught, plotted and trained with.

`import d2lsched` loads the schedules only. The rest is one import away:

- ``from d2lsched import torch as d2l`` (or ``tensorflow``, ``jax``, ``numpy``): training,
- ``d2lsched.data``: MNIST, ``d2lsched.plotting``: figures.
"""

from .schedules import Constant, CosineDecay, Schedule, StepDecay, Warmup

__all__ = ["Constant", "CosineDecay", "Schedule", "StepDecay", "Warmup"]
__version__ = "0.1.0"
