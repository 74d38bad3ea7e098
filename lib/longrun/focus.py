"""Coordinates that turn with a weak focus.

From a focus the path of least action winds outwards without end. In the linear theory it is a + exp(τM) w with a constant w
(backwards in time, M stable); about a nonlinear focus w is a smooth function, which a few polynomials resolve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_lyapunov

from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import FOCUS_RANGE

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """The linear theory about an attractor a.

    Attributes
    ----------
    stiffness : array (d, d)
        Q, with quasi-potential ½ (x − a)ᵀ Q (x − a) near a.
    values, vectors : complex arrays (d,), (d, d)
        Of M, all real parts replaced by the slowest one: what decays faster than the rest must not be blown up.
    metric : array (d, d)
        In which exp(τM) is a rotation times a factor.
    """

    stiffness: Array
    values: NDArray[Any]
    vectors: NDArray[Any]
    metric: Array

    @property
    def turns(self) -> float:
        """How often the path winds about a."""
        return FOCUS_RANGE * float(np.abs(self.values.imag).max()) / (-2 * np.pi * float(self.values[0].real))

    def at(self, u: Array) -> tuple[Array, Array]:
        """Return E(u) = exp(τM) and E′(u), (n, d, d), with τ from T at u = −1 to 0 at u = 1 and e^{−FOCUS_RANGE} at T."""
        duration = FOCUS_RANGE / -self.values[0].real
        grow = np.exp(0.5 * duration * (1 - u)[:, None] * self.values)
        inverse = np.linalg.inv(self.vectors)
        e = (self.vectors * grow[:, None, :]) @ inverse
        slope = (self.vectors * (-0.5 * duration * self.values * grow)[:, None, :]) @ inverse
        return e.real, slope.real


def frame(landscape: Landscape, noise: Noise, a: Array) -> Frame | None:
    """Return the frame about a, or None if a is no attractor or the noise there is degenerate.

    With J the Jacobian of the drift and C the covariance of the noise at a, S solves JS + SJᵀ + C = 0, Q = S⁻¹ and
    M = S Jᵀ S⁻¹ (Freidlin & Wentzell 2012, ch. 4).
    """
    drift, covariance = -landscape.hess(a), noise.cov(a)
    if np.linalg.eigvals(drift).real.max() >= 0 or np.linalg.eigvalsh(covariance)[0] <= 0:
        return None
    s = solve_continuous_lyapunov(drift, -covariance)
    stiffness = np.linalg.inv(s)
    values, vectors = np.linalg.eig(s @ drift.T @ stiffness)
    if np.linalg.cond(vectors) > 1e6:
        return None
    inverse = np.linalg.inv(vectors)
    metric = (inverse.conj().T @ inverse).real
    slowest = values.real.max()
    return Frame((stiffness + stiffness.T) / 2, slowest + 1j * values.imag, vectors, metric * a.size / np.trace(metric))
