"""The book's notebooks as readers take them away, for one framework or all.

What is exported reads as it is meant in JupyterLab, Colab, VS Code and on GitHub: it has no
directive and no role (`d2lsched.book.plain`), and its first cell says what it needs. It comes

- one by one, from each page of the rendered book;
- as a zip for one framework, with the package, its data and pinned requirements:
  ``python -m d2lsched.book.export --framework torch`` writes ``d2lsched-torch.zip``;
- as a folder of the reader's own, for ``make lab`` (`d2lsched.book.copies`).

The same sources always give the same bytes.
"""

from __future__ import annotations

import argparse
import ast
import posixpath
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from sphinx.application import Sphinx
from sphinx_external_toc.parsing import parse_toc_yaml

from d2lsched.book.execute import to_text
from d2lsched.book.plain import plain
from d2lsched.book.tabs import FRAMEWORKS
from d2lsched.book.web import repository

PACKAGES = {"torch": {"torch", "schedulefree", "prodigyopt"},
            "tensorflow": {"tensorflow", "tensorflow-cpu"},
            "jax": {"jax", "optax"}}  # fmt: skip
"""What each download installs of requirements.txt, and the others do not.

NumPy is no download of its own: every notebook needs it, so its cells are in all of them.
"""

KINDS = frozenset(
    {".css", ".csv", ".js", ".json", ".md", ".npz", ".py", ".svg", ".typed", ".xz"}
)
PACKED = frozenset({".npz", ".xz"})  # compressed already
NOT_NEEDED = frozenset({"__pycache__", "book"})  # the latter renders the book

README = """\
# {title}

The chapters as notebooks, with the {label} cells only.

You need Python 3.11 or newer. In this folder:

    python -m venv .venv
    .venv/bin/python -m pip install -r requirements.txt
    .venv/bin/jupyter-lab chapters

On Windows, `.venv\\Scripts\\` takes the place of `.venv/bin/`. No GPU is used, and the data
are here. The outputs in the notebooks are those of the book; running a notebook replaces them.

Code: MIT. Text and figures: CC BY 4.0. MNIST: CC BY-SA 3.0. See LICENSE and
d2lsched/data/README.md.
"""


# ---- One notebook


def framework_of(cell: NotebookNode) -> str | None:
    """Return the framework whose tag a cell carries, if any."""
    tags = cell.metadata.get("tags", []) if cell.cell_type == "code" else []
    return next((name for name in FRAMEWORKS if name in tags), None)


def left_out(names: list[str], framework: str) -> str:
    """Return what stands where a set of cells has none of this framework."""
    labels = [FRAMEWORKS[name] for name in FRAMEWORKS if name in names]
    these = " and ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))
    return f"*(The book has code for {these} here, and none for {FRAMEWORKS[framework]}.)*"


def only(notebook: NotebookNode, framework: str) -> NotebookNode:
    """Return a copy of a notebook without the cells of other frameworks.

    NumPy's cells stay. Where a set of tabs would lose all its cells, a sentence says so.
    Cells are numbered anew, as if the copy had been run.
    """
    copy = nbformat.from_dict(notebook)
    cells: list[NotebookNode] = []
    for tabbed, run in groupby(copy.cells, key=lambda cell: framework_of(cell) is not None):
        group = list(run)
        kept = [cell for cell in group if framework_of(cell) in (None, "numpy", framework)]
        if tabbed and not kept:
            names = [name for cell in group if (name := framework_of(cell))]
            source = left_out(names, framework)
            kept = [new_markdown_cell(source, id=f"left-out-{group[0].id}"[:64])]
        cells += kept
    copy.cells = cells
    return numbered(copy)


def numbered(notebook: NotebookNode) -> NotebookNode:
    """Number a notebook's cells in place, as if it had been run; return it."""
    executed = (cell for cell in notebook.cells if cell.get("execution_count"))
    for number, cell in enumerate(executed, start=1):
        cell.execution_count = number
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
    return notebook


def modules_of(notebook: NotebookNode) -> list[str]:
    """Return the packages that a notebook imports, apart from the standard library."""
    names: set[str] = set()
    for cell in notebook.cells:
        for node in ast.walk(ast.parse(cell.source)) if cell.cell_type == "code" else ():
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
    twins = {name for name in PACKAGES if f"d2lsched.{name}" in names}
    return sorted(
        ({name.partition(".")[0] for name in names} | twins) - sys.stdlib_module_names
    )


def needs(notebook: NotebookNode, repository: str | None) -> NotebookNode:
    """Return the cell that says what a notebook needs, and installs it where it can.

    repository: the address from which pip can install the package; without one, the cell
    says what is missing.
    """
    modules = modules_of(notebook)
    extras = ",".join(f"chapters-{name}" for name in PACKAGES if name in modules) or "chapters"
    lines = [
        f'package = "d2lsched[{extras}]"  # and Python 3.11 or newer; no GPU',
        f"needed = {modules}",
        "missing = [name for name in needed if importlib.util.find_spec(name) is None]",
        "if missing:",
    ]
    if repository:
        lines += [
            f'    source = f"{{package}} @ git+{repository}"',
            '    subprocess.run([sys.executable, "-m", "pip", "install", source], check=True)',
        ]
    else:
        lines.append(
            '    raise ImportError(f"{missing} missing: pip install {package} from the book")'
        )
    imports = ["subprocess", "sys"] if repository else []
    head = [f"import {name}" for name in ("importlib.util", *imports)]
    cell = new_code_cell("\n".join([*head, "", *lines]), id="what-this-needs")
    if any(c.get("execution_count") for c in notebook.cells):
        cell.execution_count = 1
    return cell


def standing_alone(
    notebook: NotebookNode,
    root: Path,
    framework: str | None = None,
    follow: Callable[[str], str | None] = lambda _: None,
) -> NotebookNode:
    """Return a copy of a notebook that needs no book.

    root: the book's folder. framework: whose cells it keeps; None for all.
    follow: where a link to another file leads; None if it becomes plain text.
    """
    copy = only(notebook, framework) if framework else nbformat.from_dict(notebook)
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = plain(cell.source, root / "chapters/references.bib", follow)
    copy.cells.insert(0, needs(copy, repository(root)))
    return numbered(copy)


# ---- The book's folder


def pages_of(root: Path) -> dict[str, str]:
    """Return the pages in the book's table of contents, in order, with their suffixes."""
    names = parse_toc_yaml(root / "_toc.yml")
    suffixes = {name: s for name in names for s in (".ipynb", ".md") if exists(root, name, s)}
    return {name: suffixes[name] for name in names}


def exists(root: Path, name: str, suffix: str) -> bool:
    """Whether a page of the book is in a file with this suffix."""
    return (root / f"{name}{suffix}").exists()


def exported(
    root: Path, framework: str | None, lead: Callable[[str], str | None] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the book's notebooks: page, and the file's text.

    lead: where a link to a file of the book's leads; they lead to each other without it.
    """
    pages = pages_of(root)
    for page in (page for page, suffix in pages.items() if suffix == ".ipynb"):

        def follow(target: str, page: str = page) -> str | None:
            there = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
            if lead:
                return lead(there)
            path = there.partition("#")[0]
            return target if pages.get(path.removesuffix(".ipynb")) == ".ipynb" else None

        notebook = nbformat.read(root / f"{page}.ipynb", as_version=4)
        yield page, to_text(standing_alone(notebook, root, framework, follow))


def requirements(root: Path, framework: str) -> str:
    """Return the requirements of the notebooks of one framework, pinned as the book's are."""
    others = {name for other, names in PACKAGES.items() if other != framework for name in names}
    text = (root / "requirements.txt").read_text(encoding="utf-8")
    section = text.partition("# --- run")[2].partition("\n# --- ")[0]
    lines, comments = [], []
    for line in section.splitlines()[1:]:
        if line.startswith("#"):
            comments.append(line)
            continue
        if line and re.split(r"[^\w.-]", line)[0] not in others:
            lines += [*comments, line]
        comments = []
    return "\n".join(["-c constraints.txt", ".", *lines]) + "\n"


def contents(root: Path, framework: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a download: name and content."""
    title = "Learning-rate schedules, interactively"
    readme = README.format(title=title, label=FRAMEWORKS[framework])
    yield "README.md", readme.encode()
    yield "requirements.txt", requirements(root, framework).encode()
    for name in ("LICENSE", "constraints.txt", "pyproject.toml"):
        yield name, (root / name).read_bytes()
    for path in (root / "d2lsched").rglob("*"):
        inside = path.relative_to(root)
        if path.suffix in KINDS and not NOT_NEEDED & set(inside.parts):
            yield inside.as_posix(), path.read_bytes()
    for page, text in exported(root, framework):
        yield f"{page}.ipynb", text.encode()


def export(root: Path, framework: str, folder: Path) -> Path:
    """Write the download of one framework into a folder; return its path.

    root: the book's folder, with its ``_toc.yml``.
    """
    name = f"d2lsched-{framework}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in sorted(contents(root, framework)):
            # The dates and modes of this machine's files are nobody's business.
            info = zipfile.ZipInfo(f"{name}/{file}", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            packed = Path(file).suffix in PACKED
            info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return path


# ---- In the rendered book


def is_book(app: Sphinx) -> bool:
    """Whether it is the book that Sphinx builds, as pages to read in a browser."""
    return app.builder.format == "html" and (Path(app.confdir) / "_toc.yml").exists()


def write_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Put the downloads beside the pages: the zips, and each notebook by itself."""
    if exception is not None or not is_book(app):
        return
    root, out = Path(app.confdir), Path(app.outdir) / "downloads"
    for framework in PACKAGES:
        export(root, framework, out)
    base = app.config.html_baseurl.rstrip("/")

    def lead(there: str) -> str | None:
        shown = re.sub(r"\.(ipynb|md)(?=#|$)", ".html", there)
        return f"{base}/{shown}" if base else None

    for only_one in (None, *PACKAGES):
        for page, text in exported(root, only_one, lead):
            path = out / (only_one or "all") / f"{page}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def offer_downloads(app: Sphinx, pagename: str, template: str, context: Any, _: object) -> None:
    """Link to the downloads: at a page's foot, where no script is needed, and in its head."""
    if not is_book(app):
        return
    pathto = context["pathto"]
    links = [
        f'<li><a href="{pathto(f"downloads/d2lsched-{name}.zip", 1)}" download>'
        f"{FRAMEWORKS[name]}</a></li>"
        for name in PACKAGES
    ]
    context["theme_extra_footer"] = context.get("theme_extra_footer", "") + (
        '<nav class="downloads" aria-labelledby="downloads">'
        '<span id="downloads">Download all notebooks (.zip)</span>'
        f"<ul>{''.join(links)}</ul></nav>"
    )
    for button in context.get("header_buttons", []):
        if button["label"] == "download-buttons":  # the theme's, which lead to the sources
            printed = [one for one in button["buttons"] if one["type"] == "javascript"]
            notebook = exists(Path(app.confdir), pagename, ".ipynb")
            offered = [None, *PACKAGES] if notebook else []
            button["buttons"] = [
                {
                    "type": "link",
                    "url": pathto(f"downloads/{name or 'all'}/{pagename}.ipynb", 1),
                    "text": FRAMEWORKS[name] if name else "All frameworks",
                    "tooltip": "Download this notebook",
                    "icon": "fas fa-code",
                    "label": f"download-notebook-{name or 'all'}",
                }
                for name in offered
            ] + printed


def setup(app: Sphinx) -> dict[str, Any]:
    """Have Sphinx write the downloads and link to them."""
    app.connect("build-finished", write_downloads)
    app.connect("html-page-context", offer_downloads, priority=502)  # after the theme's buttons
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Write the notebooks for one framework.")
    parser.add_argument("--framework", choices=list(PACKAGES), help="all three if not given")
    parser.add_argument("--book", type=Path, default=Path(), help="the folder with _toc.yml")
    parser.add_argument("--to", type=Path, default=Path("_build/downloads"), help="a folder")
    options = parser.parse_args(arguments)
    if not (options.book / "_toc.yml").exists():
        parser.error(f"--book {options.book}: there is no _toc.yml; name the book's folder")
    for framework in [options.framework] if options.framework else PACKAGES:
        print(export(options.book, framework, options.to))
    return 0


if __name__ == "__main__":
    sys.exit(main())
