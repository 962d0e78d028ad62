"""The live view: how old pictures are on glass, what viewers cost, and what slow and stuck ones do."""

from __future__ import annotations

import contextlib
import socket
import statistics
import time
from typing import TYPE_CHECKING

from benchmarks._harness import Claim, ratios, take_turns
from benchmarks._live_site import site
from benchmarks.peers import live_page
from benchmarks.peers.live_eyes import Wish, look, looking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks._live_site import Site

WIDTH, HEIGHT, FPS = 1280, 720, 30.0
NAMES = {
    "jpeg": "JPEG, acknowledged, on a canvas",
    "h264": "H.264, acknowledged, decoded by the page",
    "fmp4": "fragments of MP4 in a video element",
    "mjpeg": "MJPEG in an img element",
}
SLOW_S = 0.2
_MIB = 1 << 20


def programs(rounds: int, seconds: float) -> list[Claim]:
    """From the drawing of a picture to its pixels in a program of Python."""
    rates: list[float] = []
    wrong: list[float] = []
    with site(WIDTH, HEIGHT, FPS) as here:

        def once(way: str, query: str) -> float:
            (seen,) = look([Wish(here.at, way, query, decode=True, seconds=seconds)])
            if way == "socket":
                rates.append(len(seen.ages_s) / seconds)
                wrong.append(float(seen.wrong))
            return statistics.median(seen.ages_s)

        took = take_turns(
            {
                "rushes, by the socket": lambda: once("socket", ""),
                "MJPEG": lambda: once("mjpeg", "?fps=30"),
            },
            rounds,
        )
    title = "720p at 30 a second, one viewer: pictures a second that are decoded"
    glass = "one viewer in Python, from drawing to decoded pixels, half take at most: MJPEG"
    return [
        Claim("live_fps", title, "fps", rates, 28.0, at_least=True),
        Claim("live_right", "pictures whose strip is not the one that was drawn", "pictures", wrong, 0),
        Claim("live_glass_python", glass, "×", ratios(*took.values()), parts=dict(took)),
    ]


def browser(rounds: int, warm_s: float, seconds: float) -> list[Claim]:
    """From the drawing of a picture to the canvas of a page, looked at at each of its animation frames."""
    titles = {
        "jpeg": "in Chromium, from drawing to the canvas, half take at most: by MJPEG",
        "h264": "the same by H.264: by MJPEG",
        "fmp4": "the same by fragments of MP4: by MJPEG",
    }
    lack = live_page.missing()
    if lack:
        return [
            Claim(f"live_glass_{way}", title, "×", parts={"Chromium": lack}) for way, title in titles.items()
        ]
    found: dict[str, list[float]] = {way: [] for way in live_page.WAYS}
    tails: list[float] = []
    rates: list[float] = []
    with site(WIDTH, HEIGHT, FPS) as here:
        for turn in range(rounds):
            first = turn % len(live_page.WAYS)
            ways = live_page.WAYS[first:] + live_page.WAYS[:first]
            drawn = live_page.draw(here, ways, warm_s, seconds)
            for way, each in drawn.items():
                found[way].append(statistics.median(each.ages_s))
            ours = sorted(drawn["jpeg"].ages_s)
            tails.append(1e3 * ours[len(ours) * 95 // 100])
            rates.append(len(ours) / seconds)
    targets = {"jpeg": 0.6, "h264": None, "fmp4": None}
    claims = []
    for way, title in titles.items():
        parts = {NAMES[way]: found[way], NAMES["mjpeg"]: found["mjpeg"]}
        claims.append(
            Claim(
                f"live_glass_{way}",
                title,
                "×",
                ratios(found[way], found["mjpeg"]),
                targets[way],
                parts=dict(parts),
            )
        )
    claims.append(Claim("live_tail", "in Chromium, 95 of 100 pictures are on the canvas within", "ms", tails))
    rate = "in Chromium, 720p at 30 a second: pictures a second on the canvas"
    claims.append(Claim("live_fps_page", rate, "fps", rates, 28.0, at_least=True))
    return claims


def slow(seconds: float) -> list[Claim]:
    """A viewer that needs 200 ms for each picture, beside a reader of MJPEG that does; one after the other."""
    ages: dict[str, list[float]] = {}
    with site(WIDTH, HEIGHT, FPS) as here:
        for name, way, query in (("socket", "socket", ""), ("mjpeg", "mjpeg", "?fps=30")):
            (seen,) = look([Wish(here.at, way, query, each_s=SLOW_S, warm_s=1.0, seconds=seconds)])
            ages[name] = seen.ages_s
    ours = ages["socket"]
    part = max(1, len(ours) // 4)
    drift = statistics.median(ours[-part:]) - statistics.median(ours[:part])
    ended = {name: [statistics.median(each[-part:])] for name, each in ages.items()}
    parts = {"rushes, by the socket": ended["socket"], "MJPEG": ended["mjpeg"]}
    tail = sorted(ours)[len(ours) * 95 // 100]
    told = f"a viewer of 5 pictures a second, after {seconds:g} s:"
    return [
        Claim(
            "live_slow", f"{told} 95 of 100 are shown within", "ms", [1e3 * tail], 500.0, parts=dict(parts)
        ),
        Claim("live_slow_most", f"{told} the oldest that it ever showed", "ms", [1e3 * max(ours)]),
        Claim("live_slow_drift", f"{told} older than at first by", "ms", [1e3 * drift], 50.0),
    ]


def crowd(rounds: int, counts: Sequence[int], seconds: float) -> list[Claim]:
    """The server's share of a core while so many look at one rendition."""
    shares: dict[int, list[float]] = {count: [] for count in counts}
    rates: list[float] = []
    with site(WIDTH, HEIGHT, FPS) as here:
        for _ in range(rounds):
            for count in counts:
                share, rate = _share(here, count, seconds)
                shares[count].append(share)
            rates.append(rate)
    few, many = counts[0], counts[-1]
    each = [100 * (b - a) / (many - few) for a, b in zip(shares[few], shares[many], strict=True)]
    claims = [
        Claim(
            "live_viewer",
            f"of a core of the server for each viewer more, from {few} to {many}",
            "%",
            each,
            3.0,
        ),
        Claim("live_crowd_fps", f"pictures a second at each of {many} viewers", "fps", rates),
    ]
    for count in counts:
        values = [100 * share for share in shares[count]]
        plural = "viewers" if count > 1 else "viewer"
        claims.append(
            Claim(f"live_cpu_{count}", f"of a core of the server with {count} {plural}", "%", values)
        )
    return claims


def _share(here: Site, count: int, seconds: float) -> tuple[float, float]:
    warm_s = 1.5
    with looking([Wish(here.at, warm_s=warm_s, seconds=seconds)] * count) as wait:
        # They connect within the warming up; what is timed lies within what they count.
        deadline = time.monotonic() + warm_s + 1.0
        time.sleep(max(0.0, deadline - time.monotonic()))
        before, began = here.cpu_s(), time.monotonic()
        time.sleep(max(0.5, seconds - 1.5))
        share = (here.cpu_s() - before) / (time.monotonic() - began)
        seen = wait()
    return share, statistics.median(len(each.ages_s) for each in seen) / seconds


def ends(rounds: int) -> Claim:
    """How long the server takes to end while viewers do not read."""
    took = []
    for _ in range(rounds):
        with site(WIDTH, HEIGHT, FPS) as here, _stuck(here, 3), _stuck(here, 1, "mjpeg"):
            look([Wish(here.at, seconds=1.0)])
            took.append(1e3 * here.end())
    return Claim(
        "live_end", "the server is gone after its stop, with viewers that do not read", "ms", took, 2000.0
    )


def memory(seconds: float, viewers: int) -> Claim:
    """How far the server's memory grows while many look and one stands still."""
    with (
        site(WIDTH, HEIGHT, FPS) as here,
        _stuck(here, 1),
        looking([Wish(here.at, seconds=seconds)] * viewers) as wait,
    ):
        time.sleep(min(15.0, seconds / 3))
        at_first, most = here.rss(), 0
        until = time.monotonic() + seconds * 2 / 3 - 1
        while time.monotonic() < until:
            most = max(most, here.rss())
            time.sleep(0.5)
        wait()
    title = f"the server's memory grows by, {viewers} viewers and a stuck one, in {seconds:g} s"
    return Claim("live_memory", title, "MiB", [(most - at_first) / _MIB], 16.0)


@contextlib.contextmanager
def _stuck(here: Site, count: int, way: str = "socket") -> Iterator[None]:
    """Viewers that ask and never read."""
    from benchmarks._live_site import CHANNEL

    host, _, port = here.at.partition(":")
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect((host, int(port)))
            if way == "mjpeg":
                asked = f"GET /api/channels/{CHANNEL}/live.mjpg HTTP/1.1\r\nHost: {here.at}\r\n\r\n"
            else:
                asked = (
                    f"GET /ws/live/{CHANNEL} HTTP/1.1\r\nHost: {here.at}\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    "Sec-WebSocket-Version: 13\r\n\r\n"
                )
            one.sendall(asked.encode())
            one.recv(1)
        yield
