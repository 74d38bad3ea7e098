"""The masses of a saddle and of two minima, to be moved: η, σ and the tilt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from longrun import draw, explore, pictures
from longrun.balls import log_density, log_mass
from longrun.landscapes import double_well
from longrun.law import invariant_law
from longrun.noise import Gaussian

PLACES = {"left well": draw.GREEN, "saddle": draw.ORANGE, "right well": draw.PURPLE}


def decades(size: float = 0.2) -> Callable[[float, float, float], Image.Image]:
    """Return the picture of the exact law on the double well and the masses of balls of that radius: a function of η, σ, tilt."""
    x = np.linspace(-1.8, 1.8, 361)
    fig = Figure(figsize=(14, 7.8), layout="none")  # type: ignore[arg-type]  # "none" is missing in the stubs
    left, right = fig.subplots(1, 2, width_ratios=(1.5, 1))
    fig.subplots_adjust(left=0.1, right=0.985, bottom=0.12, top=0.9, wspace=0.22)
    (gibbs,) = left.plot([], [], "--", color=draw.GREY, label="Gibbs density")
    (exact,) = left.plot([], [], color=draw.BLUE, label="exact law")
    bands = [left.axvspan(0, 2 * size, color=colour, alpha=0.2, lw=0) for colour in PLACES.values()]
    bars = right.bar(list(PLACES), 0.0, color=list(PLACES.values()))
    numbers = [right.text(k, 0, "", ha="center", va="top", fontsize=21, linespacing=0.3) for k in range(len(bars))]
    title = left.text(0, 1.04, "", transform=left.transAxes, fontsize=23)
    zero = right.axhline(0, color=draw.BLACK, lw=1)
    right.text(0, 1.04, rf"$\log_{{10}}$ mass within {size:g}", transform=right.transAxes, fontsize=23)
    left.set_xlim(x[0], x[-1])
    left.set_xlabel("$x$", fontsize=23)
    left.set_ylabel(r"$\log_{10}$ density", fontsize=23)
    left.yaxis.set_label_coords(-0.135, 0.5)
    legend = left.legend(loc="lower center", fontsize=19, frameon=True, framealpha=0.9)
    for ax in (left, right):
        ax.tick_params(labelsize=19)
    # the vertical axes move too: from one decade to a hundred
    scene = pictures.Scene(fig, [left.yaxis, right.yaxis, *bands, gibbs, exact, legend, *bars, zero, *numbers, title])

    def picture(eta: float, sigma: float, tilt: float) -> Image.Image:
        landscape = double_well(tilt)
        law = invariant_law(landscape, Gaussian(sigma), eta)
        points = np.sort(np.roots([1.0, 0.0, -1.0, -tilt]).real)  # f' = x³ − x − tilt
        slope = landscape.grad(x[:, None])[:, 0]
        log_gibbs = -2 * ((x**2 - 1) ** 2 / 4 - tilt * x) / (eta * sigma**2) + (slope / sigma) ** 2 / 2
        log_gibbs -= log_gibbs.max() + np.log(np.trapezoid(np.exp(log_gibbs - log_gibbs.max()), x))
        density = np.log10(np.maximum(np.interp(x, law.axes[0], law.density), 1e-300))
        mass = [log_mass(log_density(law, [point], size), [point], size) / np.log(10) for point in points]
        gibbs.set_data(x, log_gibbs / np.log(10))
        exact.set_data(x, density)
        for point, band, bar, number, value in zip(points, bands, bars, numbers, mass, strict=True):
            band.set_x(point - size)
            bar.set_height(value)
            number.set_y(value)
            number.set_text(f"\n{round(value, 1) + 0.0:.1f}".replace("-", "−"))
        left.set_ylim(density[np.abs(x) < 1.4].min() - 1, 2)
        right.set_ylim(min(-3.0, 1.2 * min(mass)), 0.02 * max(3.0, -min(mass)))
        title.set_text(f"$\\eta$ = {eta:.3g}, $\\sigma$ = {sigma:.2g}, tilt {tilt:.2g}".replace("-", "−"))
        return scene.picture()

    return picture


def saddle() -> None:
    """Explore, computed on every move, how a saddle is avoided: exact law on the double well under η, σ and tilt."""
    explore.live(
        decades(),
        alt="Left: logarithm of the exact density on a double well. Right: logarithms of the masses of the saddle and both wells.",
        eta=explore.Slider("step-size η", 0.02, 0.3, 0.01, 0.1),
        sigma=explore.Slider("noise σ", 0.4, 1.5, 0.1, 1.0),
        tilt=explore.Slider("tilt", -0.3, 0.3, 0.02, 0.1),
    )
