"""Numbers of one's own: parameters that follow from a student's id, the same everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any


def personal(student: str, question: str, **choices: Sequence[Any]) -> dict[str, Any]:
    """Choose one of each parameter's values by the student's id.

    student: the id under which you hand in. question: a name, so that questions differ.
    choices: for every parameter its possible values.

    The same id always gives the same numbers, on every machine; neighbors' differ. ValueError
    for an empty id or an empty choice.

    >>> personal("ada", "warmup", peak=[0.1, 0.2, 0.4], steps=range(300, 800))
    {'peak': 0.4, 'steps': 632}
    """
    if not isinstance(student, str) or not student.strip():
        raise ValueError(f"student must be your id as a non-empty string, got {student!r}")
    chosen = {}
    for name, values in choices.items():
        if not len(values):
            raise ValueError(f"{name} must offer at least one value, got none")
        digest = hashlib.sha256(f"{student.strip()}/{question}/{name}".encode()).digest()
        chosen[name] = values[int.from_bytes(digest[:8], "big") % len(values)]
    return chosen
