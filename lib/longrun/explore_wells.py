"""Two wells and the noise in them, to be moved: σ₁, the tilt and η."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from longrun import draw, explore
from longrun.landscapes import double_well
from longrun.law import invariant_law
from longrun.two_wells import TwoWells


def ground_state(sigma_right: float = 1.0, width: float = 0.1) -> None:
    """Explore which of two wells holds the mass, under σ₁ in the left one, the tilt to the right and the step-size."""
    with plt.ioff():
        fig, (left, right) = plt.subplots(1, 2, figsize=(14, 5.5), width_ratios=(1.5, 1))

    def picture(sigma: float, tilt: float, eta: float) -> Figure:
        wells = TwoWells.switched(double_well(tilt), sigma, sigma_right, width)
        law = invariant_law(wells.landscape, wells.noise, eta)
        x = law.points
        f = wells.landscape.value(x) if wells.landscape.value else np.zeros(len(x))
        left.clear()
        left.plot(x[:, 0], f - f.min(), color=draw.BLACK, label="$f$")
        left.fill_between(x[:, 0], 0.6 * law.density / law.density.max(), color=draw.BLUE, alpha=0.4, lw=0, label=r"$\mu_\infty$")
        for well, text in ((wells.left, rf"$\sigma_1$ = {sigma:.2f}"), (wells.right, rf"$\sigma_2$ = {sigma_right:g}")):
            left.text(well, -0.09, text, ha="center")
        left.set(xlim=(-1.9, 1.9), ylim=(-0.13, 0.75), xlabel="$x$", ylabel="$f$, and density of the law")
        left.legend(loc="upper center", ncols=2)
        share = law.probability(lambda y: y[:, 0] > wells.middle)
        gap = wells.diffusion_gap()
        energy = 1 / (1 + np.exp(gap / eta))
        height = 1 / (1 + np.exp(2 * wells.height() / (eta * sigma_right**2)))
        right.clear()
        rows = {"objective only": (height, draw.GREY), "energies": (energy, draw.ORANGE), "exact law": (share, draw.BLUE)}
        for row, (name, (value, colour)) in enumerate(rows.items()):
            right.barh(row, value, color=colour)
            right.barh(row, 1 - value, left=value, color=colour, alpha=0.25)
            right.text(0.5, row, f"{name}: {value:.3g}", ha="center", va="center")
        right.set(xlim=(0, 1), yticks=[], xlabel="mass of the right well (dark), of the left (pale)")
        right.set_title(f"$E_2 - E_1$ = {gap:.3f}, $f(p_2) - f(p_1)$ = {wells.height():.3f}")
        return fig

    explore.live(
        picture,
        sigma=explore.Slider("σ₁ (left)", 0.4, 1.3, 0.02, 0.7),
        tilt=explore.Slider("tilt (right)", -0.1, 0.2, 0.005, 0.05),
        eta=explore.Slider("step-size η", 0.03, 0.3, 0.01, 0.1),
    )
    plt.close(fig)
