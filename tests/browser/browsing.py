"""Chromium on a thread of its own, and what a test reads from the page in it."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from PIL import Image

from rushes.testing import read_card

T = TypeVar("T")
CHROMIUM = "/usr/bin/chromium"
PATIENCE_S = 60.0
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name that is not this machine's own, so that its pages are no secure context.
    "--host-resolver-rules=MAP cams.test 127.0.0.1",
)


class Chromium:
    """One browser. Playwright leaves an event loop running on the thread that it was started from, on which no other
    test could run one: hence a thread of its own, and all that talks to the browser goes through :meth:`call`.
    """

    def __init__(self) -> None:
        if not Path(CHROMIUM).exists():
            pytest.skip(f"no {CHROMIUM} (Debian: apt-get install chromium)")
        api = pytest.importorskip("playwright.sync_api", reason="no playwright (pip install playwright)")
        self._thread = ThreadPoolExecutor(1, "browser")
        self._playwright = self.call(lambda: api.sync_playwright().start())
        self.browser = self.call(
            self._playwright.chromium.launch,
            executable_path=CHROMIUM,
            args=list(ARGUMENTS),
            headless=True,
        )

    def call(self, act: Callable[..., T], *args: Any, **more: Any) -> T:
        """What ``act`` gives on the browser's thread."""
        return self._thread.submit(act, *args, **more).result()

    def close(self) -> None:
        self.call(self.browser.close)
        self.call(self._playwright.stop)
        self._thread.shutdown()


class Visits:
    """The pages of one test. ``wrong`` holds what their consoles complained of, which fails the test at its end
    unless it names it in ``expected``.
    """

    def __init__(self, chromium: Chromium) -> None:
        self._browser = chromium.browser
        self._contexts: list[Any] = []
        self.wrong: list[str] = []
        self.expected: tuple[str, ...] = ()

    def __call__(self, url: str, *, script: str = "", **options: Any) -> Any:
        """A page at ``url`` in a context of its own; ``script`` runs in it before its own."""
        options = {"viewport": {"width": 1280, "height": 800}, "timezone_id": "UTC", **options}
        context = self._browser.new_context(**options)
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE_S * 1000)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.goto(url)
        return page

    def _heard(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.wrong.append(f"{said.text} at {said.location.get('url', '')}")

    def unexpected(self) -> list[str]:
        """What the consoles said that the test did not expect."""
        return [each for each in self.wrong if not any(word in each for word in self.expected)]

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def until(condition: Callable[[], T], what: str, page: Any = None) -> T:
    """Polls for something true and returns it; a page is given time meanwhile."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            pytest.fail(f"not within {PATIENCE_S:.0f} s: {what}")
        if page is None:
            time.sleep(0.05)
        else:
            page.wait_for_timeout(50)


# What is drawn is copied first: a canvas without a picture has no context of its own yet, a video never has one.
_PIXELS = """(selector) => {
  const from = document.querySelector(selector)
  const width = from ? from.videoWidth || from.width : 0
  const height = from ? from.videoHeight || from.height : 0
  if (!width || !height || (from.readyState !== undefined && from.readyState < 2)) return ''
  const to = document.createElement('canvas')
  to.width = width
  to.height = height
  to.getContext('2d').drawImage(from, 0, 0)
  return to.toDataURL('image/png').split(',')[1]
}"""


def number_in(page: Any, selector: str) -> int | None:
    """The frame number painted in the card that the canvas or video shows; None while it shows none."""
    card = card_in(page, selector)
    return None if card is None else card[0]


def card_in(page: Any, selector: str) -> tuple[int, int] | None:
    """The same with the time painted in the card, in ms modulo 2**32."""
    coded = page.evaluate(_PIXELS, selector)
    if not coded:
        return None
    with Image.open(io.BytesIO(base64.b64decode(coded))) as image:
        return read_card(np.asarray(image.convert("RGB")))


def tile(name: str, surface: str = "canvas") -> str:
    """The selector of the picture in that channel's tile."""
    return f'[data-channel="{name}"] {surface}.surface'


def moves(page: Any, selector: str) -> list[int]:
    """Three different numbers read one after the other."""
    seen: list[int] = []

    def another() -> bool:
        number = number_in(page, selector)
        if number is not None and number not in seen[-1:]:
            seen.append(number)
        return len(seen) == 3

    until(another, f"three pictures in {selector}", page)
    return seen


def badge_of(page: Any, name: str) -> str:
    """The words of that tile's badge, also where a narrow tile hides some."""
    text: str = page.evaluate(
        "(s) => document.querySelector(s)?.textContent ?? ''", f'[data-channel="{name}"] [data-badge]'
    )
    return text
