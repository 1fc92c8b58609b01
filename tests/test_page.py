"""Pages as readers load them: light, labeled for everyone, with every icon and figure in place.

Slow, but for the little ones: they examine the built book of `test_book.py`.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import re
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Literal

import pytest
import sphinx_book_theme
from audit.measure import parts_of, transferred
from conftest import eventually, press_tab
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from test_book import CHAPTERS, EVERY_PAGE, PAGES, read
from tinycss2 import parse_stylesheet

from d2lsched.book.mathml import to_mathml
from d2lsched.book.page import may_match, used_rules
from d2lsched.book.serve import listen

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "d2lsched" / "book" / "static"

# ---- One style sheet with what is used --------------------------------------


@pytest.mark.parametrize(("selector", "kept"), [
    (".used", True),
    (".unused", False),
    ("div.used > #other .unused", False),
    ("#other.used::after", True),
    (".used:not(.unused)", True),
    (".used:not(.unused:hover)", True),
    (":is(.unused, .used)", True),
    ("[data-theme='.unused'] .used", True),
    ("html, body > p", True),
    (r".w-25\%", True),  # escaped: not looked up, kept
])  # fmt: skip
def test_selectors_are_kept_if_their_names_occur(selector: str, kept: bool) -> None:
    assert may_match(selector, {"used", "other"}) is kept


@pytest.mark.parametrize(("before", "after"), [
    (".used, .unused { color: red }", ".used{color: red}"),
    (".unused { color: red }", ""),
    ("@media print { .unused { a: b } .used { c: d } }", "@media print {.used{c: d}}"),
    ("@media print { .unused { a: b } }", ""),
    ("@keyframes spin { to { rotate: 1turn } }", "@keyframes spin { to { rotate: 1turn } }"),
    ("@font-face { font-family: Font Awesome\\ 6 Free }", ""),
    (".used { --a: url('data:x,{}') }", ".used{--a: url('data:x,{}')}"),
])  # fmt: skip
def test_a_style_sheet_keeps_what_applies(before: str, after: str) -> None:
    rules = parse_stylesheet(before, skip_comments=True, skip_whitespace=True)
    found = "".join(used_rules(rules, {"used"}))
    assert re.sub(r'"', "'", found) == after


@pytest.mark.slow
def test_the_one_style_sheet_is_whole_and_small(book: Path) -> None:
    text = (book / "_static" / "book.css").read_text(encoding="utf-8")
    assert text.count("{") == text.count("}")
    assert text.count("@font-face") == 1  # and none of Font Awesome's
    for name in (".bd-sidebar-primary", ".framework-tablist", ".highlight", "dialog", "math{"):
        assert name in text, name
    rules = parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    assert [rule for rule in rules if rule.type == "error"] == []
    assert len(gzip.compress(text.encode())) < 40_000


# ---- Icons and labels --------------------------------------------------------


ICONS = (STATIC / "d2lsched-icons.css").read_text(encoding="utf-8")


def test_every_icon_of_the_theme_has_its_drawing() -> None:
    theme = Path(sphinx_book_theme.__file__).parent
    files = [path for path in theme.rglob("*") if path.suffix in {".py", ".html"}]
    texts = [path.read_text(encoding="utf-8") for path in files]
    names = {name for text in texts for name in re.findall(r"\bfa-([a-z-]+)", text)}
    assert {"rocket", "download", "lightbulb"} <= names
    providers = {"bitbucket", "github", "gitlab"}  # the theme makes their names
    drawn = set(re.findall(r"\.fa-([a-z-]+)(?=[, ])", ICONS))
    assert (names | providers) - {"solid", "lg"} - drawn == set()


@pytest.mark.slow
@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_icon_of_a_page_is_drawn_and_every_button_named(book: Path, page: str) -> None:
    soup = read(book, page)
    classes = {name for icon in soup.select('[class*="fa-"]') for name in icon["class"]}
    names = {name for name in classes if re.fullmatch("fa-[a-z-]+", name)}
    assert {"fa-bars", "fa-sun"} <= names
    styles = (book / "_static" / "book.css").read_text(encoding="utf-8")
    drawn = set(re.findall(r"\.(fa-[a-z-]+)(?=[,{])", styles))
    assert names - {"fa-solid", "fa-regular", "fa-lg"} - drawn == set()
    for button in soup.select("button"):
        named = button.get("aria-label") or button.get("title") or button.text.strip()
        assert named, button


# ---- Weight ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("page", EVERY_PAGE)
def test_pages_are_light(book: Path, page: str) -> None:
    path = book / f"{page}.html"
    assert [part for part in parts_of(path) if not part.exists()] == []
    assert transferred(path) < 600_000
    soup = read(book, page)
    assert len(soup.select("link[rel=stylesheet]")) == 1
    assert "fontawesome" not in str(soup.head)
    delaying = soup.head.select("script[src]:not([defer])")  # type: ignore[union-attr]
    assert delaying == []


@pytest.mark.slow
def test_nothing_lies_in_the_book_that_no_page_loads(book: Path) -> None:
    assert list((book / "_static").rglob("*.map")) == []
    assert list((book / "_static").rglob("fontawesome*.js")) == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_images_say_their_size_and_wait_below_the_first(book: Path, page: str) -> None:
    images = read(book, page).select("article img")
    for image in images:
        assert image.get("alt"), image
        assert int(str(image["width"])) > 0
        assert int(str(image["height"])) > 0
    assert all(image.get("loading") == "lazy" for image in images[1:])


# ---- Metadata ----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_pages_describe_themselves(book: Path, page: str) -> None:
    soup = read(book, page)
    assert soup.html is not None
    assert soup.html["lang"] == "en"
    assert len(soup.select("head > title")) == 1
    (description,) = soup.select('meta[name="description"]')
    assert 40 <= len(str(description["content"])) <= 320
    cards = {tag["property"]: tag["content"] for tag in soup.select("meta[property]")}
    assert cards["og:description"] == description["content"]
    assert cards["og:title"]
    assert cards["og:image:alt"]
    picture = book / str(cards["og:image"])  # whole once the book has an address
    with Image.open(picture) as card:
        size = (int(str(cards["og:image:width"])), int(str(cards["og:image:height"])))
        assert card.size == size
    icons = soup.select('link[rel="icon"], link[rel="apple-touch-icon"]')
    assert {Path(str(icon["href"])).suffix for icon in icons} == {".svg", ".png"}


@pytest.mark.slow
def test_chapters_have_descriptions_of_their_own(book: Path) -> None:
    tags = [read(book, page).select_one('meta[name="description"]') for page in CHAPTERS]
    texts = [str(tag["content"]) for tag in tags if tag]
    assert len(set(texts)) == len(CHAPTERS)


@pytest.mark.slow
def test_references_have_short_labels(book: Path) -> None:
    labels = [label.text for label in read(book, "chapters/references").select("span.label")]
    assert len(labels) > 50
    assert [
        one for one in labels if not re.fullmatch(r"\[[A-Za-z]{1,5}\+?\d\d[a-z]?\]", one)
    ] == []


# ---- For everyone ------------------------------------------------------------


MARKED = """(element) => {
  const { outlineStyle, boxShadow } = getComputedStyle(element);
  return element.matches(":focus") && outlineStyle + boxShadow !== "nonenone";
}"""


@pytest.mark.slow
def test_the_keyboard_reaches_the_text_the_menu_and_the_theme(site: str, tab: Page) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.emulate_media(reduced_motion="reduce")  # the link to the text slides in
    tab.goto(f"{site}/{CHAPTERS[0]}.html")
    link = press_tab(tab)
    expect(link).to_have_text("Skip to main content")
    eventually(lambda: link.evaluate("(e) => e.getBoundingClientRect().top >= 0"), True)
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("#main-content$"))
    expect(tab.locator("#pst-skip-link :focus")).to_have_count(0)  # it leaves a frame later

    def focus(selector: str) -> None:
        for _ in range(12):
            if press_tab(tab).evaluate("(e, selector) => e.matches(selector)", selector):
                eventually(lambda: tab.locator(selector).evaluate(MARKED), True)
                return
        raise AssertionError(f"the Tab key did not reach {selector}")

    focus(".primary-toggle")
    tab.keyboard.press("Enter")
    menu = tab.locator("#pst-primary-sidebar-modal")
    expect(menu).to_be_visible()
    expect(tab.locator("dialog[open] :focus")).to_have_count(1)
    tab.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(tab.locator(".primary-toggle")).to_be_focused()  # back at the button that opened it
    focus(".theme-switch-button")
    before = tab.evaluate("document.documentElement.dataset.mode")
    tab.keyboard.press("Enter")
    expect(tab.locator("html")).not_to_have_attribute("data-mode", before)
    expect(tab.locator(".theme-switch-button")).to_be_focused()


@pytest.mark.slow
def test_readers_who_want_no_motion_get_none(book: Path, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto((book / f"{CHAPTERS[0]}.html").as_uri())
    moving = page.evaluate("""[...document.querySelectorAll("*")].map(getComputedStyle)
      .filter((s) => s.scrollBehavior === "smooth" || s.transitionDuration.split(", ")
        .concat(s.animationDuration.split(", ")).some((d) => parseFloat(d) > 0.001)).length""")
    context.close()
    assert moving == 0


COLORS = """() => {
  const { theme, mode } = document.documentElement.dataset;
  return { theme, mode, ground: getComputedStyle(document.body).backgroundColor };
}"""


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "other"), [("dark", "light"), ("light", "dark")])
def test_a_page_has_the_readers_own_colors_until_a_click_changes_them(
    book: Path, browser: Browser, scheme: Literal["dark", "light"], other: str
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.add_init_script("""addEventListener("DOMContentLoaded", () => {
      window.first = document.documentElement.dataset.theme;
    }, { once: true, capture: true })""")
    page.goto((book / f"{CHAPTERS[0]}.html").as_uri())
    assert page.evaluate("window.first") == scheme
    before = page.evaluate(COLORS)
    assert (before["theme"], before["mode"]) == (scheme, "auto")
    page.locator(".theme-switch-button").click()
    eventually(lambda: page.evaluate(COLORS)["ground"] != before["ground"], True)
    assert page.evaluate(COLORS)["theme"] == other
    page.reload()
    assert page.evaluate(COLORS)["theme"] == other
    context.close()


@pytest.mark.slow
def test_figures_lie_on_the_pages_own_ground_in_the_dark(book: Path, browser: Browser) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto((book / f"{CHAPTERS[0]}.html").as_uri())
    figure = page.locator(".cell_output img").first
    figure.scroll_into_view_if_needed()
    box = figure.bounding_box()
    assert box is not None
    clip = {"x": box["x"] - 20, "y": box["y"], "width": 40, "height": 20}
    with Image.open(io.BytesIO(page.screenshot(clip=clip))) as shot:  # type: ignore[arg-type]
        outside, inside = (shot.convert("RGB").getpixel((x, 10)) for x in (5, 30))
    context.close()
    assert all(abs(a - b) <= 3 for a, b in zip(outside, inside, strict=True))  # type: ignore[arg-type]
    assert max(inside) < 60  # type: ignore[type-var]


# Figures are links to themselves; what is cited leads back to each place that cites it.
LINKS = "article a[href]:not(.headerlink, .download, .image-reference, .citation a)"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_links_of_one_name_lead_to_one_place(book: Path, page: str) -> None:
    places: dict[str, set[str]] = {}
    for link in read(book, page).select(LINKS):
        places.setdefault(" ".join(link.text.split()), set()).add(str(link["href"]))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.slow
def test_formulas_have_a_font_of_their_own(book: Path) -> None:
    fonts = [p for p in parts_of(book / f"{CHAPTERS[0]}.html") if p.suffix == ".woff2"]
    assert [font.name for font in fonts] == ["d2lsched-math.woff2"]
    assert fonts[0].stat().st_size < 80_000


TOPS = """document.fonts.load("100px M").then(() =>
  [...document.querySelectorAll("msub, msup")]
    .map((e) => e.lastChild.getBoundingClientRect().y))
"""


@pytest.mark.parametrize(("one", "other"), [
    ("x_t", r"\eta_t"), ("x_t", "y_t"), ("x_t", ")_t"), ("x^2", ")^2"), ("x^2", r"\rfloor^2"),
])  # fmt: skip
def test_scripts_stand_in_one_line_whatever_their_base(
    tab: Page, tmp_path: Path, one: str, other: str
) -> None:
    font = (STATIC / "fonts" / "d2lsched-math.woff2").as_uri()
    style = f"@font-face {{ font-family: M; src: url({font}) }} math {{ font: 100px M }}"
    path = tmp_path / "formulas.html"
    path.write_text(
        f"<style>{style}</style><p>{to_mathml(one)} {to_mathml(other)}</p>", "utf-8"
    )
    tab.goto(path.as_uri())
    eventually(lambda: tab.evaluate("document.fonts.check('100px M')"), True)
    first, second = tab.evaluate(TOPS)
    assert abs(first - second) < 3  # hundredths of an em


def test_right_aligned_columns_end_in_one_line(tab: Page, tmp_path: Path) -> None:
    formula = to_mathml(r"\begin{aligned} a &= b \\ a + b + c &= d \end{aligned}", display=True)
    styles = (STATIC / "d2lsched.css").as_uri()
    path = tmp_path / "formula.html"
    path.write_text(f'<link rel="stylesheet" href="{styles}"><p>{formula}</p>', "utf-8")
    tab.goto(path.as_uri())
    short, long = tab.evaluate("""[...document.querySelectorAll("mtd:first-child > mrow")]
      .map((row) => row.getBoundingClientRect().right)""")
    assert abs(short - long) < 1


def test_operators_in_indices_and_exponents_are_tight() -> None:
    tight = '<mo lspace="0" rspace="0">'
    assert tight in to_mathml(r"w_{t+1}")
    assert to_mathml(r"\sum_{s=0}^{t-1} s", display=True).count(tight) == 2
    assert tight not in to_mathml(r"\frac{t+1}{T} = 2")


# ---- The server --------------------------------------------------------------


def in_a_loop_of_its_own(task: Any) -> Any:
    """Run a coroutine in another thread: playwright's loop may be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, task).result()


def test_the_server_answers_whatever_is_asked(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("here")
    asked = [
        "",
        "%00",
        "a%00/b",
        "%ff",
        "..%2f..%2fetc",
        "x" * 5_000,
        "%",
        "%0d%0aX:y",
        "index.html",
    ]

    def status(port: int, path: str) -> int:
        with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", f"/{path}")
            return connection.getresponse().status

    async def ask() -> list[int]:
        server, port = listen(tmp_path)
        answers = [await asyncio.to_thread(status, port, path) for path in asked]
        server.stop()
        return answers

    first, *others, last = in_a_loop_of_its_own(ask())
    assert first == last == 200
    assert all(400 <= answer < 500 for answer in others), others


def test_the_server_compresses_and_lets_browsers_keep(tmp_path: Path) -> None:
    text = "<p>Much the same.</p>\n" * 1000
    (tmp_path / "index.html").write_text(text)
    (tmp_path / "_images").mkdir()
    picture = io.BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "png")
    (tmp_path / "_images" / "hash.png").write_bytes(picture.getvalue())

    def get(address: str, **headers: str) -> Any:
        request = urllib.request.Request(address, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return response, response.read()

    async def ask() -> list[Any]:
        server, port = listen(tmp_path)
        root = f"http://127.0.0.1:{port}"
        gzipped = {"Accept-Encoding": "gzip"}
        answers = [
            await asyncio.to_thread(get, f"{root}/", **gzipped),
            await asyncio.to_thread(get, f"{root}/"),
            await asyncio.to_thread(get, f"{root}/_images/hash.png", **gzipped),
        ]
        server.stop()
        return answers

    (small, body), (plain, whole), (image, _) = in_a_loop_of_its_own(ask())
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body).decode() == text
    assert len(body) < len(text) / 10
    assert small.headers["Content-Type"] == "text/html; charset=utf-8"
    assert small.headers["Cache-Control"] == "no-cache"
    assert plain.headers["Content-Encoding"] is None
    assert whole.decode() == text
    assert "immutable" in image.headers["Cache-Control"]


@pytest.mark.slow
def test_a_taken_port_is_named(tmp_path: Path) -> None:
    async def twice() -> subprocess.CompletedProcess[str]:
        server, port = listen(tmp_path)
        command = [
            sys.executable,
            "-m",
            "d2lsched.book.serve",
            str(tmp_path),
            "--port",
            str(port),
        ]
        run = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=False, cwd=ROOT
        )
        server.stop()
        return run

    run = in_a_loop_of_its_own(twice())
    assert run.returncode == 1
    assert "port" in run.stderr
    assert "Traceback" not in run.stderr
