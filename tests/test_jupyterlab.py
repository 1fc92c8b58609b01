"""The schedule lab in JupyterLab itself: a real server, a real kernel, a real browser."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

CELLS = [
    "import d2lsched as d2l\nlab = d2l.lab({'mine': d2l.CosineDecay(0.4, 780)})\nlab",
    "print(lab.schedules['mine'].steps)",
    "lab.schedules = {'yours': d2l.StepDecay(0.2, 100)}",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a notebook in a JupyterLab of its own."""
    folder = tmp_path_factory.mktemp("jupyterlab")
    notebook = new_notebook(cells=[new_code_cell(text) for text in CELLS])
    notebook.metadata["kernelspec"] = {
        "name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python",
    }  # fmt: skip
    nbformat.write(notebook, folder / "lab.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "port": port, "port_retries": 0, "ip": "127.0.0.1", "open_browser": False,
        "root_dir": str(folder), "allow_root": True,
    }  # fmt: skip
    homes = {
        name: str(folder / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    command = [
        str(Path(sys.executable).with_name("jupyter-lab")),
        *(f"--ServerApp.{name}={value}" for name, value in settings.items()),
        "--IdentityProvider.token=secret",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    environment = {**os.environ, **homes, "JUPYTER_PREFER_ENV_PATH": "1"}
    log = folder / "server.log"
    with (
        log.open("w") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=output) as server,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 60
            while True:
                try:
                    urllib.request.urlopen(f"{url}/api?token=secret", timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None, log.read_text()
                    assert time.monotonic() < end, log.read_text()
                    time.sleep(0.2)
            yield f"{url}/lab/tree/lab.ipynb?token=secret"
        finally:
            server.terminate()
            server.wait(30)


@pytest.mark.slow
def test_what_is_edited_in_the_widget_is_a_schedule_in_python(address: str, tab: Page) -> None:
    tab.set_default_timeout(60_000)
    tab.goto(address)
    cells = tab.locator(".jp-Notebook .jp-CodeCell")
    expect(cells).to_have_count(3, timeout=60_000)
    expect(tab.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute(
        "data-status", "idle", timeout=60_000
    )

    def execute(number: int) -> None:
        prompt = cells.nth(number).locator(".jp-InputArea-prompt")
        for _ in range(10):  # a notification that just opens takes the key
            cells.nth(number).locator(".cm-content").click()
            tab.keyboard.press("Control+Enter")
            with contextlib.suppress(AssertionError):
                expect(prompt).not_to_have_text("[ ]:", timeout=3_000)
                return

    execute(0)
    expect(tab.locator(".lab-curve").first).to_be_visible(timeout=60_000)

    steps = tab.locator(".schedule-lab").get_by_role("spinbutton").nth(1)
    expect(steps).to_have_value("780")
    steps.fill("500")
    steps.press("Enter")
    execute(1)
    expect(cells.nth(1).locator(".jp-OutputArea-output")).to_have_text("500", timeout=30_000)

    execute(2)  # and the other way
    name = tab.get_by_label("Name of the schedule")
    expect(name).to_have_value("yours", timeout=30_000)
    expect(tab.get_by_role("combobox", name="Kind").first).to_have_value("StepDecay")
