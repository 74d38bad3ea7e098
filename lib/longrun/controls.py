"""What an audience moves: sliders with a box to type in, choices, and the panel that holds them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

# Big type, and pictures that keep their place while the next one loads. The site and the lecture add their own widths.
STYLE = """<style>
.longrun-explorer { font-size: 20px; overflow: visible; --jp-widgets-slider-handle-size: 24px;
  --jp-widgets-slider-track-thickness: 6px; }
.longrun-explorer .noUi-handle { background: #0072B2 !important; border-color: #0072B2 !important; }
.longrun-explorer .widget-text input[type="text"] { font-size: inherit; height: 36px; }
.longrun-explorer .widget-label, .longrun-explorer .widget-readout, .longrun-explorer input, .longrun-explorer button
  { font-size: 20px; }
.longrun-explorer .longrun-row { align-items: center; flex-wrap: wrap; gap: 4px 12px; overflow: visible; }
.longrun-explorer .longrun-row > * { height: auto; min-height: 36px; line-height: 36px; }
.longrun-explorer .longrun-name { flex: 0 0 auto; min-width: 7.5em; }
.longrun-explorer .longrun-slider { flex: 1 1 12em; max-width: 34em; min-width: 9em; }
.longrun-explorer .widget-toggle-button, .longrun-explorer .widget-button { width: auto; height: 38px; line-height: 38px; }
.longrun-explorer .longrun-message { color: #b03000; min-height: 1.5em; }
.longrun-explorer .widget-image { max-width: 100%; height: auto; object-fit: contain; object-position: left top; }
.longrun-explorer .longrun-stack { display: grid; overflow: hidden; contain: paint; }
.longrun-explorer .longrun-stack > * { grid-area: 1 / 1; }
.longrun-explorer .longrun-covered { position: relative; display: block; overflow: hidden; }
.longrun-explorer .longrun-target, .longrun-explorer .longrun-target * { position: absolute; inset: 0; width: auto; height: auto;
  margin: 0; cursor: crosshair; }
.longrun-explorer :focus-visible, .longrun-explorer .noUi-handle:focus { outline: 3px solid #56B4E9; }
</style>"""

WIDE = 1.8  # width by height, from which a picture leaves no room beside it
PICTURE = {"max_width": "100%", "flex": "0 0 auto"}


@dataclass(frozen=True)
class Row:
    """A control as it is shown: what has the `value` that counts, its starting value, the line it stands in, box and player."""

    control: Any
    start: Any
    line: widgets.Widget
    box: widgets.Text | None = None
    play: widgets.Play | None = None

    def reset(self) -> None:
        """Go back to the starting value; what was typed in vain goes too."""
        if self.play is not None:
            self.play.playing = False
        self.control.value = self.start
        if self.box is not None:
            self.box.value = "" if self.start is None else f"{self.start:.4g}"

    def run(self) -> None:
        """Play from the beginning."""
        if self.play is not None:
            self.control.value = self.control.min
            self.play.playing = True


@dataclass(frozen=True)
class Slider:
    """A number to move: its label, range, step and starting value; with `play` a button runs through the range."""

    label: str
    low: float
    high: float
    step: float
    start: float
    play: bool = False

    def read(self, text: str) -> float:
        """Return the number typed into the box.

        Raises
        ------
        ValueError
            If it is none, or out of range; the message says so in a sentence.
        """
        try:
            value = float(text.strip().replace(",", ".").replace("−", "-"))
        except ValueError:
            value = math.nan
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.label} = {text.strip() or 'nothing'}: a number from {self.low:g} to {self.high:g} is needed")
        return value

    def row(self, say: Callable[[str], None], slow: bool = False) -> Row:
        """Return the slider with its box; `say` gets the sentence about a wrong value, and "" when it is mended."""
        slider = widgets.FloatSlider(
            value=self.start, min=self.low, max=self.high, step=self.step, readout=False, continuous_update=not slow
        )
        slider.add_class("longrun-slider")
        box = widgets.Text(value=f"{self.start:.4g}", continuous_update=False, layout=widgets.Layout(width="6em"))

        def typed(change: Any) -> None:
            if change["new"] == f"{slider.value:.4g}":
                say("")
                return
            try:
                value = self.read(change["new"])
            except ValueError as error:
                say(str(error))
                return
            say("")
            slider.value = value

        def moved(change: Any) -> None:
            box.value = f"{change['new']:.4g}"

        box.observe(typed, names="value")
        slider.observe(moved, names="value")
        play = self.player(slider) if self.play else None
        return Row(slider, self.start, line(self.label, [*([play] if play else []), slider, box]), box, play)

    def player(self, slider: widgets.FloatSlider) -> widgets.Play:
        """Return a button that runs through the range, from where the slider stands."""

        def index() -> int:
            return round((slider.value - self.low) / self.step)

        play = widgets.Play(min=0, max=round((self.high - self.low) / self.step), value=index(), interval=150)

        def step(change: Any) -> None:
            if change["new"] != index():
                slider.value = self.low + change["new"] * self.step

        def follow(_: Any) -> None:
            play.value = index()

        play.observe(step, names="value")
        slider.observe(follow, names="value")
        return play


@dataclass(frozen=True)
class Choice:
    """One of several things: its label and the options, the first of which is the start."""

    label: str
    options: tuple[str, ...]

    @property
    def start(self) -> str:
        """First option."""
        return self.options[0]

    def row(self, say: Callable[[str], None], slow: bool = False) -> Row:
        """Return the buttons."""
        buttons = widgets.ToggleButtons(options=self.options, value=self.start, style={"button_width": "auto"})
        return Row(buttons, self.start, line(self.label, [buttons]))


def line(label: str, parts: Sequence[widgets.Widget]) -> widgets.HBox:
    """Return a label and what belongs to it, in one line that wraps on a phone."""
    name = widgets.Label(label)
    name.add_class("longrun-name")
    box = widgets.HBox([name, *parts])
    box.add_class("longrun-row")
    return box


def panel(*parts: widgets.Widget, size: tuple[int, int]) -> widgets.VBox:
    """Return an explorer: lines of controls above a picture of that size; the lecture puts those of a tall one beside it."""
    box = widgets.VBox([widgets.HTML(STYLE, layout=widgets.Layout(display="none")), *parts])
    box.add_class("longrun-explorer")
    if size[0] > WIDE * size[1]:
        box.add_class("longrun-wide")
    return box
