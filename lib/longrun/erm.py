"""Empirical risks, f(θ) = mean ℓ_i(θ) + ½ λ|θ|², and the noise of sampling their terms (slide "ERM"): your data and your loss.

`empirical_risk` for a loss of a linear prediction, `sampled_terms` for any others; and the two data sets of the companion.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from longrun import datasets
from longrun.landscapes import Landscape
from longrun.losses import Loss, geman_mcclure
from longrun.risk import Risk
from longrun.sampling import Sampling
from longrun.terms import sampled_terms

__all__ = ["Risk", "Sampling", "election_study", "empirical_risk", "sampled_terms", "star_cluster"]


def empirical_risk(
    loss: Loss,
    features: ArrayLike,
    targets: ArrayLike,
    *,
    weight_decay: float,
    batch: int = 1,
    replace: bool = True,
    name: str | None = None,
    box: tuple[ArrayLike, ArrayLike] | None = None,
) -> tuple[Landscape, Sampling]:
    """Return f(θ) = mean φ(⟨a_i, θ⟩, y_i) + ½ λ|θ|² and the noise of estimating ∇f from `batch` terms (slide "ERM").

    Parameters
    ----------
    loss : Loss
        φ, from `longrun.losses` or of your own making: φ(u, y), its slope and its curvature in u, for arrays that broadcast.
    features : array_like, shape (m, d)
        a_i. A column of ones gives an intercept.
    targets : array_like, shape (m,)
    weight_decay : float
        λ > 0.
    batch : int
        Number of samples per step.
    replace : bool
        Whether a sample may be drawn twice in one step.
    name : str, optional
        Shown in figures and messages.
    box : pair of array_like (d,), optional
        Default: the cube around a ball outside which the gradient points outwards, so that it holds all critical points.

    Returns
    -------
    landscape : Landscape
    noise : Sampling
        A `FiniteSum`.

    Raises
    ------
    ValueError
        If an argument is out of range, or the derivatives of the loss are not those of its values.

    Examples
    --------
    Nine points of your own, and the Cauchy loss ½ log(1 + r²):

    >>> import numpy as np
    >>> from longrun.action import minimum_action
    >>> from longrun.critical import critical_points
    >>> from longrun.losses import Loss
    >>> cauchy = Loss(
    ...     "Cauchy",
    ...     value=lambda u, y: np.log1p((u - y) ** 2) / 2,
    ...     slope=lambda u, y: (u - y) / (1 + (u - y) ** 2),
    ...     curvature=lambda u, y: (1 - (u - y) ** 2) / (1 + (u - y) ** 2) ** 2,
    ... )
    >>> targets = [-0.4, -0.1, 0, 0.1, 0.3, 3.8, 4, 4.1, 4.3]
    >>> landscape, noise = empirical_risk(cauchy, np.ones((9, 1)), targets, weight_decay=1e-3, batch=2)
    >>> low, high, gate = critical_points(landscape)
    >>> for point in (low, high, gate):
    ...     print(f"x = {point.x[0]:.2f}, f = {point.value:.3f}, index {point.index}")
    x = 0.22, f = 0.638, index 0
    x = 3.64, f = 0.785, index 0
    x = 2.42, f = 0.827, index 1
    >>> print(f"{minimum_action(landscape, noise, low, gate).cost:.2f}")
    5.50
    """
    risk = Risk(loss, features, targets, weight_decay)
    title = name or f"{loss.name}, {len(risk.features)} samples"
    reach = np.full(risk.features.shape[1], risk.radius if box is None else np.nan)
    corners = (-reach, reach) if box is None else (np.asarray(box[0], dtype=float), np.asarray(box[1], dtype=float))
    return Landscape(title, risk.value, risk.grad, risk.hess, box=corners), Sampling(risk, batch, replace=replace)


def star_cluster(scale: float, weight_decay: float = 1e-3, batch: int = 1, *, replace: bool = True) -> tuple[Landscape, Sampling]:
    """Return the robust line through the 47 stars of CYG OB1: θ = (intercept, slope), Geman–McClure loss.

    Log light against log temperature, both standardised: t = (log T − 4.31)/0.29, y = (log L − 5.0)/0.57. The main sequence and
    the four giants give two different lines (Rousseeuw & Leroy 1987, p. 27).

    Parameters
    ----------
    scale : float
        c of the loss, in units of y.
    weight_decay, batch, replace
        As for `empirical_risk`.
    """
    stars = datasets.load("star_cluster")
    t, y = (stars["log_temperature"] - 4.31) / 0.29, (stars["log_light"] - 5.0) / 0.57
    features = np.stack([np.ones_like(t), t], axis=-1)
    name = f"star cluster, scale {scale:g}"
    return empirical_risk(geman_mcclure(scale), features, y, weight_decay=weight_decay, batch=batch, replace=replace, name=name)


def election_study(
    scale: float = 0.25, weight_decay: float = 1e-2, batch: int = 1, *, replace: bool = True
) -> tuple[Landscape, Sampling]:
    """Return the robust regression of 944 voters' own position, from left to right, on what else they said in 1996.

    d = 9: intercept, log(population + 0.1), days of TV news a week, where they see Clinton and Dole, party, age, education, income;
    all standardised, and so is the target. Geman–McClure loss. The answer is one of seven numbers, and a robust line can settle
    on one of them or follow the party: three minima at the default scale and decay.

    Parameters
    ----------
    scale : float
        c of the loss, in standard deviations of the target.
    weight_decay, batch, replace
        As for `empirical_risk`.
    """
    columns = datasets.load("election_study")
    y = columns.pop("own_position")
    del columns["vote"]  # the outcome that the study asks about
    columns["population"] = np.log(columns["population"] + 0.1)
    features = np.stack([np.ones_like(y), *((x - x.mean()) / x.std() for x in columns.values())], axis=-1)
    y = (y - y.mean()) / y.std()
    name = f"election study, scale {scale:g}"
    return empirical_risk(geman_mcclure(scale), features, y, weight_decay=weight_decay, batch=batch, replace=replace, name=name)
