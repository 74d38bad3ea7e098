"""The grid that the exact law is computed on, and the cells of it that the chain is confined to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from longrun.increments import increments
from longrun.landscapes import Landscape
from longrun.noise import Noise

Array = NDArray[np.float64]

_CUT = 110.0  # in the plane, cells where a diffusion with the largest variance puts less than e^{−110} = 1e-48 are left out
_MOST_CELLS = 500_000


@dataclass(frozen=True, eq=False)
class Cells:
    """Some cells of a grid.

    Attributes
    ----------
    axes : list of arrays
        Equally spaced points.
    number : array (n,)
        The cells, counted row by row.
    """

    axes: list[Array]
    number: NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, ...]:
        """Cells of the whole grid along each axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def spacing(self) -> float:
        """The larger spacing."""
        return max(float(axis[1] - axis[0]) for axis in self.axes)

    @property
    def points(self) -> Array:
        """Where the cells are, (n, d)."""
        index = np.unravel_index(self.number, self.shape)
        return np.stack([axis[i] for axis, i in zip(self.axes, index, strict=True)], axis=-1)

    def on_grid(self, values: Array) -> Array:
        """Return values (n,) in the shape of the grid, zero elsewhere."""
        full = np.zeros(self.shape)
        full.ravel()[self.number] = values
        return full

    def every_second(self) -> tuple[Cells, NDArray[np.intp]]:
        """Return the cells of the grid twice as coarse, and which of these cells they are."""
        index = np.unravel_index(self.number, self.shape)
        chosen = np.flatnonzero(np.all([i % 2 == 0 for i in index], axis=0))
        axes = [axis[::2] for axis in self.axes]
        half = np.ravel_multi_index([i[chosen] // 2 for i in index], [len(axis) for axis in axes])
        return Cells(axes, half), chosen


def confined(landscape: Landscape, noise: Noise, eta: float, axes: Any) -> tuple[Cells, Array | None]:
    """Return the cells to compute on, and a first guess of their masses, e^{−2f/(ησ²)} with the median variance σ².

    A field that is nobody's gradient gets all cells and no guess.
    """
    axes = grid_axes(landscape, noise, eta, axes)
    cells = Cells(axes, np.arange(int(np.prod([len(axis) for axis in axes]))))
    guess = None
    if landscape.value is not None:
        f, variance = landscape.value(cells.points), np.trace(noise.cov(cells.points), axis1=-2, axis2=-1) / landscape.dim
        height = 2 * (f - f.min()) / eta
        height /= variance.max()
        keep = _connected(height.reshape(cells.shape)) if landscape.dim == 2 else np.full(len(f), True)
        cells, guess = (
            Cells(axes, cells.number[keep]),
            np.exp(-np.minimum(height[keep] * variance.max() / np.median(variance[keep]), 250.0)),
        )
    if len(cells.number) > _MOST_CELLS:
        raise ValueError(
            f"eta = {eta:g}: {len(cells.number)} cells are more than {_MOST_CELLS}; "
            "take a larger eta, or axes with a smaller box or larger spacing"
        )
    return cells, guess


def _connected(height: Array) -> NDArray[np.bool_]:
    """Tell the cells below the cut, raised until they are in one piece: a chain that cannot cross has no single law."""
    cut = _CUT
    while ndimage.label(height < cut)[1] > 1:
        cut *= 1.25
    return (height < cut).ravel()


def resolved(noise: Noise, eta: float, cells: Cells) -> float:
    """Return how many points of the grid a standard deviation of a Gaussian step spans; 0 for other noise."""
    sigma = increments(noise, cells.points).sigma
    return 0.0 if sigma is None else eta * float(sigma.min()) / cells.spacing


def grid_axes(landscape: Landscape, noise: Noise, eta: float, axes: Any) -> list[Array]:
    """Return the points of each axis: the given ones, checked, or the landscape's box at the spacing that the noise needs."""
    if landscape.dim > 2:
        raise ValueError(f"landscape = {landscape.name} in dimension {landscape.dim}: the exact law is computed in 1 and 2")
    if axes is None:
        return _default_axes(landscape, noise, eta)
    given = [axes] if np.ndim(axes[0]) == 0 else list(axes)
    arrays = [np.asarray(axis, dtype=float) for axis in given]
    if len(arrays) != landscape.dim:
        raise ValueError(f"axes: {len(arrays)} given, {landscape.name} needs {landscape.dim}")
    for k, axis in enumerate(arrays):
        step = np.diff(axis) if axis.ndim == 1 and len(axis) > 8 else np.array([np.nan])
        if not (np.all(np.isfinite(axis)) and step[0] > 0 and np.allclose(step, step[0], rtol=1e-6)):
            raise ValueError(f"axes[{k}] = {axis}: at least 9 finite, increasing, equally spaced points are needed")
    return arrays


def _default_axes(landscape: Landscape, noise: Noise, eta: float) -> list[Array]:
    lower, upper = landscape.box
    coarse = np.stack(np.meshgrid(*np.linspace(lower, upper, 33).T, indexing="ij"), axis=-1).reshape(-1, landscape.dim)
    law = increments(noise, coarse)
    if law.sigma is not None:
        spacing = eta * float(law.sigma.min()) / 2
    else:
        deviation = float(np.sqrt(np.median(np.linalg.eigvalsh(noise.cov(coarse))[:, 0])))
        spacing = eta * deviation / (40 if landscape.dim == 1 else 4 if law.density else 8)
    count = np.ceil((upper - lower) / max(spacing, 1e-300))
    if np.prod(count) > 20 * _MOST_CELLS:
        raise ValueError(f"eta = {eta:g}: spacing {spacing:.2g} on the box of {landscape.name} makes {np.prod(count):.2g} cells")
    return [np.linspace(a, b, int(n) + 1) for a, b, n in zip(lower, upper, count, strict=True)]
