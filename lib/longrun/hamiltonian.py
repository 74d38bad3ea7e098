"""The Hamiltonian 𝓗(x, p) = −⟨p, ∇f(x)⟩ + H(x, −p) of SGD, and the cost of a direction on 𝓗 = 0.

Paths of least action and free duration live on
𝓗 = 0, where a displacement v costs ℓ(x, v) = max{⟨p, v⟩ : 𝓗(x, p) ≤ 0} (Freidlin & Wentzell 2012; Heymann & Vanden-Eijnden,
Comm. Pure Appl. Math. 61, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Noise, Rotated

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Push:
    """The cheapest way to move in given directions.

    Attributes
    ----------
    cost : array (n,)
        ℓ(x, v); inf where no noise can move the iterate that way, NaN where the maximisation failed.
    momentum : array (n, d)
        The maximiser p = ∂ℓ/∂v.
    pace : array (n,)
        μ with v = μ ∂𝓗/∂p: the time that the displacement v takes.
    """

    cost: Array
    momentum: Array
    pace: Array


def dot(a: Array, b: Array) -> Array:
    """Return ⟨a, b⟩ along the last axis."""
    return np.einsum("...i,...i->...", a, b)


def solve(matrix: Array, *vectors: Array) -> list[Array]:
    """Solve with the same matrices (..., d, d) for several vectors (..., d)."""
    solution: Array = np.linalg.solve(matrix, np.stack(vectors, axis=-1))  # type: ignore[assignment]
    return [solution[..., k] for k in range(len(vectors))]


def push(noise: Noise, x: Array, drift: Array, v: Array, guess: Array | None = None, *, rough: bool = False) -> Push:
    """Maximise ⟨p, v⟩ over 𝓗(x, p) = ⟨p, drift⟩ + H(x, −p) ≤ 0 for many points at once.

    Newton on the optimality conditions with the constraint kept to second order, which is exact for Gaussian noise: the model
    max ⟨δ, v⟩ over 𝓗 + ⟨g, δ⟩ + ½ δᵀAδ ≤ 0, with g, A the derivatives of 𝓗 at p, has the solution δ = A⁻¹(t v − g),
    t² = (gᵀA⁻¹g − 2𝓗)/(vᵀA⁻¹v). A step is halved while it leaves 𝓗 ≤ 0 by more than the model's depth.

    Parameters
    ----------
    noise : Noise
    x, drift, v : arrays (n, d)
        Points, −∇f there, and displacements ≠ 0.
    guess : array (n, d), optional
        Momenta to start from.
    rough : bool
        Stop at six digits rather than sixteen, and give up sooner: for grids, whose own error is larger.
    """
    if isinstance(noise, Rotated):  # 𝓗 is that of the inner noise in the coordinates R⁻¹x: independence keeps A diagonal
        inverse = np.linalg.inv(noise.matrix)
        start = None if guess is None else guess @ noise.matrix
        inner = push(noise.noise, x, drift @ inverse.T, v @ inverse.T, start, rough=rough)
        return Push(inner.cost, inner.momentum @ inverse, inner.pace)
    if isinstance(noise, Gaussian):
        return _push_gaussian(noise, x, drift, v)
    return _push_newton(noise, x, drift, v, guess, 80, 1e-8) if not rough else _push_newton(noise, x, drift, v, guess, 20, 1e-3)


def _push_gaussian(noise: Gaussian, x: Array, drift: Array, v: Array) -> Push:
    """p = (|b| v/|v| − b)/σ²: the vector of the sphere |p + b/σ²| = |b|/σ² that goes furthest along v."""
    variance = noise.scale(x) ** 2
    speed, force = np.sqrt(dot(v, v)), np.sqrt(dot(drift, drift))
    p = ((force / speed)[:, None] * v - drift) / variance[:, None]
    cost = 0.5 * speed * force * square(v / speed[:, None] - drift / np.maximum(force, 1e-300)[:, None]) / variance
    return Push(cost, p, speed / np.maximum(force, 1e-300))


def square(a: Array) -> Array:
    """Return |a|² along the last axis."""
    return dot(a, a)


def _push_newton(noise: Noise, x: Array, drift: Array, v: Array, guess: Array | None, steps: int, tol: float) -> Push:
    n = len(x)
    p = np.zeros_like(v) if guess is None else np.array(guess)
    cost, pace = np.full(n, np.nan), np.full(n, np.nan)
    # sizes of 𝓗 and p that rounding and divergence are measured against: those of isotropic Gaussian noise
    variance = np.trace(noise.cov(x), axis1=-2, axis2=-1) / x.shape[-1] + 1e-300
    unit, natural = square(drift) / variance, np.sqrt(square(drift)) / variance
    todo = np.arange(n)
    for turn in range(steps):
        y, b, w, q = x[todo], drift[todo], v[todo], p[todo]
        height, slope, curvature = noise.cgf_jet(y, -q)
        h = dot(q, b) + height
        g = b - slope
        with np.errstate(all="ignore"):
            toward, down = solve_spd(curvature, w, g)
            gain, depth = dot(w, toward), dot(g, down)
            t, level = np.sqrt(np.maximum(depth - 2 * h, 0) / gain), np.sqrt(depth / gain)
            step = _along(level[:, None] * toward - down, level[:, None] * w - g, g, w)
            step += (np.where(t > 0, -2 * h / (gain * (t + level)), -level))[:, None] * toward
            size = dot(step, t[:, None] * w - g)
            longest = 10 * (np.sqrt(square(q)) + natural[todo])
            step *= np.minimum(1, longest / np.maximum(np.sqrt(square(step)), 1e-300))[:, None]
        scale = unit[todo] + np.abs(dot(q, b))
        # where A is tiny, the A-length of a step says little: look at the cost that it changes as well
        price = np.maximum(np.abs(dot(w, q)), 1e-2 * natural[todo] * np.sqrt(square(w)))
        last = (np.abs(size) <= 0.1 * tol**2 * scale) & (np.abs(dot(w, step)) <= tol * price) & (t > 0)
        new = q + _shorten(noise, y, b, q, step, np.maximum(0.5 * depth - h, 0))
        p[todo] = new
        cost[todo[last]], pace[todo[last]] = dot(new, w)[last], 1 / t[last]
        done = last
        if turn >= 2:
            # ⟨p, b⟩ + sup ⟨−p, Z⟩ ≤ 0 and ⟨p, v⟩ > 0: every velocity b − Z has ⟨p, ·⟩ ≤ 0, so none is along v
            blocked = (dot(new, b) + noise.support(y, -new) <= 0) & (dot(new, w) > 0) & ~last
            cost[todo[blocked]] = np.inf
            done = last | blocked
        with np.errstate(invalid="ignore", over="ignore"):
            done |= ~(square(new) < (1e8 * natural[todo]) ** 2)
        todo = todo[~done]
        if not todo.size:
            break
    _search_blocks(noise, x, drift, v, p, cost)
    return Push(np.maximum(cost, 0.0), p, pace)


def _search_blocks(noise: Noise, x: Array, drift: Array, v: Array, p: Array, cost: Array, count: int = 360) -> None:
    """Where Newton failed, look for a p that proves v impossible among many directions; set cost and momentum there."""
    failed = np.flatnonzero(np.isnan(cost))
    if not failed.size:
        return
    dim = x.shape[1]
    if dim == 2:
        angle = np.arange(count) * (2 * np.pi / count)
        directions = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    else:
        directions = np.random.default_rng(0).normal(size=(count * dim, dim))
        directions /= np.sqrt(square(directions))[:, None]
    for some in np.array_split(failed, 1 + len(failed) // 500):
        stop = (drift[some] @ directions.T + noise.support(x[some, None], -directions) <= 0) & (v[some] @ directions.T > 0)
        shut = stop.any(axis=1)
        cost[some[shut]], p[some[shut]] = np.inf, directions[stop.argmax(axis=1)[shut]]


def _along(step: Array, force: Array, g: Array, w: Array) -> Array:
    """Make a step A⁻¹ force along 𝓗 = const satisfy ⟨g, δ⟩ = −½ δᵀAδ, which rounding spoils where A is tiny."""
    aligned = dot(g, w)
    excess = dot(g, step) + 0.5 * dot(step, force)
    near = aligned > 0.5 * np.sqrt(square(g) * square(w))
    return step - np.where(near, excess / aligned, 0.0)[:, None] * w


def solve_spd(matrix: Array, *vectors: Array) -> list[Array]:
    """Solve; a singular matrix (degenerate covariance, or one rounded to 0) gives NaN there."""
    try:
        return solve(matrix, *vectors)
    except np.linalg.LinAlgError:
        usable = np.abs(np.linalg.det(matrix)) > 0
        safe = np.where(usable[..., None, None], matrix, np.eye(matrix.shape[-1]))
        return [np.where(usable[..., None], s, np.nan) for s in solve(safe, *vectors)]


def _shorten(noise: Noise, x: Array, drift: Array, p: Array, step: Array, allowed: Array) -> Array:
    """Halve steps whose end has 𝓗 > allowed, thirty times at most."""
    step = step.copy()
    long = np.arange(len(p))
    for _ in range(30):
        q = p[long] + step[long]
        with np.errstate(all="ignore"):
            height = dot(q, drift[long]) + noise.cgf(x[long], -q)
            slack = 1e-12 * np.abs(dot(q, drift[long]))
        long = long[~(height <= allowed[long] + slack)]
        if not long.size:
            break
        step[long] *= 0.5
    return step


def field_of(landscape: Landscape, noise: Noise, x: Array, p: Array) -> Array:
    """Return ∂𝓗/∂x = −(Dgrad)ᵀp + ∂H/∂x(x, −p), shape (..., d)."""
    return noise.cgf_grad_x(x, -p) - np.einsum("...ij,...i->...j", landscape.hess(x), p)
