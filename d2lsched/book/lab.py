"""The directive ``schedule-lab``: the schedule lab in a page, a figure where no script runs.

Each line of the body is a schedule, ``CosineDecay(0.4, 780)``, perhaps with a name before it:
``short: CosineDecay(0.4, 400)``. The options are the parameters of `d2lsched.lab`, and
``full``, with which the lab takes the whole width of the page.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import d2lsched
from d2lsched import Schedule
from d2lsched.plotting import plot_schedules
from d2lsched.widgets import images, named, opening, state
from d2lsched.widgets.formula import OPERATORS, Formula
from d2lsched.widgets.modules import STYLES, plain

logger = logging.getLogger(__name__)

WIDGET = "application/vnd.jupyter.widget-view+json"


def evaluated(text: str) -> Any:
    """The value of an expression of numbers, texts, lists and schedules; nothing else runs.

    SyntaxError or ValueError for any other; what a schedule raises passes through.

    >>> evaluated("Warmup(CosineDecay(0.4, 10 * 78 - 80), steps=80)").steps
    80
    """
    return _value(ast.parse(text.strip(), mode="eval").body)


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            kind = getattr(d2lsched, name, None) if name in d2lsched.__all__ else None
            kind = Formula if name == Formula.__name__ else kind
            if isinstance(kind, type) and issubclass(kind, Schedule) and kind is not Schedule:
                given = {word.arg: _value(word.value) for word in keywords if word.arg}
                return kind(*map(_value, args), **given)
    raise ValueError(f"{ast.unparse(node)} is not a schedule of d2lsched, a number or a list")


def line_of(text: str) -> Schedule | dict[str, Schedule]:
    """The schedule that a line of the body stands for, under its name if it has one."""
    name, colon, call = text.partition(":")
    if colon and "(" not in name:
        return {name.strip(): evaluated(call)}
    schedule: Schedule = evaluated(text)
    return schedule


class LabNode(nodes.General, nodes.Element):
    """A lab; its child is the figure for readers without JavaScript, and for print."""


class ScheduleLab(SphinxDirective):
    """A schedule lab; what cannot be understood is a warning."""

    has_content = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {
        "updates": directives.positive_int,
        "log": directives.flag,
        "condition": float,
        "noise": float,
        "momentum": float,
        "optimizer": str,
        "epochs": int,
        "seeds": int,
        "full": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Return the lab with its figure."""
        settings: dict[str, Any] = {
            name: value is None or value for name, value in self.options.items()
        }
        full = settings.pop("full", False)
        try:
            schedules = named(line_of(line) for line in self.content if line.strip())
            shown = state(schedules, **settings)
        except (SyntaxError, TypeError, ValueError) as error:
            logger.warning("schedule-lab: %s", error, location=self.get_location())
            return []
        figure = plot_schedules(schedules, shown["updates"], log=shown["log"])
        key = hashlib.sha256(repr((schedules, settings)).encode()).hexdigest()[:16]
        path = Path(self.env.doctreedir) / "labs" / f"lab-{key}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, dpi=144)
        uri = "/" + os.path.relpath(path, self.env.srcdir).replace(os.sep, "/")
        image = nodes.image(uri=uri, alt=figure.alt, width="100%")
        lab = LabNode("", image, state=shown, full=full)
        self.set_source_info(lab)
        return [lab]


def visit_html(self: Any, node: LabNode) -> None:
    """Write what the script reads, and begin what it replaces."""
    classes = "schedule-lab lab-full" if node["full"] else "schedule-lab"
    self.body.append(f"{opening(node['state'], classes)}<noscript>")


def depart_html(self: Any, node: LabNode) -> None:
    """Write the end."""
    self.body.append("</noscript></div>\n")


def ignore(self: Any, node: LabNode) -> None:
    """Write nothing around the figure, which is what stays in print."""


def add_to_page(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Put script and styles into a page with a lab."""
    if '<div class="schedule-lab' not in context.get("body", ""):
        return
    written(app, "d2lsched-images.js", images.script)  # loaded once asked for
    name = written(app, "d2lsched-lab.js", plain)
    styles, source = STYLES.read_text(encoding="utf-8"), context["pathto"](f"_static/{name}", 1)
    head = f'<style>{styles}</style>\n<script defer src="{source}"></script>'
    context["metatags"] = f"{context.get('metatags', '')}\n{head}"


def written(app: Sphinx, name: str, make: Callable[[], str]) -> str:
    """Write a script among the book's files, once; return its name, and a key to its text."""
    path, text = Path(app.outdir, "_static", name), make()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")
    return f"{name}?v={hashlib.sha256(text.encode()).hexdigest()[:8]}"


def configure(app: Sphinx, config: Config) -> None:
    """Have MyST-NB show the HTML of widgets: the book has neither kernel nor their manager."""
    if "nb_mime_priority_overrides" in config:
        config.nb_mime_priority_overrides = [
            *config.nb_mime_priority_overrides, ("*", WIDGET, None)
        ]  # fmt: skip


def setup(app: Sphinx) -> None:
    """Register directive and node with Sphinx."""
    app.add_node(LabNode, html=(visit_html, depart_html), latex=(ignore, ignore))
    app.add_directive("schedule-lab", ScheduleLab)
    app.connect("config-inited", configure, priority=100)  # before MyST-NB reads it
    app.connect("html-page-context", add_to_page)
