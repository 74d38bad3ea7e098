"""Smooth losses φ(u, y) of a linear prediction u = ⟨a, θ⟩ against a target y, with two derivatives in u.

All of them are Lipschitz and bounded: an outlier's pull fades, which is what makes the risk nonconvex.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from longrun.randomness import positive

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Loss:
    """A loss of prediction u and target y, arrays that broadcast: `value` φ, `slope` ∂φ/∂u, `curvature` ∂²φ/∂u²."""

    name: str
    value: Callable[[Array, Array], Array]
    slope: Callable[[Array, Array], Array]
    curvature: Callable[[Array, Array], Array]


def geman_mcclure(scale: float) -> Loss:
    """Return ½ c² r²/(c² + r²) with r = u − y: ½ r² for small residuals, ½ c² for large ones (Geman & McClure 1987)."""
    c = positive("scale", scale)
    functions = (partial(function, c=c) for function in (_geman_mcclure, _geman_mcclure_slope, _geman_mcclure_curvature))
    return Loss(f"Geman–McClure, scale {c:g}", *functions)


def sigmoid() -> Loss:
    """Return 1/(1 + exp(yu)), y = ±1: a smooth count of the errors."""
    return Loss("sigmoid", _sigmoid, _sigmoid_slope, _sigmoid_curvature)


def savage() -> Loss:
    """Return 1/(1 + exp(yu))², y = ±1 (Masnadi-Shirazi & Vasconcelos, NeurIPS 2008, up to the scale of u)."""
    return Loss("Savage", _savage, _savage_slope, _savage_curvature)


def _geman_mcclure(u: Array, y: Array, c: float) -> Array:
    square = (u - y) ** 2
    return 0.5 * c * c * square / (c * c + square)


def _geman_mcclure_slope(u: Array, y: Array, c: float) -> Array:
    r = u - y
    weight = c * c / (c * c + r * r)
    return weight * weight * r


def _geman_mcclure_curvature(u: Array, y: Array, c: float) -> Array:
    weight = c * c / (c * c + (u - y) ** 2)
    return weight * weight * (4 * weight - 3)


def _sigmoid(u: Array, y: Array) -> Array:
    return expit(-y * u)


def _sigmoid_slope(u: Array, y: Array) -> Array:
    return -y * expit(-y * u) * expit(y * u)


def _sigmoid_curvature(u: Array, y: Array) -> Array:
    wrong, right = expit(-y * u), expit(y * u)
    return y * y * wrong * right * (right - wrong)


def _savage(u: Array, y: Array) -> Array:
    return expit(-y * u) ** 2


def _savage_slope(u: Array, y: Array) -> Array:
    return -2 * y * expit(-y * u) ** 2 * expit(y * u)


def _savage_curvature(u: Array, y: Array) -> Array:
    wrong, right = expit(-y * u), expit(y * u)
    return 2 * y * y * wrong * wrong * right * (2 * right - wrong)
