"""The lecture: one screen for each claim, its sentence above its explorer."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

from IPython.display import HTML, display

from longrun.frames import again
from longrun.paths import FIGURES, NOTEBOOKS


def screen(number: str, explorer: Callable[[], None] | None = None, claim: str | None = None) -> None:
    """Show the claim of a notebook in one sentence, and move it.

    Parameters
    ----------
    number : str
        Of the notebook, such as "01". If it is not written yet, its cell says so, and the lecture leaves the screen out.
    explorer : callable, optional
        Shows what moves; by default the explorers that the executed notebook keeps, without computing anything.
    claim : str, optional
        The sentence; by default the notebook's title.
    """
    written = sorted(NOTEBOOKS.glob(f"{number}_*.ipynb"))
    result = FIGURES / f"{written[0].stem}.json" if written else None
    if result is None or not result.exists():
        display(HTML(f'<p class="longrun-pending">Notebook {html.escape(number)} is in preparation.</p>'))
        return
    title = claim or json.loads(result.read_text(encoding="utf-8"))["title"]
    display(HTML(f"<h1>{html.escape(title)}</h1>"))
    if explorer is None:
        again(written[0].stem)
    else:
        explorer()
