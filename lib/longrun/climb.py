"""The stages of a rare escape: runs of SGD from one level of a coordinate to the next, or back (see `splitting`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longrun.ensemble import iterates
from longrun.errors import NotConverged
from longrun.landscapes import Landscape
from longrun.noise import Noise

Array = NDArray[np.float64]
Coordinate = Callable[[Array], Array]

_BLOCK = 32  # steps between two looks at which runs have ended
_SHARE = 0.25  # of the runs that should pass from one level to the next


@dataclass
class Climb:
    """SGD on its way out of A = {coordinate < low}: how often it comes out, and how far it gets before it is back."""

    landscape: Landscape
    noise: Noise
    eta: float
    coordinate: Coordinate
    low: float
    rng: np.random.Generator
    most_steps: int

    def _iterates(self, x: Array, steps: int) -> Iterator[tuple[int, Array]]:
        seed = np.random.SeedSequence([int(word) for word in self.rng.integers(2**32, size=8)])
        return iterates(self.landscape, self.noise, self.eta, x, seed, steps, min(steps, _BLOCK))

    def flux(self, x: Array, steps: int, bounds: tuple[float, float], replicas: int) -> tuple[Array, list[Array]]:
        """How often per step runs come out of A, and where, in each replica; a run that has left for good counts no longer."""
        inside, alive = np.zeros(len(x), dtype=bool), np.ones(len(x), dtype=bool)
        owner = np.arange(len(x)) * replicas // len(x)
        time, found, whose = np.zeros(replicas), [x[:0]], [owner[:0]]
        for t, y in self._iterates(x, steps):
            c = self.coordinate(y)
            if t > steps // 2:
                out = alive & inside & (c >= self.low)
                time += np.bincount(owner[alive], minlength=replicas)
                found.append(y[out])
                whose.append(owner[out])
            inside = c < self.low
            alive &= (c >= bounds[0]) & (c < bounds[1])
        points, owners = np.concatenate(found), np.concatenate(whose)
        counts = np.bincount(owners, minlength=replicas)
        if not counts.all():
            raise NotConverged(f"SGD at eta = {self.eta:g} did not come out of coordinate < {self.low:g} in {steps} steps", np.inf)
        return counts / time, [points[owners == k] for k in range(replicas)]

    def climb(self, x: Array, level: float) -> tuple[Array, Array, Array]:
        """Run until `level` or back in A: every run's largest coordinate, the points that reached the level, and whose they are."""
        peak = self.coordinate(x)
        done = peak >= level
        reached, origin, who, spent = [x[done]], [np.flatnonzero(done)], np.flatnonzero(~done), 0
        x = x[who]
        while len(x) and spent < self.most_steps:
            going = np.ones(len(x), dtype=bool)
            for _, y in self._iterates(x, _BLOCK):
                c = self.coordinate(y)
                peak[who[going]] = np.maximum(peak[who], c)[going]
                up = going & (c >= level)
                if up.any():
                    reached.append(y[up])
                    origin.append(who[up])
                going &= (c >= self.low) & (c < level)
            x, who, spent = y[going].copy(), who[going], spent + _BLOCK
        if len(x):
            raise NotConverged(
                f"{len(x)} runs at eta = {self.eta:g} neither came back nor went on in {self.most_steps} steps", np.inf
            )
        return peak, np.concatenate(reached), np.concatenate(origin)

    def pick(self, points: Array, runs: int) -> Array:
        return points[self.rng.integers(len(points), size=runs)]

    def levels(self, points: Array, high: float, runs: int) -> Array:
        """Place levels such that a quarter of the runs should pass from each to the next."""
        levels = [self.low]
        while levels[-1] < high:
            peak, _, _ = self.climb(self.pick(points, runs), high)
            level = min(float(np.quantile(peak, 1 - _SHARE)), high)
            if level <= levels[-1]:  # most runs start where a long jump has taken them, beyond what the rest reach
                beyond = peak[peak > levels[-1]]
                if not len(beyond):
                    raise NotConverged(f"no run at eta = {self.eta:g} came beyond coordinate {level:g}; more runs", np.inf)
                level = min(float(np.median(beyond)), high)
            levels.append(level)
            _, points, _ = self.climb(self.pick(points, runs), level)
        return np.array(levels)

    def rates(self, x: Array, steps: int, floor: float, levels: Array, runs: int, replicas: int) -> Array:
        """Flux out of A times the shares of runs that pass from level to level, in each replica."""
        rates, points = self.flux(x, steps, (floor, levels[-1]), replicas)
        for level in levels[1:]:
            going = [k for k in range(replicas) if len(points[k])]  # the others have rate 0 already
            if not going:
                break
            _, reached, origin = self.climb(np.concatenate([self.pick(points[k], runs) for k in going]), level)
            for place, k in enumerate(going):
                points[k] = reached[origin // runs == place]
                rates[k] *= len(points[k]) / runs
        return rates
