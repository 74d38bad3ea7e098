"""Gradient descent at the predicted rate, decreasing steps as the schedule says, the diffusions with their own variances."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from longrun import sgd
from longrun.dynamics import decreasing_steps, diffusion, gradient_descent, langevin, modified_equation
from longrun.errors import Diverged, UnstableStep
from longrun.landscapes import himmelblau, quadratic
from longrun.linear import diffusion_covariance, largest_stable_step, stationary_covariance
from longrun.noise import FiniteSum, Gaussian, Matched, Rademacher, Rotated

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


# --- diffusions

H1, SIGMA, ETA = 2.0, 1.5, 0.3


def variance(run, n=10_000, steps=60, **options):
    """Of an ensemble after many relaxation times, with its standard error: f = h x²/2."""
    x = run(quadratic([[H1]]), eta=ETA, x0=np.zeros((n, 1)), steps=steps, rng=np.random.default_rng(6), **options)
    return float((x**2).mean()), float((x**2).mean() * np.sqrt(2 / n))


def test_stationary_variances():
    """Langevin σ²/(h(2 − ηh)), SGD ησ²/(h(2 − ηh)); the diffusion and the modified equation as their schemes say.

    k substeps of the scheme with drift βx: ησ²/(β(2 − ηβ/k)), towards ησ²/2h (β = h) and ησ²/(h(2 + ηh)) (β = h + ηh²/2).
    """
    noise, k = Rademacher(SIGMA), 20
    beta = H1 + ETA * H1**2 / 2
    expected = {
        "langevin": SIGMA**2 / (H1 * (2 - ETA * H1)),
        "sgd": ETA * SIGMA**2 / (H1 * (2 - ETA * H1)),
        "step": ETA * SIGMA**2 / (H1 * (2 - ETA * H1)),
        "diffusion": ETA * SIGMA**2 / (H1 * (2 - ETA * H1 / k)),
        "modified": ETA * SIGMA**2 / (beta * (2 - ETA * beta / k)),
    }
    measured = {
        "langevin": variance(langevin, sigma=SIGMA),
        "sgd": variance(sgd.run, noise=noise),
        "step": variance(diffusion, noise=noise),
        "diffusion": variance(diffusion, noise=noise, substeps=k),
        "modified": variance(modified_equation, noise=noise, substeps=k),
    }
    for name, (value, error) in measured.items():
        assert abs(value - expected[name]) < 5.5 * error, name  # P(|N| > 5.5) = 4e-8
    assert stationary_covariance(H1, SIGMA**2, ETA)[0, 0] == pytest.approx(expected["sgd"])
    # the slip: the second order moves away from SGD, by far more than the errors and the scheme's own bias
    for order, name in ((1, "diffusion"), (2, "modified")):
        limit = diffusion_covariance(H1, SIGMA**2, ETA, order)[0, 0]
        assert expected[name] == pytest.approx(limit, rel=ETA * beta / k)
    assert measured["modified"][0] < measured["diffusion"][0] < measured["sgd"][0]
    assert expected["sgd"] - measured["modified"][0] > 20 * measured["modified"][1]


def test_schemes_in_the_plane():
    """Correlated noise, coupled coordinates: the covariance of the linear theory, to the scheme's O(η/k) and 5.5 errors."""
    mix, n = np.array([[1.0, 0.4], [-0.3, 0.6]]), 6000
    noise = Rotated(Rademacher(1.0), mix)
    x = diffusion(quadratic(H), noise, 0.2, np.zeros((n, 2)), 80, rng=np.random.default_rng(7), substeps=10)
    expected = stationary_covariance(H, 10 * mix @ mix.T, 0.02)  # steps of η/10 with ten times the variance
    np.testing.assert_allclose(np.cov(x.T), expected, atol=5.5 * np.trace(expected) * np.sqrt(2 / n))


@pytest.mark.parametrize("run", [diffusion, modified_equation])
def test_schemes_keep_states_at_multiples_of_eta(run):
    def call(**options):
        return run(himmelblau(), Rademacher(5.0), 0.004, np.ones((5, 2)), 12, rng=np.random.default_rng(8), substeps=3, **options)

    last = call(keep=12)
    assert last.shape == (12, 5, 2)
    np.testing.assert_array_equal(last[-1], call())
    np.testing.assert_array_equal(last[-4:], call(keep=4))
    with ThreadPoolExecutor(2) as pool:
        np.testing.assert_array_equal(last, call(keep=12, executor=pool))


def test_one_step_of_the_diffusion_is_sgd_with_matched_noise():
    x0, noise = np.random.default_rng(9).uniform(-3, 3, (20, 2)), Rademacher(5.0)
    runs = [
        diffusion(himmelblau(), noise, 0.004, x0, 30, rng=np.random.default_rng(10)),
        sgd.run(himmelblau(), Matched(noise), 0.004, x0, 30, rng=np.random.default_rng(10)),
    ]
    np.testing.assert_array_equal(*runs)


def test_langevin_with_a_function():
    x0 = np.random.default_rng(11).uniform(-3, 3, (20, 2))
    runs = [
        langevin(himmelblau(), sigma, 0.004, x0, 30, rng=np.random.default_rng(12))
        for sigma in (2.0, lambda x: np.full(len(x), 2.0))
    ]
    np.testing.assert_allclose(*runs, rtol=1e-9)


def test_modified_drift_is_the_gradient_of_the_modified_objective():
    """One noiseless substep: x − η∇(f + η|∇f|²/4), by differences of the objective."""
    f, eta, x0 = himmelblau(), 0.004, np.array([[1.0, 2.0], [-2.0, 0.5]])
    silent = FiniteSum(lambda x: np.zeros((*x.shape[:-1], 2, 2)), 1)
    x = modified_equation(f, silent, eta, x0, 1, rng=np.random.default_rng(13), substeps=1)

    def objective(x):
        return f.value(x) + eta / 4 * (f.grad(x) ** 2).sum(axis=-1)

    h = 1e-5
    slope = np.stack([(objective(x0 + h * e) - objective(x0 - h * e)) / (2 * h) for e in np.eye(2)], axis=-1)
    np.testing.assert_allclose(x, x0 - eta * slope, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "value"), [("eta", 0), ("eta", np.nan), ("substeps", 0), ("substeps", 1.5), ("keep", 11), ("steps", 0)]
)
def test_bad_schemes(name, value):
    options = dict(eta=0.1, x0=[[1.0]], steps=10, rng=np.random.default_rng(14)) | {name: value}
    for run in (diffusion, modified_equation):
        with pytest.raises(ValueError, match=name):
            run(quadratic([[1.0]]), Gaussian(0.1), **options)


def test_bad_langevin():
    for options in (dict(sigma=0, eta=0.1), dict(sigma=-1, eta=0.1), dict(sigma=1, eta=-0.1)):
        name = "eta" if options["eta"] < 0 else "sigma"
        with pytest.raises(ValueError, match=f"{name} = "):
            langevin(quadratic([[1.0]]), x0=[[1.0]], steps=3, rng=np.random.default_rng(15), **options)
