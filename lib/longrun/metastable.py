"""The slow part of SGD's long run: rates between wells, and the eigenvalues of the kernel next to 1.

Slide "main idea of the proof": watched on the critical components only, SGD is a chain on few states. Here it is the exact
kernel that is watched, on a core around the top of each well; what remains of the slides' e^{−B/η} are the prefactors too.
"""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import numpy as np
from numpy.typing import NDArray

from longrun.aggregation import settle
from longrun.errors import NotConverged
from longrun.law import Law
from longrun.threads import one_thread

Array = NDArray[np.float64]

_DIGITS = 80  # eigenvalues may differ by forty decades
_NOWHERE = 1e-30  # committors are not resolved below
_CORE = 0.5  # cores are the cells of a well with at least this share of its top density


@dataclass(frozen=True, eq=False)
class SlowChain:
    """The chain of wells.

    Attributes
    ----------
    tops : array (p, d)
        Where the law of each well has its top.
    weight : array (p,)
        Share of time in which the core visited last is this one.
    rates : array (p, p)
        Probability per step to pass from the core visited last to another; zero diagonal. Mean time to leave i: 1/Σ_j rates_ij.
    relaxation : array (p − 1,)
        1 − λ for the eigenvalues λ of the kernel next to 1, the slowest first.
    committors : array (p, n1) or (p, n1, n2)
        Probability that the chain from a cell reaches the core of this well before any other; zero off the law's cells.
    """

    tops: Array
    weight: Array
    rates: Array
    relaxation: Array
    committors: Array


@one_thread
def slow_chain(law: Law, tol: float = 1e-7) -> SlowChain:
    """Coarse-grain the exact chain to its wells.

    Rates are sums of positive terms μ(x) (Pq)(x) over cores, with the committors q solved for in logarithms: they are right in
    relative terms however small. As eigenvalues they are right up to relative O(time in a well / time to leave it).

    Parameters
    ----------
    law : Law
    tol : float
        Relative accuracy of the committors.

    Raises
    ------
    NotConverged
        If a committor does not reach `tol`.
    """
    number = law.cells.number
    mass, well = law.mass.ravel()[number], law.wells.ravel()[number]
    count = int(well.max()) + 1
    top = np.array([np.flatnonzero(well == k)[np.argmax(mass[well == k])] for k in range(count)])
    core = np.where(mass >= _CORE * mass[top][well], well, -1)
    reach = np.stack([_committor(law, core, well, k, tol) for k in range(count)])
    weight = reach @ mass
    flow = np.array([[mass[core == i] @ law.chain.pull(reach[j])[core == i] for j in range(count)] for i in range(count)])
    np.fill_diagonal(flow, 0.0)
    rates = flow / weight[:, None]
    return SlowChain(
        tops=law.cells.points[top],
        weight=weight / weight.sum(),
        rates=rates,
        relaxation=_relaxation(rates),
        committors=np.stack([law.cells.on_grid(q) for q in reach]),
    )


def _committor(law: Law, core: NDArray[np.intp], well: NDArray[np.intp], k: int, tol: float) -> Array:
    """Solve q = Pq off the cores, q = 1 on core k and 0 on the others."""
    free = core < 0
    fixed = (core == k).astype(float)
    if not np.any((core >= 0) & (core != k)):
        return np.ones(len(core))

    def step(part: Array) -> Array:
        q = fixed.copy()
        q[free] = part
        return law.chain.pull(q)[free]

    start = np.where(well == k, 1.0, _NOWHERE)[
        free
    ]  # from below: what is too large decays slowly, what is too small is filled at once
    part, change = settle(step, start, tol, floor=_NOWHERE / 10)
    if not change <= tol:
        raise NotConverged(f"committor of the well at {law.cells.points[np.argmax(fixed)]}", change)
    q = fixed.copy()
    q[free] = part
    return q


def _relaxation(rates: Array) -> Array:
    """Return the nonzero eigenvalues of −(generator with these rates), increasing; real parts if they are complex."""
    with mpmath.workdps(_DIGITS):
        generator = mpmath.matrix(rates.tolist())
        for i in range(len(rates)):
            generator[i, i] = -mpmath.fsum(generator[i, j] for j in range(len(rates)) if j != i)
        values = sorted(float(-mpmath.re(value)) for value in mpmath.eig(generator, left=False, right=False))
    return np.array(values[1:])
