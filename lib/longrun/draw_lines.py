"""Pictures of lines through points: what the iterates of SGD mean in the plane of the data."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import ArrayLike, NDArray

from longrun import draw
from longrun.erm import Risk

Array = NDArray[np.float64]


def draw_data(ax: Axes, risk: Risk) -> None:
    """Draw the points (t_i, y_i) of a risk with features (1, t_i)."""
    ax.plot(risk.features[:, 1], risk.targets, "o", color=draw.BLACK, ms=7, mec="white", zorder=4)


def draw_lines(ax: Axes, theta: ArrayLike, colours: str | list[str], widths: ArrayLike, alpha: float = 1.0) -> None:
    """Draw lines y = θ₀ + θ₁ t, (n, 2), across the axes as they are."""
    theta = np.asarray(theta, dtype=float)
    left, right = ax.get_xlim()
    ends = np.stack([np.full(len(theta), left), theta[:, 0] + theta[:, 1] * left,
                     np.full(len(theta), right), theta[:, 0] + theta[:, 1] * right], axis=-1)  # fmt: skip
    ax.add_collection(LineCollection(list(ends.reshape(-1, 2, 2)), colors=colours, linewidths=np.asarray(widths).tolist(),
                                     alpha=alpha, zorder=2), autolim=False)  # fmt: skip


def draw_surface(ax: Axes, value: object, box: tuple[ArrayLike, ArrayLike], points: int = 201, levels: int = 26) -> None:
    """Draw level lines of f(intercept, slope), closest together near its bottom."""
    (left, bottom), (right, top) = np.asarray(box[0], dtype=float), np.asarray(box[1], dtype=float)
    u, v = np.meshgrid(np.linspace(left, right, points), np.linspace(bottom, top, points))
    height = value(np.stack([u, v], axis=-1))  # type: ignore[operator]
    root = np.sqrt(height - height.min())
    ax.contourf(u, v, root, levels=levels, cmap="Greys", vmax=1.6 * root.max(), zorder=0)
    ax.contour(u, v, root, levels=levels, colors="white", linewidths=0.6, zorder=1)
    ax.set(xlabel="intercept", ylabel="slope", xlim=(left, right), ylim=(bottom, top))
