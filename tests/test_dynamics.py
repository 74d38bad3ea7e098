"""What converges: gradient descent at the predicted rate, decreasing steps as the schedule says."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from longrun import sgd
from longrun.dynamics import decreasing_steps, gradient_descent
from longrun.errors import Diverged, UnstableStep
from longrun.landscapes import himmelblau, quadratic
from longrun.linear import largest_stable_step
from longrun.noise import Gaussian, Rademacher

H = np.array([[2.0, 0.7], [0.7, 1.0]])


@pytest.mark.parametrize("eta", [0.05, 0.5, 0.8])
def test_gradient_descent_is_a_matrix_power_on_a_quadratic(eta):
    x0 = np.array([[1.0, -2.0], [0.3, 0.4]])
    path = gradient_descent(quadratic(H), eta, x0, 30, keep=30)
    a = np.eye(2) - eta * H
    expected = [x0 @ np.linalg.matrix_power(a, t) for t in range(1, 31)]
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_gradient_descent_converges_at_the_linear_rate(share):
    """Near (3, 2) of Himmelblau, where ∇²f = [[74, 20], [20, 34]]: errors shrink by max |1 − ηλ| a step."""
    values = np.linalg.eigvalsh([[74.0, 20.0], [20.0, 34.0]])
    eta = share * largest_stable_step(himmelblau())
    rate = np.abs(1 - eta * values).max()
    steps = int(np.log(1e-9) / np.log(rate))
    path = gradient_descent(himmelblau(), eta, [[3.001, 2.002]], steps, keep=steps)[:, 0]
    error = np.linalg.norm(path - [3, 2], axis=1)
    # the slow direction alone is left after half the way; an error e bends the rate by O(e) ≤ 1e-5, rounding by 1e-15/e
    late = steps // 2
    lasting = (error[-1] / error[late]) ** (1 / (steps - 1 - late))
    assert lasting == pytest.approx(rate, abs=2e-3)
    assert error[-1] < 1e-9


def test_gradient_descent_needs_no_randomness():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    x0 = np.random.default_rng(0).uniform(-4, 4, (9, 2))
    runs = [gradient_descent(himmelblau(), 0.005, x0, 50) for _ in range(2)]
    np.testing.assert_array_equal(*runs)
    alone = [gradient_descent(himmelblau(), 0.005, x0[i : i + 1], 50)[0] for i in range(9)]
    np.testing.assert_allclose(alone, runs[0], rtol=1e-12)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(("power", "delay"), [(0.75, 100.0), (1, 5), (0.6, 1e-3)])
@pytest.mark.parametrize("executor", [False, True])
def test_decreasing_steps_is_sgd_with_the_schedule(power, delay, executor):
    x0 = np.random.default_rng(1).uniform(-2, 2, (600, 2))
    sizes = np.array([0.01 * (1 + t / delay) ** -power for t in range(60)])
    with ThreadPoolExecutor(2) as pool:
        x = decreasing_steps(
            himmelblau(), Rademacher(5.0), 0.01, x0, 60, rng=np.random.default_rng(2), power=power, delay=delay, keep=3,
            executor=pool if executor else None,
        )  # fmt: skip
    expected = sgd.run(himmelblau(), Rademacher(5.0), sizes, x0, 60, rng=np.random.default_rng(2), keep=3)
    np.testing.assert_allclose(x, expected, rtol=1e-9)  # the schedule is rounded otherwise: 1e-16 a step, contracted


def test_default_schedule():
    def run(**options):
        return decreasing_steps(himmelblau(), Gaussian(5.0), 0.01, np.ones((2, 2)), 300, rng=np.random.default_rng(3), **options)

    np.testing.assert_array_equal(run(), run(power=0.75, delay=100.0))


def test_decreasing_steps_converge_and_constant_ones_do_not():
    """On f = x²/2 with η_t = 1/(1 + t), x_T is minus the mean of the noise: its variance is σ²/T exactly."""
    n, steps, sigma = 4000, 1000, 2.0
    f, x0 = quadratic([[1.0]]), np.full((n, 1), 50.0)
    x = decreasing_steps(f, Gaussian(sigma), 1.0, x0, steps, rng=np.random.default_rng(4), power=1, delay=1)
    ratio = (x**2).mean() / (sigma**2 / steps)
    assert abs(ratio - 1) < 5.5 * np.sqrt(2 / n)  # χ²; P(|N| > 5.5) = 4e-8
    constant = sgd.run(f, Gaussian(sigma), 0.5, x0, steps, rng=np.random.default_rng(4))
    assert (constant**2).mean() > 100 * (x**2).mean()  # 0.5 σ²/1.5 against σ²/1000


def decrease(**change):
    options = dict(eta=0.1, x0=[[1.0]], steps=10) | change
    return decreasing_steps(quadratic([[1.0]]), Gaussian(0.1), rng=np.random.default_rng(5), **options)


@pytest.mark.parametrize("power", [0.5, 0, -1, 1.01, np.nan, np.inf])
def test_bad_power(power):
    with pytest.raises(ValueError, match=r"power = .*½"):
        decrease(power=power)


@pytest.mark.parametrize("delay", [0, -1.0, np.nan])
def test_bad_delay(delay):
    with pytest.raises(ValueError, match=r"delay = .*> 0"):
        decrease(delay=delay)


def test_a_delay_without_end():
    with pytest.raises(ValueError, match="delay"):
        decrease(delay=np.inf)


@pytest.mark.parametrize("eta", [0, -0.1, np.nan, np.inf])
def test_bad_eta(eta):
    for call in (decrease, lambda eta: gradient_descent(quadratic([[1.0]]), eta, [[1.0]], 10)):
        with pytest.raises(ValueError, match=r"eta = "):
            call(eta=eta)


@pytest.mark.parametrize(("name", "value"), [("steps", 0), ("steps", -3), ("steps", 2.5), ("x0", [[np.nan]]), ("keep", 11)])
def test_the_rest_is_checked_as_for_sgd(name, value):
    with pytest.raises(ValueError, match=name):
        decrease(**{name: value})


def test_gradient_descent_can_diverge_and_warn():
    with pytest.warns(UnstableStep, match="2/h_max"), pytest.raises(Diverged):
        gradient_descent(quadratic([[1.0]]), 3.0, [[1.0]], 2000)
