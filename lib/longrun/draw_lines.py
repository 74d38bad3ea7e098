"""Pictures of lines through points: what the iterates of SGD mean in the plane of the data."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.contour import ContourSet
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from longrun import draw
from longrun.erm import Risk

Array = NDArray[np.float64]


def draw_data(ax: Axes, risk: Risk) -> Line2D:
    """Draw the points (t_i, y_i) of a risk with features (1, t_i), and return them."""
    (points,) = ax.plot(risk.features[:, 1], risk.targets, "o", color=draw.BLACK, ms=7, mec="white", zorder=4)
    return points


def across(ax: Axes, theta: ArrayLike) -> Array:
    """Return the ends, (n, 2, 2), of the lines y = θ₀ + θ₁ t, (n, 2), where the axes end."""
    theta = np.asarray(theta, dtype=float)
    t = np.broadcast_to(ax.get_xlim(), (len(theta), 2))
    return np.stack([t, theta[:, :1] + theta[:, 1:] * t], axis=-1)


def draw_lines(ax: Axes, theta: ArrayLike, colours: str | list[str], widths: ArrayLike, alpha: float = 1.0) -> LineCollection:
    """Draw lines y = θ₀ + θ₁ t, (n, 2), across the axes as they are, and return them."""
    lines = LineCollection(list(across(ax, theta)), colors=colours, linewidths=np.asarray(widths).tolist(), alpha=alpha, zorder=2)
    ax.add_collection(lines, autolim=False)
    return lines


def draw_surface(
    ax: Axes, value: object, box: tuple[ArrayLike, ArrayLike], points: int = 201, levels: int = 26
) -> tuple[ContourSet, ContourSet]:
    """Draw level lines of f(intercept, slope), closest together near its bottom; return areas and lines."""
    (left, bottom), (right, top) = np.asarray(box[0], dtype=float), np.asarray(box[1], dtype=float)
    u, v = np.meshgrid(np.linspace(left, right, points), np.linspace(bottom, top, points))
    height = value(np.stack([u, v], axis=-1))  # type: ignore[operator]
    root = np.sqrt(height - height.min())
    areas = ax.contourf(u, v, root, levels=levels, cmap="Greys", vmax=1.6 * root.max(), zorder=0)
    lines = ax.contour(u, v, root, levels=levels, colors="white", linewidths=0.6, zorder=1)
    ax.set(xlabel="intercept", ylabel="slope", xlim=(left, right), ylim=(bottom, top))
    return areas, lines
