"""Every chapter follows the skeleton, and states no result that no cell computed.

A rule is a function from a notebook to the problems it sees, as in test_notebooks.py; each is
also shown a chapter that breaks it.
"""

import json
import re
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*/*.ipynb"))
CITED = set(re.findall(r"^@\w+\{(.+),$", (ROOT / "chapters/references.bib").read_text(), re.M))
HEADINGS = [
    "Objectives", "In one picture", "Easy · Moderate · Hard", "The mathematics", "From scratch",
    "In the frameworks", "Training MNIST", "Pitfalls", "Summary", "Exercises", "References",
]  # fmt: skip
FRAMEWORKS = ["torch", "tensorflow", "jax"]

Notebook = dict[str, Any]


def text_of(cell: Notebook) -> str:
    return "".join(cell["source"])


def tag_of(cell: Notebook) -> str:
    """The framework whose tab a cell is in, if any."""
    tags = cell["metadata"].get("tags", [])
    return next((tag for tag in (*FRAMEWORKS, "numpy") if tag in tags), "")


def sections(notebook: Notebook) -> dict[str, list[Notebook]]:
    """The cells below each heading of the second level; what precedes the first is ""."""
    found: dict[str, list[Notebook]] = {"": []}
    for cell in notebook["cells"]:
        text = text_of(cell)
        if cell["cell_type"] == "markdown" and (heading := re.match(r"## (.+)", text)):
            found[heading[1].strip()] = []
        found[[*found][-1]].append(cell)
    return found


def prose(cells: list[Notebook]) -> str:
    return "\n\n".join(text_of(cell) for cell in cells if cell["cell_type"] == "markdown")


def code(cells: list[Notebook]) -> list[str]:
    return [text_of(cell) for cell in cells if cell["cell_type"] == "code"]


# --- the rules


def has_the_headings(notebook: Notebook) -> Iterator[str]:
    text = prose(notebook["cells"])
    bare = re.sub(r"(?ms)^(`{3,}).*?^\1", "", text)
    found = re.findall(r"(?m)^## (.+)$", bare)
    if found != HEADINGS:
        yield f"the headings are {found}"
    if not re.match(r"# \S", text_of(notebook["cells"][0])):
        yield "the first cell has no title"
    if "?" not in text_of(notebook["cells"][0]):
        yield "the first cell asks no question"


def explains_three_times(notebook: Notebook) -> Iterator[str]:
    text = prose(sections(notebook).get("Easy · Moderate · Hard", []))
    levels = re.findall(r"(?m)^\*\*(Easy|Moderate|Hard)\.\*\*", text)
    if levels != ["Easy", "Moderate", "Hard"]:
        yield f"the three levels are {levels}"
    if "**By hand.**" not in prose(sections(notebook).get("The mathematics", [])):
        yield "nothing is worked by hand"


def has_a_lab(notebook: Notebook) -> Iterator[str]:
    shown = sections(notebook).get("In one picture", [])
    labs = [cell for cell in shown if re.search(r"(?m)^lab\(", text_of(cell))]
    if len(labs) != 1 or tag_of(labs[0]):
        yield f"there are {len(labs)} labs in the section In one picture"


def has_all_tabs(notebook: Notebook) -> Iterator[str]:
    for heading in ("In the frameworks", "Training MNIST"):
        cells = sections(notebook).get(heading, [])
        groups = [
            {tag_of(c) for c in group} for _, group in groupby(cells, lambda c: bool(tag_of(c)))
        ]
        if not any(set(FRAMEWORKS) <= group for group in groups):
            yield f"no group of tabs below {heading} has all three frameworks"


def shows_the_rate_as_used(notebook: Notebook) -> Iterator[str]:
    cells = sections(notebook).get("Training MNIST", [])
    for framework in FRAMEWORKS:
        own = [text_of(cell) for cell in cells if tag_of(cell) == framework]
        if not any("train(" in text and "computed=" in text for text in own):
            yield f"{framework} does not plot the rate as used over the rate as computed"


def asks_first(notebook: Notebook) -> Iterator[str]:
    training = prose(sections(notebook).get("Training MNIST", []))
    boxes = re.findall(r"(?ms)^:::\{admonition\} [^\n]+\n:class: predict\n.*?^:::$", training)
    if not boxes:
        yield "no prediction is asked for"
    for box in boxes:
        answers = re.findall(r"(?m)^```\{dropdown\} [A-Z]\. .+\n(Right|No|Open)\b", box)
        if len(answers) != 3 or sorted(answers) not in (["No", "No", "Right"], ["Open"] * 3):
            yield f"a prediction has the answers {answers}"


def claims_its_results(notebook: Notebook) -> Iterator[str]:
    called = " ".join(code(sections(notebook).get("Training MNIST", [])))
    if not re.search(r"\b(claim|no_difference|evidence|expect)\(", called):
        yield "no result is claimed"


SKIPPED = re.compile(
    r"(?ms)^(:{3,})\{admonition\} (?!Predict).*?^\1[ \t]*$"  # exercises, questions
    r"|^(`{3,}).*?^\2[ \t]*$(?<!points\.\n```)"  # code, but no prediction's answer
    r"|^\|.*?$"  # tables
    r"|\$\$.*?\$\$|\$[^$\n]+(?:\n[^$\n]+)?\$"  # formulas
    r"|[\d.]+ % intervals?"
    r"|(with)?in ±?[\d.]+( points?)?|(inside|more than) ±?[\d.]+( points?)?"  # a margin
)
RESULT = re.compile(
    r"\d ?(±|percentage point|points?\b)|±"
    r"|\d ?%(?=(?:[^.]|\.\d)*\b(accura|right|correct|test images|validation images))"
    r"|\b(accura|right|correct)(?:[^.%]|\.\d)*?[\d.]+ ?%"
)
QUOTED = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?(?: ± \d+(?:\.\d+)?| ?(?=%|points?\b|percentage))")


def printed(notebook: Notebook) -> str:
    """All text outputs of a notebook; alternatives of figures are none."""
    outputs = [o for cell in notebook["cells"] for o in cell.get("outputs", [])]
    texts = [[o.get("text", ""), *o.get("data", {}).values()] for o in outputs
             if "image/png" not in o.get("data", {})]  # fmt: skip
    every = "\n".join("".join(part) for text in texts for part in text)
    return every.replace("\N{NO-BREAK SPACE}", " ")


def quotes_its_outputs(notebook: Notebook) -> Iterator[str]:
    """A number of points, or a percentage of accuracy, in a sentence stands in an output.

    The first cell, the reader's question, may tell a story.
    """
    outputs = printed(notebook)
    for number, cell in enumerate(notebook["cells"][1:], start=2):
        if cell["cell_type"] != "markdown":
            continue
        bare = SKIPPED.sub(" … ", text_of(cell)).replace("\n", " ")
        for sentence in re.split(r"(?<=[.!?:;]) ", bare):
            for quoted in QUOTED.findall(sentence) if RESULT.search(sentence) else ():
                whole = rf"(?<![\d.]){re.escape(quoted.strip())}(?!\d|\.\d)"
                if not re.search(whole, outputs):
                    yield f"cell {number} quotes {quoted.strip()}, in no output: {sentence}"


def reproduces_pitfalls(notebook: Notebook) -> Iterator[str]:
    cells = sections(notebook).get("Pitfalls", [])
    named = re.findall(r"(?m)^\*\*[^*]+[.?!:]\*\*", prose(cells))
    if len(named) < 2 or len(code(cells)) < 2:
        yield f"only {len(named)} pitfalls in {len(code(cells))} cells"


def asks_back(notebook: Notebook) -> Iterator[str]:
    summary = prose(sections(notebook).get("Summary", []))
    if "### Self-check" not in summary:
        yield "there is no self-check"
    questions = re.findall(r"(?ms)^:::\{admonition\} Question \d.*?^:::$", summary)
    if len(questions) < 3:
        yield f"the self-check has {len(questions)} questions"
    for question in questions:
        answers = re.findall(r"(?m)^```\{dropdown\} [A-Z]\. .+\n(Right|No)\b", question)
        if len(answers) < 3 or answers.count("Right") != 1:
            yield f"answers {answers} to: {question.splitlines()[0]}"


def has_exercises(notebook: Notebook) -> Iterator[str]:
    text = prose(sections(notebook).get("Exercises", []))
    exercises = re.findall(r"(?ms)^:::\{admonition\} Exercise (\d+) \(.+?\)$(.*?)^:::$", text)
    if [int(number) for number, _ in exercises] != list(range(1, len(exercises) + 1)):
        yield f"the exercises are numbered {[number for number, _ in exercises]}"
    if len(exercises) < 5:
        yield f"there are {len(exercises)} exercises"
    for number, body in exercises:
        for part in ("Hint", "Solution"):
            if f"```{{dropdown}} {part}" not in body:
                yield f"exercise {number} has no {part.lower()}"


def cites_what_there_is(notebook: Notebook) -> Iterator[str]:
    text = prose(notebook["cells"])
    cited = {
        key.strip()
        for keys in re.findall(r"\{cite[^}]*\}`([^`]+)`", text)
        for key in keys.split(",")
    }
    if not cited:
        yield "nothing is cited"
    for key in sorted(cited - CITED):
        yield f"{key} is not in references.bib"
    listed = set(
        re.findall(r"(?m)^- \*\*(.+?)\.\*\* ", prose(sections(notebook).get("References", [])))
    )
    if listed != cited:
        yield f"the list of references differs by {sorted(listed ^ cited)}: run `make format`"


RULES: list[Callable[[Notebook], Iterator[str]]] = [
    has_the_headings, explains_three_times, has_a_lab, has_all_tabs, shows_the_rate_as_used,
    asks_first, claims_its_results, quotes_its_outputs, reproduces_pitfalls, asks_back,
    has_exercises, cites_what_there_is,
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_follows_the_skeleton(path, rule):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert list(rule(notebook)) == []


# --- the rules can fail


GOOD = (
    """\
%% md
# Cosine

Why?
%% md
## Objectives
%% md
## In one picture
%% code
lab(CosineDecay(0.4, 780))
%% md
## Easy · Moderate · Hard

**Easy.** A

**Moderate.** B

**Hard.** C
%% md
## The mathematics

**By hand.** $1 + 1$
%% md
## From scratch
%% md
## In the frameworks
%% code torch
1
%% code tensorflow
1
%% code jax
1
%% md
## Training MNIST
%% code torch
d2l.train(s).plot(computed=s)
%% code tensorflow
d2l.train(s).plot(computed=s)
%% code jax
d2l.train(s).plot(computed=s)
%% md
:::{admonition} Predict, then reveal
:class: predict

By more than 3 points?

```{dropdown} A. Better
No. Measured: +0.32 ± 0.10 points.
```

```{dropdown} B. The same
Right. Measured: +0.32 ± 0.10 points.
```

```{dropdown} C. Worse
No. Measured: +0.32 ± 0.10 points.
```
:::
%% code
gain = claim("better", a, ">", b)
>> better: supported, +0.32 ± 0.10 points, 95.5% right
%% md
It gains +0.32 ± 0.10 points {cite}`Loshchilov-Hutter-2016`. The rate is at 80 % of its peak.
%% md
## Pitfalls

**One.** This.
%% code
1
%% md
**Two.** That.
%% code
2
%% md
## Summary

### Self-check

"""
    + "".join(
        f":::{{admonition}} Question {n}: Which?\n"
        "```{dropdown} A. One\nNo: it is not, by 0.3 points.\n```\n"
        "```{dropdown} B. Two\nRight. Yes.\n```\n```{dropdown} C. Three\nNo: no.\n```\n:::\n"
        for n in range(1, 4)
    )
    + """\
%% md
## Exercises
"""
    + "".join(
        f":::{{admonition}} Exercise {n} (recall)\nWhich?\n```{{dropdown}} Hint\nA\n```\n"
        f"```{{dropdown}} Solution\nB\n```\n:::\n"
        for n in range(1, 6)
    )
    + """\
%% md
## References

- **Loshchilov-Hutter-2016.** SGDR.
"""
)


def notebook_of(text: str) -> Notebook:
    cells = []
    for part in text.split("%% ")[1:]:
        head, _, source = part.partition("\n")
        kind, *tags = head.split()
        cells.append({
            "cell_type": "markdown" if kind == "md" else "code",
            "metadata": {"tags": tags},
            "source": source.partition("\n>> ")[0].rstrip("\n"),
            "outputs": [{"text": source.partition("\n>> ")[2]}],
        })  # fmt: skip
    return {"cells": cells}


BAD = [
    (has_the_headings, "## From scratch", "## By hand", "the headings are"),
    (has_the_headings, "# Cosine", "Cosine", "no title"),
    (has_the_headings, "Why?", "Why.", "asks no question"),
    (explains_three_times, "**Hard.**", "**Difficult.**", r"levels are \['Easy', 'Moderate'\]"),
    (explains_three_times, "**By hand.**", "", "by hand"),
    (has_a_lab, "lab(CosineDecay", "print(CosineDecay", "0 labs"),
    (has_all_tabs, "%% code jax\n1", "%% code\n1", "below In the frameworks"),
    (shows_the_rate_as_used, "jax\nd2l.train(s).plot(computed=s)", "jax\nd2l.train(s)", "jax"),
    (asks_first, ":class: predict", ":class: note", "no prediction"),
    (asks_first, "Right. Measured", "No. Measured", r"answers \['No', 'No', 'No'\]"),
    (asks_first, "C. Worse", "Worse", r"answers \['No', 'Right'\]"),
    (claims_its_results, 'claim("better", a, ">", b)', "a - b", "no result is claimed"),
    (quotes_its_outputs, "It gains +0.32", "It gains +0.31", r"quotes \+0.31 ± 0.10, in no"),
    (quotes_its_outputs, "It gains +0.32", "It gains +0.3", r"quotes \+0.3 ± 0.10"),
    (quotes_its_outputs, "It gains +0.32 ± 0.10 points", "It gains 2 points", "quotes 2, "),
    (quotes_its_outputs, "No. Measured: +0.32", "No. Measured: -0.32", r"quotes -0.32 ± 0.10"),
    (quotes_its_outputs, "supported, +0.32", "supported, +0.22", r"quotes \+0.32 ± 0.10"),
    (quotes_its_outputs, "The rate is at 80 % of its peak", "It gets 96 % right", "quotes 96,"),
    (
        quotes_its_outputs,
        "The rate is at 80 % of its peak.",
        "Test accuracy is 5.5 %.",
        "quotes 5.5,",
    ),
    (reproduces_pitfalls, "**Two.**", "Two.", "only 1 pitfalls"),
    (reproduces_pitfalls, "%% code\n2", "2", "in 1 cells"),
    (asks_back, "### Self-check", "", "no self-check"),
    (asks_back, "Question 3", "Exercise 3", "has 2 questions"),
    (asks_back, "No: it is not", "Right. It is", "answers .*Right.*Right"),
    (has_exercises, "Exercise 5", "Exercise 6", "numbered"),
    (has_exercises, ":::{admonition} Exercise 5", "Exercise 5", "there are 4"),
    (has_exercises, "```{dropdown} Hint", "```{note}", "exercise 1 has no hint"),
    (cites_what_there_is, "{cite}`Loshchilov-Hutter-2016`", "", "nothing is cited"),
    (
        cites_what_there_is,
        "Loshchilov-Hutter-2016",
        "Loshchilov-1999",
        "is not in references.bib",
    ),
    (
        cites_what_there_is,
        "- **Loshch",
        "- **Holm-1979.** A\n- **Loshch",
        r"by \['Holm-1979'\]",
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_chapter_has_no_problems(rule):
    assert list(rule(notebook_of(GOOD))) == []


@pytest.mark.parametrize(("rule", "text", "instead", "problem"), BAD)
def test_a_bad_chapter_is_found(rule, text, instead, problem):
    assert text in GOOD
    assert re.search(problem, "\n".join(rule(notebook_of(GOOD.replace(text, instead, 1)))))


def test_every_rule_was_seen_to_fail():
    assert {rule for rule, *_ in BAD} == set(RULES)
