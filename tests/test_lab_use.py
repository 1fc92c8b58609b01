"""The schedule lab in use: what readers do with it, by mouse, by keyboard, as a phone."""

from __future__ import annotations

import csv
import io
import math
import re
import xml.etree.ElementTree as ET
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audit.measure import COLORS
from axe_playwright_python.sync_playwright import Axe
from conftest import eventually, faded, problems_of, settled
from lab_pages import opened
from playwright.sync_api import Browser, Page, expect
from strategies import COMPOSED, PLAIN

from d2lsched import Constant, CosineDecay, LinearDecay, Product, StepDecay
from d2lsched.quadratic import NoisyQuadratic

KINDS = [*PLAIN, *COMPOSED, "Formula"]
VIEWS = ("expected loss", "loss by peak", "ravine", "training loss", "accuracy")


def follow(page: Page, link: str) -> None:
    """Open a link to the lab, and wait until it is shown."""
    page.evaluate("(hash) => { location.hash = hash; }", f"#lab&{link}")
    settled(page)


def enter(page: Page, text: str, label: str = "lr", nth: int = 0) -> None:
    """Type a text into a number box and press Enter."""
    box = page.get_by_role("spinbutton", name=label).nth(nth)
    box.fill(text)
    box.press("Enter")
    settled(page)


def link_of(page: Page) -> str:
    """What the lab shows, as its link says it once it is written."""
    page.wait_for_timeout(400)
    return str(page.evaluate("location.hash"))


def message(page: Page) -> Any:
    """What the lab says beside its plots."""
    return page.locator(".lab-message")


# ---- Plots -------------------------------------------------------------------

ODD = """() => [...document.querySelectorAll(".lab-plot svg")]
  .filter((svg) => /NaN|Infinity|undefined/.test(svg.innerHTML)).length"""


@pytest.mark.slow
def test_no_value_spoils_the_plots(playground: Page) -> None:
    curves = playground.locator(".lab-plot").first.locator("svg > g path.lab-curve")
    for value in ("0", "1e300", "1e-300", "2.5"):
        enter(playground, value)
        for view, axis in product(VIEWS, ("rate on a log axis", "loss on a log axis")):
            playground.get_by_role("radio", name=view).check()
            playground.get_by_label(axis).click()
            settled(playground)
            assert playground.evaluate(ODD) == 0, (value, view, axis)
            expect(curves).to_have_count(3)


@pytest.mark.slow
def test_a_slider_at_its_left_end_leaves_the_other_schedules_in_sight(playground: Page) -> None:
    playground.locator("input[type=range]").first.press("Home")
    expect(playground.locator(".lab-number").first).to_have_value("0")
    settled(playground)
    assert playground.evaluate(ODD) == 0
    for box in playground.locator(".lab-number").all()[1:]:
        expect(box).not_to_have_value("")


# Texts of plots that leave their plot to the left or right, and notes among the curves.
STRAY = """() => [...document.querySelectorAll(".lab-plot")].filter((e) => e.checkVisibility())
  .flatMap((plot) => {
    const box = plot.getBoundingClientRect(), area = plot.querySelector("svg .lab-axis");
    return [...plot.querySelectorAll("svg text")].filter((text) => {
      const { left, right, bottom } = text.getBoundingClientRect();
      const within = left >= box.left - 1 && right <= box.right + 6;
      const top = area.getBoundingClientRect().top + 2;
      const above = !text.matches(".lab-note") || bottom <= top;
      return !(within && above);
    }).map((text) => text.textContent);
  })"""


LINKS = (
    "noise=1000000&logLoss=0&show=Constant(1.9)",
    "logLoss=0&noise=0&show=Constant(0.000012345)",
    "updates=200&show=1.9:Constant(1.9)&show=2.1:Constant(2.1)&show=2.2:Constant(2.2)"
    "&show=2.3:Constant(2.3)",
    "log=1&show=Constant(1000000000)&show=LinearDecay(123456789,780)",
)


@pytest.mark.slow
def test_texts_stay_in_their_place(playground: Page) -> None:
    for link, width in product(LINKS, (390, 1440)):
        follow(playground, link)
        playground.set_viewport_size({"width": width, "height": 844})
        eventually(lambda: playground.evaluate(STRAY), [])


@pytest.mark.slow
def test_the_loss_at_the_end_stands_beside_each_curve(playground: Page) -> None:
    names = playground.locator(".lab-readout tbody tr")
    plot = playground.locator(".lab-plot").nth(1)
    for row in names.all():
        end = row.locator("td").last.inner_text()
        expect(plot.get_by_text(end, exact=True)).to_be_attached()


@pytest.mark.slow
def test_curves_and_slider_are_in_sight_together(playground: Page) -> None:
    sliders = playground.locator(".lab-card input[type=range]").all()[:4]
    for size, slider in product([(720, 450), (844, 390), (390, 844), (1440, 900)], sliders):
        playground.set_viewport_size({"width": size[0], "height": size[1]})
        slider.focus()
        settled(playground)
        seen = slider.evaluate(
            """(slider) => {
              const { left, top, width, height } = slider.getBoundingClientRect();
              const there = document.elementFromPoint(left + width / 2, top + height / 2);
              const plot = document.querySelector(".lab-plot").getBoundingClientRect();
              return [there === slider, plot.top >= 0 && plot.bottom <= innerHeight];
            }"""
        )
        assert seen == [True, True], size


# ---- Room --------------------------------------------------------------------

OVERLAP = """() => {
  const all = [...document.querySelectorAll(
    ".schedule-lab :is(button, input, select, label, summary)")]
    .filter((e) => e.checkVisibility() && !e.closest(".lab-plots"));
  const boxes = all.map((e) => e.getBoundingClientRect());
  const found = [];
  for (let i = 0; i < all.length; i++) for (let j = i + 1; j < all.length; j++) {
    const [a, b] = [boxes[i], boxes[j]];
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 2 && high > 2 && !all[i].contains(all[j]) && !all[j].contains(all[i]))
      found.push(`${all[i].outerHTML.slice(0, 60)} / ${all[j].outerHTML.slice(0, 60)}`);
  }
  const wide = document.scrollingElement.scrollWidth - innerWidth;
  return wide > 0 ? [...found, `${wide} px too wide`] : found;
}"""


@pytest.mark.slow
def test_nothing_spills_over_anything(playground: Page) -> None:
    kind = playground.locator(".lab-kind").first
    for name in KINDS:
        kind.select_option(name)
        for width in (320, 390, 768, 1024, 1440):
            playground.set_viewport_size({"width": width, "height": 900})
            settled(playground)
            eventually(lambda: playground.evaluate(OVERLAP), [])
        if name in COMPOSED:
            playground.get_by_role("button", name="Unwrap").first.click()


# ---- A finger ----------------------------------------------------------------


def swipe(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    """Move one finger, as the browser hears of it on a phone."""
    session = page.context.new_cdp_session(page)
    steps = [(start[0] + by[0] * k / 15, start[1] + by[1] * k / 15) for k in range(16)]
    for kind, point in [("touchStart", steps[0]), *(("touchMove", p) for p in steps[1:]),
                        ("touchEnd", None)]:  # fmt: skip
        points = [{"x": point[0], "y": point[1]}] if point else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        settled(page)


@pytest.mark.slow
def test_a_swipe_that_begins_on_a_slider_scrolls_the_page(
    pages: Path, browser: Browser
) -> None:
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = opened(phone.new_page(), pages / "playground.html")
    slider = page.locator(".lab-card input[type=range]").first
    slider.evaluate("(e) => e.scrollIntoView({ block: 'end', behavior: 'instant' })")
    settled(page)
    box = slider.bounding_box()
    assert box is not None
    at = page.evaluate("scrollY")
    swipe(page, (box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2), (0, -150))
    eventually(lambda: page.evaluate("scrollY") > at + 50, True)
    expect(page.locator(".lab-number").first).to_have_value("0.4")
    page.get_by_role("button", name="Undo").click()
    expect(message(page)).to_have_text("There is nothing to undo.")
    phone.close()


# ---- What is typed -----------------------------------------------------------


@pytest.mark.slow
def test_numbers_may_have_a_decimal_comma(playground: Page) -> None:
    enter(playground, "0,5")
    expect(playground.locator(".lab-number").first).to_have_value("0.5")
    enter(playground, "1,000", "steps")
    expect(playground.get_by_role("spinbutton", name="steps").first).to_have_value("1000")
    assert "cosine:CosineDecay(0.5,1000)" in link_of(playground)


@pytest.mark.slow
@pytest.mark.parametrize(("label", "text", "said", "shown"), [
    ("lr", "much", "lr stays 0.4: “much” is not a number.", "0.4"),
    ("lr", "-3", "cosine lr is 0: -3 is not possible here", "0"),
    ("lr", "", "lr stays 0.4: “” is not a number.", "0.4"),
    ("end_lr", "5", "cosine end_lr is 0.4: 5 is not possible here.", "0.4"),
    ("steps", "2.5", "cosine steps is 3: 2.5 is not possible here.", "3"),
    ("momentum", "2", "momentum is 0.999: 2 is not possible here.", "0.999"),
    ("length of the run", "1e9", "updates is 20000: 1000000000 is not possible here.", "20000"),
])  # fmt: skip
def test_a_value_that_is_not_taken_is_said(
    playground: Page, label: str, text: str, said: str, shown: str
) -> None:
    enter(playground, text, label)
    expect(message(playground)).to_contain_text(said)
    expect(playground.get_by_role("spinbutton", name=label).first).to_have_value(shown)
    expect(message(playground)).to_be_in_viewport()


@pytest.mark.slow
def test_arrow_keys_step_a_number(playground: Page) -> None:
    box = playground.get_by_role("spinbutton", name="lr").first
    for key, value in (("ArrowUp", "0.41"), ("ArrowDown", "0.4"), ("PageUp", "0.5")):
        box.press(key)
        expect(box).to_have_value(value)
    playground.keyboard.press("Control+z")
    expect(box).to_have_value("0.4")


# ---- Undo --------------------------------------------------------------------


@pytest.mark.slow
def test_undo_takes_back_box_and_curve_and_redo_brings_both_again(playground: Page) -> None:
    curve = playground.locator(".lab-plot").first.locator("path.lab-curve").first
    first = curve.get_attribute("d") or ""
    enter(playground, "0.2")
    expect(curve).not_to_have_attribute("d", first)
    second = curve.get_attribute("d") or ""
    box = playground.locator(".lab-number").first
    for keys, value, path in (("Control+z", "0.4", first), ("Control+y", "0.2", second),
                              ("Control+z", "0.4", first),
                              ("Control+Shift+z", "0.2", second)):  # fmt: skip
        box.press(keys)
        expect(box).to_have_value(value)
        expect(curve).to_have_attribute("d", path)
        expect(box).to_be_focused()
    box.fill("0.7")  # not yet entered: the browser's own undo
    box.press("Control+z")
    expect(curve).to_have_attribute("d", second)


@pytest.mark.slow
def test_each_gesture_is_one_step_and_removed_schedules_come_back(playground: Page) -> None:
    slider = playground.locator(".lab-card input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    playground.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 16)
    playground.mouse.down()
    for share in (0.6, 0.5, 0.4):
        playground.mouse.move(box["x"] + box["width"] * share, box["y"] + 16)
    playground.mouse.up()
    number = playground.locator(".lab-number").first
    expect(number).not_to_have_value("0.4")
    cards = playground.locator(".lab-card")
    playground.get_by_role("button", name="Remove step").click()
    expect(cards).to_have_count(2)
    undo = playground.get_by_role("button", name="Undo")
    undo.click()
    expect(cards).to_have_count(3)
    expect(number).not_to_have_value("0.4")
    undo.click()
    expect(number).to_have_value("0.4")
    undo.click()
    expect(message(playground)).to_have_text("There is nothing to undo.")
    playground.get_by_role("button", name="Redo").click()
    expect(number).not_to_have_value("0.4")


@pytest.mark.slow
def test_an_emptied_lab_stays_empty(playground: Page) -> None:
    for _ in range(3):
        playground.get_by_role("button", name="Remove").first.click()
    assert "none" in link_of(playground)
    playground.reload()
    expect(playground.locator(".lab-ready")).to_have_count(1)
    settled(playground)
    expect(playground.locator(".lab-card")).to_have_count(0)


@pytest.mark.slow
def test_a_full_lab_says_why_it_takes_no_more(playground: Page) -> None:
    full = playground.get_by_text("8 schedules are the most.", exact=True)
    expect(full).to_be_hidden()
    for _ in range(5):
        playground.get_by_role("button", name="Add schedule").click()
    expect(playground.locator(".lab-card")).to_have_count(8)
    expect(full).to_be_visible()
    playground.get_by_role("button", name="Add schedule").click()
    expect(message(playground)).to_contain_text("remove one first")
    expect(playground.locator(".lab-card")).to_have_count(8)


# ---- Links -------------------------------------------------------------------


@pytest.mark.slow
def test_a_refused_clipboard_leaves_the_link_selected(playground: Page) -> None:
    playground.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }"
    )
    playground.get_by_role("button", name="Copy link").click()
    link = playground.get_by_label("Link to this setting")
    expect(link).to_be_focused()
    chosen = link.evaluate("(e) => e.value.slice(e.selectionStart, e.selectionEnd)")
    assert chosen == playground.evaluate("location.href")
    expect(message(playground)).to_have_text("Press Ctrl-C to copy.")


def test_a_cut_link_is_an_error_or_a_whole_state(module: Page) -> None:
    whole = (
        "lab&updates=1234&view=ravine&show=half:CosineDecay(0.4,390)&hidden=StepDecay(0.5,99)"
    )
    parts = module.evaluate(
        """(link) => [...link].map((_, i) => link.slice(0, i + 1)).map((part) => {
          try {
            const state = lab.fromLink("lab", part);
            return [part, state && lab.toLink("lab", state)];
          } catch (error) { return [part, error.message]; }
        })""",
        whole,
    )
    assert parts[-1] == [whole, whole]
    for part, found in parts[4:-1]:
        assert found == part or re.search(
            "missing|no schedule|none of|not possible|no schedule is", found
        ), part


BROKEN = (
    "show=cosine:CosineDecay(0.4,78", "show=cosine", "sho", "updates=", "updates=1",
    "show=CosineDecay(0.4,780,end_lr=7)", "show=CosineDecay(0.4,780,floor=7)",
    "show=CosineDecay(0.4)", "view=raven",
)  # fmt: skip


@pytest.mark.slow
def test_a_broken_link_is_reported_in_sight(pages: Path, tab: Page) -> None:
    for link in BROKEN:
        tab.goto("about:blank")  # or only the part after # would change
        tab.goto(f"{(pages / 'playground.html').as_uri()}#lab&{link}")
        expect(message(tab)).to_contain_text("The link to this lab cannot be read")
        eventually(lambda: message(tab).evaluate(IN_SIGHT), True)
        expect(tab.locator(".lab-card")).to_have_count(3)


IN_SIGHT = """(element) => {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}"""


# ---- Handles, presets, files -------------------------------------------------


def drag(page: Page, handle: int, by: tuple[float, float]) -> None:
    """Drag one of the handles on the curve."""
    box = page.locator(".lab-handle").nth(handle).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] / 2, y + by[1] / 2)
    page.mouse.move(x + by[0], y + by[1])
    page.mouse.up()
    settled(page)


DRAGS = (
    ("CosineDecay(0.4,780)", 0, (0, 60), r"CosineDecay\(0\.[12]\d*,780\)"),
    ("MultiStepDecay(0.4,[300,600])", 1, (60, 0), r"MultiStepDecay\(0\.4,\[[34]\d\d,600\]\)"),
    ("Piecewise([(0,0.1),(300,0.4),(780,0.0)])", 1, (60, 40), r"\([34]\d\d,0\.[123]\d*\)"),
    ("Warmup(CosineDecay(0.4,600),100)", 0, (60, 0), r"600\),[12]\d\d\)"),
    ("WarmupStableDecay(0.4,780,100,200)", 1, (-60, 0), r"780,100,[34]\d\d\)"),
)


@pytest.mark.slow
def test_handles_on_the_curve_change_the_schedule(playground: Page) -> None:
    for schedule, handle, by, wanted in DRAGS:
        follow(playground, f"show={schedule}")
        expect(playground.locator(".lab-card")).to_have_count(1)
        expect(playground.locator(".lab-kind").first).to_have_value(schedule.partition("(")[0])
        drag(playground, handle, by)
        assert re.search(wanted, link_of(playground))
        playground.get_by_role("button", name="Undo").click()
        assert link_of(playground) == f"#lab&show={schedule}"


@pytest.mark.slow
def test_a_beginning_that_is_typed_counts_when_it_has_been_typed(playground: Page) -> None:
    playground.get_by_role("combobox", name="Begin with").focus()
    playground.keyboard.type("Late", delay=50)  # the first letter is that of another one, too
    expect(playground.locator(".lab-readout tbody tr").first).to_contain_text("linear")
    playground.get_by_role("button", name="Undo").click()
    expect(playground.locator(".lab-readout tbody tr").first).to_contain_text("cosine")


@pytest.mark.slow
def test_every_lab_offers_something_to_begin_with(playground: Page) -> None:
    problems = problems_of(playground, "file:")
    begin = playground.get_by_role("combobox", name="Begin with")
    names = begin.locator("option").all_inner_texts()[1:]
    assert len(names) >= 5
    for name in names:
        begin.select_option(name)
        expect(message(playground)).to_have_text("")
        settled(playground)
        assert playground.locator(".lab-card").count() >= 2
        assert playground.evaluate(ODD) == 0
    assert problems == []


@pytest.mark.slow
def test_numbers_and_drawing_can_be_saved(playground: Page) -> None:
    with playground.expect_download() as saved:
        playground.get_by_role("button", name="Save CSV").click()
    rows = list(csv.reader(io.StringIO(saved.value.path().read_text(encoding="utf-8"))))
    assert rows[0][:3] == ["update", "cosine: rate", "cosine: expected loss"]
    assert len(rows) == 782
    model = NoisyQuadratic(np.geomspace(1, 0.01, 20), 0.1 * np.geomspace(1, 0.01, 20))
    schedule = CosineDecay(0.4, 780)
    np.testing.assert_allclose([float(row[1]) for row in rows[1:-1]], schedule.table(780))
    loss = model.expected_loss(schedule, 780)
    np.testing.assert_allclose([float(row[2]) for row in rows[1:]], loss, 1e-9)
    with playground.expect_download() as saved:
        playground.get_by_role("button", name="Save SVG").click()
    drawing = ET.fromstring(saved.value.path().read_text(encoding="utf-8"))
    curves = [e for e in drawing.iter() if "lab-curve" in e.get("class", "")]
    assert len(curves) == 6
    assert all("stroke:rgb" in curve.get("style", "") for curve in curves)


# ---- Views -------------------------------------------------------------------


@pytest.mark.slow
def test_the_loss_by_peak_shows_each_schedules_best(playground: Page) -> None:
    playground.get_by_role("radio", name="loss by peak").check()
    curvatures = np.geomspace(1, 0.01, 20)
    model = NoisyQuadratic(curvatures, 0.1 * curvatures)
    peaks = 10 ** np.linspace(-3, 1, 41)
    rows = playground.locator(".lab-readout tbody tr")
    for row, shape in zip(rows.all()[:2], (CosineDecay(1, 780), StepDecay(1, 195, gamma=0.4)),
                          strict=True):  # fmt: skip
        losses = np.array([
            model.expected_loss(Product([Constant(p), shape]), 780)[-1] for p in peaks
        ])  # fmt: skip
        best = int(losses.argmin())
        fine = peaks[losses <= 2 * losses[best]]
        cells = row.locator("td").all_inner_texts()
        assert float(cells[1]) == pytest.approx(peaks[best], rel=0.01)
        assert [float(x) for x in cells[2].split(" to ")] == pytest.approx(
            fine[[0, -1]], rel=0.01
        )
    plot = playground.get_by_role("slider", name="Loss at the end")
    plot.press("Home")
    expect(playground.locator(".lab-readout thead b")).to_have_text("0.001")


def test_the_ravine_is_sgd_with_numpys_numbers(module: Page) -> None:
    schedule, momentum, noise, condition = LinearDecay(0.8, 60), 0.5, 0.1, 50.0
    found = module.evaluate(
        """([config, model]) => {
          const { steep, flat } = lab.ravinePath(lab.table(config, 60), model);
          return [[...steep], [...flat]];
        }""",
        [schedule.config(), {"momentum": momentum, "noise": noise, "condition": condition}],
    )
    uniform = np.random.default_rng([0, 0]).random
    h, w, v = np.array([1, 1 / condition]), np.ones(2), np.zeros(2)
    path = [w]
    for t in range(60):
        xi = []
        for _ in range(2):
            first, second = uniform(2)
            xi.append(math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second))
        v = momentum * v + h * w + np.sqrt(noise * h) * xi
        w = w - schedule(t) * v
        path.append(w)
    np.testing.assert_allclose(np.transpose(found), path, 1e-9)


@pytest.mark.slow
def test_the_ravine_is_played_paused_and_stepped(playground: Page) -> None:
    playground.get_by_role("radio", name="ravine").check()
    at = playground.locator(".lab-readout b")
    playground.get_by_role("button", name="To the start").click()
    expect(at).to_have_text("0")
    playground.get_by_role("button", name="One update on").click()
    expect(at).to_have_text("1")
    playground.get_by_role("button", name="Play").click()
    expect(at).not_to_have_text("1")
    playground.get_by_role("button", name="Pause").click()
    stopped = at.inner_text()
    settled(playground)
    expect(at).to_have_text(stopped)
    plot = playground.get_by_role("slider", name="Ravine")
    plot.press("End")
    expect(at).to_have_text("779")
    expect(plot).to_have_attribute("aria-valuetext", re.compile("cosine .* in the steep"))
    expect(playground.locator(".lab-trail")).to_have_count(3)
    playground.get_by_role("slider", name="Learning rate").hover(position={"x": 50, "y": 60})
    expect(at).to_have_text("0")


@pytest.mark.slow
def test_who_wants_no_motion_sees_the_finished_path(playground: Page) -> None:
    playground.emulate_media(reduced_motion="reduce")
    playground.get_by_role("radio", name="ravine").check()
    playground.get_by_role("button", name="Play").click()
    expect(playground.locator(".lab-readout b")).to_have_text("779")


@pytest.mark.slow
def test_axe_finds_nothing_in_any_view(playground: Page) -> None:
    playground.locator(".lab-kind").first.select_option("Formula")
    box = playground.locator(".lab-formula input")
    box.fill("peak * (1 + t")
    faded(playground)
    # A theme is colors: in the dark, only what depends on them is looked at again.
    for (theme, rules), view in product((("light", {}), ("dark", {"runOnly": COLORS})), VIEWS):
        playground.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        playground.get_by_role("radio", name=view).check()
        settled(playground)
        run = Axe().run(playground, ".schedule-lab", {"resultTypes": ["violations"], **rules})
        found = [(one["id"], one["nodes"][0]["html"]) for one in run.response["violations"]]
        assert found == [], (theme, view)
