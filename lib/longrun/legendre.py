"""The Lagrangian L(x, v) = H*(x, −v − ∇f(x)), by the Legendre transform of the noise (slide "key ingredient")."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.errors import NotConverged
from longrun.hamiltonian import dot, solve_spd, square
from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Noise, Rotated

Array = NDArray[np.float64]


def lagrangian(landscape: Landscape, noise: Noise, x: ArrayLike, v: ArrayLike) -> Array:
    """Return L(x, v) = H*(x, −v − ∇f(x)), the cost rate of moving with velocity v (slide "key ingredient").

    Closed form for Gaussian noise, batched Newton otherwise.

    Parameters
    ----------
    landscape : Landscape
    noise : Noise
    x, v : array_like, shape (..., d)
        Points and velocities; broadcast against each other.

    Returns
    -------
    array, shape (...)
        inf where no noise gives that velocity.

    Raises
    ------
    NotConverged
        If the maximisation fails at a point.
    """
    x, v = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(v, dtype=float))
    shape, dim = x.shape[:-1], x.shape[-1]
    if dim != landscape.dim:
        raise ValueError(f"x of shape {x.shape}: points of dimension {landscape.dim} are needed")
    x, v = x.reshape(-1, dim), v.reshape(-1, dim)
    return conjugate(noise, x, -v - landscape.grad(x)).reshape(shape)


def conjugate(noise: Noise, x: Array, z: Array) -> Array:
    """Return H*(x, z) = sup_q ⟨q, z⟩ − H(x, q) for points and noise values (n, d)."""
    if isinstance(noise, Rotated):
        return conjugate(noise.noise, x, z @ np.linalg.inv(noise.matrix).T)
    if isinstance(noise, Gaussian):
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = square(z) / (2 * noise.scale(x) ** 2)
        return np.where(square(z) == 0, 0.0, rate)
    return _conjugate_newton(noise, x, z)


def _conjugate_newton(noise: Noise, x: Array, z: Array, steps: int = 200) -> Array:
    """Ascend by Newton steps, halved until the gain is at least a tenth of the first-order one."""
    q, value = np.zeros_like(z), np.full(len(z), np.nan)
    todo = np.arange(len(z))
    for _ in range(steps):
        y, now, goal = x[todo], q[todo], z[todo]
        slope = goal - noise.cgf_grad(y, now)
        with np.errstate(all="ignore"):
            (step,) = solve_spd(noise.cgf_hess(y, now), slope)
        # far out H is almost linear and its Hessian rounds to 0: there, double instead
        length = np.sqrt(square(step))
        step = np.where((length < 1e300)[:, None], step, now)
        base = dot(now, goal) - noise.cgf(y, now)
        gain, best = np.maximum(dot(slope, step), 0), base.copy()
        factor, wait = np.ones(len(todo)), np.arange(len(todo))
        for _ in range(40):
            trial = now[wait] + factor[wait, None] * step[wait]
            with np.errstate(all="ignore"):
                reached = dot(trial, goal[wait]) - noise.cgf(y[wait], trial)
            fine = reached >= base[wait] + 0.1 * factor[wait] * gain[wait] - 1e-14 * np.abs(base[wait])
            best[wait] = np.where(fine, reached, best[wait])
            wait = wait[~fine]
            if not wait.size:
                break
            factor[wait] *= 0.5
        q[todo] = now + factor[:, None] * step
        done = gain <= 1e-15 * np.maximum(np.abs(best), 1e-12)
        value[todo[done]] = best[done]
        # ⟨q, z⟩ above the support of Z in the direction q: z lies outside, the supremum is infinite
        outside = ~done & (dot(q[todo], goal) > noise.support(y, q[todo]) * (1 + 1e-14))
        value[todo[outside]] = np.inf
        todo = todo[~(done | outside)]
        if not todo.size:
            return np.maximum(value, 0.0)
    raise NotConverged(f"Legendre transform of {noise!r} at x = {x[todo[0]]}, z = {z[todo[0]]}", float(np.max(gain)))
