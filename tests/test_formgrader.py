"""The teacher's browser: hostile submissions in the real formgrader and feedback pages."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import jupyter_server, made_course, run_nbgrader
from nbgrader.api import Gradebook
from playwright.sync_api import Browser

from d2lsched.teaching import answers
from d2lsched.teaching.grade import main

pytestmark = pytest.mark.slow

NAME = "a1_schedules"
SPY = "http://127.0.0.1:9/spy"
ATTACKS = f"""
[one](&#106;avascript:window.hacked=1) [two](javajavascript:script:window.hacked=2)
<a href="javascript:window.hacked=3">three</a> [four](data:text/html,<script>hacked</script>)

<img src=x onerror="window.hacked=5"> ![six]({SPY}/6.png) <img src="{SPY}/7.png">

<script>window.hacked=8</script> <svg onload="window.hacked=9"></svg>

<https://example.org/ten> since 0<low, x<y

# staircase-comment
[sixteen](//127.0.0.1:9/spy/16) [seventeen](#<img src=x onerror=window.hacked=17>)
[eighteen](/formgrader/gradebook) ![nineteen](data:image/svg+xml;base64,PHN2Zy8+)
![twenty](attachment:x.svg) [twenty-one](https://example.org/"onmouseover="window.hacked=21)
"""
RAW = f"""
<a href="{SPY}/22" class="navbar-fixed-top">twenty-two</a> 1<high
<div class="nbgrader_cell"><span id="staircase-comment"></span></div>
"""
SVG = {"image/svg+xml": f"<svg><image href='{SPY}/23.png'/><script>hacked=23</script></svg>"}
OUTPUT = f"<img src='{SPY}/11.png' onerror='window.hacked=11'><script>window.hacked=12</script>"
KINDS = {"text/html": OUTPUT, "application/javascript": "window.hacked=24", **SVG,
         "text/latex": r"$\href{javascript:window.hacked=25}{x}$",
         "text/markdown": OUTPUT}  # fmt: skip
COMMENT = f"[13](javascript:window.hacked=13) ![]({SPY}/14.png) <img src=x onerror=hacked=15>"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with one submission, whose text, outputs and answers attack; graded."""
    course = made_course(tmp_path_factory.mktemp("formgrader"), [NAME])
    source = json.loads((course / "source" / NAME / f"{NAME}.ipynb").read_text("utf-8"))
    fails = f"def staircase(*args, **kwargs):\n    raise ValueError({COMMENT!r})"
    notebook = answers.submission(source, "mallory", {"staircase": fails})
    shows = [{"output_type": "display_data", "metadata": {}, "data": {kind: data}}
             for kind, data in KINDS.items()]  # fmt: skip
    shows.append({"output_type": "stream", "name": "stdout", "text": OUTPUT})
    code = {"cell_type": "code", "metadata": {}, "source": OUTPUT, "outputs": shows}
    words = {"cell_type": "markdown", "metadata": {}, "source": ATTACKS,
             "attachments": {"x.svg": SVG}}  # fmt: skip
    raw = {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": RAW}
    notebook["cells"][1:1] = [raw, words, {**code, "execution_count": None}]
    folder = course / "submitted" / "mallory" / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(notebook), "utf-8")
    assert main(["--course", str(course), "--quiet"]) == 0
    return course


@pytest.fixture(scope="module")
def formgrader(course: Path) -> Iterator[str]:
    """The address of the submission in a formgrader, started as grading.md says."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "d2lsched") as book:
        where = book.find_submission_notebook(NAME, NAME, "mallory").id
    program = [
        sys.executable, "-m", "jupyter_server",
        "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True",
    ]  # fmt: skip
    with jupyter_server(program, course) as url:
        yield f"{url}/formgrader/submissions/{where}/?token=secret"


@pytest.mark.parametrize("page", ["formgrader", "feedback"])
def test_a_submission_does_nothing_in_the_teachers_browser(
    page: str, course: Path, browser: Browser, request: pytest.FixtureRequest
) -> None:
    if page == "feedback":
        run_nbgrader(course, "generate_feedback", NAME)
        address = (course / "feedback/mallory" / NAME / f"{NAME}.html").as_uri()
    else:
        address = request.getfixturevalue("formgrader")
    asked: list[str] = []
    with browser.new_context() as context:
        tab = context.new_page()
        tab.on("request", lambda one: asked.append(one.url))
        tab.goto(address, wait_until="domcontentloaded")
        # It is all there, as text.
        for text in ("since 0<low, x<y", "window.hacked=8", "onerror=", "1<high"):
            assert text in tab.locator("body").inner_text(), text
        links: list[Any] = tab.evaluate("[...document.links].map(a => a.getAttribute('href'))")
        assert "https://example.org/ten" in links
        assert not [link for link in links if link and link.startswith(("data:", "java", "&"))]
        for name in ("one", "two", "three", "four", "13", "sixteen", "seventeen", "eighteen",
                     "twenty-two"):  # fmt: skip
            for link in tab.get_by_text(name, exact=True).all():
                link.dispatch_event("click")
        assert tab.url.partition("#")[0] == address
        assert tab.evaluate("window.hacked") is None
        running = "[onerror],[onload],[onmouseover],[class~=navbar-fixed-top] a,svg image"
        assert tab.locator(f"#notebook-container :is({running})").count() == 0
        assert tab.locator("#staircase-comment").count() == (page == "formgrader")
    assert not [url for url in asked if url.startswith(SPY)]
