"""Empirical risks of terms of any form, and the noise of sampling them (slide "ERM")."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.finite_sum import FiniteSum
from longrun.landscapes import Landscape, jacobian
from longrun.losses import agree

Array = NDArray[np.float64]


def sampled_terms(
    values: Callable[[Array], Array],
    gradients: Callable[[Array], Array],
    hessians: Callable[[Array], Array] | None = None,
    *,
    box: tuple[ArrayLike, ArrayLike],
    weight_decay: float = 0.0,
    batch: int = 1,
    replace: bool = True,
    name: str = "empirical risk",
) -> tuple[Landscape, FiniteSum]:
    """Return f(θ) = mean ℓ_i(θ) + ½ λ|θ|² and the noise of sampling, for smooth terms ℓ_i of any form: a network, say.

    Parameters
    ----------
    values : callable
        All terms at many points, θ (..., d) → (..., m).
    gradients : callable
        (..., d) → (..., m, d).
    hessians : callable, optional
        (..., d) → (..., m, d, d). Default: differences of the gradients.
    box : pair of array_like (d,)
        Where to look for critical points.
    weight_decay : float
        λ ≥ 0. Any other regulariser can be part of every term: a common part is no noise.
    batch, replace, name
        As for `empirical_risk`.

    Returns
    -------
    landscape : Landscape
    noise : FiniteSum

    Raises
    ------
    ValueError
        If an argument is out of range, or derivatives do not agree with the values at sixteen points of the box.

    Examples
    --------
    One neuron, ½ (tanh(w t_i) − y_i)²:

    >>> import numpy as np
    >>> t, y = np.array([0.5, 1.0, 2.0]), np.array([0.4, 0.9, 0.7])
    >>> def values(w):
    ...     return (np.tanh(w * t) - y) ** 2 / 2
    >>> def gradients(w):
    ...     return ((np.tanh(w * t) - y) * t / np.cosh(w * t) ** 2)[..., None]
    >>> landscape, noise = sampled_terms(values, gradients, box=([-3], [3]), weight_decay=0.01, batch=2, replace=False)
    >>> print(landscape.dim, noise)
    1 FiniteSum(batch=2, replace=False)
    """
    if not (np.isfinite(weight_decay) and weight_decay >= 0):
        raise ValueError(f"weight_decay = {weight_decay!r}: a finite number ≥ 0 is needed")
    second = hessians or (lambda x: jacobian(lambda y: gradients(y).reshape(*y.shape[:-1], -1), x).reshape(*gradients(x).shape, -1))

    def value(x: Array) -> Array:
        return values(x).mean(axis=-1) + weight_decay / 2 * (x * x).sum(axis=-1)

    def grad(x: Array) -> Array:
        return gradients(x).mean(axis=-2) + weight_decay * x

    def hess(x: Array) -> Array:
        return second(x).mean(axis=-3) + weight_decay * np.eye(x.shape[-1])

    landscape = Landscape(name, value, grad, hess, box=(np.asarray(box[0], dtype=float), np.asarray(box[1], dtype=float)))
    noise = FiniteSum(gradients, batch, replace=replace, jacobians=second)
    x = np.random.default_rng(0).uniform(*landscape.box, size=(16, landscape.dim))
    m, d = noise.samples(x), landscape.dim
    agree("gradients", x, values, gradients, (m,))
    agree("hessians", x, gradients, second, (m, d))
    return landscape, noise
