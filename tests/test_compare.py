"""The comparison of a fresh run with the committed numbers must see a difference."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools import compare

VERDICT = {"claim": "so", "predicted": 1.0, "measured": 1.01, "error": 0.1, "relation": "==", "holds": True}
RESULT: dict[str, Any] = {
    "notebook": "01_one",
    "parameters": {"eta": 0.1},
    "numbers": {"radius": [1.0, 2.0], "loose": 5.0, "none": float("inf")},
    "tolerances": {"loose": {"rtol": 0.1}},
    "verdicts": [VERDICT],
    "figures": [],
}


def test_same_results_agree() -> None:
    assert compare.result(RESULT, RESULT) == []


def test_tolerated_difference_agrees() -> None:
    fresh = copy.deepcopy(RESULT)
    fresh["numbers"]["loose"] = 5.4
    fresh["numbers"]["radius"][0] = 1 + 1e-8
    assert compare.result(fresh, RESULT) == []


BREAKERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "radius[1]": lambda r: r["numbers"].update(radius=[1.0, 2.001]),
    "loose": lambda r: r["numbers"].update(loose=6.0),
    "radius": lambda r: r["numbers"].update(radius=[1.0]),
    "none": lambda r: r["numbers"].update(none=1e300),
    "numbers in one run only: new": lambda r: r["numbers"].update(new=1.0),
    "parameters differ": lambda r: r.update(parameters={"eta": 0.2}),
    "tolerances differ": lambda r: r.update(tolerances={"loose": {"rtol": 1}}),
    "so.holds": lambda r: r["verdicts"][0].update(holds=False),
    "so.measured": lambda r: r["verdicts"][0].update(measured=1.02),
    "0 verdicts now": lambda r: r.update(verdicts=[]),
}


@pytest.mark.parametrize("where", BREAKERS)
def test_difference_is_seen(where: str) -> None:
    fresh = copy.deepcopy(RESULT)
    BREAKERS[where](fresh)
    (wrong,) = compare.result(fresh, RESULT)
    assert wrong.startswith(where)


def test_nan_is_no_number() -> None:
    assert compare.numbers(float("nan"), 1.0, "x", 1, 1)
    assert compare.numbers(float("nan"), float("nan"), "x", 0, 0) == []


@pytest.mark.parametrize("lacking", ["fresh", "committed"])
def test_missing_result_is_seen(tmp_path: Path, lacking: str) -> None:
    for name in ("fresh", "committed"):
        (tmp_path / name).mkdir()
        if name != lacking:
            (tmp_path / name / "01_one.json").write_text(json.dumps(RESULT))
    assert compare.folder(tmp_path / "fresh", tmp_path / "committed") == (1, [f"01_one.json: missing in {lacking}"])
    assert compare.main(tmp_path / "fresh", tmp_path / "committed") == 1
