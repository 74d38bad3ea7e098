"""Which of the theorem's assumptions hold (slide "blanket assumptions")? Numerical evidence: samples, at growing distance.

Nothing here is a proof. Growth is the exponent p of a power R^p between two radii, some two and four thousand times the box; below
R^0.05 it is not told from none, and an overflow counts as p = ∞. What the slide asks of the smoothness of Z in x, and that critical
components be smoothly connected, is not looked at: critical points in the box are counted and, if none is degenerate, are isolated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from longrun.critical import CriticalPoint, critical_points
from longrun.errors import NotConverged
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.quasirandom import sobol

Array = NDArray[np.float64]

NO_GROWTH = 0.05  # powers below this are not told from none
_FAR = (2048.0, 4096.0)  # radii, in half-diagonals of the box


@dataclass(frozen=True)
class Objective:
    """Evidence on f.

    Attributes
    ----------
    curvature : float
        Largest |∇²f| (spectral norm) on a sample of the box: the gradient's Lipschitz constant there, from below.
    curvature_growth, value_growth, gradient_growth : float
        p in max |∇²f|, min f − min over the box, min |∇f| ~ R^p on spheres of radius R; −∞ where it does not become positive.
    critical : int or None
        Number of critical points in the box; None if they could not be listed, for they form a continuum or one is degenerate.
    degenerate : int
        How many of them have an eigenvalue 0.
    """

    curvature: float
    curvature_growth: float
    value_growth: float
    gradient_growth: float
    critical: int | None
    degenerate: int

    @property
    def lipschitz(self) -> bool:
        """∇f is Lipschitz on the whole space."""
        return self.curvature_growth < NO_GROWTH

    @property
    def coercive(self) -> bool:
        """f → ∞."""
        return self.value_growth > NO_GROWTH

    @property
    def gradient_coercive(self) -> bool:
        """|∇f| → ∞."""
        return self.gradient_growth > NO_GROWTH

    @property
    def isolated(self) -> bool:
        """Critical points in the box are isolated and not degenerate."""
        return self.critical is not None and not self.degenerate


@dataclass(frozen=True)
class GradientNoise:
    """Evidence on Z; "in the box" means on a sample of it and at its critical points.

    Attributes
    ----------
    mean : float
        Largest |∂H/∂v (x, 0)| = |E Z(x)|, relative to the largest standard deviation.
    variances : tuple of float
        Smallest and largest eigenvalue of cov Z(x) in the box.
    bound : float
        Largest |Z(x; ω)| in the box; ∞ if unbounded.
    bound_growth : float
        p in max |Z| ~ R^p; ∞ if unbounded.
    proxy : float
        sup 2H(x, v)/|v|² in the box: the least σ² of the sub-Gaussian assumption, ≥ the largest variance.
    proxy_growth : tuple of float
        Its exponents in |v| at the largest v, and in |x|.
    """

    mean: float
    variances: tuple[float, float]
    bound: float
    bound_growth: float
    proxy: float
    proxy_growth: tuple[float, float]

    @property
    def centred(self) -> bool:
        """E Z = 0, to rounding."""
        return self.mean < 1e-9

    @property
    def proper(self) -> bool:
        """cov Z(x) ≻ 0 in the box: eigenvalues above a billionth of the largest."""
        return self.variances[0] > 1e-9 * self.variances[1]

    @property
    def linear_growth(self) -> bool:
        """|Z(x; ω)| ≤ C(1 + |x|)."""
        return self.bound_growth < 1 + NO_GROWTH

    @property
    def sub_gaussian(self) -> bool:
        """H(x, v) ≤ σ²|v|²/2 with one σ for all x."""
        return max(self.proxy_growth) < NO_GROWTH


def check(landscape: Landscape, noise: Noise) -> tuple[Objective, GradientNoise]:
    """Return the evidence on f and on Z, the noise seen at the landscape's points."""
    return objective(landscape), gradient_noise(noise, landscape)


def objective(landscape: Landscape) -> Objective:
    """Look at f in its box and on spheres around it; a field without objective has value_growth −∞."""
    inside, spheres = _points(landscape, 1024, 128)
    value = landscape.value
    lowest = float(value(inside).min()) if value else 0.0
    try:
        points = critical_points(landscape)
        critical, degenerate = len(points), sum(point.degenerate for point in points)
    except NotConverged:
        critical, degenerate = None, 0
    return Objective(
        curvature=float(_size(landscape.hess(inside)).max()),
        curvature_growth=_growth(spheres, lambda x: _size(landscape.hess(x)).max()),
        value_growth=_growth(spheres, lambda x: _least(value(x)) - lowest) if value else -np.inf,
        gradient_growth=_growth(spheres, lambda x: _least(np.linalg.norm(landscape.grad(x), axis=-1))),
        critical=critical,
        degenerate=degenerate,
    )


def gradient_noise(noise: Noise, landscape: Landscape) -> GradientNoise:
    """Look at Z(x; ω) for x in the box and on spheres around it."""
    inside, spheres = _points(landscape, 64, 16)
    inside = np.concatenate([inside, [point.x for point in _isolated(landscape)]])
    variances = np.linalg.eigvalsh(noise.cov(inside))
    spread = float(np.sqrt(max(variances.max(), 0.0)))
    if not 0 < spread < np.inf:
        raise ValueError(f"noise = {noise!r}: standard deviation {spread:g} in the box of {landscape.name}, a number > 0 is needed")
    directions = _directions(landscape.dim, 32)
    bound = _largest(noise, inside, directions)
    proxy, at, along = _proxy(noise, inside, directions)
    far = np.array([50.0, 100.0]) / spread
    tail = [2 * float(noise.cgf(at, s * along)) / s**2 for s in far]
    return GradientNoise(
        mean=float(np.linalg.norm(noise.cgf_grad(inside, np.zeros_like(inside)), axis=-1).max()) / spread,
        variances=(max(float(variances.min()), 0.0), spread**2),
        bound=bound,
        bound_growth=_growth(spheres, lambda x: _largest(noise, x, directions)),
        proxy=proxy,
        proxy_growth=(float(np.log2(tail[1] / tail[0])), _growth(spheres, lambda x: _proxy(noise, x, directions)[0])),
    )


def _isolated(landscape: Landscape) -> list[CriticalPoint]:
    try:
        return critical_points(landscape)
    except NotConverged:
        return []


def _least(values: Array) -> float:
    """Return the minimum, where an overflow counts as ∞."""
    return float(np.where(np.isnan(values), np.inf, values).min())


def _size(matrices: Array) -> Array:
    """Return spectral norms; ∞ where entries overflow."""
    sound = np.asarray(np.isfinite(matrices).all(axis=(-2, -1)))
    return np.where(sound, np.linalg.norm(np.where(sound[..., None, None], matrices, 0.0), ord=2, axis=(-2, -1)), np.inf)


def _directions(dim: int, count: int) -> Array:
    """Return unit vectors: ± the axes, and evenly spread ones."""
    axes = np.concatenate([np.eye(dim), -np.eye(dim)])
    if dim == 1:
        return axes
    if dim == 2:
        angle = 2 * np.pi * (np.arange(count) + 0.5) / count
        return np.concatenate([axes, np.stack([np.cos(angle), np.sin(angle)], axis=-1)])
    normal = np.random.default_rng(0).standard_normal((count * dim, dim))
    return np.concatenate([axes, normal / np.linalg.norm(normal, axis=-1, keepdims=True)])


def _points(landscape: Landscape, count: int, directions: int) -> tuple[Array, list[Array]]:
    """Return a sample of the box, and two spheres far out around its centre."""
    lower, upper = landscape.box
    inside = sobol(landscape, count, 0)
    unit = np.linalg.norm(upper - lower) / 2 * _directions(landscape.dim, directions)
    return inside, [(lower + upper) / 2 + factor * unit for factor in _FAR]


def _growth(spheres: list[Array], number: Callable[[Array], float]) -> float:
    """Return the exponent of `number` in the radius; ∞ if it overflows, −∞ if it is not positive far out."""
    with np.errstate(over="ignore", invalid="ignore"):
        before, last = (float(number(sphere)) for sphere in spheres)
    if not np.isfinite(last):
        return np.inf
    return float(np.log2(last / before)) if before > 0 and last > 0 else -np.inf


def _largest(noise: Noise, x: Array, directions: Array) -> float:
    """Return max |Z(x; ω)|, the largest support over directions: from below, by the angle between them."""
    return float(np.max(noise.support(x[:, None], directions)))


def _proxy(noise: Noise, x: Array, directions: Array) -> tuple[float, Array, Array]:
    """Maximise 2H(x, v)/|v|² over the points x (k, d) and all v; return it, the point and the direction."""
    largest = float(np.linalg.eigvalsh(noise.cov(x)).max())  # the limit v → 0
    sizes = np.geomspace(1e-3, 1e2, 51) / np.sqrt(largest)
    best = (-np.inf, sizes[0], x[0], directions[0])
    for s in sizes:
        ratio = 2 * noise.cgf(x[:, None], s * directions) / s**2
        i, j = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
        if ratio[i, j] > best[0]:
            best = (float(ratio[i, j]), s, x[i], directions[j])
    value, size, at, along = best
    polished = minimize_scalar(
        lambda log_s: -2 * float(noise.cgf(at, np.exp(log_s) * along)) / np.exp(2 * log_s),
        bounds=(np.log(size) - 0.25, np.log(size) + 0.25), method="bounded", options={"xatol": 1e-9},
    )  # fmt: skip
    return max(value, -float(polished.fun), largest), at, along
