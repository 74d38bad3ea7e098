"""The noise of sampling data points: finite sums, with and without replacement."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.batches import batches
from longrun.randomness import Noise

Array = NDArray[np.float64]


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
        return self._enough(int(shape[-2]))

    def _enough(self, m: int) -> int:
        """Return m, or say that so many samples cannot be drawn from m."""
        if not self.replace and self.batch > m:
            raise ValueError(f"batch = {self.batch}: at most the {m} samples can be drawn without replacement")
        return m

    def empty(self, steps: int, chains: int, dim: int) -> NDArray[np.intp]:
        """Return room for sample indices, (steps, batch, chains)."""
        self._m = self.samples(np.zeros(dim))
        return np.empty((steps, self.batch, chains), dtype=np.intp)

    def draw(self, rng: np.random.Generator, out: NDArray[np.intp]) -> None:
        """Draw sample indices."""
        if self.replace:
            out[...] = rng.integers(self._m, size=out.shape)
        else:
            steps, _, chains = out.shape
            order = rng.random((steps, chains, self._m)).argpartition(self.batch - 1, axis=-1)
            out[...] = order[..., : self.batch].transpose(0, 2, 1)

    def at(self, x: Array, omega: NDArray[np.intp]) -> Array:
        """Return the mean over the batch minus the mean over all samples."""
        g = self.gradients(x)
        return np.take_along_axis(g, omega[..., None], axis=-2).mean(axis=-2) - g.mean(axis=-2)

    def _exponents(self, x: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
        """Return d_i = ∇ℓ_i − mean (..., m, d) and a_i = ⟨v, d_i⟩/batch (..., m), whose mean over i is 0."""
        v = np.asarray(v, dtype=float)
        g = np.asarray(self.gradients(np.asarray(x, dtype=float)), dtype=float)
        self._enough(g.shape[-2])
        d = g - g.mean(axis=-2, keepdims=True)
        a = (d @ v[..., None])[..., 0] / self.batch
        return d, a - a.mean(axis=-1, keepdims=True)

    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return batch · log mean exp a_i; without replacement the logarithm of the mean of exp Σ a_i over all batches."""
        _, a = self._exponents(x, v)
        if not self.replace:
            return batches(a, np.zeros((*a.shape, 0)), self.batch)[0]
        return self.batch * tilted(a)[0]

    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the mean of Z under the law tilted by exp⟨v, Z⟩."""
        d, a = self._exponents(x, v)
        if not self.replace:
            return batches(a, d / self.batch, self.batch, cov=False)[1]
        return (tilted(a)[1][..., None] * d).sum(axis=-2)

    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the covariance of Z under the tilted law."""
        d, a = self._exponents(x, v)
        if not self.replace:
            return batches(a, d / self.batch, self.batch)[2]
        w = tilted(a)[1] + 1 / a.shape[-1]
        c = d - (w[..., None] * d).sum(axis=-2, keepdims=True)
        return np.swapaxes(w[..., None] * c, -1, -2) @ c / self.batch

    def cgf_jet(self, x: ArrayLike, v: ArrayLike) -> tuple[Array, Array, Array]:
        """Return H, ∂H/∂v and ∂²H/∂v²; without replacement from one pass over the samples."""
        if self.replace:
            return super().cgf_jet(x, v)
        d, a = self._exponents(x, v)
        return batches(a, d / self.batch, self.batch)

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
            return batches(a, slope / self.batch, self.batch, cov=False)[1]
        return (tilted(a)[1][..., None] * slope).sum(axis=-2)

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the largest ⟨v, d_i⟩; without replacement the mean of the `batch` largest."""
        _, a = self._exponents(x, v)
        count = 1 if self.replace else self.batch
        return self.batch * np.sort(a, axis=-1)[..., -count:].mean(axis=-1)


def tilted(a: Array) -> tuple[Array, Array]:
    """Return log mean exp a_i (...) and exp(a_i)/Σ exp a − 1/m (..., m), for a_i of mean 0.

    To relative accuracy also when all a_i are small: mean exp a = 1 + mean(exp a − 1 − a), without cancellation.
    """
    m, flat = a.shape[-1], a.reshape(-1, a.shape[-1])
    near = flat.max(axis=-1) < 1
    log_mean, tilt = np.empty(len(flat)), np.empty_like(flat)
    for chosen, part in ((near, _tilted_near), (~near, _tilted_far)):
        if chosen.all():
            log_mean, tilt = part(flat)
        elif chosen.any():
            log_mean[chosen], tilt[chosen] = part(flat[chosen])
    return log_mean.reshape(a.shape[:-1]), (tilt / m).reshape(a.shape)


def _tilted_near(a: Array) -> tuple[Array, Array]:
    rise = np.expm1(a)
    excess = _exp_tail(a, rise).mean(axis=-1)
    return np.log1p(excess), (rise - excess[:, None]) / (1 + excess[:, None])


def _tilted_far(a: Array) -> tuple[Array, Array]:
    top = a.max(axis=-1)
    share = np.exp(a - top[:, None])
    mean = share.mean(axis=-1)
    return top + np.log(mean), share / mean[:, None] - 1


def _exp_tail(a: Array, rise: Array) -> Array:
    """Return exp(a) − 1 − a for rows a, given exp(a) − 1: a row whose entries are all small by its series."""
    tail = rise - a
    small = np.abs(a).max(axis=-1) < 0.03
    if small.any():  # the next term is 0.03⁷/20160·2 of the first, 2e-15
        b = a[small]
        tail[small] = b * b * (0.5 + b * (1 / 6 + b * (1 / 24 + b * (1 / 120 + b * (1 / 720 + b / 5040)))))
    return tail
