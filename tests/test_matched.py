"""Gaussian noise that borrows its covariance: its cumulants, its draws, and the energies of the diffusion."""

import numpy as np
import pytest
from scipy.integrate import quad

from longrun import erm, losses
from longrun.action import minimum_action
from longrun.critical import critical_points
from longrun.landscapes import double_well, himmelblau
from longrun.law import invariant_law
from longrun.noise import FiniteSum, Gaussian, Matched, Rademacher, Rotated

MIX = np.array([[1.0, 0.4], [-0.3, 0.6]])


def risk(d=2, batch=2):
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(14, d)), rng.exponential(size=14)
    return erm.empirical_risk(losses.geman_mcclure(0.8), features, targets, weight_decay=0.1, batch=batch)


NOISES = {
    "finite sum": risk()[1],
    "without replacement": FiniteSum(risk()[1].gradients, 2, replace=False, jacobians=risk()[1].risk.jacobians),
    "mixed signs": Rotated(Rademacher(0.7), MIX),
    "Gaussian": Gaussian(lambda x: 0.5 + 0.2 * (x**2).sum(axis=-1), lambda x: 0.4 * x),
}
every = pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)


@every
@pytest.mark.parametrize("size", [1e-6, 1.0, 100.0])
def test_cumulant_function_is_quadratic(noise, size):
    matched = Matched(noise)
    x, v = np.random.default_rng(1).normal(size=(2, 5, 3, 2))
    v = size * v
    c = noise.cov(x)
    np.testing.assert_allclose(matched.cgf(x, v), 0.5 * np.einsum("...i,...ij,...j", v, c, v), rtol=1e-13)
    np.testing.assert_allclose(matched.cgf_grad(x, v), np.einsum("...ij,...j", c, v), rtol=1e-12, atol=1e-15 * size)
    np.testing.assert_array_equal(matched.cgf_hess(x, v), c)
    h = 1e-5
    slope = np.stack([(matched.cgf(x + h * e, v) - matched.cgf(x - h * e, v)) / (2 * h) for e in np.eye(2)], axis=-1)
    np.testing.assert_allclose(matched.cgf_grad_x(x, v), slope, rtol=1e-6, atol=1e-9 * size**2)
    np.testing.assert_allclose(matched.cgf_grad_x(x, 0 * v), 0)
    assert np.all(np.isinf(matched.support(x, v)))
    np.testing.assert_allclose(Matched(noise, 3.0).cgf(x, v), 9 * matched.cgf(x, v), rtol=1e-13)
    assert matched.cgf_hess(x[0], v).shape == (5, 3, 2, 2)


@every
def test_draws_have_the_covariance(noise):
    n, point = 200_000, np.array([0.3, -0.4])
    z = Matched(noise).sample(np.tile(point, (n, 1)), np.random.default_rng(2))
    c = noise.cov(point)
    np.testing.assert_allclose(np.cov(z.T), c, atol=5.5 * np.trace(c) * np.sqrt(2 / n))
    assert np.all(np.abs(z.mean(axis=0)) < 5.5 * np.sqrt(np.diag(c) / n))


def test_singular_covariance():
    """All samples along one direction: the root has rank one, and nothing is NaN."""
    along = np.array([0.6, 0.8])
    noise = FiniteSum(lambda x: np.array([1.0, -2.0, 1.0])[:, None] * along + np.zeros((*x.shape[:-1], 1, 1)), 1)
    z = Matched(noise).sample(np.zeros((1000, 2)), np.random.default_rng(3))
    np.testing.assert_allclose(z @ [-0.8, 0.6], 0, atol=1e-12)
    assert np.var(z @ along) == pytest.approx(2.0, rel=5.5 * np.sqrt(2 / 1000))


def test_cost_of_the_diffusion_on_a_line():
    """∫ 2f′/C dx from a minimum; the finite sum itself costs something else."""
    f, noise = risk(d=1, batch=1)
    low = critical_points(f)[0].x
    high = low + 0.5

    def integrand(u):
        x = np.array([u])
        return 2 * float(f.grad(x)[0]) / float(noise.cov(x)[0, 0])

    exact = quad(integrand, low[0], high[0], epsabs=1e-13, epsrel=1e-12)[0]
    assert minimum_action(f, Matched(noise), low, high).cost == pytest.approx(exact, rel=1e-9)
    assert abs(minimum_action(f, noise, low, high).cost / exact - 1) > 0.01


def test_cost_of_the_diffusion_for_signs():
    """2Δf/σ² on the double well, where ±σ itself costs more: log cosh(σs) = s f′ has s = 2f′/σ² + 4f′³/3σ⁴ + …"""
    f, sigma = double_well(), 0.6
    cost = minimum_action(f, Matched(Rademacher(sigma)), [-1.0], [0.0]).cost
    assert cost == pytest.approx(0.5 / sigma**2, rel=1e-10)
    extra = quad(lambda u: 4 * (u**3 - u) ** 3 / (3 * sigma**4), -1, 0)[0]
    assert minimum_action(f, Rademacher(sigma), [-1.0], [0.0]).cost > cost + 0.9 * extra


def test_bad_scale():
    with pytest.raises(ValueError, match="scale = 0"):
        Matched(Gaussian(1.0), 0.0)


def test_exact_law_on_a_line():
    """Matched to ±σ it is the Gaussian of that σ; matched to a σ(x), the Gaussian with that σ(x)."""
    f = double_well(0.03)
    same = invariant_law(f, Matched(Rademacher(0.9)), 0.1).mass
    np.testing.assert_allclose(same, invariant_law(f, Gaussian(0.9), 0.1).mass, rtol=1e-12)
    varying = Gaussian(lambda x: 0.8 + 0.1 * np.tanh(x[..., 0]))
    np.testing.assert_allclose(invariant_law(f, Matched(varying), 0.1).mass, invariant_law(f, varying, 0.1).mass, rtol=1e-10)
    with pytest.raises(ValueError, match="on a line"):
        invariant_law(himmelblau(), Matched(Gaussian(9.0)), 0.01)
    with pytest.raises(ValueError, match="variance > 0"):
        invariant_law(f, Matched(Gaussian(lambda x: 0 * x[..., 0])), 0.1)
