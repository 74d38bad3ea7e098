"""Regularised empirical risk f(θ) = mean φ(⟨a_i, θ⟩, y_i) + ½ λ|θ|², and the noise of sampling its terms (slide "ERM").

Z(θ; ω) = ∇ℓ(ξ_ω) − mean ∇ℓ, so that ∇f + Z is the sampled gradient; the slide prints the opposite sign. Everything that the
path solver asks for is a product of the matrix of features, or of their outer products, with weights.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun import datasets
from longrun.finite_sum import FiniteSum, tilted
from longrun.landscapes import Landscape
from longrun.losses import Loss, geman_mcclure
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
        self.loss, self.features, self.targets = loss, a, y
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
        """
        size = np.concatenate([np.linspace(0, 20, 4001), np.geomspace(20, 1e8, 400)])[:, None] * (1 + np.abs(self.targets).max())
        least = np.minimum(size * self.loss.slope(size, self.targets), -size * self.loss.slope(-size, self.targets)).min(axis=0)
        return float(np.sqrt(1.05 * max(-least.mean(), 1e-12) / self.weight_decay))


class Sampling(FiniteSum):
    """The noise of sampling `batch` terms of a `Risk`: `FiniteSum` of its gradients, at the price of matrix products.

    Where the landscape is the risk itself, a step of SGD computes the sampled gradient only: ∇f drops out of ∇f + Z.
    """

    def __init__(self, risk: Risk, batch: int, *, replace: bool = True) -> None:
        super().__init__(risk.gradients, batch, replace=replace, jacobians=risk.jacobians)
        self.risk = risk
        if not replace and batch > len(risk.features):
            raise ValueError(f"batch = {batch}: at most the {len(risk.features)} samples can be drawn without replacement")

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


def empirical_risk(
    loss: Loss,
    features: ArrayLike,
    targets: ArrayLike,
    *,
    weight_decay: float,
    batch: int = 1,
    replace: bool = True,
    name: str | None = None,
    box: tuple[ArrayLike, ArrayLike] | None = None,
) -> tuple[Landscape, Sampling]:
    """Return f(θ) = mean φ(⟨a_i, θ⟩, y_i) + ½ λ|θ|² and the noise of estimating ∇f from `batch` terms (slide "ERM").

    Parameters
    ----------
    loss : Loss
        φ, from `longrun.losses` or of your own making.
    features : array_like, shape (m, d)
        a_i. A column of ones gives an intercept.
    targets : array_like, shape (m,)
    weight_decay : float
        λ > 0.
    batch : int
        Number of samples per step.
    replace : bool
        Whether a sample may be drawn twice in one step.
    name : str, optional
        Shown in figures and messages.
    box : pair of array_like (d,), optional
        Default: the cube around a ball outside which the gradient points outwards, so that it holds all critical points.

    Returns
    -------
    landscape : Landscape
    noise : Sampling
        A `FiniteSum`.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    risk = Risk(loss, features, targets, weight_decay)
    reach = np.full(risk.features.shape[1], risk.radius)
    title = name or f"{loss.name}, {len(risk.features)} samples"
    corners = (-reach, reach) if box is None else (np.asarray(box[0], dtype=float), np.asarray(box[1], dtype=float))
    return Landscape(title, risk.value, risk.grad, risk.hess, box=corners), Sampling(risk, batch, replace=replace)


def star_cluster(scale: float, weight_decay: float = 1e-3, batch: int = 1, *, replace: bool = True) -> tuple[Landscape, Sampling]:
    """Return the robust line through the 47 stars of CYG OB1: θ = (intercept, slope), Geman–McClure loss.

    Log light against log temperature, both standardised: t = (log T − 4.31)/0.29, y = (log L − 5.0)/0.57. The main sequence and
    the four giants give two different lines (Rousseeuw & Leroy 1987, p. 27).

    Parameters
    ----------
    scale : float
        c of the loss, in units of y.
    weight_decay, batch, replace
        As for `empirical_risk`.
    """
    stars = datasets.load("star_cluster")
    t, y = (stars["log_temperature"] - 4.31) / 0.29, (stars["log_light"] - 5.0) / 0.57
    features = np.stack([np.ones_like(t), t], axis=-1)
    name = f"star cluster, scale {scale:g}"
    return empirical_risk(geman_mcclure(scale), features, y, weight_decay=weight_decay, batch=batch, replace=replace, name=name)


def election_study(
    scale: float = 0.25, weight_decay: float = 1e-2, batch: int = 1, *, replace: bool = True
) -> tuple[Landscape, Sampling]:
    """Return the robust regression of 944 voters' own position, from left to right, on what else they said in 1996.

    d = 9: intercept, log(population + 0.1), days of TV news a week, where they see Clinton and Dole, party, age, education, income;
    all standardised, and so is the target. Geman–McClure loss. The answer is one of seven numbers, and a robust line can settle
    on one of them or follow the party: three minima at the default scale and decay.

    Parameters
    ----------
    scale : float
        c of the loss, in standard deviations of the target.
    weight_decay, batch, replace
        As for `empirical_risk`.
    """
    columns = datasets.load("election_study")
    y = columns.pop("own_position")
    del columns["vote"]  # the outcome that the study asks about
    columns["population"] = np.log(columns["population"] + 0.1)
    features = np.stack([np.ones_like(y), *((x - x.mean()) / x.std() for x in columns.values())], axis=-1)
    y = (y - y.mean()) / y.std()
    name = f"election study, scale {scale:g}"
    return empirical_risk(geman_mcclure(scale), features, y, weight_decay=weight_decay, batch=batch, replace=replace, name=name)
