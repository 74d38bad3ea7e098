import numpy as np
import pytest

from longrun.assumptions import check, gradient_noise, objective
from longrun.landscapes import (
    Landscape,
    double_well,
    himmelblau,
    muller_brown,
    quadratic,
    six_hump_camel,
    three_hump_camel,
    tilted_himmelblau,
)
from longrun.noise import FiniteSum, Gaussian, Rademacher, Rotated, TruncatedGaussian, Uniform
from longrun.smooth import logistic, rastrigin

LINE = double_well()


def coin(x):
    """Three samples 0 and one 1, whatever the point."""
    return np.broadcast_to([[0.0], [0.0], [0.0], [1.0]], (*x.shape[:-1], 4, 1))


@pytest.mark.parametrize(
    ("landscape", "curvature", "value", "gradient"),
    [
        (himmelblau(), 2, 4, 3),
        (tilted_himmelblau(3.0), 2, 4, 3),
        (double_well(0.1), 2, 4, 3),
        (three_hump_camel(), 4, 2, 1),  # along u = 0 it is v², with |∇f| = √5 v
        (six_hump_camel(), 4, 4, 3),
        (quadratic([[2.0, 0.8], [0.8, 1.0]]), 0, 2, 1),
        (logistic([[1.0, 0.5], [-0.5, 1.0]], 0.1)[0], 0, 2, 1),
        (rastrigin()[0], 0, 2, 1),
    ],
)
def test_growth_exponents(landscape, curvature, value, gradient):
    found = objective(landscape)
    assert found.curvature_growth == pytest.approx(curvature, abs=1e-3)
    assert found.value_growth == pytest.approx(value, abs=1e-2)
    assert found.gradient_growth == pytest.approx(gradient, abs=1e-2)
    assert found.lipschitz == (curvature == 0)
    assert found.coercive
    assert found.gradient_coercive
    assert found.isolated


def test_an_overflow_is_growth_faster_than_any_power():
    found = objective(muller_brown())
    assert found.curvature_growth == found.value_growth == found.gradient_growth == np.inf
    assert found.coercive
    assert not found.lipschitz


def test_saddle_and_valley_are_not_coercive():
    saddle = objective(quadratic(np.diag([-1.0, 1.0])))
    assert not saddle.coercive
    assert saddle.gradient_coercive
    valley = objective(quadratic(np.diag([1.0, 0.0])))
    assert not valley.coercive
    assert not valley.gradient_coercive
    assert valley.critical is None
    assert not valley.isolated


def test_a_field_without_objective():
    turn = Landscape("rotation", None, lambda x: x + np.stack([-x[..., 1], x[..., 0]], axis=-1), box=([-1, -1], [1, 1]))
    found = objective(turn)
    assert found.lipschitz
    assert not found.coercive
    assert found.gradient_coercive


def test_degenerate_minimum_is_not_called_isolated():
    assert not objective(Landscape("quartic", lambda x: (x**4).sum(axis=-1), lambda x: 4 * x**3, box=([-1.0], [1.2]))).isolated


@pytest.mark.parametrize(
    ("noise", "variance", "proxy"),
    [
        (Gaussian(2.0), 4.0, 4.0),
        (Rademacher(2.0), 4.0, 4.0),
        (Uniform(3.0), 3.0, 3.0),
        (FiniteSum(coin, 1), 3 / 16, 0.5 / (2 * np.log(3))),  # Kearns and Saul
    ],
)
def test_sub_gaussian_constant(noise, variance, proxy):
    found = gradient_noise(noise, LINE)
    assert found.variances[1] == pytest.approx(variance)
    assert found.proxy == pytest.approx(proxy, rel=1e-6)
    assert found.sub_gaussian
    assert found.centred
    assert found.proper


def test_truncation_bounds_and_narrows():
    found = gradient_noise(TruncatedGaussian(1.0, 2.0), LINE)
    assert found.bound == 2
    assert found.bound_growth == 0
    assert found.variances[1] <= found.proxy < 1
    assert gradient_noise(Gaussian(1.0), LINE).bound == np.inf
    assert not gradient_noise(Gaussian(1.0), LINE).linear_growth


def test_noise_that_grows_or_vanishes():
    grows = gradient_noise(Gaussian(lambda x: np.sqrt(1 + x[..., 0] ** 2)), LINE)
    assert grows.proxy_growth[1] == pytest.approx(2, abs=1e-3)
    assert not grows.sub_gaussian
    vanishes = gradient_noise(Gaussian(lambda x: np.abs(x[..., 0] - 1)), LINE)  # 1 is a minimum: it must be among the points
    assert not vanishes.proper
    linear = gradient_noise(FiniteSum(lambda x: x[..., None, :] * np.array([[1.0], [3.0]]), 1), LINE)
    assert linear.bound_growth == pytest.approx(1)
    assert linear.linear_growth
    assert linear.proxy_growth[1] == pytest.approx(2, abs=1e-3)


def test_degenerate_covariance_is_not_proper():
    flat = FiniteSum(lambda x: np.broadcast_to([[0.0, 1.0], [0.0, -1.0]], (*x.shape[:-1], 2, 2)), 1)
    on_f, on_z = check(himmelblau(), flat)
    assert not on_z.proper
    assert on_z.sub_gaussian
    assert on_f == objective(himmelblau())
    assert gradient_noise(Rotated(Rademacher(1.0), [[1.0, 0.3], [-0.4, 0.8]]), himmelblau()).proper


def test_no_noise_is_refused():
    with pytest.raises(ValueError, match="noise"):
        gradient_noise(Gaussian(lambda x: 0 * x[..., 0]), LINE)
