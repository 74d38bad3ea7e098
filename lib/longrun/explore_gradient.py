"""The average squared gradient along one constant step-size on Rastrigin's function, to be moved: η and σ."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from longrun import draw, explore
from longrun.averages import averages
from longrun.noise import Gaussian
from longrun.pictures import Scene
from longrun.smooth import rastrigin

LOOKS = np.unique(np.geomspace(4, 2048, 25).astype(int))


def falling(start: ArrayLike, curvature: float, runs: int = 32, seed: int = 10) -> Callable[[float, float], Image.Image]:
    """Return the picture of the average squared gradient against T, its bound and its floor: a function of η and σ.

    Parameters
    ----------
    start : array_like, shape (2,)
    curvature : float
        Trace of the Hessian in the well that the start descends into.
    runs, seed : int
    """
    landscape, lipschitz = rastrigin()
    x0 = np.tile(np.asarray(start, dtype=float), (runs, 1))
    assert landscape.value is not None
    drop = float(landscape.value(x0[0]))  # inf f = 0
    fig = Figure(figsize=(12, 7.2), layout="none")  # type: ignore[arg-type]  # "none" is missing in the stubs
    fig.subplots_adjust(left=0.11, right=0.98, bottom=0.13, top=0.9)
    ax = fig.subplots()
    (bound,) = ax.plot([], [], color=draw.RED, lw=3, label="bound")
    (seen,) = ax.plot([], [], "s", color=draw.ORANGE, ms=11, mec="white", label="measured")
    floor = ax.axhline(1, color=draw.GREY, ls=":", lw=3, label=r"floor, $\eta\,$tr$(HC)/2$")
    ax.set(xscale="log", yscale="log", xlim=(3, 2600), ylim=(0.05, 3e3))
    ax.set_xlabel("$T$", fontsize=22)
    ax.set_ylabel("average squared gradient", fontsize=22)
    ax.tick_params(labelsize=19)
    ax.legend(fontsize=19)
    heading = ax.text(0, 1.04, "", transform=ax.transAxes, fontsize=22)
    scene = Scene(fig, [bound, floor, seen, heading])

    def picture(eta: float, sigma: float) -> Image.Image:
        def square(x: np.ndarray) -> np.ndarray:
            return np.asarray((landscape.grad(x) ** 2).sum(axis=1, keepdims=True))

        run = averages(landscape, Gaussian(sigma), eta, x0, LOOKS, square, rng=np.random.default_rng(seed)).mean[..., 0]
        seen.set_data(LOOKS, run.mean(axis=1))
        bound.set_data(LOOKS, 2 * drop / (eta * LOOKS) + 2 * lipschitz * eta * sigma**2)
        floor.set_ydata([eta * sigma**2 * curvature / 2] * 2)
        heading.set_text(f"Rastrigin, $\\eta$ = {eta:.4g}, $\\sigma$ = {sigma:.3g}: mean of {runs} runs")
        return scene.picture()

    return picture


def gradient(start: ArrayLike, curvature: float) -> None:
    """Explore pictures that the page holds, without Python: arguments as for `falling`."""
    explore.frames(
        falling(start, curvature),
        alt="Average squared gradient of SGD on Rastrigin's function against the number of steps, the bound and the floor.",
        eta=explore.Steps("step-size η", (0.002, 0.005, 0.01, 0.02)),
        sigma=explore.Steps("noise σ", (0.75, 1.5, 3, 6)),
    )
