"""How rare is an escape? Multilevel splitting: SGD itself, unweighted, for times that no run would live to see.

The way out of a set A is cut by level sets of a coordinate. The rate is the number of times per step at which SGD comes out of
A, times the probability that it then reaches the first level before it returns, times that to go on to the next one, and so on:
each factor is moderate and is counted (forward flux sampling: Allen, Warren & ten Wolde 2005; Cérou & Guyader 2007).
No model of the noise enters, so that the result can judge every theory of the exponent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.climb import Climb, Coordinate
from longrun.ensemble import checked, is_count
from longrun.errors import NotConverged
from longrun.landscapes import Landscape
from longrun.linear import diffusion_covariance
from longrun.noise import Noise

Array = NDArray[np.float64]


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
    climb = Climb(landscape, noise, eta, coordinate, low, rng, most_steps)
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
