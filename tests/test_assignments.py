"""The course: every known answer through the real nbgrader, graded in the sandbox."""

import ast
import html
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from symtable import symtable
from types import SimpleNamespace
from typing import Any

import nbformat
import psutil
import pytest
from conftest import ROOT, made_course, run_nbgrader, undrawn
from nbclient import NotebookClient
from nbgrader.api import Gradebook

from d2lsched.teaching import answers, questions
from d2lsched.teaching.answers import Known, Wrong
from d2lsched.teaching.grade import Grader
from d2lsched.teaching.gradebook import Course
from d2lsched.teaching.marking import EMPTY, RIGHT
from d2lsched.teaching.sandbox import descendants

COURSE = ROOT / "assignments"
NAMES = sorted(path.name for path in (COURSE / "source").iterdir())
COSTLY = ("a4_plateau", "a6_comparison")
"""Whose references train or search."""
EACH = [pytest.param(name, marks=pytest.mark.slow if name in COSTLY else ()) for name in NAMES]
Notebook = dict[str, Any]


@cache
def source(name: str) -> Notebook:
    notebook: Notebook = json.loads(
        (COURSE / "source" / name / f"{name}.ipynb").read_text("utf-8")
    )
    return notebook


def cells(notebook: Notebook, **wanted: Any) -> dict[str, dict[str, Any]]:
    """Return the cells whose nbgrader metadata are as wanted, by grade_id."""
    tagged = [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: cell
        for cell in tagged
        if all(cell["metadata"]["nbgrader"].get(key) == value for key, value in wanted.items())
    }


def answer_cells(name: str) -> dict[str, dict[str, Any]]:
    return cells(source(name), grade=True, solution=True)


def coded(name: str) -> dict[str, str]:
    """Return the sources of the cells that code is the answer of."""
    return {
        key: "".join(cell["source"])
        for key, cell in answer_cells(name).items()
        if cell["cell_type"] == "code"
    }


# ---- The course as it stands ---------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_coded_answer_has_its_question_and_its_points(name: str) -> None:
    for student in ("ada", "grace"):
        asked = {q.cell: q.points for q in questions.load(COURSE, name).asked_of(student)}
        points = {
            key: cell["metadata"]["nbgrader"]["points"]
            for key, cell in answer_cells(name).items()
            if cell["cell_type"] == "code"
        }
        assert asked == points


@pytest.mark.parametrize("name", NAMES)
def test_visible_checks_carry_no_points(name: str) -> None:
    checks = [
        cell for cell in source(name)["cells"] if "check" in cell["metadata"].get("tags", [])
    ]
    assert checks
    for cell in checks:
        tags = cell["metadata"]["nbgrader"]
        assert (tags["points"], tags["locked"], tags["solution"]) == (0, True, False)


@pytest.mark.parametrize("name", NAMES)
def test_every_question_has_five_wrong_and_two_right_answers(name: str) -> None:
    known = answers.load(COURSE, name)
    assert known.keys() == coded(name).keys()
    for one in known.values():
        assert len(one.wrong) >= 5
        assert len(one.right) >= 2
        assert len(set(one.right.values())) == len(one.right)


@pytest.mark.parametrize("name", EACH)
def test_questions_differ_by_student_and_by_secret_and_repeat_themselves(name: str) -> None:
    assignment = questions.load(COURSE, name)

    def asked(student: str, secret: str = "") -> str:
        return str([[case.request.coded() for case in q.cases]
                    for q in assignment.asked_of(student, secret)])  # fmt: skip

    assert asked("ada") == asked("ada")
    assert asked("ada") != asked("grace")
    assert asked("ada") != asked("ada", "a secret")


@pytest.mark.parametrize("name", NAMES)
def test_notes_for_the_teacher_name_every_answer_the_time_and_the_points(name: str) -> None:
    notes = (COURSE / "notes" / f"{name}.md").read_text("utf-8")
    assert re.search(r"\b(minutes|hours?)\b", notes)
    assert "mistake" in notes.lower()
    total = sum(c["metadata"]["nbgrader"]["points"] for c in answer_cells(name).values())
    assert re.search(rf"\b{total:g}\b", notes)
    unnamed = [
        cell for cell, text in coded(name).items()
        if not any(word in notes for word in [cell, *defined(text)])
    ]  # fmt: skip
    assert not unnamed


def test_the_traces_of_the_bug_hunt_are_what_its_questions_make() -> None:
    name = "a5_bug_hunt"
    module = SimpleNamespace(**runpy.run_path(str(questions.path(COURSE, name))))
    assert module.DATA.read_text("utf-8") == module.text()
    assert module.key() in (COURSE / "source" / name / f"{name}.ipynb").read_text("utf-8")
    for label in module.NAMES:  # no file that students get tells which is which
        assert label not in module.DATA.read_text("utf-8")


# ---- The whole cycle -------------------------------------------------------------


@dataclass
class Submission:
    """Known answers that fit into one notebook. altered: (cell, variant) pairs."""

    student: str
    altered: dict[str, tuple[str, str | Wrong]] = field(default_factory=dict)

    def wrong(self) -> set[str]:
        return {cell for cell, (_, known) in self.altered.items() if isinstance(known, Wrong)}

    def sources(self) -> dict[str, str]:
        return {
            cell: known.source if isinstance(known, Wrong) else known
            for cell, (_, known) in self.altered.items()
        }


@cache
def defined(text: str) -> set[str]:
    """Return the names that a cell defines."""
    names: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


@cache
def used(text: str) -> set[str]:
    """Return the names that a cell takes from others, or from itself; no function's own."""
    names, scopes = set[str](), [symtable(text, "cell", "exec")]
    for scope in scopes:
        scopes += scope.get_children()
        names |= {
            symbol.get_name() for symbol in scope.get_symbols()
            if symbol.is_referenced() and (symbol.is_global() or scope is scopes[0])
        }  # fmt: skip
    return names


@cache
def called(name: str) -> dict[str, set[str]]:
    """Return the functions that the questions call, by the cell whose answer they judge."""
    return {
        one.cell: set(
            re.findall(r"'name': '(\w+)'", str([c.request.coded() for c in one.cases]))
        )
        for one in questions.load(COURSE, name).asked_of("ada")
    }


@cache
def reached(name: str, cell: str, text: str) -> set[str]:
    """Return the answer cells on which a cell's code depends, through whatever lies between."""
    code = [
        "".join(cell["source"]) for cell in source(name)["cells"]
        if cell["cell_type"] == "code"
        and not {"check", "show"} & set(cell["metadata"].get("tags", []))  # these do not run
    ]  # fmt: skip
    gives = {part: defined(part) for part in code}
    names, found = used(text) | called(name)[cell], set[str]()
    while more := {part for part in code if gives[part] & names} - found:
        found |= more
        names = names.union(*map(used, more))
    return {
        cell for cell, solution in coded(name).items() if solution in found and solution != text
    }


def packed(name: str, known: dict[str, Known]) -> list[Submission]:
    """Put all known answers into few notebooks: never one that depends on a wrong one."""
    found: list[Submission] = []
    for cell, one in known.items():
        for label, answer in [*one.right.items(), *one.wrong.items()]:
            text = answer.source if isinstance(answer, Wrong) else answer
            for submission in found:
                others = submission.sources()
                if (
                    cell not in others
                    and not reached(name, cell, text) & submission.wrong()
                    and not (
                        isinstance(answer, Wrong)
                        and any(cell in reached(name, *other) for other in others.items())
                    )
                ):
                    break
            else:
                submission = Submission(f"student {len(found)}")
                found.append(submission)
            submission.altered[cell] = label, answer
    return found


def filled(name: str, one: Submission) -> Notebook:
    return undrawn(answers.submission(source(name), one.student, one.sources()))


def hand_in(course: Path, student: str, name: str, notebook: Notebook) -> None:
    place = course / "submitted" / student / name
    place.mkdir(parents=True)
    (place / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


KINDS = """
import decimal, fractions, math, types
import numpy
from d2lsched.teaching.checks import plain
depth = 0
def single(value):
    if callable(value):
        return in_kind(single, single, value)
    if isinstance(value, (list, tuple)):
        return [single(item) for item in value]
    if isinstance(value, dict):
        return {key: single(item) for key, item in value.items()}
    return numpy.float32(value) if isinstance(value, float) else value
def exotic(value):
    if callable(value):
        return in_kind(ordinary, exotic, value)
    if isinstance(value, (list, tuple, numpy.ndarray)) and numpy.ndim(value):
        return tuple(exotic(item) for item in value)
    if isinstance(value, dict):
        return types.MappingProxyType({key: exotic(item) for key, item in value.items()})
    if isinstance(value, (bool, str, type(None))):
        return value if value is None else numpy.array(value)[()]
    if isinstance(value, int):
        return numpy.int16(value) if abs(value) < 2**15 else decimal.Decimal(value)
    return fractions.Fraction(float(value)) if math.isfinite(value) else numpy.longdouble(value)
def ordinary(value):
    if isinstance(value, (list, tuple)):
        return [ordinary(item) for item in value]
    return value if callable(value) else plain(value)
def in_kind(before, after, function):
    def answer(*args, **kwargs):
        global depth
        kwargs = {key: before(item) for key, item in kwargs.items()}
        depth += 1
        try:
            got = function(*map(before, args), **kwargs)
        finally:
            depth -= 1
        return got if depth else after(got)  # answers use one another
    return answer
for name in NAMES:
    if callable(globals().get(name)):
        globals()[name] = in_kind(BEFORE, AFTER, globals()[name])
"""
"""A cell that makes every answer compute, or answer, in other kinds of numbers."""

OTHER = {"float32": ("single", "single"), "exotic": ("ordinary", "exotic")}


@dataclass
class Graded:
    """What a course's gradebook says: scores and comments by student and cell."""

    folder: Path
    submissions: list[Submission]
    scores: dict[str, dict[str, float | None]]
    comments: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course with the releases of all assignments, to be copied."""
    return made_course(tmp_path_factory.mktemp("course"), NAMES)


@pytest.fixture(scope="module")
def graded(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a function that grades all known answers of an assignment, once."""

    @cache
    def grade(name: str) -> Graded:
        folder = shutil.copytree(course, tmp_path_factory.mktemp(name) / "course")
        release = json.loads((folder / "release" / name / f"{name}.ipynb").read_text("utf-8"))
        submissions = packed(name, answers.load(COURSE, name))

        hand_in(folder, "untouched", name, release)
        solution = answers.submission(source(name), "solution", {})
        hand_in(folder, "solution", name, solution)
        for one in submissions:
            hand_in(folder, one.student, name, filled(name, one))
        names = sorted(set().union(*map(defined, coded(name).values())))
        for kind, (before, after) in OTHER.items():
            notebook = answers.submission(source(name), kind, {})
            cell = KINDS.replace("NAMES", str(names))
            cell = cell.replace("BEFORE", before).replace("AFTER", after)
            extra = {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell}
            notebook["cells"].append(extra)
            hand_in(folder, kind, name, notebook)
        with Course(folder) as opened:
            Grader(opened, jobs=2).run(list(opened.submissions()), progress=False)
        scores: dict[str, dict[str, float | None]] = {}
        comments: dict[str, dict[str, str]] = {}
        with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "d2lsched") as book:
            for submitted in book.assignment_submissions(name):
                notebook = submitted.notebooks[0]
                student = submitted.student.id
                assert all(
                    grade.needs_manual_grade
                    for grade in notebook.grades if grade.auto_score is None
                )  # fmt: skip
                scores[student] = {grade.name: grade.auto_score for grade in notebook.grades}
                comments[student] = {
                    note.name: note.comment or "" for note in notebook.comments
                }
        return Graded(folder, submissions, scores, comments)

    return grade


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_untouched_release_scores_0_and_the_solution_everything(
    graded: Any, name: str
) -> None:
    result: Graded = graded(name)
    assert not any(result.scores["untouched"].values())
    for cell in coded(name):
        assert EMPTY in result.comments["untouched"][cell].lower()
        assert result.comments["solution"][cell] == RIGHT
    for cell, tags in answer_cells(name).items():
        points = tags["metadata"]["nbgrader"]["points"]
        by_hand = tags["cell_type"] == "markdown"
        assert result.scores["solution"][cell] == (None if by_hand else points)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_known_answer_gets_what_it_deserves_and_is_told_why(
    graded: Any, name: str
) -> None:
    result: Graded = graded(name)
    points = {q.cell: q.points for q in questions.load(COURSE, name).asked_of("x")}
    wrong = []
    for one in result.submissions:
        scores, comments = result.scores[one.student], result.comments[one.student]
        for cell, (label, known) in one.altered.items():
            score, comment = scores[cell], comments[cell]
            if not isinstance(known, Wrong):
                if (score, comment) != (points[cell], RIGHT):
                    wrong.append(f"{cell}, right answer “{label}”: {score} points. {comment}")
            elif (
                score != pytest.approx(known.score) or known.says.lower() not in comment.lower()
            ):
                wrong.append(
                    f"{cell}, wrong answer “{label}”: {score} points for {known.score}; "
                    f"“{known.says}” is to be in: {comment}"
                )
        for cell, text in coded(name).items():
            free = cell not in one.altered and not reached(name, cell, text) & one.wrong()
            if free and scores[cell] != points[cell]:
                wrong.append(
                    f"{cell}, the solution beside others: {scores[cell]}. {comments[cell]}"
                )
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("kind", OTHER)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_answer_is_right_in_other_kinds_of_numbers(
    graded: Any, name: str, kind: str
) -> None:
    result: Graded = graded(name)
    assert {result.comments[kind][cell] for cell in coded(name)} == {RIGHT}, [
        (cell, result.scores[kind][cell], result.comments[kind][cell]) for cell in coded(name)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_message_prints_the_solution(graded: Any, name: str) -> None:
    result: Graded = graded(name)
    for cell, text in coded(name).items():
        solution = text.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[0]
        lines = [line.strip() for line in solution.splitlines() if len(line.strip()) > 15]
        assert lines
        for comments in result.comments.values():
            assert not [line for line in lines if line in comments[cell]]
            assert "Traceback" not in comments[cell]


@pytest.mark.slow
def test_the_release_has_no_solution_and_no_hidden_file(graded: Any) -> None:
    for name in NAMES:
        release = graded(name).folder / "release" / name
        text = (release / f"{name}.ipynb").read_text("utf-8")
        assert "SOLUTION" not in text
        for path in release.rglob("*"):
            assert "questions" not in path.name
            assert path.suffix in {".ipynb", ".json"}


@pytest.mark.slow
def test_feedback_shows_score_and_comment_and_nothing_hidden(graded: Any) -> None:
    name = "a1_schedules"
    result: Graded = graded(name)
    student = result.submissions[-1].student
    run_nbgrader(result.folder, "generate_feedback", name, "--student", student)
    page = (result.folder / "feedback" / student / name / f"{name}.html").read_text("utf-8")
    total = sum(score or 0 for score in result.scores[student].values())
    assert f"Score: {total:g}" in page or f"(Score: {total}" in page
    said = [comment for comment in result.comments[student].values() if comment]
    assert sum(comment[:40] in page for comment in said) >= 1
    hidden = (COURSE / "questions" / f"{name}.py").read_text("utf-8")
    lines = [line.strip() for line in hidden.splitlines() if len(line.strip()) > 30]
    assert not [line for line in lines if html.escape(line, quote=False) in page]
    run_nbgrader(result.folder, "export")
    assert student in (result.folder / "grades.csv").read_text("utf-8")


@pytest.mark.slow
def test_a_grading_killed_and_continued_beside_busy_processes_ends_with_the_same_table(
    course: Path, tmp_path: Path
) -> None:
    name = "a2_warmup"
    folder = shutil.copytree(course, tmp_path / "course")
    (temporary := tmp_path / "temporary").mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    for one in packed(name, answers.load(COURSE, name))[:6]:
        hand_in(folder, one.student, name, filled(name, one))
    command = [sys.executable, "-m", "d2lsched.teaching.grade", "--course", str(folder)]

    def grade(*options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*command, *options],
            stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    whole = tmp_path / "whole.csv"
    first = grade("--csv", str(whole))
    said = first.communicate()[1]
    assert first.returncode == 0, said

    shutil.copy(course / "gradebook.db", folder)
    for path in (folder / "marks").rglob("*.json"):
        path.unlink()
    killed = grade("--quiet", "--csv", str(tmp_path / "never.csv"))
    end = time.monotonic() + 60
    while len(done := list((folder / "marks").rglob("*.json"))) < 3:
        assert killed.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    sandboxes = descendants(killed.pid)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert psutil.wait_procs(sandboxes, timeout=20)[1] == []
    assert list(temporary.iterdir()) == []
    kept = {path: path.stat().st_mtime_ns for path in done}
    assert not (tmp_path / "never.csv").exists()

    again = tmp_path / "again.csv"
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        second = grade("--quiet", "--csv", str(again))
        said = second.communicate()[1]
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert second.returncode == 0, said
    assert again.read_text("utf-8") == whole.read_text("utf-8")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # nothing was done twice


@pytest.mark.slow
def test_points_that_a_teacher_changes_are_those_that_count(
    graded: Any, tmp_path: Path
) -> None:
    name = "a1_schedules"
    folder = shutil.copytree(COURSE, tmp_path / "course")
    notebook = json.loads((folder / "source" / name / f"{name}.ipynb").read_text("utf-8"))
    cell = cells(notebook, grade_id="staircase")["staircase"]
    cell["metadata"]["nbgrader"]["points"] = 30
    (folder / "source" / name / f"{name}.ipynb").write_text(json.dumps(notebook), "utf-8")
    run_nbgrader(folder, "generate_assignment", name)
    hand_in(folder, "ada", name, answers.submission(source(name), "ada", {}))
    with Course(folder) as opened:
        Grader(opened).run(list(opened.submissions()), progress=False)
        assert opened.book.find_submission(name, "ada").score == 47
        grade = opened.book.find_grade("staircase", name, name, "ada")
        assert (grade.auto_score, grade.needs_manual_grade) == (30, False)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_solution_runs_and_every_visible_check_passes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    for file in (COURSE / "source" / name).glob("*.json"):
        shutil.copy(file, tmp_path)
    notebook = nbformat.reads(json.dumps(answers.submission(source(name), "ada", {})), 4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, resources=resources).execute()
