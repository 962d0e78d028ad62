from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rushes.errors import ConfigError
from rushes.stream.buffering import Buffer
from rushes.stream.handlers import buffer

Item = dict[str, Any]


class Ticking:
    """A clock that only sleeping moves, and that counts how often it was slept by."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.sleeps: list[float] = []

    def wall_ns(self) -> int:
        return self.monotonic_ns()

    def monotonic_ns(self) -> int:
        return round(self.now_s * 1e9)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now_s += max(0.0, seconds)


class Timed:
    """A live handler whose items come at given moments of a clock: (moment, item)."""

    def __init__(self, clock: Ticking, items: list[tuple[float, Item]]) -> None:
        self.clock, self.items = clock, items
        self.closed = False

    def __call__(self, timeout: float = 0) -> Iterator[Item | None]:
        assert timeout == 0
        self.made = self._items()  # kept, so that only a close ends it
        return self.made

    def _items(self) -> Iterator[Item | None]:
        try:
            left = list(self.items)
            while left:
                if left[0][0] <= self.clock.now_s:
                    yield left.pop(0)[1]
                else:
                    yield None
        finally:
            self.closed = True


def item(ftime: float, **more: Any) -> Item:
    return {"ftime": ftime, **more}


def names_and_times(merged: Buffer) -> list[tuple[str, float]]:
    return [(name, data["ftime"]) for name, data in merged]


def test_two_streams_come_out_in_time_though_one_is_later() -> None:
    clock = Ticking()
    video = Timed(clock, [(number / 30 + 0.2, item(number / 30)) for number in range(30)])
    sound = Timed(clock, [(number / 50 + 0.01, item(number / 50)) for number in range(50)])
    merged = Buffer(0.3, {"video": video, "sound": sound}, clock=clock)
    out = names_and_times(merged)
    assert [each[1] for each in out] == sorted(each[1] for each in out)
    assert len(out) == 80
    assert all(each.dropped == {} and each.adds_up for each in merged.stats().values())


def test_without_the_time_to_wait_the_later_stream_is_dropped_counted_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Ticking()
    video = Timed(clock, [(number / 30 + 0.2, item(number / 30)) for number in range(30)])
    sound = Timed(clock, [(number / 50, item(number / 50)) for number in range(70)])
    merged = Buffer(0.01, {"video": video, "sound": sound}, clock=clock)
    with caplog.at_level(logging.WARNING):
        out = names_and_times(merged)
    assert [each[1] for each in out] == sorted(each[1] for each in out)
    assert merged.stats()["video"].dropped["late"] > 20
    assert merged.stats()["sound"].dropped == {}
    assert caplog.text.count("'video' come too late") == 1


def test_an_item_is_given_when_it_was_held_for_the_buffers_length() -> None:
    clock = Ticking()
    live = Timed(clock, [(0.0, item(123.0)), (0.25, item(124.0)), (9.0, item(125.0))])
    merged = Buffer(0.5, {"a": live}, clock=clock)
    next(merged)
    assert clock.now_s == pytest.approx(0.5, abs=0.001)
    next(merged)
    assert 0.75 <= clock.now_s <= 0.771  # it was seen up to the longest nap of 0.02 s after it had come
    merged.close()


def test_quiet_streams_are_asked_a_few_dozen_times_a_second_at_most() -> None:
    clock = Ticking()
    quiet = {name: Timed(clock, [(10.0, item(0.0))]) for name in "abc"}
    assert len(list(Buffer(0.0, quiet, clock=clock))) == 3
    assert len(clock.sleeps) < 10 * 60
    assert all(each > 0 for each in clock.sleeps)


def test_after_each_item_the_streams_are_asked_often_again() -> None:
    clock = Ticking()
    live = Timed(clock, [(10.0 + 0.013 * number, item(float(number))) for number in range(50)])
    delays = [clock.now_s - 10.0 - 0.013 * data["ftime"] for _, data in Buffer(0.0, {"a": live}, clock=clock)]
    assert max(delays[1:]) < 0.009  # the longest nap alone is 0.02


def test_all_that_is_left_comes_in_order_when_the_streams_have_ended() -> None:
    merged = buffer(1000, {"a": iter([item(1), item(4)]), "b": [item(3), item(2)]})
    assert names_and_times(merged) == [("a", 1), ("b", 2), ("b", 3), ("a", 4)]
    with pytest.raises(StopIteration):
        next(merged)


def test_numpy_times_are_times() -> None:
    merged = buffer(0, {"a": iter([{"ftime": np.float32(0.5)}, {"ftime": np.int64(2)}])})
    assert [float(ftime) for _, ftime in names_and_times(merged)] == [0.5, 2.0]


def test_no_streams_are_an_end_at_once() -> None:
    assert list(buffer(1, {})) == []


def test_a_plain_generator_longer_than_the_room_loses_nothing() -> None:
    merged = buffer(1000, {"a": (item(number) for number in range(2000)), "b": (item(0.5) for _ in range(3))})
    most = count = 0
    for _ in merged:
        count += 1
        most = max(most, merged.stats()["a"].waiting)
    assert (count, most) == (2003, 256)
    assert merged.stats()["a"].dropped == {}


def test_a_function_that_makes_a_generator_will_do() -> None:
    def old_program() -> Iterator[Item | None]:
        for number in range(1000):
            yield item(number)
            yield None

    merged = buffer(0, {"a": old_program})
    assert [ftime for _, ftime in names_and_times(merged)] == list(range(1000))


def test_a_live_stream_that_floods_is_bounded_by_its_newest() -> None:
    clock = Ticking()
    flood = Timed(clock, [(0.0, item(number)) for number in range(1000)])
    merged = Buffer(10.0, {"a": flood, "slow": Timed(clock, [(30.0, item(5000))])}, clock=clock)
    out = [ftime for name, ftime in names_and_times(merged) if name == "a"]
    assert out == list(range(1000 - 256, 1000))
    assert merged.stats()["a"].dropped == {"stale": 744}


def test_a_live_stream_is_bounded_in_bytes_too() -> None:
    clock = Ticking()
    # Each says that it has 64 MiB and takes none of it.
    wide = np.broadcast_to(np.zeros((1, 1), np.uint8), (8192, 8192))
    flood = Timed(clock, [(0.0, item(number, arr=wide)) for number in range(10)] + [(1.0, item(11.0))])
    merged = Buffer(0.5, {"a": flood}, clock=clock)
    assert [ftime for _, ftime in names_and_times(merged)] == [6, 7, 8, 9, 11.0]


def test_closing_ends_the_generators_made_here_and_no_others() -> None:
    clock = Ticking()
    live = Timed(clock, [(0.0, item(1.0)), (99.0, item(2.0))])
    own = (item(number) for number in range(3))
    merged = Buffer(50.0, {"live": live, "own": own}, clock=clock)
    merged._pull()
    merged.close()
    merged.close()
    assert live.closed
    assert next(own) == item(1)
    assert merged.stats()["live"].dropped == {"closed": 1}
    with pytest.raises(StopIteration):
        next(merged)


def test_a_with_block_closes() -> None:
    clock = Ticking()
    live = Timed(clock, [(0.0, item(1.0)), (99.0, item(2.0))])
    with Buffer(0.0, {"live": live}, clock=clock) as merged:
        next(merged)
    assert live.closed


def test_an_error_of_a_stream_comes_through() -> None:
    def broken() -> Iterator[Item]:
        yield item(1.0)
        raise RuntimeError("the camera fell down")

    merged = buffer(10, {"a": broken})
    with pytest.raises(RuntimeError, match="fell down"):
        list(merged)


@pytest.mark.parametrize(
    "wrong", ["text", {"arr": 1}, item(float("nan")), {"ftime": "12:00"}, ("a", item(1.0))]
)
def test_an_item_without_a_time_is_refused_by_the_streams_name(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"'cam'.*ftime"):
        next(buffer(0, {"cam": iter([wrong])}))


@pytest.mark.parametrize("length", [-1, float("nan"), float("inf"), "1", None, True])
def test_a_length_that_is_none_is_refused_at_the_call(length: Any) -> None:
    with pytest.raises(ConfigError, match="bufferlen"):
        buffer(length, {})


@pytest.mark.parametrize("handlers", [[], None, {"a": 3}, {"a": lambda: 3}])
def test_what_is_no_handler_is_refused_at_the_call(handlers: Any) -> None:
    with pytest.raises(ConfigError, match="handler"):
        buffer(1, handlers)


def test_a_handler_whose_wait_does_not_wait_is_not_spun_upon() -> None:
    for answer in (True, False):
        clock = Ticking()
        live = Timed(clock, [(10.0, item(0.0))])
        live.wait = lambda timeout_s, answer=answer: answer  # type: ignore[attr-defined]
        asked = 0
        for _ in Buffer(0.0, {"a": live}, clock=clock):
            asked += 1
        assert asked == 1
        assert len(clock.sleeps) < 2000
