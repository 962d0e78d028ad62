"""The book of who waits for what, where timing cannot be left to chance."""

from __future__ import annotations

import pytest

from rushes import AsyncImageLoader, ClosedError, ImageLoadRequest, JobQueue
from rushes.loader import LoaderStats
from rushes.loader.cache import ImageCache
from rushes.loader.claims import Claim, Claims
from rushes.loader.delivery import DirectDelivery


@pytest.fixture
def claims():
    return Claims(ImageCache(1000), DirectDelivery())


def claim(claims, name, slot=None):
    return Claim(claims, "a", lambda: name, None, None, slot)


def test_the_newest_living_claim_provides_the_function(claims):
    first, second = claim(claims, "first"), claim(claims, "second")
    claims.enter(first)
    claims.enter(second)
    assert first.run() == "second"
    claims.leave(second, "cancelled")
    assert first.run() == "first"


def test_a_claim_whose_place_was_taken_leaves_the_newer_one_there(claims):
    old, new = claim(claims, "old", "view"), claim(claims, "new", "view")
    claims.enter(old)
    claims.enter(new)
    claims.leave(old, "cancelled")
    assert claims.pending() == 1
    claims.leave(new, "success")
    claims.leave(new, "success")
    assert claims.pending() == 0
    assert claims.stats() == LoaderStats(requested=1, loaded=1)


def test_every_outcome_is_counted(claims):
    for state in ("success", "error", "timed_out", "cancelled"):
        each = claim(claims, state)
        claims.enter(each)
        claims.leave(each, state)
    assert claims.stats() == LoaderStats(requested=4, loaded=1, failed=2, cancelled=1)


def test_what_a_stop_overtakes_waits_for_the_next_start():
    loader = AsyncImageLoader(1)
    loader.start()
    met = []

    def ask(lanes):
        met.append(lanes)
        if len(met) == 1:
            loader.stop()
        return lanes.loads.submit(lambda: "image", key="a")

    handle = loader._use((), ask)
    assert len(met) == 2
    assert not handle.done()
    with loader:
        assert handle.result(20.0) == "image"


def test_a_closed_queue_that_is_still_the_loaders_own_is_reported(monkeypatch):
    with AsyncImageLoader(1) as loader:
        loader._open().loads.stop()
        with pytest.raises(ClosedError):
            loader.schedule_load("a", bytes, None)
        with pytest.raises(ClosedError):
            loader.want("a", [ImageLoadRequest("a", bytes, None)])
        assert loader.get_pending_count() == 0
        assert loader.stats().pending == 0


def test_no_load_begins_while_the_loader_stops(monkeypatch, heard):
    real = JobQueue.stop

    def slow_stop(queue):
        queue.drain(20.0)  # all that a worker may still begin, it begins here
        real(queue)

    monkeypatch.setattr(JobQueue, "stop", slow_stop)
    loader = AsyncImageLoader(2)
    for number in range(5):
        loader.schedule_load(str(number), heard.load(number), heard.callback(str(number)))
    loader.stop()
    heard.wait(5)
    assert heard.loads == []
