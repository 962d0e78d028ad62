"""A real RTSP server that is killed, stopped, restarted, or wants a password."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from rushes import SourceLost, SourceUnavailable
from rushes.capture.sources import open_source
from tests.support.rtsp_server import missing, serving
from tests.support.waiting import eventually

WHY = missing()
pytestmark = pytest.mark.skipif(bool(WHY), reason=f"no RTSP server: {WHY}")


def test_killed_and_restarted_on_the_same_port():
    with serving() as server, open_source(server.address()) as source:
        frames = iter(source)
        before = [next(frames) for _ in range(3)]
        server.kill()
        eventually(lambda: source.stats().state == "lost", "the kill is noticed")
        assert source.stats().adds_up
        server.start()
        eventually(lambda: source.stats().reconnects == 1, "it comes back")
        after = [next(frames) for _ in range(3)]
        assert source.stats().state == "live"
    assert [frame.number for frame in before + after] == list(range(6))
    assert after[-1].captured_ns > before[-1].captured_ns
    stats = source.stats()
    assert stats.adds_up
    assert (stats.state, stats.waiting, stats.delivered) == ("closed", 0, 6)


def test_killed_without_reconnect_raises():
    with serving() as server, open_source(server.address(), reconnect=False) as source:
        frames = iter(source)
        next(frames)
        server.kill()
        with pytest.raises(SourceLost):
            for _ in frames:
                pass


def test_a_silent_stall_is_noticed_and_gone_when_the_server_goes_on():
    with serving() as server, open_source(server.address(), stall_s=1.0, open_timeout_s=2.0) as source:
        frames = iter(source)
        next(frames)
        server.signal(signal.SIGSTOP)
        eventually(lambda: source.stats().state == "lost", "the watchdog sees it")
        assert source.stats().adds_up
        server.signal(signal.SIGCONT)
        eventually(lambda: source.stats().reconnects >= 1, "it comes back")
        next(frames)
        eventually(lambda: not source.stats().backend, "the reader left behind ends by its own time-out")
        assert source.stats().adds_up


def test_close_does_not_wait_for_a_read_that_hangs():
    with serving() as server:
        source = open_source(server.address(), stall_s=1.0, open_timeout_s=2.0)
        next(iter(source))
        server.signal(signal.SIGSTOP)
        begun = time.monotonic()
        source.close()
        assert time.monotonic() - begun < 5, "close must not wait for the read"
        assert source.stats().adds_up
        server.signal(signal.SIGCONT)


def test_wrong_password(capfd):
    with serving("me", "right-pw") as server:
        with pytest.raises(SourceUnavailable) as caught:
            open_source(server.address("me:wr0ng-pw"), reconnect=False)
        with open_source(server.address("me:right-pw"), reconnect=False) as source:
            assert source.info.width == 320
            assert "right-pw" not in f"{source.stats().name}{source.stats()!r}{source!r}"
    shown = capfd.readouterr()
    assert "wr0ng" not in f"{caught.value}{caught.value!r}{shown.out}{shown.err}"
    assert caught.value.__cause__ is None


def test_a_station_over_a_camera_that_is_restarted_has_a_clean_ledger(tmp_path):
    with serving() as server:
        command = [
            sys.executable,
            "-m",
            "rushes",
            "up",
            "--record",
            "--data",
            str(tmp_path),
            "--source",
            server.address(),
            "--for",
            "12s",
            "--json",
        ]
        station = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            time.sleep(5)  # it is live by then, or the restart costs nothing
            server.kill()
            server.start()
            out, problems = station.communicate(timeout=90)
        finally:
            station.kill()
            station.communicate()
    assert station.returncode == 0, problems
    said = json.loads(out)
    assert (said["ok"], said["problems"], said["adds_up"]) == (True, [], True)
    (channel,) = said["channels"]
    assert (channel["width"], channel["height"]) == (320, 180)
    assert len(channel["edges"]) >= 2, "into the depot, and out of it"
    for edge in channel["edges"]:
        assert edge["adds_up"] is True
        assert edge["offered"] == edge["delivered"] + sum(edge["dropped"].values()) + edge["waiting"], edge
        assert edge["delivered"] > 25, edge
    into, *out_of = channel["edges"]
    assert all(edge["offered"] <= into["delivered"] for edge in out_of)
