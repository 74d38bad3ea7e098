"""Explorers without a browser: what is displayed, and what moving a slider does."""

import base64
import io

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from longrun import explore, explore_runs, pictures
from longrun.errors import Diverged
from longrun.explore import Slider, live

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, instead of displaying it."""
    calls = []
    monkeypatch.setattr(explore, "display", lambda bundle, **options: calls.append((bundle, options)))
    return calls


def below(widget):
    """A widget and all that it holds."""
    return [widget, *(found for child in getattr(widget, "children", ()) for found in below(child))]


class Panel:
    """The pieces of the widget that a bundle shows."""

    def __init__(self, bundle):
        pieces = below(widgets.widget._instances[bundle[VIEW]["model_id"]])

        def of(kind):
            return [piece for piece in pieces if isinstance(piece, kind)]

        names = [label.value for label in of(widgets.Label)]
        self.sliders = dict(zip(names, of(widgets.FloatSlider), strict=False))  # a place, last, has none
        self.boxes = dict(zip(names, of(widgets.Text), strict=True))
        self.plays = of(widgets.Play)
        (self.image,), (self.button,) = of(widgets.Image), of(widgets.Button)
        (self.message,) = (piece for piece in of(widgets.HTML) if "longrun-message" in piece._dom_classes)


def picture(a, b):
    """A picture of two numbers; some have none."""
    if a > 8:
        raise ValueError(f"a = {a:g}: at most 8 is needed")
    if a < 1:
        raise Diverged(a, 3, 2)
    if b > 8:
        raise ZeroDivisionError
    fig = Figure(figsize=(2, 1))
    fig.subplots().plot([0, a], [0, b])
    return fig


@pytest.fixture
def panel(shown):
    live(picture, alt="a line", a=Slider("first", 0, 10, 0.5, 2.0), b=Slider("second", 0, 10, 0.5, 3.0))
    ((bundle, _),) = shown
    return Panel(bundle)


def test_a_bundle_for_every_reader(shown, panel):
    ((bundle, options),) = shown
    assert options == {"raw": True, "metadata": {"image/png": {"alt": "a line"}}}
    assert VIEW in bundle
    assert "text/plain" in bundle
    first = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert first.size == Image.open(io.BytesIO(panel.image.value)).size == (1000, 500)
    assert (panel.image.width, panel.image.height) == ("1000", "500")  # the page keeps the place: no flicker


def test_sliders_are_as_asked(panel):
    first = panel.sliders["first"]
    assert (first.min, first.max, first.step, first.value) == (0, 10, 0.5, 2.0)
    assert list(panel.sliders) == ["first", "second"]


def test_moving_a_slider_changes_the_image_and_reset_restores(panel):
    start = panel.image.value
    panel.sliders["first"].value = 5.0
    moved = panel.image.value
    panel.sliders["second"].value = 1.0
    assert len({start, moved, panel.image.value}) == 3
    assert panel.image.value == pictures.jpeg(pictures.pixels(picture(5.0, 1.0)))
    panel.button.click()
    assert [slider.value for slider in panel.sliders.values()] == [2.0, 3.0]
    assert panel.image.value == start


@pytest.mark.parametrize(
    ("value", "sentence"), [(9.0, "a = 9: at most 8 is needed"), (0.5, "2 chain(s) left for infinity at step 3")]
)
def test_an_error_becomes_a_sentence_and_goes(panel, value, sentence):
    start = panel.image.value
    panel.sliders["first"].value = value
    assert sentence in panel.message.value
    assert panel.image.value == start
    panel.sliders["first"].value = 2.0
    assert panel.message.value == ""


def test_other_errors_are_not_hidden(panel):
    with pytest.raises(ZeroDivisionError):
        panel.sliders["second"].value = 9.0


def test_a_message_is_text_not_markup(shown):
    def never(a):
        if a > 1:
            raise ValueError("0 <b and a> 1")
        return Figure(figsize=(1, 1))

    live(never, a=Slider("a", 0, 2, 1, 0))
    panel = Panel(shown[0][0])
    panel.sliders["a"].value = 2
    assert "0 &lt;b and a&gt; 1" in panel.message.value


def test_what_is_typed_moves_the_slider(panel):
    start = panel.image.value
    panel.boxes["first"].value = "4,5"
    assert panel.sliders["first"].value == 4.5
    assert panel.image.value != start
    panel.sliders["first"].value = 3.0
    assert panel.boxes["first"].value == "3"


@pytest.mark.parametrize("typed", ["much", "", "nan", "11", "-1", "1e400"])
def test_a_wrong_value_gives_a_sentence(panel, typed):
    start = panel.image.value
    panel.boxes["first"].value = typed
    assert panel.message.value == f"first = {typed or 'nothing'}: a number from 0 to 10 is needed"
    assert (panel.sliders["first"].value, panel.image.value) == (2.0, start)
    panel.button.click()
    assert (panel.boxes["first"].value, panel.message.value) == ("2", "")


def test_reset_makes_one_picture(shown):
    calls = []

    def counted(a, b):
        calls.append((a, b))
        return Figure(figsize=(1, 1))

    live(counted, a=Slider("a", 0, 2, 1, 0), b=Slider("b", 0, 2, 1, 0))
    panel = Panel(shown[0][0])
    panel.sliders["a"].value = panel.sliders["b"].value = 2
    before = len(calls)
    panel.button.click()
    assert calls[before:] == [(0, 0)]


def test_play_runs_through_the_range(shown):
    live(lambda a: Figure(figsize=(1, 1 + a)), a=Slider("a", 0, 2, 0.5, 1, play=True))
    panel = Panel(shown[0][0])
    (play,), (slider,) = panel.plays, panel.sliders.values()
    assert (play.min, play.value, play.max) == (0, 2, 4)
    play.value = 3
    assert slider.value == 1.5
    slider.value = 0.6  # between two steps: stays where it was put
    assert (play.value, slider.value) == (1, 0.6)


def test_the_talks_runs(shown):
    before, state = plt.get_fignums(), np.random.get_state()[1].copy()  # noqa: NPY002
    for _ in range(2):
        explore_runs.runs()
    first, second = (Panel(bundle) for bundle, _ in shown)
    assert first.image.value == second.image.value  # the seed decides
    assert plt.get_fignums() == before  # no figure left open
    eta, sigma, step = first.sliders.values()
    assert eta.min <= eta.value <= eta.max < 0.01495  # 2/h_max of Himmelblau
    start = first.image.value
    for slider, value in ((eta, 0.002), (sigma, 5.0), (step, 20), (sigma, 0.0), (step, 0)):
        old = first.image.value
        slider.value = value
        assert first.image.value != old
        assert first.message.value == ""
    first.button.click()
    assert first.image.value == start
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_a_click_starts_all_runs_there_and_plays(shown, monkeypatch):
    pictures_made = []
    call = explore_runs.Comets.__call__
    monkeypatch.setattr(explore_runs.Comets, "__call__", lambda self, **now: pictures_made.append(now) or call(self, **now))
    explore_runs.runs()
    panel = Panel(shown[0][0])
    start, (play,), box = panel.image.value, panel.plays, panel.boxes["start of all"]
    box.value = "1.50, −2"  # what a click writes
    assert pictures_made[1:] == [dict(eta=0.005, sigma=30, step=0, start=(1.5, -2.0))]  # one picture, not two
    assert (play.value, play.playing, panel.message.value) == (0, True, "")
    play.value = 50
    assert pictures_made[-1]["step"] == 200
    panel.button.click()
    assert (box.value, play.playing, panel.image.value) == ("", False, start)


def test_one_start_many_noises():
    comets = explore_runs.Comets()
    paths = comets.run(0.005, 10.0, (1.5, -2.0))
    assert np.all(paths[0] == (1.5, -2.0))
    assert len(np.unique(paths[1], axis=0)) == explore_runs.RUNS


@pytest.fixture
def place():
    fig, ax = plt.subplots(figsize=(4, 2))
    ax.set(xlim=(-6, 6), ylim=(0, 3), position=(0.25, 0.2, 0.5, 0.6))
    plt.close(fig)
    return explore.Place.on("start", ax)


def test_a_place_knows_its_axes(place):
    assert place.axes == pytest.approx((0.25, 0.2, 0.75, 0.8))
    assert place.limits == (-6, 0, 6, 3)
    assert place.read(" −1.5,2 ") == (-1.5, 2.0)
    assert place.read(" ") is None


@pytest.mark.parametrize("typed", ["much", "1", "1,2,3", "7, 1", "1, -1", "nan, 1", "1e400, 1"])
def test_a_wrong_place_gives_a_sentence(place, typed):
    said = []
    row = place.row(said.append)
    row.box.value = "1, 2"
    row.box.value = typed
    assert said == ["", f"start = {typed}: a number from -6 to 6, a comma, and one from 0 to 3 are needed"]
    assert row.control.value == (1, 2)
    row.reset()
    assert (row.control.value, row.box.value) == (None, "")


def test_a_new_picture_does_not_hide_what_is_wrong_in_a_box(panel):
    panel.boxes["first"].value = "much"
    panel.sliders["second"].value = 4.0
    assert "first = much" in panel.message.value
    panel.boxes["second"].value = "more"
    assert "second = more" in panel.message.value  # the newest
    panel.sliders["second"].value = 5.0
    assert "first = much" in panel.message.value
    panel.sliders["first"].value = 3.0
    assert panel.boxes["first"].value == "3"
    assert panel.message.value == ""
