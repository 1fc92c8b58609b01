"""Imports: what a module loads, and what it says when something is absent."""

import subprocess
import sys

import pytest

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


@pytest.mark.parametrize(
    ("name", "package"), [("torch", "torch"), ("tensorflow", "tensorflow"), ("jax", "jax")]
)
def test_an_absent_framework_is_an_import_error_that_says_what_to_install(name, package):
    code = f"""
import sys
sys.modules[{name!r}] = None
import d2lsched
try:
    from d2lsched import {name} as d2l
except ImportError as error:
    print(error)
"""
    printed = _python(code)
    assert f"d2lsched.{name} needs" in printed
    assert f"pip install {package}" in printed


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
