"""Grade a class: its time and memory, and that interruptions and company change no score.

``python benchmarks/grading.py [--students 200]`` makes a class from the known answers, all six
assignments in turn, and grades it with the teacher's command: once whole, once killed in the
middle and started again, once beside two busy processes, once submission by submission. Prints
seconds, megabytes, ratios.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import psutil

from d2lsched.teaching import answers
from d2lsched.teaching.answers import Wrong
from d2lsched.teaching.grade import Grader, table
from d2lsched.teaching.gradebook import Course

ROOT = Path(__file__).parents[1]


def nbgrader(course: Path, *arguments: str) -> None:
    """Run an nbgrader command in the course."""
    binaries = Path(sys.executable).parent
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"  # nbgrader starts alembic by its name
    subprocess.run(
        [binaries / "nbgrader", *arguments], cwd=course, check=True, capture_output=True,
        env={**os.environ, "PATH": path},
    )  # fmt: skip


def made_class(folder: Path, students: int, names: list[str]) -> Path:
    """Make a course with one submission of each student: three answers in four are right."""
    course = folder / "course"
    shutil.copytree(ROOT / "assignments", course)
    chance = random.Random(0)
    for name in names:
        nbgrader(course, "generate_assignment", name)
    for number, name in zip(range(students), cycle(names), strict=False):
        student = f"student-{number:03}"
        source = json.loads((course / "source" / name / f"{name}.ipynb").read_text("utf-8"))
        filled = {}
        for cell, known in answers.load(course, name).items():
            kind = chance.choice([known.right, known.right, known.right, known.wrong])
            answer = chance.choice(list(kind.values()))
            filled[cell] = answer.source if isinstance(answer, Wrong) else answer
        place = course / "submitted" / student / name
        place.mkdir(parents=True)
        notebook = answers.submission(source, student, filled)
        (place / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return course


def forget(course: Path, names: list[str]) -> None:
    """Bring the course back to the state before grading."""
    for folder in ("marks", "autograded"):
        shutil.rmtree(course / folder, ignore_errors=True)
    (course / "gradebook.db").unlink()
    for name in names:
        nbgrader(course, "generate_assignment", name, "--force")


def grade(course: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start the teacher's command."""
    command = [sys.executable, "-m", "d2lsched.teaching.grade", "--course", str(course)]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)


def watched(process: subprocess.Popen[bytes]) -> tuple[float, float, float]:
    """Wait for the command; return seconds and its peak memory, without and with sandboxes."""
    begin, alone, together = time.monotonic(), 0.0, 0.0
    while process.poll() is None:
        try:
            parent = psutil.Process(process.pid)
            own = parent.memory_info().rss
            others = sum(child.memory_info().rss for child in parent.children(recursive=True))
            alone, together = max(alone, own), max(together, own + others)
        except psutil.Error:
            pass
        time.sleep(0.1)
    assert process.returncode == 0
    return time.monotonic() - begin, alone / 1e6, together / 1e6


def main() -> int:
    """Measure, print, and return 1 if any table differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=200)
    students = parser.parse_args().students
    names = sorted(path.name for path in (ROOT / "assignments" / "source").iterdir())
    with tempfile.TemporaryDirectory() as folder:
        course = made_class(Path(folder), students, names)
        seconds, own, all_memory = watched(grade(course, "--csv", f"{folder}/whole.csv"))
        whole = Path(folder, "whole.csv").read_text("utf-8")
        print(f"{students} submissions: {seconds:.0f} s, {seconds / students:.2f} s each; peak "
              f"memory {own:.0f} MB, with its sandboxes {all_memory:.0f} MB")  # fmt: skip

        forget(course, names)
        process = grade(course, "--quiet", "--csv", f"{folder}/never.csv")
        while len(list((course / "marks").rglob("*.json"))) < students // 2:
            time.sleep(0.05)
        process.kill()
        process.wait()
        done = len(list((course / "marks").rglob("*.json")))
        seconds, *_ = watched(grade(course, "--quiet", "--csv", f"{folder}/again.csv"))
        same = Path(folder, "again.csv").read_text("utf-8") == whole
        print(f"killed after {done}, started again: {seconds:.0f} s more; same table: {same}")

        forget(course, names)
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        seconds, *_ = watched(grade(course, "--quiet", "--csv", f"{folder}/busy.csv"))
        for neighbor in busy:
            neighbor.kill()
            neighbor.wait()
        fair = Path(folder, "busy.csv").read_text("utf-8") == whole
        print(f"beside two busy processes: {seconds:.0f} s; same table: {fair}")

        forget(course, names)
        begin = time.monotonic()
        with Course(course) as opened:
            for one in opened.submissions():
                results = Grader(opened, jobs=1).run([one], progress=False)
        seconds = time.monotonic() - begin
        alike = table(results) == whole
        print(f"one by one: {seconds:.0f} s; same table: {alike}")
    return 0 if same and fair and alike else 1


if __name__ == "__main__":
    sys.exit(main())
