"""Figures on the page: what they say to those who cannot see them, their captions, their room.

The text alternative of a figure is the ``text/plain`` of the object displayed, and its first
sentence, which says what is drawn, is the caption.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.images import get_image_size
from sphinx.writers.html5 import HTML5Translator

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)


def text_alternative(bundle: nodes.Element) -> str:
    """Return the sentence in a MIME bundle's ``text/plain``, or an empty string.

    ``<Figure size 640x480 with 1 Axes>`` and the like describe nothing.
    """
    texts = [
        part.astext()
        for part in bundle.children
        if isinstance(part, nodes.Element) and part.get("mime_type") == "text/plain"
    ]
    sentence = " ".join(" ".join(texts).split())
    return "" if sentence.startswith("<") else sentence


def place_of(image: nodes.image) -> str:
    """Return which notebook cell (counted from 0) shows the image, for a message."""
    ancestor: nodes.Element | None = image
    while ancestor is not None and "cell_index" not in ancestor:
        ancestor = ancestor.parent
    return "this page" if ancestor is None else f"cell {ancestor['cell_index']}"


class TextAlternatives(SphinxTransform):
    """Give the images among cell outputs their ``alt``, and miss none in the book."""

    default_priority = 798

    def apply(self, **kwargs: Any) -> None:
        """Set each ``alt``; warn about every image that stays without one."""
        for bundle in self.document.findall(nodes.container):
            if bundle.get("nb_element") == "mime_bundle":
                for image in bundle.findall(nodes.image):
                    image["alt"] = image.get("alt") or text_alternative(bundle)
        for image in self.document.findall(nodes.image):
            if not image.get("alt"):
                message = "%s: an image in %s has no text alternative"
                logger.warning(message, self.env.docname, place_of(image), location=image)


def first_sentence(text: str) -> str:
    """Return the beginning of a text to the end of its first sentence.

    >>> first_sentence("The rate falls from 0.4. After it, the loss.")
    'The rate falls from 0.4.'
    """
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


class Captions(SphinxTransform):
    """Give the figures of a notebook their captions and numbers.

    The panels of a set of tabs show one figure for several frameworks, under one number.
    """

    default_priority = 800  # the tabs are made at 799

    def apply(self, **kwargs: Any) -> None:
        """Number the figures of the page in their order."""
        self.caption(self.document, 0)

    def caption(self, node: nodes.Node, number: int, panel: str = "") -> int:
        """Caption what is below a node; return the last number given.

        number: the last one before it. panel: whose panel this is, as a part of an id.
        """
        if not isinstance(node, nodes.Element):
            return number
        if "framework-tabs" in node["classes"]:
            names = [str(child["classes"][1]) for child in node.children]
            return max(
                self.caption(child, number, f"-{name}")
                for child, name in zip(node.children, names, strict=True)
            )
        if node.get("nb_element") == "mime_bundle":
            for image in list(node.findall(nodes.image)):
                number += 1
                figure = nodes.figure(ids=[f"figure-{number}{panel}"])
                image.replace_self(figure)
                text = f"Figure {number}. {first_sentence(image['alt'])}"
                figure += [image, nodes.caption(text, text)]
            return number
        for child in list(node.children):
            number = self.caption(child, number, panel)
        return number


def size_of(self: HTML5Translator, node: nodes.image) -> tuple[str, str] | None:
    """Return the width and height of an image in pixels, as given or as in its file."""
    given = [
        re.fullmatch(r"(\d+)(?:px)?", str(node.get(key, ""))) for key in ("width", "height")
    ]
    if given[0] and given[1]:
        return given[0][1], given[1][1]
    size = get_image_size(str(Path(self.builder.srcdir, node["uri"])))
    return (str(size[0]), str(size[1])) if size else None


def visit_image(self: HTML5Translator, node: nodes.image) -> None:
    """Write an image with its size, so that the page does not jump when it arrives.

    All but a page's first wait until they are scrolled to, or until their tab is chosen.
    """
    size = size_of(self, node)
    first = next(iter(self.document.findall(nodes.image)), None)
    HTML5Translator.visit_image(self, node)
    if not self.body[-1].startswith("<img "):
        return
    tag = self.body[-1]
    attributes = "" if node is first else ' loading="lazy"'
    attributes += ' decoding="async"'
    if size:
        tag = re.sub(r' style="width: \d+px; height: \d+px;"', "", tag)
        attributes += f' width="{size[0]}" height="{size[1]}"'
    self.body[-1] = tag.replace("<img", f"<img{attributes}", 1)


def setup(app: Sphinx) -> None:
    """Register what this module does with Sphinx."""
    app.add_transform(TextAlternatives)
    app.add_transform(Captions)
    app.add_node(nodes.image, override=True, html=(visit_image, HTML5Translator.depart_image))
