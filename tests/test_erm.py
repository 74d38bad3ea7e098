"""Empirical risks: derivatives, the noise against brute force, the fast step against the plain one, facts about the data."""

import doctest
import pickle
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from longrun import datasets, erm, losses, sgd, terms
from longrun.action import minimum_action
from longrun.critical import critical_points
from longrun.energy import transitions
from longrun.gates import minima_and_gates
from longrun.geodesic import _differences
from longrun.landscapes import Landscape, double_well, himmelblau, jacobian, quadratic
from longrun.linear import largest_stable_step
from longrun.noise import FiniteSum, Rotated

LOSSES = {"geman_mcclure": losses.geman_mcclure(0.4), "sigmoid": losses.sigmoid(), "savage": losses.savage()}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def seeded(seed=0):
    return np.random.default_rng(seed)


def problem(loss=LOSSES["geman_mcclure"], m=23, d=3, batch=1, replace=True, weight_decay=0.05, seed=1):
    rng = seeded(seed)
    targets = np.sign(rng.normal(size=m)) if loss.name != LOSSES["geman_mcclure"].name else rng.normal(size=m)
    return erm.empirical_risk(loss, rng.normal(size=(m, d)), targets, weight_decay=weight_decay, batch=batch, replace=replace)


@every_loss
def test_losses_have_these_derivatives_and_are_bounded(loss):
    u, h = np.linspace(-9, 9, 181), 1e-5
    for y in (-1.0, 1.0):
        slope = (loss.value(u + h, y) - loss.value(u - h, y)) / (2 * h)
        curvature = (loss.slope(u + h, y) - loss.slope(u - h, y)) / (2 * h)
        np.testing.assert_allclose(loss.slope(u, y), slope, atol=1e-9)  # h² and ε/h
        np.testing.assert_allclose(loss.curvature(u, y), curvature, atol=1e-9 * 20)
    with np.errstate(all="raise", under="ignore"):
        far = loss.value(np.array([-800.0, 800.0]), np.array([1.0, 1.0]))
    assert np.all((far >= 0) & (far <= 1))


@every_loss
def test_risk_is_the_mean_of_its_terms(loss):
    f, noise = problem(loss)
    x = seeded(2).normal(size=(4, 5, 3))
    np.testing.assert_allclose(f.grad(x), noise.gradients(x).mean(axis=-2), atol=1e-15)
    np.testing.assert_allclose(f.hess(x), noise.risk.jacobians(x).mean(axis=-3), atol=1e-15)
    slope = jacobian(lambda y: f.value(y)[..., None], x)[..., 0, :]
    np.testing.assert_allclose(f.grad(x), slope, atol=1e-9)
    np.testing.assert_allclose(f.hess(x), jacobian(f.grad, x), atol=1e-8)
    np.testing.assert_allclose(f.value(x)[1, 2], f.value(x[1, 2]), rtol=1e-14)


@pytest.mark.parametrize(("batch", "replace"), [(1, True), (3, True), (2, False)])
@pytest.mark.parametrize("size", [1e-9, 0.3, 3.0, 300.0])
def test_noise_is_the_finite_sum(batch, replace, size):
    """Products of matrices against sums over samples, for weak and strong tilts."""
    _, noise = problem(batch=batch, replace=replace)
    plain = FiniteSum(noise.gradients, batch, replace=replace, jacobians=noise.risk.jacobians)
    x, v = seeded(3).normal(size=(2, 6, 3))
    v = size * v
    assert noise.samples(x) == 23
    for name in ("cgf", "cgf_grad", "cgf_hess", "cgf_grad_x", "support"):
        mine, theirs = getattr(noise, name)(x, v), getattr(plain, name)(x, v)
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12 * np.abs(theirs).max() + 1e-30)
    for mine, name in zip(noise.cgf_jet(x, v), ("cgf", "cgf_grad", "cgf_hess"), strict=True):
        np.testing.assert_array_equal(mine, getattr(noise, name)(x, v))
    np.testing.assert_allclose(noise.cgf(x, v[0])[2], noise.cgf(x[2], v[0]), rtol=1e-12, atol=1e-30)


@pytest.mark.parametrize("batch", [1, 3])
def test_curvatures_are_those_of_differences(batch):
    f, noise = problem(batch=batch)
    x, p = seeded(13).normal(size=(2, 6, 3))
    for mine, theirs in zip(noise.curvatures(f, x, p), _differences(f, noise, x, p), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-7)  # h² and ε/h, h = 1e-5
    assert noise.curvatures(quadratic(np.eye(3)), x, p) is None


@pytest.mark.parametrize(("batch", "replace"), [(1, True), (4, True), (4, False)])
def test_a_step_is_the_sampled_gradient(batch, replace):
    """Fast and plain paths agree to rounding: the errors of 300 contracting steps, not of one, are bounded here."""
    f, noise = problem(batch=batch, replace=replace)
    plain = FiniteSum(noise.gradients, batch, replace=replace)
    x0 = seeded(4).normal(size=(70, 3))
    runs = [sgd.run(f, kind, 0.3, x0, 300, rng=seeded(5), keep=20) for kind in (noise, plain)]
    np.testing.assert_allclose(*runs, atol=1e-12)
    omega = noise.empty(1, 70, 3)
    noise.draw(seeded(6), omega)
    x = np.asfortranarray(x0)
    picks = np.take_along_axis(noise.gradients(x), omega[0].T[..., None], axis=1).mean(axis=1)
    np.testing.assert_allclose(noise.at(x, omega[0].T) + f.grad(x), picks, atol=1e-14)
    np.testing.assert_allclose(noise.stepper(f, x, np.empty_like(x))(omega[0].T), picks, atol=1e-14)


def test_on_another_landscape_the_full_gradient_stays():
    _, noise = problem()
    other, plain = quadratic(np.eye(3)), FiniteSum(noise.gradients, 1)
    runs = [sgd.run(other, kind, 0.1, np.ones((9, 3)), 50, rng=seeded(7)) for kind in (noise, plain)]
    np.testing.assert_allclose(*runs, atol=1e-13)


def test_processes_and_pickles():
    f, noise = problem()
    g, other = pickle.loads(pickle.dumps((f, noise)))
    assert g.grad == other.risk.grad  # still one risk: the fast path survives the journey
    x0 = np.zeros((3000, 3))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        spread = sgd.run(f, noise, 0.3, x0, 20, rng=seeded(8), executor=pool)
    np.testing.assert_array_equal(spread, sgd.run(f, noise, 0.3, x0, 20, rng=seeded(8)))


def line(batch=1, sign=1.0):
    """One parameter, skewed residuals: the noise and its root s(x) of log E exp(−s Z) = s f′."""
    rng = seeded(9)
    features, targets = rng.normal(size=(15, 1)), rng.exponential(size=15)
    f, noise = erm.empirical_risk(losses.geman_mcclure(1.0), features, targets, weight_decay=0.1, batch=batch)
    kind = noise if sign > 0 else Rotated(noise, [[-1.0]])

    def s(u):
        z = sign * (noise.gradients(np.array([u])) - f.grad(np.array([u])))[:, 0] / batch
        slope = float(f.grad(np.array([u]))[0])

        def excess(s):
            return batch * np.log(np.exp(-s * z).mean()) / s - slope

        first = 2 * slope / (z.var() * batch)
        return brentq(excess, first / 50, 50 * first, xtol=1e-15, rtol=1e-14)

    return f, kind, s


@pytest.mark.parametrize(("batch", "sign"), [(1, 1.0), (3, 1.0), (1, -1.0)])
def test_cost_on_a_line(batch, sign):
    """∫ s dx from a minimum; the printed sign of Z gives another number."""
    f, noise, s = line(batch, sign)
    low = critical_points(f)[0].x
    high = low + 0.4
    exact = quad(s, low[0] + 1e-6, high[0], epsabs=1e-12, epsrel=1e-11)[0]
    assert minimum_action(f, noise, low, high).cost == pytest.approx(exact, rel=1e-7)  # (1e-6/0.4)² of it is left out
    wrong = minimum_action(f, line(batch, -sign)[1], low, high).cost
    assert abs(wrong / exact - 1) > 0.02


@pytest.mark.parametrize("batch", [2, 7])
def test_batches_divide_the_temperature(batch):
    (f, one), (_, many) = problem(d=2), problem(d=2, batch=batch)
    a = critical_points(f)[0].x
    b = a + np.array([0.3, -0.2])
    assert minimum_action(f, many, a, b).cost == pytest.approx(batch * minimum_action(f, one, a, b).cost, rel=1e-7)


@every_loss
@pytest.mark.parametrize("weight_decay", [1e-3, 0.1, 10.0])
def test_no_critical_point_outside_the_box(loss, weight_decay):
    """⟨∇f, θ⟩ > 0 from the sphere in the box outwards."""
    f, noise = problem(loss, weight_decay=weight_decay)
    direction = seeded(10).normal(size=(3000, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    for reach in (1.0, 1.2, 3.0, 100.0):
        x = reach * noise.risk.radius * direction
        assert np.all((f.grad(x) * x).sum(axis=1) > 0)
    np.testing.assert_array_equal(f.box[1], noise.risk.radius)


# --- the data


def test_star_cluster_data():
    stars = datasets.load("star_cluster")
    assert list(stars) == ["star", "log_temperature", "log_light"]
    assert [len(column) for column in stars.values()] == [47] * 3
    giants = stars["star"][stars["log_temperature"] < 3.6]
    np.testing.assert_array_equal(giants, [11, 20, 30, 34])


def test_election_study_data():
    table = datasets.load("election_study")
    assert len(table) == 10
    assert all(column.shape == (944,) for column in table.values())
    assert set(table["own_position"]) == set(range(1, 8))
    assert set(table["vote"]) == {0, 1}
    assert datasets.names() == ["election_study", "star_cluster"]


def test_two_lines_through_the_stars():
    f, _ = erm.star_cluster(0.7)
    points = critical_points(f)
    wells = [p.x for p in points if p.index == 0]
    assert [p.index for p in points] == [0, 0, 1]
    np.testing.assert_allclose([x[1] for x in wells], [1.52, -0.35], atol=0.005)


def test_global_minimum_of_a_small_scale():
    f, _ = erm.star_cluster(0.31)
    wells = [p for p in critical_points(f) if p.index == 0]
    np.testing.assert_allclose(wells[0].x, [0.075, 0.430], atol=5e-4)
    np.testing.assert_allclose(wells[1].x, [-0.282, 1.353], atol=1e-3)


def test_minima_of_the_election_study():
    f, noise = erm.election_study()
    points = minima_and_gates(f, starts=32)
    assert [p.index for p in points] == [0, 0, 0, 1, 1]
    wells = np.array([p.x for p in points[:3]])
    x = seeded(11).normal(size=(400, 9)) * seeded(12).uniform(0, 1.5, size=(400, 1))
    for _ in range(6000):  # descents end at these minima and nowhere else
        slope = f.grad(x)
        if np.abs(slope).max() < 1e-9:  # the least curvature is 0.01
            break
        x -= 2.5 * slope
    distance = np.linalg.norm(x[:, None] - wells, axis=-1)
    assert np.all(distance.min(axis=1) < 1e-6)
    assert set(distance.argmin(axis=1)) == {0, 1, 2}
    assert largest_stable_step(f) == pytest.approx(2 / max(np.linalg.eigvalsh(f.hess(wells)).ravel()), rel=1e-9)


# --- the search for minima and saddles


@pytest.mark.parametrize("landscape", [himmelblau(), double_well(0.1), problem(m=12, weight_decay=0.01)[0]], ids=lambda f: f.name)
def test_minima_and_gates_are_the_critical_points_of_low_index(landscape):
    expected = [p for p in critical_points(landscape) if p.index < 2]
    found = minima_and_gates(landscape)
    assert [p.index for p in found] == [p.index for p in expected]
    np.testing.assert_allclose([p.x for p in found], [p.x for p in expected], atol=1e-7)


def test_costs_over_gates_alone():
    """In a plane the fast route gives what the search of the whole plane gives."""
    f, noise = problem(d=2, m=12, weight_decay=0.02, seed=5)
    points = critical_points(f)
    wells = [i for i, p in enumerate(points) if p.index == 0]
    assert len(wells) > 1
    fast = transitions(f, noise, points, tol=1e-6, direct=False, whole=False).costs
    whole = transitions(f, noise, points, tol=1e-6).costs
    np.testing.assert_allclose(fast[np.ix_(wells, wells)], whole[np.ix_(wells, wells)], rtol=1e-5)


def test_the_best_climb_may_be_far_from_the_flow():
    """At scale 0.29 the flow line from the gate, reversed, leads to a local minimum of the action, 1.1933 in place of 0.6414."""
    f, noise = erm.star_cluster(0.29)
    points = critical_points(f)
    well, gate = (min((p for p in points if p.index == k), key=lambda p: np.hypot(*(p.x - x)))
                  for k, x in ((0, [0.037, 0.966]), (1, [0.155, 0.735])))  # fmt: skip
    line = next(p.x for p in points if p.index == 0)
    known = [p for p in points if p.index == 0 and np.hypot(*(p.x - line)) < 1e-9]
    found = transitions(f, noise, [well, *known, gate], tol=1e-3, whole=False)
    assert found.edges[0, 2].cost == pytest.approx(0.6414, rel=1e-3)


# --- refusals


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(features=np.ones(3)), r"features of shape \(3,\)"),
        (dict(features=np.full((3, 1), np.nan)), "features"),
        (dict(targets=np.ones(4)), r"targets of shape \(4,\)"),
        (dict(targets=[1, np.inf, 0]), "targets"),
        (dict(weight_decay=0), "weight_decay = 0"),
        (dict(weight_decay=-1.0), "weight_decay = -1"),
        (dict(batch=0), "batch = 0"),
        (dict(batch=1.5), r"batch = 1\.5"),
        (dict(batch=4, replace=False), "batch = 4"),
    ],
)
def test_bad_risks(change, message):
    options = dict(features=np.ones((3, 1)), targets=np.arange(3.0), weight_decay=0.1) | change
    with pytest.raises(ValueError, match=message):
        erm.empirical_risk(losses.sigmoid(), **options)


def cauchy(**change):
    """A loss of one's own: ½ log(1 + r²)."""
    functions = dict(
        value=lambda u, y: np.log1p((u - y) ** 2) / 2,
        slope=lambda u, y: (u - y) / (1 + (u - y) ** 2),
        curvature=lambda u, y: (1 - (u - y) ** 2) / (1 + (u - y) ** 2) ** 2,
    )
    return losses.Loss("Cauchy", **(functions | change))


@pytest.mark.parametrize("module", [erm, terms], ids=lambda m: m.__name__)
def test_examples(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 5
    assert outcome.failed == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(slope=lambda u, y: (y - u) / (1 + (u - y) ** 2)), r"slope of loss 'Cauchy': .* differences of the function give"),
        (dict(slope=lambda u, y: 2 * (u - y) / (1 + (u - y) ** 2)), "slope of loss"),
        (dict(curvature=lambda u, y: 1 / (1 + (u - y) ** 2)), "curvature of loss 'Cauchy'"),
        (dict(value=lambda u, y: np.log1p((u - y) ** 2).mean(axis=-1)), "shapes"),
        (dict(value=lambda u, y: np.full(np.broadcast_shapes(u.shape, y.shape), np.nan)), "not finite"),
    ],
)
def test_a_loss_whose_derivatives_do_not_agree(change, message):
    data = dict(features=np.ones((3, 1)), targets=np.arange(3.0), weight_decay=0.1)
    erm.empirical_risk(cauchy(), **data)
    with pytest.raises(ValueError, match=message):
        erm.empirical_risk(cauchy(**change), **data)


def test_a_loss_that_falls_for_ever_needs_a_box():
    ones = dict(curvature=lambda u, y: 0 * u * y, slope=lambda u, y: 0 * u * y - 1, value=lambda u, y: 0 * y - u)
    data = dict(features=np.ones((3, 1)), targets=np.arange(3.0), weight_decay=0.1)
    with pytest.raises(ValueError, match="box"):
        erm.empirical_risk(cauchy(**ones), **data)
    landscape, _ = erm.empirical_risk(cauchy(**ones), **data, box=([-20], [20]))
    np.testing.assert_allclose(critical_points(landscape)[0].x, [10])  # λx = 1


@pytest.mark.parametrize(("batch", "replace"), [(2, True), (3, False)])
def test_terms_of_any_form(batch, replace):
    """Given as functions, the terms of a linear prediction are the same risk and the same noise."""
    f, noise = problem(batch=batch, replace=replace)
    risk, decay = noise.risk, noise.risk.weight_decay

    def values(x):
        return risk.loss.value(x @ risk.columns, risk.targets)

    def gradients(x):
        return risk.slopes(x)[..., None] * risk.features

    given = dict(box=f.box, weight_decay=decay, batch=batch, replace=replace)
    x, v = seeded(14).normal(size=(2, 5, 3))
    for more in ((), (lambda y: risk.jacobians(y) - decay * np.eye(3),)):
        g, other = erm.sampled_terms(values, gradients, *more, **given)
        np.testing.assert_allclose(g.value(x), f.value(x), rtol=1e-13)
        np.testing.assert_allclose(g.grad(x), f.grad(x), atol=1e-14)
        np.testing.assert_allclose(g.hess(x), f.hess(x), atol=1e-9)
        np.testing.assert_allclose(other.cgf(x, v), noise.cgf(x, v), rtol=1e-9)
        np.testing.assert_allclose(other.cgf_grad_x(x, v), noise.cgf_grad_x(x, v), atol=1e-8)
    with pytest.raises(ValueError, match="gradients"):
        erm.sampled_terms(lambda x: 2 * values(x), gradients, **given)
    with pytest.raises(ValueError, match="hessians"):
        erm.sampled_terms(values, gradients, lambda y: -risk.jacobians(y), **given)
    with pytest.raises(ValueError, match="shape"):
        erm.sampled_terms(values, lambda x: risk.slopes(x), **given)
    with pytest.raises(ValueError, match="batch = 24"):
        erm.sampled_terms(values, gradients, **given | dict(batch=24, replace=False))
    with pytest.raises(ValueError, match="weight_decay = -1"):
        erm.sampled_terms(values, gradients, **given | dict(weight_decay=-1))


def test_other_refusals():
    with pytest.raises(ValueError, match="scale = -1"):
        losses.geman_mcclure(-1)
    with pytest.raises(ValueError, match="name = 'stars'"):
        datasets.load("stars")
    with pytest.raises(ValueError, match="dimension 2"):
        problem()[1].empty(1, 1, 2)
    with pytest.raises(ValueError, match="objective"):
        minima_and_gates(Landscape("turn", None, lambda x: x, box=([-1], [1])))
    with pytest.raises(ValueError, match="starts = 0"):
        minima_and_gates(himmelblau(), starts=0)


def test_the_wheel_carries_the_data(tmp_path):
    root = Path(__file__).parents[1]
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, tmp_path)
    shutil.copytree(root / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {f"longrun/data/{name}.csv" for name in datasets.names()} | {"longrun/data/README.md"} <= held
