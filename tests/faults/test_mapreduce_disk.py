"""A hub whose disk is full: nothing is lost, whoever sends waits, and all goes on when there is room."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rushes.errors import WireError
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.wire.jetstream import JetLink
from tests.support import mapreduce_functions as functions
from tests.support.disks import needs_root, small_disk
from tests.support.mapreduce import numbers, reading, settle, working
from tests.support.nats_hub import Events, hub

pytestmark = needs_root
PICTURE = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)  # 200 KB as a JPEG
MB = 1 << 20


@pytest.fixture(autouse=True)
def small_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    for make in (JetLink.work_stream, JetLink.result_stream):
        assert make.__kwdefaults__ is not None
        monkeypatch.setitem(make.__kwdefaults__, "max_bytes", 12 * MB)


def test_a_full_disk_stops_the_work_and_loses_nothing(tmp_path: Path) -> None:
    count, events = 200, Events()
    with (
        small_disk(tmp_path / "disk", 48) as disk,
        hub(disk.folder / "hub", max_bytes=32 * MB, on_event=events) as running,
        Streamer(f"{running.url}/cam", mapreduce=True) as streamer,
        Receiver(f"{running.url}/cam", mapreduce=True) as receiver,
        working(f"{running.url}/cam", None, functions.as_it_came) as worker,
        reading(receiver) as reader,
    ):

        def send() -> None:
            for _ in range(count):
                assert streamer.send(PICTURE).accepted

        reader_got = []
        sending = threading.Thread(target=send)
        sending.start()
        reader_got += reader.take(10)
        disk.fill()
        told = events.next("full")
        assert "free some on the disk of" in str(told)
        with pytest.raises(WireError, match="has no room left: free some"):
            running.check()
        assert settle(lambda: streamer.stats().waiting >= 16)  # all that may be under way
        assert sending.is_alive()  # it waits
        before = time.monotonic()
        disk.free()
        assert "room again" in events.next("down")
        events.next("up")
        reader_got += reader.take(count - len(reader_got))
        back_s = time.monotonic() - before
        sending.join()
        running.check()
        print(f"\nwith room again, the last of {count} came after {back_s:.1f} s")
        assert numbers(reader_got) == list(range(count))
        assert reader.nothing()
        assert receiver.stats().dropped == {}
        assert settle(lambda: not worker.stats().waiting)
        assert set(worker.stats().dropped) <= {"again"}
        assert settle(lambda: not streamer.stats().waiting)
        assert (streamer.stats().sent, streamer.stats().dropped) == (count, {})
