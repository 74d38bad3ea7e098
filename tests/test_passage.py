"""First passage times against an exact law and against the path itself."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import norm

from longrun import sgd
from longrun.landscapes import quadratic
from longrun.noise import Gaussian
from longrun.passage import first_passage

LINE = quadratic([[1.0]])


def above(level):
    return lambda x: x[:, 0] > level


def test_it_is_the_first_time_on_the_path():
    x0 = np.zeros((300, 1))
    path = sgd.run(LINE, Gaussian(1.0), 0.3, x0, 40, rng=np.random.default_rng(3), keep=40)
    inside = path[..., 0] > 0.8
    expected = np.where(inside.any(axis=0), inside.argmax(axis=0) + 1, np.inf)
    times = first_passage(LINE, Gaussian(1.0), 0.3, x0, above(0.8), 40, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(times, expected)
    assert np.isinf(expected).any()
    assert np.isfinite(expected).any()


def test_it_stops_when_all_have_arrived():
    calls = []

    def everywhere(x):
        calls.append(len(x))
        return np.ones(len(x), bool)

    times = first_passage(LINE, Gaussian(1.0), 0.1, np.zeros((5, 1)), everywhere, 10**9, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(times, 1)
    assert len(calls) == 1


def test_workers_do_not_matter():
    x0 = np.zeros((5000, 1))
    alone = first_passage(LINE, Gaussian(1.0), 0.3, x0, above(1.0), 50, rng=np.random.default_rng(8))
    with ThreadPoolExecutor(2) as pool:
        shared = first_passage(LINE, Gaussian(1.0), 0.3, x0, above(1.0), 50, rng=np.random.default_rng(8), executor=pool)
    np.testing.assert_array_equal(alone, shared)


@pytest.mark.parametrize(("eta", "steps", "name"), [(0.0, 5, "eta"), (0.1, 0, "steps")])
def test_bad_input_is_named(eta, steps, name):
    with pytest.raises(ValueError, match=f"^{name} = "):
        first_passage(LINE, Gaussian(1.0), eta, np.zeros((2, 1)), above(1.0), steps, rng=np.random.default_rng(1))


def test_geometric_law():
    """With η = 1 the chain forgets: x_t = −Z, so the time to exceed σ is geometric with p = P(Z > 1)."""
    n, p = 4000, norm.sf(1.0)
    times = first_passage(LINE, Gaussian(1.0), 1.0, np.zeros((n, 1)), above(1.0), 10**5, rng=np.random.default_rng(2))
    error = np.sqrt(1 - p) / p / np.sqrt(n)
    assert abs(times.mean() - 1 / p) < 4.5 * error
    assert abs(np.mean(times == 1) - p) < 4.5 * np.sqrt(p * (1 - p) / n)
