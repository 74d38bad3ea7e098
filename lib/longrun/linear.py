"""SGD near a critical point, where ∇f(x) ≈ H (x − x*): stability, stationary covariance, how far apart iterates are, growth."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov

from longrun.landscapes import Landscape

Array = NDArray[np.float64]


@lru_cache(maxsize=128)
def largest_stable_step(landscape: Landscape) -> float:
    """Return 2/h_max, h_max the largest Hessian eigenvalue at the minima found in the box; ∞ for a field without objective.

    Above it, x ↦ x − η∇f(x) leaves at least one minimum, noise or not.
    """
    if landscape.value is None:
        return np.inf
    x = minima(landscape)
    return 2.0 / float(np.linalg.eigvalsh(landscape.hess(x)).max()) if len(x) else np.inf


def minima(landscape: Landscape, starts: int = 5, iterations: int = 60) -> Array:
    """Find minima by Newton's method with |H| in place of H (it descends everywhere), from a lattice of starts.

    Returns
    -------
    array, shape (k, d)
        Points in the box with small gradient and positive definite Hessian; not deduplicated.
    """
    lower, upper = landscape.box
    if landscape.value is None:
        raise ValueError(f"landscape {landscape.name}: an objective is needed, fields without one have no minima")
    x = _starts(lower, upper, starts)
    longest = np.linalg.norm(upper - lower) / 20
    height, reach = landscape.value(x), np.full(len(x), longest)
    for _ in range(iterations):
        values, vectors = np.linalg.eigh(landscape.hess(x))
        slope = np.einsum("nji,nj->ni", vectors, landscape.grad(x))
        size = np.abs(values)
        step = -np.einsum("nij,nj->ni", vectors, slope / np.maximum(size, 1e-9 * size.max() + 1e-300))
        length = np.linalg.norm(step, axis=1)
        trial = np.clip(x + step * np.minimum(1, reach / np.maximum(length, 1e-300))[:, None], lower, upper)
        there = landscape.value(trial)
        down = there <= height + 1e-12 * np.abs(height)
        x, height = np.where(down[:, None], trial, x), np.where(down, there, height)
        reach = np.where(down, np.minimum(2 * reach, longest), np.minimum(reach, length) / 4)  # or a step leaps over narrow wells
    positive = np.linalg.eigvalsh(landscape.hess(x)).min(axis=1) > 0
    return x[positive & (length < 1e-6 * longest)]


def _starts(lower: Array, upper: Array, per_axis: int) -> Array:
    """A lattice in up to three dimensions, beyond that as many seeded points as a lattice in three has.

    Those are uniform along rays from the centre: a uniform point of a box in many dimensions is near its corners, where a box
    that holds all minima for certain has none.
    """
    dim = lower.size
    if dim <= 3:
        axes = [np.linspace(a, b, per_axis + 2)[1:-1] for a, b in zip(lower, upper, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, dim)
    rng, centre = np.random.default_rng(0), (lower + upper) / 2
    points = rng.uniform(lower, upper, size=(per_axis**3, dim))
    return centre + rng.random((per_axis**3, 1)) * (points - centre)


def stationary_covariance(hessian: ArrayLike, covariance: ArrayLike, eta: float) -> Array:
    """Solve V = (I − ηH) V (I − ηH) + η²C: exact for a quadratic f and any noise of covariance C.

    Parameters
    ----------
    hessian, covariance : array_like, shape (d, d)
        H and C.
    eta : float
        Step-size, below 2/h_max.

    Returns
    -------
    array, shape (d, d)
        In one dimension ησ²/(h(2 − ηh)).

    Raises
    ------
    ValueError
        If the linear recursion has no stationary law.
    """
    h = np.atleast_2d(np.asarray(hessian, dtype=float))
    contraction = np.eye(len(h)) - eta * h
    radius = float(np.abs(np.linalg.eigvals(contraction)).max())
    if radius >= 1:
        raise ValueError(f"eta = {eta!r}: I − ηH has spectral radius {radius:.3g}; a stationary law needs less than 1")
    return solve_discrete_lyapunov(contraction, eta**2 * np.atleast_2d(covariance))


def diffusion_covariance(hessian: ArrayLike, covariance: ArrayLike, eta: float, order: int = 1) -> Array:
    """Return the stationary covariance of the diffusion (modified-equation) surrogate: AV + VA = ηC, A = H or H + ηH²/2.

    Weak order 1: dX = −∇f dt + √(ηC) dW. Weak order 2 adds the drift −(η/4)∇|∇f|² (Li, Tai & E 2017). In one dimension
    ησ²/(2h) and ησ²/(h(2 + ηh)): the second order corrects in the wrong direction, see `stationary_covariance`.
    """
    if order not in (1, 2):
        raise ValueError(f"order = {order!r}: 1 or 2 is needed")
    h = np.atleast_2d(np.asarray(hessian, dtype=float))
    drift = h + (order - 1) * eta * h @ h / 2
    slowest = float(np.linalg.eigvals(drift).real.min())
    if not eta > 0 or not slowest > 0:
        raise ValueError(f"eta = {eta!r}, drift matrix with eigenvalue {slowest:.3g}: both must be > 0 for a stationary law")
    return solve_continuous_lyapunov(drift, eta * np.atleast_2d(covariance))


def squared_distance(hessian: ArrayLike, covariance: ArrayLike, eta: float, lag: int) -> float:
    """Return E|x_{t+s} − x_t|² = 2 tr[V (I − (I − ηH)^s)] under the stationary law; `lag` is s ≥ 1."""
    if lag < 1:
        raise ValueError(f"lag = {lag!r}: an integer ≥ 1 is needed")
    h = np.atleast_2d(np.asarray(hessian, dtype=float))
    v = stationary_covariance(h, covariance, eta)
    identity = np.eye(len(h))
    return float(2 * np.trace(v @ (identity - np.linalg.matrix_power(identity - eta * h, lag))))


def growth_rate(mean: float, strength: float) -> float:
    """Return E log|a + bξ|, ξ ~ N(0, 1): the rate of log|x_t| when each step multiplies x by a + bξ, noise that vanishes at 0.

    Parameters
    ----------
    mean : float
        a; 1 − ηh for SGD near a point of curvature h.
    strength : float
        b ≥ 0; ηκ for noise κ|x|ξ.

    Raises
    ------
    ValueError
        If both vanish, or `strength` is negative.
    """
    if not (strength >= 0 and np.isfinite(mean) and np.isfinite(strength)) or mean == strength == 0:
        raise ValueError(f"mean = {mean!r}, strength = {strength!r}: finite numbers, strength ≥ 0 and not both 0, are needed")
    zero = abs(mean) / strength if strength > 0 else np.inf
    if zero > 30:  # log|1 + ε ξ| = −ε²/2 − 3ε⁴/4 − …, the logarithm's pole has no weight
        ratio = strength / abs(mean)
        return float(np.log(abs(mean)) - ratio**2 / 2 - 3 * ratio**4 / 4)
    from scipy.integrate import quad  # here: a quarter of the time to import all that the lecture needs

    both = quad(lambda u: np.exp(-((zero + u) ** 2) / 2) + np.exp(-((zero - u) ** 2) / 2), 0, zero + 12,
                weight="alg-loga", wvar=(0, 0))[0]  # fmt: skip
    return float(np.log(strength) + both / np.sqrt(2 * np.pi))
