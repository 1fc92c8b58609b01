"""Code that folds: a section begins with its picture.

In the rendered book the source of every code cell folds; one switch in the page's head, kept
in ``static/d2lsched-page.js``, folds or unfolds all of them. A cell that only draws is folded
at first. Its tag says so, `fold` sets it, and a notebook program shows the cell as any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

FOLDED = "hide-input"
"""The tag of a cell that only draws."""


# ---- Which cells only draw


def names(source: str) -> tuple[set[str], set[str]]:
    """Return the names that code needs from before it, and those that it gives a value.

    Imported names are neither: they are no result. Code with magic commands has no names.

    >>> needed, given = names("total = sum(rate * n for n in counts); rate = 2")
    >>> sorted(needed), sorted(given)
    (['counts', 'rate', 'sum'], ['rate', 'total'])
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set(), set()
    everything = list(ast.walk(tree))
    loops = [node.target for node in everything if isinstance(node, ast.comprehension)]
    inner = {node.arg for node in everything if isinstance(node, ast.arg)}
    inner |= {n.id for loop in loops for n in ast.walk(loop) if isinstance(n, ast.Name)}
    changed = {id(node.target) for node in everything if isinstance(node, ast.AugAssign)}
    given = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    needed: set[str] = set()
    found = [n for n in everything if isinstance(n, ast.Name) and n.id not in inner]
    for name in sorted(found, key=lambda node: (node.lineno, node.col_offset)):
        if name.id not in given and (isinstance(name.ctx, ast.Load) or id(name) in changed):
            needed.add(name.id)
        elif isinstance(name.ctx, ast.Store):
            given.add(name.id)
    return needed, given


def draws(cell: NotebookNode) -> bool:
    """Return whether a cell shows figures, and nothing else."""
    outputs = cell.get("outputs", [])
    return bool(outputs) and all("image/png" in output.get("data", ()) for output in outputs)


def only_drawing(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Yield the cells whose only effect is a figure: no later cell needs what they name."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    known = [names("".join(cell.source)) for cell in cells]
    for place, cell in enumerate(cells):
        left = set(known[place][1])
        lasting = False
        for needed, given in known[place + 1 :]:
            lasting = lasting or bool(left & needed)
            left -= given
        if draws(cell) and not lasting:
            yield cell


def fold(notebook: NotebookNode) -> None:
    """Give the cells that only draw, and no other, the tag that folds them, in place."""
    drawing = {id(cell) for cell in only_drawing(notebook)}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tags = [tag for tag in cell.metadata.pop("tags", []) if tag != FOLDED]
            if tags := tags + [FOLDED] * (id(cell) in drawing):
                cell.metadata["tags"] = tags


# ---- In the rendered book


class Fold(nodes.General, nodes.Element):
    """What a cell's source folds into."""


class FoldCode(SphinxPostTransform):
    """Let the source of every code cell fold."""

    default_priority = 198  # MyST-NB folds at 199, with a markup of its own
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Wrap what is inside the box of each source."""
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") == "cell_code":
                drawing = cell.attributes.pop("hide_mode", None) is not None
                for part in cell.children:
                    if part.get("nb_element") == "cell_code_source":
                        part[:] = [Fold("", *part.children, drawing=drawing)]


def visit_fold(self: Any, node: Fold) -> None:
    """Open a fold."""
    state = 'class="code drawing"' if node["drawing"] else 'class="code" open'
    summary = '<span class="show">Show code</span><span class="hide">Hide code</span>'
    self.body.append(f"<details {state}><summary>{summary}</summary>\n")


def depart_fold(self: Any, node: Fold) -> None:
    """Close it."""
    self.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    """Register what this module does with Sphinx."""
    app.add_node(Fold, html=(visit_fold, depart_fold))
    app.add_post_transform(FoldCode)
