"""Compares the results of a fresh run with the committed ones, number by number.

    python -m tools.compare FRESH [COMMITTED]

How much two runs may differ stands in each result, under `tolerances`; the default allows rounding.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

DEFAULT = {"rtol": 1e-6, "atol": 1e-9}
SAME = ("notebook", "title", "parameters", "seed", "figures", "tolerances")


def numbers(fresh: Any, old: Any, where: str, rtol: float, atol: float) -> list[str]:
    """Where two nested lists or dictionaries of numbers differ."""
    if isinstance(old, dict) and isinstance(fresh, dict) and old.keys() == fresh.keys():
        return [what for k in old for what in numbers(fresh[k], old[k], f"{where}.{k}", rtol, atol)]
    if isinstance(old, list) and isinstance(fresh, list) and len(old) == len(fresh):
        pairs = enumerate(zip(fresh, old, strict=True))
        return [what for i, (a, b) in pairs for what in numbers(a, b, f"{where}[{i}]", rtol, atol)]
    return [] if close(fresh, old, rtol, atol) else [f"{where}: {fresh} now, {old} committed"]


def close(fresh: Any, old: Any, rtol: float, atol: float) -> bool:
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (fresh, old)):
        return bool(fresh == old)
    if math.isnan(fresh) or math.isnan(old):
        return math.isnan(fresh) and math.isnan(old)
    if not math.isfinite(old):  # no finite number is close to infinity, whatever rtol
        return bool(fresh == old)
    return bool(abs(fresh - old) <= atol + rtol * abs(old))


def result(fresh: dict[str, Any], old: dict[str, Any]) -> list[str]:
    """All differences between two results of one notebook."""
    allowed: dict[str, Any] = old.get("tolerances", {})
    wrong = [f"{key} differ" for key in SAME if fresh.get(key) != old.get(key)]
    if fresh["numbers"].keys() != old["numbers"].keys():
        changed = sorted(fresh["numbers"].keys() ^ old["numbers"].keys())
        return [*wrong, f"numbers in one run only: {', '.join(changed)}"]
    for name, value in old["numbers"].items():
        wrong += numbers(fresh["numbers"][name], value, name, **(DEFAULT | allowed.get(name, {})))
    if len(fresh["verdicts"]) != len(old["verdicts"]):
        return [*wrong, f"{len(fresh['verdicts'])} verdicts now, {len(old['verdicts'])} committed"]
    for new, known in zip(fresh["verdicts"], old["verdicts"], strict=True):
        wrong += numbers(new, known, known["claim"], **(DEFAULT | allowed.get(known["claim"], {})))
    return wrong


def folder(fresh: Path, committed: Path) -> tuple[int, list[str]]:
    """How many results were compared, and what differs."""
    names = sorted({p.name for p in fresh.glob("*.json")} | {p.name for p in committed.glob("*.json")})
    wrong: list[str] = []
    for name in names:
        missing = [str(place.name) for place in (fresh, committed) if not (place / name).exists()]
        if missing:
            wrong.append(f"{name}: missing in {missing[0]}")
            continue
        new, old = (json.loads((place / name).read_text(encoding="utf-8")) for place in (fresh, committed))
        wrong += [f"{name}: {what}" for what in result(new, old)]
    return len(names), wrong


def main(fresh: Path, committed: Path) -> int:
    count, wrong = folder(fresh, committed)
    print("\n".join(wrong) or f"{count} results agree with the committed ones")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(*sys.argv[2:] or ["figures"])))
