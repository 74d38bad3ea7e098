"""Executes one notebook in a process of its own and writes the result into a staging folder.

    python -m tools.execute notebooks/01_x.py STAGING [JSON of parameters]

One line on standard output per code cell: what the runner's progress bar counts. It touches nothing
outside STAGING, so it can be killed at any moment.
"""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook

from tools import guards
from tools import notebook as nb

logging.getLogger("papermill").setLevel(logging.ERROR)


class ThisPython(AsyncKernelManager):
    """The interpreter that runs this module, whatever kernels are registered on the machine."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


class Client(PapermillNotebookClient):
    """Says when a cell is done."""

    def execute_cell(self, cell: NotebookNode, cell_index: int, **options: Any) -> NotebookNode:
        try:
            return super().execute_cell(cell, cell_index, **options)
        finally:
            if cell.cell_type == "code":
                print("cell", cell_index, flush=True)  # a dead reader ends this process too


class Engine(NBClientEngine):
    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        kept = {k: options[k] for k in ("resources", "kernel_manager_class", "timeout")}
        return Client(nb_man, kernel_name=kernel_name, startup_timeout=120, **kept).execute()


def run(script: Path, target: Path, values: dict[str, Any]) -> list[str]:
    """Executes `script` into `target` and returns what is wrong with it."""
    notebook = nb.read(script)
    nb.check_parameters(notebook, values)
    papermill_engines.register("longrun", Engine)
    options = {"resources": {"metadata": {"path": str(script.parent)}}, "timeout": None}
    failure = []
    try:
        execute_notebook(
            notebook, target, values, "longrun", request_save_on_cell_execute=False, progress_bar=False,
            kernel_name="python3", language="python", kernel_manager_class=ThisPython, **options,
        )  # fmt: skip
    except PapermillExecutionError as error:
        failure = [f"cell {error.exec_count}: {error.ename}: {error.evalue}\n{first_lines(error.source)}"]
    done = nb.normalise(nb.read(target))
    target.write_text(nb.dumps(done), encoding="utf-8")
    return failure or guards.executed(done, script.stem)


def first_lines(source: str, count: int = 3) -> str:
    lines = source.strip().splitlines()
    return "\n".join("    " + line for line in lines[:count] + ["..."] * (len(lines) > count))


def main(script: Path, staging: Path, values: dict[str, Any]) -> int:
    try:
        wrong = run(script.resolve(), staging / f"{script.stem}.ipynb", values)
    except ValueError as error:
        wrong = [str(error)]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3] if sys.argv[3:] else "{}")))
