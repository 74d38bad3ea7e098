"""Fetches the JavaScript that the site serves itself: pinned by version, checked by hash, from whatever registry npm uses here.

docs/npm.lock.json holds names, versions and hashes, no addresses.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from tools import settings

LOCK = settings.ROOT / "docs" / "npm.lock.json"


def digest(archive: Path) -> str:
    """As npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()


def check(archive: Path, name: str, integrity: str) -> None:
    if (found := digest(archive)) != integrity:
        raise SystemExit(f"{name}: the archive's hash is {found}, locked is {integrity}; nothing was unpacked")


def fetch(name: str, version: str, folder: Path) -> Path:
    """The archive of one package, by npm itself: it knows the registry."""
    if shutil.which("npm") is None:
        raise SystemExit(f"npm is needed to fetch {name} {version} for the site")
    command = ["npm", "pack", f"{name}@{version}", "--silent", "--pack-destination", str(folder)]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    return archive


def unpack(archive: Path, patterns: list[str], target: Path) -> None:
    """The files that the site needs, under their names in the package."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            inner = PurePosixPath(*PurePosixPath(member.name).parts[1:])  # npm puts all into package/
            if member.isfile() and any(fnmatch(str(inner), pattern) for pattern in patterns):
                file = target / inner
                file.parent.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(member)
                assert content is not None
                file.write_bytes(content.read())


def ensure(target: Path, lock: Path = LOCK) -> None:
    """Brings `target` to what the lock says; nothing to do when it is."""
    stamp, wanted = target / "locked", hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(target, ignore_errors=True)
    for name, entry in json.loads(lock.read_text()).items():
        with tempfile.TemporaryDirectory() as folder:
            archive = fetch(name, entry["version"], Path(folder))
            check(archive, name, entry["integrity"])
            unpack(archive, entry["files"], target / name.split("/")[-1])
    stamp.write_text(wanted)


if __name__ == "__main__":
    ensure(Path(sys.argv[1]))
