"""The Makefile's set-up: which .venv is kept, and which is made anew."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Let make set up a folder; neither pip nor a library is installed, the rest is real."""
    words = ["make", "PIP=true", "VENV=-m venv --without-pip", *arguments, ".venv/installed"]
    inherited = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "PYTHON")}
    return subprocess.run(words, cwd=folder, env=inherited, capture_output=True, text=True,
                          check=False)  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that was set up with this Python; what is made anew loses its file "kept"."""
    for name in ("Makefile", "requirements.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    assert make(tmp_path, f"PYTHON={sys.executable}").returncode == 0
    (tmp_path / ".venv" / "kept").touch()
    return tmp_path


def test_a_finished_set_up_is_kept(clone: Path) -> None:
    assert "up to date" in make(clone).stdout
    assert "up to date" in make(clone, f"PYTHON={sys.executable}").stdout
    os.utime(clone / ".venv" / "installed", (1, 1))  # older than what it was made from
    assert "requirements.txt" in make(clone).stdout
    assert (clone / ".venv" / "kept").exists()


def test_a_set_up_that_failed_is_made_anew(clone: Path) -> None:
    os.utime(clone / ".venv" / "installed", (1, 1))  # older than what it was made from
    assert make(clone, "PIP=false").returncode != 0
    assert make(clone).returncode == 0
    assert not (clone / ".venv" / "kept").exists()


@pytest.mark.parametrize("other", ["another minor version", "another place", "no Python"])
def test_what_another_python_made_is_made_anew(clone: Path, other: str) -> None:
    stamp, python = clone / ".venv" / "installed", f"PYTHON={sys.executable}"
    if other == "another minor version":
        stamp.write_text(stamp.read_text().rsplit(" ", 1)[0] + " 10\n")
    elif other == "another place":
        clone = clone.rename(clone.with_name("moved"))
        python = "PYTHON="
    else:
        (clone / ".venv" / "bin" / "python").unlink()
        python = "PYTHON="
    done = make(clone, python)
    assert done.returncode == 0, done.stderr
    assert "Making .venv" in done.stdout
    assert not (clone / ".venv" / "kept").exists()


def test_a_python_that_cannot_serve_leaves_all_as_it_was(clone: Path) -> None:
    done = make(clone, "PYTHON=/no/such/python")
    assert done.returncode != 0
    assert "tried: /no/such/python" in done.stderr
    assert (clone / ".venv" / "kept").exists()
    assert "up to date" in make(clone).stdout
