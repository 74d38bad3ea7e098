"""The grid's quasi-potential: rough but independent of the path solver."""

import numpy as np
import pytest

from longrun.action import minimum_action
from longrun.critical import critical_points
from longrun.grid import field, stencil
from longrun.landscapes import Landscape, double_well, himmelblau, quadratic, three_hump_camel
from longrun.noise import Gaussian, Rademacher, Rotated


def test_stencil():
    assert [len(stencil(reach)) for reach in (1, 2, 3, 4)] == [8, 16, 32, 48]
    angles = {np.arctan2(i, j) for i, j in stencil(4)}
    assert len(angles) == 48


def test_quadratic_bowl():
    """2f/σ² from the centre: always above, and within the error of 48 directions and the step."""
    landscape = quadratic(np.diag([1.0, 2.0]))
    found = field(landscape, Gaussian(0.7), [0.0, 0.0])
    nodes = np.stack(np.meshgrid(*found.axes, indexing="ij"), axis=-1)
    exact = 2 * landscape.value(nodes) / 0.49
    inside = exact < exact[0].min()
    np.testing.assert_allclose(found.cost[inside], exact[inside], rtol=0.03, atol=1e-6)
    assert found.cost.min() == 0 == found.at([0.0, 0.0])


def test_finer_grids_come_nearer():
    landscape = three_hump_camel()
    bottom, top = critical_points(landscape)[0], critical_points(landscape)[3]
    exact = 2 * (top.value - bottom.value)
    errors = [
        abs(field(landscape, Gaussian(1.0), bottom.x, shape=(n, n), reach=reach).at(top.x) / exact - 1)
        for n, reach in ((31, 2), (121, 4))
    ]
    assert errors[1] < errors[0] < 0.3
    assert errors[1] < 0.03


@pytest.mark.parametrize("beta", [3.0, 10.0])
def test_maier_stein_agrees_with_the_path_solver(beta):
    def drift(x):
        u, v = x[..., 0], x[..., 1]
        return -np.stack([u - u**3 - beta * u * v * v, -(1 + u * u) * v], axis=-1)

    landscape = Landscape("Maier–Stein", None, drift, box=([-1.5, -0.75], [0.5, 0.75]))
    found = field(landscape, Gaussian(1.0), [-1.0, 0.0], shape=(121, 121))
    way = minimum_action(landscape, Gaussian(1.0), [-1.0, 0.0], [0.0, 0.0])
    assert found.at([0.0, 0.0]) == pytest.approx(way.cost, rel=0.03)
    path = found.path([0.0, 0.0])
    np.testing.assert_allclose(path[[0, -1]], [[-1, 0], [0, 0]], atol=1e-12)
    assert (np.abs(path[:, 1]).max() > 0.05) == (beta > 4)
    fitted = minimum_action(landscape, Gaussian(1.0), path[0], path[-1], starts=[path])
    assert fitted.cost == pytest.approx(way.cost, rel=1e-8)


def test_other_noise_agrees_with_the_path_solver():
    noise = Rotated(Rademacher(1.0), [[0.8, -0.6], [0.6, 0.8]])
    landscape = quadratic(np.diag([0.4, 0.6]))
    found = field(landscape, noise, [0.0, 0.0], shape=(61, 61), box=([-1.2, -1.2], [1.2, 1.2]))
    end = [0.8, 0.6]
    assert found.at(end) == pytest.approx(minimum_action(landscape, noise, [0.0, 0.0], end).cost, rel=0.03)


def test_bounded_noise_stays_in_its_well():
    points = critical_points(himmelblau())
    found = field(himmelblau(), Rademacher(5.0), points[2].x, shape=(61, 61))
    assert found.at(points[1].x) == np.inf
    assert found.path(points[1].x).shape == (0, 2)
    assert np.isfinite(found.cost).sum() > 1


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="landscape of dimension 1"):
        field(double_well(), Gaussian(1.0), [0.0])
    with pytest.raises(ValueError, match="start"):
        field(himmelblau(), Gaussian(1.0), [60.0, 0.0])
    with pytest.raises(ValueError, match="reach = 0"):
        field(himmelblau(), Gaussian(1.0), [0.0, 0.0], reach=0)
