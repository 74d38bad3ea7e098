"""Ensembles of SGD chains, x_{t+1} = x_t − η (∇f(x_t) + Z(x_t; ω_t)): the loop that every sampler shares.

Chains are stepped together in groups that fit a core's cache, and random numbers are drawn many steps at a time. Each group owns
a random stream, so that results depend on the seed alone and not on how groups are spread over workers.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from longrun.errors import Diverged, UnstableStep
from longrun.landscapes import Landscape
from longrun.linear import largest_stable_step
from longrun.noise import Noise

Array = NDArray[np.float64]

GROUP = 2048  # chains stepped together: large against the cost of a numpy call, small against the cache


def checked(landscape: Landscape, eta: float | Array, x0: ArrayLike, steps: int) -> Array:
    """Return x0 as an array (n, d); a ValueError names any argument out of range, a step above linear stability warns."""
    x0 = np.asarray(x0, dtype=float)
    if not is_count(steps) or steps < 1:
        raise ValueError(f"steps = {steps!r}: an integer ≥ 1 is needed")
    if np.shape(eta) not in ((), (steps,)) or not np.all(np.isfinite(eta)) or not np.all(np.asarray(eta) > 0):
        raise ValueError(f"eta = {eta!r}: a finite step-size > 0 is needed, or one for each of {steps} steps")
    if x0.ndim != 2 or x0.shape[0] < 1 or x0.shape[1] != landscape.dim:
        raise ValueError(f"x0 has shape {x0.shape}: {landscape.name} needs (n, {landscape.dim}) with n ≥ 1")
    if not np.all(np.isfinite(x0)):
        raise ValueError(f"x0 has {np.sum(~np.isfinite(x0).all(axis=1))} row(s) that are not finite")
    limit, final = largest_stable_step(landscape), np.ravel(eta)[-1]
    if final > limit:
        message = f"eta = {final:g} exceeds 2/h_max = {limit:.3g} at a minimum of {landscape.name}: SGD does not stay near it"
        warnings.warn(message, UnstableStep, stacklevel=3)
    return x0


def is_count(value: object) -> bool:
    """Tell whether this is an integer."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def over_groups(
    task: Callable[..., Array],
    landscape: Landscape,
    noise: Noise,
    eta: float | Array,
    x0: Array,
    rng: np.random.Generator,
    executor: Executor | None,
    progress: bool,
    steps: int,
) -> list[Array]:
    """Apply `task` to groups of chains, each with its own stream; the grouping depends on the number of chains alone."""
    groups = np.split(x0, range(GROUP, len(x0), GROUP))
    entropy = [int(word) for word in rng.integers(2**32, size=8)]
    seeds = np.random.SeedSequence(entropy).spawn(len(groups))
    chunk = max(16, min(1024, 8192 // len(x0)))  # steps whose ω is drawn at once
    jobs = [(landscape, noise, eta, group, seed, steps, chunk) for group, seed in zip(groups, seeds, strict=True)]
    if isinstance(executor, ProcessPoolExecutor):
        _check_picklable(task, landscape, noise)
    results: list[Any] = []
    with tqdm(total=steps * len(jobs), disable=not progress, unit="step", unit_scale=True) as bar:
        if executor is None:
            for job in jobs:
                results.append(_attempt(task, *job, advance=bar.update if progress else None))
        else:
            for result in executor.map(partial(_attempt, task), *zip(*jobs, strict=True)):
                results.append(result)
                bar.update(steps)
    failures = [result for result in results if isinstance(result, Diverged)]
    if failures:
        step = min(failure.step for failure in failures)
        raise Diverged(_size_at(eta, step), step, sum(failure.chains for failure in failures if failure.step == step))
    return results


def _check_picklable(*parts: object) -> None:
    for part in parts:
        try:
            pickle.dumps(part)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(
                f"executor: {part!r} cannot be sent to another process ({error}); use functions of a module, or threads"
            ) from error


def _attempt(task: Callable[..., Array], *job: Any, advance: Callable[[int], Any] | None = None) -> Array | Diverged:
    """Return divergence instead of raising it, so that the report does not depend on which group failed first."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a chain that leaves is reported, not warned about
            return task(iterates(*job, advance=advance), *job[3].shape)
    except Diverged as failure:
        return failure


def iterates(
    landscape: Landscape,
    noise: Noise,
    eta: float | Array,
    x0: Array,
    seed: np.random.SeedSequence,
    steps: int,
    chunk: int,
    *,
    advance: Callable[[int], Any] | None = None,
) -> Iterator[tuple[int, Array]]:
    """Yield t = 1, …, steps and x_t, shape (n, d); x_t is overwritten by the next step."""
    stream = np.random.Generator(np.random.SFC64(seed))
    x = np.array(x0, order="F")
    change, before = np.empty_like(x), np.empty_like(x)
    sampled = noise.stepper(landscape, x, change)
    drawn = noise.empty(chunk, *x.shape)
    # Zero-dimensional arrays: numpy would convert a Python number at every step.
    sizes = repeat(np.array(float(eta))) if np.ndim(eta) == 0 else map(np.array, eta)  # type: ignore[arg-type]
    for start in range(0, steps, chunk):
        noise.draw(stream, drawn)
        omega = drawn[: steps - start].transpose(0, 2, 1)
        before[...] = x
        # strict=False: the step-sizes go on where the next chunk of ω begins
        for t, (omega_t, eta_t) in enumerate(zip(omega, sizes, strict=False), start + 1):
            sampled(omega_t)
            np.multiply(change, eta_t, change)
            np.subtract(x, change, x)
            yield t, x
        if not np.isfinite(x).all():
            raise _divergence(landscape, noise, eta, before, omega, start)
        if advance:
            advance(len(omega))


def _divergence(landscape: Landscape, noise: Noise, eta: float | Array, x: Array, omega: Array, start: int) -> Diverged:
    """Repeat the last steps to find the first one that left, and how many chains left with it."""
    change = np.empty_like(x)
    sampled = noise.stepper(landscape, x, change)
    for t, omega_t in enumerate(omega, start + 1):
        x -= _size_at(eta, t) * sampled(omega_t)
        gone = int(np.sum(~np.isfinite(x).all(axis=1)))
        if gone:
            return Diverged(_size_at(eta, t), t, gone)
    raise AssertionError("a chain that left did not leave when its steps were repeated")


def _size_at(eta: float | Array, step: int) -> float:
    return float(np.ravel(eta)[-1 if np.ndim(eta) == 0 else step - 1])
