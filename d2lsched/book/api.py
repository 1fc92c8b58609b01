"""The directive ``api``: what the docstrings of the package say, as a page of the book.

Docstrings are MyST with two conventions of their own, turned into MyST here: parameter
lines (``lr: the rate``, continued by indented lines) and doctests.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Collection, Iterator
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

WIDTH = 60  # of a signature, in letters


def find(name: str) -> Any:
    """Return what a dotted name names; ImportError or AttributeError if it does not."""
    found: Any = importlib.import_module("d2lsched")
    first, *path = name.split(".")
    if first != "d2lsched":
        raise ImportError(f"{name} is not in d2lsched")
    for part in path:
        if inspect.ismodule(found) and not hasattr(found, part):
            importlib.import_module(f"{found.__name__}.{part}")
        found = getattr(found, part)
    return found


def parameters(thing: Any) -> dict[str, inspect.Parameter]:
    """Return the parameters of a class or function, without types and without self."""
    try:
        given = inspect.signature(thing).parameters.items()
    except (TypeError, ValueError):  # not to be called, or as an Exception is
        return {}
    plain = {name: p.replace(annotation=inspect.Parameter.empty) for name, p in given}
    plain.pop("self", None)
    return plain


def call(title: str, thing: Any) -> str:
    """Return how a thing is called, as Python: ``CosineDecay(lr, steps, end_lr=0.0)``."""
    given = list(parameters(thing).values())
    signature = str(inspect.Signature(given))
    # A record that the package fills in has factories; nobody calls it.
    if not (given or inspect.isroutine(thing)) or "=<factory>" in signature:
        return ""
    line = title + signature
    if len(line) <= WIDTH:
        return line
    inside = textwrap.fill(line[len(title) + 1 : -1], WIDTH - 4, break_on_hyphens=False)
    return f"{title}(\n{textwrap.indent(inside, '    ')}\n)"


def to_myst(docstring: str, names: Collection[str]) -> Iterator[str]:
    """Yield the lines of a docstring as MyST; ``names`` are those of the parameters."""
    inside = ""  # a doctest, or a parameter
    for line in inspect.cleandoc(docstring).splitlines():
        match = re.match(r"(\w+(?:, \w+)*): +(.*)", line)
        terms = match[1].split(", ") if match else []
        if inside == "doctest" and not line:
            yield "```"
            inside = ""
        elif inside == "parameter" and not line.startswith("  "):
            yield ""
            inside = ""
        if line.startswith(">>>") and inside != "doctest":
            yield "```pycon"
            inside = "doctest"
        if match and inside == "" and all(n in names or n.endswith("Error") for n in terms):
            yield from ("", ", ".join(f"`{term}`" for term in terms), f": {match[2]}")
            inside = "parameter"
        else:
            yield f"  {line.strip()}" if inside == "parameter" else line
    if inside == "doctest":
        yield "```"


class Api(SphinxDirective):
    """A section for each name in the body; ``name as title`` gives it another title."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the sections; a name that is not there is a warning."""
        sections = []
        for line in filter(None, [*self.arguments, *self.content]):
            name, _, title = line.strip().partition(" as ")
            title = title or name.removeprefix("d2lsched.")
            try:
                thing = find(name)
                docstring = inspect.getdoc(thing) or ""
            except (ImportError, AttributeError) as error:
                missing = getattr(error, "name", None) or "d2lsched"
                if isinstance(error, ImportError) and not missing.startswith("d2lsched"):
                    what = f"Needs {missing}, which was not installed where this was built."
                    sections.append(self.section(name, title, None, what))
                    continue
                message = "api: %s cannot be documented: %s"
                logger.warning(message, name, error, location=self.get_location())
                continue
            sections.append(self.section(name, title, thing, docstring))
        return sections

    def section(self, name: str, title: str, thing: Any, docstring: str) -> nodes.Node:
        """Return the section of one name, which can be referred to by that name."""
        section = nodes.section(ids=[name.replace(".", "-")], names=[name])
        section += nodes.title(title, title)
        if signature := call(title, thing):
            section += nodes.literal_block(signature, signature, language="python")
        body = StringList(list(to_myst(docstring, parameters(thing))), name)
        self.state.nested_parse(body, self.content_offset, section)
        self.state.document.note_explicit_target(section)
        return section
