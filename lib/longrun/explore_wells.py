"""Two wells and the noise in them, to be moved: σ₁ and the tilt; or the skewness, which no diffusion sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from longrun import draw, explore, pictures
from longrun.explore_concentration import two_noises
from longrun.landscapes import double_well
from longrun.law import invariant_law
from longrun.potential import energy_on_line
from longrun.two_wells import TwoWells

Picture = Callable[[float, float, float], Image.Image]


class Wells:
    """The picture of two wells, the exact law in them, and who foresees the mass of the right one.

    Parameters
    ----------
    says : mapping name → colour
        The predictions, from below; the exact law is added on top.
    """

    def __init__(self, says: Mapping[str, str]) -> None:
        colours = {**says, "exact law": draw.BLUE}
        fig, (left, right) = plt.subplots(
            1, 2, figsize=(11.5, 6), layout="none", width_ratios=(1.25, 1),
            gridspec_kw=dict(left=0.03, right=0.98, bottom=0.14, top=0.86, wspace=0.08),
        )  # fmt: skip
        plt.close(fig)
        self.x = np.linspace(-1.9, 1.9, 401)
        (self.height,) = left.plot([], [], color=draw.BLACK, label="$f$")
        self.mass = left.fill_between(self.x, 0 * self.x, color=draw.BLUE, alpha=0.4, lw=0, label=r"exact $\mu_\infty$")
        self.names = [left.text(0, -0.09, "", ha="center", fontsize=18) for _ in range(2)]
        left.set(xlim=(-1.9, 1.9), ylim=(-0.13, 0.85), yticks=[], xlabel="$x$", title="height, and density of the law")
        left.legend(loc="upper center", ncols=2, fontsize=16)
        rows = range(len(colours))
        right.barh(rows, 1, color=list(colours.values()), alpha=0.2)
        self.bars = list(right.barh(rows, 1, color=list(colours.values()), alpha=0.65))
        self.shares = [right.text(0.5, row, "", ha="center", va="center", fontsize=19) for row in rows]
        right.set(xlim=(0, 1), yticks=[], xlabel="mass of the right well, $p_2$", title="what says which well wins")
        self.title = fig.text(0.5, 0.955, "", ha="center", va="center", fontsize=18)
        self.scene = pictures.Scene(fig, [self.height, self.mass, *self.names, *self.bars, *self.shares, self.title])

    def picture(self, pair: TwoWells, eta: float, gaps: Mapping[str, float], names: tuple[str, str], title: str) -> Image.Image:
        """Draw the law at `eta`, and the mass of the right well if its energy were higher by each of the `gaps`."""
        assert pair.landscape.value is not None
        law = invariant_law(pair.landscape, pair.noise, eta)
        f = pair.landscape.value(self.x[:, None])
        self.height.set_data(self.x, f - f.min())
        curve = 0.6 * np.interp(self.x, law.axes[0], law.density) / law.density.max()
        self.mass.set_verts([np.column_stack([[self.x[0], *self.x, self.x[-1]], [0, *curve, 0]])])
        for text, well, name in zip(self.names, (pair.left, pair.right), names, strict=True):
            text.set(x=well, text=name)
        shares = {name: 1 / (1 + np.exp(gap / eta)) for name, gap in gaps.items()}
        shares |= {"exact law": law.between([[pair.middle, law.axes[0][-1]]])}
        for bar, share, (name, value) in zip(self.bars, self.shares, shares.items(), strict=True):
            bar.set_width(value)
            share.set_text(f"{name}: {value:.3g}")
        self.title.set_text(title)
        return self.scene.picture()


def _signed(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def wells(sigma_right: float = 1.0, width: float = 0.1) -> Picture:
    """Return the picture of which well holds the mass: a function of σ₁ in the left well, the tilt to the right and η."""
    shown = Wells({"objective": draw.GREY, "energies": draw.ORANGE})

    def picture(sigma: float, tilt: float, eta: float) -> Image.Image:
        pair = TwoWells.switched(double_well(tilt), sigma, sigma_right, width)
        gap, depth = pair.diffusion_gap(), pair.height()
        gaps = {"objective": 2 * depth / sigma_right**2, "energies": gap}
        title = f"$\\eta$ = {eta:.3g}, tilt = {tilt:.3g}: $f(p_2)-f(p_1)$ = {_signed(depth)}, $E_2-E_1$ = {_signed(gap)}"
        return shown.picture(pair, eta, gaps, (f"$\\sigma_1$ = {sigma:.2f}", f"$\\sigma_2$ = {sigma_right:g}"), title)

    return picture


def skewed_wells(push: float = 1.5, sigma: float = 0.4) -> Callable[[str, float, float], Image.Image]:
    """Return the picture of the well that diffusions get wrong: a function of the noise's name, the tilt to the right and η.

    The noise is the same everywhere: one gradient sample in four is off by `push`, the others by −push/3; plus N(0, sigma²).
    A diffusion knows its variance alone, that of the Gaussian.
    """
    shown = Wells({"diffusions": draw.GREY, "large deviations": draw.ORANGE})
    noises = two_noises(push, sigma)

    @lru_cache(maxsize=256)
    def energies(noise: str, tilt: float) -> tuple[TwoWells, float]:
        pair = TwoWells.of(double_well(tilt), noises[noise])
        return pair, float(energy_on_line(pair.landscape, pair.noise, [pair.left, pair.right], pieces=100)[-1])

    def picture(noise: str, tilt: float, eta: float) -> Image.Image:
        pair, gap = energies(noise, tilt)
        diffusion = pair.diffusion_gap()
        gaps = {"diffusions": diffusion, "large deviations": gap}
        title = f"{noise}, tilt = {tilt:.3g}, $\\eta$ = {eta:.3g}: $E_2-E_1$ = {_signed(gap)}; of diffusions {_signed(diffusion)}"
        return shown.picture(pair, eta, gaps, ("$p_1$", "$p_2$"), title)

    return picture


def ground_state() -> None:
    """Explore, on every move, which of two wells holds the mass, under σ₁ in the left one, the tilt and the step-size."""
    explore.live(
        wells(),
        alt="Two wells, the exact law of SGD in them, and which well the objective, the energies and the law prefer.",
        sigma=explore.Slider("σ₁ (left)", 0.4, 1.3, 0.02, 0.7),
        tilt=explore.Slider("tilt (right)", -0.1, 0.2, 0.005, 0.05),
        eta=explore.Slider("step-size η", 0.03, 0.3, 0.01, 0.1),
    )


def skewed() -> None:
    """Explore, on every move, how skewed noise puts the mass into the higher well, which no diffusion foresees."""
    explore.live(
        skewed_wells(),
        alt="Two wells, the exact law of SGD with skewed noise in them, and which well diffusions and large deviations prefer.",
        noise=explore.Choice("noise", ("skewed", "Gaussian")),
        tilt=explore.Slider("tilt (right)", -0.05, 0.1, 0.005, 0.03),
        eta=explore.Slider("step-size η", 0.03, 0.2, 0.01, 0.05),
    )
