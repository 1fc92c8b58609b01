"""Stores: copied, moved, damaged, locked, read-only, or something else."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import d2lsched.store
from d2lsched import CosineDecay
from d2lsched.sweep import Run, history, results, sweep

SIZES = {"epochs": 1, "train": 256, "validation": 64, "test": 64}
RUNS = [Run("numpy", CosineDecay(0.1, 2 + i), i, **SIZES) for i in range(6)]
RUNS.append(Run("numpy", 0.1, model="lenet", **SIZES))  # which NumPy has not got


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("store") / "made.sqlite"
    sweep(RUNS, path, n_jobs=1, progress=False)
    return path


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    """A copy of the file alone."""
    return Path(shutil.copy(made, tmp_path / "store.sqlite"))


def content(path: Path) -> list[str]:
    """All that a store has to say."""
    histories = [history(path, run).to_json() for run in RUNS[:-1]]
    return [results(path, RUNS).to_json(), *histories]


def test_what_is_committed_is_in_the_one_file_whatever_ends_the_sweep(made, tmp_path):
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_store import RUNS
import d2lsched.sweep, d2lsched.store
keep, kept = d2lsched.store.Store.keep, []
def killed_after_three(self, *row):
    keep(self, *row)
    kept.append(row)
    if len(kept) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
d2lsched.store.Store.keep = killed_after_three
d2lsched.sweep.sweep(RUNS, sys.argv[1], n_jobs=1, progress=False)
"""
    path = tmp_path / "killed" / "store.sqlite"
    path.parent.mkdir()
    ended = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    moved = shutil.copy(path, tmp_path / "moved.sqlite")  # without what may lie beside it
    assert len(results(moved)) == 3
    before = sweep(RUNS, moved, n_jobs=1, progress=False).drop(columns="seconds")
    assert before.equals(results(made, RUNS).drop(columns="seconds"))


def test_a_damaged_store_is_an_error_or_has_all_its_values_and_is_left_alone(made, tmp_path):
    expected, whole, chance = content(made), made.read_bytes(), random.Random(5)
    damaged = [whole[:-n] for n in (1, 100, 500, 4_096, 5_000, len(whole) - 50)]
    for bit in chance.sample(range(8 * len(whole)), 90) + chance.sample(range(8 * 4_196), 30):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(flipped))
    path, errors = tmp_path / "damaged.sqlite", []
    for data in damaged:
        path.write_bytes(data)
        try:
            assert content(path) == expected
        except (ValueError, OSError) as error:
            errors.append(str(error))
            with suppress(ValueError, OSError):
                sweep(RUNS, path, n_jobs=1, progress=False)
            assert path.read_bytes() == data
    assert len(errors) >= 40
    assert all(str(path) in error and "\n" not in error for error in errors)


def test_a_cut_store_is_not_written_to(store):
    cut = store.read_bytes()[:-100]
    store.write_bytes(cut)
    with pytest.raises(ValueError, match="is damaged, or is not a store"):
        sweep([*RUNS, Run("numpy", 0.3, **SIZES)], store, n_jobs=1, progress=False)
    assert store.read_bytes() == cut


@pytest.mark.parametrize(
    "made_by",
    [
        "CREATE TABLE runs (key TEXT, distance REAL)",
        "CREATE TABLE birds (name TEXT)",
    ],
)
def test_the_tables_of_another_program_are_left_to_it(made_by, tmp_path):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(made_by)
    before = path.read_bytes()
    for use in (lambda: results(path), lambda: sweep(RUNS, path, n_jobs=1)):
        with pytest.raises(ValueError, match=r"not a store of sweep\(\): .* another program"):
            use()
    assert path.read_bytes() == before


def test_a_folder_in_the_place_of_a_store_is_named(tmp_path):
    for use in (lambda: results(tmp_path), lambda: sweep(RUNS, tmp_path, n_jobs=1)):
        with pytest.raises(OSError, match="is a folder, not a store"):
            use()


def test_a_store_that_another_program_locks_is_named(store, monkeypatch):
    monkeypatch.setattr(d2lsched.store, "PATIENCE", 0.01)
    with sqlite3.connect(store) as other:
        other.execute("BEGIN EXCLUSIVE")
        for use in (lambda: results(store), lambda: sweep(RUNS, store, n_jobs=1)):
            with pytest.raises(RuntimeError, match=r"store\.sqlite is locked by another"):
                use()
        other.rollback()
    assert len(results(store)) == len(RUNS)


@pytest.fixture
def read_only(made: Path) -> Iterator[Path]:
    """A store where nothing may be written. Root, who always may, is someone else meanwhile."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(made, folder))
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        os.seteuid(user or 65_534)
        yield path
        os.seteuid(user)
        Path(folder).chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="its rights are others")
def test_a_store_in_a_read_only_folder_is_read_and_not_written(read_only):
    assert len(content(read_only)) == len(RUNS)
    with pytest.raises(OSError, match=r"made\.sqlite"):
        sweep([Run("numpy", 0.3, **SIZES)], read_only, n_jobs=1, progress=False)
