"""What is told of the work in a real hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.errors import AccessDenied, ClosedError, ConfigError, WireError
from rushes.stream import backlog_watch
from rushes.stream.backlog_watch import BacklogWatch, work_backlog
from rushes.wire import hub_roles
from rushes.wire.hub import Hub
from tests.support.jet import LONG_S, Taken, link, send, stored, until
from tests.support.nats_hub import hub


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Hub]:
    with hub(tmp_path / "data") as made:
        yield made


def test_each_track_is_told_apart_and_the_rates_between_two_looks(running: Hub) -> None:
    with link(running) as made, BacklogWatch(f"{running.url}/cam") as watch:
        made.work_stream("cam", ["cars", "faces"])
        stored(send(made, range(10)))
        taken = Taken()
        with made.pull("cam", "faces", batch=4, on_item=taken):
            items = taken.items(4)
            items[0].ack_sync()
            items[1].ack_sync()
            until(lambda: made.backlog("cam")["faces"].in_flight, lambda found: found == 2)
            cars, faces = watch.look()
            assert (cars.track, cars.waiting, cars.in_flight, cars.done) == ("cars", 10, 0, 0)
            assert (faces.waiting, faces.in_flight, faces.arrived, faces.done) == (6, 2, 10, 2)
            assert faces.oldest_age_s > 0
            assert faces.arriving_per_s is faces.done_per_s is faces.keeps_up is None
            items[2].ack_sync()
            stored(send(made, range(10, 15)))
            until(lambda: made.backlog("cam")["cars"].waiting, lambda found: found == 15)
            cars, faces = watch.look()
        assert (faces.arrived, faces.done, cars.done) == (15, 3, 0)
        assert faces.arriving_per_s is not None
        assert faces.done_per_s is not None
        assert faces.arriving_per_s / faces.done_per_s == pytest.approx(5)
        assert cars.done_per_s == 0


def test_one_call_looks_once_or_twice(running: Hub) -> None:
    with link(running) as made:
        made.work_stream("main", ["faces"])
        (one,) = work_backlog(f"tcp://127.0.0.1:{running.port}")
        assert one.done_per_s is None
        (two,) = work_backlog(f"tcp://127.0.0.1:{running.port}", ["faces"], watch_s=0.05)
        assert (two.arriving_per_s, two.keeps_up, two.needed(3)) == (0.0, True, 3)


def test_a_store_that_was_made_anew_has_no_rate_at_first(running: Hub) -> None:
    with link(running) as made, BacklogWatch(f"{running.url}/cam") as watch:
        made.work_stream("cam", ["faces"])
        stored(send(made, range(3)))
        watch.look()
        made.delete("cam")
        made.work_stream("cam", ["faces"])
        (faces,) = watch.look()
        assert (faces.arrived, faces.arriving_per_s) == (0, None)


def test_the_keys_of_a_worker_show_the_tracks_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    hub_roles.new(keys)
    with hub(tmp_path / "data", keys=keys, streams=("cam",)) as running, link(running) as made:
        made.work_stream("cam", ["faces"])
        source = f"{running.url}/cam"
        assert [each.track for each in work_backlog(source, keys=keys)] == ["faces"]
        for spare in hub_roles.place(keys).glob("streamer.*"):
            spare.unlink()
        with pytest.raises(ConfigError, match="name them"):
            work_backlog(source, keys=keys)
        assert [each.track for each in work_backlog(source, ["faces"], keys=keys)] == ["faces"]
        monkeypatch.setattr(backlog_watch, "_role", lambda keys: "viewer")
        with pytest.raises(AccessDenied):
            work_backlog(source, ["faces"], keys=keys)


def test_what_is_not_there_is_said(running: Hub) -> None:
    for source in ("ipc://here", "shm://here"):
        with pytest.raises(ConfigError, match="no hub"):
            work_backlog(source)
    with link(running) as made:
        made.work_stream("cam", ["faces"])
        assert made.wait_up(LONG_S)
    for source, tracks in ((f"{running.url}/none", None), (f"{running.url}/cam", ["other"])):
        with pytest.raises(WireError, match="not found"):
            work_backlog(source, tracks)
    watch = BacklogWatch(f"{running.url}/cam")
    watch.close()
    with pytest.raises(ClosedError):
        watch.look()
