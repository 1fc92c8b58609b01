"""The study's code: its runs are those of `train`, whatever interrupts it."""

import importlib
from dataclasses import dataclass

import numpy as np
import pytest

from d2lsched.data import mnist
from experiments import comparison
from experiments.candidates import HOOKS, MAIN, Average, ScheduleFree, candidates, peak
from experiments.comparison import SETTINGS, Setting, executed, heldout, trained


@dataclass(frozen=True)
class Small(Setting):
    """A setting with two seeds."""

    seeds = range(2)


MLP = Small("mlp", "sgd", 10_000, 1)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_candidates_peak_at_their_peak_and_are_no_doubles(setting):
    n, curves = setting.updates, {}
    for name, make in candidates(n, setting.epochs).items():
        if name != "ReduceOnPlateau":
            curves[name] = make(0.1).table(n)
            assert curves[name].max() == pytest.approx(0.1, rel=0.03), name
            assert make(0.1).peak == 0.1
    for name in HOOKS:  # which are told apart by their weights
        del curves[name]
    names = list(curves)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert np.abs(curves[a] - curves[b]).mean() > 0.002, (a, b)
    assert ("ReduceOnPlateau" in candidates(n, setting.epochs)) == (setting.epochs >= 10)
    assert set(MAIN) <= set(candidates(n, setting.epochs))


def test_no_run_has_seen_a_held_out_image():
    every = mnist(55_000, 5_000)
    for images in (10_000, 50_000):
        split = heldout(images)
        assert len(split) == 65_000 - images
        np.testing.assert_array_equal(split.images[:-10_000], every.train.images[images:])
        np.testing.assert_array_equal(split.labels[-10_000:], every.test.labels)


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["mlp-sgd-10000x1", "mlp-adam-10000x1"])
def test_a_run_of_the_study_is_a_run_of_train(setting):
    setting = Small(*Setting.named(setting).__dict__.values())
    module = importlib.import_module(f"d2lsched.{setting.framework}")
    chunk = executed(setting, "OneCycle", peak(-8))
    for seed in (0, 1):
        found = module.train(
            candidates(78, 1)["OneCycle"](peak(-8)), optimizer=setting.optimizer,
            epochs=1, seed=seed, data=mnist(),
        )  # fmt: skip
        row = {key: column[seed] for key, column in chunk.items()}
        assert row["seed"] == seed
        # the same program on the same machine; evaluated in other parts, so rounded otherwise
        assert row["validation_accuracy"] == pytest.approx(found.validation_accuracy[-1])
        assert row["validation_loss"] == pytest.approx(found.validation_loss[-1], rel=1e-5)
        assert row["train_accuracy"] == found.train_accuracy[-1]
        assert abs(row["test_accuracy"] - found.test_accuracy) < 1.5e-4
        right = np.unpackbits(row["right"], count=55_000)
        assert right.mean() == pytest.approx(row["heldout_accuracy"])
        assert right[-10_000:].mean() == pytest.approx(row["test_accuracy"])


class Recorded:
    """A hook that passes on to another and keeps the weights it was given, update by update."""

    def __init__(self, hook):
        self.hook, self.before = hook, []

    def __call__(self, state, history):
        self.before.append([np.array(w) for w in state.weights])
        self.hook(state, history)

    @property
    def weights(self):
        return self.hook.weights


@pytest.mark.slow
def test_the_average_is_tensorflows(monkeypatch):
    tf = importlib.import_module("tensorflow")
    kept = []
    monkeypatch.setitem(
        HOOKS, "EMA", lambda w: kept.append((w, Recorded(Average(w)))) or kept[-1][1]
    )
    found = trained(MLP, "EMA", 0.2, seed=3)
    first, recorded = kept[0]
    variable, count = tf.Variable(first[2]), tf.Variable(0)
    average = tf.train.ExponentialMovingAverage(0.9999, num_updates=count)
    average.apply([variable])
    for update, weights in enumerate(recorded.before, 1):
        variable.assign(weights[2])
        count.assign(update)
        average.apply([variable])
    assert len(recorded.before) == 78
    expected = average.average(variable).numpy()
    np.testing.assert_allclose(found.state.weights[2], expected, rtol=0, atol=1e-5)
    # the run itself is the constant rate's
    constant = trained(MLP, "Constant", 0.2, seed=3)
    np.testing.assert_allclose(found.loss, constant.loss, rtol=0, atol=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_schedule_free_is_its_authors(optimizer):
    torch = importlib.import_module("torch")
    schedulefree = importlib.import_module("schedulefree")
    twin = importlib.import_module("d2lsched.torch")
    setting = Small("mlp", optimizer, 10_000, 1)
    rate = {"sgd": 1.0, "adam": 0.002}[optimizer]
    n, warm = 20, 78 // 20
    data = mnist(n * 128, 1, test=0)
    begin = [np.array(w) for w in twin.weights(twin.init(seed=4))]
    hook = ScheduleFree(begin)
    module = importlib.import_module("d2lsched.jax")
    schedule = candidates(78, 1)["ScheduleFree"](rate)
    history = module.train(
        schedule,
        optimizer=optimizer,
        momentum=0.0,
        epochs=1,
        seed=4,
        data=data,
        after_update=hook,
    )
    state = twin.init(seed=4)
    kind = {"sgd": schedulefree.SGDScheduleFree, "adam": schedulefree.AdamWScheduleFree}
    theirs = kind[optimizer](state.weights.parameters(), lr=rate, warmup_steps=warm)
    theirs.train()
    images, labels = twin.tensors(data.train)
    order = importlib.import_module("d2lsched.run").batch_order(4, 0, n * 128, 128)
    for i, batch in enumerate(order):
        loss = torch.nn.functional.cross_entropy(state.weights(images[batch]), labels[batch])
        assert loss.item() == pytest.approx(history.loss[i], abs=1e-3)
        theirs.zero_grad()
        loss.backward()
        theirs.step()
    theirs.eval()
    for ours, other in zip(hook.weights, twin.weights(state), strict=True):
        np.testing.assert_allclose(ours, other, rtol=0, atol=2e-4)
    assert setting.framework == "jax"


def test_the_window_widens_until_the_best_is_inside(monkeypatch, tmp_path):
    monkeypatch.setattr(comparison, "RUNS", tmp_path)
    setting = SETTINGS[0]
    top, center = 1, -5  # the best step, and where CosineDecay's window begins

    def run(step):
        path = comparison.stored(setting, "CosineDecay", step)
        path.parent.mkdir(exist_ok=True)
        np.savez(path, validation_accuracy=np.array([0.9, 0.92]) - (step - top) ** 2 / 1000)

    assert comparison.wanted(setting, "CosineDecay") == list(range(center - 3, center + 4))
    while steps := comparison.wanted(setting, "CosineDecay"):
        for step in steps:
            run(step)
    assert list(comparison.done(setting, "CosineDecay")) == list(range(center - 3, top + 3))


@pytest.mark.slow
def test_an_interrupted_setting_goes_on(monkeypatch, tmp_path):
    monkeypatch.setattr(comparison, "RUNS", tmp_path)
    monkeypatch.setattr(comparison, "WINDOW", {"mlp": 0})
    monkeypatch.setattr(comparison, "EDGE", 0)
    names = ("LinearDecay", "EMA")
    comparison.run(MLP, 1, names[:1])
    first = comparison.stored(MLP, "LinearDecay", -5)
    stamp, kept = first.stat().st_mtime_ns, dict(np.load(first))
    first.with_name("EMA@-7.part.npz").write_bytes(b"cut off")
    comparison.run(MLP, 1, names)
    assert first.stat().st_mtime_ns == stamp
    assert [list(comparison.done(MLP, name)) for name in names] == [[-5], [-7]]
    assert set(kept) == {*comparison.COLUMNS[6:], "right", "cpu_seconds", "versions"}
