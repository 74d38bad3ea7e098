"""SGD's chain on a grid where its noise is a finite sum: long-run law and mean exit times, by Arnoldi's iteration.

The kernel is that of `law`, here without a promise for tiny masses: errors are absolute (1e-10 of the whole), not relative.
In return it does not mind that a finite sum is blind to some directions, and never visits most of the plane.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, eigs

from longrun.cells import Cells
from longrun.errors import NotConverged
from longrun.invariant import kernel
from longrun.kernel import SparseKernel
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.randomness import positive
from longrun.threads import one_thread

Array = NDArray[np.float64]


def _chain(
    landscape: Landscape, noise: Noise, eta: float, axes: tuple[Array, Array], keep: Callable[[Array], NDArray[np.bool_]]
) -> tuple[Cells, SparseKernel]:
    """Return the cells chosen by `keep`, and the kernel confined to them."""
    grid = [np.asarray(axis, dtype=float) for axis in axes]
    everything = Cells(grid, np.arange(int(np.prod([len(axis) for axis in grid]))))
    cells = Cells(grid, np.flatnonzero(keep(everything.points)))
    if not len(cells.number):
        raise ValueError("keep: none of the grid's points is chosen; at least some are needed")
    chain = kernel(landscape, noise, positive("eta", eta), cells)
    if not isinstance(chain, SparseKernel):
        raise ValueError(f"noise = {noise!r}: finitely many values are needed, as of a FiniteSum")
    return cells, chain


def _leading(matrix: object, name: str) -> tuple[float, Array]:
    """Return the largest eigenvalue and its vector ≥ 0 of a matrix with entries ≥ 0."""
    size = matrix.shape[0]  # type: ignore[attr-defined]
    try:
        values, vectors = eigs(matrix, k=1, which="LR", v0=np.ones(size), ncv=min(48, size - 1), tol=1e-12, maxiter=400)
    except ArpackNoConvergence as error:
        raise NotConverged(name, np.inf) from error
    return float(values[0].real), np.abs(vectors[:, 0].real)


@one_thread
def long_run(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    axes: tuple[Array, Array],
    keep: Callable[[Array], NDArray[np.bool_]] = lambda x: np.full(len(x), True),
) -> tuple[Array, Array, float]:
    """Return the invariant law of SGD confined to some points of a grid in the plane.

    Parameters
    ----------
    landscape : Landscape
    noise : Noise
        With finitely many values.
    eta : float
    axes : pair of arrays
        Equally spaced. A spacing h supplies h²/(6η²) of the noise's variance itself (see `steps`): that must be less than its
        variance in its quietest direction where the law lives.
    keep : callable
        Points (n, 2) → booleans: where the chain may be. A step that would leave is drawn again.

    Returns
    -------
    points : array (n, 2)
    mass : array (n,)
        Summing to 1.
    leak : float
        Probability, in the long run, that a step is drawn again.

    Raises
    ------
    ValueError, NotConverged
    """
    cells, chain = _chain(landscape, noise, eta, axes, keep)
    value, mass = _leading(chain.matrix.T.tocsr(), f"long-run law of {landscape.name} at eta = {eta:g}")
    if abs(value - 1) > 1e-8:
        raise NotConverged(f"long-run law of {landscape.name} at eta = {eta:g}", abs(value - 1))
    mass /= mass.sum()
    return cells.points, mass, float(mass @ chain.leak)


@one_thread
def mean_exit_time(
    landscape: Landscape,
    noise: Noise,
    eta: float,
    start: Array,
    outside: Callable[[Array], NDArray[np.bool_]],
    axes: tuple[Array, Array],
    tol: float = 1e-8,
) -> float:
    """Return the mean number of steps after which SGD is in a set of the plane for the first time.

    u = 1 + Qu with Q the kernel between the points outside that set. Its slow part is solved by the leading eigenvalue of Q, the
    rest by summing the powers of Q, which is fast.

    Parameters
    ----------
    landscape, noise, eta, axes
        As for `long_run`. The axes must also cover where the first step into the set ends.
    start : array (2,)
        The nearest point of the grid is taken.
    outside : callable
        Points (n, 2) → booleans: where to stop.
    tol : float
        Relative accuracy of the sum.

    Raises
    ------
    ValueError, NotConverged
    """
    cells, chain = _chain(landscape, noise, eta, axes, lambda x: np.full(len(x), True))
    inside = ~outside(cells.points)
    if not inside.any():
        raise ValueError("outside: every point of the grid is chosen; some to leave are needed")
    q = chain.matrix[inside][:, inside].tocsr()
    name = f"mean exit time on {landscape.name} at eta = {eta:g}"
    value, right = _leading(q, name)
    left = _leading(q.T.tocsr(), name)[1]
    slow = right * (left.sum() / (left @ right))  # the part of the constant 1 along the slow mode
    u, power = slow / (1 - value), 1 - slow
    at = int(np.argmin(np.linalg.norm(cells.points[inside] - np.asarray(start, dtype=float), axis=1)))
    for _ in range(20_000):
        u += power
        power = q @ power
        if np.abs(power).max() < tol:
            return float(u[at])
    raise NotConverged(name, float(np.abs(power).max()))
