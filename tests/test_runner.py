"""The runner of the notebooks, on a throwaway project: what it reruns, what it publishes, what it never breaks."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import toy

from tools import attempt, figures, notebook, replay, settings


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that ran once, on a machine whose own `python3` kernel is broken."""
    root = toy.make(tmp_path_factory.mktemp("toy"))
    kernel = root / ".build" / "data" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text('{"argv": ["false"], "display_name": "broken", "language": "python"}')
    done = run(root, JUPYTER_DATA_DIR=str(root / ".build" / "data"))
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def root(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "toy"))


def run(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.figures", "--root", str(root), *arguments]
    return subprocess.run(command, cwd=settings.ROOT, env=os.environ | environment, capture_output=True, text=True)


def pending(root: Path) -> list[str]:
    return [script.stem for script in figures.chosen(root, [], force=False)]


def edit(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new))


def test_first_run_makes_everything(root: Path) -> None:
    assert {"notebooks/01_one.ipynb", "figures/02_two.json", "figures/02_two.png"} <= toy.committed(root).keys()
    assert "[02_two](notebooks/02_two.ipynb)" in (root / "README.md").read_text()


def test_second_run_does_nothing(root: Path) -> None:
    before = toy.committed(root)
    started = time.monotonic()
    assert "up to date" in run(root).stdout
    assert time.monotonic() - started < 2
    assert toy.committed(root) == before


def test_forced_run_makes_the_same_bytes(root: Path) -> None:
    before = toy.committed(root)
    assert "2 notebooks run" in run(root, "--force").stdout
    assert toy.committed(root) == before


def test_an_unnumbered_notebook_runs_last_and_again_when_others_change(root: Path) -> None:
    """It shows what they made."""
    shows = "# %%\nfrom pathlib import Path\n\nprint(Path('02_two.ipynb').read_text().count('holds'))\n"
    (root / "notebooks" / "lecture.py").write_text(shows)
    edit(root, "lib/longrun/c.py", "VALUE = 2", "VALUE = 3")
    edit(root, "notebooks/02_two.py", "it is so: holds", "it holds and holds")
    done = run(root)
    assert "2 notebooks run" in done.stdout, done.stderr
    (output,) = notebook.read(root / "notebooks" / "lecture.ipynb").cells[0].outputs
    assert int(output.text) == (root / "notebooks" / "02_two.ipynb").read_text().count("holds")
    assert pending(root) == []
    edit(root, "figures/01_one.json", "2.01", "2.02")
    assert pending(root) == ["01_one", "lecture"]


def test_time_stamps_decide_nothing(root: Path) -> None:
    for path in root.rglob("*"):
        os.utime(path, (0, 0))
    assert pending(root) == []


@pytest.mark.parametrize(
    ("name", "reruns"),
    [
        ("lib/longrun/a.py", ["01_one"]),
        ("lib/longrun/b.py", ["02_two"]),
        ("lib/longrun/c.py", ["02_two"]),  # through b
        ("lib/longrun/__init__.py", ["01_one", "02_two"]),
        ("requirements.lock", ["01_one", "02_two"]),
        ("notebooks/01_one.py", ["01_one"]),
        ("notebooks/02_two.ipynb", ["02_two"]),
        ("figures/01_one.png", ["01_one"]),
    ],
)
def test_change_reruns_what_depends_on_it(root: Path, name: str, reruns: list[str]) -> None:
    assert pending(root) == []
    with open(root / name, "a") as file:
        file.write("\n")
    assert pending(root) == reruns


@pytest.mark.parametrize("name", ["notebooks/01_one.ipynb", "figures/01_one.png", ".build/stamps/01_one.json"])
def test_deleted_file_reruns(root: Path, name: str) -> None:
    (root / name).unlink()
    assert pending(root) == ["01_one"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise RuntimeError('the claim fails')", "RuntimeError: the claim fails"),
        ("import warnings; warnings.warn('beware')", "wrote to stderr"),
        ("(out / 'picture.png').write_bytes(b'')", "not named after it: picture.png"),
    ],
)
def test_failed_run_changes_nothing(root: Path, body: str, said: str) -> None:
    before = toy.committed(root)
    (root / "notebooks/01_one.py").write_text(toy.script("01_one", "a", body))
    edit(root, "lib/longrun/c.py", "2", "3")  # the other one has work too, and must finish
    done = run(root)
    after = toy.committed(root)
    assert done.returncode == 1
    assert said in done.stderr
    assert "1 notebooks run, 1 failed" in done.stdout
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"notebooks/01_one.py", "figures/02_two.json", "figures/02_two.png"}
    assert pending(root) == ["01_one"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_run_leaves_files_whole(root: Path, how: signal.Signals) -> None:
    flag = root / "half-way"
    body = f"(out / '01_one.png').write_bytes(b'half'); open({str(flag)!r}, 'w'); import time; time.sleep(60)"
    (root / "notebooks/01_one.py").write_text(toy.script("01_one", "a", body))
    before = toy.committed(root)
    command = [sys.executable, "-m", "tools.figures", "--root", str(root)]
    runner = subprocess.Popen(
        command, cwd=settings.ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's background jobs ignore it
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not flag.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(runner.pid, how)
    assert runner.wait(timeout=20) != 0
    assert flag.exists()
    assert toy.committed(root) == before
    assert pending(root) == ["01_one"]


def test_figure_no_longer_made_goes(root: Path) -> None:
    (root / "figures" / "01_one_old.png").write_bytes(b"")
    (root / "figures" / "01_onerous.png").write_bytes(b"")  # not its own
    assert run(root, "01").returncode == 0
    names = toy.committed(root).keys()
    assert "figures/01_one_old.png" not in names
    assert "figures/01_onerous.png" in names


def test_one_run_at_a_time(root: Path) -> None:
    with figures.alone(root), pytest.raises(SystemExit, match="another run"):
        figures.main(["--root", str(root)])


def test_misspelt_parameter_is_refused(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert attempt.main(["01", "-p", "etta", "0.2"], root) == 2
    assert "'etta' is unknown; allowed: eta, seed" in capfd.readouterr().err
    with pytest.raises(ValueError, match="allowed: none"):
        notebook.check_parameters(notebook.convert("# %%\nx = 1\n"), {"x": 2})


@pytest.mark.parametrize("words", [["-p", "eta"], ["eta", "0.2", "-p"]])
def test_malformed_arguments_are_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match="-p name value"):
        attempt.parse(words)


def test_try_leaves_committed_files_alone(root: Path) -> None:
    before = toy.committed(root)
    assert attempt.main(["01", "-p", "eta", "0.25"], root) == 0
    assert toy.committed(root) == before
    assert (root / "try" / "01_one.png").read_bytes() == b"picture 0.25"
    assert "eta = 0.25" in (root / "try" / "01_one.ipynb").read_text()


def test_replay_agrees_with_what_was_committed(root: Path) -> None:
    assert replay.main(root) == 0


def test_replay_sees_another_output_and_another_number(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    edit(root, "notebooks/01_one.ipynb", r'"it is so: holds\n', r'"it is so: refuted\n')
    edit(root, "figures/02_two.json", '"value": 2', '"value": 2.1')
    assert replay.main(root) == 1
    said = capfd.readouterr().out
    assert "1 failed" in said
    assert "it is so: refuted" in said
    assert "02_two.json: value: 2 now, 2.1 committed" in said
