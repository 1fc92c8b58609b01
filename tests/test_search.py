"""Search, in Chromium, from a folder: every schedule by every name that it has."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from audit.measure import findings
from conftest import faded
from parity import CASES
from playwright.sync_api import Browser, Page, expect

import d2lsched
from d2lsched.book.search import TRANSFORMERS, Name, counterparts, full

# What people call what this book calls by its own names. Not taken from the page that is
# searched: a name that the page forgets must be missed.
TORCH = {
    "ConstantLR": "Constant", "StepLR": "StepDecay", "MultiStepLR": "MultiStepDecay",
    "MultiplicativeLR": "FactorDecay", "ExponentialLR": "ExponentialDecay",
    "LambdaLR": "InverseSqrtDecay", "PolynomialLR": "PolynomialDecay",
    "LinearLR": "LinearDecay", "CosineAnnealingLR": "CosineDecay",
    "CosineAnnealingWarmRestarts": "CosineRestarts", "CyclicLR": "Cyclical",
    "OneCycleLR": "OneCycle", "SequentialLR": "Sequential", "ChainedScheduler": "Product",
    "ReduceLROnPlateau": "ReduceOnPlateau",
}  # fmt: skip
KERAS = {
    "ExponentialDecay": "ExponentialDecay", "PiecewiseConstantDecay": "MultiStepDecay",
    "InverseTimeDecay": "InverseTimeDecay", "PolynomialDecay": "PolynomialDecay",
    "CosineDecay": "CosineDecay", "CosineDecayRestarts": "CosineRestarts",
    "LearningRateScheduler": "PerEpoch", "ReduceLROnPlateau": "ReduceOnPlateau",
}  # fmt: skip
OPTAX = {
    "constant_schedule": "Constant", "exponential_decay": "ExponentialDecay",
    "piecewise_constant_schedule": "MultiStepDecay", "polynomial_schedule": "PolynomialDecay",
    "linear_schedule": "LinearDecay", "cosine_decay_schedule": "CosineDecay",
    "sgdr_schedule": "CosineRestarts", "cosine_onecycle_schedule": "OneCycle",
    "linear_onecycle_schedule": "OneCycle", "join_schedules": "Sequential",
    "piecewise_interpolate_schedule": "Piecewise", "warmup_constant_schedule": "Warmup",
    "warmup_cosine_decay_schedule": "Warmup", "reduce_on_plateau": "ReduceOnPlateau",
    "warmup_exponential_decay_schedule": "Warmup",
}  # fmt: skip
OWN = {
    name: name
    for name in d2lsched.__all__
    if isinstance(getattr(d2lsched, name), type) and name != "Schedule"
}
QUERIES = [
    *OWN.items(), *TORCH.items(), *KERAS.items(), *OPTAX.items(), *TRANSFORMERS.items(),
    ("torch.optim.lr_scheduler.CosineAnnealingLR", "CosineDecay"),
    ("optax.cosine_decay_schedule", "CosineDecay"),
    ("keras.optimizers.schedules.CosineDecay", "CosineDecay"),
    ("d2lsched.WarmupStableDecay", "WarmupStableDecay"),
    ("cosineannealing", "CosineDecay"), ("onecycle", "OneCycle"), ("  StepLR ", "StepDecay"),
]  # fmt: skip

FOUND = """async (query) => {
  document.querySelector("#search-results").replaceChildren();
  document.querySelectorAll("input[name=q]").forEach((field) => (field.value = query));
  Search.performSearch(query);
  while (!document.querySelector(".search-summary")?.textContent) {
    await new Promise((done) => setTimeout(done, 2));
  }
  return [...document.querySelectorAll("#search-results li")].map((item) => ({
    address: item.querySelector("a").getAttribute("href"),
    text: item.textContent,
  }));
}"""


@pytest.fixture(scope="module")
def searching(book: Path, browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """Return the search page, opened from a folder, and the list of errors it logs."""
    context = browser.new_context()
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("requestfailed", lambda request: errors.append(f"failed: {request.url}"))
    page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else 0)
    page.goto((book / "search.html").as_uri())
    page.wait_for_function("Search.hasIndex()")
    yield page, errors
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize(("query", "schedule"), QUERIES)
def test_a_schedule_is_found_by_all_its_names(
    searching: tuple[Page, list[str]], query: str, schedule: str
) -> None:
    page, errors = searching
    found = page.evaluate(FOUND, query)
    addresses = [result["address"] for result in found]
    first_six = addresses[:6]
    assert f"chapters/api.html#d2lsched-{schedule}" in first_six, addresses
    assert len(addresses) < 60
    assert errors == []


@pytest.mark.slow
def test_a_chapter_comes_before_the_names_that_contain_its_title(
    searching: tuple[Page, list[str]],
) -> None:
    page, _ = searching
    assert page.evaluate(FOUND, "cosine")[0]["address"] == "chapters/decay/cosine.html"


@pytest.mark.slow
def test_a_result_says_what_the_name_is(searching: tuple[Page, list[str]]) -> None:
    page, _ = searching
    first = page.evaluate(FOUND, "StepLR")[0]
    assert first["text"] == "torch.optim.lr_scheduler.StepLR (here StepDecay, in API)"


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "meant"), [
    ("cosnie", "chapters/decay/cosine.html"),
    ("warmpu", "chapters/warmup-and-cycles/warmup.html"),
    ("plateu", "chapters/feedback/plateau.html"),
    ("CosineAnealingLR", "chapters/api.html#d2lsched-CosineDecay"),
    ("restrats", "chapters/warmup-and-cycles/restarts.html"),
])  # fmt: skip
def test_a_typing_error_finds_what_was_meant_and_says_so(
    searching: tuple[Page, list[str]], typed: str, meant: str
) -> None:
    page, errors = searching
    found = page.evaluate(FOUND, typed)
    assert meant in [result["address"] for result in found[:4]]
    expect(page.locator(".search-corrected")).to_contain_text(typed)
    assert errors == []


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["cosine", "lr_scheduler.StepLR", "0.4", "xqzvwk", "T_max"])
def test_no_other_word_is_corrected(searching: tuple[Page, list[str]], typed: str) -> None:
    page, _ = searching
    page.evaluate(FOUND, typed)
    expect(page.locator(".search-corrected")).to_have_count(0)


@pytest.mark.slow
def test_a_summary_is_of_the_chapter_without_its_frame(site: str, tab: Page) -> None:
    tab.goto(f"{site}/search.html?q=cosine")
    first = tab.locator("#search-results li", has_text="Cosine").first
    summary = first.locator("p.context")
    summary.wait_for()
    for frame in ("Contents", "Print to PDF", "Search", "ipynb", "#", "Show code"):
        expect(summary).not_to_contain_text(frame)
    faded(tab)
    for theme in ("light", "dark"):
        tab.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        assert findings(tab) == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
def test_the_magnifier_stands_beside_what_is_typed(book: Path, tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto((book / "search.html").as_uri())
    tab.locator("main").press("Control+k")
    for form in tab.locator("form.bd-search:visible").all():
        glass, field = (form.locator(part).bounding_box() for part in ("i", "input"))
        assert glass is not None
        assert field is not None
        padding = form.locator("input").evaluate(
            "(e) => parseFloat(getComputedStyle(e).paddingLeft)"
        )
        assert 8 < glass["width"] <= 40
        assert glass["x"] + glass["width"] <= field["x"] + padding


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_the_form_leads_to_results_that_lead_to_the_schedule(
    book: Path, site: str, tab: Page, scheme: str
) -> None:
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else 0)
    address = site if scheme == "http" else book.as_uri()
    tab.goto(f"{address}/chapters/decay/cosine.html", wait_until="load")
    tab.keyboard.press("Control+k")
    expect(tab.locator("input[name=q]:focus")).to_be_visible()
    tab.keyboard.type("CosineAnnealingLR")
    expect(tab.locator(":focus")).to_have_value("CosineAnnealingLR")
    tab.keyboard.press("Enter")
    link = tab.locator("#search-results a", has_text="CosineAnnealingLR").first
    link.wait_for()
    tab.wait_for_function("document.querySelector('.search-summary').textContent")
    summaries = tab.locator("#search-results p.context")
    if scheme == "http":
        summaries.first.wait_for()
    tab.wait_for_load_state("networkidle")
    if scheme == "file":
        expect(summaries).to_have_count(0)
    link.click()
    tab.wait_for_url("**/chapters/api.html*#d2lsched-CosineDecay", wait_until="commit")
    expect(tab.locator("#d2lsched-CosineDecay")).to_be_visible()
    tab.wait_for_load_state()
    assert errors == []


def test_every_counterpart_of_the_parity_tests_is_a_query_here() -> None:
    asked = {"torch": TORCH, "Keras": KERAS, "optax": OPTAX}
    for case in CASES:
        name = case.name.split("(")[0].split(",")[0].rpartition(".")[2]
        if case.library in asked and name.isidentifier() and name not in ("any",):
            assert name in asked[case.library], case.name


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the frameworks' own
def test_the_full_names_are_those_of_the_libraries() -> None:
    for library, names in (("torch", TORCH), ("Keras", KERAS), ("optax", OPTAX)):
        for name in names:
            inside = {"LearningRateScheduler": "callbacks.", "reduce_on_plateau": "contrib."}
            prefix = inside.get(name, "")
            if library == "Keras" and name == "ReduceLROnPlateau":
                prefix = "callbacks."
            module, _, last = full(library, prefix + name).rpartition(".")
            assert hasattr(importlib.import_module(module), last)


LITTLE = """\
# A page

(d2lsched.StepDecay)=
## StepDecay

## In torch

| torch | d2lsched | rates |
| --- | --- | --- |
| `StepLR` | `StepDecay` | same |
| `StepLR`, stepped twice | `StepDecay` | **differs** |
| any | `StepDecay` | same |
| `Odd(1, …)` | `StepDecay` | same |

| scikit-learn | d2lsched | rates |
| --- | --- | --- |
| `invscaling` | `StepDecay` | same |
"""


@pytest.mark.slow
def test_names_come_from_the_tables_of_counterparts(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text(LITTLE)
    (tmp_path / "conf.py").write_text("extensions = ['myst_nb', 'd2lsched.book']\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(tmp_path)]
    out = tmp_path / "_build"
    run = subprocess.run([*command, str(out)], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    from docutils import nodes

    doctree: Any = pickle.loads((out / ".doctrees" / "index.doctree").read_bytes())
    found = set(counterparts(doctree.findall(nodes.table)))
    assert found == {Name("torch.optim.lr_scheduler.StepLR", "StepDecay")}
