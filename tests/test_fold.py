"""Code that folds: which cells do, and what the switch in a page's head does to all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import eventually
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Page, expect
from test_book import CHAPTERS, code, figure, read, sphinx

from d2lsched.book import execute
from d2lsched.book.code import fold, only_drawing

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(execute.find([ROOT / "chapters"]))
DRAWN = [figure("A curve that falls.")]


def folded(*cells: Any) -> list[str]:
    """Return the sources of the cells of a notebook that only draw."""
    return [cell.source for cell in only_drawing(new_notebook(cells=list(cells)))]


def test_a_cell_that_only_draws_is_folded() -> None:
    drawing = code("import numpy as np\nfig, ax = f()\nax.plot(x)\nfig", outputs=DRAWN)
    assert folded(drawing, code("fig, ax = f()\nfig", outputs=DRAWN)) == [
        drawing.source,
        "fig, ax = f()\nfig",
    ]


@pytest.mark.parametrize("later", ["rates[0]", "rates += 1", "def f():\n    return rates"])
def test_a_cell_whose_result_is_needed_later_is_not(later: str) -> None:
    assert folded(code("rates = [1]\nplot(rates)", outputs=DRAWN), code(later)) == []


@pytest.mark.parametrize(
    "later", ["rates = 2\nrates", "[rates for rates in x]", "lambda rates: rates", "x.rates"]
)
def test_a_name_that_a_later_cell_makes_anew_is_no_result(later: str) -> None:
    assert len(folded(code("rates = [1]\nplot(rates)", outputs=DRAWN), code(later))) == 1


def test_a_cell_that_prints_or_shows_nothing_is_not_folded() -> None:
    text = code("print(1)").outputs
    assert folded(code("print(1)"), code("f()", outputs=[*DRAWN, *text])) == []
    assert folded(new_code_cell("x = 1")) == []


def test_folding_changes_tags_alone() -> None:
    cells = [code("a()", "torch", outputs=DRAWN), code("print(1)", "hide-input")]
    notebook = new_notebook(cells=cells)
    before = [cell.outputs for cell in cells]
    fold(notebook)
    fold(notebook)
    assert [cell.metadata for cell in cells] == [{"tags": ["torch", "hide-input"]}, {}]
    assert [cell.outputs for cell in cells] == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_cells_of_the_book_that_only_draw_have_the_tag(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    tagged = [
        cell.id for cell in notebook.cells if "hide-input" in cell.metadata.get("tags", ())
    ]
    assert tagged == [cell.id for cell in only_drawing(notebook)]


@pytest.mark.slow
def test_the_page_folds_the_source_of_every_cell(tmp_path: Path) -> None:
    cells = [code("plain"), code("drawing", "hide-input", outputs=DRAWN)]
    out, warnings = sphinx(tmp_path / "book", cells)
    assert warnings == ""
    page = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    plain, drawing = page.select(".cell_input > details.code")
    assert plain.has_attr("open")
    assert not drawing.has_attr("open")
    assert "drawing" in drawing.text
    assert "out of plain" not in plain.text  # results stay outside
    assert page.select(".cell > details") == []


# ---- The real book


SHOWS = "(e) => e.checkVisibility({ contentVisibilityAuto: true }) && e.offsetHeight > 20"
STATE = """() => Object.fromEntries(["drawing", "plain"].map((kind) => {
  const all = [...document.querySelectorAll("details.code")]
    .filter((fold) => fold.classList.contains("drawing") === (kind === "drawing"));
  return [kind, [...new Set(all.map((fold) => fold.open))]];
}))"""
FIRST = {"drawing": [False], "plain": [True]}
FOLDED = {"drawing": [False], "plain": [False]}
SHOWN = {"drawing": [True], "plain": [True]}


@pytest.mark.slow
def test_every_chapter_begins_with_its_picture(book: Path) -> None:
    folds = [len(read(book, page).select("details.code.drawing")) for page in CHAPTERS]
    notebooks = [nbformat.read(ROOT / f"{page}.ipynb", as_version=4) for page in CHAPTERS]
    assert folds == [len([*only_drawing(notebook)]) for notebook in notebooks]
    assert all(folds)


@pytest.mark.slow
def test_one_switch_folds_the_book_and_is_remembered(site: str, tab: Page) -> None:
    first, last = (f"{site}/{page}.html" for page in (CHAPTERS[0], CHAPTERS[-1]))
    tab.goto(first)
    eventually(lambda: tab.evaluate(STATE), FIRST)
    other = tab.context.new_page()
    other.goto(last)
    switch = tab.get_by_role("button", name="Fold all code")
    switch.click()
    eventually(lambda: tab.evaluate(STATE), FOLDED)
    eventually(lambda: other.evaluate(STATE), FOLDED)
    tab.reload()
    eventually(lambda: tab.evaluate(STATE), FOLDED)
    fold = tab.locator("details.code").first
    fold.locator("summary").press("Enter")  # one alone
    expect(fold).to_have_attribute("open", "")
    switch = tab.get_by_role("button", name="Show all code")
    switch.focus()
    tab.keyboard.press("Enter")
    eventually(lambda: tab.evaluate(STATE), SHOWN)
    expect(tab.get_by_role("button", name="Fold all code")).to_be_focused()
    tab.goto(last)
    eventually(lambda: tab.evaluate(STATE), SHOWN)


@pytest.mark.slow
def test_pages_without_code_have_no_switch(book: Path) -> None:
    for page, switches in ((CHAPTERS[0], 1), ("chapters/glossary", 0), ("search", 0)):
        assert len(read(book, page).select(".btn-fold-button")) == switches


@pytest.mark.slow
def test_without_javascript_and_in_print_code_can_be_had(book: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((book / f"{CHAPTERS[0]}.html").as_uri())
    for dead in (".btn-fold-button", ".theme-switch-button", ".search-button"):
        expect(page.locator(dead).first).to_be_hidden()
    fold = page.locator("details.code.drawing").first
    assert fold.locator("pre").evaluate(SHOWS) is False
    page.emulate_media(media="print")
    assert fold.locator("pre").evaluate(SHOWS) is True
    expect(fold.locator("summary")).to_be_hidden()
    page.emulate_media(media="screen")
    fold.locator("summary").click()
    assert fold.locator("pre").evaluate(SHOWS) is True
    context.close()
