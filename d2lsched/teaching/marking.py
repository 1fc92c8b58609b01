"""Marking one submission: its cells run in a sandbox, its answers are judged out here."""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .checks import Failure
from .notebooks import Cell, Given, Handed, named_student
from .questions import Assignment, Case, Question
from .sandbox import Account, Ended, Sandbox
from .walls import Limits

RIGHT = "All of it is right."
SANDBOXES = 20
"""How many a submission may break: starting one costs it nothing, but the class waits."""
EMPTY = "the function is still empty"
MISSING = "the notebook defines no"


@dataclass(frozen=True)
class Mark:
    """What one answer cell gets, of so many points. by_hand: it waits for a person."""

    cell: str
    score: float
    points: float
    comment: str
    by_hand: bool = False


@dataclass(frozen=True)
class Marks:
    """A submission's marks. note: what a teacher should know. peak_memory: bytes.

    by_clock: the clock has stopped something, for which a busy machine may be to blame.
    """

    marks: tuple[Mark, ...]
    note: str = ""
    peak_memory: int = 0
    by_clock: bool = False

    def to_json(self) -> str:
        """Return the marks as JSON; `from_json` reads them."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Marks:
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "marks": tuple(Mark(**mark) for mark in fields["marks"])})


def mark(
    assignment: Assignment,
    student: str,
    cells: Sequence[Cell],
    known: Handed,
    *,
    secret: str = "",
    limits: Limits | None = None,
) -> Marks:
    """Mark a submission.

    known: the cells as they were handed out (`notebooks.given`). secret: the course's, see
    `Assignment.asked_of`. limits: instead of the assignment's own.

    `sandbox.Unavailable` if there is no sandbox; nothing that the submission does raises.
    """
    questions = assignment.asked_of(student, secret)
    limits = limits or Limits(cell_seconds=assignment.cell_seconds, seconds=assignment.seconds)
    run = _Run(assignment, cells, known, limits)
    answers = run.answers(
        [(question, case) for question in questions for case in question.cases]
    )
    marks = [_judged(question, answers, run, cells, student) for question in questions]
    graded = {question.cell for question in questions}
    marks += [
        _by_hand(cells, name, cell, known.own(cells))
        for name, cell in known.items()
        if cell.points and name not in graded
    ]
    return Marks(tuple(marks), "; ".join(run.notes), run.peak, run.by_clock)


def nothing(known: Mapping[str, Given], why: str) -> Marks:
    """Return the marks of a submission that cannot be read."""
    comment = f"Your submission could not be graded: {why}."
    marks = [
        Mark(name, 0.0, cell.points, comment) for name, cell in known.items() if cell.points
    ]
    return Marks(tuple(marks), why)


class _Run:
    """Answers all cases, in as many sandboxes as a submission breaks.

    A statement that breaks one is left out of the next; an answer that does costs the rest of
    its question.
    """

    def __init__(
        self,
        assignment: Assignment,
        cells: Sequence[Cell],
        known: Handed,
        limits: Limits,
    ) -> None:
        # Visible checks and experiments help students only; here they would cost time.
        checks = {name for name, cell in known.items() if cell.check}
        self.cells = [
            (number, cell.source)
            for number, cell in enumerate(cells, 1)
            if cell.kind == "code" and cell.grade_id not in checks
            and cell.source.strip() not in known.shows
        ]  # fmt: skip
        self.released = {
            number for number, cell in enumerate(cells, 1) if cell.source.strip() in known.code
        }
        self.assignment, self.limits = assignment, limits
        self.notes: list[str] = []
        self.errors: list[tuple[int, int, str]] = []
        self.peak, self.by_clock = 0, False

    def answers(self, cases: Sequence[tuple[Question, Case]]) -> dict[int, Any]:
        """Return the answers by the id of their case."""
        answers: dict[int, Any] = {}
        pending = deque(cases)
        skip: set[tuple[int, int]] = set()
        account = Account()
        while pending:
            if account.sandboxes == SANDBOXES:
                reason = f"the notebook's process has ended {SANDBOXES} times"
                self.notes.append(reason)
                return answers | {id(case): Failure(reason) for _, case in pending}
            box = Sandbox(
                self.cells,
                skip=skip,
                released=self.released,
                package=self.assignment.package,
                absent=self.assignment.absent,
                limits=self.limits,
                account=account,
            )
            try:
                with box:
                    box.run()
                    while pending:
                        answers[id(pending[0][1])] = box.ask(pending[0][1].request.coded())
                        pending.popleft()
            except Ended as end:
                lost = self._lost(end, skip, pending)
                for pair in lost:
                    answers[id(pair[1])] = Failure(end.reason)
                    pending.remove(pair)
            finally:
                self.errors = box.errors or self.errors
                self.peak = max(self.peak, box.peak)
        return answers

    def _lost(
        self,
        end: Ended,
        skip: set[tuple[int, int]],
        pending: deque[tuple[Question, Case]],
    ) -> list[tuple[Question, Case]]:
        """Return the cases that the end of a sandbox costs; note what has ended it."""
        self.by_clock |= end.by_clock
        if end.over:
            self.notes.append(end.reason)
            return list(pending)
        if end.place is not None and end.place not in skip:
            self.notes.append(f"cell {end.place[0]}: {end.reason}")
            skip.add(end.place)
            return []
        question = pending[0][0]
        self.notes.append(f"{question.cell}: {end.reason}")
        return [pair for pair in pending if pair[0] is question]


def _judged(
    question: Question,
    answers: Mapping[int, Any],
    run: _Run,
    cells: Sequence[Cell],
    student: str,
) -> Mark:
    score, faults = 0.0, []
    for case in question.cases:
        try:
            fault = case.judged(answers[id(case)])
        except Exception as error:  # an answer of a kind that the judge did not expect
            fault = f"the answer could not be compared ({type(error).__name__})"
        if fault is None:
            score += case.points
        else:
            faults.append(fault)
    said = _comment(faults, run, cells, student, question.cell) if faults else RIGHT
    return Mark(question.cell, score, question.points, said)


def _comment(
    faults: Sequence[str], run: _Run, cells: Sequence[Cell], student: str, question: str
) -> str:
    """Say what was wrong: three faults at most, and what happened if an answer is missing."""
    if all(EMPTY in fault for fault in faults):
        return f"{EMPTY[0].upper()}{EMPTY[1:]}."
    said = [sentence(fault) for fault in dict.fromkeys(faults)]
    comment = " ".join(said[:3])
    if len(said) > 3:
        comment += f" And {len(said) - 3} more."
    if MISSING in comment:
        comment = f"{_errors(run, cells, question)}{comment}"
    if run.notes:
        comment += f" While your notebook ran, this happened: {'; '.join(run.notes[:3])}."
    claimed = named_student(cells)
    if claimed is not None and claimed.strip() != student and "STUDENT" not in comment:
        comment += (
            " STUDENT is not the id under which you handed in: your numbers follow from that."
        )
    return comment


def _errors(run: _Run, cells: Sequence[Cell], question: str) -> str:
    """Return sentences on why a name is missing: its own cell's errors before all others.

    Cells as they were handed out are not the student's; they fail for want of what is missing.
    """
    lost = any(cell.grade_id == question and cell.kind != "code" for cell in cells)
    own = ["This cell was handed in as text, so that nothing in it has run. "] if lost else []
    others = []
    for number, line, text in run.errors:
        where = f"in line {line} " if line else ""
        if 0 < number <= len(cells) and cells[number - 1].grade_id == question:
            own.append(f"This cell stops {where}with {text}. ")
        elif number not in run.released:
            others.append(f"Cell {number} of your notebook stops {where}with {text}. ")
    return "".join((own + others)[:2])


def sentence(fault: str) -> str:
    """Return a fault as a sentence; a name of code that it begins with stays as it is."""
    if not re.match(r"\w*(_|\w\()", fault):
        fault = f"{fault[0].upper()}{fault[1:]}"
    return fault if fault.endswith((".", "?", "!")) else f"{fault}."


def _by_hand(cells: Sequence[Cell], name: str, given: Given, own: bool) -> Mark:
    """Leave an answer to a person; own: there is text that was not handed out, anywhere.

    Its cell may have lost its name, been copied or left blank, with the answer in another.
    """
    written = {cell.source.strip() for cell in cells if cell.grade_id == name}
    if not own and not written - {"", given.source.strip()}:
        return Mark(name, 0.0, given.points, "There is no answer.")
    return Mark(name, 0.0, given.points, "", by_hand=True)


def scaled(marks: Marks, points: Mapping[str, float]) -> Marks:
    """Return the marks in the gradebook's points, which the teacher may have changed."""
    ours = [
        replace(one, score=one.score * points[one.cell] / one.points, points=points[one.cell])
        for one in marks.marks
    ]
    return replace(marks, marks=tuple(ours))


def fingerprint(assignment: Assignment, data: bytes, secret: str) -> str:
    """Return what changes when a submission must be graded again."""
    parts = (assignment.name.encode(), assignment.version.encode(), secret.encode(), data)
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
