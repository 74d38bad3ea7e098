"""Solving μ = μP: on a line by elimination, in the plane by aggregation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from longrun.aggregation import VISIBLE, Balance, peaks, settle
from longrun.cells import Cells
from longrun.elimination import band_stationary
from longrun.kernel import Kernel, SparseKernel, TiledKernel
from longrun.landscapes import Landscape
from longrun.noise import Noise
from longrun.steps import Steps

Array = NDArray[np.float64]

_POWER = 300  # steps of the bare chain where no first guess is known


def kernel(landscape: Landscape, noise: Noise, eta: float, cells: Cells) -> Kernel:
    """Return the transition kernel between the cells, after checking that the grid resolves the noise."""
    steps = Steps.of(landscape, noise, eta, cells.points, cells.spacing)
    if steps.law.sigma is not None and cells.spacing > 1.001 * eta * float(steps.law.sigma.min()):
        least = eta * float(steps.law.sigma.min())
        raise ValueError(f"axes: spacing {cells.spacing:.3g} does not resolve eta·sigma = {least:.3g}; half of that is needed")
    if np.max(steps.added) >= 1 and steps.law.density:
        raise ValueError(
            f"axes: spacing {cells.spacing:.3g} is wider than the noise of eta = {eta:g}; a quarter of its deviation is needed"
        )
    smeared = steps.law.sigma is not None or steps.law.density is not None
    return (TiledKernel if smeared and len(cells.axes) == 2 else SparseKernel)(steps, cells)


def on_line(chain: SparseKernel) -> Array:
    """Return the invariant law of a chain on a line."""
    members = chain.recurrent()
    mass = np.zeros(len(members))
    mass[members] = band_stationary(chain.band(members))
    return mass


def in_plane(
    build: Callable[[Cells], Kernel], cells: Cells, guess: Array | None, tol: float, nested: bool
) -> tuple[Kernel, Array, float]:
    """Return the kernel in the plane, its invariant law, and the relative imbalance of the flows between wells.

    `nested`: start from the law on every second point of each axis. For Gaussian noise one step of the fine chain carries it
    to the fine grid, with the error of the trapezoidal rule.
    """
    chain = build(cells)
    members = chain.recurrent() if isinstance(chain, SparseKernel) else np.ones(len(cells.number), dtype=bool)
    if nested:
        half, chosen = cells.every_second()
        _, rough, _ = in_plane(build, half, None if guess is None else guess[chosen], tol, nested=False)
        start = np.zeros(len(cells.number))
        start[chosen] = rough
        start = chain.push(start)
    elif guess is None:
        start = np.where(members, 1 / members.sum(), 0.0)
        for _ in range(_POWER):
            start = chain.push(start)
    else:
        start = np.where(members, guess, 0.0)
    labels = peaks(cells.on_grid(start)).ravel()[cells.number]
    balance = Balance(chain.pull, labels)

    def step(part: Array) -> Array:
        mass = np.zeros(len(members))
        mass[members] = part
        image = chain.push(balance(mass))[members]
        return image / image.sum()

    mass = np.zeros(len(members))
    mass[members], _ = settle(step, start[members], tol / 4)
    mass /= mass.sum()
    placed = members & (labels >= 0)  # where the first guess has underflowed there is no peak to belong to
    seen = np.bincount(labels[placed], mass[placed]) >= VISIBLE
    return chain, mass, float(np.abs(balance.factors(mass) - 1)[seen].max())


def change(chain: Kernel, mass: Array) -> float:
    """Return how far the mass is from invariant: the larger of ‖μP − μ‖₁ and |μP/μ − 1| over masses ≥ 1e-30."""
    image = chain.push(mass)
    seen = mass >= VISIBLE
    return float(max(np.abs(image - mass).sum(), np.abs(image[seen] / mass[seen] - 1).max()))
