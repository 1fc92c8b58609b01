"""Imports: what a module loads, and what it says when something is absent."""

import json
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_packaging import ROOT, closure

import d2lsched

HEAVY = {"IPython", "jax", "keras", "matplotlib", "optax", "pandas", "scipy", "sklearn",
         "tensorflow", "torch", "tqdm"}  # fmt: skip


def _python(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _loaded(statement: str) -> set[str]:
    """The distributions' top names that are loaded after a statement."""
    code = (
        f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    )
    return set(_python(code).split())


def test_the_package_loads_numpy_only():
    loaded = _loaded("import d2lsched; d2lsched.CosineDecay(0.1, 20).table(30)")
    assert "numpy" in loaded
    assert not loaded & HEAVY


def test_the_package_takes_little_time_to_import(record_property):
    clock = "time.perf_counter()"
    code = f"import numpy, time; start = {clock}; import d2lsched; print({clock} - start)"
    seconds = float(_python(code))
    record_property("seconds", seconds)
    assert seconds < 2  # 0.02 where it was written; the limit is for a busy machine


def test_the_data_need_no_framework():
    assert not _loaded("from d2lsched import data; data.mnist(100)") & HEAVY


@pytest.mark.slow
@pytest.mark.parametrize("name", ["numpy", "torch", "jax"])  # Keras looks for all three
def test_a_twin_loads_its_own_framework_only(name):
    others = {"torch", "tensorflow", "jax", "matplotlib"} - {name}
    loaded = _loaded(f"from d2lsched import {name} as d2l; d2l.train; d2l.native")
    assert name in loaded
    assert not loaded & others


# Each extra promises modules: asked of a Python that sees only what that extra would install.

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PROMISED = {
    "torch": ["d2lsched.torch", "d2lsched.lr_scheduler"],
    "tensorflow": ["d2lsched.tensorflow", "d2lsched.keras"],
    "jax": ["d2lsched.jax"],
    "sweep": [
        "d2lsched.sweep",
        "d2lsched.workers",
        "d2lsched.identity",
        "d2lsched.statistics",
        "d2lsched.study",
    ],
    "lab": ["d2lsched.widgets.jupyter"],
    "pdf": ["d2lsched.book.pdf"],
    "book": ["d2lsched.book", "d2lsched.book.*"],
    "teaching": ["d2lsched.teaching.*"],
    "": ["d2lsched*"],
}
"""The first pattern that a module fits tells its extra."""
#: Used by students, and in the sandbox: no extra is needed. (walls asks for its own later.)
BARE = ("checks", "parameters", "inside", "questions", "answers", "walls")
MODULES = [module.name for module in pkgutil.walk_packages(d2lsched.__path__, "d2lsched.",
                                                           onerror=lambda _: None)]  # fmt: skip
BLINDFOLD = """
import importlib, json, sys
from importlib.machinery import PathFinder
hidden, modules = json.load(sys.stdin)
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, path=None, target=None: (
    None if name.partition(".")[0] in hidden else find(name, path, target))
for module in modules:
    try:
        importlib.import_module(module)
    except Exception as error:
        print(f"{module}: {type(error).__name__}: {error}")
"""


def extra_of(module: str) -> str:
    if module in {f"d2lsched.teaching.{name}" for name in BARE}:
        return ""
    return next(
        extra for extra, names in PROMISED.items() if any(fnmatch(module, n) for n in names)
    )


@cache
def libraries() -> dict[str, set[str]]:
    """The names that can be imported, and what is installed under each.

    Asked of a process of its own: where setuptools was imported, what it vendors is seen, too.
    """
    code = "import json; from importlib.metadata import packages_distributions as found; "
    done = subprocess.run(
        [sys.executable, "-c", f"{code}print(json.dumps(dict(found())))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout).items()
    return {name: {*map(canonicalize_name, owners)} for name, owners in found}


@cache
def brought_by(extra: str) -> set[str]:
    """The names that can be imported where the package has been installed with an extra."""
    lines, extras = list(PROJECT["dependencies"]), [extra] if extra else []
    for name in extras:  # which grows: an extra may be part of another
        lines += PROJECT["optional-dependencies"][name]
        extras += {e for line in lines if line.startswith("d2lsched[")
                   for e in Requirement(line).extras} - set(extras)  # fmt: skip
    wanted = closure([r for r in map(Requirement, lines) if r.name != "d2lsched"])
    return {name for name, owners in libraries().items() if owners & wanted.keys()}


def import_with(extra: str, modules: list[str]) -> list[str]:
    """What goes wrong with these modules where nothing but an extra's libraries is there."""
    hidden = sorted(libraries().keys() - brought_by(extra) - {"d2lsched"})
    done = subprocess.run(
        [sys.executable, "-c", BLINDFOLD], input=json.dumps([hidden, modules]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_every_extra_promises_something():
    extras = {name for name in PROJECT["optional-dependencies"] if "chapters" not in name}
    # chapters-… are for the notebooks; these, for a backend of joblib's and for tests:
    assert extras - PROMISED.keys() == {"clients", "cluster", "test"}
    assert {extra_of(module) for module in MODULES} == set(PROMISED)
    assert {"distributed", "joblib", "pandas"} <= brought_by("cluster")


@pytest.mark.slow
@pytest.mark.parametrize("extra", PROMISED)
def test_an_extra_brings_all_that_its_modules_import(extra):
    assert not import_with(extra, [name for name in MODULES if extra_of(name) == extra])


@pytest.mark.slow
def test_where_a_library_is_absent_the_error_names_the_extra():
    modules = [name for name in MODULES if extra_of(name)]
    modules.remove("d2lsched.teaching.refuse")  # nbgrader itself imports it
    said = import_with("", modules)
    assert [line.partition(":")[0] for line in said] == modules
    for line in said:
        module, library, extra = re.fullmatch(
            r'(\S+): ImportError: (\w+) is not installed: pip install "d2lsched\[(\w+)\]"', line
        ).groups()
        assert library in brought_by(extra) - brought_by("")
        assert extra == extra_of(module) or (extra, library) == ("book", "sphinx")


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_sweep_without_its_framework_says_so_before_any_run(tmp_path, jobs):
    (tmp_path / "jax.py").write_text("raise ModuleNotFoundError('no JAX', name='jax')")
    code = f"""
from d2lsched.sweep import Run, results, sweep
few = {{"epochs": 1, "train": 256, "validation": 128, "test": 0}}
runs = [Run(framework, 0.1, seed, **few) for framework in ("numpy", "jax") for seed in (0, 1)]
try:
    sweep(runs, r"{tmp_path / "store"}", n_jobs={jobs}, progress=False)
except ImportError as error:
    print(error)
print(len(results(r"{tmp_path / "store"}")))
print(len(sweep(runs[:2], r"{tmp_path / "store"}", n_jobs={jobs}, progress=False)))
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}  # the workers inherit it
    done = subprocess.run([sys.executable, "-c", code], env=environment, text=True,
                          capture_output=True, check=True)  # fmt: skip
    said = 'jax is not installed: pip install "d2lsched[jax]"'
    assert done.stdout.splitlines() == [said, "0", "2"]


def test_schedules_work_where_no_framework_is_installed():
    code = """
import sys
for name in ("torch", "tensorflow", "jax", "matplotlib"):
    sys.modules[name] = None
from d2lsched import CosineDecay, numpy as d2l
from d2lsched.data import mnist
print(CosineDecay(0.3, 20)(10))
print(len(d2l.train(CosineDecay(0.1, 20), epochs=1, data=mnist(1280, 200, 200)).loss))
"""
    rate, updates = _python(code).split()
    assert float(rate) == pytest.approx(0.15)
    assert updates == "10"


def test_everything_in_all_is_there():
    code = "from d2lsched import *; import d2lsched; print(*d2lsched.__all__)"
    names = _python(code).split()
    assert {"Constant", "CosineDecay", "Schedule", "StepDecay", "Warmup"} <= set(names)
    assert names == sorted(names)
