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
from longrun.critical import critical_points
from longrun.draw_costs import draw_tree, names
from longrun.draw_lines import draw_data, draw_lines, draw_surface
from longrun.energy import Transitions, transitions
from longrun.erm import star_cluster
from longrun.errors import Diverged, NotConverged
from longrun.landscapes import Landscape, himmelblau
from longrun.linear import largest_stable_step
from longrun.noise import Gaussian, Noise, Rademacher, Uniform
from longrun.trees import best_tree


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


@dataclass(frozen=True)
class Choice:
    """One of several things: its label and the options, the first of which is the start."""

    label: str
    options: tuple[str, ...]

    @property
    def start(self) -> str:
        """First option."""
        return self.options[0]

    def widget(self) -> widgets.ToggleButtons:
        """Return the widget."""
        return widgets.ToggleButtons(options=self.options, value=self.start, description=self.label)


def live(picture: Callable[..., Figure], *, slow: bool = False, **sliders: Slider | Choice) -> None:
    """Show a picture that is computed anew on every move of a slider.

    Parameters
    ----------
    picture : callable
        Takes one value per control, returns the figure. What it raises as one of the library's errors is shown as a sentence.
    slow : bool
        Wait until the slider is let go.
    **sliders : Slider or Choice
        By argument name of `picture`.

    Notes
    -----
    Where widgets do not run (GitHub, PDF), the first picture stands in their place.
    """
    controls = {name: slider.widget() for name, slider in sliders.items()}
    if slow:
        for control in controls.values():
            control.continuous_update = False
    first = _png(picture(**{name: slider.start for name, slider in sliders.items()}))
    image = widgets.Image(value=first, format="png", layout=widgets.Layout(max_width="100%"))
    message = widgets.HTML()

    def update(_: Any = None) -> None:
        try:
            image.value = _png(picture(**{name: control.value for name, control in controls.items()}))
            message.value = ""
        except (ValueError, Diverged, NotConverged) as error:
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


NOISES: dict[str, Callable[[float], Noise]] = {
    "signs ±σ": Rademacher,
    "uniform": lambda sigma: Uniform(np.sqrt(3) * sigma),
    "Gaussian": Gaussian,
}


def trees(landscape: Landscape, known: dict[tuple[str, float], Transitions] | None = None) -> None:
    """Explore which minimum is the ground state: tree and energies under the type and the strength of the noise.

    Parameters
    ----------
    landscape : Landscape
        On the plane.
    known : dict (noise, sigma) → Transitions, optional
        What has been computed already; the explorer remembers what it computes.
    """
    found = dict(known or {})
    points = critical_points(landscape)
    minima = [i for i, point in enumerate(points) if point.index == 0]
    labels = names(points)
    height = np.array([points[i].value for i in minima])
    with plt.ioff():
        fig, (left, right) = plt.subplots(1, 2, figsize=(14, 6.5), width_ratios=(1.2, 1))

    def picture(noise: str, sigma: float) -> Figure:
        if (noise, sigma) not in found:
            found[noise, sigma] = transitions(landscape, NOISES[noise](sigma), points, direct=False)
        ways = found[noise, sigma]
        costs, energy = ways.costs, ways.energies() * sigma**2 / 2
        root = int(np.argmin(energy))
        left.clear()
        right.clear()
        draw_tree(left, best_tree(costs, root), points, sigma**2 / 2)
        left.set(title=f"tree to the ground state {labels[root]}", xlabel="$u$", ylabel="$v$", xlim=(-5, 5), ylim=(-4.6, 4.6))
        where = np.arange(len(minima))
        right.bar(where - 0.2, height - height.min(), 0.4, color=draw.GREY, label=r"height $f_i - \min f$")
        right.bar(where + 0.2, energy[minima], 0.4, color=draw.RED, label=r"energy $E_i\,\sigma^2/2$")
        right.set_xticks(where, [labels[i] for i in minima])
        right.set(title=f"{noise}, $\\sigma$ = {sigma:g}", ylim=(0, 1.35 * max(np.ptp(height), energy[minima].max()) + 1))
        right.legend(loc="upper left")
        return fig

    live(picture, slow=True, noise=Choice("noise", tuple(NOISES)), sigma=Slider("strength σ", 50.0, 200.0, 10.0, 60.0))
    plt.close(fig)


def flickering_lines(steps: int = 3000, seed: int = 1) -> None:
    """Explore which lines through the stars SGD visits, under sliders for scale, batch size and step-size."""
    with plt.ioff():
        fig, (left, right) = plt.subplots(1, 2, figsize=(13.5, 6.2))

    def picture(scale: float, batch: float, eta: float) -> Figure:
        landscape, noise = star_cluster(scale, batch=int(batch))
        x = sgd.run(landscape, noise, eta, [[-0.28, 1.35]], steps, rng=np.random.default_rng(seed), keep=steps)[:, 0]
        left.clear()
        right.clear()
        draw_data(left, noise.risk)
        left.set(xlim=(-3.1, 1.3), ylim=(-2.4, 2.6), xlabel="log temperature (standardised)", ylabel="log light (standardised)")
        draw_lines(left, x[:: steps // 100], draw.BLUE, 1.0, 0.3)
        left.set_title(f"lines of one run, {steps} steps")
        draw_surface(right, landscape.value, ((-1.3, -1.1), (1.0, 2.3)), points=81, levels=20)
        right.plot(*x[:: steps // 600].T, ".", ms=3, color=draw.ORANGE)
        right.set_title(f"$c$ = {scale:.2f}, batch {int(batch)}, $\\eta$ = {eta:.2g}")
        return fig

    live(
        picture,
        scale=Slider("scale c", 0.2, 1.0, 0.01, 0.31),
        batch=Slider("batch size", 1.0, 16.0, 1.0, 1.0),
        eta=Slider("step-size η", 0.1, 4.0, 0.1, 2.0),
    )
    plt.close(fig)
