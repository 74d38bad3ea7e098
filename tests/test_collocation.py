"""Expectations of a finite sum's chain by interpolation: against simulation and an elementary chain."""

from __future__ import annotations

import numpy as np
import pytest

from longrun import erm, sgd
from longrun.collocation import _interpolation, long_run, mean_exit_time
from longrun.critical import critical_points
from longrun.landscapes import quadratic
from longrun.noise import FiniteSum, Gaussian
from longrun.passage import first_passage

AXES = np.linspace(-1, 1, 21), np.linspace(-2, 2, 25)


def four_signs(size=1.0):
    """Z on the corners of a square: independent signs."""
    corners = size * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]])
    return FiniteSum(lambda x: np.broadcast_to(corners, (*x.shape[:-1], 4, 2)), 1)


def test_cubics_are_interpolated_exactly():
    x = np.random.default_rng(1).uniform([-1, -2], [1, 2], (200, 2))

    def cubic(x):
        return x[:, 0] ** 3 - 2 * x[:, 0] * x[:, 1] ** 2 + x[:, 1] + 1

    nodes = np.stack(np.meshgrid(*AXES, indexing="ij"), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(_interpolation(x, *AXES) @ cubic(nodes), cubic(x), atol=1e-12)


def test_moments_of_a_quadratic():
    """x ← (1 − ηh)x − ηZ has variance ησ²/(h(2 − ηh))."""
    eta, curvature = 0.3, np.array([1.0, 0.5])
    axes = np.linspace(-1.5, 1.5, 31), np.linspace(-1.5, 1.5, 31)
    points, weight, gap = long_run(quadratic(np.diag(curvature)), four_signs(0.5), eta, axes)
    np.testing.assert_allclose(weight @ points**2, eta * 0.25 / (curvature * (2 - eta * curvature)), rtol=1e-6)
    assert gap == pytest.approx(eta * 0.5, rel=1e-6)  # 1 − the eigenvalue 1 − ηh of the function x₂


def test_exit_time_against_simulation():
    f, noise = erm.star_cluster(0.7)
    giants = critical_points(f)[1]
    eta = 0.4

    def out(x):
        return x[:, 1] > 0.5

    axes = np.arange(-0.1, 1.2, 0.17 * eta), np.arange(-1.1, 0.7, 0.17 * eta)
    exact = mean_exit_time(f, noise, eta, giants.x, out, axes)
    times = first_passage(f, noise, eta, np.tile(giants.x, (2048, 1)), out, 20_000, rng=np.random.default_rng(2))
    assert abs(times.mean() - exact) < 4 * times.std() / np.sqrt(len(times)) + 0.02 * exact


def test_law_against_simulation():
    f, noise = erm.star_cluster(0.31)
    points, weight, gap = long_run(f, noise, 2.0, (np.arange(-2.4, 1.6, 0.07), np.arange(-2.7, 3.4, 0.07)))
    seen = sgd.occupation(
        f, noise, 2.0, np.zeros((256, 2)), int(16 / gap), [lambda x: x[:, 1] > 0.7], rng=np.random.default_rng(3), burn=int(8 / gap)
    )
    assert abs(weight[points[:, 1] > 0.7].sum() - seen.fraction[0]) < 4 * seen.error[0] + 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(eta=0.0), "eta = 0"),
        (dict(noise=Gaussian(1.0)), "finitely many values"),
        (dict(axes=(AXES[0], AXES[1][::-1])), r"axes\[1\]"),
        (dict(axes=(AXES[0][:4], AXES[1])), r"axes\[0\]"),
        (dict(axes=(np.linspace(-1, 1, 80), np.linspace(-1, 1, 80))), "at most 4000"),
        (dict(start=np.array([0.9, 0.0])), "off the set"),
    ],
)
def test_bad_input(change, message):
    arguments = dict(
        landscape=quadratic(np.eye(2)), noise=four_signs(), eta=0.1, start=np.zeros(2), outside=lambda x: x[:, 0] > 0.5, axes=AXES
    )
    with pytest.raises(ValueError, match=message):
        mean_exit_time(**(arguments | change))
