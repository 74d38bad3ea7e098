"""Finite horizons on a line: closed forms of the quadratic, the exact kernel, and samples."""

import numpy as np
import pytest
from scipy.stats import norm

from longrun import sgd
from longrun.horizon import diffusion_expectation, expectation, law_at
from longrun.landscapes import Landscape, double_well, himmelblau, quadratic
from longrun.law import invariant_law
from longrun.noise import FiniteSum, Gaussian, Rademacher, Sum, Uniform

BOWL = quadratic([[1.3]])
SKEW = Sum(FiniteSum(lambda x: np.broadcast_to([[1.5], [-0.5], [-0.5], [-0.5]], (*x.shape[:-1], 4, 1)), 1), Gaussian(0.4))
NOISES = {"Gaussian": Gaussian(0.5), "signs": Rademacher(0.5), "skew": SKEW}


def square(x):
    return x**2


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
@pytest.mark.parametrize("sizes", [np.full(12, 0.1), 0.2 / (1 + np.arange(30))], ids=["constant", "decreasing"])
def test_moments_of_sgd_on_a_quadratic(noise, sizes):
    """m ← (1 − ηh)m and E x² ← (1 − ηh)² E x² + η²σ²: splines are exact for x and x²."""
    x0 = np.array([-1.0, 0.2, 1.5])
    mean, second = x0, x0**2
    for size in sizes:
        mean, second = (1 - size * 1.3) * mean, (1 - size * 1.3) ** 2 * second + size**2 * noise.cov(np.zeros(1))[0, 0]
    np.testing.assert_allclose(expectation(BOWL, noise, sizes, lambda x: x, x0), mean, rtol=1e-10)
    np.testing.assert_allclose(expectation(BOWL, noise, sizes, square, x0), second, rtol=1e-10)


def test_forward_and_backward_agree():
    well, start = double_well(0.03), 0.25
    x, laws = law_at(well, SKEW, 0.12, start, [1, 7, 40])
    np.testing.assert_allclose(laws.sum(axis=1), 1, rtol=1e-12)
    for law, steps in zip(laws, (1, 7, 40), strict=True):
        np.testing.assert_allclose(law, law_at(well, SKEW, 0.12, start, steps)[1], rtol=1e-10)
        assert law @ np.tanh(3 * x) == pytest.approx(
            expectation(well, SKEW, np.full(steps, 0.12), lambda u: np.tanh(3 * u), start), abs=1e-6
        )


def test_law_tends_to_the_invariant_one():
    well = double_well(0.03)
    x, mass = law_at(well, SKEW, 0.15, 0.25, 10_000)
    law = invariant_law(well, SKEW, 0.15)
    assert mass @ x == pytest.approx(float(law.expectation(lambda u: u[:, 0])), abs=1e-5)
    assert mass @ (x > 0) == pytest.approx(law.probability(lambda u: u[:, 0] > 0), abs=0.01)  # one cell at 0


def test_expectation_is_the_mean_of_samples():
    well, n = double_well(0.03), 40_000
    x = sgd.run(well, SKEW, 0.1 / (1 + np.arange(20) / 5), np.full((n, 1), 0.4), 20, rng=np.random.default_rng(1))
    exact = expectation(well, SKEW, 0.1 / (1 + np.arange(20) / 5), np.sin, 0.4)
    assert np.sin(x).mean() == pytest.approx(exact, abs=4.5 * np.sin(x).std() / np.sqrt(n))


@pytest.mark.parametrize("rate", [0.5, 1.3, 2.0])
@pytest.mark.parametrize("variance", [1e-3, 0.05])
def test_ornstein_uhlenbeck(rate, variance):
    """N(x0 e^{−ht}, v(1 − e^{−2ht})/(2h)), so E sin X = sin(mean) e^{−variance/2}."""
    x0, time = np.array([-1.5, 0.1, 0.9]), 0.8
    mean, spread = x0 * np.exp(-rate * time), variance * (1 - np.exp(-2 * rate * time)) / (2 * rate)
    found = diffusion_expectation(lambda x: -rate * x, variance, time, np.sin, x0, (-3.0, 3.0))
    np.testing.assert_allclose(found, np.sin(mean) * np.exp(-spread / 2), atol=1e-8)


def test_splitting_against_fine_euler_steps():
    """Euler's scheme is SGD with Gaussian noise: its error is of first order, and goes away in the limit."""
    well = double_well(0.03)
    exact = diffusion_expectation(lambda x: -well.grad(x[:, None])[:, 0], 0.05, 1.0, np.sin, 1.75, (-2.5, 2.5))
    errors = [expectation(well, Gaussian(np.sqrt(0.05 * k)), np.full(k, 1 / k), np.sin, 1.75) - exact for k in (40, 80, 160)]
    assert abs(8 / 3 * errors[2] - 2 * errors[1] + errors[0] / 3) < 1e-3 * abs(errors[2])


def test_law_after_one_step():
    x, mass = law_at(BOWL, Gaussian(0.5), 0.2, 1.0, 1)
    h = x[1] - x[0]
    np.testing.assert_allclose(mass, h * norm.pdf(x, 1 - 0.2 * 1.3, 0.1), atol=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expectation(himmelblau(), Gaussian(1.0), [0.1], square, 0.0), "dimension 2"),
        (lambda: expectation(BOWL, Gaussian(1.0), [0.1, 0.0], square, 0.0), "sizes"),
        (lambda: expectation(BOWL, Uniform(1.0), [0.1], square, 0.0), "noise"),
        (lambda: diffusion_expectation(lambda x: x, 0.1, 1.0, square, 0.0, (-1, 1)), "point into it"),
        (lambda: diffusion_expectation(lambda x: -x, 0.1, 1.0, square, 0.0, (1, -1)), "lower < upper"),
        (lambda: diffusion_expectation(lambda x: -x, 0.0, 1.0, square, 0.0, (-1, 1)), "variance"),
        (lambda: diffusion_expectation(lambda x: -x, 0.1, 1.0, square, 0.0, (-1, 1), steps=7), "steps = 7"),
        (lambda: law_at(BOWL, Gaussian(1.0), 0.1, 9.0, 5), "x0 = 9"),
        (lambda: law_at(BOWL, Gaussian(1.0), 0.1, 0.0, 0), "steps = 0"),
        (lambda: law_at(BOWL, Gaussian(1.0), 0.1, 0.0, [5, 3]), "increasing"),
        (lambda: law_at(BOWL, Gaussian(1.0), 0.1, 0.0, 5, spacing=1.5), "spacing = 1.5"),
        (lambda: law_at(BOWL, Rademacher(1.0), 0.1, 0.0, 5), "Gaussian part"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_vector_field_without_value():
    spiral = Landscape("cubic", None, lambda x: x**3, box=(np.array([-2.0]), np.array([2.0])))
    assert expectation(spiral, Gaussian(0.1), [0.1], lambda x: x, 0.5) == pytest.approx(0.5 - 0.0125, abs=1e-9)
