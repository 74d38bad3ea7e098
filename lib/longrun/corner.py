"""Whether a path really runs through the critical point at which it was split, or only passes near it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from longrun.curve import Curve, dense_cost
from longrun.geodesic import minimise
from longrun.hamiltonian import push
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import REGULAR, fit

Array = NDArray[np.float64]


def corner_holds(landscape: Landscape, noise: Noise, before: Curve, after: Curve) -> bool:
    """Compare the cost through the end of `before` = start of `after` with that of a short cut from one to the other.

    A short cut that is cheaper, by more than quadrature explains, shows that the corner is not part of the best path.
    """
    through = _part(landscape, noise, before, 0.0, 1.0) + _part(landscape, noise, after, -1.0, 0.0)
    near, far = before.at(np.linspace(0.0, 0.7, 40))[0], after.at(np.linspace(-0.7, 0.0, 40))[0]
    polygon = np.vstack([near, far])
    curve = Curve(polygon[0], polygon[-1], fit(polygon, 16, REGULAR, REGULAR), (REGULAR, REGULAR))
    for modes in (16, 32, 64):
        curve = minimise(landscape, noise, curve.refined(max(modes, curve.modes)), tol=1e-9, steps=30)
        if not np.isfinite(curve.cost):
            return True
    gain = through - dense_cost(landscape, noise, curve)
    return bool(gain <= 10 * abs(through - gain - curve.cost) + 1e-9 * curve.scale)


def _part(landscape: Landscape, noise: Noise, curve: Curve, low: float, high: float) -> float:
    """∫ℓ over a part of a curve."""
    node, weight = np.polynomial.legendre.leggauss(100 + 2 * curve.modes)
    x, v = curve.at(low + (high - low) * (node + 1) / 2)
    return float(weight @ push(noise, x, -landscape.grad(x), v).cost) * (high - low) / 2
