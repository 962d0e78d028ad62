from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from rushes.stream.handler import Handler
from rushes.stream.handlers import buffer

Item = dict[str, Any]


class Fed:
    """A handler as receivers have it, fed by a test."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.items: list[Item] = []
        self.ended = False
        self.waits = 0
        self.handler = Handler(self.take, lambda: self.ended, self.wait)

    def put(self, ftime: float) -> None:
        with self.changed:
            self.items.append({"ftime": ftime})
            self.changed.notify_all()

    def end(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def take(self, timeout_s: float | None) -> Item | None:
        with self.changed:
            return self.items.pop(0) if self.items else None

    def wait(self, timeout_s: float) -> bool:
        self.waits += 1
        with self.changed:
            return self.changed.wait_for(lambda: bool(self.items) or self.ended, timeout_s)


def soon(action: Callable[[], None], after_s: float = 0.3) -> threading.Timer:
    timer = threading.Timer(after_s, action)
    timer.start()
    return timer


def test_one_handler_that_can_be_waited_for_is_waited_for() -> None:
    fed = Fed()
    timer = soon(lambda: fed.put(1.0), 1.0)
    merged = buffer(0.0, {"a": fed.handler})
    used = time.process_time()
    assert next(merged) == ("a", {"ftime": 1.0})
    assert fed.waits < 30
    assert time.process_time() - used < 0.5
    timer.join()
    fed.end()
    assert list(merged) == []


def test_of_several_handlers_each_wakes_the_merging() -> None:
    fed = [Fed(), Fed(), Fed()]
    merged = buffer(0.0, {str(number): each.handler for number, each in enumerate(fed)})
    for number in (2, 0, 1):
        timer = soon(lambda number=number: fed[number].put(time.time()))  # type: ignore[misc]
        assert next(merged)[0] == str(number)
        timer.join()
    for each in fed:
        each.end()
    assert list(merged) == []


def test_the_next_program_need_not_know_that_it_was_left_in_the_middle() -> None:
    threads = threading.active_count()
    fed = Fed()
    fed.put(1.0)
    for _ in buffer(0.0, {"a": fed.handler}):
        break
    assert threading.active_count() == threads
