"""What an absent library's error says: which of the package's extras brings it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Import libraries of one of d2lsched's extras, or say how to install them.

    extra: its name in ``pyproject.toml``.

    ImportError, naming the library that is absent and the extra. pip looks for nothing but the
    libraries then: d2lsched itself is there.

    ... with needs("torch"):
    ...     import torch_of_tomorrow
    Traceback (most recent call last):
    ImportError: torch_of_tomorrow is not installed: pip install "d2lsched[torch]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or str(error)).partition(".")[0]
        message = f'{library} is not installed: pip install "d2lsched[{extra}]"'
        raise ImportError(message, name=error.name) from error
