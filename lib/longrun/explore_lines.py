"""The lines through the stars that SGD visits, to be moved: scale of the loss, batch size and η."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from longrun import draw, explore, pictures, sgd
from longrun.draw_lines import draw_data, draw_lines, draw_surface
from longrun.erm import star_cluster


def flickering(steps: int = 3000, seed: int = 1) -> Callable[[float, float, float], Image.Image]:
    """Return the picture of one run, as lines through the data and as points on the loss surface: a function of c, batch, η."""
    fig = Figure(figsize=(13.5, 6.2), layout="none")  # type: ignore[arg-type]
    fig.subplots_adjust(left=0.07, right=0.98, bottom=0.13, top=0.91, wspace=0.18)
    left, right = fig.subplots(1, 2)

    def picture(scale: float, batch: float, eta: float) -> Image.Image:
        landscape, noise = star_cluster(scale, batch=round(batch))
        x = sgd.run(landscape, noise, eta, [[-0.28, 1.35]], steps, rng=np.random.default_rng(seed), keep=steps)[:, 0]
        left.clear()
        right.clear()
        draw_data(left, noise.risk)
        left.set(xlim=(-3.1, 1.3), ylim=(-2.4, 2.6), xlabel="log temperature (standardised)", ylabel="log light (standardised)")
        draw_lines(left, x[:: steps // 100], draw.BLUE, 1.0, 0.3)
        left.set_title(f"lines of one run, {steps} steps")
        draw_surface(right, landscape.value, ((-1.3, -1.1), (1.0, 2.3)), points=61, levels=16)
        right.plot(*x[:: steps // 600].T, ".", ms=3, color=draw.ORANGE)
        right.set_title(f"$c$ = {scale:.2f}, batch {round(batch)}, $\\eta$ = {eta:.2g}")
        return pictures.pixels(fig)

    return picture


def flickering_lines() -> None:
    """Explore, on every move, which lines through the stars one run of SGD visits."""
    explore.live(
        flickering(),
        alt="Lines through the star cluster that one run of SGD visits, and its points on the loss surface.",
        scale=explore.Slider("scale c", 0.2, 1.0, 0.01, 0.31),
        batch=explore.Slider("batch size", 1.0, 16.0, 1.0, 1.0),
        eta=explore.Slider("step-size η", 0.1, 4.0, 0.1, 2.0),
    )
