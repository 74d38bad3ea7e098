"""Runs the notebooks that changed, two at a time, and publishes what they made.

    python -m tools.figures [--force] [--root FOLDER] [NN ...]

Each notebook runs in a process of its own and writes into a staging folder; only a run that reached its end
replaces the committed files, each by one rename. Killed at any moment, every committed file is whole.
"""

import argparse
import fcntl
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from tools import project, readme, settings, stamps

AT_ONCE = 2


class Runner:
    """Runs some notebooks of one project; keeps the processes, to end them when the user does."""

    def __init__(self, root: Path, scripts: list[Path]) -> None:
        self.root, self.scripts = root, scripts
        self.slugs = [path.stem for path in project.sources(root)]
        self.running: list[subprocess.Popen[str]] = []
        self.stopped = threading.Event()
        cells = sum(project.cells(script) for script in scripts)
        self.bar = tqdm(total=cells, unit="cell", disable=not scripts, dynamic_ncols=True)

    def run(self) -> dict[str, str]:
        """What went wrong, by notebook: empty when all is well."""
        settings.warm(self.root)
        longest_first = sorted(self.scripts, key=lambda s: -stamps.load(s, self.root).get("seconds", 1e9))
        with self.bar, ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                wrong = list(pool.map(self.one, longest_first))
            except BaseException:
                self.stop()
                raise
        return {script.stem: what for script, what in zip(longest_first, wrong, strict=True) if what}

    def stop(self) -> None:
        self.stopped.set()
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(timeout=3)
            except subprocess.TimeoutExpired:  # waits for its kernel; that one ends when its parent is gone
                process.kill()

    def one(self, script: Path) -> str:
        if self.stopped.is_set():
            return "not run"
        started, before = time.monotonic(), stamps.inputs(script, self.root)
        # a new folder every time: kernels of a run that was killed may still write into theirs
        staging = Path(tempfile.mkdtemp(prefix=f"{script.stem}.", dir=self.root / ".build" / "staging"))
        wrong = self.execute(script, staging)
        strange = [p.name for p in staging.iterdir() if project.owner(p.name, self.slugs) != script.stem]
        if strange and not wrong:
            wrong = f"wrote files that are not named after it: {', '.join(strange)}"
        if wrong:
            return f"{wrong}\nas far as it came: {staging.relative_to(self.root)}/{script.stem}.ipynb"
        publish(script, staging, self.root)
        stamps.save(script, self.root, before, time.monotonic() - started)
        return ""

    def execute(self, script: Path, staging: Path) -> str:
        command = [sys.executable, "-m", "tools.execute", str(script.resolve()), str(staging.resolve())]
        log = staging.with_name(f"{staging.name}.log")
        with open(log, "w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                command, cwd=settings.ROOT, env=settings.environment(self.root, staging),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
            self.running.append(process)
            assert process.stdout
            for _ in process.stdout:
                self.bar.set_description(script.stem, refresh=False)
                self.bar.update()
        return "" if process.wait() == 0 else log.read_text(encoding="utf-8").strip() or "ended without a word"


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """One run at a time; the lock goes with the process, however it ends."""
    build = root / ".build"
    build.mkdir(exist_ok=True)
    with open(build / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("another run is under way") from None
        fresh(build / "staging")
        yield


def publish(script: Path, staging: Path, root: Path) -> None:
    """Figures first, the page that shows them last; figures that this run did not make go."""
    figures = root / "figures"
    figures.mkdir(exist_ok=True)
    old = {Path(name) for name in stamps.outputs(script, root) if name.startswith("figures/")}
    made = {Path("figures") / path.name for path in staging.iterdir() if path.suffix != ".ipynb"}
    for path in sorted(made):
        (staging / path.name).replace(root / path)
    for path in old - made:
        (root / path).unlink()
    (staging / f"{script.stem}.ipynb").replace(script.with_suffix(".ipynb"))


def chosen(root: Path, wanted: list[str], force: bool) -> Iterator[Path]:
    for script in project.sources(root):
        named = not wanted or any(script.stem.startswith(number) for number in wanted)
        if named and (force or not stamps.current(script, root)):
            yield script


def report(wrong: dict[str, str], ran: int, seconds: float) -> None:
    for slug, what in sorted(wrong.items()):
        print(f"\n{slug} failed; its committed files are as they were\n  " + what.replace("\n", "\n  "), file=sys.stderr)
    print(f"{ran - len(wrong)} notebooks run, {len(wrong)} failed, {seconds:.0f} s" if ran else "figures are up to date")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="which notebooks (their first characters); default: all")
    parser.add_argument("--force", action="store_true", help="also those that are up to date")
    parser.add_argument("--root", type=Path, default=settings.ROOT)
    options = parser.parse_args(arguments)
    root, started = options.root.resolve(), time.monotonic()
    wrong: dict[str, str] = {}
    ran = 0
    with alone(root):
        try:
            for last in (False, True):  # the notebooks that show what others made run after those
                scripts = [s for s in chosen(root, options.numbers, options.force) if project.shows_others(s.stem) == last]
                wrong |= Runner(root, scripts).run() if scripts else {}
                ran += len(scripts)
        except KeyboardInterrupt:
            print("\nstopped; the committed files are whole", file=sys.stderr)
            return 130
        report(wrong, ran, time.monotonic() - started)
        readme.write(root)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
