"""What the tests of the lab share: its functions, and pages of a small book with labs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page

import d2lsched
from d2lsched import CosineDecay
from d2lsched.widgets.modules import joined

ROOT = Path(__file__).parent.parent


def run_module(page: Page, entry: str = "main") -> Page:
    """Load the module into an empty page, as anywidget does; its exports become ``lab``."""
    page.evaluate(
        """async (source) => {
          const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          window.lab = await import(url);
        }""",
        joined(entry),
    )
    return page


NOTEBOOK = [
    new_markdown_cell("# A chapter"),
    new_markdown_cell(
        "Text.\n\n```{schedule-lab}\n:updates: 100\n:log:\nCosineDecay(0.4, 100)\n"
        "short: Warmup(CosineDecay(0.4, 40), 10)\n```\n\nMore text."
    ),
    new_markdown_cell("## Training MNIST\n\nText."),
    new_markdown_cell("```{schedule-lab}\n:updates: 5\nConstant(0.1)\n```"),
]
CONF = """
extensions = ["myst_nb", "d2lsched.book"]
nb_execution_mode = "off"
html_math_renderer = "mathml"
html_theme = "sphinx_book_theme"
html_theme_options = {"navbar_persistent": []}
html_context = {"default_mode": "light"}
root_doc = "playground"
"""


def lab_cell() -> Any:
    """A cell that has displayed a lab."""
    data, _ = d2lsched.lab(CosineDecay(0.4, 780))._repr_mimebundle_()
    output = new_output("execute_result", data=data, execution_count=1)
    return new_code_cell(
        "d2lsched.lab(CosineDecay(0.4, 780))", execution_count=1, outputs=[output]
    )


def built(folder: Path, builder: str, *cells: Any) -> tuple[Path, str]:
    """Build the playground and a notebook; return where, and the warnings."""
    shutil.copy(ROOT / "chapters/playground.md", folder)
    with (folder / "playground.md").open("a", encoding="utf-8") as page:
        page.write("\n```{toctree}\n:hidden:\nchapter\n```\n")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=[*NOTEBOOK, *cells], metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "chapter.ipynb")
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    out = folder / "_build" / builder
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", builder, str(folder), str(out)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return out, run.stderr


def settled(page: Page) -> None:
    """Wait for three frames: all that the page had to draw, and what follows from it."""
    frame = "await new Promise(requestAnimationFrame);"
    page.evaluate(f"async () => {{ {3 * frame} }}")


def opened(tab: Page, path: Path) -> Page:
    """Open a page as a file and wait for its labs."""
    tab.goto(path.as_uri())
    tab.wait_for_function(
        "[...document.querySelectorAll('.schedule-lab')].every((lab) =>"
        " lab.querySelector('path.lab-curve'))"
    )
    settled(tab)  # a lab learns its size, and draws again
    return tab
