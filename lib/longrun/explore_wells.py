"""Two wells and the noise in them, to be moved: σ₁, the tilt and η."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from longrun import draw, explore, pictures
from longrun.landscapes import double_well
from longrun.law import invariant_law
from longrun.two_wells import TwoWells

Picture = Callable[[float, float, float], Image.Image]


def wells(sigma_right: float = 1.0, width: float = 0.1) -> Picture:
    """Return the picture of which well holds the mass: a function of σ₁ in the left well, the tilt to the right and η."""
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(11.5, 6), layout="none", width_ratios=(1.25, 1),
        gridspec_kw=dict(left=0.03, right=0.98, bottom=0.14, top=0.86, wspace=0.08),
    )  # fmt: skip
    plt.close(fig)
    x = np.linspace(-1.9, 1.9, 401)
    (height,) = left.plot([], [], color=draw.BLACK, label="$f$")
    mass = left.fill_between(x, 0 * x, color=draw.BLUE, alpha=0.4, lw=0, label=r"exact $\mu_\infty$")
    names = [left.text(0, -0.09, "", ha="center", fontsize=18) for _ in range(2)]
    left.set(xlim=(-1.9, 1.9), ylim=(-0.13, 0.85), yticks=[], xlabel="$x$", title="height, and density of the law")
    left.legend(loc="upper center", ncols=2, fontsize=16)
    colours = (draw.GREY, draw.ORANGE, draw.BLUE)
    right.barh(range(3), 1, color=colours, alpha=0.25)
    bars = list(right.barh(range(3), 1, color=colours))
    shares = [right.text(0.5, row, "", ha="center", va="center", fontsize=19) for row in range(3)]
    right.set(xlim=(0, 1), yticks=[], xlabel="mass of the right well, $p_2$", title="what says which well wins")
    title = fig.text(0.5, 0.955, "", ha="center", va="center", fontsize=18)
    scene = pictures.Scene(fig, [height, mass, *names, *bars, *shares, title])

    def picture(sigma: float, tilt: float, eta: float) -> Image.Image:
        pair = TwoWells.switched(double_well(tilt), sigma, sigma_right, width)
        assert pair.landscape.value is not None
        law = invariant_law(pair.landscape, pair.noise, eta)
        f = pair.landscape.value(x[:, None])
        height.set_data(x, f - f.min())
        curve = 0.6 * np.interp(x, law.axes[0], law.density) / law.density.max()
        mass.set_verts([np.column_stack([[x[0], *x, x[-1]], [0, *curve, 0]])])
        for name, well, text in zip(names, (pair.left, pair.right), (f"1$ = {sigma:.2f}", f"2$ = {sigma_right:g}"), strict=True):
            name.set(x=well, text=rf"$\sigma_{text}")
        gap, depth = pair.diffusion_gap(), pair.height()
        says = {
            "objective": 1 / (1 + np.exp(2 * depth / (eta * sigma_right**2))),
            "energies": 1 / (1 + np.exp(gap / eta)),
            "exact law": law.between([[pair.middle, law.axes[0][-1]]]),
        }
        for bar, share, (name, value) in zip(bars, shares, says.items(), strict=True):
            bar.set_width(value)
            share.set_text(f"{name}: {value:.3g}")
        title.set_text(f"$\\eta$ = {eta:.3g}, tilt = {tilt:.3g}: $f(p_2)-f(p_1)$ = {depth:.3f}, $E_2-E_1$ = {gap:.3f}")
        return scene.picture()

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
