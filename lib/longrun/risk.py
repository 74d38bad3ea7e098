"""Regularised empirical risk of a linear prediction, f(θ) = mean φ(⟨a_i, θ⟩, y_i) + ½ λ|θ|² (slide "ERM").

Everything that the path solver asks for is a product of the matrix of features, or of their outer products, with weights.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.losses import Loss, checked
from longrun.randomness import positive

Array = NDArray[np.float64]


class Risk:
    """The empirical risk of a linear prediction, and its terms ℓ_i(θ) = φ(⟨a_i, θ⟩, y_i) + ½ λ|θ|².

    Parameters
    ----------
    loss : Loss
    features : array_like, shape (m, d)
        a_i. A column of ones gives an intercept, which is then decayed like the other weights.
    targets : array_like, shape (m,)
        y_i.
    weight_decay : float
        λ > 0.
    """

    def __init__(self, loss: Loss, features: ArrayLike, targets: ArrayLike, weight_decay: float) -> None:
        a, y = np.array(features, dtype=float), np.array(targets, dtype=float)
        if a.ndim != 2 or not a.size or not np.all(np.isfinite(a)):
            raise ValueError(f"features of shape {a.shape}: a finite array (m, d) is needed")
        if y.shape != a.shape[:1] or not np.all(np.isfinite(y)):
            raise ValueError(f"targets of shape {y.shape}: {len(a)} finite numbers are needed, one for each row of features")
        self.loss, self.features, self.targets = checked(loss, y), a, y
        self.weight_decay = positive("weight_decay", weight_decay)

    @cached_property
    def columns(self) -> Array:
        """Features (d, m), each contiguous."""
        return np.ascontiguousarray(self.features.T)

    @cached_property
    def table(self) -> Array:
        """Features and targets (d + 1, m)."""
        return np.vstack([self.columns, self.targets])

    @cached_property
    def squares(self) -> Array:
        """Outer products a_i a_iᵀ as rows (m, d²)."""
        return (self.features[:, :, None] * self.features[:, None, :]).reshape(len(self.features), -1)

    def slopes(self, x: Array) -> Array:
        """Return ∂φ/∂u of every sample, (..., d) → (..., m)."""
        return self.loss.slope(x @ self.columns, self.targets)

    def weighted_squares(self, weights: Array) -> Array:
        """Return Σ w_i a_i a_iᵀ, (..., m) → (..., d, d)."""
        d = self.features.shape[1]
        return (weights @ self.squares).reshape(*weights.shape[:-1], d, d)

    def value(self, x: ArrayLike) -> Array:
        """Return f."""
        x = np.asarray(x, dtype=float)
        return self.loss.value(x @ self.columns, self.targets).mean(axis=-1) + self.weight_decay / 2 * (x * x).sum(axis=-1)

    def grad(self, x: ArrayLike) -> Array:
        """Return ∇f."""
        x = np.asarray(x, dtype=float)
        return self.slopes(x) @ self.features / len(self.features) + self.weight_decay * x

    def hess(self, x: ArrayLike) -> Array:
        """Return ∇²f."""
        x = np.asarray(x, dtype=float)
        curvature = self.loss.curvature(x @ self.columns, self.targets)
        return self.weighted_squares(curvature / len(self.features)) + self.weight_decay * np.eye(x.shape[-1])

    def gradients(self, x: ArrayLike) -> Array:
        """Return ∇ℓ_i, (..., d) → (..., m, d)."""
        x = np.asarray(x, dtype=float)
        return self.slopes(x)[..., None] * self.features + self.weight_decay * x[..., None, :]

    def jacobians(self, x: ArrayLike) -> Array:
        """Return ∇²ℓ_i, (..., d) → (..., m, d, d)."""
        x = np.asarray(x, dtype=float)
        d = x.shape[-1]
        curvature = self.loss.curvature(x @ self.columns, self.targets)
        return curvature[..., None, None] * self.squares.reshape(-1, d, d) + self.weight_decay * np.eye(d)

    @property
    def radius(self) -> float:
        """Return R such that ⟨∇f, θ⟩ > 0 for |θ| > R: no critical point lies outside that ball.

        ⟨∇f, θ⟩ = λ|θ|² + mean u_i ∂φ(u_i, y_i) with u_i = ⟨a_i, θ⟩, and u ∂φ(u, y) is bounded below for a loss that falls towards
        its target and levels off; its least value is taken over a fine mesh of u, and enlarged by a twentieth.

        Raises
        ------
        ValueError
            If the loss still falls at a prediction of 1e8: no such ball can be told.
        """
        size = np.concatenate([np.linspace(0, 20, 4001), np.geomspace(20, 1e8, 400)])[:, None] * (1 + np.abs(self.targets).max())
        work = np.minimum(size * self.loss.slope(size, self.targets), -size * self.loss.slope(-size, self.targets))
        least = work.min(axis=0)
        if np.any((work[-1] == least) & (work[-1] < 2 * work[-50])):  # 50 steps of the mesh are a factor of 7
            raise ValueError(f"loss {self.loss.name!r} falls however far the prediction goes: give the `box` to look at")
        return float(np.sqrt(1.05 * max(-least.mean(), 1e-12) / self.weight_decay))
