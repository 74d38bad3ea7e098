"""A histogram of runs that fills towards the exact law, to be moved: η, noise and T."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from longrun import draw, explore, sgd
from longrun.landscapes import double_well
from longrun.law import invariant_law
from longrun.noise import Gaussian, Noise, Rademacher, Uniform

NOISES: dict[str, Callable[[float], Noise]] = {
    "signs ±σ": Rademacher,
    "uniform": lambda sigma: Uniform(np.sqrt(3) * sigma),
    "Gaussian": Gaussian,
}


def gibbs(tilt: float = 0.1, chains: int = 2000, seed: int = 1) -> None:
    """Explore how a histogram of runs fills towards μ∞: double well, all runs start in the higher well."""
    landscape = double_well(tilt)
    x0 = np.full((chains, 1), -1.0)
    edges = np.linspace(-2.0, 2.0, 81)
    fine = np.linspace(-2.0, 2.0, 801)
    height = landscape.value(fine[:, None]) if landscape.value else fine
    with plt.ioff():
        fig, ax = plt.subplots(figsize=(10, 6))

    def picture(noise: str, eta: float, logarithm: float) -> Figure:
        steps, term = round(2**logarithm), NOISES[noise](1.0)
        points = round(4 / eta * (4 if noise == "Gaussian" else 16)) + 1
        law = invariant_law(landscape, term, eta, axes=np.linspace(-2.0, 2.0, points))
        x = sgd.run(landscape, term, eta, x0, steps, rng=np.random.default_rng(seed))
        weight = np.exp(-2 * (height - height.min()) / eta)
        ax.clear()
        ax.hist(x[:, 0], edges.tolist(), density=True, color=draw.SKY, label=f"{chains} runs after {steps} steps")
        ax.plot(law.axes[0], law.density, color=draw.BLUE, label=r"$\mu_\infty$, exact")
        ax.plot(fine, weight / (weight.sum() * (fine[1] - fine[0])), "--", color=draw.RED, label=r"$e^{-2f/(\eta\sigma^2)}$")
        ax.set(xlabel="$x$", ylabel="density", xlim=(-2, 2), ylim=(0, 1.5 * law.density.max()))
        ax.set_title(f"{noise}, $\\sigma$ = 1, $\\eta$ = {eta:.3g}: all runs start at −1")
        ax.legend(loc="upper left")
        return fig

    explore.live(
        picture,
        noise=explore.Choice("noise Z", tuple(NOISES)[::-1]),
        eta=explore.Slider("step-size η", 0.03, 0.3, 0.01, 0.15),
        logarithm=explore.Slider("log₂ T", 0.0, 12.0, 1.0, 6.0),
    )
    plt.close(fig)
