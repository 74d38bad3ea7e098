"""Escapes counted in levels: against quadrature-exact chains in one and two dimensions, at times that no run would live to see."""

from __future__ import annotations

import numpy as np
import pytest

from longrun import erm
from longrun.collocation import mean_exit_time
from longrun.critical import critical_points
from longrun.errors import NotConverged
from longrun.landscapes import double_well, quadratic
from longrun.noise import Gaussian
from longrun.passage import first_passage
from longrun.splitting import escape_time, over_pass


def first(x):
    return x[:, 0]


def wells(f):
    left, right, top = critical_points(f)
    return (left, right, top) if left.x[0] < right.x[0] else (right, left, top)


def exact_log_time(f, noise, eta, start, end, size=1201):
    """u = 1 + ∫ u(y) p(y | x) dy off the end, for Gaussian noise in one dimension (Nyström on an even grid)."""
    grid, h = np.linspace(start - 1.2, end, size, retstep=True)
    mean, sd = grid - eta * f.grad(grid[:, None])[:, 0], eta * noise.scale(grid[:, None])
    density = np.exp(-(((grid - mean[:, None]) / sd[:, None]) ** 2) / 2) / (sd[:, None] * np.sqrt(2 * np.pi))
    weight = np.full(size, h)
    weight[[0, -1]] /= 2
    return np.log(np.interp(start, grid, np.linalg.solve(np.eye(size) - density * weight, np.ones(size))))


@pytest.mark.parametrize("eta", [0.12, 0.06])
def test_line_against_an_integral_equation(eta):
    f, noise = double_well(0.1), Gaussian(0.5)
    left, right, top = wells(f)
    exact = exact_log_time(f, noise, eta, left.x[0], right.x[0])
    seen = over_pass(f, noise, eta, left.x, top.x, right.x, rng=np.random.default_rng(1), runs=512)
    assert exact > 10 if eta == 0.12 else exact > 18
    assert seen.error < 0.3
    assert abs(seen.log_time - exact) < 4 * seen.error


def test_plane_against_the_exact_chain():
    f, noise = erm.star_cluster(0.7)
    giants, eta = critical_points(f)[1], 0.2
    exact = mean_exit_time(
        f, noise, eta, giants.x, lambda x: x[:, 1] > 0.5, (np.arange(-0.1, 1.2, 0.034), np.arange(-1.1, 0.6, 0.034))
    )

    def slope(x):
        return x[:, 1]

    low = giants.x[1] + 0.1
    seen = escape_time(f, noise, eta, giants.x, slope, (low, 0.5), rng=np.random.default_rng(3), runs=512)
    assert abs(seen.log_time - np.log(exact)) < 4 * seen.error + 0.03


def test_frequent_escapes_against_simulation():
    f, noise, eta = double_well(0.1), Gaussian(0.8), 0.15
    left, right, _ = wells(f)
    times = first_passage(
        f, noise, eta, np.tile(left.x, (1024, 1)), lambda x: x[:, 0] >= right.x[0], 100_000, rng=np.random.default_rng(4)
    )
    seen = escape_time(f, noise, eta, left.x, first, (left.x[0] + 0.1, right.x[0]), rng=np.random.default_rng(5))
    assert abs(seen.log_time - np.log(times.mean())) < 4 * np.hypot(seen.error, 1 / np.sqrt(1024))


def test_levels_start_at_the_first_end_and_finish_at_the_other():
    f, noise = double_well(0.1), Gaussian(0.5)
    left, right, _ = wells(f)
    seen = escape_time(f, noise, 0.1, left.x, first, (left.x[0] + 0.1, right.x[0]), rng=np.random.default_rng(6), runs=64)
    assert seen.levels[0] == left.x[0] + 0.1
    assert seen.levels[-1] == right.x[0]
    assert np.all(np.diff(seen.levels) > 0)


def test_same_seed_same_numbers():
    f, noise = double_well(0.1), Gaussian(0.6)
    left, right, top = wells(f)
    one, two = (over_pass(f, noise, 0.1, left.x, top.x, right.x, rng=np.random.default_rng(7), runs=64) for _ in range(2))
    assert (one.log_time, one.error) == (two.log_time, two.error)


def test_a_second_way_out_is_no_time_inside():
    """From the shallow well up its outer side: without a floor, runs in the deep well are counted as if they still might."""
    f, noise = double_well(0.1), Gaussian(0.7)
    left, right, _ = wells(f)
    shallow, deep = (right, left) if right.value > left.value else (left, right)
    sign = np.sign(shallow.x[0])

    def outwards(x):
        return sign * x[:, 0]

    def measured(floor):
        top = outwards(shallow.x[None])[0]
        ends = top + 0.1, top + 0.5
        rng = np.random.default_rng(8)
        return escape_time(f, noise, 0.15, shallow.x, outwards, ends, rng=rng, steps=4000, chains=256, floor=floor).log_time

    assert measured(outwards(deep.x[None])[0]) < measured(-np.inf) - 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(ends=(0.5, 0.2)), "ends"),
        (dict(ends=(-3.0, 0.2)), "ends"),
        (dict(floor=0.0), "floor"),
        (dict(runs=2), "runs = 2"),
        (dict(replicas=1), "replicas = 1"),
        (dict(chains=0), "chains = 0"),
        (dict(steps=0), "steps = 0"),
        (dict(eta=-1.0), "eta"),
    ],
)
def test_bad_input_is_named(change, message):
    f, noise = double_well(0.1), Gaussian(0.5)
    left, right, _ = wells(f)
    arguments = (
        dict(eta=0.1, start=left.x, coordinate=first, ends=(left.x[0] + 0.1, right.x[0]), rng=np.random.default_rng(0)) | change
    )
    with pytest.raises(ValueError, match=message):
        escape_time(f, noise, **arguments)


def test_the_next_minimum_must_lie_beyond_the_pass():
    f, noise = double_well(0.1), Gaussian(0.5)
    left, right, top = wells(f)
    with pytest.raises(ValueError, match="beyond"):
        over_pass(f, noise, 0.1, left.x, right.x, top.x, rng=np.random.default_rng(0))


def test_what_cannot_be_reached_is_said():
    f, noise = quadratic(np.eye(1)), Gaussian(1e-3)
    with pytest.raises(NotConverged, match="did not come out"):
        escape_time(f, noise, 0.1, [0.0], first, (0.5, 1.0), rng=np.random.default_rng(0))
    with pytest.raises(NotConverged, match="neither came back nor went on"):
        escape_time(f, Gaussian(1.0), 1e-3, [0.0], first, (0.001, 1.0), rng=np.random.default_rng(0), most_steps=32)
