"""The explorer of the ground state: a picture that each control changes, at all ends of the sliders."""

from itertools import product

import pytest

from longrun import explore_wells


@pytest.fixture(scope="module")
def picture():
    return explore_wells.wells()


def test_every_control_moves_the_picture(picture):
    moves = [(0.7, 0.05, 0.1), (0.8, 0.05, 0.1), (0.7, 0.06, 0.1), (0.7, 0.05, 0.2)]
    images = [picture(*move) for move in moves]
    assert len({image.tobytes() for image in images}) == len(moves)
    assert {image.size for image in images} == {(1000, 521)}
    assert picture(*moves[0]).tobytes() == images[0].tobytes()  # nothing is left of the other pictures


def test_all_that_the_sliders_reach(monkeypatch, picture):
    shown = []
    monkeypatch.setattr(explore_wells.explore, "live", lambda picture, **controls: shown.append(controls))
    explore_wells.ground_state()
    sliders = [shown[0][name] for name in ("sigma", "tilt", "eta")]
    for values in product(*((slider.low, slider.high) for slider in sliders)):
        assert picture(*values).size == (1000, 521)


def test_bad_step(picture):
    with pytest.raises(ValueError, match="eta"):
        picture(0.7, 0.05, 0.0)


@pytest.fixture(scope="module")
def skewed():
    return explore_wells.skewed_wells()


def test_all_that_the_sliders_of_the_skewed_noise_reach(monkeypatch, skewed):
    shown = []
    monkeypatch.setattr(explore_wells.explore, "live", lambda picture, **controls: shown.append(controls))
    explore_wells.skewed()
    noise, tilt, eta = (shown[0][name] for name in ("noise", "tilt", "eta"))
    images = [skewed(*values) for values in product(noise.options, (tilt.low, tilt.high), (eta.low, eta.high))]
    assert len({image.tobytes() for image in images}) == 8
    assert {image.size for image in images} == {(1000, 521)}


def test_skewed_noise_fills_the_well_that_diffusions_get_wrong(monkeypatch):
    gaps = []
    monkeypatch.setattr(explore_wells.Wells, "picture", lambda self, pair, eta, found, *_: gaps.append((pair, found)))
    picture = explore_wells.skewed_wells()
    for noise in ("skewed", "Gaussian"):
        picture(noise, 0.03, 0.05)
    (pair, skewed), (_, gaussian) = gaps
    assert skewed["diffusions"] < 0 < skewed["large deviations"]
    assert skewed["diffusions"] == pytest.approx(gaussian["diffusions"])
    assert gaussian["large deviations"] == pytest.approx(gaussian["diffusions"])
    assert skewed["large deviations"] == pytest.approx(pair.gap(), rel=1e-5)  # the path solver's
    assert pair.log_ratio(0.05) < 0
