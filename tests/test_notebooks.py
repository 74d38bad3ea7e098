"""The committed notebooks are executed, clean and paired, and every check of that is seen to fail on a broken one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import toy
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools import guards, notebook, project, settings

SCRIPTS = project.sources(settings.ROOT)
PICTURE = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure size 640x480 with 1 Axes>"}
VIEW = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "VBox()"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_committed_notebook(script: Path) -> None:
    book = notebook.read(script.with_suffix(".ipynb"))
    nbformat.validate(book)
    assert guards.executed(book, script.stem) == []
    assert guards.pair(notebook.read(script), book) == []


def test_committed_folders() -> None:
    assert guards.folders(settings.ROOT) == []


def good() -> nbformat.NotebookNode:
    """The least notebook that passes, as the runner would leave it."""
    cells = [
        new_code_cell("eta = 0.1", metadata={"tags": ["parameters"]}),
        new_code_cell("check()", metadata={"tags": ["verdict"]}, outputs=[new_output("stream", text="so: holds\n")]),
        new_code_cell(
            "explore()",
            metadata={"tags": ["nbval-ignore-output"]},
            outputs=[new_output("display_data", data=dict(PICTURE))],
        ),
    ]
    for count, cell in enumerate(cells, 1):
        cell.execution_count = count
    return notebook.normalise(new_notebook(cells=cells))


def test_good_notebook_passes() -> None:
    assert guards.executed(good(), "01_good") == []


def printing(text: str, name: str = "stdout") -> Callable[[Any], Any]:
    return lambda book: book.cells[1].outputs.append(new_output("stream", name=name, text=text))


BREAKERS: dict[str, Callable[[Any], Any]] = {
    "not executed from top to bottom": lambda b: b.cells[2].update(execution_count=None),
    "from top to bottom": lambda b: b.cells[0].update(execution_count=7),
    "verdict cell 2 printed nothing": lambda b: b.cells[1].update(outputs=[]),
    "no cell tagged verdict": lambda b: b.cells[1].metadata.update(tags=[]),
    "verdict cell tagged nbval-ignore": lambda b: b.cells[1].metadata.tags.append("nbval-ignore-output"),
    "no cell tagged parameters": lambda b: b.cells[0].metadata.update(tags=[]),
    "cell 2 raised ValueError": lambda b: b.cells[1].outputs.append(new_output("error", ename="ValueError")),
    "wrote to stderr: oh": printing("oh\n", "stderr"),
    "an absolute path: /home/": printing("saved /home/me/figure.png"),
    "an absolute path: C:\\": printing(r"saved C:\Users\me"),
    "a time stamp: 2026-06-01 10:20": printing("run of 2026-06-01 10:20"),
    "a time stamp: 10:20:30": printing("at 10:20:30"),
    "a warning: RuntimeWarning": printing("RuntimeWarning: overflow"),
    "an address in memory": printing("<object at 0x7f0123456789>"),
    "dead widget": lambda b: b.cells[2].outputs.append(new_output("display_data", data=dict(VIEW))),
    "shows no picture": lambda b: b.cells[2].update(outputs=[]),
    "metadata of a run: papermill": lambda b: b.metadata.update(papermill={}),
    "metadata of a run: widgets": lambda b: b.metadata.update(widgets={}),
    "cell 1: metadata of a run: execution": lambda b: b.cells[0].metadata.update(execution={}),
}


@pytest.mark.parametrize("complaint", BREAKERS)
def test_broken_notebook_is_seen(complaint: str) -> None:
    book = good()
    BREAKERS[complaint](book)
    assert any(complaint in wrong for wrong in guards.executed(book, "01_good"))


def test_map_and_lecture_need_no_verdict() -> None:
    book = good()
    book.cells[1].update(outputs=[], metadata={})
    assert guards.executed(book, "00_map") == guards.executed(book, "lecture") == []


@pytest.mark.parametrize(
    "script",
    [
        toy.script("01_one", "b"),  # another source
        toy.script("01_one", "a").replace("verdict", "verdicts", 1),  # another tag
        toy.script("01_one", "a") + "\n# %%\nmore = 1\n",  # a cell more
        toy.script("01_one", "a").replace("[markdown]", "[raw]"),  # another kind of cell
    ],
)
def test_pair_out_of_step_is_seen(script: str) -> None:
    book = notebook.convert(toy.script("01_one", "a"))
    assert guards.pair(notebook.convert(toy.script("01_one", "a")), book) == []
    assert guards.pair(notebook.convert(script), book)


def test_folder_out_of_step_is_seen(tmp_path: Path) -> None:
    root = toy.make(tmp_path)
    (root / "figures").mkdir()
    (root / "notebooks" / "03_lost.ipynb").write_text("{}")
    (root / "figures" / "04_orphan.png").write_bytes(b"")
    result = {"notebook": "02_two", "figures": ["01_one.png"]}
    (root / "figures" / "01_one.json").write_text(json.dumps(result))
    assert guards.folders(root) == [
        "01_one: no .ipynb",
        "02_two: no .ipynb",
        "03_lost: .ipynb without .py",
        "figures/04_orphan.png: made by no notebook",
        "figures/02_two.json: missing",
        "01_one.json: belongs to 02_two",
        "01_one.json: names 01_one.png, which is missing",
    ]


def test_normalised_notebook_forgets_the_run() -> None:
    book = good()
    before = notebook.dumps(book)
    book.metadata.update(papermill={"end_time": "now"}, widgets={"state": {}})
    book.metadata.language_info.version = "3.11.7"
    book.cells[0].metadata.update(papermill={"duration": 1.0}, execution={"iopub.status.busy": "now"})
    book.cells[0].id = "random"
    book.cells[1].outputs = [new_output("stream", text="so: "), new_output("stream", text="holds\n")]
    book.cells[2].outputs.append(new_output("display_data", data=dict(VIEW)))
    assert notebook.dumps(notebook.normalise(book)) == before


def test_equal_cells_have_different_ids() -> None:
    book = notebook.normalise(new_notebook(cells=[new_code_cell("x"), new_code_cell("x")]))
    assert book.cells[0].id != book.cells[1].id
    nbformat.validate(book)
