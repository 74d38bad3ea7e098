"""Time averages along runs of SGD: averaged iterates (Polyak & Juditsky 1992), average squared gradients (Ghadimi & Lan 2013)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.ensemble import checked, over_groups
from longrun.landscapes import Landscape
from longrun.noise import Noise

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Averages:
    """At times T, shape (m,): the `mean` of what was averaged over x_0, …, x_{T−1}, (m, n, k), and the `last` x_T, (m, n, d)."""

    times: NDArray[np.int64]
    mean: Array
    last: Array


def averages(
    landscape: Landscape,
    noise: Noise,
    eta: float | Array,
    x0: ArrayLike,
    times: ArrayLike,
    of: Callable[[Array], Array] | None = None,
    *,
    rng: np.random.Generator,
    executor: Executor | None = None,
    progress: bool = False,
) -> Averages:
    """Average along SGD: (1/T) Σ_{t<T} of(x_t) for each chain, at several T of one run.

    Parameters
    ----------
    landscape, noise, x0, rng, executor, progress
        As for `sgd.run`.
    eta : float, or array of shape (T_max,)
        Step-size, or one for each step up to the last of `times`.
    times : array_like of int, shape (m,)
        1 ≤ T_1 < T_2 < …
    of : callable, optional
        Points (n, d) → (n, k). Default: the points themselves.

    Returns
    -------
    Averages

    Raises
    ------
    ValueError, Diverged
        As `sgd.run`, and for `times` that do not increase.
    """
    marks = np.asarray(times)
    if marks.ndim != 1 or not marks.size or marks.dtype.kind not in "iu" or marks[0] < 1 or np.any(np.diff(marks) < 1):
        raise ValueError(f"times = {times!r}: increasing integers ≥ 1 are needed")
    steps = int(marks[-1])
    start = checked(landscape, eta, x0, steps)
    of = of or _itself
    first = np.asarray(of(start), dtype=float)
    if first.ndim != 2 or len(first) != len(start):
        raise ValueError(f"of(x) has shape {first.shape}: points of shape {start.shape} need ({len(start)}, k)")
    task = partial(_sums, of=of, marks=marks.tolist(), width=first.shape[1])
    both = np.concatenate(over_groups(task, landscape, noise, eta, start, rng, executor, progress, steps), axis=1)
    width = first.shape[1]
    return Averages(marks, (both[..., :width] + first) / marks[:, None, None], both[..., width:])


def _itself(x: Array) -> Array:
    return x


def _sums(
    iterates: Iterator[tuple[int, Array]], n: int, dim: int, *, of: Callable[[Array], Array], marks: list[int], width: int
) -> Array:
    """Return Σ of(x_t) over 1 ≤ t < T and x_T, side by side, for each T of `marks`."""
    total, out, places = np.zeros((n, width)), np.empty((len(marks), n, width + dim)), {t: i for i, t in enumerate(marks)}
    for t, x in iterates:
        if t in places:
            out[places[t]] = np.concatenate([total, x], axis=1)
        total += of(x)
    return out
