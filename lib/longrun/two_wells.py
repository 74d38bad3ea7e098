"""Two wells on a line, with noise that may differ from one to the other (slide "ground state = global minimizer?").

E′ = s, the non-zero root of log E exp(−sZ) = s f′, so that the gap between the wells is one integral. With the order after
the exponent it becomes a prediction of the mass ratio without free constants.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from longrun.action import minimum_action
from longrun.landscapes import Landscape
from longrun.law import invariant_law
from longrun.noise import Gaussian, Noise
from longrun.randomness import positive

Array = NDArray[np.float64]

_NODE, _WEIGHT = np.polynomial.legendre.leggauss(16)


def switched(left: float, right: float, *, at: float, width: float) -> Gaussian:
    """Return Gaussian noise whose σ passes from `left` to `right` where the first coordinate is `at`.

    1/σ² is linear in tanh((u − at)/width): costs, integrals of f′/σ², are then linear in it too.

    Parameters
    ----------
    left, right : float
        σ far on either side, > 0.
    at : float
    width : float
        > 0, in units of the coordinate.
    """
    low, high, width = positive("left", left) ** -2, positive("right", right) ** -2, positive("width", width)
    mean, half = (low + high) / 2, (high - low) / 2

    def sigma(x: Array) -> Array:
        return np.asarray((mean + half * np.tanh((x[..., 0] - at) / width)) ** -0.5)

    def sigma_grad(x: Array) -> Array:
        wave = np.tanh((x[..., 0] - at) / width)
        gradient = np.zeros_like(x)
        gradient[..., 0] = -0.5 * (mean + half * wave) ** -1.5 * half * (1 - wave**2) / width
        return gradient

    return Gaussian(sigma, sigma_grad)


@dataclass(frozen=True, eq=False)
class TwoWells:
    """A landscape on the line with two minima, left < middle < right with a maximum in the middle, and a noise."""

    landscape: Landscape
    noise: Noise
    left: float
    middle: float
    right: float

    @classmethod
    def of(cls, landscape: Landscape, noise: Noise) -> TwoWells:
        """Find the wells.

        Raises
        ------
        ValueError
            If the landscape is not on a line, or has not exactly two wells in its box.
        """
        if landscape.dim != 1:
            raise ValueError(f"landscape = {landscape.name} in dimension {landscape.dim}: one on a line is needed")
        x = np.linspace(landscape.box[0][0], landscape.box[1][0], 2000)
        slope = landscape.grad(x[:, None])[:, 0]
        changes = np.flatnonzero(np.sign(slope[:-1]) * np.sign(slope[1:]) < 0)
        zeros = [brentq(lambda s: float(landscape.grad(np.array([s]))[0]), x[k], x[k + 1], xtol=1e-14) for k in changes]
        if len(zeros) != 3 or slope[0] >= 0:
            raise ValueError(
                f"landscape = {landscape.name} has {len(zeros)} critical points: a maximum between two minima is needed"
            )
        return cls(landscape, noise, *zeros)

    @classmethod
    def switched(cls, landscape: Landscape, sigma_left: float, sigma_right: float, width: float) -> TwoWells:
        """Find the wells, with Gaussian noise whose σ passes from `sigma_left` to `sigma_right` at the maximum between them."""
        wells = cls.of(landscape, Gaussian(1.0))
        return replace(wells, noise=switched(sigma_left, sigma_right, at=wells.middle, width=width))

    def gap(self) -> float:
        """Return E(right) − E(left) = B(left, middle) − B(right, middle): positive where the left well is the ground state."""
        up_left, up_right = (
            minimum_action(self.landscape, self.noise, [well], [self.middle]).cost for well in (self.left, self.right)
        )
        return up_left - up_right

    def height(self) -> float:
        """Return f(right) − f(left)."""
        ends = np.array([[self.left], [self.right]])
        assert self.landscape.value is not None
        return float(np.diff(self.landscape.value(ends))[0])

    def diffusion_gap(self) -> float:
        """Return ∫ 2f′/C dx from left to right, C the noise's variance: the gap of every diffusion; of SGD for Gaussian noise."""
        x, weight = self._nodes()
        return float(weight @ (2 * self._slope(x) / self._variance(x)))

    def log_prefactor(self) -> float:
        r"""Return the limit of log(μ(right)/μ(left)) + gap/η as η → 0.

        Notes
        -----
        Put μ = K e^{−E/η} into the equation of invariance of the chain. With G(x, θ) = −θf′ + log E e^{−θZ} and G(x, E′) = 0, the
        terms of order η give K′/K = −(E″G_θθ/2 + G_θx)/G_θ + E″G_θ/2. For Gaussian noise
        K = σ⁻² exp(f′²/(2σ²) − ∫ f′²σ′/σ³ dx); a diffusion (Itô) has σ⁻² alone, and E is the same. For a noise that is the same
        everywhere K is a function of E′ alone, hence equal at all critical points. A well has the mass K √(2πη/E″), E″ = 2f″/C.
        """
        x, weight = self._nodes()
        variance, wells = self._variance(x), np.array([self.left, self.right])
        if np.ptp(variance) > 1e-12 * variance.max() and not isinstance(self.noise, Gaussian):
            raise ValueError(f"noise = {self.noise!r} varies with x: the prefactor is known for Gaussian noise then")
        curvature, at_wells = self.landscape.hess(wells[:, None])[:, 0, 0], self._variance(wells)
        slope, step = self._slope(x), 1e-5
        change = (1 / self._variance(x + step) - 1 / self._variance(x - step)) / (2 * step)  # (σ⁻²)′ = −2σ′/σ³
        return float(weight @ (slope**2 * change) / 2 - np.diff(np.log(curvature * at_wells))[0] / 2)

    def log_ratio(self, eta: float) -> float:
        """Return log(μ(right)/μ(left)) of the exact invariant law at step-size `eta`."""
        law = invariant_law(self.landscape, self.noise, eta)
        right, left = (law.probability(side) for side in (lambda x: x[:, 0] > self.middle, lambda x: x[:, 0] < self.middle))
        return float(np.log(right) - np.log(left))

    def _slope(self, x: Array) -> Array:
        return self.landscape.grad(x[:, None])[:, 0]

    def _variance(self, x: Array) -> Array:
        return self.noise.cov(x[:, None])[:, 0, 0]

    def _nodes(self, pieces: int = 64) -> tuple[Array, Array]:
        """Return nodes and weights of Gauss's rule on each of many pieces of [left, middle] and [middle, right]."""
        halves = [np.linspace(a, b, pieces + 1) for a, b in pairwise((self.left, self.middle, self.right))]
        start, end = (np.concatenate([half[side] for half in halves]) for side in (slice(-1), slice(1, None)))
        x = (start + end)[:, None] / 2 + _NODE * (end - start)[:, None] / 2
        return x.ravel(), (_WEIGHT * (end - start)[:, None] / 2).ravel()
