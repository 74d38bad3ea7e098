"""Laws and expectations at a finite horizon, on a line: SGD with any steps, and the diffusions that stand in for it.

Nothing is sampled. SGD's expectations go backward in time, g ← E g(x − η(f′ + Z)); those of a diffusion solve the backward
Kolmogorov equation; the law of SGD goes forward on a grid.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from longrun import invariant
from longrun.cells import Cells
from longrun.increments import increments
from longrun.kernel import SparseKernel
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.randomness import positive
from longrun.threads import one_thread

Array = NDArray[np.float64]

_NODE, _WEIGHT = np.polynomial.hermite_e.hermegauss(12)  # exact for polynomials of degree 23 in a Gaussian
_WEIGHT = _WEIGHT / _WEIGHT.sum()


def _line(landscape: Landscape) -> tuple[float, float]:
    if landscape.dim != 1:
        raise ValueError(f"landscape = {landscape.name} in dimension {landscape.dim}: a horizon is computed on a line")
    return float(landscape.box[0][0]), float(landscape.box[1][0])


def expectation(
    landscape: Landscape, noise: Noise, sizes: ArrayLike, function: Callable[[Array], Array], x0: ArrayLike, points: int = 801
) -> Array:
    """Return E[function(x_T) | x_0] for SGD with the step-sizes `sizes`.

    Parameters
    ----------
    landscape : Landscape
        On a line. Steps that leave its box are cut at its end: take one that they do not reach.
    noise : Noise
        Atoms, a Gaussian, or a sum of them (see `increments`).
    sizes : array_like (T,)
        η_t > 0, in order of time.
    function : callable
        Smooth, (n,) → (n,).
    x0 : array_like (...)
        Starts.
    points : int
        Of the grid, between which cubic splines interpolate: the error is of order T · spacing⁴.

    Returns
    -------
    array, shape of x0
    """
    lower, upper = _line(landscape)
    sizes = np.asarray(sizes, dtype=float)
    if sizes.ndim != 1 or sizes.size == 0 or not np.all(np.isfinite(sizes) & (sizes > 0)):
        raise ValueError(f"sizes = {sizes}: a list of finite step-sizes > 0 is needed")
    x = np.linspace(lower, upper, points)
    law = increments(noise, x[:, None])
    if law.density is not None:
        raise ValueError(f"noise = {noise!r}: atoms, a Gaussian, or a sum of them is needed")
    drift = landscape.grad(x[:, None])[:, 0]
    node, weight = (np.zeros(1), np.ones(1)) if law.sigma is None else (_NODE, _WEIGHT)
    smear = np.zeros_like(x) if law.sigma is None else law.sigma
    push = drift + law.atoms[:, None, :, 0] + node[:, None] * smear  # (atoms, nodes, points)
    weights = law.weights[:, None] * weight
    values = np.asarray(function(x), dtype=float)
    for size in sizes[::-1]:
        ahead = CubicSpline(x, values)(np.clip(x - size * push, lower, upper))
        values = np.tensordot(weights, ahead, axes=2)
    return np.asarray(CubicSpline(x, values)(np.asarray(x0, dtype=float)))


def diffusion_expectation(
    drift: Callable[[Array], Array],
    variance: float,
    time: float,
    function: Callable[[Array], Array],
    x0: ArrayLike,
    box: tuple[float, float],
    steps: int = 128,
    points: int = 801,
) -> Array:
    """Return E[function(X_time) | X_0] for dX = drift(X) dt + √variance dW.

    Strang's splitting: half a step of the flow of the drift, a Gaussian, half a step of the flow. Its error has even powers
    of the step only; the first is taken off by comparing `steps` with half as many (Richardson).

    Parameters
    ----------
    drift : callable
        (n,) → (n,), pointing into the box at both ends.
    variance, time : float
        > 0.
    function : callable
        Smooth, (n,) → (n,).
    x0 : array_like (...)
    box : pair of floats
        The diffusion is not to reach its ends: it is cut there.
    steps : int
        Even; the error is of order (time/steps)⁴.
    points : int
        Of the grid, as in `expectation`.

    Returns
    -------
    array, shape of x0
    """
    variance, time = positive("variance", variance), positive("time", time)
    if not box[0] < box[1]:
        raise ValueError(f"box = {box!r}: lower < upper is needed")
    if steps < 2 or steps % 2:
        raise ValueError(f"steps = {steps!r}: an even number ≥ 2 is needed")
    x = np.linspace(*box, points)
    if not drift(x)[0] > 0 > drift(x)[-1]:
        raise ValueError(f"box = {box!r}: the drift must point into it at both ends")
    fine, coarse = (_split(drift, variance, time, function, x, count)(np.asarray(x0, dtype=float)) for count in (steps, steps // 2))
    return np.asarray(fine + (fine - coarse) / 3)


def _split(
    drift: Callable[[Array], Array], variance: float, time: float, function: Callable[[Array], Array], x: Array, steps: int
) -> CubicSpline:
    size = time / steps
    middle = _flow(drift, x, size / 2) + np.sqrt(variance * size) * _NODE[:, None]
    ahead = _flow(drift, np.clip(middle, x[0], x[-1]), size / 2)
    values = np.asarray(function(x), dtype=float)
    for _ in range(steps):
        values = _WEIGHT @ CubicSpline(x, values)(ahead)
    return CubicSpline(x, values)


def _flow(drift: Callable[[Array], Array], x: Array, time: float, steps: int = 8) -> Array:
    """Follow the drift for a short time (Runge and Kutta's fourth order)."""
    h = time / steps
    for _ in range(steps):
        a = drift(x)
        b = drift(x + h / 2 * a)
        c = drift(x + h / 2 * b)
        d = drift(x + h * c)
        x = x + h / 6 * (a + 2 * b + 2 * c + d)
    return x


@one_thread
def law_at(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    x0: float,
    steps: int | list[int],
    box: tuple[float, float] | None = None,
    spacing: float = 0.9,
) -> tuple[Array, Array]:
    """Return the law of SGD after some numbers of steps from x0: a grid (n,), and its masses there (n,) or (len(steps), n).

    The chain is confined to `box` as in `invariant_law`. On the grid, of which x0 is a point, the trapezoidal rule errs by
    e^{−2π²/spacing²} per step: 3e-11 for the default.

    Parameters
    ----------
    landscape : Landscape
        On a line.
    noise : Noise
        With a Gaussian part.
    eta, x0 : float
    steps : int or increasing list of int
        T ≥ 1.
    box : pair of floats, optional
        Default: the landscape's.
    spacing : float
        Of the grid, in standard deviations of the Gaussian part of a step; at most 1.
    """
    lower, upper = _line(landscape) if box is None else box
    eta = positive("eta", eta)
    if not 0 < spacing <= 1:
        raise ValueError(f"spacing = {spacing!r}: a number in (0, 1] is needed")
    if not lower < x0 < upper:
        raise ValueError(f"x0 = {x0!r}: a start between {lower:g} and {upper:g} is needed")
    moments = np.atleast_1d(steps)
    if moments.dtype.kind != "i" or moments[0] < 1 or np.any(np.diff(moments) <= 0):
        raise ValueError(f"steps = {steps!r}: integers ≥ 1, increasing, are needed")
    sigma = increments(noise, np.linspace(lower, upper, 65)[:, None]).sigma
    if sigma is None:
        raise ValueError(f"noise = {noise!r}: a Gaussian part is needed")
    h = spacing * eta * float(sigma.min())
    x = np.asarray(x0 + h * np.arange(-int((x0 - lower) / h), int((upper - x0) / h) + 1), dtype=np.float64)
    chain = invariant.kernel(landscape, noise, eta, Cells([x], np.arange(len(x))))
    assert isinstance(chain, SparseKernel)
    matrix = chain.matrix.toarray()
    mass = (x == x0).astype(float)
    laws = []
    for count in np.diff(moments, prepend=0):
        mass = _power(mass, matrix, int(count))
        laws.append(mass)
    return x, np.array(laws) if np.ndim(steps) else laws[0]


def _power(mass: Array, matrix: Array, count: int) -> Array:
    """Return mass · matrixᶜᵒᵘⁿᵗ by repeated squaring."""
    while count:
        if count % 2:
            mass = mass @ matrix
        count //= 2
        if count:
            matrix = matrix @ matrix
    return mass
