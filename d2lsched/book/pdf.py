"""The whole book as one PDF, printed by Chromium from the built pages: ``make pdf``.

The pages are joined into one document without the theme's frame. Links between pages become
links within it, all tabs show, solutions move to the end. Chromium prints it twice: the page
numbers of the contents are known only after the first time.
"""

from __future__ import annotations

import argparse
import os
import posixpath
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx_external_toc.parsing import parse_toc_yaml

from d2lsched.extras import needs

with needs("pdf"):
    import pikepdf
    from bs4 import BeautifulSoup, Tag
    from playwright.sync_api import sync_playwright
    from pypdf import PdfReader

NAME = "learning-rate-schedules.pdf"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")

FRAME = (
    "script, style, button, iframe, .headerlink, .prev-next-footer, .onlyprint, .noprint, "
    "details.code > summary"
)
"""What a page has for its reader's screen only."""

STYLE = """
@page {
  size: A4;
  margin: 20mm 18mm 22mm;
  @bottom-center { content: counter(page); font: 9pt sans-serif; color: #555; }
}
@page :first { @bottom-center { content: none; } }
html { font-size: 10pt; }
body { display: block; margin: 0; background: #fff; color: #000; line-height: 1.5; }
.cover { display: flex; flex-direction: column; justify-content: center; min-height: 240mm; }
.cover h1 { margin: 0 0 8mm; font-size: 34pt; }
.cover p { font-size: 13pt; }
.overview, .chapter { break-before: page; }
.overview ul { padding: 0; list-style: none; }
.overview li { display: flex; line-height: 1.7; }
.overview li.part { margin: 1em 0 0.2em; font-weight: 600; }
.overview a { flex: 1; color: inherit; }
h1, h2, h3, h4, .admonition-title, .framework-label, dt { break-after: avoid; }
/* In a lower line, letters at the top of a page also count as text of the page before. */
h1 { margin: 0 0 6mm; font-size: 24pt; line-height: 1.4; }
h2 { margin: 8mm 0 3mm; font-size: 16pt; }
h3 { margin: 5mm 0 2mm; font-size: 12pt; }
p, ul, ol, dl { margin-bottom: 0.8em; }
a { text-decoration: none; }
img, svg { max-width: 100%; height: auto; }
.cell_output img { max-height: 105mm; width: auto; }
.admonition, tr, div.math, .solution-text { break-inside: avoid; }
.admonition { box-shadow: none; }
pre, code { overflow-wrap: anywhere; }
pre, pre code { white-space: pre-wrap !important; }
/* Not pre-wrap: a space at the end of a line would stick out into the margin. */
:not(pre) > code { white-space: normal !important; }
div.highlight pre { font-size: 8.5pt; line-height: 1.35; }
div.highlight, .output, div.math, .pst-scrollable-table-container {
  overflow: visible !important;
}
table { width: 100%; font-size: 8.5pt; }
table td, table th { min-width: 0 !important; overflow-wrap: anywhere; }
.solution-label { margin: 0.8em 0 0.2em; font-weight: 600; }
"""


class Joined:
    """The pages of a built book, being joined into one document."""

    def __init__(self, book: Path, toc: Path) -> None:
        self.book = book
        self.site = parse_toc_yaml(toc)
        self.pages: list[str] = list(self.site)
        self.parts = {
            page: tree.caption
            for tree in self.site.root.subtrees
            for page in tree.files()[:1]
            if tree.caption
        }
        self.soup = BeautifulSoup("", "html.parser")
        self.contents = self.tag("ul")
        self.solutions = self.tag("section", "Hints and solutions", id="solutions")

    def tag(self, name: str, text: str = "", **attributes: str) -> Tag:
        """Return a new element; a section's text is its heading."""
        made = self.soup.new_tag(name, attrs={
            name.strip("_").replace("_", "-"): value for name, value in attributes.items()
        })  # fmt: skip
        if name == "section":
            made.append(self.tag("h1", text))
        elif text:
            made.string = text
        return made

    def document(self) -> str:
        """Return the book as one HTML document."""
        first = self.page(self.pages[0])
        title = self.title_of(first)
        html = self.tag("html", lang="en", data_theme="light")
        head, body = self.tag("head"), self.tag("body")
        head.append(self.tag("meta", charset="utf-8"))
        head.append(self.tag("title", title))
        for link in first.select("head link[rel=stylesheet]"):
            address = self.address(self.pages[0], str(link["href"]))
            head.append(self.tag("link", rel="stylesheet", href=address))
        head.append(self.tag("style", STYLE))
        cover = self.tag("div", class_="cover")
        cover.append(self.tag("h1", title))
        for line in first.select(".footer-item .component-author, .footer-item .copyright"):
            cover.append(self.tag("p", line.get_text(" ", strip=True)))
        contents = self.tag("nav", class_="overview")
        contents.append(self.tag("h1", "Contents"))
        contents.append(self.contents)
        body.extend([cover, contents])
        for page in self.pages:
            body.append(self.chapter(page))
        if self.solutions.find("section"):
            self.solutions["class"] = "chapter solutions"
            self.list("Hints and solutions", "solutions")
            body.append(self.solutions)
        places = {element["id"] for element in body.find_all(id=True)}
        for link in body.select('a[href^="#"]'):
            if str(link["href"])[1:] not in places:
                link.unwrap()  # it sets something on the page, which paper cannot
        html.extend([head, body])
        return f"<!doctype html>\n{html}"

    @staticmethod
    def title_of(page: BeautifulSoup) -> str:
        """Return the book's title, which stands behind the page's own."""
        title = page.title.get_text(strip=True) if page.title else ""
        return re.split(r" [—-] ", title)[-1]

    def page(self, name: str) -> BeautifulSoup:
        """Return a page of the built book."""
        text = (self.book / f"{name}.html").read_text(encoding="utf-8")
        return BeautifulSoup(text, "html.parser")

    @staticmethod
    def key(page: str) -> str:
        """Return what stands before the ids of a page: two pages may have the same."""
        return page.replace("/", "-")

    def address(self, page: str, link: str) -> str:
        """Return where a relative link of a page leads, from the book's folder."""
        path = unquote(urlsplit(link).path)
        return posixpath.normpath(posixpath.join(posixpath.dirname(page), path))

    def list(self, title: str, target: str) -> None:
        """Add a line to the contents."""
        entry = self.tag("li")
        entry.append(self.tag("a", title, href=f"#{target}"))
        entry.append(self.tag("span", class_="page", data_of=target))
        self.contents.append(entry)

    def chapter(self, page: str) -> Tag:
        """Return a page's article, fit for the book, and list it in the contents."""
        article = self.page(page).select_one("article.bd-article")
        if article is None:
            raise ValueError(f"{page}.html has no article: build the book first")
        for frame in article.select(FRAME):
            frame.decompose()
        for fallback in article.find_all("noscript"):
            fallback.unwrap()
        for image in article.find_all("img"):
            image["src"] = self.address(page, str(image["src"]))
            image.attrs.pop("loading", None)  # nobody scrolls a printed page
        self.follow_links(page, article)
        key = self.key(page)
        heading = article.find("h1")
        title = heading.get_text(strip=True) if heading else page
        if page in self.parts:
            self.contents.append(self.tag("li", self.parts[page], class_="part"))
        self.list(title, key)
        self.move_solutions(key, title, article)
        for details in article.find_all("details"):
            details["open"] = ""
        chapter = self.tag("div", class_="chapter", id=key)
        chapter.append(article.extract())
        return chapter

    def follow_links(self, page: str, article: Tag) -> None:
        """Make ids unique in the whole book, and links lead to them."""
        key = self.key(page)
        for element in article.find_all(True):
            for name in ("id", "aria-labelledby", "aria-describedby", "aria-controls", "for"):
                if value := element.get(name):
                    element[name] = " ".join(f"{key}--{part}" for part in str(value).split())
        for link in article.find_all(href=True):
            parts = urlsplit(str(link["href"]))
            if parts.scheme or parts.netloc:
                continue
            target = self.address(page, parts.path) if parts.path else f"{page}.html"
            name = target.removesuffix(".html")
            if name in self.pages:
                anchor = f"--{unquote(parts.fragment)}" if parts.fragment else ""
                link["href"] = f"#{self.key(name)}{anchor}"
            else:
                link.unwrap()

    def move_solutions(self, key: str, title: str, article: Tag) -> None:
        """Move what exercises fold away to the end of the book, linked both ways."""
        group = self.tag("section", title)
        if group.h1:
            group.h1.name = "h2"
        for number, exercise in enumerate(article.select(".exercise"), start=1):
            folded = exercise.select("details")
            if not folded:
                continue
            here = str(exercise.get("id") or f"{key}--exercise-{number}")
            there = f"{key}--solution-{number}"
            exercise["id"] = here
            solution = self.tag("div", id=there, class_="solution")
            label = exercise.select_one(".admonition-title")
            heading = self.tag("h3")
            heading.append(self.tag("a", label.get_text() if label else title, href=f"#{here}"))
            solution.append(heading)
            names = []
            for details in folded:
                summary = details.summary.get_text(strip=True) if details.summary else ""
                names.append(summary)
                solution.append(self.tag("p", summary, class_="solution-label"))
                if body := details.select_one(".sd-summary-content"):
                    body["class"] = "solution-text"
                    solution.append(body.extract())
                details.decompose()
            at = self.tag("p", class_="solutions-at")
            at.append(self.tag("a", " and ".join(names).capitalize(), href=f"#{there}"))
            at.append(": page ")
            at.append(self.tag("span", class_="page", data_of=there))
            exercise.append(at)
            group.append(solution)
        if group.find(class_="solution"):
            self.solutions.append(group)


def chromium() -> str:
    """Return the path of a Chromium; FileNotFoundError says how to get one."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        message = "no Chromium found: apt-get install chromium, or set CHROMIUM to its path"
        raise FileNotFoundError(message)
    return found


def numbers(path: Path) -> dict[str, int]:
    """Return the page, counted from 1, of every place that a link in the PDF leads to."""
    reader = PdfReader(path)
    pages = {
        name.removeprefix("/"): reader.get_destination_page_number(destination)
        for name, destination in reader.named_destinations.items()
    }
    return {name: number + 1 for name, number in pages.items() if number is not None}


def pack(path: Path, headings: list[str]) -> None:
    """Halve a printed file, and give its outline the headings as they stand.

    Chromium drops their spaces at line breaks, and says one twice that a page break has moved.
    """
    whole = {
        times * "".join(text.split()): " ".join(text.split())
        for text in headings
        for times in (1, 2)
    }
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        for entry in document.objects:
            if isinstance(entry, pikepdf.Dictionary) and "/Title" in entry:
                title = "".join(str(entry["/Title"]).split())
                entry["/Title"] = pikepdf.String(whole.get(title, str(entry["/Title"])))
        # A tag for every word and cell: most of the file, unless the objects are packed.
        document.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)


FILL = """(numbers) => {
  for (const place of document.querySelectorAll(".page[data-of]")) {
    place.textContent = numbers[place.dataset.of] ?? "";
  }
}"""


# Where everything stands, for the first printing; only what leads somewhere must be there.
BLANK = "* { visibility: hidden !important } a[href^='#'] { visibility: visible !important }"


def make(book: Path, document: str, path: Path) -> None:
    """Print a built book.

    book: the folder with its pages. document: all of them (`Joined`). path: the PDF to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    joined = book / f"joined-{os.getpid()}.html"  # beside the pictures and styles it uses
    try:
        joined.write_text(document, encoding="utf-8")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=[*FLAGS])
            page = browser.new_page()
            page.goto(joined.as_uri(), wait_until="load")
            blank = page.add_style_tag(content=BLANK)
            page.pdf(path=path, prefer_css_page_size=True)
            page.evaluate(FILL, numbers(path))
            blank.evaluate("(style) => style.remove()")
            page.pdf(path=path, prefer_css_page_size=True, print_background=True,
                     tagged=True, outline=True)  # fmt: skip
            headings = page.locator("h1, h2, h3, h4").all_inner_texts()
            browser.close()
        pack(path, headings)
    finally:
        joined.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Print the built book as a PDF.")
    parser.add_argument("--book", type=Path, default=Path("_build/html"), help="its pages")
    parser.add_argument("--toc", type=Path, default=Path("_toc.yml"), help="its contents")
    parser.add_argument("--to", type=Path, default=Path("_build") / NAME, help="the PDF")
    parser.add_argument("--chromium", action="store_true", help="only say which would print")
    options = parser.parse_args(arguments)
    try:
        if options.chromium:
            print(f"Chromium: {chromium()}")
            return 0
        if not (options.book / "search.html").exists():
            raise FileNotFoundError(f"{options.book} holds no built book: run make book")
        book = options.book.resolve()
        make(book, Joined(book, options.toc).document(), options.to)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    size = options.to.stat().st_size / 1e6
    print(f"{options.to}: {len(PdfReader(options.to).pages)} pages, {size:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
