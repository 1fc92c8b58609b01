"""Plain Markdown from a chapter's: what GitHub, Colab and VS Code show as it is meant.

Directives become plain paragraphs and ``<details>``, citations become names and years that
lead to the work, and links to pages that are not there become their text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin

from d2lsched.book import citations

MARKDOWN = MarkdownIt("commonmark").use(colon_fence_plugin)
DIRECTIVE = re.compile(r"\{([\w:-]+)\}\s*(.*)")
OPTION = re.compile(r":[\w-]+:.*\n?")
# What a change of roles and links meets in a text, at each place the first that fits.
MET = re.compile(
    r"(?P<block>^(?P<fence>`{3,})(?s:.*?)^(?P=fence)[ \t]*$)"
    r"|\{(?P<role>[\w:-]+)\}`(?P<name>[^`]+)`"
    r"|(?<!!)\[(?P<label>[^\]]+)\]\((?P<target>[^)\s]+)\)"
    r"|(?P<span>(?P<tick>`+)(?!`)(?s:.*?)(?<!`)(?P=tick)(?!`))",
    re.MULTILINE,
)


def plain(text: str, works: Path, follow: Callable[[str], str | None] = lambda _: None) -> str:
    """Return Markdown without directives and roles.

    works: the BibTeX file with what it cites.
    follow: where a link to a file leads from the plain text; None if nowhere.

    LookupError for a directive or a role that is not known here, and for a citation that is
    not in the file.
    """

    def changed(met: re.Match[str]) -> str:
        role, target = met["role"], met["target"]
        if role == "cite":
            return cited(met["name"], works)
        if role:
            raise LookupError(f"nothing is known of {met[0]}")
        if not target or re.match(r"\w+:|#", target):
            return met[0]
        there = follow(target)
        return f"[{met['label']}]({there})" if there else met["label"]

    return MET.sub(changed, without_directives(text))


def cited(keys: str, works: Path) -> str:
    """Return the names and years of works, by their keys; each leads to the work."""
    entries = citations.bibliography(works)
    found = []
    for key in citations.keys_of(f"{{cite}}`{keys}`"):
        if key not in entries:
            raise LookupError(f"{key} is not in {works.name}")
        name, there = citations.named(entries[key]), citations.address(entries[key])
        found.append(f"[{name}]({there})" if there else name)
    return "; ".join(found)


def without_directives(text: str) -> str:
    """Return Markdown whose admonitions and dropdowns are plain."""
    lines = text.split("\n")
    for token in reversed(MARKDOWN.parse(text)):
        directive = DIRECTIVE.fullmatch(token.info.strip())
        if token.type in ("fence", "colon_fence") and token.map and directive:
            kind, title = directive.groups()
            body = token.content
            while option := OPTION.match(body):
                body = body[option.end() :]
            body = without_directives(body.strip("\n"))
            lines[slice(*token.map)] = boxed(kind, title, body).split("\n")
    return "\n".join(lines)


def boxed(kind: str, title: str, body: str) -> str:
    """Return one directive in plain Markdown: a bold title, or a fold."""
    if kind == "admonition":
        return f"**{title}**\n\n{body}"
    if kind == "dropdown":  # in the line of an HTML tag nothing is Markdown
        shown = MARKDOWN.renderInline(title)
        return f"<details>\n<summary>{shown}</summary>\n\n{body}\n\n</details>"
    raise LookupError(f"nothing is known of the directive {kind}")
