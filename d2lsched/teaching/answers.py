"""Known answers: right ones, and the wrong ones that students really give.

They test the questions, and make submissions for trying the grader out. A course keeps them
in ``answers/NAME.py`` as ``ANSWERS``: for every answer cell a `Known`.
"""

from __future__ import annotations

import copy
import json
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Wrong:
    """A wrong answer. score: the points it still gets.

    says: words that the message to the student must contain, and which help.
    source: the whole cell; or, since most mistakes are small, what is changed in a right one,
        as {old: new}; each old text is there exactly once.
    of: which right answer is changed, by its name; "" is the solution in the notebook.
    """

    score: float
    says: str
    source: str | Mapping[str, str]
    of: str = ""


@dataclass(frozen=True)
class Known:
    """The known answers of one cell, by a name that says what is special about each.

    right: sources written in other ways than the solution. wrong: see `Wrong`.
    """

    right: Mapping[str, str]
    wrong: Mapping[str, Wrong]


def changed(source: str, changes: Mapping[str, str]) -> str:
    """Return a source with its changes made.

    >>> changed("return lr / t", {"/ t": "* t"})
    'return lr * t'

    ValueError, with the text, for one that is not there exactly once.
    """
    for old, new in changes.items():
        if (found := source.count(old)) != 1:
            raise ValueError(f"{old!r} is in the answer {found} times, but must be there once")
        source = source.replace(old, new)
    return source


def load(course: Path, name: str) -> dict[str, Known]:
    """Load ``course/answers/name.py``; of every wrong answer the whole cell.

    ValueError, with cell and answer, if a change does not fit.
    """
    answers = runpy.run_path(str(course / "answers" / f"{name}.py"))["ANSWERS"]
    notebook = json.loads((course / "source" / name / f"{name}.ipynb").read_text("utf-8"))
    solutions = {
        cell["metadata"].get("nbgrader", {}).get("grade_id"): "".join(cell["source"])
        for cell in notebook["cells"]
    }
    return {cell: _whole(cell, one, solutions[cell]) for cell, one in answers.items()}


def _whole(cell: str, known: Known, solution: str) -> Known:
    wrong = {}
    for label, one in known.wrong.items():
        source = one.source
        if not isinstance(source, str):
            try:
                source = changed(known.right[one.of] if one.of else solution, source)
            except ValueError as error:
                raise ValueError(f"{cell}, {label!r}: {error}") from None
        wrong[label] = replace(one, source=source)
    return replace(known, wrong=wrong)


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
