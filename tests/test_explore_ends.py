"""The explorers of notebooks 09 and 10: their pictures and their first picture."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from longrun import explore, explore_ends, explore_gradient, pictures
from longrun.landscapes import double_well
from longrun.noise import Gaussian, Rademacher, Sum

WELLS = (-0.985, -0.03, 1.015)
ARGUMENTS = (double_well(0.03), Sum(Rademacher(0.9), Gaussian(0.4)), WELLS, 0.25, 30.0, 1)


def test_four_ends_hold_all_mass_and_do_not_depend_on_what_was_shown_before():
    picture = explore_ends.four_ends(*ARGUMENTS)
    first = pictures.pixels(picture(0.12, 2.0)).tobytes()
    titles = [ax.get_title() for ax in picture(0.12, 2.0).axes]
    assert [title.split("\n")[0] for title in titles] == list(explore_ends.COLOURS)
    assert titles[1] != titles[0]
    picture(0.07, 0.5)
    assert pictures.pixels(picture(0.12, 2.0)).tobytes() == first
    assert all(len(ax.collections) == 1 for ax in picture(0.2, 3.0).axes)


def test_decreasing_clouds_shrink_and_their_shares_stay():
    picture = explore_ends.four_ends(*ARGUMENTS)
    early, late = (picture(0.12, decades).axes[1].get_title() for decades in (3.0, 5.5))
    assert early == late
    with pytest.raises(ValueError, match="eta"):
        picture(-0.1, 2.0)


@pytest.mark.parametrize(("name", "call"), [("live", lambda: explore_ends.ends(*ARGUMENTS)),
                                            ("frames", lambda: explore_gradient.gradient([2.3, -1.3], 73.0))])  # fmt: skip
def test_explorers_show_their_first_picture(monkeypatch, name, call):
    calls = []
    monkeypatch.setattr(explore, name, lambda picture, **options: calls.append((picture, options)))
    before = plt.get_fignums()
    call()
    ((picture, options),) = calls
    assert options.pop("alt")
    values = {key: getattr(control, "start", None) or control.values[0] for key, control in options.items()}
    assert pictures.rendered(picture(**values)).size[0] == pictures.WIDTH
    assert plt.get_fignums() == before


def test_the_floor_moves_with_the_step():
    picture = explore_gradient.falling([2.3, -1.3], 73.0, runs=4)
    frames = [picture(0.002, 1.5), picture(0.02, 1.5), picture(0.002, 3.0)]
    assert len({frame.tobytes() for frame in frames}) == 3
    assert np.all([frame.size == frames[0].size for frame in frames])
