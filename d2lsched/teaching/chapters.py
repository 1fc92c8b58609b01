"""The chapters as a lecturer's tools read them: in the book's order, and as plain Markdown.

Outside the book nothing resolves its roles. So glued numbers are put in from the outputs that
the notebook was committed with, citations become names and years, and a link to another page
becomes its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pybtex.database import Entry, parse_file
from pybtex.richtext import Text
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).parents[2]
ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")


class Chapter:
    """A notebook of the book.

    page: its name in the contents, such as ``chapters/decay/cosine``.
    part: the caption of its part, "" for what stands before the first.
    """

    def __init__(self, page: str, part: str = "", root: Path = ROOT) -> None:
        self.page, self.part, self.root = page, part, root
        path = root / f"{page}.ipynb"
        self.cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in self.cells:
            cell["source"] = "".join(cell["source"])

    @cached_property
    def markdown(self) -> str:
        """Its prose, as it was written."""
        texts = (cell["source"] for cell in self.cells if cell["cell_type"] == "markdown")
        return "\n\n".join(texts)

    @property
    def title(self) -> str:
        """Its heading."""
        return self.markdown.partition("\n")[0].removeprefix("# ").strip()

    @property
    def minutes(self) -> int:
        """What its objectives tell the reader to plan; 0 if they say nothing."""
        plan = re.search(r"^Plan (\d+) minutes", self.markdown, re.MULTILINE)
        return int(plan[1]) if plan else 0

    @cached_property
    def glued(self) -> dict[str, str]:
        """The text behind each glued name."""
        found = {}
        for output in (o for cell in self.cells for o in cell.get("outputs", [])):
            if scrap := output.get("metadata", {}).get("scrapbook"):
                (value,) = output["data"].values()
                found[scrap["name"]] = re.sub(r"^(['\"])(.*)\1$", r"\2", "".join(value))
        return found

    def plain(self, text: str) -> str:
        """Return Markdown of this chapter that no longer needs the book.

        LookupError, with page and name, for a number that no cell has glued, for a citation
        that is not in the bibliography and for a role that is not known here.
        """
        text = ROLE.sub(self._resolved, text)
        return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)\s]+\)", r"\1", text)

    def _resolved(self, role: re.Match[str]) -> str:
        kind, name = role[1], role[2]
        if kind == "glue:text" and name in self.glued:
            return self.glued[name]
        if kind == "cite":
            entries = bibliography(self.root)
            if all(key.strip() in entries for key in name.split(",")):
                return "; ".join(cited(entries[key.strip()]) for key in name.split(","))
        raise LookupError(f"{self.page}: nothing is known of {role[0]}")


@lru_cache
def bibliography(root: Path = ROOT) -> dict[str, Entry]:
    """Return the book's references by key."""
    return dict(parse_file(root / "chapters/references.bib").entries)


def cited(entry: Entry) -> str:
    """Return how a reference is named in a sentence: "Robbins and Monro (1951)"."""
    people = entry.persons.get("author", [])
    names = [str(Text.from_latex(" ".join(person.last_names))) for person in people]
    shown = names[0] + " et al." if len(names) > 2 else " and ".join(names)
    return f"{shown} ({entry.fields['year']})"


def chapters(root: Path = ROOT) -> Iterator[Chapter]:
    """Yield the notebooks of the book, in its order."""
    site = parse_toc_yaml(root / "_toc.yml")
    for tree in site.root.subtrees:
        for page in tree.files():
            if (root / f"{page}.ipynb").exists():
                yield Chapter(page, tree.caption or "", root)
