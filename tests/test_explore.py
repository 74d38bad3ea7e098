"""Explorers without a browser: what is displayed, and what moving a slider does."""

import base64
import io

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from longrun import explore
from longrun.errors import Diverged
from longrun.explore import Slider, last_iterates, live

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, instead of displaying it."""
    calls = []
    monkeypatch.setattr(explore, "display", lambda bundle, **options: calls.append((bundle, options)))
    return calls


class Panel:
    """The pieces of the widget that a bundle shows."""

    def __init__(self, bundle):
        box = widgets.Widget.get_manager_state()["state"] and widgets.widget._instances[bundle[VIEW]["model_id"]]
        self.sliders = {child.description: child for child in box.children if isinstance(child, widgets.FloatSlider)}
        (self.image,) = (child for child in box.children if isinstance(child, widgets.Image))
        (self.button,) = (child for child in box.children if isinstance(child, widgets.Button))
        (self.message,) = (child for child in box.children if isinstance(child, widgets.HTML))


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
    live(picture, a=Slider("first", 0, 10, 0.5, 2.0), b=Slider("second", 0, 10, 0.5, 3.0))
    ((bundle, _),) = shown
    return Panel(bundle)


def test_a_bundle_for_every_reader(shown, panel):
    ((bundle, options),) = shown
    assert options == {"raw": True}
    assert VIEW in bundle
    assert "text/plain" in bundle
    assert base64.b64decode(bundle["image/png"]) == panel.image.value
    assert Image.open(io.BytesIO(panel.image.value)).size == (180, 90)


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
    assert panel.image.value == explore._png(picture(5.0, 1.0))
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


def test_the_cloud_of_last_iterates(shown):
    before, state = plt.get_fignums(), np.random.get_state()[1].copy()  # noqa: NPY002
    for _ in range(2):
        last_iterates(chains=20, steps=30, keep=3)
    first, second = (Panel(bundle) for bundle, _ in shown)
    assert first.image.value == second.image.value  # the seed decides
    assert plt.get_fignums() == before  # no figure left open
    eta, sigma = first.sliders.values()
    assert eta.min <= eta.value <= eta.max < 0.01495  # 2/h_max of Himmelblau
    start = first.image.value
    for slider, value in ((eta, 0.002), (sigma, 5.0)):
        slider.value = value
        assert first.image.value != start
    first.button.click()
    assert first.image.value == start
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002
