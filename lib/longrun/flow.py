"""The noiseless dynamics x' = −∇f(x), integrated for many starting points at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.errors import NotConverged
from longrun.landscapes import Landscape

Array = NDArray[np.float64]
Index = NDArray[np.intp]


def settle(
    landscape: Landscape,
    x: ArrayLike,
    targets: Array,
    radius: float,
    *,
    sign: float = -1.0,
    rtol: float = 1e-6,
    max_steps: int = 5000,
) -> tuple[NDArray[np.intp], list[Array]]:
    """Follow x' = sign · ∇f(x) until each point is within `radius` of a target, or lost.

    The pair of Bogacki and Shampine (Appl. Math. Lett. 2, 1989), orders 3 and 2, with one step-size per point.

    Parameters
    ----------
    landscape : Landscape
    x : array_like, shape (n, d)
    targets : array, shape (k, d)
        Attractors of the flow.
    radius : float
    sign : float
        −1 descends, +1 climbs (the flow backwards in time).
    rtol : float
        Error of one step relative to the size of the box.
    max_steps : int

    Returns
    -------
    labels : int array, shape (n,)
        Which target was reached; −1 for points that left the box (enlarged twofold) or reached none in `max_steps`.
    paths : list of arrays (m_i, d)
        Every step of each point, the target itself appended when it was reached.
    """
    x = np.array(x, dtype=float)
    lower, upper = landscape.box
    centre, half = (lower + upper) / 2, upper - lower
    labels = np.full(len(x), -1)
    active = np.arange(len(x))
    trail: list[tuple[Index, Array]] = [(active, x.copy())]
    slope = sign * landscape.grad(x)
    step = 1e-2 * np.linalg.norm(half) / (np.linalg.norm(slope, axis=-1) + 1e-300)
    tolerance = rtol * np.linalg.norm(half)
    for _ in range(max_steps):
        if not active.size:
            break
        h = step[active, None]
        y, k1 = x[active], slope[active]
        with np.errstate(over="ignore", invalid="ignore"):
            k2 = sign * landscape.grad(y + h / 2 * k1)
            k3 = sign * landscape.grad(y + 0.75 * h * k2)
            new = y + h / 9 * (2 * k1 + 3 * k2 + 4 * k3)
            k4 = sign * landscape.grad(new)
            error = np.linalg.norm(h * (-5 / 72 * k1 + k2 / 12 + k3 / 9 - k4 / 8), axis=-1) / tolerance
        error = np.where(np.isfinite(error), error, 1e6)
        good = error <= 1
        step[active] *= np.clip(0.9 * (error + 1e-12) ** (-1 / 3), 0.2, 4.0)
        moved = active[good]
        x[moved], slope[moved] = new[good], k4[good]
        # no step longer than 1/20 of the box, so that paths can be drawn and narrow basins are not jumped over
        longest = 0.05 * np.linalg.norm(half) / (np.linalg.norm(slope[active], axis=-1) + 1e-300)
        step[active] = np.minimum(step[active], longest)
        trail.append((moved, x[moved].copy()))
        distance = np.linalg.norm(x[active, None] - targets, axis=-1)
        near = distance.min(axis=-1) < radius
        labels[active[near]] = distance[near].argmin(axis=-1)
        lost = np.any(np.abs(x[active] - centre) > half, axis=-1)
        active = active[~near & ~lost]
    return labels, _paths(trail, labels, targets)


def _paths(trail: list[tuple[Index, Array]], labels: Index, targets: Array) -> list[Array]:
    """Sort the steps of all points by point, keeping the order in time."""
    who = np.concatenate([index for index, _ in trail])
    where = np.concatenate([points for _, points in trail])
    order = np.argsort(who, kind="stable")
    pieces = np.split(where[order], np.cumsum(np.bincount(who, minlength=len(labels)))[:-1])
    return [np.vstack([piece, targets[label]]) if label >= 0 else piece for piece, label in zip(pieces, labels, strict=True)]


def basin(landscape: Landscape, x: ArrayLike, minima: ArrayLike) -> NDArray[np.intp]:
    """Label points by the minimum that the gradient flow leads them to.

    Parameters
    ----------
    landscape : Landscape
        Any vector field whose flow −grad ends at `minima`.
    x : array_like, shape (..., d)
    minima : array_like, shape (k, d), or list of CriticalPoint

    Returns
    -------
    int array, shape (...)
        Row of `minima`.

    Raises
    ------
    ValueError
        If there are no minima.
    NotConverged
        If a point reaches none of them: it started on a basin boundary, leaves the box, or an attractor is missing.
    """
    targets: Array = np.array([getattr(point, "x", point) for point in minima], dtype=np.float64)  # type: ignore[union-attr]
    x = np.asarray(x, dtype=float)
    if targets.ndim != 2 or not len(targets) or targets.shape[-1] != x.shape[-1]:
        raise ValueError(f"minima of shape {targets.shape}: at least one point of dimension {x.shape[-1]} is needed")
    labels, _ = settle(landscape, x.reshape(-1, x.shape[-1]), targets, trap_radius(landscape, targets))
    if np.any(labels < 0):
        lost = x.reshape(-1, x.shape[-1])[labels < 0]
        raise NotConverged(f"the flow from x = {lost[0]} reaches none of the minima given", len(lost) / len(labels))
    return labels.reshape(x.shape[:-1])


def trap_radius(landscape: Landscape, targets: Array) -> float:
    """Return how near to an attractor a point counts as caught: 1/500 of the smallest distance between two, or of the box."""
    lower, upper = landscape.box
    gaps = np.linalg.norm(targets[:, None] - targets, axis=-1)
    np.fill_diagonal(gaps, np.linalg.norm(upper - lower))
    return 2e-3 * float(gaps.min())
