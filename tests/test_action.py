"""Costs of paths against closed forms (facts of the theory: Gaussian, one dimension, independent coordinates, made-up fields)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from longrun.action import action, lagrangian, minimum_action
from longrun.critical import basin, critical_points
from longrun.errors import NotConverged
from longrun.hamiltonian import push
from longrun.landscapes import Landscape, double_well, himmelblau, muller_brown, quadratic, six_hump_camel
from longrun.noise import Gaussian, Rademacher, Rotated, TruncatedGaussian, Uniform

NOISES = [Rademacher(0.9), Uniform(1.3), TruncatedGaussian(0.8, 1.1)]


def maier_stein(beta):
    """Drift (x − x³ − βxy², −(1 + x²)y) (Maier & Stein, J. Stat. Phys. 83, 1996, with α = 1), as −grad."""

    def field(x):
        u, v = x[..., 0], x[..., 1]
        return -np.stack([u - u**3 - beta * u * v * v, -(1 + u * u) * v], axis=-1)

    return Landscape("Maier–Stein", None, field, box=([-2, -2], [2, 2]))


def spiral(alpha):
    """Drift (−2x − αy, 2αx − y): orthogonal to the gradient of U = 2x² + y² but for −∇U/2."""
    return Landscape("spiral", None, lambda x: x @ np.array([[2.0, -2 * alpha], [alpha, 1.0]]), box=([-2, -2], [2, 2]))


def root_1d(noise, slope, x):
    """Return the s ≠ 0 with log E exp(−s Z(x)) = s f′(x), by bisection on the quotient by s: independent of the library."""

    def excess(s):
        return float(noise.cgf(np.array([x]), np.array([-s]))) / s - slope

    low, high = 1e-9 * np.sign(slope), np.sign(slope)
    while excess(high) * np.sign(slope) < 0:
        high *= 2
    return brentq(excess, low, high, xtol=1e-15, rtol=1e-15) if excess(low) * excess(high) < 0 else 0.0


def cost_1d(noise, landscape, a, b):
    """∫ s dx over [a, b], uphill all the way."""

    def s(x):
        return root_1d(noise, float(landscape.grad(np.array([x]))[0]), x)

    return quad(s, a, b, epsabs=1e-13, epsrel=1e-13, limit=200)[0]


def test_lagrangian_of_gaussian_noise():
    rng, landscape = np.random.default_rng(0), himmelblau()
    x, v = rng.normal(size=(2, 5, 7, 2))
    expected = ((v + landscape.grad(x)) ** 2).sum(axis=-1) / (2 * 0.7**2)
    np.testing.assert_allclose(lagrangian(landscape, Gaussian(0.7), x, v), expected, rtol=1e-14)
    rotated = lagrangian(landscape, Rotated(Gaussian(0.7), [[0, 1], [-1, 0]]), x, v)
    np.testing.assert_allclose(rotated, expected, rtol=1e-12)


def test_lagrangian_of_signs_is_their_entropy():
    y = np.array([[0.0, 0.3], [0.9, -0.99], [1e-6, 0.0]])
    entropy = ((1 + y) * np.log1p(y) + (1 - y) * np.log1p(-y)).sum(axis=-1) / 2
    flat = Landscape("flat", None, np.zeros_like, box=([-1, -1], [1, 1]))
    np.testing.assert_allclose(lagrangian(flat, Rademacher(2.0), np.zeros(2), -2.0 * y), entropy, rtol=1e-10, atol=1e-15)
    at_corner = lagrangian(flat, Rademacher(1.0), np.zeros(2), np.array([[1.0, 1.0], [1.0, 0.0], [1.01, 0.0]]))
    np.testing.assert_allclose(at_corner, [2 * np.log(2), np.log(2), np.inf])


@pytest.mark.parametrize("noise", NOISES)
def test_lagrangian_is_the_conjugate(noise):
    """L(x, 𝓗_p) = ⟨p, 𝓗_p⟩ − 𝓗 at any p: Legendre's identity."""
    rng = np.random.default_rng(1)
    landscape = quadratic(np.diag([0.3, -0.2]))
    x, p = rng.normal(size=(2, 40, 2))
    v = -landscape.grad(x) - noise.cgf_grad(x, -p)
    height = noise.cgf(x, -p) - (p * landscape.grad(x)).sum(axis=-1)
    np.testing.assert_allclose(lagrangian(landscape, noise, x, v), (p * v).sum(axis=-1) - height, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("noise", [*NOISES, Gaussian(0.5), Rotated(Rademacher(0.8), [[1.0, 0.4], [-0.2, 1.0]])])
def test_push_solves_its_optimality_conditions(noise):
    rng = np.random.default_rng(2)
    x, v = rng.normal(size=(2, 500, 2))
    drift = rng.uniform(-0.6, 0.6, size=(500, 2))
    way = push(noise, x, drift, v)
    height = (way.momentum * drift).sum(axis=-1) + noise.cgf(x, -way.momentum)
    velocity = drift - noise.cgf_grad(x, -way.momentum)
    assert np.isnan(way.cost).mean() < 0.01  # directions within rounding of the edge of what is possible
    fine = np.isfinite(way.cost)
    np.testing.assert_allclose((way.pace * height)[fine], 0, atol=1e-13)
    np.testing.assert_allclose((way.pace[:, None] * velocity)[fine], v[fine], atol=1e-6)
    np.testing.assert_allclose(way.cost[fine], (way.momentum * v).sum(axis=-1)[fine], rtol=1e-14, atol=1e-14)


def test_bounded_noise_blocks_exactly_the_directions_out_of_its_cone():
    drift = np.array([[1.5, 0.2]] * 3)
    way = push(Rademacher(1.0), np.zeros((3, 2)), drift, np.array([[-1.0, 0.1], [1.0, 0.5], [0.5, 3.0]]))
    assert np.isinf(way.cost[0])
    assert np.all(np.isfinite(way.cost[1:2]))
    assert np.isinf(way.cost[2])  # velocities are in [0.5, 2.5] × [−0.8, 1.2]: slopes up to 2.4


def test_action_of_a_straight_run():
    line = np.linspace([0.0, 0.0], [1.0, 2.0], 11)
    flat = Landscape("flat", None, np.zeros_like, box=([-1, -1], [1, 1]))
    assert action(flat, Gaussian(0.5), line, 4.0) == pytest.approx(5 / (2 * 0.25 * 4), rel=1e-13)
    assert action(flat, Rademacher(0.1), line, 4.0) == np.inf


def test_action_along_and_against_the_flow():
    """OU: downhill costs nothing, the reversed flow costs 2Δf/σ², up to the polygon's O(1/m²)."""
    t = np.linspace(0, 5, 2001)
    down = np.exp(-t)[:, None] * np.array([1.0, 1.0])
    landscape = quadratic(np.eye(2))
    assert action(landscape, Gaussian(1.0), down, 5.0) < 1e-6
    assert action(landscape, Gaussian(1.0), down[::-1], 5.0) == pytest.approx(2 * (1 - np.exp(-10)), rel=1e-6)


def test_minimum_is_below_any_action():
    landscape, noise = himmelblau(), Gaussian(3.0)
    start, end = np.array([3.0, 2.0]), np.array([2.0, 3.0])
    way = minimum_action(landscape, noise, start, end)
    for bend in (0.0, 0.2, -0.2):
        s = np.linspace(0, 1, 400)[:, None]
        path = start + s * (end - start) + bend * s * (1 - s)
        assert all(action(landscape, noise, path, t) > way.cost for t in (0.01, 0.03, 0.1, 0.3))


@pytest.mark.parametrize("landscape", [himmelblau(), muller_brown()], ids=lambda c: c.name)
def test_gaussian_climb_to_a_point_of_the_basin(landscape):
    bottom = critical_points(landscape)[0].x
    for offset in ([0.3, 0.1], [-0.1, 0.15]):
        top = bottom + np.array(offset)
        exact = 2 * (landscape.value(top) - landscape.value(bottom)) / 0.8**2
        assert minimum_action(landscape, Gaussian(0.8), bottom, top).cost == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("noise", [Gaussian(0.4), *NOISES, Rademacher(0.5)], ids=repr)
def test_one_dimension(noise):
    landscape = double_well(0.1)
    left, right, top = (p.x[0] for p in critical_points(landscape)[:2] + critical_points(landscape)[2:])
    left, right = sorted([left, right])
    exact = cost_1d(noise, landscape, left, top)
    assert minimum_action(landscape, noise, [left], [top]).cost == pytest.approx(exact, rel=1e-10)
    assert minimum_action(landscape, noise, [left], [right]).cost == pytest.approx(exact, rel=1e-10)
    back = minimum_action(landscape, noise, [right], [left])
    assert back.cost == pytest.approx(-cost_1d(noise, landscape, top, right), rel=1e-10)
    assert minimum_action(landscape, noise, [top], [right]).cost == pytest.approx(0, abs=1e-14)
    assert back.path[0] == right
    assert back.path[-1] == left


def test_one_dimension_sigma_of_x():
    def sigma(x):
        return 0.5 + 0.2 * np.sin(3 * x[..., 0])

    landscape = double_well(0.0)
    exact = quad(lambda x: 2 * (x**3 - x) / (0.5 + 0.2 * np.sin(3 * x)) ** 2, -1, 0, epsabs=1e-13, epsrel=1e-13)[0]
    assert minimum_action(landscape, Gaussian(sigma), [-1.0], [0.0]).cost == pytest.approx(exact, rel=1e-10)


def test_one_dimension_wall():
    """|f′| reaches 0.385 between −1 and 0: signs of size 0.38 cannot climb, and the result says where."""
    way = minimum_action(double_well(0.0), Rademacher(0.38), [-1.0], [0.0])
    assert way.cost == np.inf
    assert "cannot climb" in way.reason
    assert way.path.shape == (0, 1)
    assert minimum_action(double_well(0.0), Rademacher(0.38), [0.0], [-1.0]).cost == 0.0


@pytest.mark.parametrize("dim", [2, 3, 5])
def test_rotated_independent_coordinates(dim):
    """Costs add over the coordinates y = R⁻¹x, in each of which the one-dimensional formula holds."""
    rng = np.random.default_rng(dim)
    rotation = np.linalg.qr(rng.normal(size=(dim, dim)))[0] @ np.diag(rng.uniform(0.7, 1.5, size=dim))
    inverse = np.linalg.inv(rotation)
    line = Landscape("line", None, lambda y: 0.4 * y + 0.1 * y**3, box=([-3], [3]))
    landscape = Landscape("sum", None, lambda x: line.grad(x @ inverse.T) @ rotation.T, box=([-3] * dim, [3] * dim))
    y = rng.uniform(0.4, 1.2, size=dim) * rng.choice([-1, 1], size=dim)
    exact = sum(cost_1d(Rademacher(1.0), line, 0.0, abs(height)) for height in y)
    way = minimum_action(landscape, Rotated(Rademacher(1.0), rotation), np.zeros(dim), rotation @ y)
    assert way.cost == pytest.approx(exact, rel=1e-8)


def test_sigma_of_f():
    """σ depending on f only: E = ∫ 2 du/σ²(u), in two dimensions."""
    landscape = himmelblau()
    bottom, saddle = (critical_points(landscape)[k] for k in (2, 4))

    def sigma(x):
        return np.sqrt(1 + landscape.value(x) / 5)

    def sigma_grad(x):
        return landscape.grad(x) / (10 * sigma(x)[..., None])

    target = bottom.x + 0.5 * (saddle.x - bottom.x)
    exact = 10 * np.log1p(landscape.value(target) / 5)
    for gradient in (sigma_grad, None):
        cost = minimum_action(landscape, Gaussian(sigma, gradient), bottom.x, target).cost
        assert cost == pytest.approx(exact, rel=1e-8)


def manufactured(noise, swirl):
    """A drift b with 𝓗(x, ∇U) = ⟨b, ∇U⟩ + H(−∇U) = 0 for U = x² + y²/2 + x⁴/8, plus a field orthogonal to ∇U.

    b = −c(x) C∇U with c = H(−∇U)/⟨∇U, C∇U⟩, smooth at 0 too; then U solves the Hamilton–Jacobi equation whatever `swirl`.
    """
    covariance = noise.cov(np.zeros(2))

    def slope(x):
        u, v = x[..., 0], x[..., 1]
        return np.stack([2 * u + u**3 / 2, v], axis=-1)

    def field(x):
        p = slope(x)
        c = noise.cgf(x, -p) / ((p @ covariance * p).sum(axis=-1) + 1e-300)
        turned = np.stack([-p[..., 1], p[..., 0]], axis=-1)
        return c[..., None] * (p @ covariance) - swirl * turned

    return Landscape("manufactured", None, field, box=([-2, -2], [2, 2])), lambda x: x[0] ** 2 + x[1] ** 2 / 2 + x[0] ** 4 / 8


@pytest.mark.parametrize("swirl", [0.0, 0.3, -0.5])
@pytest.mark.parametrize("noise", [Rademacher(0.9), Uniform(1.3), Rotated(Rademacher(0.8), [[1.0, 0.4], [-0.2, 1.0]])], ids=repr)
def test_manufactured_rotating_fields(noise, swirl):
    landscape, potential = manufactured(noise, swirl)
    for end in ([0.7, 0.5], [-0.4, 0.9]):
        way = minimum_action(landscape, noise, [0.0, 0.0], end)
        assert way.cost == pytest.approx(potential(end), rel=1e-8)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, -1.0, 3.0, 10.0, 40.0])
def test_linear_spiral(alpha):
    way = minimum_action(spiral(alpha), Gaussian(1.0), [0.0, 0.0], [1.0, 0.5])
    assert way.cost == pytest.approx(2.25, rel=1e-8)


def test_nearly_undamped_focus_is_right_or_refused():
    """More turns than the modes can follow."""
    with pytest.raises(NotConverged) as caught:
        minimum_action(spiral(300.0), Gaussian(1.0), [0.0, 0.0], [1.0, 0.5])
    assert caught.value.residual > 1e-9


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0, 4.0])
def test_maier_stein_straight(beta):
    way = minimum_action(maier_stein(beta), Gaussian(1.0), [-1.0, 0.0], [0.0, 0.0])
    assert way.cost == pytest.approx(0.5, rel=1e-8)


@pytest.mark.parametrize("beta", [5.0, 10.0])
def test_maier_stein_leaves_the_axis(beta):
    landscape = maier_stein(beta)
    rough = minimum_action(landscape, Gaussian(1.0), [-1.0, 0.0], [0.0, 0.0], tol=1e-6)
    fine = minimum_action(landscape, Gaussian(1.0), [-1.0, 0.0], [0.0, 0.0], tol=1e-10)
    assert fine.cost < 0.5 - 1e-3
    assert np.abs(fine.path[:, 1]).max() > 0.05
    assert rough.cost == pytest.approx(fine.cost, rel=1e-6)
    doubled = minimum_action(landscape, Gaussian(2.0), [-1.0, 0.0], [0.0, 0.0])
    assert 4 * doubled.cost == pytest.approx(fine.cost, rel=1e-8)


def test_path_goes_through_the_saddle():
    landscape = himmelblau()
    points = critical_points(landscape)
    start, end = points[1], points[2]
    way = minimum_action(landscape, Gaussian(1.0), start.x, end.x)
    nearest = min(np.linalg.norm(way.path - p.x, axis=-1).min() for p in points if p.index == 1)
    assert nearest < 1e-12
    heights = [2 * p.value for p in points if p.index == 1]
    assert min(abs(way.cost / height - 1) for height in heights) < 1e-8


def test_passing_near_a_saddle_is_not_passing_through_it():
    """The line of the flow to this point misses a saddle narrowly: a path through it costs 3e-6 too much, relatively."""
    landscape, end = six_hump_camel(), np.array([1.09609886, -1.45202481])
    bottoms = [p for p in critical_points(landscape) if p.index == 0]
    bottom = bottoms[int(basin(landscape, end, bottoms))]
    try:
        way = minimum_action(landscape, Gaussian(1.0), bottom.x, end)
    except NotConverged as error:
        assert error.residual > 1e-9  # noqa: PT017 either outcome is right
    else:
        assert way.cost == pytest.approx(2 * (landscape.value(end) - bottom.value), rel=1e-8)


def test_momentum_along_the_path():
    """For Gaussian noise p = 2∇f/σ² on the way up and 𝓗 = 0 all along."""
    landscape, noise = himmelblau(), Gaussian(2.0)
    points = critical_points(landscape)
    way = minimum_action(landscape, noise, points[2].x, points[4].x + 0.0)
    p, grad = way.momentum, landscape.grad(way.path)
    height = noise.cgf(way.path, -p) - (p * grad).sum(axis=-1)
    np.testing.assert_allclose(height, 0, atol=1e-9)
    assert way.residual <= 1e-9


def test_bounded_noise_that_cannot_climb_a_plane():
    points = critical_points(himmelblau())
    way = minimum_action(himmelblau(), Rademacher(5.0), points[2].x, points[4].x)
    assert way.cost == np.inf
    assert "cannot climb" in way.reason


def test_nearly_degenerate_covariance():
    """Noise much weaker across: a right answer (costs add over the axes) or a refusal."""
    stretch = np.diag([1.0, 1e-3])
    landscape = quadratic(np.diag([1.0, 2.0]))
    exact = 1.0**2 + 2 * 0.01**2 / 1e-6
    try:
        way = minimum_action(landscape, Rotated(Gaussian(1.0), stretch), [0.0, 0.0], [1.0, 0.01])
    except NotConverged:
        return
    assert way.cost == pytest.approx(exact, rel=1e-8)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.3, 3.0), st.floats(0.5, 2.0), st.integers(0, 10**6))
def test_gaussian_costs_scale_as_one_over_variance(sigma, factor, seed):
    landscape = quadratic(np.diag([1.0, 1.7]))
    end = np.random.default_rng(seed).normal(size=2)
    one = minimum_action(landscape, Gaussian(sigma), np.zeros(2), end).cost
    two = minimum_action(landscape, Gaussian(sigma * factor), np.zeros(2), end).cost
    assert one >= 0
    assert two * factor**2 == pytest.approx(one, rel=1e-8)
    assert one == pytest.approx(2 * landscape.value(end) / sigma**2, rel=1e-8)


def test_errors_name_argument_and_value():
    landscape, noise = himmelblau(), Gaussian(1.0)
    with pytest.raises(ValueError, match="start"):
        minimum_action(landscape, noise, [0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="tol = -1"):
        minimum_action(landscape, noise, [0.0, 0.0], [1.0, 1.0], tol=-1)
    with pytest.raises(ValueError, match="duration = 0"):
        action(landscape, noise, np.zeros((3, 2)), 0)
    with pytest.raises(ValueError, match="path of shape"):
        action(landscape, noise, np.zeros((3, 3)), 1.0)
    with pytest.raises(NotConverged) as caught:
        minimum_action(maier_stein(10.0), noise, [-1.0, 0.0], [0.0, 0.0], tol=1e-12, max_modes=16)
    assert caught.value.residual > 1e-12


def test_a_start_that_overshoots_the_saddle_is_unfolded():
    """From the chord, a path that ran past the saddle and back: a minimum of cost and gauge that no number of modes resolved."""
    landscape = himmelblau()
    saddle = next(p.x for p in critical_points(landscape) if np.allclose(p.x, [3.38515, 0.07385], atol=1e-4))
    found = minimum_action(landscape, Rademacher(25.0), [3.0, 2.0], saddle)
    assert found.cost == pytest.approx(0.046102648049, rel=1e-9)


def test_a_sharp_turn_near_a_saddle_converges():
    """From a minimum past a saddle, at a distance of 0.28, to the maximum: modes crowd about the turn."""
    landscape, noise = himmelblau(), Rotated(Rademacher(60.0), np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2))
    points = critical_points(landscape)
    start, saddle, end = (points[k].x for k in nearest_to(points, [[-3.779, -3.283], [-3.073, -0.081], [-0.271, -0.923]]))
    found = minimum_action(landscape, noise, start, end, starts=[np.stack([start, saddle + np.array([0.2, -0.2]), end])])
    assert found.cost == pytest.approx(0.1208424474625, rel=1e-9)


def nearest_to(points, places):
    return [int(np.argmin([np.linalg.norm(p.x - place) for p in points])) for place in places]
