"""The dynamics that the talk sets aside, in the signature of `sgd.run` (slide "what we are not doing")."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun import sgd
from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Noise

Array = NDArray[np.float64]


def gradient_descent(landscape: Landscape, eta: float, x0: ArrayLike, steps: int, *, keep: int = 1) -> Array:
    """Run x_{t+1} = x_t − η ∇f(x_t): SGD without its noise. Arguments, result and errors as `sgd.run`."""
    return sgd.run(landscape, Gaussian(_zero), eta, x0, steps, rng=np.random.default_rng(0), keep=keep)


def decreasing_steps(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    x0: ArrayLike,
    steps: int,
    *,
    rng: np.random.Generator,
    power: float = 0.75,
    delay: float = 100.0,
    keep: int = 1,
    executor: Executor | None = None,
    progress: bool = False,
) -> Array:
    """Run stochastic approximation: SGD with η_t = η / (1 + t/delay)^power, t = 0, 1, …

    Parameters
    ----------
    landscape, noise, eta, x0, steps, rng, keep, executor, progress
        As for `sgd.run`; η is the first step-size.
    power : float
        Robbins and Monro's conditions Σ η_t = ∞, Σ η_t² < ∞ need ½ < power ≤ 1.
    delay : float
        Number of steps after which η_t has fallen by 2^power.

    Returns
    -------
    array, shape (n, d), or (keep, n, d) if keep > 1

    Raises
    ------
    ValueError
        As `sgd.run`, and for a `power` or `delay` out of range.
    """
    if not 0.5 < power <= 1:
        raise ValueError(f"power = {power!r}: a number in (½, 1] is needed for convergence")
    if not 0 < delay < np.inf:
        raise ValueError(f"delay = {delay!r}: a finite number > 0 is needed")
    if not eta > 0:
        raise ValueError(f"eta = {eta!r}: a finite step-size > 0 is needed")
    sizes = eta / (1 + np.arange(steps) / delay) ** power
    return sgd.run(landscape, noise, sizes, x0, steps, rng=rng, keep=keep, executor=executor, progress=progress)


def _zero(x: Array) -> Array:
    return np.zeros(x.shape[:-1])
