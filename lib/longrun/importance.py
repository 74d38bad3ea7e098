"""How probable is a tube? Runs with exponentially tilted noise, weighed with likelihood ratios, and the fit of the exponent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.fits import least_squares
from longrun.hamiltonian import dot
from longrun.landscapes import Landscape
from longrun.noise import FiniteSum, Gaussian, Noise
from longrun.tubes import Cheapest, Gates

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """log P with its standard error; `hits` runs passed, worth `effective` equal ones. No hits: −inf, with infinite error."""

    log_p: float
    error: float
    hits: int
    effective: float


def probability(
    landscape: Landscape,
    noise: Noise,
    gates: Gates,
    eta: float,
    runs: int,
    *,
    rng: np.random.Generator,
    towards: Cheapest | None = None,
) -> Estimate:
    """Measure the probability that SGD passes all gates.

    Parameters
    ----------
    landscape, noise, gates, eta
    runs : int
    rng : numpy.random.Generator
    towards : Cheapest, optional
        Tilt the noise towards this path, and weigh each run with exp Σ (H(x_k, λ_k) − ⟨λ_k, Z_k⟩), its likelihood ratio.
        Default: count.
    """
    steps = gates.steps(eta)
    total = int(steps[-1])
    tilts = np.zeros((total, gates.start.size)) if towards is None else towards.at((np.arange(total) + 0.5) * eta)[1]
    _, log_weight = follow(landscape, noise, gates, eta, tilts, runs, rng=rng)
    if not log_weight.size:
        return Estimate(-np.inf, np.inf, 0, 0.0)
    top = log_weight.max()
    w = np.exp(log_weight - top)
    mean, square = w.sum() / runs, (w**2).sum() / runs
    return Estimate(
        float(top + np.log(mean)), float(np.sqrt((square / mean**2 - 1) / runs)), w.size, float(w.sum() ** 2 / (w**2).sum())
    )


def follow(
    landscape: Landscape,
    noise: Noise,
    gates: Gates,
    eta: float,
    tilts: Array,
    runs: int,
    *,
    rng: np.random.Generator,
    keep: int = 0,
) -> tuple[Array, Array]:
    """Run SGD with tilted noise, dropping a run at the first gate that it misses.

    Returns
    -------
    paths : array (steps + 1, min(keep, runs), d)
        The first runs, NaN after a missed gate.
    log_weight : array (hits,)
        Σ (H(x_k, λ_k) − ⟨λ_k, Z_k⟩) of the runs that passed.
    """
    if not isinstance(noise, (Gaussian, FiniteSum)) or (isinstance(noise, FiniteSum) and not noise.replace):
        raise ValueError(f"noise = {noise!r}: tilting knows Gaussian noise and finite sums with replacement")
    if runs < 1:
        raise ValueError(f"runs = {runs!r}: at least 1 is needed")
    passing = dict(zip(gates.steps(eta).tolist(), gates.centre, strict=True))
    x, log_weight, who = np.tile(gates.start, (runs, 1)), np.zeros(runs), np.arange(runs)
    paths = np.full((len(tilts) + 1, min(keep, runs), gates.start.size), np.nan)
    paths[0] = gates.start
    for k, q in enumerate(tilts, 1):
        z, cgf = _tilted(noise, x, q, rng)
        if np.any(q):
            log_weight += cgf - z @ q
        x = x - eta * (landscape.grad(x) + z)
        if k in passing:
            inside = (np.abs(x - passing[k]) <= gates.radius).all(axis=1)
            x, log_weight, who = x[inside], log_weight[inside], who[inside]
        if keep:
            shown = who < paths.shape[1]
            paths[k, who[shown]] = x[shown]
    return paths, log_weight


def _tilted(noise: Gaussian | FiniteSum, x: Array, q: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw Z from its law tilted by exp⟨q, Z⟩: a Gaussian shifts its mean, a finite sum reweights its samples. Return H too."""
    if isinstance(noise, Gaussian):
        scale = noise.scale(x)[:, None]
        return scale**2 * q + scale * rng.standard_normal(x.shape), dot(scale * q, scale * q) / 2
    g = noise.gradients(x)
    g = g[:1] if g.strides[0] == 0 else g  # the same samples at every point
    d = g - g.mean(axis=-2, keepdims=True)
    a = d @ q / noise.batch
    share = np.exp(a - a.max(axis=-1, keepdims=True))
    edges = np.cumsum(share, axis=-1)
    u = rng.random((noise.batch, len(x))) * edges[:, -1]
    index = sum((u > edge).astype(np.intp) for edge in edges[:, :-1].T)
    z = d[np.zeros(1, dtype=int) if len(d) == 1 else np.arange(len(x)), index].mean(axis=0)
    return z, noise.batch * (a.max(axis=-1) + np.log(edges[:, -1] / a.shape[-1]))


@dataclass(frozen=True, eq=False)
class Rate:
    """Fit of log P = −I/η + (m/2) log η + c + d η + …: `exponent` I and its `error`, all `coefficients`, χ² per degree."""

    exponent: float
    error: float
    coefficients: Array
    chi2: float
    active: int

    def log_p(self, eta: ArrayLike) -> Array:
        """Return the fitted log P."""
        eta = np.asarray(eta, dtype=float)
        return self.active / 2 * np.log(eta) + sum(c * eta ** (k - 1) for k, c in enumerate(self.coefficients))


def rate(eta: ArrayLike, log_p: ArrayLike, error: ArrayLike, active: int, terms: int = 3) -> Rate:
    """Fit the exponent by weighted least squares; `active` is m, known beforehand, `terms` counts −I/η, c, d η, …"""
    eta, log_p, error = (np.asarray(value, dtype=float) for value in (eta, log_p, error))
    if eta.size <= terms or not np.all(np.isfinite(error)) or not np.all(error > 0):
        raise ValueError(f"eta = {eta}, error = {error}: more than {terms} measurements with finite errors > 0 are needed")
    fit = least_squares(log_p - active / 2 * np.log(eta), error, *(eta ** (k - 1) for k in range(terms)))
    return Rate(-float(fit.coefficients[0]), float(fit.errors[0]), fit.coefficients, fit.chi2, active)
