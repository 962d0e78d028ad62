"""What waits, bounded in bytes, whoever keeps count."""

from __future__ import annotations

import threading
from collections import Counter, deque

from hypothesis import given
from hypothesis import strategies as st

from rushes.byte_queue import ByteQueue

LIMIT = 100


class Tally:
    """Counts by the two calls that a queue makes."""

    def __init__(self) -> None:
        self.offered = 0
        self.dropped: Counter[str] = Counter()

    def offer(self) -> None:
        self.offered += 1

    def drop(self, reason: str, /) -> None:
        self.dropped[reason] += 1


@given(
    st.lists(
        st.one_of(
            st.integers(1, 120),
            st.sampled_from(["get", "done", "rate", "close", "clear"]),
        ),
        max_size=60,
    )
)
def test_the_counts_add_up_and_the_bytes_stay_bounded(steps: list[int | str]) -> None:
    tally, waiting, working = Tally(), deque[int](), deque[int]()
    queue: ByteQueue[int] = ByteQueue(LIMIT, tally)
    turn = taken = 0
    closed = False
    for step in steps:
        dropped = tally.dropped.total()
        if isinstance(step, int) or step == "rate":
            size = step if isinstance(step, int) else 1
            room = LIMIT - sum(waiting) - sum(working)
            assert queue.put(size, size, "" if isinstance(step, int) else "rate") is not closed
            if not closed and isinstance(step, int) and size <= room:
                waiting.append(size)
            elif not closed:
                assert tally.dropped.total() == dropped + 1
        elif step == "get" and (waiting or closed):
            item = queue.get()
            assert item == ((turn, waiting.popleft()) if waiting else None)
            if item is not None:
                working.append(item[1])
                turn, taken = turn + 1, taken + 1
        elif step == "done" and working:
            queue.done(working.popleft())
        elif step in ("close", "clear"):
            closed = True
            queue.close("cancelled" if step == "clear" else "")
            if step == "clear":
                waiting.clear()
        assert queue.bytes == sum(waiting) + sum(working) <= LIMIT
        assert queue.finished is (closed and not waiting)
        assert tally.offered == taken + tally.dropped.total() + len(waiting)


def test_a_reason_is_kept_apart_from_want_of_room() -> None:
    tally = Tally()
    queue: ByteQueue[str] = ByteQueue(LIMIT, tally)
    for size, refused in ((60, ""), (60, ""), (1, "rate"), (40, "")):
        assert queue.put("x", size, refused)
    queue.close("cancelled")
    assert not queue.put("late", 1)
    assert (tally.offered, tally.dropped) == (4, {"memory": 1, "rate": 1, "cancelled": 2})
    assert queue.bytes == 0


def test_a_waiting_get_is_ended_by_a_put_a_close_or_the_time() -> None:
    queue: ByteQueue[str] = ByteQueue(LIMIT, Tally())
    assert queue.get(0.001) is None
    found: list[tuple[int, str] | None] = []
    reader = threading.Thread(target=lambda: found.extend((queue.get(30), queue.get(30))))
    reader.start()
    queue.put("first", 1)
    queue.close()
    reader.join(30)
    assert not reader.is_alive()
    assert found == [(0, "first"), None]
