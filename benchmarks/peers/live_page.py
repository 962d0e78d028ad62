"""The same live view in a real browser: what is on its canvas at each of its animation frames."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks._family import cpu_s

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from benchmarks._live_site import Site

WAYS = ("jpeg", "h264", "fmp4", "mjpeg")
_FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_FLAGS += ["--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"]


class Drawn(NamedTuple):
    """Seconds from the painting of each picture to its being on the canvas; the length of the time it was watched;
    the server's share of a core meanwhile.
    """

    ages_s: list[float]
    seconds: float
    server_share: float


def missing() -> str:
    """Why there is no browser here; empty when there is one."""
    if shutil.which("chromium") is None:
        return "no Chromium"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return ""


def draw(site: Site, ways: tuple[str, ...], warm_s: float, seconds: float) -> dict[str, Drawn]:
    """Each way once, in a fresh page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*_FLAGS, "--no-sandbox"], headless=True
        )
        try:
            return {way: _one(browser, site, way, warm_s, seconds) for way in ways}
        finally:
            browser.close()


def _one(browser: Browser, site: Site, way: str, warm_s: float, seconds: float) -> Drawn:
    page = browser.new_page(viewport={"width": 1300, "height": 760}, bypass_csp=True)
    try:
        page.goto(f"http://{site.at}/bench")
        page.evaluate("way => begin(way)", way)
        page.wait_for_function("seen.last >= 0", timeout=20_000)
        page.wait_for_timeout(warm_s * 1e3)
        before = cpu_s(site.server)
        page.evaluate("mark()")
        page.wait_for_timeout(seconds * 1e3)
        ages = page.evaluate("seen.ages")
        share = (cpu_s(site.server) - before) / seconds
        return Drawn([age / 1e3 for age in ages], seconds, share)
    finally:
        page.close()


def version() -> str:
    """The browser's, as it says."""
    import subprocess

    path = shutil.which("chromium") or "chromium"
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=30)
    return said.stdout.strip().split(" built")[0] or Path(path).name
