"""Which notebooks there are, and which files belong to them.

Imports nothing heavy, so that `make` with nothing to do is quick.
"""

import re
from pathlib import Path


def sources(root: Path) -> list[Path]:
    """The notebooks' scripts, in reading order."""
    return sorted((root / "notebooks").glob("*.py"))


def needs_verdict(slug: str) -> bool:
    """Numbered notebooks make a claim each; the map (00) and the unnumbered ones make none."""
    return bool(re.match(r"\d\d_", slug)) and not slug.startswith("00_")


def shows_others(slug: str) -> bool:
    """An unnumbered notebook shows what the numbered ones made, so it runs after them."""
    return not re.match(r"\d\d_", slug)


def owner(name: str, slugs: list[str]) -> str | None:
    """Which notebook a file in figures/ belongs to: the one whose slug its name starts with."""
    fits = [s for s in slugs if re.match(re.escape(s) + r"(?![A-Za-z0-9])", name)]
    return max(fits, key=len, default=None)


def cells(script: Path) -> int:
    """How many code cells a percent script has."""
    return len(re.findall(r"^# %%(?! \[markdown\])", script.read_text(encoding="utf-8"), re.MULTILINE))
