"""What surrounds a chapter on its page, made lighter, and legible to every reader.

The theme loads Font Awesome's script (1.5 MB) for a dozen icons, nine style sheets of which
a page needs a tenth, and its scripts before the first paint. Here the icons become inline
drawings, the style sheets one file with the rules that the book uses, and every script
waits for the page. What assistive technology, search engines and link previews need, and
the theme leaves out, is added.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import tinycss2
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.jinja2glue import BuiltinTemplateLoader
from sphinx.util import logging

THEME = "sphinx_book_theme"
logger = logging.getLogger(__name__)

# ---- Style sheets ------------------------------------------------------------

STYLES = (  # below _static, in the order of the theme's pages
    "basic.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "togglebutton.css",
    "copybutton.css",
    "mystnb.*.css",
    "sphinx-design.min.css",
    "d2lsched*.css",
)
IMPORTING = "styles/theme.css"  # does nothing but import basic.css
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


def bundled(static: Path, words: set[str]) -> str:
    """Return the style sheets of the book as one, without what no page can use."""
    texts = []
    for pattern in STYLES:
        for path in sorted(static.glob(pattern)):
            rules = tinycss2.parse_stylesheet(
                path.read_text(encoding="utf-8"), skip_comments=True, skip_whitespace=True
            )
            folder = path.parent.relative_to(static).as_posix()
            relative = r"""url\((['"]?)(?!['"]|data:|#|/|\w+:)"""
            text = "\n".join(used_rules(rules, words))
            texts.append(re.sub(relative, rf"url(\1{folder}/", text))
    return "\n".join(texts)


def write_bundle(app: Sphinx, exception: Exception | None) -> None:
    """Write the one style sheet, once all pages are there; drop what nothing loads."""
    if exception or app.builder.format != "html" or app.config.html_theme != THEME:
        return
    static = Path(app.outdir, "_static")
    (static / BUNDLE).write_text(bundled(static, words_of(Path(app.outdir))), encoding="utf-8")
    for pattern in UNUSED:
        for path in static.glob(pattern):
            if path.is_file():
                path.unlink()


# ---- Icons -------------------------------------------------------------------

BRANCH = "M6 7v10M6 7a2 2 0 100-4 2 2 0 000 4zM6 21a2 2 0 100-4 2 2 0 000 4zM18 9c0 6-12 2-12 8"
BRANCH += "M18 9a2 2 0 100-4 2 2 0 000 4z"
ICONS = {  # our own drawings, on a square of 24, stroked in the color of the text
    "angle-left": "M15 5l-7 7 7 7",
    "angle-right": "M9 5l7 7-7 7",
    "arrow-up": "M12 20V4M5 11l7-7 7 7",
    "bars": "M3 6h18M3 12h18M3 18h18",
    "chevron-down": "M5 9l7 7 7-7",
    "bitbucket": BRANCH,
    "circle-half-stroke": "M12 3a9 9 0 100 18 9 9 0 000-18zM12 3v18M12 7h7M12 11h9M12 15h8",
    "code": "M8 6l-6 6 6 6M16 6l6 6-6 6",
    "comments": "M3 3h13v9H8l-5 4zM19 8h2v13l-4-4h-7v-2",
    "download": "M12 3v12M6 10l6 6 6-6M3 17v4h18v-4",
    "expand": "M3 9V3h6M15 3h6v6M21 15v6h-6M9 21H3v-6",
    "file": "M5 2h9l5 5v15H5zM14 2v5h5",
    "file-pdf": "M5 2h9l5 5v15H5zM14 2v5h5M8 18c4-2 5-6 4-7s-1 5 4 5-4-1-8 2z",
    "github": BRANCH,
    "gitlab": BRANCH,
    "lightbulb": "M9 18h6M10 21h4M9 18c0-3-4-4-4-9a7 7 0 0114 0c0 5-4 6-4 9",
    "list": "M8 6h13M8 12h13M8 18h13M3 6h.01M3 12h.01M3 18h.01",
    "magnifying-glass": "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L21 21",
    "moon": "M20 14.5A8.5 8.5 0 019.5 4 8.5 8.5 0 1020 14.5z",
    "pencil-alt": "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
    "play": "M6 4l14 8-14 8z",
    "rocket": "M9 15c0-6 4-11 12-12-1 8-6 12-12 12zM9 15l-3-3 2-4h4M9 15l3 3 4-2v-4M5 16c-2 1 "
    "-2 3-2 5 2 0 4 0 5-2M15 9h.01",
    "sun": "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 "
    "17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19",
    "xmark": "M5 5l14 14M19 5L5 19",
}
PLACEHOLDER = re.compile(
    r'<(?P<tag>i|span) class="(?P<classes>[^"]*\bfa-(?!solid|regular|lg)(?P<name>[\w-]+)[^"]*)"'
    r"(?P<rest>[^>]*)></(?P=tag)>"
)


def drawn(match: re.Match[str]) -> str:
    """Return the drawing for an icon's placeholder, as Font Awesome's script would."""
    if match["name"] not in ICONS:
        return match[0]
    classes = " ".join(match["classes"].split())
    rest = re.sub(r'\s*title="[^"]*"', "", match["rest"])
    return (
        f'<svg class="icon {classes}"{rest} viewBox="0 0 24 24" aria-hidden="true">'
        f'<path d="{ICONS[match["name"]]}"/></svg>'
    )


# ---- A page as a whole -------------------------------------------------------

LABELS = (  # what the theme's markup lacks, by the text that each replaces
    (' title="Toggle primary sidebar"', ' title="Contents of the book" aria-label="{}"'),
    (' title="Toggle secondary sidebar"', ' title="Contents of this page" aria-label="{}"'),
    (' title="Fullscreen mode"', ' title="Full screen" aria-label="{}"'),
    (
        '<div id="pst-primary-sidebar"',
        '<div id="pst-primary-sidebar" role="complementary" aria-label="The book"',
    ),
    (
        '<dialog id="pst-primary-sidebar-modal"',
        '<dialog id="pst-primary-sidebar-modal" aria-label="Contents of the book"',
    ),
    (
        '<dialog id="pst-secondary-sidebar-modal"',
        '<dialog id="pst-secondary-sidebar-modal" aria-label="Contents of this page"',
    ),
    ('<dialog id="pst-search-dialog"', '<dialog id="pst-search-dialog" aria-label="Search"'),
    ('class="logo__image', 'width="56" height="56" class="logo__image'),
    # A list of list items, as docutils means it; its role for them is deprecated.
    (' role="doc-biblioentry"', ' role="listitem"'),
)
EMPTY_HEADER = re.compile(r"<th\b([^>]*)>(?:\s|<p>\s*</p>)*</th>")  # a table's empty corner
CHARSET = '<meta charset="utf-8" />'
VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
BACK_TO_TOP = re.compile(r'<button[^>]*id="pst-back-to-top".*?</button>', re.DOTALL)
OWN_NOTEBOOK = re.compile(r'(href="(?!\w+:)[^"]*\.ipynb") target="_blank"')
LOGO = re.compile(r'(class="btn__icon-container">\s*<img )alt="[^"]*"')  # beside its name
MENU = re.compile(r'(data-bs-toggle="dropdown" aria-expanded="false") aria-label="([^"]*)"')
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")


def lighter_head(head: str, *, is_search: bool) -> str:
    """Return a page's head with one style sheet and no script that delays the page."""
    head = re.sub(r'\s*<meta name="viewport"[^>]*>', "", head)
    head = re.sub(r"\s*<!--.*?-->", "", head, flags=re.DOTALL)
    head = head.replace(CHARSET, f"{CHARSET}\n    {VIEWPORT}", 1)
    is_linked = False
    for link in re.findall(r'\s*<link[^>]*\brel="stylesheet"[^>]*>', head):
        address = re.search(r'href="([^"]*?_static/)([^"?]+)', link)
        if address and any(fnmatch(address[2], name) for name in (*STYLES, IMPORTING)):
            one = f'\n    <link rel="stylesheet" href="{address[1]}{BUNDLE}"/>'
            head = head.replace(link, "" if is_linked else one, 1)
            is_linked = True
    head = re.sub(r'\s*<link rel="preload" as="script"[^>]*>', "", head)
    head = re.sub(r"\s*<script[^>]*fontawesome\.js[^>]*></script>", "", head)
    if not is_search:  # the theme's search as you type is off; the index grows with the book
        for name in SEARCH:
            head = re.sub(rf'\s*<script src="[^"]*{name}[^>]*></script>', "", head)
    head = re.sub(r"<script(?![^>]*\bdefer\b)([^>]*\bsrc=)", r"<script defer\1", head)
    # A module waits too, and keeps its place among the deferred scripts.
    waits = r"<script>(?=[^<]*\bDOCUMENTATION_OPTIONS\b)"
    return re.sub(waits, '<script type="module">', head)


def finished(page: str, *, is_search: bool = False) -> str:
    """Return a page of the theme as this book wants it."""
    head, end, body = page.partition("</head>")
    for old, new in LABELS:
        title = re.search(r'title="([^"]*)"', new)
        body = body.replace(old, new.format(title[1]) if title else new)
    body = PLACEHOLDER.sub(drawn, body)
    body = EMPTY_HEADER.sub(r"<td\1></td>", body)
    body = re.sub(r"\s*<!--.*?-->", "", body, flags=re.DOTALL)
    if button := BACK_TO_TOP.search(body):  # into a landmark
        body = body.replace(button[0], "", 1).replace("</main>", f"{button[0]}</main>", 1)
    body = OWN_NOTEBOOK.sub(r"\1 download", body)
    body = MENU.sub(r'\1 title="\2" aria-label="\2"', body)
    body = LOGO.sub(r'\1alt=""', body)
    return lighter_head(head, is_search=is_search) + end + body


def undrawn(page: str) -> list[str]:
    """Return the icons of a whole page that would be empty boxes."""
    body = page.partition("</head>")[2]  # the theme renders parts by themselves: not yet drawn
    return [icon["name"] for icon in PLACEHOLDER.finditer(body)]


class Templates(BuiltinTemplateLoader):
    """Sphinx's templates, whose pages are finished by `finished`."""

    def render(self, template: str, context: dict[str, Any]) -> str:  # type: ignore[override]
        """Return a finished page."""
        name = context.get("pagename")
        page = finished(super().render(template, context), is_search=name == "search")
        for icon in undrawn(page):
            message = "%s: the icon %s has no drawing in ICONS, d2lsched/book/page.py"
            logger.warning(message, name, icon)
        return page


# ---- Metadata ----------------------------------------------------------------


def first_words(doctree: nodes.document, most: int = 200) -> str:
    """Return the beginning of a page's first paragraph of plain text, whole words only."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        in_text = isinstance(paragraph.parent, nodes.section | nodes.document)
        if in_text and len(text) >= 40 and not any(paragraph.findall(nodes.math)):
            if len(text) <= most:
                return text
            sentences = text[: most + 1].rpartition(". ")[0]
            return (
                f"{sentences}."
                if len(sentences) > most // 2
                else (text[: most - 1].rpartition(" ")[0] + "…")
            )
    return ""


def add_metadata(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Add to a page's head what search engines and previews of links show."""
    if app.config.html_theme != THEME:
        return
    tags = context.get("metatags", "")
    given = re.search(r'<meta content="([^"]*)" name="description"', tags)
    description = html.unescape(given[1]) if given else (doctree and first_words(doctree))
    description = description or app.config.html_context.get("description", "")
    title = re.sub(r"<[^>]*>", "", str(context.get("title", ""))) or app.config.html_title
    base = app.config.html_baseurl or ""
    picture = context["pathto"]("_static/social-card.png", resource=True)
    if base:  # previews need a whole address; without one, what they get is relative
        picture = urljoin(base, "_static/social-card.png")
    entries = {
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:title": html.unescape(title),
        "og:description": description,
        "og:image": picture,
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": app.config.html_context.get("social_card_alt", ""),
    }
    if context.get("pageurl"):
        entries["og:url"] = context["pageurl"]
    lines = [
        f'<meta property="{key}" content="{html.escape(value)}"/>'
        for key, value in entries.items()
        if value
    ]
    lines.append('<meta name="twitter:card" content="summary_large_image"/>')
    if not given and description:
        lines.insert(0, f'<meta name="description" content="{html.escape(description)}"/>')
    for name, size in (("favicon-32.png", "32x32"), ("apple-touch-icon.png", "180x180")):
        kind = "apple-touch-icon" if name.startswith("apple") else "icon"
        address = context["pathto"](f"_static/{name}", resource=True)
        lines.append(f'<link rel="{kind}" sizes="{size}" type="image/png" href="{address}"/>')
    context["metatags"] = tags + "\n    " + "\n    ".join(lines)


def setup(app: Sphinx) -> None:
    """Register what this module does with Sphinx."""
    app.connect("config-inited", use_templates)
    app.connect("html-page-context", add_metadata)
    # After the theme, which then writes pygments.css anew.
    app.connect("build-finished", write_bundle, priority=900)


def use_templates(app: Sphinx, config: Any) -> None:
    """Have the pages of the book's theme finished; little books of other themes are not."""
    if config.html_theme == THEME:
        config.template_bridge = "d2lsched.book.page.Templates"
