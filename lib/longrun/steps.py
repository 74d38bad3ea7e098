"""Where one step of SGD leads from each cell of a grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longrun.increments import Increments, increments
from longrun.landscapes import Landscape
from longrun.noise import Noise

Array = NDArray[np.float64]

REACH = 13.6  # Gaussian steps beyond this many σ have probability 1e-40: nothing against masses of 1e-30
_NODE, _WEIGHT = np.polynomial.legendre.leggauss(4)


@dataclass(frozen=True, eq=False)
class Steps:
    """The law of x − η(∇f(x) + Z(x)): means after each atom of Z, and how they are smeared over the axes of the grid.

    Attributes
    ----------
    start : array (n, d)
    weights : array (k,)
    means : array (k, n, d)
    law : Increments
    eta : float
    added : array (n,)
        Variance that the grid adds, as a share of the noise's in its quietest direction.
    """

    start: Array
    weights: Array
    means: Array
    law: Increments
    eta: float
    added: Array

    @classmethod
    def of(cls, landscape: Landscape, noise: Noise, eta: float, x: Array, spacing: float) -> Steps:
        """Return the steps from the points x; the spread that the grid adds to them is taken off the noise (see `_thinned`)."""
        law, added = increments(noise, x), np.zeros(len(x))
        if law.sigma is None:
            law, added = _thinned(law, noise.cov(x), (spacing / eta) ** 2 / 6)
        return cls(x, law.weights, x - eta * (landscape.grad(x) + law.atoms), law, eta, added)

    def reach(self, h: float) -> float:
        """Return how far from its mean a step is smeared."""
        if self.law.sigma is not None:
            return self.eta * REACH * float(self.law.sigma.max())
        return h + self.eta * self.law.bound

    def spread(self, t: Array, h: float, who: NDArray[np.intp]) -> Array:
        """Return the probabilities of points at distances t (s, points) from the means of steps from the cells `who` (s,)."""
        if self.law.sigma is not None:
            # The trapezoidal rule on a Gaussian: its error e^{−2π²(ησ/h)²} is 1e-34 at h = ησ/2.
            s = self.eta * self.law.sigma[who, None]
            return np.exp(-((t / s) ** 2) / 2) * (h / (s * np.sqrt(2 * np.pi)))
        if self.law.density is None:
            return np.maximum(1 - np.abs(t) / h, 0.0)
        return self._projected(t, h)

    def _projected(self, t: Array, h: float) -> Array:
        """Return E (1 − |ηZ − t|/h)₊, the density shared between neighbouring points: same mean, variance larger by h²/6."""
        total, reach, density = np.zeros_like(t), self.eta * self.law.bound, self.law.density
        assert density is not None
        for left in (-h, 0.0):
            a, b = np.clip(t + left, -reach, reach), np.clip(t + left + h, -reach, reach)
            half, middle = (b - a) / 2, (a + b) / 2
            for node, weight in zip(_NODE, _WEIGHT, strict=True):
                z = middle + half * node
                total += weight * half * density(z / self.eta) / self.eta * (1 - np.abs(z - t) / h)
        return np.maximum(total, 0.0)


def _thinned(law: Increments, cov: Array, added: float) -> tuple[Increments, Array]:
    """Shrink the noise so that its covariance plus the grid's h²/(6η²) on each axis is the true one.

    Sharing a step between neighbouring points in proportion keeps its mean and adds the variance θ(1 − θ)h², h²/6 on average.
    Left alone this multiplies the temperature by 1 + h²/(6η²σ²); taken off, the fourth cumulant is the first to feel the grid.
    """
    values, vectors = np.linalg.eigh(cov)
    share = added / np.maximum(values, 1e-300)
    keep = np.sqrt(np.clip(1 - share, 0.0, 1.0))
    if law.density is not None:
        scale, density = float(keep.min()), law.density
        return replace(law, density=lambda z: density(z / scale) / scale, bound=law.bound * scale), share[:, 0]
    shrink = np.einsum("nij,nj,nkj->nik", vectors, keep, vectors)
    return replace(law, atoms=np.einsum("nij,knj->kni", shrink, law.atoms)), share[:, 0]
