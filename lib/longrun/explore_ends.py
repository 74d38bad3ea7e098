"""Four dynamics from one start, to be moved: step-size and number of steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from longrun import draw, dynamics, explore, horizon
from longrun.landscapes import Landscape
from longrun.noise import Gaussian, Noise

Array = NDArray[np.float64]

RUNS, MOST = 400, 600  # of decreasing steps: how many, and after how many steps they hardly cross the saddle any more
BINS = np.linspace(-2.2, 2.2, 89)
COLOURS = {
    "SGD, constant step": draw.BLUE,
    "SGD, decreasing steps": draw.ORANGE,
    "Langevin": draw.GREEN,
    "diffusion": draw.RED,
}


def four_ends(
    landscape: Landscape, noise: Noise, critical: tuple[float, float, float], start: float, delay: float, seed: int
) -> Callable[[float, float], Figure]:
    """Return the picture of the densities of four dynamics: a function of η and log₁₀ of the number of steps.

    Laws are exact, but for decreasing steps: runs of at most `MOST` steps, after which both clouds only shrink, by √η_t.

    Parameters
    ----------
    landscape : Landscape
        Two wells on the line.
    noise : Noise
        With a Gaussian part, of one variance everywhere.
    critical : floats
        Left minimum, saddle, right minimum.
    start : float
    delay : float
        t₀ of the steps η (1 + t/t₀)^{−3/4}.
    seed : int
    """
    left, saddle, right = critical
    sigma = float(np.sqrt(noise.cov(np.zeros(1))[0, 0]))
    fig = Figure(figsize=(13, 4), layout="constrained")
    axes = fig.subplots(1, 4)
    for ax in axes:
        ax.axvline(start, color=draw.GREY, lw=1.5, ls="--")
        ax.set(title="a title\nof two lines", xlabel="$x$", xlim=(-2.2, 2.2), xticks=[-1, 1], yticks=[])
    axes[0].set_ylabel("density after 100000 steps")
    fig.draw_without_rendering()
    fig.set_layout_engine("none")  # the frame stays as it is: faster

    def exact(each: Noise, eta: float, steps: int, half: float, spacing: float = 0.9) -> tuple[Array, Array, None, float]:
        x, mass = horizon.law_at(landscape, each, eta, start, steps, (-half, half), spacing)
        return x, mass, None, float(1 - np.interp(saddle, x + (x[1] - x[0]) / 2, np.cumsum(mass)))

    def decreasing(eta: float, steps: int) -> tuple[Array, Array, str, float]:
        count, x0 = min(steps, MOST), np.full((RUNS, 1), start)
        x = dynamics.decreasing_steps(landscape, noise, eta, x0, count, rng=np.random.default_rng(seed), delay=delay)[:, 0]
        centre = np.where(x > saddle, right, left)
        x = centre + (x - centre) * ((1 + count / delay) / (1 + steps / delay)) ** 0.375
        return (BINS[1:] + BINS[:-1]) / 2, np.histogram(x, BINS)[0] / len(x), "mid", float((x > saddle).mean())

    def picture(eta: float, decades: float) -> Figure:
        steps = round(10**decades)
        ends = (
            exact(noise, eta, steps, 2.2),
            decreasing(eta, steps),
            exact(Gaussian(sigma / eta**0.5), eta, steps, 3.5, 0.2),
            exact(Gaussian(2 * sigma), eta / 4, 4 * steps, 2.2),
        )
        for ax, (name, colour), (x, mass, shape, inside) in zip(axes, COLOURS.items(), ends, strict=True):
            for old in list(ax.collections):
                old.remove()
            density = mass / (x[1] - x[0])
            ax.fill_between(x, density, step=shape, color=colour, alpha=0.5, lw=0)
            ax.set_ylim(0, 1.1 * density.max())
            ax.set_title(f"{name}\n{inside:.0%} on the right")
        axes[0].set_ylabel(f"density after {steps} steps")
        return fig

    return picture


def ends(landscape: Landscape, noise: Noise, critical: tuple[float, float, float], start: float, delay: float, seed: int) -> None:
    """Explore, computed on every move, where four dynamics end; arguments as for `four_ends`."""
    explore.live(
        four_ends(landscape, noise, critical, start, delay, seed),
        alt="Densities of SGD with constant and with decreasing steps, of Langevin dynamics and of the diffusion, from one start.",
        eta=explore.Slider("step-size η", 0.07, 0.2, 0.01, 0.12),
        decades=explore.Slider("log₁₀ steps", 0.5, 5.5, 0.25, 4.0),
    )
