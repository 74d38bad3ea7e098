"""Transition costs between critical points, and the energies of the talk (slide "from transitions to energy").

Costs between all pairs are shortest paths over a graph whose edges follow the dynamics: downhill along the flow for nothing,
uphill from a minimum to the saddles and maxima on the border of its basin at the cost that `minimum_action` finds, and from one
such point to another around a common minimum. That is enough for isotropic Gaussian noise in a gradient field; in other planes
the edges are those that a survey of the whole plane finds, and those that cut their corners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, permutations

import numpy as np
from numpy.typing import NDArray

from longrun.action import MinimumAction
from longrun.chain import induced_chain, log_stationary, stationary
from longrun.critical import CriticalPoint
from longrun.edges import Edges
from longrun.errors import NotConverged
from longrun.heteroclinic import falls
from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Noise
from longrun.survey import Survey, joined, needed, polygon_cost, survey
from longrun.threads import one_thread
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
    lower : array (p, p)
        What B[i, j] is not below: B[i, j] itself except for unresolved pairs.
    unresolved : list of (i, j)
        All pairs whose B[i, j] may be too high, because it depends on a way that was not found to the accuracy asked for.
    """

    points: Array
    costs: Array
    edges: dict[tuple[int, int], MinimumAction]
    step: NDArray[np.intp] = field(repr=False)
    lower: Array = field(repr=False)
    unresolved: list[tuple[int, int]] = field(default_factory=list)

    def energies(self, *, relative: bool = True) -> Array:
        """Return the energies of all points.

        Raises
        ------
        NotConverged
            If some energy depends on the cost of an unresolved pair.
        """
        energy, least = energies(self.costs, relative=False), energies(self.lower, relative=False)
        gap = float(np.max(np.where(energy > least, energy - least, 0.0)))
        if gap > 1e-6 * float(energy[np.isfinite(energy)].max()):
            raise NotConverged(f"energies: they depend on costs of unresolved pairs, and may be up to {gap:.4g} too high", gap)
        return energy - energy.min() if relative else energy

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

    Raises
    ------
    NotConverged
        If some cost may be too high: `transitions` tells which, and gives bounds.
    """
    found = transitions(landscape, noise, points, tol=tol)
    if found.unresolved:
        gap = max(float(1 - found.lower[pair] / found.costs[pair]) for pair in found.unresolved)
        raise NotConverged(f"costs of the pairs {found.unresolved} may be too high by up to {gap:.2g} of their value", gap)
    return found.costs


@one_thread
def transitions(
    landscape: Landscape,
    noise: Noise,
    points: Sequence[CriticalPoint],
    *,
    tol: float = 1e-9,
    direct: bool = True,
    whole: bool = True,
) -> Transitions:
    """Compute transition costs between critical points, keeping the paths.

    Parameters
    ----------
    landscape, noise, points, tol
        As in `transition_costs`.
    direct : bool
        Whether to look for ways that cut the corner at a point between two others. With isotropic Gaussian noise in a gradient
        field they change no energy, only costs that start at a point which is not a minimum. In other planes they are always
        looked for.
    whole : bool
        Whether to search a plane as a whole where the best way up may be far from the flow's lines. Without that, costs between
        minima are those of ways over the saddles, each a local minimum near a line of the flow run backwards: much faster, and
        what is done in more dimensions anyway.

    Raises
    ------
    ValueError
        If `points` has no minimum, or a degenerate point.
    NotConverged
        If the flow from a saddle ends at none of the points, or, except in a plane, a path solver fails.
    """
    _check(points)
    minima = [i for i, point in enumerate(points) if point.index == 0]
    lines = falls(landscape, points, minima)
    edges = Edges(landscape, noise, np.array([point.x for point in points]), tol)
    edges.falls(lines)
    if whole and needed(landscape, noise):
        _search_plane(edges, lines, minima)
    else:
        _climb(edges, lines)
        if direct and landscape.dim > 1:
            _cut_corners(edges, minima)
    return _judged(edges)


def _judged(edges: Edges) -> Transitions:
    """Complete by shortest paths, and tell which costs would fall if doubtful ways cost as little as they might."""
    found = _closure(edges.x, edges.ways)
    if not edges.doubt:
        return found
    lower = _closure(edges.x, edges.ways, edges.doubt).costs
    unresolved = np.argwhere(lower < found.costs * (1 - edges.tol))
    return replace(found, lower=lower, unresolved=[(int(i), int(j)) for i, j in unresolved])


def _climb(edges: Edges, lines: list[tuple[int, int, Array]]) -> None:
    for i, j in sorted({(i, j) for i, j, _ in lines}):
        edges.climb(j, i, [path for a, b, path in lines if (a, b) == (i, j)])


def _search_plane(edges: Edges, lines: list[tuple[int, int, Array]], minima: list[int]) -> None:
    """Solve for the ways that a survey of the plane takes, and for those that cut the corners between them."""
    plan = survey(edges.landscape, edges.noise, edges.x)
    pieces: dict[tuple[int, int], Array] = {}
    for way in plan.ways.values():
        pieces |= {(a, b): polygon for a, polygon, b in way if len(way) == 1 or (a, b) not in pieces}
    _follow(edges, plan, pieces, minima)
    _climb(edges, [(i, j, path) for i, j, path in lines if not np.isfinite(plan.cost[j, i])])
    _cut_all(edges, plan)
    for (i, j), way in plan.ways.items():  # what no single corner explains
        whole, known = joined(way), _closure(edges.x, edges.ways).costs[i, j]
        if (i, j) not in edges.doubt and polygon_cost(edges.landscape, edges.noise, whole) < known * (1 - edges.tol):
            edges.follow(i, j, whole, float(plan.lower[i, j]))


def _follow(edges: Edges, plan: Survey, polygons: dict[tuple[int, int], Array], minima: list[int]) -> None:
    """Solve from polygons that are cheaper than what is known; those that end at minima last, where mostly a fall remains."""
    for i, j in sorted(polygons, key=lambda pair: (pair[1] in minima, pair[0] not in minima, plan.cost[pair])):
        known = _closure(edges.x, edges.ways).costs[i, j]
        if known < plan.lower[i, j] or (i, j) in edges.doubt:
            continue
        if edges.worth(polygons[i, j], known):
            edges.follow(i, j, polygons[i, j], float(plan.lower[i, j]))


def _cut_all(edges: Edges, plan: Survey) -> None:
    """Look at every corner of the cheapest routes, until they have no new ones."""
    tried: set[tuple[int, int, int]] = set()
    while True:
        now = _closure(edges.x, edges.ways)
        routes = [now.route(i, j) for i, j in permutations(range(len(edges.x)), 2)]
        corners = {corner for route in routes for corner in zip(route, route[1:], route[2:], strict=False)} - tried
        if not corners:
            return
        for i, via, j in sorted(corners):
            edges.cut(i, via, j, float(plan.lower[i, j]), now.costs[i, j])
        tried |= corners


def _check(points: Sequence[CriticalPoint]) -> None:
    if not any(point.index == 0 for point in points):
        raise ValueError(f"points: {len(points)} given, none of index 0; at least one minimum is needed")
    for k, point in enumerate(points):
        if point.degenerate:
            raise ValueError(f"points[{k}] at x = {point.x} is degenerate: its index is unknown, costs near it are not defined")


def _cut_corners(edges: Edges, minima: list[int]) -> None:
    """Add direct ways between points above the same minimum where they are cheaper than through it.

    For Gaussian noise these are geodesics of the metric |∇f||dx|; they pass by a minimum that they reach and leave on one side.
    """
    ways, x = edges.ways, edges.x
    around = {m: [i for (i, j) in ways if j == m and i not in minima] for m in minima}
    pairs = {(i, j): m for m, above in around.items() for i, j in permutations(above, 2)}
    through = _closure(x, ways).costs
    for (i, j), m in pairs.items():
        if (i, j) in ways or not np.isfinite(ways[m, i].cost + ways[m, j].cost):
            continue
        if not _same_side(ways[m, i].path, ways[m, j].path):
            continue
        corner = np.vstack([ways[i, m].path, ways[m, j].path[1:]])
        try:
            way = edges.solve(i, j, [corner])
        except NotConverged:
            edges.doubt[i, j] = _least(edges, i, j)
            continue
        if way.cost < through[i, j] * (1 - edges.tol):
            edges.keep(i, j, way)


def _least(edges: Edges, i: int, j: int) -> float:
    """Return a lower bound of the cost from i to j: 2 (f_j − f_i)/σ² for isotropic Gaussian noise in a gradient field, else 0."""
    value, sigma = edges.landscape.value, getattr(edges.noise, "sigma", None)
    if value is None or not isinstance(edges.noise, Gaussian) or not isinstance(sigma, float):
        return 0.0
    return max(0.0, 2 * float(value(edges.x[j]) - value(edges.x[i])) / sigma**2)


def _same_side(first: Array, second: Array) -> bool:
    """Whether two paths leave their common start within a right angle, seen at a hundredth of their extent."""
    directions = []
    for path in (first, second):
        distance = np.linalg.norm(path - path[0], axis=-1)
        away = path[int(np.argmax(distance > 1e-2 * distance.max()))] - path[0]
        directions.append(away / np.linalg.norm(away))
    return bool(directions[0] @ directions[1] > 0)


def _closure(
    x: Array, edges: dict[tuple[int, int], MinimumAction], least: dict[tuple[int, int], float] | None = None
) -> Transitions:
    """Complete by shortest paths; `least` are costs to use where they are lower."""
    weight = np.full((len(x), len(x)), np.inf)
    for (i, j), way in edges.items():
        weight[i, j] = way.cost
    for (i, j), cost in (least or {}).items():
        weight[i, j] = min(weight[i, j], cost)
    np.fill_diagonal(weight, 0.0)
    costs, step = weight.copy(), np.where(np.isfinite(weight), np.arange(len(x)), -1)
    for k in range(len(x)):  # Floyd and Warshall: zero costs are edges too, which sparse graphs would drop
        shorter = costs[:, [k]] + costs[[k]] < costs
        costs = np.where(shorter, costs[:, [k]] + costs[[k]], costs)
        step = np.where(shorter, step[:, [k]], step)
    return Transitions(x, costs, edges, step, costs)
