"""Replays every notebook with nbval, strictly, and compares the numbers it writes with the committed ones.

    python -m tools.replay [--root FOLDER]

nbval compares what the cells print; pictures are compared by nobody, the numbers behind them are.
"""

import subprocess
import sys
from pathlib import Path

from tools import compare, figures, settings

NBVAL = ["-m", "pytest", "--nbval", "--nbval-current-env", "--nbval-cell-timeout", "600",
         "--nbval-kernel-startup-timeout", "120", "-n", "2", "--dist", "loadfile", "-q"]  # fmt: skip


def main(root: Path) -> int:
    settings.warm(root)
    fresh = figures.fresh(root / ".build" / "fresh")
    # the conftest of tests/ is for pytest on lib: only notebooks are collected here
    command = [sys.executable, *NBVAL, "--rootdir", str(root), str(root / "notebooks")]
    replayed = subprocess.run(command, cwd=settings.ROOT, env=settings.environment(root, fresh)).returncode
    return compare.main(fresh, root / "figures") or replayed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[2]).resolve() if sys.argv[1:2] == ["--root"] else settings.ROOT))
