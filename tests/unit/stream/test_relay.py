"""Streams by way of a real hub: what comes out at the viewers, and both accounts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes.errors import AccessDenied, ConfigError
from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.wire import hub_roles
from rushes.wire.hub import Hub
from rushes.wire.message import PIXELS
from tests.support.nats_hub import client, free_ports, hub, run
from tests.support.streams import Reading, at_rest, check_received, eventually, joined, picture, send


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with hub(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture
def url(running: Hub, request: pytest.FixtureRequest) -> str:
    """A stream of the test's own."""
    return f"{running.url}/test-{abs(hash(request.node.nodeid))}"


@pytest.mark.parametrize(("codec", "tolerance"), [("raw", 0), ("jpeg", 12), ("h264", 24)])
def test_frames_come_out_as_they_were_sent_at_each_viewer(url: str, codec: str, tolerance: int) -> None:
    with Streamer(url, codec=codec, name="door", tracks=["a"]) as streamer:
        assert streamer.address == url
        with Receiver(url) as one, Receiver(url) as other:
            first, second = Reading(one.frames()), Reading(other.frames())
            joined(streamer, 2)
            for number in range(5):
                streamer.send(
                    Frame(picture(seed=number), 10 + number, captured_ns=1000 + number), {"n": number}
                )
                first.wait(number + 1)
                second.wait(number + 1)
            assert streamer.stats().peers == 2
        for reading, receiver in ((first, one), (second, other)):
            assert [item.number for item in reading.frames] == list(range(10, 15))
            assert [item.meta["n"] for item in reading.frames] == list(range(5))
            last = reading.frames[-1]
            assert (last.captured_ns, last.channel, last.track) == (1004, "door", "a")
            difference = np.abs(last.array.astype(int) - picture(seed=4))
            assert difference.max() <= tolerance
            assert check_received(receiver, reading.got).delivered == 5
        stats = at_rest(streamer)
        assert (stats.offered, stats.sent, stats.dropped) == (5, 5, {})


def test_nothing_is_sent_while_nobody_watches(url: str) -> None:
    with Streamer(url) as streamer:
        assert not streamer.wait(0.05)
        send(streamer, 3)
        stats = at_rest(streamer)
        assert (stats.dropped, stats.bytes, stats.peers) == ({"no receiver": 3}, 0, 0)
        with Receiver(url) as receiver:
            assert streamer.wait(20)
            send(streamer, 1)
            item = next(receiver.frames())
            assert isinstance(item, Frame)
            assert item.number == 3
        eventually(lambda: streamer.stats().peers == 0)
        send(streamer, 1)
        assert at_rest(streamer).dropped == {"no receiver": 4}


def test_a_frame_too_large_for_the_hub_is_dropped_with_what_to_do(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    large = np.zeros((2160, 3840, 3), np.uint8)
    with Streamer(url, codec="raw") as streamer, Receiver(url) as receiver:
        reading = Reading(receiver.frames())
        joined(streamer)
        with caplog.at_level(logging.WARNING, "rushes.stream"):
            for _ in range(3):
                streamer.send(large)
                assert at_rest(streamer).offered
        send(streamer, 1)
        eventually(lambda: reading.frames)
        assert [item.number for item in reading.frames] == [3]
        assert at_rest(streamer).dropped == {"too large": 3}
    told = [record.message for record in caplog.records if "codec='jpeg'" in record.message]
    assert len(told) == 1, "told, but not for each frame"
    with Streamer(url, codec="jpeg") as streamer, Receiver(url) as receiver:
        joined(streamer)
        streamer.send(large)
        item = next(receiver.frames())
        assert isinstance(item, Frame)
        assert item.array.shape == large.shape


@contextmanager
def feeding(streamer: Streamer, every_s: float) -> Iterator[None]:
    """Sends pictures until the end of the block."""
    over = threading.Event()

    def feed() -> None:
        number = 0
        while not over.wait(every_s):
            streamer.send(Frame(picture(seed=number), number, captured_ns=time.time_ns()))
            number += 1

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_slow_viewer_gets_the_newest(url: str) -> None:
    with Streamer(url) as streamer, Receiver(url) as receiver, feeding(streamer, 0.01):
        items: list[Any] = []
        ages = []
        for item in receiver.frames():
            items.append(item)
            if isinstance(item, Frame):
                ages.append(item.age_s)
                time.sleep(0.1)
            if len(ages) == 12:
                break
        assert min(ages[-4:]) < 0.5, "were all kept, the last would be a second old"
        stats = receiver.stats()
        assert stats.adds_up
        assert stats.dropped["stale"] > 10


def test_who_joins_a_stream_of_h264_late_gets_a_picture_soon(url: str) -> None:
    with Streamer(url, codec="h264") as streamer, Receiver(url) as first, feeding(streamer, 0.02):
        next(iter(first.frames()))
        began_s = time.monotonic()
        with Receiver(url) as late:
            next(iter(late.frames()))
        # Without asking, the next key frame would be four seconds after the first.
        assert time.monotonic() - began_s < 3


def test_the_newest_number_is_told_when_it_is_quiet(url: str) -> None:
    with Streamer(url, codec="raw") as streamer, Receiver(url) as receiver:
        reading = Reading(receiver.frames())
        joined(streamer)
        send(streamer, 1)
        eventually(lambda: reading.frames)
        streamer.send(np.zeros((2160, 3840, 3), np.uint8))  # too large
        send(streamer, 1)
        eventually(lambda: len(reading.frames) == 2)
        eventually(lambda: receiver.stats().dropped == {"wire": 1})
        check_received(receiver, reading.got)


def test_what_is_no_frame_is_refused_and_counted(running: Hub, url: str) -> None:
    stream = url.rpartition("/")[2]

    async def talk() -> None:
        async with client(running, running.credentials("streamer")) as connection:
            subject = f"rushes.{stream}.live"
            await connection.publish(subject, b"no head")
            await connection.publish(subject, b"x", headers={"Rushes-Head": "%%%"})
            await connection.publish(subject, b"x", headers={"Rushes-Head": "cAAA"})
            await connection.flush()

    with Receiver(url) as receiver, Streamer(url) as streamer:
        reading = Reading(receiver.frames())
        joined(streamer)
        run(talk())
        eventually(lambda: receiver.stats().refused == 3)
        send(streamer, 1)
        eventually(lambda: reading.frames)
        assert check_received(receiver, reading.got).delivered == 1


def test_either_end_may_be_there_before_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes.stream.relay._FIRST_S", 0.1)
    (port,) = free_ports(1)
    url = f"nats://127.0.0.1:{port}/cam"
    with Streamer(url) as streamer, Receiver(url) as receiver:
        send(streamer, 1)
        assert streamer.stats().dropped == {"no receiver": 1}
        with hub(tmp_path, f"tcp://127.0.0.1:{port}"):
            joined(streamer)
            send(streamer, 1)
            item = next(receiver.frames())
            assert isinstance(item, Frame)
            assert item.number == 1


def test_a_streamer_that_begins_again_is_followed(url: str) -> None:
    with Receiver(url) as receiver:
        reading = Reading(receiver.frames())
        for _ in range(2):
            with Streamer(url) as streamer:
                joined(streamer)
                before = len(reading.frames)
                send(streamer, 1)
                reading.wait(before + 1)
        assert [item.number for item in reading.frames] == [0, 0]
        assert check_received(receiver, reading.got).runs == 2


def test_with_keys_only_those_who_have_them_take_part(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        hub_roles.new(folder)
    with hub(tmp_path / "data", keys=ours, streams=("cam",)) as running:
        url = f"{running.url}/cam"
        assert url.startswith("tls://")
        with Streamer(url, keys=ours) as streamer, Receiver(url, keys=ours) as receiver:
            joined(streamer)
            send(streamer, 1)
            assert isinstance(next(receiver.frames()), Frame)
        stranger = Streamer(url, keys=theirs)
        with pytest.raises(AccessDenied):
            stranger.start()
        stranger.close()
        with Receiver(url, keys=theirs) as receiver, pytest.raises(AccessDenied):
            next(receiver.frames())
        with Receiver(f"{running.url}/other", keys=ours) as receiver, pytest.raises(AccessDenied):
            next(receiver.frames())
        with pytest.raises(AccessDenied, match="other"):
            Streamer(f"{running.url}/other", keys=ours).start()


def test_a_streamer_that_is_shut_out_later_says_so_when_it_sends(url: str) -> None:
    with Streamer(url) as streamer:
        wire = streamer._wire
        assert wire is not None
        assert wire._relay is not None
        wire._relay._deny(AccessDenied("not any more"))
        with pytest.raises(AccessDenied, match="not any more"):
            send(streamer, 1)


def test_what_finds_the_hub_gone_had_no_receiver(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Streamer(url, codec="raw") as streamer:
        wire = streamer._wire
        assert wire is not None
        monkeypatch.setattr(wire.link, "subscribed", lambda topic: int(topic == PIXELS))  # a moment before
        monkeypatch.setattr(wire.link, "_session", None)
        send(streamer, 1)
        assert at_rest(streamer).dropped == {"no receiver": 1}


@pytest.mark.parametrize(
    ("text", "options", "hint"),
    [
        ("nats://127.0.0.1:1/cam", {"when_full": "block"}, "mapreduce=True"),
        ("nats://127.0.0.1:1/a.b", {}, "letters, digits"),
        ("tls://127.0.0.1:1/cam", {"keys": "/nowhere"}, "rushes keys new"),
    ],
)
def test_what_cannot_go_through_a_hub_is_said_at_once(text: str, options: dict[str, Any], hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        Streamer(text, **options)


def test_a_password_in_the_address_is_shown_nowhere(running: Hub) -> None:
    url = f"nats://anna:secret@127.0.0.1:{running.port}/cam"  # a hub without keys lets everybody in
    with Streamer(url) as streamer, Receiver(url) as receiver:
        joined(streamer)
        for shown in (streamer.address, streamer.name, receiver.address, repr(streamer), repr(receiver)):
            assert "secret" not in shown
        assert "secret" not in "".join(thread.name for thread in threading.enumerate())
