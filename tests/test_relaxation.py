"""The law of x_T: against closed forms, the invariant law and simulation; probabilities of sets beside empty cells."""

import numpy as np
import pytest

from longrun import sgd
from longrun.landscapes import double_well, himmelblau, quadratic
from longrun.law import invariant_law
from longrun.noise import Gaussian, Rademacher, Uniform
from longrun.relaxation import evolve

LINE = np.linspace(-2.5, 2.5, 201)


def point(axis, x):
    """All mass at one point of the grid."""
    return (np.abs(axis - x) < (axis[1] - axis[0]) / 2).astype(float)


@pytest.mark.parametrize("steps", [1, 2, 7, 40])
def test_on_a_quadratic_mean_and_variance_follow_the_recursion(steps):
    eta, h, x0 = 0.1, 2.0, 1.0
    story = evolve(quadratic([[h]]), Gaussian(1.0), eta, [point(LINE, x0)], [steps], axes=LINE)
    law = story.mass[0, 0]
    mean = law @ LINE
    q = 1 - eta * h
    assert mean == pytest.approx(x0 * q**steps, abs=1e-7)
    assert law @ (LINE - mean) ** 2 == pytest.approx(eta**2 * (1 - q ** (2 * steps)) / (1 - q**2), rel=1e-6)
    assert law.sum() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("noise", [Gaussian(1.0), Uniform(np.sqrt(3)), Rademacher(1.0)], ids=repr)
def test_the_distance_to_the_invariant_law_falls_to_zero(noise):
    landscape, eta = double_well(0.1), 0.2
    axis = np.linspace(-2.2, 2.2, 201)
    law = invariant_law(landscape, noise, eta, axes=axis)
    far = evolve(landscape, noise, eta, [point(axis, -1.012), law.mass], [0, 10, 100, 1000, 8000], axes=axis).distance(law.mass)
    assert np.all(np.diff(far[:, 0]) <= 1e-12)
    assert far[-1, 0] < 1e-7
    assert np.all(far[:, 1] < 1e-7)


def test_the_plane_agrees_with_simulation():
    landscape, noise, eta = himmelblau(), Gaussian(60.0), 0.005
    axis = (np.arange(36) - 17.5) * 0.3
    x = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    story = evolve(landscape, noise, eta, [np.all(np.abs(x) < 3, axis=-1)], [30], axes=(axis, axis))
    rng = np.random.default_rng(1)
    end = sgd.run(landscape, noise, eta, rng.uniform(-3, 3, (40_000, 2)), 30, rng=rng)
    for signs in ((1, 1), (-1, 1), (-1, -1), (1, -1)):
        share = story.mass[0, 0][np.all(np.sign(x) == signs, axis=-1)].sum()
        seen = np.all(np.sign(end) == signs, axis=-1).mean()
        assert abs(seen - share) < 4 * np.sqrt(share * (1 - share) / 40_000) + story.lost[0]
    assert story.lost[0] < 1e-5


def test_several_starts_are_pushed_as_one_alone():
    starts = np.array([point(LINE, -1.0), point(LINE, 0.5)])
    together = evolve(double_well(), Gaussian(1.0), 0.1, starts, [3, 70], axes=LINE)
    for k in range(2):
        alone = evolve(double_well(), Gaussian(1.0), 0.1, starts[k : k + 1], [70, 3], axes=LINE)
        np.testing.assert_allclose(together.mass[:, k], alone.mass[:, 0], atol=1e-11)
    assert together.times.tolist() == [3, 70]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dict(eta=0.0), "eta = 0"),
        (dict(starts=np.ones(201)), "starts of shape"),
        (dict(starts=np.ones((1, 7))), "starts of shape"),
        (dict(starts=-np.ones((1, 201))), "starts: finite weights"),
        (dict(starts=np.zeros((1, 201))), "positive sum"),
        (dict(starts=np.full((1, 201), np.nan)), "starts: finite weights"),
        (dict(times=[]), "times"),
        (dict(times=[-1, 3]), "times"),
        (dict(times=[1.5]), "times"),
    ],
)
def test_bad_input(change, says):
    given = dict(eta=0.1, starts=np.ones((1, 201)), times=[1]) | change
    with pytest.raises(ValueError, match=says):
        evolve(double_well(), Gaussian(1.0), given["eta"], given["starts"], given["times"], axes=LINE)


@pytest.mark.parametrize(("noise", "eta"), [(Uniform(np.sqrt(3)), 0.1), (Rademacher(1.0), 0.025)], ids=["uniform", "signs"])
def test_empty_cells_do_not_spoil_probabilities(noise, eta):
    law = invariant_law(double_well(0.1), noise, eta)
    assert np.any(law.mass == 0)
    for edge in (-0.1, 0.9):
        assert law.probability(lambda x, edge=edge: x[:, 0] > edge) == pytest.approx(law.mass[law.axes[0] > edge].sum(), rel=0.02)
