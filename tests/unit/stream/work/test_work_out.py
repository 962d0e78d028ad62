"""What a streamer's end of the work does at its end, and what a worker may put in an item's place."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from rushes.codecs import jpeg
from rushes.stream.streamer import Streamer
from rushes.stream.work.worker import Worker
from rushes.wire import hub_config
from rushes.wire.flow import Gap
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import HERE, both, numbers, reading, settle, small, working


def test_another_jpeg_in_an_item_is_sent_as_it_is() -> None:
    data = jpeg.encode(np.full((48, 64, 3), 90, np.uint8), "bgr24", 95)

    def replace(worker: Worker) -> None:
        for item in worker.handler:
            item["buf"] = data
            worker.send(item)

    with (
        both() as (streamer, receiver),
        working(streamer.address, receiver.address, replace, by_hand=True),
        reading(receiver) as reader,
    ):
        streamer.send(small())
        (got,) = reader.take(1)
        assert got.array.shape == (48, 64, 3)  # type: ignore[union-attr]
        assert abs(int(got.array.mean()) - 90) <= 2  # type: ignore[union-attr]


def test_what_nobody_took_of_a_hub_that_ends_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "rushes.stream"), Streamer(HERE, mapreduce=True) as streamer:
        for _ in range(3):
            streamer.send(small())
    assert "3 frames and 0 results that nobody took: deleted" in caplog.text


def test_a_frame_that_the_hub_refuses_for_good_is_a_gap_and_holds_up_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_config, "MAX_PAYLOAD_BYTES", 64 << 10)
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    with (
        both() as (streamer, receiver),
        working(streamer.address, receiver.address, functions.as_it_came),
        reading(receiver) as reader,
    ):
        for picture in (small(), noise):
            assert streamer.send(picture).accepted
        assert settle(lambda: streamer.stats().dropped == {"hub": 1})
        streamer.send(small())
        got = reader.take(3)
        assert numbers(got) == [0, Gap(1, 1, "error", "none"), 2]
        assert streamer.stats().dropped == {"hub": 1}
