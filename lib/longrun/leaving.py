"""How long SGD takes to leave a saddle (slide "saddle-point avoidance"), and the starts from which gradient descent never does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, eye_array
from scipy.sparse.linalg import splu

from longrun.critical import CriticalPoint
from longrun.errors import NotConverged
from longrun.increments import increments
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.randomness import positive

Array = NDArray[np.float64]

_SMALL = 1e-6  # of the radius: nearer to the saddle the descent is linear, to that relative accuracy
_PHASES = 64  # starts within one step of the descent
_NODE, _WEIGHT = np.polynomial.legendre.leggauss(8)
_REACH = 9.0  # standard deviations of a Gaussian step, e^{−81/2} = 3e-18


def leaving_time(landscape: Landscape, noise: Noise, eta: float, saddle: CriticalPoint, radius: float) -> float:
    """Predict the mean number of steps from a saddle to distance `radius`, for small η.

    Along the unstable direction, with g = 1 + η|λ|, x_t ≈ gᵗ W, where W = Σ g^{−k} η Z_k is nearly N(0, η²σ²/(g² − 1)). From δ on
    the noise no longer matters: descent needs n(δ) steps, so that T = n(δ) + log(δ/|W|)/log g, and E log|N(0, 1)| = −(γ + log 2)/2.
    We take the mean over both sides and over δ within one step. No parameter is fitted.

    Parameters
    ----------
    landscape, noise, eta
    saddle : CriticalPoint
        With one unstable direction.
    radius : float
        The descent must get that far on both sides.

    Returns
    -------
    float
        Steps; what is left out is o(1/η).

    Raises
    ------
    ValueError
        If there is not exactly one unstable direction, or no noise along it.
    NotConverged
        If descent does not get to `radius`.
    """
    value, direction = _unstable(landscape, saddle)
    growth = 1 + positive("eta", eta) * value
    variance = float(direction @ noise.cov(saddle.x) @ direction)
    if not variance > 0:
        raise ValueError(f"noise: its variance along the unstable direction of x = {saddle.x} is {variance:g}; SGD does not leave")
    log_w = (np.log(eta**2 * variance / (growth**2 - 1)) - np.euler_gamma - np.log(2)) / 2
    delta = _SMALL * positive("radius", radius) * growth ** (np.arange(_PHASES) / _PHASES)
    x = saddle.x + np.concatenate([delta, -delta])[:, None] * direction
    steps = _descend(landscape, eta, x, saddle.x, radius, most=int(50 * np.log(1 / _SMALL) / np.log(growth)))
    return float(np.mean(steps + (np.log(np.tile(delta, 2)) - log_w) / np.log(growth)))


def _descend(landscape: Landscape, eta: float, x: Array, centre: Array, radius: float, most: int) -> Array:
    """Return how many steps of gradient descent each point needs to get as far as `radius` from the centre."""
    steps = np.zeros(len(x))
    for _ in range(most):
        still = ((x - centre) ** 2).sum(axis=-1) < radius**2
        if not still.any():
            return steps
        steps += still
        x = np.where(still[:, None], x - eta * landscape.grad(x), x)
    raise NotConverged(f"radius = {radius:g}: descent from the saddle x = {centre} has not got so far in {most} steps", np.inf)


def _unstable(landscape: Landscape, saddle: CriticalPoint) -> tuple[float, Array]:
    """Return |λ| and the unit vector of the only negative eigenvalue."""
    values, vectors = np.linalg.eigh(landscape.hess(saddle.x))
    if saddle.index != 1:
        raise ValueError(f"saddle at x = {saddle.x} has index {saddle.index}: exactly one unstable direction is needed")
    return float(-values[0]), vectors[:, 0]


def expected_exit(landscape: Landscape, noise: Noise, eta: float, start: float, ends: tuple[float, float]) -> float:
    """Return the mean number of steps from a point of the line out of an interval, by an integral equation: E T = 1 + K E T.

    Parameters
    ----------
    landscape : Landscape
        In one dimension.
    noise : Noise
        With a Gaussian part: Gaussian, or a sum of atoms and a Gaussian.
    eta : float
    start : float
        Where SGD starts, inside.
    ends : pair of floats

    Returns
    -------
    float
        Exact for SGD itself, up to the quadrature: Gauss and Legendre, eight nodes on each two standard deviations of a step.

    Raises
    ------
    ValueError
        If the noise has no Gaussian part, or `start` is not inside.
    """
    low, high = ends
    if not low < start < high:
        raise ValueError(f"start = {start!r}: a point between the ends {low:g} and {high:g} is needed")
    if increments(noise, np.array([[start]])).sigma is None:
        raise ValueError(f"noise = {noise!r}: one with a Gaussian part is needed")
    coarse = np.linspace(low, high, 201)[:, None]
    sigma = increments(noise, coarse).sigma
    assert sigma is not None
    edges = np.linspace(low, high, int(np.ceil(max(8.0, (high - low) / (2 * positive("eta", eta) * sigma.min())))) + 1)
    half = np.diff(edges)[:, None] / 2
    y = ((edges[:-1, None] + half) + half * _NODE).ravel()
    weight = (half * _WEIGHT).ravel()
    kernel = _among(landscape, noise, eta, np.append(y, start), y) @ diags_array(weight)
    # rows of I − K are dominated by their diagonal: no pivoting, so that a band stays a band
    solver = splu((eye_array(y.size) - kernel[:-1]).tocsc(), permc_spec="NATURAL", diag_pivot_thresh=0.0)
    times = solver.solve(np.ones(y.size))
    return float(1 + (kernel[-1:] @ times)[0])


def _among(landscape: Landscape, noise: Noise, eta: float, x: Array, y: Array) -> csr_array:
    """Return the transition density of one step from points x (m,) to increasing points y (n,) of the line, 0 where below 1e-18."""
    part = increments(noise, x[:, None])
    assert part.sigma is not None
    spread = eta * part.sigma
    total = csr_array((len(x), len(y)))
    for probability, atom in zip(part.weights, part.atoms, strict=True):
        mean = x - eta * (landscape.grad(x[:, None]) + atom)[:, 0]
        first, last = (np.searchsorted(y, mean + side * _REACH * spread) for side in (-1, 1))
        row = np.repeat(np.arange(len(x)), last - first)
        pointer = np.concatenate([[0], np.cumsum(last - first)])
        column = np.arange(len(row)) - pointer[row] + first[row]
        density = np.exp(-(((y[column] - mean[row]) / spread[row]) ** 2) / 2) / (spread[row] * np.sqrt(2 * np.pi))
        total = total + csr_array((probability * density, column, pointer), shape=total.shape)
    return total


def stable_starts(landscape: Landscape, saddle: CriticalPoint, eta: float, distance: float, count: int) -> Array:
    """Return points from which gradient descent converges to a saddle of the plane: its own stable manifold, not the flow's.

    Descent is run backwards, solving y − η∇f(y) = x by Newton's method, from points very near the saddle. Backwards, errors across
    the manifold shrink by 1 + η|λ| at each step: the points are right to rounding.

    Parameters
    ----------
    landscape : Landscape
        In two dimensions.
    saddle : CriticalPoint
    eta : float
    distance : float
        How far from the saddle the points are, at least.
    count : int
        Points on each of the two sides.

    Returns
    -------
    array, shape (2 · count, 2)

    Raises
    ------
    NotConverged
        If descent cannot be run backwards so far.
    """
    _unstable(landscape, saddle)
    values, vectors = np.linalg.eigh(landscape.hess(saddle.x))
    shrink = 1 - positive("eta", eta) * values[-1]
    if landscape.dim != 2 or not 0 < shrink < 1:
        raise ValueError(
            f"eta = {eta!r}: below {1 / values[-1]:g}, in two dimensions, is needed for monotone descent to x = {saddle.x}"
        )
    size = 1e-7 * distance * shrink ** (-np.arange(count) / count)
    x = saddle.x + np.concatenate([size, -size])[:, None] * vectors[:, -1]
    for _ in range(int(60 * np.log(10) / -np.log(shrink))):
        near = np.linalg.norm(x - saddle.x, axis=-1) < distance
        if not near.any():
            return x
        before = _step_back(landscape, eta, x[near])
        if not np.all(np.abs(before - eta * landscape.grad(before) - x[near]) < 1e-12 * (1 + np.abs(x[near]))):
            break
        x[near] = before
    raise NotConverged(f"distance = {distance:g}: descent to x = {saddle.x} cannot be followed back so far", np.inf)


def _step_back(landscape: Landscape, eta: float, x: Array) -> Array:
    """Solve y − η∇f(y) = x by Newton's method, with steps of at most 1/10 of the box."""
    y, longest = x.copy(), 0.1 * np.linalg.norm(landscape.box[1] - landscape.box[0])
    for _ in range(8):
        step = np.linalg.solve(np.eye(x.shape[-1]) - eta * landscape.hess(y), (y - eta * landscape.grad(y) - x)[..., None])[..., 0]
        y -= step * np.minimum(1, longest / np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), 1e-300))
    return y
