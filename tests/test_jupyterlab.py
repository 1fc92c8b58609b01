"""JupyterLab itself, with a real server, real kernels and a real browser.

Every chapter reads as it is meant, and the lab's widget and Python see the same schedules.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from conftest import jupyter_server
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Browser, Page, expect
from test_plain import NOTEBOOKS, WORKS

from d2lsched.book import citations

ROOT = Path(__file__).parents[1]

CELLS = [
    "import d2lsched as d2l\nlab = d2l.lab({'mine': d2l.CosineDecay(0.4, 780)})\nlab",
    "print(lab.schedules['mine'].steps)",
    "lab.schedules = {'yours': d2l.StepDecay(0.2, 100)}",
]


BAD = [
    "```{predict} Constant\n:margin: 1\n\nWhy?\n```",
    "{glue:text}`sgd-3` and {cite}`Nobody-2020`",
    "[a](bad.ipynb), [b](chapters/decay/cosine), [c](gone.ipynb)",
    ":::{admonition} Title\n\n```{dropdown} More\nText\n```\n:::",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab of its own: the chapters, and a notebook with the lab."""
    folder = tmp_path_factory.mktemp("jupyterlab")
    for name in ("chapters", "d2lsched/data"):  # a chapter links to the study's results
        shutil.copytree(ROOT / name, folder / name)
    notebook = new_notebook(cells=[new_code_cell(text) for text in CELLS])
    notebook.metadata["kernelspec"] = {
        "name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python",
    }  # fmt: skip
    (folder / "own").mkdir()  # beside the chapters, d2lsched/ would be taken for the package
    nbformat.write(notebook, folder / "own/lab.ipynb")
    notebook.cells = [new_markdown_cell(text) for text in BAD]
    nbformat.write(notebook, folder / "bad.ipynb")
    # All cells are drawn at once, not only those in sight.
    setting = folder / "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    setting.parent.mkdir(parents=True)
    setting.write_text('{"windowingMode": "none"}', encoding="utf-8")
    program = [
        str(Path(sys.executable).with_name("jupyter-lab")),
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.expose_app_in_browser=True",
    ]
    with jupyter_server(
        program, folder, JUPYTERLAB_SETTINGS_DIR=str(folder / "settings")
    ) as url:
        yield url


@pytest.mark.slow
def test_what_is_edited_in_the_widget_is_a_schedule_in_python(address: str, tab: Page) -> None:
    tab.set_default_timeout(60_000)
    tab.goto(f"{address}/lab/tree/own/lab.ipynb?token=secret")
    cells = tab.locator(".jp-Notebook .jp-CodeCell")
    expect(cells).to_have_count(3, timeout=60_000)
    expect(tab.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute(
        "data-status", "idle", timeout=60_000
    )

    def execute(number: int) -> None:
        prompt = cells.nth(number).locator(".jp-InputArea-prompt")
        for _ in range(10):  # a notification that just opens takes the key
            cells.nth(number).locator(".cm-content").click()
            tab.keyboard.press("Control+Enter")
            with contextlib.suppress(AssertionError):
                expect(prompt).not_to_have_text("[ ]:", timeout=3_000)
                return

    execute(0)
    expect(tab.locator(".lab-curve").first).to_be_visible(timeout=60_000)

    steps = tab.locator(".schedule-lab").get_by_role("spinbutton").nth(1)
    expect(steps).to_have_value("780")
    steps.fill("500")
    steps.press("Enter")
    execute(1)
    expect(cells.nth(1).locator(".jp-OutputArea-output")).to_have_text("500", timeout=30_000)

    execute(2)  # and the other way
    name = tab.get_by_label("Name of the schedule")
    expect(name).to_have_value("yours", timeout=30_000)
    expect(tab.get_by_role("combobox", name="Kind").first).to_have_value("StepDecay")

    # Training, in the page and in the kernel: the same numbers.
    widget = tab.locator(".schedule-lab")
    train = widget.get_by_role("button", name="Train", exact=True)
    if not train.is_visible():
        widget.get_by_text("Train on MNIST").click()
    for label, number in (("epochs", "1"), ("seeds", "2")):
        box = widget.get_by_role("spinbutton", name=label)
        box.fill(number)
        box.press("Enter")
    where = widget.get_by_role("combobox", name="Where to train")
    expect(where.locator("option")).to_contain_text(["in this page", "numpy", "torch"])
    found = []
    widget.get_by_role("radio", name="accuracy").check()
    for place in ("numpy", "in this page", "torch"):
        where.select_option(place)
        train.click()
        expect(widget.locator(".lab-pictures canvas").first).to_be_visible(timeout=120_000)
        found.append(float(widget.locator(".lab-readout td").last.inner_text().split()[0]))
    assert max(found) - min(found) <= 0.2, found


# What a reader sees of the Markdown cells, of each: its text, its citations, where links lead.
SEEN = """() => [...document.querySelectorAll(".jp-MarkdownCell .myst")].map((cell) => {
  const all = (selector) => [...cell.querySelectorAll(selector)];
  const citations = all("[title='Citation Not Found']").map((e) => e.textContent);
  all("code, .katex").forEach((e) => e.replaceWith("…"));
  const bare = all("p > span:not([class]):not([data-state])").map((e) => e.textContent)
    .filter((text) => text.replace("…", "").trim());
  return [cell.textContent, citations, bare, all("a[href]").map((a) => a.getAttribute("href"))];
})"""


# As from the file browser, but without a kernel.
OPEN = """(path) => jupyterapp.commands.execute("docmanager:open", {
  path, factory: "Notebook", kernelPreference: { shouldStart: false, canStart: false },
}).then((widget) => { globalThis.opened = widget; return widget.context.ready; })"""


@pytest.fixture(scope="module")
def lab(address: str, browser: Browser) -> Iterator[Page]:
    """JupyterLab in a tab, which all chapters share: it takes seconds to load."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(f"{address}/lab?token=secret")
    page.wait_for_function("globalThis.jupyterapp?.commands.hasCommand('docmanager:open')")
    page.evaluate("jupyterapp.restored")
    yield page
    page.close()


def problems_in(lab: Page, path: str, cells: int) -> list[str]:
    """Open a notebook with so many Markdown cells; return what is wrong with what one sees."""
    lab.evaluate(OPEN, path)
    try:
        expect(lab.locator(".jp-MarkdownCell .myst")).to_have_count(cells, timeout=120_000)
        seen = lab.evaluate(SEEN)
    finally:
        lab.evaluate("opened.dispose()")
    problems = []
    for text, cited, bare, links in seen:
        problems += re.findall(r".*Unknown Directive|\{[a-z:]+\}", text)
        problems += [f"citation {key}" for key in cited if key not in WORKS_BY_KEY]
        problems += [f"bare {words}" for words in bare]
        for link in links:
            there = urlsplit(link)
            if there.netloc and link.startswith(lab.url.split("/lab")[0]):
                problems += [f"link {there.path}"] if missing(lab, link) else []
    return problems


@cache
def missing(lab: Page, link: str) -> bool:
    return lab.request.head(link).status != 200  # the same files, from many chapters


WORKS_BY_KEY = citations.bibliography(WORKS)


@pytest.mark.slow
def test_what_jupyterlab_does_not_know_is_seen(lab: Page) -> None:
    found = "\n".join(problems_in(lab, "bad.ipynb", len(BAD)))
    assert "predict - Unknown Directive" in found.replace("…", "predict")
    assert "bare sgd-3" in found
    assert "citation Nobody-2020" in found
    assert "link /files/chapters/decay/cosine\n" in found
    assert "link /files/gone.ipynb" in found
    assert len(found.splitlines()) == 5


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_reads_as_it_is_meant(lab: Page, path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    prose = sum(cell.cell_type == "markdown" for cell in cells)
    assert problems_in(lab, path.relative_to(ROOT).as_posix(), prose) == []
