"""The book on the web: what pages offer once ``_config.yml`` has its addresses."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import nbformat
import pytest
import yaml
from audit.measure import faint, findings
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner, Result
from conftest import QuietHandler, assert_icons_are_drawn, faded, problems_of
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Page, expect
from sphinx.errors import ConfigError
from test_book import EVERY_PAGE, PAGES, read
from test_packaging import requirements

from d2lsched.book import web

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/someone/schedules"
BASE = "https://someone.github.io/schedules"
CHAPTER = "chapters/decay/one"


# ---- A small book ------------------------------------------------------------


def made(folder: Path, **changes: dict[str, Any]) -> Path:
    """Make a small book of the real book's configuration, with changes of some sections."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    for section, change in changes.items():
        config[section] = {**config[section], **change}
    (folder / "chapters" / "decay").mkdir(parents=True)
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "_toc.yml").write_text(
        f"format: jb-book\nroot: chapters/preface\nchapters:\n- file: {CHAPTER}\n"
    )
    (folder / "chapters" / "preface.md").write_text(
        "# Preface\n\nSee [one](decay/one.ipynb).\n"
    )
    cells = [
        new_markdown_cell("# One\n\nText.\n\n## Part"),
        new_code_cell("from d2lsched import torch"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / f"{CHAPTER}.ipynb")
    shutil.copy(ROOT / "chapters" / "references.bib", folder / "chapters")
    for name in (
        "d2lsched",
        "LICENSE",
        "constraints.txt",
        "requirements.txt",
        "pyproject.toml",
    ):
        (folder / name).symlink_to(ROOT / name)
    return folder


def build(folder: Path) -> Path:
    """Build a small book, with warnings as errors; return the folder with its pages."""
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    command = [str(jupyter_book), "build", str(folder), "-W", "--keep-going"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return folder / "_build" / "html"


# ---- The settings ------------------------------------------------------------


def configured(folder: Path, text: str) -> Path:
    """Write a configuration; return its folder."""
    (folder / "_config.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("given", [REPOSITORY, f"{REPOSITORY}/", f"{REPOSITORY}.git"])
def test_a_repository_has_one_address_however_it_is_written(tmp_path: Path, given: str) -> None:
    folder = configured(tmp_path, f"repository: {{url: {given}}}")
    assert web.repository(folder) == REPOSITORY


@pytest.mark.parametrize("text", ["", "title: A book", "repository:", "repository: {url: ''}"])
def test_without_an_address_there_is_no_repository(tmp_path: Path, text: str) -> None:
    assert web.repository(configured(tmp_path, text)) is None
    # Jupyter Book's default is a repository of its own.
    launch = {"colab_url": "https://colab.research.google.com"}
    options = {"repository_url": "https://github.com/other/book", "launch_buttons": launch}
    options = web.theme_options(tmp_path, options)
    assert options.pop("repository_url") == ""
    assert not any(options.values())


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("repository", "url", "git@github.com:someone/schedules.git"),
        ("repository", "url", "github.com/someone/schedules"),
        ("repository", "url", "https://github.com/someone"),
        ("repository", "url", 5),
        ("html", "baseurl", "someone.github.io/schedules"),
        ("html", "baseurl", "/schedules"),
    ],
)
def test_what_is_no_address_is_named(section: str, key: str, value: object) -> None:
    like = "https://github.com/owner/name" if key == "url" else "https://example.org"
    with pytest.raises(ConfigError) as error:
        web.address({section: {key: value}}, section, key, like)
    for part in (section, key, repr(value), like):
        assert part in str(error.value)


def test_readers_of_the_configuration_may_refuse_a_button(tmp_path: Path) -> None:
    text = f"repository: {{url: {REPOSITORY}}}\nhtml: {{use_issues_button: false}}"
    options = web.theme_options(configured(tmp_path, text), {})
    assert options["use_repository_button"]
    assert not options["use_issues_button"]


# ---- Unset: the real book ----------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("page", EVERY_PAGE)
def test_without_addresses_pages_offer_nothing_of_the_web(book: Path, page: str) -> None:
    soup = read(book, page)
    buttons = soup.select(".article-header-buttons a[href*='//']")
    buttons += soup.select(".dropdown-launch-buttons, .dropdown-source-buttons")
    assert buttons == []
    assert soup.select("link[rel=canonical], meta[property='og:url'][content*='//']") == []


@pytest.mark.slow
def test_github_pages_serves_the_folders_of_the_book(book: Path) -> None:
    assert (book / ".nojekyll").exists()


# ---- Set ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the pages of a small book whose addresses are set."""
    folder = made(
        tmp_path_factory.mktemp("published") / "book",
        repository={"url": f"{REPOSITORY}.git", "discussions": f"{REPOSITORY}/discussions"},
        # The last two stand for all else that Jupyter Book documents.
        html={"baseurl": BASE, "announcement": "News", "use_edit_page_button": True},
    )
    return build(folder)


def offered(pages: Path, page: str) -> dict[str, str]:
    """Return where the buttons lead that leave the book, by their name."""
    links = read(pages, page).select(".article-header-buttons a[href*='//']")
    return {link.text.strip() or str(link["title"]): str(link["href"]) for link in links}


COLAB = f"{REPOSITORY}/blob/notebooks/".replace(
    "https://github.com", "https://colab.research.google.com/github"
)


@pytest.mark.slow
def test_a_chapter_can_be_run_and_discussed(published: Path) -> None:
    links = offered(published, CHAPTER)
    issue = links.pop("Open issue")
    assert issue.startswith(f"{REPOSITORY}/issues/new?")
    assert f"{CHAPTER}.html" in issue
    assert links == {
        "Binder": "https://mybinder.org/v2/gh/someone/schedules/main"
        f"?urlpath=lab/tree/{CHAPTER}.ipynb",
        "Colab (PyTorch)": f"{COLAB}torch/{CHAPTER}.ipynb",
        "Colab (TensorFlow)": f"{COLAB}tensorflow/{CHAPTER}.ipynb",
        "Colab (JAX)": f"{COLAB}jax/{CHAPTER}.ipynb",
        "Repository": REPOSITORY,
        "Suggest edit": f"{REPOSITORY}/edit/main/{CHAPTER}.ipynb",
        "Discussion": f"{REPOSITORY}/discussions",
    }
    outside = read(published, CHAPTER).select("a[href*='//'][download]")
    assert outside == []  # a link to somebody else's notebook opens it


@pytest.mark.slow
def test_colab_finds_what_is_published(published: Path) -> None:
    for link in read(published, CHAPTER).select("a[href*='/blob/notebooks/']"):
        path = str(link["href"]).partition("/blob/notebooks/")[2]
        text = (published / "downloads" / path).read_text(encoding="utf-8")
        assert f"git+{REPOSITORY}" in text  # its first cell can install what it needs


@pytest.mark.slow
def test_prose_offers_no_notebook_to_run(published: Path) -> None:
    names = ["Discussion", "Open issue", "Repository", "Suggest edit"]
    assert sorted(offered(published, "chapters/preface")) == names


@pytest.mark.slow
def test_pages_name_their_own_address(published: Path) -> None:
    soup = read(published, CHAPTER)
    (canonical,) = soup.select("link[rel=canonical]")
    assert canonical["href"] == f"{BASE}/{CHAPTER}.html"
    cards = {tag["property"]: tag["content"] for tag in soup.select("meta[property]")}
    assert cards["og:url"] == canonical["href"]
    assert cards["og:image"] == f"{BASE}/_static/social-card.png"


@pytest.mark.slow
def test_what_jupyter_book_documents_is_heeded(published: Path) -> None:
    (banner,) = read(published, CHAPTER).select(".bd-header-announcement")
    assert banner.text.strip() == "News"


@pytest.fixture
def published_site(published: Path) -> Iterator[str]:
    """Return the address of a static server of the small book."""
    handler = partial(QuietHandler, directory=str(published))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


EMPTY = """(element) => [...element.querySelectorAll("img")]
  .filter((icon) => icon.checkVisibility() && (icon.width < 8 || !icon.naturalWidth))
  .map((icon) => icon.outerHTML)"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_every_button_is_seen_and_named(published_site: str, tab: Page, width: int) -> None:
    problems = problems_of(tab, published_site)
    tab.set_viewport_size({"width": width, "height": 844})
    tab.goto(f"{published_site}/{CHAPTER}.html")
    assert_icons_are_drawn(tab)
    header = tab.locator(".article-header-buttons")
    for name in ("Run this notebook", "Repository and issues", "Download this page"):
        button = header.get_by_role("button", name=name)
        expect(button).to_be_in_viewport(ratio=1)
        expect(button).to_have_attribute("title", name)
        button.click()
        menu = header.locator(".dropdown-menu.show")
        expect(menu).to_be_in_viewport(ratio=1)
        for item in menu.locator("a, button").all():
            expect(item).to_be_visible()
            assert item.inner_text().strip()
        assert_icons_are_drawn(tab)
        assert menu.evaluate(EMPTY) == []
        tab.keyboard.press("Escape")
        expect(menu).to_be_hidden()
    expect(header.get_by_role("link", name="Discussion")).to_be_in_viewport(ratio=1)
    assert header.evaluate(EMPTY) == []
    header.get_by_role("button", name="Run this notebook").click()
    assert findings(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    faded(tab)
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert faint(tab) == []
    assert problems == []


# ---- What publishing needs ---------------------------------------------------

WORKFLOW = ROOT / ".github/workflows/book.yml"
SCHEMAS = {
    ".github/workflows/*.yml": "vendor.github-workflows",
    ".github/ISSUE_TEMPLATE/*.yml": "vendor.github-issue-forms",
    "CITATION.cff": "vendor.citation-file-format",
}


def checked(schema: str, *files: Path) -> Result:
    """Check files against a schema that the library brings; it asks no network."""
    return CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, *map(str, files)])


@pytest.mark.parametrize(("files", "schema"), SCHEMAS.items())
def test_what_github_reads_is_what_it_expects(files: str, schema: str, tmp_path: Path) -> None:
    found = sorted(ROOT.glob(files))
    assert found
    run = checked(schema, *found)
    assert run.exit_code == 0, run.output
    broken = tmp_path / found[0].name
    text = found[0].read_text(encoding="utf-8")
    broken.write_text(re.sub(r"(?m)^(jobs|body|authors):", r"my-\1:", text), encoding="utf-8")
    assert checked(schema, broken).exit_code == 1


def test_the_workflow_publishes_what_the_two_commands_have_made() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    runs = {name: [step.get("run") for step in job["steps"]] for name, job in jobs.items()}
    assert "make test" in runs["test"]
    assert "make book" in runs["book"]
    assert set(jobs["publish"]["needs"]) == {"test", "book"}
    (push,) = [run for run in runs["publish"] if run]
    assert f'git push --force "$ADDRESS" {web.NOTEBOOKS}' in push


def test_the_workflow_installs_the_tests_packages() -> None:
    lines = (ROOT / "apt.txt").read_text(encoding="utf-8").splitlines()
    packages = {line.split()[0] for line in lines if line[:1].isalpha()}
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "chromium" in packages  # the runner has it
    assert [name for name in packages - {"chromium"} if f" {name}" not in text] == []


def test_binder_and_the_workflow_take_a_python_that_every_library_has() -> None:
    python = (ROOT / ".binder/runtime.txt").read_text().removeprefix("python-").strip()
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    asked = [step["with"]["python-version"] for step in steps if "setup-python" in str(step)]
    assert set(asked) == {python}
    where = {"python_version": python, "python_full_version": f"{python}.9"}
    where |= {"sys_platform": "linux", "platform_machine": "x86_64"}
    here = [
        r for r in requirements("requirements.txt") if not r.marker or r.marker.evaluate(where)
    ]
    assert {"torch", "tensorflow-cpu", "jax", "jupyterlab-myst"} <= {r.name for r in here}


def test_binder_installs_the_books_requirements_and_the_package() -> None:
    folder = ROOT / ".binder"
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    others, package = [line for line in lines if not line.startswith("#")]
    assert (folder / others.removeprefix("-r ")).resolve() == ROOT / "requirements.txt"
    assert package == "."  # of the folder in which repo2docker runs pip, the root
    assert not (folder / "apt.txt").exists()


def test_the_citation_is_of_this_book_and_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    config = web.settings(ROOT)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["title"] == config["title"]
    assert [author["name"] for author in citation["authors"]] == [config["author"]]
    assert citation["version"] == project["version"]


# ---- Sentences ---------------------------------------------------------------

ASSUMED = {  # of a reader, who may have a page on the web, or a notebook in Colab, and no more
    ".md": r"\b[Yy]ou(?: have|'ve)? built\b|\b(?:page|notebook) was run\b",
    ".ipynb": r"\bYou(?: have|'ve)? built\b|\b(?:page|notebook) was run\b|`make (?:lab|edit)`",
}


def assumed(path: Path) -> list[str]:
    """Return what a page takes for granted that only who has built the book has."""
    texts = [path.read_text(encoding="utf-8")]
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    joined = " ".join(" ".join(texts).split())
    return re.findall(ASSUMED[path.suffix], joined)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_takes_no_copy_of_the_book_for_granted(page: str) -> None:
    (path,) = (ROOT / f"{page}{s}" for s in ASSUMED if (ROOT / f"{page}{s}").exists())
    assert assumed(path) == []


def test_what_is_taken_for_granted_is_seen(tmp_path: Path) -> None:
    text = "You have built the book. This page was\nrun here. Try `make lab`."
    nbformat.write(new_notebook(cells=[new_markdown_cell(text)]), tmp_path / "one.ipynb")
    assert len(assumed(tmp_path / "one.ipynb")) == 3
