"""Curves with fixed ends in a polynomial basis, and the quadrature that integrates along them.

A curve is γ(u) = start + s(u) (end − start) + Σ_k c_k φ_k(u) on [−1, 1], with φ_k′ the orthonormal Legendre polynomials of degree
k ≥ 1: the φ_k vanish at both ends and ∫|γ′|² = |end − start|² ∫s′² + Σ|c_k|² + (cross terms).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln

Array = NDArray[np.float64]

# A path reaches a critical point like s^r, r the ratio of two eigenvalues: with s ~ (distance in u)³ this is smoother, and
# Gauss nodes and modes crowd where the path is slow (formulas: "quadrature clustered at the ends").
GRADING = 2.0


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


@lru_cache(maxsize=64)
def basis(modes: int, count: int, slow_start: bool, slow_end: bool) -> Basis:
    """Return the basis of `modes` polynomials at `count` Gauss–Legendre nodes.

    Parameters
    ----------
    modes, count : int
        With count > modes (twice as many in `action`): else the discrete cost falls below the true minimum.
    slow_start, slow_end : bool
        Whether that end is a critical point, so that nodes are crowded there.
    """
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return Basis(nodes, weights, *modes_at(nodes, modes), *profile_at(nodes, slow_start, slow_end))


def modes_at(u: Array, modes: int) -> tuple[Array, Array]:
    """Return φ_k(u) and φ_k′(u), k = 1…modes: ∫P_k = (P_{k+1} − P_{k−1})/(2k + 1)."""
    legendre = np.polynomial.legendre.legvander(u, modes + 1)
    k = np.arange(1, modes + 1)
    norm = np.sqrt(k + 0.5)
    return norm * (legendre[:, 2:] - legendre[:, :-2]) / (2 * k + 1), norm * legendre[:, 1:-1]


def profile_at(u: Array, slow_start: bool, slow_end: bool) -> tuple[Array, Array]:
    """Return s(u) and s′(u) ∝ (1 + u)^a (1 − u)^b: a, b = GRADING at slow ends, 0 at others."""
    a, b = GRADING * slow_start, GRADING * slow_end
    unit = (1 + u) / 2
    density = np.exp(-betaln(a + 1, b + 1)) * unit**a * (1 - unit) ** b / 2
    return betainc(a + 1, b + 1, unit), density


def fit(points: Array, modes: int, slow_start: bool, slow_end: bool) -> Array:
    """Return the coefficients (modes, d) of a polygon (m, d), reparametrised by arc length and `profile_at`."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=-1))])
    keep = np.concatenate([[True], np.diff(length) > 0])
    length, points = length[keep] / length[-1], points[keep]
    b = basis(modes, max(4 * modes, 200), slow_start, slow_end)
    dense = np.stack([np.interp(b.profile, length, column) for column in points.T], axis=-1)
    bend = dense - points[0] - b.profile[:, None] * (points[-1] - points[0])
    # weighted least squares: stiff polygons do not ring
    root = np.sqrt(b.weights)[:, None]
    return np.linalg.lstsq(root * b.mode, root * bend, rcond=None)[0]
