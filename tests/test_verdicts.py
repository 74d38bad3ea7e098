"""Every committed verdict can fail: each names a wrong theory, and the same measurement refutes it."""

import json

import pytest

from longrun.claims import agrees, check
from longrun.paths import FIGURES

VERDICTS = [
    pytest.param(verdict, id=f"{path.stem}: {verdict['claim']}")
    for path in sorted(FIGURES.glob("*.json"))
    for verdict in json.loads(path.read_text())["verdicts"]
]


def arguments(verdict):
    return verdict["claim"], verdict["measured"], verdict["error"], verdict["tolerance"], verdict["relation"]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_wrong_theories_are_refuted(verdict, capsys):
    claim, measured, error, tolerance, relation = arguments(verdict)
    assert verdict["rivals"], f"{claim}: which wrong theory would fail this check?"
    for rival in verdict["rivals"].values():
        if relation == "==":  # the rival predicts otherwise
            assert not agrees(rival, measured, tolerance)
        else:  # the rival would have us measure something else
            assert not agrees(verdict["predicted"], rival, tolerance, relation)
    assert check(claim, verdict["predicted"], measured, error, tolerance, relation).holds
    capsys.readouterr()
