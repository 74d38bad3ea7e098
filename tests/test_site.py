"""What the site is made of: words for every picture, a gallery from the results, packages that are what the lock says."""

import base64
import hashlib
import html
import io
import json
import re
import tarfile
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools import project, settings, site, vendor

PICTURE = {"image/png": "iVBORw0KGgo="}


def test_figures_of_a_cell_are_found() -> None:
    assert site.parts("results.figure(fig, 'a', alt='x')\nresults.figure(f, 'b', 'y')\nfig.figure") == ["a", "b"]
    assert site.parts("%matplotlib inline") == []


def test_every_picture_gets_its_words() -> None:
    explorer = new_output("display_data", data=PICTURE, metadata={"image/png": {"alt": "slider"}})
    cells = [
        new_code_cell("results.figure(fig, 'a', 'x')"),
        new_code_cell("explore()", outputs=[explorer]),
        new_code_cell("plt.show()"),
    ]
    book = site.described(new_notebook(cells=cells), {"01_x_a.png": "a line"}, "01_x", "Title")
    assert [cell.metadata["mystnb"]["image"]["alt"] for cell in book.cells] == ["a line", "slider", "figure of: Title"]


def test_the_gallery_shows_every_result() -> None:
    found = site.results(settings.ROOT)
    front = site.front([script.stem for script in project.sources(settings.ROOT)], found)
    for slug, result in found.items():
        assert f'href="notebooks/{slug}.html"' in front
        assert f"{len(result['verdicts'])} verdicts hold" in front
        assert html.escape(result.get("headline") or result["verdicts"][0]["claim"]) in front
    assert len(re.findall(r'<img [^>]*alt="[^"]+"', front)) == len(found)


def test_a_card_shows_the_headline_verdict() -> None:
    verdict = {"claim": "a < b", "predicted": 2.0, "measured": 1.5, "error": 0.1, "tolerance": 0.3, "relation": "<", "holds": True}
    other = verdict | {"claim": "c", "holds": False}
    shown = site.verdicts({"headline": "a < b", "verdicts": [other, verdict]})
    assert re.findall(r">([^<]+)</span>", shown) == [
        "a &lt; b",
        "predicted &lt; 2.00",
        "measured 1.50 ± 0.10",
        "1 of 2 verdicts hold",
    ]
    assert site.verdicts({"verdicts": []}) == ""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    archive = tmp_path / "x-1.0.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("package/dist/x.js", "package/dist/x.js.map", "package/README.md"):
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"js"))
    return archive


@pytest.fixture
def lock(tmp_path: Path, package: Path) -> Path:
    path = tmp_path / "lock.json"
    entry = {"version": "1.0", "integrity": vendor.digest(package), "files": ["dist/*.js"]}
    path.write_text(json.dumps({"@y/x": entry}))
    return path


def test_only_what_is_needed_is_unpacked_and_only_once(
    tmp_path: Path, package: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(vendor, "fetch", lambda name, version, folder: asked.append(f"{name} {version}") or package)
    for _ in range(2):
        vendor.ensure(tmp_path / "vendor", lock)
    assert asked == ["@y/x 1.0"]
    assert [path.name for path in (tmp_path / "vendor" / "x").rglob("*.*")] == ["x.js"]


def test_another_archive_is_refused(tmp_path: Path, package: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "fetch", lambda name, version, folder: package)
    package.write_bytes(package.read_bytes() + b" ")
    with pytest.raises(SystemExit, match="nothing was unpacked"):
        vendor.ensure(tmp_path / "vendor", lock)
    assert not (tmp_path / "vendor").exists()


def test_the_lock_holds_hashes_and_no_addresses() -> None:
    text = vendor.LOCK.read_text()
    assert "://" not in text
    for entry in json.loads(text).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", entry["integrity"])


def test_digest_is_npms(package: Path) -> None:
    assert base64.b64decode(vendor.digest(package)[7:]) == hashlib.sha512(package.read_bytes()).digest()
