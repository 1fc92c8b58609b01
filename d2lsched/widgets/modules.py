"""The lab's script: the ES modules of the folder ``js``, joined into one text.

The modules are ordinary ones and run as they are wherever a server hands them out. JupyterLab
takes one module: `joined` puts each behind those that it imports, and leaves the imports out.
From ``file://`` browsers load no module at all: a page of the book, and a worker, have the same
text as an ordinary script, `plain`, which exports nothing. All names at the top of modules must
therefore be different, which the browser checks; an import cannot rename.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

FOLDER = Path(__file__).with_name("js")
STYLES = Path(__file__).with_name("lab.css")

_IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"\./([\w-]+)\.js";\n', re.MULTILINE)
_WORKER = re.compile(
    r'new Worker\(new URL\("\./([\w-]+)\.js", import\.meta\.url\), \{ type: "module" \}\)'
)


@functools.cache
def joined(entry: str = "main") -> str:
    """One ES module that does what the module ``entry`` does, its imports included.

    A worker's file becomes its text: a script inside a page has no folder to look in.

    >>> joined("parameters").count("import ")
    0
    """
    texts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in texts:
            return
        texts[name] = ""  # modules may import each other
        text = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
        for other in _IMPORT.findall(text):
            add(other)
        texts[name] = texts.pop(name) + _WORKER.sub(_blob, _IMPORT.sub("", text))

    add(entry)
    return "\n".join(texts.values())


@functools.cache
def plain(entry: str = "main") -> str:
    """The same as an ordinary script, which leaves no names behind.

    >>> plain("parameters").count("export ")
    0
    """
    text = re.sub("^export (default )?", "", joined(entry), flags=re.MULTILINE)
    return f"(() => {{\n{text}}})();\n"


def _blob(match: re.Match[str]) -> str:
    text = json.dumps(plain(match[1]), ensure_ascii=False)
    return f'new Worker(URL.createObjectURL(new Blob([{text}], {{ type: "text/javascript" }})))'
