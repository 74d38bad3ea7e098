"""Figures as compressed pictures for the browser: small ones for many frames, quick ones for a moving slider."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

WIDTH, HEIGHT = 1000, 800  # pixels at most: sharp enough on a projector, and quick to decode on every move


def resolution(figure: Figure) -> float:
    """Return the pixels per inch at which the figure just fits."""
    width, height = figure.get_size_inches()
    return float(min(WIDTH / width, HEIGHT / height))


def pixels(figure: Figure) -> Image.Image:
    """Render a figure as large as fits, whatever its own resolution, and leave it as it was."""
    before = figure.dpi
    figure.dpi = resolution(figure)
    try:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return _image(canvas)
    finally:
        figure.dpi = before


def rendered(picture: Figure | Image.Image) -> Image.Image:
    """Render a figure; leave a picture as it is."""
    return pixels(picture) if isinstance(picture, Figure) else picture


def sentence(text: str, size: tuple[int, int]) -> Image.Image:
    """Return a picture of a sentence, for want of another."""
    width, height = size
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    figure.text(0.5, 0.5, textwrap.fill(text, 40), ha="center", va="center", fontsize=26)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return _image(canvas)


class Scene:
    """A figure of which few artists change: all the rest is drawn once.

    Parameters
    ----------
    figure : Figure
    artists : sequence of Artist
        What changes; drawn in this order above the rest.
    """

    def __init__(self, figure: Figure, artists: Sequence[Artist]) -> None:
        self.artists = artists
        for artist in artists:
            artist.set_animated(True)
        self.figure, self.dpi = figure, resolution(figure)
        figure.dpi = self.dpi
        self.canvas = FigureCanvasAgg(figure)
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(figure.bbox)

    def picture(self) -> Image.Image:
        """Return the figure as its artists are now."""
        self.figure.dpi = self.dpi  # pyplot resets it when it closes the figure
        self.canvas.restore_region(self.background)
        for artist in self.artists:
            artist.draw(self.canvas.get_renderer())
        return _image(self.canvas)


def _image(canvas: FigureCanvasAgg) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))


def webp(image: Image.Image) -> bytes:
    """Compress well: for frames, which are rendered once."""
    return _encoded(image, "webp", quality=70, method=4)


def jpeg(image: Image.Image) -> bytes:
    """Compress quickly, colours at full resolution: for pictures computed on every move."""
    return _encoded(image, "jpeg", quality=90, subsampling=0)


def png(image: Image.Image) -> bytes:
    """Compress into 128 colours: for pages that show PNG only."""
    return _encoded(image.quantize(128, dither=Image.Dither.NONE), "png", optimize=True)


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
