"""The README, followed to the letter: its commands and snippets, in the order of the page."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from PIL import Image

from d2lsched.sweep import results

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
# All of its blocks, in the order of the page.
MAKE, SMALL, INSTALL, TRAIN, COMPARE, CLUSTER, DASK, TEACH = re.findall(
    r"^```(?:python)?\n(.*?)^```$", TEXT, re.M | re.S
)


def shell(
    script: str, folder: Path, path: Path = BIN, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run commands as a reader would type them, who has a Python of her own on the path."""
    variables = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "PYTHONPATH")}
    variables["PATH"] = f"{path}{os.pathsep}{variables['PATH']}"
    run = subprocess.run(["bash", "-ec", script], cwd=folder, env=variables | environment,
                         capture_output=True, text=True, check=False)  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    return run


def test_every_make_command_has_its_target() -> None:
    assert MAKE.splitlines() == ["make book", "make test"]  # which is what runs these tests
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    commands = [words.split()[1:] for words in re.findall(r"\bmake [^`\n]+", MAKE + SMALL)]
    commands += [words.split()[1:] for words in re.findall(r"`(make [^`]+)`", TEXT)]
    assert len(commands) > 12
    for words in commands:
        named = [word for word in words if "=" not in word]
        assert named, words
        assert set(named) <= targets, words


def test_variables_reach_what_they_are_for() -> None:
    printed = shell("make -n PIP_EXTRA_INDEX_URL=ADDRESS FRAMEWORK=jax lab", ROOT).stdout
    assert "jax" in printed
    assert SMALL == "make book PIP_EXTRA_INDEX_URL=ADDRESS\n"
    rule = "$(PIP) -r requirements.txt"  # make hands its variables on to what it runs
    assert rule in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_files_that_it_links_to_are_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in link]
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_extras_that_it_names_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [sentence] = re.findall(r"Its extras bring .*?\.\n", TEXT, re.S)
    named = set(re.findall(r"`(\w+)`", sentence))
    ours = {"clients", "pdf", "test"}  # and chapters-…, which the notebooks ask for
    extras = {name for name in project["optional-dependencies"] if "chapters" not in name}
    assert named == extras - ours
    used = {e for extras in re.findall(r"\[([\w,]+)\]\"?", INSTALL) for e in extras.split(",")}
    assert used
    assert used <= named


@pytest.mark.slow
def test_its_picture_is_taken_of_the_built_book(book: Path, tmp_path: Path) -> None:
    shell(f"python docs/picture.py '{book}' '{tmp_path / 'page.png'}'", ROOT)
    with Image.open(tmp_path / "page.png") as new, Image.open(ROOT / "docs/page.png") as ours:
        assert new.size == ours.size == (1280, 1000)
        assert len(new.convert("RGB").getcolors(2**20)) > 100  # a page, not a blank


@pytest.mark.slow
def test_the_package_installs_from_a_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    shutil.copytree(ROOT / "d2lsched", clone / "d2lsched")
    shell("python -m venv --without-pip venv", tmp_path)
    [site] = (tmp_path / "venv").glob("**/site-packages")
    # What the extras ask for is there already; the package comes from the clone.
    (site / "libraries.pth").write_text(str(next(BIN.parent.glob("**/site-packages"))))
    there = tmp_path / "venv" / BIN.name
    said = shell(INSTALL, clone, PIP_PYTHON=str(there / "python")).stdout
    assert "Successfully installed d2lsched" in said
    code = "import d2lsched.sweep, d2lsched.torch; print(d2lsched, d2lsched.data.mnist().test)"
    assert str(site) in shell(f"python -c '{code}'", tmp_path, there).stdout


def python(code: str, folder: Path) -> str:
    (folder / "snippet.py").write_text(code, encoding="utf-8")
    return shell("python snippet.py", folder).stdout


@pytest.mark.slow
def test_one_run_prints_and_is_drawn(tmp_path: Path) -> None:
    assert "780 updates" in python(TRAIN, tmp_path)
    with Image.open(tmp_path / "history.png") as picture:
        assert picture.width > 400


@pytest.fixture
def cluster() -> Iterator[str]:
    """The README's first two terminals; another port, since somebody may be using theirs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    *commands, last = CLUSTER.replace("8786", port).splitlines()
    assert last == ".venv/bin/python"
    processes = [
        subprocess.Popen(command.replace(".venv/bin", str(BIN)).split()) for command in commands
    ]
    yield port
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


@pytest.mark.slow
def test_two_schedules_are_compared_and_a_cluster_does_more_runs(
    tmp_path: Path, cluster: str
) -> None:
    assert re.match(r"[+−]\d\.\d\d .*points", python(COMPARE, tmp_path))
    stored = set(results(tmp_path / "results.sqlite")["key"])
    assert len(stored) == 20
    where = """
import sys
trained = lambda: "jax" in sys.modules
print("trained here:", trained(), "there:", any(client.run(trained).values()))
"""
    printed = python(DASK.replace("8786", cluster) + where, tmp_path)
    assert "trained here: False there: True" in printed
    table = results(tmp_path / "results.sqlite")
    assert len(set(table["key"]) - stored) == 10
    assert table["error"].isna().all()


@pytest.mark.slow
def test_a_course_is_made_and_graded(tmp_path: Path) -> None:
    lines = TEACH.splitlines()
    assert lines[1] == ". .venv/bin/activate"
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone" / "assignments").symlink_to(ROOT / "assignments")
    (tmp_path / "clone" / ".venv").symlink_to(BIN.parent)
    hand_in = "mkdir -p submitted/ada && cp -r release/a1_schedules submitted/ada"
    script = "\n".join([*lines[:-1], hand_in, lines[-1]])
    script = script.replace("cp -r assignments", "cp -rL assignments")
    shell(script, tmp_path / "clone", HOME=str(tmp_path))
    marks = (tmp_path / "course" / "marks.csv").read_text(encoding="utf-8")
    assert "a1_schedules,ada" in marks
