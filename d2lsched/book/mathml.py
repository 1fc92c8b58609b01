"""Mathematics as MathML, made while the book is built: no script, no outside host.

latex2mathml writes MathML 3; browsers implement MathML Core, which is less. What
differs in the constructs of this book is put right here, each with its reason.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, tostring

from docutils import nodes
from latex2mathml.commands import FUNCTIONS
from latex2mathml.converter import Converter
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

ARITY = dict.fromkeys(("mfrac", "mroot", "msub", "msup", "munder", "mover"), 2)
ARITY |= dict.fromkeys(("msubsup", "munderover"), 3)
SCRIPTED = frozenset(ARITY) - {"mfrac", "mroot"}
ROWS = frozenset({"mrow", "mtd", "msqrt", "mstyle"})
WIDTHS = {  # MathML Core has no named widths
    "negativethinmathspace": "-0.167em",
    "negativemediummathspace": "-0.222em",
    "negativethickmathspace": "-0.278em",
}
SIGNS = frozenset("−+±∓")
DIRECTED_FENCES = {"⌊": "prefix", "⌈": "prefix", "⌋": "postfix", "⌉": "postfix"}
ORDINARY = frozenset("∇∞⊤⊥∂∀∃∅…")  # they take no space, as letters do
LIMITS = frozenset({"max", "min", "lim", "sup", "inf", "∑", "∏"})
UNDERS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
CLOSING = frozenset(")]}⟩⌋⌉|‖!")


class FormulaError(ValueError):
    """A formula that cannot be shown as its author meant it."""


def to_mathml(latex: str, *, display: bool = False) -> str:
    """Return the ``<math>`` element of a formula.

    Raises FormulaError for LaTeX that is wrong or that latex2mathml does not know.
    """
    try:
        converter = Converter(display="block" if display else "inline")
        math = converter.convert_to_element(prepared(latex))
    except Exception as error:  # its exceptions share no base, and malformed input adds others
        raise FormulaError(type(error).__name__) from error
    for element in math.iter():
        repair(element)
        refuse_errors(element)
    for element in list(math.iter()):
        space_children(element)
    for element in math.iter():
        tighten_scripts(element)
    return tostring(math, encoding="unicode")


def prepared(latex: str) -> str:
    """Return LaTeX with the environments that latex2mathml knows, its braces checked."""
    unescaped = re.sub(r"\\.", "", latex)
    if unescaped.count("{") != unescaped.count("}"):
        raise FormulaError("unbalanced braces")  # latex2mathml would swallow the rest
    latex = re.sub(r"\\(begin|end)\{equation\*?\}", "", latex).strip()
    # Its own align would number the lines again, beside Sphinx's number.
    latex = re.sub(r"\\(begin|end)\{align(ed|\*)?\}", r"\\\1{split}", latex)
    latex = re.sub(r"\\(begin|end)\{gather(ed|\*)?\}", r"\\\1{matrix}", latex)
    if r"\\" in latex and r"\begin" not in latex:  # as Sphinx does for MathJax
        latex = rf"\begin{{split}}{latex}\end{{split}}"
    return latex


def repair(element: Element) -> None:
    """Rewrite in place what browsers do not understand in one element."""
    if element.tag == "mtd" and element.get("columnalign") == "right":
        # Chromium begins every cell on the left; one that runs from right to left ends there.
        row = Element("mrow", dir="ltr")
        row[:], element[:] = list(element), [row]
        element.set("dir", "rtl")
    raw, text = element.text or "", html.unescape(element.text or "")
    element.text = text
    if element.tag == "mi" and raw != text and re.fullmatch("[A-Za-zΑ-Ω]", text):
        # \mathrm{d} arrives as a character reference, d as itself; one-letter
        # identifiers are slanted unless they say otherwise.
        element.set("mathvariant", "normal")
    elif (variant := element.get("mathvariant", "normal")) != "normal":
        # MathML Core knows no other variant: the letter itself must change.
        element.text = "".join(styled(letter, variant) for letter in text)
        del element.attrib["mathvariant"]
    if (width := element.get("width")) in WIDTHS:
        element.set("width", WIDTHS[width])
    if element.tag == "mo" and text in ORDINARY:
        element.tag = "mi"
        element.set("mathvariant", "normal")
    elif text == "*" and element.tag == "mo":  # as typed, it is high and small already
        element.text = "∗"
    elif text == "~" and element.tag == "mi":  # \sim arrives as an identifier
        element.tag, element.text = "mo", "∼"
    elif text == "±" and element.tag == "mi":  # so does \pm
        element.tag = "mo"
    elif text in DIRECTED_FENCES:  # \lfloor arrives as an identifier
        element.tag = "mo"
        element.attrib.setdefault("form", DIRECTED_FENCES[text])
        element.attrib.setdefault("stretchy", "false")
    elif text in ("|", "‖") and "form" not in element.attrib:  # both sides look alike
        element.attrib.update(lspace="0", rspace="0", stretchy="false")
    elif text in ("/", "."):  # ordinary in TeX, spaced operators in browsers
        element.attrib.update(lspace="0", rspace="0")
    elif element.tag in UNDERS and takes_limits(element[0]):
        element.tag = UNDERS[element.tag]  # arrives as a subscript even when displayed
        element[0].set("movablelimits", "true")


def takes_limits(operator: Element) -> bool:
    """Return whether a displayed operator has its limits above and below."""
    return (
        html.unescape(operator.text or "") in LIMITS or operator.get("movablelimits") == "true"
    )


def styled(letter: str, variant: str) -> str:
    """Return the mathematical letter of a variant ("bold-italic"), if Unicode has it."""
    name = unicodedata.name(letter).replace("LATIN ", "").replace("GREEK ", "")
    name = name.replace("LETTER ", "")
    style = variant.upper().replace("-", " ").replace("DOUBLE STRUCK", "DOUBLE-STRUCK")
    older = {"FRAKTUR": "BLACK-LETTER"}.get(style, style)  # ℝ, ℒ, ℌ came before the block
    for candidate in (f"MATHEMATICAL {style} {name}", f"{older} {name}"):
        try:
            return unicodedata.lookup(candidate)
        except KeyError:
            continue
    return letter


def refuse_errors(element: Element) -> None:
    """Raise FormulaError for what latex2mathml passes through without a word."""
    text = element.text or ""
    if "\\" in text:
        raise FormulaError(f"unknown command in {text}")
    if element.tag == "mo" and not text and not len(element) and "form" not in element.attrib:
        raise FormulaError("operatorname takes letters only")
    if text == "&" or "$" in text:
        raise FormulaError(f"misplaced {'&' if text == '&' else '$'}")
    if len(element) != ARITY.get(element.tag, len(element)):
        raise FormulaError(f"an argument is missing ({element.tag})")


def is_function(element: Element) -> bool:
    """Return whether this is a named operator (cos, max), perhaps with limits or a power."""
    base = element[0] if element.tag in ARITY and element.tag != "mfrac" else element
    text = base.text or ""
    if base.tag == "mi":
        return f"\\{text}" in FUNCTIONS
    return base.tag == "mo" and text[:1].isalpha()


def space_children(row: Element) -> None:
    """Space named operators, signs and grouped punctuation among siblings as TeX does."""
    children = list(row)
    if row.tag in ROWS and len(children) == 1 and children[0].tag == "mo":
        children[0].attrib.update(lspace="0", rspace="0")  # the comma of 10{,}000
    elif row.tag in ROWS and children:
        around = zip([None, *children[:-1]], children, [*children[1:], None], strict=True)
        row[:] = [part for triple in around for part in spaced(*triple)]


def spaced(before: Element | None, child: Element, after: Element | None) -> list[Element]:
    """Return a child with the spaces that TeX sets between it and its neighbors."""
    if is_function(child):
        for named in child.iter("mo"):
            if (named.text or "")[:1].isalpha():
                named.attrib.update(lspace="0", rspace="0")  # browsers: as for a relation
        thin = Element("mspace", width="0.167em")
        left = before is not None and is_operand(before)
        right = after is not None and after.tag not in ("mo", "mspace")
        return [thin] * left + [child] + [thin] * right
    follows_operator = before is not None and before.tag == "mo" and not is_operand(before)
    if child.tag == "mo" and child.text in SIGNS and follows_operator:
        child.set("form", "prefix")  # browsers see a sign only at a row's start
    return [child]


def tighten_scripts(element: Element) -> None:
    """Set the operators of indices, exponents and limits without space, as TeX does."""
    if element.tag in SCRIPTED:
        for script in element[1:]:
            for operator in script.iter("mo"):
                operator.attrib.update(lspace="0", rspace="0")


def is_operand(element: Element) -> bool:
    """Return whether an operator after this element would need a space."""
    if element.tag == "mo":
        return element.text in CLOSING
    return element.tag != "mspace" and not is_function(element)


def rendered(node: nodes.math | nodes.math_block, *, display: bool) -> str:
    """Return the formula's MathML; on an error warn, naming it, and show its source."""
    latex = node.astext()
    try:
        return to_mathml(latex, display=display)
    except FormulaError as error:
        logger.warning("formula not understood: %s: %s", error, latex, location=node)
        return f"<code>{html.escape(latex)}</code>"


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """Write an inline formula."""
    start = self.starttag(node, "span", "", CLASS="math notranslate nohighlight")
    self.body.append(start + rendered(node, display=False) + "</span>")
    raise nodes.SkipNode


def visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula, with its number if it has one."""
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node.get("number"):
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append(rendered(node, display=True) + "</div>\n")
    raise nodes.SkipNode
