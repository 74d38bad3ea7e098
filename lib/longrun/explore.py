"""Explorers: controls that move a picture. `live` computes it on every move; `frames` has rendered all of them before."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from longrun import controls, pictures
from longrun.controls import Choice, Slider
from longrun.errors import Diverged, NotConverged
from longrun.frames import Steps, again, frames

__all__ = ["Choice", "Slider", "Steps", "again", "frames", "live"]


def live(picture: Callable[..., Figure | Image.Image], *, slow: bool = False, alt: str = "", **sliders: Slider | Choice) -> None:
    """Show a picture that is computed anew on every move of a slider.

    Parameters
    ----------
    picture : callable
        Takes one value per control, returns the figure, or a picture of it. What it raises as one of the library's errors is
        shown as a sentence, and the last picture stays.
    slow : bool
        Wait until the slider is let go.
    alt : str
        What the picture shows, in words.
    **sliders : Slider or Choice
        By argument name of `picture`.

    Notes
    -----
    Where widgets do not run (GitHub, PDF), the first picture stands in their place.
    """
    first = pictures.rendered(picture(**{name: slider.start for name, slider in sliders.items()}))
    width, height = first.size
    image = widgets.Image(value=pictures.jpeg(first), format="jpeg", width=str(width), height=str(height),
                          layout=widgets.Layout(**controls.PICTURE))  # fmt: skip
    message = widgets.HTML()
    message.add_class("longrun-message")

    def say(sentence: str) -> None:
        message.value = html.escape(sentence)

    rows = {name: slider.row(say, slow) for name, slider in sliders.items()}
    resetting = False

    def update(_: Any = None) -> None:
        if resetting:
            return
        try:
            image.value = pictures.jpeg(pictures.rendered(picture(**{name: row.control.value for name, row in rows.items()})))
            say("")
        except (ValueError, Diverged, NotConverged) as error:
            say(str(error))

    def reset(_: Any = None) -> None:
        nonlocal resetting
        resetting = True  # one new picture, not one for every control
        for row in rows.values():
            row.reset()
        resetting = False
        update()

    for row in rows.values():
        row.control.observe(update, names="value")
    button = widgets.Button(description="Reset")
    button.on_click(reset)
    box = controls.panel(*(row.line for row in rows.values()), widgets.HBox([button, message]), image)
    # One output of several types: a front end with widgets takes those, any other the picture.
    bundle = {**box._repr_mimebundle_(), "image/png": base64.b64encode(pictures.png(first)).decode()}
    display(bundle, metadata={"image/png": {"alt": alt}}, raw=True)
