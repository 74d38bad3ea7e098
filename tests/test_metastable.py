"""Slow eigenvalues and rates of the exact kernel, and the pieces of the solver."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longrun.aggregation import Balance, peaks, settle
from longrun.chain import stationary
from longrun.elimination import band_stationary
from longrun.landscapes import double_well, quadratic, tilted_himmelblau
from longrun.law import invariant_law
from longrun.metastable import slow_chain
from longrun.noise import Gaussian, Uniform


@pytest.mark.parametrize(("eta", "tolerance"), [(0.1, 0.03), (0.05, 1e-3), (0.03, 1e-4)])
def test_slow_eigenvalue_of_the_dense_matrix(eta, tolerance):
    law = invariant_law(double_well(0.05), Gaussian(1.0), eta)
    exact = np.sort(1 - np.linalg.eigvals(law.chain.matrix.toarray()).real)[1]
    assert slow_chain(law).relaxation == pytest.approx([exact], rel=tolerance)


def test_rates_tend_to_kramers():
    """Mean times 2π/(η √(f″(p)|f″(q)|)) e^{2Δf/(ησ²)} up to O(η) (facts 2.9)."""
    tilt = 0.05
    well = double_well(tilt)
    left, top, right = np.sort(np.roots([1, 0, -1, -tilt]).real)
    excess = []
    for eta in (0.05, 0.025):
        rates = slow_chain(invariant_law(well, Gaussian(1.0), eta)).rates
        ratio = []
        for x, rate in ((left, rates[0, 1]), (right, rates[1, 0])):
            height = 2 * float(well.value(np.array([top])) - well.value(np.array([x])))
            curvatures = well.hess(np.array([[x], [top]])).ravel()
            ratio.append(1 / rate / (2 * np.pi / (eta * np.sqrt(-np.prod(curvatures))) * np.exp(height / eta)))
        excess.append(np.array(ratio) - 1)
    assert np.all(np.abs(excess[1]) < 0.03)
    assert excess[1] / excess[0] == pytest.approx(0.5, abs=0.1)


def test_chain_of_wells_balances_and_keeps_the_masses():
    law = invariant_law(tilted_himmelblau(10.0), Gaussian(45.0), 0.006)
    slow = slow_chain(law, tol=1e-6)
    assert stationary(slow.rates) == pytest.approx(slow.weight, rel=0.05)
    mass = np.array([law.mass[law.wells == k].sum() for k in range(4)])
    assert slow.weight == pytest.approx(mass, rel=0.2)
    assert slow.committors.sum(axis=0).ravel()[law.cells.number] == pytest.approx(np.ones(len(law.cells.number)), abs=1e-4)
    assert np.all(np.diff(slow.relaxation) > 0)


def test_one_well_has_no_slow_mode():
    slow = slow_chain(invariant_law(quadratic([[1.0]]), Uniform(1.0), 0.1))
    assert slow.relaxation.size == 0
    assert slow.weight == pytest.approx([1.0])


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 30), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_band_elimination_is_the_dense_one(n, b, seed):
    rng = np.random.default_rng(seed)
    matrix = 10.0 ** (-12 * rng.random((n, n)))
    matrix[np.abs(np.subtract.outer(np.arange(n), np.arange(n))) > b] = 0
    matrix /= matrix.sum(axis=1, keepdims=True)
    band = np.zeros((n, 2 * b + 1))
    for i, j in np.argwhere(matrix):
        band[i, j - i + b] = matrix[i, j]
    assert band_stationary(band) == pytest.approx(stationary(matrix), rel=1e-12)


def test_peaks_of_a_rough_density():
    x = np.linspace(-2, 2, 401)
    density = np.exp(-((x**2 - 1) ** 2) * 4)
    assert np.array_equal(np.unique(peaks(density)), [0, 1])
    rough = density * (1 + 0.1 * np.sin(200 * x) ** 2)
    labels = peaks(rough)
    assert np.array_equal(np.unique(labels), [0, 1])
    assert np.all(labels[x < -0.05] == 0)
    assert np.all(labels[x > 0.05] == 1)
    assert np.all(peaks(np.zeros((3, 3))) == -1)


def test_balance_of_a_chain_of_two_sets_is_exact():
    matrix = np.array([[0.9, 0.1 - 1e-12, 1e-12], [0.2, 0.8, 0.0], [1e-15, 0.0, 1 - 1e-15]])
    law = stationary(matrix)
    labels = np.array([0, 0, 1])
    wrong = law * np.array([5.0, 5.0, 0.1])
    balance = Balance(lambda g: matrix @ g, labels)
    assert balance(wrong) == pytest.approx(law, rel=1e-10)


def test_settle_reports_how_far_it_got():
    rng = np.random.default_rng(0)
    matrix = rng.random((50, 50))
    matrix /= matrix.sum(axis=1, keepdims=True)
    mass, change = settle(lambda m: m @ matrix, np.full(50, 0.02), 1e-13)
    assert change <= 1e-13
    assert mass / mass.sum() == pytest.approx(stationary(matrix), rel=1e-11)
    _, change = settle(lambda m: m @ matrix, rng.random(50), 1e-13, most=2)
    assert change > 1e-13
