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

from longrun.landscapes import jacobian
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


def checked(loss: Loss, targets: Array) -> Loss:
    """Return the loss, or raise ValueError if near some targets it is not finite or its derivatives do not agree with it."""
    y = np.unique(targets)
    y = y[:: 1 + len(y) // 8]
    offset = np.geomspace(1e-3, 4, 13)
    u = np.unique(np.concatenate([np.linspace(-3, 3, 12), *np.add.outer(y, offset), *np.subtract.outer(y, offset)]))[:, None]
    agree(f"slope of loss {loss.name!r}", u, lambda x: loss.value(x, y), lambda x: loss.slope(x, y)[..., None], y.shape)
    agree(f"curvature of loss {loss.name!r}", u, lambda x: loss.slope(x, y), lambda x: loss.curvature(x, y)[..., None], y.shape)
    return loss


def agree(
    name: str, x: Array, function: Callable[[Array], Array], derivative: Callable[[Array], Array], shape: tuple[int, ...]
) -> None:
    """Raise ValueError unless a derivative is that of a function, by differences, to 1/100 of its largest value.

    Parameters
    ----------
    name : str
        Of the derivative, for the message.
    x : array (n, d)
    function : callable
        (n, d) → ``(n, *shape)``.
    derivative : callable
        (n, d) → ``(n, *shape, d)``.
    shape : tuple of ints
    """
    value, claimed, (n, d) = np.asarray(function(x)), np.asarray(derivative(x)), x.shape
    if value.shape != (n, *shape) or claimed.shape != (n, *shape, d):
        raise ValueError(f"{name}: shapes {value.shape} and {claimed.shape} of function and derivative; "
                         f"{n} points need {(n, *shape)} and {(n, *shape, d)}")  # fmt: skip
    if not (np.all(np.isfinite(value)) and np.all(np.isfinite(claimed))):
        raise ValueError(f"{name}: function or derivative is not finite everywhere near the data")
    found = jacobian(lambda y: np.asarray(function(y)).reshape(n, -1), x).reshape(claimed.shape)
    wrong = np.abs(found - claimed)
    rounding = 1e-9 * np.abs(value).max()
    if wrong.max() > 0.01 * np.abs(found).max() + rounding:
        worst = np.unravel_index(wrong.argmax(), wrong.shape)
        raise ValueError(f"{name}: {claimed[worst]:.6g} at {x[worst[0]]}, but differences of the function give {found[worst]:.6g}")


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
