"""What a lecturer takes along: all solutions in one file, two lectures, a syllabus."""

import re
from pathlib import Path

import pypdfium2
import pytest
from bs4 import BeautifulSoup, Tag

from d2lsched.book import citations
from d2lsched.teaching import slides, solutions
from d2lsched.teaching.chapters import Chapter, chapters
from d2lsched.teaching.slides import LectureError, assembled, make, show

ROOT = Path(__file__).parents[1]
LECTURES = sorted((ROOT / "assignments/lectures").glob("*.md"))
SYLLABUS = (ROOT / "assignments/syllabus.md").read_text(encoding="utf-8")
BOOK = list(chapters(ROOT))


# --- solutions


@pytest.fixture(scope="module")
def gathered() -> str:
    return solutions.gathered(ROOT)


@pytest.mark.parametrize("chapter", BOOK, ids=lambda chapter: chapter.page)
def test_every_exercise_is_gathered_with_its_solution(chapter, gathered):
    numbered = re.findall(r"Exercise (\d+) \(", chapter.markdown)
    own = gathered.partition(f"`{chapter.page}.ipynb`")[2].partition("\n## ")[0]
    found = re.split(r"(?m)^### ", own)[1:]
    exercises = [text for text in found if text.startswith("Exercise")]
    headings = [re.match(r"Exercise (\d+) \(.+\)\n\n\S", text) for text in exercises]
    assert [heading[1] for heading in headings if heading] == sorted(set(numbered), key=int)
    for text in exercises:
        assert text.count("**Solution.** ") == 1, text
    questions = [text for text in found if text.startswith("Question")]
    assert len(questions) == chapter.markdown.count("{admonition} Question")
    assert all(text.count("* Right") == 1 for text in questions)


def test_the_book_has_exercises_in_every_part(gathered):
    parts = {chapter.part for chapter in BOOK if chapter.part}
    assert set(re.findall(r"(?m)^# (?!Solutions)(.+)$", gathered)) == parts


def test_what_is_gathered_needs_no_book(gathered):
    """No role, directive or link into the book is left, and code fences are closed."""
    assert (
        re.findall(r"\{[\w:-]+\}`|^:::.*|^`{3,}\{.*|\]\((?!https?:)[^)]*\)", gathered, re.M)
        == []
    )
    assert gathered.count("```") % 2 == 0


def test_an_exercise_without_a_solution_is_an_error(tmp_path):
    chapter = BOOK[1]
    text = chapter.markdown
    assert "```{dropdown} Solution" in text
    chapter = Chapter(chapter.page, root=ROOT)
    chapter.markdown = text.replace("```{dropdown} Solution", "```{dropdown} Thoughts", 1)
    with pytest.raises(ValueError, match=f"{chapter.page}: Exercise 1 .*no solution"):
        list(solutions.tasks(chapter))


def test_what_plain_markdown_has_no_word_for_is_an_error():
    with pytest.raises(
        LookupError, match=r"/testbed: nothing is known of {eval:text}`no-such`"
    ):
        BOOK[1].plain("{eval:text}`no-such`")
    with pytest.raises(LookupError, match=r"/testbed: Nobody-2020 is not in references.bib"):
        BOOK[1].plain("{cite}`Nobody-2020`")


def test_a_citation_becomes_a_name(gathered):
    assert "Loshchilov and Hutter (2016)" in BOOK[1].plain("{cite}`Loshchilov-Hutter-2016`")
    works = citations.bibliography(ROOT / "chapters/references.bib")
    names = [citations.named(entry) for entry in works.values()]
    assert not [name for name in names if re.search(r"[\\{}]|^ ", name)]


@pytest.mark.slow
def test_the_command_writes_the_file(tmp_path, capsys):
    assert solutions.main(["--output", str(tmp_path / "all.md")]) == 0
    assert re.search(r"all.md: \d{3} exercises, \d+ questions", capsys.readouterr().out)
    assert (tmp_path / "all.md").read_text(encoding="utf-8").startswith("# Solutions")


# --- slides


EACH = [LECTURES[0], *(pytest.param(path, marks=pytest.mark.slow) for path in LECTURES[1:])]


@pytest.fixture(scope="module", params=EACH, ids=lambda path: path.stem)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(request.param, tmp_path_factory.mktemp("slides"))


@pytest.fixture(scope="module")
def shown(page: Path) -> list[Tag]:
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return soup.select("main.slides > section")


def test_there_are_two_lectures():
    assert len(LECTURES) == 2


def test_a_lecture_is_of_a_length_for_45_minutes(shown):
    assert 20 <= len(shown) <= 25


def test_every_slide_has_a_title_and_something_to_say(shown):
    for slide in shown:
        (title,) = slide.select("h1, h2")
        assert title.get_text(strip=True)
        assert slide.select_one("aside.notes"), title
    titles = [slide.select_one("h1, h2").get_text() for slide in shown]
    assert len(set(titles)) == len(titles)


def test_every_figure_has_its_text_alternative(shown):
    pictures = [picture for slide in shown for picture in slide.select("img")]
    assert len(pictures) >= 12
    for picture in pictures:
        assert len(picture["alt"]) > 40
        assert picture["src"].startswith("data:image/png;base64,")


def test_nothing_is_left_unresolved(shown):
    text = "\n".join(slide.get_text() for slide in shown)
    assert not re.search(r"\{[\w:-]+\}|^@|\$|\\[a-z]+", text, re.MULTILINE)
    assert sum(len(slide.select("math")) for slide in shown) >= 10


@pytest.mark.slow
def test_slides_need_no_network_and_fit_and_print_a_page_each(page, shown, tab):
    asked, errors = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: errors.append(error))
    tab.set_viewport_size({"width": 1280, "height": 720})
    tab.goto(page.as_uri())
    tab.wait_for_function("window.Reveal && Reveal.isReady()")
    for number in range(len(shown)):
        right, bottom = tab.evaluate("""() => {
          const boxes = [...Reveal.getCurrentSlide().querySelectorAll(".jp-Cell *")]
            .filter((element) => !element.closest("aside"))
            .map((element) => element.getBoundingClientRect());
          return ["right", "bottom"].map((side) => Math.max(...boxes.map((box) => box[side])));
        }""")
        assert right <= 1280 - 50, number + 1
        assert bottom <= 720 - 20, number + 1
        assert tab.locator(".slide-number").inner_text().split() == [
            str(number + 1), "/", str(len(shown))
        ]  # fmt: skip
        tab.keyboard.press("ArrowRight")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert errors == []
    with pypdfium2.PdfDocument(tab.pdf(prefer_css_page_size=True)) as document:
        assert len(document) == len(shown)
        assert {document[n].get_size() for n in range(len(document))} == {(960, 540)}


def test_the_page_names_no_other_host_to_load_from(page):
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    assert soup.select("link, script[src], iframe, a[href^=http]") == []
    assert not re.search(
        r"@import|url\((?!data:)", "".join(s.text for s in soup.select("style"))
    )


def test_the_notebook_beside_it_has_slides_for_rise(page):
    notebook = assembled(LECTURES[0].read_text(encoding="utf-8"))
    kinds = [cell.metadata.slideshow.slide_type for cell in notebook.cells]
    assert {"slide", "-", "notes"} == set(kinds)
    assert page.with_suffix(".ipynb").exists()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("@figure decay/cosine | no such title", "found 0 times"),
        ("@figure decay/cosine | The noise dies away", "found 3 times"),
        ("@prose decay/cosine | the", "found .* times"),
        (
            "[+9.87 ± 0.10](decay/cosine.ipynb) points",
            r"cosine: '\+9.87 ± 0.10' is in no output",
        ),
        ("[0.01 ± 0.1](decay/sine.ipynb) points", "there is no chapter decay/sine"),
        ("@figure decay/sine | The sine", "there is no chapter decay/sine"),
        ("@figur decay/cosine | The cosine: slow, fast, slow", "not understood: @figur"),
    ],
)
def test_a_lecture_that_the_chapters_do_not_bear_out_is_an_error(line, problem):
    with pytest.raises(LectureError, match=problem):
        assembled(f"# Title\n\n## One\n\n{line}\n")


def test_code_and_its_output_can_be_shown():
    lines = [f"@{kind} decay/cosine | def cosine(t" for kind in ("code", "output")]
    html = show(assembled("\n\n".join(["# Title", "## One", *lines])), "")
    text = BeautifulSoup(html, "html.parser").select("section")[1].get_text()
    assert "math.cos(math.pi" in text
    assert "0.2575" in text


def test_the_command_says_what_it_made_and_what_is_wrong(tmp_path, capsys):
    (tmp_path / "slides.css").write_text("", encoding="utf-8")
    (tmp_path / "short.md").write_text("# Short\n\nWords\n\n## One\n\nMore\n", encoding="utf-8")
    assert slides.main([str(tmp_path / "short.md"), "--to", str(tmp_path)]) == 0
    assert "short.html: 2 slides" in capsys.readouterr().out
    (tmp_path / "short.md").write_text("# Bad\n\n@figure x/y | z\n", encoding="utf-8")
    assert slides.main([str(tmp_path / "short.md"), "--to", str(tmp_path)]) == 1
    assert "there is no chapter x/y" in capsys.readouterr().err


# --- syllabus


MINUTES = {f"{chapter.page}.ipynb": chapter.minutes for chapter in BOOK}
LINK = re.compile(r"\[[^\]]+\]\(([^)]+)\)")


def rows(course: str) -> list[list[str]]:
    table = SYLLABUS.partition(f"### {course}\n")[2].partition("\n### ")[0]
    found = re.findall(r"(?m)^\| \d.*$", table)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found]


def read_in(row: list[str]) -> list[str]:
    return [f"chapters/{target}" for target in LINK.findall(row[1])]


@pytest.mark.parametrize(("course", "length"), [("Six weeks", 6), ("One week", 5)])
def test_the_minutes_are_those_of_the_chapters(course, length):
    assert len(rows(course)) == length
    for row in rows(course):
        assert int(row[2]) == sum(MINUTES[page] for page in read_in(row)), row[1]
    total = sum(int(row[2]) for row in rows(course))
    text = SYLLABUS.partition(f"### {course}\n")[2].partition("\n### ")[0]
    assert f"In all {total} minutes of reading" in text


def test_six_weeks_read_every_chapter_once():
    read = [page for row in rows("Six weeks") for page in read_in(row)]
    assert sorted(read) == sorted(page for page, minutes in MINUTES.items() if minutes)


def test_every_link_leads_to_a_chapter_under_its_name():
    for name, target in re.findall(r"\[([^\]]+)\]\(([^)]+)\)", SYLLABUS):
        title = next(c.title for c in BOOK if c.page == f"chapters/{target[:-6]}")
        words = set(re.findall(r"\w+", title.lower()))
        assert set(re.findall(r"\w+", name.lower())) <= words, (name, title)


def test_assignments_and_lectures_are_those_there_are():
    there = {
        folder.name for folder in (ROOT / "assignments/source").iterdir() if folder.is_dir()
    }
    assert set(re.findall(r"`(a\d_\w+)`", SYLLABUS)) == there
    assert set(re.findall(r"`(lecture\d)`", SYLLABUS)) == {path.stem for path in LECTURES}


def test_in_six_weeks_every_assignment_is_handed_out_before_it_is_due():
    out, due = {}, {}
    for number, row in enumerate(rows("Six weeks")):
        out |= dict.fromkeys(re.findall(r"\ba\d\b", row[5]), number)
        due |= dict.fromkeys(re.findall(r"\ba\d\b", row[6]), number)
    assert len(out) == 6
    assert set(out) - set(due) == {"a6"}  # due after the last lecture
    assert all(out[name] < due[name] for name in due)
