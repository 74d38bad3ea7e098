"""Times to leave a saddle: two routes to each, and bad input."""

import numpy as np
import pytest

from longrun import dynamics
from longrun.critical import CriticalPoint, critical_points
from longrun.errors import NotConverged
from longrun.landscapes import double_well, himmelblau, quadratic, three_hump_camel
from longrun.leaving import expected_exit, leaving_time, stable_starts
from longrun.noise import Gaussian, Rademacher, Sum, Uniform
from longrun.passage import first_passage

HILL = quadratic([[-1.0]])
TOP = CriticalPoint(np.zeros(1), 0.0, 1, np.array([-1.0]))


def test_prediction_tends_to_the_exact_time():
    """The two differ by a step or two, however long they are."""
    for eta in (0.04, 0.01):
        exact = expected_exit(HILL, Gaussian(1.0), eta, 0.0, (-1.0, 1.0))
        assert leaving_time(HILL, Gaussian(1.0), eta, TOP, 1.0) == pytest.approx(exact, abs=3)


def test_small_steps_reach_the_diffusion():
    """η E T → (½ log(1/η) + log 2R√λ/σ + γ/2)/λ for the linear problem, from 2∫D(y)dy with Dawson's function D."""
    eta, radius = 1e-4, 0.5
    diffusion = np.log(2 * radius / np.sqrt(eta)) + np.euler_gamma / 2
    assert eta * leaving_time(HILL, Gaussian(1.0), eta, TOP, radius) == pytest.approx(diffusion, rel=4 * eta)  # O(η)


def test_exact_time_against_simulation():
    noise = Sum(Rademacher(1.0), Gaussian(0.5))
    times = first_passage(double_well(0.0), noise, 0.1, np.zeros((8192, 1)), lambda x: np.abs(x[:, 0]) > 0.6, 10**4,
                          rng=np.random.default_rng(1))  # fmt: skip
    exact = expected_exit(double_well(0.0), noise, 0.1, 0.0, (-0.6, 0.6))
    assert abs(times.mean() - exact) < 4 * times.std() / np.sqrt(times.size)


def test_exact_time_of_many_small_steps():
    """η E T → (log(2R/√η) + γ/2)/λ for the linear problem, thousands of nodes on a band; the next order is η log(1/η)."""
    eta, radius = 2e-4, 0.5
    diffusion = np.log(2 * radius / np.sqrt(eta)) + np.euler_gamma / 2
    assert eta * expected_exit(HILL, Gaussian(1.0), eta, 0.0, (-radius, radius)) == pytest.approx(diffusion, abs=10 * eta)


@pytest.mark.parametrize("noise", [Gaussian(1.0), Sum(Rademacher(1.0), Gaussian(0.5))])
def test_exact_time_is_the_same_from_both_sides(noise):
    """The landscape and the noise are symmetric."""
    left, right = (expected_exit(double_well(0.0), noise, 0.05, x, (-0.6, 0.6)) for x in (-0.1, 0.1))
    assert left == pytest.approx(right, rel=1e-10)


def test_one_step_out_of_a_small_interval():
    """Noise much larger than the interval: a geometric number of steps."""
    stay = 0.02 / (0.1 * 5 * np.sqrt(2 * np.pi))
    assert expected_exit(HILL, Gaussian(5.0), 0.1, 0.0, (-0.01, 0.01)) == pytest.approx(1 / (1 - stay), rel=1e-3)


def test_descent_from_the_manifold_comes_to_the_saddle():
    camel = three_hump_camel()
    saddle = next(p for p in critical_points(camel) if p.index == 1)
    starts = stable_starts(camel, saddle, 0.05, 0.4, 3)
    assert starts.shape == (6, 2)
    assert np.all(np.linalg.norm(starts - saddle.x, axis=1) >= 0.4)
    path = dynamics.gradient_descent(camel, 0.05, starts, 300, keep=300)
    assert np.linalg.norm(path - saddle.x, axis=-1).min(axis=0).max() < 1e-5


def test_bad_input():
    camel = three_hump_camel()
    points = critical_points(camel)
    with pytest.raises(ValueError, match="exactly one unstable"):
        leaving_time(camel, Gaussian(1.0), 0.05, points[0], 0.3)
    with pytest.raises(ValueError, match="does not leave"):
        leaving_time(HILL, Gaussian(lambda x: np.abs(x[..., 0])), 0.05, TOP, 0.3)
    with pytest.raises(NotConverged, match="radius = 9"):
        leaving_time(double_well(0.0), Gaussian(1.0), 0.05, TOP, 9.0)
    with pytest.raises(ValueError, match="start"):
        expected_exit(HILL, Gaussian(1.0), 0.1, 2.0, (-1.0, 1.0))
    with pytest.raises(ValueError, match="Gaussian part"):
        expected_exit(HILL, Uniform(1.0), 0.1, 0.0, (-1.0, 1.0))
    with pytest.raises(ValueError, match="eta"):
        stable_starts(camel, points[-1], 0.9, 0.3, 3)
    with pytest.raises(NotConverged, match="followed back"):  # one side of this saddle's manifold ends at the maximum
        stable_starts(himmelblau(), next(p for p in reversed(critical_points(himmelblau())) if p.index == 1), 0.01, 3.0, 1)
