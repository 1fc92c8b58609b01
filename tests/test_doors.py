"""What a submission may ask of the kernel, the teacher's browser, and its judges."""

import base64
import ctypes
import json
import os
import platform
import re
import resource
import sqlite3
import sys
import sysconfig
from collections import OrderedDict
from contextlib import closing
from decimal import Decimal
from fractions import Fraction
from functools import cache
from html import unescape
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, made_course, run_nbgrader, undrawn
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from traitlets.config.loader import PyFileConfigLoader

from d2lsched.teaching import (
    answers,
    grade,
    marking,
    notebooks,
    pages,
    questions,
    sandbox,
    walls,
)  # fmt: skip
from d2lsched.teaching.checks import Failure, Strange, plain, value_fault
from d2lsched.teaching.grade import main, spreadsheet
from d2lsched.teaching.gradebook import moment
from d2lsched.teaching.inside import statements
from d2lsched.teaching.marking import mark
from d2lsched.teaching.questions import Call, Case, Question

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and more").decode()

KERNEL = """
import ctypes, mmap, os, resource, threading
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    got = libc.syscall(*arguments)
    return [got, ctypes.get_errno()]
def works():
    done = []
    thread = threading.Thread(target=lambda: done.append(1))
    thread.start()
    thread.join()
    child = os.fork()
    if child == 0:
        os._exit(0)
    return len(done) == 1 and os.waitpid(child, 0)[1] == 0
def write(path): open(path, "w")
def others():
    found = []
    for process in os.listdir("/proc"):
        if process.isdigit() and int(process) != os.getpid():
            try:
                found.append(os.open(f"/proc/{process}/mem", os.O_RDWR))
            except OSError:
                pass
    return found
def zero(): return len(mmap.mmap(os.open("/dev/zero", os.O_RDWR), 4096))
def crashes(): return resource.getrlimit(resource.RLIMIT_CORE)
def nested(deep):
    value = []
    for _ in range(deep):
        value = [value]
    return value
def small(): return [{} for _ in range(600_000)]
"""
SHUT = (
    ("keyctl", 0, -3, 0), ("add_key", 0, 0, 0, 0, 0), ("ptrace", 0, 0, 0, 0),
    ("unshare", 0x10000000), ("clone", 0x10000011, 0, 0, 0, 0), ("setns", 0, 0),
    ("memfd_create", None, 0), ("shmget", 0, 4096, 0o666), ("bpf", 0, None, 0),
    ("io_uring_setup", 1, None), ("socket", 1, 1, 0), ("socketpair", 1, 1, 0, 1),
    # Memory that stays without being mapped, leases on the teacher's libraries, a life of one's
    # own, memory that the grader cannot read, children that cost nothing, cores of crashes.
    ("mmap", 0, 4096, 3, 0x21, -1, 0), ("fcntl", 1, 1024, 0), ("prctl", 1, 0), ("prctl", 4, 0),
    ("rt_sigaction", 17, 1, 0, 8), ("setrlimit", 4, 1), ("prlimit64", 0, 4, 1, 0),
)  # fmt: skip


@pytest.mark.parametrize("root", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_kernels_doors_are_shut(root: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not root:
        monkeypatch.setattr(walls.os, "getuid", lambda: 1000)
    elif walls.os.getuid():
        pytest.skip("only root can grade as root")
    walls.bwrap.cache_clear()
    numpy = Path(sysconfig.get_path("platlib")) / "numpy"
    with sandbox.Sandbox([(1, KERNEL)], absent=["numpy"]) as box:
        box.run()

        def asked(name: str, *arguments: Any) -> Any:
            return box.ask(Call(name, arguments).coded())

        for name, *arguments in SHUT:
            assert asked("call", kernels(name), *arguments) == [-1, 1], name
        assert asked("works") is True
        assert "Read-only" in asked("write", f"{numpy}/x").description
        assert asked("others") == []
        assert isinstance(asked("zero"), Failure)
        if resource.getrlimit(resource.RLIMIT_CORE)[1]:
            assert asked("crashes") == [1, 1]
        assert "more than 20 lists in one another" in asked("nested", 100).description
        assert isinstance(asked("nested", 600), Failure)
        with pytest.raises(sandbox.Ended, match="more than 2,097,152 bytes"):
            asked("small")
    walls.bwrap.cache_clear()


@pytest.mark.slow
def test_files_without_a_byte_are_memory() -> None:
    cell = """
import itertools, os
for number in itertools.count():
    os.close(os.open(f"/tmp/{number}", os.O_CREAT | os.O_WRONLY))
"""
    assert "more than 150 MB of memory" in ended(cell, memory=150 * 1024**2).reason


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="has one language of calls only")
def test_the_kernels_old_language_is_not_spoken() -> None:
    """Keyctl with the number that 32-bit programs give it: mov, xor, mov, xor, int 0x80."""
    cell = """
import ctypes, mmap
page = mmap.mmap(-1, 4_096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)
page.write(bytes.fromhex("b82001000031dbb9fdffffff31d2cd80c3"))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
    assert "crashed or was killed" in ended(cell).reason


def kernels(name: str) -> int:
    """Return the kernel's number of a call."""
    seccomp = walls._seccomp()
    return int(seccomp.resolve_syscall(seccomp.Arch.NATIVE, name))


def ended(cell: str, **limits: Any) -> sandbox.Ended:
    """Run a cell that its limits end; return how."""
    with (
        sandbox.Sandbox([(1, cell)], limits=walls.Limits(**limits)) as box,
        pytest.raises(sandbox.Ended) as found,
    ):
        box.run()
    return found.value


UNCOUNTED = """
import os, signal, time
try:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
except OSError:
    pass
for _ in range(30):
    if os.fork() == 0:
        end = time.process_time() + 0.3
        while time.process_time() < end:
            pass
        os._exit(0)
    try:
        os.wait()
    except OSError:
        pass
"""
FREE = """
import json, os
line = json.dumps({"at": [1, 0], "free": True}).encode() + b"\\n"
while True:
    sum(range(1_000_000))
    for number in range(3, 10):
        try:
            os.write(number, line)
        except OSError:
            pass
"""
LOOKS_BUSY = """
import ctypes, time
if ctypes.CDLL(None).syscall(CLONE, 0x4011, 0, 0, 0, 0) == 0:  # vfork: the parent waits
    time.sleep(1_000)
"""

THREAD = """
import threading, time
def work():
    end = time.thread_time() + 0.6
    while time.thread_time() < end:
        pass
one = threading.Thread(target=work)
one.start()
one.join()
"""


@pytest.mark.slow
def test_time_is_the_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = walls.Limits(cell_seconds=0.5)
    with sandbox.Sandbox([(1, "import time\ntime.sleep(0.7)\nx = 1")], limits=limits) as box:
        box.run()
        assert box.used < 0.5
    found = ended("while True: pass", cell_seconds=0.5)
    assert (found.place, found.by_clock) == ((1, 0), False)
    monkeypatch.setattr(sandbox, "PATIENCE", 0.5)
    with sandbox.Sandbox([(1, THREAD)], limits=walls.Limits(cell_seconds=1)) as box:
        box.run()  # its first thread waits, which is no sleep
        assert box.used >= 0.4


@pytest.mark.slow
def test_no_time_goes_uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "stopped after 1 seconds" in ended(UNCOUNTED, cell_seconds=1).reason
    found = ended(LOOKS_BUSY.replace("CLONE", str(kernels("clone"))), cell_seconds=0.2)
    assert (found.by_clock, found.reason) == (
        True,
        "it was stopped after 0.4 seconds of waiting",
    )
    monkeypatch.setattr(sandbox, "FREE", 0.5)
    assert "1 seconds were over" in ended(FREE, seconds=1).reason


@cache
def exporter() -> HTMLExporter:
    """Return what makes nbgrader's pages, set up by the course."""
    folder = str(ROOT / "assignments")
    config = PyFileConfigLoader("nbgrader_config.py", path=folder).load_config()
    return HTMLExporter(config=config, template_name="basic")


def page(*cells: Any) -> str:
    """Return the HTML of cells."""
    return str(exporter().from_notebook_node(new_notebook(cells=list(cells)))[0])


def test_no_markdown_stops_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "![[a](b)" * pages.LONGEST  # which takes its parser and others minutes
    html = pages.markdown2html({}, long)
    assert unescape(html) == f"<pre>{long}</pre>"
    assert "[" not in html  # at each one the exporter would look for links, to the end
    monkeypatch.setattr(pages, "ALL", 100)
    many = page(*(new_markdown_cell("*a* " * 10) for _ in range(4)))
    assert many.count("<em>") == 20  # what follows stands there as it was written
    assert many.count("*a*") == 20


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "Since 0<low, the first is better; x<y",
            "Since 0&lt;low, the first is better; x&lt;y",
        ),
        ("`Dict<str>` is a type", "<code>Dict&lt;str&gt;</code> is a type"),
        ("<https://example.org>", 'href="https://example.org"'),
        ("[up](#top)", 'href="#top"'),
        ("![mine](attachment:a.png)", f'src="data:image/png;base64,{PNG}"'),
        (f"![pasted](data:image/png;base64,{PNG})", f'src="data:image/png;base64,{PNG}"'),
        ("![none](attachment:b.png)", "[picture: none (attachment:b.png)]"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("[Figure 1](&#106;avascript:alert(1))", "Figure 1"),
        ("[a](javajavascript:script:alert(1))", ">a</a>"),
        ("[a](data:text/html;base64,PHNjcmlwdD4=)", ">a</a>"),
        ("[a][1]\n\n[1]: vbscript:x", ">a</a>"),
        ("![read](http://example.org/x.png)", "[picture: read"),
        (r"$\href{javascript:alert(1)}{x}$", r"\ href"),
        ("```mermaid\ngraph TD\n```", "<code>graph TD"),
    ],
)
def test_markdown_is_shown_and_does_nothing(text: str, kept: str) -> None:
    html = page(new_markdown_cell(text, attachments={"a.png": {"image/png": PNG}}))
    html = html[html.index("rendered_html") :]
    assert kept in html
    for danger in ('href="java', 'href="data', 'href="vb', 'src="http', "<img src=x",
                   'class="mermaid"', r"\href"):  # fmt: skip
        assert danger not in html


def test_comments_are_plain_text() -> None:
    said = sandbox.harmless("[x](http://example.org) ![y](z) <b> \ud800 $x$ [a][b]")
    assert said == "[x] (http: //example.org) ![y] (z) ‹b›   §x§ [a] [b]"


def test_spreadsheets_find_no_formula() -> None:
    for text in ("=1+2", "a;=1+2", "a,+1", "a; @x", '"=1', "a\n-1"):
        assert "'" in spreadsheet(text)
    assert spreadsheet("step 2/2; why 0/1") == "step 2/2; why 0/1"


IPYTHON = [
    ("x = (7\n%3)", 1),
    ("x = (1\n!=2)", True),
    ("%time x = 3", 3),
    ("%%time\nx = 4", 4),
    ("x = 5\n!ls \\\n  -l", 5),
    ("x = !ls", []),
    ("x = 6\nx?\nlen??", 6),
    ('x = """\n!no command\n%no magic"""', " !no command %no magic"),
    ("%matplotlib inline\nx = 8", 8),
    ("if True:\n    %time x = 9", 9),
    ("x = %time 2 + 3", 5),
    ('x = "a\x85b\u2028c"\n!ls', "a b c"),
    ('x = ord("""\u2028""")', 0x2028),
    ('x = ord("""\u2028""")\n!ls', 0x2028),
]
"""Cells, and what x is after each."""


def test_ipython_is_ipythons() -> None:
    cells = ["kept = []\ndef answer(): return kept"]
    for source, _ in IPYTHON:
        cells += ["x = None", source, "kept.append(x)"]
    with sandbox.Sandbox(list(enumerate(cells, 1))) as box:
        box.run()
        assert box.errors == []
        assert box.ask(Call("answer").coded()) == [right for _, right in IPYTHON]


@pytest.mark.parametrize(
    ("before", "line"),
    [("x = 1\n", 2), ("\n\n", 3), ("%matplotlib inline\n\n", 3), ("!ls \\\n  -l\n", 3)],
)
def test_a_syntax_error_is_the_students_own(before: str, line: int) -> None:
    with pytest.raises(SyntaxError) as error:
        statements(f"{before}y = = 2\n")
    assert error.value.lineno == line


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (Fraction(1, 4), 0.25),
        (Decimal("0.5"), 0.5),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.array(0.5), 0.5),
        (np.int16(3), 3),
        (np.bool_(True), True),
        (OrderedDict(a=np.array([1, 2])), {"a": [1, 2]}),
        (MappingProxyType({1: (2, 3)}), {"1": [2, 3]}),
        (range(3), Strange("an object of type range")),
        (10**400, Strange("a number of more than 300 digits")),
        ((x for x in [1]), Strange("an iterator, which gives its values only once")),
    ],
)
def test_other_kinds_of_numbers_and_mappings(value: Any, right: Any) -> None:
    found = plain(value)
    assert (found, type(found)) == (right, type(right))


def test_a_list_of_one_is_no_number_and_is_told_so() -> None:
    fault = value_fault(plain(np.array([0.5])), 0.5, "the rate")
    assert fault is not None
    assert "a list or array of one value, where one number is due by itself" in fault


@pytest.mark.parametrize(
    ("stamp", "hour"),
    [
        ("2026-12-01 18:30:00.123456 UTC", 18),
        ("2026-12-01 18:30:00", 18),
        ("2026-12-01T18:30Z", 18),
        ("2026-12-01T18:30:00+05:30", 13),
        ("2026-12-01 18:30 -03", 21),
        ("2026-12-01 18:30 CST", 10),  # in Shanghai; in Chicago it is another time
        ("2026-12-01 18:30 PST", None),
        ("18:30", None),
        ("0001-01-01 00:00 +14", None),
        ("9999-12-31 23:59 -14", None),
        ("yesterday", None),
    ],
)
def test_the_time_of_handing_in_is_right_or_named(stamp: str, hour: int | None) -> None:
    if hour is None:
        with pytest.raises(ValueError, match=re.escape(stamp)):
            moment(stamp, "Asia/Shanghai")
    else:
        found = moment(stamp, "Asia/Shanghai")
        assert (found.day, found.hour, found.tzinfo) == (1, hour, None)


def marked(
    released: list[str], handed_in: dict[int, str | list[str]], tmp_path: Path, **limits: Any
) -> Any:
    """Mark a notebook of code cells; the last one is worth a point if answer() is 1.

    A cell that is handed in as a list of lines has become one of text.
    """
    tags = {"grade_id": "answer", "grade": True, "solution": True, "points": 1}
    cells = [new_code_cell(source) for source in released]
    cells[-1].metadata["nbgrader"] = tags
    (tmp_path / "x.ipynb").write_text(json.dumps(new_notebook(cells=cells)), "utf-8")
    for place, source in handed_in.items():
        if isinstance(source, str):
            cells[place].source = source
        else:
            cells[place] = new_raw_cell("\n".join(source), metadata=cells[place].metadata)
    case = Case(1, Call("answer"), lambda got: value_fault(got, 1, "the answer"))
    asks = questions.Assignment(
        "x", lambda *_: [Question("answer", [case])], (), ("torch",), 10, 60, ""
    )
    return mark(
        asks, "ada", notebooks.parsed(json.dumps(new_notebook(cells=cells)).encode()),
        notebooks.given(tmp_path / "x.ipynb"), limits=walls.Limits(**limits),
    )  # fmt: skip


EMPTY = "def answer():\n    raise NotImplementedError"
BUSY = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass"


def test_the_comment_begins_with_the_answers_own_error(tmp_path: Path) -> None:
    released = ["import torch", "from torch import nn", "x = 1", EMPTY]
    handed_in = {2: "x = 1 / 0", 3: "def answer():\n    return 1 +"}
    (only,) = marked(released, handed_in, tmp_path).marks
    assert only.comment.startswith(
        "This cell stops in line 2 with SyntaxError: invalid syntax."
    )
    assert "Cell 3 of your notebook stops in line 1 with ZeroDivisionError" in only.comment
    assert "torch" not in only.comment
    (only,) = marked(released, {3: ["def answer():", "    return 1"]}, tmp_path).marks
    assert only.comment.startswith("This cell was handed in as text, so that nothing in it")
    (only,) = marked(released, {3: "def answer():\n\n    return y"}, tmp_path).marks
    assert "it stops with NameError: name 'y' is not defined (line 3)" in only.comment


@pytest.mark.slow
def test_released_cells_and_imports_take_no_time(tmp_path: Path) -> None:
    right = "def answer(): return 1"
    limits = {"cell_seconds": 5, "seconds": 1}
    found = marked([BUSY, BUSY + "\n", EMPTY], {2: right}, tmp_path, **limits)
    assert found.marks[0].score == 1, found
    found = marked(["a = 1", "b = 1", EMPTY], {0: BUSY, 1: BUSY, 2: right}, tmp_path, **limits)
    assert found.marks[0].score == 0
    assert "1 seconds were over" in found.note


@pytest.mark.slow
def test_what_only_waits_is_stopped_by_the_clock_and_remarked(tmp_path: Path) -> None:
    handed_in = {0: "import time\ntime.sleep(1000)", 1: "def answer(): return 1"}
    found = marked(["a = 1", EMPTY], handed_in, tmp_path, cell_seconds=0.2)
    assert found.by_clock  # the grader runs it again, alone, before this counts
    assert found.marks[0].score == 1
    assert "cell 1: it was stopped after 0.4 seconds of waiting" in found.note


@pytest.mark.slow
def test_what_breaks_off_again_and_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeps = {0: "import time\n" + "time.sleep(1_000)\n" * 9, 1: "def answer(): return 1"}
    found = marked(["a = 1", EMPTY], sleeps, tmp_path, cell_seconds=0.1, seconds=0.25)
    assert found.note.endswith("the notebook waited too long")
    assert 0 < found.note.count("seconds of waiting") < 9
    monkeypatch.setattr(marking, "SANDBOXES", 3)
    leaves = {0: "import os\n" + "os._exit(0)\n" * 3, 1: "def answer(): return 1"}
    found = marked(["a = 1", EMPTY], leaves, tmp_path)
    assert found.note.endswith("the notebook's process has ended 3 times")
    assert found.marks[0].score == 0


@pytest.mark.slow
def test_the_sandbox_has_a_keyring_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    libc, number = ctypes.CDLL(None), kernels("keyctl")
    if (ours := libc.syscall(number, 0, -3, 0)) < 0:
        pytest.skip("no keyrings here")
    monkeypatch.setattr(walls, "SHUT", tuple(name for name in walls.SHUT if name != "keyctl"))
    walls.doors.cache_clear()
    cell = f"import ctypes\ndef ring(): return ctypes.CDLL(None).syscall({number}, 0, -3, 0)"
    with sandbox.Sandbox([(1, cell)]) as box:
        box.run()
        assert box.ask(Call("ring").coded()) not in (ours, -1)
    walls.doors.cache_clear()


V4 = {
    "cells": [{"cell_type": "code", "source": "x = 1\r\ny", "metadata": {}, "outputs": []}],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 2,
}  # fmt: skip
V3 = {
    "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1\ny", "outputs": [],
                               "language": "python", "metadata": {}}], "metadata": {}}],
    "metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [json.dumps(V4).encode(code) for code in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le")]
    + [json.dumps(V3).encode()],
)
def test_files_as_they_come(data: bytes) -> None:
    assert [cell.source for cell in notebooks.parsed(data)] == ["x = 1\ny"]


def test_attached_pictures_stay_in_the_file() -> None:
    kinds = {"a.png": {"image/png": PNG}, "b.svg": {"image/svg+xml": "<svg/>"}}
    words = {"cell_type": "markdown", "source": "", "metadata": {}, "attachments": kinds}
    cells = notebooks.parsed(json.dumps({**V4, "cells": [words]}).encode())
    (written,) = notebooks.graded(cells, {})["cells"]
    assert written["attachments"] == {"a.png": {"image/png": PNG}}


def test_half_a_character_and_a_mac_s_file(tmp_path: Path) -> None:
    data = json.dumps(V4).replace("x = 1", "\\ud800").encode()
    (tmp_path / "._mine.ipynb").write_bytes(b"\x00\x05")
    (tmp_path / "mine.ipynb").write_bytes(data)
    cells = notebooks.parsed(notebooks.raw(tmp_path, "a1_schedules"))
    assert json.dumps(notebooks.graded(cells, {}), ensure_ascii=False).encode()


NAMES = sorted(path.stem for path in (ROOT / "assignments/questions").glob("a*.py"))
EACH = [
    pytest.param(name, marks=pytest.mark.slow if name in NAMES[1:] else ()) for name in NAMES
]
WRONG: list[Any] = [[], {}, None, 0, "request", [None], [0] * 1_000, [[]]]


@pytest.mark.parametrize("name", EACH)
def test_no_judge_passes_on_nothing(name: str) -> None:
    for question in questions.load(ROOT / "assignments", name).asked_of("ada", "secret"):
        for number, case in enumerate(question.cases):
            for answer in WRONG:
                said = case.request.coded() if answer == "request" else answer
                try:
                    fault = case.judged(said)
                except Exception:
                    continue  # `marking` makes a fault of it
                if (question.cell, answer) in (("smooth", []), ("peak", None)):
                    continue  # right once: of no losses, and where no rate fails
                assert fault, (question.cell, number, answer)


@pytest.mark.slow
def test_one_submission_stops_nobody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "a1_schedules"
    course = made_course(tmp_path, [name])
    source = json.loads((course / "source" / name / f"{name}.ipynb").read_text("utf-8"))

    def put(student: str, *extra: dict[str, Any]) -> Path:
        notebook = undrawn(answers.submission(source, student, {}))
        notebook["cells"] += extra
        folder = course / "submitted" / student / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook), "utf-8")
        return folder

    def markdown(text: str) -> dict[str, Any]:
        return {"cell_type": "markdown", "source": text, "metadata": {}}

    deep = "def staircase(*a, **k):\n    x = []\n    for _ in range(600): x = [x]\n    return x"
    code = {"cell_type": "code", "source": deep, "metadata": {}, "outputs": []}
    put("honest")
    put("deep", code)
    put("half", markdown("half \ud800 a character"))
    put("long", markdown("<div>" * 600_000))
    put("wide", markdown("<div>" * 100_000), markdown(">" * 5_000))
    put("many", {**markdown(""), "metadata": {"x": [{}] * 1_100_000}})
    for unusable in (" ", "<img src=x>", ".dot"):
        put(unusable)
    when = "0001-01-01 00:00 +14"
    (put("early") / "timestamp.txt").write_text(when, "utf-8")
    bytes_only = course / "submitted/no name" / name / os.fsdecode(b"\xff.ipynb")
    bytes_only.mkdir(parents=True)
    (course / "submitted/nothing").mkdir()
    (course / "submitted/stray.ipynb").write_text("{}", "utf-8")
    (course / "submitted/honest/stray.ipynb").write_text("{}", "utf-8")
    assert main(["--course", str(course), "--quiet"]) == 0
    said = capsys.readouterr().err
    assert "submitted/' '" in said
    assert "submitted/'<img src=x>'" in said
    assert "submitted/'.dot'" in said
    assert said.count("submitted/stray.ipynb', which is no folder") == 1
    assert "submitted/honest/stray.ipynb', which is no folder" in said
    assert "submitted/nothing', which is empty" in said
    rows = (course / "marks.csv").read_text("utf-8").splitlines()[1:]
    scores = {row.split(",")[1]: float(row.split(",")[2]) for row in rows}
    assert scores == {
        "honest": 20, "deep": 17, "half": 20, "long": 0, "wide": 20, "early": 20, "many": 0,
        "no name": 0,
    }  # fmt: skip
    notes = {row.split(",")[1]: row.split(",", 6)[6] for row in rows}
    assert "is not a file" in notes["no name"]
    assert "brackets, more than the 1,000,000 allowed" in notes["many"]
    assert "characters, more than the 1,000,000 allowed" in notes["long"]
    assert when in notes["early"]
    run_nbgrader(course, "generate_feedback", name)
    assert {path.parts[-3] for path in course.glob("feedback/*/*/*.html")} == set(scores)
    sleeps = "import time\ntime.sleep(1_000)"
    put("sleeper", {**markdown(sleeps), "cell_type": "code"})
    runs: list[str] = []

    def marking(assignment: Any, student: str, *arguments: Any, **options: Any) -> Any:
        runs.append(student)
        return mark(assignment, student, *arguments, **options)

    monkeypatch.setattr(grade, "mark", marking)
    with grade.Course(course) as opened:
        some = [one for one in opened.submissions() if one.student in ("honest", "sleeper")]
        limits = walls.Limits(cell_seconds=0.5)
        grade.Grader(opened, 2, again=True, limits=limits).run(some[::-1], progress=False)
    assert sorted(runs[:2]) == ["honest", "sleeper"]
    assert runs[2:] == ["sleeper"]  # again, alone: the machine might have been to blame
    for number, path in enumerate([*(course / "marks").rglob("*.json")][:2]):
        path.write_text("{"[number:])
    assert main(["--course", str(course), "--quiet"]) == 0
    assert "is damaged" in capsys.readouterr().err
    assert main(["no_such", "--course", str(course), "--quiet"]) == 1
    assert "no_such" in capsys.readouterr().err
    with closing(sqlite3.connect(course / "gradebook.db")) as locked:
        locked.execute("begin exclusive")
        assert main(["--course", str(course), "--quiet", "--again"]) == 1
    assert "gradebook.db cannot be used: database is locked" in capsys.readouterr().err
    (course / "gradebook.db").write_bytes(b"no database" * 1_000)
    assert main(["--course", str(course), "--quiet"]) == 1
    assert "gradebook.db cannot be used" in capsys.readouterr().err


@pytest.mark.slow
def test_an_empty_class_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = Path(sys.executable).parent  # nbgrader starts alembic by its name
    monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}{os.environ['PATH']}")
    config = (ROOT / "assignments/nbgrader_config.py").read_text("utf-8")
    (tmp_path / "nbgrader_config.py").write_text(config, "utf-8")
    assert main(["--course", str(tmp_path), "--quiet"]) == 1
    assert "holds no submission" in capsys.readouterr().err


def text(source: str, grade_id: str | None = None) -> notebooks.Cell:
    return notebooks.Cell("markdown", source, grade_id)


@pytest.mark.parametrize(
    ("cells", "waits"),
    [
        ([text("# Title"), text("Your words here.", "why")], False),
        ([text("# Title")], False),
        ([text("Your words here.", "why"), text("Because it is so.")], True),
        ([text("Because it is so.")], True),
        ([text("", "why"), text("Because.")], True),
        ([text("Your words here.", "why"), text("Because.", "why")], True),
        ([notebooks.Cell("code", "# Because.", "why")], True),
        ([notebooks.Cell("code", "Because it is so.", None)], True),
        ([notebooks.Cell("code", "# Because.", None)], True),
        ([notebooks.Cell("code", "print(1)", None)], False),
    ],
)
def test_an_answer_in_words_is_no_silent_zero(
    tmp_path: Path, cells: list[notebooks.Cell], waits: bool
) -> None:
    tags = {"grade_id": "why", "grade": True, "solution": True, "points": 2}
    release = new_notebook(cells=[
        new_markdown_cell("# Title"),
        new_markdown_cell("Your words here.", metadata={"nbgrader": tags}),
    ])  # fmt: skip
    (tmp_path / "x.ipynb").write_text(json.dumps(release), "utf-8")
    known = notebooks.given(tmp_path / "x.ipynb")
    nobody = questions.Assignment("x", lambda *_: [], (), (), 10, 60, "")
    (only,) = mark(nobody, "ada", cells, known).marks
    assert only.by_hand is waits
    shown = [cell["source"] for cell in notebooks.graded(cells, known)["cells"]]
    assert {cell.source for cell in cells} <= set(shown)
