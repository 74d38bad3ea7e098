"""The trees behind the energies, to be moved: which minimum is the ground state, under the noise and its strength."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from longrun import draw, explore
from longrun.critical import critical_points
from longrun.draw_costs import draw_tree, names
from longrun.energy import Transitions, transitions
from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Noise, Rademacher
from longrun.trees import best_tree

NOISES: dict[str, Callable[[float], Noise]] = {
    "signs ±σ": Rademacher,
    "Gaussian": Gaussian,
}


def trees(landscape: Landscape, strengths: Sequence[float], known: dict[tuple[str, float], Transitions] | None = None) -> None:
    """Explore which minimum is the ground state: tree and energies under the type and the strength of the noise.

    Parameters
    ----------
    landscape : Landscape
        On the plane.
    strengths : sequence of float
        The standard deviations σ of each coordinate of the noise.
    known : dict (noise, sigma) → Transitions, optional
        What has been computed already.
    """
    found = dict(known or {})
    points = critical_points(landscape)
    minima = [i for i, point in enumerate(points) if point.index == 0]
    labels = names(points)
    height = np.array([points[i].value for i in minima])
    with plt.ioff():
        fig, (left, right) = plt.subplots(1, 2, figsize=(14, 6.5), width_ratios=(1.2, 1))

    def picture(noise: str, sigma: float) -> Figure:
        if (noise, sigma) not in found:
            found[noise, sigma] = transitions(landscape, NOISES[noise](sigma), points, direct=False)
        ways = found[noise, sigma]
        costs, energy = ways.costs, ways.energies() * sigma**2 / 2
        root = int(np.argmin(energy))
        left.clear()
        right.clear()
        draw_tree(left, best_tree(costs, root), points, sigma**2 / 2)
        left.set(title=f"tree to the ground state {labels[root]}", xlabel="$u$", ylabel="$v$", xlim=(-5, 5), ylim=(-4.6, 4.6))
        where = np.arange(len(minima))
        right.bar(where - 0.2, height - height.min(), 0.4, color=draw.GREY, label=r"height $f_i - \min f$")
        right.bar(where + 0.2, energy[minima], 0.4, color=draw.RED, label=r"energy $E_i\,\sigma^2/2$")
        right.set_xticks(where, [labels[i] for i in minima])
        right.set(title=f"{noise}, $\\sigma$ = {sigma:g}", ylim=(0, 1.35 * max(np.ptp(height), energy[minima].max()) + 1))
        right.legend(loc="upper left")
        return fig

    plt.close(fig)
    explore.frames(
        picture,
        alt="Tree of least cost to the ground state, and the energies of the minima beside their heights.",
        noise=explore.Steps("noise", tuple(NOISES)),
        sigma=explore.Steps("strength σ", strengths),
    )
