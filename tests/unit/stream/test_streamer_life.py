from __future__ import annotations

import contextlib
import threading
from typing import Any

import numpy as np
import pytest

from rushes.depot import Depot
from rushes.errors import ConfigError, DepotError, FrameError
from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from tests.support.streams import (
    PATIENCE_S,
    Reading,
    at_rest,
    check_received,
    eventually,
    joined,
    picture,
    send,
)


@pytest.mark.parametrize("endpoint", ["shm://stopped", "ipc://stopped"])
def test_the_stop_frees_a_send_that_waits_for_room(endpoint: str) -> None:
    with Streamer(endpoint, codec="raw", when_full="block") as streamer, Receiver(endpoint):
        if endpoint.startswith("shm"):
            streamer.send(picture())
        joined(streamer)
        answers: list[Any] = []

        def fill() -> None:
            try:
                while len(answers) < 100 and (not answers or answers[-1].accepted):
                    answers.append(streamer.send(picture()))
            except Exception as error:  # noqa: BLE001  shown by the assertion below
                answers.append(error)

        sender = threading.Thread(target=fill, daemon=True)
        sender.start()
        sender.join(0.5)
        assert len(answers) < 100
        streamer.stop()
        sender.join(PATIENCE_S)
        assert not sender.is_alive()
        at_rest(streamer)
        assert getattr(answers[-1], "reason", answers[-1]) == "stopped"


def test_block_bounds_what_waits_for_a_receiver_that_takes_nothing() -> None:
    endpoint = "ipc://bounded?shm=no"
    with Streamer(endpoint, codec="raw", when_full="block") as streamer, Receiver(endpoint):
        joined(streamer)
        array = np.zeros(200_000, np.uint8)

        def fill() -> None:
            for _ in range(100):
                if not streamer.send(array).accepted:
                    return

        sender = threading.Thread(target=fill, daemon=True)
        sender.start()
        sender.join(1.0)  # shorter than the silence after which the receiver is given up
        waiting = streamer.stats().waiting
        streamer.stop()
        sender.join(PATIENCE_S)
        assert waiting <= 16


@pytest.mark.parametrize("endpoint", ["ipc://threads?shm=no", "ipc://threads"])
def test_what_several_threads_send_is_all_received(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Streamer(endpoint, codec="raw", when_full="block") as streamer, Receiver(endpoint) as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        send(streamer, 1)
        reading.wait(1)
        _overtake(streamer, monkeypatch)
        eventually(lambda: len(reading.frames) + receiver.stats().dropped_total >= 3)
        stats = receiver.stats()
        assert (stats.delivered, stats.dropped, stats.runs) == (3, {}, 1)


def _overtake(streamer: Streamer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads send; the one that is given its number first comes second behind that."""
    drawn, passed = threading.Event(), threading.Event()
    place = streamer._numbering.place

    def slow(self_track: str, number: int | None) -> Any:
        return place(self_track, number)

    first = threading.Thread(target=lambda: streamer.send(picture()), daemon=True, name="overtaken")
    target: Any = streamer._wire if "shm=no" in streamer.address else streamer._depot
    put = target.put

    def delayed(*args: Any) -> Any:
        if threading.current_thread() is first:
            drawn.set()
            passed.wait(2)
        return put(*args)

    monkeypatch.setattr(streamer._numbering, "place", slow)
    monkeypatch.setattr(target, "put", delayed)
    first.start()
    assert drawn.wait(PATIENCE_S)
    second = threading.Thread(target=lambda: streamer.send(picture()), daemon=True)
    second.start()
    second.join(0.5)  # a mended streamer makes it wait for the first
    passed.set()
    for thread in (first, second):
        thread.join(PATIENCE_S)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("more", [{"track": "x" * 9000}, {"channel": "x" * 9000}, {"track": "\ud800"}])
def test_a_name_that_cannot_travel_does_not_end_the_stream(more: dict[str, str]) -> None:
    where = "ipc://names?shm=no"
    with Streamer(where) as streamer, Receiver(where) as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        with contextlib.suppress(ConfigError, FrameError):
            streamer.send(Frame(picture(), **more))  # type: ignore[arg-type]
        for _ in range(50):
            streamer.send(picture())
            reading.thread.join(0.01)
            if reading.frames:
                break
        assert reading.frames
        at_rest(streamer)


def test_a_name_that_is_no_text_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match="name"):
        Streamer("ipc://names", name=5)  # type: ignore[arg-type]


def test_without_shared_memory_receivers_nearby_get_frames_over_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def create(*args: Any, **options: Any) -> Depot:
        raise DepotError("there is no room")

    monkeypatch.setattr(Depot, "create", create)
    with Streamer("ipc://noroom") as streamer, Receiver("ipc://noroom") as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        assert not streamer.send(picture()).accepted
        wire = streamer._wire
        assert wire is not None
        eventually(lambda: wire.wants(b"p") and not wire.wants(b"d"))
        send(streamer, 2)
        reading.wait(2)
        assert [each.number for each in reading.frames] == [1, 2]
        check_received(receiver, reading.got)
        assert at_rest(streamer).adds_up
