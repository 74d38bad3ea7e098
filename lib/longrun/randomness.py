"""What every gradient noise Z(x; ω) can do (slides "blanket assumptions" and "key ingredient: large deviations for SGD")."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longrun.landscapes import Landscape

Array = NDArray[np.float64]


class Noise(ABC):
    """What SGD adds to the gradient: randomness ω drawn many steps ahead (`draw`), and Z(x; ω) (`at`).

    Points x and dual vectors v have shape (..., d) and broadcast against each other.
    """

    def empty(self, steps: int, chains: int, dim: int) -> NDArray[Any]:
        """Return room for the ω of an ensemble: (steps, q, chains), so that each of the q numbers is contiguous over chains."""
        return np.empty((steps, dim, chains))

    @abstractmethod
    def draw(self, rng: np.random.Generator, out: NDArray[Any]) -> None:
        """Fill `out`, laid out as `empty` does, with independent ω."""

    def at(self, x: Array, omega: NDArray[Any]) -> Array:
        """Return Z(x; ω) for points (n, d) and one step's ω (n, q). May return `omega` itself."""
        return omega

    def stepper(self, landscape: Landscape, x: Array, out: Array) -> Callable[[NDArray[Any]], Array]:
        """Return a function of one step's ω that writes ∇f(x) + Z(x; ω), at what `x` (n, d) holds by then, to `out`."""
        gradient = landscape.bind(x, out) if landscape.bind else partial(landscape.grad, x)
        return lambda omega: np.add(gradient(), self.at(x, omega), out)

    @abstractmethod
    def cgf(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return H(x, v) = log E exp⟨v, Z(x)⟩, shape (...)."""

    @abstractmethod
    def cgf_grad(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂H/∂v, shape (..., d)."""

    @abstractmethod
    def cgf_hess(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂²H/∂v², shape (..., d, d)."""

    def cgf_jet(self, x: ArrayLike, v: ArrayLike) -> tuple[Array, Array, Array]:
        """Return H, ∂H/∂v and ∂²H/∂v² at once, for noises that can share the work."""
        return self.cgf(x, v), self.cgf_grad(x, v), self.cgf_hess(x, v)

    def cgf_grad_x(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return ∂H/∂x, shape (..., d): zero for a noise that is the same everywhere."""
        return np.zeros(np.broadcast_shapes(np.shape(x), np.shape(v)))

    def curvatures(self, landscape: Landscape, x: Array, p: Array) -> tuple[Array, Array] | None:
        """Return ∂²𝓗/∂x² and ∂²𝓗/∂p∂x of 𝓗 = −⟨p, ∇f⟩ + H(x, −p) at points (n, d), if there is a shorter way than differences."""
        return None

    @abstractmethod
    def support(self, x: ArrayLike, v: ArrayLike) -> Array:
        """Return the largest value of ⟨v, Z(x)⟩, shape (...): infinite for unbounded noise."""

    def cov(self, x: ArrayLike) -> Array:
        """Return the covariance of Z(x), shape (..., d, d)."""
        x = np.asarray(x, dtype=float)
        return self.cgf_hess(x, np.zeros_like(x))

    def sample(self, x: ArrayLike, rng: np.random.Generator) -> Array:
        """Draw Z(x; ω), independent over the points: (..., d) → (..., d)."""
        x = np.asarray(x, dtype=float)
        flat = x.reshape(-1, x.shape[-1])
        omega = self.empty(len(flat), 1, x.shape[-1])
        self.draw(rng, omega)
        return np.array(self.at(flat, omega[..., 0])).reshape(x.shape)


def positive(name: str, value: float) -> float:
    """Return the number, or say which argument is not a finite number > 0."""
    if not (isinstance(value, (int, float, np.number)) and np.isfinite(value) and value > 0):
        raise ValueError(f"{name} = {value!r}: a finite number > 0 is needed")
    return float(value)
