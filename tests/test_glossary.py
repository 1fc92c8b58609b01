"""The glossary names what there is: all schedules of ours, and names that libraries have."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import d2lsched

TEXT = (Path(__file__).parents[1] / "chapters" / "glossary.md").read_text(encoding="utf-8")
MODULES = {
    "PyTorch": ("torch.optim", "torch.optim.lr_scheduler", "torch.optim.swa_utils",
                "torch.utils.data"),
    "Keras": ("keras", "keras.optimizers", "keras.optimizers.schedules", "keras.callbacks"),
    "optax": ("optax", "optax.contrib", "optax.schedules"),
}  # fmt: skip


def vocabulary(module: ModuleType) -> set[str]:
    """The names in a module, those in its classes, and those of all parameters."""
    found = set(dir(module))
    for thing in [getattr(module, name) for name in dir(module)]:
        if not callable(thing):
            continue
        found |= set(dir(thing)) if inspect.isclass(thing) else set()
        for called in (thing, getattr(thing, "__init__", None)):
            try:
                found |= set(inspect.signature(called).parameters)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                continue
    return found


def entries() -> dict[str, str]:
    """Each term with what is said of it."""
    terms = re.findall(r"^### (.+)\n\n((?:[^#\n].*\n)+)", TEXT, re.MULTILINE)
    return {term: " ".join(said.split()) for term, said in terms}


def named(library: str) -> list[str]:
    """What the glossary says that a library calls things."""
    said = []
    for entry in entries().values():
        _, found, rest = entry.partition(f"{library}: ")
        others = re.split(rf"\. (?:{'|'.join(MODULES)}):|\. [A-Z]", rest)
        said += re.findall(r"`([^`]+)`", others[0]) if found else []
    return said


def test_terms_are_found():
    assert len(entries()) > 50
    assert "T_max" in named("PyTorch")
    assert "contrib.prodigy" in named("optax")


@pytest.mark.parametrize("library", MODULES)
def test_libraries_have_these_names(library):
    modules = [importlib.import_module(name) for name in MODULES[library]]
    known = set().union(*(vocabulary(module) for module in modules))
    names = named(library)
    assert len(names) > 15
    lacking = [name for name in names if name.partition("=")[0].rpartition(".")[2] not in known]
    assert lacking == []


def test_every_schedule_is_in_it():
    ours = {
        name
        for name in d2lsched.__all__
        if inspect.isclass(kind := getattr(d2lsched, name))
        and issubclass(kind, d2lsched.Schedule | d2lsched.ReduceOnPlateau)
        and kind is not d2lsched.Schedule
    }
    assert ours == set(re.findall(r"`d2lsched\.(\w+)`", TEXT))
