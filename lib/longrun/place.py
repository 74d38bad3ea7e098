"""A point of the plane as a control: clicked on the picture, or typed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
from matplotlib.axes import Axes
from traitlets import Any as AnyTrait
from traitlets import HasTraits

from longrun import controls

# Lies over the picture. A click inside the axes is written into the box, as if typed: the picture may be scaled to fit, top left.
TARGET = """<div title="click: start there" data-window="{window}" onclick="
const explorer = this.closest('.longrun-explorer'), image = explorer.querySelector('.widget-image');
const seen = image.getBoundingClientRect(), {{ naturalWidth: width, naturalHeight: height }} = image;
const zoom = Math.min(seen.width / width, seen.height / height);
const {{ axes, limits }} = JSON.parse(this.dataset.window);
const u = ((event.clientX - seen.left) / (zoom * width) - axes[0]) / (axes[2] - axes[0]);
const v = (1 - (event.clientY - seen.top) / (zoom * height) - axes[1]) / (axes[3] - axes[1]);
if (Math.min(u, v) < 0 || Math.max(u, v) > 1) return;
const input = explorer.querySelector('.longrun-place input');
input.value = (limits[0] + u * (limits[2] - limits[0])).toFixed(2) + ', ' + (limits[1] + v * (limits[3] - limits[1])).toFixed(2);
input.dispatchEvent(new Event('change', {{ bubbles: true }}));
"></div>"""


class Point(HasTraits):
    """What a place is now: two coordinates, or None."""

    value = AnyTrait(None)


@dataclass(frozen=True)
class Place:
    """A point: its label, where the axes are in the picture, and their limits, both as (left, bottom, right, top)."""

    label: str
    axes: tuple[float, float, float, float]
    limits: tuple[float, float, float, float]
    start = None

    @classmethod
    def on(cls, label: str, ax: Axes) -> Place:
        """Return a place on axes whose figure has been drawn."""
        figure = ax.get_figure(root=True)
        assert figure is not None
        box = ax.get_window_extent().transformed(figure.transFigure.inverted())
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        return cls(label, tuple(map(float, box.extents)), (float(left), float(bottom), float(right), float(top)))  # type: ignore[arg-type]

    def read(self, text: str) -> tuple[float, float] | None:
        """Return the coordinates typed into the box, or clicked; none if it is empty.

        Raises
        ------
        ValueError
            If they are not two numbers in the limits; the message says so in a sentence.
        """
        if not text.strip():
            return None
        left, bottom, right, top = self.limits
        try:
            u, v = (float(number) for number in text.replace("−", "-").split(","))
        except ValueError:
            u = v = math.nan
        if not (left <= u <= right and bottom <= v <= top):
            raise ValueError(
                f"{self.label} = {text.strip()}: a number from {left:g} to {right:g}, a comma, and one from {bottom:g} to {top:g} "
                "are needed"
            )
        return u, v

    def row(self, say: Callable[[str], None], slow: bool = False) -> controls.Row:
        """Return the box; `say` gets the sentence about a wrong place, and "" when it is mended."""
        point = Point()
        box = widgets.Text(placeholder="u, v: or click", continuous_update=False, layout=widgets.Layout(width="9em"))
        box.add_class("longrun-place")

        def typed(change: Any) -> None:
            try:
                value = self.read(change["new"])
            except ValueError as error:
                say(str(error))
                return
            say("")
            point.value = value

        box.observe(typed, names="value")
        return controls.Row(point, None, controls.line(self.label, [box]), box)

    def over(self, picture: widgets.Image) -> widgets.Box:
        """Return the picture under what takes the clicks."""
        window = json.dumps({"axes": self.axes, "limits": self.limits}).replace('"', "&quot;")
        target = widgets.HTML(TARGET.format(window=window))
        target.add_class("longrun-target")
        box = widgets.Box([picture, target])
        box.add_class("longrun-covered")
        return box
