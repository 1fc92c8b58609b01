"""Pages of the real book, served to a browser: whole, and without errors."""

from __future__ import annotations

import pytest
from conftest import assert_icons_are_drawn, problems_of
from playwright.sync_api import Page
from test_book import EVERY_PAGE
from test_from_a_folder import KINDS

# Over HTTP a page may ask for other files than from a folder; which, depends on its scripts.
ASKING = [*KINDS, *(page for page in EVERY_PAGE if page.count("/") < 2)]


@pytest.mark.slow
def test_over_http_pages_are_whole_and_without_errors(site: str, tab: Page) -> None:
    for name in ASKING:
        page = tab.context.new_page()
        problems = problems_of(page, site)
        page.goto(f"{site}/{name}.html")
        assert_icons_are_drawn(page)
        assert problems == [], name
        page.close()
