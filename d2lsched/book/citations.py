"""References: how a work is named in a sentence, and in a notebook's own list.

A chapter cites by key (``{cite}`Robbins-Monro-1951` ``), which JupyterLab shows as it stands.
Its last section lists what it cites as plain Markdown, so that a notebook needs no book;
`listed` writes that list from ``references.bib``, and in the rendered book sphinxcontrib-bibtex
takes its place, with links from the text.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from nbformat import NotebookNode
from pybtex.database import Entry, parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import Text
from sphinx.application import Sphinx

CITE = re.compile(r"\{cite\}`([^`]+)`")
HEADING = "## References"
DIRECTIVE = f"{HEADING}\n\n```{{bibliography}}\n:filter: docname in docnames\n```"


@lru_cache
def bibliography(path: Path) -> dict[str, Entry]:
    """Return the works of a BibTeX file by key."""
    return dict(parse_file(path).entries)


def keys_of(text: str) -> list[str]:
    """Return the keys that Markdown cites, in the order of their first use."""
    found = (key.strip() for keys in CITE.findall(text) for key in keys.split(","))
    return list(dict.fromkeys(found))


def named(entry: Entry) -> str:
    """Return how a work is named in a sentence: "Robbins and Monro (1951)"."""
    people = entry.persons.get("author", [])
    names = [str(Text.from_latex(" ".join(person.last_names))) for person in people]
    many = len(names) > 2 or names[-1] == "others"
    shown = f"{names[0]} et al." if many else " and ".join(names)
    return f"{shown} ({entry.fields['year']})"


def address(entry: Entry) -> str | None:
    """Return where a work can be read, if its entry says so."""
    fields = entry.fields
    if "eprint" in fields:
        return f"https://arxiv.org/abs/{fields['eprint']}"
    return f"https://doi.org/{fields['doi']}" if "doi" in fields else fields.get("url")


def listed(keys: list[str], works: dict[str, Entry]) -> str:
    """Return works as a list in Markdown, in the order of their keys."""
    style = find_plugin("pybtex.style.formatting", "plain")(abbreviate_names=True)
    backend = find_plugin("pybtex.backends", "markdown")()
    lines = []
    for key in sorted(keys, key=str.casefold):
        (work,) = style.format_entries([works[key]])
        text = " ".join(work.text.render(backend).split())
        text = re.sub(r"\\([^\w*_])", r"\1", text)  # escapes that no reader needs
        lines.append(f"- **{key}.** {text}")
    return "\n".join(lines)


def list_references(notebook: NotebookNode, works: dict[str, Entry]) -> None:
    """Write a notebook's list of references anew, in place, if it has one."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith(HEADING):
            cell.source = f"{HEADING}\n\n{listed(keys_of(prose), works)}".strip()


def link_references(app: Sphinx, name: str, source: list[str]) -> None:
    """In the rendered book, put the bibliography in the place of a notebook's list."""
    if Path(app.env.doc2path(name)).suffix == ".ipynb":
        notebook = json.loads(source[0])
        for cell in notebook["cells"]:
            if "".join(cell["source"]).startswith(HEADING):
                cell["source"] = DIRECTIVE
                source[0] = json.dumps(notebook)
