"""The PDF: the whole book, printed from its pages, with links that lead where they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import settled
from playwright.sync_api import Page
from pypdf import PdfReader
from test_book import CHAPTERS, PAGES, read

from d2lsched.book import pdf

ROOT = Path(__file__).parents[1]
PRINTED_WIDTH = 658  # CSS pixels: A4 without the margins

TOC = "format: jb-book\nroot: intro\nparts:\n- caption: Part\n  chapters:\n  - file: a/one\n"
PAGE = """<html><head><title>{title} — The Book</title>
<link rel="stylesheet" href="{up}_static/book.css"></head>
<body><nav>frame</nav><article class="bd-article"><section id="top"><h1>{title}
<a class="headerlink" href="#top">#</a></h1>{body}</section></article>
<div class="footer-item"><p class="copyright">© Us</p></div></body></html>"""
INTRO = """<p><a id="t" href="a/one.html#top">one</a> <a href="a/one.html">whole</a>
<a href="search.html">search</a> <a href="#t=1">state</a> <a href="https://x.org">out</a></p>
<script>bad()</script><button>Copy</button><noscript><img src="_images/x.png"></noscript>"""
ONE = """<a href="../intro.html">back</a><img loading="lazy" src="../_images/y.png">
<div class="noprint"><p>Drag a slider.</p></div>
<details class="code"><summary>Show code</summary><pre>x</pre></details>
<div class="exercise admonition"><p class="admonition-title">Exercise 1</p><p>Why?</p>
<details class="sd-dropdown"><summary>Hint</summary><div class="sd-summary-content">H</div>
</details><details class="sd-dropdown"><summary>Solution</summary>
<div class="sd-summary-content">S <a href="#top">up</a></div></details></div>"""


@pytest.fixture
def little(tmp_path: Path) -> BeautifulSoup:
    """Return a book of two pages as one document."""
    (tmp_path / "a").mkdir()
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "intro.html").write_text(PAGE.format(title="Intro", up="", body=INTRO))
    (tmp_path / "a" / "one.html").write_text(PAGE.format(title="One", up="../", body=ONE))
    document = pdf.Joined(tmp_path, tmp_path / "_toc.yml").document()
    return BeautifulSoup(document, "html.parser")


def test_pages_are_joined_in_order_without_their_frame(little: BeautifulSoup) -> None:
    assert [chapter["id"] for chapter in little.select("div.chapter")] == ["intro", "a-one"]
    assert little.select("nav:not(.overview), script, button, .headerlink, noscript") == []
    assert "Drag a slider" not in little.text
    assert "Show code" not in little.text
    assert little.select_one(".cover h1").text == "The Book"  # type: ignore[union-attr]
    entries = [entry.get_text() for entry in little.select(".overview li")]
    assert entries == ["Intro", "Part", "One", "Hints and solutions"]
    assert [link["href"] for link in little.select("link")] == ["_static/book.css"]


def test_links_and_pictures_lead_where_they_did(little: BeautifulSoup) -> None:
    intro, one = little.select("div.chapter")
    links = {link.text: link["href"] for link in intro.select("a[href]")}
    assert links == {"one": "#a-one--top", "whole": "#a-one", "out": "https://x.org"}
    assert one.select_one("a")["href"] == "#intro"  # type: ignore[index]
    assert [image["src"] for image in little.select("img")] == [
        "_images/x.png",
        "_images/y.png",
    ]
    assert not little.select("[loading]")
    places = [element["id"] for element in little.select("[id]")]
    assert len(places) == len(set(places))


def test_solutions_move_to_the_end_and_other_folds_open(little: BeautifulSoup) -> None:
    (exercise,) = little.select(".exercise")
    assert not exercise.select("details")
    at = exercise.select_one(".solutions-at")
    assert at is not None
    assert at.get_text() == "Hint and solution: page "
    (solution,) = little.select(".solutions .solution")
    assert at.a is not None
    assert at.a["href"] == f"#{solution['id']}"
    assert [text.get_text() for text in solution.select(".solution-label")] == [
        "Hint",
        "Solution",
    ]
    assert solution.select_one("h3 a")["href"] == f"#{exercise['id']}"  # type: ignore[index]
    assert solution.select_one(".solution-text a")["href"] == "#a-one--top"  # type: ignore[index]
    assert [fold.has_attr("open") for fold in little.select("details")] == [True]


def test_an_unbuilt_book_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toc = str(ROOT / "_toc.yml")
    arguments = ["--book", str(tmp_path), "--toc", toc, "--to", str(tmp_path / "x.pdf")]
    assert pdf.main(arguments) == 1
    assert "make book" in capsys.readouterr().err


def test_a_missing_browser_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="apt-get install chromium"):
        pdf.chromium()


# ---- The real book: a fifth of its pages is printed, which takes a fifth of the minutes

PRINTED = [PAGES[0], *PAGES[4::5]]


@pytest.fixture(scope="module")
def document(book: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return every fifth page of the real book, joined."""
    toc = tmp_path_factory.mktemp("toc") / "_toc.yml"
    chapters = [{"file": page} for page in PRINTED[1:]]
    toc.write_text(
        yaml.safe_dump({"format": "jb-book", "root": PRINTED[0], "chapters": chapters})
    )
    return pdf.Joined(book, toc).document()


@pytest.fixture(scope="module")
def file(book: Path, document: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file with the real book, printed."""
    path = tmp_path_factory.mktemp("pdf") / pdf.NAME
    with ThreadPoolExecutor(1) as pool:  # the tests' browser may hold this thread's loop
        pool.submit(pdf.make, book, document, path).result()
    assert path.stat().st_size < 60e6
    assert not list(book.glob("joined-*"))
    return path


@pytest.fixture(scope="module")
def printed(file: Path) -> PdfReader:
    """Return the PDF, for its links and its outline."""
    return PdfReader(file)


@pytest.fixture(scope="module")
def texts(file: Path) -> list[str]:
    """Return the text of each page of the PDF."""
    with pypdfium2.PdfDocument(file) as document:
        return [page.get_textpage().get_text_range() for page in document]


def titles(book: Path) -> list[str]:
    """Return the titles of the printed pages."""
    headings = [read(book, page).select_one("article h1") for page in PRINTED]
    return [h.get_text().rstrip("#").strip() for h in headings if h]


def every_title(outline: list[Any]) -> Iterator[str]:
    """Yield the titles of an outline, of all its levels."""
    for entry in outline:
        if isinstance(entry, list):
            yield from every_title(entry)
        else:
            yield str(entry.title)


def links(printed: PdfReader) -> list[tuple[int, Any]]:
    """Return what every link of the PDF leads to, with the link's page from 0."""
    found: list[tuple[int, Any]] = []
    for number, page in enumerate(printed.pages):
        for reference in page.get("/Annots", []):
            note = reference.get_object()
            if note["/Subtype"] == "/Link":
                action = note["/A"].get_object() if "/A" in note else {}
                found.append((number, action.get("/URI") or action.get("/D") or note["/Dest"]))
    return found


@pytest.mark.slow
def test_the_outline_has_every_page_in_order(
    book: Path, document: str, printed: PdfReader
) -> None:
    outline = [entry for entry in printed.outline if not isinstance(entry, list)]
    names, wanted = [str(entry.title) for entry in outline], titles(book)
    headings = BeautifulSoup(document, "html.parser").select("h1, h2, h3, h4")
    texts = {" ".join(heading.text.split()) for heading in headings}
    assert [name for name in every_title(printed.outline) if name not in texts] == []
    assert [name for name in names if name in wanted] == wanted
    assert len(printed.pages) > 20 * len(set(PRINTED) & set(CHAPTERS))
    pages = [printed.get_destination_page_number(entry) for entry in outline]
    assert pages == sorted(pages)


@pytest.mark.slow
def test_every_panel_of_the_book_is_there_under_its_label(book: Path, texts: list[str]) -> None:
    lines = [line.strip() for text in texts for line in text.splitlines()]
    for name in ("PyTorch", "TensorFlow", "JAX"):
        labels = [
            label for page in PRINTED for label in read(book, page).select(".framework-label")
        ]
        wanted = sum(label.text == name for label in labels)
        assert wanted > 0
        assert lines.count(name) >= wanted
    assert not any("There is no" in line and "code here" in line for line in lines)


@pytest.mark.slow
def test_links_resolve_within_and_lead_to_the_web_without(printed: PdfReader) -> None:
    places = printed.named_destinations
    inside = [target for _, target in links(printed) if not str(target).startswith("http")]
    assert len(inside) > 50
    assert [target for target in inside if str(target) not in places] == []


@pytest.mark.slow
def test_page_numbers_are_right(printed: PdfReader, texts: list[str]) -> None:
    (contents,) = (text for text in texts[1:3] if "Contents" in text[:20])
    for name, number in re.findall(r"^(.+?)\s*?(\d+)$", contents, re.MULTILINE):
        assert name.strip() in texts[int(number) - 1]
    for number, text in enumerate(texts, start=1):
        if number > 1:
            assert text.strip().splitlines()[-1].strip() == str(number) or (
                text.strip().splitlines()[0].strip() == str(number)
            )
    for number, target in links(printed):
        if "--solution-" in str(target):
            page = printed.get_destination_page_number(printed.named_destinations[str(target)])
            assert page is not None
            assert page > number
            assert f"page {page + 1}" in texts[number]


@pytest.mark.slow
def test_it_is_tagged_and_figures_have_their_alternatives(
    book: Path, file: Path, printed: PdfReader
) -> None:
    root = printed.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    wanted = {
        str(image["alt"])
        for page in PRINTED
        for image in read(book, page).select(".cell_output img")
    }
    with pikepdf.open(file) as document:
        objects = [thing for thing in document.objects if isinstance(thing, pikepdf.Dictionary)]
        found = {str(thing["/Alt"]) for thing in objects if "/Alt" in thing}
    assert wanted
    assert wanted <= found


@pytest.mark.slow
def test_nothing_is_cut_off_at_the_margin(book: Path, document: str, tab: Page) -> None:
    path = book / "margins.html"
    path.write_text(document, encoding="utf-8")
    try:
        tab.set_viewport_size({"width": PRINTED_WIDTH, "height": 900})
        tab.emulate_media(media="print")
        tab.goto(path.as_uri())
        settled(tab)
        tab.evaluate("document.fonts.ready.then(() => null)")
        wide = tab.evaluate("""() => [...document.querySelectorAll("body *")]
          .filter((e) => e.checkVisibility())
          .filter((e) => e.getBoundingClientRect().right > innerWidth + 3)  // a letter leans
          .map((e) => `${e.tagName} ${e.className} ${e.textContent.slice(0, 60)}`)""")
        clipped = tab.evaluate("""() => [...document.querySelectorAll("pre, table, div.math")]
          .filter((e) => e.scrollWidth > e.clientWidth + 1)
          .map((e) => `${e.tagName} ${e.textContent.slice(0, 60)}`)""")
    finally:
        path.unlink()
    assert wide == []
    assert clipped == []
