"""A headless Chromium, the servers it looks at, and how an explorer is moved; for the tests and for the table of latencies."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from tools import settings

SITE = settings.ROOT / ".build" / "site" / "html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# What is seen: the pixels of an explorer's picture, small.
PIXELS = """explorer => {
  const image = [...explorer.querySelectorAll('.widget-image')].find(i => getComputedStyle(i).visibility === 'visible');
  if (!image || !image.complete || !image.naturalWidth) return '';
  const canvas = Object.assign(document.createElement('canvas'), {width: 300, height: 200});
  canvas.getContext('2d').drawImage(image, 0, 0, 300, 200);
  return canvas.toDataURL();
}"""
# Milliseconds from the key's event to another picture in its place, decoded.
WATCH = """explorer => {
  const seen = () => [...explorer.querySelectorAll('.widget-image')].find(i => getComputedStyle(i).visibility === 'visible');
  const before = seen().src;
  let pressed = 0;
  document.addEventListener('keydown', event => { pressed = event.timeStamp; }, {capture: true, once: true});
  window.latency = new Promise(resolve => {
    const observer = new MutationObserver(async () => {
      const image = pressed && seen();
      if (!image || !image.src || image.src === before) return;
      observer.disconnect();
      await image.decode();
      resolve(performance.now() - pressed);
    });
    observer.observe(explorer, {subtree: true, childList: true, attributes: true});
  });
}"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def site() -> Iterator[str]:
    """The built site on a port of its own."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def lecture() -> Iterator[str]:
    """The lecture as `make lecture` serves it, on a port of its own."""
    port = free_port()
    log = settings.ROOT / ".build" / "lecture.log"
    log.parent.mkdir(exist_ok=True)
    with open(log, "w", encoding="utf-8") as out:
        server = subprocess.Popen([sys.executable, "-m", "tools.lecture", "--port", str(port)], cwd=settings.ROOT,
                                  stdout=out, stderr=out)  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/voila/static/none", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(address: str, server: subprocess.Popen[bytes], seconds: float = 90) -> None:
    """Until somebody answers, be it with a refusal."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.1)
            continue
        return
    raise RuntimeError(f"{address} does not answer")


class Seen:
    """What a page asked for and complained about."""

    def __init__(self, page: Any, base: str) -> None:
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self.base = base
        page.on("request", self.request)
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", lambda r: self.errors.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def request(self, request: Any) -> None:
        if not request.url.startswith((self.base, self.base.replace("http", "ws"), "data:", "blob:")):
            self.foreign.append(request.url)


@contextmanager
def chromium() -> Iterator[Any]:
    """Debian's browser, without a window."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "no chromium"
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


def handles(explorer: Any) -> list[Any]:
    """What can be moved with the arrow keys."""
    found: list[Any] = explorer.query_selector_all(".noUi-handle")
    return found


def changed(page: Any, explorer: Any, before: str, seconds: float = 20) -> str:
    """The pixels, once they differ from `before`."""
    end = time.monotonic() + seconds
    while (now := explorer.evaluate(PIXELS)) in ("", before):
        if time.monotonic() > end:
            raise AssertionError("the picture does not change")
        page.wait_for_timeout(10)
    return str(now)


@contextmanager
def filmed(page: Any, found: list[Image.Image]) -> Iterator[None]:
    """Appends what the screen shows meanwhile, frame by frame."""
    session = page.context.new_cdp_session(page)

    def frame(event: dict[str, Any]) -> None:
        found.append(Image.open(io.BytesIO(base64.b64decode(event["data"]))).convert("L"))
        session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    session.on("Page.screencastFrame", frame)
    session.send("Page.startScreencast", {"format": "jpeg", "quality": 50, "maxWidth": 480})
    yield
    session.detach()


def latencies(page: Any, explorer: Any, handle: Any, count: int = 20) -> list[float]:
    """Milliseconds from key press to changed picture, `count` times, back and forth."""
    low, high = (float(handle.get_attribute(f"aria-value{end}")) for end in ("min", "max"))
    key, found = "ArrowRight", []
    for _ in range(count):
        now = float(handle.get_attribute("aria-valuenow"))
        key = "ArrowRight" if now <= low else "ArrowLeft" if now >= high else key
        explorer.evaluate(WATCH)
        handle.focus()
        page.keyboard.press(key)
        found.append(float(page.evaluate("window.latency")))
        page.wait_for_timeout(60)
    return found


def pages() -> list[Path]:
    """The site's notebooks that hold a moving explorer."""
    return [path for path in sorted((SITE / "notebooks").glob("*.html")) if "widget-view+json" in path.read_text(encoding="utf-8")]
