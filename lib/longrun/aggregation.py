"""The stationary law of a metastable chain: aggregation and disaggregation, accelerated, in logarithms.

Slide "main idea of the proof": SGD's long-run law is that of a chain on few sets, times what happens inside each. So does the
solver: exact balance between the sets (elimination without subtraction), one step of the chain for the shape inside them
(Takahashi 1975; Koury, McAllister & Stewart, SIAM J. Algebraic Discrete Methods 5, 1984), and Anderson's acceleration of both.
Unknown is log μ: all masses stay positive, and errors are relative ones everywhere, at 1e-30 as in the wells.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from longrun.chain import stationary

Array = NDArray[np.float64]


_ROUGH = 0.3  # change of a logarithm by one step above which it is not extrapolated
_LARGE = 50.0  # of a logarithm: what extrapolation may not exceed
VISIBLE = 1e-30  # relative accuracy is promised for masses down to this


def peaks(density: Array, least: float = 3.0) -> NDArray[np.intp]:
    """Label the cells of a grid by the peak of `density` that climbing to the largest neighbour leads to.

    A peak less than `least` times as high as the pass to a higher one belongs to that one. Labels 0, 1, … in the shape of the
    grid; −1 where the density is zero.
    """
    top = _climbed(density)
    height, there = density.ravel(), density.ravel() > 0
    owner = np.arange(density.size)

    def root(i: int) -> int:
        while owner[i] != i:
            owner[i] = owner[owner[i]]
            i = int(owner[i])
        return i

    for pass_height, i, j in zip(*_passes(density, top), strict=True):
        low, high = sorted((root(i), root(j)), key=lambda k: height[k])
        if height[low] < least * pass_height:
            owner[low] = high
    summits = np.unique(top[there])
    roots = dict(zip(summits.tolist(), map(root, summits.tolist()), strict=True))
    number = {summit: k for k, summit in enumerate(sorted(set(roots.values())))}
    labels = np.full(density.size, -1)
    label_of = np.array([number[roots[summit]] for summit in summits.tolist()])
    labels[there] = label_of[np.searchsorted(summits, top[there])]
    return labels.reshape(density.shape)


def _climbed(density: Array) -> NDArray[np.intp]:
    """Return for each cell the number of the local maximum reached by steps to the largest of its 3^d − 1 neighbours."""
    shape = density.shape
    values = np.pad(density, 1, constant_values=-1.0)
    index = np.pad(np.arange(density.size).reshape(shape), 1)
    best, target = density.copy(), np.arange(density.size).reshape(shape)
    for offset in np.ndindex(*(3,) * density.ndim):
        window = tuple(slice(o, o + n) for o, n in zip(offset, shape, strict=True))
        higher = values[window] > best
        best, target = np.where(higher, values[window], best), np.where(higher, index[window], target)
    top = target.reshape(-1)
    while not np.array_equal(further := top[top], top):
        top = further
    return top


def _passes(density: Array, top: NDArray[np.intp]) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
    """Return height and the two maxima of every pass between neighbouring cells, the highest first."""
    index = np.arange(density.size).reshape(density.shape)
    pairs = []
    for axis in range(density.ndim):
        one, other = (np.take(index, range(lo, index.shape[axis] - 1 + lo), axis=axis).ravel() for lo in (0, 1))
        pairs.append(np.stack([one, other]))
    one, other = np.concatenate(pairs, axis=1)
    height = np.minimum(density.ravel()[one], density.ravel()[other])
    across = np.flatnonzero((top[one] != top[other]) & (height > 0))
    across = across[np.argsort(-height[across], kind="stable")]
    return height[across], top[one[across]], top[other[across]]


class Balance:
    """Exact balance between the sets of a partition.

    Parameters
    ----------
    pull : callable
        g ↦ Pg.
    labels : array (n,)
        The set of each cell, −1 for none.
    """

    def __init__(self, pull: Callable[[Array], Array], labels: NDArray[np.intp]) -> None:
        self.labels, self.count = labels, int(labels.max()) + 1
        self.into = np.stack([pull((labels == k).astype(float)) for k in range(self.count)])

    def flows(self, mass: Array) -> Array:
        """Return the coarse chain's stationary flows μ(I) C_IJ, (p, p): sums of positive terms, however small."""
        here = self.labels >= 0
        return np.stack([np.bincount(self.labels[here], (mass * into)[here], self.count) for into in self.into], axis=1)

    def factors(self, mass: Array) -> Array:
        """Return by what to multiply the mass of each set for the flows between them to balance, (p,)."""
        share = np.bincount(self.labels[self.labels >= 0], mass[self.labels >= 0], self.count)
        return stationary(self.flows(mass) / share[:, None]) / share

    def __call__(self, mass: Array) -> Array:
        """Return the mass with each set rescaled."""
        return np.where(self.labels >= 0, mass * self.factors(mass)[self.labels], 0.0) if self.count > 1 else mass


def settle(
    step: Callable[[Array], Array], mass: Array, tol: float, *, floor: float = 1e-120, memory: int = 12, most: int = 3000
) -> tuple[Array, float]:
    """Find μ = step(μ) > 0 by Anderson's acceleration in log μ.

    Parameters
    ----------
    step : callable
        Maps positive vectors (n,) to such.
    mass : array (n,)
        Start, > 0.
    tol : float
        Largest relative change by a step, over the entries ≥ 1e-30.
    floor : float
        Least value of an entry. Far below what is promised, and far above where arithmetic gets slow (denormal numbers).

    Returns
    -------
    mass, change
        With change > tol where `most` steps were not enough.
    """
    x = np.log(np.maximum(mass, floor))
    images: list[Array] = []
    changes: list[Array] = []
    best = np.inf
    for _ in range(most):
        image = np.log(np.maximum(step(np.exp(x)), floor))
        change = image - x
        worst = float(np.abs(change[image > np.log(VISIBLE)]).max())
        if worst <= tol:
            break
        if worst > _ROUGH:  # far from linear in the logarithms: let the steps themselves do it
            images, changes, best, x = [], [], np.inf, image
            continue
        size = float(np.sqrt(np.mean(change**2)))
        if size > 2 * best:  # the linear model of the steps has failed: forget it
            images, changes, best = [], [], size
        best = min(best, size)
        images, changes = [*images, image][-memory:], [*changes, change][-memory:]
        x = np.clip(_mixed(images, changes), np.log(floor), _LARGE)
    return np.exp(image), worst


def _mixed(images: list[Array], changes: list[Array]) -> Array:
    """Return the combination of images, weights summing to 1, whose change would be least if steps were linear."""
    if len(images) == 1:
        return images[0]
    differences = np.stack([change - changes[-1] for change in changes[:-1]])
    gram = differences @ differences.T
    weight = np.linalg.lstsq(gram, -differences @ changes[-1], rcond=1e-14)[0]
    return images[-1] + sum(w * (image - images[-1]) for w, image in zip(weight, images[:-1], strict=True))
