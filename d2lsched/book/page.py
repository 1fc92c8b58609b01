"""What surrounds a chapter on its page, made lighter, and legible to every reader.

The theme loads Font Awesome's script (1.5 MB) for a dozen icons, nine style sheets of which
a page needs a tenth, and its scripts before the first paint. With the templates beside this
module the icons are masks (``d2lsched-icons.css``), the style sheets one file with the rules
that the book uses, and every script waits for the page.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tinycss2
from sphinx.application import Sphinx
from sphinx.config import Config

THEME = "sphinx_book_theme"
TEMPLATES = Path(__file__).parent / "templates"

# ---- Style sheets ------------------------------------------------------------

OF_THEME = ("basic.css", "styles/pydata-sphinx-theme.css")
"""Style sheets that the theme's templates name themselves, before those that Sphinx knows."""

BUNDLE = "book.css"
UNUSED = ("scripts/*.map", "styles/*.map", "scripts/fontawesome.js*", "vendor/fontawesome/**/*")


def words_of(folder: Path) -> set[str]:
    """Return all words of the book's pages and scripts: no class or id is missing."""
    pages = [path.read_text(encoding="utf-8") for path in folder.rglob("*.html")]
    names = {name for page in pages for name in re.findall(r'<script[^>]* src="([^"?]+)', page)}
    scripts = [folder / re.sub(r"^(\.\./)+", "", name) for name in names]
    texts = [path.read_text(encoding="utf-8") for path in scripts if path.exists()]
    return {word for text in [*pages, *texts] for word in re.findall(r"[\w-]+", text)}


def may_match(selector: str, words: set[str]) -> bool:
    """Return whether a selector's classes and ids all occur among the book's words."""
    while (plain := re.sub(r":[\w-]+\([^()]*\)", "", selector)) != selector:
        selector = plain  # :not(.a) and :is(.a, .b) may hold without .a
    names = re.findall(r"[.#](-?[A-Za-z_](?:[\w-]|\\.)*)", re.sub(r"\[[^\]]*\]", "", selector))
    return all("\\" in name or name in words for name in names)


def used_rules(rules: list[Any], words: set[str]) -> Iterator[str]:
    """Yield the rules of a style sheet that can apply to the book, as CSS."""
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = tinycss2.serialize(rule.prelude).strip()
            # No selector of the theme has a comma within parentheses and a rare class.
            parts = re.split(r",(?![^(]*\))", selectors)
            if kept := [part.strip() for part in parts if may_match(part, words)]:
                yield f"{','.join(kept)}{{{tinycss2.serialize(rule.content).strip()}}}"
        elif rule.type == "at-rule" and rule.at_keyword in ("media", "supports", "layer"):
            inside = tinycss2.parse_rule_list(
                rule.content or [], skip_comments=True, skip_whitespace=True
            )
            if body := "".join(used_rules(inside, words)):
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{body}}}"
        elif rule.type == "at-rule" and rule.at_keyword != "charset":
            text = rule.serialize()
            if "Font Awesome" not in text.replace("\\", ""):
                yield text


def bundled(static: Path, names: Iterable[str], words: set[str]) -> str:
    """Return style sheets as one, without what no page can use.

    static: the book's folder for such files. names: the style sheets in it, in their order.
    """
    texts = []
    for name in names:
        sheet = (static / name).read_text(encoding="utf-8")
        rules = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
        relative = r"""url\((['"]?)(?!['"]|data:|#|/|\w+:)"""
        folder = posixpath.dirname(name)
        text = "\n".join(used_rules(rules, words))
        texts.append(re.sub(relative, rf"url(\1{folder}/", text) if folder else text)
    return "\n".join(texts)


def write_bundle(app: Sphinx, exception: Exception | None) -> None:
    """Write the one style sheet, once all pages are there; drop what nothing loads."""
    if exception or app.builder.format != "html" or app.config.html_theme != THEME:
        return
    static = Path(app.outdir, "_static")
    builder: Any = app.builder
    sheets = sorted(builder._css_files, key=lambda sheet: sheet.priority)
    names = [str(sheet.filename).removeprefix("_static/") for sheet in sheets]
    text = bundled(static, [*OF_THEME, *names], words_of(Path(app.outdir)))
    (static / BUNDLE).write_text(text, encoding="utf-8")
    for pattern in UNUSED:
        for path in static.glob(pattern):
            if path.is_file():
                path.unlink()


# ---- Pages -------------------------------------------------------------------


def use_templates(app: Sphinx, config: Config) -> None:
    """Put our templates before the theme's; little books of other themes keep theirs."""
    if config.html_theme == THEME:
        config.templates_path = [str(TEMPLATES), *config.templates_path]


def wait(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Have a page's scripts wait for it, and offer a switch where there is code to fold."""
    if app.config.html_theme != THEME:
        return
    for script in context["script_files"]:
        if script.filename:
            script.attributes.setdefault("defer", "defer")
        elif "DOCUMENTATION_OPTIONS" in script.attributes["body"]:  # of a file that waits
            script.attributes["type"] = "module"  # keeps its place among those that wait
    if '<details class="code' in context.get("body", ""):
        context["header_buttons"].append(FOLD)


FOLD = {
    "type": "javascript",
    "javascript": "d2lsched.foldCode()",
    "tooltip": "Fold all code",
    "icon": "fas fa-code",
    "label": "fold-button",
    "classes": "pst-navbar-icon",
}


def setup(app: Sphinx) -> None:
    """Register what this module does with Sphinx."""
    app.connect("config-inited", use_templates)
    app.connect("html-page-context", wait, priority=502)  # after the theme's buttons
    # After the theme, which then writes pygments.css anew.
    app.connect("build-finished", write_bundle, priority=900)
