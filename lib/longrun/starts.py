"""First guesses for paths of least action: chords, arcs, and softened noise where all are impassable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.curve import Curve, dense_cost
from longrun.geodesic import minimise
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import fit, modes_at, waist_at

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


def unfolded(curve: Curve) -> Curve | None:
    """Return a curve that does not run to and fro near its ends; None if this one does not.

    Where the path is slow it costs next to nothing, and a curve that overshoots a saddle, turns and comes back is a minimum in
    its own right of cost and gauge together: no number of modes resolves its turning points.
    """
    if curve.frame is not None:
        return None
    x = curve.at(-np.cos(np.linspace(0, np.pi, 401)))[0]
    step = np.diff(x, axis=0)
    if (np.einsum("ij,ij->i", step[1:], step[:-1]) >= 0).all():
        return None
    x[0], x[-1] = curve.start, curve.end
    kept = _approaching(_approaching(x)[::-1])[::-1]
    if len(kept) == len(x):
        return None
    return Curve(curve.start, curve.end, fit(kept, 16, *curve.kinds[:2]), curve.kinds[:2])


def waisted(curve: Curve, angle: float = 0.8) -> Curve | None:
    """Return the curve with its modes crowded about its sharpest turn; None if it has none worth the name."""
    x = curve.at(np.linspace(-1, 1, 4001))[0]
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(x, axis=0), axis=-1))])
    # evenly by length, the slow ends left out
    even = np.linspace(0, length[-1], 1001)
    y = np.stack([np.interp(even, length, column) for column in x.T], axis=-1)
    edge = np.diff(y, axis=0)
    edge /= np.linalg.norm(edge, axis=-1, keepdims=True)
    for width in (4, 8, 16, 32, 64, 128):
        cosine = np.einsum("ij,ij->i", edge[width:], edge[:-width])[20:-20]
        if cosine.min() < np.cos(angle):
            middle = (int(cosine.argmin()) + 20 + width / 2) / 1000
            kinds = (*curve.kinds[:2], waist_at(*curve.kinds[:2], middle, width / 1000))
            return Curve(curve.start, curve.end, fit(x, 32, *kinds), kinds)
    return None


def _approaching(x: Array) -> Array:
    """Drop what comes no nearer to the last point, in the last tenth of the way."""
    r = np.linalg.norm(x - x[-1], axis=-1)
    outside = int(np.flatnonzero(r > 0.1 * r.max())[-1]) + 1
    least = np.minimum.accumulate(r[outside - 1 :])
    return np.concatenate([x[:outside], x[outside:][(r[outside:] < least[:-1])]])


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
