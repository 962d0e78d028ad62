"""Workers whose results find no way out."""

from __future__ import annotations

import time

from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.stream.work.worker import Worker
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import Ends, numbers, reading, settle, small, working


def pass_on(worker: Worker) -> None:
    for item in worker.handler:
        worker.send(item)


def test_a_worker_whose_drain_is_not_there_can_be_stopped_and_gives_all_back(ends: Ends) -> None:
    drain = ends.later()
    with Streamer(ends.new(), mapreduce=True) as streamer:
        for _ in range(30):
            streamer.send(small())
        with Worker(streamer.address, drain, reqthread=25) as worker:
            taken = worker.handler(2000)
            for _ in range(20):
                item = next(taken)
                assert item is not None
                worker.send(item)
            # Whoever made a result takes another frame where nothing stores it: order may wait for that one.
            here = 30 if ends.near else 25
            assert settle(lambda: worker.stats().waiting == here)
            began = time.monotonic()
            worker.stop()
            assert time.monotonic() - began < 15
        assert worker.stats().dropped == {"again": here}
        with (
            Receiver(ends.new(), mapreduce=True) as receiver,
            working(streamer.address, receiver.address, functions.as_it_came),
            reading(receiver) as reader,
        ):
            assert numbers(reader.take(30)) == list(range(30))


def test_results_wait_for_a_drain_that_comes_later_and_no_frame_is_done_twice(ends: Ends) -> None:
    drain = ends.later()
    with Streamer(ends.new(), mapreduce=True) as streamer:
        for _ in range(10):
            streamer.send(small())
        with working(streamer.address, drain, pass_on, by_hand=True) as worker:
            assert settle(lambda: worker.stats().waiting == (10 if ends.near else 3))
            with Receiver(drain, mapreduce=True) as receiver, reading(receiver) as reader:
                assert numbers(reader.take(10)) == list(range(10))
                assert settle(lambda: worker.stats().delivered == 10)
                assert worker.stats().dropped == {}
                assert receiver.stats().duplicates == 0


def test_a_drain_that_goes_and_comes_again_gets_everything_once(ends: Ends) -> None:
    with (
        Streamer(ends.new(), mapreduce=True) as streamer,
        Receiver(ends.later(), mapreduce=True) as receiver,
        working(streamer.address, receiver.address, functions.doubled),
    ):
        seen: list[int | None] = []
        for upto in (5, 12, 20):
            while (sent := streamer.send(small()).number) < upto:
                assert sent is not None
            receiver.start()
            for each in receiver.frames():
                seen.append(each.number)  # type: ignore[union-attr]
                if seen[-1] == upto:
                    break
            receiver.stop()
        assert seen == list(range(21))
