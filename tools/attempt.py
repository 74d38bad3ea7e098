"""Runs one notebook with other parameters into try/, which git ignores.

python -m tools.attempt 01 -p eta 0.01 -p sigma 0.5
"""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools import notebook as nb
from tools import project, settings


def value(word: str) -> Any:
    """A Python literal if it is one, else the word itself."""
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word


def parse(words: list[str]) -> dict[str, Any]:
    """`-p name value`, any number of times."""
    if len(words) % 3 or any(flag != "-p" for flag in words[::3]):
        raise ValueError(f"ARGS is {' '.join(words)!r}; wanted is '-p name value', any number of times")
    return {name: value(word) for name, word in zip(words[1::3], words[2::3], strict=True)}


def find(start: str, root: Path) -> Path:
    fits = [script for script in project.sources(root) if script.stem.startswith(start)]
    if len(fits) != 1:
        raise ValueError(f"N is {start!r}; there are {', '.join(p.stem for p in project.sources(root))}")
    return fits[0]


def main(arguments: list[str], root: Path = settings.ROOT) -> int:
    try:
        script, values = find(arguments[0], root), parse(arguments[1:])
        nb.check_parameters(nb.read(script), values)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    folder = root / "try"
    folder.mkdir(exist_ok=True)
    settings.warm(root)
    command = [sys.executable, "-m", "tools.execute", str(script), str(folder), json.dumps(values)]
    environment = settings.environment(root, folder)
    code = subprocess.run(command, cwd=settings.ROOT, env=environment, stdout=subprocess.DEVNULL).returncode
    print(f"try/{script.stem}.ipynb, with {values or 'the committed parameters'}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
