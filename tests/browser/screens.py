"""Makes the pictures of the page that the documentation shows: ``python -m tests.browser.screens [FOLDER]``.

They are of a real station of four test cards, with an hour of recordings made beforehand, in both themes. What names
this machine is written over first.
"""

from __future__ import annotations

import datetime
import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rushes import Box, Frame
from rushes.archive import Archive
from rushes.capture.testcard import TestCard
from rushes.interfaces import SourceInfo
from tests.browser.browsing import Chromium, Visits, moves, number_in, tile, until
from tests.browser.whole import up

FOLDER = Path(__file__).parents[2] / "docs" / "images"
TOKENS = Path(__file__).parents[2] / "web" / "src" / "styles" / "tokens.css"
WIDTH, HEIGHT = 1440, 900
MOST_BYTES = 120_000
CHANNELS = {
    "front": (1280, 720, 10),
    "yard": (1280, 960, 5),
    "dock": (1920, 1080, 5),
    "hall": (640, 480, 10),
}
# Minutes before now: from, to.
RECORDED = {
    "front": ((46, 31), (29, 0)),
    "yard": ((46, 40), (33, 0)),
    "dock": ((38, 0),),
    "hall": ((46, 45), (20, 0)),
}
# Channels whose recordings are looked at; those of others may be small.
LOOKED_AT = {"yard": (1280, 960), "front": (640, 360)}
# The same, in seconds before now, of what was found in "yard".
FOUND = ((2700, 2640), (1900, 1750), (1310, 1300), (1100, 1010), (730, 690), (400, 380), (90, 40))
NUMBER = Box(0.29, 0.3, 0.42, 0.14)
CONFIG = """
[station]
name = "harbour"
data = "rushes-data"

[budget]
memory = "768 MiB"
disk = "2 GiB"

[shots]
folder = "shots"
"""
WORK = """
[[work]]
name = "edges"
channel = "front"
call = "rushes.station.edges:boxes"
workers = 2
"""
_MINUTE = 60
_EVERY_S = 1.5


class Minute:
    """A source that was captured earlier, with few frames; no longer, as it does not wait for the encoder."""

    def __init__(self, name: str, size: tuple[int, int], start_s: float) -> None:
        self._name, self._start_s = name, start_s
        self._card = TestCard(*size, 1, "i420")
        self.info = SourceInfo(width=size[0], height=size[1], fps=1 / _EVERY_S, format="i420")

    def __iter__(self) -> Iterator[Frame]:
        for number in range(round(_MINUTE / _EVERY_S)):
            captured_ns = round((self._start_s + number * _EVERY_S) * 1e9)
            array = np.empty(self._card.shape, np.uint8)
            self._card.draw(array, number, captured_ns)
            yield Frame(array, number, captured_ns=captured_ns, format="i420", channel=self._name)

    def close(self) -> None:
        """Nothing is held."""


def prepare(folder: Path) -> float:
    """Everything that the station finds when it starts; gives the moment at which its recordings end."""
    sources = "".join(
        f'\n[[channel]]\nname = "{name}"\nsource = "testcard:{w}x{h}@{fps}"\nrecord = true\n'
        for name, (w, h, fps) in CHANNELS.items()
    )
    (folder / "station.toml").write_text(CONFIG + sources + WORK)
    now_s = time.time()
    with Archive(folder / "rushes-data", min_free_bytes=0) as archive:
        for name, stretches in RECORDED.items():
            for each in (minute for begin, end in stretches for minute in range(begin, end, -1)):
                minute = Minute(name, LOOKED_AT.get(name, (320, 180)), now_s - each * _MINUTE)
                recording = archive.record(name, minute, memory_bytes=1 << 28)
                recording.wait(600)
                recording.close()
        for begin, end in FOUND:
            archive.add_figures("yard", now_s - begin, now_s - end, [NUMBER])
    return now_s


def busy(page: Any, url: str, end_s: float) -> None:
    """Shots and exports, one of which fails, for the jobs."""
    orders: list[tuple[str, dict[str, object]]] = [("shots", {"channel": name}) for name in ("front", "hall")]
    for channel, begin, end, kind in (
        ("front", 300, 285, "mp4"),
        ("yard", 300, 296, "gif"),
        ("hall", 2400, 2395, "mp4"),
    ):
        order = {"channel": channel, "from": end_s - begin, "to": end_s - end, "format": kind}
        orders.append(("exports", order))
    for what, order in orders:
        page.evaluate(_POST, [what, order])
    page.goto(f"{url}?screen=jobs")
    rows = page.locator("tr[data-job]")
    until(lambda: rows.count() >= 4, "the jobs are listed", page)
    until(
        lambda: page.locator("tr[data-state=in_queue], tr[data-state=saving]").count() == 0, "they end", page
    )


def shoot(visit: Visits, url: str, end_s: float, theme: str, folder: Path) -> None:
    """All screens in one theme."""
    page = visit(url, viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)
    for name in CHANNELS:
        moves(page, tile(name))
    page.wait_for_timeout(3000)
    keep(page, folder / f"page-live-{theme}.png")
    page.keyboard.press("1")
    page.wait_for_timeout(3000)
    keep(page, folder / f"page-large-{theme}.png")
    moment = datetime.datetime.fromtimestamp(end_s - 700, datetime.UTC)
    page.goto(f"{url}?screen=timeline&channel=yard&t={moment.isoformat().replace('+00:00', 'Z')}")
    until(lambda: page.locator(".pane").get_attribute("data-exact") == "true", "an exact frame", page)
    until(lambda: number_in(page, ".pane canvas"), "its picture", page)
    page.keyboard.press("e")
    page.wait_for_timeout(1500)
    keep(page, folder / f"page-timeline-{theme}.png")
    page.goto(f"{url}?screen=jobs")
    page.locator("tr[data-job] img").first.wait_for()
    page.wait_for_timeout(1500)
    keep(page, folder / f"page-jobs-{theme}.png")
    page.goto(f"{url}?screen=pipeline")
    page.locator('[data-edge^="front"]').nth(1).click()
    page.locator(".graphs canvas").first.wait_for()
    page.wait_for_timeout(3000)
    keep(page, folder / f"page-pipeline-{theme}.png")
    page.goto(f"{url}?screen=settings")
    page.wait_for_timeout(3000)
    keep(page, folder / f"page-settings-{theme}.png")


_POST = """([what, order]) => fetch(`/api/${what}`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(order),
}).then((answer) => answer.status)"""
_NEUTRAL = """(names) => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    for (const [from, to] of names) if (node.data.includes(from)) node.data = node.data.replaceAll(from, to)
  }
}"""


def keep(page: Any, path: Path) -> None:
    """The page as a PNG of few colours."""
    page.evaluate(_NEUTRAL, [[os.uname().nodename, "harbour-pc"], [str(Path.cwd()), "~"]])
    with Image.open(io.BytesIO(page.screenshot())) as image:
        whole = image.convert("RGB")
    # Grounds and signs keep their own colours, of which an average would make grey.
    colours = sorted(set(re.findall(r"#([0-9a-f]{6})", TOKENS.read_text(encoding="utf-8"))))
    own = [value for each in colours for value in bytes.fromhex(each)]
    most = whole.quantize(256 - len(colours)).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(all_of := own + most[: 768 - len(own)])
    small = whole.quantize(palette=palette, dither=Image.Dither.NONE)
    # Exactly so: what finds the nearest colour is content with a near one.
    places, pixels = np.array(small), np.asarray(whole, np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    for place, colour in enumerate(colours):
        places[pixels == int(colour, 16)] = place
    small = Image.fromarray(places)
    small.putpalette(all_of)
    small.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {size} bytes" + (", too many" if size > MOST_BYTES else ""))


def main(folder: Path) -> None:
    """Makes them all."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = Chromium()
    try:
        with tempfile.TemporaryDirectory() as made:
            home = Path(made)
            end_s = prepare(home)
            with up(["station.toml"], home) as (url, _):
                chromium.call(_all, chromium, url, end_s, folder)
    finally:
        chromium.close()


def _all(chromium: Chromium, url: str, end_s: float, folder: Path) -> None:
    visit = Visits(chromium)
    page = visit(url)
    time.sleep(20)
    busy(page, url, end_s)
    page.close()
    for theme in ("light", "dark"):
        shoot(visit, url, end_s, theme, folder)
    visit.close()
    for each in visit.wrong:
        print("the console said:", each)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
