"""The energy E(x) of every point: on a line by quadrature (E′ = s), and the least of it on the edge of neighbourhoods.

What concentration needs (slide "from energy to invariant distribution", ①): μ∞(outside ∪ U_i) falls like e^{−c/η} with c the least
energy outside, and as energy has no local minimum away from critical points, c is taken on the edge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.hamiltonian import push
from longrun.landscapes import Landscape
from longrun.noise import Noise

__all__ = ["Balls", "energy_on_line"]

Array = NDArray[np.float64]

_NODE, _WEIGHT = np.polynomial.legendre.leggauss(8)


def energy_on_line(landscape: Landscape, noise: Noise, x: ArrayLike, pieces: int = 400) -> Array:
    """Return E(x) up to a constant, by integrating s, the non-zero root of log E exp(−sZ) = s f′ (0 where f′ = 0).

    Parameters
    ----------
    landscape : Landscape
        In one dimension.
    noise : Noise
    x : array_like (n,)
        Increasing; the integral starts at x[0].
    pieces : int
        Intervals between x[0] and x[-1], at least; eight Gauss nodes on each.

    Returns
    -------
    array (n,)
        E(x) − E(x[0]).

    Raises
    ------
    ValueError
        If the landscape has more dimensions, x is not increasing, or no noise can move against the drift somewhere between.
    """
    if landscape.dim != 1:
        raise ValueError(f"landscape = {landscape.name} in dimension {landscape.dim}: one dimension is needed")
    x = np.asarray(x, dtype=float)
    if x.ndim != 1 or x.size < 2 or not np.all(np.isfinite(x)) or not np.all(np.diff(x) > 0):
        raise ValueError(f"x = {x}: at least two finite increasing numbers are needed")
    ends = np.union1d(x, np.linspace(x[0], x[-1], pieces + 1))
    half = np.diff(ends) / 2
    y = ((ends[:-1] + ends[1:]) / 2)[:, None] + half[:, None] * _NODE
    slope = _slope(landscape, noise, y.reshape(-1, 1)).reshape(y.shape)
    total = np.concatenate([[0.0], np.cumsum((slope * half[:, None]) @ _WEIGHT)])
    return total[np.searchsorted(ends, x)]


def _slope(landscape: Landscape, noise: Noise, x: Array) -> Array:
    """Return s: the momentum of moving against the drift."""
    drift = -landscape.grad(x)
    s = np.zeros(len(x))
    moving = np.flatnonzero(drift[:, 0] != 0)
    way = push(noise, x[moving], drift[moving], -drift[moving])
    if not np.all(np.isfinite(way.cost)):
        blocked = float(x[moving[np.argmin(np.isfinite(way.cost))], 0])
        raise ValueError(f"x: around {blocked:.4g} the noise cannot move against the drift, energies beyond are infinite")
    s[moving] = way.momentum[:, 0]
    return s


@dataclass(frozen=True, eq=False)
class Balls:
    """The union of balls of one radius: neighbourhoods U_i of critical points.

    Parameters
    ----------
    centres : array_like (p, d)
    radius : float
    """

    centres: Array
    radius: float

    def __post_init__(self) -> None:
        centres = np.array(self.centres, dtype=float)
        if centres.ndim != 2 or not np.all(np.isfinite(centres)):
            raise ValueError(f"centres = {self.centres!r}: finite points (p, d) are needed")
        if not np.isfinite(self.radius) or not self.radius > 0:
            raise ValueError(f"radius = {self.radius!r}: a finite number > 0 is needed")
        object.__setattr__(self, "centres", centres)

    def outside(self, x: Array) -> NDArray[np.bool_]:
        """Tell which of the points (n, d) are in none of the balls."""
        nearest = np.full(len(x), np.inf)
        for centre in self.centres:
            np.minimum(nearest, sum((x[:, k] - centre[k]) ** 2 for k in range(x.shape[1])), out=nearest)
        return nearest > self.radius**2

    def gaps(self) -> Array:
        """Return the intervals of the line outside all balls, (m, 2), the first from −∞ and the last to ∞."""
        if self.centres.shape[1] != 1:
            raise ValueError(f"centres in dimension {self.centres.shape[1]}: gaps are intervals of a line")
        edge = np.sort(self.edge()[:, 0])
        return np.concatenate([[-np.inf], edge, [np.inf]]).reshape(-1, 2)

    def edge(self, count: int = 720) -> Array:
        """Return points of the boundary of the union, (m, d) for d = 1 (all of them) or 2 (out of `count` on each circle)."""
        points, free = self._circles(count)
        return points[free]

    def valleys(self, energy: Callable[[Array], Array], count: int = 720) -> tuple[Array, Array]:
        """Return the local minima of `energy`, (m, d) → (m,), along the edge: values (k,), least first, and where (k, d)."""
        points, free = self._circles(count)
        value = np.full(free.shape, np.inf)
        value[free] = energy(points[free])
        if points.shape[-1] == 2:
            free &= (value <= np.roll(value, 1, axis=1)) & (value < np.roll(value, -1, axis=1))
        order = np.argsort(value[free])
        return value[free][order], points[free][order]

    def _circles(self, count: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return points around each centre, (p, count, d), and whether no other ball covers them, (p, count)."""
        p, d = self.centres.shape
        if d > 2:
            raise ValueError(f"centres in dimension {d}: edges are drawn in 1 and 2")
        turn = 2 * np.pi * np.arange(count) / count
        way = np.array([[-1.0], [1.0]]) if d == 1 else np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        points = self.centres[:, None] + self.radius * way
        distance = np.linalg.norm(points[:, :, None] - self.centres, axis=-1)
        distance[np.arange(p), :, np.arange(p)] = np.inf  # not from its own centre
        return points, np.all(distance >= self.radius, axis=-1)
