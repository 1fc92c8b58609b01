"""What a page of the built book weighs, what axe finds on it, and how Lighthouse rates it.

``make audit`` prints all of it. The tests use the first two.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import JSHandle, Page, sync_playwright

HERE = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
RUNS = 5


def pages_of(book: Path) -> list[Path]:
    """Return the book's pages; its index only leads to the first of them."""
    found = sorted(book.rglob("*.html"))
    return [p for p in found if "_static" not in p.parts and p != book / "index.html"]


# ---- Weight ------------------------------------------------------------------


def parts_of(page: Path) -> set[Path]:
    """Return the files that a page loads: it, its scripts, styles, all figures and fonts."""
    text = page.read_text(encoding="utf-8")
    tags = re.findall(r"<(?:script|img|link|source|iframe)\b[^>]*>", text)
    loading = [t for t in tags if not t.startswith("<link") or re.search("stylesheet|icon", t)]
    names = [re.search(r"""\b(?:src|href)=["']([^"'?#]+)""", tag) for tag in loading]
    parts = {(page.parent / name[1]).resolve() for name in names if name}
    for sheet in [part for part in parts if part.suffix == ".css" and part.exists()]:
        links = re.findall(r"""url\(["']?(?!data:|#)([^"')]+)""", sheet.read_text("utf-8"))
        parts |= {(sheet.parent / link).resolve() for link in links}
    return {part for part in parts if part.suffix != ".html"} | {page.resolve()}


def transferred(page: Path) -> int:
    """Return the bytes that a page and all it loads need, compressed where that helps."""
    contents = [part.read_bytes() for part in parts_of(page)]
    return sum(min(len(content), len(gzip.compress(content, 6))) for content in contents)


# ---- axe ---------------------------------------------------------------------

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
# One colored word of each kind, and one formula in each place, tell as much as all of them.
FEWER = """() => {
  const thin = (selector, of, replace) => {
    const seen = new Set();
    const again = (kind) => seen.has(kind) || !seen.add(kind);
    // All kinds first: after each change the styles would be computed anew.
    const elements = [...document.querySelectorAll(selector)];
    elements.filter((e) => again(of(e))).forEach(replace);
  };
  const ground = (e) => getComputedStyle(e.closest(".highlight")).backgroundColor;
  const kind = (e) => e.className + ground(e);
  thin(".highlight span", kind, (e) => e.replaceWith(...e.childNodes));
  thin("math", (e) => e.parentElement.parentElement.className, (e) => e.replaceWith("x"));
}"""
# Axe computes contrast letter by letter, in most of its time. The first text of each look (its
# color, size and weight, all the grounds below it, and of a link what sets it off from the text
# around) tells as much as all texts.
LOOKS = """() => {
  const looks = new Map();
  const grounds = new Map([[null, ""]]);
  const ground = (e) => {
    if (!grounds.has(e)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(e);
      const own = `${backgroundColor} ${backgroundImage} ${opacity}`;
      const clear = own === "rgba(0, 0, 0, 0) none 1";
      grounds.set(e, ground(e.parentElement) + (clear ? "" : own));
    }
    return grounds.get(e);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    // Of a single letter axe does not judge.
    if (texts.currentNode.data.trim().length < 2 || !e.checkVisibility()) continue;
    const link = e.closest("a");
    const { color, fontSize, fontWeight, textDecorationLine } = getComputedStyle(e);
    const beside = link && [getComputedStyle(link.parentElement).color, textDecorationLine];
    const look = [color, fontSize, fontWeight, ground(e), beside].join();
    if (!looks.has(look)) looks.set(look, link ?? e);
  }
  return [...looks.values()];
}"""
COLORS = ["color-contrast", "link-in-text-block"]
RUN = """([elements, options]) => axe.run(
  elements ? { include: elements } : document,
  { resultTypes: ["violations"], preload: false, ...options },
)"""


def reported(page: Page, elements: JSHandle | None, options: dict[str, Any]) -> list[str]:
    """Return what axe, with some options, says of these elements or of the whole page."""
    violations: list[dict[str, Any]] = page.evaluate(RUN, [elements, options])["violations"]
    return [
        f"{found['id']} ({found['impact']}): {found['help']}; {len(found['nodes'])} times, "
        f"first {found['nodes'][0]['html'][:200]}"
        for found in violations
    ]


def faint(page: Page) -> list[str]:
    """Return what axe finds of too little contrast on a page that `findings` has seen."""
    return reported(page, page.evaluate_handle(LOOKS), {"runOnly": COLORS})


def findings(page: Page) -> list[str]:
    """Return what axe finds on an open page, a line for each rule. It changes the page."""
    page.evaluate(FEWER)
    page.evaluate(AXE)
    rules = {"rules": {name: {"enabled": False} for name in COLORS}}
    return reported(page, None, rules) + faint(page)


def in_theme(theme: str) -> str:
    """Return the script that has a page open in light or dark."""
    return f"for (const key of ['mode', 'theme']) localStorage.setItem(key, '{theme}')"


def print_findings(chromium: str, book: Path) -> int:
    """Print what axe finds on every page, in light and dark; return how much."""
    count = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for theme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.add_init_script(in_theme(theme))
            for path in pages_of(book):
                tab = context.new_page()
                tab.goto(path.as_uri())
                for line in findings(tab):
                    print(f"  {path.relative_to(book)}, {theme}: {line}")
                    count += 1
                tab.close()
            context.close()
        browser.close()
    return count


# ---- Lighthouse --------------------------------------------------------------


@contextmanager
def served(book: Path) -> Iterator[str]:
    """Serve the book as `make serve` does; yield its address."""
    command = [sys.executable, "-m", "d2lsched.book.serve", str(book), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split()[0]
        finally:
            server.terminate()


def rated(chromium: str, address: str, *, desktop: bool) -> dict[str, float]:
    """Return Lighthouse's scores of an address, from 0 to 100."""
    command = [
        shutil.which("node") or "node",
        str(HERE / "node_modules" / "lighthouse" / "cli" / "index.js"),
        address, "--quiet", "--output=json", f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        *(["--preset=desktop"] if desktop else []),
    ]  # fmt: skip
    environment = os.environ | {"CHROME_PATH": chromium}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    report = json.loads(run.stdout)
    lacking = [
        f"{audit['id']}"
        for name in CATEGORIES[1:]
        for reference in report["categories"][name]["auditRefs"]
        if reference["weight"]
        and (audit := report["audits"][reference["id"]])["score"] not in (None, 1)
    ]
    if lacking:
        print(f"    not perfect: {', '.join(lacking)}")
    return {name: 100 * report["categories"][name]["score"] for name in CATEGORIES}


def print_ratings(chromium: str, book: Path, pages: list[Path], runs: int) -> None:
    """Print the median of Lighthouse's scores for some pages, on a desktop and a phone."""
    with served(book) as root:
        for page in pages:
            name = page.relative_to(book).as_posix()
            for device in ("desktop", "mobile"):
                address = f"{root}/{name}"
                all_runs = [
                    rated(chromium, address, desktop=device == "desktop") for _ in range(runs)
                ]
                scores = [f"{c} {median(run[c] for run in all_runs):.0f}" for c in CATEGORIES]
                speeds = ", ".join(f"{run['performance']:.0f}" for run in all_runs)
                print(f"  {name}, {device}: {' · '.join(scores)} (performance: {speeds})")


# ---- Command line ------------------------------------------------------------


def find_chromium() -> str:
    """Return the path of a Chromium, or say how to get one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    given = [os.environ.get("CHROME_PATH"), os.environ.get("CHROMIUM")]
    found = next(filter(None, [*given, *map(shutil.which, names)]), None)
    if found is None:
        sys.exit("No Chromium found: apt-get install chromium, or set CHROME_PATH to its path.")
    return found


def find_lighthouse() -> None:
    """Say what Lighthouse lacks on this machine, if it lacks anything."""
    node = shutil.which("node")
    version = node and subprocess.run([node, "--version"], capture_output=True, text=True)
    if not version or int(version.stdout.lstrip("v").split(".")[0]) < 20:
        sys.exit("Lighthouse needs Node.js 20 or newer, which was not found: install it.")
    if not (HERE / "node_modules" / "lighthouse").exists():
        sys.exit(f"Lighthouse is not installed: npm ci --prefix {HERE}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 1 if axe finds anything or a page is too heavy."""
    parser = argparse.ArgumentParser(description="Weigh and examine the built book.")
    parser.add_argument("book", type=Path)
    parser.add_argument("--runs", type=int, default=RUNS, help="of Lighthouse; 0 for none")
    options = parser.parse_args(arguments)
    chromium = find_chromium()
    if options.runs:
        find_lighthouse()
    book = options.book.resolve()
    weights = {page: transferred(page) for page in pages_of(book)}
    print("Compressed, with all figures, in KB:")
    for page, weight in sorted(weights.items(), key=lambda item: -item[1]):
        print(f"  {weight / 1000:5.0f}  {page.relative_to(book).as_posix()}")
    print("axe, every page in light and dark:")
    count = print_findings(chromium, book)
    print(f"  {count or 'no'} findings")
    if options.runs:
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        print(f"Lighthouse, median of {options.runs} (load of this machine now: {load:.1f};")
        print("anything else that runs here lowers the performance):")
        chapters = [p for p in weights if p.parent.parent == book / "chapters"]
        heaviest = max(chapters or weights, key=weights.__getitem__)
        playground = book / "chapters" / "playground.html"
        pages = [heaviest] + [playground] * playground.exists()
        print_ratings(chromium, book, pages, options.runs)
    return 1 if count or max(weights.values()) > 600_000 else 0


if __name__ == "__main__":
    sys.exit(main())
