"""Formulas of the reader's own: read as Python reads them, evaluated, refused, and in use."""

from __future__ import annotations

import json
import math
import random
import re
import sys
from typing import Any

import numpy as np
import pytest
from conftest import settled
from playwright.sync_api import Page, expect
from strategies import COMPOSED, PLAIN, of_kind

import d2lsched
from d2lsched import Schedule, Warmup
from d2lsched.book.lab import evaluated
from d2lsched.widgets import schedules_of, state
from d2lsched.widgets.formula import Formula

EXPRESSIONS = 2_000
NAMES = {"peak": 0.4, "T": 780.0, "_n2": -3.0, "zero": 0.0}
TIMES = (0.0, 1.0, 7.0, 195.0, 779.5)
FUNCTIONS = {name: getattr(math, name) for name in
             ("floor", "ceil", "sqrt", "exp", "log", "cos", "sin")}  # fmt: skip
BUILTIN = {"min": min, "max": max, "abs": abs, "pi": math.pi}


def expression(rng: random.Random, depth: int) -> str:
    """A random formula, with spaces and parentheses where Python needs them, or not."""
    if depth == 0:
        return rng.choice(["t", "pi", *NAMES, str(rng.randrange(20)), f"{rng.random():.3f}",
                           f"{rng.randrange(1, 9)}e-{rng.randrange(4)}", ".5", "2.", "1_000"])  # fmt: skip  # noqa: E501

    def part() -> str:
        text = expression(rng, rng.randrange(depth))
        return f"({text})" if rng.random() < 0.6 else text

    space = rng.choice(["", " "])
    kind = rng.randrange(10)
    if kind < 4:
        operator = rng.choice(["+", "-", "*", "/", "//", "%"])
        return f"{part()}{space}{operator}{space}{part()}"
    if kind == 4:  # Python's complex numbers and endless integers are none of a formula's
        exponent = rng.choice(["2", "-1", "0.5", "t", "-t", "(t % 3)"])
        base = part() if exponent in ("2", "-1") else f"min(abs({part()}), 1.3)"
        return f"{base} ** {exponent}"
    if kind == 5:
        sign = rng.choice(["<", ">", "<=", ">=", "==", "!="])
        return f"{part()} {sign} {part()}" + (f" < {part()}" if rng.random() < 0.3 else "")
    if kind == 6:
        return f"{part()} if {part()} else {part()}"
    if kind == 7:
        return f"{part()} {rng.choice(['and', 'or'])} {part()}"
    if kind == 8:
        return f"{rng.choice(['-', '+', 'not '])}{part()}"
    name = rng.choice([*FUNCTIONS, "min", "max", "abs"])
    several = [part() for _ in range(rng.choice([2, 3]) if name in ("min", "max") else 1)]
    return f"{name}({f',{space}'.join(several)})"


def of_python(text: str, t: float) -> Any:
    """What Python makes of an expression: a number, or the kind of its refusal."""
    try:
        value = eval(text, {"__builtins__": {}}, {**FUNCTIONS, **BUILTIN, **NAMES, "t": t})
    except SyntaxError:
        return "syntax"
    except (ArithmeticError, ValueError):
        return "value"
    if abs(value) > sys.float_info.max or value != value:
        return "value"
    return float(value)


THEIRS = """([texts, names, times]) => texts.map((text) => {
  let value;
  try { value = lab.evaluator(lab.parseFormula(text)); }
  catch (error) { if (error instanceof lab.FormulaError) return times.map(() => "syntax"); throw error; }
  return times.map((t) => {
    try { return Number(value({ ...names, t })); }
    catch (error) { if (error instanceof lab.FormulaError) return "value"; throw error; }
  });
})"""  # noqa: E501


def same(a: Any, b: Any) -> bool:
    """Whether two results agree: within rounding, which cos of a large number multiplies."""
    if isinstance(a, str) or isinstance(b, str):
        return bool(a == b)
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_random_expressions_have_the_values_that_python_gives_them(module: Page) -> None:
    rng = random.Random(19)
    texts: list[str] = []
    while len(texts) < EXPRESSIONS:
        text = expression(rng, rng.randrange(1, 5))
        if len(text) <= 200 and not re.search(r"\*\*.*\*\*", text):  # towers of powers
            texts.append(text)
    found = module.evaluate(THEIRS, [texts, NAMES, TIMES])
    kinds: dict[str, int] = {"syntax": 0, "value": 0, "number": 0}
    for text, values in zip(texts, found, strict=True):
        for t, value in zip(TIMES, values, strict=True):
            ours = of_python(text, t)
            kinds[ours if isinstance(ours, str) else "number"] += 1
            large = isinstance(ours, float) and abs(ours) > 1e15  # Python's integers are exact
            assert large or same(value, ours), (text, t, value, ours)
    print(kinds)
    assert kinds["number"] > 5_000
    assert kinds["syntax"] > 50


MISTAKES = [
    ("peak * )", "a number or a name is missing before “)”", ")"),
    ("peak * (1 + t", "“)” is missing before the end", ""),
    ("0,5", "an operator is missing before “,”", ","),
    ("peak ^ 2", "“^” has no meaning here; “**” raises to a power", "^"),
    ("peak = 2", "“=” has no meaning here; “==” compares", "="),
    ("sine(t)", "there is no function sine; there are min, max", "sine"),
    ("cos", "cos wants its argument in ( )", "cos"),
    ("min(t)", "min wants two arguments or more", "min(t)"),
    ("cos(t, 2)", "cos wants one argument", "cos(t, 2)"),
    ("t if t", "“else” is missing before the end", ""),
    ("2 t", "an operator is missing before “t”", "t"),
    ("t.real", "“.” has no meaning here", "."),
    ("lambda + 1", "“lambda” cannot be a name", "lambda"),
    ("007", "“007” begins with a 0", "007"),
    ("'a'", "“'” has no meaning here", "'"),
    ("", "there is no formula", ""),
    ("(" * 100, "nested too deep", "("),
    ("not " * 100, "nested too deep", "not"),
    ("t+" * 300, "longer than 500 letters", None),
]


@pytest.mark.parametrize(("text", "said", "place"), MISTAKES)
def test_a_mistake_is_said_at_its_place(module: Page, text: str, said: str, place: str) -> None:
    message, (start, end) = module.evaluate(
        """(text) => {
          try { lab.parseFormula(text); return ["none", [0, 0]]; }
          catch (error) {
            if (!(error instanceof lab.FormulaError)) throw error;
            return [error.message, error.at];
          }
        }""",
        text,
    )
    assert message.startswith(said)
    if place is not None:
        assert text[start:end] == place


# ---- The schedule ------------------------------------------------------------

GOOD = [
    Formula("peak * 0.5 ** (t // 195) if t < T else 0", peak=0.4, T=780),
    Formula("0.4"),
    Formula("max(peak * (1 - t / T), low)", peak=0.4, T=300, low=0.01),
    Formula("0.1 * (1 + sin(t)) if 10 < t <= 500 and not t == 77 else abs(-0.3) or 1"),
    Formula("1 / (t - 50) if t > 50 else 0.1 * ceil(t / 20) ** 0.5"),
    Formula("exp(-t / 100) * sqrt(min(t, 400, 9)) * log(2) * floor(t % 7)"),
]


@pytest.mark.parametrize("formula", GOOD, ids=str)
def test_page_and_python_find_the_same_rates(module: Page, formula: Formula) -> None:
    rates, peak, text, again = module.evaluate(
        """(config) => [[...lab.table(config, 800)], lab.peak(config), lab.expression(config),
             lab.parsed(lab.expression(config))]""",
        formula.config(),
    )
    np.testing.assert_allclose(rates, formula.table(800), 1e-12, 1e-15)
    np.testing.assert_allclose(
        [formula(t) for t in range(800)], formula.table(800), 1e-12, 1e-15
    )
    assert peak == pytest.approx(formula.peak)
    assert evaluated(text) == formula
    assert Schedule.from_config(again) == formula
    assert Schedule.from_config(json.loads(json.dumps(formula.config()))) == formula
    link = module.evaluate(
        """(state) => {
          const link = lab.toLink("lab", lab.completed(state));
          return [link, lab.fromLink("lab", link)];
        }""",
        state({"mine": formula, "warm": Warmup(formula, 10)}),
    )
    assert schedules_of(link[1]) == {"mine": formula, "warm": Warmup(formula, 10)}
    assert " " not in link[0]


@pytest.mark.slow
@pytest.mark.parametrize("formula", GOOD, ids=str)
def test_frameworks_evaluate_formulas_too(formula: Formula) -> None:
    import jax.numpy as jnp
    import torch

    times = np.arange(200)
    expected = formula.table(200)
    np.testing.assert_allclose(formula(torch.arange(200)), expected, 2e-5, 1e-6)
    np.testing.assert_allclose(formula(jnp.arange(200)), expected, 2e-5, 1e-6)
    np.testing.assert_allclose(formula(times), expected, 1e-12, 1e-15)


@pytest.mark.parametrize(("text", "numbers", "said"), [
    ("peak * t", {}, "peak = None is not allowed: it must be a number"),
    ("t", {"peak": 1}, "peak = 1 is not allowed: it must be used in the expression"),
    ("1 / t", {}, "a finite number at update 0"),
    ("peak", {"peak": math.nan}, "a finite number"),
    ("__import__('os')", {}, "not among what it may hold"),
    ("t.real", {}, "not among what it may hold"),
    ("[t][0]", {}, "not among what it may hold"),
    ("lambda: t", {}, "not among what it may hold"),
    ("min(t)", {}, "min wants two or more"),
    ("t +", {}, "invalid syntax"),
    ("(" * 400, {}, "a formula of t"),
    ("t+" * 300, {}, "at most 500 letters"),
])  # fmt: skip
def test_what_is_no_formula_is_refused(text: str, numbers: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Formula(text, **numbers)


def test_the_widget_gives_a_formula_back() -> None:
    widget = d2lsched.lab({"mine": GOOD[0]})
    assert widget.schedules == {"mine": GOOD[0]}
    assert widget.schedules["mine"](195) == 0.2


@pytest.mark.slow
def test_schedules_as_formulas_keep_their_rates(module: Page) -> None:
    rng = random.Random(8)
    made = [of_kind(kind, rng) for kind in [*PLAIN, *COMPOSED] * 12]
    found = module.evaluate(
        """(configs) => configs.map((config) => {
          const text = lab.textOf(config, "t", 240);
          const formula = { kind: "Formula", expression: text, numbers: [] };
          return text && [text, [...lab.table(formula, 240)]];
        })""",
        [schedule.config() for schedule in made],
    )
    written = 0
    for schedule, one in zip(made, found, strict=True):
        if one:
            written += 1
            error = np.abs(np.array(one[1]) - schedule.table(240)).max() / schedule.peak
            assert error < 1e-9, (schedule, one[0])
    assert written > 0.8 * len(made)


# ---- In use ------------------------------------------------------------------


@pytest.mark.slow
def test_a_formula_is_written_with_the_keyboard_alone(playground: Page) -> None:
    playground.locator(".lab-kind").first.focus()
    playground.keyboard.type("Formula", delay=50)
    box = playground.locator(".lab-formula input").first
    expect(box).to_be_visible()
    box.focus()
    playground.keyboard.press("Control+a")
    playground.keyboard.type("peak * 0.5 ** (t // every")
    mistake = playground.locator(".lab-mistake")
    expect(mistake).to_contain_text("“)” is missing before the end")
    expect(box).to_have_attribute("aria-invalid", "true")
    playground.keyboard.press("Enter")  # which takes nothing that is wrong
    expect(playground.get_by_role("spinbutton", name="every")).to_have_count(0)
    playground.keyboard.type(")")
    expect(mistake).to_have_text("")
    playground.keyboard.press("Enter")
    expect(box).to_be_focused()
    every = playground.get_by_role("spinbutton", name="every")
    every.fill("100")
    every.press("Enter")
    expect(playground.locator("pre code")).to_contain_text(
        'Formula("peak * 0.5 ** (t // every)", peak=0.4, every=100.0)'
    )
    playground.wait_for_function("location.hash.includes('every=100')")
    playground.reload()
    settled(playground)
    expect(playground.get_by_role("spinbutton", name="every")).to_have_value("100")
    playground.locator(".lab-formula input").fill("peak / t")
    playground.locator(".lab-formula input").press("Enter")
    expect(mistake).to_contain_text("division by zero at update 0: the rate is 0 there")
    playground.keyboard.press("Control+z")
    expect(playground.locator(".lab-formula input")).to_have_value("peak * 0.5 ** (t // every)")


@pytest.mark.slow
def test_a_schedule_can_be_rewritten_as_a_formula(playground: Page) -> None:
    curve = playground.locator(".lab-plot").first.locator("path.lab-curve").nth(1)
    before = curve.get_attribute("d")
    playground.get_by_role("button", name="Write step as a formula").click()
    expect(playground.locator(".lab-formula input")).to_have_value("0.4 * 0.4 ** (t // 195)")
    settled(playground)
    assert curve.get_attribute("d") == before
