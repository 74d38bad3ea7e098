"""Gradient noises Z(x; ω): how they are drawn, and their cumulant generating functions H(x, v) = log E exp⟨v, Z(x; ω)⟩.

Slides "blanket assumptions" and "key ingredient: large deviations for SGD". Every noise has mean zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.coordinates import Rademacher, TruncatedGaussian, Uniform
from longrun.finite_sum import FiniteSum
from longrun.landscapes import jacobian
from longrun.normals import standard_normal
from longrun.randomness import Noise, positive

__all__ = ["FiniteSum", "Gaussian", "Matched", "Noise", "Rademacher", "Rotated", "Sum", "TruncatedGaussian", "Uniform"]

Array = NDArray[np.float64]


class Gaussian(Noise):
    """Z ~ N(0, σ² I), with σ a number > 0 or a function of the point.

    Parameters
    ----------
    sigma : float or callable
        σ, or x (..., d) → σ(x) ≥ 0 (...).
    sigma_grad : callable, optional
        ∇σ: (..., d) → (..., d). Default: central differences.
    """

    def __init__(self, sigma: float | Callable[[Array], Array], sigma_grad: Callable[[Array], Array] | None = None) -> None:
        self.sigma = sigma if callable(sigma) else positive("sigma", sigma)
        self._sigma_grad = sigma_grad

    def __repr__(self) -> str:
        return f"Gaussian({getattr(self.sigma, '__name__', self.sigma)})"

    def scale(self, x: ArrayLike) -> Array:
        """Return σ(x), shape (...)."""
        x = np.asarray(x, dtype=float)
        if not callable(self.sigma):
            return np.full(x.shape[:-1], self.sigma)
        scale = np.asarray(self.sigma(x), dtype=float)
        if scale.shape != x.shape[:-1]:
            raise ValueError(f"sigma(x) has shape {scale.shape}: points of shape {x.shape} need {x.shape[:-1]}")
        if not np.all(scale >= 0):
            raise ValueError(f"sigma(x) = {scale.min():g}: a standard deviation ≥ 0 is needed")
        return scale

    def draw(self, rng: np.random.Generator, out: Array) -> None:
        """Draw normal ω, already scaled where σ is a constant."""
        standard_normal(rng, out, 1.0 if callable(self.sigma) else self.sigma)

    def at(self, x: Array, omega: Array) -> Array:
        """Return σ(x) ω."""
        return self.scale(x)[..., None] * omega if callable(self.sigma) else omega

    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return σ²|v|²/2 (slide "key ingredient", Gaussian noise)."""
        return self.scale(x) ** 2 * (np.asarray(v) ** 2).sum(axis=-1) / 2

    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return σ² v."""
        return self.scale(x)[..., None] ** 2 * np.asarray(v)

    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return σ² I."""
        shape = np.broadcast_shapes(np.shape(x), np.shape(v))
        return np.broadcast_to(self.scale(x)[..., None, None] ** 2 * np.eye(shape[-1]), (*shape, shape[-1])).copy()

    def cgf_grad_x(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return σ ∇σ |v|²."""
        if not callable(self.sigma):
            return super().cgf_grad_x(x, v)
        x, v = np.asarray(x, dtype=float), np.asarray(v, dtype=float)
        gradient = self._sigma_grad(x) if self._sigma_grad else jacobian(lambda y: self.scale(y)[..., None], x)[..., 0, :]
        return (self.scale(x) * (v**2).sum(axis=-1))[..., None] * gradient

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∞ where σ(x) v ≠ 0."""
        return np.where(self.cgf(x, v) > 0, np.inf, 0.0)


@dataclass(frozen=True, eq=False)
class Matched(Noise):
    """Gaussian noise with the covariance C(x) of another noise, times scale²: what a diffusion puts in its place.

    Its costs and energies are those of the diffusion dx = −∇f dt + √η C(x)^{1/2} dW as η → 0: they agree with those of the other
    noise to second order in the momentum only.

    Parameters
    ----------
    noise : Noise
    scale : float
    """

    noise: Noise
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", positive("scale", self.scale))

    def draw(self, rng: np.random.Generator, out: Array) -> None:
        """Draw normal ω."""
        standard_normal(rng, out, self.scale)

    def at(self, x: Array, omega: Array) -> Array:
        """Return L ω with L Lᵀ = C(x)."""
        return np.einsum("nij,nj->ni", _root(self.noise.cov(x)), omega)

    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ½ vᵀC(x)v."""
        return (np.asarray(v) * self.cgf_grad(x, v)).sum(axis=-1) / 2

    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return C(x) v."""
        return self.scale**2 * np.einsum("...ij,...j->...i", self.noise.cov(x), np.asarray(v, dtype=float))

    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return C(x)."""
        shape = np.broadcast_shapes(np.shape(x), np.shape(v))
        return np.broadcast_to(self.scale**2 * self.noise.cov(x), (*shape, shape[-1])).copy()

    def cgf_grad_x(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ½ ∂(vᵀC(x)v)/∂x, the second order of the other noise's ∂H/∂x; the fourth leaves an error of 1e-10 of it."""
        x, v = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(v, dtype=float))
        size = np.sqrt(np.einsum("...i,...ij,...j->...", v, self.noise.cov(x), v))[..., None]
        small = 1e-5 / np.where(size > 0, size, 1.0)
        both = self.noise.cgf_grad_x(x, small * v) + self.noise.cgf_grad_x(x, -small * v)
        return self.scale**2 * both / (2 * small**2)

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∞ where vᵀC(x)v > 0."""
        return np.where(self.cgf(x, v) > 0, np.inf, 0.0)


def _root(matrix: Array) -> Array:
    """Factor L Lᵀ = C, for many matrices (n, d, d) at once; a direction without variance gets a column of zeros."""
    n, d, _ = matrix.shape
    root = np.zeros_like(matrix)
    floor = 1e-14 * np.trace(matrix, axis1=1, axis2=2)
    for j in range(d):
        rest = matrix[:, j:, j] - np.einsum("nik,nk->ni", root[:, j:, :j], root[:, j, :j])
        pivot = rest[:, 0]
        root[:, j:, j] = np.where((pivot > floor)[:, None], rest / np.sqrt(np.maximum(pivot, floor + 1e-300))[:, None], 0.0)
    return root


@dataclass(frozen=True, eq=False)
class Rotated(Noise):
    """Z = R W with W ~ `noise`: couples coordinates that were independent, with H_Z(x, v) = H_W(x, Rᵀv).

    Parameters
    ----------
    noise : Noise
    matrix : array_like, shape (d, d)
        R, any invertible matrix.
    """

    noise: Noise
    matrix: Array

    def __post_init__(self) -> None:
        r = np.array(self.matrix, dtype=float)
        if r.ndim != 2 or r.shape[0] != r.shape[1] or not np.all(np.isfinite(r)) or np.linalg.cond(r) > 1e12:
            raise ValueError(f"matrix = {self.matrix!r}: a finite invertible square matrix is needed")
        object.__setattr__(self, "matrix", r)

    def empty(self, steps: int, chains: int, dim: int) -> NDArray[Any]:
        """Return room for the ω of W."""
        if dim != len(self.matrix):
            raise ValueError(f"matrix has {len(self.matrix)} rows: points of dimension {dim} need as many")
        return self.noise.empty(steps, chains, dim)

    def draw(self, rng: np.random.Generator, out: NDArray[Any]) -> None:
        """Draw the ω of W."""
        self.noise.draw(rng, out)

    def at(self, x: Array, omega: Array) -> Array:
        """Return R W(x; ω)."""
        return (self.matrix @ self.noise.at(x, omega).T).T

    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return H_W(x, Rᵀv)."""
        return self.noise.cgf(x, np.asarray(v) @ self.matrix)

    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return R ∂H_W(x, Rᵀv)."""
        return self.noise.cgf_grad(x, np.asarray(v) @ self.matrix) @ self.matrix.T

    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return R ∂²H_W(x, Rᵀv) Rᵀ."""
        return self.matrix @ self.noise.cgf_hess(x, np.asarray(v) @ self.matrix) @ self.matrix.T

    def cgf_grad_x(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂H_W/∂x at (x, Rᵀv)."""
        return self.noise.cgf_grad_x(x, np.asarray(v) @ self.matrix)

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the support function of W at Rᵀv."""
        return self.noise.support(x, np.asarray(v) @ self.matrix)


@dataclass(frozen=True, eq=False)
class Sum(Noise):
    """Z = Z₁ + Z₂, independent of each other: cumulant functions add.

    Parameters
    ----------
    first, second : Noise
    """

    first: Noise
    second: Noise
    _parts: list[NDArray[Any]] = field(default_factory=list, init=False, repr=False)  # one chunk of ω of each term

    def empty(self, steps: int, chains: int, dim: int) -> NDArray[Any]:
        """Return room for the ω of both terms, those of the first in front."""
        self._parts[:] = [part.empty(steps, chains, dim) for part in (self.first, self.second)]
        return np.empty((steps, sum(part.shape[1] for part in self._parts), chains))

    def draw(self, rng: np.random.Generator, out: NDArray[Any]) -> None:
        """Draw the ω of the first term, then those of the second."""
        for noise, part in zip((self.first, self.second), self._parts, strict=True):
            noise.draw(rng, part)
        np.concatenate(self._parts, axis=1, out=out)

    def at(self, x: Array, omega: Array) -> Array:
        """Return Z₁(x; ω₁) + Z₂(x; ω₂)."""
        first, second = self._parts
        cut = first.shape[1]
        z = self.first.at(x, omega[:, :cut].astype(first.dtype, copy=False))
        return z + self.second.at(x, omega[:, cut:].astype(second.dtype, copy=False))

    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return H₁ + H₂."""
        return self.first.cgf(x, v) + self.second.cgf(x, v)

    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂H₁/∂v + ∂H₂/∂v."""
        return self.first.cgf_grad(x, v) + self.second.cgf_grad(x, v)

    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂²H₁/∂v² + ∂²H₂/∂v²."""
        return self.first.cgf_hess(x, v) + self.second.cgf_hess(x, v)

    def cgf_jet(self, x: ArrayLike, v: ArrayLike) -> tuple[Array, Array, Array]:
        """Return H, ∂H/∂v and ∂²H/∂v², each a sum."""
        (h, g, c), (h2, g2, c2) = self.first.cgf_jet(x, v), self.second.cgf_jet(x, v)
        return h + h2, g + g2, c + c2

    def cgf_grad_x(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂H₁/∂x + ∂H₂/∂x."""
        return self.first.cgf_grad_x(x, v) + self.second.cgf_grad_x(x, v)

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the sum of the largest values."""
        return self.first.support(x, v) + self.second.support(x, v)
