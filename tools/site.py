"""Builds the site from the executed notebooks, the results and the docstrings; runs no notebook.

python -m tools.site [--serve PORT]
"""

import ast
import functools
import html
import http.server
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from tools import notebook as nb
from tools import project, readme, settings, vendor, widgets

BUILD = settings.ROOT / ".build" / "site"
HTML = BUILD / "html"


def results(root: Path) -> dict[str, dict[str, Any]]:
    """What the notebooks found, by slug, in reading order."""
    files = {script.stem: root / "figures" / f"{script.stem}.json" for script in project.sources(root)}
    return {slug: json.loads(path.read_text(encoding="utf-8")) for slug, path in files.items() if path.exists()}


def card(slug: str, result: dict[str, Any]) -> str:
    """One claim of the gallery: its picture, its sentence, its headline verdict."""
    picture = next((name for name in first_figures(slug, result) if name.endswith(".png")), None)
    shown = f'<img src="figures/{picture}" alt="{html.escape(result["alt"][picture])}" loading="lazy">' if picture else ""
    title = html.escape(result["title"])
    return f'<a href="notebooks/{slug}.html">{shown}<strong>{slug[:2]} · {title}</strong>{verdicts(result)}</a>'


def verdicts(result: dict[str, Any]) -> str:
    """The headline verdict as a sentence with its two numbers, and how many hold."""
    found = result["verdicts"]
    if not found:
        return ""
    first = next((verdict for verdict in found if verdict["claim"] == result.get("headline")), found[0])
    _, prediction, measurement = readme.cells(first)
    holds = sum(verdict["holds"] for verdict in found)
    counted = f"{holds} verdicts hold" if holds == len(found) else f"{holds} of {len(found)} verdicts hold"
    lines = [html.escape(first["claim"]), f"predicted {prediction.replace('< ', '&lt; ')}",
             f"measured {measurement}", counted]  # fmt: skip
    names = ["claim", "number", "number", "count"]
    return "".join(f'<span class="{name}">{line}</span>' for name, line in zip(names, lines, strict=True))


def first_figures(slug: str, result: dict[str, Any]) -> list[str]:
    """The figures in the order in which the notebook shows them."""
    book = nb.read(settings.ROOT / "notebooks" / f"{slug}.ipynb")
    shown = [f"{slug}_{part}.png" for cell in nb.code_cells(book) for part in parts(cell.source)]
    return [name for name in shown if name in result["alt"]] or list(result["figures"])


def parts(source: str) -> list[str]:
    """The names of the figures that a cell saves with `results.figure(fig, part, alt)`."""
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:  # a magic
        return []
    saves = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "figure" and len(call.args) > 1]
    return [part.value for call in saves if isinstance(part := call.args[1], ast.Constant) and isinstance(part.value, str)]


def described(book: NotebookNode, alt: dict[str, str], slug: str, title: str) -> NotebookNode:
    """The notebook with words for each of its pictures, where Sphinx looks for them."""
    for cell in nb.code_cells(book):
        texts = [alt[name] for part in parts(cell.source) if (name := f"{slug}_{part}.png") in alt]
        texts += [
            output.metadata["image/png"]["alt"]
            for output in cell.outputs
            if output.get("metadata", {}).get("image/png", {}).get("alt")
        ]
        cell.metadata["mystnb"] = {"image": {"alt": " ".join(texts) or f"figure of: {title}"}}
    return book


def pages(root: Path, source: Path) -> None:
    """All that Sphinx reads: the notebooks, the front page, a page for each module."""
    found = results(root)
    (source / "notebooks").mkdir(parents=True)
    (source / "api").mkdir()
    scripts = [script for script in project.sources(root) if not project.shows_others(script.stem)]
    for script in scripts:
        result = found.get(script.stem, {"alt": {}, "title": script.stem})
        book = described(nb.read(script.with_suffix(".ipynb")), result["alt"], script.stem, result["title"])
        (source / "notebooks" / f"{script.stem}.ipynb").write_text(nb.dumps(book), encoding="utf-8")
    modules = [path.stem for path in sorted((root / "lib" / "longrun").glob("*.py")) if not path.stem.startswith("_")]
    for module in modules:
        head = f"# longrun.{module}\n\n```{{eval-rst}}\n.. automodule:: longrun.{module}\n   :members:\n```\n"
        (source / "api" / f"{module}.md").write_text(head, encoding="utf-8")
    (source / "index.md").write_text(front([s.stem for s in scripts], found), encoding="utf-8")
    listed = "\n".join(modules)
    (source / "api" / "index.md").write_text(f"# The library\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n", encoding="utf-8")
    (source / "static").mkdir()
    shutil.copytree(root / "docs" / "static", source / "static", dirs_exist_ok=True)
    shutil.copytree(root / "figures", source / "figures")


def front(slugs: list[str], found: dict[str, dict[str, Any]]) -> str:
    """The gallery of claims: nothing in it is typed but the first paragraph."""
    cards = "\n".join(card(slug, result) for slug, result in found.items())
    tree = "\n".join(f"notebooks/{slug}" for slug in slugs)
    return f"""# The long-run behaviour of SGD

Stochastic gradient descent with a constant step-size does not converge. Where is it after a long time, and how likely? The
companion to the talk takes one claim at a time, predicts, measures and judges. The sliders on these pages move without any
installation. The [map of the talk](notebooks/00_map.ipynb) says how the claims hang together.

```{{raw}} html
<div class="gallery">
{cards}
</div>
```

```{{toctree}}
:hidden:
:caption: Claims

{tree}
```

```{{toctree}}
:hidden:
:caption: Library

api/index
```
"""


def build(root: Path = settings.ROOT) -> int:
    """Leaves the site in .build/site/html."""
    source = BUILD / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(HTML, ignore_errors=True)
    pages(root, source)
    vendor.ensure(BUILD / "vendor")
    shutil.copytree(BUILD / "vendor", source / "static" / "vendor", ignore=shutil.ignore_patterns("locked"))
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", str(root / "docs"),
               "-d", str(BUILD / "doctrees"), "-D", f"html_static_path={source / 'static'}", str(source), str(HTML)]  # fmt: skip
    code = subprocess.run(command, cwd=root, env=settings.environment(root, BUILD / "figures")).returncode
    if not code:
        shutil.copytree(root / "figures", HTML / "figures", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pdf", "*.json"))
        (HTML / ".nojekyll").touch()
        still = [path.stem for path in sorted((source / "notebooks").glob("*_*.ipynb")) if not widgets.state(nb.read(path))]
        print(f"the site: {HTML.relative_to(root)}/index.html; without moving pictures: {', '.join(still) or 'none'}")
    return code


def serve(port: int) -> None:
    """On this machine only, to look at."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(HTML))
    http.server.ThreadingHTTPServer(("127.0.0.1", port), handler).serve_forever()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]))
    else:
        sys.exit(build())
