"""Constant-step SGD, x_{t+1} = x_t − η (∇f(x_t) + Z(x_t; ω_t)): iterates and occupation (slide "SGD does not converge…")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.ensemble import checked, is_count, over_groups
from longrun.landscapes import Landscape
from longrun.noise import Noise

Array = NDArray[np.float64]

_BATCHES = (32, 16, 8)  # stretches of time that `occupation` keeps apart, the finest that the run is long enough for


def run(
    landscape: Landscape,
    noise: Noise,
    eta: float | Array,
    x0: ArrayLike,
    steps: int,
    *,
    rng: np.random.Generator,
    keep: int = 1,
    executor: Executor | None = None,
    progress: bool = False,
) -> Array:
    """Run an ensemble of SGD chains.

    Parameters
    ----------
    landscape, noise
        ∇f and Z.
    eta : float, or array of shape (steps,)
        Step-size η > 0, or one for each step.
    x0 : array_like, shape (n, d)
        Where the chains start.
    steps : int
        Number of steps T ≥ 1.
    rng : numpy.random.Generator
        Only source of randomness; advanced by the call. A run of fewer steps from the same state gives the same first iterates.
    keep : int
        How many of the last iterates to return, 1 ≤ keep ≤ steps.
    executor : concurrent.futures.Executor, optional
        Spreads groups of 2048 chains over its workers. Processes scale best; threads share Python's lock.
    progress : bool
        Show a progress bar.

    Returns
    -------
    array, shape (n, d), or (keep, n, d) if keep > 1
        x_T, or x_{T−keep+1}, …, x_T.

    Raises
    ------
    ValueError
        If an argument is out of range; the message names it, its value and what is allowed.
    Diverged
        If a chain leaves for infinity.

    Warns
    -----
    UnstableStep
        If the (last) step-size exceeds 2/h_max at a minimum in the box.
    """
    x0 = checked(landscape, eta, x0, steps)
    if not is_count(keep) or not 1 <= keep <= steps:
        raise ValueError(f"keep = {keep!r}: an integer from 1 to steps = {steps} is needed")
    task = partial(_last_iterates, steps=steps, keep=keep)
    kept = np.concatenate(over_groups(task, landscape, noise, eta, x0, rng, executor, progress, steps), axis=1)
    return kept[0] if keep == 1 else kept


@dataclass(frozen=True)
class Occupation:
    """Occupation measure of some sets: `fraction` of time spent in each, shape (s,), with its standard `error`, shape (s,)."""

    fraction: Array
    error: Array


def occupation(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    x0: ArrayLike,
    steps: int,
    sets: Mapping[Any, Callable[[Array], NDArray[np.bool_]]] | list[Callable[[Array], NDArray[np.bool_]]],
    *,
    rng: np.random.Generator,
    burn: int = 0,
    executor: Executor | None = None,
    progress: bool = False,
) -> Occupation:
    """Measure the fraction of time that SGD spends in sets (slide "the way to these results": occupation measure μ_t).

    Parameters
    ----------
    landscape, noise, eta, x0, steps, rng, executor, progress
        As for `run`.
    sets : list (or mapping, in its order) of callables
        Each maps points (n, d) to booleans (n,).
    burn : int
        First steps that do not count, 0 ≤ burn < steps.

    Returns
    -------
    Occupation
        Fractions over the steps burn < t ≤ steps and all chains.

    Notes
    -----
    Eight chains or more: the error comes from the spread between chains, which are independent whatever their
    autocorrelation. Fewer: from batch means over 8, 16 and 32 stretches of time, the largest of them; it is too small
    when a chain has not crossed between the sets several times in an eighth of the run. An error of 0 means that all
    chains agree exactly, as when none ever entered the set: then the fraction is only known to be below 3/n for n chains.
    """
    x0 = checked(landscape, eta, x0, steps)
    if not is_count(burn) or not 0 <= burn < steps:
        raise ValueError(f"burn = {burn!r}: an integer from 0 to steps − 1 = {steps - 1} is needed")
    if len(x0) < 8 and steps - burn < min(_BATCHES):
        raise ValueError(
            f"steps − burn = {steps - burn}: fewer than 8 chains need at least {min(_BATCHES)} steps for a standard error"
        )
    members = list(sets.values()) if isinstance(sets, Mapping) else list(sets)
    task = partial(_time_in_sets, steps=steps, sets=members, burn=burn)
    parts = over_groups(task, landscape, noise, eta, x0, rng, executor, progress, steps)
    share = np.concatenate(parts, axis=2)  # (sets, batches, chains)
    return Occupation(share.mean(axis=(1, 2)), _standard_error(share))


def _last_iterates(iterates: Iterator[tuple[int, Array]], n: int, dim: int, *, steps: int, keep: int) -> Array:
    kept = np.empty((keep, n, dim))
    for t, x in iterates:
        if t > steps - keep:
            kept[t - steps + keep - 1] = x
    return kept


def _time_in_sets(
    iterates: Iterator[tuple[int, Array]],
    n: int,
    dim: int,
    *,
    steps: int,
    sets: list[Callable[[Array], NDArray[np.bool_]]],
    burn: int,
) -> Array:
    """Return for each set, stretch of time and chain the share of the steps spent there, scaled so that the mean is μ_t."""
    batches = next((count for count in _BATCHES if count <= steps - burn), 1)
    count = np.zeros((len(sets), batches, n))
    for t, x in iterates:
        if t > burn:
            batch = (t - burn - 1) * batches // (steps - burn)
            for i, inside in enumerate(sets):
                count[i, batch] += inside(x)
    return count * (batches / (steps - burn))


def _standard_error(share: Array) -> Array:
    sets, batches, chains = share.shape
    if chains >= 8:
        return share.mean(axis=1).std(axis=1, ddof=1) / np.sqrt(chains)
    errors = []
    for count in (8, 16, 32):
        if batches % count == 0:
            means = share.reshape(sets, count, batches // count, chains).mean(axis=2).reshape(sets, -1)
            errors.append(means.std(axis=1, ddof=1) / np.sqrt(means.shape[1]))
    return np.max(errors, axis=0)
