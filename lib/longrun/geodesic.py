"""Newton's method for the curve of least cost ∫ ℓ(γ, γ′) du between two points.

The derivatives of ℓ are those of the envelope theorem, ∂ℓ/∂v = p and ∂ℓ/∂x = −μ ∂𝓗/∂x with v = μ ∂𝓗/∂p; the second ones come
from differentiating these conditions. ℓ does not see how a curve is parametrised: a least-squares term that vanishes when the
speed follows the profile of `spectral` fixes it, without moving the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.linalg.lapack import dpotrf, dpotrs

from longrun.focus import Frame
from longrun.hamiltonian import dot, field_of, push
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import Basis, basis, basis_at

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve from `start` to `end` with its cost.

    Attributes
    ----------
    start, end : arrays (d,)
    coefficients : array (n, d)
    kinds : pair of REGULAR, SLOW, FOCUS
        What the ends are, see `spectral`.
    frame : Frame or None
        If given, γ = start + E(u) (end − start + Σ c_k φ_k), with φ_0 ∝ 1 − u among the modes: see `focus`. The curve then
        starts near `start`, and is charged for that by the linear theory.
    cost : float
        ∫ℓ; inf if the curve cannot be climbed, or not be evaluated.
    scale : float
        What the same curve costs when driven against the drift: the unit of tolerances.
    decrement : float
        Newton decrement: by how much the cost may still fall with these modes.
    uneven : float
        By how much the speed misses its profile: of the order of the error of the cost while the modes are too few.
    momentum : array (q, d), or None
        At the quadrature nodes.
    error : float
        max |μ𝓗| at the nodes.
    """

    start: Array
    end: Array
    coefficients: Array
    kinds: tuple[int, int]
    frame: Frame | None = None
    cost: float = np.inf
    scale: float = np.inf
    decrement: float = np.inf
    uneven: float = np.inf
    momentum: Array | None = None
    error: float = np.inf

    @property
    def modes(self) -> int:
        """Number n of modes."""
        return len(self.coefficients)

    def at(self, u: Array) -> tuple[Array, Array]:
        """Return γ(u) and γ′(u)."""
        return self.on(basis_at(u, np.ones_like(u), self.modes, *self.kinds))

    def on(self, b: Basis) -> tuple[Array, Array]:
        """Return γ and γ′ at the nodes of a basis."""
        chord = self.end - self.start
        if self.frame is None:
            shape, slope = b.profile[:, None] * chord, b.density[:, None] * chord
            return self.start + shape + b.mode @ self.coefficients, slope + b.slope @ self.coefficients
        b = b.with_free_start()
        turn, turning = self.frame.at(b.nodes)
        w, slope = chord + b.mode @ self.coefficients, b.slope @ self.coefficients
        return self.start + _apply(turn, w), _apply(turning, w) + _apply(turn, slope)

    def refined(self, modes: int) -> Curve:
        """Return the same curve with more modes (the basis is hierarchical), not yet evaluated."""
        padded = np.zeros((modes, len(self.start)))
        padded[: self.modes] = self.coefficients
        return Curve(self.start, self.end, padded, self.kinds, self.frame)


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
    stiffness: Array
    tangent: Array

    @property
    def objective(self) -> float:
        return self.cost + 0.5 * float(self.gauge @ self.gauge)


def nodes_for(modes: int) -> int:
    """Return the number of quadrature nodes used with so many modes."""
    return 2 * modes + 16


def minimise(
    landscape: Landscape, noise: Noise, curve: Curve, *, tol: float, steps: int = 60
) -> Curve:
    """Lower the cost of a curve by damped Newton steps (Levenberg) until the decrement is below tol · scale.

    At a saddle of the cost — a symmetric path that splits, say — it moves on along the direction of negative curvature.

    Returns
    -------
    Curve
        With `cost`, `decrement`, `momentum` filled in; `cost` is inf if already the first curve is impassable.
    """
    b = basis(curve.modes, nodes_for(curve.modes), *curve.kinds)
    here = _evaluate(landscape, noise, curve, b, None, None)
    if here is None:
        return curve
    weight = here.stiffness
    stiffness = here.scale / float(b.weights @ np.sqrt(dot(here.v, here.v))) ** 2
    damping, lately, decrement, escapes, free_failed = 1e-2 * stiffness, 1e-2 * stiffness, np.inf, 0, False
    gradient, hessian = _derivatives(landscape, noise, curve, here, b)
    for _ in range(steps):
        step, used = _newton(gradient, hessian, damping)
        decrement = -0.5 * float(gradient @ step)
        # an uneven speed shows how far these few modes are from the true path: no need to be much nearer to their optimum
        enough = max(tol * here.scale, 0.1 * float(here.gauge @ here.gauge))
        small = decrement <= enough
        if small and used > 1e-9 * stiffness and not free_failed:  # judge by the undamped step
            free, needed = _newton(gradient, hessian, 0.0)
            if needed == 0:
                step, used, decrement = free, 0.0, -0.5 * float(gradient @ free)
                small = decrement <= enough
            elif escapes < 3:
                escapes += 1
                moved_on = _escape(landscape, noise, curve, b, here, hessian, stiffness)
                if moved_on is not None:
                    curve, here = moved_on
                    gradient, hessian = _derivatives(landscape, noise, curve, here, b)
                    damping = 1e-2 * stiffness
                    continue
        moved = replace(curve, coefficients=curve.coefficients + step.reshape(curve.coefficients.shape))
        there = _evaluate(landscape, noise, moved, b, here.p, weight)
        fall = -np.inf if there is None else here.objective - there.objective
        model = 2 * decrement - 0.5 * float(step @ (hessian @ step))
        if there is not None and fall >= 0.1 * model - 1e-14 * here.scale:
            curve, here = moved, there
            if small:
                break
            gradient, hessian = _derivatives(landscape, noise, curve, here, b)
            damping = used * (0.1 if fall > 0.8 * model else 0.4 if fall > 0.5 * model else 1.0)
            damping = damping if damping > 1e-10 * stiffness else 0.0
            lately, free_failed = used, False
        elif small and fall > -tol * here.scale:
            break
        else:
            free_failed = free_failed or used == 0
            damping = max(5 * used, lately, 1e-9 * stiffness)
            if damping > 1e8 * stiffness:
                break
    error = np.abs(here.pace * (dot(here.p, -landscape.grad(here.x)) + noise.cgf(here.x, -here.p))).max()
    uneven = float(here.gauge @ here.gauge)
    return replace(
        curve, cost=here.cost, scale=here.scale, decrement=decrement, uneven=uneven, momentum=here.p, error=float(error)
    )


def dense_cost(landscape: Landscape, noise: Noise, curve: Curve) -> float:
    """Return the cost of a curve by a rule with three times as many nodes: inf if it meets an obstacle between the others."""
    b = basis(curve.modes, 3 * nodes_for(curve.modes) + 1, *curve.kinds)
    there = _evaluate(landscape, noise, curve, b, None, None)
    return np.inf if there is None else there.cost


def _evaluate(
    landscape: Landscape, noise: Noise, curve: Curve, b: Basis, guess: Array | None, stiffness: Array | None
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
    tangent = v
    if curve.frame is not None:
        tangent = v @ curve.frame.metric
        speed = np.sqrt(dot(v, tangent))
        cost += _first_part(curve)[0]
    tangent = tangent / speed[:, None]
    length = float(b.weights @ speed)
    if stiffness is None:
        stiffness = np.full_like(speed, scale / length**2)
    gauge = np.sqrt(stiffness * b.weights) * (speed - length * b.density)
    return _Local(x, v, way.momentum, way.pace, field_of(landscape, noise, x, way.momentum), cost, scale, gauge, stiffness, tangent)


def _derivatives(landscape: Landscape, noise: Noise, curve: Curve, at: _Local, b: Basis) -> tuple[Array, Array]:
    """Return gradient (n·d,) and Hessian of cost + gauge in the coefficients."""
    n, d = curve.coefficients.shape
    w = b.weights
    lx, lv = -at.pace[:, None] * at.push_x, at.p
    lxx, lxv, lvv = second_derivatives(landscape, noise, at.x, at.v, at.p, at.pace, at.push_x)
    tx, tv = np.zeros_like(at.tangent), at.tangent
    if curve.frame is not None:  # from (γ, γ′) to (w, w′): γ = E w, γ′ = E′w + E w′
        b = b.with_free_start()
        e, de = (matrix.swapaxes(-1, -2) for matrix in curve.frame.at(b.nodes))
        lx, lv = _apply(e, lx) + _apply(de, lv), _apply(e, lv)
        tx, tv = _apply(de, tv), _apply(e, tv)
        half = e @ lxv + de @ lvv
        lxx = e @ lxx @ e.swapaxes(-1, -2) + half @ de.swapaxes(-1, -2) + de @ lxv.swapaxes(-1, -2) @ e.swapaxes(-1, -2)
        lxv, lvv = half @ e.swapaxes(-1, -2), e @ lvv @ e.swapaxes(-1, -2)
    first = b.mode.T @ (w[:, None] * lx) + b.slope.T @ (w[:, None] * lv)
    both = np.concatenate([b.mode, b.slope])
    weigh = np.moveaxis(w[:, None, None] * np.stack([lxx, lxv, lvv]), 1, -1)[..., None]  # (3, d, d, q, 1)
    xx, xv, vv = weigh
    right = np.concatenate([xx * b.mode + xv * b.slope, xv.swapaxes(0, 1) * b.mode + vv * b.slope], axis=-2)
    hessian = (both.T @ right).transpose(2, 0, 3, 1).reshape(n * d, n * d)
    speed = (b.slope[:, :, None] * tv[:, None, :] + b.mode[:, :, None] * tx[:, None, :]).reshape(-1, n * d)
    jacobian = np.sqrt(at.stiffness * w)[:, None] * (speed - b.density[:, None] * (w @ speed))
    gradient = first.ravel() + jacobian.T @ at.gauge
    hessian += jacobian.T @ jacobian
    if curve.frame is not None:
        _, slope, curvature = _first_part(curve)
        gradient[:d] += slope
        hessian[:d, :d] += curvature
    return gradient, hessian


def _first_part(curve: Curve) -> tuple[float, Array, Array]:
    """Return ½ (γ(−1) − a)ᵀ Q (γ(−1) − a) and its derivatives in the first coefficient: what it costs to get there from a."""
    assert curve.frame is not None
    reach = -np.sqrt(2.0)  # φ_0(−1); the other modes vanish there
    e = curve.frame.at(np.array([-1.0]))[0][0]
    q = e.T @ curve.frame.stiffness @ e
    w = curve.end - curve.start + reach * curve.coefficients[0]
    return float(w @ q @ w) / 2, reach * q @ w, reach**2 * q


def start_error(landscape: Landscape, noise: Noise, curve: Curve) -> float:
    """Return how wrong the linear theory may be about the first part: its cost times the relative size of 𝓗 where it ends."""
    if curve.frame is None:
        return 0.0
    x = curve.at(np.array([-1.0]))[0]
    p = (x - curve.start) @ curve.frame.stiffness
    height = noise.cgf(x, -p) - dot(p, landscape.grad(x))
    return float(_first_part(curve)[0] * np.abs(height[0]) / max(float(noise.cgf(x, -p)[0]), 1e-300))


def _apply(matrices: Array, vectors: Array) -> Array:
    return np.einsum("...ij,...j->...i", matrices, vectors)


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


def _newton(gradient: Array, hessian: Array, damping: float) -> tuple[Array, float]:
    """Return −(H + λ)⁻¹g and λ ≥ damping, raised until H + λ is positive definite."""
    least = 1e-8 * float(np.abs(np.diagonal(hessian)).max())
    while True:
        shifted = hessian.copy()
        shifted.flat[:: len(gradient) + 1] += damping
        factor, failed = dpotrf(shifted, lower=1, overwrite_a=1)
        if not failed:
            return -dpotrs(factor, gradient, lower=1)[0], damping
        damping = max(6 * damping, least)


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
        there = _evaluate(landscape, noise, moved, b, None, here.stiffness)
        if there is not None and there.objective < (best[1] if best else here).objective:
            best = moved, there
    return best
