"""Predict, then reveal: answers stay folded until one is chosen, and the choice is marked."""

import pytest
from conftest import eventually
from playwright.sync_api import expect


@pytest.mark.slow
def test_a_prediction_is_made_and_answered_by_keyboard_alone(book, tab):
    tab.goto((book / "chapters/decay/cosine.html").as_uri())
    box = tab.locator(".predict").first
    answers = box.locator("details")
    expect(answers).to_have_count(3)
    for answer in answers.all():
        expect(answer.get_by_text("points.")).to_be_hidden()

    summary = box.locator("summary")
    summary.nth(1).focus()
    tab.keyboard.press("Enter")
    expect(answers.nth(1).get_by_text("points.")).to_be_visible()
    mark = box.get_by_role("status")
    expect(summary.nth(1)).to_contain_text("your prediction")
    summary.nth(2).focus()
    tab.keyboard.press("Enter")  # a look at the others is no second prediction
    expect(answers.nth(2).get_by_text("points.")).to_be_visible()
    expect(mark).to_have_count(1)
    expect(summary.nth(2)).not_to_contain_text("your prediction")
    stored = "Object.keys(localStorage).filter(key => key.includes('predict'))"
    eventually(lambda: tab.evaluate(stored), [])
