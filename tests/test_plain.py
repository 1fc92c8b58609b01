"""Plain Markdown: what reads anywhere, from what the book's pages are written in."""

import unicodedata
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from d2lsched.book import citations, execute
from d2lsched.book.plain import plain

ROOT = Path(__file__).parents[1]
WORKS = ROOT / "chapters/references.bib"
NOTEBOOKS = [
    p for p in sorted(execute.find([ROOT / "chapters"])) if p.parent.name != "chapters"
]
SGDR = "[Loshchilov and Hutter (2016)](https://arxiv.org/abs/1608.03983)"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            ":::{admonition} Exercise 1 (recall)\n:class: exercise\nWhy?\n\n"
            "```{dropdown} Hint\nLook.\n```\n:::",
            "**Exercise 1 (recall)**\n\nWhy?\n\n"
            "<details>\n<summary>Hint</summary>\n\nLook.\n\n</details>",
        ),
        (  # a fence within a fold, and a longer fence around both
            "::::{dropdown} The `t < T` & *more*\n```python\nx = {}\n```\n::::\nEnd",
            "<details>\n<summary>The <code>t &lt; T</code> &amp; <em>more</em></summary>\n\n"
            "```python\nx = {}\n```\n\n</details>\nEnd",
        ),
        ("```python\n:::{note}\n```", "```python\n:::{note}\n```"),
        ("as {cite}`Loshchilov-Hutter-2016` say", f"as {SGDR} say"),
        ("`{cite}` is a role, ``[a](b)`` none", "`{cite}` is a role, ``[a](b)`` none"),
        ("```\n{cite}`x` [a](b.md)\n```", "```\n{cite}`x` [a](b.md)\n```"),
        ("[`f`](here.ipynb#x) and [page](gone.md)", "[`f`](there) and page"),
        ("[web](https://example.org) [below](#x)", "[web](https://example.org) [below](#x)"),
    ],
)
def test_what_needs_the_book_becomes_plain(text, wanted):
    follow = {"here.ipynb#x": "there"}.get
    assert plain(text, WORKS, follow) == wanted


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```{tableofcontents}\n```", "the directive tableofcontents"),
        (":::{note}\nText\n:::", "the directive note"),
        ("{glue:text}`gain`", r"\{glue:text\}`gain`"),
        ("{cite}`Nobody-2020`", "Nobody-2020 is not in references.bib"),
    ],
)
def test_what_it_does_not_know_is_an_error(text, problem):
    with pytest.raises(LookupError, match=problem):
        plain(text, WORKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_becomes_plain_and_lists_what_it_cites(path):
    notebook = nbformat.read(path, as_version=4)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for text in texts:
        shown = plain(text, WORKS)
        assert ":::" not in shown
        assert "{cite}" not in shown
        assert shown.count("<details>") == text.count("{dropdown}")
    works = citations.bibliography(WORKS)
    keys = citations.keys_of("\n".join(texts))
    assert texts[-1] == f"{citations.HEADING}\n\n{citations.listed(keys, works)}"


def test_writing_a_notebook_lists_its_references(tmp_path):
    (tmp_path / "references.bib").write_bytes(WORKS.read_bytes())
    cells = [new_markdown_cell("{cite}`Holm-1979,Amdahl-1967`"),
             new_markdown_cell("## References\n\nold")]  # fmt: skip
    path = tmp_path / "part" / "a.ipynb"
    path.parent.mkdir()
    execute.write(path, new_notebook(cells=cells))
    found = nbformat.read(path, as_version=4).cells[1].source
    assert found.startswith("## References\n\n- **Amdahl-1967.** G. M. Amdahl. ")
    assert "\n- **Holm-1979.** S. Holm. " in found
    assert "old" not in found


def test_keys_are_names_that_a_reader_can_read():
    for key, work in citations.bibliography(WORKS).items():
        first, *_, year = key.split("-")
        name = unicodedata.normalize("NFD", work.persons["author"][0].last_names[-1])
        assert first == name.encode("ascii", "ignore").decode(), key
        assert year == work.fields["year"], key
