"""The peer: a geometric minimum action method as in the literature.

Heymann & Vanden-Eijnden, Comm. Pure Appl. Math. 61 (2008), section 3.1, for a drift b with noise of covariance 1: relaxation of
N images by the semi-implicit scheme, and equal spacing restored by linear interpolation after every step.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_banded


def gmam(drift, jacobian, start, end, images, *, step=10.0, tol=1e-7, most=100_000, bend=0.2):
    """Relax a path from start to end.

    Parameters
    ----------
    drift, jacobian : callable
        b and its derivative: (n, d) → (n, d), (n, d, d).
    start, end : arrays (d,)
    images : int
        Number of points of the path.
    step : float
        Pseudo-time step, divided by the number of images. The largest that converges here: 0.1 is a hundred times slower.
    tol : float
        Stop when the cost changes by less than this fraction per unit of pseudo-time.
    bend : float
        Size of the arc it starts from.

    Returns
    -------
    cost : float
    path : array (images, d)
    """
    s = np.linspace(0, 1, images)[:, None]
    chord = end - start
    across = np.array([-chord[1], chord[0]])
    path = start + s * chord + 4 * bend * s * (1 - s) * across
    h = 1 / (images - 1)
    tau, before = step / images, np.inf
    for turn in range(most):
        path = _equal(_relax(drift, jacobian, path, h, tau))
        if turn % 20 == 19:
            cost = action(drift, path)
            if abs(cost - before) <= tol * cost * 20 * tau:
                break
            before = cost
    return action(drift, path), path


def action(drift, path):
    """Σ |b||Δx| − ⟨b, Δx⟩ with b at the midpoints: second order."""
    edge = np.diff(path, axis=0)
    b = drift((path[1:] + path[:-1]) / 2)
    return float((np.linalg.norm(b, axis=1) * np.linalg.norm(edge, axis=1) - (b * edge).sum(axis=1)).sum())


def _relax(drift, jacobian, path, h, tau):
    """One step of φ_τ = λ²φ″ − λ ∇b φ′ + ∇bᵀ(λφ′ − b) + λλ′φ′ with λ = |b|/|φ′|, the first term implicit."""
    inner = path[1:-1]
    slope = (path[2:] - path[:-2]) / (2 * h)
    b, jac = drift(inner), jacobian(inner)
    pace = np.linalg.norm(b, axis=1) / np.linalg.norm(slope, axis=1)
    padded = np.concatenate([[0.0], pace, [0.0]])  # λ vanishes at the critical ends
    change = (padded[2:] - padded[:-2]) / (2 * h)
    momentum = pace[:, None] * slope - b
    force = -pace[:, None] * np.einsum("nij,nj->ni", jac, slope) + np.einsum("nji,nj->ni", jac, momentum)
    force += (pace * change)[:, None] * slope
    k = tau * pace**2 / h**2
    bands = np.zeros((3, len(inner)))
    bands[0, 1:], bands[1], bands[2, :-1] = -k[:-1], 1 + 2 * k, -k[1:]
    right = inner + tau * force
    right[0] += k[0] * path[0]
    right[-1] += k[-1] * path[-1]
    return np.vstack([path[:1], solve_banded((1, 1), bands, right), path[-1:]])


def _equal(path):
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    even = np.linspace(0, length[-1], len(path))
    return np.stack([np.interp(even, length, column) for column in path.T], axis=1)
