"""Minima and saddles of index one in several dimensions, where all critical points would be too many to find.

Costs between minima need no others: from any point of a basin's border the flow leads to such a saddle, for nothing.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from longrun.critical import CriticalPoint, classify, distinct, order
from longrun.errors import NotConverged
from longrun.landscapes import Landscape
from longrun.quasirandom import sobol
from longrun.threads import one_thread

Array = NDArray[np.float64]


@one_thread
def minima_and_gates(landscape: Landscape, *, starts: int = 128, rounds: int = 6) -> list[CriticalPoint]:
    """Find the minima in the box, and the saddles of index one.

    Newton's method in the eigenbasis of the Hessian: downhill along every direction for minima, uphill along the lowest one for
    saddles. It starts from quasi-random points, twice as many each round, for saddles also from around the minima and between
    them, and ends when a round finds nothing new.

    Parameters
    ----------
    landscape : Landscape
        With an objective: the Hessian must be symmetric.
    starts : int
        Number of quasi-random points of the first round.
    rounds : int
        How many rounds at most.

    Returns
    -------
    list of CriticalPoint
        By index, then value. A search can miss a point with a tiny basin: compare with the end points of many descents.

    Raises
    ------
    NotConverged
        If the last round still finds new points.
    """
    if landscape.value is None:
        raise ValueError(f"landscape {landscape.name}: an objective is needed, fields without one have no minima")
    if starts < 1 or rounds < 2:
        raise ValueError(f"starts = {starts!r}, rounds = {rounds!r}: at least 1 and 2 are needed")
    wells, saddles = np.empty((0, landscape.dim)), np.empty((0, landscape.dim))
    for turn in range(rounds):
        points = sobol(landscape, starts * 2**turn, turn)
        known = len(wells), len(saddles)
        wells = distinct(landscape, np.vstack([wells, _follow(landscape, np.vstack([points, _beside(landscape, saddles)]), 0)]))
        points = np.vstack([points, _between(wells, turn), _around(landscape, wells, turn)])
        saddles = distinct(landscape, np.vstack([saddles, _follow(landscape, points, 1)]))
        if turn and known == (len(wells), len(saddles)):
            return sorted((classify(landscape, x) for x in np.vstack([wells, saddles])), key=order)
    raise NotConverged(
        f"{len(wells)} minima and {len(saddles)} saddles of {landscape.name}, and still more with more starts", np.inf
    )


def _follow(landscape: Landscape, x: Array, index: int, steps: int = 200) -> Array:
    """Newton with |H|, uphill along the `index` lowest directions; converged points of that index."""
    x = x.copy()
    lower, upper = landscape.box
    longest = 0.05 * float(np.linalg.norm(upper - lower)) / np.sqrt(landscape.dim)
    active, done = np.arange(len(x)), np.zeros(len(x), dtype=bool)
    for _ in range(steps):
        values, vectors = np.linalg.eigh(landscape.hess(x[active]))
        slope = np.einsum("nji,nj->ni", vectors, landscape.grad(x[active]))
        slope[:, :index] *= -1
        size = np.abs(values)
        step = -np.einsum("nij,nj->ni", vectors, slope / np.maximum(size, 1e-6 * size[:, [-1]] + 1e-300))
        length = np.linalg.norm(step, axis=1)
        step *= np.minimum(1, longest / np.maximum(length, 1e-300))[:, None]
        x[active] += step if index else _lowering(landscape, x[active], step)
        settled = length < 1e-12 * longest
        done[active[settled]] = (values[settled] < 0).sum(axis=1) == index
        outside = np.any(np.abs(x[active] - (lower + upper) / 2) > 0.6 * (upper - lower), axis=1)
        active = active[~(settled | outside)]
        if not active.size:
            break
    return x[done]


def _lowering(landscape: Landscape, x: Array, step: Array, halvings: int = 12) -> Array:
    """Halve steps that do not lower f: a narrow well is not to be jumped over."""
    assert landscape.value is not None
    before = landscape.value(x)
    for _ in range(halvings):
        higher = landscape.value(x + step) > before + 1e-14 * np.abs(before)
        if not higher.any():
            break
        step[higher] /= 2
    return step


def _beside(landscape: Landscape, saddles: Array) -> Array:
    """Points on both sides of each saddle, a thousandth of the box away."""
    lowest = np.linalg.eigh(landscape.hess(saddles))[1][..., 0]
    step = 1e-3 * np.linalg.norm(landscape.box[1] - landscape.box[0]) * lowest
    return np.vstack([saddles + step, saddles - step])


def _between(wells: Array, turn: int) -> Array:
    """Points on the segments between minima."""
    share = (np.arange(1, 8 * 2**turn) / (8 * 2**turn))[:, None]
    segments = [a + share * (b - a) for a, b in combinations(wells, 2)]
    return np.concatenate(segments) if segments else wells[:0]


def _around(landscape: Landscape, wells: Array, turn: int) -> Array:
    """Points around each minimum, at a twentieth to a fifth of the box."""
    count, dim = 32 * 2**turn, landscape.dim
    rng = np.random.default_rng(turn)
    direction = rng.normal(size=(len(wells), count, dim))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    reach = rng.uniform(0.05, 0.2, size=(len(wells), count, 1)) * np.linalg.norm(landscape.box[1] - landscape.box[0]) / np.sqrt(dim)
    return (wells[:, None] + reach * direction).reshape(-1, dim)
