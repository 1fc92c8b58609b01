"""Search by the names that other libraries have for our schedules.

Sphinx's own search knows its domains' objects, ranks an exact name first and says of each
what it is. So every class of the package, and every name in the API page's tables of
counterparts, is an object of a domain of ours, and leads to the schedule's section there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment

MODULES = {
    "torch": "torch.optim.lr_scheduler",
    "Keras": "keras.optimizers.schedules",
    "optax": "optax",
}
"""Where a name stands that a table gives without its module, by the table's first column."""

TRANSFORMERS = {
    "constant": "Constant",
    "constant_with_warmup": "Warmup",
    "linear": "LinearDecay",
    "polynomial": "PolynomialDecay",
    "cosine": "CosineDecay",
    "cosine_with_min_lr": "CosineDecay",
    "cosine_with_restarts": "CosineRestarts",
    "inverse_sqrt": "InverseSqrtDecay",
    "warmup_stable_decay": "WarmupStableDecay",
    "reduce_lr_on_plateau": "ReduceOnPlateau",
}
"""The names that ``lr_scheduler_type`` of Hugging Face's Transformers knows."""

WITHOUT_FETCH = """\
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
"""
"""Browsers let no page from a folder read another one, which summaries of results need."""


class Name(NamedTuple):
    """A name that leads to a schedule of ours."""

    name: str  # dotted
    ours: str


def counterparts(tables: Iterable[nodes.table]) -> Iterator[Name]:
    """Yield the names in those tables whose columns are a library's and ours."""
    for table in tables:
        head, *rows = [list(row.findall(nodes.entry)) for row in table.findall(nodes.row)]
        library, ours, *_ = (entry.astext() for entry in head)
        if library in MODULES and ours == "d2lsched":
            for there, here, *_ in rows:
                name = there.next_node(nodes.literal)
                if name and re.fullmatch(r"[A-Za-z_][\w.]*", name.astext()):
                    yield Name(full(library, name.astext()), here.astext())


def full(library: str, name: str) -> str:
    """Return a name with its module: ``optax.linear_schedule``."""
    if library == "Keras" and name.startswith("callbacks."):
        return f"keras.{name}"
    return f"{MODULES[library]}.{name}"


class Schedules(Domain):
    """The schedules, by every name that they have."""

    name = "schedule"
    label = ""
    initial_data = {"names": {}}  # noqa: RUF012, as Sphinx has it

    def clear_doc(self, docname: str) -> None:
        """Forget what a page said."""
        self.data["names"].pop(docname, None)

    def merge_domaindata(self, docnames: list[str], otherdata: dict[str, Any]) -> None:
        """Take over what another process read."""
        names = otherdata["names"]
        self.data["names"].update({page: names[page] for page in docnames if page in names})

    def process_doc(
        self, env: BuildEnvironment, docname: str, document: nodes.document
    ) -> None:
        """Collect the names from a page that documents schedules."""
        anchors = {
            name: section["ids"][0]
            for section in document.findall(nodes.section)
            for name in section["names"]
            if name.startswith("d2lsched.")
        }
        if not anchors:
            return
        names = [Name(name, name.removeprefix("d2lsched.")) for name in anchors]
        names += counterparts(document.findall(nodes.table))
        names += [Name(f"transformers.{name}", ours) for name, ours in TRANSFORMERS.items()]
        self.data["names"][docname] = {
            (found.name, found.ours): anchors[f"d2lsched.{found.ours}"]
            for found in names
            if f"d2lsched.{found.ours}" in anchors
        }

    def resolve_any_xref(
        self, env: BuildEnvironment, fromdocname: str, builder: Builder, target: str,
        node: pending_xref, contnode: nodes.Element,
    ) -> list[tuple[str, nodes.Element]]:  # fmt: skip
        """Resolve no references: the names are there for search alone."""
        return []

    def get_type_name(self, type: ObjType, primary: bool = False) -> str:
        """Return what a search result says of a name."""
        return type.lname

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Yield every name, with what it is and where it leads."""
        for docname, names in self.data["names"].items():
            for (name, ours), anchor in names.items():
                own = name.startswith("d2lsched.")
                kind = "own" if own else f"as-{ours}"
                what = "this book’s own" if own else f"here {ours}"
                self.object_types.setdefault(kind, ObjType(what))
                yield name, name, kind, docname, anchor, 1


def setup(app: Sphinx) -> None:
    """Register the names, and mend what search does from a folder."""
    app.add_domain(Schedules)
    app.add_js_file(None, body=WITHOUT_FETCH, priority=300)  # Sphinx's options: 200
