"""Where prediction and measurement meet: verdicts that can fail, and the file of results that everything else quotes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from longrun import draw
from longrun.paths import outputs, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RELATIONS = ("==", "<", ">")


class Refuted(AssertionError):
    """A measurement contradicts a claim."""


@dataclass(frozen=True)
class Verdict:
    """Outcome of `check`; the numbers are lists where several cases were compared, and all must hold."""

    claim: str
    predicted: Any
    measured: Any
    error: Any
    tolerance: Any
    relation: str
    holds: bool
    rivals: dict[str, Any] = field(default_factory=dict)

    def worst(self) -> tuple[float, float, float, float]:
        """Return predicted, measured, error and tolerance of the case nearest to failing."""
        p, m, e, t = (np.ravel(value) for value in (self.predicted, self.measured, self.error, self.tolerance))
        i = int(np.argmin(_margin(p, m, t, self.relation) / np.where(t > 0, t, 1)))
        return float(p[i]), float(m[i]), float(e[i]), float(t[i])

    def __str__(self) -> str:
        p, m, e, t = self.worst()
        many = f" (worst of {np.size(self.measured)})" if np.size(self.measured) > 1 else ""
        sides = {"==": "predicted", "<": "below", ">": "above"}
        scale = e or t
        return (
            f"{'HOLDS' if self.holds else 'REFUTED'}  {self.claim}{many}\n"
            f"       {sides[self.relation]} {rounded(p, scale)}, measured {rounded(m, scale)} ± {rounded(e, e)}, "
            f"tolerance {rounded(t, t)}" + (f"\n       refuted: {'; '.join(self.rivals)}" if self.rivals else "")
        )


def check(
    claim: str,
    predicted: ArrayLike,
    measured: ArrayLike,
    error: ArrayLike,
    tolerance: ArrayLike,
    relation: str = "==",
    rivals: Mapping[str, ArrayLike] | None = None,
) -> Verdict:
    """Compare a measurement with a prediction, and print the verdict.

    Parameters
    ----------
    claim : str
        One line.
    predicted, measured : float or array
        Arrays compare case by case; all must hold.
    error : float or array
        Standard error of the measurement (0 for a deterministic computation).
    tolerance : float or array
        Derived, not chosen: k standard errors, or a stated order in η.
    relation : {"==", "<", ">"}
        "==": |measured − predicted| ≤ tolerance. ">": measured exceeds predicted by more than the tolerance, "<": falls short
        by more.
    rivals : mapping of name to prediction, optional
        Wrong theories, each of which the check must refute: for "==" what they predict in place of `predicted`; for "<" and ">"
        what they would have us measure.

    Returns
    -------
    Verdict

    Raises
    ------
    Refuted
        If the relation fails.
    ValueError
        If numbers are not finite, or if the check could not fail: an error above the tolerance, a tolerance that does not tell
        the prediction from zero, or a rival that passes too.
    """
    p, m, e, t = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (predicted, measured, error, tolerance)))
    if relation not in RELATIONS:
        raise ValueError(f"relation = {relation!r}: one of {RELATIONS} is needed")
    for name, value in (("predicted", p), ("measured", m), ("error", e), ("tolerance", t)):
        if not np.all(np.isfinite(value)):
            raise ValueError(f"{name} = {value}: finite numbers are needed ({claim})")
    if np.any(e < 0) or np.any(t < e):
        raise ValueError(f"error = {e} against tolerance = {t}: such a measurement cannot decide ({claim})")
    if relation == "==" and np.any((t >= np.abs(p)) & (p != 0)):
        raise ValueError(f"tolerance = {t} does not tell predicted = {p} from zero ({claim})")
    holds = agrees(p, m, t, relation)
    others = {name: np.broadcast_to(np.asarray(rival, dtype=float), p.shape) for name, rival in (rivals or {}).items()}
    verdict = Verdict(claim, p.tolist(), m.tolist(), e.tolist(), t.tolist(), relation, holds, _lists(others))
    if not holds:
        raise Refuted(str(verdict))
    for name, rival in others.items():
        if not np.all(np.isfinite(rival)):
            raise ValueError(f"rivals: {name!r} = {rival}: finite numbers are needed ({claim})")
        if agrees(rival, m, t) if relation == "==" else agrees(p, rival, t, relation):
            raise ValueError(f"rivals: the measurement does not refute {name!r} = {rival} ({claim})")
    print(verdict)
    return verdict


def agrees(predicted: ArrayLike, measured: ArrayLike, tolerance: ArrayLike, relation: str = "==") -> bool:
    """Tell whether the relation holds in all cases, within the tolerance."""
    p, m, t = (np.asarray(value, dtype=float) for value in (predicted, measured, tolerance))
    return bool(np.all(_margin(p, m, t, relation) >= 0))


def _lists(arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name: array.tolist() for name, array in arrays.items()}


def _margin(p: Any, m: Any, t: Any, relation: str) -> Any:
    """Return how far the relation is from failing, negative where it fails."""
    return {"==": t - np.abs(m - p), ">": m - p - t, "<": p - m - t}[relation]


def rounded(value: float, scale: float) -> str:
    """Write `value` to the second significant digit of `scale` (an error or a tolerance); three digits if that is zero."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    finest = math.floor(math.log10(abs(scale))) - 1 if scale else -99
    digits = min(max(math.floor(math.log10(abs(value))) - finest + 1, 1), 6) if scale else 3
    return f"{value:.{digits}g}"


class Results:
    """What a notebook found: parameters, numbers, figures and verdicts, in ``NN_slug.json`` beside the figures.

    Parameters
    ----------
    notebook : str
        Its name, such as "01_non_convergence".
    title : str
        The claim in a sentence.
    parameters : mapping
        Values of the notebook's parameters cell, the seed among them.
    """

    def __init__(self, notebook: str, title: str, parameters: Mapping[str, Any]) -> None:
        self.notebook, self.title, self.parameters = notebook, title, dict(parameters)
        self.verdicts: list[Verdict] = []
        self.figures: dict[str, str] = {}
        self._numbers: dict[str, Any] = {}
        self._tolerances: dict[str, dict[str, float]] = {}
        self._headline: str | None = None

    def check(
        self,
        claim: str,
        predicted: ArrayLike,
        measured: ArrayLike,
        error: ArrayLike,
        tolerance: ArrayLike,
        relation: str = "==",
        rivals: Mapping[str, ArrayLike] | None = None,
        headline: bool = False,
    ) -> None:
        """Compare, print and keep (see the function `check`). The `headline` stands for the notebook where room is short."""
        self.verdicts.append(check(claim, predicted, measured, error, tolerance, relation, rivals))
        if headline:
            self._headline = claim

    def numbers(self, *, rtol: float = 1e-6, atol: float = 1e-9, **named: ArrayLike) -> None:
        """Keep plotted numbers, with the tolerances within which another run must repeat them."""
        for name, value in named.items():
            self._numbers[name] = np.asarray(value, dtype=float).tolist()
            self._tolerances[name] = {"rtol": rtol, "atol": atol}

    def figure(self, fig: Figure, part: str, alt: str) -> None:
        """Save a figure as PNG and PDF under the notebook's name and `part`; `alt` says in words what it shows."""
        self.figures |= dict.fromkeys(draw.save(fig, f"{self.notebook}_{part}"), alt)

    def save(self) -> None:
        """Write the file, floats to twelve digits."""
        record = {
            "notebook": self.notebook,
            "title": self.title,
            "parameters": self.parameters,
            "numbers": self._numbers,
            "tolerances": self._tolerances,
            "headline": self._headline or (self.verdicts[0].claim if self.verdicts else None),
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "figures": sorted(self.figures),
            "alt": self.figures,
        }
        text = json.dumps(_plain(record), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        write_text(outputs() / f"{self.notebook}.json", text + "\n")


def _plain(value: Any) -> Any:
    """Make JSON of it: floats rounded to twelve digits, infinities and NaN as words."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.12g}") if math.isfinite(value) else str(float(value))
    return int(value) if isinstance(value, np.integer) else value
