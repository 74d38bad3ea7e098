"""The explorer of notebook 03: its pictures, its shares, its first picture."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from longrun import explore, explore_gibbs


@pytest.fixture(scope="module")
def picture():
    return explore_gibbs.filling(chains=50)


def test_one_size_and_every_control_shows(picture):
    pictures = [
        picture("Gaussian", 0.15, 3),
        picture("signs ±σ", 0.15, 3),
        picture("Gaussian", 0.2, 3),
        picture("Gaussian", 0.15, 4),
    ]
    assert {image.size for image in pictures} == {(1000, 600)}
    assert len({image.tobytes() for image in pictures}) == 4


def test_a_picture_does_not_depend_on_what_was_shown_before(picture):
    before = picture("uniform", 0.1, 5)
    picture("Gaussian", 0.3, 8)
    assert picture("uniform", 0.1, 5) == before == explore_gibbs.filling(chains=50)("uniform", 0.1, 5)


@pytest.mark.parametrize("noise", explore_gibbs.NOISES)
def test_noises_have_the_variance_that_the_title_says(noise):
    assert explore_gibbs.NOISES[noise](1.0).cov(np.zeros(1)) == pytest.approx(np.ones((1, 1)))


def test_the_live_explorer(monkeypatch):
    calls = []
    monkeypatch.setattr(explore, "live", lambda picture, **options: calls.append((picture, options)))
    before = plt.get_fignums()
    explore_gibbs.gibbs()
    ((picture, options),) = calls
    names = ("noise", "eta", "logarithm")
    assert picture(**{name: options[name].start for name in names}).size == (1000, 600)
    assert picture("signs ±σ", options["eta"].low, 1).size == picture("uniform", options["eta"].high, 1).size
    assert options["logarithm"].high == explore_gibbs.MOST
    assert plt.get_fignums() == before
