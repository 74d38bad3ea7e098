"""Pictures: one style, colour-blind safe and readable from the last row. Nothing is computed but heights to draw."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from longrun.landscapes import Landscape
from longrun.paths import outputs, write_bytes

Array = NDArray[np.float64]
Frame = NDArray[np.uint8]

# Okabe & Ito's palette: distinguishable with every common colour blindness, and on a projector.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GREY, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#7F7F7F", "#000000",
)  # fmt: skip
RUN_COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE)

STYLE: dict[str, Any] = {
    "figure.figsize": (11, 5.5),
    "figure.dpi": 100,
    "savefig.dpi": 130,
    "figure.constrained_layout.use": True,
    "font.size": 15,
    "axes.titlesize": 16,
    "axes.labelsize": 16,
    "legend.fontsize": 13,
    "legend.frameon": False,
    "lines.linewidth": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "longrun",
}
matplotlib.rcParams.update(STYLE)  # type: ignore[arg-type]


def save(fig: Figure, name: str) -> list[str]:
    """Write ``name.png`` and ``name.pdf`` to the output folder, byte for byte the same on every run; return their names."""
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    }
    for kind, fields in metadata.items():
        buffer = io.BytesIO()
        fig.savefig(buffer, format=kind, metadata=fields)
        write_bytes(outputs() / f"{name}.{kind}", buffer.getvalue())
        fig.set_layout_engine("none")  # the layout stands: to find it again for each copy takes longer than to draw it
    return [f"{name}.{kind}" for kind in sorted(metadata)]


def contours(ax: Axes, landscape: Landscape, levels: int = 22, points: int = 301) -> None:
    """Draw level lines of a landscape on the plane, spaced evenly in the square root of the height: wells show, walls do not."""
    if landscape.value is None or landscape.dim != 2:
        raise ValueError(f"landscape = {landscape.name} in dimension {landscape.dim}: an objective on the plane is needed")
    (left, bottom), (right, top) = landscape.box
    u, v = np.meshgrid(np.linspace(left, right, points), np.linspace(bottom, top, points))
    height = landscape.value(np.stack([u, v], axis=-1))
    root = np.sqrt(height - height.min())
    ax.contourf(u, v, root, levels=levels, cmap="Greys", vmax=1.6 * root.max(), zorder=0)
    ax.contour(u, v, root, levels=levels, colors="white", linewidths=0.6, zorder=1)
    ax.set(xlabel="$u$", ylabel="$v$", xlim=(left, right), ylim=(bottom, top), aspect="equal")


class Tails:
    """The last iterates of each run as a comet: a line that fades into the past, and a dot for now.

    Parameters
    ----------
    ax : Axes
    runs : int
        How many runs.
    """

    def __init__(self, ax: Axes, runs: int) -> None:
        self.colours = [RUN_COLOURS[i % len(RUN_COLOURS)] for i in range(runs)]
        self.lines = LineCollection([], linewidths=2.0, zorder=3)
        ax.add_collection(self.lines)
        self.heads = ax.scatter(np.zeros(runs), np.zeros(runs), s=34, c=self.colours, edgecolors="white", linewidths=0.5, zorder=4)

    @property
    def artists(self) -> list[Artist]:
        """What changes from frame to frame."""
        return [self.lines, self.heads]

    def show(self, iterates: Array) -> None:
        """Show iterates (m, runs, 2), oldest first."""
        m, runs, _ = iterates.shape
        segments = np.stack([iterates[:-1], iterates[1:]], axis=2).reshape(-1, 2, 2)
        shade = np.repeat(np.linspace(0.15, 0.9, m - 1), runs) if m > 1 else np.empty(0)
        self.lines.set_segments(list(segments))
        self.lines.set_color([(*to_rgb(self.colours[k % runs]), a) for k, a in enumerate(shade)])
        self.heads.set_offsets(iterates[-1])


def errorbars(ax: Axes, x: ArrayLike, y: ArrayLike, error: ArrayLike, colour: str, label: str, marker: str = "o") -> None:
    """Draw measurements: markers with bars of one standard error."""
    ax.errorbar(x, y, yerror_of(error), fmt=marker, color=colour, ms=9, mec="white", capsize=4, lw=2, label=label, zorder=5)


def yerror_of(error: ArrayLike) -> Array | None:
    """Return the bars to draw, none where all errors vanish."""
    bars = np.asarray(error, dtype=float)
    return bars if np.any(bars > 0) else None


def film(fig: Figure, artists: Sequence[Artist], show: Callable[[Any], None], moments: Iterable[Any]) -> list[Frame]:
    """Render one frame (height, width, 3) per moment: `show(moment)` changes `artists`, all the rest is drawn once."""
    for artist in artists:
        artist.set_animated(True)
    canvas = FigureCanvasAgg(fig)  # the notebook's own canvas goes when the figure has been shown
    canvas.draw()
    background = canvas.copy_from_bbox(fig.bbox)
    frames = []
    for moment in moments:
        show(moment)
        canvas.restore_region(background)
        for artist in artists:
            fig.draw_artist(artist)
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        # even sides, as video codecs want them
        frames.append(np.ascontiguousarray(pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]))
    for artist in artists:
        artist.set_animated(False)
    return frames


def save_mp4(frames: list[Frame], name: str, fps: int = 20) -> str:
    """Write ``name.mp4`` (H.264, one thread and no time stamps: byte for byte the same on every run); return its name."""
    path = outputs() / f"{name}.mp4"
    height, width, _ = frames[0].shape
    if height % 2 or width % 2:
        raise ValueError(f"frames are {width} × {height} pixels: the codec needs even sides, as `film` gives")
    beside = Path(f"{path}.part.mp4")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
               "-s", f"{width}x{height}", "-r", str(fps), "-i", "-", "-c:v", "libx264", "-threads", "1", "-crf", "23",
               "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-fflags", "+bitexact", "-flags:v", "+bitexact",
               "-map_metadata", "-1", str(beside)]  # fmt: skip
    try:
        subprocess.run(command, input=b"".join(f.tobytes() for f in frames), check=True, stderr=subprocess.PIPE)
        write_bytes(path, beside.read_bytes())
    finally:
        beside.unlink(missing_ok=True)
    return path.name


def save_gif(frames: list[Frame], name: str, width: int, fps: int = 12) -> str:
    """Write ``name.gif``, looping, all frames on one palette: greys, and the colours of the runs fading to light grey."""
    images = [Image.fromarray(f) for f in frames]
    size = (width, round(width * images[0].height / images[0].width))
    greys = np.repeat(np.linspace(0, 255, 39), 3)
    runs = np.array([to_rgb(colour) for colour in RUN_COLOURS])[:, None] - 0.93
    fades = 255 * (0.93 + runs * np.array([0.2, 0.4, 0.6, 0.8, 1.0])[:, None])
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([greys, fades.ravel()]).round().astype(int).tolist())
    paletted = [
        image.resize(size, Image.Resampling.LANCZOS).quantize(palette=palette, dither=Image.Dither.NONE) for image in images
    ]
    buffer = io.BytesIO()
    paletted[0].save(buffer, "GIF", save_all=True, append_images=paletted[1:], duration=round(1000 / fps), loop=0, optimize=True)
    write_bytes(outputs() / f"{name}.gif", buffer.getvalue())
    return f"{name}.gif"
