"""What a notebook is here: a percent script that is reviewed, and the executed .ipynb that GitHub shows.

Pure functions on notebook objects. Nothing here runs a notebook or knows a particular one.
"""

import ast
import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from tools import widgets

PYTHON3 = {"display_name": "Python 3", "language": "python", "name": "python3"}
RUN_METADATA = {"papermill", "execution", "ExecuteTime", "collapsed", "scrolled", "trusted"}


def read(path: Path) -> NotebookNode:
    """A notebook from either of its two files."""
    text = path.read_text(encoding="utf-8")
    return nbformat.reads(text, as_version=4) if path.suffix == ".ipynb" else convert(text)


def convert(script: str) -> NotebookNode:
    return jupytext.reads(script, fmt="py:percent")


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def code_cells(notebook: NotebookNode, tag: str | None = None) -> list[NotebookNode]:
    return [c for c in notebook.cells if c.cell_type == "code" and (tag is None or tag in tags(c))]


def parameters(notebook: NotebookNode) -> list[str]:
    """The names assigned in the cell tagged `parameters`: what may be set from outside."""
    names: list[str] = []
    for cell in code_cells(notebook, "parameters"):
        for line in ast.parse(cell.source).body:
            targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
            names += [t.id for t in targets if isinstance(t, ast.Name)]
    return names


def check_parameters(notebook: NotebookNode, wanted: dict[str, Any]) -> None:
    """Raises ValueError for a name the notebook does not have (papermill only warns, and runs without it)."""
    allowed = parameters(notebook)
    for name in wanted:
        if name not in allowed:
            raise ValueError(f"parameter {name!r} is unknown; allowed: {', '.join(allowed) or 'none'}")


def normalise(notebook: NotebookNode) -> NotebookNode:
    """The same bytes after every run: no time stamps, random ids or traces of the tool that ran it."""
    widgets.keep(notebook)
    kept = {key: value for key, value in notebook.metadata.items() if key == "widgets"}
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(PYTHON3), language_info=NotebookNode(name="python"), **kept)
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        kept = {k: v for k, v in cell.metadata.items() if k not in RUN_METADATA and (k, v) != ("tags", [])}
        cell.metadata = NotebookNode(kept)
        cell.id = cell_id(cell.source, seen)
        if cell.cell_type == "code":
            cell.outputs = [output for output in merged(cell.outputs) if output.get("data") != {}]
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def cell_id(source: str, seen: Counter[str]) -> str:
    """From the content, so that inserting a cell renames no other; a repeated content is counted."""
    seen[source] += 1
    return hashlib.sha256(f"{seen[source]} {source}".encode()).hexdigest()[:12]


def merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """How a kernel cuts a stream into messages depends on timing: join the pieces."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def dumps(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"
