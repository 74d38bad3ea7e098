"""Noise of sampled gradients: against enumeration of all batches, against draws, and its costs."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from longrun.action import minimum_action
from longrun.hamiltonian import push
from longrun.landscapes import Landscape
from longrun.noise import FiniteSum, Noise

M, D = 5, 2
_DATA = np.random.default_rng(0).normal(size=(M, D))


def gradients(x):
    """A smooth nonlinear set: ∇ℓ_i = tanh(x − ξ_i) + ξ_i |x|²/10."""
    x = np.asarray(x)[..., None, :]
    return np.tanh(x - _DATA) + _DATA * (x * x).sum(axis=-1, keepdims=True) / 10


def jacobians(x):
    x = np.asarray(x)[..., None, :]
    diagonal = (1 - np.tanh(x - _DATA) ** 2)[..., None] * np.eye(D)
    return diagonal + _DATA[..., :, None] * x[..., None, :] / 5


def values(x, batch, replace):
    """Every value of Z with equal weights."""
    g = gradients(x) - gradients(x).mean(axis=0)
    batches = product(range(M), repeat=batch) if replace else combinations(range(M), batch)
    return np.array([g[list(b)].mean(axis=0) for b in batches])


CASES = [(1, True), (2, True), (3, True), (1, False), (2, False), (4, False)]


@pytest.mark.parametrize(("batch", "replace"), CASES)
@pytest.mark.parametrize("size", [0.1, 1.0, 30.0])
def test_against_enumeration(batch, replace, size):
    rng = np.random.default_rng(1)
    noise = FiniteSum(gradients, batch, replace=replace)
    for x, v in rng.normal(size=(10, 2, D)):
        v = size * v
        z = values(x, batch, replace)
        top = (z @ v).max()
        w = np.exp(z @ v - top)
        expected = top + np.log(w.mean())
        w /= w.sum()
        mean = w @ z
        np.testing.assert_allclose(noise.cgf(x, v), expected, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(noise.cgf_grad(x, v), mean, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(noise.cgf_hess(x, v), (w[:, None] * (z - mean)).T @ (z - mean), rtol=1e-7, atol=1e-13)
        np.testing.assert_allclose(noise.support(x, v), top, rtol=1e-12)


@pytest.mark.parametrize(("batch", "replace"), CASES)
def test_covariance(batch, replace):
    """One sample's covariance over the batch size, times (m − batch)/(m − 1) without replacement."""
    x = np.array([0.3, -0.2])
    single = np.cov(gradients(x).T, bias=True)
    factor = 1 if replace else (M - batch) / (M - 1)
    np.testing.assert_allclose(FiniteSum(gradients, batch, replace=replace).cov(x), single * factor / batch, rtol=1e-12)


def test_relative_accuracy_at_small_v():
    x, v = np.array([0.3, -0.2]), np.array([0.6, 0.8])
    noise = FiniteSum(gradients, 2)
    quadratic = v @ noise.cov(x) @ v / 2
    for size in (1e-4, 1e-8, 1e-12):
        assert noise.cgf(x, size * v) == pytest.approx(size**2 * quadratic, rel=20 * size + 1e-13)
        np.testing.assert_allclose(noise.cgf_grad(x, size * v), size * noise.cov(x) @ v, rtol=50 * size + 1e-12)


@pytest.mark.parametrize(("batch", "replace"), CASES)
@pytest.mark.parametrize("derivatives", [None, jacobians])
def test_derivative_in_x(batch, replace, derivatives):
    noise = FiniteSum(gradients, batch, replace=replace, jacobians=derivatives)
    rng, h = np.random.default_rng(2), 1e-5
    x, v = rng.normal(size=(2, 6, D))
    shift = h * np.eye(D)[:, None]
    expected = (noise.cgf(x + shift, v) - noise.cgf(x - shift, v)) / (2 * h)
    np.testing.assert_allclose(noise.cgf_grad_x(x, v), expected.T, rtol=1e-6, atol=1e-9)


def test_points_and_duals_broadcast():
    noise = FiniteSum(gradients, 2)
    x, v = np.random.default_rng(3).normal(size=(2, 4, 3, D))
    for function in (noise.cgf, noise.cgf_grad, noise.cgf_hess, noise.cgf_grad_x, noise.support):
        everywhere = function(x, v)
        np.testing.assert_allclose(everywhere[1, 2], function(x[1, 2], v[1, 2]), rtol=1e-12)
        np.testing.assert_allclose(function(x, v[0, 0])[1, 2], function(x[1, 2], v[0, 0]), rtol=1e-12)


@pytest.mark.parametrize(("batch", "replace"), [(1, True), (3, True), (3, False)])
def test_draws(batch, replace):
    noise, rng, n = FiniteSum(gradients, batch, replace=replace), np.random.default_rng(4), 20000
    room = noise.empty(3, n, D)
    noise.draw(rng, room)
    omega = room.transpose(0, 2, 1)
    assert omega.shape == (3, n, batch)
    assert np.issubdtype(omega.dtype, np.integer)
    if not replace:
        assert np.all(np.diff(np.sort(omega, axis=-1), axis=-1) > 0)
    x = np.broadcast_to([0.3, -0.2], (n, D))
    z = noise.at(x, omega[0])
    covariance = noise.cov(x[0])
    error = 5 * np.sqrt(np.diag(covariance) / n)
    assert np.all(np.abs(z.mean(axis=0)) < error)
    np.testing.assert_allclose(np.cov(z.T), covariance, atol=5 * covariance.max() * np.sqrt(2 / n))
    np.testing.assert_allclose(z[0] + gradients(x[0]).mean(axis=0), gradients(x[0])[omega[0, 0]].mean(axis=0), atol=1e-14)


def two_samples(skew):
    """One dimension: ∇ℓ = f′ ± c(x) with weights ½ (skew 0), or three samples of which one is alone on its side."""

    def slope(x):
        return 0.4 * x + 0.1 * x**3

    def spread(x):
        return 1 + 0.2 * np.sin(x)

    def per_sample(x):
        sides = np.array([1.0, -1.0]) if skew == 0 else np.array([2.0, -1.0, -1.0])
        return slope(x)[..., None, :] + spread(x)[..., None, :] * sides[:, None]

    return Landscape("line", None, slope, box=([-3], [3])), per_sample, slope, spread


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("skew", [0, 1])
def test_one_dimension(batch, skew):
    landscape, per_sample, slope, spread = two_samples(skew)
    sides = np.array([1.0, -1.0]) if skew == 0 else np.array([2.0, -1.0, -1.0])

    def s(x):
        def excess(s):
            return batch * np.log(np.exp(-s * spread(x) * sides / batch).mean()) / s - slope(x)

        return brentq(excess, 1e-7, 60 * batch, xtol=1e-15, rtol=1e-15)

    exact = quad(s, 1e-7, 1.0, epsabs=1e-13, epsrel=1e-13)[0] + 1e-14 * s(1e-3) / 1e-3 / 2
    way = minimum_action(landscape, FiniteSum(per_sample, batch), [0.0], [1.0])
    assert way.cost == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("dim", [2, 3, 5])
def test_rotated_independent_coordinates(dim):
    """All 2^d sign patterns as samples are independent coordinates: costs add, here along rotated axes."""
    rng = np.random.default_rng(dim)
    rotation = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    patterns = np.array(list(product([2.0, -1.0, -1.0] if dim < 4 else [1.0, -1.0], repeat=dim)))

    def slope(y):
        return 0.3 * y + 0.1 * y**3

    landscape = Landscape("sum", None, lambda x: slope(x @ rotation) @ rotation.T, box=([-3] * dim, [3] * dim))

    def per_sample(x):
        return landscape.grad(x)[..., None, :] + patterns @ rotation.T

    sides = np.unique(patterns)
    weights = np.array([(patterns[:, 0] == side).mean() for side in sides])

    def cost(y):
        def s(u):
            def excess(s):
                return np.log(weights @ np.exp(-s * sides)) / s - slope(u)

            sign = np.sign(y)
            return brentq(excess, 1e-6 * sign, 60 * sign, xtol=1e-15, rtol=1e-15)

        start = 1e-6 * np.sign(y)
        variance = weights @ sides**2
        return quad(s, start, y, epsabs=1e-13, epsrel=1e-13)[0] + 0.3 * start**2 / variance

    y = rng.uniform(0.4, 0.9, size=dim) * rng.choice([-1, 1], size=dim)
    way = minimum_action(landscape, FiniteSum(per_sample, 1), np.zeros(dim), rotation @ y)
    assert way.cost == pytest.approx(sum(cost(u) for u in y), rel=1e-8)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_costs_scale_with_the_batch(batch, seed):
    """With replacement H is batch · H_1(v/batch): costs are multiplied by the batch size."""
    a, b = np.array([0.0, 0.0]), np.random.default_rng(seed).uniform(-0.3, 0.3, size=2)
    landscape = Landscape("mean", None, lambda x: 0.3 * x + 0.1 * x**3, box=([-2, -2], [2, 2]))
    one = minimum_action(landscape, FiniteSum(gradients, 1), a, b).cost
    assert minimum_action(landscape, FiniteSum(gradients, batch), a, b).cost == pytest.approx(batch * one, rel=1e-7)
    assert one > 0


def test_push_in_state_dependent_noise():
    noise, rng = FiniteSum(gradients, 2), np.random.default_rng(5)
    x, v = rng.normal(size=(2, 100, D))
    drift = 0.3 * rng.normal(size=(100, D))
    way = push(noise, x, drift, v)
    assert np.isnan(way.cost).mean() <= 0.05  # drifts beyond what the noise can balance: directions at the very edge
    good = np.isfinite(way.cost)
    p = way.momentum[good]
    np.testing.assert_allclose(way.pace[good] * ((p * drift[good]).sum(axis=-1) + noise.cgf(x[good], -p)), 0, atol=1e-12)


def test_errors_name_argument_and_value():
    with pytest.raises(ValueError, match="batch = 0"):
        FiniteSum(gradients, 0)
    with pytest.raises(ValueError, match=r"batch = 1\.5"):
        FiniteSum(gradients, 1.5)
    with pytest.raises(ValueError, match="batch = 6"):
        FiniteSum(gradients, 6, replace=False).empty(1, 1, 2)
    with pytest.raises(ValueError, match="batch = 6: at most the 5 samples"):
        FiniteSum(gradients, 6, replace=False).cgf(np.zeros(2), np.ones(2))
    with pytest.raises(ValueError, match="gradients"):
        FiniteSum(lambda x: x, 1).samples(np.zeros(2))
    assert issubclass(FiniteSum, Noise)
