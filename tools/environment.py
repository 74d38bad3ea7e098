"""Builds a virtual environment that holds exactly what the locks say, and nothing when it already does.

    python3 tools/environment.py .venv requirements.lock
    python tools/environment.py --active            (inside conda: only the package itself)

Runs on a bare Python: standard library only. What is up to date is decided by contents.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)


def fingerprint(folder: Path, locks: list[Path]) -> str:
    """Changes with the locks, the project file, the interpreter and the folder (scripts name it)."""
    digest = hashlib.sha256(f"{sys.version} {sys.base_prefix} {folder}".encode())
    for path in [ROOT / "pyproject.toml", Path(__file__), *locks]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def entry(lock: Path, name: str) -> str:
    """The lines of one package in a lock, hashes included: enough to fetch the installer itself."""
    lines, inside = [], False
    for line in lock.read_text().splitlines():
        if not line.startswith((" ", "#")):
            inside = line.startswith(name + "==")
        if inside:
            lines.append(line)
    if not lines:
        raise SystemExit(f"{lock.name} does not lock {name}")
    return "\n".join(lines) + "\n"


def run(*command: object) -> None:
    words = [str(word) for word in command]
    # uv would otherwise prefer whatever environment is active in the caller's shell
    clean = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    if subprocess.run(words, cwd=ROOT, env=clean).returncode:
        raise SystemExit(f"failed: {' '.join(words)}")


def build(folder: Path, locks: list[Path]) -> None:
    print(f"building {folder.name} from {', '.join(str(lock.relative_to(ROOT)) for lock in locks)}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    installer = folder / "uv.lock.txt"
    installer.write_text(entry(locks[0], "uv"))
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", installer)
    uv = [python, "-m", "uv", "pip"]
    run(*uv, "sync", "-q", "--python", python, "--require-hashes", *locks)
    install = ["--no-deps", "--no-build-isolation", "--editable", "."]
    run(*uv, "install", "-q", "--python", python, *install)


def ensure(folder: Path, locks: list[Path]) -> None:
    stamp = folder / "locked"
    wanted = fingerprint(folder, locks)
    if not stamp.exists() or stamp.read_text() != wanted:
        build(folder, locks)
        stamp.write_text(wanted)  # last: a broken build leaves none


def ensure_active() -> None:
    """In an environment that somebody else made, such as conda's: add the package, no more."""
    found = "import longrun, pathlib; print(pathlib.Path(longrun.__file__).resolve().parent)"
    where = subprocess.run([sys.executable, "-c", found], capture_output=True, text=True, cwd="/")
    if where.stdout.strip() != str(ROOT / "lib" / "longrun"):
        install = ["install", "-q", "--no-deps", "--no-build-isolation", "--editable", "."]
        run(sys.executable, "-m", "pip", *install)


def main(arguments: list[str]) -> None:
    if sys.version_info < OLDEST:
        raise SystemExit(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed: make BASE=python3.12")
    if arguments == ["--active"]:
        ensure_active()
    else:
        folder, *locks = (ROOT / argument for argument in arguments)
        ensure(folder, locks)


if __name__ == "__main__":
    main(sys.argv[1:])
