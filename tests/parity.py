"""Our schedules against the schedulers of torch, Keras, optax and scikit-learn, and of clients.

Each case names a scheduler of a library and ours, draws parameters, and makes both give
their rates: the library's scheduler is really stepped, or asked update by update. Where the
two differ, `explained` says what the library gives instead, so that the difference itself is
tested.

`python tests/parity.py` compares everything and prints how much that was;
`--table` prints the tables of the API page.
"""

from __future__ import annotations

import itertools
import math
import sys
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np

import d2lsched
from d2lsched import (
    BottouOptimal,
    Constant,
    CosineDecay,
    CosineRestarts,
    Cyclical,
    ExponentialDecay,
    FactorDecay,
    InverseScaling,
    InverseSqrtDecay,
    InverseTimeDecay,
    LinearDecay,
    MultiStepDecay,
    OneCycle,
    PerEpoch,
    Piecewise,
    PolynomialDecay,
    Product,
    ReduceOnPlateau,
    Schedule,
    Sequential,
    SquareRootDecay,
    StepDecay,
    Warmup,
    WarmupStableDecay,
)

Rng = np.random.Generator
Parameters = dict[str, Any]
Library = Literal["torch", "Keras", "optax", "scikit-learn", "Transformers", "ignite"]

N = 150  # updates compared: every horizon drawn below is shorter
TOLERANCE: dict[str, float] = {  # of the peak
    "torch": 1e-9,  # float64, but recursions that drift
    "Keras": 2e-6,  # float32
    "optax": 2e-6,  # float32
    "scikit-learn": 1e-9,  # float64, recovered from what the weights did
    "Transformers": 1e-9,  # float64, as all that follow
    "ignite": 1e-9,
}


class Pair(NamedTuple):
    """What our schedule and the library's gave to the same updates."""

    ours: np.ndarray
    theirs: np.ndarray
    peak: float
    explained: np.ndarray | None = None  # what theirs should be, where it differs from ours
    agree: np.ndarray | None = None  # the updates at which a differing one must not differ


@dataclass(frozen=True)
class Case:
    """A scheduler of a library, and ours."""

    library: Library
    name: str
    ours: str
    draw: Callable[[Rng], Parameters]
    make: Callable[..., Pair]
    how: str = ""
    verdict: Literal["same", "differs"] = "same"

    @property
    def id(self) -> str:
        return f"{self.library}-{self.name}-{self.ours}"

    def parameters(self, n: int) -> list[Parameters]:
        """The first n parameter sets: always the same ones."""
        rng = np.random.default_rng(zlib.crc32(self.id.encode()))
        return [self.draw(rng) for _ in range(n)]

    def error(self, **parameters: Any) -> tuple[int, float]:
        """How many values were compared, and the largest error as a share of the peak.

        AssertionError if it is too large, or if an asserted difference is not there.
        """
        pair = self.make(**parameters)
        allowed = TOLERANCE[self.library] * pair.peak
        expected = pair.ours if pair.explained is None else pair.explained
        assert pair.ours.shape == pair.theirs.shape == expected.shape
        off = np.abs(pair.theirs - expected)
        at = int(np.argmax(off))
        assert off[at] <= allowed, (
            f"{self.id} {parameters}: at t = {at} {pair.theirs[at]!r}, not {expected[at]!r}"
        )
        if self.verdict == "differs":
            differs = np.abs(pair.theirs - pair.ours) > allowed
            assert differs.any(), f"{self.id} {parameters}: no difference left"
            if pair.agree is not None:
                assert not differs[pair.agree].any(), f"{self.id} {parameters}: {differs}"
        return len(off), float(off[at] / pair.peak)


CASES: list[Case] = []


def case(
    library: Library,
    name: str,
    ours: type,
    draw: Callable[[Rng], Parameters],
    how: str = "",
    verdict: Literal["same", "differs"] = "same",
) -> Callable[[Callable[..., Pair]], Callable[..., Pair]]:
    """Put a function of the parameters, which makes a Pair, into the list."""

    def register(make: Callable[..., Pair]) -> Callable[..., Pair]:
        CASES.append(Case(library, name, ours.__name__, draw, make, how, verdict))
        return make

    return register


# --- what is drawn


def lr(rng: Rng) -> float:
    return float(10 ** rng.uniform(-3, 0.5))


def share(rng: Rng, low: float = 0.0, high: float = 1.0) -> float:
    return float(rng.uniform(low, high))


def count(rng: Rng, low: int = 1, high: int = 60) -> int:
    return int(rng.integers(low, high + 1))


def milestones(rng: Rng, parts: int = 6) -> list[int]:
    chosen = rng.choice(np.arange(1, 120), size=count(rng, 1, parts), replace=False)
    return sorted(int(m) for m in chosen)


def draw(**how: Callable[[Rng], Any]) -> Callable[[Rng], Parameters]:
    return lambda rng: {name: one(rng) for name, one in how.items()}


def pick(*choices: Any) -> Callable[[Rng], Any]:
    return lambda rng: choices[int(rng.integers(len(choices)))]


def metrics(rng: Rng, nan: float = 0.1) -> list[float]:
    """A positive metric that mostly falls, rests and rises, and sometimes is no number."""
    walk = np.cumsum(rng.choice([-0.1, -1e-5, 0.0, 1e-5, 0.1], size=N))
    values = np.where(rng.random(N) < nan, np.nan, np.exp(walk))
    return [float(value) for value in values]


def gamma(rng: Rng) -> float:
    return share(rng, 0.05, 0.97)


TIMES = np.arange(N)


# Compiled by TensorFlow or XLA, t / D with a constant D becomes t · (1 / D), which float32
# rounds to below the whole number that it should be, for these D and some others.
UNLUCKY = (41, 47, 55)


def late(D: int) -> np.ndarray:
    """Which updates a compiled ⌊t / D⌋ puts into the period before theirs."""
    product = TIMES.astype(np.float32) * (np.float32(1) / np.float32(D))
    return np.floor(product) < TIMES // D


def lucky(rng: Rng) -> int:
    """A length that compilers divide by correctly."""
    return int(rng.choice([D for D in range(1, 61) if not late(D).any()]))


# --- torch


def torch_rates(
    lr: float,
    factory: Callable[[Any], Any],
    n: int = N,
    arguments: Sequence[Any] | None = None,
    updates_per_step: int = 1,
) -> np.ndarray:
    """The rates that a torch optimizer uses while a scheduler is stepped."""
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler, rates = factory(optimizer), []
    for t in range(n):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if t + 1 < n and (t + 1) % updates_per_step == 0:
            scheduler.step(*(() if arguments is None else (arguments[t],)))
    return np.array(rates)


def torch_pair(ours: Schedule, lr: float, name: str, n: int = N, **settings: Any) -> Pair:
    import torch

    kind = getattr(torch.optim.lr_scheduler, name)
    theirs = torch_rates(lr, lambda optimizer: kind(optimizer, **settings), n)
    return Pair(ours.table(n), theirs, ours.peak)


@case("torch", "ConstantLR", Constant, draw(lr=lr), "with factor=1")
def _(lr: float) -> Pair:
    return torch_pair(Constant(lr), lr, "ConstantLR", factor=1.0)


@case("torch", "StepLR", StepDecay, draw(lr=lr, s=count, g=gamma))
def _(lr: float, s: int, g: float) -> Pair:
    return torch_pair(StepDecay(lr, s, g), lr, "StepLR", step_size=s, gamma=g)


@case("torch", "MultiStepLR", MultiStepDecay, draw(lr=lr, at=milestones, g=gamma))
def _(lr: float, at: list[int], g: float) -> Pair:
    return torch_pair(
        MultiStepDecay(lr, at, g), lr, "MultiStepLR", milestones=list(at), gamma=g
    )


@case("torch", "ExponentialLR", ExponentialDecay, draw(lr=lr, g=gamma), "with decay_steps=1")
def _(lr: float, g: float) -> Pair:
    return torch_pair(ExponentialDecay(lr, g), lr, "ExponentialLR", gamma=g)


@case("torch", "MultiplicativeLR", FactorDecay, draw(lr=lr, g=gamma), "without a floor")
def _(lr: float, g: float) -> Pair:
    return torch_pair(FactorDecay(lr, g), lr, "MultiplicativeLR", lr_lambda=lambda t: g)


@case("torch", "LambdaLR", InverseSqrtDecay, draw(d=count, w=count), "given Noam's formula")
def _(d: int, w: int) -> Pair:
    def noam(t: int) -> float:
        return d**-0.5 * min((t + 1) ** -0.5, (t + 1) * w**-1.5)

    return torch_pair(InverseSqrtDecay((d * w) ** -0.5, w), 1.0, "LambdaLR", lr_lambda=noam)


@case(
    "torch", "PolynomialLR", PolynomialDecay,
    draw(lr=lr, T=count, p=lambda r: share(r, 0.3, 4)), "floor 0",
)  # fmt: skip
def _(lr: float, T: int, p: float) -> Pair:
    return torch_pair(
        PolynomialDecay(lr, T, power=p), lr, "PolynomialLR", total_iters=T, power=p
    )


@case("torch", "LinearLR", LinearDecay, draw(lr=lr, T=count, f=share), "with start_factor=1")
def _(lr: float, T: int, f: float) -> Pair:
    return torch_pair(LinearDecay(lr, T, lr * f), lr, "LinearLR", start_factor=1.0,
                      end_factor=f, total_iters=T)  # fmt: skip


@case(
    "torch", "CosineAnnealingLR", CosineDecay,
    draw(lr=lr, T=lambda r: count(r, 2, 60), f=lambda r: share(r, 0, 0.9)),
    "rises again past the end, with the period 2T", "differs",
)  # fmt: skip
def _(lr: float, T: int, f: float) -> Pair:
    pair = torch_pair(CosineDecay(lr, T, lr * f), lr, "CosineAnnealingLR", T_max=T,
                      eta_min=lr * f)  # fmt: skip
    wave = lr * f + (lr - lr * f) * (1 + np.cos(np.pi * TIMES / T)) / 2
    return pair._replace(explained=wave, agree=TIMES <= T)


@case(
    "torch", "CosineAnnealingWarmRestarts", CosineRestarts,
    draw(lr=lr, T=count, k=lambda r: count(r, 1, 4), f=share), "peaks all equal",
)  # fmt: skip
def _(lr: float, T: int, k: int, f: float) -> Pair:
    ours, name = CosineRestarts(lr, T, k, end_lr=lr * f), "CosineAnnealingWarmRestarts"
    return torch_pair(ours, lr, name, T_0=T, T_mult=k, eta_min=lr * f)


@case(
    "torch", "CosineAnnealingWarmRestarts; by step(epoch)", CosineRestarts, draw(lr=lr),
    "finds its cycle with a logarithm, and misses restarts: T_0=1, T_mult=3, t=121", "differs",
)  # fmt: skip
def _(lr: float) -> Pair:
    import torch

    def factory(optimizer: Any) -> Any:
        scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 1, 3)
        return SimpleNamespace(step=lambda epoch: scheduler.step(epoch))

    ours = CosineRestarts(lr, 1, 3)
    theirs = torch_rates(lr, factory, arguments=range(1, N + 1))
    explained = np.where(TIMES == 121, 0.0, ours.table(N))
    return Pair(ours.table(N), theirs, lr, explained, TIMES != 121)


@case(
    "torch", "CyclicLR", Cyclical,
    draw(base=lambda r: share(r, 0.01, 0.1), top=lambda r: share(r, 0.1, 1), up=count,
         down=lambda r: pick(None, count(r))(r),
         mode=pick("triangular", "triangular2", "exp_range"),
         g=lambda r: share(r, 0.9, 1)),
    "all three modes",
)  # fmt: skip
def _(base: float, top: float, up: int, down: int | None, mode: Any, g: float) -> Pair:
    return torch_pair(Cyclical(base, top, up, down, mode, g), 1.0, "CyclicLR", base_lr=base,
                      max_lr=top, step_size_up=up, step_size_down=down, mode=mode, gamma=g,
                      cycle_momentum=False)  # fmt: skip


def one_cycle(rng: Rng) -> Parameters:
    three = pick(True, False)(rng)
    steps = count(rng, 12, N)
    low = 1.5 / steps  # the rise takes at least half an update
    return {
        "top": lr(rng), "steps": steps, "pct": share(rng, low, 0.49 if three else 0.9),
        "d": share(rng, 1, 50), "f": share(rng, 1, 1e4), "anneal": pick("cos", "linear")(rng),
        "three": three,
    }  # fmt: skip


def torch_one_cycle(n: int, top: float, steps: int, pct: float, d: float, f: float,
                    anneal: Any, three: bool) -> Pair:  # fmt: skip
    return torch_pair(OneCycle(top, steps, pct, d, f, anneal, three), 1.0, "OneCycleLR", n,
                      max_lr=top, total_steps=steps, pct_start=pct, div_factor=d,
                      final_div_factor=f, anneal_strategy=anneal, three_phase=three,
                      cycle_momentum=False)  # fmt: skip


@case("torch", "OneCycleLR", OneCycle, one_cycle, "in the run, cos and linear, three_phase")
def _(steps: int, **rest: Any) -> Pair:
    return torch_one_cycle(steps, steps=steps, **rest)


@case(
    "torch", "OneCycleLR; one step too many", OneCycle,
    lambda rng: {**one_cycle(rng), "three": False},
    "linear goes negative, cos rises (a further one is an error)", "differs",
)  # fmt: skip
def _(steps: int, anneal: Any, **rest: Any) -> Pair:
    pair = torch_one_cycle(steps + 1, steps=steps, anneal=anneal, **rest)
    top, last = rest["top"], rest["top"] / rest["d"] / rest["f"]
    phase = rest["pct"] * steps - 1
    progress = (steps - phase) / (steps - 1 - phase)  # above 1
    beyond = progress if anneal == "linear" else (1 - math.cos(math.pi * progress)) / 2
    explained = pair.ours.copy()
    explained[-1] = top + (last - top) * beyond
    assert explained[-1] < 0 if anneal == "linear" else explained[-1] > last
    return pair._replace(explained=explained, agree=np.arange(steps + 1) < steps)


@case("torch", "LinearLR", Warmup, draw(lr=lr, w=count, f=lambda r: share(r, 0.01, 1)),
      "start above 0")  # fmt: skip
def _(lr: float, w: int, f: float) -> Pair:
    return torch_pair(Warmup(Constant(lr), w, lr * f), lr, "LinearLR", start_factor=f,
                      total_iters=w)  # fmt: skip


@case("torch", "ConstantLR", Warmup, draw(lr=lr, w=count, f=lambda r: share(r, 0.01, 1)),
      "shape constant")  # fmt: skip
def _(lr: float, w: int, f: float) -> Pair:
    return torch_pair(Warmup(Constant(lr), w, lr * f, "constant"), lr, "ConstantLR", factor=f,
                      total_iters=w)  # fmt: skip


@case("torch", "SequentialLR", Sequential,
      draw(lr=lr, w=count, s=count, g=gamma, f=lambda r: share(r, 0.01, 1)))  # fmt: skip
def _(lr: float, w: int, s: int, g: float, f: float) -> Pair:
    from torch.optim import lr_scheduler as torch

    ours = Sequential(
        [Warmup(Constant(lr), w, lr * f), StepDecay(lr, 3, g), PolynomialDecay(lr, s)],
        [w, w + s],
    )
    theirs = torch_rates(
        lr,
        lambda optimizer: torch.SequentialLR(
            optimizer,
            [
                torch.LinearLR(optimizer, f, total_iters=w),
                torch.StepLR(optimizer, 3, g),
                torch.PolynomialLR(optimizer, s),
            ],
            [w, w + s],
        ),
    )
    return Pair(ours.table(N), theirs, lr)


@case("torch", "SequentialLR", WarmupStableDecay,
      draw(lr=lr, w=count, s=lambda r: count(r, 1, 30), d=count,
           f=lambda r: share(r, 0.01, 1), e=share), "of three parts")  # fmt: skip
def _(lr: float, w: int, s: int, d: int, f: float, e: float) -> Pair:
    from torch.optim import lr_scheduler as torch

    ours = WarmupStableDecay(lr, w + s + d, w, d, end_lr=lr * e, start_lr=lr * f)
    theirs = torch_rates(
        lr,
        lambda optimizer: torch.SequentialLR(
            optimizer,
            [
                torch.LinearLR(optimizer, f, total_iters=w),
                torch.ConstantLR(optimizer, 1.0),
                torch.LinearLR(optimizer, 1.0, e, total_iters=d),
            ],
            [w, w + s],
        ),
    )
    return Pair(ours.table(N), theirs, lr)


@case("torch", "ChainedScheduler", Product,
      draw(lr=lr, w=count, s=count, g=gamma, f=lambda r: share(r, 0.01, 1)))  # fmt: skip
def _(lr: float, w: int, s: int, g: float, f: float) -> Pair:
    from torch.optim import lr_scheduler as torch

    ours = Product([StepDecay(lr, s, g), Warmup(Constant(1), w, f), ExponentialDecay(1, 0.99)])
    theirs = torch_rates(
        lr,
        lambda optimizer: torch.ChainedScheduler(
            [
                torch.StepLR(optimizer, s, g),
                torch.LinearLR(optimizer, f, total_iters=w),
                torch.ExponentialLR(optimizer, 0.99),
            ]
        ),
    )
    return Pair(ours.table(N), theirs, lr)


@case("torch", "ChainedScheduler; with warm restarts", Product,
      draw(lr=lr, w=lambda r: count(r, 2, 60), f=lambda r: share(r, 0.01, 0.9), T=count,
           k=lambda r: count(r, 1, 3)),
      "drops the factors before them, pytorch #129565", "differs")  # fmt: skip
def _(lr: float, w: int, f: float, T: int, k: int) -> Pair:
    from torch.optim import lr_scheduler as torch

    restarts = CosineRestarts(lr, T, k)
    theirs = torch_rates(
        lr,
        lambda optimizer: torch.ChainedScheduler(
            [
                torch.LinearLR(optimizer, f, total_iters=w),
                torch.CosineAnnealingWarmRestarts(optimizer, T, k),
            ]
        ),
    )
    ours = Product([Warmup(Constant(1), w, f), restarts])
    return Pair(ours.table(N), theirs, lr, restarts.table(N), w <= TIMES)


@case("torch", "any", PerEpoch, draw(lr=lr, g=gamma, e=count), "stepped once an epoch")
def _(lr: float, g: float, e: int) -> Pair:
    from torch.optim.lr_scheduler import ExponentialLR

    ours = PerEpoch(ExponentialDecay(lr, g), e)
    theirs = torch_rates(lr, lambda opt: ExponentialLR(opt, g), updates_per_step=e)
    return Pair(ours.table(N), theirs, lr)


def plateau_rates(plateau: ReduceOnPlateau, seen: Sequence[float]) -> np.ndarray:
    """The rate after each metric."""
    rates = []
    for metric in seen:
        plateau = plateau.observe(metric)
        rates.append(plateau.rate)
    return np.array(rates)


def torch_plateau(lr: float, seen: Sequence[float], **settings: Any) -> np.ndarray:
    from torch.optim.lr_scheduler import ReduceLROnPlateau

    def factory(optimizer: Any) -> Any:
        return ReduceLROnPlateau(optimizer, **settings)

    rates = torch_rates(lr, factory, N + 1, seen)
    return rates[1:]  # the first is from before the first metric


@case("torch", "ReduceLROnPlateau", ReduceOnPlateau,
      draw(lr=lr, seen=metrics, factor=gamma, patience=lambda r: count(r, 0, 6),
           mode=pick("min", "max"), threshold=pick(1e-4, 0.0, 0.05),
           threshold_mode=pick("rel", "abs"), cooldown=lambda r: count(r, 0, 5),
           min_lr=pick(0.0, 1e-4), eps=pick(1e-8, 1e-3)),
      "any positive metric, NaN too")  # fmt: skip
def _(lr: float, seen: list[float], **settings: Any) -> Pair:
    ours = ReduceOnPlateau(lr, **settings)
    return Pair(plateau_rates(ours, seen), torch_plateau(lr, seen, **settings), lr)


@case("torch", "ReduceLROnPlateau; negative metrics", ReduceOnPlateau,
      draw(lr=lr, level=lambda r: -share(r, 0.1, 5), patience=lambda r: count(r, 0, 6)),
      "an unchanged metric counts as better: never reduces", "differs")  # fmt: skip
def _(lr: float, level: float, patience: int) -> Pair:
    seen, ours = [level] * N, ReduceOnPlateau(lr, patience=patience)
    theirs = torch_plateau(lr, seen, patience=patience)
    agree = np.arange(N) <= patience
    return Pair(plateau_rates(ours, seen), theirs, lr, np.full(N, lr), agree)


# --- Keras


def keras_rates(schedule: Any, compiled: bool) -> np.ndarray:
    """A Keras schedule asked update by update, compiled as in training, or all at once."""
    import tensorflow as tf

    times = tf.range(N, dtype=tf.int64)
    if not compiled:
        return np.float64(schedule(times).numpy())

    def ask(t: Any) -> Any:
        return tf.cast(schedule(t), tf.float32)

    function = tf.function(lambda t: tf.map_fn(ask, t, fn_output_signature=tf.float32))
    return np.float64(function.get_concrete_function(times)(times).numpy())


def keras_pair(
    ours: Schedule, name: str, *args: Any, compiled: bool = True, **settings: Any
) -> Pair:
    import keras

    schedule = getattr(keras.optimizers.schedules, name)(*args, **settings)
    return Pair(ours.table(N), keras_rates(schedule, compiled), ours.peak)


@case("Keras", "ExponentialDecay", StepDecay, draw(lr=lr, s=count, g=gamma),
      "with staircase")  # fmt: skip
def _(lr: float, s: int, g: float) -> Pair:
    return keras_pair(StepDecay(lr, s, g), "ExponentialDecay", lr, s, g, staircase=True,
                      compiled=False)  # fmt: skip


@case("Keras", "ExponentialDecay; compiled", StepDecay,
      draw(lr=lr, s=pick(*UNLUCKY), g=gamma),
      "some step sizes, such as 55, change one update later", "differs")  # fmt: skip
def _(lr: float, s: int, g: float) -> Pair:
    ours = StepDecay(lr, s, g)
    pair = keras_pair(ours, "ExponentialDecay", lr, s, g, staircase=True)
    return pair._replace(explained=ours(TIMES - late(s)), agree=~late(s))


@case("Keras", "ExponentialDecay", ExponentialDecay,
      draw(lr=lr, D=count, g=gamma, stairs=pick(True, False)), "without a floor")  # fmt: skip
def _(lr: float, D: int, g: float, stairs: bool) -> Pair:
    ours = ExponentialDecay(lr, g, D, stairs)
    return keras_pair(ours, "ExponentialDecay", lr, D, g, staircase=stairs,
                      compiled=not stairs)  # fmt: skip


@case("Keras", "ExponentialDecay(1, …)", ExponentialDecay, draw(D=count, g=gamma),
      "an integer rate makes the factor 0", "differs")  # fmt: skip
def _(D: int, g: float) -> Pair:
    pair = keras_pair(ExponentialDecay(1, g, D), "ExponentialDecay", 1, D, g)
    return pair._replace(explained=np.where(TIMES == 0, 1.0, 0.0), agree=TIMES == 0)


@case("Keras", "InverseTimeDecay", InverseTimeDecay,
      draw(lr=lr, k=lambda r: share(r, 0, 3), D=count, stairs=pick(True, False)))  # fmt: skip
def _(lr: float, k: float, D: int, stairs: bool) -> Pair:
    ours = InverseTimeDecay(lr, k, D, stairs)
    return keras_pair(ours, "InverseTimeDecay", lr, D, k, staircase=stairs,
                      compiled=not stairs)  # fmt: skip


@case("Keras", "PolynomialDecay", PolynomialDecay,
      draw(lr=lr, T=count, f=share, p=lambda r: share(r, 0.3, 4)),
      "its floor is 1e-4 if not given")  # fmt: skip
def _(lr: float, T: int, f: float, p: float) -> Pair:
    ours = PolynomialDecay(lr, T, lr * f, p)
    return keras_pair(ours, "PolynomialDecay", lr, T, lr * f, p)


@case("Keras", "PolynomialDecay; cycle=True", PolynomialDecay,
      draw(lr=lr, T=lambda r: count(r, 2, 60), f=lambda r: share(r, 0.0, 0.9),
           p=lambda r: share(r, 0.3, 4)),
      "goes on with the horizon T·⌈t/T⌉: a saw", "differs")  # fmt: skip
def _(lr: float, T: int, f: float, p: float) -> Pair:
    ours = PolynomialDecay(lr, T, lr * f, p)
    pair = keras_pair(ours, "PolynomialDecay", lr, T, lr * f, p, cycle=True, compiled=False)
    longer = T * np.maximum(np.ceil(TIMES / T), 1)
    saw = lr * f + (lr - lr * f) * (1 - TIMES / longer) ** p
    return pair._replace(explained=saw, agree=TIMES <= T)


@case("Keras", "PolynomialDecay", LinearDecay, draw(lr=lr, T=count, f=share), "with power=1")
def _(lr: float, T: int, f: float) -> Pair:
    return keras_pair(LinearDecay(lr, T, lr * f), "PolynomialDecay", lr, T, lr * f)


@case("Keras", "ExponentialDecay", FactorDecay, draw(lr=lr, g=gamma), "without a floor")
def _(lr: float, g: float) -> Pair:
    return keras_pair(FactorDecay(lr, g), "ExponentialDecay", lr, 1, g)


@case("Keras", "PiecewiseConstantDecay", MultiStepDecay, draw(lr=lr, at=milestones, g=gamma),
      "changes one update later", "differs")  # fmt: skip
def _(lr: float, at: list[int], g: float) -> Pair:
    ours = MultiStepDecay(lr, at, g)
    rates = [lr * g**i for i in range(len(at) + 1)]
    pair = keras_pair(ours, "PiecewiseConstantDecay", list(at), rates)
    return pair._replace(explained=ours(np.maximum(TIMES - 1, 0)), agree=~np.isin(TIMES, at))


@case("Keras", "CosineDecay", CosineDecay, draw(lr=lr, T=count, f=share),
      "floor as a share")  # fmt: skip
def _(lr: float, T: int, f: float) -> Pair:
    return keras_pair(CosineDecay(lr, T, lr * f), "CosineDecay", lr, T, f)


@case("Keras", "CosineDecay(1, …)", CosineDecay, draw(T=lambda r: count(r, 3, 60)),
      "an integer rate makes π 3", "differs")  # fmt: skip
def _(T: int) -> Pair:
    pair = keras_pair(CosineDecay(1, T), "CosineDecay", 1, T)
    wave = (1 + np.cos(3 * np.minimum(TIMES / T, 1))) / 2
    return pair._replace(explained=wave, agree=TIMES == 0)


@case("Keras", "CosineDecay", Warmup,
      draw(lr=lr, start=share, w=count, T=count, f=share),
      "with warmup_target; of a cosine only")  # fmt: skip
def _(lr: float, start: float, w: int, T: int, f: float) -> Pair:
    ours = Warmup(CosineDecay(lr, T, lr * f), w, lr * start)
    return keras_pair(ours, "CosineDecay", lr * start, T, f, warmup_target=lr, warmup_steps=w)


@case("Keras", "CosineDecayRestarts", CosineRestarts,
      draw(lr=lr, T=count, k=lambda r: count(r, 1, 3), m=lambda r: share(r, 0.1, 1), f=share),
      "floor as a share")  # fmt: skip
def _(lr: float, T: int, k: int, m: float, f: float) -> Pair:
    ours = CosineRestarts(lr, T, k, m, lr * f)
    return keras_pair(ours, "CosineDecayRestarts", lr, T, float(k), m, f, compiled=False)


@case("Keras", "CosineDecayRestarts; compiled", CosineRestarts,
      draw(lr=lr, T=pick(*UNLUCKY), m=lambda r: share(r, 0.1, 1),
           f=lambda r: share(r, 0.0, 0.9)),
      "some periods, such as 55, restart one update later", "differs")  # fmt: skip
def _(lr: float, T: int, m: float, f: float) -> Pair:
    ours = CosineRestarts(lr, T, 1, m, lr * f)
    pair = keras_pair(ours, "CosineDecayRestarts", lr, T, 1.0, m, f)
    explained = np.where(late(T), lr * f, ours.table(N))
    return pair._replace(explained=explained, agree=~late(T))


def keras_plateau(lr: float, seen: Sequence[float], **settings: Any) -> np.ndarray:
    import keras

    optimizer = keras.optimizers.SGD(lr)
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", mode="min", **settings)
    callback.set_model(SimpleNamespace(optimizer=optimizer))
    callback.on_train_begin()
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # keras reads its own variables in a deprecated way
        for epoch, metric in enumerate(seen):
            callback.on_epoch_end(epoch, {"loss": metric})
            rates.append(float(keras.ops.convert_to_numpy(optimizer.learning_rate)))
    return np.array(rates)


@case("Keras", "callbacks.LearningRateScheduler", PerEpoch, draw(lr=lr, g=gamma, e=count),
      "any function of the epoch")  # fmt: skip
def _(lr: float, g: float, e: int) -> Pair:
    import keras

    epochs = ExponentialDecay(lr, g)
    optimizer = keras.optimizers.SGD(1.0)
    callback = keras.callbacks.LearningRateScheduler(lambda epoch, lr: epochs(epoch))
    callback.set_model(SimpleNamespace(optimizer=optimizer))
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        for t in range(N):
            if t % e == 0:
                callback.on_epoch_begin(t // e)
            rates.append(float(keras.ops.convert_to_numpy(optimizer.learning_rate)))
    return Pair(PerEpoch(epochs, e).table(N), np.array(rates), lr)


@case("Keras", "callbacks.ReduceLROnPlateau", ReduceOnPlateau,
      draw(lr=lr, seen=lambda r: metrics(r, nan=0.0), factor=lambda r: share(r, 0.3, 0.9),
           patience=lambda r: count(r, 1, 4), cooldown=lambda r: count(r, 0, 4)),
      "patience and cooldown shorter by one; threshold absolute", "differs")  # fmt: skip
def _(lr: float, seen: list[float], factor: float, patience: int, cooldown: int) -> Pair:
    seen = [*seen[:-20], *[seen[-20]] * 20]  # a plateau, so that there is a difference
    ours = ReduceOnPlateau(lr, factor, patience, threshold=1e-4, threshold_mode="abs",
                           cooldown=cooldown, eps=0.0)  # fmt: skip
    shorter = ReduceOnPlateau(lr, factor, patience - 1, threshold=1e-4, threshold_mode="abs",
                              cooldown=max(cooldown - 1, 0), eps=0.0)  # fmt: skip
    theirs = keras_plateau(lr, seen, factor=factor, patience=patience, min_delta=1e-4,
                           cooldown=cooldown)  # fmt: skip
    return Pair(plateau_rates(ours, seen), theirs, lr, plateau_rates(shorter, seen))


# --- optax


def optax_rates(schedule: Callable[[Any], Any]) -> np.ndarray:
    """An optax schedule, asked for all updates by vmap."""
    import jax
    import jax.numpy as jnp

    asked = jax.vmap(lambda t: jnp.asarray(schedule(t), jnp.float32))
    return np.float64(np.asarray(asked(jnp.arange(N))))


def optax_pair(ours: Schedule, name: str, *args: Any, **settings: Any) -> Pair:
    import optax

    theirs = optax_rates(getattr(optax, name)(*args, **settings))
    return Pair(ours.table(N), theirs, ours.peak)


@case("optax", "constant_schedule", Constant, draw(lr=lr))
def _(lr: float) -> Pair:
    return optax_pair(Constant(lr), "constant_schedule", lr)


@case("optax", "exponential_decay", StepDecay, draw(lr=lr, s=lucky, g=gamma),
      "with staircase")  # fmt: skip
def _(lr: float, s: int, g: float) -> Pair:
    return optax_pair(StepDecay(lr, s, g), "exponential_decay", lr, s, g, staircase=True)


@case("optax", "exponential_decay; compiled", StepDecay,
      draw(lr=lr, s=pick(*UNLUCKY), g=gamma),
      "some step sizes, such as 55, change one update later", "differs")  # fmt: skip
def _(lr: float, s: int, g: float) -> Pair:
    ours = StepDecay(lr, s, g)
    pair = optax_pair(ours, "exponential_decay", lr, s, g, staircase=True)
    return pair._replace(explained=ours(TIMES - late(s)), agree=~late(s))


@case("optax", "piecewise_constant_schedule", MultiStepDecay,
      draw(lr=lr, at=milestones, g=gamma))  # fmt: skip
def _(lr: float, at: list[int], g: float) -> Pair:
    ours = MultiStepDecay(lr, at, g)
    return optax_pair(ours, "piecewise_constant_schedule", lr, dict.fromkeys(at, g))


@case("optax", "exponential_decay", FactorDecay, draw(lr=lr, g=gamma, f=share),
      "with end_value")  # fmt: skip
def _(lr: float, g: float, f: float) -> Pair:
    ours = FactorDecay(lr, g, lr * f)
    return optax_pair(ours, "exponential_decay", lr, 1, g, end_value=lr * f)


@case("optax", "exponential_decay", ExponentialDecay,
      draw(lr=lr, D=lucky, g=gamma, stairs=pick(True, False), f=share))  # fmt: skip
def _(lr: float, D: int, g: float, stairs: bool, f: float) -> Pair:
    ours = ExponentialDecay(lr, g, D, stairs, lr * f)
    return optax_pair(ours, "exponential_decay", lr, D, g, staircase=stairs, end_value=lr * f)


@case("optax", "polynomial_schedule", PolynomialDecay,
      draw(lr=lr, T=count, f=share, p=lambda r: share(r, 0.3, 4)))  # fmt: skip
def _(lr: float, T: int, f: float, p: float) -> Pair:
    return optax_pair(
        PolynomialDecay(lr, T, lr * f, p), "polynomial_schedule", lr, lr * f, p, T
    )


@case("optax", "linear_schedule", LinearDecay, draw(lr=lr, T=count, f=share))
def _(lr: float, T: int, f: float) -> Pair:
    return optax_pair(LinearDecay(lr, T, lr * f), "linear_schedule", lr, lr * f, T)


@case("optax", "cosine_decay_schedule", CosineDecay, draw(lr=lr, T=count, f=share),
      "floor as a share")  # fmt: skip
def _(lr: float, T: int, f: float) -> Pair:
    return optax_pair(CosineDecay(lr, T, lr * f), "cosine_decay_schedule", lr, T, f)


@case("optax", "sgdr_schedule", CosineRestarts,
      draw(lr=lr, T=lambda r: count(r, 8, 30), k=lambda r: count(r, 1, 3),
           m=lambda r: share(r, 0.1, 1), f=share),
      "for as many cycles as it is given")  # fmt: skip
def _(lr: float, T: int, k: int, m: float, f: float) -> Pair:
    end = lr * f
    lengths = [T * k**i for i in range(20) if k == 1 or k**i < N]
    cycles = [
        {"init_value": end, "peak_value": end + (lr - end) * m**i, "warmup_steps": 0,
         "decay_steps": length, "end_value": end}
        for i, length in enumerate(lengths)
    ]  # fmt: skip
    assert sum(lengths) >= N
    return optax_pair(CosineRestarts(lr, T, k, m, end), "sgdr_schedule", cycles)


@case("optax", "cosine_onecycle_schedule", OneCycle,
      draw(lr=lr, T=lambda r: count(r, 20, 120), pct=lambda r: share(r, 0.1, 0.9),
           d=lambda r: share(r, 2, 50), f=lambda r: share(r, 2, 1e4)),
      "peak at ⌊pct·T⌋ and end at T, both an update or so later", "differs")  # fmt: skip
def _(lr: float, T: int, pct: float, d: float, f: float) -> Pair:
    pair = optax_pair(OneCycle(lr, T, pct, d, f), "cosine_onecycle_schedule", T, lr, pct, d, f)
    top, first, last = int(pct * T), lr / d, lr / d / f
    rise = first + (lr - first) * (1 - np.cos(np.pi * TIMES / top)) / 2
    fall = CosineDecay(lr, T - top, last)(np.maximum(TIMES - top, 0))
    return pair._replace(explained=np.where(np.arange(N) < top, rise, fall),
                         agree=(TIMES == 0) | (TIMES >= T))  # fmt: skip


@case("optax", "linear_onecycle_schedule", OneCycle,
      draw(lr=lr, T=lambda r: count(r, 20, 120), pct=lambda r: share(r, 0.1, 0.4),
           final=lambda r: share(r, 0.6, 0.9), d=lambda r: share(r, 2, 50),
           f=lambda r: share(r, 2, 1e4)),
      "three phases of its own: a Piecewise", "differs")  # fmt: skip
def _(lr: float, T: int, pct: float, final: float, d: float, f: float) -> Pair:
    ours = OneCycle(lr, T, pct, d, f, "linear", three_phase=True)
    pair = optax_pair(ours, "linear_onecycle_schedule", T, lr, pct, final, d, f)
    points = [(0, lr / d), (int(pct * T), lr), (int(final * T), lr / d), (T, lr / d / f)]
    return pair._replace(explained=Piecewise(points).table(N),
                         agree=(TIMES == 0) | (TIMES >= T))  # fmt: skip


@case("optax", "piecewise_interpolate_schedule", Piecewise,
      draw(lr=lr, at=milestones, scales=lambda r: [share(r, 0.1, 1.5) for _ in range(6)]),
      "kind linear, given as factors")  # fmt: skip
def _(lr: float, at: list[int], scales: list[float]) -> Pair:
    factors = scales[: len(at)]
    rates = lr * np.cumprod([1.0, *factors])
    ours = Piecewise(list(zip([0, *at], rates, strict=True)))
    theirs = dict(zip(at, factors, strict=True))
    return optax_pair(ours, "piecewise_interpolate_schedule", "linear", lr, theirs)


@case("optax", "warmup_constant_schedule", Warmup, draw(lr=lr, start=share, w=count))
def _(lr: float, start: float, w: int) -> Pair:
    ours = Warmup(Constant(lr), w, lr * start)
    return optax_pair(ours, "warmup_constant_schedule", lr * start, lr, w)


@case("optax", "warmup_cosine_decay_schedule", Warmup,
      draw(lr=lr, start=share, w=count, T=count, f=share),
      "its decay_steps include the warmup")  # fmt: skip
def _(lr: float, start: float, w: int, T: int, f: float) -> Pair:
    ours = Warmup(CosineDecay(lr, T, lr * f), w, lr * start)
    return optax_pair(ours, "warmup_cosine_decay_schedule", lr * start, lr, w, w + T, lr * f)


@case("optax", "warmup_exponential_decay_schedule", Warmup,
      draw(lr=lr, start=share, w=count, D=count, g=gamma, f=share))  # fmt: skip
def _(lr: float, start: float, w: int, D: int, g: float, f: float) -> Pair:
    ours = Warmup(ExponentialDecay(lr, g, D, end_lr=lr * f), w, lr * start)
    return optax_pair(ours, "warmup_exponential_decay_schedule", lr * start, lr, w, D, g,
                      end_value=lr * f)  # fmt: skip


@case("optax", "join_schedules", WarmupStableDecay,
      draw(lr=lr, w=count, s=lambda r: count(r, 1, 30), d=count, start=share, e=share),
      "of three parts")  # fmt: skip
def _(lr: float, w: int, s: int, d: int, start: float, e: float) -> Pair:
    import optax

    ours = WarmupStableDecay(lr, w + s + d, w, d, end_lr=lr * e, start_lr=lr * start)
    parts = [
        optax.linear_schedule(lr * start, lr, w),
        optax.constant_schedule(lr),
        optax.linear_schedule(lr, lr * e, d),
    ]
    return optax_pair(ours, "join_schedules", parts, [w, w + s])


@case("optax", "join_schedules", Sequential, draw(a=lr, b=lr, at=count, g=gamma, T=count))
def _(a: float, b: float, at: int, g: float, T: int) -> Pair:
    import optax

    ours = Sequential([ExponentialDecay(a, g, 7), CosineDecay(b, T)], [at])
    parts = [optax.exponential_decay(a, 7, g), optax.cosine_decay_schedule(b, T)]
    return optax_pair(ours, "join_schedules", parts, [at])


@case("optax", "contrib.reduce_on_plateau", ReduceOnPlateau,
      draw(lr=lr, seen=metrics, factor=lambda r: share(r, 0.3, 0.9),
           patience=lambda r: count(r, 1, 4), cooldown=lambda r: count(r, 0, 4)),
      "patience shorter by one; the update that brings the metric has the new rate already",
      "differs")  # fmt: skip
def _(lr: float, seen: list[float], factor: float, patience: int, cooldown: int) -> Pair:
    import jax
    import jax.numpy as jnp
    import optax

    seen = [float(np.float32(m)) for m in [*seen[:-20], *[1.0] * 20]]
    plateau = optax.contrib.reduce_on_plateau(factor, patience, rtol=0.01, cooldown=cooldown)

    def step(state: Any, metric: Any) -> tuple[Any, Any]:
        update, state = plateau.update(jnp.float32(lr), state, value=metric)
        return state, update

    start = plateau.init(jnp.float32(0))
    theirs = np.float64(np.asarray(jax.lax.scan(step, start, jnp.asarray(seen))[1]))
    settings: Parameters = {"threshold": 0.01, "cooldown": cooldown, "eps": 0.0}
    ours = plateau_rates(ReduceOnPlateau(lr, factor, patience, **settings), seen)
    shorter = plateau_rates(ReduceOnPlateau(lr, factor, patience - 1, **settings), seen)
    return Pair(ours, theirs, lr, shorter)


# --- scikit-learn


def sgd_rates(n: int = N, **settings: Any) -> np.ndarray:
    """The rates of scikit-learn's SGD, one sample at a time, from how far the weight went."""
    from sklearn.linear_model import SGDRegressor

    model = SGDRegressor(penalty=None, fit_intercept=False, **settings)
    weight, rates, x = 0.0, [], 1.0
    for _ in range(n):
        target = weight + 1.0  # so that the gradient of half the squared error is -1
        model.partial_fit([[x]], [target])
        new = float(model.coef_[0])
        rates.append((new - weight) / ((target - weight * x) * x))
        weight = new
    return np.array(rates)


@case("scikit-learn", "SGD constant", Constant, draw(lr=lr))
def _(lr: float) -> Pair:
    return Pair(Constant(lr).table(N), sgd_rates(learning_rate="constant", eta0=lr), lr)


@case("scikit-learn", "SGD invscaling", InverseScaling,
      draw(lr=lr, p=lambda r: share(r, 0.05, 1.5)), "counted in samples")  # fmt: skip
def _(lr: float, p: float) -> Pair:
    theirs = sgd_rates(learning_rate="invscaling", eta0=lr, power_t=p)
    return Pair(InverseScaling(lr, p).table(N), theirs, lr)


@case("scikit-learn", "MLP invscaling", InverseScaling,
      draw(lr=lr, p=lambda r: share(r, 0.05, 1.5), samples=lambda r: count(r, 4, 20)),
      "once an epoch, counted in samples", "differs")  # fmt: skip
def _(lr: float, p: float, samples: int) -> Pair:
    from sklearn.neural_network import MLPRegressor

    epochs, rng = 15, np.random.default_rng(0)
    model = MLPRegressor(hidden_layer_sizes=(2,), solver="sgd", learning_rate="invscaling",
                         learning_rate_init=lr, power_t=p, batch_size=samples)  # fmt: skip
    X, y, rates = rng.random((samples, 3)), np.zeros(samples), [lr]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(epochs - 1):
            model.partial_fit(X, y)
            rates.append(float(model._optimizer.learning_rate))
    ours, epoch = InverseScaling(lr, p), np.arange(epochs)
    return Pair(ours.table(epochs), np.array(rates), lr, ours(samples * epoch), epoch == 0)


@case("scikit-learn", "SGD invscaling", SquareRootDecay, draw(lr=lr), "with power_t=0.5")
def _(lr: float) -> Pair:
    theirs = sgd_rates(learning_rate="invscaling", eta0=lr, power_t=0.5)
    return Pair(SquareRootDecay(lr).table(N), theirs, lr)


@case("scikit-learn", "SGD optimal", BottouOptimal,
      draw(alpha=lambda r: float(10 ** share(r, -5, 0))),
      "counted in samples; it finds t₀ itself")  # fmt: skip
def _(alpha: float) -> Pair:
    typical = math.sqrt(1 / math.sqrt(alpha))
    ours = BottouOptimal(alpha, 1 / (typical * alpha))
    theirs = sgd_rates(learning_rate="optimal", alpha=alpha)
    return Pair(ours.table(N), theirs, ours.peak)


@case("scikit-learn", "MLP adaptive", ReduceOnPlateau,
      draw(lr=lambda r: share(r, 0.1, 0.5), patience=lambda r: count(r, 1, 3),
           seed=lambda r: count(r, 0, 1000)),
      "factor 1/5, with tol=0; otherwise the best moves without tol, too")  # fmt: skip
def _(lr: float, patience: int, seed: int) -> Pair:
    from sklearn.neural_network import MLPRegressor

    rng = np.random.default_rng(seed)
    X, y = rng.random((12, 3)), rng.random(12)

    def fitted(epochs: int) -> Any:
        model = MLPRegressor(hidden_layer_sizes=(2,), solver="sgd", learning_rate="adaptive",
                             learning_rate_init=lr, batch_size=3, tol=0.0, max_iter=epochs,
                             n_iter_no_change=patience, random_state=seed)  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # not converged
            return model.fit(X, y)

    # Only the last rate of a fit is to be seen: fit 1, 2, … epochs.
    epochs = 15
    theirs = [float(fitted(n + 1)._optimizer.learning_rate) for n in range(epochs)]
    ours = ReduceOnPlateau(lr, 0.2, patience, threshold=0.0, threshold_mode="abs", eps=0.0)
    return Pair(plateau_rates(ours, fitted(epochs).loss_curve_), np.array(theirs), lr)


def sgd_adaptive(
    scales: Sequence[float], targets: Sequence[float], epochs: int, **settings: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The rates of scikit-learn's adaptive SGD in each epoch, and its objective after it.

    Every sample has a feature to itself, scales[i], so that its weight moves by the rate times
    the error times that scale. One more, small enough to weigh nothing, is there to show the
    rate for ever.
    """
    from sklearn.linear_model import SGDRegressor

    X, y = np.diag([*scales, 1e-3]), np.array([*targets, 1e-3])

    def weights(epochs: int) -> np.ndarray:
        model = SGDRegressor(penalty=None, fit_intercept=False, shuffle=False, max_iter=epochs,
                             learning_rate="adaptive", **settings)  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # not converged
            return np.asarray(model.fit(X, y).coef_)

    # Only the weights after a fit are to be seen: fit 1, 2, … epochs.
    path = np.array([np.zeros(len(y)), *(weights(n + 1) for n in range(epochs))])
    errors = y - path[:-1] * np.diag(X)
    rates = np.diff(path[:, -1]) / (errors[:, -1] * X[-1, -1])
    return rates, (errors**2).mean(axis=1) / 2


@case("scikit-learn", "SGD adaptive", ReduceOnPlateau,
      draw(lr=lambda r: share(r, 0.01, 0.5), n=lambda r: count(r, 1, 4),
           steep=lambda r: [share(r, 2.05, 2.3), 5 * share(r, 2.05, 2.3)],
           target=lambda r: float(10 ** -share(r, 3, 6))),
      "with tol=0; factor 1/5, patience n_iter_no_change − 1")  # fmt: skip
def _(lr: float, n: int, steep: list[float], target: float) -> Pair:
    # A weight whose scale² · lr is above 2 runs away until the rate is cut.
    scales = [math.sqrt(product / lr) for product in steep]
    theirs, seen = sgd_adaptive(scales, [1.0, target], 25, eta0=lr, tol=0.0, n_iter_no_change=n)
    plateau = ReduceOnPlateau(lr, 0.2, n - 1, threshold=0.0, threshold_mode="abs", eps=0.0)
    ours = np.array([lr, *plateau_rates(plateau, seen[:-1])])
    assert len(np.unique(ours)) > 2
    return Pair(ours, theirs, lr)


@case("scikit-learn", "SGD adaptive; by partial_fit", ReduceOnPlateau,
      draw(lr=lr, n=lambda r: count(r, 1, 4)),
      "every call begins anew: the rate is never cut", "differs")  # fmt: skip
def _(lr: float, n: int) -> Pair:
    settings = {"tol": 0.1, "n_iter_no_change": n}
    theirs = sgd_rates(learning_rate="adaptive", eta0=lr, **settings)
    plateau = ReduceOnPlateau(lr, 0.2, n - 1, threshold=0.1, threshold_mode="abs", eps=0.0)
    ours = np.array([lr, *plateau_rates(plateau, [0.5] * (N - 1))])  # what every sample costs
    return Pair(ours, theirs, lr, np.full(N, lr), n >= TIMES)


@case("scikit-learn", "SGD adaptive; tol above 0", ReduceOnPlateau,
      draw(lr=lambda r: share(r, 0.01, 0.5), n=lambda r: count(r, 3, 5),
           fall=lambda r: share(r, 0.05, 0.08)),
      "the best moves without tol, too: slow progress counts as none", "differs")  # fmt: skip
def _(lr: float, n: int, fall: float) -> Pair:
    # The objective, at first 1/4, falls by twice this share of it an epoch: by less than tol.
    tol, scale = 0.8 * fall, math.sqrt(fall / lr)
    theirs, seen = sgd_adaptive([scale], [1.0], n + 3, eta0=lr, tol=tol, n_iter_no_change=n)
    plateau = ReduceOnPlateau(lr, 0.2, n - 1, threshold=tol, threshold_mode="abs", eps=0.0)
    ours = np.array([lr, *plateau_rates(plateau, seen[:-1])])
    cut = np.where(np.arange(n + 3) <= n, lr, lr / 5)
    return Pair(ours, theirs, lr, cut, np.arange(n + 3) <= n)


# --- Transformers: factors of a LambdaLR


def transformers_pair(ours: Schedule, name: str, n: int = N, **settings: Any) -> Pair:
    import transformers

    theirs = torch_rates(
        ours.peak, lambda optimizer: transformers.get_scheduler(name, optimizer, **settings), n
    )
    return Pair(ours.table(n), theirs, ours.peak)


def rise_and_fall(rng: Rng) -> Parameters:
    w = count(rng, 1, 30)
    return {"lr": lr(rng), "w": w, "T": w + count(rng, 2, 60)}


@case("Transformers", "constant", Constant, draw(lr=lr))
def _(lr: float) -> Pair:
    return transformers_pair(Constant(lr), "constant")


@case("Transformers", "constant_with_warmup", Warmup, draw(lr=lr, w=count))
def _(lr: float, w: int) -> Pair:
    ours = Warmup(Constant(lr), w)
    return transformers_pair(ours, "constant_with_warmup", num_warmup_steps=w)


@case("Transformers", "linear", LinearDecay, rise_and_fall, "its steps include the warmup")
def _(lr: float, w: int, T: int) -> Pair:
    ours = Warmup(LinearDecay(lr, T - w), w)
    return transformers_pair(ours, "linear", num_warmup_steps=w, num_training_steps=T)


@case("Transformers", "polynomial", PolynomialDecay,
      lambda rng: {**rise_and_fall(rng), "p": share(rng, 0.3, 4)},
      "its steps include the warmup; its floor is 1e-7 if not given")  # fmt: skip
def _(lr: float, w: int, T: int, p: float) -> Pair:
    ours = Warmup(PolynomialDecay(lr, T - w, 1e-7, p), w)
    return transformers_pair(ours, "polynomial", num_warmup_steps=w, num_training_steps=T,
                             scheduler_specific_kwargs={"power": p})  # fmt: skip


@case("Transformers", "cosine", CosineDecay, rise_and_fall,
      "rises again past the end; its steps include the warmup", "differs")  # fmt: skip
def _(lr: float, w: int, T: int) -> Pair:
    ours = Warmup(CosineDecay(lr, T - w), w)
    pair = transformers_pair(ours, "cosine", num_warmup_steps=w, num_training_steps=T)
    wave = lr * (1 + np.cos(np.pi * (TIMES - w) / (T - w))) / 2
    return pair._replace(explained=np.where(w > TIMES, pair.ours, wave), agree=TIMES <= T)


@case("Transformers", "cosine_with_min_lr", CosineDecay,
      lambda rng: {**rise_and_fall(rng), "f": share(rng, 0, 0.9)}, "in the run")  # fmt: skip
def _(lr: float, w: int, T: int, f: float) -> Pair:
    ours = Warmup(CosineDecay(lr, T - w, lr * f), w)
    return transformers_pair(ours, "cosine_with_min_lr", T + 1, num_warmup_steps=w,
                             num_training_steps=T,
                             scheduler_specific_kwargs={"min_lr": lr * f})  # fmt: skip


@case("Transformers", "cosine_with_restarts", CosineRestarts,
      draw(lr=lr, w=lambda r: count(r, 1, 20), period=lambda r: 2 ** count(r, 1, 4),
           cycles=pick(1, 2, 4)),
      "given how many cycles: then it is 0 for ever", "differs")  # fmt: skip
def _(lr: float, w: int, period: int, cycles: int) -> Pair:
    ours, end = Warmup(CosineRestarts(lr, period), w), w + period * cycles
    pair = transformers_pair(ours, "cosine_with_restarts", num_warmup_steps=w,
                             num_training_steps=end,
                             scheduler_specific_kwargs={"num_cycles": cycles})  # fmt: skip
    explained = np.where(end > TIMES, pair.ours, 0.0)
    return pair._replace(explained=explained, agree=end > TIMES)


@case("Transformers", "inverse_sqrt", InverseSqrtDecay, draw(lr=lr, w=count),
      "one update later, after a first one at rate 0", "differs")  # fmt: skip
def _(lr: float, w: int) -> Pair:
    pair = transformers_pair(InverseSqrtDecay(lr, w), "inverse_sqrt", num_warmup_steps=w)
    return pair._replace(explained=np.concatenate([[0.0], pair.ours[:-1]]))


@case("Transformers", "warmup_stable_decay", WarmupStableDecay,
      lambda rng: {**rise_and_fall(rng), "d": count(rng, 1, 60), "f": share(rng, 0, 0.9),
                   "shape": pick("linear", "cosine")(rng)},
      "its rise begins at its floor; its fall is a cosine if not given")  # fmt: skip
def _(lr: float, w: int, T: int, d: int, f: float, shape: Any) -> Pair:
    ours = WarmupStableDecay(lr, T + d, w, d, shape, lr * f, lr * f)
    return transformers_pair(
        ours, "warmup_stable_decay", num_warmup_steps=w, num_training_steps=T + d,
        scheduler_specific_kwargs={
            "num_decay_steps": d, "min_lr_ratio": f, "decay_type": shape,
        },
    )  # fmt: skip


# --- ignite: handlers, called when an iteration starts


def ignite_rates(make: Callable[[Any], Any], lr: float, n: int = N) -> np.ndarray:
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    handler, rates = make(optimizer), []
    for _ in range(n):
        handler(None)
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
    return np.array(rates)


@case("ignite", "PiecewiseLinear", Piecewise,
      draw(at=lambda r: [0, *milestones(r)], seed=lambda r: count(r, 0, 1000)))  # fmt: skip
def _(at: list[int], seed: int) -> Pair:
    from ignite.handlers import PiecewiseLinear

    rates = np.random.default_rng(seed).random(len(at)).tolist()
    points = list(zip(at, rates, strict=True))
    ours = Piecewise(points)
    theirs = ignite_rates(lambda o: PiecewiseLinear(o, "lr", milestones_values=points), 1.0)
    return Pair(ours.table(N), theirs, ours.peak)


@case("ignite", "CosineAnnealingScheduler", CosineRestarts,
      draw(lr=lr, T=lambda r: count(r, 2, 60), f=share))  # fmt: skip
def _(lr: float, T: int, f: float) -> Pair:
    from ignite.handlers import CosineAnnealingScheduler

    theirs = ignite_rates(lambda o: CosineAnnealingScheduler(o, "lr", lr, lr * f, T), lr)
    return Pair(CosineRestarts(lr, T, end_lr=lr * f).table(N), theirs, lr)


@case("ignite", "LinearCyclicalScheduler", Cyclical,
      draw(lr=lr, half=lambda r: count(r, 1, 30), f=share),
      "from base to top and back")  # fmt: skip
def _(lr: float, half: int, f: float) -> Pair:
    from ignite.handlers import LinearCyclicalScheduler

    theirs = ignite_rates(lambda o: LinearCyclicalScheduler(o, "lr", lr * f, lr, 2 * half), lr)
    return Pair(Cyclical(lr * f, lr, half).table(N), theirs, lr)


@case("ignite", "create_lr_scheduler_with_warmup", Warmup,
      draw(lr=lr, w=lambda r: count(r, 3, 40), s=lambda r: count(r, 2, 20), g=gamma),
      "reaches the rate one update earlier, at w − 1", "differs")  # fmt: skip
def _(lr: float, w: int, s: int, g: float) -> Pair:
    from ignite.handlers import create_lr_scheduler_with_warmup
    from torch.optim.lr_scheduler import StepLR

    def make(optimizer: Any) -> Any:
        return create_lr_scheduler_with_warmup(StepLR(optimizer, s, g), 0.0, w)

    pair = Pair(Warmup(StepDecay(lr, s, g), w).table(N), ignite_rates(make, lr), lr)
    return pair._replace(explained=Warmup(StepDecay(lr, s, g), w - 1).table(N))


# --- the table, and the sum of it all

LIBRARIES: tuple[Library, ...] = ("torch", "Keras", "optax", "scikit-learn")
CLIENTS: tuple[Library, ...] = ("Transformers", "ignite")  # with tables of their own only
ROWS = [
    "Constant",
    "StepDecay",
    "MultiStepDecay",
    "FactorDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "SquareRootDecay",
    "InverseSqrtDecay",
    "InverseScaling",
    "BottouOptimal",
    "PolynomialDecay",
    "LinearDecay",
    "CosineDecay",
    "CosineRestarts",
    "Cyclical",
    "OneCycle",
    "WarmupStableDecay",
    "Rex",
    "Piecewise",
    "LRRangeTest",
    "Warmup",
    "Sequential",
    "Product",
    "PerEpoch",
    "ReduceOnPlateau",
]

# What a library has but no case compares.
NOT_COMPARED = {
    ("Constant", "Keras"): "a plain number",
}


def cell(ours: str, library: str) -> str:
    """What the overview says about a schedule of ours in a library."""
    verdicts = {c.verdict for c in CASES if (c.ours, c.library) == (ours, library)}
    found = {
        frozenset(): NOT_COMPARED.get((ours, library), "absent"),
        frozenset({"same"}): "same",
        frozenset({"differs"}): "**differs**",
        frozenset({"same", "differs"}): "same, **with exceptions**",
    }
    return found[frozenset(verdicts)]


def entry(c: Case) -> str:
    """A row of a library's own table: its name, ours, how the rates compare."""
    name, _, where = c.name.partition("; ")
    name = "any" if name == "any" else f"`{name}`"
    where = f", {where}" if where else ""
    if c.verdict == "differs":
        rates = f"**differs**: {c.how}"
    else:
        rates = f"same ({c.how})" if c.how else "same"
    return f"| {name}{where} | `{c.ours}` | {rates} |"


def table() -> str:
    """The Markdown tables of the API page: an overview, then one for each library."""
    lines = [
        f"| d2lsched | {' | '.join(LIBRARIES)} |",
        f"| --- |{' --- |' * len(LIBRARIES)}",
        *(
            f"| `{ours}` | {' | '.join(cell(ours, library) for library in LIBRARIES)} |"
            for ours in ROWS
        ),
    ]
    for library in (*LIBRARIES, *CLIENTS):
        cases = (c for c in CASES if c.library == library)
        lines += ["", f"### In {library}", ""]
        lines += [f"| {library} | d2lsched | rates |", "| --- | --- | --- |"]
        lines += map(entry, sorted(cases, key=lambda c: ROWS.index(c.ours)))
    return "\n".join([*lines, *NOT_RUN]) + "\n"


# Compared once, or read, and not run by a test: timm wants a torchvision that there is not for
# every Python and build of torch that the README names, fastai spaCy and more.
NOT_RUN = """
### In timm

Of timm 1.0.31. No test of this book runs these rows.

| timm | d2lsched | rates |
| --- | --- | --- |
| `StepLRScheduler` | `StepDecay` | same |
| `MultiStepLRScheduler` | `MultiStepDecay` | **differs**: drops one update earlier, at m − 1 |
| `PolyLRScheduler` | `PolynomialDecay` | same |
| `CosineLRScheduler` | `CosineDecay` | same |
| `CosineLRScheduler`, cycle_decay | `CosineRestarts` | **differs**: {peak} |
| `CosineLRScheduler`, cycle_mul | `CosineRestarts` | **differs**: {cycle} |
| `CosineLRScheduler`, warmup_t | `Warmup` | **differs**: {jump} |
| `CosineLRScheduler`, warmup_prefix | `Warmup` | same |

### In fastai

Read in the source of fastai 2.8.12. No test of this book runs these rows.

| fastai | d2lsched | rates |
| --- | --- | --- |
| `fit_sgdr` | `CosineRestarts` | same |
| `fit_one_cycle` | `OneCycle` | **differs**: {later} |
| `fit_flat_cos` | `WarmupStableDecay` | same (a cosine from pct·T to T, to 1/100,000) |
| `lr_find` | `LRRangeTest` | same (`num_it=n` with steps = n + 1) |
""".format(
    peak="shrinks the peak, where lr_mult shrinks its height above the floor",
    cycle="finds its cycle with a logarithm: t_initial=1, cycle_mul=3, t=121",
    jump="enters the cosine at t = warmup_t, a jump down, unless warmup_prefix=True",
    later="peaks at pct·T and would end at T, of T updates, both one update later; starts at "
    "1/25 of the peak, ends at 1/100,000",
).splitlines()


class Total(NamedTuple):
    """How much was compared."""

    sets: int = 0
    values: int = 0
    error: float = 0.0

    def plus(self, values: int, error: float) -> Total:
        return Total(self.sets + 1, self.values + values, max(self.error, error))


def report(totals: dict[str, Total]) -> str:
    lines = ["library       cases   sets   values  largest error / peak"]
    for library, total in totals.items():
        cases = sum(c.library == library for c in CASES)
        lines.append(
            f"{library:13} {cases:5} {total.sets:6} {total.values:8}  {total.error:.1e}"
        )
    return "\n".join(lines)


def compare(sets: int) -> dict[str, Total]:
    """Compare so many parameter sets of every case."""
    totals = {library: Total() for library in (*LIBRARIES, *CLIENTS)}
    for c, library in itertools.product(CASES, totals):
        if c.library == library:
            for parameters in c.parameters(sets):
                totals[library] = totals[library].plus(*c.error(**parameters))
    return totals


MANY = 100  # parameter sets a case, for the full comparison

if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print(table(), end="")
    else:
        import d2lsched.tensorflow  # sets TensorFlow's environment before it loads

        print(f"d2lsched {d2lsched.__version__}, {MANY} parameter sets a case")
        print(report(compare(MANY)))
