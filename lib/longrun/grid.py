"""Quasi-potential of a plane by shortest paths over a grid: rough, but global, and for any noise.

Every node is joined to those around it up to `reach` steps away, at the cost ℓ(midpoint, step); Dijkstra's algorithm does the
rest. The directions of the stencil are the main error: a way that must turn finer than they can is charged for zigzags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import dijkstra

from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.plane import graph, nearest, stencil

__all__ = ["Field", "field", "fields", "stencil"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Field:
    """Costs from a point to every node of a grid.

    Attributes
    ----------
    axes : pair of arrays (n1,), (n2,)
    cost : array (n1, n2)
        From `start`; inf where no path over the grid leads.
    start : array (2,)
        The node nearest to the point asked for.
    previous : int array (n1 · n2,)
        The node before each one on its cheapest path, negative at the start.
    """

    axes: tuple[Array, Array]
    cost: Array
    start: Array
    previous: NDArray[np.intp] = _field(repr=False)

    def node(self, x: ArrayLike) -> int:
        """Return the number of the node nearest to a point."""
        return nearest(self.axes, np.asarray(x, dtype=float))

    def at(self, x: ArrayLike) -> float:
        """Return the cost at the node nearest to a point."""
        return float(self.cost.ravel()[self.node(x)])

    def path(self, x: ArrayLike) -> Array:
        """Return the cheapest path (m, 2) from the start to the node nearest to x; empty if there is none."""
        node, nodes = self.node(x), []
        if not np.isfinite(self.cost.ravel()[node]):
            return np.empty((0, 2))
        while node >= 0:
            nodes.append(node)
            node = int(self.previous[node])
        i, j = np.unravel_index(nodes[::-1], self.cost.shape)
        return np.stack([self.axes[0][i], self.axes[1][j]], axis=-1)


def field(landscape: Landscape, noise: Noise, start: ArrayLike, **options: Any) -> Field:
    """Return the costs from a point to all nodes of a grid (see `fields`)."""
    return fields(landscape, noise, [start], **options)[0]


def fields(
    landscape: Landscape,
    noise: Noise,
    starts: Sequence[ArrayLike],
    *,
    shape: tuple[int, int] = (121, 121),
    reach: int = 4,
    box: tuple[ArrayLike, ArrayLike] | None = None,
) -> list[Field]:
    """Return the costs from each of some points to all nodes of a grid; the edges are weighed once.

    Parameters
    ----------
    landscape : Landscape
        Of dimension 2.
    noise : Noise
    starts : list of array_like, shape (2,)
    shape : pair of int
        Number of nodes along each axis.
    reach : int
        Longest step of the stencil along an axis: 1, 2, 3, 4 give 8, 16, 32, 48 directions.
    box : pair of (2,) array_like, optional
        Corners; default that of the landscape.

    Raises
    ------
    ValueError
        If the landscape is not two-dimensional, the start lies outside, or the grid is too small.
    """
    lower, upper = (np.asarray(corner, dtype=float) for corner in (box or landscape.box))
    points = [np.asarray(start, dtype=float) for start in starts]
    if landscape.dim != 2:
        raise ValueError(f"landscape of dimension {landscape.dim}: a plane is needed")
    for x in points:
        if x.shape != (2,) or np.any(x < lower) or np.any(x > upper):
            raise ValueError(f"start = {x!r}: a point of the box {lower}, {upper} is needed")
    if reach < 1 or min(shape) <= 2 * reach:
        raise ValueError(f"shape = {shape!r}, reach = {reach!r}: reach ≥ 1 and more than 2 · reach nodes a side are needed")
    axes = (np.linspace(lower[0], upper[0], shape[0]), np.linspace(lower[1], upper[1], shape[1]))
    sources = [nearest(axes, x) for x in points]
    costs, previous = dijkstra(graph(landscape, noise, axes, reach), indices=sources, return_predecessors=True)
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    return [
        Field(axes, cost.reshape(shape), nodes[source], before)
        for cost, source, before in zip(costs, sources, previous, strict=True)
    ]
