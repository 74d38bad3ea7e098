"""First passage times of SGD, by direct simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.ensemble import checked, over_groups
from longrun.landscapes import Landscape
from longrun.noise import Noise

Array = NDArray[np.float64]


def first_passage(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    x0: ArrayLike,
    inside: Callable[[Array], NDArray[np.bool_]],
    most_steps: int,
    *,
    rng: np.random.Generator,
    executor: Executor | None = None,
    progress: bool = False,
) -> Array:
    """Return the first step t ≥ 1 at which each chain is in a set.

    Parameters
    ----------
    landscape, noise, eta, x0, rng, executor, progress
        As for `sgd.run`.
    inside : callable
        Points (n, d) → booleans (n,).
    most_steps : int
        When to give up.

    Returns
    -------
    array, shape (n,)
        ∞ for a chain that has not been in the set by then. The run ends when all chains of a group have.

    Raises
    ------
    ValueError, Diverged
        As `sgd.run`.
    """
    start = checked(landscape, eta, x0, most_steps)
    task = partial(_first_times, inside=inside)
    return np.concatenate(over_groups(task, landscape, noise, eta, start, rng, executor, progress, most_steps))


def _first_times(iterates: Iterator[tuple[int, Array]], n: int, dim: int, *, inside: Callable[[Array], NDArray[np.bool_]]) -> Array:
    times = np.full(n, np.inf)
    for t, x in iterates:
        arrived = inside(x) & np.isinf(times)
        if arrived.any():
            times[arrived] = t
            if np.all(np.isfinite(times)):
                break
    return times
