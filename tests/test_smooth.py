import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longrun.critical import critical_points
from longrun.landscapes import jacobian
from longrun.smooth import logistic, rastrigin

FEATURES = [[1.5, 0.5], [-0.4, 1.2], [1.0, -1.2]]
LANDSCAPES = [logistic(FEATURES, 0.1)[0], rastrigin(1.0)[0], rastrigin(-0.3, 3)[0]]


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_derivatives(landscape):
    x = np.random.default_rng(1).uniform(*landscape.box, size=(20, landscape.dim))
    np.testing.assert_allclose(landscape.grad(x), jacobian(lambda y: landscape.value(y)[..., None], x)[..., 0, :], atol=1e-7)
    np.testing.assert_allclose(landscape.hess(x), jacobian(landscape.grad, x), atol=1e-6)


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_curvature_of_logistic_regression_lies_between_mu_and_smoothness(u, v):
    landscape, mu, smoothness = logistic(FEATURES, 0.1)
    h = np.linalg.eigvalsh(landscape.hess(np.array([u, v])))
    assert mu - 1e-12 <= h.min()
    assert h.max() <= smoothness + 1e-12


def test_constants_are_reached():
    landscape, mu, smoothness = logistic([[2.0]], 0.1)
    np.testing.assert_allclose(landscape.hess(np.array([[0.0], [60.0]]))[:, 0, 0], [smoothness, mu], rtol=1e-12)
    landscape, smoothness = rastrigin(2.0, 1)
    assert landscape.hess(np.zeros(1))[0, 0] == pytest.approx(smoothness)


def test_logistic_far_out_does_not_overflow():
    landscape, *_ = logistic([[1.0]], 0.1)
    x = np.array([[-2000.0], [2000.0]])
    np.testing.assert_allclose(landscape.value(x), 0.05 * x[:, 0] ** 2 + [2000, 0])
    np.testing.assert_allclose(landscape.grad(x)[:, 0], 0.1 * x[:, 0] + [-1, 0])


def test_all_critical_points_of_rastrigin_are_in_its_box():
    landscape, _ = rastrigin(1.0, 1)
    points = critical_points(landscape)
    wider = np.linspace(-20, 20, 400_001)[:, None]
    assert len(points) == (np.diff(np.sign(landscape.grad(wider)[:, 0] + 1e-12)) != 0).sum()
    assert min(point.value for point in points) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: logistic([1.0, 2.0], 0.1), "features"),
        (lambda: logistic([[np.nan]], 0.1), "features"),
        (lambda: logistic([[1.0]], 0.0), "decay"),
        (lambda: rastrigin(np.inf), "amplitude"),
        (lambda: rastrigin(1.0, 0), "dim"),
    ],
)
def test_bad_input(call, named):
    with pytest.raises(ValueError, match=named):
        call()
