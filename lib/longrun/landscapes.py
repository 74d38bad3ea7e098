"""Objective functions f of the talk, with gradient, Hessian and a box that holds their critical points.

Points are arrays of shape (..., d). An ensemble stored column by column (order "F") keeps ``x[..., 0]`` contiguous.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Landscape:
    """A drift −grad(x) on R^d, usually with an objective whose gradient it is.

    Parameters
    ----------
    name : str
        Shown in figures and messages.
    value : callable or None
        f: (..., d) → (...). None for a vector field that is nobody's gradient (games).
    grad : callable
        ∇f, or any vector field: (..., d) → (..., d).
    hess : callable, optional
        Jacobian of `grad`: (..., d) → (..., d, d). Default: central differences of `grad`.
    box : pair of (d,) arrays
        Lower and upper corner of the region that pictures show and critical points are looked for in.
    bind : callable, optional
        For speed: (x, out), two arrays of one shape, → a function without arguments that writes ∇f(x) to `out` and returns it,
        whatever `x` holds by then. Scratch arrays and views are made once instead of at every step.
    """

    name: str
    value: Callable[[Array], Array] | None
    grad: Callable[[Array], Array]
    hess: Callable[[Array], Array] = None  # type: ignore[assignment]
    box: tuple[Array, Array] = field(kw_only=True)
    bind: Callable[[Array, Array], Callable[[], Array]] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        corners = [np.array(corner, dtype=float, ndmin=1) for corner in self.box]
        sound = len(corners) == 2 and corners[0].ndim == 1 and corners[0].shape == corners[1].shape and np.all(np.isfinite(corners))
        if not sound or not np.all(corners[0] < corners[1]):
            raise ValueError(f"box = {self.box!r}: two finite corners of equal length with lower < upper are needed")
        lower, upper = corners
        object.__setattr__(self, "box", (lower, upper))
        if self.hess is None:
            object.__setattr__(self, "hess", partial(jacobian, self.grad))

    @property
    def dim(self) -> int:
        """Dimension d."""
        return self.box[0].size


def jacobian(field: Callable[[Array], Array], x: ArrayLike) -> Array:
    """Differentiate a vector field by central differences, error O(h²) with h = ε^{1/3}(1 + |x|).

    Parameters
    ----------
    field : callable
        (..., d) → (..., d).
    x : array_like, shape (..., d)

    Returns
    -------
    array, shape (..., d, d)
        Entry [..., i, j] is ∂field_i/∂x_j.
    """
    x = np.asarray(x, dtype=float)
    columns = []
    for j in range(x.shape[-1]):
        step = np.zeros_like(x)
        step[..., j] = np.finfo(float).eps ** (1 / 3) * (1 + np.abs(x[..., j]))
        columns.append((field(x + step) - field(x - step)) / (2 * step[..., j, None]))
    return np.stack(columns, axis=-1)


def himmelblau() -> Landscape:
    """Return (u² + v − 11)² + (u + v² − 7)²: four minima of equal value 0, four saddles, one maximum (Himmelblau 1972)."""
    return tilted_himmelblau(0.0)


def tilted_himmelblau(tilt: float) -> Landscape:
    """Return Himmelblau's function + tilt · u, whose four minima have distinct values (|tilt| ≲ 20 keeps all nine points)."""
    name = "Himmelblau" if tilt == 0 else f"Himmelblau + {tilt:g} u"
    value, grad = partial(_himmelblau, tilt=float(tilt)), partial(_himmelblau_grad, tilt=float(tilt))
    return Landscape(name, value, grad, _himmelblau_hess, box=_square(6.0), bind=partial(_himmelblau_bind, tilt=float(tilt)))


def double_well(tilt: float = 0.0) -> Landscape:
    """Return (x² − 1)²/4 − tilt · x on the line: wells near ±1, the right one lower for tilt > 0 (two wells: |tilt| < 0.38)."""
    return Landscape(
        f"double well, tilt {tilt:g}",
        partial(_double_well, tilt=tilt),
        partial(_double_well_grad, tilt=tilt),
        _double_well_hess,
        box=(np.array([-2.5]), np.array([2.5])),
    )


def bent_double_well(tilt: float = 0.0, bend: float = 0.5) -> Landscape:
    """Return (u² − 1)²/4 − tilt · u + (v − bend · u²)²: the double well along the parabola v = bend · u², with the same heights."""
    value, grad, hess = (partial(g, tilt=tilt, bend=bend) for g in (_bent, _bent_grad, _bent_hess))
    return Landscape(f"bent double well, tilt {tilt:g}", value, grad, hess, box=_square(2.5))


def three_hump_camel() -> Landscape:
    """Return 2u² − 1.05u⁴ + u⁶/6 + uv + v²: three minima, two saddles."""
    return Landscape("three-hump camel", _three_hump, _three_hump_grad, _three_hump_hess, box=_square(3.0))


def six_hump_camel() -> Landscape:
    """Return (4 − 2.1u² + u⁴/3)u² + uv + (4v² − 4)v²: six minima in three pairs of equal value, two maxima, seven saddles."""
    corner = np.array([2.5, 1.5])
    return Landscape("six-hump camel", _six_hump, _six_hump_grad, _six_hump_hess, box=(-corner, corner))


def muller_brown() -> Landscape:
    """Return the Müller–Brown potential (Theor. Chim. Acta 53, 1979): three minima along a bent valley, two saddles."""
    box = (np.array([-1.8, -0.6]), np.array([1.4, 2.2]))
    return Landscape("Müller–Brown", _muller_brown, _muller_brown_grad, _muller_brown_hess, box=box)


def quadratic(matrix: ArrayLike) -> Landscape:
    """Return xᵀ M x / 2 with M symmetric, of either sign.

    Raises
    ------
    ValueError
        If `matrix` is not square, symmetric and finite.
    """
    m = np.array(matrix, dtype=float, ndmin=2)
    if m.ndim != 2 or m.shape[0] != m.shape[1] or not np.all(np.isfinite(m)) or not np.allclose(m, m.T):
        raise ValueError(f"matrix = {matrix!r}: a finite symmetric square matrix is needed")
    value, grad, hess = (partial(g, matrix=m) for g in (_quadratic, _quadratic_grad, _quadratic_hess))
    return Landscape("quadratic", value, grad, hess, box=_square(3.0, m.shape[0]))


def _square(half: float, dim: int = 2) -> tuple[Array, Array]:
    return np.full(dim, -half), np.full(dim, half)


def _matrix(rows: Sequence[Sequence[Any]]) -> Array:
    """Stack a d × d nest of arrays (...) and numbers into (..., d, d)."""
    entries = np.broadcast_arrays(*(entry for row in rows for entry in row))
    return np.stack(entries, axis=-1).reshape(*entries[0].shape, len(rows), len(rows))


def _himmelblau(x: Array, tilt: float) -> Array:
    u, v = x[..., 0], x[..., 1]
    return (u * u + v - 11) ** 2 + (u + v * v - 7) ** 2 + tilt * u


def _himmelblau_grad(x: Array, tilt: float) -> Array:
    x = np.asarray(x, dtype=float)
    return _himmelblau_bind(x, np.empty_like(x), tilt)()


# Zero-dimensional arrays: numpy spends 0.15 µs a call on turning a Python number into one, which a step of a small ensemble feels.
_2, _22, _14 = np.array(2.0), np.array(22.0), np.array(14.0)


def _himmelblau_bind(x: Array, out: Array, tilt: float) -> Callable[[], Array]:
    """∇f = (2u A + B + tilt, A + 2v B) with A = 2(u² + v − 11), B = 2(u + v² − 7): nine passes over the data."""
    twice, ab = np.empty_like(x), np.empty_like(x)
    (twice_u, twice_v), (a, b), (gu, gv) = ((array[..., 0], array[..., 1]) for array in (twice, ab, out))

    def gradient() -> Array:
        np.multiply(x, _2, twice)
        np.multiply(x, twice, ab)
        np.add(a, twice_v, a)
        np.add(b, twice_u, b)
        np.subtract(a, _22, a)
        np.subtract(b, _14, b)
        np.multiply(twice, ab, out)
        np.add(gu, b, gu)
        np.add(gv, a, gv)
        if tilt:
            np.add(gu, tilt, gu)
        return out

    return gradient


def _himmelblau_hess(x: Array) -> Array:
    u, v = x[..., 0], x[..., 1]
    return _matrix([[12 * u * u + 4 * v - 42, 4 * (u + v)], [4 * (u + v), 12 * v * v + 4 * u - 26]])


def _double_well(x: Array, tilt: float) -> Array:
    u = x[..., 0]
    return (u * u - 1) ** 2 / 4 - tilt * u


def _double_well_grad(x: Array, tilt: float) -> Array:
    return x * (x * x - 1) - tilt


def _double_well_hess(x: Array) -> Array:
    return (3 * x * x - 1)[..., None]


def _bent(x: Array, tilt: float, bend: float) -> Array:
    u, v = x[..., 0], x[..., 1]
    return (u * u - 1) ** 2 / 4 - tilt * u + (v - bend * u * u) ** 2


def _bent_grad(x: Array, tilt: float, bend: float) -> Array:
    u, v = x[..., 0], x[..., 1]
    across = 2 * (v - bend * u * u)
    return np.stack([u * (u * u - 1) - tilt - 2 * bend * u * across, across], axis=-1)


def _bent_hess(x: Array, tilt: float, bend: float) -> Array:
    u, v = x[..., 0], x[..., 1]
    mixed = -4 * bend * u
    return _matrix([[3 * u * u - 1 - 4 * bend * v + 12 * bend**2 * u * u, mixed], [mixed, 2.0]])


def _three_hump(x: Array) -> Array:
    u, v = x[..., 0], x[..., 1]
    return 2 * u**2 - 1.05 * u**4 + u**6 / 6 + u * v + v * v


def _three_hump_grad(x: Array) -> Array:
    u, v = x[..., 0], x[..., 1]
    return np.stack([4 * u - 4.2 * u**3 + u**5 + v, u + 2 * v], axis=-1)


def _three_hump_hess(x: Array) -> Array:
    u = x[..., 0]
    return _matrix([[4 - 12.6 * u**2 + 5 * u**4, 1.0], [1.0, 2.0]])


def _six_hump(x: Array) -> Array:
    u, v = x[..., 0], x[..., 1]
    return (4 - 2.1 * u**2 + u**4 / 3) * u**2 + u * v + (4 * v * v - 4) * v * v


def _six_hump_grad(x: Array) -> Array:
    u, v = x[..., 0], x[..., 1]
    return np.stack([8 * u - 8.4 * u**3 + 2 * u**5 + v, u - 8 * v + 16 * v**3], axis=-1)


def _six_hump_hess(x: Array) -> Array:
    u, v = x[..., 0], x[..., 1]
    return _matrix([[8 - 25.2 * u**2 + 10 * u**4, 1.0], [1.0, 48 * v * v - 8]])


# Müller–Brown: Σ_k A_k exp(a_k (u − u_k)² + b_k (u − u_k)(v − v_k) + c_k (v − v_k)²), coefficients of the 1979 paper.
_MB_A = np.array([-200.0, -100.0, -170.0, 15.0])
_MB_QUADRATIC = np.array([[-1.0, 0.0, -10.0], [-1.0, 0.0, -10.0], [-6.5, 11.0, -6.5], [0.7, 0.6, 0.7]])
_MB_CENTRE = np.array([[1.0, 0.0], [0.0, 0.5], [-0.5, 1.5], [-1.0, 1.0]])


def _muller_brown_terms(x: Array) -> tuple[Array, Array, Array]:
    """Return the four terms and the two derivatives of their exponents, each of shape (..., 4)."""
    a, b, c = _MB_QUADRATIC.T
    du, dv = x[..., 0, None] - _MB_CENTRE[:, 0], x[..., 1, None] - _MB_CENTRE[:, 1]
    return _MB_A * np.exp(a * du * du + b * du * dv + c * dv * dv), 2 * a * du + b * dv, b * du + 2 * c * dv


def _muller_brown(x: Array) -> Array:
    return _muller_brown_terms(x)[0].sum(axis=-1)


def _muller_brown_grad(x: Array) -> Array:
    term, pu, pv = _muller_brown_terms(x)
    return np.stack([(term * pu).sum(axis=-1), (term * pv).sum(axis=-1)], axis=-1)


def _muller_brown_hess(x: Array) -> Array:
    a, b, c = _MB_QUADRATIC.T
    term, pu, pv = _muller_brown_terms(x)
    uu, uv, vv = ((term * s).sum(axis=-1) for s in (pu * pu + 2 * a, pu * pv + b, pv * pv + 2 * c))
    return _matrix([[uu, uv], [uv, vv]])


def _quadratic(x: Array, matrix: Array) -> Array:
    return 0.5 * ((x @ matrix) * x).sum(axis=-1)


def _quadratic_grad(x: Array, matrix: Array) -> Array:
    return x @ matrix


def _quadratic_hess(x: Array, matrix: Array) -> Array:
    return np.broadcast_to(matrix, (*x.shape[:-1], *matrix.shape)).copy()
