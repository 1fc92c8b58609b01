"""A page's blocks of code, by section: one program, and what each block should print."""

import re
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)
MARK = "--- the output of a block ---"


def sections(page: str, prefix: str) -> tuple[str, dict[str, str]]:
    """What precedes the first label ``(prefix-name)=`` of a page, and each name's section."""
    text = (ROOT / "chapters" / page).read_text(encoding="utf-8")
    introduction, *parts = re.split(rf"^\({prefix}-(\w+)\)=$", text, flags=re.M)
    return introduction, dict(zip(parts[::2], parts[1::2], strict=True))


def outputs(introduction: str, section: str, folder: Path) -> list[tuple[str, str]]:
    """Run the section's blocks after the introduction's: what each should print, and does."""
    blocks = BLOCK.findall(introduction) + BLOCK.findall(section)
    code = "".join(f"{block}\nprint({MARK!r})\n" for block, _ in blocks)
    came = printed(code, folder).split(f"{MARK}\n")
    assert came.pop() == ""
    return list(zip([expected for _, expected in blocks], came, strict=True))


def printed(code: str, folder: Path) -> str:
    """What a program prints in a process of its own, which it ends well."""
    (folder / "program.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "program.py"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    return run.stdout
