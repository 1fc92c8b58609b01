"""Every chapter is as long as its reader is told, and says nothing twice.

``python -m tests.test_length`` prints what each chapter holds: words, lines, exercises.
"""

import re
from itertools import combinations
from pathlib import Path

import pytest

from d2lsched.book.tabs import FRAMEWORKS
from d2lsched.teaching.chapters import Chapter, chapters

ROOT = Path(__file__).parents[1]
EVERY = [*chapters()]  # quick start and appendix, too
BOOK = [chapter for chapter in EVERY if "/" in chapter.page.removeprefix("chapters/")]
IDS = [chapter.page.rpartition("/")[2] for chapter in BOOK]

WORDS, LINES = 3_000, 400
"""The most that a chapter holds, its exercises, references and folded cells apart."""


def plan(chapter: Chapter) -> str:
    length = chapter.length
    return (
        f"Plan {length.reading} minutes, and {length.practice} for the exercises. "
        "Afterwards you can"
    )


def told(chapter: Chapter) -> str:
    """What the objectives say, on one line."""
    objectives = chapter.markdown.partition("\n## Objectives\n")[2].partition("\n## ")[0]
    return " ".join(objectives.split())


@pytest.mark.parametrize("chapter", BOOK, ids=IDS)
def test_a_chapter_takes_the_time_it_says(chapter):
    assert told(chapter).startswith(plan(chapter))


@pytest.mark.parametrize("chapter", BOOK, ids=IDS)
def test_no_chapter_is_too_long(chapter):
    assert chapter.length.words <= WORDS
    assert chapter.length.lines <= LINES


def test_the_book_is_short_enough():
    assert sum(chapter.length.words for chapter in EVERY) <= 60_000
    assert sum(chapter.length.lines for chapter in EVERY) <= 8_300


def test_the_preface_says_how_the_times_are_computed():
    preface = " ".join((ROOT / "chapters/preface.md").read_text(encoding="utf-8").split())
    assert "120 words and 15 lines of code a minute" in preface
    assert "five minutes an exercise" in preface


# --- what is said twice


def paragraphs(chapter: Chapter) -> list[str]:
    """The prose, a text a paragraph; predictions name settings alike, and references recur."""
    prose = chapter.markdown.partition("\n## References")[0]
    prose = re.sub(r"(?ms)^:::\{admonition\} Predict.*?^:::$", "", prose)
    texts = re.split(r"\n\s*\n", prose)
    return [
        " ".join(text.split())
        for text in texts
        if not re.match(r"\$\$|`{3,}\{dropdown\} [A-Z]\.", text)
    ]


def codes(chapter: Chapter) -> list[str]:
    """The cells of code, those of a framework apart: the same run is trained in each."""
    return [
        cell["source"]
        for cell in chapter.cells
        if cell["cell_type"] == "code"
        and not set(FRAMEWORKS) & set(cell["metadata"].get("tags", []))
    ]


def pieces(text: str, length: int) -> set[tuple[str, ...]]:
    """All runs of so many words."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def alike(texts: list[tuple[str, str]], length: int, share: float) -> list[str]:
    """Pairs of (where, text) of which one holds so large a share of the other's pieces."""
    cut = [(where, text, pieces(text, length)) for where, text in texts]
    return [
        f"{one}: {text[:80]} … | {other}"
        for (one, text, a), (other, _, b) in combinations(cut, 2)
        if min(len(a), len(b)) >= 12 and len(a & b) >= share * min(len(a), len(b))
    ]


def everywhere(of) -> list[tuple[str, str]]:
    return [(chapter.page, text) for chapter in EVERY for text in of(chapter)]


@pytest.mark.slow
def test_no_paragraph_stands_twice():
    assert alike(everywhere(paragraphs), length=5, share=0.5) == []


def test_no_cell_stands_twice():
    assert alike(everywhere(codes), length=5, share=0.6) == []


def test_what_is_said_twice_is_found():
    text = (
        "A constant rate leaves the weights at a distance from the minimum that falls with "
        "the rate, because every batch pulls them in a direction of its own."
    )
    changed = text.replace("falls with the rate", "is smaller for a smaller rate")
    assert alike([("a", text), ("b", "Words before. " + changed)], 4, 0.5)
    assert not alike([("a", text), ("b", text[::-1])], 4, 0.5)


if __name__ == "__main__":
    for chapter in EVERY:
        print(f"{chapter.page.removeprefix('chapters/'):32} {chapter.length}")
