"""A rough look at a whole plane: costs between all critical points by shortest paths over one graph, and the ways they take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from longrun.hamiltonian import dot, push
from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Noise
from longrun.plane import graph, positions

Array = NDArray[np.float64]

# Errors of the graph, relative to the cost of driving against the drift. It charges a direction between two of its 48 for a
# zigzag: up to 0.75 %. It cannot follow bends finer than its steps: found to be up to 7 (step/length)² between two points.
ZIGZAG, BEND = 0.01, 8.0


@dataclass(frozen=True, eq=False)
class Survey:
    """Costs between points, over a graph.

    Attributes
    ----------
    cost : array (k, k)
        From each point to each other; inf where the graph has no way.
    lower : array (k, k)
        What the true cost is not below, the error of the graph being what we count on.
    ways : dict (i, j) → list of (a, polygon, b)
        The cheapest way from i to j, cut at the other points that it passes.
    """

    cost: Array
    lower: Array
    ways: dict[tuple[int, int], list[tuple[int, Array, int]]]


def needed(landscape: Landscape, noise: Noise) -> bool:
    """Whether the flow's own lines may miss the best way: not for isotropic Gaussian noise in a gradient field."""
    reversible = isinstance(noise, Gaussian) and not callable(noise.sigma) and landscape.value is not None
    return landscape.dim == 2 and not reversible


def survey(landscape: Landscape, noise: Noise, x: Array, side: int = 61, reach: int = 4) -> Survey:
    """Search the box of the landscape, made wide enough for all points x (k, 2)."""
    lower, upper = landscape.box
    margin = 0.1 * (upper - lower)
    corners = np.minimum(lower, x.min(axis=0) - margin), np.maximum(upper, x.max(axis=0) + margin)
    axes = (np.linspace(corners[0][0], corners[1][0], side), np.linspace(corners[0][1], corners[1][1], side))
    first = side * side
    numbers = first + np.arange(len(x))
    cost, previous = dijkstra(graph(landscape, noise, axes, reach, x), indices=numbers, return_predecessors=True)
    place = np.vstack([positions(axes), x])
    step = max(axes[0][1] - axes[0][0], axes[1][1] - axes[1][0])
    cost = cost[:, numbers]
    lower_bound, ways = np.full_like(cost, np.inf), {}
    for i in range(len(x)):
        for j in np.flatnonzero(np.isfinite(cost[i]) & (np.arange(len(x)) != i)):
            nodes = [int(numbers[j])]
            while nodes[-1] != numbers[i]:
                nodes.append(int(previous[i, nodes[-1]]))
            path = place[nodes[::-1]]
            ways[i, int(j)] = _cut(path, x, i, int(j), 1.5 * step)
            error = sum(_error(landscape, noise, piece, step) for _, piece, _ in ways[i, int(j)])
            lower_bound[i, j] = max(0.0, cost[i, j] - error)
    np.fill_diagonal(lower_bound, 0.0)
    return Survey(cost, lower_bound, ways)


def _cut(path: Array, x: Array, i: int, j: int, near: float) -> list[tuple[int, Array, int]]:
    """Cut a path where it comes within `near` of other points, at the step that is nearest."""
    distance = np.linalg.norm(path[1:-1, None] - x, axis=-1)
    passed = [
        (int(distance[:, k].argmin()) + 1, k)
        for k in range(len(x))
        if k not in (i, j) and distance[:, k].min(initial=np.inf) < near
    ]
    pieces, start, here = [], 0, i
    for at, k in [*sorted(passed), (len(path) - 1, j)]:
        pieces.append((here, np.vstack([x[here], path[start + 1 : at], x[k]]), k))
        start, here = at, k
    return pieces


def joined(way: list[tuple[int, Array, int]]) -> Array:
    """Return the pieces of a way as one polygon."""
    return np.vstack([way[0][1], *(polygon[1:] for _, polygon, _ in way[1:])])


def polygon_cost(landscape: Landscape, noise: Noise, path: Array, count: int = 6) -> float:
    """∫ℓ along a polygon, with `count` Gauss nodes on each edge: an upper bound of the least cost."""
    node, weight = np.polynomial.legendre.leggauss(count)
    edge = np.diff(path, axis=0)
    x = (path[:-1, None] + (node[:, None] + 1) / 2 * edge[:, None]).reshape(-1, path.shape[1])
    way = push(noise, x, -landscape.grad(x), np.repeat(edge / 2, count, axis=0))
    cost = float(np.tile(weight, len(edge)) @ way.cost)
    return np.inf if np.isnan(cost) else cost


def _error(landscape: Landscape, noise: Noise, path: Array, step: float) -> float:
    """Return by how much the graph may overestimate the cost of a way between two points."""
    middle, edge = (path[1:] + path[:-1]) / 2, np.diff(path, axis=0)
    drift, size = -landscape.grad(middle), np.sqrt(dot(edge, edge))
    variance = np.trace(noise.cov(middle), axis1=-2, axis2=-1) / 2
    against = 2 * np.sqrt(dot(drift, drift)) * size / variance
    cost = push(noise, middle, drift, edge, rough=True).cost
    scale = float(np.maximum(against, np.where(np.isfinite(cost), cost, 0.0)).sum())
    return scale * (ZIGZAG + BEND * (step / float(size.sum())) ** 2)
