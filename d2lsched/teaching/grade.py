"""Grade a class: ``python -m d2lsched.teaching.grade``, in the folder of an nbgrader course.

Every submission of ``submitted/`` runs in a sandbox of its own; scores and comments go into
nbgrader's gradebook, notebooks into ``autograded/``, and one CSV has a line for each
submission. Whatever stops a run costs the submissions then under way: the same command goes
on where it stopped, and grades anew only what has changed since.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tqdm import tqdm

from ..extras import needs
from . import notebooks, questions
from .gradebook import Course, Misconfigured, Submission, moment, replace_text, stamp
from .marking import Marks, fingerprint, mark, nothing, scaled
from .sandbox import harmless
from .walls import Limits, Unavailable, bwrap

with needs("teaching"):
    from filelock import FileLock, Timeout
    from sqlalchemy.exc import DatabaseError, SQLAlchemyError

COLUMNS = ("assignment", "student", "score", "points", "by_hand", "questions", "note")


Results = list[tuple[Submission, Marks]]


@dataclass(frozen=True)
class Job:
    """A submission with all that its marking needs; made before any of it runs."""

    submission: Submission
    assignment: questions.Assignment
    known: notebooks.Handed
    points: dict[str, float]
    cells: list[notebooks.Cell]
    unreadable: str
    note: str
    key: str


class Grader:
    """Grades a course's submissions; what is done is kept in ``marks/``, a file for each.

    jobs: how many sandboxes at a time. again: grade everything anew. limits: for every
    submission, instead of its assignment's own.
    """

    def __init__(
        self, course: Course, jobs: int = 0, again: bool = False, limits: Limits | None = None
    ) -> None:
        self.course, self.again, self.limits = course, again, limits
        self.jobs = jobs or os.cpu_count() or 1
        self.store = course.folder / "marks"
        self._assignment = cache(self._read)  # each once

    def run(self, chosen: Sequence[Submission], progress: bool = True) -> Results:
        """Grade the chosen submissions; return all that are graded now, with their marks.

        The marks are in the gradebook's points.
        """
        self.store.mkdir(exist_ok=True)
        try:
            with FileLock(self.store / ".lock", timeout=0):
                return self._run(chosen, progress)
        except Timeout:
            raise Misconfigured(
                f"{self.course.folder} is being graded by another process"
            ) from None

    def _run(self, chosen: Sequence[Submission], progress: bool) -> Results:
        bwrap()
        results: dict[Submission, Marks] = {}
        bar = tqdm(total=len(chosen), unit="submission", disable=not progress, file=sys.stderr)
        waiting: dict[Future[Marks], Job] = {}
        self._slow: list[Job] = []
        with bar, ThreadPoolExecutor(self.jobs) as pool:
            try:
                for job in map(self.job, chosen):
                    if not self.again and (done := self._done(job)) is not None:
                        results[job.submission] = done
                        bar.update()
                        continue
                    waiting[pool.submit(self._mark, job)] = job
                    # A few in reserve: notebooks of a whole class need not be in memory.
                    self._collect(waiting, results, bar, 2 * self.jobs)
                self._collect(waiting, results, bar, 0)
                for job in self._slow:  # what the clock has stopped runs again, alone
                    results[job.submission] = self._record(job, self._mark(job))
                    bar.update()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        for one in self.course.submissions():  # whatever was graded before stays in the table
            known = one in results or not self._file(one).is_file()
            if not known and (done := self._done(self.job(one))) is not None:
                results[one] = done
        return [(one, results[one]) for one in self.course.submissions() if one in results]

    def _collect(
        self, waiting: dict[Future[Marks], Job], results: dict[Submission, Marks],
        bar: tqdm, reserve: int,
    ) -> None:  # fmt: skip
        while len(waiting) > reserve:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                job = waiting.pop(future)
                if (marks := future.result()).by_clock:
                    self._slow.append(job)
                    continue
                results[job.submission] = self._record(job, marks)
                bar.update()

    def job(self, one: Submission) -> Job:
        """Read a submission."""
        assignment, known, points = self._assignment(one.assignment)
        cells: list[notebooks.Cell] = []
        data, why = b"", ""
        try:
            data = notebooks.raw(one.folder, one.assignment)
            cells = notebooks.parsed(data)
        except notebooks.Unreadable as error:
            why = harmless(error)  # names of files are in it
        except Exception as error:  # one submission must not stop the class
            why = f"it cannot be read ({described(error)})"
        note, when = "", stamp(one)
        try:
            if when:
                moment(when, self.course.zone)
        except ValueError as error:
            note = f"timestamp.txt: {harmless(error)}"
        key = fingerprint(
            assignment, (data or why.encode()) + when.encode(), self.course.secret
        )
        return Job(one, assignment, known, points, cells, why, note, key)

    def _read(
        self, name: str
    ) -> tuple[questions.Assignment, notebooks.Handed, dict[str, float]]:
        assignment = questions.load(self.course.folder, name)
        known, points = self.course.source(name), self.course.points(name)
        asked = {one.cell for one in assignment.asked_of("anyone", self.course.secret)}
        if missing := asked - points.keys():
            raise Misconfigured(
                f"{name}: the questions ask for cells that the gradebook has not: "
                f"{', '.join(sorted(missing))}"
            )
        return assignment, known, points

    def _mark(self, job: Job) -> Marks:
        student, secret = job.submission.student, self.course.secret
        try:
            marks = (
                nothing(job.known, job.unreadable)
                if job.unreadable
                else mark(
                    job.assignment,
                    student,
                    job.cells,
                    job.known,
                    secret=secret,
                    limits=self.limits,
                )
            )
        except Unavailable:
            raise
        except Exception as error:  # one submission must not stop the class
            marks = nothing(job.known, f"grading it failed ({described(error)})")
        return replace(marks, note="; ".join(filter(None, (job.note, marks.note))))

    def _file(self, one: Submission) -> Path:
        # A student's id may hold anything that a folder's name can.
        name = hashlib.sha256(one.student.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        return self.store / one.assignment / f"{name}.json"

    def _done(self, job: Job) -> Marks | None:
        """Return the kept marks of what is done, and see to it that nbgrader has them, too."""
        path = self._file(job.submission)
        if not path.is_file():
            return None
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["key"] != job.key:
                return None
            marks = Marks.from_json(stored["marks"])
        except (ValueError, KeyError, TypeError):
            print(
                f"{path} is damaged: {job.submission.student} is graded anew", file=sys.stderr
            )
            return None
        # A new gradebook, a folder removed, other points: then nbgrader is told again.
        if stored["points"] != job.points or not self.course.has(job.submission):
            return self._record(job, marks)
        return scaled(marks, job.points)

    def _record(self, job: Job, marks: Marks) -> Marks:
        """Tell nbgrader, then remember that this is done; return the scaled marks."""
        theirs = scaled(marks, job.points)
        try:
            self.course.record(job.submission, theirs, job.cells, job.known)
        except SQLAlchemyError:
            raise  # the gradebook's fault, not the submission's
        except (ValueError, TypeError, RecursionError, LookupError) as error:
            why = f"its notebook cannot be written ({described(error)})"
            marks = nothing(job.known, why)
            theirs = scaled(marks, job.points)
            self.course.record(job.submission, theirs, [], job.known)
        path = self._file(job.submission)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"key": job.key, "points": job.points, "marks": marks.to_json()}
        replace_text(path, json.dumps(kept))
        return theirs


def described(error: Exception) -> str:
    """Return an error as a clause; a submission may have a hand in its text."""
    return harmless(f"{type(error).__name__}: {error}"[:200])


def table(results: Results) -> str:
    """Return the CSV: a line for each submission, the same however often it was interrupted."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for submission, marks in results:
        scores = [
            f"{one.cell} {'?' if one.by_hand else f'{one.score:g}'}/{one.points:g}"
            for one in marks.marks
        ]
        row = [
            submission.assignment,
            submission.student,
            f"{sum(one.score for one in marks.marks):g}",
            f"{sum(one.points for one in marks.marks):g}",
            f"{sum(one.points for one in marks.marks if one.by_hand):g}",
            "; ".join(scores),
            marks.note,
        ]
        writer.writerow(map(spreadsheet, row))
    return file.getvalue()


def spreadsheet(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula, whichever separator it reads."""
    return re.sub(r"(^|[;,\t\r\n])([\s\"']*)(?=[=+\-@\t\r])", r"\1\2'", text)


def chosen(
    course: Course, assignments: Sequence[str], students: Sequence[str]
) -> list[Submission]:
    """Return the submissions that the command line asks for; nothing named is everything."""
    found = list(course.submissions())
    if not found:
        raise Misconfigured(
            f"{course.folder / 'submitted'} holds no submission; each is a folder "
            "submitted/STUDENT/ASSIGNMENT with a notebook"
        )
    if not assignments:  # a folder that is no assignment's must not stop the others
        ours = {
            one.assignment
            for one in found
            if questions.path(course.folder, one.assignment).is_file()
        }
        for other in sorted({one.assignment for one in found} - ours):
            print(f"Left out: {other}, for which there are no questions", file=sys.stderr)
        found = [one for one in found if one.assignment in ours]
    for kind, wanted in (("assignment", set(assignments)), ("student", set(students))):
        if missing := wanted - {getattr(one, kind) for one in found}:
            raise Misconfigured(f"nobody handed in: {', '.join(sorted(missing))}")
        found = [one for one in found if not wanted or getattr(one, kind) in wanted]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade what the command line names."""
    parser = argparse.ArgumentParser("python -m d2lsched.teaching.grade", description=__doc__)
    parser.add_argument("assignments", nargs="*", help="which ones (all that were handed in)")
    parser.add_argument("--course", type=Path, default=Path(), help="the course's folder (.)")
    parser.add_argument(
        "--student", action="append", default=[], help="only this one; repeatable"
    )
    parser.add_argument("--jobs", type=int, default=0, help="sandboxes at a time (one a core)")
    parser.add_argument("--csv", type=Path, help="where the table goes (COURSE/marks.csv)")
    parser.add_argument(
        "--again", action="store_true", help="grade anew what is graded already"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    options = parser.parse_args(arguments)
    try:
        with Course(options.course) as course:
            submissions = chosen(course, options.assignments, options.student)
            results = Grader(course, options.jobs, options.again).run(
                submissions, not options.quiet
            )
            path = options.csv or course.folder / "marks.csv"
            replace_text(path, table(results))
    except (Misconfigured, Unavailable, FileNotFoundError) as error:
        print(f"Not graded: {error}", file=sys.stderr)
        return 1
    except DatabaseError as error:
        print(f"Not graded: the gradebook {options.course / 'gradebook.db'} cannot be used: "
              f"{error.orig}", file=sys.stderr)  # fmt: skip
        return 1
    except OSError as error:
        print(f"Not graded: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. The same command goes on from here.", file=sys.stderr)
        return 130
    waiting = sum(one.by_hand for _, marks in results for one in marks.marks)
    print(f"{len(results)} graded, of which {waiting} answers wait for a person: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
