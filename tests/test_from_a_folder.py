"""Every page of the real book, opened in a browser as a file, and without JavaScript.

Opening a page takes longer than most that is done on it: so each is opened once, and a visit
looks at all that differs from page to page. What a script does is looked at on `KINDS`.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from audit.measure import faint, findings
from conftest import assert_icons_are_drawn, eventually, faded, problems_of, settled
from playwright.sync_api import Browser, Page, expect
from test_book import EVERY_PAGE, assert_shows, offered
from test_lab import OVERFLOW, curves
from test_tabs import assert_notes

pytestmark = pytest.mark.slow

KINDS = [
    f"chapters/{page}"
    for page in ("decay/cosine", "feedback/scikit-learn", "modern/averaging", "practice/bugs")
]
"""A chapter as most are; libraries beside the frameworks; large figures; the most tabs."""

FAINT = """<html lang="en"><title>Faint</title><main><h1>Title</h1>
<p style="color: #888; background: #fff">on white: <b style="background: #000">on black</b></p>
<p style="color: #888; background: #000">on black</p>
<div class="highlight"><b>black</b> <span style="opacity: 0.4">gray</span></div></main>"""

TOP = "(element) => element.getBoundingClientRect().top"


def assert_one_click_switches_every_set_and_moves_nothing(page: Page) -> None:
    for framework in offered(page):
        button = page.locator(f"[role=tab][data-name={framework}]").last
        button.hover()  # scrolls to it, and waits until it stands still
        before = button.evaluate(TOP)
        button.click()
        assert_shows(page, framework)
        settled(page)
        assert abs(button.evaluate(TOP) - before) < 2


def assert_its_lab_redraws_on_the_ground_of_the_page(page: Page) -> None:
    curve = curves(page).first
    before = curve.get_attribute("d")
    page.locator(".lab-fields input[type=range]").first.press("ArrowLeft")
    expect(curve).not_to_have_attribute("d", before or "")
    # The theme gives results of cells a light ground in the dark.
    ground = "(lab) => getComputedStyle(lab.parentElement).backgroundColor"
    for theme in ("dark", "light"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        assert page.locator(".schedule-lab").first.evaluate(ground) == "rgba(0, 0, 0, 0)"


SWITCHES = 6


def assert_no_set_ever_disagrees(page: Page, choice: random.Random) -> None:
    present = offered(page)
    for _ in range(SWITCHES if present else 0):
        framework = choice.choice(present)
        buttons = page.locator(f"[role=tab][data-name={framework}]")
        button = buttons.nth(choice.randrange(buttons.count()))
        button.click() if choice.random() < 0.5 else button.press("Enter")
        assert_shows(page, framework)
        assert_notes(page, framework)


TOP_TO = """(lab, y) => scrollBy({
  top: lab.getBoundingClientRect().top - y, behavior: "instant",
})"""
COVERED = """() => {
  const lab = document.querySelector(".schedule-lab");
  const [plots, readout] = [".lab-plots", ".lab-readout"]
    .map((part) => lab.querySelector(part).getBoundingClientRect());
  return { below: Math.max(0, plots.bottom - readout.top), above: Math.max(0, -plots.top) };
}"""


def assert_the_curves_of_its_lab_stay_in_sight_and_hide_nothing(page: Page) -> None:
    lab = page.locator(".schedule-lab").first
    lab.evaluate(TOP_TO, 200)
    eventually(lambda: page.evaluate(COVERED)["below"], 0)
    lab.evaluate(TOP_TO, -150)
    eventually(lambda: page.evaluate(COVERED)["above"], 0)


# A table may scroll, as the shadow at its edge shows; text wraps.
CUT = """() => [...document.querySelectorAll(".cell_output pre, .cell_output .text_html")]
  .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
  .filter((e) => innerWidth > 1000 || e.matches("pre"))
  .map((e) => e.textContent.trim().slice(0, 60))"""


def assert_no_output_is_cut_off(page: Page) -> None:
    for framework in offered(page) or ["torch"]:
        page.evaluate(f"window.d2lsched.choose('{framework}')")
        assert_shows(page, framework)
        eventually(lambda: page.evaluate(CUT), [])


OUTSIDE = "(all) => all.map((b) => b.getBoundingClientRect().right).filter((x) => x > 390)"


def assert_it_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert_icons_are_drawn(page)
    boxes = page.locator(".framework-tablist, .cell_output img")
    for framework in offered(page) or ["torch"]:
        page.evaluate(f"window.d2lsched.choose('{framework}')")
        assert_shows(page, framework)
        eventually(lambda: page.evaluate(OVERFLOW), 0)
        eventually(lambda: boxes.evaluate_all(OUTSIDE), [])
        eventually(lambda: page.evaluate(CUT), [])


COUNTS = """() => {
  const count = (selector) => {
    const all = [...document.querySelectorAll(selector)];
    const seen = (e) => e.checkVisibility({ visibilityProperty: true })
      && e.getBoundingClientRect().height > 0;
    return [all.length, all.filter(seen).length];
  };
  const panel = ".framework-tabs > .framework";
  return [count(panel), count(panel + " > .framework-label"), count("[role=tablist]")];
}"""


def assert_all_panels_show_labeled(page: Page, *, tabs: bool) -> None:
    """Assert that every panel is to be seen, each with its label, and no tab is."""
    panels, labels, lists = page.evaluate(COUNTS)
    assert panels[0] == panels[1] > 0
    assert labels == panels
    assert (lists[0] > 0) == tabs
    assert lists[1] == 0


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_a_page_fits_every_window_and_axe_finds_nothing(
    book: Path, tab: Page, page: str
) -> None:
    problems = problems_of(tab, "file:")
    tab.goto((book / f"{page}.html").as_uri())
    assert_icons_are_drawn(tab)
    expect(tab.locator("html")).to_have_attribute("data-theme", "light")
    assert findings(tab) == []
    # A theme is colors: in the dark, only what depends on them is looked at again.
    faded(tab)
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert faint(tab) == []
    tab.set_viewport_size({"width": 1440, "height": 900})
    assert_no_output_is_cut_off(tab)
    assert_it_fits_a_phone(tab)
    assert problems == []


@pytest.mark.parametrize("page", KINDS)
def test_the_tabs_and_the_lab_of_a_page_work(book: Path, tab: Page, page: str) -> None:
    problems = problems_of(tab, "file:")
    tab.goto((book / f"{page}.html").as_uri())
    assert_shows(tab, "torch")
    assert_one_click_switches_every_set_and_moves_nothing(tab)
    # The seed differs by page only: whoever finds a failure finds it again.
    assert_no_set_ever_disagrees(tab, random.Random(page))
    assert len(offered(tab)) >= 3
    assert_its_lab_redraws_on_the_ground_of_the_page(tab)
    assert_the_curves_of_its_lab_stay_in_sight_and_hide_nothing(tab)
    tab.emulate_media(media="print")
    assert_all_panels_show_labeled(tab, tabs=True)
    assert problems == []


@pytest.mark.parametrize("chapter", KINDS)
def test_without_javascript_all_panels_show_labeled(
    book: Path, browser: Browser, chapter: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((book / f"{chapter}.html").as_uri())
    for media in ("screen", "print"):
        page.emulate_media(media=media)  # type: ignore[arg-type]
        assert_all_panels_show_labeled(page, tabs=False)
    context.close()


def test_axe_finds_what_is_faint_on_its_ground(tab: Page) -> None:
    tab.set_content(FAINT)
    (found,) = findings(tab)
    assert "color-contrast" in found
    assert "2 times, first <p" in found
    tab.locator("main").evaluate("(main) => { main.style.background = 'none #444' }")
    (found,) = faint(tab)
    assert "4 times, first <h1" in found  # and both words of code
