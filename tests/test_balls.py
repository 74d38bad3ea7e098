"""Masses of balls: closed forms, smallness, bad input."""

import numpy as np
import pytest
from scipy.stats import norm

from longrun.balls import inside, log_density, log_mass
from longrun.landscapes import quadratic
from longrun.law import invariant_law
from longrun.noise import Gaussian


@pytest.mark.parametrize("radius", [0.01, 0.7, 3.0])
def test_gaussian_balls(radius):
    line = log_mass(lambda x: -(x[:, 0] ** 2) / 2, [0.0], radius)
    assert np.exp(line) == pytest.approx(np.sqrt(2 * np.pi) * (2 * norm.cdf(radius) - 1), rel=1e-12)
    plane = log_mass(lambda x: -((x - 5.0) ** 2).sum(axis=-1) / 2, [5.0, 5.0], radius)
    assert np.exp(plane) == pytest.approx(2 * np.pi * -np.expm1(-(radius**2) / 2), rel=1e-12)


def test_no_mass_is_too_small():
    assert log_mass(lambda x: -1e4 + 0 * x[:, 0], [0.0, 0.0], 2.0) == pytest.approx(-1e4 + np.log(4 * np.pi))


def test_ball_about_a_saddle_has_the_mass_of_its_edge():
    """−ε log ∫ e^{u²/ε} over [−1, 1] → −1, the height of the edge, with the layer's prefactor ε/2 on each side."""
    epsilon = 1e-3
    assert log_mass(lambda x: x[:, 0] ** 2 / epsilon, [0.0], 1.0, nodes=200) == pytest.approx(
        1 / epsilon + np.log(epsilon), abs=2e-3
    )


def test_law_of_a_quadratic():
    """Variance ησ²/(h(2 − ηh)), a density known everywhere."""
    law = invariant_law(quadratic([[1.0]]), Gaussian(1.0), 0.2)
    spread = np.sqrt(0.2 / 1.8)
    x = np.array([[0.0], [0.4], [1.1]])
    assert log_density(law, [0.5], 0.7)(x) == pytest.approx(norm.logpdf(x[:, 0], scale=spread), abs=1e-6)
    plane = invariant_law(quadratic(np.eye(2)), Gaussian(1.0), 0.2)
    assert log_density(plane, [0.1, 0.0], 0.3)(np.array([0.1, 0.2])) == pytest.approx(
        norm.logpdf([0.1, 0.2], scale=spread).sum(), abs=1e-6
    )
    mass = log_mass(log_density(law, [0.0], 0.5), [0.0], 0.5)
    assert np.exp(mass) == pytest.approx(2 * norm.cdf(0.5 / spread) - 1, rel=1e-6)


def test_inside():
    assert inside([1.0, 0.0], 0.5)(np.array([[1.0, 0.4], [0.0, 0.0]])).tolist() == [True, False]


def test_bad_input():
    with pytest.raises(ValueError, match="radius"):
        inside([0.0], 0.0)
    with pytest.raises(ValueError, match="of the line or of the plane"):
        log_mass(lambda x: x[:, 0], [0.0, 0.0, 0.0], 1.0)
    law = invariant_law(quadratic([[1.0]]), Gaussian(1.0), 0.2)
    with pytest.raises(ValueError, match="no mass"):
        log_density(law, [3.0], 0.5)
