"""Gradient noises Z(x; ω): how they are drawn, and their cumulant generating functions H(x, v) = log E exp⟨v, Z(x; ω)⟩.

Slides "blanket assumptions" and "key ingredient: large deviations for SGD". Every noise has mean zero.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import zeta

from longrun.landscapes import jacobian
from longrun.normals import standard_normal

Array = NDArray[np.float64]


class Noise(ABC):
    """What SGD adds to the gradient: randomness ω drawn many steps ahead (`draw`), and Z(x; ω) (`at`).

    Points x and dual vectors v have shape (..., d) and broadcast against each other.
    """

    def empty(self, steps: int, chains: int, dim: int) -> NDArray[Any]:
        """Return room for the ω of an ensemble: (steps, q, chains), so that each of the q numbers is contiguous over chains."""
        return np.empty((steps, dim, chains))

    @abstractmethod
    def draw(self, rng: np.random.Generator, out: NDArray[Any]) -> None:
        """Fill `out`, laid out as `empty` does, with independent ω."""

    def at(self, x: Array, omega: Array) -> Array:
        """Return Z(x; ω) for points (n, d) and one step's ω (n, q). May return `omega` itself."""
        return omega

    @abstractmethod
    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return H(x, v) = log E exp⟨v, Z(x)⟩, shape (...)."""

    @abstractmethod
    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂H/∂v, shape (..., d)."""

    @abstractmethod
    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂²H/∂v², shape (..., d, d)."""

    def cgf_grad_x(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂H/∂x, shape (..., d): zero for a noise that is the same everywhere."""
        return np.zeros(np.broadcast_shapes(np.shape(x), np.shape(v)))

    @abstractmethod
    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the largest value of ⟨v, Z(x)⟩, shape (...): infinite for unbounded noise."""

    def cov(self, x: ArrayLike) -> Array:
        """Return the covariance of Z(x), shape (..., d, d)."""
        x = np.asarray(x, dtype=float)
        return self.cgf_hess(x, np.zeros_like(x))

    def sample(self, x: ArrayLike, rng: np.random.Generator) -> Array:
        """Draw Z(x; ω), independent over the points: (..., d) → (..., d)."""
        x = np.asarray(x, dtype=float)
        flat = x.reshape(-1, x.shape[-1])
        omega = self.empty(len(flat), 1, x.shape[-1])
        self.draw(rng, omega)
        return np.array(self.at(flat, omega[..., 0])).reshape(x.shape)


def _positive(name: str, value: float) -> float:
    if not (isinstance(value, (int, float, np.number)) and np.isfinite(value) and value > 0):
        raise ValueError(f"{name} = {value!r}: a finite number > 0 is needed")
    return float(value)


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
        self.sigma = sigma if callable(sigma) else _positive("sigma", sigma)
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


class _Independent(Noise):
    """Independent, equally distributed coordinates: H(x, v) = Σ_i κ(v_i)."""

    bound: float

    @abstractmethod
    def _kappa(self, v: Array) -> tuple[Array, Array, Array]:
        """Return κ, κ′ and κ″ of one coordinate, elementwise, with full relative accuracy at small and large |v|."""

    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return Σ κ(v_i)."""
        return self._at_points(x, self._kappa(np.asarray(v, dtype=float))[0]).sum(axis=-1)

    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return κ′(v_i)."""
        return self._at_points(x, self._kappa(np.asarray(v, dtype=float))[1])

    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return diag κ″(v_i)."""
        second = self._at_points(x, self._kappa(np.asarray(v, dtype=float))[2])
        return second[..., None] * np.eye(second.shape[-1])

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return bound · Σ |v_i|."""
        return self._at_points(x, self.bound * np.abs(np.asarray(v, dtype=float))).sum(axis=-1)

    @staticmethod
    def _at_points(x: ArrayLike, coordinates: Array) -> Array:
        return np.broadcast_to(coordinates, np.broadcast_shapes(np.shape(x), coordinates.shape)).copy()


class Rademacher(_Independent):
    """Independent coordinates ±σ with probability ½ each: κ = log cosh σv."""

    def __init__(self, sigma: float) -> None:
        self.sigma = self.bound = _positive("sigma", sigma)

    def __repr__(self) -> str:
        return f"Rademacher({self.sigma:g})"

    def draw(self, rng: np.random.Generator, out: Array) -> None:
        """Draw signs times σ, one random bit each."""
        bits = np.unpackbits(np.frombuffer(rng.bytes((out.size + 7) // 8), dtype=np.uint8), count=out.size)
        np.multiply(bits.reshape(out.shape), 2 * self.sigma, out)
        out -= self.sigma

    def _kappa(self, v: Array) -> tuple[Array, Array, Array]:
        s = self.sigma * v
        size = np.abs(s)
        near = np.minimum(size, 1.0)
        kappa = np.where(size < 1, np.log1p(np.sinh(near) ** 2) / 2, size + np.log1p(np.exp(-2 * size)) - np.log(2))
        decay = np.exp(-2 * size)
        return kappa, self.sigma * np.tanh(s), self.sigma**2 * 4 * decay / (1 + decay) ** 2


class Uniform(_Independent):
    """Independent coordinates uniform on [−a, a], a = `half_width`: κ = log(sinh(av)/(av))."""

    # log(sinh s / s) = Σ_n c_n s^{2n}, |s| < π (Euler's product for sinh); used where the closed form cancels.
    _TERMS = np.arange(1, 13)
    _SERIES = -((-1.0) ** _TERMS) * zeta(2 * _TERMS) / (_TERMS * np.pi ** (2.0 * _TERMS))

    def __init__(self, half_width: float) -> None:
        self.half_width = self.bound = _positive("half_width", half_width)

    def __repr__(self) -> str:
        return f"Uniform({self.half_width:g})"

    def draw(self, rng: np.random.Generator, out: Array) -> None:
        """Draw 2a (u − ½)."""
        np.subtract(rng.random(out.shape), 0.5, out)
        out *= 2 * self.half_width

    def _kappa(self, v: Array) -> tuple[Array, Array, Array]:
        a, s = self.half_width, np.abs(self.half_width * v)
        power = 2 * self._TERMS
        small = np.minimum(s, 0.5)[..., None]
        series = [
            (self._SERIES * small**power).sum(axis=-1),
            (self._SERIES * power * small ** (power - 1)).sum(axis=-1),
            (self._SERIES * power * (power - 1) * small ** (power - 2)).sum(axis=-1),
        ]
        t = np.maximum(s, 0.5)
        decay = np.exp(-2 * t)
        closed = [
            t - np.log(2 * t) + np.log1p(-decay),
            (1 + decay) / (1 - decay) - 1 / t,
            1 / t**2 - 4 * decay / (1 - decay) ** 2,
        ]
        kappa, first, second = (np.where(s < 0.5, near, far) for near, far in zip(series, closed, strict=True))
        return kappa, a * np.sign(v) * first, a**2 * second


class TruncatedGaussian(_Independent):
    """Independent coordinates N(0, σ²) conditioned on |z| ≤ `radius`.

    The cumulant function is a Gauss–Legendre sum over the part of [−radius, radius] where e^{vz} times the density is not
    negligible: the integrand is entire there, and 96 nodes give rounding accuracy for every v.
    """

    _NEGLIGIBLE = 45.0  # e^{−45} = 3e-20 of the peak
    _NODE, _WEIGHT = np.polynomial.legendre.leggauss(96)

    def __init__(self, sigma: float, radius: float) -> None:
        self.sigma, self.radius = _positive("sigma", sigma), _positive("radius", radius)
        self.bound = self.radius

    def __repr__(self) -> str:
        return f"TruncatedGaussian({self.sigma:g}, radius={self.radius:g})"

    def draw(self, rng: np.random.Generator, out: Array) -> None:
        """Draw by rejection: from the Gaussian, or from the uniform law where the cut is narrow."""
        out[...] = self._propose(rng, out.size).reshape(out.shape)

    def _propose(self, rng: np.random.Generator, count: int) -> Array:
        """Draw until all are accepted; the number drawn each time depends on the numbers alone."""
        if self.radius > self.sigma:
            z = standard_normal(rng, np.empty(count), self.sigma)
            again = np.flatnonzero(np.abs(z) > self.radius)
        else:
            z = self.radius * (2 * rng.random(count) - 1)
            again = np.flatnonzero(rng.random(count) > np.exp(-((z / self.sigma) ** 2) / 2))
        if again.size:
            z[again] = self._propose(rng, again.size)
        return z

    def _kappa(self, v: Array) -> tuple[Array, Array, Array]:
        """Integrate the tilted density. Near v = 0 sinh avoids cancellation: κ = log1p(2 E sinh²(vZ/2)), κ′ = E Z sinh / E cosh."""
        mass, _, _, z, weight = self._tilted(np.zeros(1))
        size = np.abs(v)
        log_mass, mean, variance, _, _ = self._tilted(size)
        near = np.minimum(size, 1 / min(self.radius, 10 * self.sigma))
        odd = np.sinh(near[..., None] * z / 2)
        growth = 2 * (weight * odd**2).sum(axis=-1)
        slope = 2 * (weight * z * odd * np.sqrt(1 + odd**2)).sum(axis=-1) / (1 + growth)  # sinh 2a = 2 sinh a cosh a
        small = size == near
        return np.where(small, np.log1p(growth), log_mass - mass), np.sign(v) * np.where(small, slope, mean), variance

    def _tilted(self, v: Array) -> tuple[Array, Array, Array, Array, Array]:
        """Return log ∫ e^{vz − z²/2σ²} dz, the mean and the variance of that law, its nodes and weights; v ≥ 0."""
        s2, r = self.sigma**2, self.radius
        peak = np.minimum(s2 * v, r)
        slope = v - peak / s2  # > 0 where the peak is at the edge
        reach = 2 * self._NEGLIGIBLE / (slope + np.sqrt(slope**2 + 2 * self._NEGLIGIBLE / s2))
        left, right = np.minimum(reach, peak + r), np.minimum(reach, r - peak)
        half = (left + right)[..., None] / 2
        w = half * (self._NODE + 1) - left[..., None]  # z − peak
        weight = half * self._WEIGHT * np.exp(slope[..., None] * w - w**2 / (2 * s2))
        mass = weight.sum(axis=-1)
        weight /= mass[..., None]
        mean = (weight * w).sum(axis=-1)
        variance = (weight * (w - mean[..., None]) ** 2).sum(axis=-1)
        return v * peak - peak**2 / (2 * s2) + np.log(mass), peak + mean, variance, peak[..., None] + w, weight


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
