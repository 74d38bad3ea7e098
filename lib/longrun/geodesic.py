"""Newton's method for the curve of least cost ∫ ℓ(γ, γ′) du between two points.

The derivatives of ℓ are those of the envelope theorem, ∂ℓ/∂v = p and ∂ℓ/∂x = −μ ∂𝓗/∂x with v = μ ∂𝓗/∂p; the second ones come
from differentiating these conditions. ℓ does not see how a curve is parametrised: a least-squares term that vanishes when the
speed follows the profile of `spectral` fixes it, without moving the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh

from longrun.hamiltonian import dot, field_of, push
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import Basis, basis, modes_at, profile_at

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve from `start` to `end` with its cost.

    Attributes
    ----------
    start, end : arrays (d,)
    coefficients : array (n, d)
    slow : pair of bool
        Which ends are critical points.
    cost : float
        ∫ℓ; inf if the curve cannot be climbed, or not be evaluated.
    scale : float
        What the same curve costs when driven against the drift: the unit of tolerances.
    decrement : float
        Newton decrement: by how much the cost may still fall with these modes.
    momentum : array (q, d), or None
        At the quadrature nodes.
    error : float
        max |μ𝓗| at the nodes.
    """

    start: Array
    end: Array
    coefficients: Array
    slow: tuple[bool, bool]
    cost: float = np.inf
    scale: float = np.inf
    decrement: float = np.inf
    momentum: Array | None = None
    error: float = np.inf

    @property
    def modes(self) -> int:
        """Number n of modes."""
        return len(self.coefficients)

    def at(self, u: Array) -> tuple[Array, Array]:
        """Return γ(u) and γ′(u)."""
        return self._sum(*modes_at(u, self.modes), *profile_at(u, *self.slow))

    def on(self, b: Basis) -> tuple[Array, Array]:
        """Return γ and γ′ at the nodes of a basis."""
        return self._sum(b.mode, b.slope, b.profile, b.density)

    def _sum(self, mode: Array, slope: Array, profile: Array, density: Array) -> tuple[Array, Array]:
        chord = self.end - self.start
        return (
            self.start + profile[:, None] * chord + mode @ self.coefficients,
            density[:, None] * chord + slope @ self.coefficients,
        )

    def refined(self, modes: int) -> Curve:
        """Return the same curve with more modes (the basis is hierarchical), not yet evaluated."""
        padded = np.zeros((modes, len(self.start)))
        padded[: self.modes] = self.coefficients
        return Curve(self.start, self.end, padded, self.slow)


@dataclass(frozen=True, eq=False)
class _Local:
    """Everything at the quadrature nodes of one curve."""

    x: Array
    v: Array
    p: Array
    pace: Array
    push_x: Array
    cost: float
    scale: float
    gauge: Array
    stiffness: float

    @property
    def objective(self) -> float:
        return self.cost + 0.5 * float(self.gauge @ self.gauge)


def nodes_for(modes: int) -> int:
    """Return the number of quadrature nodes used with so many modes."""
    return 2 * modes + 16


def minimise(
    landscape: Landscape, noise: Noise, curve: Curve, *, tol: float, steps: int = 60, stiffness: float | None = None
) -> Curve:
    """Lower the cost of a curve by damped Newton steps (Levenberg) until the decrement is below tol · scale.

    At a saddle of the cost — a symmetric path that splits, say — it moves on along the direction of negative curvature.

    Returns
    -------
    Curve
        With `cost`, `decrement`, `momentum` filled in; `cost` is inf if already the first curve is impassable.
    """
    b = basis(curve.modes, nodes_for(curve.modes), *curve.slow)
    here = _evaluate(landscape, noise, curve, b, None, None)
    if here is None:
        return curve
    stiffness = here.stiffness
    damping, decrement, escapes = 1e-2 * stiffness, np.inf, 0
    gradient, hessian = _derivatives(landscape, noise, here, b)
    for _ in range(steps):
        step, definite = _newton(gradient, hessian, damping)
        decrement = -0.5 * float(gradient @ step)
        small = decrement <= tol * here.scale
        if small and damping > 1e-9 * stiffness:  # judge by the undamped step
            damping = 0.0 if definite else damping
            free, convex = _newton(gradient, hessian, 0.0)
            if convex:
                step, decrement = free, -0.5 * float(gradient @ free)
                small = decrement <= tol * here.scale
            elif escapes < 3:
                escapes += 1
                there = _escape(landscape, noise, curve, b, here, hessian, stiffness)
                if there is not None:
                    curve, here = there
                    gradient, hessian = _derivatives(landscape, noise, here, b)
                    damping = 1e-2 * stiffness
                    continue
        moved = replace(curve, coefficients=curve.coefficients + step.reshape(curve.coefficients.shape))
        there = _evaluate(landscape, noise, moved, b, here.p, stiffness)
        rounding = 1e-14 * here.scale
        if there is not None and there.objective <= here.objective - 0.1 * decrement + rounding:
            curve, here = moved, there
            damping = 0.1 * damping if damping > 1e-10 * stiffness else 0.0
            if small:
                break
            gradient, hessian = _derivatives(landscape, noise, here, b)
        elif small:
            break
        else:
            damping = max(4 * damping, 1e-3 * stiffness)
            if damping > 1e8 * stiffness:
                break
    error = np.abs(here.pace * (dot(here.p, -landscape.grad(here.x)) + noise.cgf(here.x, -here.p))).max()
    return replace(curve, cost=here.cost, scale=here.scale, decrement=decrement, momentum=here.p, error=float(error))


def _evaluate(
    landscape: Landscape, noise: Noise, curve: Curve, b: Basis, guess: Array | None, stiffness: float | None
) -> _Local | None:
    """Return costs and first derivatives at the nodes, or None where the curve is impassable."""
    with np.errstate(all="ignore"):
        x, v = curve.on(b)
        drift = -landscape.grad(x)
        if not np.all(np.isfinite(drift)):
            return None
        way = push(noise, x, drift, v, guess)
        if not np.all(np.isfinite(way.cost)):
            return None
    cost = float(b.weights @ way.cost)
    speed = np.sqrt(dot(v, v))
    variance = np.trace(noise.cov(x), axis1=-2, axis2=-1) / x.shape[-1]
    scale = float(b.weights @ np.maximum(2 * np.sqrt(dot(drift, drift)) * speed / variance, way.cost))
    length = float(b.weights @ speed)
    stiffness = scale / length**2 if stiffness is None else stiffness
    gauge = np.sqrt(stiffness * b.weights) * (speed - length * b.density)
    return _Local(x, v, way.momentum, way.pace, field_of(landscape, noise, x, way.momentum), cost, scale, gauge, stiffness)


def _derivatives(landscape: Landscape, noise: Noise, at: _Local, b: Basis) -> tuple[Array, Array]:
    """Return gradient (n·d,) and Hessian of cost + gauge in the coefficients."""
    n, d = b.mode.shape[1], at.x.shape[1]
    w = b.weights
    first = b.mode.T @ (-(w * at.pace)[:, None] * at.push_x) + b.slope.T @ (w[:, None] * at.p)
    lxx, lxv, lvv = second_derivatives(landscape, noise, at.x, at.v, at.p, at.pace, at.push_x)
    both = np.concatenate([b.mode, b.slope])
    weigh = np.moveaxis(w[:, None, None] * np.stack([lxx, lxv, lvv]), 1, -1)[..., None]  # (3, d, d, q, 1)
    xx, xv, vv = weigh
    right = np.concatenate([xx * b.mode + xv * b.slope, xv.swapaxes(0, 1) * b.mode + vv * b.slope], axis=-2)
    hessian = (both.T @ right).transpose(2, 0, 3, 1).reshape(n * d, n * d)
    tangent = at.v / np.sqrt(dot(at.v, at.v))[:, None]
    speed = (b.slope[:, :, None] * tangent[:, None, :]).reshape(-1, n * d)
    jacobian = np.sqrt(at.stiffness * w)[:, None] * (speed - b.density[:, None] * (w @ speed))
    return first.ravel() + jacobian.T @ at.gauge, hessian + jacobian.T @ jacobian


def second_derivatives(
    landscape: Landscape, noise: Noise, x: Array, v: Array, p: Array, pace: Array, push_x: Array
) -> tuple[Array, Array, Array]:
    """Return ℓ_xx, ℓ_xv, ℓ_vv, each (q, d, d), from μ𝓗_p = v and 𝓗 = 0 differentiated.

    𝓗_xx and the noise's part of 𝓗_px are central differences with p fixed: the Hessian steers, it does not measure.
    """
    d = x.shape[1]
    h = 1e-5 * (1 + np.abs(x).max())
    shift = h * np.eye(d)[:, None]  # (d, 1, d): x moved along each axis
    xx = (field_of(landscape, noise, x + shift, p) - field_of(landscape, noise, x - shift, p)) / (2 * h)
    xx = np.moveaxis(xx, 0, -1)
    xx = (xx + xx.swapaxes(-1, -2)) / 2
    px = -landscape.hess(x)
    if np.any(noise.cgf_grad_x(x, -p)):
        px = px - np.moveaxis(noise.cgf_grad(x + shift, -p) - noise.cgf_grad(x - shift, -p), 0, -1) / (2 * h)
    inverse = np.linalg.inv(noise.cgf_hess(x, -p))
    g = v / pace[:, None]
    ag = np.einsum("qij,qj->qi", inverse, g)
    gag = dot(g, ag)
    mu = pace[:, None, None]
    # rows: dμ and dp for the 2d perturbations (dv, dx)
    dmu_v = ag / gag[:, None]
    dmu_x = pace[:, None] * (push_x - np.einsum("qi,qij->qj", ag, px)) / gag[:, None]
    dp_v = (inverse - ag[:, :, None] * dmu_v[:, None, :]) / mu
    dp_x = -(inverse @ px) - ag[:, :, None] * dmu_x[:, None, :] / mu
    lvx = dp_x  # ∂p/∂x: rows v, columns x
    lxx = -(push_x[:, :, None] * dmu_x[:, None, :] + mu * (px.swapaxes(-1, -2) @ dp_x + xx))
    return (lxx + lxx.swapaxes(-1, -2)) / 2, lvx.swapaxes(-1, -2), (dp_v + dp_v.swapaxes(-1, -2)) / 2


def _newton(gradient: Array, hessian: Array, damping: float) -> tuple[Array, bool]:
    """Return −(H + damping)⁻¹g and whether H + damping is positive definite; if not, damping is raised until it is."""
    definite, first = True, damping
    unit = np.abs(np.diagonal(hessian)).max()
    eye = np.eye(len(gradient))
    while True:
        try:
            return -cho_solve(cho_factor(hessian + damping * eye, check_finite=False), gradient, check_finite=False), definite
        except np.linalg.LinAlgError:
            definite = False
            damping = max(4 * damping, 1e-10 * unit, first)


def _escape(
    landscape: Landscape, noise: Noise, curve: Curve, b: Basis, here: _Local, hessian: Array, stiffness: float
) -> tuple[Curve, _Local] | None:
    """Leave a saddle of the cost along its most negative direction; None if there is none worth the name."""
    value, vector = eigh(hessian, subset_by_index=[0, 0])
    if value[0] > -1e-4 * stiffness:
        return None
    length = float(b.weights @ np.sqrt(dot(here.v, here.v)))
    best = None
    for size in (0.3, -0.3, 0.1, -0.1):
        moved = replace(
            curve, coefficients=curve.coefficients + size * length * vector[:, 0].reshape(curve.coefficients.shape)
        )
        there = _evaluate(landscape, noise, moved, b, None, stiffness)
        if there is not None and there.objective < (best[1] if best else here).objective:
            best = moved, there
    return best
