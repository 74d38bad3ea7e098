"""What is raised when a computation cannot be honest."""

from __future__ import annotations


class NotConverged(RuntimeError):
    """A solver stopped before the accuracy asked for: no number is better than a wrong one.

    Attributes
    ----------
    residual : float
        How far it got, on the scale of the tolerance asked for.
    """

    def __init__(self, message: str, residual: float) -> None:
        super().__init__(f"{message} (residual {residual:.2g})")
        self.residual = float(residual)
