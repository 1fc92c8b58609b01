"""What an assignment asks, and how its answers are judged. Only the trusted process has this.

A question belongs to one answer cell of the notebook and consists of cases. A case is a
request, which the sandbox answers with plain values, and a judge, which never leaves the
trusted process. Requests name a function of the submission's and its arguments:

- `Call` calls it once;
- `Each` calls it once for every list of arguments (in the order given: ask twice for the same
  update to catch a function that remembers);
- `Fold` carries a state: ``state = function(state, item)`` for every item.

Arguments are plain values, a `Table` (becomes a function of t), or a `Call` whose result is
the argument.
"""

from __future__ import annotations

import hashlib
import runpy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .checks import RELATIVE, Failure, rates_fault, value_fault


@dataclass(frozen=True)
class Table:
    """A schedule as an argument: t ↦ rates[t], the last rate past the end."""

    rates: Sequence[float]

    def coded(self) -> dict[str, Any]:
        """Return the request's JSON."""
        return {"$table": [float(rate) for rate in self.rates]}


@dataclass(frozen=True)
class Call:
    """Call the function `name` of the submission once; answered by what it returns.

    then: lists of arguments. With them the result must itself be a function, and the answer is
    the list of what that one returns for each.
    after: the positional arguments are sent back, too, as they are afterwards; the answer is
    then ``[result, arguments]``: so a function that changes its arguments is found out.
    """

    name: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    then: Sequence[Sequence[Any]] | None = None
    after: bool = False

    def coded(self) -> dict[str, Any]:
        """Return the request's JSON."""
        request: dict[str, Any] = {"do": "call", "name": self.name, **_arguments(self)}
        if self.then is not None:
            request["then"] = [coded(list(args)) for args in self.then]
        return {"$call": {**request, "after": self.after}}

    def answers(self) -> int | None:
        """Return how many values the answer must be a list of; None: it may be anything."""
        return 2 if self.after else None if self.then is None else len(self.then)


@dataclass(frozen=True)
class Each:
    """Call the function once for each list of positional arguments; answered by a list."""

    name: str
    over: Sequence[Sequence[Any]]
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def coded(self) -> dict[str, Any]:
        """Return the request's JSON."""
        over = [coded(list(args)) for args in self.over]
        return {"$call": {"do": "each", "name": self.name, "over": over,
                          "kwargs": coded(dict(self.kwargs))}}  # fmt: skip

    def answers(self) -> int:
        """Return how many values the answer must be a list of."""
        return len(self.over)


@dataclass(frozen=True)
class Fold:
    """Carry a state through the items; answered by the list of all states after the first."""

    name: str
    state: Any
    over: Sequence[Any]
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def coded(self) -> dict[str, Any]:
        """Return the request's JSON."""
        carried = {"state": coded(self.state), "over": coded(list(self.over))}
        kwargs = coded(dict(self.kwargs))
        return {"$call": {"do": "fold", "name": self.name, **carried, "kwargs": kwargs}}

    def answers(self) -> int:
        """Return how many values the answer must be a list of."""
        return len(self.over)


def _arguments(call: Call) -> dict[str, Any]:
    return {"args": coded(list(call.args)), "kwargs": coded(dict(call.kwargs))}


def coded(value: Any) -> Any:
    """Return a request or an argument as JSON holds it."""
    if isinstance(value, Table | Call | Each | Fold):
        return value.coded()
    if isinstance(value, Mapping):
        return {str(key): coded(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range | np.ndarray):
        return [coded(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True)
class Case:
    """A request, what it is worth, and its judge.

    judge: takes the answer (plain values; `Failure` in place of any that did not come) and
    returns a sentence without its full stop on what is wrong, or None.
    """

    points: float
    request: Call | Each | Fold
    judge: Callable[[Any], str | None]

    def judged(self, answer: Any) -> str | None:
        """Return what is wrong with an answer; one for another number of calls is no answer.

        The sandbox counts its calls right, but what is in it may say anything in its place.
        """
        due = self.request.answers()
        came = len(answer) if isinstance(answer, list) else -1
        if due not in (None, came) and not isinstance(answer, Failure):
            return self.judge(Failure(f"{due} values were asked for, and others came"))
        return self.judge(answer)


@dataclass(frozen=True)
class Question:
    """The cases of one answer cell. cell: its grade_id."""

    cell: str
    cases: Sequence[Case]

    @property
    def points(self) -> float:
        """What the whole question is worth."""
        return sum(case.points for case in self.cases)


def rates(
    points: float,
    name: str,
    at: Iterable[int],
    reference: Callable[[int], float],
    *,
    end: int | None = None,
    repeat: bool = True,
    rtol: float = RELATIVE,
    **parameters: Any,
) -> Case:
    """Ask for ``name(t, **parameters)`` at the updates `at`, and compare with `reference(t)`.

    repeat: ask for them a second time, backwards, so that a function that remembers fails.
    end: the schedule's last update, for messages about what happens past it.
    rtol: the largest error, in units of the largest rate that is asked for.
    """
    updates = list(at)
    updates += updates[::-1] if repeat else []
    expected = [float(reference(t)) for t in updates]
    largest = max((abs(reference(t)) for t in range(end or 0)), default=0.0)

    def judge(got: Any) -> str | None:
        fault = rates_fault(got, expected, updates, end=end, rtol=rtol, largest=largest)
        return fault and f"with {_said(parameters)}: {fault}"

    return Case(points, Each(name, [[t] for t in updates], parameters), judge)


def value(
    points: float,
    name: str,
    args: Sequence[Any],
    expected: Any,
    *,
    what: str | None = None,
    rtol: float = RELATIVE,
    atol: float = 0.0,
    **parameters: Any,
) -> Case:
    """Ask for ``name(*args, **parameters)`` once, and compare with `expected`."""
    said = what or f"{name}({_said_args(args, parameters)})"
    return Case(
        points, Call(name, args, parameters),
        lambda got: value_fault(got, expected, said, rtol, atol),
    )  # fmt: skip


def _said(parameters: Mapping[str, Any]) -> str:
    return (
        ", ".join(f"{key}={_short(item)}" for key, item in parameters.items()) or "your values"
    )


def _said_args(args: Sequence[Any], parameters: Mapping[str, Any]) -> str:
    return ", ".join([*map(_short, args), *([_said(parameters)] if parameters else [])])


def _short(item: Any) -> str:
    text = "…" if isinstance(item, Table | Call) else str(coded(item))
    return text if len(text) <= 40 else text[:37] + "…"


@dataclass(frozen=True)
class Assignment:
    """An assignment's questions, loaded from the course.

    questions: from (student's id, random generator) to the questions; the generator is seeded
        by the course's secret, assignment and student, so that grading again asks the same.
    package: modules of d2lsched that the sandbox has besides the checks; others are absent.
    absent: libraries that the sandbox has not.
    cell_seconds, seconds: limits for a cell or an answer, and for a whole submission.
    version: changes when the questions do.
    """

    name: str
    questions: Callable[[str, np.random.Generator], list[Question]]
    package: tuple[str, ...]
    absent: tuple[str, ...]
    cell_seconds: float
    seconds: float
    version: str

    def asked_of(self, student: str, secret: str = "") -> list[Question]:
        """Return the questions that this student is asked."""
        seed = hashlib.sha256(f"{secret}/{self.name}/{student}".encode()).digest()
        return self.questions(student, np.random.default_rng(list(seed)))


FRAMEWORKS = ("torch", "tensorflow", "keras", "jax", "jaxlib", "optax", "sklearn")


def path(course: Path, name: str) -> Path:
    """Return where an assignment's questions are kept."""
    return course / "questions" / f"{name}.py"


def load(course: Path, name: str) -> Assignment:
    """Load the questions of an assignment from ``course/questions/name.py``.

    FileNotFoundError, with the path, if there are none.
    """
    file = path(course, name)
    if not file.is_file():
        known = ", ".join(sorted(p.stem for p in file.parent.glob("[!_]*.py"))) or "none"
        raise FileNotFoundError(
            f"no questions for {name!r}: {file} is missing; there are: {known}"
        )
    module = runpy.run_path(str(file), run_name=f"d2lsched_questions_{name}")
    return Assignment(
        name=name,
        questions=module["questions"],
        package=tuple(module.get("PACKAGE", ())),
        absent=tuple(module.get("ABSENT", FRAMEWORKS)),
        cell_seconds=float(module.get("CELL_SECONDS", 10)),
        seconds=float(module.get("SECONDS", 60)),
        version=hashlib.sha256(file.read_bytes()).hexdigest()[:16],
    )
