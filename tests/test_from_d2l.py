"""The page *From D2L 12.11 to here*: its schedules in four frameworks, and the traps, run."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from blocks import BLOCK, outputs, printed, sections

INTRODUCTION, SECTIONS = sections("from-d2l.md", "d2l")
PLANS = re.findall(r'^    "(.+)": ', INTRODUCTION, re.M)
FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras", "optax": "optax"}


def schedules(section: str) -> list[tuple[str, str]]:
    """The name of the plan that each block is checked against, and the block."""
    return [
        (checked[1], block)
        for block, _ in BLOCK.findall(SECTIONS[section])
        if (checked := re.search(r'^check\("(.+?)"', block, re.M))
    ]


@pytest.mark.parametrize("section", [*FRAMEWORKS, "plain"])
def test_a_framework_has_all_five_schedules_in_ten_lines_each(section):
    assert [name for name, _ in schedules(section)] == PLANS
    assert len(PLANS) == 5
    for _, block in schedules(section):
        lines = [line for line in block.splitlines() if line]
        assert len(lines) <= 10
        assert max(map(len, lines)) <= 88


@pytest.mark.slow
@pytest.mark.parametrize("section", [*FRAMEWORKS, "plain", "traps"])
def test_every_block_of_a_section_does_what_it_says(section: str, tmp_path: Path):
    for expected, came in outputs(INTRODUCTION, SECTIONS[section], tmp_path):
        assert came == expected


# The page's functions as Keras' callback, as the page says, and without the lambda.
CALLBACK = """
import keras
import numpy as np

for function in (lambda epoch: warmup(epoch), warmup):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.3), "mse")
    x = np.ones((2, 1))
    scheduler = keras.callbacks.LearningRateScheduler(function)
    rates = model.fit(x, x, epochs=8, verbose=0, callbacks=[scheduler]).history["learning_rate"]
    print(np.allclose(rates, [warmup(t) for t in range(8)]), max(rates[:5]) == 0)
"""


@pytest.mark.slow
def test_keras_callback_needs_the_lambda(tmp_path):
    section = SECTIONS["keras"]
    assert "`LearningRateScheduler(lambda epoch: warmup(epoch))`" in section
    code = "".join(block for block, _ in BLOCK.findall(INTRODUCTION))
    code += "".join(block for name, block in schedules("plain"))
    assert printed(code + CALLBACK, tmp_path).splitlines()[-2:] == ["True False", "False True"]


@pytest.mark.slow
def test_a_schedule_that_is_not_the_plan_would_be_noticed(tmp_path):
    late = SECTIONS["keras"].replace("Decay([14, 29]", "Decay([15, 30]")
    assert late != SECTIONS["keras"]
    with pytest.raises(AssertionError, match="multi-factor"):
        outputs(INTRODUCTION, late, tmp_path)


def test_the_page_names_the_versions_it_was_run_with():
    for section, name in FRAMEWORKS.items():
        minor = ".".join(version(section).split(".")[:2])
        assert re.search(rf"{name} {re.escape(minor)}[^\d]", SECTIONS[section]), section
