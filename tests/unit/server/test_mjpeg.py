"""MJPEG as a program that knows nothing of us reads it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rushes.codecs import jpeg
from rushes.server.mjpeg import FPS, MOST_FPS, capped
from rushes.server.rendition_key import RenditionKey
from rushes.testing import read_card
from tests.unit.server.live_help import WAIT_S, ByHand, Served, running, served, until

PATH = "/api/channels/cam/live.mjpg"


@pytest.fixture
def station() -> Iterator[ByHand]:
    made = ByHand("by-hand")
    yield made
    made.close()


@pytest.fixture
def site(station: ByHand, tmp_path: Path) -> Iterator[Served]:
    with served(station, tmp_path) as made:
        yield made


def field(head: bytes, name: bytes) -> int:
    found = re.search(name + rb": (\d+)", head)
    assert found is not None
    return int(found[1])


def parts(response: httpx.Response) -> Iterator[tuple[int, bytes]]:
    """The number in its head, and the data, of each part that is there to its end."""
    for head, data in whole(response):
        yield field(head, rb"X-Frame-Number"), data


def whole(response: httpx.Response) -> Iterator[tuple[bytes, bytes]]:
    """The same with all of the head."""
    held = b""
    for data in response.iter_raw():
        held += data
        while (found := re.match(rb"--(\S+)\r\n(.*?)\r\n\r\n", held, re.DOTALL)) is not None:
            size = field(found[2], rb"Content-Length")
            # A browser shows a picture when it sees the boundary behind it.
            if len(held) < found.end() + size + len(b"\r\n--" + found[1]):
                break
            yield found[2], held[found.end() : found.end() + size]
            held = held[found.end() + size + 2 :]


def test_pictures_come_one_after_another_each_whole_at_once(station: ByHand, site: Served) -> None:
    with running(station), httpx.stream("GET", f"http://{site.at}{PATH}", timeout=WAIT_S) as response:
        assert response.headers["content-type"].startswith("multipart/x-mixed-replace")
        came = parts(response)
        for _ in range(3):
            number, data = next(came)
            card = read_card(jpeg.decode(data))
            assert card is not None
            assert card[0] == number


def test_the_rate_is_limited(station: ByHand, site: Served) -> None:
    assert capped(RenditionKey("cam")).fps == FPS
    assert capped(RenditionKey("cam", fps=30, codec="h264")) == RenditionKey("cam", fps=MOST_FPS)
    with running(station), httpx.stream("GET", f"http://{site.at}{PATH}", timeout=WAIT_S) as response:
        came = whole(response)
        times_ns = [field(next(came)[0], rb"X-Captured-Ns") for _ in range(12)]
    # By when they were taken and not by their numbers: a busy machine takes fewer of them. One may be late by a
    # whole step of the grid, and the last of them early by half.
    assert (times_ns[-1] - times_ns[1]) / 1e9 >= (len(times_ns) - 3.5) / MOST_FPS


def test_a_reader_that_leaves_is_counted_and_nothing_is_coded_for_it(station: ByHand, site: Served) -> None:
    with running(station):
        with httpx.stream("GET", f"http://{site.at}{PATH}", timeout=WAIT_S) as response:
            next(parts(response))
        edge = site.state.edges.get("cam -> viewers")
        assert edge is not None
        until(lambda: edge.stats().waiting == 0)
        offered, here = edge.stats().offered, station.number
        until(lambda: station.number > here + 9)
        assert edge.stats().offered == offered
        assert edge.stats().adds_up


def test_a_reader_that_does_not_read_costs_nothing_but_its_own_pictures(
    station: ByHand, site: Served
) -> None:
    with running(station), socket.create_connection(site.listener.getsockname(), 5) as stuck:
        stuck.sendall(f"GET {PATH}?q=100 HTTP/1.1\r\nHost: {site.at}\r\n\r\n".encode())
        stuck.recv(1)
        with httpx.stream("GET", f"http://{site.at}{PATH}", timeout=WAIT_S) as response:
            came = parts(response)
            for _ in range(4):
                next(came)
        assert site.stop() < 5


def test_a_look_at_the_head_alone_ends(site: Served) -> None:
    response = httpx.head(f"http://{site.at}{PATH}", timeout=WAIT_S)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("multipart")


def test_a_channel_that_is_not_there_gets_no_ledger(site: Served) -> None:
    httpx.get(f"http://{site.at}/api/channels/nobody/live.mjpg", timeout=WAIT_S)
    assert site.state.edges.states() == []


@pytest.mark.parametrize(("path", "status"), [("nobody/live.mjpg", 404), ("cam/live.mjpg?w=x", 400)])
def test_what_cannot_be_had_is_refused(site: Served, path: str, status: int) -> None:
    response = httpx.get(f"http://{site.at}/api/channels/{path}", timeout=WAIT_S)
    assert response.status_code == status
    assert response.json()["remedy"]
