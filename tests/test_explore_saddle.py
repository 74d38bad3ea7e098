"""The explorer of notebook 04: its pictures at the ends of all sliders."""

import itertools

import matplotlib.pyplot as plt
import pytest

from longrun import explore, explore_saddle


@pytest.fixture(scope="module")
def shown():
    """The picture and the options that the live explorer is made of."""
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explore, "live", lambda picture, **options: calls.append((picture, options)))
        explore_saddle.saddle()
    return calls[0]


def test_every_corner_of_the_sliders_has_a_picture(shown):
    picture, options = shown
    ends = [(options[name].low, options[name].high) for name in ("eta", "sigma", "tilt")]
    pictures = [picture(*values) for values in itertools.product(*ends)]
    assert len({image.size for image in pictures}) == 1
    assert max(pictures[0].size) == 1000
    assert len({image.tobytes() for image in pictures}) == 8
    assert plt.get_fignums() == []


def test_a_picture_does_not_depend_on_what_was_shown_before(shown):
    picture, _ = shown
    before = picture(0.1, 1.0, 0.1)
    picture(0.02, 0.4, -0.3)
    assert picture(0.1, 1.0, 0.1) == before == explore_saddle.decades()(0.1, 1.0, 0.1)


def test_radius_is_shown():
    picture = explore_saddle.decades(0.1)
    assert picture(0.1, 1.0, 0.1) != explore_saddle.decades(0.2)(0.1, 1.0, 0.1)
    with pytest.raises(ValueError, match="radius"):
        explore_saddle.decades(-0.1)(0.1, 1.0, 0.1)
