"""The book on the web: what its pages offer once ``_config.yml`` says where book and code are.

The settings are Jupyter Book's own, with one more, ``repository: discussions``. The address
of the repository brings the buttons that need it; without it there are none, whatever else
is set. Colab opens the exported notebooks, which need no book. It reads from GitHub only, so
publishing the book puts them on a branch of their own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

from d2lsched.book.tabs import FRAMEWORKS

NOTEBOOKS = "notebooks"
"""The branch with the exported notebooks, a folder for each framework (see the workflow)."""

BUTTONS = ("use_repository_button", "use_issues_button")


# ---- The settings


def settings(root: Path) -> dict[str, Any]:
    """Return what the book's own ``_config.yml`` says; nothing if there is none."""
    path = root / "_config.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.exists() else {}


def address(config: dict[str, Any], section: str, key: str, like: str) -> str | None:
    """Return an address among the settings without its final slash; None if it is not set.

    like: an example; an address has as many parts. ConfigError for what is no such address.
    """
    value = (config.get(section) or {}).get(key)
    if value in (None, ""):
        return None
    parts = like.removeprefix("https://").count("/")
    if not re.fullmatch(rf"https?://[^\s/]+(/[^\s/?#]+){{{parts},}}/?", str(value)):
        raise ConfigError(
            f"_config.yml: {section}: {key} is {value!r}; it must be an address like {like}"
        )
    return str(value).rstrip("/")


def repository(root: Path) -> str | None:
    """Return the address of the book's repository, as Git clones it; None if it is not set.

    root: the folder with ``_config.yml``. ConfigError for what is no address.
    """
    found = address(settings(root), "repository", "url", "https://github.com/owner/name")
    return found.removesuffix(".git") if found else None


# ---- In the rendered book


def theme_options(root: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return the theme's options with what the settings offer, and nothing without an address.

    root: the folder with ``_config.yml``. options: what Jupyter Book makes of it.
    """
    url, asked = repository(root), settings(root).get("html") or {}
    return options | {
        "repository_url": url or "",  # not set, it would be Jupyter Book's own
        "launch_buttons": (options.get("launch_buttons") or {}) if url else {},
        **{name: bool(url) and asked.get(name, True) for name in BUTTONS},
    }


def use_addresses(app: Sphinx, config: Config) -> None:
    """Tell Sphinx and the theme where the book and its repository are."""
    root = Path(app.confdir)
    if not (given := settings(root)):
        return  # no book
    config.html_theme_options = theme_options(root, config.html_theme_options)
    if base := address(given, "html", "baseurl", "https://example.org"):
        config.html_baseurl = config.ogp_site_url = f"{base}/"


def complete_buttons(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Have the theme's buttons lead where a reader wants to go."""
    buttons = context.get("header_buttons", [])
    for group in buttons:
        if group["label"] == "launch-buttons":
            group["tooltip"] = "Run this notebook"
            group["buttons"] = [
                one
                for button in group["buttons"]
                for one in (
                    in_colab(button, pagename) if button["text"] == "Colab" else [button]
                )
            ]
        elif group["label"] == "source-buttons":
            group["tooltip"] = "Repository and issues"
    given = settings(Path(app.confdir))
    if there := address(given, "repository", "discussions", "https://forum.example.org"):
        buttons.append(
            {
                "type": "link",
                "url": there,
                "text": "",
                "tooltip": "Discussion",
                "icon": "fas fa-comments",
                "label": "discussion-button",
            }
        )


def in_colab(button: dict[str, Any], page: str) -> list[dict[str, Any]]:
    """Return a button for each framework's notebook from the theme's one to the source."""
    start = button["url"].partition("/blob/")[0]
    return [
        button
        | {"text": f"Colab ({label})", "url": f"{start}/blob/{NOTEBOOKS}/{name}/{page}.ipynb"}
        for name, label in FRAMEWORKS.items()
        if name != "numpy"
    ]


def setup(app: Sphinx) -> None:
    """Register what this module does with Sphinx."""
    app.connect("config-inited", use_addresses)
    app.connect(
        "html-page-context", complete_buttons, priority=502
    )  # after the theme's buttons
