"""What a committed notebook must satisfy. Every function returns the list of what is wrong, empty when all is well.

nbval ignores pictures and passes on notebooks without outputs, so these are the checks that can fail.
"""

import json
import re
from pathlib import Path

from nbformat import NotebookNode

from tools import notebook as nb
from tools import project
from tools import widgets as kept

FORBIDDEN = {
    "an absolute path": re.compile(r"(?<![\w.:/~])/(?:home|Users|root|tmp|var|opt|usr|work|private)/|[A-Z]:\\\\?\w"),
    "a time stamp": re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\b\d\d:\d\d:\d\d\b"),
    "a warning": re.compile(r"\b\w*Warning\b"),
    "an address in memory": re.compile(r"\bat 0x[0-9a-f]{6,}"),
}


def executed(notebook: NotebookNode, slug: str) -> list[str]:
    """An executed notebook on its own: complete, clean, with its verdict."""
    wrong = counts(notebook) + cleanliness(notebook) + verdicts(notebook, slug) + widgets(notebook)
    if project.shows_others(slug):  # a screen whose notebook is not written yet has no picture
        wrong = [what for what in wrong if not what.endswith("shows no picture")]
    return [f"{slug}: {what}" for what in wrong]


def counts(notebook: NotebookNode) -> list[str]:
    found = [cell.execution_count for cell in nb.code_cells(notebook)]
    return [] if found == list(range(1, len(found) + 1)) else [f"not executed from top to bottom: cells {found}"]


def text_of(output: NotebookNode) -> str:
    """All that a reader sees of an output as text."""
    parts = [output.get("text", "")]
    hidden = ("image/png", kept.PREFIX)
    parts += [str(data) for kind, data in output.get("data", {}).items() if not kind.startswith(hidden)]
    return "\n".join(parts)


def cleanliness(notebook: NotebookNode) -> list[str]:
    wrong = [f"metadata of a run: {key}" for key in notebook.metadata if key not in ("kernelspec", "language_info", "widgets")]
    for cell in nb.code_cells(notebook):
        where = f"cell {cell.execution_count}"
        wrong += [f"{where}: metadata of a run: {key}" for key in cell.metadata if key in nb.RUN_METADATA]
        for output in cell.outputs:
            if output.output_type == "error":
                wrong.append(f"{where} raised {output.ename}")
            if output.output_type == "stream" and output.name == "stderr":
                wrong.append(f"{where} wrote to stderr: {output.text.strip()}")
            text = text_of(output)
            wrong += [f"{where} shows {what}: {m[0]}" for what, p in FORBIDDEN.items() if (m := p.search(text))]
    return wrong


def verdicts(notebook: NotebookNode, slug: str) -> list[str]:
    if not project.needs_verdict(slug):
        return []
    cells = nb.code_cells(notebook, "verdict")
    wrong = [] if cells else ["no cell tagged verdict"]
    wrong += [f"verdict cell {cell.execution_count} printed nothing" for cell in cells if not cell.outputs]
    wrong += ["verdict cell tagged nbval-ignore-output" for c in cells if "nbval-ignore-output" in nb.tags(c)]
    return wrong + ([] if nb.code_cells(notebook, "parameters") else ["no cell tagged parameters"])


def widgets(notebook: NotebookNode) -> list[str]:
    """A cell whose output is not compared is a widget's; where no kernel lives it moves by itself, or shows a picture instead."""
    models, wrong = kept.state(notebook), []
    if "widgets" in notebook.metadata and not any(map(kept.kernel_free, kept.outputs(notebook))):
        wrong.append("metadata of a run: widgets")
    for cell in nb.code_cells(notebook):
        pictured = any("image/png" in output.get("data", {}) for output in cell.outputs)
        views = [output for output in cell.outputs if any(kind.startswith(kept.PREFIX) for kind in output.get("data", {}))]
        if any(not kept.kernel_free(view) or view.data[kept.VIEW]["model_id"] not in models for view in views):
            wrong.append(f"cell {cell.execution_count} holds the view of a dead widget")
        if "nbval-ignore-output" in nb.tags(cell) and not pictured:
            wrong.append(f"cell {cell.execution_count} is not compared and shows no picture")
    return wrong


def pair(script: NotebookNode, notebook: NotebookNode) -> list[str]:
    """The .ipynb holds the script's cells, in order, with their tags."""

    def content(book: NotebookNode) -> list[tuple[str, str, list[str]]]:
        return [(cell.cell_type, cell.source.strip(), nb.tags(cell)) for cell in book.cells]

    ours, theirs = content(script), content(notebook)
    if len(ours) != len(theirs):
        return [f"{len(ours)} cells in the .py, {len(theirs)} in the .ipynb"]
    return [f"cell {i} differs between .py and .ipynb" for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]


def folders(root: Path) -> list[str]:
    """Every script has its notebook and its results, and nothing lies about that no notebook made."""
    slugs = [path.stem for path in project.sources(root)]
    books = {path.stem for path in (root / "notebooks").glob("*.ipynb")}
    wrong = [f"{slug}: no .ipynb" for slug in slugs if slug not in books]
    wrong += [f"{slug}: .ipynb without .py" for slug in sorted(books.difference(slugs))]
    figures = sorted(path for path in (root / "figures").glob("*") if path.is_file())
    wrong += [f"figures/{path.name}: made by no notebook" for path in figures if project.owner(path.name, slugs) is None]
    made = {path.name for path in figures}
    needed = [f"{slug}.json" for slug in slugs if project.needs_verdict(slug)]
    wrong += [f"figures/{name}: missing" for name in needed if name not in made]
    return wrong + [what for path in figures if path.suffix == ".json" for what in listed(path, made)]


def listed(path: Path, made: set[str]) -> list[str]:
    """A result names its own notebook, and exactly figures that exist."""
    result = json.loads(path.read_text(encoding="utf-8"))
    wrong = [] if result["notebook"] == path.stem else [f"{path.name}: belongs to {result['notebook']}"]
    return wrong + [f"{path.name}: names {name}, which is missing" for name in result["figures"] if name not in made]
