"""The text alternative of a figure is the ``text/plain`` of the object displayed."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

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
