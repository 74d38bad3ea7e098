"""The lecture's screens, and that its server's configuration says what the tests in a browser rely on."""

import json

import pytest

from longrun import lecture
from tools import lecture as server
from tools import settings


@pytest.fixture
def shown(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(lecture, "display", lambda piece: calls.append(piece.data))
    monkeypatch.setattr(lecture, "again", lambda slug: calls.append(slug))
    monkeypatch.setattr(lecture, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(lecture, "FIGURES", tmp_path)
    (tmp_path / "01_x.ipynb").write_text("{}")
    (tmp_path / "01_x.json").write_text(json.dumps({"title": "a < b"}))
    return calls


def test_a_screen_is_a_sentence_and_what_the_notebook_keeps(shown):
    lecture.screen("01")
    assert shown == ["<h1>a &lt; b</h1>", "01_x"]


def test_a_screen_can_compute(shown):
    lecture.screen("01", lambda: shown.append("computed"))
    assert shown == ["<h1>a &lt; b</h1>", "computed"]


def test_a_screen_can_have_another_sentence(shown):
    lecture.screen("01", lambda: shown.append("computed"), "a > b")
    assert shown == ["<h1>a &gt; b</h1>", "computed"]


def test_a_notebook_that_is_not_written_is_left_out(shown):
    lecture.screen("02")
    (only,) = shown
    assert 'class="longrun-pending"' in only


def test_the_server_is_this_machines_own():
    config = json.loads((settings.ROOT / "docs" / "voila" / "voila.json").read_text())
    assert config["Voila"]["ip"] == "127.0.0.1"
    assert config["Voila"]["tornado_settings"]["allow_remote_access"] is False
    assert config["VoilaConfiguration"]["file_allowlist"] == []
    assert server.environment()["JUPYTER_CONFIG_PATH"].endswith("docs/voila")
