"""A reader's own copies of the notebooks: ``make lab`` opens them, and nothing overwrites them.

``python -m d2lsched.book.copies notebooks`` writes the exported notebooks into that folder,
beside a page that says where to start. Called again, it brings up to date what the reader has
left as it was, keeps what the reader has changed, and names it.
"""

from __future__ import annotations

import argparse
import json
import sys
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from nbformat.v4 import new_markdown_cell, new_notebook

from d2lsched.book.execute import tidy, to_text
from d2lsched.book.export import PACKAGES, exported
from d2lsched.book.tabs import FRAMEWORKS
from d2lsched.teaching.chapters import chapters

START = "Start here.ipynb"
WRITTEN = ".written.json"
"""For each file a hash of what was written last: where it is another, the reader changed it."""

WELCOME = """\
# Learning-rate schedules: start here

These notebooks are yours: change them, run them, break them. Nothing of the book changes with
them. Begin with the quick start, which trains a network in a minute; then read on in this
order. To get a chapter as it was, delete or rename yours, and call `make lab` again.
"""


def digest(text: str) -> str:
    """Return a hash of a file's text."""
    return sha256(text.encode()).hexdigest()


def start_page(root: Path) -> str:
    """Return the notebook that lists all others in the order of the book."""
    parts = [WELCOME]
    for part, pages in groupby(chapters(root), key=lambda chapter: chapter.part):
        parts += [f"\n## {part}\n"] if part else []
        parts += [f"- [{chapter.title}]({place(chapter.page)})" for chapter in pages]
    cells = [new_markdown_cell("\n".join(parts), id="start-here")]
    return to_text(tidy(new_notebook(cells=cells)))


def place(page: str) -> str:
    """Return where a page of the book is within the folder."""
    return f"{page.removeprefix('chapters/')}.ipynb"


def refresh(root: Path, folder: Path, framework: str | None = None) -> tuple[int, list[str]]:
    """Write the notebooks into a folder; return how many, and which ones the reader keeps.

    root: the book's folder. framework: whose cells the copies have; None for all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    notes = folder / WRITTEN
    before = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else {}
    files = {place(page): text for page, text in exported(root, framework)}
    files[START] = start_page(root)
    kept, now = [], dict(before)
    for name, text in files.items():
        path = folder / name
        if path.exists() and digest(path.read_text(encoding="utf-8")) != before.get(name):
            kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        now[name] = digest(text)
    notes.write_text(json.dumps(now, indent=1), encoding="utf-8")
    return len(files) - len(kept), kept


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Write copies of the notebooks for a reader.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--framework", choices=list(PACKAGES), help="all three if not given")
    parser.add_argument("--book", type=Path, default=Path(), help="the folder with _toc.yml")
    options = parser.parse_args(arguments)
    if not (options.book / "_toc.yml").exists():
        parser.error(f"--book {options.book}: there is no _toc.yml; name the book's folder")
    written, kept = refresh(options.book, options.folder, options.framework)
    whose = FRAMEWORKS[options.framework] if options.framework else "all frameworks"
    print(f"{options.folder}: {written} notebooks for {whose}")
    if kept:
        print("Kept, since you have changed them:", *kept, sep="\n  ")
        print("Delete or rename one to get the book's again.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
