"""Transition costs between critical points, and the energies of the talk (slide "from transitions to energy").

Costs between all pairs are shortest paths over a graph whose edges follow the dynamics: downhill along the flow for nothing,
uphill from a minimum to the saddles and maxima on the border of its basin at the cost that `minimum_action` finds, and from one
such point to another around a common minimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, permutations

import numpy as np
from numpy.typing import NDArray

from longrun.action import MinimumAction, minimum_action
from longrun.chain import induced_chain, log_stationary, stationary
from longrun.critical import CriticalPoint
from longrun.errors import NotConverged
from longrun.heteroclinic import falls
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.starts import polygons
from longrun.trees import best_tree, energies

__all__ = [
    "Transitions",
    "best_tree",
    "energies",
    "induced_chain",
    "log_stationary",
    "stationary",
    "transition_costs",
    "transitions",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Transitions:
    """Costs between points, with the paths behind them.

    Attributes
    ----------
    points : array (p, d)
    costs : array (p, p)
        B[i, j] from i to j; 0 on the diagonal, inf where there is no way.
    edges : dict (i, j) → MinimumAction
        Direct ways: downhill ones have cost 0.
    step : int array (p, p)
        step[i, j] is the point visited next on the cheapest way from i to j; −1 if there is none.
    unresolved : list of (i, j)
        Pairs of saddles and maxima for which a way past a common minimum was looked for in vain: B[i, j] is the cost of the
        way through the minimum, which may be too high. No energy depends on them.
    """

    points: Array
    costs: Array
    edges: dict[tuple[int, int], MinimumAction]
    step: NDArray[np.intp] = field(repr=False)
    unresolved: list[tuple[int, int]] = field(default_factory=list)

    def route(self, i: int, j: int) -> list[int]:
        """Return the points visited from i to j, both included; empty if there is no way."""
        if i != j and self.step[i, j] < 0:
            return []
        route = [i]
        while route[-1] != j:
            route.append(int(self.step[route[-1], j]))
        return route

    def path(self, i: int, j: int) -> Array:
        """Return the curve (m, d) of the cheapest way from i to j."""
        route = self.route(i, j)
        pieces = [self.edges[a, b].path for a, b in pairwise(route)]
        return np.concatenate([self.points[[i]], *(piece[1:] for piece in pieces)]) if pieces else self.points[:0]

    def reason(self, i: int, j: int) -> str:
        """Say why B[i, j] is infinite: what stops the edges out of i; empty if it is finite."""
        if np.isfinite(self.costs[i, j]):
            return ""
        reasons = [edge.reason for (a, _), edge in self.edges.items() if a == i and edge.reason]
        return reasons[0] if reasons else f"no edge of the transition graph leads from point {i} to point {j}"


def transition_costs(landscape: Landscape, noise: Noise, points: Sequence[CriticalPoint], *, tol: float = 1e-9) -> Array:
    """Return the matrix B of transition costs between critical points (see `transitions`).

    Parameters
    ----------
    landscape : Landscape
    noise : Noise
    points : list of CriticalPoint
        From `critical_points`; all of them, or at least all minima and saddles.
    tol : float
        As in `minimum_action`.

    Returns
    -------
    array, shape (p, p)
        B[i, j] from i to j.
    """
    return transitions(landscape, noise, points, tol=tol).costs


def transitions(
    landscape: Landscape, noise: Noise, points: Sequence[CriticalPoint], *, tol: float = 1e-9, direct: bool = True
) -> Transitions:
    """Compute transition costs between critical points, keeping the paths.

    Parameters
    ----------
    landscape, noise, points, tol
        As in `transition_costs`.
    direct : bool
        Whether to look for ways between saddles and maxima that cut the corner at a common minimum. They do not change any
        energy, only costs that start at a point which is not a minimum.

    Raises
    ------
    ValueError
        If `points` has no minimum, or a degenerate point.
    NotConverged
        If the flow from a saddle ends at none of the points, or a path solver fails.
    """
    _check(points)
    x = np.array([point.x for point in points])
    minima = [i for i, point in enumerate(points) if point.index == 0]
    edges: dict[tuple[int, int], MinimumAction] = {}
    # isotropic Gaussian noise in a gradient field climbs where it falls: lines of the flow are paths of least action there, and
    # near them elsewhere; for other fields they are but one guess
    gradient = landscape.value is not None
    lines = falls(landscape, points, minima)
    for i, j, path in lines:  # downhill costs nothing
        edges.setdefault((i, j), MinimumAction(0.0, path, np.zeros_like(path), 0.0))
    for i, j in sorted({(i, j) for i, j, _ in lines}):
        guesses = _spread([path[::-1] for a, b, path in lines if (a, b) == (i, j)])
        if not gradient:
            guesses += polygons(x[j], x[i])
        _keep(edges, j, i, minimum_action(landscape, noise, x[j], x[i], tol=tol, starts=guesses))
    unresolved = _cut_corners(landscape, noise, x, minima, edges, tol) if direct and landscape.dim > 1 else []
    return replace(_closure(x, edges), unresolved=unresolved)


def _check(points: Sequence[CriticalPoint]) -> None:
    if not any(point.index == 0 for point in points):
        raise ValueError(f"points: {len(points)} given, none of index 0; at least one minimum is needed")
    for k, point in enumerate(points):
        if point.degenerate:
            raise ValueError(f"points[{k}] at x = {point.x} is degenerate: its index is unknown, costs near it are not defined")


def _spread(lines: list[Array], most: int = 3) -> list[Array]:
    """Keep a few lines of a pencil, evenly spread."""
    return [lines[k] for k in np.unique(np.linspace(0, len(lines) - 1, most).round().astype(int))]


def _keep(edges: dict[tuple[int, int], MinimumAction], i: int, j: int, way: MinimumAction) -> None:
    if (i, j) not in edges or way.cost < edges[i, j].cost:
        edges[i, j] = way


def _cut_corners(
    landscape: Landscape,
    noise: Noise,
    x: Array,
    minima: list[int],
    edges: dict[tuple[int, int], MinimumAction],
    tol: float,
) -> list[tuple[int, int]]:
    """Add direct ways between points above the same minimum where they are cheaper than through it.

    For Gaussian noise these are geodesics of the metric |∇f||dx|; they pass by a minimum that they reach and leave on one side.
    Return the pairs for which the path solver did not converge.
    """
    unresolved: list[tuple[int, int]] = []
    around = {m: [i for (i, j) in edges if j == m and i not in minima] for m in minima}
    pairs = {(i, j): m for m, above in around.items() for i, j in permutations(above, 2)}
    through = _closure(x, edges).costs
    for (i, j), m in pairs.items():
        if (i, j) in edges or not np.isfinite(edges[m, i].cost + edges[m, j].cost):
            continue
        if not _same_side(edges[m, i].path, edges[m, j].path):
            continue
        corner = np.vstack([edges[i, m].path, edges[m, j].path[1:]])
        try:
            way = minimum_action(landscape, noise, x[i], x[j], tol=tol, starts=[corner])
        except NotConverged:
            unresolved.append((i, j))
            continue
        if way.cost < through[i, j] * (1 - tol):
            _keep(edges, i, j, way)
    return unresolved


def _same_side(first: Array, second: Array) -> bool:
    """Whether two paths leave their common start within a right angle, seen at a hundredth of their extent."""
    directions = []
    for path in (first, second):
        distance = np.linalg.norm(path - path[0], axis=-1)
        away = path[int(np.argmax(distance > 1e-2 * distance.max()))] - path[0]
        directions.append(away / np.linalg.norm(away))
    return bool(directions[0] @ directions[1] > 0)


def _closure(x: Array, edges: dict[tuple[int, int], MinimumAction]) -> Transitions:
    """Complete by shortest paths."""
    weight = np.full((len(x), len(x)), np.inf)
    for (i, j), way in edges.items():
        weight[i, j] = way.cost
    np.fill_diagonal(weight, 0.0)
    costs, step = weight.copy(), np.where(np.isfinite(weight), np.arange(len(x)), -1)
    for k in range(len(x)):  # Floyd and Warshall: zero costs are edges too, which sparse graphs would drop
        shorter = costs[:, [k]] + costs[[k]] < costs
        costs = np.where(shorter, costs[:, [k]] + costs[[k]], costs)
        step = np.where(shorter, step[:, [k]], step)
    return Transitions(x, costs, edges, step)
