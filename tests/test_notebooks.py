"""Hygiene of the chapters' notebooks, and of the tool that writes them.

Every rule is a function from a notebook (its JSON as a dict) to the problems it sees.
Whether the outputs are *right* is nbval's business; see the Makefile.
"""

import ast
import copy
import json
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from d2lsched.book import execute

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(execute.find([ROOT / "chapters"]))
LIVE = ROOT / "chapters" / "quickstart.ipynb"

FRAMEWORKS = {
    "torch": {"torch", "torchvision", "d2lsched.torch"},
    "tensorflow": {"tensorflow", "keras", "d2lsched.tensorflow"},
    "jax": {"jax", "optax", "flax", "d2lsched.jax"},
}
TABS = {"numpy", *FRAMEWORKS}
TAGS = TABS | {"hide-input", "remove-input", "nbval-ignore-output", "nbval-check-output"}
MAX_LINES = 30

Notebook = dict[str, Any]
Rule = Callable[[Notebook], Iterator[str]]


# --- what a notebook holds


def text_of(value: Any) -> str:
    """The text of a JSON field that may be a string or a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def is_live(notebook: Notebook) -> bool:
    return execute.is_live(nbformat.from_dict(notebook))


def code_cells(notebook: Notebook) -> Iterator[tuple[int, Notebook]]:
    """The code cells, with their positions among all cells, from 1."""
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "code":
            yield number, cell


def outputs(notebook: Notebook) -> Iterator[tuple[int, Notebook]]:
    for number, cell in code_cells(notebook):
        for output in cell["outputs"]:
            yield number, output


def texts(notebook: Notebook) -> Iterator[tuple[int, str]]:
    """All that a reader can read: sources, printed text, results; not images."""
    for number, cell in enumerate(notebook["cells"], start=1):
        yield number, text_of(cell["source"])
    for number, output in outputs(notebook):
        yield number, text_of(output.get("text", ""))
        yield number, text_of(output.get("traceback", ""))
        for kind, value in output.get("data", {}).items():
            if not kind.startswith("image/"):
                yield number, json.dumps(value) if isinstance(value, dict) else text_of(value)


def imports(source: str) -> set[str]:
    """The modules a cell imports, as written: ``from a import b`` gives a and a.b."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


# --- the rules


def is_valid(notebook: Notebook) -> Iterator[str]:
    try:
        nbformat.validate(nbformat.from_dict(notebook))
    except nbformat.ValidationError as error:
        yield f"not a valid notebook: {str(error).splitlines()[0]}"


def has_cell_ids(notebook: Notebook) -> Iterator[str]:
    ids = [cell.get("id") for cell in notebook["cells"]]
    yield from (f"cell {n} has no id" for n, name in enumerate(ids, start=1) if not name)
    if len(set(ids)) < len(ids):
        yield "two cells have the same id"


def has_been_run(notebook: Notebook) -> Iterator[str]:
    if is_live(notebook):
        return
    counts = [cell["execution_count"] for _, cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}, not 1, 2, 3 …"
    if counts and not any(outputs(notebook)):
        yield "has no outputs"


def live_notebook_keeps_no_outputs(notebook: Notebook) -> Iterator[str]:
    if not is_live(notebook):
        return
    for number, cell in code_cells(notebook):
        if cell["outputs"] or cell["execution_count"]:
            yield f"cell {number} has outputs, but is executed while the book is built"


def has_no_errors(notebook: Notebook) -> Iterator[str]:
    for number, output in outputs(notebook):
        if output["output_type"] == "error":
            yield f"cell {number} raised {output['ename']}"


def writes_nothing_to_stderr(notebook: Notebook) -> Iterator[str]:
    for number, output in outputs(notebook):
        if output.get("name") == "stderr":
            yield f"cell {number} wrote to stderr: {text_of(output['text'])[:80]!r}"


def names_no_machine_path(notebook: Notebook) -> Iterator[str]:
    private = re.compile(
        rf"(?<![\w.:/-])/(home|root|Users|work|tmp)\b|\b[A-Z]:\\+Users|{re.escape(str(ROOT))}"
    )
    for number, text in texts(notebook):
        if found := private.search(text):
            start = found.start()
            yield f"cell {number} names a path of this machine: {text[start : start + 40]!r}"


def has_known_tags(notebook: Notebook) -> Iterator[str]:
    for number, cell in enumerate(notebook["cells"], start=1):
        tags = set(cell["metadata"].get("tags", ()))
        if unknown := tags - TAGS:
            yield f"cell {number} has unknown tags {sorted(unknown)}"
        if len(tags & TABS) > 1:
            yield f"cell {number} belongs to several tabs: {sorted(tags & TABS)}"


def imports_frameworks_under_their_tags(notebook: Notebook) -> Iterator[str]:
    for number, cell in code_cells(notebook):
        try:
            names = imports(text_of(cell["source"]))
        except SyntaxError:
            yield f"cell {number} is not plain Python"
            continue
        for framework, modules in FRAMEWORKS.items():
            # torch.nn counts as torch; d2lsched.torch.train as d2lsched.torch.
            used = sorted(n for n in names if any(f"{n}.".startswith(f"{m}.") for m in modules))
            if used and framework not in cell["metadata"].get("tags", ()):
                yield f"cell {number} imports {used[0]} without the tag {framework}"


def has_short_cells(notebook: Notebook) -> Iterator[str]:
    for number, cell in code_cells(notebook):
        lines = len(text_of(cell["source"]).splitlines())
        if lines > MAX_LINES:
            yield f"cell {number} has {lines} lines; {MAX_LINES} are allowed"


def hides_no_result_by_a_semicolon(notebook: Notebook) -> Iterator[str]:
    # IPython hides the result by looking the cell up in its history; nbval keeps none.
    for number, cell in code_cells(notebook):
        if text_of(cell["source"]).rstrip().endswith(";"):
            yield f"cell {number} ends with a semicolon: under nbval it shows its result"


def describes_its_images(notebook: Notebook) -> Iterator[str]:
    for number, output in outputs(notebook):
        data = output.get("data", {})
        if any(kind.startswith("image/") for kind in data):
            alternative = text_of(data.get("text/plain", "")).strip()
            if not alternative or alternative.startswith("<"):
                yield f"cell {number} shows an image without a text alternative"


RULES: list[Rule] = [
    is_valid,
    has_cell_ids,
    has_been_run,
    live_notebook_keeps_no_outputs,
    has_no_errors,
    writes_nothing_to_stderr,
    names_no_machine_path,
    has_known_tags,
    imports_frameworks_under_their_tags,
    has_short_cells,
    hides_no_result_by_a_semicolon,
    describes_its_images,
]


# --- the chapters follow the rules


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_notebook(path: Path):
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    problems = [problem for rule in RULES for problem in rule(notebook)]
    if text != execute.to_text(execute.tidy(nbformat.from_dict(copy.deepcopy(notebook)))):
        problems.append("not in the repository's layout: run `make format`")
    assert not problems


def test_only_the_quick_start_is_executed_while_the_book_is_built():
    live = [path for path in NOTEBOOKS if is_live(json.loads(path.read_text(encoding="utf-8")))]
    assert live == [LIVE]


# --- the rules find what they are there to find


def code(source: str, *results: Notebook, count: int | None = 1, tags: tuple[str, ...] = ()):
    return {
        "cell_type": "code",
        "id": f"cell-{zlib.crc32(source.encode())}",
        "metadata": {"tags": list(tags)} if tags else {},
        "source": source,
        "execution_count": count,
        "outputs": list(results),
    }


def printed(text: str, name: str = "stdout") -> Notebook:
    return {"output_type": "stream", "name": name, "text": text}


def image(alternative: str | None) -> Notebook:
    data = {"image/png": "iVBORw0KGgo="}
    if alternative is not None:
        data["text/plain"] = alternative
    return {"output_type": "display_data", "metadata": {}, "data": data}


def raised(name: str) -> Notebook:
    return {"output_type": "error", "ename": name, "evalue": "", "traceback": []}


def notebook_of(*cells: Notebook, live: bool = False) -> Notebook:
    notebook = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    if live:
        notebook["metadata"] = {"mystnb": {"execution_mode": "force"}}
    return notebook


def markdown(source: str) -> Notebook:
    return {"cell_type": "markdown", "id": "prose", "metadata": {}, "source": source}


GOOD = notebook_of(
    markdown("# Cosine\nSee https://example.org/home/page and `../tmp/x`, or a/work/b."),
    code("import numpy as np\nimport d2lsched as d2l"),
    code("import torch.nn\nfrom d2lsched import torch as d2l", count=2, tags=("torch",)),
    code("from jax import numpy as jnp; import optax", count=3, tags=("jax", "hide-input")),
    code("print(1)", printed("1\n"), count=4),
    code("plot()", image("The rate falls from 0.1 to 0."), count=5),
)
GOOD_LIVE = notebook_of(code("print(1)", count=None), live=True)
NAMELESS = {**code("1"), "id": ""}

BAD: list[tuple[Rule, Notebook, str]] = [
    (is_valid, notebook_of({**code("1"), "outputs": "none"}), "not a valid"),
    (has_cell_ids, notebook_of(NAMELESS), "cell 1 has no id"),
    (has_cell_ids, notebook_of(code("1"), code("1", count=2)), "same id"),
    (has_been_run, notebook_of(code("1", printed("1"), count=None)), r"\[None\]"),
    (has_been_run, notebook_of(code("1", printed("1"), count=2)), r"\[2\]"),
    (has_been_run, notebook_of(code("1", printed("1"), count=2), code("2")), r"\[2, 1\]"),
    (has_been_run, notebook_of(code("print(1)")), "no outputs"),
    (live_notebook_keeps_no_outputs, notebook_of(code("1", printed("1")), live=True), "cell 1"),
    (live_notebook_keeps_no_outputs, notebook_of(code("1"), live=True), "cell 1 has outputs"),
    (has_no_errors, notebook_of(code("x", raised("NameError"))), "cell 1 raised NameError"),
    (writes_nothing_to_stderr, notebook_of(code("x", printed("W0000", "stderr"))), "W0000"),
    (names_no_machine_path, notebook_of(code("open('/home/ada')")), "/home/ada"),
    (names_no_machine_path, notebook_of(code("x", printed("at /root/x.py:3"))), "/root/x.py"),
    (names_no_machine_path, notebook_of(code("x", printed("(/Users/ada)"))), "/Users/ada"),
    (names_no_machine_path, notebook_of(markdown("in `/tmp/data`")), "/tmp/data"),
    (names_no_machine_path, notebook_of(code("x", printed("C:\\Users\\ada"))), "Users"),
    (names_no_machine_path, notebook_of(code("x", image(f"<{ROOT}>"))), "cell 1 names"),
    (has_known_tags, notebook_of(code("1", tags=("pytorch",))), "unknown tags .'pytorch'"),
    (has_known_tags, notebook_of(code("1", tags=("jax", "torch"))), "several tabs"),
    (
        imports_frameworks_under_their_tags,
        notebook_of(code("import torch.nn as nn")),
        "tag torch",
    ),
    (
        imports_frameworks_under_their_tags,
        notebook_of(code("from d2lsched import jax as d2l", tags=("torch",))),
        "imports d2lsched.jax without the tag jax",
    ),
    (
        imports_frameworks_under_their_tags,
        notebook_of(code("from d2lsched.tensorflow import train")),
        "tag tensorflow",
    ),
    (
        imports_frameworks_under_their_tags,
        notebook_of(code("def f():\n    import keras")),
        "imports keras",
    ),
    (imports_frameworks_under_their_tags, notebook_of(code("%time 1")), "not plain Python"),
    (has_short_cells, notebook_of(code("1\n" * (MAX_LINES + 1))), "31 lines"),
    (hides_no_result_by_a_semicolon, notebook_of(code("plot();\n")), "cell 1 ends with"),
    (describes_its_images, notebook_of(code("x", image("<Figure size 9x3>"))), "cell 1 shows"),
    (describes_its_images, notebook_of(code("x", image(None))), "without a text alternative"),
]


@pytest.mark.parametrize("notebook", [GOOD, GOOD_LIVE], ids=["good", "good-live"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_notebook_has_no_problems(rule, notebook):
    assert list(rule(notebook)) == []


@pytest.mark.parametrize(("rule", "notebook", "problem"), BAD)
def test_a_bad_notebook_is_found(rule, notebook, problem):
    assert re.search(problem, "\n".join(rule(notebook)))


def test_every_rule_was_seen_to_fail():
    assert {rule for rule, _, _ in BAD} == set(RULES)


# --- the tool behind `make run`


def saved(path: Path, notebook: Notebook) -> Path:
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_tidy_drops_what_depends_on_the_machine_and_keeps_the_rest():
    notebook = copy.deepcopy(GOOD)
    notebook["metadata"] = {
        "kernelspec": {"name": "mine", "display_name": "My conda", "language": "python"},
        "language_info": {"name": "python", "version": "3.11.7"},
        "widgets": {},
        "mystnb": {"render_markdown_format": "myst"},
    }
    notebook["cells"][2]["metadata"] |= {"trusted": True, "execution": {"iopub": "12:00"}}
    tidied = execute.tidy(nbformat.from_dict(notebook))
    assert set(tidied.metadata) == {"kernelspec", "language_info", "mystnb"}
    assert tidied.metadata.kernelspec.name == "python3"
    assert "version" not in tidied.metadata.language_info
    assert tidied.cells[2].metadata == {"tags": ["torch"]}
    assert [cell["source"] for cell in tidied.cells] == [c["source"] for c in GOOD["cells"]]
    text = execute.to_text(tidied)
    assert text.endswith("}\n")
    assert execute.to_text(execute.tidy(nbformat.reads(text, as_version=4))) == text


def test_folders_are_searched_without_checkpoints(tmp_path):
    for name in ("b.ipynb", "a/c.ipynb", ".ipynb_checkpoints/b-checkpoint.ipynb", "a/x.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in execute.find([tmp_path])]
    assert found == ["a/c.ipynb", "b.ipynb"]


@pytest.mark.slow
def test_executing_gives_a_notebook_that_follows_the_rules(tmp_path):
    cells = [code("import sys, os"), code("print(1)\nprint(os.listdir('.'), flush=True)\n2")]
    path = saved(tmp_path / "two.ipynb", notebook_of(*cells))
    assert execute.main([str(tmp_path)]) == 0
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert [problem for rule in RULES for problem in rule(notebook)] == []
    results = notebook["cells"][1]["outputs"]
    assert text_of(results[0]["text"]) == "1\n['two.ipynb']\n"
    assert text_of(results[1]["data"]["text/plain"]) == "2"
    assert execute.main([str(path)]) == 0
    assert path.read_text(encoding="utf-8") == text


def test_a_live_notebook_is_executed_and_kept_without_outputs(tmp_path):
    ran = tmp_path / "ran"
    path = saved(tmp_path / "live.ipynb", notebook_of(code("open('ran', 'w')"), live=True))
    assert execute.main([str(path)]) == 0
    assert ran.exists()
    assert list(live_notebook_keeps_no_outputs(json.loads(path.read_text()))) == []


def test_a_failing_notebook_is_left_as_it_was(tmp_path, capsys):
    path = saved(tmp_path / "bad.ipynb", notebook_of(code("print(1)"), code("1 / 0")))
    before = path.read_bytes()
    assert execute.main([str(path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_an_endless_cell_is_stopped(tmp_path, capsys):
    path = saved(tmp_path / "endless.ipynb", notebook_of(code("while True: pass")))
    before = path.read_bytes()
    assert execute.main(["--timeout", "1", str(path)]) == 1
    assert "left as it was" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_an_interruption_stops_the_kernel_and_leaves_the_file(tmp_path):
    started = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)"
    path = saved(tmp_path / "slow.ipynb", notebook_of(code(started)))
    before = path.read_bytes()
    command = [sys.executable, "-m", "d2lsched.book.execute", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        pid = tmp_path / "pid"
        deadline = time.monotonic() + 30
        while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted, left as it was" in stderr
    assert path.read_bytes() == before
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_tidy_only_does_not_execute(tmp_path):
    path = saved(tmp_path / "one.ipynb", notebook_of(code("1 / 0", printed("kept"))))
    assert execute.main(["--tidy-only", str(path)]) == 0
    assert json.loads(path.read_text())["cells"][0]["outputs"] == [printed(["kept"])]
