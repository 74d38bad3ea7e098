"""Time of costs and energies, beside the accuracy reached, and error against time with a peer.

    python benchmarks/bench_action.py --figure error_against_time.png --table action.json [--quick]

The table is written as Markdown if its name ends in .md, as JSON otherwise, and printed.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
from gmam import gmam
from scipy.integrate import quad
from scipy.optimize import brentq

from longrun.action import minimum_action
from longrun.critical import critical_points
from longrun.energy import energies, transitions
from longrun.grid import field
from longrun.landscapes import Landscape, himmelblau
from longrun.noise import Gaussian, Rademacher, Rotated

mpl.use("Agg")
import matplotlib.pyplot as plt


def best_of(repeats, run):
    """Return the shortest time and the last result."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
    return min(times), result


def maier_stein(beta=10.0):
    """The drift of Maier & Stein (1996) with its Jacobian, as a landscape."""

    def field_(x):
        u, v = x[..., 0], x[..., 1]
        return -np.stack([u - u**3 - beta * u * v * v, -(1 + u * u) * v], axis=-1)

    def jacobian(x):
        u, v = x[..., 0], x[..., 1]
        rows = [1 - 3 * u * u - beta * v * v, -2 * beta * u * v, -2 * u * v, -(1 + u * u)]
        return -np.stack(rows, axis=-1).reshape(*u.shape, 2, 2)

    return Landscape("Maier–Stein", None, field_, jacobian, box=([-1.5, -1], [1.5, 1]))


def rotated_signs(dim):
    """Independent coordinates with noise ±1, rotated: landscape, noise, end and the exact cost (sum of integrals)."""
    rng = np.random.default_rng(dim)
    r = np.linalg.qr(rng.normal(size=(dim, dim)))[0]

    def slope(y):
        return 0.4 * y + 0.1 * y**3

    def s(y):
        def excess(s):
            return (np.logaddexp(s, -s) - np.log(2)) / s - slope(y)

        return brentq(excess, 1e-9, 60, xtol=1e-15, rtol=1e-15) if y > 1e-8 else 2 * slope(y)

    y = rng.uniform(0.4, 1.2, size=dim) * rng.choice([-1, 1], size=dim)
    exact = sum(quad(s, 0, abs(u), epsabs=1e-13, epsrel=1e-13)[0] for u in y)
    jacobian = lambda x: r @ ((0.4 + 0.3 * (x @ r) ** 2)[..., None] * np.eye(dim)) @ r.T  # noqa: E731
    landscape = Landscape("signs", None, lambda x: slope(x @ r) @ r.T, jacobian, box=([-3] * dim, [3] * dim))
    return landscape, Rotated(Rademacher(1.0), r), r @ y, exact


def table(repeats):
    """Return rows: what, seconds, bar in seconds, relative error, bar."""
    rows = []
    landscape = himmelblau()
    points = critical_points(landscape)
    f = np.array([p.value for p in points])
    seconds, found = best_of(repeats, lambda: transitions(landscape, Gaussian(1.0), points))
    error = max(
        np.abs(energies(found.costs) - 2 * (f - f.min())).max() / (2 * np.ptp(f)),
        np.abs(found.costs - found.costs.T - 2 * (f - f[:, None])).max() / (2 * np.ptp(f)),
    )
    rows.append(("all costs of Himmelblau, nine points, Gaussian noise", seconds, 1.0, error, 1e-8))

    stein = maier_stein()
    a, z = np.array([-1.0, 0.0]), np.zeros(2)
    reference = minimum_action(stein, Gaussian(1.0), a, z, tol=1e-13).cost
    seconds, way = best_of(repeats, lambda: minimum_action(stein, Gaussian(1.0), a, z, tol=1e-9))
    rows.append(("Maier–Stein, β = 10", seconds, 0.05, abs(way.cost / reference - 1), 1e-9))

    for dim, bar in ((2, 0.5), (5, 3.0)):
        sloped, noise, end, exact = rotated_signs(dim)
        seconds, way = best_of(repeats, lambda s=sloped, n=noise, e=end: minimum_action(s, n, np.zeros(len(e)), e, tol=1e-8))
        rows.append((f"rotated signs, d = {dim}", seconds, bar, abs(way.cost / exact - 1), 1e-8))

    seconds, rough = best_of(repeats, lambda: field(stein, Gaussian(1.0), a, box=([-1.5, -0.75], [0.5, 0.75])))
    rows.append(("grid field 121², Gaussian noise", seconds, 1.0, abs(rough.at(z) / reference - 1), 0.05))
    return rows


def curves(quick, repeats):
    """Return (seconds, relative error) of both methods on Maier–Stein, β = 10."""
    stein = maier_stein()
    a, z = np.array([-1.0, 0.0]), np.zeros(2)
    reference = minimum_action(stein, Gaussian(1.0), a, z, tol=1e-13).cost
    ours, peer = [], []
    for tol in 10.0 ** -np.arange(1, 13):
        seconds, way = best_of(repeats, lambda tol=tol: minimum_action(stein, Gaussian(1.0), a, z, tol=tol))
        ours.append((seconds, abs(way.cost / reference - 1)))
    for images in (25, 50, 100, 200, 400) if quick else (25, 50, 100, 200, 400, 800, 1600):
        run = lambda images=images: gmam(lambda x: -stein.grad(x), lambda x: -stein.hess(x), a, z, images)  # noqa: E731
        seconds, (cost, _) = best_of(repeats, run)
        peer.append((seconds, abs(cost / reference - 1)))
    return np.array(ours), np.array(peer)


def draw(path, ours, peer):
    """One figure, error against time."""
    fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    ax.loglog(peer[:, 0], peer[:, 1], "s--", color="#D55E00", label="images, relaxed (gMAM, 2008): 25, 50, 100, … images")
    label = "polynomials, Newton (longrun): tol 1e-1 … 1e-12"
    ax.loglog(ours[:, 0], np.maximum(ours[:, 1], 1e-16), "o-", color="#0072B2", label=label)
    ax.set(xlabel="seconds", ylabel="relative error of the cost", title="Maier–Stein, β = 10: cost from (−1, 0) to (0, 0)")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=11)
    fig.savefig(path, dpi=150)
    plt.close(fig)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, a shorter curve of the peer")
    options = parser.parse_args()
    repeats = 2 if options.quick else 5
    rows = table(repeats)
    lines = ["| what | seconds | at most | relative error | at most |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += [f"| {what} | {t:.3f} | {t_bar:g} | {e:.1e} | {e_bar:.0e} |" for what, t, t_bar, e, e_bar in rows]
    ours, peer = curves(options.quick, repeats)
    print("\n".join(lines))
    for name, curve in (("longrun", ours), ("gMAM", peer)):
        print(name, ", ".join(f"{e:.1e} in {t:.3f} s" for t, e in curve))
    draw(options.figure, ours, peer)
    keys = ("what", "seconds", "seconds_bar", "error", "error_bar")
    data = {
        "rows": [dict(zip(keys, row, strict=True)) for row in rows],
        "error_against_time": {"longrun": ours.tolist(), "gmam": peer.tolist()},
    }
    text = "\n".join(lines) + "\n" if options.table.suffix == ".md" else json.dumps(data, indent=1, default=float) + "\n"
    options.table.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
