"""A graph over a plane whose shortest paths approximate paths of least action."""

from __future__ import annotations

from math import atan2, gcd

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from longrun.hamiltonian import dot, push
from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Noise

Array = NDArray[np.float64]
Axes = tuple[Array, Array]


def stencil(reach: int) -> list[tuple[int, int]]:
    """Return all steps of at most `reach` along each axis without a common factor: one for each direction, in turn."""
    steps = range(-reach, reach + 1)
    return sorted(((i, j) for i in steps for j in steps if gcd(i, j) == 1), key=lambda step: atan2(step[1], step[0]))


def nearest(axes: Axes, x: Array) -> int:
    """Return the number of the node nearest to x."""
    i, j = (int(np.abs(axis - coordinate).argmin()) for axis, coordinate in zip(axes, x, strict=True))
    return i * len(axes[1]) + j


def positions(axes: Axes) -> Array:
    """Return the nodes (n1 · n2, 2) in the order of their numbers."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def graph(landscape: Landscape, noise: Noise, axes: Axes, reach: int, points: Array | None = None) -> csr_array:
    """Join every node to those around it, at the cost ℓ(midpoint, step).

    `points` (k, 2), critical ones, are joined to the nodes around them and get the numbers n1 · n2, n1 · n2 + 1, …
    """
    n1, n2 = len(axes[0]), len(axes[1])
    number = np.arange(n1 * n2).reshape(n1, n2)
    spacing = np.array([axes[0][1] - axes[0][0], axes[1][1] - axes[1][0]])
    x = positions(axes)
    shut, angles = _walls(landscape, noise, x)
    edges = []
    for i, j in stencil(reach):
        here = number[max(0, -i) : n1 - max(0, i), max(0, -j) : n2 - max(0, j)].ravel()
        there, step = here + i * n2 + j, np.array([i, j]) * spacing
        closed: NDArray[np.bool_] = np.any(shut[:, angles @ step > 0], axis=1)
        free = ~(closed[here] & closed[there])  # with one end open the middle decides
        here, there = here[free], there[free]
        edges.append((here, there, _cost(landscape, noise, x[here] + step / 2, np.broadcast_to(step, (len(here), 2)))))
    for k, point in enumerate(points if points is not None else ()):
        near = np.flatnonzero((np.abs(x - point) <= reach * spacing).all(axis=1) & (x != point).any(axis=1))
        away, this = x[near] - point, np.full(len(near), n1 * n2 + k)
        edges.append((this, near, _cost(landscape, noise, point + away / 2, away)))
        edges.append((near, this, _cost(landscape, noise, point + away / 2, -away)))
    size = n1 * n2 + (0 if points is None else len(points))
    row, column, cost = (np.concatenate(parts) for parts in zip(*edges, strict=True))
    open_ = np.isfinite(cost)
    # a stored 0 is no edge to scipy: charge what cannot be seen
    return csr_array((np.maximum(cost[open_], 1e-300), (row[open_], column[open_])), shape=(size, size))


def _cost(landscape: Landscape, noise: Noise, x: Array, v: Array) -> Array:
    """Return ℓ(x, v) roughly; inf where it could not be found: the graph then looks for another way."""
    drift = -landscape.grad(x)
    force = dot(drift, drift)
    moving = np.flatnonzero(force > 1e-24 * force.max(initial=0.0))  # where nothing drifts, ℓ = 0
    cost = np.zeros(len(x))
    cost[moving] = push(noise, x[moving], drift[moving], v[moving], rough=True).cost
    return np.where(np.isnan(cost), np.inf, cost)


def _walls(landscape: Landscape, noise: Noise, x: Array, count: int = 64) -> tuple[NDArray[np.bool_], Array]:
    """Tell along which p the drift outdoes the strongest push: no step with ⟨p, step⟩ > 0 is possible there."""
    turn = np.arange(count) * (2 * np.pi / count)
    angles = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    if isinstance(noise, Gaussian):
        return np.zeros((len(x), count), dtype=bool), angles
    drift = -landscape.grad(x)
    return np.stack([drift @ p + noise.support(x, -p) <= 0 for p in angles], axis=-1), angles
