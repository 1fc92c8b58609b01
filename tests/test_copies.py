"""What `make lab` opens: a reader's own copies, which it does not overwrite."""

from pathlib import Path

import nbformat
import pytest

from d2lsched.book import copies
from d2lsched.book.export import pages_of

ROOT = Path(__file__).parents[1]
COSINE = "decay/cosine.ipynb"


@pytest.mark.slow
def test_all_chapters_are_there_and_a_page_lists_them_in_the_order_of_the_book(tmp_path):
    folder = tmp_path / "notebooks"
    written, kept = copies.refresh(ROOT, folder, "jax")
    pages = [copies.place(page) for page, kind in pages_of(ROOT).items() if kind == ".ipynb"]
    assert (written, kept) == (len(pages) + 1, [])
    text = nbformat.read(folder / copies.START, as_version=4).cells[0].source
    at = [text.index(f"]({page})") for page in pages]
    assert at == sorted(at)
    assert all((folder / page).exists() for page in pages)
    tags = {
        t for c in nbformat.read(folder / COSINE, 4).cells for t in c.metadata.get("tags", [])
    }
    assert "torch" not in tags

    # What the reader changed is kept, what is missing comes back, what is old is renewed.
    (folder / COSINE).write_text("mine", encoding="utf-8")
    (folder / "decay/step.ipynb").unlink()
    renewed = folder / "decay/inverse.ipynb"
    before = renewed.read_text(encoding="utf-8")
    written, kept = copies.refresh(ROOT, folder)  # now with all frameworks
    assert kept == [COSINE]
    assert (folder / COSINE).read_text(encoding="utf-8") == "mine"
    assert (folder / "decay/step.ipynb").exists()
    assert renewed.read_text(encoding="utf-8") != before
    assert copies.refresh(ROOT, folder)[1] == [COSINE]  # not only once


def test_files_that_were_there_before_are_kept(tmp_path, capsys):
    """As after a deleted note of what was written."""
    (tmp_path / "decay").mkdir()
    (tmp_path / COSINE).write_text("mine", encoding="utf-8")
    assert copies.main([str(tmp_path), "--book", str(ROOT), "--framework", "torch"]) == 0
    said = capsys.readouterr().out
    assert "notebooks for PyTorch" in said
    assert f"changed them:\n  {COSINE}\n" in said
    assert (tmp_path / COSINE).read_text(encoding="utf-8") == "mine"


def test_a_folder_without_a_book_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        copies.main([str(tmp_path / "notebooks"), "--book", str(tmp_path)])
    assert "there is no _toc.yml" in capsys.readouterr().err
