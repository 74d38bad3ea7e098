"""One dimension: the path is the segment, and its cost an integral (E′ = s, the root of log E exp(−sZ) = s f′)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from longrun.curve import Curve
from longrun.errors import NotConverged
from longrun.hamiltonian import push
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.search import Solution, blocked, joined, kind

Array = NDArray[np.float64]


def line(landscape: Landscape, noise: Noise, a: Array, z: Array, tol: float, starts: list[Array], max_modes: int) -> Solution:
    """One dimension: the path is the segment, the cost an integral, split at the zeros of the drift."""
    x = np.linspace(a[0], z[0], 2001)
    field = landscape.grad(x[:, None])[:, 0]
    crossings = np.flatnonzero(field[1:-2] * field[2:-1] < 0) + 1
    zeros = [brentq(lambda s: float(landscape.grad(np.array([s]))[0]), x[k], x[k + 1], xtol=1e-15) for k in crossings]
    zeros += list(x[1:-1][field[1:-1] == 0])
    ends = [a[0], *sorted(zeros, reverse=bool(z[0] < a[0])), z[0]]
    return joined([_segment(landscape, noise, np.array([s]), np.array([t]), tol) for s, t in pairwise(ends)])


def _segment(landscape: Landscape, noise: Noise, a: Array, z: Array, tol: float) -> Solution:
    """Integrate ℓ over a segment without zeros of the drift inside, doubling the number of Gauss nodes."""
    before, modes = np.inf, 1
    size = float(np.linalg.norm(z - a))
    kinds = (kind(landscape, a, size), kind(landscape, z, size))
    for count in (16, 32, 64, 128, 256, 512, 1024, 2048):
        node, weight = np.polynomial.legendre.leggauss(count)
        x, v = a + (node[:, None] + 1) / 2 * (z - a), np.broadcast_to((z - a) / 2, (count, 1))
        drift = -landscape.grad(x)
        way = push(noise, x, drift, v)
        if np.any(np.isinf(way.cost)):
            k = int(np.argmax(np.isinf(way.cost)))
            return Solution(np.inf, 1.0, 0.0, [], blocked(noise, x[k], drift[k], way.momentum[k]))
        if np.all(np.isfinite(way.cost)):
            cost, modes = float(weight @ way.cost), count
            variance = noise.cov(x)[:, 0, 0]
            scale = float(weight @ np.maximum(2 * np.abs(drift * v)[:, 0] / variance, way.cost))
            change, before = abs(cost - before), cost
            if change <= 1e-3 * tol * max(cost, 1e-2 * scale) or change <= 1e-14 * scale:
                break
    else:
        raise NotConverged(f"cost from {a} to {z} with {modes} nodes", np.inf if not np.isfinite(before) else change / scale)
    curve = Curve(a, z, np.zeros((1, 1)), kinds, None, cost, scale, 0.0, 0.0, way.momentum, 0.0)
    return Solution(cost, scale, change, [curve])
