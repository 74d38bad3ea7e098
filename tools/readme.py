"""Writes the parts of README.md that come from results, so that no number in it is typed.

python -m tools.readme            writes them
python -m tools.readme --check    fails when they are stale
"""

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

from tools import project, settings

TOP = "| notebook | headline verdict | prediction | measurement | all verdicts |\n| --- | --- | --- | --- | --- |\n"
HEAD = "| claim | prediction | measurement | verdict | notebook |\n| --- | --- | --- | --- | --- |\n"
SIGNS = {"==": "", "<": "< ", ">": "> "}


def decimals(error: float) -> int:
    """Decimals that show two digits of an error."""
    return 1 - math.floor(math.log10(error))


def number(value: Any, digits: int = 3) -> str:
    """Three significant digits, without an exponent where a reader can do without."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return str(value)
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    size = math.floor(math.log10(abs(value)))
    if -4 <= size < 5:
        return f"{value:.{max(digits - 1 - size, 0)}f}"
    return power(value, digits - 1)


def digits(value: Any, error: Any) -> int:
    """Significant digits that reach as far as two digits of the error do: never coarser than the measurement beside it."""
    if not error or not value or not (math.isfinite(error) and math.isfinite(value)):
        return 3
    return min(max(math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 2, 3), 8)


def power(value: float, places: int) -> str:
    mantissa, exponent = f"{value:.{max(places, 0)}e}".split("e")
    return f"{mantissa}·{ten(int(exponent))}"


def ten(exponent: int) -> str:
    return f"10<sup>{exponent}</sup>".replace("-", "−")


def measured(value: Any, error: Any) -> str:
    """`1.234 ± 0.012`: the error with two digits, the value as far as that."""
    if not isinstance(error, (int, float)) or not isinstance(value, (int, float)) or not 0 < error < math.inf:
        return number(value)
    scale = math.floor(math.log10(max(abs(value), error)))
    places = decimals(error)
    if -4 <= scale < 5 and places <= 7:
        return f"{round(value, places):.{max(places, 0)}f} ± {round(error, places):.{max(places, 0)}f}"
    unit, places = 10.0**scale, decimals(error / 10.0**scale)
    return f"({value / unit:.{max(places, 0)}f} ± {error / unit:.{max(places, 0)}f})·{ten(scale)}"


def flat(value: Any) -> list[Any]:
    return [x for item in value for x in flat(item)] if isinstance(value, list) else [value]


def worst(verdict: dict[str, Any]) -> tuple[Any, Any, Any, int]:
    """Prediction, measurement and error of the case nearest to failing, and how many cases there are."""
    cases = list(zip(*(flat(verdict[key]) for key in ("predicted", "measured", "error", "tolerance")), strict=True))

    def margin(case: tuple[float, float, float, float]) -> float:
        predicted, measurement, _, tolerance = case
        distance = {"<": measurement - predicted, ">": predicted - measurement}
        off = distance.get(verdict["relation"], abs(measurement - predicted))
        return -off / max(tolerance, 1e-300)

    predicted, measurement, error, _ = min(cases, key=margin)
    return predicted, measurement, error, len(cases)


def cells(verdict: dict[str, Any]) -> list[str]:
    """Claim, prediction and measurement."""
    predicted, measurement, error, count = worst(verdict)
    return [
        verdict["claim"].replace("|", r"\|"),
        SIGNS[verdict["relation"]] + number(predicted, digits(predicted, error)),
        measured(measurement, error) + (f" (nearest to failing of {count})" if count > 1 else ""),
    ]


def row(*entries: str) -> str:
    return "| " + " | ".join(entries) + " |\n"


def outcome(verdicts: list[dict[str, Any]]) -> str:
    refuted = sum(not verdict["holds"] for verdict in verdicts)
    return f"**{refuted} of {len(verdicts)} refuted**" if refuted else f"{len(verdicts)} hold"


def claims(root: Path) -> str:
    """One line for each notebook, then all verdicts in the order of the notebooks."""
    top, every, count = [], [], 0
    for script in project.sources(root):
        path, slug = root / "figures" / f"{script.stem}.json", script.stem
        if not path.exists():
            continue
        result = json.loads(path.read_text(encoding="utf-8"))
        verdicts = result["verdicts"]
        if verdicts:
            first = next((v for v in verdicts if v["claim"] == result.get("headline")), verdicts[0])
            link = f"[{slug[:2]} {result.get('title', slug)}](notebooks/{slug}.ipynb)".replace("|", r"\|")
            top.append(row(link, *cells(first), outcome(verdicts)))
            count += len(verdicts)
        for verdict in verdicts:
            holds = "holds" if verdict["holds"] else "**refuted**"
            every.append(row(*cells(verdict), holds, f"[{slug}](notebooks/{slug}.ipynb)"))
    summary = f"<details><summary>All {count} verdicts</summary>\n\n"
    return TOP + "".join(top) + "\n" + summary + HEAD + "".join(every) + "\n</details>\n"


def rendered(text: str, root: Path) -> str:
    """`text` with what stands between the markers made anew."""
    pattern = re.compile(r"(<!-- claims -->\n).*?(<!-- /claims -->)", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError("README.md needs one pair of <!-- claims --> and <!-- /claims -->")
    return pattern.sub(lambda m: m[1] + claims(root) + m[2], text)


def stale(root: Path) -> bool:
    text = (root / "README.md").read_text(encoding="utf-8")
    return rendered(text, root) != text


def write(root: Path) -> None:
    path = root / "README.md"
    if path.exists() and stale(root):
        beside = path.with_name(".README.md")
        beside.write_text(rendered(path.read_text(encoding="utf-8"), root), encoding="utf-8")
        beside.replace(path)
        print("README.md: claims table written")


def main(arguments: list[str]) -> int:
    if arguments != ["--check"]:
        write(settings.ROOT)
    elif stale(settings.ROOT):
        print("README.md is stale: run make", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
