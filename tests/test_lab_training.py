"""Training in the page: NumPy's random numbers and losses, and the button in a real browser."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import eventually, problems_of
from lab_pages import opened, run_module
from playwright.sync_api import Browser, Page, expect

from d2lsched import CosineDecay, StepDecay
from d2lsched import numpy as d2l
from d2lsched.run import batch_order, first_weights
from d2lsched.statistics import mean
from d2lsched.widgets.images import TRAIN, VALIDATION, packed

SEEDS = 1_000


@pytest.fixture(scope="module")
def network(browser: Browser) -> Iterator[Page]:
    """Return an empty page with the functions of the network as ``lab``."""
    page = browser.new_page()
    yield run_module(page, "network")
    page.close()


def checksum(values: np.ndarray) -> int:
    """A number that changes with any bit of any value, and with their order."""
    bits = values.reshape(-1).view(np.uint32)
    factors = (2 * np.arange(len(bits), dtype=np.uint32) + 1) * np.uint32(2654435761)
    return int((bits * factors).sum(dtype=np.uint32))


@pytest.mark.slow
def test_weights_and_order_are_numpys_own_for_a_thousand_seeds(network: Page) -> None:
    rng = random.Random(2_026)
    cases = [
        (rng.choice([rng.randrange(10), rng.randrange(2**32), rng.randrange(2**53)]),
         rng.randrange(50), rng.randrange(129, 10_001))
        for _ in range(SEEDS)
    ]  # fmt: skip
    theirs = network.evaluate(
        """(cases) => {
          const checksum = ({ buffer, byteOffset, length }) =>
            new Uint32Array(buffer, byteOffset, length).reduce((sum, bits, i) =>
              (sum + Math.imul(bits, Math.imul(2 * i + 1, 2654435761))) >>> 0, 0);
          return cases.map(([seed, epoch, images]) => {
            const [w1, b1, w2, b2] = lab.firstWeights(seed);
            return [w1, b1, w2, b2, lab.batchOrder(seed, epoch, images)].map(checksum);
          });
        }""",
        cases,
    )
    for (seed, epoch, images), found in zip(cases, theirs, strict=True):
        order = batch_order(seed, epoch, images, 128).astype(np.int32)
        assert found == [checksum(x) for x in (*first_weights("mlp", seed), order)], seed


@pytest.mark.parametrize("seeds", [[0], [7, 0], [2**32 - 1, 2**32], [1, 2, 3, 4, 5, 6]])
def test_the_generator_is_numpys(network: Page, seeds: list[int]) -> None:
    found = network.evaluate(
        """(seeds) => {
          const generator = new lab.Generator(seeds);
          return [...Array(50)].map(() => generator.random());
        }""",
        seeds,
    )
    assert found == np.random.default_rng(seeds).random(50).tolist()


RUN = """async ([packed, train, validation, settings]) => {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const run = new lab.Run(settings, await lab.unpacked(bytes, train, validation));
  const losses = [], epochs = [], start = performance.now();
  while (!run.done) {
    const part = run.advance(30);
    losses.push(...part.losses);
    if (part.epoch) epochs.push(part.epoch);
  }
  const speed = (losses.length * 128) / ((performance.now() - start) / 1000);
  return { losses, epochs, speed };
}"""


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "rate", "tolerance"), [
    ("sgd", 0.1, 1e-5), ("adam", 0.001, 1e-3),
])  # fmt: skip
def test_losses_are_those_of_numpy(
    network: Page, optimizer: str, rate: float, tolerance: float, record_property: Any
) -> None:
    schedule, momentum = CosineDecay(rate, 156), 0.9
    run = {"rates": schedule.table(156).tolist(), "momentum": momentum, "optimizer": optimizer,
           "seed": 3}  # fmt: skip
    images = base64.b64encode(packed()).decode()
    found = network.evaluate(RUN, [images, TRAIN, VALIDATION, run])
    ours = d2l.train(schedule, optimizer=optimizer, momentum=momentum, epochs=2, seed=3)
    apart = np.abs(np.subtract(found["losses"], ours.loss))
    record_property("images a second", round(found["speed"]))
    print(f"{optimizer}: {apart[:100].max():.1e} apart, {found['speed']:,.0f} images a second")
    assert apart[:100].max() <= tolerance
    assert len(found["losses"]) == len(ours.loss)
    for name, theirs in (("accuracy", ours.validation_accuracy),
                         ("validationLoss", ours.validation_loss),
                         ("trainAccuracy", ours.train_accuracy)):  # fmt: skip
        np.testing.assert_allclose([epoch[name] for epoch in found["epochs"]], theirs, 0, 5e-3)


@pytest.mark.slow
def test_a_run_that_diverges_ends_with_its_epoch(network: Page) -> None:
    images = base64.b64encode(packed()).decode()
    run = {"rates": [1e30] * 780, "momentum": 0, "optimizer": "sgd", "seed": 0}
    found = network.evaluate(RUN, [images, TRAIN, VALIDATION, run])
    assert len(found["losses"]) == 78
    assert d2l.train(1e30, momentum=0, epochs=2).diverged


# ---- The button --------------------------------------------------------------

TWO = "#lab&epochs=1&seeds=3&show=cosine:CosineDecay(0.2,78)&show=step:StepDecay(0.1,39)"


def train(page: Page) -> None:
    """Open the section if it is closed, and press the button."""
    button = page.get_by_role("button", name="Train", exact=True)
    if not button.is_visible():
        page.get_by_text("Train on MNIST").click()
    button.click()


@pytest.mark.slow
def test_two_schedules_with_three_seeds_are_trained_offline_from_a_folder(
    pages: Path, tab: Page
) -> None:
    tab.context.set_offline(True)
    problems = problems_of(tab, "file:")
    opened(tab, pages / "playground.html")
    tab.evaluate(f"location.hash = '{TWO}'")
    expect(tab.locator(".lab-card")).to_have_count(2)
    train(tab)
    stop = tab.get_by_role("button", name="Stop")
    stop.click()
    go = tab.get_by_role("button", name="Go on")
    tab.wait_for_timeout(500)  # parts that were under way come in
    stopped = tab.get_by_role("progressbar").get_attribute("value")
    tab.wait_for_timeout(500)
    assert tab.get_by_role("progressbar").get_attribute("value") == stopped
    go.click()
    expect(tab.locator(".lab-pictures canvas").first).to_be_visible(timeout=120_000)
    expect(go).to_be_hidden()
    expect(stop).to_be_hidden()

    expected = {}
    for name, schedule in (("cosine", CosineDecay(0.2, 78)), ("step", StepDecay(0.1, 39))):
        runs = [d2l.train(schedule, epochs=1, seed=seed) for seed in range(3)]
        expected[name] = runs
    rows = tab.locator(".lab-readout tbody tr")
    tab.get_by_role("radio", name="training loss").check()
    plot = tab.get_by_role("slider", name="Training loss")
    plot.focus()
    tab.keyboard.press("End")
    for row, (name, runs) in zip(rows.all(), expected.items(), strict=True):
        expect(row.locator("th")).to_contain_text(name)
        loss = np.mean([run.loss[-13:] for run in runs])
        assert float(row.locator("td").nth(1).inner_text()) == pytest.approx(loss, abs=1e-3)
        accuracy, half = map(
            float, re.findall(r"[\d.]+", row.locator("td").nth(2).inner_text())
        )
        theirs = mean([100 * run.validation_accuracy[-1] for run in runs])
        assert accuracy == pytest.approx(theirs.mean, abs=0.1)
        assert half == pytest.approx(theirs.high - theirs.mean, abs=0.2)
    picture = tab.locator(".lab-pictures canvas").first
    assert re.fullmatch(r"a \d taken for a \d", picture.get_attribute("aria-label") or "")
    print(tab.locator(".lab-train").inner_text())
    assert problems == []


@pytest.mark.slow
def test_a_chapter_offers_its_comparison_with_one_press(pages: Path, tab: Page) -> None:
    opened(tab, pages / "chapter.html")
    button = tab.get_by_role("button", name="Train in this page: CosineDecay, short")
    button.focus()
    tab.keyboard.press("Enter")
    first = tab.locator(".schedule-lab").first
    expect(first.get_by_role("radio", name="training loss")).to_be_checked()
    expect(first.locator(".lab-plot").first).to_be_in_viewport()
    expect(first.locator(".lab-train")).to_contain_text("images a second", timeout=60_000)
    expect(first.get_by_role("slider", name="Training loss")).to_have_attribute(
        "aria-valuetext", re.compile(r"short \d")
    )


@pytest.mark.slow
def test_images_that_are_not_there_are_named(pages: Path, tab: Page, tmp_path: Path) -> None:
    for name in ("playground.html", "_static/d2lsched-lab.js"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((pages / name).read_bytes())
    opened(tab, tmp_path / "playground.html")
    train(tab)
    said = tab.locator(".lab-message")
    expect(said).to_contain_text("d2lsched-images.js is not there")
    eventually(lambda: said.evaluate(IN_SIGHT), True)


IN_SIGHT = """(element) => {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}"""
