"""First guesses for paths of least action: chords, arcs, and softened noise where all are impassable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.curve import Curve, dense_cost
from longrun.geodesic import minimise
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import modes_at

Array = NDArray[np.float64]


def bends(chord: Array, modes: int) -> list[Array]:
    """Return coefficients of the chord itself, and of arcs to each side of it in every direction orthogonal to it."""
    straight = np.zeros((modes, chord.size))
    found = [straight]
    across = np.linalg.svd(chord[None, :])[2][1:]  # an orthonormal basis of the complement
    for direction in across:
        for size in (0.35, -0.35):
            arc = straight.copy()
            arc[0] = size * np.linalg.norm(chord) * direction  # φ_1 ∝ 1 − u²: a parabola
            found.append(arc)
    return found


def polygons(start: Array, end: Array) -> list[Array]:
    """Return the same guesses as `bends`, as polygons (m, d)."""
    if start.size == 1:
        return [np.stack([start, end])]
    u = np.linspace(-1, 1, 41)
    chord = start + (u[:, None] + 1) / 2 * (end - start)
    mode, _ = modes_at(u, 1)
    return [chord + mode @ arc for arc in bends(end - start, 1)]


@dataclass(frozen=True)
class Softened(Noise):
    """Noise + an independent N(0, s² I): nothing is impassable for it, and its costs are lower."""

    noise: Noise
    s: float

    def draw(self, rng: np.random.Generator, out: Array) -> None:
        """Not drawn: a device of the path solver."""
        raise NotImplementedError("Softened is for costs only")

    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return H + s²|v|²/2."""
        return self.noise.cgf(x, v) + self.s**2 * (np.asarray(v) ** 2).sum(axis=-1) / 2

    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂H/∂v + s² v."""
        return self.noise.cgf_grad(x, v) + self.s**2 * np.asarray(v)

    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂²H/∂v² + s² I."""
        return self.noise.cgf_hess(x, v) + self.s**2 * np.eye(np.shape(v)[-1])

    def cgf_grad_x(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂H/∂x."""
        return self.noise.cgf_grad_x(x, v)

    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∞ where v ≠ 0."""
        return np.where((np.asarray(v) ** 2).sum(axis=-1) > 0, np.inf, self.noise.support(x, v))


def passable(landscape: Landscape, noise: Noise, curves: list[Curve], turns: int = 6) -> tuple[list[Curve], list[Curve]]:
    """Look for curves that bounded noise can climb: minimise under softened noise, and soften less and less.

    Returns
    -------
    found : list of Curve
        Evaluated under the noise itself; empty if none is passable.
    last : list of Curve
        Where the search ended: on them one sees what is in the way.
    """
    found, last = [], []
    for curve in curves:
        x = curve.at(np.linspace(-0.99, 0.99, 101))[0]
        drift = np.linalg.norm(landscape.grad(x), axis=-1).max()
        s = float(drift + np.sqrt(np.trace(noise.cov(x), axis1=-2, axis2=-1).max()))
        for _ in range(turns):
            curve = minimise(landscape, Softened(noise, s), curve, tol=1e-3, steps=15)
            hard = minimise(landscape, noise, curve, tol=1e-3, steps=25)
            if np.isfinite(hard.cost) and np.isfinite(dense_cost(landscape, noise, hard)):
                found.append(hard)
                break
            s /= 2
        last.append(curve)
    return found, last
