"""The transition kernel of SGD at finite step-size on a grid: μ ↦ μP and g ↦ Pg, with P(x, ·) the law of x − η(∇f(x) + Z(x)).

The chain is confined to the cells of the grid: a step that would leave it is drawn again. `Kernel.leak` is how probable that is.
"""

from __future__ import annotations

from functools import cached_property
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from longrun.cells import Cells
from longrun.steps import Steps

Array = NDArray[np.float64]

_TILE = 16  # cells of a tile's side: the windows of a tile's steps are then little wider than those of one


class Kernel(Protocol):
    """What the solvers need. Measures and functions are vectors over the cells that the chain is confined to."""

    leak: Array
    spread: Array

    def push(self, mass: Array) -> Array:
        """Return μP."""

    def pull(self, function: Array) -> Array:
        """Return Pg."""


class SparseKernel:
    """The kernel as a sparse matrix: in one dimension, and for noises made of atoms.

    Parameters
    ----------
    steps : Steps
        From the cells that the chain is confined to.
    cells : Cells
    """

    def __init__(self, steps: Steps, cells: Cells) -> None:
        n, size = len(cells.number), int(np.prod(cells.shape))
        entries = [_entries(steps, mean, weight, cells.axes) for mean, weight in zip(steps.means, steps.weights, strict=True)]
        rows, columns, values = (np.concatenate(part) for part in zip(*entries, strict=True))
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=(n, size))[:, cells.number]
        total = np.asarray(matrix.sum(axis=1)).ravel()
        self.leak, self.spread = _leak(total, steps, cells), steps.added
        self.matrix = sparse.csr_matrix(sparse.diags_array(1 / total) @ matrix)

    @cached_property
    def _transposed(self) -> sparse.csr_matrix:
        return self.matrix.T.tocsr()

    def push(self, mass: Array) -> Array:
        """Return μP."""
        return self._transposed @ mass

    def pull(self, function: Array) -> Array:
        """Return Pg."""
        return self.matrix @ function

    def recurrent(self) -> NDArray[np.bool_]:
        """Tell the cells that the chain returns to; a ValueError says if they fall into sets that never meet."""
        count, label = sparse.csgraph.connected_components(self.matrix, connection="strong")
        entry = self.matrix.tocoo()
        left = np.unique(label[entry.row[label[entry.row] != label[entry.col]]])
        closed = np.setdiff1d(np.arange(count), left)
        if len(closed) > 1:
            raise ValueError(
                f"the chain has {len(closed)} invariant laws: with this bounded noise it never crosses between its wells"
            )
        return label == closed[0]

    def band(self, members: NDArray[np.bool_]) -> Array:
        """Return the entries between `members` by row and jump, (m, 2b + 1), for a chain on a line."""
        entry = self.matrix[members][:, members].tocoo()
        jump = entry.col.astype(int) - entry.row
        b = max(int(np.abs(jump).max()), 1)
        band = np.zeros((entry.shape[0], 2 * b + 1))
        band[entry.row, jump + b] = entry.data
        return band


def _entries(steps: Steps, mean: Array, weight: float, axes: list[Array]) -> tuple[Any, Any, Array]:
    """Return (row, column, probability) of the steps with one atom, those on the grid."""
    n, shape = len(mean), [len(axis) for axis in axes]
    columns, values = np.zeros((n, 1), dtype=np.intp), np.full((n, 1), weight)
    inside = np.ones((n, 1), dtype=bool)
    for d, axis in enumerate(axes):
        h = axis[1] - axis[0]
        half = steps.reach(h)
        first = np.ceil((mean[:, d] - half - axis[0]) / h).astype(np.intp)
        cell = first[:, None] + np.arange(int(2 * half / h) + 1)
        share = steps.spread(axis[0] + cell * h - mean[:, d, None], h, np.arange(n))
        inside = (inside[:, :, None] & ((cell >= 0) & (cell < shape[d]))[:, None, :]).reshape(n, -1)
        columns = (columns[:, :, None] * shape[d] + cell[:, None, :]).reshape(n, -1)
        values = (values[:, :, None] * share[:, None, :]).reshape(n, -1)
    keep = inside & (values > 0)
    return np.nonzero(keep)[0], columns[keep], values[keep]


class TiledKernel:
    """The kernel of a noise with a density in the plane, as products of small matrices.

    Given the mean, the two coordinates of a step are independent: P(x, y) = A(x, y₁) B(x, y₂). So μP = Aᵀ diag(μ) B, one
    matrix product for each tile of neighbouring cells, whose steps end in one window. All terms are positive.
    """

    def __init__(self, steps: Steps, cells: Cells) -> None:
        self._cells = cells
        number = np.full(cells.shape, -1)
        number.ravel()[cells.number] = np.arange(len(cells.number))
        self._tiles = []
        for i, j in product(*(range(0, n, _TILE) for n in cells.shape)):
            tile = number[i : i + _TILE, j : j + _TILE]
            who = tile[tile >= 0]
            if len(who):
                self._tiles.append((who, *self._factors(steps, cells.axes, who)))
        self._total = np.ones(len(cells.number))
        total = self.pull(np.ones(len(cells.number)))
        self.leak, self.spread, self._total = _leak(total, steps, cells), steps.added, total

    @staticmethod
    def _factors(steps: Steps, axes: list[Array], who: NDArray[np.intp]) -> tuple[slice, slice, Array, Array]:
        """Return the window of a tile's steps, A (k·n, width₁) with the atoms' weights, and B (k·n, width₂)."""
        means = steps.means[:, who]
        repeated = np.tile(who, len(means))
        window, factor = [], []
        for d, axis in enumerate(axes):
            h = axis[1] - axis[0]
            half = steps.reach(h)
            low = int(np.clip(np.ceil((means[..., d].min() - half - axis[0]) / h), 0, len(axis) - 1))
            high = int(np.clip(np.floor((means[..., d].max() + half - axis[0]) / h) + 1, low + 1, len(axis)))
            window.append(slice(low, high))
            factor.append(steps.spread(axis[low:high] - means[..., d].reshape(-1, 1), h, repeated))
        factor[0] *= np.repeat(steps.weights, len(who))[:, None]
        return window[0], window[1], factor[0], factor[1]

    def push(self, mass: Array) -> Array:
        """Return μP."""
        share = mass / self._total
        out = np.zeros(self._cells.shape)
        for who, first, second, a, b in self._tiles:
            repeated = np.tile(share[who], len(a) // len(who))
            out[first, second] += (a * repeated[:, None]).T @ b
        return out.ravel()[self._cells.number]

    def pull(self, function: Array) -> Array:
        """Return Pg."""
        g = self._cells.on_grid(function)
        out = np.empty(len(function))
        for who, first, second, a, b in self._tiles:
            value = ((a @ g[first, second]) * b).sum(axis=1)
            out[who] = value.reshape(-1, len(who)).sum(axis=0)
        return out / self._total


def _leak(total: Array, steps: Steps, cells: Cells) -> Array:
    """Return the probability that a step leaves the grid."""
    if np.any(total < 1e-3):
        x = steps.start[np.argmin(total)]
        ends = [(float(axis[0]), float(axis[-1])) for axis in cells.axes]
        raise ValueError(f"axes = {ends}: from {x} almost every step leaves this grid; take a smaller eta or other axes")
    return np.maximum(1 - total, 0.0)
