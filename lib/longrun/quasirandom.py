"""Points that fill a box evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from longrun.landscapes import Landscape

Array = NDArray[np.float64]


def sobol(landscape: Landscape, count: int, seed: int) -> Array:
    """Return Sobol' points of the landscape's box (n, d); n is `count` or the next power of two, which the points are made for."""
    # imported here: scipy.stats takes a second, more than all the rest of what an explorer needs
    from scipy.stats import qmc

    points = qmc.Sobol(landscape.dim, rng=seed).random_base2(int(np.ceil(np.log2(count))))
    scaled: Array = qmc.scale(points, *landscape.box)
    return scaled
