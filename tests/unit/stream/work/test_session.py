"""Results from one start of a receiver to its stop."""

from __future__ import annotations

from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.stream.work.appetite import ASKED
from rushes.stream.work.worker import Worker
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import HERE, both, settle, small, working
from tests.support.nats_hub import free_ports


def test_what_waits_in_the_hub_is_counted_before_anybody_asks_for_it() -> None:
    with both() as (streamer, receiver), working(streamer.address, receiver.address, functions.as_it_came):
        for _ in range(3):
            streamer.send(small())
        assert settle(lambda: receiver.stats().waiting == 3)
        assert receiver.stats().adds_up
        frames = receiver.frames()
        assert [next(frames).number for _ in range(3)] == [0, 1, 2]  # type: ignore[union-attr]
        assert (receiver.stats().expected, receiver.stats().delivered) == (3, 3)


def test_a_frame_that_was_in_hand_at_a_stop_does_not_come_again() -> None:
    with (
        Streamer(HERE, mapreduce=True) as streamer,
        Receiver(streamer.address, mapreduce=True) as receiver,
        working(streamer.address, None, functions.as_it_came),
    ):
        for _ in range(4):
            streamer.send(small())
        frames = receiver.frames()
        assert [next(frames).number for _ in range(2)] == [0, 1]  # type: ignore[union-attr]
        receiver.stop()
        assert next(frames, None) is None
        receiver.start()
        frames = receiver.frames()
        assert [next(frames).number for _ in range(2)] == [2, 3]  # type: ignore[union-attr]


def test_a_worker_says_which_hubs_it_waits_for() -> None:
    (port,) = free_ports(1)
    with Streamer(HERE, mapreduce=True) as streamer:
        source = streamer.address
        with Worker(source, f"nats://127.0.0.1:{port}/cam") as worker:
            assert settle(lambda: worker.away == (f"nats://127.0.0.1:{port}/cam",))
            with Receiver(f"tcp://127.0.0.1:{port}", mapreduce=True):
                assert settle(lambda: worker.away == ())
    assert worker.away == ()


def test_results_are_taken_some_hundred_ahead_of_their_reader_and_no_further() -> None:
    with both() as (streamer, receiver), working(streamer.address, receiver.address, functions.as_it_came):
        for _ in range(1200):
            streamer.send(small())
        assert settle(lambda: receiver.stats().waiting == 1200)
        frames = receiver.frames()
        assert next(frames).number == 0  # type: ignore[union-attr]
        assert settle(lambda: receiver.stats().expected >= ASKED)
        assert not settle(lambda: receiver.stats().expected > 3 * ASKED, 1)
        assert [next(frames).number for _ in range(1199)] == list(range(1, 1200))  # type: ignore[union-attr]


def test_results_that_nobody_reads_keep_none_from_the_reader_of_another_track() -> None:
    behind = 2300  # more than are held here and on their way at once
    with both(("a", "b")) as (streamer, receiver):
        with working(streamer.address, receiver.address, functions.as_it_came, "b"):
            for _ in range(behind):
                streamer.send(small())
            assert settle(lambda: receiver.stats().waiting == behind)
        with working(streamer.address, receiver.address, functions.as_it_came, "a"):
            frames = receiver.frames(track="a")
            assert [next(frames).number for _ in range(5)] == list(range(5))  # type: ignore[union-attr]
