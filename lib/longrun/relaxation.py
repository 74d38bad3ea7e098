"""The exact law of x_T for a given law of x_0: has SGD forgotten its start? (slide "Illustration: Gaussian noise")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun import cells, kernel, steps
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.randomness import positive

Array = NDArray[np.float64]

_NEAR = 6.0  # Gaussian steps beyond this many σ have probability 2e-9 and are drawn again; T of them are counted as lost
_TRIM = (16, 64, 256)  # after these steps, cells holding less than _LEAST are left out
_LEAST = 1e-16


@dataclass(frozen=True, eq=False)
class Evolution:
    """The laws of SGD after some numbers of steps, for one or several laws of the start.

    Attributes
    ----------
    axes : tuple of arrays
        The points of the grid on each axis.
    times : array (k,)
        Numbers of steps T, increasing; 0 is the start.
    mass : array (k, starts, n1) or (k, starts, n1, n2)
        Probabilities of the cells.
    lost : array (k,)
        Probability that a step left the grid, or mass that was left out, by then: bounds the error in total variation.
    """

    axes: tuple[Array, ...]
    times: NDArray[np.intp]
    mass: Array
    lost: Array

    def distance(self, law: ArrayLike) -> Array:
        """Return the total variation distance to a law on the same grid, ½ Σ|μ_T − μ|, shape (k, starts)."""
        gap = np.abs(self.mass - np.asarray(law, dtype=float))
        return gap.sum(axis=tuple(range(2, gap.ndim))) / 2


class _NearSteps(steps.Steps):
    """Steps whose Gaussian tails are cut where they no longer matter for masses near 1."""

    def reach(self, h: float) -> float:
        full = super().reach(h)
        return full if self.law.sigma is None else full * _NEAR / steps.REACH


def evolve(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    starts: ArrayLike,
    times: Iterable[int],
    *,
    axes: ArrayLike | tuple[ArrayLike, ...],
) -> Evolution:
    """Push laws of the start through the transition kernel of x ← x − η(∇f(x) + Z(x; ω)).

    Parameters
    ----------
    landscape, noise, eta, axes
        As for `law.invariant_law`; for Gaussian noise a spacing up to ησ is enough.
    starts : array, shape (starts, n1) or (starts, n1, n2)
        Non-negative weights of the cells, normalised here.
    times : iterable of int
        Numbers of steps T ≥ 0 to report.

    Returns
    -------
    Evolution

    Raises
    ------
    ValueError
        If an argument is out of range, or the grid too coarse for the noise.
    """
    eta = positive("eta", eta)
    arrays = cells.grid_axes(landscape, noise, eta, axes)
    shape = tuple(len(axis) for axis in arrays)
    mass = np.asarray(starts, dtype=float)
    if mass.ndim != 1 + len(shape) or mass.shape[1:] != shape or not len(mass):
        raise ValueError(f"starts of shape {mass.shape}: (starts, {', '.join(map(str, shape))}) is needed, as the axes have it")
    total = mass.reshape(len(mass), -1).sum(axis=1)
    if not (np.all(mass >= 0) and np.all(np.isfinite(mass)) and np.all(total > 0)):
        raise ValueError("starts: finite weights ≥ 0 with a positive sum are needed")
    wanted = np.unique(np.asarray(list(times)))
    if not wanted.size or wanted.dtype.kind != "i" or wanted[0] < 0:
        raise ValueError(f"times = {times!r}: integers ≥ 0 are needed")
    grid = cells.Cells(arrays, np.arange(int(np.prod(shape))))
    chain = kernel.SparseKernel(_NearSteps.of(landscape, noise, eta, grid.points, grid.spacing), grid)
    now = (mass.reshape(len(mass), -1) / total[:, None]).T
    found, lost = _push(chain, now, wanted)
    return Evolution(tuple(arrays), wanted, found.reshape(len(wanted), len(mass), *shape), lost)


def _push(chain: kernel.SparseKernel, now: Array, wanted: NDArray[np.intp]) -> tuple[Array, Array]:
    """Return the laws (k, starts, n) at the `wanted` times from columns (n, starts), and what was lost."""
    found, lost = np.zeros((len(wanted), now.shape[1], len(now))), np.zeros(len(wanted))
    forward, leak, kept, left = chain.matrix.T.tocsr(), chain.leak, np.arange(len(now)), 0.0
    for t in range(int(wanted[-1]) + 1):
        if t:
            left += float((leak @ now).max())
            now = forward @ now
        if t in _TRIM:
            some = now.max(axis=1) > _LEAST
            forward, leak, kept, now = forward[some][:, some], leak[some], kept[some], now[some]
        if t in wanted:
            k = int(np.searchsorted(wanted, t))
            found[k][:, kept], lost[k] = now.T, left + float((1 - now.sum(axis=0)).max())
    return found, np.maximum(lost, 0.0)
