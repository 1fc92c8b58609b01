"""The committed results as the chapters ask for them."""

import pytest

from d2lsched import study
from experiments.first_edition import SEEDS, SETTINGS, read


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_outcomes_are_the_rows_of_the_file(setting):
    table = read()
    final = table[(table["stage"] == "final") & (table["framework"] == setting.framework)]
    final = final[(final["model"] == setting.model) & (final["epochs"] == setting.epochs)]
    final = final[final["optimizer"] == setting.optimizer]
    for name in setting.names:
        found = study.outcomes(
            name, epochs=setting.epochs, model=setting.model,
            optimizer=setting.optimizer, framework=setting.framework,
        )  # fmt: skip
        rows = final[final["name"] == name]
        assert found.to_dict() == dict(zip(rows["seed"], rows["test_accuracy"], strict=True))
        assert set(found.index) == set(SEEDS)


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("Cosine", {"epochs": 3}, "no schedule 'Cosine'.*'CosineDecay'"),
        ("CosineDecay", {"epochs": 4}, r"epochs = 4: \[1, 3, 10, 30\]"),
        ("CosineDecay", {"epochs": 3, "optimizer": "lion"}, "optimizer = 'lion'.*adam"),
        ("CosineDecay", {"epochs": 3, "value": "loss"}, "no column 'loss'.*validation_loss"),
        ("CosineDecay", {"epochs": 3, "model": "lenet"}, "framework = 'jax'.*torch"),
    ],
)
def test_what_the_study_lacks_is_named_with_what_it_has(name, asked, message):
    with pytest.raises(LookupError, match=message):
        study.outcomes(name, **asked)


def test_the_search_is_that_which_chose_the_rate():
    for epochs in (1, 3, 10, 30):
        tried = study.search("OneCycle", epochs=epochs)
        assert [len(accuracies) for accuracies in tried.values()] == [4] * 6
        best = max(tried, key=lambda lr: sum(tried[lr]))
        final = study.runs(epochs=epochs)
        assert set(final[final["name"] == "OneCycle"]["lr"]) == {best}
    with pytest.raises(LookupError, match="no schedule 'one-cycle'"):
        study.search("one-cycle", epochs=3)
