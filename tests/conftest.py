"""What several test files share."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import lab_pages
import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from lab_pages import settled as settled
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from d2lsched.book.pdf import chromium as chromium_path
from d2lsched.data import MNIST, mnist
from d2lsched.history import History
from d2lsched.statistics import difference
from d2lsched.teaching.answers import changed

ROOT = Path(__file__).parents[1]

# Machines differ in speed, and a failure must come back when the same commit runs again.
settings.register_profile("d2lsched", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("d2lsched")
expect.set_options(timeout=10_000)  # a busy machine draws late


def assert_one_run(
    found: History, expected: History, exact: int = 3, calm: float = 5e-3
) -> None:
    """Assert that two runs are the same but for rounding, whatever the processor.

    The first exact losses agree within 1e-5. Once in some hundred updates a pre-activation is
    so near to 0 that rounding decides on which side of ReLU's kink it lies. In calm runs
    (rates to 0.1, up to 100 updates) all that follows is then apart by up to 0.001.
    """
    assert len(found.loss) == len(expected.loss)
    apart = np.abs(np.subtract(found.loss, expected.loss))
    assert (apart[:exact] <= 1e-5).all()
    assert apart[:100].max() <= calm
    if len(found.loss) > 100:
        return
    for name, images in (("train", found.settings["images"]), ("validation", 200)):
        ours, theirs = (getattr(run, f"{name}_accuracy") for run in (found, expected))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=max(2.5, images / 250) / images)
    np.testing.assert_allclose(found.validation_loss, expected.validation_loss, 0, calm)
    assert abs(found.test_accuracy - expected.test_accuracy) <= 2.5 / 200


def assert_same_mean(found: list[float], stored: list[float]) -> None:
    """Assert that chaotic runs, made again with the same seeds, have the mean of stored ones.

    On another processor each of them is another run. Student's interval of the differences
    misses the mean of equals once in a thousand times.
    """
    if found != stored:  # as on the processor that made the file
        gap = difference(found, stored, level=0.999)
        assert gap.low <= 0 <= gap.high, gap
        assert gap.high - gap.low < 0.1, gap  # else nothing is shown


@contextmanager
def jupyter_server(program: list[str], folder: Path, **variables: str) -> Iterator[str]:
    """The address of a Jupyter server of its own that shows a folder; its token is "secret"."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "port": port, "port_retries": 0, "ip": "127.0.0.1", "open_browser": False,
        "root_dir": str(folder), "allow_root": True,
    }  # fmt: skip
    command = [
        *program,
        *(f"--ServerApp.{name}={value}" for name, value in settings.items()),
        "--IdentityProvider.token=secret",
    ]
    homes = {
        name: str(folder / "jupyter" / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    environment = {**os.environ, **homes, "JUPYTER_PREFER_ENV_PATH": "1", **variables}
    log = folder / "server.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, env=environment, cwd=folder, stdout=output, stderr=output
        ) as server,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 60
            while True:
                try:
                    urllib.request.urlopen(f"{url}/api?token=secret", timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None, log.read_text()
                    assert time.monotonic() < end, log.read_text()
                    time.sleep(0.2)
            yield url
        finally:
            server.terminate()
            server.wait(30)


def eventually(read: Callable[[], Any], wanted: Any, seconds: float = 10) -> None:
    """Assert that what is read of a page becomes what is wanted: pages need time to draw."""
    end = time.monotonic() + seconds
    while (found := read()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    assert found == wanted


def press_tab(page: Page) -> Locator:
    """Press the Tab key and return the element that has the focus once it has moved."""
    old = page.evaluate_handle("document.activeElement")
    page.keyboard.press("Tab")
    page.wait_for_function("(old) => document.activeElement !== old", arg=old)
    return page.locator(":focus")


UNDRAWN = """() => {
  const drawing = (e) => getComputedStyle(e, "::before");
  const empty = (e) => parseFloat(drawing(e).width) < 8 || drawing(e).maskImage === "none";
  const letter = (e) => ["::before", "::after"]
    .some((part) => /[\ue000-\uf8ff]/.test(getComputedStyle(e, part).content));
  const all = (selector) => [...document.querySelectorAll(selector)];
  return [
    ...all("[class*='fa-']:is(i, span)").filter(empty),
    ...all("a, button, summary, .admonition-title, .versionmodified").filter(letter),
  ].filter((e) => e.checkVisibility()).map((e) => e.outerHTML);
}"""


def assert_icons_are_drawn(page: Page) -> None:
    """Assert that a page of the book shows its icons, and none as a letter of a font."""
    expect(page.locator(".primary-toggle .fa-bars")).to_be_visible()
    eventually(lambda: page.evaluate(UNDRAWN), [])


def problems_of(page: Page, *origins: str) -> list[str]:
    """Return the list of all that will go wrong on a page, requests of others among it."""
    problems: list[str] = []
    page.on("request", lambda r: None if r.url.startswith((*origins, "data:", "blob:"))
            else problems.append(f"outside: {r.url}"))  # fmt: skip
    page.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
    page.on("response", lambda r: problems.append(r.url) if r.status >= 400 else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console", lambda m: problems.append(m.text) if m.type in ("error", "warning") else None
    )
    return problems


COMPILED = re.compile(
    r"\[.*(jax|tensorflow|tf\b|optax|keras)|^d2lsched/(jax|tensorflow)\.py", re.I
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is compiled or built takes seconds: `make check` leaves it out."""
    for item in items:
        built = {"awkward", "pages", "zips"} & {*getattr(item, "fixturenames", ())}
        if built or COMPILED.search(item.nodeid):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def small() -> MNIST:
    """Ten batches of 128 real images, and a little to evaluate on."""
    return mnist(train=1_280, validation=200, test=200)


@contextmanager
def made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> Iterator[tuple[Path, bool]]:
    """A folder that the first worker makes for all, and whether it is there already."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock"):
        yield folder, (folder / "is-made").exists()
        (folder / "is-made").touch()


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the pages of the real book, built once for all workers."""
    if built := os.environ.get("D2LSCHED_BOOK"):
        return Path(built).resolve()
    with made_once(tmp_path_factory, "book") as (folder, there):
        if not there:
            jupyter_book = Path(sys.executable).with_name("jupyter-book")
            command = [str(jupyter_book), "build", str(ROOT), "-W", "--keep-going"]
            run = subprocess.run(
                [*command, "--path-output", str(folder)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return folder / "_build" / "html"


def run_nbgrader(course: Path, *arguments: str) -> None:
    """Run an nbgrader command in a course's folder."""
    run_in_course(course, [str(Path(sys.executable).with_name("nbgrader")), *arguments])


def run_in_course(course: Path, command: list[str]) -> None:
    binaries = Path(sys.executable).parent
    # nbgrader starts alembic by its name.
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(
        command, cwd=course, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-4000:]


GENERATE = """
import sys
from nbgrader.apps import GenerateAssignmentApp
for name in sys.argv[1:]:
    app = GenerateAssignmentApp()
    app.initialize([name])
    app.start()
"""
"""What ``nbgrader generate_assignment`` does, for several: to start takes it seconds."""


def made_course(folder: Path, assignments: list[str]) -> Path:
    """Copy the course and let nbgrader make the releases of these assignments."""
    course = folder / "course"
    shutil.copytree(ROOT / "assignments", course)
    run_in_course(course, [sys.executable, "-c", GENERATE, *assignments])
    return course


def faded(page: Page) -> None:
    """What the theme fades has its last color at once."""
    page.add_style_tag(content="* { animation: none !important; transition: none !important }")


def undrawn(notebook: dict[str, Any]) -> dict[str, Any]:
    """Drop the import that takes a sandbox longest; no answer draws."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "setup":
            drawing = {"import matplotlib.pyplot as plt\n": ""}
            cell["source"] = changed("".join(cell["source"]), drawing)
    return notebook


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files, and logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def site(book: Path) -> Iterator[str]:
    """Return the address of a static server of the book."""
    handler = partial(QuietHandler, directory=str(book))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a headless Chromium."""
    try:
        path = chromium_path()
    except FileNotFoundError as error:
        pytest.fail(str(error))
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update"]  # fmt: skip
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """Return an empty page of a reader who was never here before."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


# ---- The schedule lab: see lab_pages.py


@pytest.fixture(scope="session")
def module(browser: Browser) -> Iterator[Page]:
    """Return an empty page with the lab's functions as ``lab``."""
    page = browser.new_page()
    yield lab_pages.run_module(page)
    page.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the playground, and a chapter with two labs."""
    with made_once(tmp_path_factory, "lab") as (folder, there):
        if not there:
            folder.mkdir(exist_ok=True)
            _, warned = lab_pages.built(folder, "html", lab_pages.lab_cell())
            (warning,) = warned.splitlines()
            assert "updates = 5 is not allowed: it must be from 10 to 20000" in warning
    return folder / "_build" / "html"


@pytest.fixture
def playground(pages: Path, tab: Page) -> Page:
    """Return the playground, opened as a file."""
    return lab_pages.opened(tab, pages / "playground.html")
