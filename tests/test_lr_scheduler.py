"""torch schedulers that follow ours: resumed in any order, with groups that come and go."""

import itertools
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from test_native import CURVE, _optimizer, _steps, _through_a_file
from torch.optim import lr_scheduler

from d2lsched import (
    Constant,
    CosineDecay,
    LinearDecay,
    OneCycle,
    Piecewise,
    ReduceOnPlateau,
    StepDecay,
    Warmup,
)
from d2lsched.torch import native

LONGER = Warmup(CosineDecay(0.1, 90, 0.001), 10)


def _rates(optimizer: torch.optim.Optimizer) -> list[float]:
    return [float(group["lr"]) for group in optimizer.param_groups]


# --- resuming

ORDERS = ("optimizer native scheduler", "native optimizer scheduler",
          "native scheduler optimizer")  # fmt: skip


def _resumed(order: str, make: Callable[..., Any], saved: Any, rates: tuple[float, ...]) -> Any:
    optimizer, scheduler = _optimizer(*rates), None
    for what in order.split():
        if what == "native":
            scheduler = make(optimizer)
        elif what == "optimizer":
            optimizer.load_state_dict(saved[0])
        else:
            scheduler.load_state_dict(saved[1])
    return optimizer, scheduler


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("rates", [(1.0,), (0.2, 0.02)])
@pytest.mark.parametrize("stop", [0, 7, 30])
@pytest.mark.parametrize("then", [CURVE, LONGER], ids=["same", "longer"])
def test_a_run_goes_on_at_its_next_rate_in_whatever_order_its_parts_are_loaded(
    order, rates, stop, then
):
    optimizer = _optimizer(*rates)
    scheduler = native(CURVE, optimizer)
    _steps(optimizer, scheduler, stop)
    saved = _through_a_file((optimizer.state_dict(), scheduler.state_dict()))
    with warnings.catch_warnings():
        warnings.simplefilter("error" if then == CURVE else "ignore")
        optimizer, scheduler = _resumed(order, lambda o: native(then, o), saved, rates)
    found = np.array(_steps(optimizer, scheduler, 20))  # asserts what get_last_lr says, too
    expected = then.table(stop + 20)[stop:, None] * np.divide(rates, rates[0])
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_a_state_saved_with_another_schedule_says_so():
    optimizer = _optimizer()
    scheduler = native(CURVE, optimizer)
    _steps(optimizer, scheduler, 3)
    other = native(LONGER, _optimizer())
    with pytest.warns(UserWarning, match=r"saved with Warmup\(.*40.*; Warmup\(.*90.*3 steps"):
        other.load_state_dict(scheduler.state_dict())
    other.load_state_dict({"last_epoch": 5, "base_lrs": [7.0]})  # as version 0.1 saved it
    assert _rates(other.optimizer) == other.get_last_lr() == [LONGER(5)]
    assert other.base_lrs == [1.0]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("stop", [0, 3, 5, 11])
@pytest.mark.parametrize("first", [Constant(0.7), Constant(CURVE(0))])
def test_within_torchs_sequential_lr_the_part_in_force_sets_the_rates(order, stop, first):
    def sequence(optimizer: torch.optim.Optimizer) -> lr_scheduler.SequentialLR:
        parts = [native(schedule, optimizer) for schedule in (first, CURVE)]
        return lr_scheduler.SequentialLR(optimizer, parts, [5])

    optimizer = _optimizer()
    scheduler = sequence(optimizer)
    before = _steps(optimizer, scheduler, stop)
    saved = _through_a_file((optimizer.state_dict(), scheduler.state_dict()))
    optimizer, scheduler = _resumed(order, sequence, saved, (1.0,))
    found = before + _steps(optimizer, scheduler, 20 - stop)
    assert found == [[first(0)]] * 5 + CURVE.table(15)[:, None].tolist()


def test_rates_that_another_scheduler_has_set_are_left_alone():
    optimizer = _optimizer()
    scheduler = native(CURVE, optimizer)
    optimizer.param_groups[0]["lr"] = 0.123
    optimizer.load_state_dict(optimizer.state_dict())
    assert _rates(optimizer) == [0.123]
    optimizer.step()
    scheduler.step()
    optimizer.load_state_dict({**optimizer.state_dict()})
    assert _rates(optimizer) == [CURVE(1)]


# --- groups that come and go


def _weight() -> torch.nn.Parameter:
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    weight.grad = torch.ones(1, dtype=torch.float64)
    return weight


@pytest.mark.parametrize("seed", range(6))
def test_groups_are_added_and_removed_as_with_torchs_step_lr(seed):
    rng, gamma = random.Random(seed), 0.5
    optimizers = [_optimizer(0.4, 0.02) for _ in range(2)]
    ours = native(StepDecay(0.4, 3, gamma), optimizers[0])
    theirs = lr_scheduler.StepLR(optimizers[1], 3, gamma)
    for _ in range(20):
        change, rate = rng.random(), rng.uniform(0.01, 1)
        for optimizer in optimizers:
            if change < 0.25:
                optimizer.add_param_group({"params": [_weight()], "lr": rate})
            elif change < 0.4 and len(optimizer.param_groups) > 1:
                del optimizer.param_groups[int(100 * rate) % len(optimizer.param_groups)]
        assert _rates(optimizers[0]) == pytest.approx(_rates(optimizers[1]), rel=1e-12)
        for optimizer, scheduler in zip(optimizers, (ours, theirs), strict=True):
            optimizer.step()
            scheduler.step()
        assert ours.get_last_lr() == _rates(optimizers[0])


def test_an_added_group_is_resumed_with_its_own_ratio():
    def begun() -> tuple[torch.optim.Optimizer, Any]:
        optimizer = _optimizer(0.1)
        return optimizer, native(CURVE, optimizer)

    optimizer, scheduler = begun()
    _steps(optimizer, scheduler, 12)
    optimizer.add_param_group({"params": [_weight()], "lr": CURVE(12) / 10})
    optimizer.step()
    scheduler.step()
    _steps(optimizer, scheduler, 4)
    saved = _through_a_file((optimizer.state_dict(), scheduler.state_dict()))
    optimizer, scheduler = begun()
    optimizer.add_param_group({"params": [_weight()], "lr": 9.0})
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(saved[1])
    assert _rates(optimizer) == pytest.approx([CURVE(17), CURVE(17) / 10], rel=1e-12)


def test_a_group_added_while_the_rate_is_zero_needs_an_initial_rate():
    optimizer = _optimizer(0.1)
    scheduler = native(CURVE, optimizer)  # a warmup from 0
    optimizer.add_param_group({"params": [_weight()], "lr": 0.01})
    optimizer.step()
    with pytest.raises(ValueError, match=r"the lr in force = 0\.0 is not.*set initial_lr of"):
        scheduler.step()
    optimizer = _optimizer(0.1)
    scheduler = native(CURVE, optimizer)
    optimizer.add_param_group({"params": [_weight()], "lr": 0.01, "initial_lr": 0.01})
    optimizer.step()
    scheduler.step()
    assert _rates(optimizer) == pytest.approx([CURVE(1), CURVE(1) / 10], rel=1e-12)


def test_each_group_can_have_a_schedule_of_its_own():
    schedules = [CURVE, LinearDecay(0.3, 30), Constant(0.01)]
    optimizer = _optimizer(1.0, 0.0, 5.0)
    found = _steps(optimizer, native(schedules, optimizer), 30)
    assert found == np.stack([schedule.table(30) for schedule in schedules], axis=1).tolist()


def test_more_or_fewer_schedules_than_groups_are_refused_with_the_way_out():
    for schedules in ([CURVE], [CURVE] * 3):
        with pytest.raises(ValueError, match=r"^the number of parameter groups = 2 is not"):
            native(schedules, _optimizer(0.1, 0.2))
    optimizer = _optimizer(0.1, 0.2)
    scheduler = native([CURVE, LONGER], optimizer)
    optimizer.add_param_group({"params": [_weight()], "lr": 0.01})
    optimizer.step()
    with pytest.raises(
        ValueError, match=r"groups = 3 is not.*append .* to scheduler\.schedule"
    ):
        scheduler.step()
    scheduler.schedule.append(Constant(0.5))
    scheduler.step()
    assert _rates(optimizer)[2] == 0.5


def test_a_schedule_for_each_group_gives_torchs_absolute_floor():
    ours, theirs = (_optimizer(0.4, 0.02) for _ in range(2))
    floored = [CosineDecay(group["lr"], 30, end_lr=0.01) for group in ours.param_groups]
    found = _steps(ours, native(floored, ours), 31)
    expected = _steps(theirs, lr_scheduler.CosineAnnealingLR(theirs, 30, eta_min=0.01), 31)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found[-1] == [0.01, 0.01]
    scaled = _optimizer(0.4, 0.02)  # one schedule for all: floors keep the ratio, too
    last = _steps(scaled, native(CosineDecay(0.4, 30, end_lr=0.01), scaled), 31)[-1]
    assert last == pytest.approx([0.01, 0.0005])


# --- momentum and weight decay


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.RMSprop, torch.optim.AdamW])
def test_momentum_follows_a_schedule_as_in_torchs_one_cycle(kind):
    steps, peak = 20, 5  # torch's rise ends at pct · steps − 1
    cycle = Piecewise([(0, 0.95), (peak, 0.85), (steps - 1, 0.95)])
    rate = OneCycle(0.4, steps, 0.3, anneal="linear")
    ours, theirs = (
        kind([_weight()], lr=0.1, **({} if kind is torch.optim.AdamW else {"momentum": 0.9}))
        for _ in range(2)
    )
    schedulers = (
        native(rate, ours, momentum=cycle),
        lr_scheduler.OneCycleLR(theirs, 0.4, steps, pct_start=0.3, anneal_strategy="linear"),
    )
    for t in range(steps):
        for name in ("lr", "momentum", "betas"):
            found, expected = (o.param_groups[0].get(name) for o in (ours, theirs))
            if expected is not None:
                assert found == pytest.approx(expected, rel=1e-12), (t, name)
        if t < steps - 1:
            for optimizer, scheduler in zip((ours, theirs), schedulers, strict=True):
                optimizer.step()
                scheduler.step()


def test_weight_decay_follows_a_schedule_and_groups_keep_their_ratio():
    groups = [{"params": [_weight()], "weight_decay": d} for d in (0.1, 0.0, 0.2)]
    optimizer = torch.optim.AdamW(groups, lr=0.1)
    decay = CosineDecay(0.3, 10)
    scheduler = native(Constant(0.1), optimizer, weight_decay=decay)
    for t in range(12):
        found = [group["weight_decay"] for group in optimizer.param_groups]
        assert found == pytest.approx([decay(t), 0, 2 * decay(t)], rel=1e-12)
        optimizer.step()
        scheduler.step()


def test_the_weight_decay_of_an_added_group_keeps_its_ratio_to_the_one_in_force():
    optimizer = torch.optim.AdamW([_weight()], lr=0.1, weight_decay=0.1)
    decay = CosineDecay(0.3, 10)
    scheduler = native(Constant(0.1), optimizer, weight_decay=decay)
    for t in range(8):
        if t == 3:
            optimizer.add_param_group({"params": [_weight()], "weight_decay": decay(3) / 2})
        found = [group["weight_decay"] for group in optimizer.param_groups]
        assert found == pytest.approx([decay(t), decay(t) / 2][: len(found)], rel=1e-12)
        optimizer.step()
        scheduler.step()


def test_momentum_is_any_function_below_one_and_comes_back_with_the_state():
    optimizer = torch.optim.SGD([_weight()], lr=0.1, momentum=0.9)
    scheduler = native(Constant(0.1), optimizer, momentum=lambda t: 0.9 + t / 100)
    assert optimizer.param_groups[0]["momentum"] == 0.9
    for _ in range(4):
        optimizer.step()
        scheduler.step()
    fresh = torch.optim.SGD([_weight()], lr=0.1, momentum=0.5)
    again = native(Constant(0.1), fresh, momentum=lambda t: 0.9 + t / 100)
    again.load_state_dict(scheduler.state_dict())
    assert fresh.param_groups[0]["momentum"] == pytest.approx(0.94)
    again.last_epoch = 9
    fresh.step()
    with pytest.raises(ValueError, match=r"momentum at update 10 = 1\.0 is not allowed"):
        again.step()


def test_an_optimizer_without_momentum_or_decay_is_named():
    optimizer = torch.optim.Adagrad([_weight()])
    with pytest.raises(
        ValueError, match=r"momentum = .* must be None: Adagrad has no momentum"
    ):
        native(CURVE, optimizer, momentum=Constant(0.9))
    optimizer = torch.optim.LBFGS([_weight()])
    with pytest.raises(ValueError, match=r"weight_decay = .*LBFGS has no weight_decay"):
        native(CURVE, optimizer, weight_decay=Constant(0.1))


# --- ReduceOnPlateau

METRICS = [
    1.0,
    0.9,
    0.95,
    0.91,
    0.93,
    float("nan"),
    0.5,
    0.6,
    0.6,
    0.6,
    0.55,
    0.7,
    0.4,
    0.4,
    0.4,
]


def test_a_plateau_drives_torch_as_torchs_own_does():
    settings = {"factor": 0.5, "patience": 1, "cooldown": 1, "threshold": 0.01}
    ours, theirs = (_optimizer(0.4, 0.02) for _ in range(2))
    scheduler = native(ReduceOnPlateau(0.4, **settings), ours)
    assert isinstance(scheduler, lr_scheduler.ReduceLROnPlateau)  # by which clients know it
    other = lr_scheduler.ReduceLROnPlateau(theirs, **settings)
    for metric in METRICS:
        scheduler.step(torch.tensor(metric))
        other.step(metric)
        assert _rates(ours) == pytest.approx(_rates(theirs), rel=1e-12)
        assert scheduler.get_last_lr() == _rates(ours)
    assert _rates(ours)[0] < 0.1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("stop", range(0, len(METRICS), 3))
def test_a_plateau_resumes_from_a_file_in_any_order(order, stop):
    plateau = ReduceOnPlateau(0.4, factor=0.5, patience=1, cooldown=1)
    for rates in ((1.0,), (0.2, 0.02)):
        optimizer = _optimizer(*rates)
        scheduler, whole = native(plateau, optimizer), []
        for t, metric in enumerate(METRICS):
            if t == stop:
                saved = _through_a_file((optimizer.state_dict(), scheduler.state_dict()))
            whole.append(_rates(optimizer))
            scheduler.step(metric)
        optimizer, scheduler = _resumed(order, lambda o: native(plateau, o), saved, rates)
        for expected, metric in zip(whole[stop:], METRICS[stop:], strict=True):
            assert _rates(optimizer) == expected
            scheduler.step(metric)


def test_a_plateau_loaded_into_another_says_so_and_takes_no_momentum():
    begun = native(ReduceOnPlateau(0.4, patience=1), _optimizer())
    for metric in METRICS:
        begun.step(metric)
    fresh = native(ReduceOnPlateau(0.4, patience=5), _optimizer())
    with pytest.warns(UserWarning, match=r"saved with ReduceOnPlateau\(.*patience=1"):
        fresh.load_state_dict(begun.state_dict())
    assert _rates(fresh.optimizer) == _rates(begun.optimizer)
    assert begun.rule == native(ReduceOnPlateau(0.4, patience=1), _optimizer()).rule
    with pytest.raises(ValueError, match=r"momentum = .* must be None with a ReduceOnPlateau"):
        native(ReduceOnPlateau(0.4), _optimizer(), momentum=Constant(0.9))


@pytest.mark.parametrize("value", [0.1, None, "cosine", Constant, abs, [CURVE, 0.1], [0.1]])
def test_what_is_no_schedule_is_refused_at_once_with_what_is_taken(value):
    with pytest.raises(ValueError, match=r"^schedule = .*must be a schedule, such as Constant"):
        native(value, _optimizer(0.1, 0.2))


def test_what_is_no_optimizer_is_refused():
    with pytest.raises(TypeError, match="is not an Optimizer"):
        native(CURVE, torch.nn.Linear(1, 1))


# --- torch.compile


@pytest.mark.slow
def test_schedules_compile_whole_in_torch():
    from test_native import KINDS_AND_SCHEDULES

    for kind, schedule in KINDS_AND_SCHEDULES.items():
        torch.compiler.reset()
        compiled = torch.compile(lambda t, w, s=schedule: w - s(t) * w, fullgraph=True,
                                 backend="aot_eager")  # fmt: skip
        for t in (0, 7, 39):
            weight = torch.ones(3, dtype=torch.bfloat16)
            after = compiled(torch.tensor(t), weight)
            assert after.dtype == torch.bfloat16, kind
            bare = weight - schedule(torch.tensor(t)) * weight
            np.testing.assert_allclose(after.float(), bare.float(), atol=0.02)


def test_orders_are_all_that_there_are():
    parts = ("native", "optimizer", "scheduler")
    possible = {" ".join(order) for order in itertools.permutations(parts)
                if order.index("native") < order.index("scheduler")}  # fmt: skip
    assert possible == {*ORDERS}
