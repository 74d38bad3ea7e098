"""SGD near a minimum: the minima found, the largest stable step, and covariances against closed forms and brute-force series."""

import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.linalg import expm
from scipy.optimize import root
from scipy.stats import norm

from longrun import sgd
from longrun.landscapes import (
    Landscape,
    double_well,
    himmelblau,
    jacobian,
    muller_brown,
    quadratic,
    six_hump_camel,
    three_hump_camel,
    tilted_himmelblau,
)
from longrun.linear import (
    diffusion_covariance,
    growth_rate,
    largest_stable_step,
    minima,
    squared_distance,
    stationary_covariance,
)
from longrun.noise import Gaussian, Rotated

# Minima as the literature prints them, to the digits given.
PRINTED = {
    "Himmelblau": (himmelblau(), [(3, 2), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)]),
    "three-hump": (three_hump_camel(), [(0, 0), (1.7475, -0.8738), (-1.7475, 0.8738)]),
    "six-hump": (
        six_hump_camel(),
        [s * np.array(x) for x in ((0.0898, -0.7126), (1.7036, -0.7961), (1.6071, 0.5687)) for s in (1, -1)],
    ),
    "Müller–Brown": (muller_brown(), [(-0.5582, 1.4417), (0.6235, 0.0280), (-0.0500, 0.4667)]),
    "double well": (double_well(), [(1,), (-1,)]),
    "double well, tilted": (double_well(0.24), [(1.1,), (-0.8682,)]),  # 1.1³ − 1.1 = 0.231: the root near 1.1
    "tilted Himmelblau": (tilted_himmelblau(10.0), [(2.82, 2.10), (-2.95, 3.13), (-3.87, -3.31), (3.48, -1.82)]),
    "quadratic": (quadratic([[2.0, 1.0], [1.0, 3.0]]), [(0, 0)]),
}
on_each = pytest.mark.parametrize(("landscape", "printed"), PRINTED.values(), ids=PRINTED)


def polished(landscape, points):
    """The printed points as roots of the gradient, by another solver."""
    return np.array([root(landscape.grad, np.array(p, dtype=float), tol=1e-13).x for p in points])


@on_each
def test_all_minima_are_found_and_nothing_else(landscape, printed):
    exact, found = polished(landscape, printed), minima(landscape)
    distance = np.linalg.norm(found[:, None] - exact, axis=2)
    assert np.all(distance.min(axis=1) < 1e-8)  # a root to rounding: gradient error ε·|terms| over the curvature
    assert np.all(distance.min(axis=0) < 1e-8)


@on_each
def test_largest_stable_step(landscape, printed):
    sharpest = max(np.linalg.eigvalsh(jacobian(landscape.grad, x)).max() for x in polished(landscape, printed))
    assert largest_stable_step(landscape) == pytest.approx(2 / sharpest, rel=1e-6)  # central differences


@pytest.mark.parametrize(
    ("landscape", "limit"),
    [
        (double_well(), 1.0),  # f″(±1) = 2
        (quadratic([[5.0]]), 0.4),
        (quadratic([[2.0, 1.0], [1.0, 3.0]]), 4 / (5 + np.sqrt(5))),
        (quadratic(np.diag([1.0, 2.0, 3.0, 4.0, 8.0])), 0.25),
        (quadratic(np.diag([1e-3, 1e3])), 2e-3),
        (quadratic([[-1.0]]), np.inf),  # no minimum
        (quadratic(np.diag([1.0, -1.0])), np.inf),
        (Landscape("game", None, lambda x: x[..., ::-1] * [1, -1], box=(-np.ones(2), np.ones(2))), np.inf),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_largest_stable_step_in_closed_form(landscape, limit):
    assert largest_stable_step(landscape) == pytest.approx(limit, rel=1e-12)


def test_the_threshold_is_where_gradient_descent_turns():
    landscape = himmelblau()
    limit = largest_stable_step(landscape)
    sharp = max(polished(landscape, PRINTED["Himmelblau"][1]), key=lambda x: np.linalg.eigvalsh(landscape.hess(x)).max())
    for factor, grows in ((0.99, False), (1.01, True)):
        x = sharp + 1e-6
        for _ in range(200):
            x = x - factor * limit * landscape.grad(x)
        assert (np.linalg.norm(x - sharp) > 1e-6) == grows


# --- covariances

H1, C1 = np.array([[2.0, 0.7], [0.7, 1.0]]), np.array([[1.0, -0.4], [-0.4, 0.5]])  # do not commute
H3, C3 = np.diag([0.5, 1.0, 2.0]), np.array([[1.0, 0.2, 0.1], [0.2, 2.0, -0.3], [0.1, -0.3, 0.4]])
CASES = [(H1, np.eye(2), 0.3), (H1, C1, 0.3), (H1, C1, 0.8), (H3, C3, 0.9), (H3, C3, 0.01)]
each = pytest.mark.parametrize(("h", "c", "eta"), CASES)


def series(h, c, eta, lag=0):
    """V (I − ηH)^s as the sum η² Σ_k (I − ηH)^k C (I − ηH)^{k+s}."""
    a, total = np.eye(len(h)) - eta * h, 0.0
    term = eta**2 * c @ np.linalg.matrix_power(a, lag)
    while np.abs(term).max() > 1e-18:
        total, term = total + term, a @ term @ a
    return total


def test_the_cases_do_not_commute():
    assert all(np.abs(h @ c - c @ h).max() > 0.1 for h, c, _ in CASES[1:])


@pytest.mark.parametrize("h", [0.1, 1.0, 7.0])
@pytest.mark.parametrize("share", [1e-6, 0.3, 1.0, 1.5, 1.99])
def test_one_dimension(h, share):
    eta, s2 = share / h, 1.7
    assert stationary_covariance(h, s2, eta) == pytest.approx(np.array([[eta * s2 / (h * (2 - eta * h))]]), rel=1e-9)
    assert diffusion_covariance(h, s2, eta) == pytest.approx(np.array([[eta * s2 / (2 * h)]]), rel=1e-12)
    assert diffusion_covariance(h, s2, eta, order=2) == pytest.approx(np.array([[eta * s2 / (h * (2 + eta * h))]]), rel=1e-12)


@each
def test_stationary_covariance_is_the_series(h, c, eta):
    np.testing.assert_allclose(stationary_covariance(h, c, eta), series(h, c, eta), rtol=1e-10, atol=1e-13)


@each
def test_isotropic_noise_keeps_the_eigenvectors(h, c, eta):
    values, q = np.linalg.eigh(h)
    for computed, v in (
        (stationary_covariance(h, 0.6 * np.eye(len(h)), eta), eta * 0.6 / (values * (2 - eta * values))),
        (diffusion_covariance(h, 0.6 * np.eye(len(h)), eta), eta * 0.6 / (2 * values)),
        (diffusion_covariance(h, 0.6 * np.eye(len(h)), eta, order=2), eta * 0.6 / (values * (2 + eta * values))),
    ):
        np.testing.assert_allclose(computed, (q * v) @ q.T, rtol=1e-10, atol=1e-13)


@each
@pytest.mark.parametrize("order", [1, 2])
def test_diffusion_covariance_is_the_integral(h, c, eta, order):
    a = h if order == 1 else h + eta / 2 * h @ h
    # ∫₀^∞ e^{−At} ηC e^{−At} dt, with t = u/(1 − u)
    exact, _ = quad_vec(lambda u: expm(-a * u / (1 - u)) @ c @ expm(-a * u / (1 - u)) / (1 - u) ** 2, 0, 1 - 1e-9, epsabs=1e-12)
    np.testing.assert_allclose(diffusion_covariance(h, c, eta, order), eta * exact, rtol=1e-8, atol=1e-10)


def test_the_surrogates_err_to_opposite_sides_at_first_order():
    """1/(2 − y) = (1 + y/2 + …)/2 for SGD, 1/2 and (1 − y/2 + …)/2 for the surrogates, y = ηh."""
    eta, h = 1e-3, 2.0
    sgd_, first, second = (
        f(h, 1.0, eta)[0, 0] for f in (stationary_covariance, diffusion_covariance, lambda *a: diffusion_covariance(*a, 2))
    )
    y = eta * h
    assert sgd_ / first - 1 == pytest.approx(y / 2, rel=y)
    assert second / first - 1 == pytest.approx(-y / 2, rel=y)


@pytest.mark.parametrize("lag", [1, 2, 7, 100])
@each
def test_squared_distance_is_the_series(h, c, eta, lag):
    expected = 2 * np.trace(series(h, c, eta) - series(h, c, eta, lag))
    assert squared_distance(h, c, eta, lag) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("lag", [1, 3, 40])
def test_squared_distance_is_what_sgd_does(lag):
    r, eta, n = np.array([[0.9, -0.3], [0.2, 0.6]]), 0.3, 40_000
    x = sgd.run(quadratic(H1), Rotated(Gaussian(1.0), r), eta, np.zeros((n, 2)), 200, rng=np.random.default_rng(lag), keep=lag + 1)
    d2 = ((x[-1] - x[0]) ** 2).sum(axis=1)
    assert abs(d2.mean() - squared_distance(H1, r @ r.T, eta, lag)) < norm.isf(1e-7) * d2.std() / np.sqrt(n)


@pytest.mark.parametrize(
    ("h", "eta"),
    [(1.0, 2.0), (1.0, 2.1), (4.0, 0.6), (0.0, 0.1), (-1.0, 0.1), (1.0, 0.0), (1.0, -0.1), (np.diag([1.0, -1e-3]), 0.1), (H1, 1.5)],
)
def test_no_stationary_law(h, eta):
    for call in (stationary_covariance, lambda *args: squared_distance(*args, 1)):
        with pytest.raises(ValueError, match=r"eta = .*spectral radius .* less than 1"):
            call(h, np.eye(np.ndim(h) or 1), eta)


@pytest.mark.parametrize("order", [0, 3, "1", 1.5])
def test_bad_order(order):
    with pytest.raises(ValueError, match="order"):
        diffusion_covariance(1.0, 1.0, 0.1, order)


@pytest.mark.parametrize(("h", "eta"), [(-1.0, 0.1), (1.0, -0.1), (np.diag([1.0, -0.5]), 0.1)])
def test_no_stationary_law_of_the_diffusion(h, eta):
    with pytest.raises(ValueError, match=r"eta|hessian"):
        diffusion_covariance(h, np.eye(np.ndim(h) or 1), eta)


@pytest.mark.parametrize("lag", [-1, 0])
def test_bad_lag(lag):
    with pytest.raises(ValueError, match="lag"):
        squared_distance(1.0, 1.0, 0.1, lag)


@pytest.mark.parametrize("mean", [-1.1, 0.0, 0.5, 1.1])
@pytest.mark.parametrize("strength", [0.0, 0.001, 0.03, 0.04, 0.5, 3.0])
def test_growth_rate(mean, strength):
    """Gauss–Legendre with the logarithm's pole between two panels; E log|ξ| = −(γ + log 2)/2 in closed form."""
    if mean == strength == 0:
        with pytest.raises(ValueError, match="not both 0"):
            growth_rate(mean, strength)
        return
    if mean == 0:
        assert growth_rate(mean, strength) == pytest.approx(np.log(strength) - (np.euler_gamma + np.log(2)) / 2, rel=1e-9)
    elif strength < 0.04 * abs(mean):
        ratio = strength / mean
        assert growth_rate(mean, strength) == pytest.approx(np.log(abs(mean)) - ratio**2 / 2 - 3 * ratio**4 / 4, abs=1e-7)
    else:
        xi = np.random.default_rng(1).standard_normal(200_000)
        sample = np.log(np.abs(mean + strength * xi))
        assert abs(sample.mean() - growth_rate(mean, strength)) < 4 * sample.std() / np.sqrt(xi.size)


def test_growth_rate_names_a_negative_strength():
    with pytest.raises(ValueError, match="strength"):
        growth_rate(1.0, -0.1)
