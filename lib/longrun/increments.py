"""The law of one noise term, in the form that the exact transition kernel is made of: atoms, each smeared along the axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from itertools import combinations, combinations_with_replacement, product
from math import comb, exp, factorial, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from longrun.noise import FiniteSum, Gaussian, Matched, Noise, Rademacher, Rotated, Sum, TruncatedGaussian, Uniform

Array = NDArray[np.float64]

_MOST_ATOMS = 4096


@dataclass(frozen=True)
class Increments:
    """Z(x) = one of the `atoms` plus independent, equally distributed coordinates.

    Attributes
    ----------
    weights : array (k,)
        Probabilities of the atoms.
    atoms : array (k, n, d)
        Where they are, for each of the n points.
    sigma : array (n,) or None
        The coordinates are N(0, σ²): a density that a grid finer than σ integrates to rounding accuracy.
    density : callable or None
        Another density of the coordinates, of variance `variance`, zero outside [−bound, bound]. Neither: no smearing.
    """

    weights: Array
    atoms: Array
    sigma: Array | None = None
    density: Callable[[Array], Array] | None = None
    bound: float = 0.0


@singledispatch
def increments(noise: Noise, x: Array) -> Increments:
    """Split the law of Z at the points (n, d) into atoms and smearing.

    Raises
    ------
    ValueError
        If the noise is none of the kinds that this can be done for.
    """
    raise ValueError(
        f"noise = {noise!r}: the exact law is known for Gaussian, Matched (on a line), Uniform, TruncatedGaussian, Rademacher "
        f"(also rotated), FiniteSum with at most {_MOST_ATOMS} different batches, and sums of these with a Gaussian"
    )


@increments.register
def _(noise: Gaussian, x: Array) -> Increments:
    sigma = noise.scale(x)
    if not np.all(sigma > 0):
        raise ValueError(f"noise: sigma(x) = {sigma.min():g} somewhere on the grid: a standard deviation > 0 is needed")
    return Increments(np.ones(1), np.zeros((1, *x.shape)), sigma=sigma)


@increments.register
def _(noise: Matched, x: Array) -> Increments:
    if x.shape[1] != 1:
        raise ValueError(f"noise = {noise!r} in dimension {x.shape[1]}: the exact law of a matched Gaussian is known on a line")
    sigma = np.sqrt(noise.cgf_hess(x, np.zeros_like(x))[:, 0, 0])
    if not np.all(sigma > 0):
        raise ValueError(f"noise: C(x) = {sigma.min() ** 2:g} somewhere on the grid: a variance > 0 is needed")
    return Increments(np.ones(1), np.zeros((1, *x.shape)), sigma=sigma)


@increments.register
def _(noise: Uniform, x: Array) -> Increments:
    a = noise.half_width
    return Increments(np.ones(1), np.zeros((1, *x.shape)), density=lambda z: np.full_like(z, 1 / (2 * a)), bound=a)


@increments.register
def _(noise: TruncatedGaussian, x: Array) -> Increments:
    s, r = noise.sigma, noise.radius
    scale = 1 / (s * sqrt(2 * pi) * float(erf(r / (s * sqrt(2)))))
    return Increments(np.ones(1), np.zeros((1, *x.shape)), density=lambda z: scale * np.exp(-((z / s) ** 2) / 2), bound=r)


@increments.register
def _(noise: Rademacher, x: Array) -> Increments:
    signs = np.array(list(product((-noise.sigma, noise.sigma), repeat=x.shape[1])))
    return _constant(np.full(len(signs), 1 / len(signs)), signs, x)


@increments.register
def _(noise: Rotated, x: Array) -> Increments:
    if not isinstance(noise.noise, Rademacher):
        raise ValueError(f"noise = {noise!r}: the exact law of a rotated noise is known for Rademacher only")
    parts = increments(noise.noise, x)
    return _constant(parts.weights, parts.atoms[:, 0] @ noise.matrix.T, x)


def _constant(weights: Array, atoms: Array, x: Array) -> Increments:
    return Increments(weights, np.broadcast_to(atoms[:, None], (len(atoms), *x.shape)))


@increments.register
def _(noise: FiniteSum, x: Array) -> Increments:
    m, b = noise.samples(x), noise.batch
    if (comb(m + b - 1, b) if noise.replace else comb(m, b)) > _MOST_ATOMS:
        raise ValueError(f"noise = {noise!r} on {m} samples: at most {_MOST_ATOMS} different batches are needed for the exact law")
    batches = np.array(list((combinations_with_replacement if noise.replace else combinations)(range(m), b)))
    if noise.replace:  # multinomial: b! / ∏ (multiplicities)! ways to draw the same batch
        repeats = [np.unique(batch, return_counts=True)[1] for batch in batches]
        weights = np.array([exp(log(factorial(b)) - sum(log(factorial(c)) for c in count) - b * log(m)) for count in repeats])
    else:
        weights = np.full(len(batches), 1 / len(batches))
    g = np.asarray(noise.gradients(x), dtype=float)
    g = g - g.mean(axis=-2, keepdims=True)
    return Increments(weights / weights.sum(), np.moveaxis(g[:, batches].mean(axis=2), 1, 0))


@increments.register
def _(noise: Sum, x: Array) -> Increments:
    first, second = increments(noise.first, x), increments(noise.second, x)
    smooth, rough = (first, second) if first.sigma is not None else (second, first)
    if smooth.sigma is None or rough.density is not None:
        raise ValueError(f"noise = {noise!r}: the exact law of a sum is known when one term is Gaussian and the other has atoms")
    sigma = smooth.sigma if rough.sigma is None else np.hypot(smooth.sigma, rough.sigma)
    return Increments(rough.weights, rough.atoms, sigma=sigma)
