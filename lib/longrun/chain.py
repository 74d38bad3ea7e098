"""Stationary laws of finite Markov chains with full relative accuracy, however rare the transitions.

Slide "main idea of the proof": SGD's long-run law resembles that of a chain on the critical components, which moves from j to k
with probability about exp(−B_jk/η).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.trees import cost_matrix

Array = NDArray[np.float64]


def stationary(matrix: ArrayLike) -> Array:
    """Return the stationary law π = πP of a chain, by elimination without subtractions.

    Grassmann, Taksar & Heyman, Oper. Res. 33 (1985): states are removed one by one, the others getting the probabilities of
    the chain watched outside them. Only off-diagonal entries enter, and no digit cancels: rates of 1e-300 are as good as 0.1.

    Parameters
    ----------
    matrix : array_like, shape (p, p)
        Transition probabilities or rates from row to column; the diagonal is not looked at.

    Returns
    -------
    array, shape (p,)
        Positive on the recurrent states, summing to 1.

    Raises
    ------
    ValueError
        If an off-diagonal entry is negative or not finite, or the law is not unique.
    """
    p = np.array(matrix, dtype=float)
    if p.ndim != 2 or p.shape[0] != p.shape[1] or not len(p):
        raise ValueError(f"matrix of shape {p.shape}: a square matrix is needed")
    np.fill_diagonal(p, 0.0)
    if not np.all((p >= 0) & np.isfinite(p)):
        raise ValueError("matrix: finite off-diagonal entries ≥ 0 are needed")
    with np.errstate(divide="ignore"):
        return np.exp(log_stationary(np.log(p)))


def log_stationary(log_rates: ArrayLike) -> Array:
    """Return log π for rates given by their logarithms (−inf for none): no rate is too small.

    By the tree theorem this is log Σ over spanning trees pointing to i of the product of the rates, normalised; the same
    elimination as `stationary`, with log-sum-exp for sums.

    Parameters
    ----------
    log_rates : array_like, shape (p, p)
        The diagonal is not looked at.
    """
    r = np.array(log_rates, dtype=float)
    n = len(r)
    np.fill_diagonal(r, -np.inf)
    order = _recurrent_first(np.isfinite(r))
    r = r[np.ix_(order, order)]
    out = np.full(n, -np.inf)
    for k in range(n - 1, 0, -1):
        out[k] = np.logaddexp.reduce(r[k, :k])
        through = r[:k, k, None] + (r[k, :k] - out[k])
        r[:k, :k] = np.logaddexp(r[:k, :k], through)
    log_pi = np.zeros(n)
    for k in range(1, n):
        log_pi[k] = np.logaddexp.reduce(log_pi[:k] + r[:k, k]) - out[k]
    law = np.empty(n)
    law[order] = log_pi - np.logaddexp.reduce(log_pi)
    return law


def _recurrent_first(edge: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Order the states so that each but the first leads to an earlier one: the first is reached from everywhere."""
    n = len(edge)
    for first in range(n):
        order, reached = [first], np.arange(n) == first
        for node in order:  # grows while it is walked through
            new = np.flatnonzero(edge[:, node] & ~reached)
            reached[new] = True
            order.extend(int(j) for j in new)
        if len(order) == n:
            return np.array(order)
    raise ValueError("matrix: no state is reached from all others, the stationary law is not unique")


def induced_chain(costs: ArrayLike, eta: float) -> Array:
    """Return the chain of the proof: from j to k with probability exp(−B_jk/η)/p, and staying with the rest.

    Parameters
    ----------
    costs : array_like, shape (p, p)
        Transition costs B.
    eta : float
        Step-size η > 0.

    Returns
    -------
    array, shape (p, p)
        Rows summing to 1. Where exp(−B/η) underflows, use ``log_stationary(-costs / eta)``.
    """
    if not (np.isfinite(eta) and eta > 0):
        raise ValueError(f"eta = {eta!r}: a finite number > 0 is needed")
    b = cost_matrix(costs)
    with np.errstate(under="ignore"):
        p = np.exp(-b / eta) / len(b)
    np.fill_diagonal(p, 1 - p.sum(axis=1))
    return p
