"""Weighted least squares: limits, slopes and powers of η, with standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fit:
    """Least-squares fit of n measurements by k columns.

    Attributes
    ----------
    coefficients : array (k,)
    covariance : array (k, k)
        Of the coefficients, the measurements' errors being what they are said to be.
    chi2 : float
        Mean square of the residuals in units of their errors, per degree of freedom n − k.
    without_last : array (k,)
        Coefficients without the last measurement: how far they move tells what the columns leave out, when the measurements
        come in the order in which the fit is trusted.
    """

    coefficients: Array
    covariance: Array
    chi2: float
    without_last: Array

    @property
    def errors(self) -> Array:
        """Standard errors of the coefficients, (k,)."""
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def moved(self) -> Array:
        """How far each coefficient moves without the last measurement, (k,)."""
        return np.abs(self.coefficients - self.without_last)


def least_squares(y: ArrayLike, error: ArrayLike, *columns: ArrayLike) -> Fit:
    """Fit y ≈ Σ c_j column_j by weighted least squares.

    Parameters
    ----------
    y, error : array_like (n,)
        Measurements and their standard errors > 0.
    *columns : array_like (n,) or numbers
        Fewer than n, linearly independent. A number stands for a constant column.

    Raises
    ------
    ValueError
        For numbers that are not finite, errors that are not > 0, too few measurements, or columns that depend on each other.
    """
    y = np.asarray(y, dtype=float)
    if y.ndim != 1 or not 0 < len(columns) < y.size:
        raise ValueError(f"y has shape {y.shape}: a list of more measurements than the {len(columns)} column(s) is needed")
    error = np.broadcast_to(np.asarray(error, dtype=float), y.shape)
    if not np.all(np.isfinite(error)) or not np.all(error > 0):
        raise ValueError(f"error = {error}: finite numbers > 0 are needed")
    design = np.stack([np.broadcast_to(np.asarray(column, dtype=float), y.shape) for column in columns], axis=1)
    if not np.all(np.isfinite(y)) or not np.all(np.isfinite(design)):
        raise ValueError(f"y = {y}, columns = {design.T}: finite numbers are needed")
    size = np.linalg.norm(design, axis=0)
    if np.any(size == 0) or np.linalg.matrix_rank(design[:-1] / size) < len(columns):
        raise ValueError(f"columns = {design.T}: they depend on each other, with the last measurement or without")
    design, goal = design / error[:, None], y / error
    full, short = (np.linalg.lstsq(design[:n], goal[:n], rcond=None)[0] for n in (y.size, y.size - 1))
    left = goal - design @ full
    return Fit(full, np.linalg.inv(design.T @ design), float(left @ left / (y.size - len(columns))), short)


def polynomial(x: ArrayLike, y: ArrayLike, error: ArrayLike, degree: int = 1) -> Fit:
    """Fit y ≈ c₀ + c₁x + … + c_degree x^degree: c₀ is the limit at 0, c₁ the slope there."""
    x = np.asarray(x, dtype=float)
    return least_squares(y, error, *(x**k for k in range(degree + 1)))


def power_law(x: ArrayLike, y: ArrayLike, error: ArrayLike, corrections: int = 0) -> Fit:
    """Fit y ≈ e^{c₁} x^{c₀} for x, y > 0, by log y ≈ c₀ log x + c₁ + c₂x + … with `corrections` terms after c₁.

    The errors are those of y, small against y.
    """
    x, y, error = (np.asarray(value, dtype=float) for value in (x, y, error))
    if not np.all(x > 0) or not np.all(y > 0):
        raise ValueError(f"x = {x}, y = {y}: a power law needs numbers > 0")
    return least_squares(np.log(y), error / y, np.log(x), *(x**k for k in range(corrections + 1)))
