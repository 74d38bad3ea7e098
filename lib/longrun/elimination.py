"""The stationary law of a chain on a line whose jumps are short, by elimination without subtractions."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LARGE, _SMALL = 1e20, 1e-250  # their quotient is a number


def band_stationary(band: Array) -> Array:
    """Return the stationary law of the chain with P[i, j] = band[i, j − i + b], by the elimination of `chain.stationary`.

    Grassmann, Taksar & Heyman, Oper. Res. 33 (1985). Watching the chain outside its last state adds to the probabilities of its
    b neighbours only: the band does not widen, and the cost is n b² in place of n³. Nothing is subtracted, so that the law is
    right to rounding in *relative* terms wherever it is above 1e-250 of its largest value on the left of that place.

    Parameters
    ----------
    band : array, shape (n, 2b + 1)
        Jumps from −b to b; the middle column (staying) is not looked at. All states lead to each other. Overwritten.
    """
    n, width = band.shape
    b = width // 2
    row, item = band.strides
    first = 0
    for k in range(n - 1, 0, -1):
        m = min(b, k)
        to_lower = band[k, b - m : b]
        # entry (p, q) is P[k−m+p, k−m+q]: one row down and one column right is one row down in the band
        block = as_strided(band[k - m :, b:], shape=(m, m + 1), strides=(row - item, item))
        leaving = to_lower.sum()
        if leaving < _SMALL:  # the states below have no mass that a number could hold
            first = k
            break
        block[:, m] /= leaving
        block[:, :m] += block[:, m:] * to_lower
    law = np.zeros(n)
    law[first] = 1.0
    for k in range(first + 1, n):
        m = min(b, k - first)
        into = as_strided(band[k - m :, b + m :], shape=(m,), strides=(row - item,))
        law[k] = law[k - m : k] @ into
        if law[k] > _LARGE:
            law[: k + 1] /= law[k]
    return law / law.sum()
