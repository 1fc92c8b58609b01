"""All exercises of the book with hints and solutions, in one file for the lecturer.

    python -m d2lsched.teaching.solutions [--output FILE]

The chapters are the only source: an exercise and its solution are corrected there, and this
file is made again.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from d2lsched.teaching.chapters import ROOT, Chapter, chapters

BOX = re.compile(
    r"^:::\{admonition\} ((?:Exercise|Question) \d+.*)\n:class: [\w-]+\n(?s:(.*?))^:::$", re.M
)
FOLDED = re.compile(r"^(`{3,})\{dropdown\} (.+)\n(?s:(.*?))^\1$", re.M)

HEAD = """# Solutions to the exercises

Made from the chapters by `python -m d2lsched.teaching.solutions`. Numbers are those of the
committed runs. The answers to the self-checks follow the exercises of their chapter.
"""


@dataclass(frozen=True)
class Task:
    """An exercise, or a question of a self-check.

    label: as the chapter numbers it, "Exercise 3 (derive)".
    statement: what is asked, as plain Markdown.
    folded: what the chapter keeps out of sight, by its label; plain Markdown.
    """

    label: str
    statement: str
    folded: dict[str, str]

    @property
    def is_exercise(self) -> bool:
        """Whether this is an exercise."""
        return self.label.startswith("Exercise")

    @property
    def is_solved(self) -> bool:
        """Whether the exercise has a solution, or the question exactly one right answer."""
        if self.is_exercise:
            return bool(self.folded.get("Solution"))
        return sum(text.startswith("Right") for text in self.folded.values()) == 1


def tasks(chapter: Chapter) -> Iterator[Task]:
    """Yield a chapter's exercises and questions, in its order.

    ValueError, with page and label, for one without a solution.
    """
    for label, body in BOX.findall(chapter.markdown):
        folded = {name: chapter.plain(text).strip() for _, name, text in FOLDED.findall(body)}
        statement = chapter.plain(FOLDED.sub("", body)).strip()
        task = Task(chapter.plain(label), re.sub(r"\n{3,}", "\n\n", statement), folded)
        if not task.is_solved:
            raise ValueError(f"{chapter.page}: {label} has no solution")
        yield task


def section(chapter: Chapter) -> str:
    """Return a chapter's exercises and self-check as Markdown, "" if it has none."""
    found = sorted(tasks(chapter), key=lambda task: not task.is_exercise)
    if not found:
        return ""
    parts = [f"## {chapter.title}", f"`{chapter.page}.ipynb`"]
    for task in found:
        parts += [f"### {task.label}"] + [task.statement] * bool(task.statement)
        for name, text in task.folded.items():
            end = "" if name[-1] in ".?!" else "."
            parts.append(f"**{name}{end}** {text}" if task.is_exercise else f"- *{name}{end}* "
                         + text.replace("\n", "\n  "))  # fmt: skip
    return "\n\n".join(parts) + "\n"


def gathered(root: Path = ROOT) -> str:
    """Return the whole file. ValueError if an exercise has no solution."""
    parts, part = [HEAD], ""
    for chapter in chapters(root):
        if text := section(chapter):
            if chapter.part != part:
                part = chapter.part
                parts.append(f"# {part}\n")
            parts.append(text)
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Gather the solutions to all exercises.")
    parser.add_argument("--output", type=Path, default=ROOT / "_build/solutions.md")
    options = parser.parse_args(arguments)
    try:
        text = gathered()
    except (LookupError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text, encoding="utf-8")
    solved = len(re.findall(r"^### Exercise", text, re.M))
    asked = len(re.findall(r"^### Question", text, re.M))
    print(f"{options.output}: {solved} exercises, {asked} questions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
