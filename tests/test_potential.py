import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longrun.critical import critical_points
from longrun.energy import transitions
from longrun.landscapes import double_well, himmelblau, quadratic, tilted_himmelblau
from longrun.law import invariant_law
from longrun.noise import FiniteSum, Gaussian, Rademacher, Sum
from longrun.potential import Balls, energy_on_line

WELL = double_well(0.03)
JUMPS = np.array([[-0.9], [0.3], [0.3], [0.3]])
SKEWED = Sum(FiniteSum(lambda x: np.broadcast_to(JUMPS, (*x.shape[:-1], 4, 1)), 1), Gaussian(0.2))


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=8, unique_by=lambda v: round(v, 3)), st.floats(0.2, 3))
def test_gaussian_energy_is_2f_over_variance(x, sigma):
    x = np.sort(x)
    f = WELL.value(x[:, None])
    np.testing.assert_allclose(energy_on_line(WELL, Gaussian(sigma), x), 2 * (f - f[0]) / sigma**2, atol=1e-10 / sigma**2)


def test_vanishing_noise_against_the_closed_form():
    """σ = κ|x|, no tilt: E = (x² − 2 log x − 1)/κ²."""
    x, kappa = np.array([0.2, 0.5, 1.0, 1.7]), 0.6
    exact = (x**2 - 2 * np.log(x) - 1) / kappa**2
    found = energy_on_line(double_well(0.0), Gaussian(lambda y: kappa * np.abs(y[..., 0])), x)
    np.testing.assert_allclose(found, exact - exact[0], atol=1e-10)


def test_signs_on_a_quadratic():
    """E′ = artanh-like root: log cosh(σs) = s x."""
    x = np.array([0.0, 0.4])
    s = np.linspace(0, 20, 200_001)[1:]
    slope = np.interp(np.linspace(0, 0.4, 4001)[1:], np.log(np.cosh(s)) / s, s)
    exact = np.trapezoid(np.concatenate([[0.0], slope]), dx=1e-4)
    assert energy_on_line(quadratic([[1.0]]), Rademacher(1.0), x)[1] == pytest.approx(exact, rel=1e-6)


def test_skewed_noise_against_the_path_solver():
    points = sorted(critical_points(WELL), key=lambda p: p.x[0])
    found = energy_on_line(WELL, SKEWED, [p.x[0] for p in points])
    np.testing.assert_allclose(found - found.min(), transitions(WELL, SKEWED, points).energies(), atol=1e-7)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: energy_on_line(himmelblau(), Gaussian(1.0), [0, 1]), "landscape"),
        (lambda: energy_on_line(WELL, Gaussian(1.0), [1, 0]), "x ="),
        (lambda: energy_on_line(WELL, Gaussian(1.0), [1]), "x ="),
        (lambda: energy_on_line(WELL, Rademacher(0.2), [0, 1]), "cannot move"),
        (lambda: Balls([0.0], 1.0), "centres"),
        (lambda: Balls([[np.nan]], 1.0), "centres"),
        (lambda: Balls([[0.0]], 0.0), "radius"),
        (lambda: Balls([[0.0, 0.0]], 1.0).gaps(), "centres"),
        (lambda: Balls([[0.0, 0.0, 0.0]], 1.0).edge(), "centres"),
    ],
)
def test_bad_input(call, named):
    with pytest.raises(ValueError, match=named):
        call()


def test_edges_of_overlapping_intervals():
    balls = Balls([[0.0], [1.0], [4.0]], 0.7)
    np.testing.assert_allclose(np.sort(balls.edge()[:, 0]), [-0.7, 1.7, 3.3, 4.7])
    np.testing.assert_allclose(balls.gaps(), [[-np.inf, -0.7], [1.7, 3.3], [4.7, np.inf]])


@given(st.floats(0.1, 2.0))
def test_edges_in_the_plane_are_in_no_ball_and_bound_one(radius):
    balls = Balls([[0.0, 0.0], [1.0, 0.5]], radius)
    edge = balls.edge(90)
    assert not np.any(Balls(balls.centres, 0.999 * radius).outside(edge) == 0)
    assert not np.any(Balls(balls.centres, 1.001 * radius).outside(edge))


def test_valleys_of_a_linear_energy():
    """On a circle a linear function has one local minimum, opposite to its gradient."""
    value, where = Balls([[1.0, 2.0]], 0.5).valleys(lambda x: x[:, 1], count=360)
    np.testing.assert_allclose((value, *where.T), [[1.5], [1.0], [1.5]], atol=1e-12)


def test_between_against_the_closed_form_and_against_counting():
    law = invariant_law(quadratic([[1.0]]), Gaussian(1.0), 0.1)
    variance = 0.1 / (2 - 0.1)  # ησ²/(h(2 − ηh))
    from scipy.stats import norm

    r = 5.123 * np.sqrt(variance)
    assert law.between([[-np.inf, -r], [r, np.inf]]) == pytest.approx(2 * norm.sf(5.123), rel=1e-6)
    assert law.between([[-np.inf, np.inf]]) == pytest.approx(1, abs=1e-9)
    assert law.probability(lambda x: np.abs(x[:, 0]) > r) == pytest.approx(2 * norm.sf(5.123), rel=0.1)
    with pytest.raises(ValueError, match="ends"):
        law.between([[1.0, 0.0]])


def test_cells_left_out_do_not_disturb_the_others():
    """The law is confined where a diffusion would put 1e-48; the interpolation of log μ must not overshoot there."""
    landscape, eta = tilted_himmelblau(3.0), 16 / 60.0**2
    axis = np.arange(-5.2, 5.3, 0.2)
    law = invariant_law(landscape, Gaussian(60.0), eta, axes=(axis, axis))
    assert np.any(law.mass == 0)
    assert law.probability(lambda x: x[:, 0] > 0) == pytest.approx(law.mass[axis > 0].sum(), rel=0.05)
