"""A histogram of runs that fills towards the exact law, to be moved: η, noise and T."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from longrun import draw, explore, pictures, sgd
from longrun.landscapes import double_well
from longrun.law import Law, invariant_law
from longrun.noise import Gaussian, Noise, Rademacher, Uniform

Array = NDArray[np.float64]

NOISES: dict[str, Callable[[float], Noise]] = {
    "Gaussian": Gaussian,
    "uniform": lambda sigma: Uniform(np.sqrt(3) * sigma),
    "signs ±σ": Rademacher,
}
MOST = 12  # log₂ of the number of steps
EDGES = np.linspace(-2.0, 2.0, 81)


def filling(tilt: float = 0.1, chains: int = 1000, seed: int = 1) -> Callable[[str, float, float], Image.Image]:
    """Return the picture of a histogram of runs on the double well beside μ∞: a function of the noise, η and log₂ T.

    All runs start in the higher well, the left one. Densities are drawn times √η: wells then look equally wide at every η.
    """
    landscape = double_well(tilt)
    top = np.sort(np.roots([1.0, 0.0, -1.0, -tilt]).real)[1]  # f' = x³ − x − tilt
    fine = np.linspace(-2.0, 2.0, 401)
    height = (fine**2 - 1) ** 2 / 4 - tilt * fine
    fig = Figure(figsize=(12, 7.2), layout="none")  # type: ignore[arg-type]  # "none" is missing in the stubs
    ax = fig.subplots()
    fig.subplots_adjust(left=0.09, right=0.98, bottom=0.12, top=0.9)
    runs = ax.stairs(np.zeros(80), EDGES, fill=True, color=draw.SKY, label=f"{chains} runs")
    (exact,) = ax.plot([], [], color=draw.BLUE, lw=3, label=r"$\mu_\infty$, exact")
    (gibbs,) = ax.plot([], [], "--", color=draw.RED, lw=3, label=r"$e^{-2f/(\eta\sigma^2)}$")
    ax.axvline(top, color=draw.GREY, ls=":", lw=1.5)
    ax.set(xlim=(-2, 2), ylim=(0, 1.0))
    ax.set_xlabel("$x$", fontsize=22)
    ax.set_ylabel(r"density $\cdot\sqrt{\eta}$", fontsize=22)
    ax.tick_params(labelsize=19)
    ax.legend(loc="upper right", fontsize=19)
    title = ax.text(0.0, 1.04, "", transform=ax.transAxes, fontsize=22)
    share = ax.text(0.02, 0.97, "", transform=ax.transAxes, va="top", fontsize=20, linespacing=1.4)
    scene = pictures.Scene(fig, [runs, exact, gibbs, title, share])

    @lru_cache(maxsize=64)
    def law_of(noise: str, eta: float) -> Law:
        points = round(4 / eta * (4 if noise == "Gaussian" else 16)) + 1
        return invariant_law(landscape, NOISES[noise](1.0), eta, axes=np.linspace(-2.0, 2.0, points))

    @lru_cache(maxsize=256)
    def after(noise: str, eta: float, k: int) -> Array:
        """The runs after 2^k steps, from those after half as many."""
        x, steps = (after(noise, eta, k - 1), 2 ** (k - 1)) if k else (np.full((chains, 1), -1.0), 1)
        return sgd.run(landscape, NOISES[noise](1.0), eta, x, steps, rng=np.random.default_rng([seed, k]))

    def picture(noise: str, eta: float, logarithm: float) -> Image.Image:
        k, law, root = round(logarithm), law_of(noise, eta), np.sqrt(eta)
        x = after(noise, eta, k)[:, 0]
        weight = np.exp(-2 * (height - height.min()) / eta)
        weight /= weight.sum() * (fine[1] - fine[0])
        runs.set_data(root * np.histogram(x, EDGES)[0] / (chains * (EDGES[1] - EDGES[0])))
        exact.set_data(law.axes[0], root * law.density)
        gibbs.set_data(fine, root * weight)
        title.set_text(f"{noise}, $\\sigma$ = 1, $\\eta$ = {eta:.3g}: all runs start at −1, T = {2**k} steps")
        left = law.probability(lambda y: y[:, 0] < top)
        share.set_text(f"in the higher well\nruns: {100 * np.mean(x < top):.1f} %\n$\\mu_\\infty$: {100 * left:.2g} %")
        return scene.picture()

    return picture


def gibbs(tilt: float = 0.1) -> None:
    """Explore, computed on every move, how a histogram of runs fills towards μ∞ under the noise, η and T."""
    explore.live(
        filling(tilt),
        alt="Histogram of runs of SGD on a double well beside the exact law and the Gibbs law of the diffusion.",
        noise=explore.Choice("noise Z", tuple(NOISES)),
        eta=explore.Slider("step-size η", 0.03, 0.3, 0.01, 0.15),
        logarithm=explore.Slider("log₂ T", 0.0, MOST, 1.0, 6.0, play=True),
    )
