"""From first guesses to a converged path: several starts, more and more modes, splits at critical points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longrun.corner import corner_holds, true_cost
from longrun.curve import Curve, dense_cost, start_error
from longrun.focus import frame
from longrun.geodesic import minimise
from longrun.hamiltonian import push
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.spectral import FOCUS, REGULAR, SLOW, fit
from longrun.starts import bends, passable, unfolded, waisted

Array = NDArray[np.float64]

FIRST_MODES = 8


@dataclass(frozen=True, eq=False)
class Solution:
    cost: float
    scale: float
    change: float
    curves: list[Curve]
    reason: str = ""

    @property
    def residual(self) -> float:
        """The largest of the errors we know of, on the scale of `tol`."""
        unit = max(self.cost, 1e-2 * self.scale)
        return max(self.change, *(max(c.error, c.decrement) for c in self.curves)) / unit


def joined(parts: list[Solution]) -> Solution:
    reason = next((part.reason for part in parts if part.reason), "")
    cost, scale, change = (sum(getattr(part, name) for part in parts) for name in ("cost", "scale", "change"))
    return Solution(cost, scale, change, [curve for part in parts for curve in part.curves], reason)


def kind(landscape: Landscape, x: Array, size: float) -> int:
    """Tell what x is for a curve of a given size: critical, to the accuracy with which such points are known, or not."""
    jacobian = landscape.hess(x)
    if np.linalg.norm(landscape.grad(x)) > 1e-7 * size * np.linalg.norm(jacobian):
        return REGULAR
    values = np.linalg.eigvals(jacobian)
    return FOCUS if np.abs(values.imag).max() > 0.1 * np.abs(values.real).min() else SLOW


def search(
    landscape: Landscape,
    noise: Noise,
    a: Array,
    z: Array,
    tol: float,
    starts: list[Array],
    max_modes: int,
    depth: int = 0,
) -> Solution:
    size = float(np.linalg.norm(z - a))
    kinds = (kind(landscape, a, size), kind(landscape, z, size))
    winding = _from_focus(landscape, noise, a, z, kinds, tol, max_modes, depth) if kinds[0] == FOCUS else None
    kinds = (min(kinds[0], SLOW), min(kinds[1], SLOW))
    guesses = [fit(np.asarray(polygon, dtype=float), FIRST_MODES, *kinds) for polygon in starts]
    if not guesses:
        guesses += bends(z - a, FIRST_MODES)
    curves = [Curve(a, z, guess, kinds) for guess in guesses]
    found = [c for c in (minimise(landscape, noise, c, tol=1e-3, steps=25) for c in curves) if np.isfinite(c.cost)]
    if not found:  # bounded noise and a stiff start: few modes may leave the way that the polygon follows
        stiff = [Curve(a, z, fit(np.asarray(polygon, dtype=float), 64, *kinds), kinds) for polygon in starts]
        found = [c for c in (minimise(landscape, noise, c, tol=1e-3, steps=25) for c in stiff) if np.isfinite(c.cost)]
    best = min(found, key=lambda c: c.cost, default=None)
    if winding is not None and (best is None or winding.cost <= best.cost):
        return winding
    if best is None:
        found, last = passable(landscape, noise, curves[:4])
        if not found:
            return Solution(np.inf, 1.0, 0.0, [], _obstacle(landscape, noise, last))
        best = min(found, key=lambda c: c.cost)
    return refine(landscape, noise, best, tol, max_modes, depth)


def _from_focus(
    landscape: Landscape,
    noise: Noise,
    a: Array,
    z: Array,
    kinds: tuple[int, int],
    tol: float,
    max_modes: int,
    depth: int,
) -> Solution | None:
    """Solve in coordinates that turn with the focus, from the linear theory; None where that does not apply."""
    turning = frame(landscape, noise, a)
    if turning is None:
        return None
    kinds = (FOCUS, min(kinds[1], SLOW))
    modes = FIRST_MODES
    while modes < min(turning.turns * np.pi, max_modes / 2):  # enough nodes to see the path turn
        modes *= 2
    curve = minimise(landscape, noise, Curve(a, z, np.zeros((modes, a.size)), kinds, turning), tol=1e-3, steps=25)
    return refine(landscape, noise, curve, tol, max_modes, depth) if np.isfinite(curve.cost) else None


def refine(landscape: Landscape, noise: Noise, curve: Curve, tol: float, max_modes: int, depth: int) -> Solution:
    """Double the modes until the cost is stable; on the way, try to split at critical points that the curve comes near."""
    changes: list[float] = [np.inf]
    tried: list[Array] = []
    alternative: Solution | None = None
    while True:
        before = curve.cost
        curve = minimise(landscape, noise, curve.refined(2 * curve.modes), tol=0.01 * tol)
        if len(changes) <= 2:
            curve = _straight(landscape, noise, curve, tol)
        dense = dense_cost(landscape, noise, curve) if np.isfinite(curve.cost) else np.inf
        if not np.isfinite(dense):  # an obstacle between the nodes
            found, last = passable(landscape, noise, [curve])
            if not found:
                return Solution(np.inf, 1.0, 0.0, [], _obstacle(landscape, noise, last))
            curve = found[0]
            dense = dense_cost(landscape, noise, curve)
        changes.append(abs(curve.cost - before))
        unit = max(curve.cost, 1e-2 * curve.scale)
        off = abs(dense - curve.cost) + start_error(landscape, noise, curve)
        # the changes fall geometrically or faster: the next one bounds the error of this one
        expected = changes[-1] * min(1.0, changes[-1] / changes[-2]) if np.isfinite(changes[-2]) else changes[-1]
        done = expected <= 0.01 * tol * unit or changes[-1] <= 0.1 * tol * unit
        done = done and max(off, curve.uneven) <= tol * unit
        here = Solution(curve.cost, curve.scale, max(min(expected, changes[-1]), off), [curve])
        if (depth < 4 and not done) or len(changes) == 2:
            for point in _met(landscape, curve, tried):
                tried.append(point)
                split = _split(landscape, noise, curve, point, tol, max_modes, depth + 1)
                if split is not None and split.cost <= true_cost(landscape, noise, curve) + 1e-12 * curve.scale:
                    return split
                if split is not None and (alternative is None or split.cost < alternative.cost):
                    alternative = split
        if done or 2 * curve.modes > max_modes:
            if alternative is not None and alternative.cost <= (here.cost if done else true_cost(landscape, noise, curve)):
                return alternative
            return here
        narrow = waisted(curve) if len(curve.kinds) == 2 and curve.frame is None and curve.modes >= 32 else None
        if narrow is not None:
            narrow = minimise(landscape, noise, narrow, tol=0.01 * tol)
            if narrow.cost <= curve.cost + 1e-3 * curve.scale:
                curve, changes = narrow, [np.inf]


def _straight(landscape: Landscape, noise: Noise, curve: Curve, tol: float) -> Curve:
    """Unfold a curve that turns back near its ends, if that makes it no dearer and lets its speed follow the profile."""
    if not np.isfinite(curve.cost) or curve.uneven <= 1e-2 * tol * max(curve.cost, 1e-2 * curve.scale):
        return curve
    simple = unfolded(curve)
    if simple is None:
        return curve
    simple = minimise(landscape, noise, simple, tol=0.01 * tol)
    return simple if simple.cost <= curve.cost + 1e-3 * curve.scale and simple.uneven < curve.uneven else curve


def _met(landscape: Landscape, curve: Curve, tried: list[Array]) -> list[Array]:
    """Return the critical points that a curve passes within a twentieth of its length, nearest first, those tried excepted."""
    u = -np.cos(np.linspace(0, np.pi, 203)[1:-1])
    x, _ = curve.at(u)
    field = np.linalg.norm(landscape.grad(x), axis=-1)
    dips = np.flatnonzero((field[1:-1] < field[:-2]) & (field[1:-1] < field[2:]) & (field[1:-1] < 0.3 * field.max())) + 1
    length = float(np.linalg.norm(np.diff(x, axis=0), axis=-1).sum())
    found: list[tuple[float, Array]] = []
    for point in x[dips]:
        for _ in range(30):
            step = np.linalg.lstsq(landscape.hess(point), landscape.grad(point), rcond=None)[0]
            size = float(np.linalg.norm(step))
            point = point - step * min(1.0, 0.1 * length / max(size, 1e-300))
            if size <= 1e-14 * length:
                break
        known = [curve.start, curve.end, *tried, *(other for _, other in found)]
        distance = float(np.linalg.norm(x - point, axis=-1).min())
        new = all(np.linalg.norm(point - other) > 1e-5 * length for other in known)
        if new and distance < 0.05 * length and kind(landscape, point, length) != REGULAR:
            found.append((distance, point))
    return [point for _, point in sorted(found, key=lambda pair: pair[0])]


def _split(
    landscape: Landscape, noise: Noise, curve: Curve, point: Array, tol: float, max_modes: int, depth: int
) -> Solution | None:
    x, _ = curve.at(np.linspace(-1, 1, 201))
    at = int(np.linalg.norm(x - point, axis=-1).argmin())
    first, second = np.vstack([x[:at], point]), np.vstack([point, x[at + 1 :]])
    if len(first) < 3 or len(second) < 3:
        return None
    parts = [search(landscape, noise, part[0], part[-1], tol, [part], max_modes, depth) for part in (first, second)]
    if not all(np.isfinite(part.cost) for part in parts):
        return None
    return joined(parts) if corner_holds(landscape, noise, parts[0].curves[-1], parts[1].curves[0], tol) else None


def _obstacle(landscape: Landscape, noise: Noise, curves: list[Curve]) -> str:
    """Say where bounded noise stops: there, along some p, the drift exceeds the strongest push."""
    for curve in curves:
        x, v = curve.at(np.linspace(-0.999, 0.999, 401))
        drift = -landscape.grad(x)
        way = push(noise, x, drift, v)
        closed = np.flatnonzero(np.isinf(way.cost))
        if closed.size:
            k = closed[len(closed) // 2]
            return blocked(noise, x[k], drift[k], way.momentum[k])
    return "no path was found that the noise can follow"


def blocked(noise: Noise, x: Array, drift: Array, p: Array) -> str:
    p = p / np.linalg.norm(p)
    return (
        f"bounded noise cannot climb: at x = {np.array2string(x, precision=4)} in the direction "
        f"{np.array2string(p, precision=3)} the drift {p @ drift:.4g} is not outdone by the strongest push, "
        f"{float(noise.support(x, -p)):.4g}; this holds on every path tried"
    )
