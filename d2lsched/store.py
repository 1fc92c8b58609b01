"""The file of a sweep: SQLite's, one transaction a run, checked whenever it is read.

SQLite's rollback journal is used, not its write-ahead log: what is committed is then in the
one file, which may be copied and moved, and may lie on a network drive.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

PATIENCE = 60.0
"""For how many seconds another program may lock a store before that is an error."""

_OURS = int.from_bytes(b"d2ls")  # SQLite's place for saying whose a file is
_MADE = f"""BEGIN; PRAGMA application_id = {_OURS};
CREATE TABLE runs (key TEXT PRIMARY KEY, results_version INTEGER, settings TEXT, summary TEXT,
    error TEXT, versions TEXT, checksum INTEGER) WITHOUT ROWID;
CREATE TABLE histories (key TEXT PRIMARY KEY, history BLOB) WITHOUT ROWID; COMMIT;"""


_UNREACHABLE = tuple(
    f"SQLITE_{name}" for name in ("CANTOPEN", "READONLY", "PERM", "AUTH", "IOERR", "FULL")
)


class Row(NamedTuple):
    """A finished run, as a store keeps it beside its history: the columns of its table.

    key, settings: of the run; settings and summary are JSON.
    summary: how it ended; None if it failed, with its error.
    """

    key: str
    results_version: int
    settings: str
    summary: str | None
    error: str | None
    versions: str

    @property
    def checksum(self) -> int:
        """Of all columns: SQLite keeps none, and a flipped bit would be another result."""
        return zlib.crc32(repr(self).encode("utf-8", "backslashreplace"))


class Store:
    """An open store; made by `opened`, which turns SQLite's errors into those it names."""

    def __init__(self, path: Path, db: sqlite3.Connection):
        self.path, self.db = path, db

    def check(self, what: str = "") -> None:
        """Look whether the file is whole and its pages in order; sqlite3.DatabaseError if not.

        what: "('runs')" for the pages of that table only.
        """
        asked = (f"quick_check{what}", "page_count", "page_size")
        found, *pages = (self.db.execute(f"PRAGMA {name}").fetchone()[0] for name in asked)
        if found == "ok" and not what and self.path.stat().st_size != pages[0] * pages[1]:
            found = "its end was cut off"  # which SQLite reads as zeros
        if found != "ok":
            raise sqlite3.DatabaseError(found)

    def rows(self) -> list[Row]:
        """All rows, by key. sqlite3.DatabaseError if one is damaged or missing."""
        self.check("('runs')")
        return [_sound(*row) for row in self.db.execute("SELECT * FROM runs ORDER BY key")]

    def row(self, key: str) -> Row | None:
        """The row of a key, if there is one. sqlite3.DatabaseError if it is damaged."""
        found = self.db.execute("SELECT * FROM runs WHERE key = ?", (key,)).fetchone()
        return _sound(*found) if found else next((r for r in self.rows() if r.key == key), None)

    def history(self, key: str) -> str:
        """The history of a run that did not fail, as JSON. sqlite3.DatabaseError as above."""
        query = "SELECT history FROM histories WHERE key = ?"
        try:  # zlib keeps a checksum and looks at it
            return zlib.decompress(self.db.execute(query, (key,)).fetchone()[0]).decode()
        except (TypeError, zlib.error) as error:
            raise sqlite3.DatabaseError(f"the history of {key!r}: {error}") from error

    def keep(self, row: Row, history: bytes | None) -> None:
        """Commit a row and its compressed history, in place of what the key had before."""
        with self.db:
            replace = "INSERT OR REPLACE INTO"
            self.db.execute(f"{replace} runs VALUES (?,?,?,?,?,?,?)", (*row, row.checksum))
            self.db.execute(f"{replace} histories VALUES (?, ?)", (row.key, history))


def _sound(*columns: Any) -> Row:
    row = Row(*columns[:-1])
    if row.checksum != columns[-1]:
        raise sqlite3.DatabaseError(f"the run {row.key!r} fails its checksum")
    return row


@contextmanager
def opened(path: str | Path, write: bool = False) -> Iterator[Store]:
    """Open a store, to read it or to write to it, too, and close it in the end.

    path: the file. With write, it is made if it is not there; a damaged one is left alone.

    FileNotFoundError if it is not there, RuntimeError if another program locks it, OSError if
    it cannot be read or written, ValueError if it is damaged or something else.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, opened(f"{folder}/results", write=True) as store:
    ...     list(store.rows())
    []
    """
    if not (write or Path(path).exists()):
        raise FileNotFoundError(f"there is no store {path}: sweep() makes it")
    # A file that may only be read opens for reading in either mode.
    place = f"{Path(path).absolute().as_uri()}?mode={'rwc' if write else 'rw'}"
    try:
        with closing(sqlite3.connect(place, PATIENCE, uri=True)) as db:
            tables = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            if write and tables == (0,):
                db.executescript(_MADE)
            if db.execute("PRAGMA application_id").fetchone() != (_OURS,):
                raise sqlite3.DatabaseError("it holds what another program put there")
            yield Store(Path(path), db)
    except sqlite3.Error as found:
        code, error = getattr(found, "sqlite_errorname", ""), " ".join(str(found).split())
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise RuntimeError(f"{path} is locked by another program: {error}") from None
        if code.startswith(_UNREACHABLE):
            what = "is a folder, not a store" if Path(path).is_dir() else "cannot be used"
            raise OSError(f"{path} {what}: {error}") from None
        message = f"{path} is damaged, or is not a store of sweep(): {error}"
        raise ValueError(message) from None
