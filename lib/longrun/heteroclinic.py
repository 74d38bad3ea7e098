"""Which critical points the noiseless flow connects, and along which lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longrun.critical import CriticalPoint
from longrun.errors import NotConverged
from longrun.flow import settle, trap_radius
from longrun.landscapes import Landscape

Array = NDArray[np.float64]


def falls(landscape: Landscape, points: Sequence[CriticalPoint], minima: list[int]) -> list[tuple[int, int, Array]]:
    """Return (from, to, path) for lines of the flow that leave critical points: to minima, and in a plane to saddles."""
    x = np.array([point.x for point in points])
    lower, upper = landscape.box
    near = 1e-5 * float(np.linalg.norm(upper - lower))
    owner, starts = [], []
    for i, point in enumerate(points):
        if point.index > 0:
            directions = _leaving(landscape.hess(point.x), point.index, unstable=True)
            owner += [i] * len(directions)
            starts += [point.x + near * direction for direction in directions]
    if not starts:
        return []
    labels, paths = settle(landscape, np.array(starts), x[minima], trap_radius(landscape, x[minima]))
    found = []
    for i, label, path in zip(owner, labels, paths, strict=True):
        if label < 0 and points[i].index == 1:
            raise NotConverged(f"the flow from the saddle x = {x[i]} reaches none of the minima given", np.inf)
        if label >= 0:
            found.append((i, minima[label], np.vstack([x[i], path])))
    return found + _falls_to_saddles(landscape, points, near)


def _falls_to_saddles(landscape: Landscape, points: Sequence[CriticalPoint], near: float) -> list[tuple[int, int, Array]]:
    """Follow the flow backwards out of points whose stable manifold is a line (index d − 1 > 0), up to the maxima."""
    dim = landscape.dim
    tops = [i for i, point in enumerate(points) if point.index == dim]
    sides = [(i, sign) for i, point in enumerate(points) if point.index == dim - 1 > 0 for sign in (1, -1)]
    if not tops or not sides:
        return []
    x = np.array([point.x for point in points])
    starts = [x[i] + sign * near * _leaving(landscape.hess(x[i]), dim - 1, unstable=False)[0] for i, sign in sides]
    labels, paths = settle(landscape, np.array(starts), x[tops], trap_radius(landscape, x[tops]), sign=1.0, max_steps=1000)
    return [
        (tops[label], i, np.vstack([x[i], path])[::-1])
        for (i, _), label, path in zip(sides, labels, paths, strict=True)
        if label >= 0
    ]


def _leaving(jacobian: Array, index: int, unstable: bool) -> list[Array]:
    """Return unit vectors of the (un)stable subspace of −J: ± the line, else a sample of its sphere."""
    value, vector = np.linalg.eig(jacobian)
    order = np.argsort(value.real)
    chosen = order[:index] if unstable else order[index:]
    span = np.linalg.svd(np.concatenate([vector[:, chosen].real, vector[:, chosen].imag], axis=1))[0][:, : len(chosen)]
    if span.shape[1] == 1:
        return [span[:, 0], -span[:, 0]]
    if span.shape[1] == 2:
        angle = np.arange(48) * (2 * np.pi / 48)
        sphere = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    else:
        sphere = np.random.default_rng(0).normal(size=(64 * span.shape[1], span.shape[1]))
        sphere /= np.linalg.norm(sphere, axis=-1, keepdims=True)
    return list(sphere @ span.T)
