"""Standard normal numbers: the exact map from random words, the law far into the tails, the layout of a call."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from longrun import normals
from longrun.normals import standard_normal

SINGLE = 2.0**-24  # largest relative rounding error of single precision
FALSE_ALARM = 1e-6  # of all random comparisons of this file together
SIGMAS = norm.isf(FALSE_ALARM / 3000)  # two-sided, fewer than 600 comparisons: room for the error of the normal approximation


class Words:
    """A generator of chosen uniform numbers where it fills an array, and of `fresh` ones where it returns one."""

    def __init__(self, u, fresh):
        self.left, self.fresh = np.asarray(u, dtype=float), fresh

    def random(self, size=None, out=None):
        if out is None:
            return self.fresh.random(size)
        out[:], self.left = self.left[: out.size], self.left[out.size :]
        return out


def draw(rng, shape, scale=1.0):
    return standard_normal(rng, np.full(shape, np.nan), scale)


def pairs_from(u, seed=0):
    """The two halves made of the words u, each of their length; radii above 5 take their angles from a stream of that seed."""
    return draw(Words(u, np.random.default_rng(seed)), (2, len(u)))


def tail_words(rng, z, n):
    """n words k/2⁵³, uniform among those whose radius exceeds z."""
    return rng.integers(1, int(2.0**53 * np.exp(-(z**2) / 2)), n, endpoint=True) / 2.0**53


def moment(n):
    """E Zⁿ."""
    return float(np.prod(np.arange(n - 1, 0, -2))) if n % 2 == 0 else 0.0


EDGES = np.array([0, 2.0**-53, 2.0**-52, 2.0**-30, 2.0**-25, 2.0**-24, 1e-3, 0.25, 0.5, 0.5 + 2.0**-53, 0.75])


@pytest.mark.parametrize(
    "u",
    [EDGES, 1 - EDGES[1:], np.random.default_rng(0).random(50_000), tail_words(np.random.default_rng(1), 5.01, 50_000)],
    ids=["edges", "upper edges", "uniform", "tail"],
)
def test_map_from_words(u):
    z = pairs_from(u, seed=8)
    square = -2 * np.log(np.maximum(u, 2.0**-54))
    radius, turn = np.sqrt(square), u * 2.0**29 - np.round(u * 2.0**29)
    far = radius > 5
    assert np.all(np.abs(radius - 5) > 64 * SINGLE)  # on the same side of 5 after rounding
    turn[far] = np.random.default_rng(8).random(far.sum()) - 0.5
    angle = 2 * np.pi * turn
    # u is rounded once (2 ε in r², whatever r), log and √ to a few ulp (8 ε r²); the angle's 2π and product, then sin or
    # cos, make at most (2π + 4) ε, the last product one more
    square_error = SINGLE * (2 + 8 * square)
    radius_error = square_error / np.maximum(radius, np.sqrt(square_error))
    tol = radius_error + radius * SINGLE * (2 * np.pi + 5)
    assert np.all(np.abs(z - radius * np.array([np.cos(angle), np.sin(angle)])) <= tol)
    assert np.all(np.abs(np.hypot(*z) - radius) <= radius_error + 8 * SINGLE * radius)


def test_extreme_words():
    z = pairs_from([0.0, 2.0**-53, 1 - 2.0**-53])
    # the largest radii: 8.65 in place of a logarithm of 0, then 8.57; and the smallest
    assert np.hypot(*z) == pytest.approx(np.sqrt([108 * np.log(2), 106 * np.log(2), 0]), rel=8 * SINGLE)


@pytest.mark.parametrize("z", [*np.arange(1, 6, 0.5), 6.4, 7.2])
def test_each_tail_beyond(z):
    """P(±Z > z) for both halves, drawn among the words whose radius exceeds z: a given fraction has P(Z > z | R > z)."""
    n = 200_000
    halves = pairs_from(tail_words(np.random.default_rng(int(10 * z)), z, n))
    p = norm.sf(z) / np.exp(-(z**2) / 2)
    beyond = np.array([halves > z, halves < -z]).mean(axis=-1)
    np.testing.assert_allclose(beyond, p, rtol=0, atol=SIGMAS * np.sqrt(p * (1 - p) / n))


BINS = 100  # per unit
REACH = 7
POWERS = [(1, 1), (2, 2), (1, 2), (2, 1), (1, 3), (3, 1), (3, 3)]


@pytest.fixture(scope="module")
def draws():
    """3·10⁷ numbers: histogram, sums of powers, sums of products of pairs' halves and of neighbours."""
    rng, size = np.random.default_rng(20240611), 1_000_000
    counts, powers, halves, neighbours = np.zeros(2 * REACH * BINS, dtype=int), np.zeros(8), np.zeros(7), np.zeros(7)
    for _ in range(30):
        z = draw(rng, (size,))
        counts += np.bincount(((z + REACH) * BINS).astype(np.intp), minlength=counts.size)
        z2 = z * z
        z3 = z2 * z
        z4 = z2 * z2
        power = {1: z, 2: z2, 3: z3}
        powers += [z.sum(), z2.sum(), z3.sum(), z4.sum(), z2 @ z3, z3 @ z3, z3 @ z4, z4 @ z4]
        halves += [power[a][: size // 2] @ power[b][size // 2 :] for a, b in POWERS]
        neighbours += [power[a][:-1] @ power[b][1:] for a, b in POWERS]
    n = 30 * size
    return n, counts, powers / n, halves / (n / 2), neighbours / (n - 30)


@pytest.mark.parametrize("z", np.arange(1, 6, 0.5))
def test_tail_counts(draws, z):
    n, counts, *_ = draws
    edge = int(z * BINS)
    for beyond in (counts[REACH * BINS + edge :].sum(), counts[: REACH * BINS - edge].sum()):
        p = norm.sf(z)
        assert binom.sf(beyond - 1, n, p) > FALSE_ALARM / 200
        assert binom.cdf(beyond, n, p) > FALSE_ALARM / 200


def test_kolmogorov_distance(draws):
    n, counts, *_ = draws
    edges = np.arange(1, counts.size + 1) / BINS - REACH
    distance = np.abs(np.cumsum(counts) / n - norm.cdf(edges)).max()
    assert distance < np.sqrt(np.log(200 / FALSE_ALARM) / (2 * n))  # Dvoretzky–Kiefer–Wolfowitz–Massart: P(D > t) ≤ 2e^{−2nt²}


@pytest.mark.parametrize("k", range(1, 9))
def test_moments(draws, k):
    n, _, powers, *_ = draws
    assert abs(powers[k - 1] - moment(k)) < SIGMAS * np.sqrt((moment(2 * k) - moment(k) ** 2) / n)


@pytest.mark.parametrize(("i", "a", "b"), [(i, *ab) for i, ab in enumerate(POWERS)])
def test_halves_and_neighbours_are_independent(draws, i, a, b):
    n, _, _, halves, neighbours = draws
    error = np.sqrt((moment(2 * a) * moment(2 * b) - (moment(a) * moment(b)) ** 2) / n)
    assert abs(halves[i] - moment(a) * moment(b)) < SIGMAS * np.sqrt(2) * error
    # a product shares a number with the one before and the one after: by Cauchy–Schwarz at most 3 × the variance
    assert abs(neighbours[i] - moment(a) * moment(b)) < SIGMAS * np.sqrt(3) * error


@pytest.mark.parametrize("far", [0, 4.9, 6.3, 7.2])
def test_angle_is_uniform_whatever_the_radius(far):
    """Among radii above `far`, where the level e^{(far² − R²)/2} is uniform; from 6.34 on it takes all bits of a word."""
    rng, n = np.random.default_rng(3), 200_000
    x, y = pairs_from(tail_words(rng, far, n) if far else rng.random(n), seed=4)
    angle, level = np.arctan2(y, x), np.exp((far**2 - x * x - y * y) / 2)
    waves = np.concatenate([[np.cos(k * angle), np.sin(k * angle)] for k in (1, 2, 3, 4, 8)])
    weights = np.stack([np.ones(n), *(f(np.pi * k * level) for k in (1, 2, 3, 4) for f in (np.sin, np.cos))])
    # a wave of variance ½ and mean 0, independent of the weight
    error = np.sqrt(0.5 * (weights**2).mean(axis=1) / n)
    assert np.all(np.abs(waves @ weights.T / n) < SIGMAS * error)


@pytest.mark.parametrize("words", [[0.5, 0.1], [0.5, 1e-5, 0.1, 1e-8, 1e-7]])
def test_one_more_word_for_each_radius_above_five(words):
    fresh, other = np.random.default_rng(10), np.random.default_rng(10)
    draw(Words(words, fresh), (2, len(words)))
    other.random(sum(u < np.exp(-12.5) for u in words))
    assert fresh.random() == other.random()


@pytest.mark.parametrize("pass_size", [1, 7, 1000, 4099])
@pytest.mark.parametrize("shape", [(20_001,), (7, 2, 900), (2, 10_000)])
def test_result_does_not_depend_on_the_passes(monkeypatch, pass_size, shape):
    expected = draw(np.random.default_rng(6), shape)
    assert np.abs(expected).max() < 5  # a radius above 5 takes one more word before the next pass
    monkeypatch.setattr(normals, "_PASS", pass_size)
    np.testing.assert_array_equal(draw(np.random.default_rng(6), shape), expected)


@pytest.mark.parametrize("shape", [(0,), (1,), (2,), (3,), (32_771,), (1, 4), (4, 3), (5, 3), (5, 2, 10_000), (0, 4), (4, 0)])
@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_one_word_per_pair_and_halves_along_the_first_axis(shape, layout):
    rng, other = np.random.default_rng(6), np.random.default_rng(6)
    frame = np.full((*shape, 2), np.nan)
    out = frame[..., 0] if layout == "strided" else np.full(shape, np.nan, order=layout)
    assert standard_normal(rng, out) is out
    half, row = (shape[0] + 1) // 2, int(np.prod(shape[1:]))
    expected = pairs_from(other.random(half * row)).reshape(2 * half, *shape[1:])[: shape[0]]
    np.testing.assert_array_equal(out, expected)
    assert np.isnan(frame[..., 1]).all()  # what lies between is not touched
    assert rng.random() == other.random()  # both streams stand at the same word: no radius above 5 here


@pytest.mark.parametrize("scale", [0.3, 2.0, 1e-200, 1e200])
def test_scale_is_one_rounded_product(scale):
    z = draw(np.random.default_rng(7), (1001,))
    np.testing.assert_array_equal(draw(np.random.default_rng(7), (1001,), scale), scale * z)
