"""The surroundings in which every notebook runs, so that two machines and two users get the same page."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
DROPPED = ("MPLBACKEND", "PYTHONWARNINGS", "PYTHONSTARTUP", "JUPYTER_PATH")


def environment(root: Path, output: Path) -> dict[str, str]:
    """For a process that runs notebooks of `root` and writes figures into `output`."""
    build = root.resolve() / ".build"
    own = {
        "LONGRUN_OUTPUT": str(output.resolve()),
        "PYTHONPATH": str(root.resolve() / "lib"),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "MPLCONFIGDIR": str(build / "matplotlib"),  # a user's style must not reach the figures
        "IPYTHONDIR": str(build / "ipython"),
        "JUPYTER_CONFIG_DIR": str(build / "jupyter"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # or every kernel grumbles about frozen modules
    }
    kept = {k: v for k, v in os.environ.items() if k not in DROPPED}
    return kept | dict.fromkeys(THREADS, "1") | own


def warm(root: Path) -> None:
    """Lets matplotlib list the fonts before a notebook does, which would show its message about it."""
    cache = root / ".build" / "matplotlib"
    if not any(cache.glob("fontlist*.json")):
        cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(command, env=environment(root, cache), capture_output=True)
