"""Sphinx extension of the book: framework tabs, text alternatives, mathematics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from d2lsched.extras import needs

with needs("book"):
    from sphinx.application import Sphinx
    from sphinx.config import Config

    from d2lsched.book import citations, code, figures, lab, page, search, web
    from d2lsched.book.api import Api
    from d2lsched.book.mathml import visit_math, visit_math_block
    from d2lsched.book.tabs import FrameworkTabs

HERE = Path(__file__).parent


def add_static_folder(app: Sphinx, config: Config) -> None:
    """Have Sphinx copy our style sheet and script into the book."""
    config.html_static_path.append(str(HERE / "static"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    # By name: it is a command too, and warns if it was imported before it runs.
    app.setup_extension("d2lsched.book.export")
    app.connect("source-read", citations.link_references)
    for part in (search, web, page, figures, code, lab):
        part.setup(app)
    app.add_directive("api", Api)
    app.add_transform(FrameworkTabs)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("config-inited", add_static_folder)
    for name in ("d2lsched", "d2lsched-page", "d2lsched-icons"):
        app.add_css_file(f"{name}.css")
    # Inline, in <head>: the choice must be known before the first paint.
    choice = (HERE / "static" / "d2lsched-choice.js").read_text(encoding="utf-8")
    app.add_js_file(None, body=choice, priority=100)
    for name in ("page", "tabs", "predict"):
        app.add_js_file(f"d2lsched-{name}.js", loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
