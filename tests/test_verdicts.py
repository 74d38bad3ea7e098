"""Every committed verdict can fail: each names a wrong theory, and the same measurement refutes it."""

import json

import numpy as np
import pytest

from longrun.claims import Refuted, agrees, check
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
        assert not agrees(rival, measured, tolerance, relation)
    assert check(claim, verdict["predicted"], measured, error, tolerance, relation).holds
    capsys.readouterr()


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_moved_measurement_is_refuted(verdict):
    """The tolerance is no wider than the distance that it claims to resolve."""
    claim, measured, error, tolerance, relation = arguments(verdict)
    shift = {"==": 1, ">": -1, "<": 1}[relation]
    gap = np.abs(np.subtract(measured, verdict["predicted"])) if relation != "==" else 0
    moved = np.add(measured, shift * (2.01 * np.asarray(tolerance) + gap))
    with pytest.raises(Refuted):
        check(claim, verdict["predicted"], moved, error, tolerance, relation)
