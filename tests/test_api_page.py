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
FRAMEWORKS = ("torch", "tensorflow", "jax")
TWIN = ("tensors", "network", "init", "weights", "epoch", "evaluate", "native")
TWINS = [f"d2lsched.{framework}.{name}" for framework in FRAMEWORKS for name in TWIN]
TWINS += ["d2lsched.torch.trace", "d2lsched.tensorflow.trace"]
NOT_ON_THE_PAGE = {
    "d2lsched.plotting.Figure",  # matplotlib's; `figure` makes them
    "d2lsched.run.OneRun",  # what the drivers of training share
}


def defined_in(name: str) -> list[str]:
    """The public functions and classes that a module defines."""
    return [
        f"{name}.{key}"
        for key, thing in vars(find(name)).items()
        if not key.startswith("_") and getattr(thing, "__module__", "") == name
        if inspect.isclass(thing) or inspect.isfunction(thing)
    ]


OTHERS = [
    name
    for module in (
        "history",
        "run",
        "plotting",
        "numpy",
        "optimizers",
        "sweep",
        "statistics",
        "quadratic",
    )
    for name in defined_in(f"d2lsched.{module}")
    if name not in NOT_ON_THE_PAGE
]
LIGHT = [n for n in dict.fromkeys([*NAMES, *OTHERS]) if not n.startswith(tuple(TWINS))]
# Its docstrings are data's own, in another convention.
LIGHT = [name for name in LIGHT if not name.startswith("d2lsched.data.")]


def faults(name: str) -> list[str]:
    """What a public name's docstring lacks of what a reader needs."""
    thing = find(name)
    docstring = inspect.getdoc(thing) or ""
    prose = re.sub(r"(?m)^>>> .*(?:\n.+)*", "", docstring)
    # The loop of a twin is printed in a chapter, so `init` has the example for it.
    shown_by = {"epoch": "init", "results": "sweep", "history": "sweep"}
    place, _, last = name.rpartition(".")
    module = inspect.getdoc(find(f"{place}.{shown_by[last]}")) if last in shown_by else ""
    lacks = [] if prose.strip() else ["a docstring"]
    if ">>> " not in docstring and f"{thing.__name__}(" not in (module or ""):
        lacks.append("an example")
    lacks += [
        f"the parameter {p}"
        for p in (parameters(thing) if callable(thing) else ())
        if not re.search(rf"\b{p}\b", prose)
    ]
    if inspect.isclass(thing):
        code = vars(thing).get("__post_init__")
    else:
        code = getattr(thing, "fget", None) or getattr(thing, "func", thing)  # a property's
    source = inspect.getsource(code) if code else ""
    if re.search(r"\braise \w+Error|\b_?require\(|\bchecked", source) and "Error" not in prose:
        lacks.append("its errors")
    return lacks


def test_every_public_name_is_on_the_page_once() -> None:
    assert set(PUBLIC) | set(OTHERS) | set(TWINS) <= set(NAMES)
    assert len(NAMES) == len(set(NAMES))
    assert len(SCHEDULES) == 24


@pytest.mark.parametrize("name", LIGHT)
def test_every_name_says_what_a_reader_needs(name: str) -> None:
    assert faults(name) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the frameworks' own
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_name_of_a_twin_says_what_a_reader_needs(framework: str) -> None:
    names = [name for name in TWINS if name.startswith(f"d2lsched.{framework}.")]
    lacking = {name: faults(name) for name in [*names, f"d2lsched.{framework}.train"]}
    assert {name: lacks for name, lacks in lacking.items() if lacks} == {}


def test_what_a_docstring_lacks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def bare(n: int) -> None:
        raise ValueError(n)

    bare.__doc__ = None
    monkeypatch.setattr(d2lsched, "bare", bare, raising=False)
    assert faults("d2lsched.bare") == [
        "a docstring", "an example", "the parameter n", "its errors",
    ]  # fmt: skip
    bare.__doc__ = "Raise a ValueError.\n\nn: anything.\n\n>>> bare(1)"
    assert faults("d2lsched.bare") == []


@pytest.mark.parametrize("name", PUBLIC)
def test_public_docstrings_define_every_parameter(name: str) -> None:
    thing = find(name)
    docstring = inspect.getdoc(thing) or ""
    described = re.findall(
        r"^`[^`].*`$", "\n".join(to_myst(docstring, parameters(thing))), re.M
    )
    terms = {term.strip("`") for line in described for term in line.split(", ")}
    assert terms == set(parameters(thing))


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_has_a_formula_a_source_and_names_its_errors(name: str) -> None:
    docstring = inspect.getdoc(find(name)) or ""
    assert docstring.count("$$") >= 2
    assert "ValueError" in docstring
    assert re.search(r"Source: |Same as |arXiv", docstring)


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


def test_two_doctests_are_two_blocks_and_errors_are_terms() -> None:
    docstring = "Do.\n\n>>> 1\n1\n\nThen\n\n>>> 2\n2\n\nValueError: bad."
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
