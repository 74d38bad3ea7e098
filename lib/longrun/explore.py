"""Explorers: controls that move a picture. `live` computes it on every move; `frames` has rendered all of them before."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from longrun import controls, pictures
from longrun.controls import Choice, Row, Slider
from longrun.errors import Diverged, NotConverged
from longrun.frames import Steps, again, frames
from longrun.place import Place

__all__ = ["Choice", "Place", "Slider", "Steps", "again", "frames", "live"]


def live(
    picture: Callable[..., Figure | Image.Image], *, slow: bool = False, alt: str = "", **sliders: Slider | Choice | Place
) -> None:
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
    **sliders : Slider, Choice or Place
        By argument name of `picture`. A place can be clicked on the picture: what can be played then plays from its beginning.

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

    wrong: dict[str, str] = {}

    def say(where: str, sentence: str) -> None:
        wrong.pop(where, None)  # and nothing else: a new picture does not hide what is wrong in a box
        if sentence:
            wrong[where] = sentence
        message.value = html.escape(list(wrong.values())[-1] if wrong else "")

    rows = {name: slider.row(partial(say, name), slow) for name, slider in sliders.items()}
    together = False

    def update(_: Any = None) -> None:
        if together:
            return
        try:
            image.value = pictures.jpeg(pictures.rendered(picture(**{name: row.control.value for name, row in rows.items()})))
            say("picture", "")
        except (ValueError, Diverged, NotConverged) as error:
            say("picture", str(error))

    def at_once(change: Callable[[Row], None]) -> None:
        nonlocal together
        together = True  # one new picture, not one for every control
        for row in rows.values():
            change(row)
        together = False
        update()

    def reset(_: Any = None) -> None:
        at_once(Row.reset)

    def begin(change: Any) -> None:
        if change["new"] is None:
            update()
        else:
            at_once(Row.run)

    places = [slider for slider in sliders.values() if isinstance(slider, Place)]
    for name, row in rows.items():
        row.control.observe(begin if isinstance(sliders[name], Place) else update, names="value")
    button = widgets.Button(description="Reset")
    button.on_click(reset)
    shown = places[0].over(image) if places else image
    box = controls.panel(*(row.line for row in rows.values()), widgets.HBox([button, message]), shown, size=first.size)
    # One output of several types: a front end with widgets takes those, any other the picture.
    bundle = {**box._repr_mimebundle_(), "image/png": base64.b64encode(pictures.png(first)).decode()}
    display(bundle, metadata={"image/png": {"alt": alt}}, raw=True)
