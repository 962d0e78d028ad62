"""Work dealt out with keys, and to those who have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from rushes.errors import AccessDenied, RushesError
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.stream.work.worker import Worker
from rushes.wire import hub_roles, keys
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import HERE, Reader, settle, small


def new_keys(folder: Path) -> Path:
    """What `rushes keys new` makes."""
    keys.new(folder)
    hub_roles.new(folder)
    return folder


def test_with_keys_at_all_ends_frames_are_worked_on_as_without(tmp_path: Path) -> None:
    folder = new_keys(tmp_path / "keys")
    with (
        Streamer(HERE, mapreduce=True, keys=folder) as streamer,
        Receiver(streamer.address, mapreduce=True, keys=folder) as receiver,
        Worker(streamer.address, None, keys=folder) as worker,
    ):
        reader = Reader(receiver)
        for _ in range(5):
            streamer.send(small())
        taken = worker.handler(20000)
        for _ in range(5):
            item = next(taken)
            assert item is not None
            worker.send(item)
        assert len(reader.take(5)) == 5
        assert settle(lambda: not worker.stats().waiting)
        receiver.stop()
        reader.join()


def test_a_worker_with_other_keys_is_told_that_it_is_denied(tmp_path: Path) -> None:
    ours, theirs = new_keys(tmp_path / "keys"), new_keys(tmp_path / "other")
    with (
        Streamer(HERE, mapreduce=True, keys=ours) as streamer,
        Worker(streamer.address, None, keys=theirs) as worker,
        pytest.raises((AccessDenied, RushesError)) as caught,
    ):
        worker.run(functions.as_it_came)
    assert isinstance(caught.value, AccessDenied), caught.value


def test_who_begins_to_work_after_the_denial_is_told_too(tmp_path: Path) -> None:
    ours, theirs = new_keys(tmp_path / "keys"), new_keys(tmp_path / "other")
    with (
        Streamer(HERE, mapreduce=True, keys=ours) as streamer,
        Worker(streamer.address, None, keys=theirs) as worker,
    ):
        with pytest.raises(AccessDenied):
            worker.run(functions.as_it_came)
        with pytest.raises(AccessDenied):
            worker.run(functions.as_it_came)
        with pytest.raises(AccessDenied):
            next(iter(worker.handler))
