"""A project of two notebooks and two modules: small enough to run in seconds, real enough to break."""

from pathlib import Path

HEADER = '# %% [markdown]\n# # A claim\n\n# %% tags=["parameters"]\neta = 0.1\nseed = 1\n\n'

WORK = """# %%
import json, os, pathlib
from longrun import {module}

out = pathlib.Path(os.environ["LONGRUN_OUTPUT"])
_ = (out / "{slug}.png").write_bytes(b"picture " + str({module}.VALUE * eta).encode())

# %% tags=["verdict"]
{body}
verdict = dict(claim="it is so", predicted=2.0, measured=2.01, error=0.02, tolerance=0.06, relation="==", holds=True)
result = dict(notebook="{slug}", title="A claim", parameters=dict(eta=eta), seed=seed, tolerances={{}},
              numbers=dict(value={module}.VALUE), verdicts=[verdict], figures=["{slug}.png"])
_ = (out / "{slug}.json").write_text(json.dumps(result))
print("it is so: holds")
"""


def script(slug: str, module: str, body: str = "") -> str:
    return HEADER + WORK.format(slug=slug, module=module, body=body)


def make(root: Path) -> Path:
    """Two notebooks: 01_one uses the module `a`, 02_two uses `b`, which imports `c`."""
    files = {
        "lib/longrun/__init__.py": "",
        "lib/longrun/a.py": "VALUE = 1\n",
        "lib/longrun/b.py": "from longrun.c import VALUE\n",
        "lib/longrun/c.py": "VALUE = 2\n",
        "notebooks/01_one.py": script("01_one", "a"),
        "notebooks/02_two.py": script("02_two", "b"),
        "requirements.lock": "numpy==1\n",
        "README.md": "# toy\n\n<!-- claims -->\n<!-- /claims -->\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def committed(root: Path) -> dict[str, bytes]:
    """Every file that git would see, with its bytes."""
    paths = [root / "README.md", *(root / "notebooks").iterdir(), *(root / "figures").glob("*")]
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in paths if p.is_file()}
