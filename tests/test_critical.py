"""All critical points, of functions and of fields, and the basins between them."""

import numpy as np
import pytest

from longrun.critical import basin, critical_points, degree
from longrun.errors import NotConverged
from longrun.landscapes import (
    Landscape,
    double_well,
    himmelblau,
    muller_brown,
    quadratic,
    six_hump_camel,
    three_hump_camel,
    tilted_himmelblau,
)

COUNTS = [
    (himmelblau(), (4, 4, 1)),
    (tilted_himmelblau(10.0), (4, 4, 1)),
    (three_hump_camel(), (3, 2, 0)),
    (six_hump_camel(), (6, 7, 2)),
    (muller_brown(), (3, 2, 0)),
    (double_well(0.1), (2, 1)),
]


@pytest.mark.parametrize(("landscape", "counts"), COUNTS, ids=lambda c: getattr(c, "name", ""))
def test_every_critical_point_is_found_once(landscape, counts):
    points = critical_points(landscape)
    assert tuple(np.bincount([p.index for p in points], minlength=len(counts))) == counts
    assert not any(p.degenerate for p in points)
    for p in points:
        size = np.linalg.norm(landscape.hess(p.x)) * np.linalg.norm(landscape.box[1] - landscape.box[0])
        assert np.linalg.norm(landscape.grad(p.x)) <= 1e-12 * size
        assert p.value == landscape.value(p.x)
        np.testing.assert_allclose(p.eigenvalues, np.linalg.eigvalsh(landscape.hess(p.x)))
    order = [(p.index, p.value) for p in points]
    assert sorted(p.index for p in points) == [index for index, _ in order]


def test_known_coordinates():
    minima = [p.x for p in critical_points(himmelblau()) if p.index == 0]
    expected = [[-3.779310, -3.283186], [-2.805118, 3.131313], [3.0, 2.0], [3.584428, -1.848127]]
    np.testing.assert_allclose(sorted(map(list, minima)), expected, atol=1e-6)
    deepest = critical_points(muller_brown())[0]
    assert deepest.value == pytest.approx(-146.69951720995402, rel=1e-12)


def test_few_starts_suffice_because_the_degree_is_checked():
    assert len(critical_points(himmelblau(), starts=4)) == 9
    assert degree(himmelblau()) == 1
    assert degree(quadratic(np.diag([1.0, -1.0]))) == -1
    assert degree(quadratic(np.diag([1.0, 1.0, 2.0]))) == 1
    assert degree(quadratic(np.diag([1.0, 1.0, -2.0]))) is None


def test_vector_fields():
    def field(x):  # two rotating sinks and a saddle: nobody's gradient
        u, v = x[..., 0], x[..., 1]
        return np.stack([u**3 - u + v, v - 2 * (u**3 - u)], axis=-1)

    points = critical_points(Landscape("game", None, field, box=([-2, -2], [2, 2])))
    assert [p.index for p in points] == [0, 0, 1]
    np.testing.assert_allclose([p.x for p in points], [[-1, 0], [1, 0], [0, 0]], atol=1e-9)
    assert np.iscomplexobj(points[0].eigenvalues)
    assert np.isnan(points[0].value)


def test_many_dimensions():
    d = 4
    wells = Landscape(
        "wells",
        lambda x: ((x * x - 1) ** 2 / 4).sum(axis=-1),
        lambda x: x**3 - x,
        lambda x: (3 * x * x - 1)[..., None] * np.eye(d),
        box=([-2] * d, [2] * d),
    )
    points = critical_points(wells)
    assert len(points) == 3**d
    assert [sum(p.index == k for p in points) for k in range(d + 1)] == [16, 32, 24, 8, 1]


def test_degenerate_points_are_reported():
    quartic = Landscape(
        "quartic", lambda x: (x**4).sum(axis=-1), lambda x: 4 * x**3, lambda x: 12 * x[..., None] ** 2, box=([-1], [1.3])
    )
    (point,) = critical_points(quartic)
    assert point.degenerate
    assert abs(point.x[0]) < 1e-2


def test_a_circle_of_minima_is_refused():
    def ring(x):
        return (np.sum(x * x, axis=-1, keepdims=True) - 1) * x

    with pytest.raises(NotConverged, match="not isolated"):
        critical_points(Landscape("ring", None, ring, box=([-2, -2], [2.1, 2])))


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="starts = 0"):
        critical_points(himmelblau(), starts=0)
    with pytest.raises(ValueError, match="minima"):
        basin(himmelblau(), np.zeros(2), np.zeros((0, 2)))


def test_basins_of_a_separable_function():
    landscape = Landscape(
        "wells", None, lambda x: np.stack([x[..., 0] ** 3 - x[..., 0], x[..., 1]], axis=-1), box=([-2, -2], [2, 2])
    )
    x = np.random.default_rng(0).uniform(-2, 2, size=(40, 50, 2))
    labels = basin(landscape, x, [[-1, 0], [1, 0]])
    np.testing.assert_array_equal(labels, (x[..., 0] > 0).astype(int))


def test_basins_of_himmelblau_agree_with_small_steps():
    landscape, x = himmelblau(), np.random.default_rng(1).uniform(-5, 5, size=(200, 2))
    minima = [p for p in critical_points(landscape) if p.index == 0]
    labels = basin(landscape, x, minima)
    for _ in range(4000):
        x = x - 1e-3 * landscape.grad(x)
    nearest = np.linalg.norm(x[:, None] - np.array([p.x for p in minima]), axis=-1).argmin(axis=-1)
    np.testing.assert_array_equal(labels, nearest)


def test_a_point_that_goes_nowhere_is_an_error():
    with pytest.raises(NotConverged, match="reaches none"):
        basin(double_well(0.0), [[0.0]], [[-1.0], [1.0]])
