"""Pictures of transitions: paths of least action, cost matrices, trees."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from longrun import draw
from longrun.critical import CriticalPoint
from longrun.energy import Transitions

Array = NDArray[np.float64]

BEND = 0.35  # of the edges that cost something: a straight one would hide the saddle that it passes
MARKERS = {0: ("o", draw.BLUE), 1: ("X", draw.ORANGE), 2: ("^", draw.RED)}


def names(points: Sequence[CriticalPoint]) -> list[str]:
    """Return m1, m2, … for minima, s1, … for saddles, M1, … for maxima, in the order of `points`."""
    counts = {"m": 0, "s": 0, "M": 0}
    labels = []
    for point in points:
        kind = "m" if point.index == 0 else "M" if point.index == len(point.x) else "s"
        counts[kind] += 1
        labels.append(f"{kind}{counts[kind]}")
    return labels


def draw_points(ax: Axes, points: Sequence[CriticalPoint], label: bool = True) -> None:
    """Mark critical points of a plane: minima, saddles, maxima."""
    for point, name in zip(points, names(points), strict=True):
        marker, colour = MARKERS[point.index]
        ax.plot(*point.x, marker, color=colour, ms=11, mec="white", mew=1, zorder=6)
        if label:
            ax.annotate(name, (point.x[0], point.x[1]), (8, 7), textcoords="offset points", fontsize=14, weight="bold", zorder=7)


def draw_climbs(ax: Axes, costs: Transitions, points: Sequence[CriticalPoint], colour: str, label: str, style: str = "-") -> None:
    """Draw the direct ways from minima up to saddles."""
    for (i, j), way in costs.edges.items():
        if points[i].index == 0 and points[j].index == 1 and len(way.path):
            ax.plot(*way.path.T, style, color=colour, label=label, zorder=4)
            label = "_"


def draw_levels(ax: Axes, costs: Transitions, points: Sequence[CriticalPoint], level: Array) -> None:
    """Draw the energies `level` (p,) of all points: minima from left to right, saddles and maxima above those they fall to."""
    minima = sorted((i for i, point in enumerate(points) if point.index == 0), key=lambda i: points[i].x[0])
    where = dict(zip(minima, np.linspace(0, 1, len(minima)), strict=True))
    for i, (point, label) in enumerate(zip(points, names(points), strict=True)):
        falls = [j for k, j in costs.edges if k == i and j in minima and costs.costs[i, j] < 1e-9]
        if point.index > 0:  # a maximum of the plane beside the saddle that has the same two wells below it
            where[i] = float(np.mean([where[j] for j in falls] or [0.5])) + 0.18 * (point.index - 1)
        for j in falls:
            ax.plot([where[i], where[j]], level[[i, j]], color=draw.GREY, lw=1, zorder=1)
        marker, colour = MARKERS[2 if label[0] == "M" else point.index]
        ax.plot(where[i], level[i], marker, color=colour, ms=15, mec="white", zorder=3)
        low = point.index == 0
        ax.annotate(
            label,
            (where[i], level[i]),
            (0, -12 if low else 11),
            textcoords="offset points",
            ha="center",
            va="top" if low else "bottom",
        )
    ax.set(xticks=[], xlim=(-0.15, 1.15))
    ax.margins(y=0.12)


def draw_matrix(ax: Axes, costs: Array, labels: list[str]) -> None:
    """Write a matrix of costs into coloured cells, rows: from, columns: to."""
    finite = np.where(np.isfinite(costs), costs, np.nan)
    ax.imshow(np.sqrt(finite), cmap="Blues", vmin=0, vmax=1.3 * np.sqrt(np.nanmax(finite)))
    for i, j in np.ndindex(costs.shape):
        cost = costs[i, j]
        text = "∞" if np.isinf(cost) else "0" if abs(cost) < 0.05 else f"{cost:.0f}" if cost >= 100 else f"{cost:.1f}"
        ax.text(j, i, text, ha="center", va="center", fontsize=12)
    ax.set_xticks(range(len(labels)), labels)
    ax.set_yticks(range(len(labels)), labels)
    ax.set(xlabel="to", ylabel="from")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def draw_tree(ax: Axes, tree: nx.DiGraph, points: Sequence[CriticalPoint], scale: float) -> None:
    """Draw a tree that points to its root on the plane of its points; edges carry their costs, free ones are thin.

    Parameters
    ----------
    ax : Axes
    tree : networkx.DiGraph
        From `trees.best_tree`.
    points : list of CriticalPoint
    scale : float
        What costs are multiplied with before they are written.
    """
    position = {i: tuple(point.x) for i, point in enumerate(points)}
    paid = [(j, k) for j, k, cost in tree.edges(data="cost") if cost * scale > 0.05]
    free = [edge for edge in tree.edges if edge not in paid]
    colours = [draw.GREEN if i == tree.graph["root"] else MARKERS[points[i].index][1] for i in tree]
    nx.draw_networkx_nodes(tree, position, ax=ax, node_color=colours, node_size=620, edgecolors="white")
    nx.draw_networkx_labels(
        tree, position, dict(enumerate(names(points))), ax=ax, font_size=12, font_color="white", font_weight="bold"
    )
    nx.draw_networkx_edges(tree, position, free, ax=ax, width=1.3, edge_color=draw.GREY, node_size=620, arrowsize=16)
    nx.draw_networkx_edges(tree, position, paid, ax=ax, width=3, edge_color=draw.RED, node_size=620, arrowsize=20,
                           connectionstyle=f"arc3,rad={BEND}")  # fmt: skip
    for j, k in paid:
        start, end = np.array(position[j]), np.array(position[k])
        u, v = (start + end) / 2 + 0.62 * BEND * np.array([[0, 1], [-1, 0]]) @ (end - start)
        ax.text(u, v, f"{tree.edges[j, k]['cost'] * scale:.1f}", fontsize=14, ha="center", va="center", zorder=8,
                bbox=dict(facecolor="white", edgecolor="none", alpha=0.85, pad=1.5))  # fmt: skip


def label_points(ax: Axes, labels: Sequence[str], x: Array, y: Array) -> None:
    """Write labels beside points of logarithmic axes; points on top of each other share one."""
    place = np.log10(np.stack([x, y], axis=1) + 1)
    shared: dict[int, list[str]] = {}
    for i, label in enumerate(labels):
        near = next((k for k in shared if np.abs(place[k] - place[i]).max() < 0.06), i)
        shared.setdefault(near, []).append(label)
    for i, group in shared.items():
        ax.annotate(", ".join(group), (float(x[i]), float(y[i])), (-8, 8), textcoords="offset points", ha="right", fontsize=14)
