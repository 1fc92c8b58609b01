"""Slides of a lecture, made from the chapters: one file that needs no network.

    python -m d2lsched.teaching.slides assignments/lectures/lecture1.md [--to FOLDER]

A lecture is a Markdown file. Its first heading is its title, and every heading of the second
level begins a slide. Between a slide's own words, a line such as

    @figure decay/cosine | The cosine: slow, fast, slow

takes something from a chapter, found by a phrase that occurs in it once: `@figure` the picture
that a cell has drawn, `@output` what a cell has printed, `@code` a cell's source, `@prose` a
paragraph. ``[+0.35 ± 0.30](decay/cosine.ipynb)`` quotes a result, words that stand in what that
chapter prints. From a line `@notes` on, a slide's text is for the speaker (key S).

nbconvert joins the cells, reveal.js shows them; both are kept by others. The notebook that is
written beside the slides opens in JupyterLab, and under RISE.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from d2lsched.extras import needs

with needs("teaching"):
    import nbformat
    from nbconvert.exporters import SlidesExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    from nbformat import NotebookNode
    from pygments.formatters import HtmlFormatter
    from pygments.styles import get_style_by_name

    from d2lsched.book.mathml import to_mathml
    from d2lsched.teaching.chapters import ROOT, Chapter

TAKEN = re.compile(r"^@(figure|output|code|prose) (\S+) \| (.+)$")
QUOTED = re.compile(r"\[([^\]]+)\]\(([\w/-]+)\.ipynb\)")
REVEAL = files("sphinx_revealjs") / "_static/revealjs"  # a package that ships reveal.js

PAGE = """\
{%- extends 'lab/base.html.j2' -%}
{%- block header -%}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ nb.metadata.title | escape_html }}</title>
<style media="screen">{{ resources.lecture.reveal }}</style>
<style>{{ resources.lecture.style }}</style>
</head>
<body><div class="reveal"><main class="slides">
{%- endblock header -%}
{%- block any_cell scoped -%}
{%- if cell.metadata.slide_start -%}
<section data-layout="{{ cell.metadata.layout }}">{%- endif -%}
{%- if cell.metadata.slide_type == "notes" -%}<aside class="notes">{{ super() }}</aside>
{%- else -%}{{ super() }}{%- endif -%}
{%- if cell.metadata.slide_end -%}</section>{%- endif -%}
{%- endblock any_cell -%}
{%- block data_png -%}
{%- set size = output.metadata["image/png"] -%}
<img alt="{{ size.alt | escape_html }}" width="{{ size.width }}" height="{{ size.height }}"
 src="data:image/png;base64,{{ output.data["image/png"] }}">
{%- endblock data_png -%}
{%- block footer -%}
</main></div>
{% for script in resources.lecture.scripts %}<script>{{ script }}</script>
{% endfor %}</body></html>
{%- endblock footer -%}
"""
"""A page without nbconvert's own style sheets and scripts, some of which are on other hosts."""

START = """
Reveal.initialize({
  width: 1280, height: 720, margin: 0, center: false, display: "grid", transition: "none",
  slideNumber: "c/t", controls: false, hash: true,
  plugins: [RevealNotes],
});
"""


class LectureError(ValueError):
    """A lecture asks for what the chapters do not have, or have twice."""


@lru_cache
def chapter(name: str, root: Path = ROOT) -> Chapter:
    """Return the chapter of a name such as ``decay/cosine``."""
    if not (root / f"chapters/{name}.ipynb").is_file():
        raise LectureError(f"there is no chapter {name}")
    return Chapter(f"chapters/{name}", root=root)


def only(found: list[Any], what: str) -> Any:
    """Return the only one that was found."""
    if len(found) != 1:
        raise LectureError(f"{what}: found {len(found)} times, wanted once")
    return found[0]


def is_picture(output: dict[str, Any]) -> bool:
    """Whether an output is a figure."""
    return "image/png" in output.get("data", {})


def bare(tag: str) -> dict[str, Any]:
    """Return the metadata of a cell that shows its output only."""
    return {"tags": [tag], "transient": {"remove_source": True}}


def figure(cell: dict[str, Any]) -> NotebookNode:
    """Return a cell that shows the picture which a chapter's cell has drawn."""
    picture = only([o for o in cell["outputs"] if is_picture(o)], "picture")
    size = dict(picture["metadata"]["image/png"])
    size["alt"] = " ".join("".join(picture["data"]["text/plain"]).split())
    output = nbformat.v4.new_output("display_data", {"image/png": picture["data"]["image/png"]},
                                    metadata={"image/png": size})  # fmt: skip
    return nbformat.v4.new_code_cell(outputs=[output], metadata=bare("figure"))


def printed(cell: dict[str, Any]) -> NotebookNode:
    """Return a cell that shows what a chapter's cell has printed."""
    texts = ["".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream"]
    output = nbformat.v4.new_output("stream", text="".join(texts).strip("\n"))
    return nbformat.v4.new_code_cell(outputs=[output], metadata=bare("output"))


def source(cell: dict[str, Any]) -> NotebookNode:
    """Return a cell that shows the source of a chapter's cell."""
    return nbformat.v4.new_code_cell(cell["source"], metadata={"tags": ["code"]})


def taken(kind: str, name: str, phrase: str) -> NotebookNode:
    """Return a cell with what a line ``@kind name | phrase`` stands for."""
    book, what = chapter(name), f"{name}: {kind} with {phrase!r}"
    if kind == "prose":
        paragraphs = [text for text in book.markdown.split("\n\n") if phrase in text]
        return nbformat.v4.new_markdown_cell(book.plain(only(paragraphs, what)))
    cells = [c for c in book.cells if c["cell_type"] == "code" and phrase in c["source"]]
    if kind == "figure":
        cells = [c for c in cells if any(is_picture(o) for o in c["outputs"])]
    show: dict[str, Callable[[dict[str, Any]], NotebookNode]] = {
        "figure": figure, "output": printed, "code": source,
    }  # fmt: skip
    return show[kind](only(cells, what))


def words(text: str) -> NotebookNode:
    """Return a cell with a slide's own words; what they quote is looked up."""

    def quoted(link: re.Match[str]) -> str:
        if not chapter(link[2]).prints(link[1]):
            raise LectureError(f"{link[2]}: {link[1]!r} is in no output")
        return re.sub(r"(?<![\w.])-(?=[\d.])", "−", link[1])  # a hyphen is too short on a wall

    return nbformat.v4.new_markdown_cell(QUOTED.sub(quoted, text.strip()))


def slide(text: str) -> Iterator[NotebookNode]:
    """Yield the cells of one slide from its part of the lecture, its heading first."""
    shown, _, notes = text.partition("\n@notes\n")
    heading, _, body = shown.partition("\n")
    first = words(heading)
    parts: list[NotebookNode] = []
    for block in re.split(r"(?m)^(@.+)$", body):
        if match := TAKEN.match(block):
            parts.append(taken(*match.groups()))
        elif block.startswith("@"):
            raise LectureError(f"not understood: {block}")
        elif block.strip():
            parts.append(words(block))
    first.metadata.update(slideshow={"slide_type": "slide"}, layout=layout(parts))
    yield first
    for part in parts:
        part.metadata["slideshow"] = {"slide_type": "-"}
        yield part
    if notes.strip():
        said = words(notes)
        said.metadata["slideshow"] = {"slide_type": "notes"}
        yield said


def layout(parts: list[NotebookNode]) -> str:
    """Return how a slide is laid out: text, or a figure with its text below or beside it."""
    pictures = [part for part in parts if "figure" in part.metadata.get("tags", [])]
    if not pictures:
        return "text"
    size = pictures[0].outputs[0].metadata["image/png"]
    return "below" if size["width"] > 1.5 * size["height"] else "beside"


def assembled(lecture: str) -> NotebookNode:
    """Return the notebook of a lecture, its cells marked as slides.

    LectureError for what the chapters do not have.
    """
    parts = re.split(r"(?m)^(?=#{1,2} )", lecture.strip())
    cells = [cell for part in parts if part for cell in slide(part)]
    cells[0].metadata["layout"] = "title"
    notebook = nbformat.v4.new_notebook(cells=cells)
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # the same notebook each time
    notebook.metadata["title"] = cells[0].source.lstrip("# ")
    return notebook


class Renderer(IPythonRenderer):
    """Markdown whose formulas become MathML: no script has to draw them."""

    def block_math(self, body: str) -> str:
        """Return a displayed formula."""
        return to_mathml(body, display=True)

    def inline_math(self, body: str) -> str:
        """Return a formula within a line."""
        return to_mathml(body)

    def multiline_math(self, text: str) -> str:
        """Return a displayed formula of several lines."""
        return to_mathml(text, display=True)


def to_html(markdown: str) -> str:
    """Return the HTML of a Markdown cell."""
    renderer = Renderer(escape=False, exclude_anchor_links=True)
    return str(MarkdownWithMath(renderer=renderer).render(markdown))


def show(notebook: NotebookNode, style: str) -> str:
    """Return the page of a lecture's notebook. style: the lecture's own style sheet."""
    pygments = HtmlFormatter(style=get_style_by_name("a11y-high-contrast-light"))
    names = ("dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js")
    reveal, *scripts = [(REVEAL / name).read_text(encoding="utf-8") for name in names]
    exporter = SlidesExporter(raw_template=PAGE)
    exporter.register_filter("markdown2html", to_html)
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    style = pygments.get_style_defs(".highlight") + style
    lecture = {"reveal": reveal, "style": style, "scripts": [*scripts, START]}
    page, _ = exporter.from_notebook_node(notebook, resources={"lecture": lecture})
    return str(page)


def make(lecture: Path, folder: Path) -> Path:
    """Write a lecture's notebook and slides into a folder; return the path of the slides."""
    notebook = assembled(lecture.read_text(encoding="utf-8"))
    page = show(notebook, lecture.with_name("slides.css").read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{lecture.stem}.ipynb")
    path = folder / f"{lecture.stem}.html"
    path.write_text(page, encoding="utf-8")
    return path


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Make the slides of lectures.")
    parser.add_argument("lectures", type=Path, nargs="+", help="Markdown files")
    parser.add_argument("--to", type=Path, default=Path("_build/slides"), help="the folder")
    options = parser.parse_args(arguments)
    for lecture in options.lectures:
        try:
            path = make(lecture, options.to)
        except (LectureError, LookupError, OSError) as error:
            print(f"{lecture}: {error}", file=sys.stderr)
            return 1
        count = path.read_text(encoding="utf-8").count("<section data-layout=")
        print(f"{path}: {count} slides, {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
