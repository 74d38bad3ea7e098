"""Probabilities of tubes: unbiased estimates, the cheapest path through gates, and the fit that compares them."""

from itertools import product

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from longrun import importance, tubes
from longrun.action import action
from longrun.escapes import escapes, predicted_variance, strays
from longrun.landscapes import double_well, himmelblau, quadratic
from longrun.noise import FiniteSum, Gaussian, Rademacher, Uniform

H = 1.3
BOWL = quadratic([[H]])
SAMPLES = np.array([3.0, -1, -1, -1])[:, None]


def skew(batch=1):
    return FiniteSum(lambda x: np.broadcast_to(SAMPLES, (*np.shape(x)[:-1], 4, 1)), batch)


def gates(radius=0.1):
    return tubes.Gates([0.0], [0.5, 1.0], [[0.3], [0.6]], radius)


def exact_gaussian(event, eta, sigma):
    """Law of the iterates at the gates is normal: its mass in the box, by inclusion and exclusion."""
    a, n = 1 - eta * H, event.steps(eta)
    var = lambda k: eta**2 * sigma**2 * (1 - a ** (2 * k)) / (1 - a**2)  # noqa: E731
    cov = np.array([[a ** abs(i - j) * var(min(i, j)) for j in n] for i in n])
    law = multivariate_normal(np.zeros(len(n)), cov)
    corners = product((-1, 1), repeat=len(n))
    return sum(np.prod(s) * law.cdf(event.centre[:, 0] + np.array(s) * event.radius) for s in corners)


@pytest.mark.parametrize("eta", [0.1, 0.05, 0.02])
def test_gaussian_tube_on_a_quadratic_is_a_normal_probability(eta):
    noise, event = Gaussian(1.0), gates()
    path = tubes.cheapest(BOWL, noise, event)
    estimate = importance.probability(BOWL, noise, event, eta, 40_000, rng=np.random.default_rng(1), towards=path)
    assert estimate.error < 0.03
    assert estimate.log_p == pytest.approx(np.log(exact_gaussian(event, eta, 1.0)), abs=4 * estimate.error)


def test_a_rare_event_that_counting_never_sees():
    """P(x_n within 0.1 of 1.6) at η = 1/100 is 1e-354, less than the smallest double."""
    noise, event, eta = Gaussian(0.6), tubes.Gates([0.0], [2.0], [[1.6]], 0.1), 0.01
    a = 1 - eta * H
    spread = eta * 0.6 * np.sqrt((1 - a**400) / (1 - a**2))
    exact = norm.logsf(1.5 / spread)
    estimate = importance.probability(
        BOWL, noise, event, eta, 20_000, rng=np.random.default_rng(1), towards=tubes.cheapest(BOWL, noise, event)
    )
    assert exact < -800
    assert estimate.log_p == pytest.approx(exact, abs=4 * estimate.error)
    assert estimate.error < 0.06
    assert importance.probability(BOWL, noise, event, eta, 1000, rng=np.random.default_rng(1)).hits == 0


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("tilted", [False, True])
def test_finite_sum_tube_is_what_enumeration_gives(batch, tilted):
    """Six steps, 4^(6·batch) sequences of samples, counted by how many are the far one."""
    landscape, noise, eta = double_well(), skew(batch), 0.1
    event = tubes.Gates([-1.0], [0.3, 0.6], [[-0.8], [-0.7]], 0.2)
    exact = 0.0
    values = [(k * 3 - (batch - k)) / batch for k in range(batch + 1)]
    chance = [(0.75, 0.25), (0.5625, 0.375, 0.0625)][batch - 1]
    for choice in product(range(batch + 1), repeat=6):
        x, good = np.array([-1.0]), True
        for step, k in enumerate(choice, 1):
            x = x - eta * (landscape.grad(x) + values[k])
            if step in (3, 6):
                good &= abs(x[0] - event.centre[step // 3 - 1, 0]) <= event.radius
        exact += good * np.prod([chance[k] for k in choice])
    path = tubes.cheapest(landscape, noise, event) if tilted else None
    estimate = importance.probability(landscape, noise, event, eta, 60_000, rng=np.random.default_rng(2), towards=path)
    assert exact > 0
    assert np.exp(estimate.log_p) == pytest.approx(exact, rel=4 * estimate.error)


@pytest.mark.parametrize("noise", [Gaussian(3**0.5), Gaussian(lambda x: 1.5 + 0.3 * x[..., 0]), skew()])
def test_importance_sampling_agrees_with_counting(noise):
    landscape, event = double_well(), tubes.Gates([-1.0], [1.0, 2.0], [[-0.8], [-0.5]], 0.15)
    path = tubes.cheapest(landscape, noise, event)
    weighed = importance.probability(landscape, noise, event, 0.05, 40_000, rng=np.random.default_rng(1), towards=path)
    counted = importance.probability(landscape, noise, event, 0.05, 200_000, rng=np.random.default_rng(2))
    assert counted.hits > 100
    assert weighed.log_p == pytest.approx(counted.log_p, abs=4 * np.hypot(weighed.error, counted.error))
    assert weighed.error < 3 * counted.error


def test_samples_that_depend_on_the_point_are_tilted_where_they_are():
    """Gradients x − y_i with y_i scaled by position: counting and tilting agree."""
    noise = FiniteSum(lambda x: (1 + 0.5 * np.sin(x[..., None, :])) * SAMPLES, 1)
    event = tubes.Gates([0.0], [1.0], [[0.5]], 0.15)
    path = tubes.cheapest(BOWL, noise, event)
    weighed = importance.probability(BOWL, noise, event, 0.1, 40_000, rng=np.random.default_rng(1), towards=path)
    counted = importance.probability(BOWL, noise, event, 0.1, 100_000, rng=np.random.default_rng(2))
    assert weighed.log_p == pytest.approx(counted.log_p, abs=4 * np.hypot(weighed.error, counted.error))


def test_effective_sample_size():
    """Counting: as many as hits. Tilting: fewer than hits, and the error says so."""
    noise, event = Gaussian(1.5), gates()
    plain = importance.probability(BOWL, noise, event, 0.05, 40_000, rng=np.random.default_rng(1))
    assert plain.effective == pytest.approx(plain.hits)
    p = plain.hits / 40_000
    assert plain.error == pytest.approx(np.sqrt((1 - p) / plain.hits))
    path = tubes.cheapest(BOWL, noise, event)
    tilted = importance.probability(BOWL, noise, event, 0.05, 40_000, rng=np.random.default_rng(1), towards=path)
    assert 3 * plain.hits < tilted.effective < tilted.hits
    assert tilted.error == pytest.approx(np.sqrt(1 / tilted.effective - 1 / 40_000))


@pytest.mark.parametrize("duration", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("start", [0.0, -0.5])
def test_cheapest_path_to_a_level_of_a_quadratic(duration, start):
    """Gaussian: (y − x₀e^{−hT})² h/(σ²(1 − e^{−2hT})), the exponent of an Ornstein–Uhlenbeck law; y the gate's near wall."""
    event = tubes.Gates([start], [duration], [[1.0]], 0.2)
    path = tubes.cheapest(BOWL, Gaussian(0.7), event)
    closed = (0.8 - start * np.exp(-H * duration)) ** 2 * H / (0.49 * (1 - np.exp(-2 * H * duration)))
    assert path.cost == pytest.approx(closed, rel=1e-8)
    assert path.active == 1
    slope = 2 * (0.8 - start * np.exp(-H * duration)) * H / (0.49 * (1 - np.exp(-2 * H * duration)))
    assert path.pressure[0, 0] == pytest.approx(slope, rel=1e-5)
    points, tilts = path.at(np.array([0.0, duration]))
    np.testing.assert_allclose(points[:, 0], [start, 0.8], atol=1e-12)
    # moving right needs Z < 0, so λ < 0 and the momentum is −λ, equal to the slope of the cost at the end
    assert -tilts[-1, 0] == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("noise", [Gaussian(1.5), skew(), Uniform(2.5)])
def test_cost_is_the_action_of_the_path_and_below_others(noise):
    landscape = double_well()
    event = tubes.Gates([-1.0], [1.5, 3.0], [[-0.8], [-0.5]], 0.1)
    path = tubes.cheapest(landscape, noise, event)
    t = np.linspace(0, 3, 1201)
    points = path.at(t)[0]
    assert action(landscape, noise, points, 3.0) == pytest.approx(path.cost, rel=1e-5)
    assert np.all(np.abs(path.at(event.times)[0] - event.centre) <= 0.1 + 1e-9)
    for bump in (0.01, -0.01):  # zero at the gates
        other = points + bump * np.sin(np.pi * t / 1.5)[:, None]
        assert action(landscape, noise, other, 3.0) > path.cost
    assert tubes.cheapest(landscape, noise, event, modes=14).cost == pytest.approx(path.cost, rel=1e-5)


def test_plane_gates_with_independent_coordinates_add():
    plane = quadratic(np.diag([1.0, 2.0]))
    event = tubes.Gates([0.0, 0.0], [1.0], [[1.0, -0.7]], 0.1)
    h, y = np.array([1.0, 2.0]), np.array([0.9, 0.6])
    path = tubes.cheapest(plane, Gaussian(0.5), event)
    assert path.cost == pytest.approx((y**2 * h / (0.25 * (1 - np.exp(-2 * h)))).sum(), rel=1e-7)
    assert path.active == 2


def test_bounded_noise_cannot_be_hurried():
    event = tubes.Gates([0.0], [1.0], [[1.0]], 0.1)
    reach = 0.3 * (1 - np.exp(-H)) / H
    assert reach < 0.9
    assert np.isinf(tubes.cheapest(BOWL, Rademacher(0.3), event).cost)
    assert np.isfinite(tubes.cheapest(BOWL, Rademacher(0.95 * 0.3 / reach / 0.8), event).cost)


def test_tilt_gives_the_noise_the_wanted_mean():
    x, z = np.zeros((5, 1)), np.linspace(-0.9, 2.9, 5)[:, None]
    q, cost = tubes.tilt(skew(), x, z)
    np.testing.assert_allclose(skew().cgf_grad(x, q), z, atol=1e-7)
    share = (z[:, 0] + 1) / 4  # of the far sample: the relative entropy of (s, 1 − s) to (¼, ¾)
    np.testing.assert_allclose(cost, share * np.log(4 * share) + (1 - share) * np.log((1 - share) / 0.75), rtol=1e-7)


def test_fit_recovers_a_known_exponent():
    eta = 1 / np.array([20, 40, 80, 160, 320, 640])
    log_p = -0.3 / eta + 1.5 * np.log(eta) + 0.7 - 2 * eta
    fit = importance.rate(eta, log_p, np.full(6, 0.01), active=3)
    assert fit.exponent == pytest.approx(0.3, abs=1e-10)
    np.testing.assert_allclose(fit.log_p(eta), log_p, atol=1e-9)
    off = importance.rate(eta, log_p, np.full(6, 0.01), active=0)
    assert abs(off.exponent - 0.3) > 10 * off.error  # the power of η matters
    many = [
        importance.rate(eta, log_p + 0.01 * np.random.default_rng(k).standard_normal(6), np.full(6, 0.01), 3) for k in range(400)
    ]
    assert np.std([f.exponent for f in many]) == pytest.approx(fit.error, rel=0.15)
    assert np.mean([f.chi2 for f in many]) == pytest.approx(1, abs=0.2)


def test_likelihood_ratio_has_mean_one():
    """E exp Σ (H − ⟨λ, Z⟩) = 1 under any tilt; gates so wide that all runs pass."""
    wide = tubes.Gates([0.0], [1.0], [[0.0]], 50.0)
    for noise in (Gaussian(0.8), skew(), skew(3)):
        tilts = 0.2 * np.sin(np.arange(10))[:, None]
        _, log_weight = importance.follow(BOWL, noise, wide, 0.1, tilts, 50_000, rng=np.random.default_rng(3))
        error = np.exp(log_weight).std() / np.sqrt(50_000)
        assert np.exp(logsumexp(log_weight)) / 50_000 == pytest.approx(1, abs=4 * error)


def test_paths_of_missed_gates_end():
    paths, log_weight = importance.follow(
        BOWL, Gaussian(1.0), gates(), 0.05, np.zeros((20, 1)), 500, rng=np.random.default_rng(1), keep=500
    )
    assert paths.shape == (21, 500, 1)
    assert np.isfinite(paths[-1]).sum() == log_weight.size
    assert np.all(np.isfinite(paths[:10]))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: tubes.Gates([0.0], [1.0, 0.5], [[0.0], [0.0]], 0.1), "times"),
        (lambda: tubes.Gates([0.0], [1.0], [[0.0], [0.0]], 0.1), "centre"),
        (lambda: tubes.Gates([0.0], [1.0], [[0.0]], -0.1), "radius"),
        (lambda: gates().steps(0.3), "eta"),
        (lambda: tubes.cheapest(himmelblau(), Gaussian(1.0), gates()), "start"),
        (lambda: importance.probability(BOWL, Rademacher(1.0), gates(), 0.1, 10, rng=np.random.default_rng(1)), "noise"),
        (lambda: importance.probability(BOWL, Gaussian(1.0), gates(), 0.1, 0, rng=np.random.default_rng(1)), "runs"),
        (lambda: importance.rate([0.1, 0.05, 0.02, 0.01], [-1, -2, -3, -4], [0.1, 0.1, 0.1, np.inf], 0), "error"),
        (
            lambda: escapes(
                BOWL, Gaussian(1.0), 0.1, [2.0], lambda x: x[..., 0] > 1, wanted=1, window=5, chains=1, rng=np.random.default_rng(1)
            ),
            "well",
        ),
    ],
)
def test_bad_input_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()


def test_escapes_end_at_the_first_iterate_outside():
    out = lambda x: x[..., 0] > 0.0  # noqa: E731
    runs = escapes(double_well(), Gaussian(2.0), 0.1, [-1.0], out, wanted=50, window=40, chains=64, rng=np.random.default_rng(1))
    assert runs.shape[0] == 41
    assert runs.shape[1] >= 50
    assert np.all(out(runs[-1]))
    assert not np.any(out(runs[-2]))


def test_strays_are_measured_where_a_run_last_crosses():
    t = np.linspace(-1, 1, 21)
    run = np.stack([t, 0.3 + 0.1 * t], axis=1)
    runs = np.stack([run, run[:, ::-1] + [2, 0]], axis=1)
    np.testing.assert_allclose(strays(runs, np.array([0.05, 0.0]), np.array([1.0, 0.0])), [0.305, np.nan])


def test_variance_across_a_straight_path_of_constant_curvature_is_stationary():
    plane = quadratic(np.diag([1.0, 3.0]))
    path = np.stack([np.linspace(0.1, 1, 50), np.zeros(50)], axis=1)
    np.testing.assert_allclose(predicted_variance(plane, 2.0, path), 4 / 6, rtol=1e-6)
