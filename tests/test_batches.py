"""Sums over batches drawn without replacement: against enumeration of all batches, at any size, and their inequalities."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from longrun import erm
from longrun.action import minimum_action
from longrun.batches import batches
from longrun.critical import critical_points
from longrun.finite_sum import tilted
from longrun.grid import fields
from longrun.landscapes import Landscape
from longrun.noise import FiniteSum

SIZES = (1e-9, 1e-5, 1e-3, 0.1, 1.0, 30.0, 600.0)


def draw(seed, m, size, k=2):
    """Exponents and values of m samples, both of mean 0."""
    rng = np.random.default_rng(seed)
    a, u = size * rng.normal(size=m), rng.normal(size=(m, k))
    return a - a.mean(), u - u.mean(axis=0)


def enumerated(a, u, batch):
    """The same by going through all batches; the logarithm with 1 + sum taken out, so that small sizes keep their digits."""
    sets = [list(s) for s in combinations(range(len(a)), batch)]
    exponent, value = np.array([a[s].sum() for s in sets]), np.array([u[s].sum(axis=0) for s in sets])
    top = exponent.max()
    small = np.log1p((np.expm1(exponent) - exponent).mean()) if top < 0.5 else 0  # the exponents have mean 0
    log_mean = small if top < 0.5 else top + np.log(np.exp(exponent - top).mean())
    weight = np.exp(exponent - top) / np.exp(exponent - top).sum()
    mean = (weight - 1 / len(sets)) @ value  # and so have the values
    spread = value - weight @ value
    return log_mean, mean, (weight[:, None] * spread).T @ spread


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("m", [2, 3, 6, 9])
def test_against_enumeration(m, size):
    for batch in range(1, m):
        a, u = draw(batch, m, size)
        found, expected = batches(a, u, batch), enumerated(a, u, batch)
        lost = 1e-15 / min(size, 1)  # of the first-order terms, in the enumeration
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-12 + 20 * lost, atol=1e-300)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-12 + 20 * lost, atol=20 * lost * size)
        np.testing.assert_allclose(found[2], expected[2], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("m", "batch"), [(47, 4), (47, 24), (47, 46), (200, 90)])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e12])
def test_huge_tilts_choose_the_largest(m, batch, size):
    """H = sum of the b largest − log of the number of batches: nothing overflows, underflows or takes log 0."""
    a, u = draw(1, m, size)
    top = np.sort(a)[-batch:].sum()
    chosen = np.argsort(a)[-batch:]
    log_mean, mean, cov = batches(a, u, batch)
    count = np.log(np.arange(m - batch + 1, m + 1) / np.arange(1, batch + 1)).sum()
    gap = np.diff(np.sort(a)[-batch - 1 :])[0]
    assert log_mean == pytest.approx(top - count, rel=1e-13, abs=m * np.exp(-gap))
    np.testing.assert_allclose(mean, u[chosen].sum(axis=0), atol=1e-12 + m * m * np.exp(-gap))
    assert np.all(np.abs(cov) <= 20 * m * m * np.exp(-gap))


def test_small_tilts_keep_their_digits():
    """H → ½ vᵀCv with relative accuracy, where log(1 + H) would round H away."""
    _, u = draw(2, 47, 1.0)
    for batch in (4, 24, 40):
        factor = (47 - batch) / 46 * batch
        for size in (1e-6, 1e-10, 1e-100):
            log_mean, mean, cov = batches(size * u[:, 0], u, batch)
            np.testing.assert_allclose(cov, factor * u.T @ u / 47, rtol=1e3 * size + 1e-12)
            np.testing.assert_allclose(mean, size * cov[0], rtol=1e3 * size + 1e-11)
            assert log_mean == pytest.approx(size**2 * cov[0, 0] / 2, rel=1e3 * size + 1e-12)


def test_all_samples_are_no_noise():
    noise = erm.star_cluster(0.7, batch=47, replace=False)[1]
    x, v = np.random.default_rng(3).normal(size=(2, 5, 2))
    for size in (1.0, 1e5):
        assert not noise.cgf(x, size * v).any()
        assert not noise.cgf_grad(x, size * v).any()
        assert not noise.cgf_hess(x, size * v).any()


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 60), st.data())
def test_inequalities(m, data):
    """H(0) = 0, H ≥ 0, convex, slope in the hull's range, and below that of sampling with replacement (Hoeffding 1963)."""
    batch, size = data.draw(st.integers(1, m)), 10.0 ** data.draw(st.floats(-8, 8))
    a, u = draw(data.draw(st.integers(0, 10**6)), m, size)
    u[:, 0] = a / size  # a moves along the first component of v
    both = np.array([0.0, 0.5, 1.0])[:, None] * a
    log_mean, mean, cov = batches(both, u, batch)
    assert log_mean[0] == 0
    assert np.abs(mean[0]).max() == 0
    assert np.all(log_mean >= 0)
    assert np.all(np.linalg.eigvalsh(cov) >= -1e-12 * np.abs(cov).max())
    rounding = 1e-12 * log_mean[2] + 1e-300
    assert 2 * log_mean[1] <= log_mean[2] + rounding
    assert log_mean[2] <= size * mean[2, 0] + rounding  # H(a) ≤ ⟨a, ∇H(a)⟩, by convexity and H(0) = 0
    assert np.all(log_mean <= batch * tilted(both)[0] * (1 + 1e-12))


def test_one_sample_is_the_same_with_and_without():
    a, u = draw(4, 30, 2.0)
    log_mean, mean, _ = batches(a, u, 1)
    expected, tilt = tilted(a)
    assert log_mean == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(mean, tilt @ u, rtol=1e-12)


# --- costs


def test_cost_on_a_line():
    """∫ s dx, with the root s(x) of log E exp(−s Z) = s f′ from all batches."""
    sides = np.array([2.0, 1.0, -0.5, -0.5, -0.5, -0.5, -1.0])

    def slope(x):
        return 0.15 * x + 0.05 * x**3

    def gradients(x):
        return slope(x)[..., None, :] + (1 + 0.2 * np.sin(x))[..., None, :] * sides[:, None]

    z = np.array([sides[list(s)].mean() for s in combinations(range(7), 3)])

    def root(x):
        def excess(s):
            return np.log(np.exp(-s * (1 + 0.2 * np.sin(x)) * z).mean()) / s - slope(x)

        return brentq(excess, 1e-7, 90, xtol=1e-15, rtol=1e-14)

    landscape = Landscape("line", None, slope, box=([-3], [3]))
    exact = quad(root, 1e-6, 1.0, epsabs=1e-12, epsrel=1e-12)[0]
    cost = minimum_action(landscape, FiniteSum(gradients, 3, replace=False), [0.0], [1.0]).cost
    assert cost == pytest.approx(exact, rel=1e-8)
    assert cost > 1.2 * minimum_action(landscape, FiniteSum(gradients, 3), [0.0], [1.0]).cost


@pytest.mark.parametrize("batch", [4, 24])
def test_costs_between_lines_through_the_stars(batch):
    """Finite, above those with replacement, and below those of the diffusion, whose ratio is that of the covariances."""
    landscape, noise = erm.star_cluster(0.7, batch=batch, replace=False)
    _, giants, gate = critical_points(landscape)
    without = minimum_action(landscape, noise, giants.x, gate.x, tol=1e-3).cost
    plain = minimum_action(landscape, erm.star_cluster(0.7, batch=batch)[1], giants.x, gate.x, tol=1e-3).cost
    assert 1.02 * plain < without < 46 / (47 - batch) * plain


def test_shortest_paths_over_a_grid_confirm_them():
    """The grid's zigzags cost the same with and without replacement: their ratio is that of the path solver, to 1/2 %."""
    landscape, noise = erm.star_cluster(0.7, batch=4, replace=False)
    _, giants, gate = critical_points(landscape)
    both = (noise, erm.star_cluster(0.7, batch=4)[1])
    paths = [minimum_action(landscape, each, giants.x, gate.x, tol=1e-3).cost for each in both]
    box = ((0.25, -0.45), (0.6, 0.05))
    grids = [fields(landscape, each, [giants.x], shape=(15, 21), reach=3, box=box)[0].at(gate.x) for each in both]
    assert grids[0] / grids[1] == pytest.approx(paths[0] / paths[1], rel=5e-3)
    assert grids[0] == pytest.approx(paths[0], rel=0.05)
