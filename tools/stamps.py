"""Decides by contents, never by time stamps of files, whether a notebook has to run again.

A stamp holds a digest of all that went into a run and one of every file that came out.
"""

import ast
import hashlib
import json
import platform
from pathlib import Path
from typing import Any

from tools import project

PACKAGE = "longrun"
RUNNER = [Path(__file__).with_name(f"{name}.py") for name in ("execute", "guards", "notebook", "project", "settings", "widgets")]


def imported(code: str, package: str = "") -> set[str]:
    """The dotted names that `code` may import; `package` resolves the relative ones."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
            names |= {f"{PACKAGE}.*" for alias in node.names if alias.name == PACKAGE}  # any attribute may follow
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [package if node.level else "", node.module]))
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def needed(code: str, library: Path) -> set[Path]:
    """The modules of the package that `code` depends on, through any number of imports."""
    modules = {path.stem: path for path in library.glob("*.py")}
    found: set[Path] = set()
    waiting = [code]
    while waiting:
        names = imported(waiting.pop(), PACKAGE)
        stems = {name.split(".")[1] for name in names if name.startswith(PACKAGE + ".")} & modules.keys()
        if f"{PACKAGE}.*" in names:
            stems = set(modules)
        if PACKAGE in names or stems:
            stems |= {"__init__"} & modules.keys()
        fresh = {modules[stem] for stem in stems} - found
        found |= fresh
        waiting += [path.read_text(encoding="utf-8") for path in fresh]
    return found


def inputs(script: Path, root: Path) -> str:
    """One digest of everything that the outputs of a notebook depend on."""
    library = root / "lib" / PACKAGE
    modules = needed(script.read_text(encoding="utf-8"), library)  # magics are comments in a percent script
    others = set(filter(Path.is_file, library.rglob("*"))) - set(library.glob("*.py")) - set(library.rglob("*.pyc"))
    others |= set(made(root)) if project.shows_others(script.stem) else set()
    files = [script, root / "requirements.lock", *RUNNER, *sorted(modules), *sorted(others)]
    digest = hashlib.sha256(f"{platform.python_version()} {platform.machine()} {platform.system()}".encode())
    if "NOTEBOOKS" in script.read_text(encoding="utf-8"):  # it lists the notebooks that there are
        digest.update(" ".join(path.stem for path in project.sources(root)).encode())
    for path in files:
        digest.update(path.name.encode() + b"\0" + file_digest(path).encode())
    return digest.hexdigest()


def made(root: Path) -> list[Path]:
    """What the numbered notebooks wrote: their executed pages and their results."""
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")) + sorted((root / "figures").glob("*.json"))


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def outputs(script: Path, root: Path) -> dict[str, str]:
    """The committed files of a notebook, with their digests."""
    slugs = [path.stem for path in project.sources(root)]
    figures = [p for p in sorted((root / "figures").glob("*")) if project.owner(p.name, slugs) == script.stem]
    files = [script.with_suffix(".ipynb"), *figures]
    return {path.relative_to(root).as_posix(): file_digest(path) for path in files}


def location(script: Path, root: Path) -> Path:
    return root / ".build" / "stamps" / f"{script.stem}.json"


def load(script: Path, root: Path) -> dict[str, Any]:
    path = location(script, root)
    stamp: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return stamp


def current(script: Path, root: Path) -> bool:
    stamp = load(script, root)
    return stamp.get("inputs") == inputs(script, root) and stamp.get("outputs") == outputs(script, root)


def save(script: Path, root: Path, before: str, seconds: float) -> None:
    """`before` was taken before the run, so an edit made meanwhile leads to another run."""
    path = location(script, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    stamp = {"inputs": before, "outputs": outputs(script, root), "seconds": round(seconds, 1)}
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(stamp, indent=1))
    beside.replace(path)
