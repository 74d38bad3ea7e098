"""The exact law against closed forms, dense linear algebra, the theory's tails, other discretisations and simulation."""

import numpy as np
import pytest
from scipy.special import erf

from longrun import sgd
from longrun.chain import stationary
from longrun.errors import NotConverged
from longrun.landscapes import Landscape, double_well, himmelblau, quadratic, three_hump_camel, tilted_himmelblau
from longrun.law import invariant_law
from longrun.linear import stationary_covariance
from longrun.noise import FiniteSum, Gaussian, Rademacher, Rotated, Sum, TruncatedGaussian, Uniform

SQUARE = np.array([[2.0, 0.5], [0.5, 1.0]])


def coin(x):
    """Return gradients whose noise is +1.5 with probability ¼ and −0.5 with ¾."""
    return np.broadcast_to(np.array([[1.5], [-0.5], [-0.5], [-0.5]]), (*np.shape(x)[:-1], 4, 1))


COIN = FiniteSum(coin, 1)


def right(x):
    return x[:, 0] > 0


def second_moment(law):
    return law.expectation(lambda x: x[:, :, None] * x[:, None, :])


# ---- closed forms

NOISES = [
    (Gaussian(1.0), 1e-10),
    (Rademacher(1.0), 1e-6),
    (Uniform(3**0.5), 1e-9),
    (TruncatedGaussian(1.0, 2.0), 1e-9),
    (COIN, 1e-6),
    (Sum(COIN, Gaussian(0.4)), 1e-10),
]


@pytest.mark.parametrize(("noise", "tolerance"), NOISES, ids=lambda value: repr(value)[:20])
def test_variance_and_correlation_of_the_quadratic(noise, tolerance):
    eta, h = 0.1, 1.3
    law = invariant_law(quadratic([[h]]), noise, eta)
    variance = eta * noise.cov(np.zeros((1, 1))).item() / (h * (2 - eta * h))
    assert second_moment(law).item() == pytest.approx(variance, rel=tolerance)
    x, mass = law.cells.points[:, 0], law.mass.ravel()
    later = x
    for lag in range(1, 4):
        later = law.chain.pull(later)
        assert np.sum(mass * x * later) == pytest.approx(variance * (1 - eta * h) ** lag, rel=tolerance)


@pytest.mark.parametrize("noise", [Gaussian(1.0), Uniform(3**0.5), Rotated(Rademacher(1.0), [[1.0, 0.3], [-0.4, 0.8]])])
def test_covariance_of_the_quadratic_in_the_plane(noise):
    eta = 0.2
    law = invariant_law(quadratic(SQUARE), noise, eta)
    expected = stationary_covariance(SQUARE, noise.cov(np.zeros(2)), eta)
    tolerance = 1e-9 if isinstance(noise, Gaussian) else 1e-5
    assert second_moment(law) == pytest.approx(expected, rel=tolerance, abs=tolerance * expected.max())
    assert law.expectation(lambda x: x) == pytest.approx(np.zeros(2), abs=1e-9)


def test_independent_coordinates_have_the_product_of_their_laws():
    well = double_well(0.1)
    both = Landscape(
        "two wells", lambda x: well.value(x[..., :1]) + well.value(x[..., 1:]), well.grad, box=(np.full(2, -2.5), np.full(2, 2.5))
    )
    line, plane = invariant_law(well, Gaussian(1.0), 0.2), invariant_law(both, Gaussian(1.0), 0.2)
    product = np.outer(line.mass, line.mass)
    seen = product > 1e-30
    assert plane.mass[seen] == pytest.approx(product[seen], rel=1e-8)
    assert plane.marginal(0) == pytest.approx(line.mass, rel=1e-8, abs=1e-30)


def test_probability_counts_shares_of_cells():
    eta = 0.1
    law = invariant_law(quadratic([[1.0]]), Gaussian(1.0), eta)
    deviation = np.sqrt(eta / (2 - eta))
    for radius in (0.1, 0.31, 1.0):
        outside = law.probability(lambda x, r=radius: np.abs(x[:, 0]) > r)
        assert outside == pytest.approx(1 - erf(radius / deviation / np.sqrt(2)), rel=0.02)
    assert law.probability(lambda x: np.ones(len(x), dtype=bool)) == pytest.approx(1)


# ---- dense linear algebra


@pytest.mark.parametrize("noise", [Gaussian(1.0), Sum(COIN, Gaussian(0.4)), Uniform(1.5), Rademacher(1.0)])
def test_line_against_dense_elimination(noise):
    law = invariant_law(double_well(0.05), noise, 0.2, axes=np.linspace(-2, 2, 301))
    matrix = law.chain.matrix.toarray()
    members = law.mass > 0
    dense = stationary(matrix[np.ix_(members, members)])
    assert law.mass[members] == pytest.approx(dense, rel=1e-10, abs=1e-250)
    values, vectors = np.linalg.eig(matrix.T)
    vector = np.real(vectors[:, np.argmax(values.real)])
    assert law.mass == pytest.approx(vector / vector.sum(), abs=1e-11)


def test_plane_against_dense_elimination():
    law = invariant_law(three_hump_camel(), Gaussian(1.0), 0.1, axes=2 * (np.linspace(-1.2, 1.2, 25),))
    n = len(law.cells.number)
    matrix = np.stack([law.chain.pull(column) for column in np.eye(n)], axis=1)
    dense = law.cells.on_grid(stationary(matrix))
    assert law.mass[dense > 1e-30] == pytest.approx(dense[dense > 1e-30], rel=1e-9)


# ---- the theory's tails


def test_tails_follow_the_expansion_down_to_1e_30():
    """log μ = −2f/(ησ²) + |∇f|²/(2σ²) + constant + O(η), over thirty decades (facts 2.7)."""
    worst = []
    for eta in (0.02, 0.01):
        well = double_well(0.0)
        law = invariant_law(well, Gaussian(1.0), eta)
        x = law.axes[0][:, None]
        rest = np.log(np.maximum(law.mass, 1e-300)) + 2 * well.value(x) / eta - (well.grad(x) ** 2).sum(axis=-1) / 2
        seen = law.mass > 1e-30 * law.mass.max()
        assert law.mass[seen].min() < 1e-29 * law.mass.max()
        centre = rest[seen] - rest[law.mass.argmax()]
        worst.append(np.abs(centre).max())
    assert worst[1] < 0.1
    assert worst[1] / worst[0] < 0.6


def test_plane_tails_follow_the_expansion():
    worst = []
    for eta in (0.004, 0.002):
        land = tilted_himmelblau(10.0)
        law = invariant_law(land, Gaussian(30.0), eta)
        x = law.points
        rest = np.log(np.maximum(law.mass, 1e-300)) + 2 * land.value(x) / (900 * eta) - (land.grad(x) ** 2).sum(axis=-1) / 1800
        seen = (law.mass > 1e-12 * law.mass.max()) & (law.wells == law.wells.ravel()[law.mass.argmax()])
        worst.append(np.abs(rest[seen] - rest.ravel()[law.mass.argmax()]).max())
    assert worst[1] < 0.2
    assert worst[1] / worst[0] < 0.6


# ---- two discretisations


def test_shared_steps_agree_with_the_trapezoidal_rule():
    """A Gaussian cut at seven deviations is a Gaussian to 1e-12, but its steps are shared between points, not sampled."""
    eta, ratio = 0.1, {}
    for noise in (Gaussian(1.0), TruncatedGaussian(1.0, 7.0)):
        law = invariant_law(double_well(0.1), noise, eta)
        share = law.between([[0, 3]]) if isinstance(noise, Gaussian) else law.probability(right)
        ratio[type(noise)] = np.log(share / (1 - share))
    assert ratio[TruncatedGaussian] == pytest.approx(ratio[Gaussian], rel=1e-5)


@pytest.mark.parametrize("noise", [Rademacher(1.0), Uniform(3**0.5), COIN])
def test_halving_the_spacing_leaves_the_exponent(noise):
    eta = 0.1
    odds = []
    for count in (501, 1001, 2001):
        p = invariant_law(double_well(0.1), noise, eta, axes=np.linspace(-2, 2, count)).probability(right)
        odds.append(np.log(p / (1 - p)))
    assert abs(odds[2] - odds[1]) < 2e-3 * abs(odds[2])
    assert abs(odds[1] - odds[0]) < 4e-3 * abs(odds[2])


def test_grid_may_lie_anywhere():
    one = invariant_law(double_well(0.1), Gaussian(1.0), 0.1)
    other = invariant_law(double_well(0.1), Gaussian(1.0), 0.1, axes=np.arange(-2.51, 2.6, 0.041))
    for moment in (1, 2, 3):
        values = [law.expectation(lambda x: x[:, 0] ** moment) for law in (one, other)]  # noqa: B023
        assert values[1] == pytest.approx(values[0], rel=1e-12)


def test_rotating_signs_by_nothing_changes_nothing():
    axes = 2 * (np.linspace(-1, 1, 121),)
    noises = (Rademacher(1.0), Rotated(Rademacher(1.0), np.eye(2)))
    laws = [invariant_law(quadratic(SQUARE), noise, 0.1, axes=axes) for noise in noises]
    assert laws[0].mass == pytest.approx(laws[1].mass, rel=1e-8, abs=1e-30)


# ---- simulation


@pytest.mark.parametrize("noise", [Gaussian(1.0), Sum(COIN, Gaussian(0.4)), Rademacher(1.2)])
def test_long_runs_visit_as_the_law_says(noise):
    eta, well = 0.2, double_well(0.1)
    law = invariant_law(well, noise, eta)
    sets = [right, lambda x: np.abs(x[:, 0]) < 0.5, lambda x: x[:, 0] > 1.1]
    x0 = law.sample(512, np.random.default_rng(3))
    seen = sgd.occupation(well, noise, eta, x0, 4000, sets, rng=np.random.default_rng(4))
    expected = np.array([law.probability(inside) for inside in sets])
    assert np.all(np.abs(seen.fraction - expected) < 4.5 * seen.error + 0.004)
    assert np.all(seen.error < 0.02)


def test_samples_follow_the_law():
    law = invariant_law(himmelblau(), Gaussian(30.0), 0.005)
    x = law.sample(20_000, np.random.default_rng(0))
    for k in range(4):
        share = law.mass[law.wells == k].sum()
        cell = [np.clip(np.rint((x[:, d] - axis[0]) / (axis[1] - axis[0])), 0, len(axis) - 1) for d, axis in enumerate(law.axes)]
        counted = np.mean(law.wells[tuple(np.array(cell, dtype=int))] == k)
        assert abs(counted - share) < 4.5 * np.sqrt(share * (1 - share) / len(x))


# ---- invariants


@pytest.mark.parametrize("noise", [Gaussian(30.0), Uniform(60.0), Rademacher(60.0)])
def test_kernels_conserve_mass_and_constants(noise):
    axes = 2 * (np.linspace(-5.5, 5.5, 120),)
    law = invariant_law(himmelblau(), noise, 0.02, axes=axes) if isinstance(noise, Gaussian) else None
    if law is None:
        law = invariant_law(quadratic(20 * SQUARE), noise, 0.02, axes=axes)
    n = len(law.cells.number)
    some = np.random.default_rng(0).random(n)
    assert law.chain.push(some).sum() == pytest.approx(some.sum(), rel=1e-12)
    assert law.chain.pull(np.ones(n)) == pytest.approx(np.ones(n), rel=1e-12)
    other = np.random.default_rng(1).random(n)
    assert law.chain.push(some) @ other == pytest.approx(some @ law.chain.pull(other), rel=1e-12)
    assert law.mass.sum() == pytest.approx(1, abs=1e-12)
    assert np.all(law.mass >= 0)


def test_symmetric_landscapes_have_symmetric_laws():
    line = invariant_law(double_well(0.0), Gaussian(1.0), 0.05)
    assert line.mass == pytest.approx(line.mass[::-1], rel=1e-9)
    plane = invariant_law(three_hump_camel(), Gaussian(1.0), 0.1)
    turned = plane.mass[::-1, ::-1]
    seen = turned > 1e-30
    assert plane.mass[seen] == pytest.approx(turned[seen], rel=1e-7)


def test_residual_is_what_it_says():
    law = invariant_law(tilted_himmelblau(10.0), Gaussian(30.0), 0.005)
    mass = law.mass.ravel()[law.cells.number]
    image = law.chain.push(mass)
    assert np.abs(image - mass).sum() <= law.residual <= 1e-10
    assert np.abs(image / mass - 1)[mass > 1e-30].max() <= law.residual


def test_small_steps_of_a_deep_landscape_keep_their_wells():
    """Masses of 1e-33 between wells that flows of 1e-40 connect: E differs by 20 (f) · 2/σ², plus prefactors."""
    law = invariant_law(tilted_himmelblau(10.0), Gaussian(30.0), 0.002)
    share = np.array([law.mass[law.wells == k].sum() for k in range(4)])
    land = tilted_himmelblau(10.0)
    tops = np.array([law.points[law.wells == k][law.mass[law.wells == k].argmax()] for k in range(4)])
    f = land.value(tops)
    laplace = -2 * f / (900 * 0.002) - np.log(np.linalg.det(land.hess(tops))) / 2
    assert np.ptp(np.log(share)) > 70
    assert np.log(share / share.max()) == pytest.approx(laplace - laplace.max(), abs=0.5)


def test_leak_is_the_share_of_steps_drawn_again():
    eta = 0.5
    law = invariant_law(quadratic([[1.0]]), Gaussian(1.0), eta, axes=np.linspace(-1, 1, 81))
    x = law.sample(200_000, np.random.default_rng(0))
    assert np.mean(np.abs(x) > 1 + 1 / 80) == pytest.approx(law.leak, rel=0.05)
    assert invariant_law(quadratic([[1.0]]), Gaussian(1.0), 0.05).leak < 1e-15


def test_a_field_without_value_has_a_law():
    spiral = np.array([[1.0, 2.0], [-2.0, 1.0]])
    field = Landscape("spiral", None, lambda x: x @ spiral.T, box=(np.full(2, -2.0), np.full(2, 2.0)))
    law = invariant_law(field, Gaussian(1.0), 0.1)
    # V = A V Aᵀ + η² I with A = I − η·spiral, a multiple of the identity because A Aᵀ is
    shrink = (1 - 0.1) ** 2 + 0.2**2
    assert second_moment(law) == pytest.approx(0.01 / (1 - shrink) * np.eye(2), rel=1e-8, abs=1e-8)


# ---- what it refuses


def test_unconverged_laws_are_not_returned():
    with pytest.raises(NotConverged, match="invariant law"):
        invariant_law(three_hump_camel(), Gaussian(1.0), 0.1, axes=2 * (np.linspace(-1.5, 1.5, 31),), tol=1e-18)


def test_chains_that_never_cross_have_no_law():
    with pytest.raises(ValueError, match="invariant laws"):
        invariant_law(double_well(0.0), Rademacher(0.2), 0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(eta=0.0), "eta = 0.0"),
        (dict(tol=-1.0), "tol = -1.0"),
        (dict(axes=np.array([0.0, 1.0, 3.0] * 4)), "equally spaced"),
        (dict(axes=np.linspace(-2, 2, 12)), "does not resolve"),
        (dict(axes=2 * (np.linspace(-2, 2, 99),)), "2 given"),
        (dict(landscape=quadratic(np.eye(3))), "dimension 3"),
        (dict(landscape=double_well(), noise=Rotated(Gaussian(1.0), [[2.0]])), "exact law"),
        (dict(noise=Gaussian(lambda x: np.abs(x[..., 0]))), "sigma"),
        (dict(noise=FiniteSum(lambda x: np.zeros((*np.shape(x)[:-1], 200, 1)), 3)), "different batches"),
        (dict(noise=Sum(Uniform(1.0), Rademacher(1.0))), "sum"),
        (dict(eta=3.0, axes=np.linspace(-2.5, 2.5, 21)), "leaves this grid"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = dict(landscape=double_well(), noise=Gaussian(1.0), eta=0.05) | change
    with pytest.raises(ValueError, match=message):
        invariant_law(**arguments)


def test_methods_name_bad_input():
    law = invariant_law(double_well(), Gaussian(1.0), 0.2)
    with pytest.raises(ValueError, match="axis = 1"):
        law.marginal(1)
    with pytest.raises(ValueError, match="inside"):
        law.probability(lambda x: x > 0)


def test_a_first_guess_that_underflows_is_no_obstacle():
    """Coins and a narrow Gaussian leave cells without any mass at first; two grids agree on the wells."""
    f, noise, eta = tilted_himmelblau(15.0), Sum(Rademacher(50.0), Gaussian(20.0)), 0.009

    def shares(spacing):
        axes = tuple(np.arange(lower, upper, spacing * eta * 20) for lower, upper in zip(*f.box, strict=True))
        law = invariant_law(f, noise, eta, axes=axes)
        return [law.probability(lambda x: (x[:, 0] < 0) & (x[:, 1] > 0)), law.probability(lambda x: x[:, 0] > 0)]

    np.testing.assert_allclose(shares(0.5), shares(2 / 3), rtol=1e-3)
