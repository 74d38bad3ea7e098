"""Milliseconds from a key press to the changed picture, in headless Chromium: every explorer of the lecture and of the site.

    python -m benchmarks.latency TABLE

From the key's event (its time stamp in the browser) to the new picture in its place, decoded: all that the page and, for live
ones, the kernel do. Twenty presses each. Not in it: the way from the keyboard to the browser, and from the decoded picture to the
light, which is the display's: up to one of its frames, 16.7 ms at 60 Hz. The machine's load (processes that wait for a core, this
one included) is measured before and after: other work on the machine shows in the worst.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import browser

LINE = "| {where} | {name} | {kind} | {median:.1f} | {worst:.1f} |\n"
SAYS = """\
Headless Chromium; {cores} cores, load {before:.1f} before and {after:.1f} after.

From the key's event to the new picture in its place, decoded: what the page and the kernel do. The next refresh of the display
paints it, up to 16.7 ms later at 60 Hz. The lecture answered {answers:.1f} s after its start and showed its pictures after
{shows:.1f} s.
"""
HEAD = "| page | explorer | kind | median (ms) | worst of 20 (ms) |\n| --- | --- | --- | --- | --- |\n"


def rows(start: dict[str, float]) -> Iterator[str]:
    with browser.chromium() as chromium:
        begun = time.monotonic()
        with browser.lecture() as address:
            start["answers"] = time.monotonic() - begun
            page = chromium.new_page(viewport={"width": 1920, "height": 1080})
            page.goto(address, timeout=120_000)
            page.wait_for_selector(".longrun-explorer .widget-image", timeout=60_000)
            start["shows"] = time.monotonic() - begun
            page.wait_for_timeout(3000)
            for screen in page.query_selector_all(".screen-cell:has(.longrun-explorer)"):
                explorer = screen.query_selector(".longrun-explorer")
                explorer.scroll_into_view_if_needed()
                kind = "frames" if explorer.query_selector(".longrun-stack") else "live"
                yield line("lecture", screen.query_selector("h1").inner_text(), kind, page, explorer)
        with browser.site() as address:
            for path in browser.pages():
                page = chromium.new_page(viewport={"width": 1280, "height": 844})
                page.goto(f"{address}/notebooks/{path.name}")
                page.wait_for_selector(".longrun-explorer .widget-image", timeout=60_000, state="attached")
                for explorer in page.query_selector_all(".longrun-explorer"):
                    explorer.scroll_into_view_if_needed()
                    yield line("site", path.stem, "frames", page, explorer)
                page.close()


def line(where: str, name: str, kind: str, page: object, explorer: object) -> str:
    found = browser.latencies(page, explorer, browser.handles(explorer)[-1 if kind == "frames" else 1])
    return LINE.format(where=where, name=name, kind=kind, median=statistics.median(found), worst=max(found))


if __name__ == "__main__":
    before = os.getloadavg()[0]
    start: dict[str, float] = {}
    table = HEAD + "".join(rows(start))
    load = SAYS.format(cores=os.cpu_count(), before=before, after=os.getloadavg()[0], **start)
    Path(sys.argv[1]).write_text(f"# From key press to changed picture\n\n{load}\n{table}", encoding="utf-8")
    print(table)
