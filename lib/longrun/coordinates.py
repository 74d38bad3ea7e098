"""Noises whose coordinates are independent and equally distributed: signs, uniform, truncated Gaussian."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import zeta

from longrun.normals import standard_normal
from longrun.randomness import Noise, positive

Array = NDArray[np.float64]


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

    def cgf_jet(self, x: ArrayLike, v: ArrayLike) -> tuple[Array, Array, Array]:
        """Return H, ∂H/∂v and ∂²H/∂v² from one evaluation of κ."""
        kappa, first, second = (self._at_points(x, part) for part in self._kappa(np.asarray(v, dtype=float)))
        return kappa.sum(axis=-1), first, second[..., None] * np.eye(second.shape[-1])

    def cov(self, x: ArrayLike) -> Array:
        """Return κ″(0) I."""
        shape = np.shape(x)
        variance = float(self._kappa(np.zeros(1))[2][0])
        return np.broadcast_to(variance * np.eye(shape[-1]), (*shape, shape[-1])).copy()

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return bound · Σ |v_i|."""
        return self._at_points(x, self.bound * np.abs(np.asarray(v, dtype=float))).sum(axis=-1)

    @staticmethod
    def _at_points(x: ArrayLike, coordinates: Array) -> Array:
        return np.broadcast_to(coordinates, np.broadcast_shapes(np.shape(x), coordinates.shape)).copy()


class Rademacher(_Independent):
    """Independent coordinates ±σ with probability ½ each: κ = log cosh σv."""

    def __init__(self, sigma: float) -> None:
        self.sigma = self.bound = positive("sigma", sigma)

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
        self.half_width = self.bound = positive("half_width", half_width)

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
        self.sigma, self.radius = positive("sigma", sigma), positive("radius", radius)
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
