"""The two update rules, written once for NumPy, TensorFlow and JAX.

Both take and return lists of arrays, one per weight, and change nothing in place.
`d2lsched.torch` uses torch.optim.SGD and torch.optim.AdamW, which compute the same;
a test compares them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

BETA2 = 0.999
EPSILON = 1e-8

Arrays = list[Any]


def sgd(
    weights: Arrays,
    moments: Arrays,
    gradients: Arrays,
    lr: Any,
    momentum: Any,
    weight_decay: float,
) -> tuple[Arrays, Arrays]:
    r"""One update of SGD with momentum: $v \leftarrow \mu v + g$, $w \leftarrow w - \eta v$.

    Weight decay is added to the gradient, $g + \lambda w$. The rate stays outside the
    velocity, as in torch and optax; Keras puts it inside, which gives other updates
    whenever the rate changes. Returns (weights, moments); moments holds $v$.
    """
    if weight_decay:
        gradients = [g + weight_decay * w for g, w in zip(gradients, weights, strict=True)]
    velocities = [momentum * v + g for v, g in zip(moments, gradients, strict=True)]
    return [w - lr * v for w, v in zip(weights, velocities, strict=True)], velocities


def adam(
    weights: Arrays,
    moments: tuple[Arrays, Arrays],
    gradients: Arrays,
    lr: Any,
    momentum: Any,
    weight_decay: float,
    corrections: Any,
) -> tuple[Arrays, tuple[Arrays, Arrays]]:
    r"""One update of Adam: Algorithm 1 of arXiv 1412.6980 with $\epsilon = 10^{-8}$.

    momentum is $\beta_1$; $\beta_2 = 0.999$. Weight decay is decoupled (arXiv
    1711.05101): $w \leftarrow (1 - \eta\lambda) w$ first. corrections are the update's
    $1 - \beta_1^{t+1}$ and $1 - \beta_2^{t+1}$, see `bias_corrections`. Returns
    (weights, moments); moments holds the running means of $g$ and $g^2$.
    """
    means, squares = moments
    first, second = corrections
    means = [momentum * m + (1 - momentum) * g for m, g in zip(means, gradients, strict=True)]
    squares = [BETA2 * s + (1 - BETA2) * g * g for s, g in zip(squares, gradients, strict=True)]
    steps = [
        (m / first) / ((s / second) ** 0.5 + EPSILON)
        for m, s in zip(means, squares, strict=True)
    ]
    weights = [
        (1 - lr * weight_decay) * w - lr * d for w, d in zip(weights, steps, strict=True)
    ]
    return weights, (means, squares)


def bias_corrections(momenta: np.ndarray, first_update: int) -> np.ndarray:
    r"""$1 - \beta_1^{t+1}$ and $1 - \beta_2^{t+1}$ for consecutive updates, shape (n, 2).

    Computed ahead in float64: in float32 the second is off by 1e-4 at the first updates.
    """
    t = first_update + 1 + np.arange(len(momenta))
    return np.stack([1 - momenta**t, 1 - BETA2**t], axis=1)


def zeros(weights: Arrays, optimizer: str) -> Any:
    """The moments at update 0, for NumPy weights: one list for sgd, two for adam."""
    blank = [np.zeros_like(w) for w in weights]
    return blank if optimizer == "sgd" else (blank, [w.copy() for w in blank])
