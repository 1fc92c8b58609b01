"""Framework tabs where a set lacks a framework: none disagrees, and none misleads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import eventually
from playwright.sync_api import Browser, Page, expect
from test_book import FRAMEWORKS, assert_shows, awkward_book

LABELS = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}

NOTES = """() => [...document.querySelectorAll(".framework-tabs")].map((set) => {
  const note = set.querySelector(":scope > .framework-note");
  const names = [...set.querySelectorAll(":scope > .framework")]
    .map((panel) => panel.className.match(/framework-(\\w+)/)[1]);
  return { names, text: note.checkVisibility() ? note.textContent : "" };
})"""


def wrong_notes(page: Page, framework: str) -> list[dict[str, Any]]:
    """The sets that say something and have this framework, or lack it and do not say so."""

    def right(names: list[str], text: str) -> bool:
        if framework in names:
            return text == ""
        return LABELS[framework] in text and LABELS[names[0]] in text

    return [found for found in page.evaluate(NOTES) if not right(**found)]


def assert_notes(page: Page, framework: str) -> None:
    """Assert that the sets without this framework, and they alone, say what they show."""
    eventually(lambda: wrong_notes(page, framework), [])


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a little book with sets that lack one framework or another."""
    return awkward_book(tmp_path_factory)


@pytest.mark.slow
def test_a_set_without_the_chosen_framework_says_what_it_shows(
    awkward: Path, tab: Page
) -> None:
    tab.goto((awkward / "index.html").as_uri())
    for framework in (*FRAMEWORKS, *reversed(FRAMEWORKS)):
        tab.evaluate(f"window.d2lsched.choose('{framework}')")
        assert_shows(tab, framework)
        assert_notes(tab, framework)
    tab.evaluate("window.d2lsched.choose('jax')")
    notes = [
        "",
        "There is no JAX code here; this is TensorFlow’s.",
        "There is no JAX code here; this is PyTorch’s.",
        "",
    ]
    eventually(lambda: [found["text"] for found in tab.evaluate(NOTES)], notes)


def test_print_shows_all_sets_whole_and_no_note(awkward: Path, tab: Page) -> None:
    tab.goto((awkward / "index.html").as_uri() + "?framework=jax")
    only_on_screen = tab.locator(".framework-note:visible, [role=tablist]:visible")
    expect(only_on_screen).not_to_have_count(0)
    tab.emulate_media(media="print")
    expect(only_on_screen).to_have_count(0)
    panels = tab.locator(".framework-tabs > .framework").count()
    expect(tab.locator(".framework-tabs > .framework:visible")).to_have_count(panels)
    expect(tab.locator(".framework-label:visible")).to_have_count(panels)


def test_without_javascript_nothing_is_a_fallback(awkward: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((awkward / "index.html").as_uri() + "?framework=jax")
    expect(page.locator(".framework-tabs > .framework:visible")).not_to_have_count(0)
    expect(page.locator(".framework-tabs > .framework:not(:visible)")).to_have_count(0)
    expect(page.locator(".framework-note")).to_have_count(0)
    context.close()


@pytest.mark.slow
def test_an_address_shared_from_a_folder_chooses_and_is_remembered(
    awkward: Path, tab: Page
) -> None:
    address = (awkward / "index.html").as_uri()
    tab.goto(address)
    assert_shows(tab, "torch")
    tab.goto(f"{address}?framework=jax#a-section")
    assert_shows(tab, "jax")
    tab.goto(address)
    assert_shows(tab, "jax")
    tab.locator("[role=tab][data-name=numpy]").first.click()
    assert_shows(tab, "numpy")
    tab.reload()
    assert_shows(tab, "numpy")
