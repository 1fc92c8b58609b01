"""The API page: complete, and made of docstrings that say what a reader needs."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import d2lsched
from d2lsched.book.api import call, find, parameters, to_myst

PAGE = (Path(__file__).parent.parent / "chapters" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\{api\}\n(.*?)```", PAGE, re.DOTALL)
NAMES = [line.partition(" as ")[0] for block in BLOCKS for line in block.splitlines()]
PUBLIC = [f"d2lsched.{name}" for name in d2lsched.__all__]
SCHEDULES = [
    name
    for name in PUBLIC
    if inspect.isclass(find(name))
    and issubclass(find(name), d2lsched.Schedule)
    and not inspect.isabstract(find(name))
]
HEAVY = ("d2lsched.torch.", "d2lsched.tensorflow.", "d2lsched.jax.")


def test_every_public_name_is_on_the_page_once() -> None:
    assert set(PUBLIC) <= set(NAMES)
    assert len(NAMES) == len(set(NAMES))
    assert len(SCHEDULES) == 24


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(HEAVY)])
def test_every_name_on_the_page_has_a_docstring(name: str) -> None:
    assert inspect.getdoc(find(name))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the frameworks' own
@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(HEAVY)])
def test_every_bridge_on_the_page_has_a_docstring(name: str) -> None:
    assert inspect.getdoc(find(name))


@pytest.mark.parametrize("name", PUBLIC)
def test_public_docstrings_have_an_example_and_every_parameter(name: str) -> None:
    thing = find(name)
    docstring = inspect.getdoc(thing) or ""
    assert ">>> " in docstring
    described = re.findall(
        r"^`[^`].*`$", "\n".join(to_myst(docstring, parameters(thing))), re.M
    )
    terms = {term.strip("`") for line in described for term in line.split(", ")}
    assert terms == set(parameters(thing))


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_has_a_formula_and_names_its_errors(name: str) -> None:
    docstring = inspect.getdoc(find(name)) or ""
    assert docstring.count("$$") >= 2
    assert "ValueError" in docstring or name == "d2lsched.Constant"


def test_parameters_become_definitions_and_doctests_become_code() -> None:
    docstring = """The rate.

    $$a = 1$$

    lr: a rate,
        at least 0.
    up, down: lengths.

    Note: prose, for it names no parameter.

    >>> f(1)
    2
    """
    assert (
        "\n".join(to_myst(docstring, ["lr", "up", "down"]))
        == """\
The rate.

$$a = 1$$


`lr`
: a rate,
  at least 0.


`up`, `down`
: lengths.


Note: prose, for it names no parameter.

```pycon
>>> f(1)
2
```"""
    )


def test_two_doctests_are_two_blocks_and_google_sections_are_understood() -> None:
    docstring = "Do.\n\n>>> 1\n1\n\nThen\n\n>>> 2\n2\n\nRaises:\n    ValueError: bad."
    lines = list(to_myst(docstring, []))
    assert lines.count("```pycon") == lines.count("```") == 2
    assert lines[-2:] == ["`ValueError`", ": bad."]


def test_calls_are_shown_without_types() -> None:
    assert call("CosineDecay", d2lsched.CosineDecay) == "CosineDecay(lr, steps, end_lr=0.0)"
    assert call("Schedule", d2lsched.Schedule) == ""
    assert call("table", d2lsched.Schedule.table) == "table(n)"
    assert call("OneCycle", d2lsched.OneCycle).startswith("OneCycle(\n    max_lr, steps,")


@pytest.mark.parametrize("name", ["numpy.pi", "d2lsched.Cosine", "d2lsched.data.Mnist"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises((ImportError, AttributeError)):
        find(name)
