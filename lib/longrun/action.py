"""Paths of least action, and what they cost (slides "key ingredient" and "from transitions to energy").

B = inf{S_T[γ] : γ from start to end, T > 0} = min ∫ ℓ(γ, γ′) over curves: the geometric form of Heymann & Vanden-Eijnden (2008),
here with polynomials for curves, Gauss quadrature and Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from longrun.errors import NotConverged
from longrun.focus import frame
from longrun.geodesic import Curve, dense_cost, minimise, start_error
from longrun.hamiltonian import dot, lagrangian, push
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import FOCUS, REGULAR, SLOW, fit
from longrun.starts import bends, passable

__all__ = ["MinimumAction", "action", "lagrangian", "minimum_action"]

Array = NDArray[np.float64]

FIRST_MODES = 8


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
    """

    cost: float
    path: Array
    momentum: Array
    residual: float
    reason: str = ""


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
    search = _line if landscape.dim == 1 else _search
    solution = search(landscape, noise, a, z, tol, starts or [], max_modes)
    if solution.reason:
        return MinimumAction(np.inf, np.empty((0, a.size)), np.empty((0, a.size)), 0.0, solution.reason)
    if not solution.residual <= tol:
        raise NotConverged(
            f"cost from {a} to {z}: {solution.cost:.12g} with {solution.curves[-1].modes} modes", solution.residual
        )
    return _result(landscape, noise, solution, points)


@dataclass(frozen=True, eq=False)
class _Solution:
    cost: float
    scale: float
    change: float
    curves: list[Curve]
    reason: str = ""

    @property
    def residual(self) -> float:
        """The largest of the errors we know of, on the scale of `tol`."""
        unit = max(self.cost, 1e-2 * self.scale)
        return max(self.change, *(max(c.error, c.decrement) for c in self.curves)) / unit


def _joined(parts: list[_Solution]) -> _Solution:
    reason = next((part.reason for part in parts if part.reason), "")
    cost, scale, change = (sum(getattr(part, name) for part in parts) for name in ("cost", "scale", "change"))
    return _Solution(cost, scale, change, [curve for part in parts for curve in part.curves], reason)


def _point(landscape: Landscape, name: str, x: ArrayLike) -> Array:
    point = np.asarray(getattr(x, "x", x), dtype=float)
    if point.shape != (landscape.dim,) or not np.all(np.isfinite(point)):
        raise ValueError(f"{name} = {x!r}: a finite point of dimension {landscape.dim} is needed")
    return point


def _kind(landscape: Landscape, x: Array, size: float) -> int:
    """Tell what x is for a curve of a given size: critical, to the accuracy with which such points are known, or not."""
    jacobian = landscape.hess(x)
    if np.linalg.norm(landscape.grad(x)) > 1e-7 * size * np.linalg.norm(jacobian):
        return REGULAR
    values = np.linalg.eigvals(jacobian)
    return FOCUS if np.abs(values.imag).max() > 0.1 * np.abs(values.real).min() else SLOW


def _search(
    landscape: Landscape,
    noise: Noise,
    a: Array,
    z: Array,
    tol: float,
    starts: list[Array],
    max_modes: int,
    depth: int = 0,
) -> _Solution:
    size = float(np.linalg.norm(z - a))
    kinds = (_kind(landscape, a, size), _kind(landscape, z, size))
    winding = _from_focus(landscape, noise, a, z, kinds, tol, max_modes, depth) if kinds[0] == FOCUS else None
    kinds = (min(kinds[0], SLOW), min(kinds[1], SLOW))
    guesses = [fit(np.asarray(polygon, dtype=float), FIRST_MODES, *kinds) for polygon in starts]
    if not guesses:
        guesses += bends(z - a, FIRST_MODES)
    curves = [Curve(a, z, guess, kinds) for guess in guesses]
    found = [c for c in (minimise(landscape, noise, c, tol=1e-3, steps=25) for c in curves) if np.isfinite(c.cost)]
    best = min(found, key=lambda c: c.cost, default=None)
    if winding is not None and (best is None or winding.cost <= best.cost):
        return winding
    if best is None:
        found, last = passable(landscape, noise, curves[:4])
        if not found:
            return _Solution(np.inf, 1.0, 0.0, [], _obstacle(landscape, noise, last))
        best = min(found, key=lambda c: c.cost)
    return _refine(landscape, noise, best, tol, max_modes, depth)


def _from_focus(
    landscape: Landscape,
    noise: Noise,
    a: Array,
    z: Array,
    kinds: tuple[int, int],
    tol: float,
    max_modes: int,
    depth: int,
) -> _Solution | None:
    """Solve in coordinates that turn with the focus, from the linear theory; None where that does not apply."""
    turning = frame(landscape, noise, a)
    if turning is None:
        return None
    kinds = (FOCUS, min(kinds[1], SLOW))
    modes = FIRST_MODES
    while modes < min(turning.turns * np.pi, max_modes / 2):  # enough nodes to see the path turn
        modes *= 2
    curve = minimise(landscape, noise, Curve(a, z, np.zeros((modes, a.size)), kinds, turning), tol=1e-3, steps=25)
    return _refine(landscape, noise, curve, tol, max_modes, depth) if np.isfinite(curve.cost) else None


def _refine(landscape: Landscape, noise: Noise, curve: Curve, tol: float, max_modes: int, depth: int) -> _Solution:
    """Double the modes until the cost is stable; on the way, try to split at critical points that the curve comes near."""
    changes: list[float] = [np.inf]
    tried: list[Array] = []
    alternative: _Solution | None = None
    while True:
        before = curve.cost
        curve = minimise(landscape, noise, curve.refined(2 * curve.modes), tol=0.01 * tol)
        dense = dense_cost(landscape, noise, curve) if np.isfinite(curve.cost) else np.inf
        if not np.isfinite(dense):  # an obstacle between the nodes
            found, last = passable(landscape, noise, [curve])
            if not found:
                return _Solution(np.inf, 1.0, 0.0, [], _obstacle(landscape, noise, last))
            curve = found[0]
            dense = dense_cost(landscape, noise, curve)
        changes.append(abs(curve.cost - before))
        unit = max(curve.cost, 1e-2 * curve.scale)
        off = abs(dense - curve.cost) + start_error(landscape, noise, curve)
        # the changes fall geometrically or faster: the next one bounds the error of this one
        expected = changes[-1] * min(1.0, changes[-1] / changes[-2]) if np.isfinite(changes[-2]) else changes[-1]
        done = expected <= 0.01 * tol * unit or changes[-1] <= tol * unit
        done = done and max(off, 0.1 * curve.uneven) <= tol * unit
        here = _Solution(curve.cost, curve.scale, max(min(expected, changes[-1]), off), [curve])
        if depth < 4 and not done or len(changes) == 2:
            for point in _met(landscape, curve, tried):
                tried.append(point)
                split = _split(landscape, noise, curve, point, tol, max_modes, depth + 1)
                if split is not None and split.cost <= curve.cost + 1e-12 * curve.scale:
                    return split
                if split is not None and (alternative is None or split.cost < alternative.cost):
                    alternative = split
        if done or 2 * curve.modes > max_modes:
            if alternative is not None and alternative.cost <= here.cost:
                return alternative
            return here


def _met(landscape: Landscape, curve: Curve, tried: list[Array]) -> list[Array]:
    """Return the critical points that a curve passes within a twentieth of its length, nearest first, those tried excepted."""
    u = -np.cos(np.linspace(0, np.pi, 203)[1:-1])
    x, _ = curve.at(u)
    field = np.linalg.norm(landscape.grad(x), axis=-1)
    dips = np.flatnonzero((field[1:-1] < field[:-2]) & (field[1:-1] < field[2:]) & (field[1:-1] < 0.3 * field.max())) + 1
    length = float(np.linalg.norm(np.diff(x, axis=0), axis=-1).sum())
    found: list[tuple[float, Array]] = []
    for point in x[dips]:
        for _ in range(30):
            step = np.linalg.lstsq(landscape.hess(point), landscape.grad(point), rcond=None)[0]
            size = float(np.linalg.norm(step))
            point = point - step * min(1.0, 0.1 * length / max(size, 1e-300))
            if size <= 1e-14 * length:
                break
        known = [curve.start, curve.end, *tried, *(other for _, other in found)]
        distance = float(np.linalg.norm(x - point, axis=-1).min())
        new = all(np.linalg.norm(point - other) > 1e-5 * length for other in known)
        if new and distance < 0.05 * length and _kind(landscape, point, length) != REGULAR:
            found.append((distance, point))
    return [point for _, point in sorted(found, key=lambda pair: pair[0])]


def _split(
    landscape: Landscape, noise: Noise, curve: Curve, point: Array, tol: float, max_modes: int, depth: int
) -> _Solution | None:
    x, _ = curve.at(np.linspace(-1, 1, 201))
    at = int(np.linalg.norm(x - point, axis=-1).argmin())
    first, second = np.vstack([x[:at], point]), np.vstack([point, x[at + 1 :]])
    if len(first) < 3 or len(second) < 3:
        return None
    parts = [
        _search(landscape, noise, part[0], part[-1], tol, [part], max_modes, depth) for part in (first, second)
    ]
    return _joined(parts) if all(np.isfinite(part.cost) for part in parts) else None


def _obstacle(landscape: Landscape, noise: Noise, curves: list[Curve]) -> str:
    """Say where bounded noise stops: there, along some p, the drift exceeds the strongest push."""
    for curve in curves:
        x, v = curve.at(np.linspace(-0.999, 0.999, 401))
        drift = -landscape.grad(x)
        way = push(noise, x, drift, v)
        blocked = np.flatnonzero(np.isinf(way.cost))
        if blocked.size:
            k = blocked[len(blocked) // 2]
            return _blocked(noise, x[k], drift[k], way.momentum[k])
    return "no path was found that the noise can follow"


def _blocked(noise: Noise, x: Array, drift: Array, p: Array) -> str:
    p = p / np.linalg.norm(p)
    return (
        f"bounded noise cannot climb: at x = {np.array2string(x, precision=4)} in the direction "
        f"{np.array2string(p, precision=3)} the drift {p @ drift:.4g} is not outdone by the strongest push, "
        f"{float(noise.support(x, -p)):.4g}; this holds on every path tried"
    )


def _line(
    landscape: Landscape, noise: Noise, a: Array, z: Array, tol: float, starts: list[Array], max_modes: int
) -> _Solution:
    """One dimension: the path is the segment, the cost an integral, split at the zeros of the drift."""
    x = np.linspace(a[0], z[0], 2001)
    field = landscape.grad(x[:, None])[:, 0]
    crossings = np.flatnonzero(field[1:-2] * field[2:-1] < 0) + 1
    zeros = [brentq(lambda s: float(landscape.grad(np.array([s]))[0]), x[k], x[k + 1], xtol=1e-15) for k in crossings]
    zeros += list(x[1:-1][field[1:-1] == 0])
    ends = [a[0], *sorted(zeros, reverse=bool(z[0] < a[0])), z[0]]
    return _joined([_segment(landscape, noise, np.array([s]), np.array([t]), tol) for s, t in zip(ends[:-1], ends[1:], strict=True)])


def _segment(landscape: Landscape, noise: Noise, a: Array, z: Array, tol: float) -> _Solution:
    """Integrate ℓ over a segment without zeros of the drift inside, doubling the number of Gauss nodes."""
    before, modes = np.inf, 1
    size = float(np.linalg.norm(z - a))
    kinds = (_kind(landscape, a, size), _kind(landscape, z, size))
    for count in (16, 32, 64, 128, 256, 512, 1024, 2048):
        node, weight = np.polynomial.legendre.leggauss(count)
        x, v = a + (node[:, None] + 1) / 2 * (z - a), np.broadcast_to((z - a) / 2, (count, 1))
        drift = -landscape.grad(x)
        way = push(noise, x, drift, v)
        if np.any(np.isinf(way.cost)):
            k = int(np.argmax(np.isinf(way.cost)))
            return _Solution(np.inf, 1.0, 0.0, [], _blocked(noise, x[k], drift[k], way.momentum[k]))
        if np.all(np.isfinite(way.cost)):
            cost, modes = float(weight @ way.cost), count
            variance = noise.cov(x)[:, 0, 0]
            scale = float(weight @ np.maximum(2 * np.abs(drift * v)[:, 0] / variance, way.cost))
            change, before = abs(cost - before), cost
            if change <= 1e-3 * tol * max(cost, 1e-2 * scale) or change <= 1e-14 * scale:
                break
    else:
        raise NotConverged(f"cost from {a} to {z} with {modes} nodes", np.inf if not np.isfinite(before) else change / scale)
    curve = Curve(a, z, np.zeros((1, 1)), kinds, None, cost, scale, 0.0, 0.0, way.momentum, 0.0)
    return _Solution(cost, scale, change, [curve])


def _result(landscape: Landscape, noise: Noise, solution: _Solution, points: int) -> MinimumAction:
    """Sample the pieces, crowded at their ends."""
    u = -np.cos(np.linspace(0, np.pi, points))
    paths, momenta = [], []
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
    return MinimumAction(solution.cost, np.concatenate(paths), np.concatenate(momenta), solution.residual)
