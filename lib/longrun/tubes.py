"""How probable is it that SGD follows a path? Gates around the path, the cheapest way through them, and how to count rare runs.

A tube of finitely many gates is an event about finitely many iterates, so P = exp(−I/η) η^{m/2} (c + O(η)), where I is the least
action of the paths through the gates and m the number of gate walls that the cheapest path leans on (Laplace's method: each such
wall cuts a Gaussian tail of width O(√η) down to an exponential one of width O(η)). A wall hugged all along would make it
exp(−I/η − a η^{−1/3}), Airy's function in place of the exponential.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from longrun.errors import NotConverged
from longrun.hamiltonian import dot, solve_spd
from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Noise

Array = NDArray[np.float64]

_RIDGES = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)  # make L finite beyond the noise's reach, more and more steeply


@dataclass(frozen=True, eq=False)
class Gates:
    """The event |x_i(t_j) − γ_i(t_j)| ≤ radius for all gates j and coordinates i, from x(0) = start.

    Attributes
    ----------
    start : array (d,)
    times : array (m,)
        0 < t_1 < … < t_m, in units where a step takes η.
    centre : array (m, d)
        γ(t_j).
    radius : float
    """

    start: Array
    times: Array
    centre: Array
    radius: float

    def __post_init__(self) -> None:
        start, times, centre = (np.asarray(value, dtype=float) for value in (self.start, self.times, self.centre))
        if times.ndim != 1 or not times.size or np.any(np.diff(times, prepend=0.0) <= 0):
            raise ValueError(f"times = {self.times!r}: increasing numbers > 0 are needed")
        if start.ndim != 1 or centre.shape != (times.size, start.size):
            raise ValueError(
                f"centre of shape {centre.shape}: {times.size} gates and start = {start} need {(times.size, start.size)}"
            )
        if not self.radius > 0:
            raise ValueError(f"radius = {self.radius!r}: a number > 0 is needed")
        for name, value in (("start", start), ("times", times), ("centre", centre)):
            object.__setattr__(self, name, value)

    def steps(self, eta: float) -> NDArray[np.intp]:
        """Return the step at which each gate is passed; η must divide the times."""
        steps = np.rint(self.times / eta).astype(int)
        if not eta > 0 or np.any(np.abs(steps * eta - self.times) > 1e-6 * eta):
            raise ValueError(f"eta = {eta!r}: a step-size > 0 that divides the gates' times {self.times} is needed")
        return steps


def tilt(noise: Noise, x: Array, z: Array, guess: Array | None = None, ridge: float = _RIDGES[-1]) -> tuple[Array, Array]:
    """Return argmax λ (n, d) and max (n,) of ⟨λ, z⟩ − H(x, λ): the tilt that gives the noise the mean z, and what it costs.

    Closed form for Gaussian noise. Otherwise Newton's method on the same with −ridge |λ|²/2 added, which is finite
    everywhere and enormous where no noise gives z.
    """
    if isinstance(noise, Gaussian):
        q = z / noise.scale(x)[:, None] ** 2
        return q, np.asarray(dot(q, z) / 2, dtype=float)

    def value(q: Array, y: Array, goal: Array) -> Array:
        return np.asarray(dot(q, goal) - noise.cgf(y, q) - ridge / 2 * dot(q, q), dtype=float)

    q = np.zeros_like(z) if guess is None else guess.copy()
    best, todo = value(q, x, z), np.arange(len(z))
    for _ in range(100):
        y, now, goal = x[todo], q[todo], z[todo]
        slope = goal - noise.cgf_grad(y, now) - ridge * now
        (step,) = solve_spd(noise.cgf_hess(y, now) + ridge * np.eye(z.shape[1]), slope)
        gain, factor, base = dot(slope, step), np.ones(len(todo)), best[todo]
        for _ in range(60):
            trial = now + factor[:, None] * step
            reached = value(trial, y, goal)
            short = reached < base + 0.1 * factor * gain - 1e-14 * (1 + np.abs(base))
            if not short.any():
                break
            factor[short] /= 2
        q[todo], best[todo] = trial, reached
        todo = todo[gain > 1e-16 * (1 + np.abs(best[todo]))]
        if not todo.size:
            return q, best
    raise NotConverged(f"tilt of {noise!r} to z = {z[todo[0]]}", float(gain.max()))


@dataclass(frozen=True, eq=False)
class Cheapest:
    """The cheapest path through gates: its action `cost` (inf if no noise drives it), and which walls it leans on.

    `pressure` (m, d) is the derivative of the cost by the position of each gate's wall, zero where the path passes freely;
    `active` counts the others. `at(t)` gives points and tilts λ.
    """

    cost: float
    pressure: Array
    active: int
    landscape: Landscape
    noise: Noise
    knots: Array
    times: Array
    bubbles: Array

    def at(self, t: ArrayLike) -> tuple[Array, Array]:
        """Return the points (n, d) of the path at times t (n,) and the tilts λ (n, d) that drive it."""
        t = np.asarray(t, dtype=float)
        j = np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, len(self.times) - 2)
        length = np.diff(self.times)[j]
        s = 2 * (t - self.times[j]) / length - 1
        phi, rate = _bubbles(s, self.bubbles.shape[1])
        a, b = self.knots[j], self.knots[j + 1]
        x = a + (1 + s[:, None]) / 2 * (b - a) + np.einsum("nk,nkd->nd", phi, self.bubbles[j])
        v = ((b - a) + 2 * np.einsum("nk,nkd->nd", rate, self.bubbles[j])) / length[:, None]
        return x, tilt(self.noise, x, -v - self.landscape.grad(x))[0]


def cheapest(landscape: Landscape, noise: Noise, gates: Gates, modes: int = 10) -> Cheapest:
    """Minimise the action over all paths through the gates: the exponent of their probability.

    Polynomials between gates, Gauss quadrature, L-BFGS-B with the gates' walls as bounds on the knots. With L = ⟨λ, z⟩ − H(x, λ)
    at z = −v − ∇f, the derivatives are ∂L/∂v = −λ and ∂L/∂x = −∇²f λ − ∂H/∂x.

    Parameters
    ----------
    landscape : Landscape
    noise : Noise
    gates : Gates
    modes : int
        Degrees of freedom between two gates, besides the gates themselves.

    Returns
    -------
    Cheapest
        Its cost is inf where the noise is bounded and too weak.
    """
    times, m, d = np.concatenate([[0.0], gates.times]), gates.times.size, gates.start.size
    if d != landscape.dim:
        raise ValueError(f"start = {gates.start}: a point of dimension {landscape.dim} is needed")
    length = np.diff(times)[:, None, None]
    node, weight = legendre.leggauss(2 * modes)
    phi, rate = _bubbles(node, modes)
    right = (1 + node[:, None]) / 2
    lower, upper = gates.centre - gates.radius, gates.centre + gates.radius
    last: dict[str, Array] = {}

    def unpack(flat: Array) -> tuple[Array, Array]:
        return np.vstack([gates.start, flat[: m * d].reshape(m, d)]), flat[m * d :].reshape(m, modes, d)

    def objective(flat: Array, ridge: float = _RIDGES[-1]) -> tuple[float, Array]:
        y, c = unpack(flat)
        a, b = y[:-1, None], y[1:, None]
        x = (a + right * (b - a) + phi @ c).reshape(-1, d)
        v = (((b - a) + 2 * rate @ c) / length).reshape(-1, d)
        q, cost = tilt(noise, x, -v - landscape.grad(x), last.get("tilt"), ridge)
        last["tilt"] = q
        w = (length[..., 0] / 2 * weight).ravel()[:, None]
        by_x = (w * (-dot(np.swapaxes(landscape.hess(x), -1, -2), q[:, None]) - noise.cgf_grad_x(x, q))).reshape(m, -1, d)
        by_v = (-w * q).reshape(m, -1, d) / length
        by_y = np.zeros_like(y)
        by_y[1:] += (right * by_x + by_v).sum(axis=1)
        by_y[:-1] += ((1 - right) * by_x - by_v).sum(axis=1)
        by_c = phi.T @ by_x + 2 * rate.T @ by_v
        return float(w[:, 0] @ cost), np.concatenate([by_y[1:].ravel(), by_c.ravel()])

    bounds = [*zip(lower.ravel(), upper.ravel(), strict=True)] + [(None, None)] * (m * modes * d)
    flat = np.concatenate([gates.centre.ravel(), np.zeros(m * modes * d)])
    options = dict(maxiter=5000, maxfun=20000, maxcor=12, ftol=1e-15, gtol=1e-10)
    scale = objective(flat, _RIDGES[0])[0] / 10
    for ridge in _RIDGES[-1:] if isinstance(noise, Gaussian) else _RIDGES:
        found = minimize(objective, flat, (ridge,), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        flat = found.x
    cost, slope = objective(flat)
    scale += cost  # which may vanish
    y, c = unpack(flat)
    pressure = np.abs(slope[: m * d].reshape(m, d))
    leaning = (np.minimum(y[1:] - lower, upper - y[1:]) < 1e-9) & (pressure > 1e-4 * scale)
    if dot(last["tilt"], last["tilt"]).max() * _RIDGES[-1] > 1e-6:
        cost = np.inf
    elif np.abs(slope[m * d :]).max() > 1e-4 * scale:
        raise NotConverged(f"cheapest path through {m} gates: {found.message}", float(np.abs(slope[m * d :]).max()))
    return Cheapest(cost, np.where(leaning, pressure, 0.0), int(leaning.sum()), landscape, noise, y, times, c)


def _bubbles(s: Array, modes: int) -> tuple[Array, Array]:
    """Return ∫_{−1}^s P_k and P_k, both times √(2k + 1), (n, modes): zero at both ends, and orthogonal velocities."""
    p: Array = np.asarray(legendre.legvander(s, modes + 1), dtype=float)
    k = np.arange(1.0, modes + 1)
    return (p[:, 2:] - p[:, :-2]) / np.sqrt(2 * k + 1), p[:, 1:-1] * np.sqrt(2 * k + 1)
