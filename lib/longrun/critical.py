"""All critical points of a landscape in its box (slide "blanket assumptions": crit(f) = K_1 ∪ … ∪ K_p, here isolated points)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from longrun.errors import NotConverged
from longrun.flow import basin
from longrun.landscapes import Landscape
from longrun.quasirandom import sobol
from longrun.threads import one_thread

__all__ = ["CriticalPoint", "basin", "critical_points", "degree"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """A zero of the gradient.

    Attributes
    ----------
    x : array, shape (d,)
    value : float
        f(x); NaN for a vector field that is nobody's gradient.
    index : int
        Morse index: number of eigenvalues with negative real part. 0: minimum (an attractor of the flow −∇f), d: maximum.
    eigenvalues : array, shape (d,)
        Of the Hessian (Jacobian of the field), by increasing real part; complex for some fields.
    degenerate : bool
        An eigenvalue's real part vanishes to working accuracy: `index` does not tell the type.
    """

    x: Array
    value: float
    index: int
    eigenvalues: NDArray[np.number]
    degenerate: bool = False


@one_thread
def critical_points(landscape: Landscape, *, starts: int | None = None) -> list[CriticalPoint]:
    """Find all zeros of `landscape.grad` in the box.

    Damped Newton from a grid and from quasi-random points, repeated with twice as many until nothing new is found and, where
    the Brouwer degree of the field on the box is known (`degree`), Σ sign det hess equals it (Poincaré and Hopf).

    Parameters
    ----------
    landscape : Landscape
        Gradient or any other vector field.
    starts : int, optional
        Number of starting points of the first round. Default 200 · 2^d, at most 4000.

    Returns
    -------
    list of CriticalPoint
        By index, then value, then coordinates.

    Raises
    ------
    NotConverged
        If the points found contradict the degree, or form a continuum.
    """
    count = min(200 * 2**landscape.dim, 4000) if starts is None else starts
    if count < 1:
        raise ValueError(f"starts = {starts!r}: at least 1 is needed")
    total = degree(landscape)
    found = _zeros(landscape, _starting_points(landscape, count, 0))
    for turn in range(1, 6):
        more = _zeros(landscape, _starting_points(landscape, count, turn))
        both = distinct(landscape, np.concatenate([found, more]))
        settled, found = len(both) == len(found), both
        if len(found) > 400:
            raise NotConverged(f"{len(found)} critical points of {landscape.name}: not isolated?", np.inf)
        points = sorted((classify(landscape, x) for x in found), key=order)
        fits = total is None or any(p.degenerate for p in points) or _signs(points) == total
        if settled and fits:
            return points
        count *= 2
    raise NotConverged(
        f"{len(points)} critical points of {landscape.name}, degrees summing to {_signs(points)} in place of {total}", np.inf
    )


def degree(landscape: Landscape) -> int | None:
    """Return the Brouwer degree of the field on the box, or None when it is not known.

    From the boundary alone: signs at the ends (d = 1), the winding number (d = 2), and 1 in any dimension if the field points
    outwards on a sample of the faces, as the gradient of a coercive function does.
    """
    lower, upper = landscape.box
    if landscape.dim == 1:
        left, right = landscape.grad(np.stack([lower, upper]))[:, 0]
        return int((np.sign(right) - np.sign(left)) / 2) if left * right != 0 else None
    if landscape.dim == 2:
        return _winding(landscape.grad(_boundary(lower, upper)))
    for axis, side in product(range(landscape.dim), (0, 1)):
        face = sobol(landscape, 256, axis)
        face[:, axis] = (lower, upper)[side][axis]
        if np.any(landscape.grad(face)[:, axis] * (2 * side - 1) <= 0):
            return None
    return 1


def _boundary(lower: Array, upper: Array, per_side: int = 2000) -> Array:
    s = np.arange(per_side) / per_side
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    sides = [a + s[:, None] * (b - a) for a, b in pairwise(corners)]
    return lower + np.concatenate([*sides, corners[:1]]) * (upper - lower)


def _winding(field: Array) -> int | None:
    """Count turns of a closed curve about 0; None if it turns too fast to be counted."""
    angle = np.unwrap(np.arctan2(field[:, 1], field[:, 0]))
    return round((angle[-1] - angle[0]) / (2 * np.pi)) if np.abs(np.diff(angle)).max() < 1 else None


def _starting_points(landscape: Landscape, count: int, turn: int) -> Array:
    """Lay a regular grid first, then Sobol' points; those alone beyond four dimensions, where a grid is all corners."""
    lower, upper = landscape.box
    if turn == 0 and landscape.dim <= 4:
        side = max(2, round(count ** (1 / landscape.dim)))
        unit = np.stack(np.meshgrid(*[(np.arange(side) + 0.5) / side] * landscape.dim, indexing="ij"), axis=-1)
        return lower + unit.reshape(-1, landscape.dim) * (upper - lower)
    return sobol(landscape, count, turn)


def _zeros(landscape: Landscape, x: Array, steps: int = 60) -> Array:
    """Newton with steps of at most a tenth of the box, from all starting points together; zeros in the box, once each."""
    lower, upper = landscape.box
    longest = 0.1 * np.linalg.norm(upper - lower)
    active = np.ones(len(x), dtype=bool)
    for _ in range(steps):
        step = _newton_step(landscape, x[active])
        length = np.linalg.norm(step, axis=-1, keepdims=True)
        step *= np.minimum(1, longest / np.maximum(length, 1e-300))
        x[active] -= step
        inside = np.all(np.abs(x - (lower + upper) / 2) <= 0.6 * (upper - lower), axis=-1)
        active[active] = (length[:, 0] > 1e-13 * longest) & inside[active]
        if not active.any():
            break
    return distinct(landscape, x)


def _newton_step(landscape: Landscape, x: Array) -> Array:
    """Return J⁻¹F by singular values, small ones lifted: no overflow on the curves where det J = 0."""
    u, s, vt = np.linalg.svd(landscape.hess(x))
    s = np.maximum(s, 1e-12 * s[..., :1] + 1e-300)
    return np.einsum("...ji,...j->...i", vt, np.einsum("...ji,...j->...i", u, landscape.grad(x)) / s)


def distinct(landscape: Landscape, x: Array) -> Array:
    """Keep one of each cluster of converged points in the box, the one of smallest field."""
    lower, upper = landscape.box
    slack = 1e-9 * (upper - lower)
    x = x[np.all((x >= lower - slack) & (x <= upper + slack), axis=-1)]
    if not len(x):
        return x
    field = np.linalg.norm(landscape.grad(x), axis=-1)
    scale = np.linalg.norm(landscape.hess(x), axis=(-2, -1)) * np.linalg.norm(upper - lower)
    good = field <= 1e-10 * scale + 1e-300
    # where the Hessian is singular the field does not tell how near a zero is: points within √ of its size are one
    order = np.flatnonzero(good)[np.argsort(field[good], kind="stable")]
    x = x[order]
    kept: list[Array] = []
    while len(x):
        kept.append(x[0])
        x = x[np.linalg.norm(x - x[0], axis=-1) > 2e-5 * np.linalg.norm(upper - lower)]
    return np.array(kept).reshape(-1, landscape.dim)


def classify(landscape: Landscape, x: Array) -> CriticalPoint:
    jacobian = landscape.hess(x)
    symmetric = np.allclose(jacobian, jacobian.T, rtol=1e-6, atol=1e-9 * np.abs(jacobian).max())
    values = np.linalg.eigvalsh(jacobian) if symmetric else np.linalg.eigvals(jacobian)
    values = values[np.argsort(values.real, kind="stable")]
    flat = bool(np.abs(values.real).min() <= 1e-4 * _typical(landscape))
    value = float(landscape.value(x)) if landscape.value else np.nan
    return CriticalPoint(x, value, int((values.real < 0).sum()), values, flat)


def _typical(landscape: Landscape) -> float:
    """Return the size of the Jacobian that zeros are measured against: 1/100 of its first decile in the box."""
    jacobians = landscape.hess(sobol(landscape, 64, 0))
    return 1e-2 * float(np.quantile(np.linalg.norm(jacobians, axis=(-2, -1)), 0.1))


def _signs(points: list[CriticalPoint]) -> int:
    """Σ sign det: a pair of complex eigenvalues contributes +1."""
    return int(sum(np.sign(np.prod(p.eigenvalues).real) for p in points))


def order(point: CriticalPoint) -> tuple[float, ...]:
    return (point.index, 0.0 if np.isnan(point.value) else round(point.value, 9), *np.round(point.x, 9))
