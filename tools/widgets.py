"""What an executed notebook keeps of its widgets: explorers that need no kernel, whole; of all others the picture.

The kernel names models at random; here they are numbered in the order in which the page needs them.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode

PREFIX = "application/vnd.jupyter.widget"  # of the media types of widgets
VIEW = f"{PREFIX}-view+json"
STATE = f"{PREFIX}-state+json"
FRAMES = "longrun-frames"  # what lib/longrun/frames.py writes into an output's metadata
REFERENCE = re.compile(r"IPY_MODEL_(\w+)")


def kernel_free(output: NotebookNode) -> bool:
    """Whether an output moves by itself in a browser."""
    return VIEW in output.get("data", {}) and FRAMES in output.get("metadata", {})


def outputs(notebook: NotebookNode) -> Iterator[NotebookNode]:
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def state(notebook: NotebookNode) -> dict[str, Any]:
    """The models that a notebook holds, by name."""
    models: dict[str, Any] = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    return models


def keep(notebook: NotebookNode) -> None:
    """Drops every widget but the kernel-free ones, whose models get the same names in every run."""
    for output in outputs(notebook):
        if any(kind.startswith(PREFIX) for kind in output.get("data", {})) and not kernel_free(output):
            output.data = NotebookNode({kind: data for kind, data in output.data.items() if kind.startswith("image/")})
    views = [output.data[VIEW] for output in outputs(notebook) if kernel_free(output)]
    models = state(notebook)
    notebook.metadata.pop("widgets", None)
    if views:
        names = {old: f"model{number:04d}" for number, old in enumerate(needed(models, [view["model_id"] for view in views]))}
        kept = {new: renamed(models[old], names) for old, new in names.items()}
        for view in views:
            view["model_id"] = names[view["model_id"]]
        notebook.metadata.widgets = NotebookNode({STATE: {"state": kept, "version_major": 2, "version_minor": 0}})


def needed(models: dict[str, Any], roots: list[str]) -> list[str]:
    """The models below `roots`, depth first, and then the links between them, in the order of what they join."""
    found: dict[str, None] = {}
    waiting = roots[::-1]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += references(models[name])[::-1]
    links = [name for name, model in models.items() if model["model_name"] in ("LinkModel", "DirectionalLinkModel")]
    place = {name: number for number, name in enumerate(found)}

    def order(name: str) -> tuple[list[int], str]:
        """Where its ends are, and which of their values it joins: the kernel lists links at random."""
        return [place[end] for end in references(models[name])], REFERENCE.sub(
            "", json.dumps(models[name]["state"], sort_keys=True)
        )

    return [*found, *sorted((name for name in links if set(references(models[name])) <= found.keys()), key=order)]


def references(model: Any) -> list[str]:
    return REFERENCE.findall(json.dumps(model["state"]))


def renamed(model: Any, names: dict[str, str]) -> Any:
    return json.loads(REFERENCE.sub(lambda match: f"IPY_MODEL_{names[match[1]]}", json.dumps(model)))
