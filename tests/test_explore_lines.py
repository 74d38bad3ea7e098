"""The picture of the flickering lines changes with each of its arguments."""

import numpy as np

from longrun.explore_lines import flickering


def test_every_argument_changes_the_picture():
    picture = flickering(steps=600)
    first = np.asarray(picture(0.31, 1, 2.0)).astype(int)
    for other in (picture(0.7, 1, 2.0), picture(0.31, 8, 2.0), picture(0.31, 1, 0.5)):
        assert np.abs(np.asarray(other).astype(int) - first).max() > 50
    assert np.array_equal(np.asarray(picture(0.31, 1, 2.0)), first)  # nothing is left of the other pictures
