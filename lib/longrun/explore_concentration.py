"""The mass outside the neighbourhoods of the critical points, to be moved: the noise, η and the radius."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from longrun import draw, explore, pictures
from longrun.critical import critical_points
from longrun.landscapes import Landscape, double_well
from longrun.law import Law, invariant_law
from longrun.noise import FiniteSum, Gaussian, Noise, Sum
from longrun.potential import Balls, energy_on_line

Picture = Callable[[str, float, float], Image.Image]
FLOOR = 1e-30  # of the densities drawn


def two_noises(push: float = -0.9, sigma: float = 0.2) -> dict[str, Noise]:
    """Return a Gaussian and a skewed noise on the line, of the same variance at every point.

    Skewed: one gradient sample in four has the noise `push`, the other three −push/3; plus N(0, sigma²).
    """
    atoms = push * np.array([[1.0], [-1 / 3], [-1 / 3], [-1 / 3]])
    skewed = Sum(FiniteSum(lambda x: np.broadcast_to(atoms, (*x.shape[:-1], 4, 1)), 1), Gaussian(sigma))
    return {"Gaussian": Gaussian(float(np.sqrt(skewed.cov(np.zeros(1))[0, 0]))), "skewed": skewed}


def densities(landscape: Landscape | None = None, noises: Mapping[str, Noise] | None = None) -> Picture:
    """Return the picture of the exact law on a line and its mass outside: a function of the noise's name, η and the radius."""
    landscape, noises = landscape or double_well(0.03), noises or two_noises()
    centres = np.array([point.x for point in critical_points(landscape)])
    x = np.linspace(centres.min() - 0.6, centres.max() + 0.6, 601)
    energy = {name: energy_on_line(landscape, noise, x) for name, noise in noises.items()}
    energy = {name: value - value.min() for name, value in energy.items()}

    fig, ax = plt.subplots(figsize=(9, 6.6), layout="none", gridspec_kw=dict(left=0.13, right=0.98, bottom=0.12, top=0.86))
    plt.close(fig)
    spans = [ax.axvspan(centre, centre, ymax=0.87, color=draw.ORANGE, alpha=0.25, lw=0) for centre in centres[:, 0]]
    (exact,) = ax.plot([], [], color=draw.BLUE, lw=3, label="density of the exact law")
    (predicted,) = ax.plot([], [], "--", color=draw.BLACK, lw=2, label=r"$e^{-E/\eta}$, same peak")
    ax.set(yscale="log", xlim=(x[0], x[-1]), ylim=(FLOOR, 1e8), xlabel="$x$", ylabel="density")
    ax.set_yticks([1e-30, 1e-20, 1e-10, 1])
    ax.legend(loc="upper center", ncols=2, fontsize=15)
    title = fig.text(0.55, 0.93, "", ha="center", va="center", fontsize=18, linespacing=1.4)
    scene = pictures.Scene(fig, [*spans, exact, predicted, title])

    @lru_cache(maxsize=64)
    def law(noise: str, eta: float) -> Law:
        return invariant_law(landscape, noises[noise], eta)

    def picture(noise: str, eta: float, radius: float) -> Image.Image:
        now, ball, height = law(noise, eta), Balls(centres, radius), energy[noise]
        for span, centre in zip(spans, centres[:, 0], strict=True):
            span.set(x=centre - radius, width=2 * radius)
        exact.set_data(x, np.exp(np.interp(x, now.axes[0], np.log(np.maximum(now.density, 1e-99)))))
        predicted.set_data(x, np.maximum(now.density.max() * np.exp(-height / eta), 1e-99))
        outside = ball.outside(x[:, None])
        least = height[outside].min() if outside.any() else np.inf
        title.set_text(f"{noise} noise, $\\eta$ = {eta:.3g}, $r$ = {radius:.2g}\n"
                       f"mass outside {now.between(ball.gaps()):.1e};  $e^{{-c/\\eta}}$ = {np.exp(-least / eta):.1e}")  # fmt: skip
        return scene.picture()

    return picture


def concentration() -> None:
    """Explore, on every move, the exact law of a double well and its mass outside neighbourhoods of the critical points."""
    explore.live(
        densities(),
        alt="Exact law of SGD on a double well, in a logarithmic scale, and the neighbourhoods of its critical points.",
        noise=explore.Choice("noise", tuple(two_noises())),
        eta=explore.Slider("step-size η", 0.02, 0.2, 0.005, 0.1),
        radius=explore.Slider("radius r", 0.05, 0.45, 0.05, 0.3),
    )
