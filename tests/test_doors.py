"""What a submission may ask of the kernel, the teacher's browser, and its judges."""

import base64
import ctypes
import json
import os
import re
import sys
import sysconfig
from collections import OrderedDict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, made_course
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets.config.loader import PyFileConfigLoader

from d2lsched.teaching import answers, notebooks, questions, sandbox, walls
from d2lsched.teaching.checks import Failure, Strange, plain, value_fault
from d2lsched.teaching.grade import main, spreadsheet
from d2lsched.teaching.gradebook import moment
from d2lsched.teaching.inside import statements
from d2lsched.teaching.marking import mark
from d2lsched.teaching.questions import Call, Case, Question

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and more").decode()

KERNEL = """
import ctypes, os, platform, threading
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {
    "x86_64": dict(keyctl=250, add_key=248, ptrace=101, unshare=272, clone=56, memfd_create=319,
                   shmget=29, bpf=321, io_uring_setup=425, setns=308),
    "aarch64": dict(keyctl=219, add_key=217, ptrace=117, unshare=97, clone=220,
                    memfd_create=279, shmget=194, bpf=280, io_uring_setup=425, setns=268),
}[platform.machine()]
def call(name, *arguments):
    got = libc.syscall(NUMBERS[name], *arguments)
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
def nested():
    value = []
    for _ in range(600):
        value = [value]
    return value
def small(): return [{} for _ in range(600_000)]
"""


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

        for attempt in (
            ("keyctl", 0, -3, 0), ("add_key", 0, 0, 0, 0, 0), ("ptrace", 0, 0, 0, 0),
            ("unshare", 0x10000000), ("clone", 0x10000011, 0, 0, 0, 0), ("setns", 0, 0),
            ("memfd_create", None, 0), ("shmget", 0, 4096, 0o666), ("bpf", 0, None, 0),
            ("io_uring_setup", 1, None),
        ):  # fmt: skip
            assert asked("call", *attempt) == [-1, 1], attempt
        assert asked("works") is True
        assert "Read-only" in asked("write", f"{numpy}/x").description
        assert isinstance(asked("nested"), Failure)
        with pytest.raises(sandbox.Ended, match="more than 2,097,152 bytes"):
            asked("small")
    walls.bwrap.cache_clear()


@pytest.mark.slow
def test_time_is_the_processors() -> None:
    limits = walls.Limits(cell_seconds=0.5)
    with sandbox.Sandbox([(1, "import time\ntime.sleep(0.7)\nx = 1")], limits=limits) as box:
        box.run()
        assert box.used < 0.5
    with (
        sandbox.Sandbox([(1, "while True: pass")], limits=limits) as box,
        pytest.raises(sandbox.Ended) as ended,
    ):
        box.run()
    assert ended.value.place == (1, 0)
    assert not ended.value.by_clock


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
    config = PyFileConfigLoader(
        "nbgrader_config.py", path=str(ROOT / "assignments")
    ).load_config()
    cell = new_markdown_cell(text, attachments={"a.png": {"image/png": PNG}})
    exporter = HTMLExporter(config=config, template_name="basic")
    html = exporter.from_notebook_node(new_notebook(cells=[cell]))[0]
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "right"),
    [
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
    ],
)
def test_ipython_is_ipythons(source: str, right: Any) -> None:
    with sandbox.Sandbox([(1, f"{source}\ndef answer(): return x" if "%%" not in source else
                           source), (2, "def answer(): return x")]) as box:  # fmt: skip
        box.run()
        assert box.errors == []
        assert box.ask(Call("answer").coded()) == right


def test_a_syntax_error_is_the_students_own() -> None:
    with pytest.raises(SyntaxError) as error:
        statements("x = 1\ny = = 2")
    assert error.value.lineno == 2


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
    released: list[str], handed_in: dict[int, str], tmp_path: Path, **limits: Any
) -> Any:
    """Mark a notebook of code cells; the last one is worth a point if answer() is 1."""
    tags = {"grade_id": "answer", "grade": True, "solution": True, "points": 1}
    cells = [new_code_cell(source) for source in released]
    cells[-1].metadata["nbgrader"] = tags
    (tmp_path / "x.ipynb").write_text(json.dumps(new_notebook(cells=cells)), "utf-8")
    for place, source in handed_in.items():
        cells[place].source = source
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
def test_the_sandbox_has_a_keyring_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    libc = ctypes.CDLL(None)
    seccomp = walls._seccomp()
    number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, "keyctl")
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
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "a1_schedules"
    course = made_course(tmp_path, [name])
    source = json.loads((course / "source" / name / f"{name}.ipynb").read_text("utf-8"))

    def put(student: str, *extra: dict[str, Any]) -> None:
        notebook = answers.submission(source, student, {})
        notebook["cells"] += extra
        folder = course / "submitted" / student / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook), "utf-8")

    def markdown(text: str) -> dict[str, Any]:
        return {"cell_type": "markdown", "source": text, "metadata": {}}

    deep = "def staircase(*a, **k):\n    x = []\n    for _ in range(600): x = [x]\n    return x"
    code = {"cell_type": "code", "source": deep, "metadata": {}, "outputs": []}
    put("honest")
    put("deep", code)
    put("half", markdown("half \ud800 a character"))
    put("long", markdown("<div>" * 600_000))
    put(" ")
    put("<img src=x>")
    assert main(["--course", str(course), "--quiet"]) == 0
    said = capsys.readouterr().err
    assert "submitted/' '" in said
    assert "submitted/'<img src=x>'" in said
    rows = (course / "marks.csv").read_text("utf-8").splitlines()[1:]
    scores = {row.split(",")[1]: float(row.split(",")[2]) for row in rows}
    assert scores == {"honest": 20, "deep": 17, "half": 20, "long": 20}
    for path in (course / "marks").rglob("*.json"):
        path.write_text("{")
    assert main(["--course", str(course), "--quiet"]) == 0
    assert "is damaged" in capsys.readouterr().err
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
        ([notebooks.Cell("raw", "Because.", None)], True),
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
