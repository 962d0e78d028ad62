"""Streamer, workers and receiver together, over loopback, with real hubs."""

from __future__ import annotations

import time

import numpy as np
import pytest

from rushes.errors import ConfigError, UnknownName
from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.stream.work.worker import Worker
from rushes.wire.flow import Gap
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import Ends, numbers, reading, settle, small, working


def pass_on(worker: Worker) -> None:
    for item in worker.handler:
        item["meta"] = {"twice": 2 * item["fno"], "track": item["track"]}
        worker.send(item)


def test_three_workers_on_two_tracks_give_every_frame_back_once_and_in_order(ends: Ends) -> None:
    with (
        ends.both(("a", "b")) as (streamer, receiver),
        working(streamer.address, receiver.address, pass_on, "a", by_hand=True) as first,
        working(streamer.address, receiver.address, functions.doubled, "a") as second,
        working(streamer.address, receiver.address, functions.doubled, "b") as third,
        reading(receiver) as reader,
    ):
        for number in range(60):
            assert streamer.send(small(number)).accepted
        got = reader.take(120)
        assert numbers(got, "a") == numbers(got, "b") == list(range(60))
        assert all(isinstance(each, Frame) and each.meta["twice"] == 2 * (each.number or 0) for each in got)
        assert all(isinstance(each, Frame) and each.array.shape == (24, 32, 3) for each in got)
        assert settle(lambda: receiver.stats().delivered == 120 and not first.stats().waiting)
        assert streamer.stats().adds_up
        assert (streamer.stats().sent, receiver.stats().expected, receiver.stats().dropped) == (60, 120, {})
        assert settle(lambda: first.stats().delivered + second.stats().delivered == 60)
        assert settle(lambda: third.stats().delivered == 60)
        assert receiver.stats().adds_up
        for worker in (first, second, third):
            assert worker.stats().adds_up
            assert not worker.stats().dropped


def test_a_frame_may_be_replaced_by_another_and_none_leaves_it_as_it_came(ends: Ends) -> None:
    with (
        ends.both(("inverted", "same")) as (streamer, receiver),
        working(streamer.address, receiver.address, functions.inverted, "inverted"),
        working(streamer.address, receiver.address, functions.as_it_came, "same"),
        reading(receiver) as reader,
    ):
        streamer.send(small(20), {"of": "test"})
        frames = {each.track: each for each in reader.take(2) if isinstance(each, Frame)}
        assert abs(int(frames["inverted"].array.mean()) - 235) <= 2
        assert abs(int(frames["same"].array.mean()) - 20) <= 2
        assert frames["inverted"].meta == {"was": 0}
        assert frames["same"].meta == {"of": "test"}


def test_an_item_with_another_array_is_encoded_and_one_without_a_send_is_told_as_skipped(ends: Ends) -> None:
    def even_only(worker: Worker) -> None:
        for item in worker.handler:
            if item["fno"] % 2 == 0:
                item["arr"] = np.full_like(item["arr"], 200)
                worker.send(item)

    with (
        ends.both() as (streamer, receiver),
        working(streamer.address, receiver.address, even_only, by_hand=True) as worker,
        reading(receiver) as reader,
    ):
        for _ in range(6):
            streamer.send(small())
        got = reader.take(6)
        skipped = [Gap(number, number, "skipped", "none") for number in (1, 3, 5)]
        assert numbers(got) == [0, skipped[0], 2, skipped[1], 4, skipped[2]]
        assert abs(int(got[0].array.mean()) - 200) <= 2  # type: ignore[union-attr]
        assert settle(lambda: worker.stats().dropped == {"skipped": 3})
        stats = receiver.stats()
        assert (stats.expected, stats.dropped, stats.adds_up) == (6, {"skipped": 3}, True)


@pytest.mark.parametrize("fn", [functions.fails_at_3, functions.nonsense_at_3, functions.exits_at_3])
def test_a_frame_that_fails_five_times_is_told_as_an_error_and_the_rest_goes_on(
    ends: Ends, fn: object
) -> None:
    with (
        ends.both() as (streamer, receiver),
        working(streamer.address, receiver.address, fn) as worker,  # type: ignore[arg-type]
        reading(receiver) as reader,
    ):
        for _ in range(8):
            streamer.send(small())
        assert numbers(reader.take(8)) == [0, 1, 2, Gap(3, 3, "error", "none"), 4, 5, 6, 7]
        assert settle(lambda: worker.stats().waiting == 0)
        assert worker.stats().dropped == {"again": 4, "error": 1}
        assert receiver.stats().dropped == {"error": 1}


def test_a_function_that_hangs_is_ended_and_the_rest_goes_on(ends: Ends) -> None:
    with (
        ends.both() as (streamer, receiver),
        working(streamer.address, receiver.address, functions.hangs_at_3, timeout_s=0.3, procs=2),
        reading(receiver) as reader,
    ):
        for _ in range(6):
            streamer.send(small())
        assert numbers(reader.take(6)) == [0, 1, 2, Gap(3, 3, "error", "none"), 4, 5]


def test_a_function_that_cannot_be_had_ends_the_run_with_the_reason(ends: Ends) -> None:
    with ends.both() as (streamer, receiver), Worker(streamer.address, receiver.address) as worker:
        with pytest.raises(ConfigError, match="no module named"):
            worker.run("not_there_at_all:fn")
        with pytest.raises(ConfigError, match="by name"):
            worker.run(lambda frame: None)


def test_a_frame_of_an_unknown_track_is_refused_at_the_send(ends: Ends) -> None:
    with ends.both(("a", "b")) as (streamer, _), pytest.raises(UnknownName, match="track"):
        streamer.send(Frame(small(), 0, track="c"))


def test_a_receiver_that_starts_late_misses_nothing(ends: Ends) -> None:
    with Streamer(ends.new(), mapreduce=True) as streamer:
        with working(streamer.address, None, functions.doubled) as worker:
            for _ in range(20):
                streamer.send(small())
            assert settle(
                lambda: worker.stats().waiting == (20 if ends.near else 3)
            )  # nobody takes its results yet
        with (
            Receiver(streamer.address, mapreduce=True) as receiver,
            working(streamer.address, None, functions.doubled),
            reading(receiver) as reader,
        ):
            assert numbers(reader.take(20)) == list(range(20))


def test_a_receiver_started_again_goes_on_where_it_was(ends: Ends) -> None:
    with (
        ends.both() as (streamer, receiver),
        Receiver(streamer.address, mapreduce=True) as near,
        working(streamer.address, None, functions.doubled),
    ):
        assert receiver.address != near.address
        for _ in range(30):
            streamer.send(small())
        seen: list[int] = []
        for stop_at in (3, 10, 29):
            near.start()
            for each in near.frames():
                assert isinstance(each, Frame)
                assert each.number is not None
                seen.append(each.number)
                if each.number >= stop_at:
                    break
            near.stop()
        assert seen == list(range(30))


def test_a_streamer_started_again_counts_anew(ends: Ends) -> None:
    with ends.both() as (streamer, receiver), reading(receiver) as reader:
        for _ in range(2):
            with working(streamer.address, receiver.address, functions.doubled) as worker:
                for _ in range(5):
                    streamer.send(small())
                assert numbers(reader.take(5)) == list(range(5))
                assert settle(lambda made=worker: made.stats().waiting == 0)  # type: ignore[misc]
            streamer.stop()
            streamer.start()
        assert receiver.stats().runs == 2


@pytest.mark.parametrize("when_full", ["drop_oldest", "drop_newest"])
def test_what_is_dropped_before_it_is_published_leaves_no_hole_that_is_waited_for(
    ends: Ends, when_full: str
) -> None:
    with ends.both(when_full=when_full) as (streamer, receiver), reading(receiver) as reader:
        picture = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
        for _ in range(60):
            streamer.send(picture)
        assert settle(lambda: streamer.stats().waiting == 0)
        stats = streamer.stats()
        assert stats.adds_up
        assert stats.dropped.get("full", 0) > 0
        with working(streamer.address, receiver.address, functions.as_it_came):
            got = reader.take(stats.sent)
        assert all(isinstance(each, Frame) for each in got)
        assert numbers(got) == sorted(numbers(got))
        assert reader.nothing()


def test_a_worker_that_stops_gives_back_what_it_has(ends: Ends) -> None:
    with ends.both() as (streamer, receiver), reading(receiver) as reader:
        for _ in range(5):
            streamer.send(small())
        with Worker(streamer.address, receiver.address) as idle:
            assert next(iter(idle.handler))["fno"] == 0
            assert settle(lambda: idle.stats().waiting == 3)
        assert idle.stats().dropped == {"again": 3}
        began = time.monotonic()
        with working(streamer.address, receiver.address, functions.doubled):
            assert numbers(reader.take(5)) == list(range(5))
        assert time.monotonic() - began < 20
