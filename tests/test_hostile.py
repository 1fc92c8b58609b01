"""Hostile submissions: each must gain nothing and break nothing.

All of them are graded in one run, among honest ones. Each answers one question right (three
points), and tries to get, or to destroy, more.
"""

import contextlib
import copy
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import ROOT, eventually, made_course, run_nbgrader, undrawn
from nbgrader.api import Gradebook

from d2lsched.teaching import answers, sandbox, walls
from d2lsched.teaching.checks import Failure
from d2lsched.teaching.grade import Grader, main, table
from d2lsched.teaching.gradebook import Course
from d2lsched.teaching.questions import Call
from d2lsched.teaching.walls import Limits

pytestmark = pytest.mark.slow

NAME = "a1_schedules"
LIMITS = Limits(cell_seconds=2, seconds=12, memory=512 * 1024**2, processes=40)
Notebook = dict[str, Any]

# What follows runs in the submission, before its answers. COURSE is the teacher's folder.
STEAL = """
import json
def take(path):
    for cell in json.load(open(path))["cells"]:
        if cell["cell_type"] == "code":
            try:
                exec("".join(cell["source"]), globals())
            except BaseException:
                pass
"""
PAYLOADS = {
    "reads the instructor's notebook": STEAL
    + f"take('COURSE/source/{NAME}/{NAME}.ipynb')\n"
    + f"take('{ROOT}/assignments/source/{NAME}/{NAME}.ipynb')",
    "reads other submissions": STEAL + f"take('COURSE/submitted/honest/{NAME}/{NAME}.ipynb')",
    "reads the questions": "exec(open('COURSE/questions/a1_schedules.py').read())",
    "writes to the gradebook": """
import sqlite3
book = sqlite3.connect("COURSE/gradebook.db")
book.execute("update grade set auto_score = 100, manual_score = 100")
book.commit()
""",
    "finds what it can and overwrites it": """
import os
for top, folders, files in os.walk("/"):
    if top.startswith(("/proc", "/sys")):
        folders.clear()
        continue
    for name in files:
        if name.endswith((".db", ".ipynb", ".csv", ".json", "checks.py", "inside.py")):
            try:
                open(os.path.join(top, name), "w").write("mine")
            except OSError:
                pass
""",
    "patches asserts, comparisons and builtins": """
import builtins, json, math, numpy, numpy.testing, operator, sys
import d2lsched.teaching as teaching
import d2lsched.teaching.checks as checks
for module in (teaching, checks, numpy.testing):
    for name in dir(module):
        if callable(getattr(module, name)):
            setattr(module, name, lambda *a, **k: None)
builtins.abs = lambda x: 0
builtins.isinstance = lambda *a: True
builtins.AssertionError = type("Quiet", (Exception,), {})
math.isnan = lambda x: False
""",
    "an IPython input transformer": """
from IPython import get_ipython
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass"])
get_ipython().input_transformers_post.append(lambda lines: ["pass"])
""",
    "forges messages": """
import json, os
for number in range(3, 64):
    for message in ({"ready": True}, {"id": "0", "value": 1}, {"score": 100, "marks": [9]},
                    {"at": [1, 0]}, {"at": "x"}, {"error": 7}, [1], "x", {"$failure": {}}):
        try:
            os.write(number, json.dumps(message).encode() + b"\\n")
        except OSError:
            pass
""",
    "answers everything with numbers of its own": """
import json, os, threading
def flood():
    for number in range(3, 64):
        try:
            os.write(number, b'not json\\n{"id": 1e999}\\n\\xff\\xfe\\n')
            os.write(number, b"[" * 100_000 + b"\\n")
        except OSError:
            pass
threading.Thread(target=flood).start()
""",
    "an endless loop": "while True: pass",
    "an endless loop that catches interrupts": """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
""",
    "a fork bomb": "import os\nwhile True:\n    os.fork()",
    "50 GB of memory": "import numpy\nhoard = numpy.ones(int(50e9) // 8)",
    "memory piece by piece": "hoard = []\nwhile True:\n    hoard.append(bytearray(10_000_000))",
    "memory in many processes": """
import os, time
for child in range(20):
    if os.fork() == 0:
        hoard = bytearray(100_000_000)
        time.sleep(60)
time.sleep(60)
""",
    "memory behind a veil": """
import ctypes, time
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # nobody is to read how much of it is shared
hoard = bytearray(700_000_000)
time.sleep(5)
""",
    "memory that nobody has mapped": """
import mmap
for _ in range(100):
    try:
        part = mmap.mmap(-1, 100_000_000)
    except OSError:
        break
    for page in range(0, 100_000_000, 4_096):
        part[page] = 1
    part.madvise(mmap.MADV_DONTNEED)
""",
    "the first process's memory": """
import os
if os.getpid() != 1:
    text = [line.split()[0].split("-") for line in open("/proc/1/maps") if " r-xp " in line]
    with open("/proc/1/mem", "r+b", buffering=0) as memory:
        for begin, end in text:
            memory.seek(int(begin, 16))
            memory.write(bytes(int(end, 16) - int(begin, 16)))
""",
    "the teacher's libraries for itself": """
import fcntl, numpy, time
file = open(numpy.__file__)
if fcntl.fcntl(file, 1024, fcntl.F_WRLCK) == 0:
    time.sleep(1_000)
""",
    "10 GB of output": """
import os, sys
for line in range(10_000):
    print("x" * 1_000_000)
""",
    "10 GB into every channel": """
import os
while True:
    for number in range(64):
        try:
            os.write(number, b"x" * 1_000_000)
        except OSError:
            pass
""",
    "10 GB of files": """
for number in range(1_000):
    with open(f"/tmp/{number}", "wb") as file:
        file.write(bytes(10_000_000))
""",
    "a background process that outlives the cell": """
import ctypes, os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, b"outliving")
        time.sleep(987654)
""",
    "network access": """
import socket, urllib.request
socket.create_connection(("127.0.0.1", PORT), timeout=2).send(b"hello")
""",
    "kills its kernel": "import os\nos.kill(os.getpid(), 9)",
    "kills everything": "import os\nos.kill(-1, 9)",
    "leaves": "import os\nos._exit(0)",
    "ends the grader's process": "import os\nos.kill(os.getppid(), 9)",
    "a crash in C": "import ctypes\nctypes.string_at(0)",
    "raises what is no error": "raise KeyboardInterrupt",
    "exits": "import sys\nsys.exit(0)",
    "recursion without end": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "a cell nested too deeply": "x = " + "(" * 5_000 + ")" * 5_000,
}

OVER = {"a fork bomb", "memory in many processes"}
"""What fills the sandbox with processes may lose its author's own answer as well."""

# What follows replaces the answers themselves: worth nothing.
ALL = ("staircase", "halving", "power_decay", "anytime", "my_cosine")
ANSWERS = {
    "always equal": """
class Equal(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __gt__(self, other): return True
    def __le__(self, other): return True
    def __ge__(self, other): return True
    def __sub__(self, other): return 0.0
    def __rsub__(self, other): return 0.0
    def __abs__(self): return 0.0
    def __hash__(self): return 1
    def __array__(self, *a, **k): raise ValueError
""",
    "reads the list of users": """
class Equal:
    def __new__(cls): raise RuntimeError(open("/etc/passwd").read())
""",
    "reads the environment": """
import os
class Equal:
    def __new__(cls): raise RuntimeError(str(os.environ) + open("/proc/1/environ").read())
""",
    "markup": """
class Equal:
    def __new__(cls): raise RuntimeError("<script>alert(1)</script>\\x1b[31m")
""",
    "markup as an answer": "Equal = lambda: '<script>alert(1)</script>&lt;'",
    "not a number, and more": "Equal = lambda: float('nan')",
    "numbers without end": "Equal = lambda: 10 ** 5_000",
    "a list without end": "Equal = lambda: [0.1] * 50_000_000",
    "a list in itself": """
def Equal():
    loop = []
    loop.append(loop)
    return loop
""",
    "a forged failure": "Equal = lambda: {'$failure': None, '$strange': [1], '$call': 2}",
}


def passwd() -> str:
    return Path("/etc/passwd").read_text(encoding="utf-8").splitlines()[0]


def answering(code: str) -> str:
    functions = [f"def {name}(*args, **kwargs): return Equal()" for name in ALL]
    functions.append("def per_epoch(*args, **kwargs): return lambda t: Equal()")
    return "\n".join([code, *functions])


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_course(tmp_path_factory.mktemp("hostile"), [NAME])


def outliving() -> list[int]:
    """Return the processes that a submission has named."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == "outliving":
                found.append(process.pid)
    return found


def left_over() -> list[int]:
    """Return the processes that a submission has named, and our own children.

    Not theirs: the browser of other tests is one, and begins and ends processes as it likes.
    """
    return [process.pid for process in psutil.Process().children()] + outliving()


def put(course: Path, student: str, notebook: Notebook | bytes, name: str = NAME) -> Path:
    folder = course / "submitted" / student / NAME
    folder.mkdir(parents=True)
    data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    (folder / f"{name}.ipynb").write_bytes(data)
    return folder


def attack(course: Path, release: Notebook, student: str, solution: str, port: int) -> None:
    """Hand in one right answer, after the program of that name."""
    notebook = answers.submission(release, student, {"staircase": solution})
    text = PAYLOADS[student].replace("COURSE", str(course)).replace("PORT", str(port))
    notebook["cells"].insert(1, code(text))
    put(course, student, notebook)


def code(source: str, **metadata: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": metadata, "source": source, "outputs": []}
    return {**cell, "execution_count": None, "id": hashlib.md5(source.encode()).hexdigest()[:8]}


def handed_out(folder: Path) -> Notebook:
    return undrawn(json.loads((folder / NAME / f"{NAME}.ipynb").read_text("utf-8")))


def answer_cell(notebook: Notebook, grade_id: str) -> dict[str, Any]:
    return next(
        cell for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )  # fmt: skip


def without_an_answer(notebook: Notebook) -> None:
    notebook["cells"].remove(answer_cell(notebook, "staircase"))


def without_metadata(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def twice(notebook: Notebook) -> None:
    notebook["cells"] *= 2


def split(notebook: Notebook) -> None:
    cell = answer_cell(notebook, "staircase")
    lines = "".join(cell["source"]).splitlines(keepends=True)
    cell["source"] = "import math\n"
    place = notebook["cells"].index(cell)
    notebook["cells"].insert(place + 1, code("".join(lines)))


def copied_wrong(notebook: Notebook) -> None:
    wrong = copy.deepcopy(answer_cell(notebook, "staircase"))
    wrong["source"] = "def staircase(*args, **kwargs): return 0.0"
    notebook["cells"].insert(0, wrong)


def richer(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if tags := cell["metadata"].get("nbgrader"):
            tags.update(points=1_000_000, grade_id="staircase", grade=True, max_score=1e9)


def of_wrong_types(notebook: Notebook) -> None:
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] = {
            "nbgrader": [None, 7, {"grade_id": [1]}, "x"][number % 4],
            "tags": 7,
        }


MOVED: dict[str, tuple[Callable[[Notebook], None], float]] = {
    "deleted cell": (without_an_answer, 17),
    "all metadata deleted": (without_metadata, 20),
    "duplicated cells": (twice, 20),
    "split cell": (split, 20),
    "copied cell with wrong content first": (copied_wrong, 20),
    "altered points and ids": (richer, 20),
    "metadata of wrong types": (of_wrong_types, 20),
}

FILES: dict[str, Callable[[Path, bytes], None]] = {
    "invalid JSON": lambda folder, _: (folder / f"{NAME}.ipynb").write_bytes(b'{"cells": ['),
    "no UTF-8": lambda folder, _: (folder / f"{NAME}.ipynb").write_bytes(b"\xff\xfe\x00"),
    "JSON but no notebook": lambda folder, _: (folder / f"{NAME}.ipynb").write_bytes(b"[1, 2]"),
    "cells that are none": lambda folder, _: (folder / f"{NAME}.ipynb").write_bytes(
        b'{"cells": [null, 7, {"source": {}}]}'
    ),
    "nested JSON": lambda folder, _: (folder / f"{NAME}.ipynb").write_bytes(b"[" * 200_000),
    "a 200 MB notebook": lambda folder, data: (folder / f"{NAME}.ipynb").write_bytes(
        data[:-2] + b" " * 200_000_000 + data[-2:]
    ),
    "nothing": lambda folder, _: None,
    "a link to the solution": lambda folder, _: (folder / f"{NAME}.ipynb").symlink_to(
        folder.parents[2] / "source" / NAME / f"{NAME}.ipynb"
    ),
    "a folder": lambda folder, _: (folder / f"{NAME}.ipynb").mkdir(),
    "a pipe": lambda folder, _: os.mkfifo(folder / f"{NAME}.ipynb"),
    "a timestamp of nonsense": lambda folder, _: (folder / "timestamp.txt").write_bytes(
        b"\xff" * 50
    ),
}

HONEST = [
    "honest",
    "Ada  Lovelace",
    "żółw 学生 🎓",
    "..",
    "-rf",
    "=1+2",
    "a'b;drop table grade",
]


@pytest.fixture(scope="module")
def graded(course: Path) -> dict[str, Any]:
    """Hand in everything, grade it in one run, and keep what was seen."""
    release = handed_out(course / "release")
    source = handed_out(course / "source")
    solution = "".join(answer_cell(source, "staircase")["source"])

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    port = listener.getsockname()[1]

    for student in PAYLOADS:
        attack(course, release, student, solution, port)
    for student, payload in ANSWERS.items():
        notebook = answers.submission(release, student, {})
        notebook["cells"].append(code(answering(payload)))
        put(course, student, notebook)
    filled = answers.submission(source, "x", {})
    for student, (alter, _) in MOVED.items():
        notebook = answers.submission(source, student, {})
        alter(notebook)
        put(course, student, notebook)
    for student, make in FILES.items():
        folder = course / "submitted" / student / NAME
        folder.mkdir(parents=True)
        make(folder, json.dumps(filled).encode())
    for student in HONEST:
        if student != "..":  # no folder can be called that; an id inside a notebook can
            put(course, student, answers.submission(source, student, {}))
    put(course, os.fsdecode(b"no \xff text"), answers.submission(source, "x", {}))
    put(course, "claims another id", answers.submission(source, "../../honest", {}))
    put(
        course,
        "another file name",
        answers.submission(source, "another file name", {}),
        "my try",
    )
    elsewhere = put(course, "a linked folder's target", answers.submission(source, "x", {}))
    (course / "submitted" / "a linked folder").mkdir()
    (course / "submitted" / "a linked folder" / NAME).symlink_to(elsewhere)

    kept = {
        path: path.read_bytes()
        for folder in ("source", "release", "questions", "answers")
        for path in sorted((course / folder).rglob("*"))
        if path.is_file()
    }
    os.environ["D2LSCHED_SECRET"] = "the-teacher's-secret"
    before = left_over()
    with Course(course) as opened:
        results = Grader(opened, jobs=2, limits=LIMITS).run(
            list(opened.submissions()), progress=False
        )
    reached = None
    left = [process for process in left_over() if process not in before]
    with listener, contextlib.suppress(BlockingIOError):
        reached = listener.accept()
    found = {one.student: marks for one, marks in results}
    return {
        "scores": {who: sum(one.score for one in marks.marks) for who, marks in found.items()},
        "comments": {who: [one.comment for one in marks.marks] for who, marks in found.items()},
        "notes": {who: marks.note for who, marks in found.items()},
        "table": table(results), "left": left, "reached": reached, "kept": kept,
    }  # fmt: skip


@pytest.mark.parametrize("student", PAYLOADS)
def test_code_that_attacks_gains_nothing(graded: dict[str, Any], student: str) -> None:
    seen = graded["comments"][student], graded["notes"][student]
    if student in OVER:
        assert graded["scores"][student] <= 3, seen
    else:
        assert graded["scores"][student] == 3, seen


@pytest.mark.parametrize("student", ANSWERS)
def test_answers_that_attack_are_worth_nothing(graded: dict[str, Any], student: str) -> None:
    assert graded["scores"][student] == 0, graded["comments"][student]
    comments = " ".join(graded["comments"][student])
    assert passwd() not in comments
    assert "the-teacher's-secret" not in comments
    assert "<" not in comments
    assert comments.isprintable()


@pytest.mark.parametrize("student", MOVED)
def test_moved_cells_cost_only_what_is_missing(graded: dict[str, Any], student: str) -> None:
    assert graded["scores"][student] == MOVED[student][1], graded["comments"][student]


@pytest.mark.parametrize(
    "student", [name for name in FILES if name != "a timestamp of nonsense"]
)
def test_what_is_no_notebook_gets_zero_and_is_told_why(
    graded: dict[str, Any], student: str
) -> None:
    assert graded["scores"][student] == 0
    assert "could not be graded" in graded["comments"][student][0]


@pytest.mark.parametrize("student", [name for name in HONEST if name != ".."])
def test_honest_neighbors_get_all_points_whatever_their_names(
    graded: dict[str, Any], course: Path, student: str
) -> None:
    assert graded["scores"][student] == 20
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "d2lsched") as book:
        assert book.find_submission(NAME, student).score == 20


def test_names_and_files_are_taken_as_they_are(graded: dict[str, Any]) -> None:
    assert graded["scores"]["another file name"] == 20
    assert graded["scores"]["a timestamp of nonsense"] == 0  # and no notebook
    assert graded["scores"]["a linked folder"] == 0
    comment = " ".join(graded["comments"]["claims another id"])
    assert graded["scores"]["claims another id"] < 20
    assert "STUDENT" in comment


def test_the_course_is_as_it_was(graded: dict[str, Any], course: Path) -> None:
    assert {path: path.read_bytes() for path in graded["kept"]} == graded["kept"]
    assert graded["left"] == []
    assert graded["reached"] is None
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "d2lsched") as book:
        stored = {one.student.id: one.score for one in book.assignment_submissions(NAME)}
    assert stored == graded["scores"]
    assert len(graded["table"].splitlines()) == len(stored) + 1
    assert "\n" + f"{NAME},'=1+2," in graded["table"]


def test_an_ordinary_users_sandbox_isolates_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's tests use a user namespace only here: see `walls.namespaces`."""
    monkeypatch.setattr(sandbox.os, "getuid", lambda: 1000)
    monkeypatch.setenv("D2LSCHED_SECRET", "the-teacher's-secret")
    walls.bwrap.cache_clear()
    cell = """
import os, socket
def names(path): return sorted(os.listdir(path))
def read(path): return open(path, errors="replace").read()
def write(path): return open(path, "w").write("mine")
def connect(): return socket.create_connection(("127.0.0.1", 22), timeout=2)
def identity(): return [os.getuid(), len([p for p in os.listdir("/proc") if p.isdigit()])]
"""
    with sandbox.Sandbox([(1, cell)]) as box:
        box.run()

        def asked(name: str, *arguments: Any) -> Any:
            return box.ask(Call(name, arguments).coded())

        assert asked("identity") == [65534, 1]
        assert set(asked("names", "/usr")) <= {"bin", "lib", "lib32", "lib64", "share", "local"}
        assert "the-teacher's-secret" not in str(asked("read", "/proc/1/environ"))
        for path in ("/etc/passwd", "/etc/hostname", str(ROOT / "README.md"), "/root/.bashrc"):
            assert isinstance(asked("read", path), Failure)
        for path in ("/x", "/usr/x", "/opt/x", "/dev/x", "/proc/sys/kernel/hostname", __file__):
            assert isinstance(asked("write", path), Failure)
        assert isinstance(asked("connect"), Failure)
        assert asked("write", "/tmp/x") == 4
    walls.bwrap.cache_clear()


USER = 65_400
ESSENTIAL = (
    "a fork bomb", "memory in many processes", "memory piece by piece", "memory behind a veil",
    "10 GB of files", "a background process that outlives the cell", "kills everything",
    "ends the grader's process", "kills its kernel", "an endless loop that catches interrupts",
    "forges messages", "finds what it can and overwrites it", "the first process's memory",
    "reads the instructor's notebook", "network access", "the teacher's libraries for itself",
)  # fmt: skip
GRADE = """
import json, psutil, sys
from pathlib import Path
from d2lsched.teaching.grade import Grader
from d2lsched.teaching.gradebook import Course
from d2lsched.teaching.sandbox import Sandbox, descendants, files, memory
from d2lsched.teaching.walls import Limits
assert memory([psutil.Process(1)], shared=False) > 0  # though nobody may look into root's
with Sandbox([(1, "open('/tmp/x', 'w')")]) as box:
    box.run()
    assert files(descendants(box._process.pid)[0].pid) > 0
with Course(Path(sys.argv[1])) as course:
    grader = Grader(course, jobs=2, limits=Limits(**json.loads(sys.argv[2])))
    results = grader.run(list(course.submissions()), progress=False)
print(json.dumps({
    one.student: [sum(mark.score for mark in marks.marks), marks.note] for one, marks in results
}))
"""


def as_a_user(*visible: Path) -> list[str]:
    """What before a command runs it as a user who owns nothing.

    visible: folders that he sees although they lie in folders closed to him, such as /root.
    """
    command = ["bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev"]
    closed = [next((top for top in reversed(path.parents) if not top.stat().st_mode & 1), None)
              for path in visible]  # fmt: skip
    for top in {top for top in closed if top}:
        command += ["--perms", "0755", "--tmpfs", str(top)]
    for top, path in zip(closed, visible, strict=True):
        for folder in reversed(path.parents):
            if top and folder.is_relative_to(top) and folder != top:
                command += ["--perms", "0755", "--dir", str(folder)]
        command += ["--bind", str(path), str(path)]
    return [*command, "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]


@pytest.mark.skipif(os.getuid() != 0, reason="all of these tests run as an ordinary user")
def test_an_ordinary_user_grades_as_safely(course: Path, tmp_path: Path) -> None:
    """With nothing but the rights of a user: user namespaces, and one user inside and out."""
    mine = tmp_path / "course"
    ignored = shutil.ignore_patterns("submitted", "marks", "autograded")
    shutil.copytree(course, mine, ignore=ignored)
    release = handed_out(mine / "release")
    source = handed_out(mine / "source")
    solution = "".join(answer_cell(source, "staircase")["source"])
    for student in ESSENTIAL:
        attack(mine, release, student, solution, port=1)
    put(mine, "honest", answers.submission(source, "honest", {}))
    closed = put(mine, "closed", answers.submission(source, "closed", {})).parent
    for path in (mine, *mine.rglob("*")):
        os.chown(path, USER, USER, follow_symlinks=False)
    closed.chmod(0)
    before = left_over()
    python = Path(sys.base_prefix)
    run = subprocess.run(
        [*as_a_user(ROOT, Path(sys.prefix), python, mine), sys.executable, "-c", GRADE,
         str(mine), json.dumps(asdict(LIMITS))],
        env={**os.environ, "HOME": str(mine)}, cwd=mine, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "submitted/closed', which cannot be read: Permission denied" in run.stderr
    found = json.loads(run.stdout)
    assert found.pop("honest") == [20, ""]
    scores = {student: score for student, (score, _) in found.items()}
    for student in (
        "memory behind a veil",
        "memory piece by piece",
        "memory in many processes",
    ):
        assert "it used more than 512 MB of memory" in found[student][1]
    assert scores.keys() == set(ESSENTIAL)
    assert [who for who, score in scores.items() if score != 3 and who not in OVER] == []
    assert max(scores.values()) == 3
    assert [process for process in left_over() if process not in before] == []


@pytest.mark.parametrize("root", [True, False])
def test_nothing_outlives_a_grader_that_is_killed(root: bool) -> None:
    """What a submission does about it: no signals, no parent, a session of its own."""
    cell = """
import ctypes, os, signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
ctypes.CDLL(None).prctl(15, b"outliving")
if os.fork() == 0:
    os.setsid()
    os.fork()
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    time.sleep(1_000)
time.sleep(1_000)
"""
    grader = f"""
from d2lsched.teaching import sandbox, walls
if not {root}:
    walls.os.getuid = lambda: 1000
with sandbox.Sandbox([(1, {cell!r})]) as box:
    box.run()
"""
    if root and os.getuid():
        pytest.skip("only root can grade as root")
    before = left_over()
    process = subprocess.Popen([sys.executable, "-c", grader])
    try:
        deadline = time.monotonic() + 60
        while len([one for one in outliving() if one not in before]) < 3:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    eventually(lambda: [one for one in outliving() if one not in before], [], 20)


def test_without_bubblewrap_it_refuses(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    walls.bwrap.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    try:
        assert main(["--course", str(course), "--again", "--quiet"]) == 1
    finally:
        walls.bwrap.cache_clear()
    assert "apt-get install bubblewrap" in capsys.readouterr().err


def test_a_sandbox_that_is_slow_to_start_costs_nobody_points(
    graded: dict[str, Any], course: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def kept() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in (course / "marks").rglob("*.json")}

    before = kept()
    assert before
    monkeypatch.setattr(sandbox, "START_SECONDS", 0.0)
    again = ["--course", str(course), "--student", "honest", "--again", "--quiet"]
    assert main([*again, "--csv", str(tmp_path / "marks.csv")]) == 1
    why = "Not graded: The sandbox did not start: it was stopped after 0 seconds of waiting"
    assert why in capsys.readouterr().err
    assert kept() == before


def test_nbgraders_own_autograding_is_refused(course: Path) -> None:
    with pytest.raises(AssertionError, match=r"d2lsched\.teaching\.grade"):
        run_nbgrader(course, "autograde", NAME, "--student", "honest", "--force")
