"""Newton's method for the curve of least cost ∫ ℓ(γ, γ′) du between two points.

The second derivatives of ℓ come from differentiating the conditions that its maximiser satisfies. ℓ does not see how a curve
is parametrised: a least-squares term that vanishes when the speed follows the profile of `spectral` fixes it, without moving
the minimum.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.linalg.lapack import dpotrf, dpotrs

from longrun.curve import Curve, Local, apply, evaluate, first_part, nodes_for
from longrun.hamiltonian import dot, field_of
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import Basis, basis

Array = NDArray[np.float64]


def minimise(landscape: Landscape, noise: Noise, curve: Curve, *, tol: float, steps: int = 60) -> Curve:
    """Lower the cost of a curve by damped Newton steps (Levenberg) until the decrement is below tol · scale.

    At a saddle of the cost — a symmetric path that splits, say — it moves on along the direction of negative curvature.

    Returns
    -------
    Curve
        With `cost`, `decrement`, `momentum` filled in; `cost` is inf if already the first curve is impassable.
    """
    b = basis(curve.modes, nodes_for(curve.modes), *curve.kinds)
    here = evaluate(landscape, noise, curve, b, None, None)
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
        enough = max(tol * here.scale, 0.03 * float(here.gauge @ here.gauge))
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
        there = evaluate(landscape, noise, moved, b, here.p, weight)
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
    return replace(curve, cost=here.cost, scale=here.scale, decrement=decrement, uneven=uneven, momentum=here.p, error=float(error))


def _derivatives(landscape: Landscape, noise: Noise, curve: Curve, at: Local, b: Basis) -> tuple[Array, Array]:
    """Return gradient (n·d,) and Hessian of cost + gauge in the coefficients."""
    n, d = curve.coefficients.shape
    w = b.weights
    lx, lv = -at.pace[:, None] * at.push_x, at.p
    lxx, lxv, lvv = second_derivatives(landscape, noise, at.x, at.v, at.p, at.pace, at.push_x)
    tx, tv = np.zeros_like(at.tangent), at.tangent
    if curve.frame is not None:  # from (γ, γ′) to (w, w′): γ = E w, γ′ = E′w + E w′
        b = b.with_free_start()
        e, de = (matrix.swapaxes(-1, -2) for matrix in curve.frame.at(b.nodes))
        lx, lv = apply(e, lx) + apply(de, lv), apply(e, lv)
        tx, tv = apply(de, tv), apply(e, tv)
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
        _, slope, curvature = first_part(curve)
        gradient[:d] += slope
        hessian[:d, :d] += curvature
    return gradient, hessian


def second_derivatives(
    landscape: Landscape, noise: Noise, x: Array, v: Array, p: Array, pace: Array, push_x: Array
) -> tuple[Array, Array, Array]:
    """Return ℓ_xx, ℓ_xv, ℓ_vv, each (q, d, d), from μ𝓗_p = v and 𝓗 = 0 differentiated.

    𝓗_xx and the noise's part of 𝓗_px, unless the noise knows them, are central differences with p fixed: the Hessian steers, it
    does not measure.
    """
    xx, px = noise.curvatures(landscape, x, p) or _differences(landscape, noise, x, p)
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


def _differences(landscape: Landscape, noise: Noise, x: Array, p: Array) -> tuple[Array, Array]:
    """Return 𝓗_xx and 𝓗_px."""
    h = 1e-5 * (1 + np.abs(x).max())
    shift = h * np.eye(x.shape[1])[:, None]  # (d, 1, d): x moved along each axis
    xx = (field_of(landscape, noise, x + shift, p) - field_of(landscape, noise, x - shift, p)) / (2 * h)
    xx = np.moveaxis(xx, 0, -1)
    px = -landscape.hess(x)
    if np.any(noise.cgf_grad_x(x, -p)):
        px = px - np.moveaxis(noise.cgf_grad(x + shift, -p) - noise.cgf_grad(x - shift, -p), 0, -1) / (2 * h)
    return (xx + xx.swapaxes(-1, -2)) / 2, px


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
    landscape: Landscape, noise: Noise, curve: Curve, b: Basis, here: Local, hessian: Array, stiffness: float
) -> tuple[Curve, Local] | None:
    """Leave a saddle of the cost along its most negative direction; None if there is none worth the name."""
    value, vector = eigh(hessian, subset_by_index=[0, 0])
    if value[0] > -1e-4 * stiffness:
        return None
    length = float(b.weights @ np.sqrt(dot(here.v, here.v)))
    best = None
    for size in (0.3, -0.3, 0.1, -0.1):
        moved = replace(curve, coefficients=curve.coefficients + size * length * vector[:, 0].reshape(curve.coefficients.shape))
        there = evaluate(landscape, noise, moved, b, None, here.stiffness)
        if there is not None and there.objective < (best[1] if best else here).objective:
            best = moved, there
    return best
