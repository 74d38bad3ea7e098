"""Values, gradients and Hessians against each other, and against what is known of each function."""

from functools import partial

import numpy as np
import pytest

from longrun.landscapes import (
    Landscape,
    bent_double_well,
    double_well,
    himmelblau,
    jacobian,
    muller_brown,
    quadratic,
    six_hump_camel,
    three_hump_camel,
    tilted_himmelblau,
)

EPS = np.finfo(float).eps

# name: (landscape, h, M, S). Over the box widened by 3h, the absolute values of the terms of f sum to less than S, and the
# derivatives of order 7 and 8 are below M: zero for polynomials of degree ≤ 6; for Müller–Brown the growing term has the
# largest, 15 e^q (|q′|⁸ + 28 |q′|⁶ q″ + 210 |q′|⁴ q″² + …) with q < 6.9, |q′| < 4.2, q″ = 1.4 at the corner.
CASES = {
    "himmelblau": (himmelblau(), 0.5, 0, 1e4),
    "tilted": (tilted_himmelblau(7.3), 0.5, 0, 1e4),
    "double well": (double_well(), 0.5, 0, 80),
    "tilted double well": (double_well(-0.2), 0.5, 0, 80),
    "bent double well": (bent_double_well(0.05, 0.7), 0.5, 0, 500),
    "three-hump": (three_hump_camel(), 0.5, 0, 1500),
    "six-hump": (six_hump_camel(), 0.5, 0, 1500),
    "Müller–Brown": (muller_brown(), 2e-3, 5e10, 2e4),
    "quadratic": (quadratic([[2.0, -0.7, 0.1], [-0.7, 1.0, 0.4], [0.1, 0.4, -3.0]]), 0.5, 0, 200),
}
BOUND = ["himmelblau", "tilted"]

every = pytest.mark.parametrize("name", CASES)


def points(landscape, n=200, seed=0):
    lower, upper = landscape.box
    return np.random.default_rng(seed).uniform(lower, upper, (n, landscape.dim))


def stencil(function, x, h):
    """Derivatives of `function` along the axes, stacked last, by the 6-point formula: error ≤ h⁶ |f⁽⁷⁾| / 140."""
    columns = []
    for e in np.eye(x.shape[-1]):
        terms = (c * (function(x + k * h * e) - function(x - k * h * e)) for k, c in ((1, 45), (2, -9), (3, 1)))
        columns.append(sum(terms) / (60 * h))
    return np.stack(columns, axis=-1)


def newton(landscape, x, steps=60):
    """Critical points reached by Newton's method, those that stay in the box."""
    lower, upper = landscape.box
    for _ in range(steps):
        x = np.clip(x - np.linalg.solve(landscape.hess(x), landscape.grad(x)[..., None])[..., 0], lower - 1, upper + 1)
    return x[np.all((x > lower) & (x < upper), axis=-1) & (np.abs(landscape.grad(x)).max(axis=-1) < 1e-9)]


def critical_points(landscape):
    """Newton from 4000 seeded points of the box; one of each, and its number of descending directions."""
    found = np.unique(newton(landscape, points(landscape, 4000, seed=1)).round(6), axis=0)
    index = (np.linalg.eigvalsh(landscape.hess(found)) < 0).sum(axis=-1)
    return found, index


@every
def test_gradient_is_the_derivative_of_the_value(name):
    landscape, h, m, s = CASES[name]
    x = points(landscape)
    # truncation + rounding: f is right to 8 ε S, the formula's weights sum to 11/(6h)
    tol = h**6 / 140 * m + 8 * EPS * s * 11 / (6 * h)
    np.testing.assert_allclose(landscape.grad(x), stencil(landscape.value, x, h), rtol=0, atol=tol)


@every
def test_hessian_is_the_derivative_of_the_gradient(name):
    landscape, h, m, s = CASES[name]
    x = points(landscape, seed=2)
    # each term c u^a of f, a ≤ 6, gives |a c u^{a−1}| ≤ 6 S; the growing exponential |q′| < 6 times itself
    tol = h**6 / 140 * m + 8 * EPS * 6 * s * 11 / (6 * h)
    hess = landscape.hess(x)
    np.testing.assert_allclose(hess, stencil(landscape.grad, x, h), rtol=0, atol=tol)
    np.testing.assert_array_equal(hess, np.swapaxes(hess, -1, -2))


@every
@pytest.mark.parametrize("what", ["value", "grad", "hess"])
def test_any_shape_and_memory_order_agree(name, what):
    landscape, _, _, s = CASES[name]
    function, d = getattr(landscape, what), landscape.dim
    tail = {"value": (), "grad": (d,), "hess": (d, d)}[what]
    x = points(landscape, 24)
    expected = np.array([function(point) for point in x])
    assert expected.shape == (24, *tail)
    cube = x.reshape(2, 3, 4, d)
    for y in (x, np.asfortranarray(x), cube, np.asfortranarray(cube), x.repeat(2, axis=0)[::2]):
        before = y.copy()
        result = function(y)
        assert result.shape == (*y.shape[:-1], *tail)
        assert result.dtype == float
        assert not np.shares_memory(result, y)
        np.testing.assert_array_equal(y, before)
        # the loops for strided and contiguous memory may round differently, once per operation
        np.testing.assert_allclose(result.reshape(expected.shape), expected, rtol=0, atol=36 * 8 * EPS * s)
    assert function(np.empty((0, d))).shape == (0, *tail)


def test_which_landscapes_bind_their_gradient():
    assert [name for name, case in CASES.items() if case[0].bind] == BOUND


@pytest.mark.parametrize("name", BOUND)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("out_order", ["C", "F"])
def test_bound_gradient_follows_the_point(name, order, out_order):
    landscape = CASES[name][0]
    x = np.array(points(landscape), order=order)
    block = np.full((3, *x.shape), np.nan, order=out_order)  # a slice of a larger block: nothing else is touched
    gradient = landscape.bind(x, block[1])
    for _ in range(2):
        before = x.copy()
        assert gradient() is not None
        np.testing.assert_array_equal(block[1], landscape.grad(x))
        np.testing.assert_array_equal(x, before)
        x *= 0.5  # in place, as a run does
    assert np.isnan(block[[0, 2]]).all()


# Values to the digits printed in the literature, where the last one may be cut. Index 0: minimum, 1: saddle, 2: maximum.
KNOWN = {
    "himmelblau": [
        (0, (3.0, 2.0), 0.0),
        (0, (-2.805118, 3.131312), 0.0),
        (0, (-3.779310, -3.283186), 0.0),
        (0, (3.584428, -1.848126), 0.0),
        (2, (-0.270845, -0.923039), 181.616521),
    ],
    "double well": [(0, (1.0,), 0.0), (0, (-1.0,), 0.0), (1, (0.0,), 0.25)],
    "three-hump": [(0, (0.0, 0.0), 0.0), (0, (-1.747552, 0.873776), 0.298638), (0, (1.747552, -0.873776), 0.298638)],
    "six-hump": [
        (0, (0.089842, -0.712656), -1.0316284534898774),
        (0, (-0.089842, 0.712656), -1.0316284534898774),
        (0, (-1.703607, 0.796084), -0.2154638),
        (0, (1.607105, 0.568651), 2.1042503),
    ],
    "Müller–Brown": [
        (0, (-0.558224, 1.441726), -146.699517),
        (0, (0.623499, 0.028038), -108.166724),
        (0, (-0.050011, 0.466694), -80.767818),
        (1, (-0.822002, 0.624313), -40.664844),
        (1, (0.212487, 0.292988), -72.248940),
    ],
}


@pytest.mark.parametrize(("name", "index", "place", "value"), [(name, *row) for name, rows in KNOWN.items() for row in rows])
def test_known_critical_points(name, index, place, value):
    landscape, _, _, s = CASES[name]
    assert np.abs(landscape.grad(np.array(place))).max() < 3e-3  # |Hessian| < 3000 times the six digits
    (x,) = newton(landscape, np.array([place]))
    np.testing.assert_allclose(x, place, rtol=0, atol=1.1e-6)
    rounding = 1e-24 if (name, value) == ("himmelblau", 0.0) else 8 * EPS * s  # squares of what is zero to 100 ε
    digits = len(repr(value).split(".")[1])
    assert abs(landscape.value(x) - value) <= rounding + (0 if value in (0.0, 0.25) else 1.1 * 10.0**-digits)
    eigenvalues = np.linalg.eigvalsh(landscape.hess(x))
    assert (eigenvalues < 0).sum() == index


@pytest.mark.parametrize(
    ("landscape", "counts"),
    [
        (himmelblau(), (4, 4, 1)),
        (tilted_himmelblau(20.0), (4, 4, 1)),
        (tilted_himmelblau(-20.0), (4, 4, 1)),
        (three_hump_camel(), (3, 2, 0)),
        (six_hump_camel(), (6, 7, 2)),
        (muller_brown(), (3, 2, 0)),
        (double_well(0.38), (2, 1)),
        (double_well(0.39), (1, 0)),  # two wells below 2/(3√3) = 0.3849
    ],
    ids=lambda p: getattr(p, "name", None),
)
def test_number_of_critical_points(landscape, counts):
    _, index = critical_points(landscape)
    assert tuple((index == k).sum() for k in range(len(counts))) == counts
    assert len(index) == sum(counts)


def test_tilts():
    x = points(himmelblau())
    tilt = tilted_himmelblau(-3.0).value(x) - himmelblau().value(x)
    np.testing.assert_allclose(tilt, -3 * x[:, 0], rtol=0, atol=8 * EPS * 1e4)
    np.testing.assert_array_equal(tilted_himmelblau(0.0).grad(x), himmelblau().grad(x))
    found, index = critical_points(tilted_himmelblau(5.0))
    assert np.diff(np.sort(tilted_himmelblau(5.0).value(found[index == 0]))).min() > 0.5  # distinct minima
    tilted = double_well(0.1)
    assert tilted.value(np.array([1.0])) < tilted.value(np.array([-1.0]))


def test_quadratic_takes_a_number_and_keeps_its_matrix():
    assert quadratic(3.0).value(np.array([2.0])) == 6.0
    landscape = quadratic(np.diag([1.0, 2.0]))
    landscape.hess(np.zeros(2))[:] = 7  # a result belongs to the caller
    np.testing.assert_array_equal(landscape.hess(np.zeros((3, 2))), [np.diag([1.0, 2.0])] * 3)


def test_missing_hessian_is_the_jacobian_of_any_field():
    def game(x, strength):
        u, v = x[..., 0], x[..., 1]
        return np.stack([strength * v + u**3, -strength * u], axis=-1)

    landscape = Landscape("game", None, partial(game, strength=2.0), box=([-1, -1], [1, 1]))
    x = points(landscape)
    expected = np.zeros((len(x), 2, 2))
    expected[:, 0, 0], expected[:, 0, 1], expected[:, 1, 0] = 3 * x[:, 0] ** 2, 2, -2
    h = EPS ** (1 / 3) * (1 + np.abs(x).max())
    # truncation h²/6 · 6, rounding 4 ε · 3 / h with the smallest step
    np.testing.assert_allclose(landscape.hess(x), expected, rtol=0, atol=h**2 + 12 * EPS ** (2 / 3))
    np.testing.assert_array_equal(landscape.hess(x[5]), jacobian(landscape.grad, x)[5])
    assert landscape.dim == 2


def test_jacobian_of_a_gradient_is_the_hessian():
    landscape, _, _, s = CASES["himmelblau"]
    x = points(landscape)
    h = EPS ** (1 / 3) * 7
    # fourth derivatives of f are ≤ 24
    tol = h**2 / 6 * 24 + 8 * EPS ** (2 / 3) * s
    np.testing.assert_allclose(jacobian(landscape.grad, x), landscape.hess(x), rtol=0, atol=tol)


@pytest.mark.parametrize(
    "box",
    [
        ([0, 0], [1, 0]),
        ([1.0], [0.0]),
        ([0, 0], [1, 1, 1]),
        ([[0, 0]], [[1, 1]]),
        ([0, np.nan], [1, 1]),
    ],
)
def test_bad_box_is_named(box):
    with pytest.raises(ValueError, match=r"^box = "):
        Landscape("x", None, np.negative, box=box)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1.0, 2.0], [0.0, 1.0]],
        [[1.0, 2.0, 3.0], [2.0, 1.0, 3.0]],
        [[np.nan]],
        [[np.inf, 0.0], [0.0, 1.0]],
        np.zeros((2, 2, 2)),
        [1.0, 2.0],
    ],
)
def test_bad_matrix_is_named(matrix):
    with pytest.raises(ValueError, match=r"^matrix = "):
        quadratic(matrix)
