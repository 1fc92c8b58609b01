"""Neighboring notebook cells of different frameworks become one set of tabs.

The nodes carry only meaning (a set, its panels, their labels), so that without
JavaScript, in print and in LaTeX the panels stack, each under its label. Which
one shows on a screen is decided by ``static/d2lsched.css`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

FRAMEWORKS = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
"""Cell tag and label of each framework, in the order of the tabs."""

logger = logging.getLogger(__name__)


def framework_of(node: nodes.Node) -> str | None:
    """Return the framework whose tag a notebook's code cell carries, if any."""
    if not isinstance(node, nodes.container) or node.get("nb_element") != "cell_code":
        return None
    names = [name for name in FRAMEWORKS if f"tag_{name}" in node["classes"]]
    if len(names) > 1:
        message = "cell %d has the tags of several frameworks: %s"
        logger.warning(message, node["cell_index"], ", ".join(names), location=node)
    return names[0] if names else None


def panel(name: str, cells: Iterable[nodes.Node]) -> nodes.container:
    """Return the labeled panel of one framework."""
    label = nodes.paragraph("", FRAMEWORKS[name], classes=["framework-label"])
    return nodes.container("", label, *cells, classes=["framework", f"framework-{name}"])


def tab_set(cells: list[tuple[str, nodes.Node]]) -> nodes.container:
    """Return one set of panels, a panel for each framework among ``cells``.

    The class ``lacks-…`` and the first panel's class ``fallback`` let CSS show
    something to a reader whose framework is not in this set.
    """
    present = [name for name in FRAMEWORKS if name in {of for of, _ in cells}]
    panels = [panel(name, [cell for of, cell in cells if of == name]) for name in present]
    panels[0]["classes"].append("fallback")
    lacking = [f"lacks-{name}" for name in FRAMEWORKS if name not in present]
    return nodes.container("", *panels, classes=["framework-tabs", *lacking])


def grouped(children: list[nodes.Node]) -> list[nodes.Node]:
    """Return ``children`` with every run of framework cells replaced by its set."""
    result: list[nodes.Node] = []
    named = [(framework_of(child), child) for child in children]
    for is_framework, run in groupby(named, key=lambda pair: pair[0] is not None):
        if is_framework:
            result.append(tab_set([(name, child) for name, child in run if name]))
        else:
            result.extend(child for _, child in run)
    return result


class FrameworkTabs(SphinxTransform):
    """Group the framework cells of a notebook, wherever they stand."""

    default_priority = 799

    def apply(self, **kwargs: Any) -> None:
        """Replace each run of neighboring framework cells in the document."""
        cells = [
            node
            for node in self.document.findall(nodes.container)
            if node.get("nb_element") == "cell_code"
        ]
        parents = {id(cell.parent): cell.parent for cell in cells}
        for parent in parents.values():
            parent[:] = grouped(parent.children)
