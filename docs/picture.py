"""Take the README's picture, of the chapter on cosine decay: `make picture`."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from d2lsched.book.pdf import FLAGS, chromium


def take(book: Path, to: Path) -> None:
    """Write a PNG of 1280 by 1000 pixels. book: the folder with the built pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*FLAGS])
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme="light")
        page.goto((book / "chapters/decay/cosine.html").resolve().as_uri())
        page.locator("#training-mnist").evaluate("(section) => section.scrollIntoView()")
        page.locator("a.active", has_text="Training MNIST").wait_for()
        page.screenshot(path=to, animations="disabled")
        browser.close()


if __name__ == "__main__":
    take(*map(Path, sys.argv[1:3]))
    print(sys.argv[2])
