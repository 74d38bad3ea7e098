"""Each noise's sampler against its cumulant function, and the cumulant function against its closed form to 50 digits."""

from itertools import combinations

import mpmath as mp
import numpy as np
import pytest
from scipy.stats import norm, truncnorm, uniform

from longrun.noise import Gaussian, Rademacher, Rotated, TruncatedGaussian, Uniform

EPS = np.finfo(float).eps
FALSE_ALARM = 1e-6  # of all random comparisons of this file together
# Two-sided, fewer than 2000 comparisons; the spare factor 5 covers the error of the normal approximation to a mean of 5·10⁵.
SIGMAS = norm.isf(FALSE_ALARM / 20_000)

ROTATION = {  # not orthogonal: nothing may rely on R⁻¹ = Rᵀ
    2: np.array([[0.8, -0.6], [0.9, 1.1]]),
    3: np.array([[0.5, -0.7, 0.2], [0.4, 0.6, -0.9], [1.0, 0.1, 0.3]]),
}


def varying(x):
    return 0.5 + 0.2 * (x**2).sum(axis=-1)


def varying_grad(x):
    return 0.4 * x


# noise: largest |Z_i|, infinite for Gaussian noise
SIMPLE = {
    "Gaussian": (Gaussian(0.7), np.inf),
    "Gaussian σ(x)": (Gaussian(varying, varying_grad), np.inf),
    "truncated, radius << σ": (TruncatedGaussian(2.0, 0.1), 0.1),
    "truncated, radius = σ": (TruncatedGaussian(1.0, 1.0), 1.0),
    "truncated, radius > σ": (TruncatedGaussian(0.5, 0.9), 0.9),
    "truncated, radius >> σ": (TruncatedGaussian(0.6, 12.0), 12.0),
    "Rademacher": (Rademacher(0.7), 0.7),
    "Uniform": (Uniform(1.3), 1.3),
}
CASES = {
    **{(name, 2): noise for name, (noise, _) in SIMPLE.items()},
    **{(f"rotated {name}", d): Rotated(noise, ROTATION[d]) for name, (noise, _) in SIMPLE.items() for d in (2, 3)},
}
REACH = {(name, d): SIMPLE[name.removeprefix("rotated ")][1] * (2 if "rotated" in name else 1) for name, d in CASES}

every = pytest.mark.parametrize(("noise", "d", "reach"), [(n, k[1], REACH[k]) for k, n in CASES.items()], ids=map(str, CASES))
POINT = {2: np.array([0.4, -0.9]), 3: np.array([0.4, -0.9, 0.3])}


def draws(noise, x, n, seed):
    return noise.sample(np.broadcast_to(x, (n, len(x))), np.random.default_rng(seed))


def omegas(noise, steps, chains, d, seed):
    """ω of several steps of an ensemble, seen as (steps, chains, q)."""
    room = noise.empty(steps, chains, d)
    noise.draw(np.random.default_rng(seed), room)
    return room.transpose(0, 2, 1)


def along(noise, x, u, t=0.0):
    """d²H(x, tu)/dt²."""
    return u @ noise.cgf_hess(x, t * u) @ u


def fourth_cumulant(noise, x, u):
    """d⁴H(x, tu)/dt⁴ at 0 by differences of the Hessian, steps h and 2h combined: error O(h⁴), rounding 5 ε c / h²."""
    c = along(noise, x, u)
    h = 0.02 / np.sqrt(c)
    once, twice = (2 * (along(noise, x, u, k * h) - c) / (k * h) ** 2 for k in (1, 2))  # H is even
    return (4 * once - twice) / 3


def eighth_moment_bound(noise, x, u):
    """E Y⁸ ≤ min_t 8! E cosh(tY) / t⁸ for Y = ⟨u, Z⟩ symmetric: the series of cosh has positive terms."""
    t = np.linspace(1, 5, 41) / np.sqrt(along(noise, x, u))
    return (40320 * np.exp(noise.cgf(x, t[:, None] * u)) / t**8).min()


def directions(d):
    """Axes and diagonals: second moments along these fix the covariance."""
    axes = np.eye(d)
    return [*axes, *(a + s * b for a, b in combinations(axes, 2) for s in (1, -1))]


@every
def test_sampler_has_the_moments_of_the_cumulant_function(noise, d, reach):
    x, n = POINT[d], 1_000_000
    z = draws(noise, x, n, seed=11)
    for u in directions(d):
        y = z @ u
        square = y * y
        c = u @ noise.cov(x) @ u
        fourth = 3 * c**2 + fourth_cumulant(noise, x, u)
        # rounding of the mean: 1e-12 c; the differences leave |fourth| uncertain by 1e-6 c², which matters for ±σ alone
        assert abs(y.mean()) < SIGMAS * np.sqrt(c / n)
        assert abs(square.mean() - c) < SIGMAS * np.sqrt((abs(fourth - c**2) + 1e-6 * c**2) / n) + 1e-12 * c
        error = np.sqrt((eighth_moment_bound(noise, x, u) - fourth**2) / n)
        assert abs((square @ square) / n - fourth) < SIGMAS * error + 1e-6 * c**2


@every
def test_sampler_has_the_exponential_moments_of_the_cumulant_function(noise, d, reach):
    x, n = POINT[d], 500_000
    z = draws(noise, x, n, seed=12)
    scale = np.sqrt(np.linalg.eigvalsh(noise.cov(x)).max())
    for v in np.random.default_rng(13).normal(size=(6, d)) / np.sqrt(d) / scale:
        mean, variance = np.exp(noise.cgf(x, v)), np.exp(noise.cgf(x, 2 * v)) - np.exp(2 * noise.cgf(x, v))
        assert abs(np.exp(z @ v).mean() - mean) < SIGMAS * np.sqrt(variance / n)


@pytest.mark.parametrize("name", SIMPLE)
def test_steps_chains_and_coordinates_are_independent(name):
    noise, n = SIMPLE[name][0], 200_001
    omega = omegas(noise, 3, n, 2, seed=14)
    assert omega.shape == (3, n, 2)
    x = np.tile(POINT[2], (n, 1))
    first, second, third = (noise.at(x, step) for step in omega)
    c = noise.cov(POINT[2])[0, 0]
    products = [
        first[:, 0] * first[:, 1],
        first[:, 0] * second[:, 0],
        first[:, 0] * second[:, 1],
        first[:, 0] * third[:, 0],
        second[:, 1] * third[:, 1],
        first[1:, 0] * first[:-1, 0],
        first[1:, 1] * first[:-1, 0],
    ]
    for product in products:  # uncorrelated products of variance c²
        assert abs(product.mean()) < SIGMAS * c / np.sqrt(n)
    squares = first**2 - c
    variance = max(fourth_cumulant(noise, POINT[2], np.array([1.0, 0.0])) + 2 * c**2, 1e-6 * c**2)
    assert abs((squares[:, 0] * squares[:, 1]).mean()) < SIGMAS * variance / np.sqrt(n)


LAWS = {
    "Gaussian": norm(scale=0.7),
    "truncated, radius << σ": truncnorm(-0.05, 0.05, scale=2.0),
    "truncated, radius = σ": truncnorm(-1, 1),
    "truncated, radius > σ": truncnorm(-1.8, 1.8, scale=0.5),
    "truncated, radius >> σ": truncnorm(-20, 20, scale=0.6),
    "Uniform": uniform(-1.3, 2.6),
}


@pytest.mark.parametrize("name", LAWS)
def test_law_of_one_coordinate(name):
    noise, reach = SIMPLE[name]
    z = np.sort(draws(noise, np.zeros(1), 200_000, seed=15).ravel())
    assert np.abs(z).max() <= reach
    distance = np.abs(LAWS[name].cdf(z) - (np.arange(z.size) + 0.5) / z.size).max() + 0.5 / z.size
    assert distance < np.sqrt(np.log(20 / FALSE_ALARM) / (2 * z.size))  # Dvoretzky–Kiefer–Wolfowitz–Massart


def test_rademacher_takes_two_values():
    for chains in (1, 5, 8, 1000):  # also where the bits do not fill a byte
        omega = omegas(Rademacher(0.3), 3, chains, 2, seed=1)
        assert omega.shape == (3, chains, 2)
        assert set(np.unique(omega)) <= {-0.3, 0.3}
    assert np.unique(omega).size == 2


@every
def test_sample_of_any_shape(noise, d, reach):
    for shape in [(d,), (0, d), (5, d), (2, 3, d)]:
        x = np.random.default_rng(2).normal(size=shape)
        z = noise.sample(x, np.random.default_rng(3))
        assert z.shape == shape
        assert np.isfinite(z).all()
        np.testing.assert_array_equal(z, noise.sample(np.asfortranarray(x), np.random.default_rng(3)))


def test_state_dependent_noise_belongs_to_its_point():
    x, noise = np.random.default_rng(4).normal(size=(50, 2)), Gaussian(varying)
    omega = omegas(noise, 1, 50, 2, seed=5)[0]
    before = omega.copy()
    np.testing.assert_allclose(noise.at(x, omega), varying(x)[:, None] * omega, rtol=4 * EPS)
    np.testing.assert_array_equal(omega, before)


# --- the cumulant function of one coordinate, to 50 digits


def log_cosh(sigma):
    return lambda v: mp.log(mp.cosh(sigma * v))


def log_sinhc(a):
    return lambda v: mp.log(mp.sinh(a * v) / (a * v))


def log_truncated(sigma, radius):
    """σ²v²/2 + log of the probability that N(σ²v, σ²) is in the interval, over that of N(0, σ²); erfc, as v > 0."""

    def mass(v):
        s = sigma * mp.sqrt(2)
        return mp.erfc((sigma**2 * v - radius) / s) - mp.erfc((sigma**2 * v + radius) / s)

    return lambda v: (sigma * v) ** 2 / 2 + mp.log(mass(v) / mass(mp.mpf(0)))


def reference(kappa, v, digits=150):
    """κ, κ′, κ″ at v > 0, by differences in many digits."""
    with mp.workdps(digits):
        v = mp.mpf(float(v))
        h = v * mp.mpf(10) ** -30  # truncation 1e-60 (|v| reach)², rounding 10^{60 − digits}
        left, centre, right = kappa(v - h), kappa(v), kappa(v + h)
        return np.array([float(q) for q in (centre, (right - left) / (2 * h), (right - 2 * centre + left) / h**2)])


def coordinate(noise, v):
    """κ, κ′, κ″ of the library, at each v: shape (3, n)."""
    x, v = np.zeros(1), v[:, None]
    return np.array([noise.cgf(x, v), noise.cgf_grad(x, v)[:, 0], noise.cgf_hess(x, v)[:, 0, 0]])


TRUNCATED = [(2.0, 0.1), (1.0, 1.0), (0.5, 0.9), (1.0, 3.0), (0.02, 0.1), (0.6, 12.0), (1.0, 37.0)]


def exact(*args):
    return [mp.mpf(a) for a in args]


SIZES = np.logspace(-9, 3, 61)


@pytest.mark.parametrize(
    ("noise", "kappa"),
    [
        (Rademacher(0.7), log_cosh(*exact(0.7))),
        (Rademacher(25.0), log_cosh(*exact(25.0))),
        (Uniform(1.3), log_sinhc(*exact(1.3))),
        (Uniform(0.02), log_sinhc(*exact(0.02))),
        (Uniform(40.0), log_sinhc(*exact(40.0))),
        (Gaussian(0.7), lambda v: (mp.mpf(0.7) * v) ** 2 / 2),
    ],
    ids=lambda p: "" if callable(p) else repr(p),
)
def test_cumulant_function_is_accurate_at_all_sizes(noise, kappa):
    expected = np.array([reference(kappa, v, 500) for v in SIZES]).T
    normal = np.abs(expected) > 1e-300  # κ″ of ±σ falls below the smallest number
    # The worst loss is 13-fold, of 1/s² − 1/sinh² s at s = ½, of less than ten roundings; e^{−2s} multiplies ε by 2s.
    tol = EPS * (130 + 4 * getattr(noise, "bound", 0) * SIZES * np.array([[0], [0], [1]]))
    for sign in (1, -1):
        result = coordinate(noise, sign * SIZES) * np.array([[1], [sign], [1]])
        assert np.all(np.abs(result - expected)[normal] <= (tol * np.abs(expected))[normal])
        assert np.all(np.abs(result[~normal]) <= 1e-299)


@pytest.mark.parametrize(("sigma", "radius"), TRUNCATED)
def test_cumulant_function_of_the_truncated_gaussian(sigma, radius):
    v = SIZES[SIZES * radius < 500]
    check_truncated(sigma, radius, v)


@pytest.mark.parametrize(("sigma", "radius"), [(1.0, 3.0), (0.6, 12.0), (1.0, 37.0), (1.0, 40.0), (1.0, 60.0)])
def test_cumulant_function_of_the_truncated_gaussian_at_large_arguments(sigma, radius):
    v = SIZES[SIZES * radius >= 500]
    check_truncated(sigma, radius, v)


def check_truncated(sigma, radius, v):
    kappa = log_truncated(*exact(sigma, radius))
    expected = np.array([reference(kappa, size) for size in v]).T
    # κ is the difference of two logarithms of the size of |v| radius where 1 < |v| radius; the weights are right to about 1e-13
    size = 1 + v * min(radius, sigma**2 * v.max(initial=1))
    loss = np.array([np.where(v * radius < 1, 1, size / expected[0]), np.ones_like(v), np.ones_like(v)])
    tol = EPS * (400 + 4 * loss) * np.abs(expected)
    for sign in (1, -1):
        result = coordinate(TruncatedGaussian(sigma, radius), sign * v) * np.array([[1], [sign], [1]])
        np.testing.assert_array_less(np.abs(result - expected), tol)


# --- the cumulant function of vectors


def duals(d, reach, n=40, seed=21):
    """Dual vectors v from |⟨v, Z⟩| << 1 to about 20."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * 10 ** rng.uniform(-3, 1, (n, 1)) / min(reach, 1)


@every
def test_derivatives_in_v_against_differences(noise, d, reach):
    x, v = POINT[d], duals(d, reach)
    b = min(reach, 24) * np.sqrt(d)  # |⟨u, Z⟩| ≤ b for unit u; a Gaussian's third derivative is 0
    h = EPS ** (1 / 3) / b
    # third and fourth derivatives of H are cumulants of a tilted law on [−b, b]: below 2b³ and 4b⁴
    scale = 1 + np.abs(noise.cgf(x, v)).max() + b * np.abs(v).max()
    slope = np.abs(noise.cgf_grad(x, v)).max() + b
    for j, e in enumerate(np.eye(d) * h):
        first = (noise.cgf(x, v + e) - noise.cgf(x, v - e)) / (2 * h)
        np.testing.assert_allclose(noise.cgf_grad(x, v)[:, j], first, rtol=0, atol=h**2 / 3 * b**3 + 40 * EPS * scale / h)
        second = (noise.cgf_grad(x, v + e) - noise.cgf_grad(x, v - e)) / (2 * h)
        tol = h**2 * b**4 + 40 * EPS * slope / h
        np.testing.assert_allclose(noise.cgf_hess(x, v)[:, :, j], second, rtol=0, atol=tol)


@every
@pytest.mark.parametrize("default", [False, True])
def test_derivative_in_x_against_differences(noise, d, reach, default):
    if default:  # ∇σ by the library's own differences
        noise = Rotated(Gaussian(varying), ROTATION[d])
    x, v = np.random.default_rng(22).normal(size=(40, d)), duals(d, 1)
    # H is a polynomial of degree 4 in x with derivatives of order 3 below 2 · 3 · 0.2² · 4 |x| |Rᵀv|²
    h = 1e-3
    size = 3 * (v**2).sum(axis=-1) * (1 + np.abs(x).max())
    for j, e in enumerate(np.eye(d) * h):
        difference = (noise.cgf(x + e, v) - noise.cgf(x - e, v)) / (2 * h)
        tol = h**2 / 6 * size + 40 * EPS * (1 + np.abs(noise.cgf(x, v))) / h + (1e-9 * size if default else 0)
        assert np.all(np.abs(noise.cgf_grad_x(x, v)[:, j] - difference) <= tol)


@every
def test_value_and_slope_at_zero_and_convexity(noise, d, reach):
    x, v, w = POINT[d], duals(d, reach), duals(d, reach, seed=23)
    zero = np.zeros(d)
    assert noise.cgf(x, zero) == 0
    np.testing.assert_array_equal(noise.cgf_grad(x, zero), zero)
    np.testing.assert_array_equal(noise.cov(x), noise.cgf_hess(x, zero))
    np.testing.assert_array_equal(noise.support(x, zero), 0)
    np.testing.assert_allclose(noise.cgf(x, v), noise.cgf(x, -v), rtol=4 * EPS)
    scale = 1 + np.abs(noise.cgf(x, v)) + np.abs(noise.cgf(x, w))
    gap = (noise.cgf(x, v) + noise.cgf(x, w)) / 2 - noise.cgf(x, (v + w) / 2)
    assert np.all(gap >= -40 * EPS * scale)
    # between two points the slope rises: ⟨∇H(v) − ∇H(w), v − w⟩ > 0, not for points so close that it rounds to 0
    rise = ((noise.cgf_grad(x, v) - noise.cgf_grad(x, w)) * (v - w)).sum(axis=-1)
    assert np.all(rise >= 0)
    hess = noise.cgf_hess(x, v)
    np.testing.assert_allclose(hess, np.swapaxes(hess, 1, 2), rtol=1e-12, atol=4 * EPS * np.abs(hess).max())
    eigenvalues = np.linalg.eigvalsh(hess)
    # κ″ ≥ 0 up to the rounding of E z² ≤ reach²
    assert np.all(eigenvalues >= -40 * EPS * min(reach, 100) ** 2)


@every
def test_shapes_broadcast(noise, d, reach):
    x, v = np.random.default_rng(24).normal(size=(4, 1, d)), duals(d, reach, 5)
    tails = {"cgf": (), "cgf_grad": (d,), "cgf_hess": (d, d), "cgf_grad_x": (d,), "support": ()}
    for name, tail in tails.items():
        function = getattr(noise, name)
        result = function(x, v)
        assert result.shape == (4, 5, *tail), name
        for i in range(4):
            for j in range(5):
                single = function(x[i, 0], v[j])
                assert np.shape(single) == tail
                np.testing.assert_allclose(result[i, j], single, rtol=100 * EPS, atol=1e-14)
        result[...] = 0  # a result belongs to the caller
        assert function(np.asfortranarray(x), v).shape == (4, 5, *tail)
    assert noise.cov(x).shape == (4, 1, d, d)


@every
def test_rotation_is_the_chain_rule(noise, d, reach):
    matrix = np.random.default_rng(25).normal(size=(d, d))
    rotated, x, v = Rotated(noise, matrix), POINT[d], duals(d, reach)
    w = np.einsum("ij,ni->nj", matrix, v)  # Rᵀv
    bound = 100 * EPS
    reach = min(reach, 24)  # of what rounds, |w| radius + log …
    np.testing.assert_allclose(rotated.cgf(x, v), noise.cgf(x, w), rtol=bound, atol=16 * EPS * reach / 0.5)
    grad = np.einsum("ij,nj->ni", matrix, noise.cgf_grad(x, w))
    np.testing.assert_allclose(rotated.cgf_grad(x, v), grad, rtol=bound, atol=bound * np.abs(grad).max())
    hess = np.einsum("ik,nkl,jl->nij", matrix, noise.cgf_hess(x, w), matrix)
    np.testing.assert_allclose(rotated.cgf_hess(x, v), hess, rtol=bound, atol=bound * np.abs(hess).max())
    np.testing.assert_allclose(rotated.cgf_grad_x(x, v), noise.cgf_grad_x(x, w), rtol=bound)
    np.testing.assert_allclose(rotated.support(x, v), noise.support(x, w), rtol=bound)
    inner = noise.sample(np.tile(x, (9, 1)), np.random.default_rng(26))
    outer = rotated.sample(np.tile(x, (9, 1)), np.random.default_rng(26))
    np.testing.assert_allclose(outer, inner @ matrix.T, rtol=0, atol=8 * EPS * np.abs(inner).max() * np.abs(matrix).max())


@pytest.mark.parametrize("name", [name for name, (_, reach) in SIMPLE.items() if np.isfinite(reach)])
def test_support_is_the_slope_at_infinity(name):
    noise, reach = SIMPLE[name]
    v = np.random.default_rng(27).normal(size=(30, 2))
    np.testing.assert_allclose(noise.support(np.zeros(2), v), reach * np.abs(v).sum(axis=-1), rtol=4 * EPS)
    # E e^{tvZ} of ±reach is above e^s/2, s = t |v| reach; that of the uniform law above (e^s − 1)/2s; a Gaussian's density
    # is above e^{−radius²/2σ²} times the uniform one
    sigma = getattr(noise, "sigma", 1.0) if name.startswith("truncated") else np.inf
    for t in (10 / reach, 100 / reach):
        s = t * np.abs(v) * reach
        gap = noise.support(np.zeros(2), v) * t - noise.cgf(np.zeros(2), t * v)
        assert np.all(gap >= 0)
        assert np.all(gap <= (np.log(2 + 2 * s) + (reach / sigma) ** 2 / 2).sum(axis=-1))
    direction = noise.support(np.zeros(2), np.array([1.0, -1.0])) - draws(noise, np.zeros(2), 1000, 28) @ [1.0, -1.0]
    assert direction.min() >= -8 * EPS * reach


def test_support_of_gaussian_noise():
    assert Gaussian(2.0).support(np.zeros(2), np.array([1e-3, 0.0])) == np.inf
    assert Gaussian(2.0).support(np.zeros(2), np.zeros(2)) == 0
    assert Gaussian(lambda x: np.zeros(x.shape[:-1])).support(np.zeros(2), np.ones(2)) == 0


@pytest.mark.parametrize(
    "family", [Gaussian, Rademacher, Uniform, lambda s: TruncatedGaussian(s, 2 * s), lambda s: TruncatedGaussian(3 * s, s)]
)
@pytest.mark.parametrize("factor", [1e-3, 0.5, 3.0, 1e4])
def test_scaling(family, factor):
    """H_{cZ}(v) = H_Z(cv), and the draws scale."""
    x, v = np.zeros(2), duals(2, 1) / 3
    small, large = family(1.0), family(factor)
    # both sides round; the truncated Gaussian's κ″ loses (|v| radius)² < 1e4
    for name, power, tol in (("cgf", 0, 1e-12), ("cgf_grad", 1, 1e-12), ("cgf_hess", 2, 4e4 * EPS)):
        expected = factor**power * getattr(small, name)(x, v)
        np.testing.assert_allclose(getattr(large, name)(x, v / factor), expected, rtol=tol)
    np.testing.assert_allclose(draws(large, x, 9, 1), factor * draws(small, x, 9, 1), rtol=8 * EPS)


@pytest.mark.parametrize("radius", [3.0, 4.0, 6.0, 8.0, 12.0, 30.0])
def test_wide_truncation_is_gaussian(radius):
    x, v = np.zeros(1), np.linspace(-1.5, 1.5, 31)[:, None]
    truncated, gaussian = TruncatedGaussian(1.0, radius), Gaussian(1.0)
    # κ − v²/2 = log of a ratio of two probabilities, each within 2 P(Z > radius − |v|) of 1
    lost = 2 * norm.sf(radius - 1.5)
    rounding = 8 * EPS * (1 + 1.5 * radius)
    difference = truncated.cgf(x, v) - gaussian.cgf(x, v)
    assert np.all(np.abs(difference) <= -2 * np.log1p(-lost) + rounding)
    assert np.all(difference <= rounding)  # truncation takes from the tails
    # d/dv of that logarithm: densities at the two ends over the probability
    slope = 2 * norm.pdf(radius - 1.5) / (1 - lost)
    assert np.all(np.abs(truncated.cgf_grad(x, v) - v) <= slope + rounding)
    assert abs(truncated.cov(x)[0, 0] - 1 + 2 * radius * norm.pdf(radius) / (1 - 2 * norm.sf(radius))) <= rounding


@pytest.mark.parametrize("sigma", [1.0, 3.0, 10.0, 1e3, 1e9])
def test_narrow_truncation_is_uniform(sigma):
    x, v = np.zeros(1), np.linspace(-20, 20, 41)[:, None]
    truncated, flat = TruncatedGaussian(sigma, 1.0), Uniform(1.0)
    # the densities' ratio is between e^{∓1/2σ²}; the tilted laws' too, up to twice that
    band = 1 / (2 * sigma**2)
    difference = truncated.cgf(x, v) - flat.cgf(x, v)
    assert np.all(np.abs(difference) <= band + 200 * EPS * 20)
    assert np.all(difference <= 200 * EPS * 20)  # a law closer to 0
    grads = np.abs(truncated.cgf_grad(x, v) - flat.cgf_grad(x, v))
    assert np.all(grads <= np.expm1(2 * band) + 200 * EPS)
    if sigma >= 3:  # E Z² = (1 − 2/(15 σ²) + O(σ⁻⁴)) / 3 with the next term below 1/(100 σ⁴)
        assert abs(3 * truncated.cov(x)[0, 0] - 1 + 2 / (15 * sigma**2)) <= 0.01 / sigma**4 + 96 * EPS  # 96 rounded weights


# --- arguments

BAD = [0, 0.0, -1.0, np.nan, np.inf, -np.inf, np.array([1.0, 2.0]), [1.0]]


@pytest.mark.parametrize("value", BAD, ids=repr)
@pytest.mark.parametrize(
    ("argument", "make"),
    [
        ("sigma", Gaussian),
        ("sigma", Rademacher),
        ("half_width", Uniform),
        ("sigma", lambda value: TruncatedGaussian(value, 1.0)),
        ("radius", lambda value: TruncatedGaussian(1.0, value)),
    ],
)
def test_bad_number_is_named(argument, make, value):
    with pytest.raises(ValueError, match=rf"^{argument} = "):
        make(value)


@pytest.mark.parametrize(
    "matrix", [0.0, [1.0, 2.0], np.ones((2, 3)), np.ones((2, 2)), np.zeros((3, 3)), [[np.nan]], [[np.inf]], np.ones((1, 2, 2))]
)
def test_bad_matrix_is_named(matrix):
    with pytest.raises(ValueError, match=r"^matrix = "):
        Rotated(Rademacher(1.0), matrix)


def test_dimension_of_the_matrix_is_compared_with_that_of_the_points():
    with pytest.raises(ValueError, match=r"^matrix has 2 rows"):
        Rotated(Rademacher(1.0), np.eye(2)).sample(np.zeros((4, 3)), np.random.default_rng(0))


@pytest.mark.parametrize("sigma", [lambda x: x, lambda x: 1.0, lambda x: -np.ones(x.shape[:-1])])
def test_bad_sigma_of_x_is_named(sigma):
    for call in (lambda noise, x: noise.cgf(x, x), lambda noise, x: noise.sample(x, np.random.default_rng(0))):
        with pytest.raises(ValueError, match=r"^sigma\(x\)"):
            call(Gaussian(sigma), np.ones((3, 2)))
