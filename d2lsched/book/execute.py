"""Execute notebooks in place, each from a cold kernel: ``make run``.

A notebook is written only after all its cells ran, in one step, so that an error or an
interruption leaves the file as it was. What is written depends on the cells and their
outputs only: metadata is reduced to what readers need, JSON has one layout.

``python -m d2lsched.book.execute chapters`` executes every notebook below ``chapters``;
with ``--tidy-only`` it brings the files into shape without executing them.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from d2lsched.book import citations
from d2lsched.book.code import fold
from d2lsched.extras import needs

with needs("book"):
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from nbformat import NotebookNode
    from traitlets.config import Config

_KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
# Jupyter records what is written to descriptor 2: TensorFlow's log, pydevd's warning.
_QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
# Others on this machine must not read along; without, ipykernel warns at every start.
_ENCRYPTED = Config({"KernelManager": {"transport_encryption": "auto"}})
_KEPT_OF_NOTEBOOK = ("myst", "mystnb")
_KEPT_OF_CELL = ("mystnb", "nbgrader", "tags")


def is_live(notebook: NotebookNode) -> bool:
    """Whether the book executes this notebook while it is built: it keeps no outputs."""
    settings: dict[str, str] = notebook.metadata.get("mystnb", {})
    return settings.get("execution_mode") == "force"


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Reduce a notebook, in place, to what does not depend on the machine; return it."""
    kept = {
        key: notebook.metadata[key] for key in _KEPT_OF_NOTEBOOK if key in notebook.metadata
    }
    notebook.metadata = nbformat.from_dict(
        {**kept, "kernelspec": _KERNELSPEC, "language_info": _LANGUAGE}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in _KEPT_OF_CELL if cell.metadata.get(key)}
        )
        if cell.cell_type == "code" and is_live(notebook):
            cell.outputs, cell.execution_count = [], None
    fold(notebook)
    return notebook


def to_text(notebook: NotebookNode) -> str:
    """Return the notebook's JSON in the one layout that the repository uses."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def execute(path: Path, timeout: int = 600) -> None:
    """Execute one notebook in place, in its own folder; a cell may take ``timeout`` seconds.

    CellExecutionError: a cell raised.
    CellTimeoutError: a cell took too long.
    DeadKernelError: the kernel died.
    KeyboardInterrupt: Ctrl-C was pressed; the kernel is stopped.
    """
    notebook = nbformat.read(path, as_version=4)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    with tqdm(total=cells, desc=str(path), unit="cell", leave=False, disable=None) as bar:
        client = NotebookClient(
            notebook,
            config=_ENCRYPTED,
            kernel_name=_KERNELSPEC["name"],
            timeout=timeout,
            record_timing=False,
            coalesce_streams=True,
            store_widget_state=False,
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_executed=lambda **_: bar.update(),
        )
        try:
            client.execute()
        except (AssertionError, DeadKernelError):
            # Either is what is left of Ctrl-C once nbclient's handler has stopped the kernel.
            if getattr(client, "_async_cleanup_kernel_future", None) is None:
                raise
            raise KeyboardInterrupt from None
    write(path, notebook)


def write(path: Path, notebook: NotebookNode) -> None:
    """Replace the notebook at ``path`` by a tidy one, in one step.

    Its list of references is that of the nearest ``references.bib`` above it.
    """
    works = (folder / "references.bib" for folder in path.resolve().parents)
    if found := next((file for file in works if file.exists()), None):
        citations.list_references(notebook, citations.bibliography(found))
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(to_text(tidy(notebook)), encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def find(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the notebooks among and below ``paths``, without JupyterLab's checkpoints."""
    for path in paths:
        if path.is_dir():
            below = sorted(path.rglob("*.ipynb"))
            yield from (p for p in below if ".ipynb_checkpoints" not in p.parts)
        else:
            yield path


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status, 0 if every notebook ran."""
    parser = argparse.ArgumentParser(description="Execute notebooks in place.")
    parser.add_argument("paths", nargs="+", type=Path, help="notebooks, or folders of them")
    parser.add_argument("--timeout", type=int, default=600, help="seconds a cell may take")
    parser.add_argument("--tidy-only", action="store_true", help="do not execute")
    options = parser.parse_args(arguments)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    failed = []
    for path in find(options.paths):
        if options.tidy_only:
            write(path, nbformat.read(path, as_version=4))
            continue
        start = time.perf_counter()
        try:
            execute(path, options.timeout)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            failed.append(path)
            print(f"{path}: failed, left as it was\n{error}", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            print(f"{path}: interrupted, left as it was", file=sys.stderr)
            return 130  # the shell's number for Ctrl-C
        else:
            print(f"{path}: {time.perf_counter() - start:.0f} s", flush=True)
    if failed:
        print("Failed:", *failed, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
