"""Transition costs, energies, trees and stationary laws."""

import os
from functools import cache
from itertools import pairwise, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longrun.action import MinimumAction
from longrun.critical import CriticalPoint, critical_points
from longrun.edges import Edges
from longrun.energy import (
    _judged,
    best_tree,
    energies,
    induced_chain,
    log_stationary,
    stationary,
    transition_costs,
    transitions,
)
from longrun.errors import NotConverged
from longrun.landscapes import (
    Landscape,
    double_well,
    himmelblau,
    muller_brown,
    six_hump_camel,
    three_hump_camel,
    tilted_himmelblau,
)
from longrun.noise import Gaussian, Rademacher, Rotated, TruncatedGaussian, Uniform
from longrun.survey import joined, polygon_cost, survey

LANDSCAPES = [himmelblau(), tilted_himmelblau(10.0), three_hump_camel(), six_hump_camel(), muller_brown(), double_well(0.1)]


@cache
def solved(landscape, sigma=1.0):
    points = critical_points(landscape)
    return points, transitions(landscape, Gaussian(sigma), points)


def trees_to(root, n):
    """Every map j → parent without cycles: the spanning trees pointing to root."""
    others = [j for j in range(n) if j != root]
    for choice in product(range(n), repeat=n - 1):
        parent = dict(zip(others, choice, strict=True))
        if any(j == k for j, k in parent.items()):
            continue
        for j in others:
            node, steps = j, 0
            while node != root and steps <= n:
                node, steps = parent[node], steps + 1
            if node != root:
                break
        else:
            yield parent


def brute_force(costs):
    n = len(costs)
    energy = np.array([min(sum(costs[j, k] for j, k in tree.items()) for tree in trees_to(i, n)) for i in range(n)])
    return energy - energy.min()


@pytest.mark.parametrize("landscape", LANDSCAPES, ids=lambda c: c.name)
def test_gaussian_energies_are_twice_f(landscape):
    points, found = solved(landscape)
    f = np.array([p.value for p in points])
    np.testing.assert_allclose(energies(found.costs), 2 * (f - f.min()), rtol=1e-8, atol=1e-8 * np.ptp(f))


@pytest.mark.parametrize("landscape", LANDSCAPES, ids=lambda c: c.name)
def test_gaussian_costs_of_every_edge_and_every_pair(landscape):
    points, found = solved(landscape)
    f = np.array([p.value for p in points])
    for (i, j), way in found.edges.items():
        if points[i].index == 0 or ((j, i) in found.edges and found.edges[j, i].cost == 0):
            assert way.cost == pytest.approx(2 * max(f[j] - f[i], 0), rel=1e-8, abs=1e-12)
    b = found.costs
    np.testing.assert_allclose(b - b.T, 2 * (f - f[:, None]), rtol=1e-8, atol=1e-8 * np.ptp(f))
    assert np.all(b >= 0)
    assert np.all(np.diag(b) == 0)
    through = (b[:, :, None] + b[None, :, :]).min(axis=1)
    assert np.all(b <= through + 1e-9 * np.ptp(f))


def test_costs_scale_with_the_variance():
    landscape = tilted_himmelblau(10.0)
    _, one = solved(landscape)
    half = transition_costs(landscape, Gaussian(2.0), critical_points(landscape))
    np.testing.assert_allclose(4 * half, one.costs, rtol=1e-8, atol=1e-7)


def test_order_of_the_points_does_not_matter():
    landscape = tilted_himmelblau(10.0)
    points, found = solved(landscape)
    order = np.random.default_rng(0).permutation(len(points))
    shuffled = transitions(landscape, Gaussian(1.0), [points[k] for k in order])
    np.testing.assert_allclose(shuffled.costs, found.costs[np.ix_(order, order)], rtol=1e-8, atol=1e-7)
    np.testing.assert_allclose(energies(shuffled.costs), energies(found.costs)[order], rtol=1e-8, atol=1e-7)


def test_routes_and_paths():
    points, found = solved(himmelblau())
    for i, j in product(range(len(points)), repeat=2):
        route, path = found.route(i, j), found.path(i, j)
        assert route[0] == i
        assert route[-1] == j
        cost = sum(found.edges[a, b].cost for a, b in pairwise(route))
        assert cost == pytest.approx(found.costs[i, j], rel=1e-12)
        if i != j:
            np.testing.assert_allclose(path[[0, -1]], [points[i].x, points[j].x], atol=1e-9)
            assert np.linalg.norm(np.diff(path, axis=0), axis=-1).max() < 1.0


def wells(tilts, rotation):
    """Double wells, one for each rotated coordinate: costs and energies are sums of one-dimensional ones."""
    lines = [double_well(tilt) for tilt in tilts]

    def along(x, name):
        y = x @ rotation
        return np.stack([getattr(line, name)(y[..., [k]]).reshape(y.shape[:-1]) for k, line in enumerate(lines)], axis=-1)

    landscape = Landscape(
        "wells",
        lambda x: along(x, "value").sum(axis=-1),
        lambda x: along(x, "grad") @ rotation.T,
        lambda x: rotation @ (along(x, "hess")[..., None] * np.eye(len(tilts))) @ rotation.T,
        box=([-2.2] * len(tilts), [2.2] * len(tilts)),
    )
    return landscape, lines


@pytest.mark.parametrize("noise", [Rademacher(0.7), Uniform(1.2), Gaussian(0.5)], ids=repr)
def test_rotated_wells(noise):
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    landscape, lines = wells([0.1, -0.05], turn)
    points = critical_points(landscape)
    assert len(points) == 9
    found = transitions(landscape, Rotated(noise, turn), points)
    energy, costs = np.zeros(9), np.zeros((9, 9))
    for k, line in enumerate(lines):
        ends = critical_points(line)
        single = transition_costs(line, noise, ends)
        which = [np.abs(np.array([e.x[0] for e in ends]) - (p.x @ turn)[k]).argmin() for p in points]
        energy += energies(single)[which]
        costs += single[np.ix_(which, which)]
    np.testing.assert_allclose(energies(found.costs), energy, rtol=1e-8, atol=1e-9)
    bottoms = [i for i, p in enumerate(points) if p.index == 0]
    np.testing.assert_allclose(found.costs[bottoms], costs[bottoms], rtol=1e-8, atol=1e-9)
    assert found.costs.min() >= 0


def test_three_dimensions():
    landscape, _ = wells([0.1, 0.0, -0.05], np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0])
    points = critical_points(landscape)
    assert len(points) == 27
    found = transitions(landscape, Gaussian(0.6), points, direct=False)
    f = np.array([p.value for p in points])
    np.testing.assert_allclose(energies(found.costs), 2 * (f - f.min()) / 0.36, rtol=1e-8, atol=1e-9)


def test_vector_field():
    """Maier & Stein's drift, β = 10: two equal attractors, the saddle at the cost of the curved path."""

    def field(x):
        u, v = x[..., 0], x[..., 1]
        return -np.stack([u - u**3 - 10 * u * v * v, -(1 + u * u) * v], axis=-1)

    landscape = Landscape("Maier–Stein", None, field, box=([-2, -1], [2, 1]))
    points = critical_points(landscape)
    assert [p.index for p in points] == [0, 0, 1]
    found = transitions(landscape, Gaussian(1.0), points)
    np.testing.assert_allclose(energies(found.costs), [0, 0, 0.34004140333015], rtol=1e-8, atol=1e-10)


def test_bounded_noise_cannot_leave_everywhere():
    """Double well, tilt 0.1: max |f′| is 0.485 leaving the right well, 0.285 leaving the left one."""
    landscape = double_well(0.1)
    points = critical_points(landscape)
    left, right, top = sorted(range(3), key=lambda k: (points[k].index, points[k].x[0]))
    found = transitions(landscape, Rademacher(0.4), points)
    assert np.isfinite(found.costs[left, right])
    assert found.costs[right, left] == np.inf
    assert "cannot climb" in found.reason(right, left)
    assert found.reason(left, right) == ""
    assert found.path(right, left).shape == (0, 1)
    energy = energies(found.costs)
    assert energy[right] == 0
    assert np.isinf(energy[[left, top]]).all()


def test_no_cost_is_above_the_grid():
    """±60 on Himmelblau + 3u: from the right the cheapest way to the left passes by the maximum, not over it and no saddle."""
    landscape, noise = tilted_himmelblau(3.0), Rademacher(60.0)
    points = critical_points(landscape)
    found = transitions(landscape, noise, points, tol=1e-6)
    assert found.unresolved == []
    assert_between(found, landscape, noise)
    assert 1800 * found.costs[2, 0] == pytest.approx(222.4654664, rel=1e-6)
    np.testing.assert_allclose(found.energies(), energies(found.costs))


DIAGONAL = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)


@pytest.mark.slow
@pytest.mark.skipif("LONGRUN_SLOW" not in os.environ, reason="two minutes: set LONGRUN_SLOW to run it")
@pytest.mark.parametrize("tilt", [0.0, 3.0])
@pytest.mark.parametrize(
    "noise",
    [Rademacher(45.0), Rademacher(90.0), Uniform(90.0), Rotated(Rademacher(60.0), DIAGONAL), TruncatedGaussian(60.0, 100.0)],
    ids=repr,
)
def test_other_noises_against_the_grid(tilt, noise):
    landscape = tilted_himmelblau(tilt)
    found = transitions(landscape, noise, critical_points(landscape), tol=1e-6)
    assert_between(found, landscape, noise)


def assert_between(found, landscape, noise):
    """Not above what the cheapest ways over a finer graph cost, integrated properly; nor below the graph by more than its error."""
    rough = survey(landscape, noise, found.points, side=81)
    for (i, j), way in rough.ways.items():
        assert found.costs[i, j] <= polygon_cost(landscape, noise, joined(way)) * (1 + 1e-6)
    assert np.all(found.costs >= rough.lower * (1 - 1e-6))


def test_doubt_is_told():
    """An edge known to cost between 1 and 3: every pair that may use it is listed, and energies that depend on it are refused."""
    x = np.arange(3.0)[:, None]
    ways = {pair: MinimumAction(cost, x, x, 0.0) for pair, cost in {(0, 1): 3.0, (1, 0): 1.0, (1, 2): 1.0, (2, 1): 0.5}.items()}
    edges = Edges(double_well(), Gaussian(1.0), x, 1e-9, ways, {(0, 1): 1.0})
    found = _judged(edges)
    assert found.unresolved == [(0, 1), (0, 2)]
    assert found.lower[0, 2] == 2
    with pytest.raises(NotConverged, match="unresolved pairs"):
        found.energies()
    edges.doubt = {(0, 2): 4.5}  # dearer than by way of 1: no harm
    assert _judged(edges).unresolved == []
    np.testing.assert_allclose(_judged(edges).energies(), energies(found.costs))


def test_points_are_checked():
    landscape = double_well(0.0)
    points = critical_points(landscape)
    with pytest.raises(ValueError, match="at least one minimum"):
        transition_costs(landscape, Gaussian(1.0), points[2:])
    flat = CriticalPoint(points[0].x, 0.0, 0, np.zeros(1), degenerate=True)
    with pytest.raises(ValueError, match="degenerate"):
        transition_costs(landscape, Gaussian(1.0), [flat])


matrices = st.integers(2, 5).flatmap(
    lambda n: st.lists(st.floats(0, 10, width=32) | st.just(0.0) | st.integers(0, 3), min_size=n * n, max_size=n * n).map(
        lambda entries: np.array(entries, dtype=float).reshape(n, n)
    )
)


@settings(max_examples=60, deadline=None)
@given(matrices)
def test_energies_against_all_trees(costs):
    np.testing.assert_allclose(energies(costs), brute_force(costs), rtol=1e-12, atol=1e-12)


def test_energies_against_all_trees_six_nodes():
    costs = np.random.default_rng(1).exponential(size=(6, 6))
    np.testing.assert_allclose(energies(costs), brute_force(costs), rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(matrices)
def test_trees_point_to_their_root_and_agree_with_networkx(costs):
    """networkx spans outward from a root it chooses: transpose, delete the edges into ours."""
    raw, n = energies(costs, relative=False), len(costs)
    for root in range(n):
        tree = best_tree(costs, root)
        assert tree.out_degree(root) == 0
        assert all(tree.out_degree(j) == 1 and nx.has_path(tree, j, root) for j in range(n) if j != root)
        assert sum(c for _, _, c in tree.edges(data="cost")) == pytest.approx(raw[root])
        outward = nx.DiGraph()
        outward.add_weighted_edges_from((k, j, costs[j, k]) for j in range(n) for k in range(n) if j not in (k, root))
        spanning = nx.minimum_spanning_arborescence(outward)
        assert spanning.size(weight="weight") == pytest.approx(raw[root])


def test_many_points_stay_fast():
    rng = np.random.default_rng(2)
    costs = rng.exponential(size=(60, 60))
    raw = energies(costs, relative=False)
    for root in (0, 17, 59):
        outward = nx.DiGraph()
        outward.add_weighted_edges_from((k, j, costs[j, k]) for j in range(60) for k in range(60) if j not in (k, root))
        assert nx.minimum_spanning_arborescence(outward).size(weight="weight") == pytest.approx(raw[root])


@settings(max_examples=40, deadline=None)
@given(matrices, st.integers(0, 10**6))
def test_tree_theorem(costs, seed):
    """log π_i = log Σ over trees of the product of the rates + const, for rates down to e^{-5000}."""
    n = len(costs)
    rates = -500 * costs - np.random.default_rng(seed).exponential(size=(n, n))
    weight = np.array([np.logaddexp.reduce([sum(rates[j, k] for j, k in t.items()) for t in trees_to(i, n)]) for i in range(n)])
    np.testing.assert_allclose(log_stationary(rates), weight - np.logaddexp.reduce(weight), rtol=1e-12, atol=1e-10)


@settings(max_examples=30, deadline=None)
@given(matrices)
def test_energies_are_the_limit_of_stationary_laws(costs):
    """|−η log π_i − E_i| ≤ η log(number of trees), the number being n^{n−2} for each root, once from each side."""
    n, eta = len(costs), 1e-3
    law = -eta * log_stationary(-costs / eta)
    bound = eta * np.log(float(n) ** (n - 1))
    np.testing.assert_allclose(law, energies(costs), rtol=0, atol=bound + 1e-12)


def test_stationary_keeps_relative_accuracy():
    """Birth and death: π_{k+1}/π_k = up/down to rounding, with rates of 1e-14 and below."""
    up, down = np.array([1e-14, 1e-3, 1e-200]), np.array([0.3, 1e-12, 1e-100])
    chain = np.diag(up, 1) + np.diag(down, -1)
    law = stationary(chain)
    np.testing.assert_allclose(law[1:] / law[:-1], up / down, rtol=1e-13)
    assert law.sum() == pytest.approx(1, rel=1e-14)


def test_stationary_with_transient_states():
    chain = np.array([[0.0, 0.5, 0.5], [0.0, 0.0, 1.0], [0.0, 2.0, 0.0]])
    np.testing.assert_allclose(stationary(chain), [0, 2 / 3, 1 / 3], atol=1e-15)
    with pytest.raises(ValueError, match="not unique"):
        stationary(np.eye(3))


def test_induced_chain():
    costs = np.array([[0.0, 1.0, np.inf], [0.5, 0.0, 2.0], [0.1, 3.0, 0.0]])
    chain = induced_chain(costs, 0.1)
    np.testing.assert_allclose(chain.sum(axis=1), 1)
    assert chain[0, 2] == 0
    assert chain[0, 1] == pytest.approx(np.exp(-10) / 3)
    np.testing.assert_allclose(stationary(chain) @ chain, stationary(chain), rtol=1e-12)
    np.testing.assert_allclose(-0.01 * log_stationary(-costs / 0.01), energies(costs), atol=0.01 * np.log(9))


def test_errors_name_argument_and_value():
    with pytest.raises(ValueError, match="costs of shape"):
        energies(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"costs\[0, 1\] = -1:"):
        energies(np.array([[0, -1.0], [1.0, 0]]))
    with pytest.raises(ValueError, match="root = 5"):
        best_tree(np.ones((2, 2)), 5)
    with pytest.raises(ValueError, match="eta = 0"):
        induced_chain(np.ones((2, 2)), 0)
    with pytest.raises(ValueError, match="no point can be reached"):
        energies(np.full((2, 2), np.inf))
