"""Two wells on a line: the gap by two routes, the prefactor against the exact law, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longrun.landscapes import bent_double_well, double_well, jacobian, quadratic
from longrun.law import invariant_law
from longrun.noise import FiniteSum, Gaussian, Rademacher, Sum
from longrun.two_wells import TwoWells, switched

sigmas = st.floats(0.4, 2.0)
tilts = st.floats(-0.2, 0.2)


def skewed(x):
    return np.broadcast_to([[1.5], [-0.5], [-0.5], [-0.5]], (*x.shape[:-1], 4, 1))


SKEWED = Sum(FiniteSum(skewed, 1), Gaussian(0.4))


@settings(deadline=None, max_examples=10)
@given(sigmas, sigmas, st.floats(-0.3, 0.3), st.floats(0.05, 0.5), tilts)
def test_gaussian_gap_by_two_routes(left, right, at, width, tilt):
    wells = TwoWells.of(double_well(tilt), switched(left, right, at=at, width=width))
    assert wells.gap() == pytest.approx(wells.diffusion_gap(), abs=1e-8)


@given(tilts, sigmas)
def test_constant_noise_has_the_talks_gap(tilt, sigma):
    wells = TwoWells.of(double_well(tilt), switched(sigma, sigma, at=0.0, width=0.1))
    assert wells.diffusion_gap() == pytest.approx(2 * wells.height() / sigma**2, abs=1e-12)


@given(tilts, sigmas, sigmas)
def test_mirror(tilt, left, right):
    one = TwoWells.of(double_well(tilt), switched(left, right, at=0.1, width=0.2))
    other = TwoWells.of(double_well(-tilt), switched(right, left, at=-0.1, width=0.2))
    assert one.diffusion_gap() == pytest.approx(-other.diffusion_gap(), abs=1e-12)
    assert one.log_prefactor() == pytest.approx(-other.log_prefactor(), abs=1e-7)


@given(sigmas, sigmas, st.floats(-1, 1), st.floats(0.05, 1.0))
def test_gradient_of_the_switch(left, right, at, width):
    noise = switched(left, right, at=at, width=width)
    x, v = np.random.default_rng(0).normal(size=(2, 20, 2))
    # differences of H = σ²|v|²/2, good to ten digits where σ varies slowly, to six where it switches within 0.05
    numeric = jacobian(lambda y: noise.cgf(y, v)[..., None], x)[..., 0, :]
    assert noise.cgf_grad_x(x, v) == pytest.approx(numeric, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    "noise",
    [switched(0.7, 1.0, at=0.0, width=0.1), switched(1.1, 0.8, at=-0.1, width=0.3), SKEWED],
    ids=["left", "right", "skewed"],
)
def test_prefactor_is_the_limit_of_the_exact_law(noise):
    wells = TwoWells.of(double_well(0.04), noise)
    etas = np.array([0.1, 0.05, 0.025])
    beyond = np.array([wells.log_ratio(eta) for eta in etas]) + wells.gap() / etas
    limits = [np.polyfit(etas[k:], beyond[k:], 2 - k)[-1] for k in (0, 1)]
    assert wells.log_prefactor() == pytest.approx(limits[0], abs=abs(limits[1] - limits[0]))


def test_probability_in_the_plane_where_cells_are_left_out():
    law = invariant_law(bent_double_well(0.05), switched(0.7, 1.0, at=0.0, width=0.1), 0.2)
    right = law.axes[0] > 0
    cut = 0.5 * law.marginal(0)[np.abs(law.axes[0]).argmin()] + 1e-12
    assert (law.mass == 0).any()
    assert law.probability(lambda x: x[:, 0] > 0) == pytest.approx(law.marginal(0)[right].sum(), abs=cut)


def test_bad_input():
    with pytest.raises(ValueError, match="dimension 2"):
        TwoWells.of(bent_double_well(), Gaussian(1.0))
    for one_well in (quadratic([[1.0]]), quadratic([[-1.0]]), double_well(0.5)):
        with pytest.raises(ValueError, match="critical points"):
            TwoWells.of(one_well, Gaussian(1.0))
    for bad in (dict(left=0.0, right=1.0, width=0.1), dict(left=1.0, right=np.nan, width=0.1), dict(left=1.0, right=1.0, width=-1)):
        with pytest.raises(ValueError, match="> 0 is needed"):
            switched(at=0.0, **bad)
    varying = Sum(Rademacher(1.0), switched(0.7, 1.0, at=0.0, width=0.1))
    with pytest.raises(ValueError, match="varies with x"):
        TwoWells.of(double_well(), varying).log_prefactor()
