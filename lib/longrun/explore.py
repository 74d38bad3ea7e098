"""Explorers: sliders that move a picture. The only module that imports ipywidgets."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from longrun import draw, sgd
from longrun.errors import Diverged
from longrun.landscapes import Landscape, himmelblau
from longrun.linear import largest_stable_step
from longrun.noise import Gaussian


@dataclass(frozen=True)
class Slider:
    """A number to move: its label, range, step and starting value."""

    label: str
    low: float
    high: float
    step: float
    start: float

    def widget(self) -> widgets.FloatSlider:
        """Return the widget, wide enough to be handled in front of an audience."""
        return widgets.FloatSlider(
            value=self.start, min=self.low, max=self.high, step=self.step, description=self.label,
            continuous_update=True, readout_format=".4g", layout=widgets.Layout(width="46em"),
        )  # fmt: skip


def live(picture: Callable[..., Figure], **sliders: Slider) -> None:
    """Show a picture that is computed anew on every move of a slider.

    Parameters
    ----------
    picture : callable
        Takes one number per slider, returns the figure. What it raises as ValueError or Diverged is shown as a sentence.
    **sliders : Slider
        By argument name of `picture`.

    Notes
    -----
    Where widgets do not run (GitHub, PDF), the first picture stands in their place.
    """
    controls = {name: slider.widget() for name, slider in sliders.items()}
    first = _png(picture(**{name: slider.start for name, slider in sliders.items()}))
    image = widgets.Image(value=first, format="png", layout=widgets.Layout(max_width="100%"))
    message = widgets.HTML()

    def update(_: Any = None) -> None:
        try:
            image.value = _png(picture(**{name: control.value for name, control in controls.items()}))
            message.value = ""
        except (ValueError, Diverged) as error:
            message.value = f"<b>{html.escape(str(error))}</b>"

    def reset(_: Any = None) -> None:
        for name, control in controls.items():
            control.value = sliders[name].start

    for control in controls.values():
        control.observe(update, names="value")
    button = widgets.Button(description="Reset")
    button.on_click(reset)
    box = widgets.VBox([*controls.values(), button, message, image])
    # One output of several types: a front end with widgets takes those, any other the picture.
    bundle = {**box._repr_mimebundle_(), "image/png": base64.b64encode(first).decode()}
    display(bundle, raw=True)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
    return buffer.getvalue()


def last_iterates(landscape: Landscape | None = None, chains: int = 400, steps: int = 400, keep: int = 20, seed: int = 1) -> None:
    """Explore where SGD is after many steps: the last iterates of many chains, under sliders for η and σ."""
    landscape = landscape or himmelblau()
    limit = largest_stable_step(landscape)
    lower, upper = landscape.box
    x0 = np.random.default_rng(seed).uniform(0.7 * lower, 0.7 * upper, size=(chains, landscape.dim))
    with plt.ioff():
        fig, ax = plt.subplots(figsize=(8.5, 7.5))
    draw.contours(ax, landscape)
    cloud = ax.scatter([], [], s=9, color=draw.BLUE, alpha=0.35, linewidths=0, zorder=3)

    def picture(eta: float, sigma: float) -> Figure:
        x = sgd.run(landscape, Gaussian(sigma), eta, x0, steps, rng=np.random.default_rng(seed), keep=keep)
        cloud.set_offsets(x.reshape(-1, landscape.dim))
        ax.set_title(f"last {keep} of {steps} iterates, {chains} chains\n$\\eta$ = {eta:.4g}, $\\sigma$ = {sigma:.3g}")
        return fig

    live(
        picture,
        eta=Slider("step-size η", 0.0005, float(f"{0.9 * limit:.2g}"), 0.0005, 0.005),
        sigma=Slider("noise σ", 1.0, 60.0, 1.0, 20.0),
    )
    plt.close(fig)
