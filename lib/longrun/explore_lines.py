"""The lines through the stars that SGD visits, to be moved: scale of the loss, batch size and η."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from PIL import Image

from longrun import draw, explore, pictures, sgd
from longrun.draw_lines import across, draw_data, draw_lines, draw_surface
from longrun.erm import star_cluster


def flickering(steps: int = 2000, seed: int = 1) -> Callable[[float, float, float], Image.Image]:
    """Return the picture of one run, as lines through the data and as points on the loss surface: a function of c, batch, η."""
    fig = Figure(figsize=(13.5, 6.2), layout="none")  # type: ignore[arg-type]
    fig.subplots_adjust(left=0.07, right=0.98, bottom=0.13, top=0.91, wspace=0.18)
    left, right = fig.subplots(1, 2)
    start, box = [[-0.28, 1.35]], ((-1.3, -1.1), (1.0, 2.3))
    points = draw_data(left, star_cluster(1.0)[1].risk)
    left.set(xlim=(-3.1, 1.3), ylim=(-2.4, 2.6), xlabel="log temperature (standardised)", ylabel="log light (standardised)")
    lines = draw_lines(left, np.zeros((100, 2)), draw.BLUE, 1.0, 0.3)
    left.set_title(f"lines of one run, {steps} steps")
    right.set(xlim=(-1.3, 1.0), ylim=(-1.1, 2.3), xlabel="intercept", ylabel="slope")
    title = right.set_title("")
    (iterates,) = right.plot([], [], ".", ms=3, color=draw.ORANGE)
    scene = pictures.Scene(fig, [lines, points, iterates, title])
    surface: dict[float, list[Artist]] = {}  # of the scale that is shown

    def picture(scale: float, batch: float, eta: float) -> Image.Image:
        landscape, noise = star_cluster(scale, batch=round(batch))
        x = sgd.run(landscape, noise, eta, start, steps, rng=np.random.default_rng(seed), keep=steps)[:, 0]
        lines.set_segments(list(across(left, x[:: steps // 100])))
        iterates.set_data(*x[:: steps // 600].T)
        title.set_text(f"$c$ = {scale:.2f}, batch {round(batch)}, $\\eta$ = {eta:.2g}")
        if scale not in surface:
            for artist in surface.popitem()[1] if surface else []:
                artist.remove()
            surface[scale] = list(draw_surface(right, landscape.value, box, points=61, levels=16))
        frame = [right.spines["left"], right.spines["bottom"]]
        scene.artists = [lines, points, *surface[scale], *frame, iterates, title]
        return scene.picture()

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
