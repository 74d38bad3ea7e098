"""Runs that leave a well, aligned at their exit, and how far they stray from the predicted path."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from longrun import sgd
from longrun.landscapes import Landscape
from longrun.noise import Noise

Array = NDArray[np.float64]


def escapes(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    well: ArrayLike,
    out: Callable[[Array], NDArray[np.bool_]],
    *,
    wanted: int,
    window: int,
    chains: int,
    rng: np.random.Generator,
    longest: int = 2000,
) -> Array:
    """Collect escapes from a well: the last `window` iterates before a chain is first seen outside.

    Chains that have left start anew in the well; the first `window` steps after a start do not count.

    Parameters
    ----------
    landscape, noise, eta, rng
    well : array_like, shape (d,)
        Where chains start.
    out : callable
        (..., d) → (...), true beyond the exit.
    wanted, window, chains : int
    longest : int
        Give up after so many windows.

    Returns
    -------
    array, shape (window + 1, n, d), n ≥ wanted
        The last entry is the first iterate outside.
    """
    home = np.asarray(well, dtype=float)
    if out(home) or min(wanted, window, chains) < 1:
        raise ValueError(f"well = {well!r}, wanted = {wanted}, window = {window}: a point inside and counts ≥ 1 are needed")
    found: list[Array] = []
    x, before, fresh = np.tile(home, (chains, 1)), np.empty((0, chains, home.size)), np.ones(chains, dtype=bool)
    for _ in range(longest):
        after = sgd.run(landscape, noise, eta, x, window, rng=rng, keep=window)
        outside = out(after)
        left: NDArray[np.bool_] = np.asarray(outside.any(axis=0), dtype=bool)
        if len(before):
            for k in np.flatnonzero(left & ~fresh):
                last = int(outside[:, k].argmax())
                found.append(np.concatenate([before[last:, k], after[: last + 1, k]]))
        x, before, fresh = np.where(left[:, None], home, after[-1]), after, left
        if len(found) >= wanted:
            return np.stack(found, axis=1)
    raise ValueError(f"wanted = {wanted}: only {len(found)} escapes in {longest} windows of {window} steps of {chains} chains")


def strays(runs: Array, point: Array, tangent: Array) -> Array:
    """Return by how much plane runs (m, n, 2) miss a point when they last cross the line through it across `tangent`, (n,).

    NaN for a run that is beyond the line all along.
    """
    ahead = (runs - point) @ tangent
    aside = (runs - point) @ np.array([-tangent[1], tangent[0]])
    last = len(runs) - 2 - np.argmax(np.flip(np.less(ahead[:-1], 0), axis=0), axis=0)
    who = np.arange(runs.shape[1])
    a, b = ahead[last, who], ahead[last + 1, who]
    crossing = (a < 0) & (b >= 0)
    share = a / np.where(crossing, a - b, 1.0)
    return np.where(crossing, aside[last, who] + share * (aside[last + 1, who] - aside[last, who]), np.nan)


def predicted_variance(landscape: Landscape, sigma: float, path: Array) -> Array:
    """Return the variance across a plane path of escape, divided by η, at its points: for Gaussian noise and a gradient field.

    There, runs that climb are runs that fall, played backwards. A fall starts on the ridge, with the ridge's stationary variance
    σ²/2κ, and strays by q̇ = σ² − 2κq, where κ is the curvature of f across the path.

    Parameters
    ----------
    landscape : Landscape
    sigma : float
    path : array (m, 2)
        From the well to the saddle, ends left out.
    """
    down = path[::-1]
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(down, axis=0), axis=1))])
    slope = landscape.grad(down)
    speed = np.linalg.norm(slope, axis=1)
    across = np.stack([-slope[:, 1], slope[:, 0]], axis=1) / speed[:, None]
    kappa = np.einsum("ni,nij,nj->n", across, landscape.hess(down), across)

    def rate(s: float, q: Array) -> Array:
        return (sigma**2 - 2 * np.interp(s, arc, kappa) * q) / np.interp(s, arc, speed)

    fall = solve_ivp(rate, (0, arc[-1]), [sigma**2 / (2 * kappa[0])], method="Radau", t_eval=arc, rtol=1e-8)
    return fall.y[0][::-1]
