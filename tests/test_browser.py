"""The lecture and the site in a real browser: every explorer moves, nothing complains, nothing leaves the machine."""

import json
import os
import re
import statistics
import urllib.error
import urllib.parse
import urllib.request
import uuid
from html.parser import HTMLParser
from pathlib import Path

import browser
import pytest
from PIL import ImageStat

pytest.importorskip("playwright", reason="the browser's driver is in .venv-site: make browser")
if browser.CHROMIUM is None:
    pytest.skip("no chromium on this machine: apt-get install chromium", allow_module_level=True)
if not browser.SITE.exists():
    pytest.skip("no site: make site", allow_module_level=True)

LIVE, FRAMES = 100.0, 16.0  # milliseconds, medians; a busy machine gets slack
SLACK = 5


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site():
    with browser.site() as address:
        yield address


@pytest.fixture(scope="module")
def lecture():
    with browser.lecture() as address:
        yield address


@pytest.fixture(scope="module")
def shown(chromium, lecture):
    """The lecture's page, its explorers on the screen, and what it complained about."""
    page = chromium.new_page(viewport={"width": 1920, "height": 1080})
    seen = browser.Seen(page, lecture)
    page.goto(lecture, timeout=120_000)
    page.wait_for_selector(".longrun-explorer .widget-image", timeout=60_000)
    page.wait_for_timeout(2000)
    return page, seen


def move_all(page):
    """Moves every slider of every explorer, and sees another picture each time; returns how many."""
    explorers = page.query_selector_all(".longrun-explorer")
    for explorer in explorers:
        explorer.scroll_into_view_if_needed()
        before = browser.changed(page, explorer, "")
        start = before
        assert browser.handles(explorer)
        for handle in browser.handles(explorer):
            handle.focus()
            page.keyboard.press("ArrowLeft" if handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
                                else "ArrowRight")  # fmt: skip
            before = browser.changed(page, explorer, before)
        explorer.query_selector("button:has-text('Reset')").click()
        page.wait_for_timeout(400)  # one control after the other
        while before != start:
            before = browser.changed(page, explorer, before)
    return len(explorers)


def test_every_explorer_of_the_lecture_moves(shown):
    page, seen = shown
    screens = [s for s in page.query_selector_all(".screen-cell") if s.query_selector(".longrun-explorer")]
    assert move_all(page) == len(screens) >= 1
    assert seen.foreign == []
    assert seen.errors == []


def test_a_wrong_value_gives_a_sentence_in_every_box_of_the_lecture(shown):
    page, seen = shown
    explorers = page.query_selector_all(".longrun-explorer:has(.longrun-message)")
    assert explorers
    for explorer in explorers:
        for box in explorer.query_selector_all("input[type=text]"):
            for wrong in ("much", "1e9", "nan"):
                box.fill(wrong)
                page.keyboard.press("Enter")
                explorer.wait_for_selector(f".longrun-message :text('= {wrong}: a number from')")
        explorer.query_selector("button:has-text('Reset')").click()
        explorer.wait_for_selector(".longrun-message :text('a number from')", state="detached")
    assert seen.errors == []


def test_page_down_leads_to_the_next_screen_even_from_a_slider(shown):
    page, _ = shown
    top = """() => {
      const tops = [...document.querySelectorAll('.screen-cell')]
        .map(screen => screen.offsetHeight ? Math.abs(screen.getBoundingClientRect().top) : Infinity);
      return tops.indexOf(Math.min(...tops));
    }"""
    explorer = page.query_selector(".longrun-explorer")
    explorer.scroll_into_view_if_needed()
    handle = browser.handles(explorer)[1]
    handle.focus()
    page.wait_for_timeout(500)
    number, value = page.evaluate(top), handle.get_attribute("aria-valuenow")
    page.keyboard.press("PageDown")
    page.wait_for_function(f"({top})() === {number + 1}")
    page.keyboard.press("PageUp")
    page.wait_for_function(f"({top})() === {number}")
    assert handle.get_attribute("aria-valuenow") == value


def test_every_screen_of_the_lecture_fits(shown):
    page, _ = shown
    for screen in page.query_selector_all(".screen-cell"):
        if box := screen.bounding_box():
            assert box["height"] <= 1080
    assert page.evaluate("document.documentElement.scrollWidth") <= 1920


def test_a_click_on_the_landscape_starts_the_runs_there(shown):
    page, seen = shown
    explorer = page.query_selector(".longrun-explorer:has(.longrun-target)")
    explorer.scroll_into_view_if_needed()
    before = browser.changed(page, explorer, "")
    box, film = explorer.query_selector(".widget-image").bounding_box(), []
    with browser.filmed(page, film):
        page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
        first = browser.changed(page, explorer, before)
        assert browser.changed(page, explorer, first)  # it plays
        page.wait_for_timeout(1000)
    u, v = (float(number) for number in explorer.query_selector(".longrun-place input").input_value().split(","))
    assert -6 < u < 0 < v < 6
    explorer.query_selector("button:has-text('Reset')").click()
    while first != before:
        first = browser.changed(page, explorer, first)
    assert seen.errors == []
    inside = [frame.crop([round(share * side) for share, side in zip((0.4, 0.3, 0.7, 0.7), 2 * frame.size, strict=True)])
              for frame in film]  # fmt: skip
    assert len(inside) > 3
    assert (
        max(ImageStat.Stat(part).mean[0] for part in inside) < 245
    )  # the landscape is grey: never a blank in its place, no flicker


@pytest.mark.parametrize("path", browser.pages(), ids=lambda path: path.stem)
@pytest.mark.parametrize("width", [1280, 390])
def test_every_explorer_of_the_site_moves(chromium, site, path, width):
    page = chromium.new_page(viewport={"width": width, "height": 844})
    seen = browser.Seen(page, site)
    page.goto(f"{site}/notebooks/{path.name}")
    page.wait_for_selector(".longrun-explorer .widget-image", timeout=60_000, state="attached")
    assert move_all(page) >= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing sticks out on a phone
    assert page.query_selector_all("img:not([alt]), img[alt='']") == []
    assert seen.foreign == seen.errors == []
    page.close()


# The contrast (WCAG) of an explorer's words with the ground that they stand on.
CONTRAST = """() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    const colour = getComputedStyle(element).backgroundColor;
    return /^rgb\\(|, 1\\)$/.test(colour) || !element.parentElement ? colour : ground(element.parentElement);
  };
  const words = document.querySelectorAll('.longrun-explorer :is(.widget-label, .widget-readout, .longrun-reset)');
  return [...words].filter(words => words.offsetHeight).map(words => {
    const [low, high] = [light(getComputedStyle(words).color), light(ground(words))].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_words_of_an_explorer_can_be_read(chromium, site, scheme):
    page = chromium.new_page(color_scheme=scheme)
    page.goto(f"{site}/notebooks/{browser.pages()[0].name}")
    page.wait_for_selector(".longrun-explorer .widget-image", timeout=60_000, state="attached")
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    found = page.evaluate(CONTRAST)
    assert len(found) >= 3
    assert min(found) >= 4.5
    page.close()


def test_nothing_sticks_out_on_a_phone(chromium, site):
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    wide = []
    for path in sorted(browser.SITE.rglob("*.html")):
        name = path.relative_to(browser.SITE)
        if name.parts[0] in ("api", "genindex.html", "py-modindex.html"):
            page.goto(f"{site}/{name}")
            if page.evaluate("document.documentElement.scrollWidth") > 390:
                wide.append(str(name))
    assert wide == []
    page.close()


def test_the_front_page_and_the_search(chromium, site):
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    seen = browser.Seen(page, site)
    page.goto(site)
    assert page.query_selector(".gallery a img[alt]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{site}/search.html?q=saddle")
    page.wait_for_selector("#search-results li", timeout=20_000)
    assert seen.foreign == seen.errors == []
    page.close()


def test_latency(shown, chromium, site):
    page, _ = shown
    explorer = page.query_selector(".longrun-explorer")
    live = browser.latencies(page, explorer, browser.handles(explorer)[1])
    assert statistics.median(live) <= SLACK * LIVE
    page = chromium.new_page()
    page.goto(f"{site}/notebooks/{browser.pages()[0].name}")
    page.wait_for_selector(".longrun-explorer .widget-image", timeout=60_000, state="attached")
    explorer = page.query_selector(".longrun-explorer")
    frames = browser.latencies(page, explorer, browser.handles(explorer)[0])
    assert statistics.median(frames) <= SLACK * FRAMES


SOURCE = re.compile(r"""<(?:script|link|img|iframe|video|source)\b[^>]*?\b(?:src|href)=["'](https?:)?//[^"']*""", re.IGNORECASE)
IMPORT = re.compile(r"""(?:@import\s+|url\()\s*["']?https?://""")


def test_no_page_names_another_host():
    wrong = [f"{path.name}: {found[0]}" for path in browser.SITE.rglob("*.html")
             for found in SOURCE.finditer(path.read_text(encoding="utf-8"))]  # fmt: skip
    wrong += [path.name for path in browser.SITE.rglob("*.css") if IMPORT.search(path.read_text(encoding="utf-8"))]
    assert wrong == []


class Page(HTMLParser):
    """What a page refers to, and the places in it that can be referred to."""

    def __init__(self, text):
        super().__init__()
        self.places, self.references = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.places.add(found.get("id"))
        self.references |= {found[name] for name in ("href", "src") if found.get(name)}


def test_every_reference_inside_the_site_leads_somewhere():
    files = [path for path in browser.SITE.rglob("*.html") if "_static" not in path.parts]
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in files}
    wrong, count = [], 0
    for path, page in pages.items():
        for reference in page.references:
            parts = urllib.parse.urlsplit(reference)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = Path(os.path.normpath(path.parent / urllib.parse.unquote(parts.path))) if parts.path else path
            there = target in pages and urllib.parse.unquote(parts.fragment) in pages[target].places
            if not target.exists() or (parts.fragment and not there):
                wrong.append(f"{path.name}: {reference}")
    assert count > 1000
    assert wrong == []


def test_tables_that_a_cell_shows_are_tables():
    books = sorted((browser.SITE / "notebooks").glob("*.html"))
    assert [path.name for path in books if re.search(r"<p>\|.*\|</p>", path.read_text(encoding="utf-8"), re.DOTALL)] == []


def test_a_foreign_source_is_seen():
    assert SOURCE.search('<script async src="https://example.org/x.js"></script>')
    assert SOURCE.search("<link rel=stylesheet href='//example.org/x.css'>")
    assert not SOURCE.search('<a href="https://example.org">x</a> <img src="_images/x.png">')


def test_the_lecture_listens_on_this_machine_only(lecture):
    request = urllib.request.Request(lecture, headers={"Host": "example.org"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 403
    refused.value.close()
    sockets = Path("/proc/net/tcp").read_text().splitlines()
    port = f"{int(lecture.rsplit(':', 1)[1]):04X}"
    local = [line.split()[1] for line in sockets if line.split()[1].endswith(f":{port}") and line.split()[3] == "0A"]
    assert local == [f"0100007F:{port}"]


FORBIDDEN = ["execute_request", "inspect_request", "complete_request", "history_request", "is_complete_request", "debug_request",
             "input_reply", "interrupt_request"]  # fmt: skip


def test_nobody_can_run_code(shown, lecture, tmp_path):
    """A visitor who knows the page's kernel and speaks its protocol gets no answer to anything but a widget's messages."""
    page, _ = shown
    kernel = page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    trace = tmp_path / "ran"
    code = f"open({str(trace)!r}, 'w').write('x')"
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False, "value": code}
    messages = [
        {"header": {"msg_id": uuid.uuid4().hex, "username": "v", "session": "s", "msg_type": kind, "version": "5.3"},
         "parent_header": {}, "metadata": {}, "content": content, "channel": channel, "buffers": []}
        for kind in FORBIDDEN for channel in ("shell", "control", "stdin")
    ]  # fmt: skip
    asked = {"header": {**messages[0]["header"], "msg_id": "known", "msg_type": "kernel_info_request"}, "content": {}}
    messages.append({**messages[0], **asked, "channel": "shell"})
    answers = page.evaluate(
        """([address, messages]) => new Promise((resolve, reject) => {
          const socket = new WebSocket(address), answers = [];
          socket.onmessage = event => { if (typeof event.data === 'string') answers.push(JSON.parse(event.data)); };
          socket.onerror = () => reject('no connection');
          socket.onopen = () => { for (const message of messages) socket.send(JSON.stringify(message)); };
          setTimeout(() => { socket.close(); resolve(answers); }, 4000);
        })""",
        [f"{lecture.replace('http', 'ws')}/api/kernels/{kernel}/channels", messages],
    )
    parents = {answer["parent_header"].get("msg_id") for answer in answers}
    assert "known" in parents  # the connection stood, and what widgets need is answered
    assert not parents & {message["header"]["msg_id"] for message in messages[:-1]}
    assert not trace.exists()


DOORS = """GET /api/kernels, POST /api/kernels, GET /api/contents, PUT /api/contents/x.py, POST /api/terminals,
GET /voila/files/lecture.ipynb, GET /voila/files/lecture.py, GET /voila/files/x.png, GET /voila/files/../Makefile"""


@pytest.mark.parametrize(("method", "path"), [door.split() for door in DOORS.split(",")])
def test_there_is_no_other_door(lecture, method, path):
    request = urllib.request.Request(f"{lecture}{path}", method=method, data=json.dumps({}).encode() if method != "GET" else None)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    refused.value.close()
    assert refused.value.code >= 400
    assert "files" not in path or refused.value.code == 403  # whether there is such a file or not
