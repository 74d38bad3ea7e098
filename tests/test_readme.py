"""README.md shows what the results say, and no number in its table is typed."""

import json
from pathlib import Path

import pytest
import toy

from tools import readme, settings


def test_committed_readme_is_fresh() -> None:
    assert not readme.stale(settings.ROOT), "README.md is stale: run make"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = toy.make(tmp_path)
    (root / "figures").mkdir()
    verdict = dict(claim="a|b", predicted=0.5, measured=0.512345, error=0.0213, tolerance=0.06, relation="<", holds=False)
    result = {"notebook": "01_one", "verdicts": [verdict]}
    (root / "figures" / "01_one.json").write_text(json.dumps(result))
    return root


def test_stale_table_is_seen_and_written(root: Path) -> None:
    assert readme.stale(root)
    readme.write(root)
    assert not readme.stale(root)
    text = (root / "README.md").read_text()
    assert r"| a\|b | < 0.500 | 0.512 ± 0.021 | **refuted** | [01_one](notebooks/01_one.ipynb) |" in text
    assert r"| [01 01_one](notebooks/01_one.ipynb) | a\|b | < 0.500 | 0.512 ± 0.021 | **1 of 1 refuted** |" in text


def test_the_headline_stands_for_its_notebook(root: Path) -> None:
    path = root / "figures" / "01_one.json"
    result = json.loads(path.read_text())
    first = result["verdicts"][0]
    result |= {"verdicts": [first, first | {"claim": "c", "holds": True}], "headline": "c", "title": "One"}
    path.write_text(json.dumps(result))
    readme.write(root)
    assert (
        "| [01 One](notebooks/01_one.ipynb) | c | < 0.500 | 0.512 ± 0.021 | **1 of 2 refuted** |"
        in (root / "README.md").read_text()
    )


def test_typed_number_is_seen(root: Path) -> None:
    readme.write(root)
    path = root / "README.md"
    path.write_text(path.read_text().replace("0.512", "0.500"))
    assert readme.stale(root)


def test_lost_markers_are_an_error(root: Path) -> None:
    with pytest.raises(ValueError, match="needs one pair"):
        readme.rendered("# no markers\n", root)


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (1.23456, 0.0123, "1.235 ± 0.012"),
        (1234.5, 67.8, "1234 ± 68"),
        (123456.0, 1234.0, "(1.235 ± 0.012)·10<sup>5</sup>"),
        (1.5e-9, 2e-11, "(1.500 ± 0.020)·10<sup>−9</sup>"),
        (2.0, 0.0, "2.00"),
        (2.0, None, "2.00"),
        (0.0, 0.01, "0.000 ± 0.010"),
        ("never", None, "never"),
        (3.2e-12, 0, "3.20·10<sup>−12</sup>"),
    ],
)
def test_numbers_are_rounded_to_their_error(value: object, error: object, shown: str) -> None:
    assert readme.measured(value, error) == shown


@pytest.mark.parametrize(("relation", "shown"), [("==", 0), ("<", 1), (">", 0)])
def test_worst_case_is_shown(relation: str, shown: int) -> None:
    verdict = dict(predicted=[1.0, [2.0]], measured=[0.5, [2.1]], error=[0.1, [0.1]], tolerance=[0.3, [0.3]], relation=relation)
    assert readme.worst(verdict) == ([1.0, 2.0][shown], [0.5, 2.1][shown], 0.1, 2)


def test_the_python_of_the_readme_runs() -> None:
    text = (settings.ROOT / "README.md").read_text()
    blocks = text.split("```python\n")[1:]
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(block.split("```")[0], names)
