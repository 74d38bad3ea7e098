"""Pictures of laws over landscapes: the talk's wireframe with the distribution in blue, and the same seen from above."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import ArrayLike, NDArray

from longrun import draw
from longrun.landscapes import Landscape
from longrun.law import Law

Array = NDArray[np.float64]

BLUES = LinearSegmentedColormap.from_list("blues", [(*(0.0, 0.447, 0.698), a) for a in (0.0, 0.55, 0.8, 1.0)])


def histogram(x: Array, half: float, bins: int) -> tuple[Array, Array]:
    """Return the edges, and the share of the points (n, 2) in each square of [−half, half]² per unit of area."""
    edges = np.linspace(-half, half, bins + 1)
    count = np.histogram2d(x[:, 0], x[:, 1], bins=(edges, edges))[0]
    return edges, count / (len(x) * (edges[1] - edges[0]) ** 2)


def draw_wireframe(ax: Any, landscape: Landscape, density: Array, edges: Array, top: float) -> None:
    """Draw f below height `top` as a wireframe, and under it, to its own scale, a density on squares in blue (3-D axes)."""
    value = landscape.value
    if value is None:
        raise ValueError(f"landscape = {landscape.name}: an objective is needed")
    line = np.linspace(edges[0], edges[-1], 61)
    u, v = np.meshgrid(line, line, indexing="ij")
    f = value(np.stack([u, v], axis=-1))
    ax.plot_wireframe(u, v, np.where(f <= top, f, np.nan), rstride=1, cstride=1, color=draw.GREY, lw=0.5, alpha=0.7)
    floor = -1.1 * top
    i, j = np.nonzero(density)
    width = edges[1] - edges[0]
    bars = 0.85 * top * density[i, j] / density.max()
    ax.bar3d(edges[i], edges[j], floor, width, width, bars, color=draw.BLUE, shade=True, lw=0)
    ax.set(xlim=(edges[0], edges[-1]), ylim=(edges[0], edges[-1]), zlim=(floor, top), xlabel="$u$", ylabel="$v$")
    ax.set_zticks([0, top / 2, top])
    ax.set_zlabel("height $f$", labelpad=8)
    ax.view_init(elev=24, azim=-58)


def draw_from_above(ax: Axes, landscape: Landscape, density: Array, edges: Array) -> None:
    """Draw level lines of f and the density on squares in blue."""
    draw.contours(ax, landscape)
    ax.pcolormesh(edges, edges, density.T, cmap=BLUES, zorder=2, vmin=0, vmax=density.max())
    ax.set(xlim=(edges[0], edges[-1]), ylim=(edges[0], edges[-1]))


def draw_mass(ax: Axes, law: Law, shares: tuple[float, ...], colour: str) -> None:
    """Draw the level lines of a law on the plane that hold these shares of its mass, in increasing order."""
    sizes = np.sort(law.mass.ravel())[::-1]
    levels = [sizes[np.searchsorted(np.cumsum(sizes), share)] for share in sorted(shares, reverse=True)]
    ax.contour(*law.axes, law.mass.T, levels=levels, colors=colour, linewidths=2.0, zorder=3)


def draw_weights(ax: Axes, labels: list[str], shares: dict[str, tuple[ArrayLike, str]]) -> None:
    """Draw groups of bars, one group per well and one bar per name; values are (shares, colour)."""
    where, width = np.arange(len(labels)), 0.84 / len(shares)
    for k, (name, (share, colour)) in enumerate(shares.items()):
        ax.bar(where + (k - (len(shares) - 1) / 2) * width, np.asarray(share), 0.92 * width, color=colour, label=name)
    ax.set_xticks(where, labels)
    ax.set_ylabel("share of the runs")
