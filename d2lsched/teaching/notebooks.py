"""Submitted notebooks: read with care, and written again without what they could smuggle in."""

from __future__ import annotations

import ast
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..extras import needs
from .pages import picture

with needs("teaching"):
    import nbformat

LARGEST = 20 * 1024**2
"""Bytes that a submitted notebook may have."""

LONGEST = 1_000_000
"""Characters of all its cells: to color a million as code takes half a minute."""

MOST = 1_000_000
"""Lists and dictionaries that it may hold: each takes far more memory than its two bytes."""


class Unreadable(Exception):
    """A submission that cannot be graded; the message tells the student why."""


@dataclass(frozen=True)
class Cell:
    """A cell of a submission. outputs, attachments: as handed in, still unsafe."""

    kind: str
    source: str
    grade_id: str | None
    outputs: Sequence[Any] = field(default=(), repr=False)
    attachments: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Given:
    """A cell of the instructor's notebook that has a grade_id.

    points: what it is worth, 0 for a cell without points. check: it only calls visible checks.
    """

    kind: str
    source: str
    points: float
    metadata: Mapping[str, Any]
    check: bool


class Handed(dict[str, Given]):
    """What was handed out: its cells by grade_id.

    prose, code: the texts of all its cells. shows: of those that no answer needs.
    """

    prose: frozenset[str] = frozenset()
    code: frozenset[str] = frozenset()
    shows: frozenset[str] = frozenset()

    def own(self, cells: Sequence[Cell]) -> bool:
        """Return whether a submission has text that was not handed out.

        A cell of words may have become one of code: what is a comment, or no Python, is text.
        """
        texts = {
            " ".join(cell.source.split()) for cell in cells
            if cell.kind != "code"
            or (cell.grade_id not in self and cell.source.strip() not in self.code
                and _says_only(cell.source))
        }  # fmt: skip
        return bool(texts - self.prose - {""})


def _says_only(source: str) -> bool:
    """Return whether a cell of code computes nothing."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return all(
        isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in body
    )


def raw(folder: Path, name: str) -> bytes:
    """Return the bytes of the notebook `name` in a submission's folder.

    `Unreadable` if it is missing, too large, or not a plain file in a plain folder.
    """
    for link in (folder, folder.parent):
        if link.is_symlink():
            raise Unreadable(f"the folder {link.name!r} is a link, not a folder")
    path = folder / f"{name}.ipynb"
    try:
        there = os.listdir(folder)
    except OSError as error:
        raise Unreadable(f"its folder cannot be opened: {error.strerror}") from None
    if path.name not in there:
        # macOS puts its own file, "._" and the name, beside each.
        others = [one for one in there if one.endswith(".ipynb") and not one.startswith(".")]
        if len(others) != 1:
            found = f"there are {len(others)} notebooks" if others else "there is no notebook"
            raise Unreadable(f"{name}.ipynb is missing ({found} in what was handed in)")
        path = folder / others[0]  # renamed, but which one is meant is clear
    data, size = beginning(path, LARGEST)
    if size > LARGEST:
        raise Unreadable(
            f"{path.name} has {size / 1024**2:,.0f} MB, more than the "
            f"{LARGEST / 1024**2:.0f} allowed: clear its outputs and hand it in again"
        )
    return data


def beginning(path: Path, most: int) -> tuple[bytes, int]:
    """Return at most so many bytes of a plain file, and how many it has.

    `Unreadable` for a link, a pipe or whatever else is no file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unreadable(f"{path.name!r} cannot be opened: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"{path.name} is not a file")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most), status.st_size
    finally:
        os.close(descriptor)


def parsed(data: bytes) -> list[Cell]:
    """Return a submission's cells. `Unreadable` if the bytes are no notebook."""
    if (many := data.count(b"{") + data.count(b"[")) > MOST:
        raise Unreadable(
            f"it has {many:,} brackets, more than the {MOST:,} allowed: clear its outputs and "
            "hand it in again"
        )
    try:
        notebook = json.loads(data)  # in UTF-8 or UTF-16, with a byte-order mark or without
        if "worksheets" in notebook:  # nbformat 3, from before 2015
            notebook = nbformat.convert(nbformat.from_dict(notebook), 4)
        cells = notebook["cells"]
        if len(cells) > 1_000:
            raise Unreadable(f"it has {len(cells):,} cells, more than the 1,000 allowed")
        found = [_cell(cell) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"it is not a notebook ({type(error).__name__})") from None
    if (many := sum(len(cell.source) for cell in found)) > LONGEST:
        raise Unreadable(
            f"its cells have {many:,} characters, more than the {LONGEST:,} allowed"
        )
    return found


def _cell(cell: Mapping[str, Any]) -> Cell:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    # Halves of a character, which no file can hold; line ends as Python has them.
    text = text.encode("utf-8", "replace").decode().replace("\r\n", "\n")
    attachments = cell.get("attachments", {})
    tags = cell.get("metadata", {}).get("nbgrader", {})
    grade_id = tags.get("grade_id") if isinstance(tags, dict) else None
    outputs = cell.get("outputs", [])
    return Cell(
        # A raw cell's text would be taken for HTML: see `pages`.
        kind="code" if cell["cell_type"] == "code" else "markdown",
        source=text,
        grade_id=grade_id if isinstance(grade_id, str) else None,
        outputs=outputs if isinstance(outputs, list) else [],
        attachments=attachments if isinstance(attachments, dict) else {},
    )


def given(path: Path) -> Handed:
    """Read the instructor's or the released notebook: its cells with a grade_id."""
    cells = Handed()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cells.code |= {source.strip()}
            if {"check", "show"} & set(cell["metadata"].get("tags", [])):
                cells.shows |= {source.strip()}
        else:
            cells.prose |= {" ".join(source.split())}
        tags = cell["metadata"].get("nbgrader")
        if tags and tags.get("grade_id"):
            cells[tags["grade_id"]] = Given(
                kind=cell["cell_type"],
                source=source,
                points=float(tags.get("points", 0)) if tags.get("grade") else 0.0,
                metadata=tags,
                check="check" in cell["metadata"].get("tags", []),
            )
    return cells


def named_student(cells: Sequence[Cell]) -> str | None:
    """Return the id that a submission gives as its own: STUDENT = "…"."""
    for cell in cells:
        if found := re.search(r"^STUDENT\s*=\s*(['\"])(.*?)\1", cell.source, re.MULTILINE):
            return found[2]
    return None


def graded(cells: Sequence[Cell], known: Mapping[str, Given]) -> dict[str, Any]:
    """Return the notebook that graders and students see: what was written, and nothing live.

    Metadata come from the instructor's notebook, by the first cell of each grade_id; a missing
    one is added with a remark. Outputs keep text and pictures; Markdown stays as written,
    and `pages` makes HTML of it.
    """
    written: list[dict[str, Any]] = []
    seen: set[str] = set()
    for cell in cells:
        tags = None
        if cell.grade_id in known and cell.grade_id not in seen and cell.grade_id is not None:
            tags = known[cell.grade_id]
            seen.add(cell.grade_id)
        kind = tags.kind if tags else cell.kind
        written.append(_written(kind, cell, tags))
    for grade_id, tags in known.items():
        if grade_id not in seen and (tags.points or tags.metadata.get("solution")):
            remark = "This cell was not in the notebook that was handed in."
            source = f"# {remark}" if tags.kind == "code" else remark
            written.append(_written(tags.kind, Cell(tags.kind, source, None), tags))
    return {
        "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(written)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _written(kind: str, cell: Cell, tags: Given | None) -> dict[str, Any]:
    metadata = {"nbgrader": dict(tags.metadata)} if tags else {}
    if kind == "code":
        outputs = [safe for output in cell.outputs[:50] if (safe := _output(output))]
        return {"cell_type": "code", "metadata": metadata, "source": cell.source,
                "outputs": outputs, "execution_count": None}  # fmt: skip
    written = {"cell_type": kind, "metadata": metadata, "source": cell.source}
    if kind == "markdown" and (pictures := _attached(cell.attachments)):
        written["attachments"] = pictures
    return written


def _attached(attachments: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the pictures that are attached to a cell."""
    found = {
        name: {kind: safe for kind, data in kinds.items() if (safe := picture(kind, data))}
        for name, kinds in list(attachments.items())[:50] if isinstance(kinds, dict)
    }  # fmt: skip
    return {name: kinds for name, kinds in found.items() if kinds}


def _output(output: Any) -> dict[str, Any] | None:
    """Return an output's text and picture, or None if it has neither."""
    if not isinstance(output, dict):
        return None
    if output.get("output_type") == "stream":
        return {"output_type": "stream", "name": "stdout", "text": _text(output.get("text"))}
    if output.get("output_type") == "error":
        text = _text(output.get("traceback") or output.get("evalue"))
        return {"output_type": "stream", "name": "stdout", "text": text}
    data = output.get("data")
    if not isinstance(data, dict):
        return None
    safe: dict[str, str] = {}
    if "text/plain" in data:
        safe["text/plain"] = _text(data["text/plain"])
    for kind, content in data.items():
        if image := picture(kind, content):
            safe[kind] = image
    return {"output_type": "display_data", "metadata": {}, "data": safe} if safe else None


def _text(value: Any) -> str:
    text = "".join(map(str, value)) if isinstance(value, list) else str(value)
    return text[:10_000]
