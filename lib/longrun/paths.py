"""The only module that knows folders: where notebooks and figures live, and how a file is replaced whole."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
FIGURES = ROOT / "figures"


def outputs() -> Path:
    """Return the folder that figures and results are written to: ``$LONGRUN_OUTPUT``, or ``figures/`` of the repository."""
    folder = Path(os.environ.get("LONGRUN_OUTPUT") or FIGURES)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_bytes(path: Path, data: bytes) -> None:
    """Write beside the file, then rename: a reader, or a run killed half-way, sees the old file or the new one, whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all (see `write_bytes`)."""
    write_bytes(path, text.encode("utf-8"))
