"""The masses of a saddle and a minimum, to be moved: η, σ and the tilt."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from longrun import draw, explore
from longrun.balls import log_density, log_mass
from longrun.landscapes import double_well
from longrun.law import invariant_law
from longrun.noise import Gaussian


def saddle(size: float = 0.2) -> None:
    """Explore how a saddle is avoided: exact law on the double well, masses of balls of that radius, under η, σ and tilt."""
    x = np.linspace(-1.8, 1.8, 361)
    with plt.ioff():
        # fixed margins: constrained layout would take half of the time of a move
        fig, (left, right) = plt.subplots(1, 2, figsize=(14, 6), width_ratios=(1.5, 1), layout="none")
    fig.subplots_adjust(left=0.07, right=0.98, bottom=0.13, top=0.91, wspace=0.2)

    def picture(eta: float, sigma: float, tilt: float) -> Figure:
        landscape = double_well(tilt)
        law = invariant_law(landscape, Gaussian(sigma), eta)
        points = np.sort(np.roots([1.0, 0.0, -1.0, -tilt]).real)  # f' = x³ − x − tilt
        f, slope = landscape.value(x[:, None]), landscape.grad(x[:, None])[:, 0]  # type: ignore[misc]
        gibbs = -2 * f / (eta * sigma**2) + (slope / sigma) ** 2 / 2
        left.clear()
        right.clear()
        density = np.log10(np.maximum(np.interp(x, law.axes[0], law.density), 1e-300))
        gibbs -= gibbs.max() + np.log(np.trapezoid(np.exp(gibbs - gibbs.max()), x))
        left.plot(x, gibbs / np.log(10), "--", color=draw.GREY, label="Gibbs density")
        left.plot(x, density, color=draw.BLUE, label="exact law")
        labels = ["left well", "saddle", "right well"]
        mass = [log_mass(log_density(law, [point], size), [point], size) / np.log(10) for point in points]
        for point, label, colour, value in zip(points, labels, (draw.GREEN, draw.ORANGE, draw.PURPLE), mass, strict=True):
            left.axvspan(point - size, point + size, color=colour, alpha=0.2, lw=0)
            right.bar(label, value, color=colour)
            right.text(label, value, f"{value:.1f}", ha="center", va="top")
        left.set(xlabel="$x$", ylabel=r"$\log_{10}$ density", ylim=(density[np.abs(x) < 1.4].min() - 1, 2))
        left.set_title(f"$\\eta$ = {eta:.3g}, $\\sigma$ = {sigma:.2g}, tilt {tilt:.2g}")
        left.legend(loc="lower center")
        right.axhline(0, color=draw.BLACK, lw=1)
        right.set(ylabel=rf"$\log_{{10}}$ mass within {size:g}", ylim=(min(-3.0, 1.15 * min(mass)), 0.5))
        return fig

    explore.live(
        picture,
        eta=explore.Slider("step-size η", 0.02, 0.3, 0.01, 0.1),
        sigma=explore.Slider("noise σ", 0.4, 1.5, 0.1, 1.0),
        tilt=explore.Slider("tilt", -0.3, 0.3, 0.02, 0.1),
    )
    plt.close(fig)
