r"""The noisy quadratic: a loss on which SGD's expected loss is known exactly at every update.

One coordinate per curvature $h_i$, independent of each other, with the minimum at 0:

$$L(w) = \frac12 \sum_i h_i w_i^2, \qquad g_i = h_i w_i + \xi_i, \qquad
\mathrm{E}\,\xi_i = 0, \quad \mathrm{Var}\,\xi_i = \frac{c_i}{B},$$

the noise $\xi$ new in every update. It has what makes a rate hard to choose: directions that
diverge at a rate at which others hardly move, and a noise floor that falls with the rate.
Sources: Zhang et al., arXiv 1907.04164; Wu et al., arXiv 1803.02021.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .optimizers import sgd
from .schedules.base import number_that, require, whole
from .settings import Values, values

Numbers = Sequence[float] | np.ndarray
"""One number per coordinate."""


@dataclass(frozen=True)
class NoisyQuadratic:
    r"""A quadratic loss with noisy gradients; see `d2lsched.quadratic` for the formula.

    curvatures: $h_i > 0$, one per coordinate: the eigenvalues of the loss's Hessian.
    noise: $c_i \ge 0$, the variance of one sample's gradient: one number for all
        coordinates, or one for each. By default $c_i = h_i$, as in arXiv 1907.04164.
    start: $w_i$ at update 0, one number or one for each. A random start gives the same
        expected losses as its root mean square.

    All three become tuples of floats. ValueError for any other value.

    >>> NoisyQuadratic([1, 0.1])
    NoisyQuadratic(curvatures=(1.0, 0.1), noise=(1.0, 0.1), start=(1.0, 1.0))
    >>> as_in_the_paper = NoisyQuadratic(1 / np.arange(1, 10_001))
    >>> condition_number_100 = NoisyQuadratic(np.geomspace(1, 0.01, 20), noise=0.1)
    """

    curvatures: Numbers
    noise: Numbers | float | None = None
    start: Numbers | float = 1.0

    def __post_init__(self) -> None:
        h: Any = self.curvatures
        h = h.tolist() if isinstance(h, np.ndarray) else h
        several = isinstance(h, list | tuple) and len(h) > 0
        require(several, "curvatures", h, "a list of numbers, not empty")
        c = h if self.noise is None else self.noise
        for name, value in (("curvatures", h), ("noise", c), ("start", self.start)):
            object.__setattr__(self, name, _floats(name, value, len(h)))

    def expected_loss(
        self, schedule: Values, n: int, momentum: Values = 0.0, batch_size: Values = 1
    ) -> np.ndarray:
        r"""$\mathrm{E}\,L$ at the start and after each of ``n`` updates of SGD, exactly.

        float64, shape (n + 1,): entry t is the loss that update t starts from. What grows
        beyond float64 is inf. It is the sum of the two `parts`, which tell how it is found.

        schedule: the rate $\eta$: a schedule, a number, or a function of the update number.
        n: updates.
        momentum: $\mu$ in $[0, 1)$ of $v \leftarrow \mu v + g$, $w \leftarrow w - \eta v$
            (`d2lsched.optimizers.sgd`); like the rate, it may change. $v = 0$ at update 0.
        batch_size: $B \ge 1$, samples per update; it may change, too.

        ValueError for any other value.

        >>> from d2lsched import CosineDecay
        >>> model = NoisyQuadratic([1, 0.1, 0.01])
        >>> for schedule in (0.5, CosineDecay(0.5, 100)):
        ...     print(model.expected_loss(schedule, 100)[[0, 1, 50, 100]].round(3))
        [0.555 0.301 0.183 0.182]
        [0.555 0.301 0.09  0.024]
        >>> print(model.expected_loss(2.1, 10_000)[-1])
        inf
        """
        left, brought = self.parts(schedule, n, momentum, batch_size)
        return left + brought

    def parts(
        self, schedule: Values, n: int, momentum: Values = 0.0, batch_size: Values = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        r"""The expected loss in two parts: what is left of the start, what noise brought.

        schedule, n, momentum, batch_size: as for `expected_loss`; two arrays like its own.

        An update is linear,

        $$\binom{w}{v} \leftarrow M \binom{w}{v} + \xi \binom{-\eta}{1}, \qquad
        M = \begin{pmatrix} 1 - \eta h & -\eta\mu \\ h & \mu \end{pmatrix},$$

        so the mean of $(w, v)$ is multiplied by $M$, and its covariance $P$ becomes
        $M P M^\top + \frac{c}{B} \binom{-\eta}{1} (-\eta, 1)$. The first part is
        $\frac12 \sum h\, (\mathrm{E}\,w)^2$, the second $\frac12 \sum h\, \mathrm{Var}\,w$.

        A large rate forgets the start sooner, but has a higher floor:

        >>> for lr in (0.2, 0.02):
        ...     left, brought = NoisyQuadratic([1]).parts(lr, 50)
        ...     print(f"{lr}: {left[-1]:.4f} + {brought[-1]:.4f}")
        0.2: 0.0000 + 0.0556
        0.02: 0.0663 + 0.0044
        """
        rates, momenta, sizes = _settings(schedule, n, momentum, batch_size)
        h, c, w = self._arrays()  # w and v are the means,
        v, ww, wv, vv = np.zeros((4, len(h)))  # the others P's entries
        left, brought = np.empty((2, n + 1))
        with np.errstate(over="ignore", invalid="ignore"):
            left[0], brought[0] = h @ (w * w) / 2, 0
            for t, (lr, mu, size) in enumerate(zip(rates, momenta, sizes, strict=True)):
                keep, carry, xi = 1 - lr * h, lr * mu, c / size
                w, v = keep * w - carry * v, h * w + mu * v
                # M P Mᵀ written out: w first, as M has it. Updating v first takes fewer terms,
                # but they cancel; without momentum this ww never falls below its noise.
                ww, wv, vv = (
                    keep**2 * ww - 2 * keep * carry * wv + carry**2 * vv + lr**2 * xi,
                    keep * h * ww + (keep * mu - carry * h) * wv - carry * mu * vv - lr * xi,
                    h**2 * ww + 2 * h * mu * wv + mu**2 * vv + xi,
                )
                left[t + 1], brought[t + 1] = h @ (w * w) / 2, h @ ww / 2
        return _inf_for_nan(left), _inf_for_nan(brought)

    def simulate(
        self, schedule: Values, n: int, momentum: Values = 0.0, batch_size: Values = 1,
        *, runs: int = 1, seed: int = 0,
    ) -> np.ndarray:  # fmt: skip
        """The losses of ``runs`` real runs of SGD, with Gaussian noise: shape (runs, n + 1).

        schedule, n, momentum, batch_size: as for `expected_loss`, to which the mean over many
            runs tends.
        runs: how many, at least 1.
        seed: fixes the noise.

        >>> model = NoisyQuadratic([1, 0.1])
        >>> print(model.expected_loss(0.5, 3).round(2))
        [0.55 0.3  0.23 0.21]
        >>> print(model.simulate(0.5, 3, runs=100_000).mean(axis=0).round(2))
        [0.55 0.3  0.23 0.21]
        """
        whole("runs", runs, 1)
        whole("seed", seed, 0)
        rates, momenta, sizes = _settings(schedule, n, momentum, batch_size)
        h, c, start = self._arrays()
        generator = np.random.default_rng(seed)
        weights, moments = [np.tile(start, (runs, 1))], [np.zeros((runs, len(h)))]
        losses = np.empty((runs, n + 1))
        with np.errstate(over="ignore", invalid="ignore"):
            losses[:, 0] = weights[0] ** 2 @ h / 2
            for t, (lr, mu, size) in enumerate(zip(rates, momenta, sizes, strict=True)):
                noise = generator.standard_normal((runs, len(h))) * np.sqrt(c / size)
                weights, moments = sgd(
                    weights, moments, [h * weights[0] + noise], lr, mu, weight_decay=0
                )
                losses[:, t + 1] = weights[0] ** 2 @ h / 2
        return _inf_for_nan(losses)

    def bound(self, momentum: float = 0.0) -> float:
        r"""The rate at which SGD begins to diverge: $2\,(1 + \mu) / \max_i h_i$.

        Below it every coordinate converges to its floor, above it the steepest diverges.
        momentum: $\mu$ in $[0, 1)$, or ValueError.

        >>> NoisyQuadratic([4, 1]).bound(), NoisyQuadratic([4, 1]).bound(momentum=0.9)
        (0.5, 0.95)
        """
        return 2 * (1 + _number("momentum", momentum, below=1)) / max(self.curvatures)

    def steady_state(self, lr: float, momentum: float = 0.0, batch_size: float = 1) -> float:
        r"""The noise floor: the expected loss after infinitely many updates at a constant rate.

        $$\frac12 \sum_i \frac{c_i}{B}\, \frac{\eta\,(1 + \mu)}
        {(1 - \mu)\,\bigl(2\,(1 + \mu) - \eta h_i\bigr)}$$

        lr: $\eta \ge 0$. From the `bound` on, where nothing settles, the floor is inf; at 0,
            where nothing moves, it is the loss of the start.
        momentum, batch_size: $\mu$ in $[0, 1)$ and $B \ge 1$, constant as well.

        ValueError for any other value. Small rates have a floor proportional to
        $\eta / (1 - \mu)$:

        >>> model = NoisyQuadratic([1])
        >>> model.steady_state(0.2), model.steady_state(0.02, momentum=0.9)
        (0.0556, 0.0503)
        """
        lr = _number("lr", lr)
        mu = _number("momentum", momentum, below=1)
        size = _number("batch_size", batch_size, least=1)
        h, c, start = self._arrays()
        if lr == 0 or lr >= self.bound(mu):
            return math.inf if lr else float(h @ (start * start) / 2)
        # Each coordinate's own bound less the rate: rounded, too, it is above 0.
        room = 2 * (1 + mu) / h - lr
        return float((c / h / room).sum() / size * lr * (1 + mu) / (1 - mu) / 2)

    def greedy_rates(self, n: int, batch_size: Values = 1) -> np.ndarray:
        r"""The rates that make the expected loss after the very next update smallest.

        Without momentum; float64, shape (n,). With $A_i = \mathrm{E}\,w_i^2$ at each update,

        $$\eta = \frac{\sum_i h_i^2 A_i}{\sum_i h_i\, (h_i^2 A_i + c_i / B)}.$$

        n, batch_size: as for `expected_loss`; ValueError likewise.

        On a single coordinate no other rates do better after any number of updates, and they
        are $1 / (h\,(t_0 + t))$ with $t_0 = 1 + c / (B h^2 w_0^2)$, a `BottouOptimal`: why the
        rate must decay, and how fast. On several they can be short-sighted: small too soon,
        for the sake of the steep coordinates. Source: arXiv 1803.02021.

        >>> 1 / NoisyQuadratic([2], noise=4).greedy_rates(4)
        array([ 4., 6., 8., 10.])
        """
        sizes = _settings(0, n, 0, batch_size)[2]
        h, c, start = self._arrays()
        squares, rates = start * start, np.zeros(n)
        for t, size in enumerate(sizes):
            slope, bend = h**2 @ squares, h @ (h**2 * squares + c / size)
            lr = rates[t] = slope / bend if bend > 0 else 0
            squares = (1 - lr * h) ** 2 * squares + lr**2 * c / size
        return rates

    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return np.array(self.curvatures), np.array(self.noise), np.array(self.start)


_CHECKS = {
    "curvatures": number_that("a finite number above 0", lambda x: x > 0),
    "noise": number_that("a finite number, at least 0", lambda x: x >= 0),
    "start": number_that("a finite number", lambda _: True),
}


def _floats(name: str, value: Any, n: int) -> tuple[float, ...]:
    value = value.tolist() if isinstance(value, np.ndarray) else value
    items = value if isinstance(value, list | tuple) else [value] * n
    require(len(items) == n, f"len({name})", len(items), f"{n}, like len(curvatures)")
    return tuple(_CHECKS[name](name, item) for item in items)


def _settings(
    schedule: Values, n: int, momentum: Values, batch_size: Values
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    whole("n", n, 0)
    sizes = values("batch_size", batch_size, 0, n)
    for t in np.flatnonzero(sizes < 1):
        require(False, f"batch_size at update {t}", float(sizes[t]), "a number, at least 1")
    return values("schedule", schedule, 0, n), values("momentum", momentum, 0, n, 1), sizes


def _number(name: str, value: Any, least: float = 0, below: float = math.inf) -> float:
    require(not callable(value), name, value, "a number")
    number = float(values(name, value, 0, 1, below)[0])
    require(number >= least, name, value, f"at least {least:g}")
    return number


def _inf_for_nan(losses: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(losses), np.inf, losses)  # after an overflow, inf − inf
