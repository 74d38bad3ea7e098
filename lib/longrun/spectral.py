"""Curves with fixed ends in a polynomial basis, and the quadrature that integrates along them.

A curve is γ(u) = start + s(u) (end − start) + Σ_k c_k φ_k(u) on [−1, 1], with φ_k′ the orthonormal Legendre polynomials of degree
k ≥ 1: the φ_k vanish at both ends and ∫|γ′|² = |end − start|² ∫s′² + Σ|c_k|² + (cross terms).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]
Waist = tuple[float, float] | None

# How a curve ends. At a regular point it needs no care. It reaches a node or saddle like s^r, r the ratio of two eigenvalues:
# with s ~ (distance in u)³ this is smoother, and Gauss nodes and modes crowd where the path is slow. It winds about a focus
# like s^{1 + iω}: with s exponential in u, from e^{-FOCUS_RANGE} on, in the coordinates of `focus`; before, the linear theory
# holds up to the cube of that.
REGULAR, SLOW, FOCUS = 0, 1, 2
FOCUS_RANGE = 9.0
_NODE_POWER = 2


@dataclass(frozen=True, eq=False)
class Basis:
    """Values at the Gauss nodes.

    Attributes
    ----------
    nodes, weights : arrays (q,)
    mode, slope : arrays (q, n)
        φ_k and φ_k′.
    profile, density : arrays (q,)
        s from 0 to 1 and s′: where along the curve, by arc length, each node shall lie.
    """

    nodes: Array
    weights: Array
    mode: Array
    slope: Array
    profile: Array
    density: Array

    def with_free_start(self) -> Basis:
        """Return the basis with φ_0 = (u − 1)/√2, which moves the start, in place of the last mode."""
        first = np.full((len(self.nodes), 1), np.sqrt(0.5))
        return replace(
            self,
            mode=np.hstack([first * (self.nodes[:, None] - 1), self.mode[:, :-1]]),
            slope=np.hstack([first, self.slope[:, :-1]]),
        )


@lru_cache(maxsize=64)
def basis(modes: int, count: int, start: int, end: int, waist: Waist = None) -> Basis:
    """Return the basis of `modes` polynomials at `count` Gauss–Legendre nodes.

    Parameters
    ----------
    modes, count : int
        With count > modes (twice as many in `action`): else the discrete cost falls below the true minimum.
    start, end : REGULAR, SLOW or FOCUS
        What kind of point the curve comes from and goes to.
    waist : pair of float, optional
        u and ε: the curve passes near a critical point at u, and is as slow there as if at a distance ε in u.
    """
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return basis_at(nodes, weights, modes, start, end, waist)


def basis_at(u: Array, weights: Array, modes: int, start: int, end: int, waist: Waist = None) -> Basis:
    """Return the basis at any points u."""
    return Basis(u, weights, *modes_at(u, modes), *profile_at(u, start, end, waist))


def basis_on(u: Array, modes: int, start: int, end: int, waist: Waist = None) -> Basis:
    """Return the basis at points u, without weights; the few sets of points that curves are checked on are kept."""
    return _basis_on(u.tobytes(), modes, start, end, waist)


@lru_cache(maxsize=128)
def _basis_on(points: bytes, modes: int, start: int, end: int, waist: Waist) -> Basis:
    u = np.frombuffer(points)
    return basis_at(u, np.ones_like(u), modes, start, end, waist)


def modes_at(u: Array, modes: int) -> tuple[Array, Array]:
    """Return φ_k(u) and φ_k′(u), k = 1…modes: ∫P_k = (P_{k+1} − P_{k−1})/(2k + 1)."""
    legendre = np.polynomial.legendre.legvander(u, modes + 1)
    k = np.arange(1, modes + 1)
    norm = np.sqrt(k + 0.5)
    return norm * (legendre[:, 2:] - legendre[:, :-2]) / (2 * k + 1), norm * legendre[:, 1:-1]


def profile_at(u: Array, start: int, end: int, waist: Waist = None) -> tuple[Array, Array]:
    """Return s(u), from 0 to 1, and s′(u): the speed that keeps nodes crowded at slow ends and about the waist."""
    series = _speed(start, end, waist)
    integral = np.polynomial.legendre.legint(series, lbnd=-1)
    total = np.polynomial.legendre.legval(1.0, integral)
    evaluate = np.polynomial.legendre.legval
    return evaluate(u, integral) / total, np.maximum(evaluate(u, series), 0) / total


@lru_cache
def _speed(start: int, end: int, waist: Waist) -> Array:
    """Return the Legendre coefficients of s′ up to a factor."""
    u, weight = np.polynomial.legendre.leggauss(80)
    speed = np.ones_like(u)
    for kind, way in ((start, 1 + u), (end, 1 - u)):
        if kind == SLOW:
            speed *= way**_NODE_POWER
        elif kind == FOCUS:
            speed *= np.exp(FOCUS_RANGE * (way / 2 - 1))
    if waist is not None:
        speed *= (u - waist[0]) ** 2 + waist[1] ** 2
    degree = np.arange(60)
    return (degree + 0.5) * (np.polynomial.legendre.legvander(u, 59).T @ (weight * speed))


def fit(points: Array, modes: int, start: int, end: int, waist: Waist = None, most: int = 64) -> Array:
    """Return the coefficients (n, d) of a polygon (m, d), reparametrised by arc length and `profile_at`.

    With n = `modes`, doubled up to `most` until the curve is within 3 % of its length.
    """
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=-1))])
    keep = np.concatenate([[True], np.diff(length) > 0])
    total = length[-1]
    length, points = length[keep] / total, points[keep]
    while True:
        b = basis(modes, max(4 * modes, 200), start, end, waist)
        dense = np.stack([np.interp(b.profile, length, column) for column in points.T], axis=-1)
        bend = dense - points[0] - b.profile[:, None] * (points[-1] - points[0])
        # weighted least squares: stiff polygons do not ring
        root = np.sqrt(b.weights)[:, None]
        coefficients = np.linalg.lstsq(root * b.mode, root * bend, rcond=None)[0]
        if 2 * modes > most or np.abs(b.mode @ coefficients - bend).max() <= 0.03 * total:
            return coefficients
        modes *= 2


def waist_at(start: int, end: int, fraction: float, width: float) -> tuple[float, float]:
    """Return the waist whose middle lies at a fraction of the length, and that turns over about `width` of the length there.

    About the waist the length grows as 6 (ε²u + u³/3) or so: a turn of size r is as wide as ε ~ r^{1/3} in u.
    """
    size = float(np.clip((width / 8) ** (1 / 3), 0.02, 1.0))

    def excess(u: float) -> float:
        return float(profile_at(np.array([u]), start, end, (u, size))[0][0]) - fraction

    return (
        brentq(excess, -0.95, 0.95, xtol=1e-3) if excess(-0.95) < 0 < excess(0.95) else float(np.sign(fraction - 0.5)) * 0.95,
        size,
    )
