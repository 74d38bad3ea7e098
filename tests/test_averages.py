from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from longrun import sgd
from longrun.averages import averages
from longrun.landscapes import double_well, quadratic
from longrun.noise import Gaussian, Rademacher

X0 = np.linspace(-1, 1, 5)[:, None]


def test_averages_are_those_of_the_run():
    times = [1, 2, 7, 40]
    run = sgd.run(double_well(), Rademacher(1.0), 0.1, X0, 40, rng=np.random.default_rng(1), keep=40)
    path = np.concatenate([X0[None], run])
    found = averages(double_well(), Rademacher(1.0), 0.1, X0, times, lambda x: x**2, rng=np.random.default_rng(1))
    np.testing.assert_allclose(found.mean, [(path[:T] ** 2).mean(axis=0) for T in times], rtol=1e-12)
    np.testing.assert_array_equal(found.last, path[times])


def test_step_sizes_and_several_numbers_at_once():
    sizes = 0.1 / np.arange(1, 31)
    both = averages(
        quadratic(np.eye(1)), Gaussian(1.0), sizes, X0, [30], lambda x: np.hstack([x, x**2]), rng=np.random.default_rng(2)
    )
    one = averages(quadratic(np.eye(1)), Gaussian(1.0), sizes, X0, [30], rng=np.random.default_rng(2))
    assert both.mean.shape == (1, 5, 2)
    np.testing.assert_array_equal(both.mean[..., :1], one.mean)


def test_independent_of_the_number_of_workers():
    x0 = np.zeros((4100, 1))
    alone = averages(double_well(), Gaussian(1.0), 0.05, x0, [5, 10], rng=np.random.default_rng(3))
    with ThreadPoolExecutor(3) as pool:
        spread = averages(double_well(), Gaussian(1.0), 0.05, x0, [5, 10], rng=np.random.default_rng(3), executor=pool)
    np.testing.assert_array_equal(alone.mean, spread.mean)
    np.testing.assert_array_equal(alone.last, spread.last)


def test_variance_of_the_average_on_a_quadratic():
    """x̄_T is linear in the noise: Var = (ησ)² Σ_s (Σ_{t>s} (1 − ηh)^{t−s−1})²/T²."""
    eta, T = 0.2, 50
    found = averages(quadratic(np.eye(1)), Rademacher(1.0), eta, np.zeros((20_000, 1)), [T], rng=np.random.default_rng(4))
    weight = np.array([((1 - eta) ** np.arange(T - 1 - s)).sum() for s in range(T - 1)])
    predicted = eta**2 * (weight**2).sum() / T**2
    assert found.mean.var() == pytest.approx(predicted, rel=4 * np.sqrt(2 / 20_000))


@pytest.mark.parametrize("times", [[], [0, 1], [2, 2], [3, 1], [1.5], 4])
def test_bad_times(times):
    with pytest.raises(ValueError, match="times"):
        averages(double_well(), Gaussian(1.0), 0.1, X0, times, rng=np.random.default_rng(1))


def test_bad_shape_of_what_is_averaged():
    with pytest.raises(ValueError, match="of"):
        averages(double_well(), Gaussian(1.0), 0.1, X0, [3], lambda x: x[:, 0], rng=np.random.default_rng(1))
