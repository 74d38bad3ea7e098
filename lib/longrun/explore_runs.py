"""The talk's first picture, to be moved: 25 runs of SGD that never come to rest."""

from __future__ import annotations

from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from longrun import draw, dynamics, explore, pictures, sgd
from longrun.landscapes import Landscape, himmelblau
from longrun.linear import largest_stable_step
from longrun.noise import Gaussian

RUNS, STEPS, TAIL = 25, 400, 20


class Comets:
    """The picture of the talk's 25 runs, each as its last 20 iterates: a function of η, σ, the step and where they start.

    Parameters
    ----------
    landscape : Landscape, optional
        Himmelblau's function by default.
    seed : int
        Of the starts, where none is given, and of the noise.
    """

    def __init__(self, landscape: Landscape | None = None, seed: int = 1) -> None:
        self.landscape, self.seed = landscape or himmelblau(), seed
        lower, upper = self.landscape.box
        self.starts = np.random.default_rng(seed).uniform(0.75 * lower, 0.75 * upper, size=(RUNS, 2))
        with plt.ioff():
            fig, self.ax = plt.subplots(figsize=(8.5, 8))
        draw.contours(self.ax, self.landscape)
        self.ax.set_title(f"{RUNS} runs of SGD, last {TAIL} iterates")
        self.tails = draw.Tails(self.ax, RUNS)
        self.clock = self.ax.text(0.02, 0.975, "", transform=self.ax.transAxes, va="top", fontsize=19,
                                  bbox={"color": "white", "alpha": 0.8})  # fmt: skip
        self.scene = pictures.Scene(fig, [*self.tails.artists, self.clock])
        plt.close(fig)
        self.run = lru_cache(maxsize=64)(self._run)

    def _run(self, eta: float, sigma: float, start: tuple[float, float] | None) -> draw.Array:
        starts = self.starts if start is None else np.tile(start, (RUNS, 1))
        if sigma:
            rng = np.random.default_rng(self.seed)
            later = sgd.run(self.landscape, Gaussian(sigma), eta, starts, STEPS, rng=rng, keep=STEPS)
        else:
            later = dynamics.gradient_descent(self.landscape, eta, starts, STEPS, keep=STEPS)
        return np.concatenate([starts[None], later])

    def __call__(self, eta: float, sigma: float, step: float, start: tuple[float, float] | None = None) -> Image.Image:
        """Draw iterates `step` − 20, …, `step`; all runs begin at `start`, or each somewhere else."""
        now = round(step)
        self.tails.show(self.run(eta, sigma, start)[max(0, now - TAIL) : now + 1])
        self.clock.set_text(f"step {now},  $\\eta$ = {eta:.4g},  $\\sigma$ = {sigma:g}")
        return self.scene.picture()


def runs(landscape: Landscape | None = None) -> None:
    """Explore 25 runs, computed on every move: they never come to rest, and η and σ set how far they roam.

    A click on the landscape starts all of them there: one start, 25 noises.
    """
    comets = Comets(landscape)
    limit = float(f"{0.9 * largest_stable_step(comets.landscape):.2g}")
    explore.live(
        comets,
        alt="25 runs of SGD on Himmelblau's function, each as its last 20 iterates.",
        eta=explore.Slider("step-size η", 0.0005, limit, 0.0005, 0.005),
        sigma=explore.Slider("noise σ", 0, 60, 1, 30),
        step=explore.Slider("step t", 0, STEPS, 4, STEPS, play=True),
        start=explore.Place.on("start of all", comets.ax),
    )
