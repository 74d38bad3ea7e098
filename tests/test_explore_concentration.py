"""The explorer of the mass outside: its noises, and a picture that each control changes."""

import numpy as np
import pytest

from longrun import explore_concentration
from longrun.landscapes import double_well
from longrun.noise import Gaussian


def test_two_noises_of_one_variance_and_no_mean():
    noises = explore_concentration.two_noises(push=-1.5, sigma=0.4)
    (gaussian,), (skewed,) = (noise.cov(np.zeros(1)) for noise in noises.values())
    assert gaussian == pytest.approx(skewed)
    assert skewed == pytest.approx((1.5**2 + 3 * 0.5**2) / 4 + 0.4**2)
    drawn = noises["skewed"].sample(np.zeros((20_000, 1)), np.random.default_rng(1))
    assert abs(drawn.mean()) < 4 * drawn.std() / np.sqrt(drawn.size)
    assert (drawn**3).mean() < -0.5


def test_every_control_moves_the_picture():
    picture = explore_concentration.densities()
    moves = [("Gaussian", 0.1, 0.3), ("skewed", 0.1, 0.3), ("Gaussian", 0.05, 0.3), ("Gaussian", 0.1, 0.2)]
    images = [picture(*move) for move in moves]
    assert len({image.tobytes() for image in images}) == len(moves)
    assert {image.size for image in images} == {(1000, 733)}
    assert picture(*moves[0]).tobytes() == images[0].tobytes()  # nothing is left of the other pictures


def test_other_noises_and_ends_of_the_sliders():
    picture = explore_concentration.densities(double_well(0.1), {"quiet": Gaussian(0.4)})
    assert picture("quiet", 0.02, 0.05).size == picture("quiet", 0.2, 0.45).size
    with pytest.raises(ValueError, match="eta"):
        picture("quiet", 0.0, 0.3)


def test_it_is_shown(monkeypatch):
    shown = []
    monkeypatch.setattr(explore_concentration.explore, "live", lambda picture, **controls: shown.append(controls))
    explore_concentration.concentration()
    ((controls),) = shown
    assert list(controls) == ["alt", "noise", "eta", "radius"]
