"""Paths of least action, and what they cost (slides "key ingredient" and "from transitions to energy").

B = inf{S_T[γ] : γ from start to end, T > 0} = min ∫ ℓ(γ, γ′) over curves: the geometric form of Heymann & Vanden-Eijnden (2008),
here with polynomials for curves, Gauss quadrature and Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.curve import Curve
from longrun.errors import NotConverged
from longrun.hamiltonian import dot, push
from longrun.landscapes import Landscape
from longrun.legendre import lagrangian
from longrun.line import line
from longrun.noise import Noise
from longrun.search import FIRST_MODES, Solution, search
from longrun.spectral import REGULAR
from longrun.threads import one_thread

__all__ = ["MinimumAction", "action", "lagrangian", "minimum_action"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MinimumAction:
    """The cheapest way from one point to another.

    Attributes
    ----------
    cost : float
        The quasi-potential B(start, end); inf if no passable path exists.
    path : array (m, d)
        From start to end, through any critical points on the way; crowded near them. Empty if the cost is inf.
    momentum : array (m, d)
        p along the path: the noise that drives it is Z = ∂H(x, −p).
    residual : float
        Relative to the larger of the cost and 1/100 of what the path costs driven against the drift: the largest of |μ𝓗|, of
        the last change under refinement and of what Newton's method still sees to gain.
    reason : str
        Why the cost is infinite; empty otherwise.
    pieces : list of Curve
        What the path was sampled from: one curve between each two critical points on the way.
    """

    cost: float
    path: Array
    momentum: Array
    residual: float
    reason: str = ""
    pieces: list[Curve] = field(default_factory=list, repr=False)


def action(landscape: Landscape, noise: Noise, path: ArrayLike, duration: float) -> float:
    """Return S_T[γ] = ∫₀ᵀ L(γ, γ̇) dt of a polygon run through at even times.

    Three Gauss points on each edge: for a smooth curve sampled at m points the error is that of the polygon, O(1/m²).

    Parameters
    ----------
    landscape : Landscape
    noise : Noise
    path : array_like, shape (m, d)
        γ at the times 0, T/(m−1), …, T.
    duration : float
        T > 0.

    Returns
    -------
    float
        inf if the noise cannot drive some edge so fast.
    """
    points = np.asarray(path, dtype=float)
    if points.ndim != 2 or len(points) < 2 or points.shape[1] != landscape.dim or not np.all(np.isfinite(points)):
        raise ValueError(f"path of shape {points.shape}: at least two finite points of dimension {landscape.dim} are needed")
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"duration = {duration!r}: a finite number > 0 is needed")
    node, weight = np.polynomial.legendre.leggauss(3)
    dt, edge = duration / (len(points) - 1), np.diff(points, axis=0)
    x = points[:-1] + (node[:, None, None] + 1) / 2 * edge
    return float((weight / 2 * dt) @ lagrangian(landscape, noise, x, edge / dt).sum(axis=-1))


@one_thread
def minimum_action(
    landscape: Landscape,
    noise: Noise,
    start: ArrayLike,
    end: ArrayLike,
    *,
    tol: float = 1e-9,
    starts: list[Array] | None = None,
    max_modes: int = 256,
    points: int = 201,
) -> MinimumAction:
    """Minimise the action over all curves between two points and all durations.

    Newton's method from several first guesses with few modes; the best goes on, with twice as many modes until the cost is
    stable. A path that runs through a critical point is split there, the cost having a kink.

    Parameters
    ----------
    landscape : Landscape
        Gradient or any other vector field.
    noise : Noise
    start, end : array_like, shape (d,)
    tol : float
        Wanted accuracy of the cost, relative to the larger of the cost and 1/100 of the cost of driving against the drift.
    starts : list of arrays (m, d), optional
        First guesses, polygons from start to end, in place of the chord and arcs on each side of it.
    max_modes : int
    points : int
        Number of points of the path returned, for each of its pieces.

    Returns
    -------
    MinimumAction

    Raises
    ------
    NotConverged
        If `max_modes` do not give the accuracy asked for.

    Notes
    -----
    A global minimum is not guaranteed where many local ones exist; `transition_costs` follows the critical points for that,
    and `grid.field` searches a plane as a whole.
    """
    a, z = _point(landscape, "start", start), _point(landscape, "end", end)
    if not 0 < tol < 1:
        raise ValueError(f"tol = {tol!r}: a number between 0 and 1 is needed")
    if max_modes < 2 * FIRST_MODES or points < 2:
        raise ValueError(f"max_modes = {max_modes!r}, points = {points!r}: at least {2 * FIRST_MODES} and 2 are needed")
    if np.array_equal(a, z):
        return MinimumAction(0.0, np.stack([a, z]), np.zeros((2, a.size)), 0.0)
    solver = line if landscape.dim == 1 else search
    solution = solver(landscape, noise, a, z, tol, starts or [], max_modes)
    if solution.reason:
        return MinimumAction(np.inf, np.empty((0, a.size)), np.empty((0, a.size)), 0.0, solution.reason)
    if not solution.residual <= tol:
        raise NotConverged(f"cost from {a} to {z}: {solution.cost:.12g} with {solution.curves[-1].modes} modes", solution.residual)
    return _result(landscape, noise, solution, points)


def _point(landscape: Landscape, name: str, x: ArrayLike) -> Array:
    point = np.asarray(getattr(x, "x", x), dtype=float)
    if point.shape != (landscape.dim,) or not np.all(np.isfinite(point)):
        raise ValueError(f"{name} = {x!r}: a finite point of dimension {landscape.dim} is needed")
    return point


def _result(landscape: Landscape, noise: Noise, solution: Solution, points: int) -> MinimumAction:
    """Sample the pieces, crowded at their ends."""
    u = -np.cos(np.linspace(0, np.pi, points))
    paths: list[Array] = []
    momenta: list[Array] = []
    for curve in solution.curves:
        x, v = curve.at(u)
        x[0], x[-1] = curve.start, curve.end
        p = np.zeros_like(x)
        inner = np.sqrt(dot(v, v)) > 0
        inner[0], inner[-1] = inner[0] and curve.kinds[0] == REGULAR, inner[-1] and curve.kinds[1] == REGULAR
        p[inner] = push(noise, x[inner], -landscape.grad(x[inner]), v[inner]).momentum
        skip = 1 if paths else 0
        paths.append(x[skip:])
        momenta.append(p[skip:])
    momentum = np.concatenate(momenta)
    return MinimumAction(solution.cost, np.concatenate(paths), momentum, solution.residual, pieces=solution.curves)
