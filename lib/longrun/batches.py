"""Sums over a batch drawn without replacement: their cumulant generating function and the moments of the tilted law.

The sums Σ_{i ∈ S} a_i over all batches S of b samples out of m, with Σ a_i = 0. Written with the elementary symmetric polynomials
of the exp a_i the generating function overflows, underflows, or loses a small H in the rounding of log(1 + H). Instead we go
through the samples one by one and ask whether the i-th is drawn. Let q_k be the centred cumulant function of the sum over k
of the first i − 1 samples. Untilted, the i-th is one of k out of i with probability w = k/i; drawing it moves log E by D, and

    q_k ← (1 − w) q_k + w q_{k−1} + g_w(D),    g_w(D) = log(1 − w + w exp D) − w D ≥ 0,
    D = a_i − mean of a over the first i − 1 + q_{k−1} − q_k.

All terms are ≥ 0: no cancellation at any size of a. Means and covariances under the tilted law follow by the laws of total
expectation and total covariance, with the tilted probability of being drawn in place of w.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SERIES = 0.02  # the next term of the series, of order 8, is 2e-14 of the first


def batches(a: Array, u: Array, batch: int, *, cov: bool = True) -> tuple[Array, Array, Array]:
    """Return log E exp Σ_S a_i over all batches S, and mean and covariance of Σ_S u_i under the law tilted by exp Σ_S a_i.

    Parameters
    ----------
    a : array (..., m)
        Of mean 0 over the last axis.
    u : array (..., m, k)
        Of mean 0 over the samples; k = 0 if only the logarithm is wanted.
    batch : int
        From 1 to m.
    cov : bool
        Whether the covariance is wanted; zeros are returned otherwise.

    Returns
    -------
    log_mean : array (...)
    mean : array (..., k)
    cov : array (..., k, k)
    """
    shape, (m, k) = a.shape[:-1], u.shape[-2:]
    n = int(np.prod(shape))
    a, u = np.moveaxis(a.reshape(n, m), 0, -1), np.moveaxis(np.broadcast_to(u, (*shape, m, k)).reshape(n, m, k), 0, -1)
    sign = 1.0
    if 2 * batch > m:  # the sum over the samples left out is the opposite
        batch, sign = m - batch, -1.0
    rows, columns = np.triu_indices(k if cov else 0)
    q = np.zeros((batch + 1, n))
    mean, second = np.zeros((batch + 1, k, n)), np.zeros((batch + 1, len(rows), n))
    a_before, u_before = np.zeros(a.shape[1:]), np.zeros(u.shape[1:])  # means over the samples so far
    for i in range(1, m + 1):
        low, high = max(1, batch - m + i), min(i, batch)  # batches of other sizes do not grow, or shrink, to `batch`
        if low > high:
            continue
        now, less = slice(low, high + 1), slice(low - 1, high)
        weight = (np.arange(low, high + 1) / i)[:, None]
        jump = sign * a[i - 1] - a_before + q[less] - q[now]
        jump[weight[:, 0] == 1] = 0  # all i samples are drawn: nothing is left to chance
        rise, change, drawn, left = _coin(weight, jump)
        q[now] += weight * (q[less] - q[now]) + rise
        if k:
            fresh, gap = u[i - 1] - u_before, mean[less] - mean[now]
            mean[now] += drawn * gap + change * fresh
            if cov:
                step = fresh + gap
                second[now] = left * second[now] + drawn * (second[less] + left * (step[:, rows] * step[:, columns]))
        a_before += (sign * a[i - 1] - a_before) / i
        u_before += (u[i - 1] - u_before) / i
    full = np.zeros((k, k, n))
    full[rows, columns] = full[columns, rows] = second[-1]
    return q[-1].reshape(shape), sign * mean[-1].T.reshape(*shape, k), np.moveaxis(full, -1, 0).reshape(*shape, k, k)


def _coin(weight: Array, jump: Array) -> tuple[Array, Array, Array, Array]:
    """Return g_w(D), by how much the tilt changes the probability w, and the tilted probabilities of heads and of tails.

    Heads and tails change places where D is large, so that nothing overflows, and where w > ½ and D is small, where w exp D
    would cancel against 1 − w. The probabilities have one axis more, for the components of u.
    """
    size = np.abs(jump)
    flip = np.where(size < 1, weight > 0.5, jump > 0)
    w, d = np.where(flip, 1 - weight, weight), np.where(flip, -jump, jump)
    growth = np.expm1(d)
    total = 1 + w * growth
    rise = np.log1p(w * growth) - w * d
    small = size < SERIES
    if small.any():
        p, skew, x = (w * (1 - w))[small], (1 - 2 * w)[small], d[small]
        tail = x * (
            skew * (1 - 12 * p) / 120 + x * ((1 - 30 * p * (1 - 4 * p)) / 720 + x * skew * (1 - 60 * p * (1 - 6 * p)) / 5040)
        )
        rise[small] = p * x * x * (0.5 + x * (skew / 6 + x * ((1 - 6 * p) / 24 + tail)))
    heads, tails = w * np.exp(d) / total, (1 - w) / total
    change = np.where(flip, -tails, tails) * w * growth
    return rise, *(each[:, None] for each in (change, np.where(flip, tails, heads), np.where(flip, heads, tails)))
