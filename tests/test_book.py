"""The rendered book: its transforms, its pages, and what a browser makes of them.

The slow tests build the real book, or take the one in the folder that the
environment variable D2LSCHED_BOOK names, and open it in Chromium.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup, Tag
from conftest import eventually, faded, made_once
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page, expect

from d2lsched.book.mathml import FormulaError, to_mathml

ROOT = Path(__file__).parent.parent
FRAMEWORKS = ("numpy", "torch", "tensorflow", "jax")
PIXEL64 = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def pages_of(toc: object) -> list[str]:
    """Return the pages that a table of contents names, in its order."""
    if isinstance(toc, list):
        return [page for item in toc for page in pages_of(item)]
    if not isinstance(toc, dict):
        return []
    here = [toc[key] for key in ("root", "file") if key in toc]
    return here + [page for value in toc.values() for page in pages_of(value)]


PAGES = pages_of(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
EVERY_PAGE = [*PAGES, "search", "genindex"]
CHAPTERS = [
    page for page in PAGES if page.count("/") == 2 and (ROOT / f"{page}.ipynb").exists()
]


# ---- Mathematics ------------------------------------------------------------


@pytest.mark.parametrize("latex", [
    r"\eta_t = \eta_T + \tfrac12 (\eta_0 - \eta_T)\left(1 + \cos\frac{\pi t}{T}\right)",
    r"\lVert g \rVert \le \lfloor t/s \rfloor",
    r"\begin{cases} \eta_0 t/w & \text{if } t < w, \\ \eta_0 & \text{otherwise} \end{cases}",
    r"\begin{aligned} a &= b \\ &= c \end{aligned}",
    r"\mathbb{E}[\mathcal{L}(w)] \sim \mathbf{w}^\top H \boldsymbol{\theta}",
])  # fmt: skip
def test_formulas_of_the_book_are_understood(latex: str) -> None:
    math = BeautifulSoup(to_mathml(latex, display=True), "html.parser")
    assert math.find("math")
    assert "\\" not in math.text
    assert "&" not in math.text


@pytest.mark.parametrize("latex", [
    r"\unknown x", r"\frac{1}", r"\frac{1", "a & b", "x^", r"\left( x", r"\text{if $t$}",
    r"\operatorname*{arg\,max}_x",
])  # fmt: skip
def test_wrong_latex_is_refused(latex: str) -> None:
    with pytest.raises(FormulaError):
        to_mathml(latex)


@pytest.mark.parametrize(("latex", "mathml"), [
    ("a<b", "<mo>&lt;</mo>"),
    (r"\mathrm{d}t", '<mi mathvariant="normal">d</mi>'),
    (r"\mathbb E", "<mi>𝔼</mi>"),
    (r"x = -1", '<mo form="prefix">−</mo>'),
    (r"10{,}000", '<mo lspace="0" rspace="0">,</mo>'),
    (r"2\cos x", '<mspace width="0.167em" /><mi>cos</mi><mspace width="0.167em" /><mi>x</mi>'),
    (r"\cos(x)", '<mi>cos</mi><mo stretchy="false">(</mo>'),
    (r"a\!b", '<mspace width="-0.167em" />'),
    (r"\max_t x", '<munder><mo movablelimits="true" lspace="0" rspace="0">max</mo>'),
    (r"\operatorname*{argmin}_x f", "<munder>"),
    (r"t \to \infty", '<mi mathvariant="normal">∞</mi>'),
    (r"a \pm b", "<mo>±</mo>"),
    (r"\left( \sum_{t=0}^n t \right)", "<munderover><mo movablelimits=\"true\">∑</mo>"),
    (r"= \operatorname{E} w",
     '<mo lspace="0" rspace="0">E</mo><mspace width="0.167em" /><mi>w</mi>'),
    (r"\mathrm{d}\Delta", '<mi mathvariant="normal">Δ</mi>'),
    ("c.", '<mo lspace="0" rspace="0">.</mo>'),
    ("w^*", "<mo lspace=\"0\" rspace=\"0\">∗</mo>"),
    (r"\begin{aligned} a &= b \end{aligned}",
     '<mtd columnalign="right" dir="rtl"><mrow dir="ltr"><mi>a</mi></mrow></mtd>'),
    (r"\lfloor x", '<mo form="prefix" stretchy="false">⌊</mo>'),
])  # fmt: skip
def test_mathml_is_what_browsers_draw_right(latex: str, mathml: str) -> None:
    assert mathml in to_mathml(latex)


# ---- A little book of awkward cases -----------------------------------------


def code(source: str, *tags: str, outputs: list[Any] | None = None) -> Any:
    """Return a code cell that ran and printed its own source."""
    outputs = outputs or [new_output("stream", name="stdout", text=f"out of {source}\n")]
    return new_code_cell(
        source, metadata={"tags": list(tags)}, outputs=outputs, execution_count=1
    )


def figure(text: str) -> Any:
    """Return the output of an object shown as an image and as ``text``."""
    return new_output("display_data", data={"image/png": PIXEL64, "text/plain": text})


def sphinx(folder: Path, cells: list[Any], builder: str = "html") -> tuple[Path, str]:
    """Build a project of one notebook; return the output folder and the warnings."""
    folder.mkdir(exist_ok=True)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    language = {"name": "python", "pygments_lexer": "ipython3"}
    metadata = {"kernelspec": kernel, "language_info": language}
    cells = [new_markdown_cell("# Title"), *cells]
    nbformat.write(new_notebook(cells=cells, metadata=metadata), folder / "index.ipynb")
    (folder / "conf.py").write_text(
        "extensions = ['myst_nb', 'd2lsched.book']\nnb_execution_mode = 'off'\n"
        "html_math_renderer = 'mathml'\nmyst_enable_extensions = ['dollarmath', 'amsmath']\n"
    )
    out = folder / "_build" / builder
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", builder, str(folder), str(out)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return out, run.stderr


def page_of(out: Path) -> BeautifulSoup:
    """Return the little book's page."""
    return BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")


def panels_of(tab_set: Tag) -> dict[str, str]:
    """Return the text of each panel, by its label."""
    return {
        panel.select_one(".framework-label").text: panel.text  # type: ignore[union-attr]
        for panel in tab_set.select(":scope > .framework")
    }


AWKWARD = [
    code("three_torch", "torch"), code("three_jax", "jax"), code("three_np", "numpy"),
    new_markdown_cell("A markdown cell ends a set."),
    code("alone_tf", "tensorflow"),
    code("untagged"),
    code("again_torch_1", "torch"), code("again_torch_2", "torch"),
    code("again_tf", "tensorflow"), code("again_torch_3", "torch"),
    new_markdown_cell("## A section"),
    code("figure_torch", "torch", outputs=[figure("The loss falls. Then it rises."),
         new_output("stream", name="stderr", text="careful\n")]),
    code("table_jax", "jax", "hide-input", outputs=[
         new_output("display_data", data={"text/html": "<b>bold</b>", "text/plain": "bold"})]),
    code("raises_np", "numpy", outputs=[
         new_output("error", ename="E", evalue="v", traceback=["E: boom"])]),
]  # fmt: skip


def awkward_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with made_once(tmp_path_factory, "awkward") as (folder, there):
        if not there:
            assert sphinx(folder, AWKWARD)[1] == ""
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the built little book of awkward cases."""
    return awkward_book(tmp_path_factory)


@pytest.mark.slow
def test_neighboring_cells_become_sets_in_the_order_of_the_frameworks(awkward: Path) -> None:
    sets = [panels_of(tab_set) for tab_set in page_of(awkward).select(".framework-tabs")]
    assert [list(panels) for panels in sets] == [
        ["NumPy", "PyTorch", "JAX"],
        ["TensorFlow"],
        ["PyTorch", "TensorFlow"],
        ["NumPy", "PyTorch", "JAX"],
    ]


@pytest.mark.slow
def test_repeated_cells_share_their_framework_panel_in_order(awkward: Path) -> None:
    panels = panels_of(page_of(awkward).select(".framework-tabs")[2])
    positions = [panels["PyTorch"].index(f"out of again_torch_{n}") for n in (1, 2, 3)]
    assert positions == sorted(positions)
    assert "out of again_tf" in panels["TensorFlow"]
    assert "torch" not in panels["TensorFlow"]


def test_a_set_names_what_it_lacks_and_falls_back_on_its_first_panel(awkward: Path) -> None:
    sets = page_of(awkward).select(".framework-tabs")
    lacking = [{c for c in s["class"] if c.startswith("lacks-")} for s in sets]
    assert lacking[0] == {"lacks-tensorflow"}
    assert lacking[1] == {"lacks-numpy", "lacks-torch", "lacks-jax"}
    assert lacking[2] == {"lacks-numpy", "lacks-jax"}
    for tab_set in sets:
        first, *others = tab_set.select(":scope > .framework")
        assert "fallback" in first["class"]
        assert not any("fallback" in other["class"] for other in others)


def test_nothing_is_lost_and_untagged_cells_stay_outside(awkward: Path) -> None:
    page = page_of(awkward)
    assert len(page.select("div.cell")) == len([c for c in AWKWARD if c.cell_type == "code"])
    for text in ("untagged", "careful", "bold", "boom", "alone_tf"):
        assert text in page.text
    untagged = next(cell for cell in page.select("div.cell") if "untagged" in cell.text)
    assert untagged.find_parent(class_="framework-tabs") is None


def test_the_text_of_a_figure_is_its_alternative(awkward: Path) -> None:
    image = page_of(awkward).select_one(".cell_output img")
    assert image is not None
    assert image["alt"] == "The loss falls. Then it rises."


@pytest.mark.slow
def test_a_caption_is_the_first_sentence_and_panels_share_its_number(tmp_path: Path) -> None:
    cells = [
        code("a", outputs=[figure("One curve. It falls.")]),
        code("b", "torch", outputs=[figure("Three panels.")]),
        code("c", "jax", outputs=[figure("Two panels."), figure("At rate 0.4, a line! No.")]),
        code("d", outputs=[figure("What follows.")]),
    ]  # fmt: skip
    out, warnings = sphinx(tmp_path / "book", cells)
    assert warnings == ""
    figures = page_of(out).select("figure")
    captions = [figure.figcaption.text.strip().rstrip("¶#") for figure in figures]  # type: ignore[union-attr]
    assert captions == [
        "Figure 1. One curve.",
        "Figure 2. Three panels.",
        "Figure 2. Two panels.",
        "Figure 3. At rate 0.4, a line!",
        "Figure 4. What follows.",
    ]
    ids = [figure["id"] for figure in figures]
    assert ids[:3] == ["figure-1", "figure-2-framework-torch", "figure-2-framework-jax"]
    assert len(set(ids)) == len(ids)


@pytest.mark.slow
def test_latex_shows_every_panel_under_its_label(tmp_path: Path) -> None:
    out, _ = sphinx(tmp_path / "book", AWKWARD[:3], "latex")
    tex = next(out.glob("*.tex")).read_text(encoding="utf-8")
    for text in ("NumPy", "PyTorch", "JAX", "out of three", "torch"):
        assert text in tex


WRONG = [  # in a cell of its own each, with the warning
    (code("plot", outputs=[figure("<Figure size 640x480 with 1 Axes>")]),
     "index: an image in cell 1 has no text alternative"),
    (code("plot", outputs=[new_output("display_data", data={"image/png": PIXEL64})]),
     "index: an image in cell 2 has no text alternative"),
    (new_markdown_cell(r"A typo: $\ceta_t$."),
     r"formula not understood: unknown command in \ceta: \ceta_t"),
    (code("x", "torch", "jax"), "cell 4 has the tags of several frameworks: torch, jax"),
]  # fmt: skip


@pytest.mark.slow
def test_what_is_wrong_in_a_notebook_is_a_warning(tmp_path: Path) -> None:
    _, warnings = sphinx(tmp_path / "book", [cell for cell, _ in WRONG])
    for _, warning in WRONG:
        assert warning in warnings
    assert len(warnings.splitlines()) == len(WRONG)


@pytest.mark.slow
def test_labeled_equations_are_numbered_and_linked(tmp_path: Path) -> None:
    text = "$$a = b$$ (one)\n\nSee {eq}`one`.\n\n"
    text += "\\begin{align}\nc &= d \\\\\ne &= f\n\\end{align}\n"
    out, warnings = sphinx(tmp_path / "book", [new_markdown_cell(text)])
    page = page_of(out)
    assert warnings == ""
    assert [number.text.strip("¶") for number in page.select(".eqno")] == ["(1)", "(2)"]
    link = page.select_one('a.reference[href="#equation-one"]')
    assert link is not None
    assert "1" in link.text
    assert len(page.select("math")) == 2


# ---- The real book: its files -----------------------------------------------


@cache
def read(book: Path, page: str) -> BeautifulSoup:
    """Return one page of the built book; parsing takes a second, so nobody changes it."""
    return BeautifulSoup((book / f"{page}.html").read_text(encoding="utf-8"), "html.parser")


@pytest.mark.slow
def test_every_page_of_the_contents_exists(book: Path) -> None:
    assert len(PAGES) >= 5
    assert [page for page in PAGES if not (book / f"{page}.html").exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_pages_ask_no_other_host(book: Path, page: str) -> None:
    soup = read(book, page)
    loaded = [tag["src"] for tag in soup.select("script[src], img[src], iframe[src]")]
    loaded += [tag["href"] for tag in soup.select("link[rel~=stylesheet], link[rel~=icon]")]
    outside = [str(address) for address in loaded if "//" in str(address)]
    assert outside == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_figure_has_a_sentence_as_its_alternative(book: Path, page: str) -> None:
    for image in read(book, page).select(".cell_output img"):
        alt = str(image.get("alt", ""))
        assert len(alt.split()) >= 4, image
        assert not alt.startswith("<"), image


@pytest.mark.slow
@pytest.mark.parametrize("page", CHAPTERS)
def test_every_figure_has_one_number(book: Path, page: str) -> None:
    captions = [one.get_text() for one in read(book, page).select(".cell_output figcaption")]
    assert captions
    assert [text for text in captions if not re.match(r"\s*Figure \d+\. \S", text)] == []


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_have_tabs_with_outputs_and_mathematics(book: Path, chapter: str) -> None:
    soup = read(book, chapter)
    assert soup.select("math"), "no mathematics"
    for framework in ("torch", "tensorflow", "jax"):
        cells = soup.select(f".framework-tabs > .framework-{framework} > .cell")
        assert cells, f"no cell of {framework}"
        assert any(cell.select(".cell_output") for cell in cells), f"no output of {framework}"


# ---- The real book, in a browser --------------------------------------------


VISIBLE = """() => [...document.querySelectorAll(".framework-tabs")].map((set) => {
  const panels = [...set.querySelectorAll(":scope > .framework")];
  const name = (panel) => panel.className.match(/framework-(\\w+)/)[1];
  const tab = set.querySelector("[role=tab][aria-selected=true]");
  return {
    all: panels.map(name),
    visible: panels.filter((panel) => panel.checkVisibility()).map(name),
    labels: panels.filter((panel) =>
      panel.querySelector(".framework-label").checkVisibility()).map(name),
    selected: tab && tab.dataset.name,
    focusable: set.querySelectorAll("[role=tab][tabindex='0']").length,
  };
})"""


def disagreeing(page: Page, framework: str) -> list[dict[str, Any]]:
    """The sets that do not show the framework, or their first panel if they lack it."""

    def agrees(panels: dict[str, Any]) -> bool:
        expected = framework if framework in panels["all"] else panels["all"][0]
        if panels["visible"] != [expected]:
            return False
        if len(panels["all"]) > 1:
            return panels["selected"] == expected and panels["focusable"] == 1
        return panels["labels"] == [expected]

    return [panels for panels in page.evaluate(VISIBLE) if not agrees(panels)]


def assert_shows(page: Page, framework: str) -> None:
    """Assert that every set shows the framework, or its first panel if it lacks it."""
    expect(page.locator("html")).to_have_attribute("data-framework", framework)
    eventually(lambda: disagreeing(page, framework), [])


def offered(page: Page) -> list[str]:
    """Return the frameworks that have a tab on the page."""
    present: list[str] = page.evaluate(
        "[...document.querySelectorAll('[role=tab]')].map((tab) => tab.dataset.name)"
    )
    return [framework for framework in FRAMEWORKS if framework in present]


@pytest.mark.slow
def test_the_choice_survives_reload_other_pages_and_reaches_open_ones(
    site: str, tab: Page
) -> None:
    other = tab.context.new_page()
    other.goto(f"{site}/{CHAPTERS[-1]}.html")
    tab.goto(f"{site}/{CHAPTERS[0]}.html")
    for framework in ("jax", "tensorflow"):
        tab.locator(f"[role=tab][data-name={framework}]").first.click()
        assert_shows(tab, framework)
        tab.reload()
        assert_shows(tab, framework)
        assert_shows(other, framework)
    tab.goto(f"{site}/{CHAPTERS[-1]}.html")
    assert_shows(tab, "tensorflow")


@pytest.mark.slow
def test_the_address_can_choose_until_the_reader_does(site: str, tab: Page) -> None:
    tab.goto(f"{site}/{CHAPTERS[0]}.html?framework=jax")
    assert_shows(tab, "jax")
    tab.locator("[role=tab][data-name=torch]").first.click()
    assert_shows(tab, "torch")
    tab.reload()
    assert_shows(tab, "torch")
    tab.goto(f"{site}/{CHAPTERS[0]}.html?framework=cobol")
    assert_shows(tab, "torch")


@pytest.mark.slow
def test_a_refused_storage_breaks_nothing(site: str, tab: Page) -> None:
    # Only our key: the theme itself needs the rest of the storage.
    tab.add_init_script("""for (const name of ["getItem", "setItem"]) {
      const real = Storage.prototype[name];
      Storage.prototype[name] = function (key, ...rest) {
        if (key.startsWith("d2lsched")) throw new DOMException("refused", "SecurityError");
        return real.call(this, key, ...rest);
      };
    }""")
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(f"{site}/{CHAPTERS[0]}.html")
    tab.locator("[role=tab][data-name=jax]").first.click()
    assert_shows(tab, "jax")
    assert errors == []


@pytest.mark.slow
def test_tabs_work_by_keyboard(site: str, tab: Page) -> None:
    tab.goto(f"{site}/{CHAPTERS[0]}.html")
    names = (
        tab.locator("[role=tablist]")
        .first.locator("[role=tab]")
        .evaluate_all("(tabs) => tabs.map((tab) => tab.dataset.name)")
    )
    start = names.index("torch")
    tab.locator("[role=tab][data-name=torch]").first.focus()
    keys = {"ArrowRight": (start + 1) % len(names), "End": -1, "Home": 0, "ArrowLeft": -1}
    for key, position in keys.items():
        tab.keyboard.press(key)
        assert_shows(tab, names[position])
        focused = tab.locator(":focus")
        expect(focused).to_have_attribute("data-name", names[position])
        expect(focused).to_have_css("outline-width", "3px")


CONTRAST = """(selector) => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((c) => c / 255)
      .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll(selector)].map((element) => {
    const ink = light(getComputedStyle(element).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  });
}"""


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tabs_and_labels_contrast_with_the_page(book: Path, tab: Page, theme: str) -> None:
    tab.goto((book / f"{CHAPTERS[0]}.html").as_uri())
    faded(tab)
    tab.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    ratios = tab.evaluate(CONTRAST, "[role=tab], .framework-label")
    assert ratios
    assert min(ratios) >= 4.5


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_awkward_sets_show_what_they_have(awkward: Path, tab: Page, framework: str) -> None:
    tab.goto((awkward / "index.html").as_uri() + f"?framework={framework}")
    assert_shows(tab, framework)
    eventually(lambda: tab.evaluate(VISIBLE)[1]["visible"], ["tensorflow"])
