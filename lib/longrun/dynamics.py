"""The dynamics that the talk sets aside, in the signature of `sgd.run` (slide "what we are not doing")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun import sgd
from longrun.ensemble import checked, is_count, over_groups
from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Matched, Noise
from longrun.randomness import positive

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


def langevin(
    landscape: Landscape,
    sigma: float | Callable[[Array], Array],
    eta: float,
    x0: ArrayLike,
    steps: int,
    *,
    rng: np.random.Generator,
    keep: int = 1,
    executor: Executor | None = None,
    progress: bool = False,
) -> Array:
    """Run unadjusted Langevin, x_{t+1} = x_t − η ∇f(x_t) + √η N(0, σ²): its law tends to e^{−2f/σ²} as η → 0.

    Parameters
    ----------
    landscape, eta, x0, steps, rng, keep, executor, progress
        As for `sgd.run`; one η for all steps.
    sigma : float or callable
        σ > 0, or x (..., d) → σ(x) ≥ 0 (...).

    Returns
    -------
    array, shape (n, d), or (keep, n, d) if keep > 1

    Raises
    ------
    ValueError, Diverged
        As `sgd.run`.
    """
    root = np.sqrt(positive("eta", eta))
    noise = Gaussian(partial(_divided, sigma, root)) if callable(sigma) else Gaussian(positive("sigma", sigma) / root)
    return sgd.run(landscape, noise, eta, x0, steps, rng=rng, keep=keep, executor=executor, progress=progress)


def diffusion(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    x0: ArrayLike,
    steps: int,
    *,
    rng: np.random.Generator,
    substeps: int = 1,
    keep: int = 1,
    executor: Executor | None = None,
    progress: bool = False,
) -> Array:
    """Run the diffusion that stands in for SGD, dx = −∇f dt + √η C(x)^{1/2} dW, C the covariance of the noise.

    Euler and Maruyama's scheme with `substeps` steps on each interval of length η. One step is SGD with Gaussian noise of the
    same covariance.

    Parameters
    ----------
    landscape, noise, eta, x0, steps, rng, executor, progress
        As for `sgd.run`; one η for all steps, each of which is a time η.
    substeps : int
        Number of steps of the scheme per η.
    keep : int
        How many of the last states at multiples of η to return.

    Returns
    -------
    array, shape (n, d), or (keep, n, d) if keep > 1

    Raises
    ------
    ValueError, Diverged
        As `sgd.run`.
    """
    return _scheme(landscape, landscape, noise, eta, x0, steps, rng, substeps, keep, executor, progress)


def modified_equation(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    x0: ArrayLike,
    steps: int,
    *,
    rng: np.random.Generator,
    substeps: int = 10,
    keep: int = 1,
    executor: Executor | None = None,
    progress: bool = False,
) -> Array:
    """Run the modified equation of weak order two, dx = −∇(f + η|∇f|²/4) dt + √η C(x)^{1/2} dW (Li, Tai & E 2017).

    Arguments, result and errors as `diffusion`. Accurate over bounded times; for a quadratic f its stationary variance,
    ησ²/(h(2 + ηh)), is further from that of SGD than the first order's, see `linear.diffusion_covariance`.
    """
    eta = positive("eta", eta)
    steeper = Landscape(f"{landscape.name}, modified", None, partial(_modified, landscape, eta), box=landscape.box)
    return _scheme(landscape, steeper, noise, eta, x0, steps, rng, substeps, keep, executor, progress)


def _scheme(
    landscape: Landscape,
    drift: Landscape,
    noise: Noise,
    eta: float,
    x0: ArrayLike,
    steps: int,
    rng: np.random.Generator,
    substeps: int,
    keep: int,
    executor: Executor | None,
    progress: bool,
) -> Array:
    """Step by η/k with noise times √k: the variance over a time η is η²C, as in a step of SGD."""
    if not is_count(substeps) or substeps < 1:
        raise ValueError(f"substeps = {substeps!r}: an integer ≥ 1 is needed")
    size = positive("eta", eta) / substeps
    x0 = checked(landscape, size, x0, steps)
    if not is_count(keep) or not 1 <= keep <= steps:
        raise ValueError(f"keep = {keep!r}: an integer from 1 to steps = {steps} is needed")
    task = partial(_at_multiples, steps=steps, keep=keep, substeps=substeps)
    wide = _matched(noise, np.sqrt(substeps))
    kept = np.concatenate(over_groups(task, drift, wide, size, x0, rng, executor, progress, steps * substeps), axis=1)
    return kept[0] if keep == 1 else kept


def _matched(noise: Noise, scale: float) -> Noise:
    """Gaussian noise with `scale` times the root of the covariance; where that is σ²I no matrix has to be factored."""
    if isinstance(noise, Gaussian) and not callable(noise.sigma):
        return Gaussian(scale * noise.sigma)
    return Matched(noise, scale)


def _at_multiples(iterates: Iterator[tuple[int, Array]], n: int, dim: int, *, steps: int, keep: int, substeps: int) -> Array:
    kept = np.empty((keep, n, dim))
    for t, x in iterates:
        if t % substeps == 0 and t // substeps > steps - keep:
            kept[t // substeps - steps + keep - 1] = x
    return kept


def _modified(landscape: Landscape, eta: float, x: Array) -> Array:
    """∇(f + η|∇f|²/4) = ∇f + (η/2) ∇²f ∇f."""
    grad = landscape.grad(x)
    return grad + eta / 2 * np.einsum("...ij,...j->...i", landscape.hess(x), grad)


def _divided(function: Callable[[Array], Array], by: float, x: Array) -> Array:
    return function(x) / by


def _zero(x: Array) -> Array:
    return np.zeros(x.shape[:-1])
