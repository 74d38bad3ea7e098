"""The sampler: the recursion itself, results that depend on the seed alone, what is refused, and honest standard errors."""

import multiprocessing
import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import norm

from longrun import ensemble, sgd
from longrun.errors import Diverged, UnstableStep
from longrun.landscapes import Landscape, double_well, himmelblau, muller_brown, quadratic, three_hump_camel
from longrun.noise import Gaussian, Rademacher, Rotated, TruncatedGaussian, Uniform

FALSE_ALARM = 1e-6  # of all random comparisons of this file together
SIGMAS = norm.isf(FALSE_ALARM / 1000)  # two-sided, fewer than 200 comparisons: room for the error of the normal approximation
BOX = (np.array([-3.0]), np.array([3.0]))


def seeded(seed=0):
    return np.random.default_rng(seed)


def spread(landscape, n, seed=1):
    """Starting points in the middle of the box."""
    lower, upper = landscape.box
    return seeded(seed).uniform(lower / 2, upper / 2, size=(n, landscape.dim))


def right_half(x):
    return x[:, 0] > 0


def far_up(x):
    return x[:, -1] > 1


class Recorded(Gaussian):
    """Gaussian noise that remembers what it drew, stream by stream."""

    def __init__(self, sigma):
        super().__init__(sigma)
        self.drawn = {}

    def draw(self, rng, out):
        super().draw(rng, out)
        self.drawn.setdefault(rng, []).append(out.copy())

    def omega(self):
        """The ω of all chains, (steps, n, d), as far as all groups drew."""
        groups = [np.concatenate(chunks) for chunks in self.drawn.values()]
        steps = min(map(len, groups))
        return np.concatenate([group[:steps] for group in groups], axis=2).transpose(0, 2, 1)


def naive(landscape, etas, x, omega):
    """x_{t+1} = x_t − η (∇f(x_t) + Z): the path x_1, x_2, …"""
    path = []
    with np.errstate(all="ignore"):
        for eta, z in zip(etas, omega, strict=False):
            x = x - eta * (landscape.grad(x) + z)
            path.append(x)
    return np.array(path)


@pytest.fixture
def small_groups(monkeypatch):
    """Several groups without many chains, the last of them short."""
    monkeypatch.setattr(ensemble, "GROUP", 512)


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


# --- the recursion


@pytest.mark.parametrize("schedule", [False, True])
@pytest.mark.parametrize("landscape", [double_well(0.1), himmelblau(), three_hump_camel()], ids=lambda f: f.name)
@pytest.mark.parametrize(("n", "steps"), [(1, 2500), (7, 1100), (600, 40), (1025, 17)])
def test_recursion(small_groups, landscape, n, steps, schedule):
    eta = 0.01 / (1 + np.arange(steps) / 50) if schedule else 0.01
    noise, x0 = Recorded(0.5), spread(landscape, n)
    kept = sgd.run(landscape, noise, eta, x0, steps, rng=seeded(2), keep=steps)
    path = naive(landscape, np.broadcast_to(eta, steps), x0, noise.omega())
    # the same sums in the same order but for ∇f, which may be rounded otherwise; a saddle amplifies that by e^{ηht} < 1e4 at most
    np.testing.assert_allclose(kept, path, rtol=1e-10, atol=1e-10)


def test_draws_are_independent_between_groups_and_chunks(small_groups):
    noise = Recorded(1.0)
    sgd.run(quadratic(np.eye(1)), noise, 0.5, np.zeros((1024, 1)), 64, rng=seeded(3))
    parts = [part.ravel() for chunks in noise.drawn.values() for part in chunks]
    assert len(noise.drawn) == 2
    assert len(parts) > 4
    gram = np.corrcoef(parts)
    assert np.abs(gram - np.eye(len(parts))).max() < 6 / np.sqrt(parts[0].size)  # fewer than 200 pairs, P(|N| > 6) = 2e-9


def test_the_caller_s_points_are_left_alone():
    x0 = spread(himmelblau(), 5)
    before = x0.copy()
    sgd.run(himmelblau(), Gaussian(1.0), 0.01, x0, 10, rng=seeded())
    np.testing.assert_array_equal(x0, before)


def same(x):
    return x


def ignores_out(x, out=None):
    return x * 1.0


def returns_input(x, out=None):
    return x


def uses_out(x, out=None):
    return np.multiply(x, 1.0, out=out)


@pytest.mark.parametrize("grad", [same, ignores_out, returns_input, uses_out, np.positive])
def test_any_way_to_return_a_gradient(grad):
    landscape = Landscape("x²/2", lambda x: (x**2).sum(axis=-1) / 2, grad, box=BOX)
    runs = [sgd.run(f, Gaussian(1.0), 0.1, [[1.0], [-2.0]], 50, rng=seeded(4), keep=3) for f in (landscape, quadratic([[1.0]]))]
    np.testing.assert_allclose(*runs, rtol=1e-13)


# --- the seed alone

CASES = {
    "Himmelblau, Gaussian": (himmelblau(), Gaussian(3.0), 0.004),
    "Himmelblau, Rademacher": (himmelblau(), Rademacher(3.0), 0.004),
    "three-hump, uniform": (three_hump_camel(), Uniform(1.0), 0.01),
    "Müller–Brown, truncated": (muller_brown(), TruncatedGaussian(20.0, 30.0), 0.0002),
    "quadratic in 3-D, rotated": (
        quadratic([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.7]]),
        Rotated(Uniform(1.0), np.array([[0.5, -0.7, 0.2], [0.4, 0.6, -0.9], [1.0, 0.1, 0.3]])),
        0.1,
    ),
}
every = pytest.mark.parametrize(("landscape", "noise", "eta"), CASES.values(), ids=CASES)


@every
@pytest.mark.parametrize("n", [1, 513, 1300])
def test_workers_do_not_matter(small_groups, processes, landscape, noise, eta, n):
    def run(executor=None):
        return sgd.run(landscape, noise, eta, spread(landscape, n), 45, rng=seeded(5), keep=2, executor=executor)

    expected = run()
    for workers in (1, 2, 3):
        with ThreadPoolExecutor(workers) as pool:
            np.testing.assert_array_equal(run(pool), expected)
    np.testing.assert_array_equal(run(processes), expected)


def test_workers_do_not_matter_for_large_ensembles(processes):
    def run(executor=None):
        return sgd.run(himmelblau(), Gaussian(3.0), 0.004, spread(himmelblau(), 5000), 20, rng=seeded(5), executor=executor)

    with ThreadPoolExecutor(3) as pool:
        np.testing.assert_array_equal(run(pool), run())
    np.testing.assert_array_equal(run(processes), run())


@every
@pytest.mark.parametrize("n", [3, 700])
def test_fewer_steps_are_the_beginning_of_more(small_groups, landscape, noise, eta, n):
    path = sgd.run(landscape, noise, eta, spread(landscape, n), 70, rng=seeded(6), keep=70)
    for steps in (1, 16, 17, 69):
        shorter = sgd.run(landscape, noise, eta, spread(landscape, n), steps, rng=seeded(6))
        np.testing.assert_array_equal(shorter, path[steps - 1])


@pytest.mark.parametrize("n", [1, 600])
def test_keep(small_groups, n):
    def run(keep):
        return sgd.run(himmelblau(), Gaussian(3.0), 0.004, spread(himmelblau(), n), 50, rng=seeded(7), keep=keep)

    path = run(50)
    assert path.shape == (50, n, 2)
    assert run(1).shape == (n, 2)
    np.testing.assert_array_equal(run(1), path[-1])
    np.testing.assert_array_equal(run(20), path[-20:])


def test_the_generator_is_the_only_randomness():
    before, rng, other = np.random.get_state(), seeded(8), seeded(8)  # noqa: NPY002

    def run(rng, steps=20, **options):
        return sgd.run(himmelblau(), Gaussian(3.0), 0.004, spread(himmelblau(), 3), steps, rng=rng, **options)

    first, second = run(rng), run(rng)
    assert not np.any(first == second)
    np.testing.assert_array_equal(run(other, steps=20), first)
    run(other, steps=5, keep=5)
    assert rng.random() == other.random()  # advanced alike, whatever is asked for
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


class Bits:
    """A bit generator's words behind another face: no seed sequence."""

    def __init__(self, seed):
        self._inner = np.random.PCG64(seed)
        self.capsule, self.lock = self._inner.capsule, self._inner.lock


def test_a_generator_without_seed_sequence(small_groups):
    x = sgd.run(himmelblau(), Gaussian(3.0), 0.004, np.zeros((600, 2)), 20, rng=np.random.Generator(Bits(9)))
    expected = sgd.run(himmelblau(), Gaussian(3.0), 0.004, np.zeros((600, 2)), 20, rng=np.random.Generator(np.random.PCG64(9)))
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("threads", [0, 2])
def test_progress_bar_changes_nothing_but_the_screen(small_groups, capsys, threads):
    def run(progress):
        with ThreadPoolExecutor(max(threads, 1)) as pool:
            return sgd.run(
                himmelblau(), Gaussian(3.0), 0.004, np.zeros((600, 2)), 40, rng=seeded(10), progress=progress,
                executor=pool if threads else None,
            )  # fmt: skip

    np.testing.assert_array_equal(run(True), run(False))
    out, err = capsys.readouterr()
    assert "100%" in err
    assert out == ""


# --- what is refused

GOOD = dict(eta=0.1, x0=[[1.0]], steps=10)
BAD = [
    *(("eta", dict(eta=eta)) for eta in (0, -0.1, np.nan, np.inf, np.full(9, 0.1), np.full((10, 1), 0.1), np.zeros(10), [])),
    ("eta", dict(eta=np.array([0.1] * 9 + [np.nan]))),
    ("eta", dict(eta=np.array([-0.1] + [0.1] * 9))),
    *(("steps", dict(steps=steps)) for steps in (0, -1, 2.5, 10.0, True, "ten", None)),
    *(("x0", dict(x0=x0)) for x0 in (1.0, [1.0], [[1.0, 2.0]], [[[1.0]]], np.empty((0, 1)), [[np.nan]], [[1.0], [np.inf]])),
]


@pytest.mark.parametrize(("name", "change"), BAD, ids=str)
def test_bad_arguments_are_named(name, change):
    for call in (sgd.run, lambda *args, rng: sgd.occupation(*args, [right_half], rng=rng)):
        with pytest.raises(ValueError, match=name):
            call(double_well(), Gaussian(0.1), *(GOOD | change).values(), rng=seeded())


@pytest.mark.parametrize("keep", [0, -1, 11, 2.0, True, None])
def test_bad_keep(keep):
    with pytest.raises(ValueError, match=r"keep = .*1 to steps = 10"):
        sgd.run(double_well(), Gaussian(0.1), **GOOD, rng=seeded(), keep=keep)


@pytest.mark.parametrize("burn", [-1, 10, 11, 2.0, True, None])
def test_bad_burn(burn):
    with pytest.raises(ValueError, match=r"burn = .*0 to steps − 1 = 9"):
        sgd.occupation(double_well(), Gaussian(0.1), *GOOD.values(), [right_half], rng=seeded(), burn=burn)


@pytest.mark.parametrize("sigma", [0, -1.0, np.nan, np.inf])
def test_bad_noise(sigma):
    with pytest.raises(ValueError, match="sigma"):
        sgd.run(double_well(), Gaussian(sigma), **GOOD, rng=seeded())


def test_a_process_pool_wants_parts_that_can_be_sent(processes):
    local = Landscape("local", None, lambda x: x, box=BOX)
    with pytest.raises(ValueError, match=r"executor: .*another process"):
        sgd.run(local, Gaussian(1.0), **GOOD, rng=seeded(), executor=processes)
    with pytest.raises(ValueError, match=r"executor: .*another process"):
        sgd.occupation(double_well(), Gaussian(1.0), *GOOD.values(), [lambda x: x[:, 0] > 0], rng=seeded(), executor=processes)
    with ThreadPoolExecutor(2) as pool:
        assert sgd.run(local, Gaussian(1.0), **GOOD, rng=seeded(), executor=pool).shape == (1, 1)


@pytest.mark.parametrize("eta", [1.001, np.array([0.1] * 9 + [1.001])])
def test_steps_above_linear_stability_warn(eta):
    tight = quadratic(np.diag([0.5, 2.0]))  # 2/h_max = 1
    for call in (sgd.run, lambda *args, rng: sgd.occupation(*args, [right_half], rng=rng)):
        with pytest.warns(UnstableStep, match=r"eta = 1\.001 exceeds 2/h_max = 1 ") as seen:
            call(tight, Gaussian(0.1), eta, np.ones((3, 2)), 10, rng=seeded())
        assert [w.filename for w in seen] == [__file__]  # points at the caller


@pytest.mark.parametrize("eta", [0.999, np.array([5.0] + [0.1] * 9)])
def test_steps_below_do_not(eta):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sgd.run(quadratic(np.diag([0.5, 2.0])), Gaussian(0.1), eta, np.ones((3, 2)), 10, rng=seeded())
        sgd.run(Landscape("field", None, lambda x: x, box=BOX), Gaussian(0.1), 1.9, np.ones((3, 1)), 10, rng=seeded())


# --- divergence


def leavers(n=1300):
    """Most chains stay; some leave at the same step from two groups, others later, a third group's first among them."""
    x0 = np.full((n, 1), 0.9)
    x0[[3, 600]] = 2.7
    x0[[40, 601, 602]] = 2.6
    x0[[41, 1299]] = 2.48
    return x0


@pytest.mark.parametrize("schedule", [False, True])
def test_divergence_is_what_a_replay_says(small_groups, processes, schedule):
    landscape, x0, steps = double_well(), leavers(), 60
    eta = np.linspace(0.45, 0.4, steps) if schedule else 0.45

    def failure(noise=None, executor=None):
        with pytest.raises(Diverged) as caught:
            sgd.run(landscape, noise or Gaussian(0.01), eta, x0, steps, rng=seeded(11), executor=executor)
        return caught.value

    noise = Recorded(0.01)
    found = failure(noise)
    path = naive(landscape, np.broadcast_to(eta, steps), x0, noise.omega())
    gone = (~np.isfinite(path)).any(axis=2).sum(axis=1)
    step = int(np.argmax(gone > 0)) + 1
    assert 0 < gone[step - 1] < gone[-1] < len(x0)  # leaving at several steps: the case is not trivial
    assert found.args == (np.broadcast_to(eta, steps)[step - 1], step, gone[step - 1])
    for workers in (1, 2, 3):
        with ThreadPoolExecutor(workers) as pool:
            assert failure(executor=pool).args == found.args
    assert failure(executor=processes).args == found.args


def test_divergence_late_in_a_long_run():
    """x_{t+1} = 2 x_t + …: a double overflows after about 1023 doublings, beyond the first chunk of draws."""
    field, noise = Landscape("expansion", None, lambda x: -x, box=BOX), Recorded(1.0)
    with pytest.raises(Diverged) as caught:
        sgd.run(field, noise, 1.0, np.ones((2, 1)), 3000, rng=seeded(12))
    path = naive(field, np.ones(3000), np.ones((2, 1)), noise.omega())
    assert caught.value.step == int(np.argmax(~np.isfinite(path).all(axis=(1, 2)))) + 1 > 1000


def test_diverged_reads_well_and_travels():
    failure = Diverged(0.25, 17, 3)
    for error in (failure, pickle.loads(pickle.dumps(failure))):
        assert (error.eta, error.step, error.chains) == (0.25, 17, 3)
        assert isinstance(error, ArithmeticError)
        for part in ("eta = 0.25", "3 chain(s)", "step 17"):
            assert part in str(error)


def test_occupation_diverges_too():
    with pytest.raises(Diverged):
        sgd.occupation(double_well(), Gaussian(0.01), 0.45, leavers(), 60, [right_half], rng=seeded())


def test_a_set_that_fails_leaves_numpy_s_error_state_alone():
    def broken(x):
        raise KeyError("set")

    before = np.geterr()
    with pytest.raises(KeyError) as caught:
        sgd.occupation(double_well(), Gaussian(0.1), *GOOD.values(), [broken], rng=seeded())
    assert caught.value.__traceback__ is not None  # an interactive session keeps it too
    assert np.geterr() == before


# --- the law on a quadratic


@pytest.mark.parametrize("noise", [Gaussian(1.3), Rademacher(1.3), Uniform(1.3 * np.sqrt(3))], ids=repr)
@pytest.mark.parametrize("eta", [0.1, 0.7])
def test_stationary_variance_and_autocorrelation(noise, eta):
    """V = ησ²/(h(2 − ηh)), correlation (1 − ηh)^k: facts of the linear recursion, whatever the noise."""
    h, sigma, n = 1.5, 1.3, 40_000
    steps = int(np.ceil(20 / (eta * h))) + 6  # what is left of the start: (1 − ηh)^{2t} < e^{−40}
    x = sgd.run(quadratic([[h]]), noise, eta, np.zeros((n, 1)), steps, rng=seeded(13), keep=6)[..., 0]
    v, rho = eta * sigma**2 / (h * (2 - eta * h)), 1 - eta * h
    for k in range(6):
        # Var(xy) = V²(1 + ρ²) for Gaussian pairs; less for noises of negative excess kurtosis
        error = v * np.sqrt((1 + rho ** (2 * k)) / n)
        assert abs((x[-1] * x[-1 - k]).mean() - v * rho**k) < SIGMAS * error
    assert abs(x[-1].mean()) < SIGMAS * np.sqrt(v / n)


def test_stationary_covariance_in_two_dimensions():
    h, r, eta, n = np.array([[2.0, 0.6], [0.6, 1.0]]), np.array([[0.8, -0.6], [0.9, 1.1]]), 0.5, 40_000
    x = sgd.run(quadratic(h), Rotated(Gaussian(0.7), r), eta, np.zeros((n, 2)), 100, rng=seeded(14))
    v, a = np.zeros((2, 2)), np.eye(2) - eta * h
    for _ in range(200):
        v = a @ v @ a + eta**2 * 0.49 * r @ r.T
    error = np.sqrt((np.outer(v.diagonal(), v.diagonal()) + v**2) / n)
    assert np.all(np.abs(x.T @ x / n - v) < SIGMAS * error)


# --- occupation


def test_fractions_are_counted(small_groups, processes):
    sets, x0 = {"right": right_half, "up": far_up}, spread(himmelblau(), 600)
    path = sgd.run(himmelblau(), Gaussian(30.0), 0.004, x0, 50, rng=seeded(15), keep=50)
    for burn in (0, 1, 13, 49):
        expected = [np.mean([inside(x) for x in path[burn:]]) for inside in sets.values()]
        for options in (dict(sets=sets), dict(sets=list(sets.values())), dict(sets=sets, executor=processes)):
            result = sgd.occupation(himmelblau(), Gaussian(30.0), 0.004, x0, 50, rng=seeded(15), burn=burn, **options)
            np.testing.assert_allclose(result.fraction, expected, rtol=1e-12)
            per_chain = [np.mean([inside(x) for x in path[burn:]], axis=0) for inside in sets.values()]
            np.testing.assert_allclose(result.error, np.std(per_chain, axis=1, ddof=1) / np.sqrt(600), rtol=1e-9)


def test_occupation_with_one_step_size_per_step():
    etas, x0 = np.linspace(0.005, 0.001, 40), spread(himmelblau(), 9)
    path = sgd.run(himmelblau(), Gaussian(30.0), etas, x0, 40, rng=seeded(16), keep=40)
    result = sgd.occupation(himmelblau(), Gaussian(30.0), etas, x0, 40, [right_half], rng=seeded(16))
    np.testing.assert_allclose(result.fraction, np.mean(path[..., 0] > 0), rtol=1e-12)


def within_one(x):
    return np.abs(x[:, 0]) < 1


def everywhere(x):
    return np.ones(len(x), dtype=bool)


def test_certain_sets_have_no_error():
    for chains in (1, 20):
        sure = sgd.occupation(quadratic([[1.0]]), Gaussian(1.0), 0.5, np.zeros((chains, 1)), 64, [everywhere], rng=seeded())
        assert sure.fraction == pytest.approx([1.0], rel=1e-12)
        assert sure.error == pytest.approx([0.0], abs=1e-12)


def scores(rho, chains, steps, replicates, seed):
    """(fraction − truth)/error for replicates of a stationary AR(1): x_{t+1} = ρ x_t + N(0, 1 − ρ²), sets x > 0 and |x| < 1."""
    eta, rng = 1 - rho, seeded(seed)
    noise, truth = Gaussian(np.sqrt(1 - rho**2) / eta), np.array([0.5, norm.cdf(1) - norm.cdf(-1)])
    z = []
    for _ in range(replicates):
        x0 = rng.standard_normal((chains, 1))
        result = sgd.occupation(quadratic([[1.0]]), noise, eta, x0, steps, [right_half, within_one], rng=rng)
        z.append((result.fraction - truth) / result.error)
    return np.array(z)


def largest_of_batch_errors(means):
    """The rule for few chains on ideal, independent means (replicates, 32, chains): 8, 16 and 32 stretches."""
    r, _, chains = means.shape
    errors = [
        means.reshape(r, b, 32 // b, chains).mean(axis=2).reshape(r, -1).std(axis=1, ddof=1) / np.sqrt(b * chains)
        for b in (8, 16, 32)
    ]
    return np.max(errors, axis=0)


def agrees(z, variance, slack=0.0):
    """Mean 0 and the given variance, within SIGMAS standard errors, the fourth moment estimated."""
    n = len(z)
    for column in z.T:
        assert abs(column.mean()) < SIGMAS * column.std() / np.sqrt(n)
        error = np.std(column**2) / np.sqrt(n)
        assert abs((column**2).mean() - variance) < SIGMAS * error + slack


@pytest.mark.parametrize(("rho", "chains"), [(0.9, 16), (0.0, 40)])
def test_errors_of_many_chains_are_calibrated(rho, chains):
    """However correlated in time: chains are independent, so that z is nearly Student's, of variance ν/(ν − 2)."""
    nu = chains - 1
    # a share of 100 steps is not quite normal; a skewness γ ≤ 1 shifts E z² by about 2γ²/chains
    agrees(scores(rho, chains, 100, 300, 17), nu / (nu - 2), slack=2 / chains)


@pytest.mark.parametrize("chains", [1, 4])
def test_errors_of_few_chains_are_calibrated(chains):
    """As the same rule on independent normal batches.

    A batch of b steps misses the share 2Σkρᵏ/b / (1 + 2Σρᵏ) of the variance: 5 % at most for b = 16 and ρ = 0.3.
    """
    means = seeded(18).standard_normal((100_000 // chains, 32, chains))
    ideal = np.mean((means.mean(axis=(1, 2)) / largest_of_batch_errors(means)) ** 2)
    z = scores(0.3, chains, 512, 300, 19)
    agrees(z, ideal, slack=0.05 * ideal)


def test_a_start_that_is_burnt_does_not_count():
    """From 10⁶ the AR(1) with ρ = ½ is on the right for 18 steps and stationary up to 10⁶·2⁻⁶⁰ after 60."""
    noise, x0 = Gaussian(np.sqrt(0.75) / 0.5), np.full((200, 1), 1e6)
    biased, burnt = (
        sgd.occupation(quadratic([[1.0]]), noise, 0.5, x0, 100, [right_half], rng=seeded(20), burn=burn) for burn in (0, 60)
    )
    assert abs(burnt.fraction[0] - 0.5) < SIGMAS * burnt.error[0]
    assert biased.fraction[0] - 0.5 > SIGMAS * biased.error[0]


@pytest.mark.parametrize("chains", [1, 7, 8])
@pytest.mark.parametrize("steps", [8, 15, 20, 31, 33, 1000])
def test_an_error_is_a_number(chains, steps):
    result = sgd.occupation(quadratic([[1.0]]), Gaussian(1.0), 0.5, np.zeros((chains, 1)), steps, [right_half], rng=seeded(21))
    assert np.all(np.isfinite(result.error))
    assert np.all(result.error >= 0)


def test_too_few_steps_and_chains_for_an_error():
    def call(chains, steps, burn):
        x0 = np.zeros((chains, 1))
        return sgd.occupation(quadratic([[1.0]]), Gaussian(1.0), 0.5, x0, steps, [right_half], rng=seeded(), burn=burn)

    for chains in (1, 7):
        with pytest.raises(ValueError, match=r"steps − burn = 7: .*8 steps"):
            call(chains, 20, 13)
    assert call(8, 20, 19).error > 0
