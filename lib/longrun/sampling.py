"""The noise of sampling the terms of an empirical risk of a linear prediction, at the price of matrix products (slide "ERM").

Z(θ; ω) = ∇ℓ(ξ_ω) − mean ∇ℓ, so that ∇f + Z is the sampled gradient; the slide prints the opposite sign.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.finite_sum import FiniteSum, tilted
from longrun.landscapes import Landscape
from longrun.risk import Risk

Array = NDArray[np.float64]


class Sampling(FiniteSum):
    """The noise of sampling `batch` terms of a `Risk`: `FiniteSum` of its gradients, at the price of matrix products.

    Where the landscape is the risk itself, a step of SGD computes the sampled gradient only: ∇f drops out of ∇f + Z.
    """

    def __init__(self, risk: Risk, batch: int, *, replace: bool = True) -> None:
        super().__init__(risk.gradients, batch, replace=replace, jacobians=risk.jacobians)
        self.risk = risk
        self._enough(len(risk.features))

    def empty(self, steps: int, chains: int, dim: int) -> NDArray[np.intp]:
        """Return room for sample indices, (steps, batch, chains)."""
        if dim != self.risk.features.shape[1]:
            raise ValueError(f"points of dimension {dim}: the risk has {self.risk.features.shape[1]} features")
        self._m = len(self.risk.features)
        return np.empty((steps, self.batch, chains), dtype=np.intp)

    def at(self, x: Array, omega: NDArray[np.intp]) -> Array:
        """Return the mean over the batch minus the mean over all samples."""
        out = np.empty_like(x)
        return self._picker(x, out)(omega) - self.risk.grad(x)

    def stepper(self, landscape: Landscape, x: Array, out: Array) -> Callable[[NDArray[np.intp]], Array]:
        """Return a function of ω that writes ∇f + Z to `out`: the sampled gradient, if `landscape` is the risk itself."""
        same = landscape.grad == self.risk.grad
        return self._picker(x, out) if same else super().stepper(landscape, x, out)

    def _picker(self, x: Array, out: Array) -> Callable[[NDArray[np.intp]], Array]:
        """Return a function of ω (n, batch) that writes the mean of the sampled ∇ℓ_i at x to `out`."""
        risk, table = self.risk, self.risk.table
        columns, flat = x.T, out.T
        picked = np.empty((len(table), self.batch, len(x)))
        a, y = picked[:-1], picked[-1]

        def mean(omega: NDArray[np.intp]) -> Array:
            table.take(omega.T, axis=1, out=picked, mode="clip")  # the mode that needs no buffer
            slope = risk.loss.slope(np.einsum("dbn,dn->bn", a, columns), y)
            np.einsum("dbn,bn->dn", a, slope, out=flat)
            if self.batch > 1:
                np.divide(flat, self.batch, flat)
            np.add(flat, risk.weight_decay * columns, flat)
            return out

        return mean

    def _exponents_of(self, x: ArrayLike, v: ArrayLike) -> tuple[Array, Array, Array]:
        """Return ∂φ_i, ⟨v, a_i⟩ and ⟨v, d_i⟩/batch (mean 0), each (..., m)."""
        slopes, along = self.risk.slopes(np.asarray(x, dtype=float)), np.asarray(v, dtype=float) @ self.risk.columns
        a = slopes * along
        a -= a.mean(axis=-1, keepdims=True)
        return slopes, along, a / self.batch

    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return H."""
        return self.batch * tilted(self._exponents_of(x, v)[2])[0] if self.replace else super().cgf(x, v)

    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the mean of Z under the law tilted by exp⟨v, Z⟩."""
        if not self.replace:
            return super().cgf_grad(x, v)
        slopes, _, a = self._exponents_of(x, v)
        return (tilted(a)[1] * slopes) @ self.risk.features

    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the covariance of Z under the tilted law."""
        return self.cgf_jet(x, v)[2] if self.replace else super().cgf_hess(x, v)

    def cgf_jet(self, x: ArrayLike, v: ArrayLike) -> tuple[Array, Array, Array]:
        """Return H, ∂H/∂v and ∂²H/∂v² from one set of exponents."""
        if not self.replace:
            return super().cgf_jet(x, v)
        slopes, _, a = self._exponents_of(x, v)
        log_mean, tilt = tilted(a)
        weight = tilt + 1 / a.shape[-1]
        mean = (weight * slopes) @ self.risk.features
        square = self.risk.weighted_squares(weight * slopes * slopes)
        hess = (square - mean[..., :, None] * mean[..., None, :]) / self.batch
        return self.batch * log_mean, (tilt * slopes) @ self.risk.features, hess

    def cgf_grad_x(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the mean of ∂⟨v, Z⟩/∂x under the tilted law."""
        if not self.replace:
            return super().cgf_grad_x(x, v)
        _, along, a = self._exponents_of(x, v)
        curvature = self.risk.loss.curvature(np.asarray(x, dtype=float) @ self.risk.columns, self.risk.targets)
        return (tilted(a)[1] * curvature * along) @ self.risk.features

    def curvatures(self, landscape: Landscape, x: Array, p: Array) -> tuple[Array, Array] | None:
        """Return ∂²𝓗/∂x² and ∂²𝓗/∂p∂x, where the landscape is the risk itself: sums of a_i a_iᵀ again.

        𝓗 = batch · log mean exp(α_i ∂φ_i/batch) + λ-terms with α_i = −⟨p, a_i⟩: the full gradient has dropped out.
        """
        if not self.replace or landscape.grad != self.risk.grad:
            return None
        risk, h = self.risk, 1e-5
        u = x @ risk.columns
        slope, bend = risk.loss.slope(u, risk.targets), risk.loss.curvature(u, risk.targets)
        third = (risk.loss.curvature(u + h, risk.targets) - risk.loss.curvature(u - h, risk.targets)) / (2 * h)
        alpha = -p @ risk.columns
        a = alpha * slope
        weight = tilted((a - a.mean(axis=-1, keepdims=True)) / self.batch)[1] + 1 / a.shape[-1]
        change = alpha * bend
        mean_change, mean_slope = (weight * change) @ risk.features, (weight * slope) @ risk.features
        xx = risk.weighted_squares(weight * (alpha * third + change**2 / self.batch))
        vx = risk.weighted_squares(weight * (bend + slope * change / self.batch))
        xx -= mean_change[:, :, None] * mean_change[:, None, :] / self.batch
        vx -= mean_slope[:, :, None] * mean_change[:, None, :] / self.batch
        return xx, -vx - risk.weight_decay * np.eye(x.shape[-1])

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the largest ⟨v, d_i⟩."""
        return self.batch * self._exponents_of(x, v)[2].max(axis=-1) if self.replace else super().support(x, v)
