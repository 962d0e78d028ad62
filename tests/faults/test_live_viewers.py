"""Viewers that misbehave: what the others, the encoder and the end of the station notice of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.metrics import EdgeStats
from rushes.server import live_socket
from tests.unit.server.live_help import HEAD, ByHand, Eye, Served, Stuck, running, served, until

HANGS_S = 5.0
"""Longer than any end may take; shorter than waiting for what never comes."""


@pytest.fixture
def station() -> Iterator[ByHand]:
    made = ByHand("by-hand")
    yield made
    made.close()


@pytest.fixture
def site(station: ByHand, tmp_path: Path) -> Iterator[Served]:
    with served(station, tmp_path) as made:
        yield made


def edge(site: Served) -> EdgeStats:
    found = site.state.edges.get("cam -> viewers")
    return EdgeStats("") if found is None else found.stats()


def resident() -> int:
    """Bytes of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def jam(station: ByHand, site: Served, stuck: Stuck) -> None:
    """Until the server can write no more to it."""

    def full() -> bool:
        for number in range(max(0, station.number - 30), station.number):
            stuck.claim(number)
        return edge(site).dropped.get("slow viewer", 0) > 5

    until(full)


def test_a_stuck_viewer_holds_up_neither_others_nor_the_end(station: ByHand, site: Served) -> None:
    stuck = Stuck(site)
    with running(station):
        jam(station, site, stuck)
        with Eye(site.at) as eye:
            here = eye.until_picture()[1]
            assert eye.until_picture(here + 20)
        assert site.stop() < HANGS_S
    stuck.close()


def test_many_who_read_nothing_at_all_do_not_hold_up_the_end(station: ByHand, site: Served) -> None:
    with running(station):
        stuck = [Stuck(site, acks=False) for _ in range(5)]
        until(lambda: edge(site).waiting >= 10)
        assert site.stop() < HANGS_S
    for each in stuck:
        each.close()


def test_a_viewer_that_takes_no_byte_for_long_is_let_go(
    station: ByHand, site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_socket, "WRITE_S", 0.5)
    stuck = Stuck(site)
    with running(station):
        jam(station, site, stuck)
        until(lambda: edge(site).waiting == 0)
        assert edge(site).adds_up
    stuck.close()


def test_viewers_are_told_when_the_station_stops(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at) as eye:
        eye.until_picture()
        assert site.stop() < HANGS_S
        with pytest.raises(Exception, match="1001"):
            eye.until_word("never")


def test_a_slow_viewer_sees_pictures_of_this_moment(station: ByHand, site: Served) -> None:
    ages = []
    with running(station), Eye(site.at, acks=False) as eye:
        for _ in range(8):
            message = eye.socket.recv(20)
            if isinstance(message, str):
                continue
            captured_ns = HEAD.unpack(message[:24])[5]
            time.sleep(0.2)  # what it takes this viewer to draw one
            ages.append((time.time_ns() - captured_ns) / 1e9)
            eye.ack(HEAD.unpack(message[:24])[4])
    # Two of its own drawings and what a busy machine adds; buffers full of pictures would be ten times as much.
    assert sorted(ages)[len(ages) // 2] < 1.0


@pytest.mark.long
def test_memory_does_not_grow_with_viewers_that_come_go_and_stand_still(
    station: ByHand, site: Served
) -> None:
    with running(station):
        stuck = [Stuck(site, acks=False) for _ in range(8)]
        sizes = []
        for _ in range(30):
            for query in ("", "?w=320", "?codec=h264", "?codec=fmp4"):
                with Eye(site.at, query) as eye:
                    eye.until_picture()
            sizes.append(resident())
        assert max(sizes[20:]) - max(sizes[5:10]) < 16 << 20
    for each in stuck:
        each.close()
