"""Curves between two points, and what they cost: ∫ ℓ(γ, γ′) du by Gauss quadrature, with first derivatives.

The derivatives of ℓ are those of the envelope theorem: ∂ℓ/∂v = p and ∂ℓ/∂x = −μ ∂𝓗/∂x with v = μ ∂𝓗/∂p.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longrun.focus import Frame
from longrun.hamiltonian import dot, field_of, push
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import Basis, Waist, basis, basis_on

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve from `start` to `end` with its cost.

    Attributes
    ----------
    start, end : arrays (d,)
    coefficients : array (n, d)
    kinds : pair of REGULAR, SLOW, FOCUS, and possibly a waist
        What the ends are, and where between them the curve is slow, see `spectral`.
    frame : Frame or None
        If given, γ = start + E(u) (end − start + Σ c_k φ_k), with φ_0 ∝ 1 − u among the modes: see `focus`. The curve then
        starts near `start`, and is charged for that by the linear theory.
    cost : float
        ∫ℓ; inf if the curve cannot be climbed, or not be evaluated.
    scale : float
        What the same curve costs when driven against the drift: the unit of tolerances.
    decrement : float
        Newton decrement: by how much the cost may still fall with these modes.
    uneven : float
        By how much the speed misses its profile: of the order of the error of the cost while the modes are too few.
    momentum : array (q, d), or None
        At the quadrature nodes.
    error : float
        max |μ𝓗| at the nodes.
    """

    start: Array
    end: Array
    coefficients: Array
    kinds: tuple[int, int] | tuple[int, int, Waist]
    frame: Frame | None = None
    cost: float = np.inf
    scale: float = np.inf
    decrement: float = np.inf
    uneven: float = np.inf
    momentum: Array | None = None
    error: float = np.inf

    @property
    def modes(self) -> int:
        """Number n of modes."""
        return len(self.coefficients)

    def at(self, u: Array) -> tuple[Array, Array]:
        """Return γ(u) and γ′(u)."""
        return self.on(basis_on(np.asarray(u, dtype=float), self.modes, *self.kinds))

    def on(self, b: Basis) -> tuple[Array, Array]:
        """Return γ and γ′ at the nodes of a basis."""
        chord = self.end - self.start
        if self.frame is None:
            shape, slope = b.profile[:, None] * chord, b.density[:, None] * chord
            return self.start + shape + b.mode @ self.coefficients, slope + b.slope @ self.coefficients
        b = b.with_free_start()
        turn, turning = self.frame.at(b.nodes)
        w, slope = chord + b.mode @ self.coefficients, b.slope @ self.coefficients
        return self.start + apply(turn, w), apply(turning, w) + apply(turn, slope)

    def refined(self, modes: int) -> Curve:
        """Return the same curve with more modes (the basis is hierarchical), not yet evaluated."""
        padded = np.zeros((modes, len(self.start)))
        padded[: self.modes] = self.coefficients
        return Curve(self.start, self.end, padded, self.kinds, self.frame)


@dataclass(frozen=True, eq=False)
class Local:
    """Everything at the quadrature nodes of one curve."""

    x: Array
    v: Array
    p: Array
    pace: Array
    push_x: Array
    cost: float
    scale: float
    gauge: Array
    stiffness: Array
    tangent: Array

    @property
    def objective(self) -> float:
        return self.cost + 0.5 * float(self.gauge @ self.gauge)


def nodes_for(modes: int) -> int:
    """Return the number of quadrature nodes used with so many modes."""
    return 2 * modes + 16


def dense_cost(landscape: Landscape, noise: Noise, curve: Curve) -> float:
    """Return the cost of a curve by a rule with other and more nodes: inf if it meets an obstacle between the usual ones."""
    b = basis(curve.modes, 3 * nodes_for(curve.modes) // 2 + 1, *curve.kinds)
    there = evaluate(landscape, noise, curve, b, None, None)
    return np.inf if there is None else there.cost


def evaluate(
    landscape: Landscape, noise: Noise, curve: Curve, b: Basis, guess: Array | None, stiffness: Array | None
) -> Local | None:
    """Return costs and first derivatives at the nodes, or None where the curve is impassable."""
    with np.errstate(all="ignore"):
        x, v = curve.on(b)
        drift = -landscape.grad(x)
        if not np.all(np.isfinite(drift)):
            return None
        way = push(noise, x, drift, v, guess)
        if not np.all(np.isfinite(way.cost)):
            return None
    cost = float(b.weights @ way.cost)
    speed = np.sqrt(dot(v, v))
    variance = np.trace(noise.cov(x), axis1=-2, axis2=-1) / x.shape[-1]
    scale = float(b.weights @ np.maximum(2 * np.sqrt(dot(drift, drift)) * speed / variance, way.cost))
    tangent = v
    if curve.frame is not None:
        tangent = v @ curve.frame.metric
        speed = np.sqrt(dot(v, tangent))
        cost += first_part(curve)[0]
    tangent = tangent / speed[:, None]
    length = float(b.weights @ speed)
    if stiffness is None:
        stiffness = np.full_like(speed, scale / length**2)
    gauge = np.sqrt(stiffness * b.weights) * (speed - length * b.density)
    return Local(x, v, way.momentum, way.pace, field_of(landscape, noise, x, way.momentum), cost, scale, gauge, stiffness, tangent)


def first_part(curve: Curve) -> tuple[float, Array, Array]:
    """Return ½ (γ(−1) − a)ᵀ Q (γ(−1) − a) and its derivatives in the first coefficient: what it costs to get there from a."""
    assert curve.frame is not None
    reach = -np.sqrt(2.0)  # φ_0(−1); the other modes vanish there
    e = curve.frame.at(np.array([-1.0]))[0][0]
    q = e.T @ curve.frame.stiffness @ e
    w = curve.end - curve.start + reach * curve.coefficients[0]
    return float(w @ q @ w) / 2, reach * q @ w, reach**2 * q


def start_error(landscape: Landscape, noise: Noise, curve: Curve) -> float:
    """Return how wrong the linear theory may be about the first part: its cost times the relative size of 𝓗 where it ends."""
    if curve.frame is None:
        return 0.0
    x = curve.at(np.array([-1.0]))[0]
    p = (x - curve.start) @ curve.frame.stiffness
    height = noise.cgf(x, -p) - dot(p, landscape.grad(x))
    return float(first_part(curve)[0] * np.abs(height[0]) / max(float(noise.cgf(x, -p)[0]), 1e-300))


def apply(matrices: Array, vectors: Array) -> Array:
    """Multiply matrices (..., d, d) and vectors (..., d)."""
    return np.einsum("...ij,...j->...i", matrices, vectors)
