"""Markdown of submissions as HTML, for nbgrader's pages: the course's configuration names it.

Here, where Markdown becomes HTML, nothing needs to be guessed: a student's HTML is shown as
the text that it is, and of what Markdown makes only harmless tags, links and pictures are kept.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from ..extras import needs

with needs("teaching"):
    import nh3
    from jinja2 import pass_context
    from jinja2.runtime import Context
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

PICTURES = {"image/png": b"\x89PNG\r\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8"}
"""Pictures that no browser runs, and how their files begin."""

LARGEST_PICTURE = 2_000_000
"""Characters of a picture in base 64."""

LONGEST, ALL = 10_000, 100_000
"""Characters of Markdown that become HTML, of a cell and of a page: parsing can take time that
grows by their square. What is longer stands there as it was written."""

RUNS = re.compile(
    r"\\(?=(?:href|url|require|unicode|style|class|cssId|bbox|data|mmlToken|includegraphics|"
    r"def|let|newcommand|renewcommand|newenvironment|renewenvironment|csname)(?![A-Za-z]))"
)
"""TeX by which MathJax makes links and styles, or commands that could."""


def picture(kind: Any, data: Any) -> str | None:
    """Return a picture's base 64, or None if it is not what it says, or too large."""
    text = "".join(map(str, data)) if isinstance(data, list) else data
    if kind not in PICTURES or not isinstance(text, str) or len(text) > LARGEST_PICTURE:
        return None
    try:
        file = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(file).decode() if file.startswith(PICTURES[kind]) else None


class Renderer(IPythonRenderer):
    """nbconvert's, with HTML as text, the file's own pictures, and no diagrams that run."""

    def block_code(self, code: str, info: str | None = None) -> str:
        """Return a block of code; Mermaid's is code like any other."""
        return super().block_code(code, None if info and info.startswith("mermaid") else info)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Return a picture that the file holds; in place of another one, its words."""
        found: Mapping[str, Any] = {}
        if url.startswith("attachment:"):
            found = self.attachments.get(url.removeprefix("attachment:"), {})
        elif match := re.fullmatch(r"data:(image/\w+);base64,(.*)", url, re.DOTALL):
            found = {match[1]: match[2]}
        for kind, data in found.items():
            if safe := picture(kind, data):
                return f'<img alt="{escape(text)}" src="data:{kind};base64,{safe}">'
        where = "a picture that is not in the file" if len(url) > 300 else url
        return escape(f"[picture: {text} ({where})]")


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Return a cell's Markdown, or a comment, as HTML that does nothing but stand there."""
    cell, page = context.get("cell", {}), context.get("resources", {})
    page["markdown"] = page.get("markdown", 0) + len(source)
    if len(source) > LONGEST or page["markdown"] > ALL:
        return _as_written(source)
    renderer = Renderer(
        escape=True, allow_harmful_protocols=False, exclude_anchor_links=True,
        attachments=cell.get("attachments", {}),
    )  # fmt: skip
    html = str(MarkdownWithMath(renderer=renderer).render(source))
    return nh3.clean(
        RUNS.sub("\\\\ ", html),
        attributes={
            "a": {"href", "title"}, "img": {"src", "alt"}, "span": {"class"}, "div": {"class"},
            "code": {"class"}, "pre": {"class"}, "td": {"style"}, "th": {"style"},
        },
        url_schemes={"http", "https", "data"},
        attribute_filter=_attribute,
        filter_style_properties={"text-align"},
    )  # fmt: skip


def _as_written(source: str) -> str:
    """Return text as HTML; brackets would be looked at again, for links, each to the end."""
    return f"<pre>{escape(source).replace('[', '&#91;')}</pre>"


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    """Return an attribute's value if it may stay."""
    if attribute == "href":
        return value if value.startswith(("http://", "https://", "#")) else None
    if attribute == "src":
        return value if value.startswith(tuple(f"data:{kind};" for kind in PICTURES)) else None
    return value
