"""Landscapes with a Lipschitz gradient on the whole space, and the constants that convergence theorems ask for."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.landscapes import Landscape

Array = NDArray[np.float64]


def logistic(features: ArrayLike, decay: float, *, half: float = 6.0) -> tuple[Landscape, float, float]:
    """Return logistic regression with weight decay, (1/m) Σ log(1 + e^{−⟨a_i, x⟩}) + λ|x|²/2, and its constants μ and L.

    Parameters
    ----------
    features : array_like, shape (m, d)
        a_i: features, times the label ±1.
    decay : float
        λ > 0.
    half : float
        The box is [−half, half]^d.

    Returns
    -------
    landscape, mu, smoothness
        μ|y|² ≤ ⟨y, ∇²f(x) y⟩ ≤ L|y|² for all x, y: μ = λ (approached far out), L = λ + ‖AᵀA‖/(4m).

    Raises
    ------
    ValueError
        If the features are not a finite matrix or the decay is not > 0.
    """
    a = np.array(features, dtype=float)
    if a.ndim != 2 or not a.size or not np.all(np.isfinite(a)):
        raise ValueError(f"features = {features!r}: a finite matrix, one row for each sample, is needed")
    if not 0 < decay < np.inf:
        raise ValueError(f"decay = {decay!r}: a finite number > 0 is needed")
    value, grad, hess = (partial(g, a=a, decay=float(decay)) for g in (_logistic, _logistic_grad, _logistic_hess))
    smoothness = decay + float(np.linalg.eigvalsh(a.T @ a).max()) / (4 * len(a))
    box = (np.full(a.shape[1], -half), np.full(a.shape[1], half))
    return Landscape("logistic regression", value, grad, hess, box=box), float(decay), smoothness


def rastrigin(amplitude: float = 1.0, dim: int = 2) -> tuple[Landscape, float]:
    """Return Rastrigin's function Σ (x_i² + A (1 − cos 2πx_i)) (Rastrigin 1974, A = 10) and its constant L = 2 + 4π²|A|.

    The global minimum is 0 at the origin. All critical points lie in the box: 2x + 2πA sin 2πx = 0 asks for |x| ≤ π|A|.
    """
    if not np.isfinite(amplitude):
        raise ValueError(f"amplitude = {amplitude!r}: a finite number is needed")
    if dim < 1:
        raise ValueError(f"dim = {dim!r}: an integer ≥ 1 is needed")
    value, grad, hess = (partial(g, amplitude=float(amplitude)) for g in (_rastrigin, _rastrigin_grad, _rastrigin_hess))
    half = max(1.0, 1.02 * np.pi * abs(amplitude))
    box = (np.full(dim, -half), np.full(dim, half))
    return Landscape("Rastrigin", value, grad, hess, box=box), 2 + 4 * np.pi**2 * abs(amplitude)


def _logistic(x: Array, a: Array, decay: float) -> Array:
    return np.logaddexp(0, -(x @ a.T)).mean(axis=-1) + decay / 2 * (x * x).sum(axis=-1)


def _logistic_grad(x: Array, a: Array, decay: float) -> Array:
    return decay * x - _share(x, a) @ a / len(a)


def _share(x: Array, a: Array) -> Array:
    """Return 1/(1 + e^{⟨a_i, x⟩}); the hyperbolic tangent does not overflow."""
    return 0.5 - 0.5 * np.tanh(x @ (a.T / 2))


def _logistic_hess(x: Array, a: Array, decay: float) -> Array:
    share = _share(x, a)
    return np.einsum("...m,mi,mj->...ij", share * (1 - share), a, a) / len(a) + decay * np.eye(a.shape[1])


def _rastrigin(x: Array, amplitude: float) -> Array:
    return (x * x + 2 * amplitude * np.sin(np.pi * x) ** 2).sum(axis=-1)


def _rastrigin_grad(x: Array, amplitude: float) -> Array:
    return 2 * x + 2 * np.pi * amplitude * np.sin(2 * np.pi * x)


def _rastrigin_hess(x: Array, amplitude: float) -> Array:
    return (2 + 4 * np.pi**2 * amplitude * np.cos(2 * np.pi * x))[..., None] * np.eye(x.shape[-1])
