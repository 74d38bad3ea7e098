"""Whether a path really runs through the critical point at which it was split, or only passes near it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from longrun.curve import Curve
from longrun.geodesic import minimise
from longrun.hamiltonian import push
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import REGULAR, fit

Array = NDArray[np.float64]


def corner_holds(landscape: Landscape, noise: Noise, before: Curve, after: Curve, tol: float) -> bool:
    """Whether no short cut past the end of `before` = start of `after` is cheaper than the way through it."""
    return short_cut(landscape, noise, before, after, tol) is None


def short_cut(landscape: Landscape, noise: Noise, before: Curve, after: Curve, tol: float) -> Array | None:
    """Look for a way from one curve to the next that leaves out the corner between them.

    A short cut that is truly cheaper, whatever the rule that found it, shows that the corner is not part of the best path. Both
    curves are only accurate to their own errors, and a gain below those shows nothing.

    Returns
    -------
    array (m, 2) or None
        Points of a cheaper way from the start of `before` to the end of `after`.
    """
    through = _part(landscape, noise, before, 0.0, 1.0) + _part(landscape, noise, after, -1.0, 0.0)
    near, far = before.at(np.linspace(0.0, 0.7, 40))[0], after.at(np.linspace(-0.7, 0.0, 40))[0]
    polygon = np.vstack([near, far])
    curve = Curve(polygon[0], polygon[-1], fit(polygon, 16, REGULAR, REGULAR), (REGULAR, REGULAR))
    for modes in (16, 32, 64):
        curve = minimise(landscape, noise, curve.refined(max(modes, curve.modes)), tol=1e-9, steps=30)
        if not np.isfinite(curve.cost):
            return None
        if curve.cost < (1 - 1e-3) * through:  # plainly cheaper: no need to know by how much
            break
    if true_cost(landscape, noise, curve) >= through - max(1e-9, 0.05 * tol) * max(curve.scale, before.scale, after.scale):
        return None
    u = np.linspace(-1, 0, 60)
    return np.vstack([before.at(u[:-1])[0], curve.at(np.linspace(-1, 1, 60))[0], after.at(u[1:] + 1)[0]])


def _part(landscape: Landscape, noise: Noise, curve: Curve, low: float, high: float) -> float:
    """∫ℓ over a part of a curve; lines of the flow cost nothing, though curves that follow them roughly would."""
    if curve.cost == 0:
        return 0.0
    node, weight = np.polynomial.legendre.leggauss(100 + 2 * curve.modes)
    return _integral(landscape, noise, curve, low + (high - low) * (node + 1) / 2, weight * (high - low) / 2)


def true_cost(landscape: Landscape, noise: Noise, curve: Curve) -> float:
    """∫ℓ by panels that shrink towards where the drift is weakest: the cost has a kink there, or nearly so."""
    u = np.linspace(-1, 1, 4001)
    speed = np.linalg.norm(landscape.grad(curve.at(u)[0]), axis=-1)
    inner = slice(1, -1)
    k = 1 + int(speed[inner].argmin())
    centre = minimize_scalar(
        lambda t: float(np.linalg.norm(landscape.grad(curve.at(np.array([t]))[0]))),
        bounds=(u[k - 1], u[k + 1]),
        method="bounded",
        options={"xatol": 1e-13},
    ).x
    widths = 2.0 ** np.arange(1, -40, -1)
    even = np.linspace(-1, 1, 9 + curve.modes // 4)  # no panel longer than the modes' own waves
    ends = np.unique(np.clip(np.concatenate([centre - widths, [centre], centre + widths, even]), -1, 1))
    node, weight = np.polynomial.legendre.leggauss(24)
    half = np.diff(ends)[:, None] / 2
    return _integral(landscape, noise, curve, (ends[:-1, None] + half * (node + 1)).ravel(), (half * weight).ravel())


def _integral(landscape: Landscape, noise: Noise, curve: Curve, u: Array, weight: Array) -> float:
    x, v = curve.at(u)
    return float(weight @ push(noise, x, -landscape.grad(x), v).cost)
