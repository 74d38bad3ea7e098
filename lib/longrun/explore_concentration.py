"""The mass outside the neighbourhoods of the critical points, to be moved: η, radius and noise."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from longrun import draw, explore
from longrun.critical import critical_points
from longrun.landscapes import Landscape
from longrun.law import invariant_law
from longrun.noise import Noise
from longrun.potential import Balls, energy_on_line


def concentration(landscape: Landscape, noises: Mapping[str, Noise]) -> None:
    """Explore the exact law on a line and its mass outside neighbourhoods of the critical points, under sliders for η and radius.

    Parameters
    ----------
    landscape : Landscape
        On the line.
    noises : mapping of name to Noise
    """
    centres = np.array([point.x for point in critical_points(landscape)])
    x = np.linspace(centres.min() - 0.6, centres.max() + 0.6, 601)
    energy = {name: energy_on_line(landscape, noise, x) for name, noise in noises.items()}
    with plt.ioff():
        fig, ax = plt.subplots(figsize=(11, 6))

    def picture(noise: str, eta: float, radius: float) -> Figure:
        law, ball = invariant_law(landscape, noises[noise], eta), Balls(centres, radius)
        height = energy[noise] - energy[noise].min()
        outside = ball.outside(x[:, None])
        ax.clear()
        for centre in centres[:, 0]:
            ax.axvspan(centre - radius, centre + radius, color=draw.ORANGE, alpha=0.2, lw=0)
        ax.plot(law.axes[0], np.maximum(law.density, 1e-300), color=draw.BLUE, label="density of the exact law")
        ax.plot(x, law.density.max() * np.exp(-height / eta), "--", color=draw.GREY, label=r"$e^{-E/\eta}$, same peak")
        ax.set(yscale="log", xlim=(x[0], x[-1]), ylim=(1e-30, 1e3), xlabel="$x$", ylabel="density")
        least = height[outside].min() if outside.any() else np.inf
        ax.set_title(f"mass outside {law.between(ball.gaps()):.2g};  $e^{{-c/\\eta}}$ = {np.exp(-least / eta):.2g}")
        ax.legend(loc="lower center")
        return fig

    explore.live(
        picture,
        slow=True,
        noise=explore.Choice("noise", tuple(noises)),
        eta=explore.Slider("step-size η", 0.01, 0.3, 0.005, 0.1),
        radius=explore.Slider("radius r", 0.05, 0.5, 0.05, 0.3),
    )
    plt.close(fig)
