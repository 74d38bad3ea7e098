"""Time of the exact invariant law, beside general solvers for the same kernel, with the digits that rare masses keep.

    python benchmarks/bench_law.py --table law.md

The reference for errors on a line is dense elimination without subtraction.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import identity, linalg

from longrun.chain import stationary
from longrun.landscapes import double_well, tilted_himmelblau
from longrun.law import invariant_law
from longrun.noise import Gaussian, Rademacher, Uniform
from longrun.threads import one_thread

Array = NDArray[np.float64]


def timed(call: Callable[[], object], repeats: int) -> tuple[float, object]:
    """Return the median time of some calls in seconds, and the last result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), result


def positive(vector: Array) -> Array:
    real = np.real(np.ravel(vector))
    return real / real.sum()


def power(push: Callable[[Array], Array], start: Array, seconds: float) -> Array:
    """Iterate for a given time."""
    mass, end = start / start.sum(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        mass = push(mass)
    return mass


def line(eta: float) -> list[str]:
    """Return rows of the table for the double well: the share of the higher well, about e^{−0.4/η}, is the hard part."""
    landscape, noise = double_well(0.1), Gaussian(1.0)
    ours_time, law = timed(lambda: invariant_law(landscape, noise, eta), 9)
    matrix = law.chain.matrix.tocsc()
    n, x = matrix.shape[0], law.axes[0]
    reference = stationary(matrix.toarray())
    transposed = matrix.T.tocsc()

    def null_vector() -> Array:
        system = (identity(n, format="csc") - transposed).tolil()
        system[0] = np.ones(n)
        return linalg.spsolve(system.tocsc(), np.eye(n)[0])

    def dense() -> Array:
        values, vectors = np.linalg.eig(transposed.toarray())
        return positive(vectors[:, np.argmax(values.real)])

    start = np.exp(-2 * landscape.value(law.points) / eta)
    solvers: dict[str, tuple[float, Array]] = {"invariant_law (grid, kernel and solution)": (ours_time, law.mass)}
    for name, call in {
        **({"numpy.linalg.eig": dense} if n < 300 else {}),
        "scipy eigs (ARPACK)": lambda: positive(linalg.eigs(transposed, k=1, which="LM")[1]),
        "scipy spsolve, a row replaced": null_vector,
    }.items():
        seconds, mass = timed(call, 1 if name.startswith("numpy") else 3)
        solvers[name] = (seconds, np.asarray(mass))
    solvers["power iteration, 100 times as long"] = (100 * ours_time, power(lambda m: transposed @ m, start, 100 * ours_time))
    rows = []
    left, rare = x < -0.2, (reference < 1e-20) & (reference > 1e-200)
    for name, (seconds, mass) in solvers.items():
        well = abs(mass[left].sum() / reference[left].sum() - 1)
        worst = np.abs(mass[rare] / reference[rare] - 1).max()
        rows.append(f"| {eta:g} | {n} | {name} | {1e3 * seconds:.1f} | {reference[left].sum():.1e} | {well:.0e} | {worst:.0e} |")
    return rows


def plane(eta: float, noise: object, tilt: float, repeats: int) -> str:
    """Return a row of the table for Himmelblau's function."""
    seconds, law = timed(lambda: invariant_law(tilted_himmelblau(tilt), noise, eta), repeats)
    spacing = law.axes[0][1] - law.axes[0][0]
    share = np.array([law.mass[law.wells == k].sum() for k in range(law.wells.max() + 1)])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    deviation = eta * np.sqrt(noise.cov(np.zeros(2))[0, 0])
    return (
        f"| {noise!r} | {tilt:g} | {eta:g} | {law.mass.shape[0]}² | {spacing / deviation:.2f} | {len(law.cells.number)} | "
        f"{seconds:.2f} | {law.residual:.0e} | {share.min():.0e} | {memory:.2f} |"
    )


def arpack(eta: float) -> str:
    """Return what ARPACK makes of the plane's kernel, given as products."""
    law = invariant_law(tilted_himmelblau(10.0), Gaussian(30.0), eta)
    n = len(law.cells.number)
    operator = linalg.LinearOperator((n, n), matvec=law.chain.push)
    seconds, mass = timed(one_thread(lambda: positive(linalg.eigs(operator, k=4, which="LM")[1][:, 0])), 1)
    share = np.array([law.mass[law.wells == k].sum() for k in range(4)])
    wells = law.wells.ravel()[law.cells.number]
    found = np.array([np.asarray(mass)[wells == k].sum() for k in range(4)])
    shares = ", ".join(f"{value:.1e}" for value in share)
    wrong = ", ".join(f"{value:.1e}" for value in found)
    return f"At η = {eta:g} (Gaussian, tilt 10) ARPACK takes {seconds:.1f} s for the four shares {wrong}; they are {shares}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path)
    options = parser.parse_args()
    out = [
        "# The exact invariant law: cost and digits",
        "",
        f"{platform.machine()}, Python {platform.python_version()}, median times.",
        "",
    ]
    out += ["Himmelblau's function + tilt · u (spacing in standard deviations of a step; memory: peak of the process, GiB):", ""]
    out += ["| noise | tilt | η | grid | spacing | cells | s | residual | least share of a well | GiB |", "|" + "---|" * 10]
    cases = [(Gaussian(30.0), 0.0, 0.005), *((Gaussian(30.0), 10.0, eta) for eta in (0.01, 0.005, 0.0025, 0.00125))]
    cases += [(Uniform(60 * 3**0.5), 10.0, 0.004), (Rademacher(60.0), 10.0, 0.004)]
    for noise, tilt, eta in cases:
        out.append(plane(eta, noise, tilt, 5 if eta >= 0.005 else 1))
        print(out[-1], flush=True)
    out += ["", arpack(0.005), "", "Double well, tilt 0.1, Gaussian noise σ = 1: relative errors against dense elimination", ""]
    out += ["| η | cells | solver | ms | mass of the higher well | its error | worst error of masses < 1e-20 |", "|" + "---|" * 7]
    for eta in (0.05, 0.02, 0.01):
        out += line(eta)
        print("\n".join(out[-5:]), flush=True)
    if options.table:
        options.table.write_text("\n".join(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
