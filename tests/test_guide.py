"""The instructor's pages: their commands exist, tables are right, the example is graded."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from docutils.nodes import make_id
from nbgrader.apps.nbgraderapp import NbGraderApp

from d2lsched.teaching import answers, questions
from d2lsched.teaching.notebooks import given

PAGES = [ROOT / "chapters" / name for name in ("grading.md", "teaching.md")]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
COURSE = ROOT / "assignments"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.M | re.S)
# In the order of the page.
MAKE, QUESTIONS, ANSWERS, HAND_IN = (
    code for kind, code in BLOCKS if kind == "python" and "get_config" not in code
)


def commands() -> Iterator[list[str]]:
    """Yield the words of every command in the guide's blocks without a language."""
    for kind, block in BLOCKS:
        if (
            kind
            or block.startswith(("[", "_build", "assignment,"))
            or "graded, of which" in block
        ):
            continue  # other languages, and what commands print
        for line in block.replace("\\\n", " ").splitlines():
            yield shlex.split(line)


COMMANDS = list(commands())
MODULES = [words[2:] for words in COMMANDS if words[:2] == ["python", "-m"]]
NBGRADER = [words[1:] for words in COMMANDS if words[:1] == ["nbgrader"]]


def test_the_guide_has_commands() -> None:
    assert len(MODULES) >= 6
    assert {words[0] for words in NBGRADER} >= {
        "generate_assignment",
        "submit",
        "collect",
        "export",
    }


class Parsed(Exception):
    """The command line was understood; nothing has been done."""


@pytest.mark.parametrize("words", MODULES, ids=" ".join)
def test_modules_understand_what_the_guide_tells_to_type(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = ArgumentParser.parse_args

    def parse_only(parser: ArgumentParser, *args: Any) -> Namespace:
        parse(parser, *args)
        raise Parsed

    monkeypatch.setattr(ArgumentParser, "parse_args", parse_only)
    module = importlib.import_module(words[0])
    with pytest.raises(Parsed):
        module.main(words[1:])


@pytest.mark.parametrize("words", NBGRADER, ids=" ".join)
def test_nbgrader_has_the_guides_commands_and_options(words: list[str]) -> None:
    program, rest = NbGraderApp(), list(words)
    while rest and rest[0] in program.subcommands:
        program = program.subcommands[rest.pop(0)][0]()
    assert rest != words, f"nbgrader has no {words[0]}"
    named = {name for key in (*program.aliases, *program.flags)
             for name in ((key,) if isinstance(key, str) else key)}  # fmt: skip
    configured = {f"{kind.__name__}.{trait}" for kind in program.classes
                  for trait in kind.class_traits(config=True)}  # fmt: skip
    for word in rest:
        if word.startswith("--"):
            assert word[2:].partition("=")[0] in named | configured, word


ROWS = re.findall(r"^\| `(a\d_\w+)` \| (.+?) \| .+ \| .+ \| (\d+) \| (\d+) \|$", TEXT, re.M)


def test_the_table_lists_every_assignment() -> None:
    assert [name for name, *_ in ROWS] == sorted(p.name for p in (COURSE / "source").iterdir())


@pytest.mark.parametrize(("name", "title", "points", "by_hand"),
                         [(n, t, int(p), int(h)) for n, t, p, h in ROWS])  # fmt: skip
def test_the_table_says_what_the_notebooks_say(
    name: str, title: str, points: int, by_hand: int
) -> None:
    path = COURSE / "source" / name / f"{name}.ipynb"
    first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
    assert first.splitlines()[0] == f"# {title}"
    cells = given(path)
    assert sum(cell.points for cell in cells.values()) == points
    asked = {question.cell for question in questions.load(COURSE, name).asked_of("ada")}
    hand = sum(cell.points for grade_id, cell in cells.items() if grade_id not in asked)
    assert hand == by_hand


def test_every_file_of_an_assignment_that_the_guide_names_is_there() -> None:
    for name, *_ in ROWS:
        for path in (f"questions/{name}.py", f"answers/{name}.py", f"notes/{name}.md"):
            assert (COURSE / path).is_file(), path


def test_links_lead_somewhere() -> None:
    headings = {
        make_id(re.sub(r"[`*]", "", line)) for line in re.findall(r"^#+ (.+)$", TEXT, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("https://"):
            assert (PAGES[0].parent / target.partition("#")[0]).is_file(), target
    for included in re.findall(r"^```\{include\} (.+)$", TEXT, re.M):
        assert (PAGES[0].parent / included).is_file(), included


def test_git_ignores_what_the_guide_says_it_ignores() -> None:
    rows = re.findall(r"^\| (`.+?) \|.*\| (?:yes|no|keep .*) \|$", TEXT, re.M)
    names = [name for row in rows for name in re.findall(r"`(.+?)`", row)]
    assert "gradebook.db" in names
    paths = [f"assignments/{name}{'x' if name.endswith('/') else ''}" for name in names]
    run = subprocess.run(["git", "check-ignore", "--no-index", *paths], cwd=ROOT,
                         capture_output=True, text=True, check=False)  # fmt: skip
    assert run.stdout.split() == paths


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the assignment that the guide builds, from the guide's own text."""
    course = tmp_path_factory.mktemp("course")
    (course / "nbgrader_config.py").write_text((COURSE / "nbgrader_config.py").read_text())
    for name, text in (("questions", QUESTIONS), ("answers", ANSWERS)):
        (course / name).mkdir()
        (course / name / "mini.py").write_text(text)
    (course / "make_mini.py").write_text(MAKE)
    (course / "hand_in.py").write_text(HAND_IN)
    subprocess.run([sys.executable, "make_mini.py"], cwd=course, check=True)
    return course


@pytest.mark.slow
def test_the_template_adds_up(mini: Path) -> None:
    cells = given(mini / "source/mini/mini.ipynb")
    [question] = questions.load(mini, "mini").asked_of("ada")
    assert cells[question.cell].points == question.points
    known = answers.load(mini, "mini")
    assert known.keys() == {question.cell}
    assert cells["why"].points == 1
    assert cells["step-check"].check
    assert not cells["step-check"].points


@pytest.mark.slow
def test_the_template_is_graded_as_the_guide_prints(mini: Path) -> None:
    bin_ = Path(sys.executable).parent
    environment = {"PATH": f"{bin_}:/usr/bin:/bin", "HOME": str(mini)}

    def run(*words: str) -> None:
        subprocess.run(words, cwd=mini, env=environment, check=True, capture_output=True)

    run(str(bin_ / "nbgrader"), "generate_assignment", "mini")
    run(sys.executable, "hand_in.py")
    run(sys.executable, "-m", "d2lsched.teaching.grade", "mini", "--quiet", "--csv", "out.csv")
    printed = next(block for _, block in BLOCKS if block.startswith("assignment,"))
    assert (mini / "out.csv").read_text() == printed
    stored = "".join(path.read_text() for path in (mini / "marks" / "mini").glob("*.json"))
    for wrong in answers.load(mini, "mini")["step"].wrong.values():
        assert wrong.says in stored


def test_every_chapter_has_its_lecture() -> None:
    """It says what students believe, has five to eight lines for the board, and an exercise."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    pages = [f"{page['file']}.ipynb" for part in parts for page in part["chapters"]]
    chapters = [page for page in pages if page.count("/") == 2 and (ROOT / page).is_file()]
    plans = PAGES[1].read_text(encoding="utf-8").partition("## Chapter by chapter")[2]
    lectures = re.findall(r"(?ms)^### .+?(?=^#)", plans)
    links = re.findall(r"\*They say\*, in \[.+?\]\((.+?)\):", plans)
    assert sorted(f"chapters/{link}" for link in links) == sorted(chapters)
    assert len(lectures) == len(chapters)
    for lecture in lectures:
        say, _, rest = lecture.partition("*Board*")
        board, _, then = rest.partition("*Then*")
        assert say.count("\n- ") >= 2, lecture
        assert 5 <= len(re.findall(r"(?m)^\d\. ", board)) <= 8, lecture
        assert then.strip(), lecture
