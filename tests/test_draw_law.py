"""Pictures of laws: what is counted, and that they are drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from longrun.draw_law import draw_from_above, draw_mass, draw_weights, draw_wireframe, histogram
from longrun.landscapes import Landscape, himmelblau
from longrun.law import invariant_law
from longrun.noise import Gaussian


def test_the_histogram_counts_shares_per_area():
    x = np.array([[0.5, 0.5], [0.4, 0.6], [-0.5, 0.5], [3.0, 0.0]])
    edges, density = histogram(x, 1.0, 2)
    assert edges.tolist() == [-1, 0, 1]
    np.testing.assert_allclose(density, [[0, 0.25], [0, 0.5]])


def test_level_lines_hold_the_shares_asked_for():
    axis = np.linspace(-5.5, 5.5, 40)
    law = invariant_law(himmelblau(), Gaussian(60.0), 0.005, axes=(axis, axis))
    fig, ax = plt.subplots()
    draw_mass(ax, law, (0.5, 0.9), "k")
    (lines,) = ax.collections
    for level, share in zip(lines.levels, (0.9, 0.5), strict=True):
        assert law.mass[law.mass >= level].sum() == pytest.approx(share, abs=0.02)
    plt.close(fig)


def test_the_pictures_are_drawn():
    edges, density = histogram(np.random.default_rng(1).normal(size=(200, 2)), 5.0, 10)
    fig = plt.figure()
    solid, flat = fig.add_subplot(1, 2, 1, projection="3d"), fig.add_subplot(1, 2, 2)
    draw_wireframe(solid, himmelblau(), density, edges, 250.0)
    draw_from_above(flat, himmelblau(), density, edges)
    assert len(solid.collections) == 2
    bars, ax = plt.subplots()
    draw_weights(ax, ["a", "b"], {"one": ([0.2, 0.8], "k"), "two": ([0.5, 0.5], "b")})
    assert sorted(patch.get_height() for patch in ax.patches) == [0.2, 0.5, 0.5, 0.8]
    field = Landscape("field", None, lambda x: x, box=(np.array([-1.0, -1.0]), np.array([1.0, 1.0])))
    with pytest.raises(ValueError, match="field: an objective"):
        draw_wireframe(solid, field, density, edges, 1.0)
    plt.close(fig)
    plt.close(bars)
