"""The course: nbgrader's folders and gradebook, written by the trusted process only."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ..extras import needs
from . import notebooks
from .marking import Marks

with needs("teaching"):
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.coursedir import CourseDirectory
    from sqlalchemy.exc import SAWarning
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader


class Misconfigured(RuntimeError):
    """The course is not as the grader needs it; the message says what to do."""


@dataclass(frozen=True)
class Submission:
    """A submission's place in the tree: submitted/STUDENT/ASSIGNMENT."""

    student: str
    assignment: str
    folder: Path


class Course:
    """An nbgrader course in a folder; a context manager, which holds its gradebook open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        if not (self.folder / "nbgrader_config.py").is_file():
            raise Misconfigured(f"{folder} is no nbgrader course: it has no nbgrader_config.py")
        config: Config = PyFileConfigLoader(
            "nbgrader_config.py", path=str(self.folder)
        ).load_config()
        config.CourseDirectory.root = str(self.folder)
        self.directory = CourseDirectory(config=config)
        self.zone = str(config.Exchange.get("timezone", "UTC"))  # nbgrader writes its names
        self.secret = _text(self.folder / "secret.txt")
        self.book = Gradebook(self.directory.db_url, self.directory.course_id)
        self._said: set[str] = set()

    def __enter__(self) -> Course:
        return self

    def __exit__(self, *_: object) -> None:
        self.book.close()

    def path(self, step: str, student: str, assignment: str) -> Path:
        """Return nbgrader's folder of a step, such as "release" or "autograded"."""
        return self.folder / getattr(self.directory, f"{step}_directory") / student / assignment

    def source(self, assignment: str) -> notebooks.Handed:
        """Return the cells of an assignment's notebook as it was handed out."""
        path = self.path("release", ".", assignment) / f"{assignment}.ipynb"
        if not path.is_file():
            raise Misconfigured(
                f"{path} is missing: `nbgrader generate_assignment {assignment}` makes it"
            )
        return notebooks.given(path)

    def points(self, assignment: str) -> dict[str, float]:
        """Return the points of each graded cell, from the gradebook."""
        try:
            notebook = self.book.find_notebook(assignment, assignment)
        except MissingEntry:
            raise Misconfigured(
                f"the gradebook has no assignment {assignment!r}: "
                f"`nbgrader generate_assignment {assignment}` adds it"
            ) from None
        return {cell.name: float(cell.max_score) for cell in notebook.grade_cells}

    def submissions(self) -> Iterator[Submission]:
        """Yield what was handed in, in the order of assignments, then of students."""
        top = self.folder / self.directory.submitted_directory
        found = [
            Submission(student.name, assignment.name, assignment)
            for student in (self._folders(top) if top.is_dir() else [])
            if self._usable(student.name)
            for assignment in self._folders(student)
        ]
        yield from sorted(found, key=lambda one: (one.assignment, one.student))

    def _folders(self, top: Path) -> Iterator[Path]:
        """Yield the folders in one, in order, and name what else a student may have meant."""
        try:
            inside = [(path, path.is_dir()) for path in sorted(top.iterdir())]
        except OSError as error:
            self._left_out(f"the folder {str(top)!r}, which cannot be read: {error.strerror}")
            return
        if not inside:
            self._left_out(f"the folder {str(top)!r}, which is empty")
        for path, is_folder in inside:
            if is_folder and path.name != ".ipynb_checkpoints":
                yield path
            elif not path.name.startswith("."):
                self._left_out(
                    f"{str(path)!r}, which is no folder: a notebook belongs into a folder "
                    "submitted/STUDENT/ASSIGNMENT"
                )

    def _usable(self, name: str) -> bool:
        """Return whether a folder's name can be a student's id, and say so if it cannot.

        Letters, digits and signs of any script may be in it, and spaces inside; not what
        stands for markup in nbgrader's pages, nor what files cannot be called everywhere.
        """
        good = name.isprintable() and name == name.strip() and not name.startswith(".")
        if good and not set(name) & set('<>&"`{}\\'):
            return True
        self._left_out(
            f"the folder submitted/{name!r}, whose name cannot be an id. An id is printable "
            'text without < > & " ` { } \\, and begins with neither dot nor space: rename the '
            "folder and grade again"
        )
        return False

    def _left_out(self, what: str) -> None:
        """Say once what is not graded."""
        if what not in self._said:
            print(f"Left out: {what}", file=sys.stderr)
            self._said.add(what)

    def has(self, one: Submission) -> bool:
        """Return whether nbgrader has what `record` writes."""
        folder = self.path("autograded", one.student, one.assignment)
        try:
            self.book.find_submission(one.assignment, one.student)
        except MissingEntry:
            return False
        return (folder / f"{one.assignment}.ipynb").is_file()

    def record(self, one: Submission, marks: Marks, cells: list[notebooks.Cell],
               known: dict[str, notebooks.Given]) -> None:  # fmt: skip
        """Write marks and comments to the gradebook, and the notebook for people to look at."""
        folder = self.path("autograded", one.student, one.assignment)
        folder.mkdir(parents=True, exist_ok=True)
        written = json.dumps(notebooks.graded(cells, known), ensure_ascii=False, indent=1)
        replace_text(folder / f"{one.assignment}.ipynb", written)

        self.book.update_or_create_student(one.student)
        when = self._companions(one, folder)
        with warnings.catch_warnings():
            # nbgrader builds a submission before it adds it; SQLAlchemy 2.1 remarks on that.
            warnings.simplefilter("ignore", SAWarning)
            self.book.update_or_create_submission(one.assignment, one.student, **when)
        notebook = self.book.find_submission_notebook(
            one.assignment, one.assignment, one.student
        )
        for grade in notebook.grades:  # visible checks, worth nothing
            grade.auto_score, grade.needs_manual_grade = 0.0, False
        for mark in marks.marks:
            where = (mark.cell, one.assignment, one.assignment, one.student)
            grade = self.book.find_grade(*where)
            grade.auto_score = None if mark.by_hand else mark.score
            # As nbgrader does: what a person has scored before, a person looks at again.
            grade.needs_manual_grade = mark.by_hand or grade.manual_score is not None
            self.book.find_comment(*where).auto_comment = mark.comment or None
        self.book.db.commit()

    def _companions(self, one: Submission, folder: Path) -> dict[str, datetime]:
        """Write what nbgrader wants beside each notebook to release its feedback.

        The time of handing in (returned for the gradebook, if it is known), and the secret by
        which only its student finds the feedback. Both come with the submission, and may hold
        anything.
        """
        known = {}
        with suppress(ValueError):
            known["timestamp"] = moment(stamp(one), self.zone)
        handed_in = known.get("timestamp") or datetime.now(UTC).replace(tzinfo=None)
        replace_text(folder / "timestamp.txt", f"{handed_in} UTC")
        secret = _small(one.folder / "submission_secret.txt")
        if not re.fullmatch(r"\w{16,256}", secret, re.ASCII):
            secret = secrets.token_hex(64)
        replace_text(folder / "submission_secret.txt", secret)
        return known


def stamp(one: Submission) -> str:
    """Return what nbgrader, or whoever collected it, wrote about the time of handing in."""
    return _small(one.folder / "timestamp.txt")


def moment(stamp: str, zone: str = "UTC") -> datetime:
    """Return the time that a stamp names, in UTC and without a zone, as nbgrader keeps it.

    stamp: date and time of ISO 8601, then nothing or UTC, an offset such as -03, or a name. A
    name (CST) means many zones, so that it counts only if `zone`, the course's own, has it.

    ValueError for anything else: a guess could make an answer late.

    >>> moment("2026-12-01 18:30 -03")
    datetime.datetime(2026, 12, 1, 21, 30)
    >>> moment("2026-12-01 18:30 PST", "America/Los_Angeles")
    datetime.datetime(2026, 12, 2, 2, 30)
    """
    found = re.fullmatch(r"(.+?[T ][\d:.,]+)\s*([A-Za-z]*|[+-]\d[\d:]*)", stamp, re.ASCII)
    if not found:
        raise ValueError(f"{stamp!r} is not a date and a time, such as 2026-12-01 18:30 UTC")
    text, name = found.groups()
    local = datetime.fromisoformat(text)
    if not 1970 <= local.year <= 9000:  # at the ends of the calendar other zones have no time
        raise ValueError(f"{stamp!r} is in no year of this course")
    if name[:1] in ("+", "-"):
        return datetime.fromisoformat(text + name).astimezone(UTC).replace(tzinfo=None)
    if name in ("", "UTC", "GMT", "Z"):
        return local
    for fold in (0, 1):
        here = local.replace(tzinfo=ZoneInfo(zone), fold=fold)
        if here.tzname() == name:
            return here.astimezone(UTC).replace(tzinfo=None)
    raise ValueError(
        f"{stamp!r} is in a zone {name} that the course's, {zone}, has not: write it with UTC"
    )


def _small(path: Path) -> str:
    """Return the text of a small plain file, or nothing."""
    with suppress(notebooks.Unreadable):
        return notebooks.beginning(path, 1_000)[0].decode("ascii", errors="ignore").strip()
    return ""


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8", errors="replace")
    draft.replace(path)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
