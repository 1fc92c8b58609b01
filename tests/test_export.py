"""The downloads: notebooks for one framework that need no other, and the links to them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup, SoupStrainer
from conftest import press_tab
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page, expect
from test_book import EVERY_PAGE, PAGES
from test_notebooks import FRAMEWORKS as MODULES
from test_notebooks import RULES

from d2lsched.book import export

ROOT = Path(__file__).parents[1]
DOWNLOADS = ("torch", "tensorflow", "jax")


@pytest.fixture(scope="module")
def zips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the three downloads, and what is in them."""
    folder = tmp_path_factory.mktemp("downloads")
    for framework in DOWNLOADS:
        with zipfile.ZipFile(export.export(ROOT, framework, folder)) as archive:
            archive.extractall(folder)
    return folder


def notebooks(zips: Path, framework: str) -> dict[str, Path]:
    """Return the notebooks of a download, by their paths in it."""
    folder = zips / f"d2lsched-{framework}"
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.ipynb")}


def cell(source: str, *tags: str, count: int = 1) -> nbformat.NotebookNode:
    result = new_output("execute_result", data={"text/plain": source}, execution_count=count)
    return new_code_cell(
        source, metadata={"tags": list(tags)}, execution_count=count, outputs=[result]
    )


NOTEBOOK = new_notebook(cells=[
    new_markdown_cell("Text"), cell("a", count=1),
    cell("t", "torch", count=2), cell("k", "tensorflow", count=3),
    cell("n", "numpy", count=4), cell("x", "jax", "hide-input", count=5),
    new_markdown_cell("More"), cell("t2", "torch", count=6), cell("x2", "jax", count=7),
    cell("b", count=8),
])  # fmt: skip


@pytest.mark.parametrize(
    ("framework", "sources"),
    [
        ("torch", ["Text", "a", "t", "n", "More", "t2", "b"]),
        ("jax", ["Text", "a", "n", "x", "More", "x2", "b"]),
        ("tensorflow", ["Text", "a", "k", "n", "More",
                        "*(The book has code for PyTorch and JAX here, and none for"
                        " TensorFlow.)*", "b"]),
    ],
)  # fmt: skip
def test_cells_of_other_frameworks_are_left_out(framework: str, sources: list[str]) -> None:
    before = json.dumps(NOTEBOOK)
    copy = export.only(NOTEBOOK, framework)
    assert [cell.source for cell in copy.cells] == sources
    assert json.dumps(NOTEBOOK) == before


def test_outputs_are_kept_and_numbered_as_if_run() -> None:
    copy = export.only(NOTEBOOK, "jax")
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4, 5]
    assert [cell.outputs[0].execution_count for cell in code] == [1, 2, 3, 4, 5]
    assert [cell.outputs[0].data["text/plain"] for cell in code] == ["a", "n", "x", "x2", "b"]


@pytest.mark.parametrize("framework", [None, "jax"])
def test_a_notebook_that_stands_alone_says_first_what_it_needs(
    framework: str | None, tmp_path: Path
) -> None:
    (tmp_path / "_config.yml").write_text("title: A book\n")
    prose = new_markdown_cell(":::{admonition} Exercise\n[a](b.ipynb) [c](d.md)\n:::")
    uses = cell("import pandas.io, os\nfrom d2lsched import jax as d2l", "jax", count=1)
    notebook = new_notebook(cells=[prose, uses, cell("import keras", "tensorflow", count=2)])
    copy = export.standing_alone(notebook, tmp_path, framework, {"b.ipynb": "b.ipynb"}.get)
    assert copy.cells[1].source == "**Exercise**\n\n[a](b.ipynb) c"
    first = copy.cells[0].source
    needed = (
        ["d2lsched", "jax", "pandas"] if framework else ["d2lsched", "jax", "keras", "pandas"]
    )
    assert f"needed = {needed}" in first
    assert "d2lsched[chapters-jax]" in first
    assert [c.execution_count for c in copy.cells[:1]] == [1]
    scope: dict[str, object] = {}
    exec(first, scope)  # here all is installed
    assert scope["missing"] == []
    with pytest.raises(ImportError, match=r"\['nowhere'\] missing: pip install d2lsched\[chap"):
        exec(first.replace("'pandas'", "'nowhere'"), {})


def test_with_an_address_what_is_missing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_config.yml").write_text("repository: {url: https://example.org/a/b}\n")
    notebook = new_notebook(cells=[cell("import torch", "torch")])
    first = export.standing_alone(notebook, tmp_path, "torch").cells[0].source
    called: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: called.append(command))
    exec(first, {})
    assert called == []
    exec(first.replace("'torch'", "'nowhere'"), {})
    wanted = "d2lsched[chapters-torch] @ git+https://example.org/a/b"
    assert called == [[sys.executable, "-m", "pip", "install", wanted]]


@pytest.mark.parametrize("framework", DOWNLOADS)
def test_requirements_name_this_framework_alone_and_pin_it(framework: str) -> None:
    lines = export.requirements(ROOT, framework).splitlines()
    packages = [line for line in lines if not line.startswith(("#", "-c", "."))]
    assert lines[:2] == ["-c constraints.txt", "."]
    assert all("==" in line for line in packages)
    names = {re.split(r"[=;]", line)[0] for line in packages}
    assert export.PACKAGES[framework] <= names
    assert {"numpy", "matplotlib", "jupyterlab"} <= names
    others = set().union(*export.PACKAGES.values()) - export.PACKAGES[framework]
    assert not names & others


@pytest.mark.slow
@pytest.mark.parametrize("framework", DOWNLOADS)
def test_the_same_book_gives_the_same_bytes(zips: Path, tmp_path: Path, framework: str) -> None:
    again = export.export(ROOT, framework, tmp_path).read_bytes()
    assert again == (zips / f"d2lsched-{framework}.zip").read_bytes()
    with zipfile.ZipFile(zips / f"d2lsched-{framework}.zip") as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(set(names))
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert all(name.startswith(f"d2lsched-{framework}/") for name in names)
    assert sum(entry.compress_size for entry in entries) < 40e6


@pytest.mark.parametrize("framework", DOWNLOADS)
def test_a_download_has_all_chapters_and_says_nothing_of_this_machine(
    zips: Path, framework: str
) -> None:
    wanted = {f"{page}.ipynb" for page in PAGES if (ROOT / f"{page}.ipynb").exists()}
    assert set(notebooks(zips, framework)) == wanted
    folder = zips / f"d2lsched-{framework}"
    for path in folder.rglob("*"):
        if path.suffix in {".md", ".txt", ".ipynb", ".toml"}:
            text = path.read_text(encoding="utf-8")
            assert str(ROOT) not in text, path
            assert "index-url" not in text, path


@pytest.mark.parametrize("framework", DOWNLOADS)
def test_exported_notebooks_follow_the_rules_of_all_notebooks(
    zips: Path, framework: str
) -> None:
    for name, path in notebooks(zips, framework).items():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        prose = [c for c in notebook["cells"] if c["cell_type"] == "markdown"]
        text = "\n".join("".join(c["source"]) for c in prose)
        assert not re.search(r"(?m)^(:{3,}|`{3,}\{)|\{[\w:-]+\}`", text), name
        problems = [problem for rule in RULES for problem in rule(notebook)]
        assert not problems, name
        tags = {tag for cell in notebook["cells"] for tag in cell["metadata"].get("tags", [])}
        assert not tags & (set(DOWNLOADS) - {framework}), name


@pytest.mark.parametrize("framework", DOWNLOADS)
def test_links_in_exported_notebooks_lead_somewhere(zips: Path, framework: str) -> None:
    for path in notebooks(zips, framework).values():
        for cell in nbformat.read(path, as_version=4).cells:
            prose = re.sub(r"```.*?```|`[^`]*`", "", cell.source, flags=re.DOTALL)
            for link in re.findall(r"\]\(([^)\s]+)\)", prose):
                parts = urlsplit(link)
                if cell.cell_type == "markdown" and parts.path and not parts.scheme:
                    assert (path.parent / unquote(parts.path)).exists(), (path, link)


@pytest.mark.parametrize("framework", DOWNLOADS)
def test_no_cell_uses_a_name_that_was_left_out(zips: Path, framework: str) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "check", "--isolated", "--no-cache", "--select", "F821"]
    command += [str(zips / f"d2lsched-{framework}" / "chapters")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_command_writes_one_zip_or_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export.main(["--framework", "jax", "--book", str(ROOT), "--to", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["d2lsched-jax.zip"]
    assert capsys.readouterr().out.split() == [str(tmp_path / "d2lsched-jax.zip")]


def test_a_folder_without_a_book_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        export.main(["--book", str(tmp_path)])
    assert "there is no _toc.yml" in capsys.readouterr().err


# ---- They run where the other frameworks cannot be imported

HIDE = """\
import sys
from importlib.machinery import PathFinder

find = PathFinder.find_spec
hidden = {names!r}


def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in hidden else find(name, path, target)


PathFinder.find_spec = staticmethod(find_spec)
"""


# A chapter with tabs, and the shortest, which asks what there is; ruff (above) looks at all.
ALONE = [
    ("torch", "chapters/decay/cosine.ipynb"),
    ("tensorflow", "chapters/decay/cosine.ipynb"),
    ("jax", "chapters/quickstart.ipynb"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("framework", "notebook"), ALONE)
def test_it_runs_without_the_other_frameworks(
    zips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, framework: str, notebook: str
) -> None:
    others = {
        module.partition(".")[0]
        for other, modules in MODULES.items()
        if other != framework
        for module in modules
    } - {"d2lsched"}
    (tmp_path / "sitecustomize.py").write_text(HIDE.format(names=others))
    folder = zips / f"d2lsched-{framework}"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(folder)]))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    content = nbformat.read(folder / notebook, as_version=4)
    check = f"import d2lsched; assert d2lsched.__file__.startswith({str(folder)!r})"
    content.cells.insert(0, new_code_cell(check))
    for other in sorted(others):
        source = (
            f"try:\n    import {other}\n    raise AssertionError\nexcept ImportError:\n    pass"
        )
        content.cells.insert(0, new_code_cell(source))
    resources = {"metadata": {"path": str((folder / notebook).parent)}}
    NotebookClient(content, timeout=300, kernel_name="python3", resources=resources).execute()


# ---- They are offered on every page


@pytest.mark.slow
@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_page_links_to_the_downloads(book: Path, page: str) -> None:
    path = book / f"{page}.html"
    navigation = SoupStrainer("nav")
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser", parse_only=navigation)
    links = soup.select("nav.downloads a[download]")
    assert [link.text for link in links] == ["PyTorch", "TensorFlow", "JAX"]
    for link, framework in zip(links, DOWNLOADS, strict=True):
        file = (path.parent / str(link["href"])).resolve()
        assert file == (book / "downloads" / f"d2lsched-{framework}.zip").resolve()


@pytest.mark.slow
@pytest.mark.parametrize("page", EVERY_PAGE)
def test_the_button_at_the_top_offers_the_notebook_of_the_page(book: Path, page: str) -> None:
    html = (book / f"{page}.html").read_text(encoding="utf-8")
    menu = SoupStrainer(class_=re.compile("dropdown-download-buttons"))
    header = BeautifulSoup(html, "html.parser", parse_only=menu).select("a")
    links = {link.get_text(strip=True): link for link in header}
    assert not [link for link in header if "_sources" in str(link["href"])]
    if not (ROOT / f"{page}.ipynb").exists():
        assert links == {}
        return
    assert list(links) == ["All frameworks", "PyTorch", "TensorFlow", "JAX"]
    for link in links.values():
        file = (book / f"{page}.html").parent / str(link["href"])
        assert nbformat.read(file, as_version=4).cells[0].id == "what-this-needs"


@pytest.mark.slow
@pytest.mark.parametrize("framework", DOWNLOADS)
def test_the_downloads_are_whole(book: Path, framework: str) -> None:
    assert zipfile.ZipFile(book / "downloads" / f"d2lsched-{framework}.zip").testzip() is None


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_a_download_is_reached_by_keyboard(
    book: Path, site: str, tab: Page, tmp_path: Path, scheme: str
) -> None:
    address = site if scheme == "http" else book.as_uri()
    tab.goto(f"{address}/{PAGES[-1]}.html")
    tab.locator("nav.downloads a").first.focus()
    expect(press_tab(tab)).to_have_text("TensorFlow")
    with tab.expect_download() as download:
        tab.keyboard.press("Enter")
    saved = tmp_path / "saved.zip"
    download.value.save_as(saved)
    name = "d2lsched-tensorflow.zip"
    assert download.value.suggested_filename == name
    assert saved.read_bytes() == (book / "downloads" / name).read_bytes()
