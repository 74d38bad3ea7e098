"""Verdicts that can fail, the text they print, and the file of results."""

import json
import math
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from longrun.claims import Refuted, Results, Verdict, check, rounded

TINY = 1e-9


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LONGRUN_OUTPUT", str(tmp_path))
    return tmp_path


# --- check

BOUNDARY = [  # relation, measured at the boundary (predicted 1, tolerance 0.1), direction in which it holds
    ("==", 1.1, -1),
    ("==", 0.9, 1),
    (">", 1.1, 1),
    ("<", 0.9, -1),
]


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2)])
@pytest.mark.parametrize(("relation", "edge", "inwards"), BOUNDARY)
def test_relations_hold_just_inside_and_fail_just_outside(capsys, relation, edge, inwards, shape):
    safe = {"==": 1.0, ">": 2.0, "<": 0.0}[relation]
    measured = np.full(shape, safe)
    measured[(-1,) * len(shape)] = edge + inwards * TINY  # one case decides
    verdict = check("a claim", 1.0, measured, 0.01, 0.1, relation)
    assert verdict.holds
    assert str(verdict) == capsys.readouterr().out.rstrip("\n")
    measured[(-1,) * len(shape)] = edge - inwards * TINY
    with pytest.raises(Refuted, match="REFUTED  a claim"):
        check("a claim", 1.0, measured, 0.01, 0.1, relation)
    assert capsys.readouterr().out == ""  # what failed is not printed as a verdict


def test_refuted_is_an_assertion_error():
    with pytest.raises(AssertionError, match=r"predicted 1\.00|predicted 1,"):
        check("c", 1.0, 2.0, 0.01, 0.1)


@pytest.mark.parametrize("name", ["predicted", "measured", "error", "tolerance"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("many", [False, True])
def test_numbers_must_be_finite(name, value, many):
    numbers = dict(predicted=1.0, measured=1.0, error=0.01, tolerance=0.1)
    numbers[name] = [numbers[name], value] if many else value
    with pytest.raises(ValueError, match=rf"{name} = .*finite.*\(c\)"):
        check("c", **numbers)


def test_checks_that_cannot_fail_are_refused():
    with pytest.raises(ValueError, match="cannot decide"):
        check("c", 1.0, 1.0, 0.11, 0.1)
    with pytest.raises(ValueError, match="cannot decide"):
        check("c", [1.0, 1.0], [1.0, 1.0], [0.01, 0.11], 0.1)
    with pytest.raises(ValueError, match="cannot decide"):
        check("c", 1.0, 1.0, -0.01, 0.1)
    for tolerance in (1.0, 1.5):
        for predicted in (1.0, -1.0):
            with pytest.raises(ValueError, match="from zero"):
                check("c", predicted, predicted, 0.01, tolerance)
    with pytest.raises(ValueError, match="from zero"):
        check("c", [5.0, 0.05], [5.0, 0.05], 0.01, 0.1)
    check("c", 1.0, 1.0, 0.1, 0.1)  # an error as large as the tolerance may still decide
    check("c", 0.0, 0.05, 0.01, 0.1)  # zero itself can be a prediction
    check("c", 1.0, 5.0, 0.01, 2.0, ">")  # an inequality need not be told from zero


@pytest.mark.parametrize("relation", ["=", "!=", ">=", "", None])
def test_unknown_relation(relation):
    with pytest.raises(ValueError, match="relation"):
        check("c", 1.0, 1.0, 0.01, 0.1, relation)


def test_rivals_must_be_refuted_by_the_same_data(capsys):
    data = dict(claim="c", predicted=[1.0, 2.0], measured=[1.01, 2.01], error=0.01, tolerance=0.05)
    verdict = check(**data, rivals={"factor 2": [2.0, 4.0], "one case wrong": [1.0, 2.2]})
    assert verdict.rivals == {"factor 2": [2.0, 4.0], "one case wrong": [1.0, 2.2]}
    assert "refuted: factor 2; one case wrong" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"does not refute 'too near'"):
        check(**data, rivals={"factor 2": [2.0, 4.0], "too near": [1.02, 2.05]})
    with pytest.raises(Refuted):  # the claim comes first
        check(**data | dict(measured=[1.2, 2.0]), rivals={"r": 1.0})
    with pytest.raises(ValueError, match="does not refute"):
        check("c", 1.0, 2.0, 0.01, 0.1, ">", rivals={"would be above too": 1.5})
    check("c", 1.0, 2.0, 0.01, 0.1, ">", rivals={"would not be above": 1.05})


@pytest.mark.parametrize("rival", [np.nan, np.inf, [1.5, np.nan]])
def test_bad_rivals(rival):
    with pytest.raises(ValueError, match="rival"):
        check("c", [1.0, 2.0], [1.0, 2.0], 0.01, 0.1, rivals={"r": rival})


def test_a_verdict_without_tolerance():
    assert "measured 1e+09" in str(check("c", 0.0, 1e9, 0, 0, ">"))


# --- the text


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (0.123456, 0.0012, "0.1235"),
        (0.123456, 0.012, "0.123"),
        (0.0012, 0.0012, "0.0012"),
        (-3.14159, 0.1, "-3.14"),
        (9.9996, 0.012, "10"),
        (12345.6, 210, "1.235e+04"),
        (1e-5, 1.0, "1e-05"),  # one digit at least
        (123.456789, 1e-7, "123.457"),  # six at most
        (2 / 3, 0, "0.667"),
        (0.0, 0.1, "0"),
        (np.inf, 0.1, "inf"),
        (np.nan, 0.1, "nan"),
    ],
)
def test_rounded(value, scale, text):
    assert rounded(value, scale) == text


@given(st.floats(1e-8, 1e8), st.floats(1e-8, 1e8), st.booleans())
def test_rounded_to_the_second_digit_of_the_scale(value, scale, negative):
    value = -value if negative else value
    unit = 10.0 ** (math.floor(math.log10(scale)) - 1)
    shown = float(rounded(value, scale))
    # half a unit, unless six digits end before it, or a number below the unit keeps its first digit: an error of half of that
    half = max(unit, 10.0 ** (math.floor(math.log10(abs(value))) - 5)) / 2
    assert abs(shown - value) <= half * (1 + 1e-9)


def test_printed_text():
    assert str(check("x is one", 1.0, 1.0234, 0.0123, 0.05)) == (
        "HOLDS  x is one\n       predicted 1, measured 1.023 ± 0.012, tolerance 0.05"
    )
    assert str(check("exact", 1.0, 1.0000234, 0, 1e-4)) == (
        "HOLDS  exact\n       predicted 1, measured 1.00002 ± 0, tolerance 0.0001"
    )
    assert "above 1, measured 2.02" in str(check("c", 1.0, 2.02, 0.01, 0.1, ">"))
    assert "below 1, measured 0.51" in str(check("c", 1.0, 0.511, 0.012, 0.1, "<"))


def test_the_worst_case_is_nearest_to_failing_in_its_own_tolerance():
    verdict = check("c", [1.0, 10.0, 100.0], [1.05, 10.05, 100.5], [0.01, 0.01, 0.1], [0.2, 0.06, 2.0])
    assert verdict.worst() == (10.0, 10.05, 0.01, 0.06)
    assert "(worst of 3)" in str(verdict)
    assert "measured 10.05" in str(verdict)
    assert check("c", 1.0, [3.0, 1.2, 5.0], 0.01, 0.1, ">").worst() == (1.0, 1.2, 0.01, 0.1)
    assert check("c", [[1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [1.02, 1.0]], 0.01, 0.1).worst() == (1.0, 1.02, 0.01, 0.1)
    assert Verdict("c", [1.0, 1.0], [1.0, 9.0], [0.1, 0.1], [0.2, 0.2], "==", False).worst()[1] == 9.0


# --- the file


def results(**parameters):
    return Results("01_try", "A sentence", dict(eta=0.1, seed=3) | parameters)


def test_what_is_saved_comes_back(folder):
    r = results(inf=np.inf, flag=True, count=np.int64(7), name="β", sizes=(1, 2.5), none=None)
    r.check("c", [1.0, 2.0], [1.01, 2.0], 0.01, 0.1, rivals={"wrong": 3.0})
    r.numbers(rtol=1e-3, third=1 / 3, table=[[1.0, np.nan], [-np.inf, 1e-300]], large=1.23456789012345678e20)
    r.numbers(whole=[1, 2])
    r.save()
    text = (folder / "01_try.json").read_text(encoding="utf-8")
    back = json.loads(text, parse_constant=pytest.fail)  # no bare NaN or Infinity
    assert text.endswith("}\n")
    assert text == json.dumps(back, indent=1, sort_keys=True, ensure_ascii=False) + "\n"  # keys sorted, β as it is
    assert (back["notebook"], back["title"]) == ("01_try", "A sentence")
    assert back["parameters"] == dict(eta=0.1, seed=3, inf="inf", flag=True, count=7, name="β", sizes=[1, 2.5], none=None)
    assert back["numbers"]["third"] == 0.333333333333  # twelve digits
    assert back["numbers"]["large"] == 1.23456789012e20
    assert back["numbers"]["table"] == [[1.0, "nan"], ["-inf", 1e-300]]
    assert back["tolerances"] == {
        **{name: {"rtol": 1e-3, "atol": 1e-9} for name in ("third", "table", "large")},
        "whole": {"rtol": 1e-6, "atol": 1e-9},
    }
    (verdict,) = back["verdicts"]
    assert verdict == dict(
        claim="c", predicted=[1.0, 2.0], measured=[1.01, 2.0], error=[0.01, 0.01], tolerance=[0.1, 0.1], relation="==",
        holds=True, rivals={"wrong": [3.0, 3.0]},
    )  # fmt: skip
    r.save()
    assert (folder / "01_try.json").read_text(encoding="utf-8") == text


def test_a_refuted_claim_is_not_kept(folder):
    r = results()
    with pytest.raises(Refuted):
        r.check("c", 1.0, 2.0, 0.01, 0.1)
    r.check("holds", 1.0, 1.0, 0.01, 0.1)
    assert [verdict.claim for verdict in r.verdicts] == ["holds"]


def test_figures_and_their_words(folder):
    r, fig = results(), Figure(figsize=(2, 1))
    r.figure(fig, "b", "the second")
    r.figure(fig, "a", "the first")
    r.save()
    back = json.loads((folder / "01_try.json").read_text(encoding="utf-8"))
    assert back["figures"] == ["01_try_a.pdf", "01_try_a.png", "01_try_b.pdf", "01_try_b.png"]
    assert {name: back["alt"][name] for name in back["figures"]} == {
        "01_try_a.pdf": "the first", "01_try_a.png": "the first", "01_try_b.pdf": "the second", "01_try_b.png": "the second",
    }  # fmt: skip
    assert all((folder / name).stat().st_size > 0 for name in back["figures"])


@pytest.mark.parametrize("culprit", ["replace", "fsync", None])
def test_a_write_that_fails_leaves_the_old_file(folder, monkeypatch, culprit):
    results().save()
    old = (folder / "01_try.json").read_bytes()

    def fail(*args):
        raise OSError("disk full")

    if culprit:
        monkeypatch.setattr(os, culprit, fail)
        with pytest.raises(OSError, match="disk full"):
            results(eta=0.2).save()
    else:
        with pytest.raises(TypeError):
            results(eta={1, 2}).save()  # JSON knows no sets
    assert (folder / "01_try.json").read_bytes() == old
    assert [path.name for path in folder.iterdir()] == ["01_try.json"]  # nothing left beside it
