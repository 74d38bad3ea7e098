"""Small public data sets that come with the package: where each is from stands in `data/README.md`."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def names() -> list[str]:
    """Return the names of all data sets."""
    return sorted(entry.name.removesuffix(".csv") for entry in _folder().iterdir() if entry.name.endswith(".csv"))


def load(name: str) -> dict[str, Array]:
    """Return a data set as columns, each an array (m,), in the order of the file.

    Raises
    ------
    ValueError
        If there is no such data set.
    """
    if name not in names():
        raise ValueError(f"name = {name!r}: one of {names()} is needed")
    lines = (_folder() / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    header, *rows = [line for line in lines if not line.startswith("#")]
    table = np.array([row.split(",") for row in rows], dtype=float)
    return dict(zip(header.split(","), table.T.copy(), strict=True))


def _folder() -> Traversable:
    return resources.files("longrun") / "data"
