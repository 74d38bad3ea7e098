"""SGD's chain in a plane where its noise has finitely many values: expectations by interpolation, not by probabilities.

The kernel acts on functions, (Pg)(x) = Σ w_k g(x − η(∇f(x) + z_k)), and g between the points of a grid is its cubic interpolant:
the error is O(h⁴) where g is smooth. Sharing the mass between neighbouring points, as `law` does, spreads samples that hardly
move, such as outliers of a robust loss, over a whole cell. What is lost: interpolation weights are not all positive, so that
errors are absolute, and masses far below 1 are not known.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, eigs

from longrun.errors import NotConverged
from longrun.increments import increments
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.randomness import positive
from longrun.threads import one_thread

Array = NDArray[np.float64]
Set = Callable[[Array], NDArray[np.bool_]]

_MOST_DENSE = 4000


@one_thread
def mean_exit_time(landscape: Landscape, noise: Noise, eta: float, start: Array, outside: Set, axes: tuple[Array, Array]) -> float:
    """Return the mean number of steps after which SGD is in a set of the plane for the first time: u = 1 + P(u off the set).

    Parameters
    ----------
    landscape : Landscape
    noise : Noise
        With finitely many values.
    eta : float
    start : array (2,)
    outside : callable
        Points (n, 2) → booleans: where to stop.
    axes : pair of arrays
        Equally spaced, at most 4000 points together. A step that leaves the grid elsewhere than into the set ends on its edge.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    matrix, _ = _kernel(landscape, noise, eta, axes, outside)
    n = matrix.shape[0]
    if n > _MOST_DENSE:
        raise ValueError(f"axes: {n} points, at most {_MOST_DENSE} are allowed; take a larger spacing")
    u = np.linalg.solve(np.eye(n) - matrix.toarray(), np.ones(n))
    x = np.asarray(start, dtype=float)[None]
    if outside(x)[0]:
        raise ValueError(f"start = {start!r}: a point off the set is needed")
    return float((_interpolation(x, *axes) @ u)[0])


@one_thread
def long_run(
    landscape: Landscape, noise: Noise, eta: float, axes: tuple[Array, Array], tol: float = 1e-9
) -> tuple[Array, Array, float]:
    """Return the invariant law of SGD as weights for the integrals of smooth functions.

    Parameters
    ----------
    landscape, noise, eta, axes
        As for `mean_exit_time`, but any number of points.
    tol : float
        Of the eigenvalue 1.

    Returns
    -------
    points : array (n, 2)
    weight : array (n,)
        Summing to 1; ∫ g dμ ≈ Σ weight · g(points). Not all positive.
    gap : float
        1 − |λ| for the next eigenvalue: the inverse of the time that the chain takes to forget its start.

    Raises
    ------
    ValueError, NotConverged
    """
    matrix, points = _kernel(landscape, noise, eta, axes, lambda x: np.zeros(len(x), dtype=bool))
    n = matrix.shape[0]
    name = f"long-run law of {landscape.name} at eta = {eta:g}"
    try:
        values, vectors = eigs(matrix.T.tocsr(), k=2, which="LM", v0=np.ones(n) / n, ncv=min(40, n - 1), tol=1e-11, maxiter=300)
    except ArpackNoConvergence as error:
        raise NotConverged(name, np.inf) from error
    first = int(np.argmin(np.abs(values - 1)))
    if not abs(values[first] - 1) < tol:
        raise NotConverged(name, float(abs(values[first] - 1)))
    weight = vectors[:, first].real
    return points, weight / weight.sum(), float(1 - abs(values[1 - first]))


def _kernel(
    landscape: Landscape, noise: Noise, eta: float, axes: tuple[Array, Array], outside: Set
) -> tuple[sparse.csr_matrix, Array]:
    """Return P without the steps into a set, (n, n), and the points of the grid (n, 2)."""
    eta = positive("eta", eta)
    for k, axis in enumerate(axes):
        if np.ndim(axis) != 1 or len(axis) < 8 or not np.allclose(np.diff(axis), axis[1] - axis[0]) or not axis[1] > axis[0]:
            raise ValueError(f"axes[{k}] = {axis!r}: at least 8 increasing, equally spaced points are needed")
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    law = increments(noise, points)
    if law.sigma is not None or law.density is not None:
        raise ValueError(f"noise = {noise!r}: finitely many values are needed, as of a FiniteSum")
    grad, matrix = landscape.grad(points), sparse.csr_matrix((len(points), len(points)))
    for weight, atom in zip(law.weights, law.atoms, strict=True):
        y = points - eta * (grad + atom)
        matrix = matrix + sparse.diags_array(weight * ~outside(y)) @ _interpolation(y, *axes)
    return sparse.csr_matrix(matrix), points


def _interpolation(y: Array, *axes: Array) -> sparse.csr_matrix:
    """Return the matrix of cubic interpolation from the grid to the points y (m, 2), those outside moved to its edge."""
    first, share = zip(*(_cubic(y[:, k], axis) for k, axis in enumerate(axes)), strict=True)
    rows = np.repeat(np.arange(len(y)), 16)
    index = [f[:, None] + np.arange(4) for f in first]
    columns = index[0][:, :, None] * len(axes[1]) + index[1][:, None, :]
    values = share[0][:, :, None] * share[1][:, None, :]
    shape = (len(y), len(axes[0]) * len(axes[1]))
    return sparse.csr_matrix((values.ravel(), (rows, columns.ravel())), shape=shape)


def _cubic(y: Array, axis: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the first of the four points around each y, and Lagrange's weights (m, 4)."""
    place = np.clip((y - axis[0]) / (axis[1] - axis[0]), 0, len(axis) - 1)
    first = np.clip(np.floor(place).astype(np.intp) - 1, 0, len(axis) - 4)
    t = place - first
    a, b, c, d = t, t - 1, t - 2, t - 3
    return first, np.stack([-b * c * d / 6, a * c * d / 2, -a * b * d / 2, a * b * c / 6], axis=-1)
