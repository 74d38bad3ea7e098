"""Masses of balls around critical points, as logarithms: no mass is too small (slide "saddle-point avoidance": μ∞(U_i)/μ∞(U_j))."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RectBivariateSpline, make_interp_spline
from scipy.special import logsumexp

from longrun.law import Law
from longrun.randomness import positive

Array = NDArray[np.float64]

_MARGIN = 4  # cells beyond the ball that the spline is laid through


def inside(centre: ArrayLike, radius: float) -> Callable[[Array], NDArray[np.bool_]]:
    """Return the indicator of the ball of that radius: points (..., d) → booleans (...)."""
    middle, square = np.asarray(centre, dtype=float), positive("radius", radius) ** 2
    return lambda x: np.asarray(((x - middle) ** 2).sum(axis=-1) < square)


def log_density(law: Law, centre: ArrayLike, radius: float) -> Callable[[Array], Array]:
    """Return log of the law's density near a point: cubic splines through log μ, good for the ball.

    Parameters
    ----------
    law : Law
    centre : array_like, shape (d,)
    radius : float

    Returns
    -------
    callable
        Points (..., d) of the ball → (...).

    Raises
    ------
    ValueError
        If the ball is not inside the cells that the law lives on.
    """
    middle = np.atleast_1d(np.asarray(centre, dtype=float))
    patch, axes = [], []
    for axis, c in zip(law.axes, middle, strict=True):
        step = axis[1] - axis[0]
        low, high = (int(np.floor((c + s - axis[0]) / step)) for s in (-radius, radius))
        patch.append(slice(max(low - _MARGIN, 0), high + _MARGIN + 2))
        axes.append(axis[patch[-1]])
    here = law.density[tuple(patch)]
    covered = all(axis[0] <= c - radius and c + radius <= axis[-1] for axis, c in zip(axes, middle, strict=True))
    if not covered or not np.all(here > 0):
        raise ValueError(f"centre = {middle}, radius = {radius:g}: the law has no mass in part of this ball")
    if len(axes) == 1:
        line = make_interp_spline(axes[0], np.log(here))
        return lambda x: line(x[..., 0])
    plane = RectBivariateSpline(*axes, np.log(here))
    return lambda x: plane.ev(x[..., 0], x[..., 1])


def log_mass(density: Callable[[Array], Array], centre: ArrayLike, radius: float, nodes: int = 96) -> float:
    """Return log ∫ e^{density} over a ball of the line or of the plane.

    Parameters
    ----------
    density : callable
        Logarithm of a smooth density, points (n, d) → (n,).
    centre : array_like, shape (d,)
    radius : float
    nodes : int
        Of Gauss and Legendre along the radius; the circle has three times as many, equally spaced.

    Raises
    ------
    ValueError
        If d > 2 or the radius is not positive.
    """
    middle = np.atleast_1d(np.asarray(centre, dtype=float))
    node, weight = np.polynomial.legendre.leggauss(nodes)
    node, weight = positive("radius", radius) * (node + 1) / 2, radius * weight / 2
    if middle.size == 1:
        x, log_weight = middle + np.concatenate([-node, node])[:, None], np.log(np.tile(weight, 2))
    elif middle.size == 2:
        angle = 2 * np.pi * np.arange(3 * nodes) / (3 * nodes)
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        x = middle + (node[:, None, None] * circle).reshape(-1, 2)
        log_weight = np.repeat(np.log(weight * node * 2 * np.pi / angle.size), angle.size)
    else:
        raise ValueError(f"centre = {centre!r}: a ball of the line or of the plane is needed")
    return float(logsumexp(density(x) + log_weight))
