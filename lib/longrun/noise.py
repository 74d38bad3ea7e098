"""Gradient noises Z(x; ω): how they are drawn, and their cumulant generating functions H(x, v) = log E exp⟨v, Z(x; ω)⟩.

Slides "blanket assumptions" and "key ingredient: large deviations for SGD". Every noise has mean zero.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bernoulli, comb, factorial

from longrun.landscapes import jacobian
from longrun.normals import standard_normal

Array = NDArray[np.float64]


class Noise(ABC):
    """What SGD adds to the gradient: randomness ω drawn beforehand (`draw`), and Z(x; ω) (`at`).

    Points x and dual vectors v have shape (..., d) and broadcast against each other.
    """

    @abstractmethod
    def draw(self, rng: np.random.Generator, steps: int, chains: int, dim: int) -> Array:
        """Draw ω for a number of steps of an ensemble: (steps, chains, q); q = d unless the noise says otherwise."""

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
        return np.array(self.at(flat, self.draw(rng, 1, *flat.shape)[0])).reshape(x.shape)


def columns_of(rows: Array) -> Array:
    """See (steps, q, chains) memory as (steps, chains, q): each coordinate of an ensemble is contiguous."""
    return rows.transpose(0, 2, 1)


def _positive(name: str, value: float) -> float:
    if not (np.ndim(value) == 0 and np.isfinite(value) and value > 0):
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

    def __init__(
        self, sigma: float | Callable[[Array], Array], sigma_grad: Callable[[Array], Array] | None = None
    ) -> None:
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
        if np.any(scale < 0):
            raise ValueError(f"sigma(x) = {scale.min():g}: a standard deviation ≥ 0 is needed")
        return scale

    def draw(self, rng: np.random.Generator, steps: int, chains: int, dim: int) -> Array:
        """Draw normal ω, already scaled where σ is a constant."""
        return columns_of(standard_normal(rng, (steps, dim, chains), 1.0 if callable(self.sigma) else self.sigma))

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

    def draw(self, rng: np.random.Generator, steps: int, chains: int, dim: int) -> Array:
        """Draw signs times σ, one random bit each."""
        count = steps * dim * chains
        bits = np.unpackbits(np.frombuffer(rng.bytes((count + 7) // 8), dtype=np.uint8), count=count)
        return columns_of(np.array([-self.sigma, self.sigma])[bits].reshape(steps, dim, chains))

    def _kappa(self, v: Array) -> tuple[Array, Array, Array]:
        s = self.sigma * v
        size = np.abs(s)
        near = np.minimum(size, 1.0)
        kappa = np.where(size < 1, np.log1p(np.sinh(near) ** 2) / 2, size + np.log1p(np.exp(-2 * size)) - np.log(2))
        decay = np.exp(-2 * size)
        return kappa, self.sigma * np.tanh(s), self.sigma**2 * 4 * decay / (1 + decay) ** 2


class Uniform(_Independent):
    """Independent coordinates uniform on [−a, a], a = `half_width`: κ = log(sinh(av)/(av))."""

    # log(sinh s / s) = Σ_n c_n s^{2n}, |s| < π; used where the closed form cancels.
    _TERMS = np.arange(1, 13)
    _SERIES = 4.0**_TERMS * bernoulli(24)[2::2] / (2 * _TERMS * factorial(2 * _TERMS))

    def __init__(self, half_width: float) -> None:
        self.half_width = self.bound = _positive("half_width", half_width)

    def __repr__(self) -> str:
        return f"Uniform({self.half_width:g})"

    def draw(self, rng: np.random.Generator, steps: int, chains: int, dim: int) -> Array:
        """Draw a (2u − 1)."""
        u = rng.random((steps, dim, chains))
        u -= 0.5
        u *= 2 * self.half_width
        return columns_of(u)

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

    Its cumulant function is a Gauss–Legendre sum over [0, radius]: the density is symmetric and entire, so 96 nodes give
    rounding accuracy as long as radius ≤ 40 σ.
    """

    def __init__(self, sigma: float, radius: float) -> None:
        self.sigma, self.radius = _positive("sigma", sigma), _positive("radius", radius)
        if radius > 40 * sigma:
            raise ValueError(f"radius = {radius!r}: at most 40 sigma = {40 * sigma:g}; use Gaussian beyond")
        self.bound = self.radius
        node, weight = np.polynomial.legendre.leggauss(96)
        self._node = self.radius * (node + 1) / 2
        self._weight = weight * np.exp(-((self._node / self.sigma) ** 2) / 2)
        self._weight /= self._weight.sum()

    def __repr__(self) -> str:
        return f"TruncatedGaussian({self.sigma:g}, radius={self.radius:g})"

    def draw(self, rng: np.random.Generator, steps: int, chains: int, dim: int) -> Array:
        """Draw by rejection: from the Gaussian, or from the uniform law where the cut is narrow."""
        z = self._propose(rng, steps * dim * chains)
        return columns_of(z.reshape(steps, dim, chains))

    def _propose(self, rng: np.random.Generator, count: int) -> Array:
        """Draw until all are accepted; the number drawn each time depends on the numbers alone."""
        if self.radius > self.sigma:
            z = standard_normal(rng, (count,), self.sigma)
            again = np.flatnonzero(np.abs(z) > self.radius)
        else:
            z = self.radius * (2 * rng.random(count) - 1)
            again = np.flatnonzero(rng.random(count) > np.exp(-((z / self.sigma) ** 2) / 2))
        if again.size:
            z[again] = self._propose(rng, again.size)
        return z

    def _kappa(self, v: Array) -> tuple[Array, Array, Array]:
        """E cosh(vZ) and its derivatives; κ = log1p(2 E sinh²(vZ/2)) has no cancellation near v = 0."""
        size, z, w = np.abs(v)[..., None], self._node, self._weight
        near = np.log1p(2 * (w * np.sinh(np.minimum(size, 1 / self.radius) * z / 2) ** 2).sum(axis=-1))
        # e^{−|v| radius} cosh and sinh, so that nothing overflows
        rise, fall = np.exp(size * (z - self.radius)), np.exp(-size * (z + self.radius))
        cosh, sinh = (rise + fall) / 2, -rise * np.expm1(-2 * size * z) / 2
        mean_cosh = (w * cosh).sum(axis=-1)
        first = (w * z * sinh).sum(axis=-1) / mean_cosh
        second = (w * z * z * cosh).sum(axis=-1) / mean_cosh - first**2
        size = size[..., 0]
        kappa = np.where(size * self.radius < 1, near, size * self.radius + np.log(mean_cosh))
        return kappa, np.sign(v) * first, second


@dataclass(frozen=True)
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
        r = np.asarray(self.matrix, dtype=float)
        if r.ndim != 2 or r.shape[0] != r.shape[1] or not np.all(np.isfinite(r)) or abs(np.linalg.det(r)) < 1e-12:
            raise ValueError(f"matrix = {self.matrix!r}: a finite invertible square matrix is needed")
        object.__setattr__(self, "matrix", r)

    def draw(self, rng: np.random.Generator, steps: int, chains: int, dim: int) -> Array:
        """Draw the ω of W."""
        if dim != len(self.matrix):
            raise ValueError(f"matrix has {len(self.matrix)} rows: points of dimension {dim} need as many")
        return self.noise.draw(rng, steps, chains, dim)

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


class FiniteSum(Noise):
    """Z = mean of sampled ∇ℓ_i − mean of all: what sampling `batch` of m data points adds to the gradient.

    Slide "blanket assumptions", regularised ERM; with the sign that makes ∇f + Z the sampled gradient.

    Parameters
    ----------
    gradients : callable
        Per-sample gradients, x (..., d) → (..., m, d). A common part (weight decay) may be left out: it cancels.
    batch : int
        Number of samples per step.
    replace : bool
        Whether a sample may be drawn twice.
    jacobians : callable, optional
        Their derivatives, (..., d) → (..., m, d, d) with [..., i, j, k] = ∂_k of component j of ∇ℓ_i. Default: differences.
    """

    def __init__(
        self,
        gradients: Callable[[Array], Array],
        batch: int,
        *,
        replace: bool = True,
        jacobians: Callable[[Array], Array] | None = None,
    ) -> None:
        if isinstance(batch, bool) or not isinstance(batch, (int, np.integer)) or batch < 1:
            raise ValueError(f"batch = {batch!r}: an integer ≥ 1 is needed")
        self.gradients, self.batch, self.replace, self._jacobians = gradients, int(batch), replace, jacobians

    def __repr__(self) -> str:
        return f"FiniteSum(batch={self.batch}{'' if self.replace else ', replace=False'})"

    def samples(self, x: ArrayLike) -> int:
        """Return the number m of samples, checking `gradients` and `batch` against it."""
        x = np.asarray(x, dtype=float)
        shape = np.shape(self.gradients(x))
        if len(shape) != x.ndim + 1 or shape[:-2] != x.shape[:-1] or shape[-1] != x.shape[-1]:
            raise ValueError(f"gradients(x) has shape {shape}: points of shape {x.shape} need (..., m, {x.shape[-1]})")
        if not self.replace and self.batch > shape[-2]:
            raise ValueError(f"batch = {self.batch}: at most the {shape[-2]} samples can be drawn without replacement")
        return int(shape[-2])

    def draw(self, rng: np.random.Generator, steps: int, chains: int, dim: int) -> Array:
        """Draw sample indices, an integer array (steps, chains, batch)."""
        m = self.samples(np.zeros(dim))
        if self.replace:
            return rng.integers(m, size=(steps, chains, self.batch))  # type: ignore[return-value]
        order = rng.random((steps, chains, m)).argpartition(self.batch - 1, axis=-1)
        return order[..., : self.batch]  # type: ignore[return-value]

    def at(self, x: Array, omega: Array) -> Array:
        """Return the mean over the batch minus the mean over all samples."""
        g = self.gradients(x)
        return np.take_along_axis(g, omega[..., None].astype(np.intp), axis=-2).mean(axis=-2) - g.mean(axis=-2)

    def _exponents(self, x: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
        """Return d_i = ∇ℓ_i − mean (..., m, d) and a_i = ⟨v, d_i⟩/batch (..., m), whose mean over i is 0."""
        v = np.asarray(v, dtype=float)
        g = np.asarray(self.gradients(np.asarray(x, dtype=float)), dtype=float)
        d = g - g.mean(axis=-2, keepdims=True)
        a = (d @ v[..., None])[..., 0] / self.batch
        return d, a - a.mean(axis=-1, keepdims=True)

    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return batch · log mean exp a_i; without replacement the logarithm of the mean of exp Σ a_i over all batches."""
        _, a = self._exponents(x, v)
        if not self.replace:
            return _batches(a, np.zeros((*a.shape, 0)), self.batch)[0]
        top = np.maximum(a.max(axis=-1), 0)
        # mean exp a = 1 + mean(exp a − 1 − a) because the a_i have mean 0: no cancellation at small v
        near = np.log1p(_exp_tail(np.where(top[..., None] < 1, a, 0)).mean(axis=-1))
        far = top + np.log(np.exp(a - top[..., None]).mean(axis=-1))
        return self.batch * np.where(top < 1, near, far)

    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the mean of Z under the law tilted by exp⟨v, Z⟩."""
        d, a = self._exponents(x, v)
        if not self.replace:
            return _batches(a, d / self.batch, self.batch)[1]
        return (self._tilt(a)[..., None] * d).sum(axis=-2)

    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the covariance of Z under the tilted law."""
        d, a = self._exponents(x, v)
        if not self.replace:
            return _batches(a, d / self.batch, self.batch)[2]
        w = self._tilt(a) + 1 / a.shape[-1]
        c = d - (w[..., None] * d).sum(axis=-2, keepdims=True)
        return np.swapaxes(w[..., None] * c, -1, -2) @ c / self.batch

    @staticmethod
    def _tilt(a: Array) -> Array:
        """Return exp(a_i)/Σ exp a − 1/m, to relative accuracy when all a are small."""
        shift = np.exp(a - a.max(axis=-1, keepdims=True))
        mean = np.exp(np.minimum(a, 1)).mean(axis=-1, keepdims=True)
        near = (np.expm1(np.minimum(a, 1)) - _exp_tail(np.minimum(a, 1)).mean(axis=-1, keepdims=True)) / (a.shape[-1] * mean)
        far = shift / shift.sum(axis=-1, keepdims=True) - 1 / a.shape[-1]
        return np.where(a.max(axis=-1, keepdims=True) < 1, near, far)

    def cgf_grad_x(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the mean of ∂⟨v, Z⟩/∂x under the tilted law."""
        x, v = np.asarray(x, dtype=float), np.asarray(v, dtype=float)
        _, a = self._exponents(x, v)
        if self._jacobians is not None:
            slope = np.einsum("...mjk,...j->...mk", self._jacobians(x), v)
        else:
            step = np.finfo(float).eps ** (1 / 3) * (1 + np.abs(x))
            rise = [self.gradients(x + step * e) - self.gradients(x - step * e) for e in np.eye(x.shape[-1])]
            slope = np.stack([(r @ v[..., None])[..., 0] for r in rise], axis=-1) / (2 * step[..., None, :])
        slope = slope - slope.mean(axis=-2, keepdims=True)
        if not self.replace:
            return _batches(a, slope / self.batch, self.batch)[1]
        return (self._tilt(a)[..., None] * slope).sum(axis=-2)

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the largest ⟨v, d_i⟩; without replacement the mean of the `batch` largest."""
        _, a = self._exponents(x, v)
        count = 1 if self.replace else self.batch
        return self.batch * np.sort(a, axis=-1)[..., -count:].mean(axis=-1)


def _exp_tail(a: Array) -> Array:
    """Return exp(a) − 1 − a without cancellation, for a ≤ 1."""
    small = np.where(np.abs(a) < 0.3, a, 0.0)
    series = np.zeros_like(small)
    for k in range(14, 1, -1):
        series = (series + 1) * small / k if k > 2 else (series + 1) * small * small / 2
    return np.where(np.abs(a) < 0.3, series, np.expm1(a) - a)


def _batches(a: Array, u: Array, batch: int) -> tuple[Array, Array, Array]:
    """Moments of Σ_S u_i over batches S without repetition, weighted with exp Σ_S a_i.

    The elementary symmetric polynomials of the exp a_i, with derivatives, sample by sample: all terms are positive.

    Parameters
    ----------
    a : array (..., m)
    u : array (..., m, k)

    Returns
    -------
    log_mean : array (...)
        log of the mean of exp Σ_S a_i over all batches.
    mean : array (..., k)
    cov : array (..., k, k)
    """
    m, k = u.shape[-2:]
    top = a.max(axis=-1)
    theta = np.exp(a - top[..., None])
    shape = a.shape[:-1]
    z, s1, s2 = np.zeros((*shape, batch + 1)), np.zeros((*shape, batch + 1, k)), np.zeros((*shape, batch + 1, k, k))
    z[..., 0] = 1
    log_scale = np.zeros(shape)
    for i in range(m):
        t, v = theta[..., i, None], u[..., i, None, :]
        cross = s1[..., :-1, :, None] * v[..., None, :]
        square = v[..., :, None] * v[..., None, :]
        s2[..., 1:, :, :] += t[..., None, None] * (
            s2[..., :-1, :, :] + cross + np.swapaxes(cross, -1, -2) + z[..., :-1, None, None] * square
        )
        s1[..., 1:, :] += t[..., None] * (s1[..., :-1, :] + z[..., :-1, None] * v)
        z[..., 1:] += t * z[..., :-1]
        size = z.max(axis=-1)
        z /= size[..., None]
        s1 /= size[..., None, None]
        s2 /= size[..., None, None, None]
        log_scale += np.log(size)
    mean = s1[..., -1, :] / z[..., -1, None]
    cov = s2[..., -1, :, :] / z[..., -1, None, None] - mean[..., :, None] * mean[..., None, :]
    log_mean = batch * top + log_scale + np.log(z[..., -1]) - np.log(comb(m, batch))
    return log_mean, mean, cov
