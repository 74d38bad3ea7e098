"""What a call raises when it cannot give an honest number."""

from __future__ import annotations


class Diverged(ArithmeticError):
    """A run of SGD left every bound.

    Parameters
    ----------
    eta : float
        Step-size of the run.
    step : int
        First step after which a coordinate was not finite.
    chains : int
        How many chains were not finite then.
    """

    def __init__(self, eta: float, step: int, chains: int) -> None:
        super().__init__(eta, step, chains)
        self.eta, self.step, self.chains = eta, step, chains

    def __str__(self) -> str:
        return f"eta = {self.eta:g}: {self.chains} chain(s) left for infinity at step {self.step}; take a smaller step or confine"


class UnstableStep(UserWarning):
    """The step-size exceeds linear stability 2/h_max at a minimum: SGD will not stay near it."""


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
