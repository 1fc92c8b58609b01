"""Rates in JAX are typed as weakly as optax's own, so that weights keep the type they have."""

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from test_native import CURVE, KINDS_AND_SCHEDULES

from d2lsched import Constant, CosineDecay, Piecewise, ReduceOnPlateau, Schedule
from d2lsched import numpy as d2l_numpy
from d2lsched.jax import OptaxSchedule, native

pytestmark = pytest.mark.slow

every_kind = pytest.mark.parametrize("schedule", KINDS_AND_SCHEDULES.values(),
                                     ids=KINDS_AND_SCHEDULES)  # fmt: skip
PAIRS = {
    "ours": (native(CosineDecay(0.1, 40)), native(Constant(0.9))),
    "optax": (optax.cosine_decay_schedule(0.1, 40), optax.constant_schedule(0.9)),
}
both = pytest.mark.parametrize(("rate", "momentum"), PAIRS.values(), ids=PAIRS)


def _like(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)


def _same_through_scan_and_cond(optimizer: optax.GradientTransformation, dtype: Any) -> Any:
    """Weights after five updates in a scan, each in a branch of a cond: both are strict."""
    weights = {"w": jnp.ones(3, dtype)}

    def update(carry: Any, _: None) -> Any:
        def go(carry: Any) -> Any:
            weights, state = carry
            changes, state = optimizer.update(weights, state, weights)
            return optax.apply_updates(weights, changes), state

        return jax.lax.cond(carry[0]["w"][0] > 0, go, lambda carry: carry, carry), None

    carry = weights, optimizer.init(weights)
    after, _ = jax.lax.scan(update, carry, None, length=5)
    assert _like(after) == _like(carry)
    return after[0]["w"]


OPTIMIZERS: dict[str, Callable[[Any, Any], optax.GradientTransformation]] = {
    "sgd": lambda rate, _: optax.sgd(rate, momentum=0.9),
    "adamw, injected": lambda rate, _: optax.inject_hyperparams(optax.adamw)(
        learning_rate=rate, weight_decay=rate
    ),
    "momentum": lambda rate, mu: optax.inject_hyperparams(optax.sgd)(rate, momentum=mu),
    "apply_if_finite": lambda rate, _: optax.apply_if_finite(
        optax.inject_hyperparams(optax.adamw)(rate), 3
    ),
    "conditionally_transform": lambda rate, _: optax.chain(
        optax.conditionally_transform(
            optax.inject_hyperparams(optax.scale)(rate), lambda step, **_: step % 2 == 0
        ),
        optax.scale(-1.0),
    ),
    "MultiSteps": lambda rate, _: optax.MultiSteps(
        optax.inject_hyperparams(optax.adam)(rate), 2
    ).gradient_transformation(),
}


@both
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32], ids=["bfloat16", "float32"])
def test_weights_and_states_keep_their_types_as_with_optaxs_own(rate, momentum, name, dtype):
    found = _same_through_scan_and_cond(OPTIMIZERS[name](rate, momentum), dtype)
    own = OPTIMIZERS[name](*PAIRS["optax"])
    expected = _same_through_scan_and_cond(own, dtype)
    np.testing.assert_allclose(np.float32(found), np.float32(expected), rtol=1e-5)


@every_kind
def test_every_rate_of_a_whole_update_is_weakly_typed(schedule):
    for count in (jnp.int32(3), jnp.arange(3), jnp.uint8(7), jnp.asarray(5)):
        assert schedule(count).weak_type
        assert jax.eval_shape(schedule, count).weak_type
        assert jax.eval_shape(jax.vmap(native(schedule)), jnp.atleast_1d(count)).weak_type
    weights = jnp.ones(2, jnp.bfloat16)
    for t in (0, 3, jnp.int32(3), np.int64(3)):  # optax asks with an array, people with numbers
        assert (weights - native(schedule)(t) * weights).dtype == jnp.bfloat16
        assert (weights - schedule(t) * weights).dtype == jnp.bfloat16
        assert (weights - jax.jit(native(schedule))(t) * weights).dtype == jnp.bfloat16


@every_kind
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_a_fractional_update_has_its_rate_in_its_own_type(schedule, dtype):
    t = jnp.asarray(2.5, dtype)
    rate = schedule(t)
    assert (rate.dtype, rate.weak_type) == (dtype, False)
    assert not jax.eval_shape(schedule, t).weak_type


def test_the_bridge_is_a_value():
    one, other = native(CURVE), native(CURVE)
    assert one == other == pickle.loads(pickle.dumps(one)) == OptaxSchedule(CURVE)
    assert hash(one) == hash(other)
    assert one != native(Constant(0.1))
    compiled = []

    def step(rate: OptaxSchedule, count: jax.Array) -> jax.Array:
        compiled.append(rate)
        return rate(count)

    jitted = jax.jit(step, static_argnums=0)
    for rate in (one, other, pickle.loads(pickle.dumps(one))):
        jitted(rate, jnp.int32(3))
    assert len(compiled) == 1
    jitted(native(Constant(0.1)), jnp.int32(3))
    assert len(compiled) == 2


@pytest.mark.parametrize("value", [0.1, None, "cosine", Constant, abs, ReduceOnPlateau(0.1)])
def test_what_is_no_schedule_is_refused_at_once(value):
    for bridge in (native, d2l_numpy.native):
        with pytest.raises(
            ValueError, match=r"^schedule = .*must be a schedule, such as Const"
        ):
            bridge(value)


def test_momentum_follows_a_schedule_where_it_is_injected():
    dip = Piecewise([(0, 0.95), (5, 0.85), (10, 0.95)])
    optimizer = optax.inject_hyperparams(optax.sgd)(0.1, momentum=native(dip))
    state = optimizer.init(jnp.zeros(()))
    for t in range(10):
        _, state = optimizer.update(jnp.ones(()), state)
        assert float(state.hyperparams["momentum"]) == pytest.approx(dip(t), abs=1e-6)


@pytest.mark.slow
def test_with_64_bits_rates_are_weakly_typed_too():
    with jax.enable_x64(True):
        for kind, schedule in KINDS_AND_SCHEDULES.items():
            rate = schedule(jnp.int32(3))
            assert (rate.dtype, rate.weak_type) == (jnp.float64, True), kind
            assert float(rate) == pytest.approx(schedule(3), rel=1e-12)
            assert (jnp.ones(2, jnp.float32) * rate).dtype == jnp.float32


# --- NumPy: its own scalars are not weak, Python's are


@every_kind
def test_weights_in_numpy_keep_their_type(schedule: Schedule):
    for t in (3, 2.5, np.int64(3), np.float32(2.5), np.uint8(3), np.array(3)):
        rate = schedule(t)
        assert type(rate) is float
        for dtype in (np.float16, np.float32, np.float64):
            assert (np.ones(2, dtype) * rate).dtype == dtype
        assert rate == pytest.approx(schedule(float(t)), rel=1e-12)
    assert schedule(np.array([3])).dtype == np.float64
