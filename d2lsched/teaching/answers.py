"""Known answers: right ones, and the wrong ones that students really give.

They test the questions, and make submissions for trying the grader out. A course keeps them
in ``answers/NAME.py`` as ``ANSWERS``: for every answer cell a `Known`.
"""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Wrong:
    """A wrong answer. source: the cell. score: the points it still gets.

    says: words that the message to the student must contain, and which help.
    """

    source: str
    score: float
    says: str


@dataclass(frozen=True)
class Known:
    """The known answers of one cell, by a name that says what is special about each.

    right: sources written in other ways than the solution. wrong: see `Wrong`.
    """

    right: Mapping[str, str]
    wrong: Mapping[str, Wrong]


def load(course: Path, name: str) -> dict[str, Known]:
    """Load ``course/answers/name.py``."""
    path = course / "answers" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"d2lsched_answers_{name}", path)
    assert spec is not None, path
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.ANSWERS)


def submission(
    notebook: Mapping[str, Any], student: str, answers: Mapping[str, str]
) -> dict[str, Any]:
    """Fill in a notebook as a student does.

    notebook: the release, or the source with its solutions, as JSON. answers: sources by
    grade_id. A cell with grade_id "student" becomes the line that names the student.
    """
    filled: dict[str, Any] = copy.deepcopy(dict(notebook))
    for cell in filled["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id == "student":
            cell["source"] = f"STUDENT = {student!r}"
        elif grade_id in answers:
            cell["source"] = answers[grade_id]
    return filled
