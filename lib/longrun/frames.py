"""Explorers that move without a kernel: pictures rendered once, held in the browser, one shown at a time."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image
from traitlets import Int

from longrun import controls, pictures
from longrun.errors import Diverged, NotConverged
from longrun.paths import NOTEBOOKS

MARK = "longrun-frames"  # in an output's metadata: this widget needs no kernel, and these are its controls

# The stop buttons of the players lead back to the first picture, and clicking them needs no kernel.
RESET = """<button class="jupyter-button widget-button longrun-reset" title="back to the first picture" onclick="
for (const stop of this.closest('.longrun-explorer').querySelectorAll('.longrun-player button:nth-of-type(2)')) stop.click();
">Reset</button>"""


class Shown(widgets.Layout):
    """The layout of a stack: its `order` is the number of the picture to show.

    In the browser it is an inline style, by which the stack's style sheet picks the picture: nothing is built, fetched or
    decoded anew, as it would be on every move of a `Stack` of ipywidgets.
    """

    order = Int(0).tag(sync=True)


@dataclass(frozen=True)
class Steps:
    """A parameter with few values: its label, the values (the first is the start) and how a number is written."""

    label: str
    values: Sequence[Any]
    form: str = ".4g"

    def options(self) -> list[str]:
        """Return the values as they are shown."""
        return [value if isinstance(value, str) else format(value, self.form).replace("-", "−") for value in self.values]


def frames(picture: Callable[..., Figure | Image.Image], *, alt: str = "", **steps: Steps) -> None:
    """Render the pictures over one or two parameters once, and show them under sliders that need no kernel.

    Parameters
    ----------
    picture : callable
        Takes one value per parameter, returns the figure, or a picture of it.
    alt : str
        What the pictures show, in words.
    **steps : Steps
        One or two, by argument name of `picture`.

    Raises
    ------
    ValueError
        If there are not one or two parameters, or one has fewer than two values, or two values with the same label.

    Notes
    -----
    The executed notebook keeps the pictures, so that they move in static HTML too; where widgets do not run, the first one
    stands in their place. Forty pictures are about a megabyte.
    """
    if len(steps) not in (1, 2):
        raise ValueError(f"frames has {len(steps)} parameters: one or two are needed")
    rows = [(step.label, step.options()) for step in steps.values()]
    for label, options in rows:
        if len(set(options)) < max(len(options), 2):
            raise ValueError(f"{label} = {', '.join(options)}: two values or more, all different as shown, are needed")
    grid = itertools.product(*(step.values for step in steps.values()))
    images: list[Image.Image] = []
    for values in grid:
        try:
            images.append(pictures.rendered(picture(**dict(zip(steps, values, strict=True)))))
        except (ValueError, Diverged, NotConverged) as error:  # a sentence, in the place of the picture
            if not images:
                raise
            images.append(pictures.sentence(str(error), images[0].size))
    size = images[0].size
    box = arrange(rows, [pictures.webp(image) for image in images], size)
    mark = {"rows": rows, "size": size, "alt": alt}
    first = base64.b64encode(pictures.png(images[0])).decode()
    display(_bundle(box, first), metadata={MARK: mark, "image/png": {"alt": alt}}, raw=True)


def _bundle(box: widgets.Widget, first: str) -> dict[str, Any]:
    """One output of several types: a front end with widgets takes those, any other the first picture (base64 PNG)."""
    return {**box._repr_mimebundle_(), "image/png": first}


def arrange(rows: Sequence[tuple[str, list[str]]], images: list[bytes], size: tuple[int, int]) -> widgets.VBox:
    """Return sliders linked in the browser to a stack of pictures, or to a stack of stacks."""
    layout = widgets.Layout(**controls.PICTURE)
    leaves: list[Any] = [
        widgets.Image(value=image, format="webp", width=str(size[0]), height=str(size[1]), layout=layout) for image in images
    ]
    sliders = [widgets.SelectionSlider(options=options, index=0) for _, options in rows]
    if len(rows) == 2:
        inner = len(rows[1][1])
        leaves = [stack(sliders[1], leaves[i : i + inner]) for i in range(0, len(leaves), inner)]
    outer = stack(sliders[0], leaves)
    lines = [controls.line(label, [player(slider), slider]) for (label, _), slider in zip(rows, sliders, strict=True)]
    style = widgets.HTML(picks(max(len(options) for _, options in rows)), layout=widgets.Layout(display="none"))
    return controls.panel(style, *lines, widgets.HTML(RESET), outer, size=size)


def stack(slider: widgets.SelectionSlider, children: list[Any]) -> widgets.Box:
    """Return all children in one place, of which the one at the slider's index is seen."""
    box = widgets.Box(children, layout=Shown())
    box.add_class("longrun-stack")
    widgets.jslink((slider, "index"), (box.layout, "order"))
    return box


def picks(count: int) -> str:
    """Return the style by which a stack shows the child whose number is its `order`."""
    chosen = ", ".join(f'.longrun-stack[style*="order: {i};"] > :nth-child({i + 1})' for i in range(count))
    return f"<style>.longrun-stack > * {{ visibility: hidden; }} :is({chosen}) {{ visibility: inherit; }}</style>"


def player(slider: widgets.SelectionSlider) -> widgets.Play:
    """Return the button that runs through a slider's values, linked in the browser; its stop leads to the first."""
    slider.add_class("longrun-slider")
    play = widgets.Play(min=0, max=len(slider.options) - 1, value=0, interval=400)
    play.add_class("longrun-player")
    widgets.jslink((play, "value"), (slider, "index"))
    return play


def stored(notebook: Path) -> list[tuple[dict[str, Any], list[bytes], str]]:
    """Return the controls, the pictures and the first as base64 PNG, of every explorer that an executed notebook keeps."""
    book = json.loads(notebook.read_text(encoding="utf-8"))
    outputs = [output for cell in book["cells"] for output in cell.get("outputs", []) if MARK in output.get("metadata", {})]
    state = book["metadata"].get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    return [(output["metadata"][MARK], _images(state, _view(output)), str(output["data"]["image/png"])) for output in outputs]


def _view(output: dict[str, Any]) -> str:
    return str(output["data"]["application/vnd.jupyter.widget-view+json"]["model_id"])


def _images(state: dict[str, Any], model: str) -> list[bytes]:
    """The pictures below a widget, in order."""
    entry = state[model]
    if entry["model_name"] == "ImageModel":
        return [base64.b64decode(entry["buffers"][0]["data"])]
    children = [child.removeprefix("IPY_MODEL_") for child in entry["state"].get("children", [])]
    return [image for child in children for image in _images(state, child)]


def again(slug: str) -> None:
    """Show the explorers that an executed notebook keeps, without computing anything; that notebook alone keeps them."""
    for mark, images, first in stored(NOTEBOOKS / f"{slug}.ipynb"):
        box = arrange(mark["rows"], images, mark["size"])
        display(_bundle(box, first), metadata={"image/png": {"alt": mark["alt"]}}, raw=True)
