"""d2lsched: learning-rate schedules, taught, plotted and trained with.

`import d2lsched` loads the schedules only. The rest is one import away:

- ``from d2lsched import torch as d2l`` (or ``tensorflow``, ``jax``, ``numpy``): training,
- ``d2lsched.data``: MNIST, ``d2lsched.plotting``: figures,
- ``d2lsched.lab``: the schedule lab, in JupyterLab.
"""

from typing import Any

from . import schedules
from .schedules import *  # noqa: F403, its __all__ is the list of names

__all__: list[str] = []
__all__ += schedules.__all__
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "lab":  # loaded when asked for: the package itself stays quick to import
        from .widgets import lab

        return lab
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
