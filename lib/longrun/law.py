"""The exact invariant law μ∞ of SGD at finite step-size (slides "SGD does not converge…" to "ground state…"), for d ≤ 2.

No diffusion approximation: μ∞ is the left fixed vector of the transition kernel of x − η(∇f(x) + Z) on a grid. With Gaussian
noise the trapezoidal rule on a grid of half a standard deviation of a step is right to rounding; other noises share each step
between neighbouring points (see `steps`). On a line the fixed vector comes from elimination without subtraction, in the
plane from aggregation (see `aggregation`): masses of 1e-30 have as many right digits as those near 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

from longrun import invariant
from longrun.aggregation import peaks
from longrun.cells import Cells, confined, resolved
from longrun.errors import NotConverged
from longrun.kernel import Kernel, SparseKernel
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.randomness import positive
from longrun.threads import one_thread

Array = NDArray[np.float64]

_MOST_PLACES = 4e6
_NODE, _WEIGHT = np.polynomial.legendre.leggauss(4)


@dataclass(frozen=True, eq=False)
class Law:
    """The invariant law of SGD on a grid.

    Attributes
    ----------
    axes : tuple of arrays
        The points of the grid on each axis, equally spaced.
    mass : array, shape (n1,) or (n1, n2)
        Probabilities of the cells, summing to 1.
    residual : float
        The largest of ‖μP − μ‖₁, of |μP/μ − 1| over the cells of mass ≥ 1e-30, and of the relative imbalance of the flows
        between wells.
    leak : float
        Probability, in the long run, that a step would leave the grid and is drawn again. Over T steps the law of the
        confined chain differs from that of the free one by at most T · leak in total variation.
    spread : float
        Share of the noise's variance (mean over μ, quietest direction) that the grid supplies itself: 0 for Gaussian noise.
    cells : Cells
        What the chain is confined to: where a diffusion would put more than 1e-48 of the top density.
    chain : Kernel
        The transition kernel between these cells.
    """

    axes: tuple[Array, ...]
    mass: Array
    residual: float
    leak: float
    spread: float
    cells: Cells = field(repr=False)
    chain: Kernel = field(repr=False)
    step: Callable[[Array, np.random.Generator], Array] = field(repr=False)

    @property
    def points(self) -> Array:
        """The points of the grid, shape (n1, d) or (n1, n2, d)."""
        return np.stack(np.meshgrid(*self.axes, indexing="ij"), axis=-1)

    @property
    def density(self) -> Array:
        """Mass per length or area, in the shape of `mass`."""
        return self.mass / np.prod([axis[1] - axis[0] for axis in self.axes])

    @cached_property
    def wells(self) -> NDArray[np.intp]:
        """Number 0, 1, … of the peak of μ that climbing leads to, in the shape of `mass`; −1 where there is no mass."""
        return peaks(self.mass)

    def probability(self, inside: Callable[[Array], NDArray[np.bool_]]) -> float:
        """Return μ({x : inside(x)}).

        Cells cut by the boundary are shared by counting 16 (or 8 × 8) places in each, with log μ interpolated between the
        cells. `inside` maps points (n, d) to booleans (n,).
        """
        x, mass = self._fine
        chosen = np.asarray(inside(x), dtype=bool)
        if chosen.shape != mass.shape:
            raise ValueError(f"inside returned shape {chosen.shape}: points (n, d) need booleans (n,)")
        return float(mass[chosen].sum())

    def between(self, ends: ArrayLike) -> float:
        """Return the mass of intervals of the line, `ends` (m, 2), clipped to the grid: sharp where `probability` counts places.

        Integrates e^{spline of log density} by four Gauss nodes in each piece of a cell.
        """
        ends = np.asarray(ends, dtype=float)
        if len(self.axes) != 1 or ends.ndim != 2 or ends.shape[1] != 2 or not np.all(ends[:, 0] <= ends[:, 1]):
            raise ValueError(f"ends = {ends} on {len(self.axes)} axes: intervals (m, 2) of one axis are needed")
        axis, total = self.axes[0], 0.0
        h = axis[1] - axis[0]
        spline = CubicSpline(axis, np.log(np.maximum(self.mass, 1e-300)))
        for a, b in np.clip(ends, axis[0] - h / 2, axis[-1] + h / 2):
            pieces = np.concatenate([[a], axis[(axis > a) & (axis < b)], [b]])
            half = np.diff(pieces)[:, None] / 2
            total += float((half * np.exp(spline(pieces[:-1, None] + half * (1 + _NODE))) @ _WEIGHT).sum())
        return total / h

    @cached_property
    def _fine(self) -> tuple[Array, Array]:
        """Return the places of a finer grid, (n, d), and their masses: log μ by monotone interpolation, which never rings.

        With Gaussian noise the masses are samples of a smooth density. Others are masses of cells, which may be rough: each
        cell then keeps its mass.
        """
        parts = 16 if len(self.axes) == 1 else int(np.clip(np.sqrt(_MOST_PLACES / self.mass.size), 2, 8))
        log, fine = np.log(np.maximum(self.mass, 1e-300)), []
        for k, axis in enumerate(self.axes):
            h = axis[1] - axis[0]
            fine.append(axis[0] + h * ((np.arange(len(axis) * parts) - (parts - 1) / 2) / parts))
            log = PchipInterpolator(axis, log, axis=k)(np.clip(fine[-1], axis[0], axis[-1]))
        mass = np.exp(log)
        mass[self._spread_out(self.mass == 0, parts)] = 0.0
        if self.spread > 0:
            blocks = mass.reshape([size for n in self.mass.shape for size in (n, parts)])
            sums = blocks.sum(axis=tuple(range(1, blocks.ndim, 2)))
            mass *= self._spread_out(self.mass / np.where(sums > 0, sums, 1.0), parts)
        return np.stack(np.meshgrid(*fine, indexing="ij"), axis=-1).reshape(-1, len(fine)), mass.ravel() / mass.sum()

    @staticmethod
    def _spread_out(values: NDArray[Any], parts: int) -> NDArray[Any]:
        """Repeat the value of each cell at all its places."""
        return np.kron(values, np.ones((parts,) * values.ndim, dtype=values.dtype))

    def expectation(self, function: Callable[[Array], Array]) -> Array:
        """Return Σ μ(x) function(x); `function` maps points (n, d) to (n, …)."""
        values = np.asarray(function(self.points.reshape(-1, len(self.axes))), dtype=float)
        return np.tensordot(self.mass.ravel(), values, axes=1)

    def marginal(self, axis: int) -> Array:
        """Return the law of one coordinate, masses on `axes[axis]`."""
        if axis not in range(len(self.axes)):
            raise ValueError(f"axis = {axis!r}: one of 0 … {len(self.axes) - 1} is needed")
        return self.mass.sum(axis=tuple(k for k in range(self.mass.ndim) if k != axis))

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Draw points, (count, d): a cell by its mass, then one step of SGD, which leaves the law as it is and fills the cells."""
        cells = rng.choice(self.mass.size, size=count, p=self.mass.ravel())
        return self.step(self.points.reshape(-1, len(self.axes))[cells], rng)


@one_thread
def invariant_law(
    landscape: Landscape, noise: Noise, eta: float, *, axes: ArrayLike | tuple[ArrayLike, ...] | None = None, tol: float = 1e-10
) -> Law:
    """Compute the invariant law of x ← x − η(∇f(x) + Z(x; ω)), confined to a grid.

    Parameters
    ----------
    landscape : Landscape
        In one or two dimensions; any field.
    noise : Noise
        Gaussian (σ > 0 may depend on the point), Uniform, TruncatedGaussian, Rademacher (also rotated), FiniteSum with few
        batches, sums of these with a Gaussian.
    eta : float
        Step-size η > 0.
    axes : array, or tuple of arrays, optional
        Equally spaced points for each coordinate. Default: the landscape's box, spacing half the standard deviation of a
        Gaussian step, an eighth of that of another (a fortieth on a line).
    tol : float
        Largest residual (see `Law.residual`).

    Returns
    -------
    Law

    Raises
    ------
    ValueError
        If an argument is out of range, the grid is too coarse for the noise or too large for memory, or the chain on it has
        several invariant laws.
    NotConverged
        If the residual stays above `tol`.
    """
    eta, tol = positive("eta", eta), positive("tol", tol)
    cells, guess = confined(landscape, noise, eta, axes)
    build = partial(invariant.kernel, landscape, noise, eta)
    if landscape.dim == 1:
        chain: Kernel = build(cells)
        assert isinstance(chain, SparseKernel)
        mass, imbalance = invariant.on_line(chain), 0.0
    else:
        chain, mass, imbalance = invariant.in_plane(build, cells, guess, tol, nested=resolved(noise, eta, cells) > 1.6)
    residual = max(invariant.change(chain, mass), imbalance)
    if not residual <= tol:
        raise NotConverged(f"invariant law of {landscape.name} at eta = {eta:g} on {cells.shape} cells", residual)
    return Law(
        axes=tuple(cells.axes),
        mass=cells.on_grid(mass),
        residual=residual,
        leak=float(mass @ chain.leak),
        spread=float(mass @ chain.spread),
        cells=cells,
        chain=chain,
        step=partial(_step, landscape, noise, eta),
    )


def _step(landscape: Landscape, noise: Noise, eta: float, x: Array, rng: np.random.Generator) -> Array:
    return x - eta * (landscape.grad(x) + noise.sample(x, rng))
