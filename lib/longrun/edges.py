"""Direct ways between critical points: where to look for them, and how to solve for them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longrun.action import MinimumAction, minimum_action
from longrun.corner import short_cut, true_cost
from longrun.curve import Curve
from longrun.errors import NotConverged
from longrun.geodesic import minimise
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import SLOW, fit
from longrun.starts import polygons
from longrun.survey import needed, polygon_cost

Array = NDArray[np.float64]
Pair = tuple[int, int]


@dataclass(eq=False)
class Edges:
    """Ways found so far.

    Attributes
    ----------
    ways : dict (i, j) → MinimumAction
    doubt : dict (i, j) → float
        Pairs whose direct way was not found to the accuracy asked for: what it costs at least, as far as we know.
    """

    landscape: Landscape
    noise: Noise
    x: Array
    tol: float
    ways: dict[Pair, MinimumAction] = field(default_factory=dict)
    doubt: dict[Pair, float] = field(default_factory=dict)

    def falls(self, lines: list[tuple[int, int, Array]]) -> None:
        """Downhill along the flow costs nothing."""
        for i, j, path in lines:
            self.ways.setdefault((i, j), MinimumAction(0.0, path, np.zeros_like(path), 0.0))

    def climb(self, i: int, j: int, lines: list[Array]) -> None:
        """From i to j, from where lines of the flow lead back to i: the best way if a gradient meets isotropic Gaussian noise."""
        guesses = _spread([line[::-1] for line in lines])
        if needed(self.landscape, self.noise):
            guesses += polygons(self.x[i], self.x[j])
        self.keep(i, j, self.solve(i, j, guesses))

    def solve(self, i: int, j: int, guesses: list[Array]) -> MinimumAction:
        """Minimise from guesses."""
        return minimum_action(self.landscape, self.noise, self.x[i], self.x[j], tol=self.tol, starts=guesses)

    def keep(self, i: int, j: int, way: MinimumAction) -> None:
        """Add a way if none was as cheap."""
        if (i, j) not in self.ways or way.cost < self.ways[i, j].cost:
            self.ways[i, j] = way

    def follow(self, i: int, j: int, polygon: Array, least: float) -> None:
        """Solve from a polygon; where that fails, or is dearer than the polygon, keep the polygon itself, and the doubt."""
        cost = polygon_cost(self.landscape, self.noise, polygon)
        try:
            way = self.solve(i, j, [polygon])
            residual = self.tol
        except NotConverged as error:
            way, residual = None, max(error.residual, self.tol)
        if way is not None and way.cost <= cost:
            self.keep(i, j, way)
        elif way is not None or np.isfinite(cost):
            self.doubt[i, j] = least
            self.keep(i, j, way or self._as_is(polygon, cost, residual))
            self.keep(i, j, self._as_is(polygon, cost, residual))

    def _as_is(self, polygon: Array, cost: float, residual: float) -> MinimumAction:
        return MinimumAction(cost, polygon, np.zeros_like(polygon), residual)

    def worth(self, polygon: Array, known: float) -> bool:
        """Whether a polygon, smoothed a little, is cheaper than what is known."""
        if polygon_cost(self.landscape, self.noise, polygon) < known * (1 - self.tol):
            return True
        curve = Curve(polygon[0], polygon[-1], fit(polygon, 16, SLOW, SLOW), (SLOW, SLOW))
        curve = minimise(self.landscape, self.noise, curve, tol=1e-4, steps=15)
        if not curve.cost < known * (1 + 2e-3):  # too far to be decided by the rule that integrates it
            return False
        return true_cost(self.landscape, self.noise, curve) < known * (1 - self.tol)

    def cut(self, i: int, via: int, j: int, least: float, bound: float) -> None:
        """Look for a way from i to j past `via` rather than through it; `bound` is what it must cost less than."""
        first, second = self.ways[i, via], self.ways[via, j]
        if first.cost + second.cost == 0 or not np.isfinite(first.cost + second.cost):
            return
        polygon = short_cut(self.landscape, self.noise, _last(first), _first(second), self.tol)
        if polygon is None:
            return
        start = np.vstack([_points(first, slice(None, -1)), polygon, _points(second, slice(1, None))])
        before = self.ways.get((i, j))
        self.follow(i, j, start, least)
        if self.ways.get((i, j)) is not before and self.ways[i, j].cost >= bound * (1 - self.tol) and (i, j) not in self.doubt:
            del self.ways[i, j]  # no cheaper: keep the table short
            if before is not None:
                self.ways[i, j] = before


def _spread(lines: list[Array], most: int = 3) -> list[Array]:
    """Keep a few lines of a pencil, evenly spread."""
    return [lines[k] for k in np.unique(np.linspace(0, len(lines) - 1, most).round().astype(int))]


def _line(way: MinimumAction) -> Curve:
    """Return a curve along a line of the flow."""
    return Curve(way.path[0], way.path[-1], fit(way.path, 16, SLOW, SLOW), (SLOW, SLOW), cost=way.cost)


def _last(way: MinimumAction) -> Curve:
    return way.pieces[-1] if way.pieces else _line(way)


def _first(way: MinimumAction) -> Curve:
    return way.pieces[0] if way.pieces else _line(way)


def _points(way: MinimumAction, which: slice) -> Array:
    """Return points of some of the pieces, crowded at their ends."""
    u = -np.cos(np.linspace(0, np.pi, 101))
    pieces = [piece.at(u)[0] for piece in way.pieces[which]]
    return np.concatenate(pieces) if pieces else way.path[:0]
