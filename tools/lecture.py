"""Serves the lecture on this machine alone: a page to move things on, not a place to run code.

    python -m tools.lecture [--port 8866]

Voilà passes on no message but those of widgets; docs/voila/voila.json also lets it answer to no other host's name, take no
template from the address, and serve no files.
"""

import argparse
import os
import sys

from tools import settings

PORT = 8866


def environment() -> dict[str, str]:
    """The notebooks' own, and the configuration and the page in docs/voila."""
    own = settings.environment(settings.ROOT, settings.ROOT / ".build" / "lecture")
    docs = settings.ROOT / "docs"
    return own | {
        "JUPYTER_PATH": str(docs),
        "JUPYTER_DATA_DIR": own["JUPYTER_CONFIG_DIR"],
        "JUPYTER_CONFIG_PATH": str(docs / "voila"),
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=PORT)
    port = parser.parse_args(arguments).port
    settings.warm(settings.ROOT)
    print(f"the lecture: http://127.0.0.1:{port}/ (on this machine only; Ctrl-C ends it)", flush=True)
    os.chdir(settings.ROOT)
    for name in settings.DROPPED:
        os.environ.pop(name, None)
    os.environ.update(environment())
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment] # half of the start, to check addresses that nobody sends
    from voila.app import main as voila

    voila(["notebooks/lecture.ipynb", f"--port={port}", "--Voila.log_level=ERROR"])


if __name__ == "__main__":
    main(sys.argv[1:])
