"""The chapters as a lecturer's tools read them: in the book's order, and as plain Markdown.

Outside the book nothing resolves its roles and directives: `d2lsched.book.plain` does.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from d2lsched.extras import needs

with needs("teaching"):
    from sphinx_external_toc.parsing import parse_toc_yaml

    from d2lsched.book.plain import plain

ROOT = Path(__file__).parents[2]


WORD = re.compile(r"[A-Za-z0-9’'\-]+")
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]*\$", re.DOTALL)
EXERCISE = re.compile(r"^:{3,}\{admonition\} Exercise", re.MULTILINE)
FOLDED = {"hide-input", "remove-input", "hide-cell"}


@dataclass(frozen=True)
class Length:
    """What the body of a chapter holds, its exercises and references apart.

    words: of prose, a formula counts as one. lines: of code that is not folded, blank ones
    apart. exercises: how many follow the body.
    """

    words: int
    lines: int
    exercises: int

    @property
    def reading(self) -> int:
        """Minutes: 120 words and 15 lines of code a minute, rounded up to five."""
        return 5 * math.ceil((self.words / 120 + self.lines / 15) / 5)

    @property
    def practice(self) -> int:
        """Minutes for the exercises: five each."""
        return 5 * self.exercises


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
    def length(self) -> Length:
        """How much there is to read, and to do."""
        words = lines = 0
        for cell in self._body():
            text = cell["source"]
            if cell["cell_type"] == "markdown":
                words += len(WORD.findall(FORMULA.sub("X", text)))
            elif not FOLDED & set(cell["metadata"].get("tags", [])):
                lines += sum(bool(line.strip()) for line in text.splitlines())
        return Length(words, lines, len(EXERCISE.findall(self.markdown)))

    def _body(self) -> Iterator[dict[str, Any]]:
        """The cells before the exercises."""
        for cell in self.cells:
            if cell["cell_type"] == "markdown" and cell["source"].startswith("## Exercises"):
                return
            yield cell

    @cached_property
    def printed(self) -> str:
        """What its cells have printed, and the text of their results."""
        outputs = [output for cell in self.cells for output in cell.get("outputs", [])]
        shown = [o for o in outputs if "image/png" not in o.get("data", {})]
        return "\n".join(
            "".join(part)
            for o in shown
            for part in (o.get("text", ""), o.get("data", {}).get("text/plain", ""))
        )

    def prints(self, words: str) -> bool:
        """Whether words stand in an output, one by one and with whole numbers."""
        whole = rf"(?<![\d.]){re.escape(words)}(?!\d|\.\d)"
        return re.search(whole, self.printed) is not None

    def plain(self, text: str) -> str:
        """Return Markdown of this chapter that no longer needs the book.

        LookupError, with page and name, for what `d2lsched.book.plain` does not know.
        """
        try:
            return plain(text, self.root / "chapters/references.bib")
        except LookupError as error:
            raise LookupError(f"{self.page}: {error.args[0]}") from error


def chapters(root: Path = ROOT) -> Iterator[Chapter]:
    """Yield the notebooks of the book, in its order."""
    site = parse_toc_yaml(root / "_toc.yml")
    for tree in site.root.subtrees:
        for page in tree.files():
            if (root / f"{page}.ipynb").exists():
                yield Chapter(page, tree.caption or "", root)
