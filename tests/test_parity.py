"""Our schedules and the libraries' schedulers, value by value; see parity.py."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from parity import (
    CASES,
    CLIENTS,
    LIBRARIES,
    NOT_COMPARED,
    ROWS,
    Case,
    Total,
    cell,
    compare,
    report,
    table,
)

import d2lsched
import d2lsched.tensorflow  # sets TensorFlow's environment before it loads
from d2lsched import CosineDecay, LRRangeTest, ReduceOnPlateau, Schedule

ROOT = Path(__file__).parents[1]
FEW, SOME = 3, 6  # `python tests/parity.py` compares MANY


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # ignite's
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_library_gives_our_rates_or_differs_as_stated(case: Case):
    total = Total()
    for parameters in case.parameters(FEW):
        total = total.plus(*case.error(**parameters))
    assert total.sets == FEW
    assert total.values > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # ignite's
def test_many_parameter_sets():
    totals = compare(SOME)
    print(f"\n{report(totals)}")
    assert sum(total.sets for total in totals.values()) == SOME * len(CASES)


def test_a_wrong_rate_would_be_noticed(monkeypatch: pytest.MonkeyPatch):
    right = CosineDecay.formula
    monkeypatch.setattr(CosineDecay, "formula", lambda self, t, xp: right(self, t + 0.01, xp))
    wrong = [case for case in CASES if case.ours == "CosineDecay" and case.verdict == "same"]
    assert wrong
    for case in wrong:
        with pytest.raises(AssertionError, match="at t ="):
            case.error(**case.parameters(1)[0])


def test_a_difference_that_is_gone_would_be_noticed():
    (case,) = (c for c in CASES if c.name == "CosineAnnealingLR")
    pair = case.make(**case.parameters(1)[0])
    mended = Case(**{**vars(case), "make": lambda: pair._replace(theirs=pair.ours)})
    with pytest.raises(AssertionError):
        mended.error()
    mended = Case(
        **{**vars(case), "make": lambda: pair._replace(theirs=pair.ours, explained=pair.ours)}
    )
    with pytest.raises(AssertionError, match="no difference left"):
        mended.error()


def test_parameters_are_the_same_every_time():
    for case in CASES:
        np.testing.assert_equal(case.parameters(3), case.parameters(5)[:3])


def test_every_schedule_has_a_row_and_every_case_a_cell():
    kinds = {
        name
        for name in d2lsched.schedules.__all__
        if isinstance(kind := getattr(d2lsched, name), type)
        and issubclass(kind, Schedule | ReduceOnPlateau)
        and kind is not Schedule
    }
    assert set(ROWS) == kinds
    assert len(ROWS) == len(kinds)
    assert {(case.ours, case.library) for case in CASES} <= {
        (ours, library) for ours in ROWS for library in (*LIBRARIES, *CLIENTS)
    }
    assert all(case.how for case in CASES if case.verdict == "differs")
    for where, text in NOT_COMPARED.items():
        assert cell(*where) == text != "absent"
    assert cell("StepDecay", "torch") == "same"
    assert cell("StepDecay", "Keras") == "same, **with exceptions**"
    assert cell("MultiStepDecay", "Keras") == "**differs**"
    assert cell("Rex", "optax") == "absent"
    ids = [case.id for case in CASES]
    assert len(set(ids)) == len(ids)


def test_the_api_pages_table_is_what_the_cases_say():
    page = ROOT / "chapters" / "_parity.md"
    wanted = "run `python tests/parity.py --table > chapters/_parity.md`"
    assert page.read_text(encoding="utf-8") == table(), wanted
    headings = re.findall(r"^### .*$", table(), re.MULTILINE)
    assert len({*headings}) == len(headings)
    empty = re.search(r"^\| --- .*\n(?!\|)", table(), re.MULTILINE)
    assert not empty


def test_fastais_lr_find_is_as_long_as_the_docstring_and_the_table_say():
    said = r"num_it=n``? .*steps = n \+ 1\b"  # fastai's rate of update t is a (b/a)^(t/num_it)
    assert re.search(said, " ".join(str(LRRangeTest.__doc__).split()))
    assert re.search(rf"^\| `lr_find`.*{said}", table(), re.MULTILINE)
    theirs = 1e-7 * (10 / 1e-7) ** (np.arange(100) / 100)
    np.testing.assert_allclose(LRRangeTest(1e-7, 10, 101).table(100), theirs, rtol=1e-12)


def test_the_table_needs_no_framework():
    code = (
        "import sys, parity; parity.table();"
        "sys.exit(bool({'torch', 'tensorflow', 'jax', 'sklearn'} & set(sys.modules)))"
    )
    path = ROOT / "tests"
    subprocess.run([sys.executable, "-c", code], cwd=path, check=True, timeout=60)
