"""How rare is an escape? Multilevel splitting: SGD itself, unweighted, for times that no run would live to see.

The way out of a set A is cut by level sets of a coordinate. The rate is the number of times per step at which SGD comes out of
A, times the probability that it then reaches the first level before it returns, times that to go on to the next one, and so on:
each factor is moderate and is counted (forward flux sampling: Allen, Warren & ten Wolde 2005; Cérou & Guyader 2007).
No model of the noise enters, so that the result can judge every theory of the exponent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.ensemble import checked, is_count, iterates
from longrun.errors import NotConverged
from longrun.landscapes import Landscape
from longrun.linear import diffusion_covariance
from longrun.noise import Noise

Array = NDArray[np.float64]
Coordinate = Callable[[Array], Array]

_BLOCK = 32  # steps between two looks at which runs have ended
_SHARE = 0.25  # of the runs that should pass from one level to the next


@dataclass(frozen=True)
class Escape:
    """Logarithm of the mean number of steps to leave, its standard error from independent replicas, and the levels used."""

    log_time: float
    error: float
    levels: Array


def escape_time(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    start: ArrayLike,
    coordinate: Coordinate,
    ends: tuple[float, float],
    *,
    rng: np.random.Generator,
    floor: float = -np.inf,
    steps: int = 2000,
    chains: int = 64,
    runs: int = 512,
    replicas: int = 8,
    most_steps: int = 100_000,
) -> Escape:
    """Measure how long SGD takes from A = {coordinate < ends[0]} to {coordinate ≥ ends[1]}, on average in the long run.

    Parameters
    ----------
    landscape, noise, eta
    start : array_like (d,)
        A point of A, where the first runs begin.
    coordinate : callable
        Points (n, d) → (n,). The better it tells how far an escape has come, the smaller the error; no choice is biased.
    ends : pair of float
        Where A ends, and where the escape does.
    rng : numpy.random.Generator
    floor : float
        Where A ends on its other side. A run that falls below it in its first `steps` has left by another way and counts no longer.
    steps, chains : int
        Of the runs that count how often SGD comes out of A. Half of the steps are for settling, and are not counted.
    runs : int
        From each level to the next.
    replicas : int
        Independent repetitions, at least 2, whose spread is the error.
    most_steps : int
        After which a run that neither returns nor goes on is an error.

    Returns
    -------
    Escape

    Raises
    ------
    ValueError
        If an argument is out of range.
    NotConverged
        If SGD does not come out of A, no run reaches the next level, or one does not end.
    """
    x0 = checked(landscape, eta, np.asarray(start, dtype=float)[None], steps)
    low, high = (float(end) for end in ends)
    if not floor <= coordinate(x0)[0] < low < high:
        raise ValueError(
            f"floor = {floor:g}, ends = {ends!r}: floor ≤ coordinate(start) = {coordinate(x0)[0]:g} < ends[0] < ends[1] is needed"
        )
    _counts(chains=(chains, 1), runs=(runs, 8), replicas=(replicas, 2), most_steps=(most_steps, 1))
    climb = _Climb(landscape, noise, eta, coordinate, low, rng, most_steps)
    first = np.repeat(x0, chains * replicas, axis=0)
    out = np.concatenate(climb.flux(first[:chains], steps, (floor, high), 1)[1])
    levels = climb.levels(out, high, runs)  # a pilot's: the replicas count with fresh runs, so that the choice is no bias
    rates = climb.rates(first, steps, floor, levels, runs, replicas)
    mean = rates.mean()
    if not mean > 0:
        raise NotConverged(f"escape from {landscape.name} at eta = {eta:g}: no run reached the end; more runs", np.inf)
    return Escape(float(-np.log(mean)), float(rates.std(ddof=1) / mean / np.sqrt(replicas)), levels)


def over_pass(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    minimum: ArrayLike,
    gate: ArrayLike,
    beyond: ArrayLike,
    other: ArrayLike | None = None,
    *,
    rng: np.random.Generator,
    **budget: int,
) -> Escape:
    """Measure the mean time from a minimum over a pass to the next minimum.

    The coordinate is the projection on the segment from minimum to pass. A ends one standard deviation from the minimum, of the
    Gaussian law that SGD would have there if ∇f were linear; the escape ends where the coordinate is that of the next minimum.

    Parameters
    ----------
    landscape, noise, eta, rng
    minimum, gate, beyond : array_like (d,)
    other : array_like (d,), optional
        The minimum on the other side, to which SGD may leave as well.
    budget
        steps, chains, runs, replicas, most_steps of `escape_time`.

    Returns
    -------
    Escape

    Raises
    ------
    ValueError, NotConverged
        As `escape_time`.
    """
    start, top, end = (np.asarray(x, dtype=float) for x in (minimum, gate, beyond))
    way = (top - start) / ((top - start) @ (top - start))
    if not (end - start) @ way > 1:
        raise ValueError(f"beyond = {end}: it must lie farther along the segment from minimum {start} to gate {top}")
    spread = diffusion_covariance(landscape.hess(start), noise.cov(start), eta)
    low = min(float(np.sqrt(way @ spread @ way)), 0.5)
    ends, floor = (low, float((end - start) @ way)), -np.inf if other is None else float((np.asarray(other) - start) @ way)
    return escape_time(landscape, noise, eta, start, partial(_along, start, way), ends, rng=rng, floor=floor, **budget)


def _along(start: Array, way: Array, x: Array) -> Array:
    return (x - start) @ way


def _counts(**allowed: tuple[int, int]) -> None:
    for name, (count, least) in allowed.items():
        if not is_count(count) or count < least:
            raise ValueError(f"{name} = {count!r}: an integer ≥ {least} is needed")


@dataclass
class _Climb:
    landscape: Landscape
    noise: Noise
    eta: float
    coordinate: Coordinate
    low: float
    rng: np.random.Generator
    most_steps: int

    def _iterates(self, x: Array, steps: int) -> Iterator[tuple[int, Array]]:
        seed = np.random.SeedSequence([int(word) for word in self.rng.integers(2**32, size=8)])
        return iterates(self.landscape, self.noise, self.eta, x, seed, steps, min(steps, _BLOCK))

    def flux(self, x: Array, steps: int, bounds: tuple[float, float], replicas: int) -> tuple[Array, list[Array]]:
        """How often per step runs come out of A, and where, in each replica; a run that has left for good counts no longer."""
        inside, alive = np.zeros(len(x), dtype=bool), np.ones(len(x), dtype=bool)
        owner = np.arange(len(x)) * replicas // len(x)
        time, found, whose = np.zeros(replicas), [x[:0]], [owner[:0]]
        for t, y in self._iterates(x, steps):
            c = self.coordinate(y)
            if t > steps // 2:
                out = alive & inside & (c >= self.low)
                time += np.bincount(owner[alive], minlength=replicas)
                found.append(y[out])
                whose.append(owner[out])
            inside = c < self.low
            alive &= (c >= bounds[0]) & (c < bounds[1])
        points, owners = np.concatenate(found), np.concatenate(whose)
        counts = np.bincount(owners, minlength=replicas)
        if not counts.all():
            raise NotConverged(f"SGD at eta = {self.eta:g} did not come out of coordinate < {self.low:g} in {steps} steps", np.inf)
        return counts / time, [points[owners == k] for k in range(replicas)]

    def climb(self, x: Array, level: float) -> tuple[Array, Array, Array]:
        """Run until `level` or back in A: every run's largest coordinate, the points that reached the level, and whose they are."""
        peak = self.coordinate(x)
        done = peak >= level
        reached, origin, who, spent = [x[done]], [np.flatnonzero(done)], np.flatnonzero(~done), 0
        x = x[who]
        while len(x) and spent < self.most_steps:
            going = np.ones(len(x), dtype=bool)
            for _, y in self._iterates(x, _BLOCK):
                c = self.coordinate(y)
                peak[who[going]] = np.maximum(peak[who], c)[going]
                up = going & (c >= level)
                if up.any():
                    reached.append(y[up])
                    origin.append(who[up])
                going &= (c >= self.low) & (c < level)
            x, who, spent = y[going].copy(), who[going], spent + _BLOCK
        if len(x):
            raise NotConverged(
                f"{len(x)} runs at eta = {self.eta:g} neither came back nor went on in {self.most_steps} steps", np.inf
            )
        return peak, np.concatenate(reached), np.concatenate(origin)

    def pick(self, points: Array, runs: int) -> Array:
        return points[self.rng.integers(len(points), size=runs)]

    def levels(self, points: Array, high: float, runs: int) -> Array:
        """Place levels such that a quarter of the runs should pass from each to the next."""
        levels = [self.low]
        while levels[-1] < high:
            peak, _, _ = self.climb(self.pick(points, runs), high)
            level = min(float(np.quantile(peak, 1 - _SHARE)), high)
            if level <= levels[-1]:  # most runs start where a long jump has taken them, beyond what the rest reach
                beyond = peak[peak > levels[-1]]
                if not len(beyond):
                    raise NotConverged(f"no run at eta = {self.eta:g} came beyond coordinate {level:g}; more runs", np.inf)
                level = min(float(np.median(beyond)), high)
            levels.append(level)
            _, points, _ = self.climb(self.pick(points, runs), level)
        return np.array(levels)

    def rates(self, x: Array, steps: int, floor: float, levels: Array, runs: int, replicas: int) -> Array:
        """Flux out of A times the shares of runs that pass from level to level, in each replica."""
        rates, points = self.flux(x, steps, (floor, levels[-1]), replicas)
        for level in levels[1:]:
            going = [k for k in range(replicas) if len(points[k])]  # the others have rate 0 already
            if not going:
                break
            _, reached, origin = self.climb(np.concatenate([self.pick(points[k], runs) for k in going]), level)
            for place, k in enumerate(going):
                points[k] = reached[origin // runs == place]
                rates[k] *= len(points[k]) / runs
        return rates
