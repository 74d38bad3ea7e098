import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longrun.fits import least_squares, polynomial, power_law

X = np.array([0.1, 0.2, 0.4, 0.8, 1.6])


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3), st.floats(0.01, 10))
def test_exact_measurements_give_exact_coefficients(c, scale):
    fit = polynomial(X, np.polynomial.polynomial.polyval(X, c), scale * (1 + X), degree=2)
    np.testing.assert_allclose(fit.coefficients, c, atol=1e-11)
    np.testing.assert_allclose(fit.moved, 0, atol=1e-11)
    assert fit.chi2 < 1e-15


def test_straight_line_against_the_textbook():
    """Slope Σ w (x − x̄)(y − ȳ)/S, variances 1/S and 1/W + x̄²/S, S = Σ w (x − x̄)² (weighted means)."""
    y, error = np.array([1.0, 1.4, 1.5, 2.9, 4.0]), np.array([0.1, 0.2, 0.1, 0.3, 0.2])
    w = error**-2
    mean_x, mean_y = np.average(X, weights=w), np.average(y, weights=w)
    spread = w @ (X - mean_x) ** 2
    slope = w @ ((X - mean_x) * (y - mean_y)) / spread
    fit = polynomial(X, y, error)
    np.testing.assert_allclose(fit.coefficients, [mean_y - slope * mean_x, slope], rtol=1e-12)
    np.testing.assert_allclose(fit.errors, [np.sqrt(1 / w.sum() + mean_x**2 / spread), np.sqrt(1 / spread)], rtol=1e-12)
    np.testing.assert_allclose(fit.covariance[0, 1], -mean_x / spread, rtol=1e-12)
    np.testing.assert_allclose(fit.without_last, polynomial(X[:-1], y[:-1], error[:-1]).coefficients, rtol=1e-12)


def test_standard_errors_are_what_repeated_measurements_scatter_by():
    rng = np.random.default_rng(1)
    error = 0.1 * (1 + X)
    fits = [polynomial(X, 2 - X + error * rng.standard_normal(X.size), error) for _ in range(2000)]
    scatter = np.cov([fit.coefficients for fit in fits], rowvar=False)
    np.testing.assert_allclose(scatter, fits[0].covariance, rtol=0.15)
    assert np.mean([fit.chi2 for fit in fits]) == pytest.approx(1, abs=0.1)


@given(st.floats(-3, 3), st.floats(0.1, 10), st.floats(-1, 1))
def test_power_law(power, factor, correction):
    y = factor * X**power * np.exp(correction * X)
    fit = power_law(X, y, 0.01 * y, corrections=1)
    np.testing.assert_allclose(fit.coefficients, [power, np.log(factor), correction], atol=1e-11)


def test_a_number_is_a_constant_column():
    np.testing.assert_allclose(least_squares(1 + X, 1, 1, X).coefficients, [1, 1], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: polynomial(X, X, 0.0), "error"),
        (lambda: polynomial(X, X, np.inf), "error"),
        (lambda: polynomial(X[:2], X[:2], 1.0), "y has shape"),
        (lambda: least_squares(X, 1.0), "y has shape"),
        (lambda: polynomial(X, X * np.nan, 1.0), "finite"),
        (lambda: least_squares(X, 1.0, X, 2 * X), "depend"),
        (lambda: least_squares(X, 1.0, X, 0.0), "depend"),
        (lambda: least_squares(X, 1.0, 1.0, [0, 0, 0, 0, 1.0]), "depend"),
        (lambda: power_law(-X, X, 1.0), "x ="),
        (lambda: power_law(X, X - 1, 1.0), "y ="),
    ],
)
def test_bad_input(call, named):
    with pytest.raises(ValueError, match=named):
        call()
