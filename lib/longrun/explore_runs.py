"""The talk's first picture, to be moved: 25 runs of SGD that never come to rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from longrun import draw, dynamics, explore, pictures, sgd
from longrun.landscapes import Landscape, himmelblau
from longrun.linear import largest_stable_step
from longrun.noise import Gaussian

RUNS, STEPS, TAIL = 25, 400, 20


def comets(landscape: Landscape | None = None, seed: int = 1) -> Callable[[float, float, float], Image.Image]:
    """Return the picture of the talk's 25 runs: a function of η, σ and the step, each run as its last 20 iterates."""
    landscape = landscape or himmelblau()
    lower, upper = landscape.box
    starts = np.random.default_rng(seed).uniform(0.75 * lower, 0.75 * upper, size=(RUNS, 2))
    with plt.ioff():
        fig, ax = plt.subplots(figsize=(8.5, 8))
    draw.contours(ax, landscape)
    ax.set_title(f"{RUNS} runs of SGD, last {TAIL} iterates")
    tails = draw.Tails(ax, RUNS)
    clock = ax.text(0.02, 0.975, "", transform=ax.transAxes, va="top", fontsize=19, bbox={"color": "white", "alpha": 0.8})
    scene = pictures.Scene(fig, [*tails.artists, clock])
    plt.close(fig)

    @lru_cache(maxsize=64)
    def run(eta: float, sigma: float) -> draw.Array:
        if sigma:
            later = sgd.run(landscape, Gaussian(sigma), eta, starts, STEPS, rng=np.random.default_rng(seed), keep=STEPS)
        else:
            later = dynamics.gradient_descent(landscape, eta, starts, STEPS, keep=STEPS)
        return np.concatenate([starts[None], later])

    def picture(eta: float, sigma: float, step: float) -> Image.Image:
        now = round(step)
        tails.show(run(eta, sigma)[max(0, now - TAIL) : now + 1])
        clock.set_text(f"step {now},  $\\eta$ = {eta:.4g},  $\\sigma$ = {sigma:g}")
        return scene.picture()

    return picture


def runs(landscape: Landscape | None = None) -> None:
    """Explore 25 runs, computed on every move: they never come to rest, and η and σ set how far they roam."""
    landscape = landscape or himmelblau()
    limit = float(f"{0.9 * largest_stable_step(landscape):.2g}")
    explore.live(
        comets(landscape),
        alt="25 runs of SGD on Himmelblau's function, each as its last 20 iterates.",
        eta=explore.Slider("step-size η", 0.0005, limit, 0.0005, 0.005),
        sigma=explore.Slider("noise σ", 0, 60, 1, 30),
        step=explore.Slider("step t", 0, STEPS, 4, STEPS, play=True),
    )
