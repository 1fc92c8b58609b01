"""Every page of the real book, served to a browser and examined by axe."""

from __future__ import annotations

import pytest
from audit.measure import faint, findings
from conftest import assert_icons_are_drawn, problems_of
from playwright.sync_api import Page, expect
from test_book import EVERY_PAGE

FAINT = """<html lang="en"><title>Faint</title><main><h1>Title</h1>
<p style="color: #888; background: #fff">on white: <b style="background: #000">on black</b></p>
<p style="color: #888; background: #000">on black</p>
<div class="highlight"><b>black</b> <span style="opacity: 0.4">gray</span></div></main>"""


def test_axe_finds_what_is_faint_on_its_ground(tab: Page) -> None:
    tab.set_content(FAINT)
    (found,) = findings(tab)
    assert "color-contrast" in found
    assert "2 times, first <p" in found
    tab.locator("main").evaluate("(main) => { main.style.background = 'none #444' }")
    (found,) = faint(tab)
    assert "4 times, first <h1" in found  # and both words of code


@pytest.mark.slow
@pytest.mark.parametrize("page", EVERY_PAGE)
def test_over_http_a_page_is_whole_and_axe_finds_nothing(
    site: str, tab: Page, page: str
) -> None:
    tab.set_default_timeout(60_000)
    problems = problems_of(tab, site)
    tab.goto(f"{site}/{page}.html")
    assert_icons_are_drawn(tab)
    expect(tab.locator("html")).to_have_attribute("data-theme", "light")
    assert findings(tab) == []
    # A theme is colors: in the dark, only what depends on them is looked at again.
    tab.add_style_tag(content="* { transition: none !important }")  # the theme fades them
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert faint(tab) == []
    assert problems == []
