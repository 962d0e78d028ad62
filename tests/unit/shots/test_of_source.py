"""Live sources: whose turn it is, and how long they are held on to."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest

from rushes.errors import ClosedError, DeadlineExceeded, JobCancelled
from rushes.shots.mapped import MappedBackend
from rushes.shots.request import Ask
from tests.unit.shots.pictures import frame
from tests.unit.shots.test_host import Token
from tests.unit.shots.test_mapped import ListSource


def ask(channel="gate", *, token=None, timeout_s=30.0):
    return Ask(channel, None, time.time_ns(), False, 0, timeout_s, token or Token())


class Slow(ListSource):
    """A source whose first frame comes when it is told to."""

    def __init__(self):
        super().__init__([frame(1), frame(2)])
        self.asked, self.go_on = threading.Event(), threading.Event()

    def __iter__(self):
        for each in self.frames:
            self.asked.set()
            assert self.go_on.wait(30)
            yield each


class InThread:
    """A call on a thread of its own, and what became of it."""

    def __init__(self, call):
        self.result, self.error = None, None

        def run():
            try:
                self.result = call()
            except Exception as error:  # noqa: BLE001  the test looks at it
                self.error = error

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def join(self):
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self


@pytest.fixture
def slow():
    source = Slow()
    yield source
    source.go_on.set()


def test_shots_of_one_source_take_turns(slow):
    backend = MappedBackend({"gate": slow, "same": slow})
    first = InThread(lambda: backend.take(ask()))
    assert slow.asked.wait(30)
    second = InThread(lambda: backend.take(ask("same")))
    slow.go_on.set()
    assert [first.join().result.number, second.join().result.number] == [1, 2]


def test_a_cancelled_shot_waits_for_no_turn(slow):
    backend, token = MappedBackend({"gate": slow}), Token()
    first = InThread(lambda: backend.take(ask()))
    assert slow.asked.wait(30)
    second = InThread(lambda: backend.take(ask(token=token)))
    while not token._calls:
        time.sleep(0.001)
    token.cancel()
    assert isinstance(second.join().error, JobCancelled)
    slow.go_on.set()
    assert first.join().result.number == 1
    assert backend.take(ask()).number == 2


def test_a_turn_that_does_not_come_is_waited_for_as_long_as_said(slow):
    backend = MappedBackend({"gate": slow})
    first = InThread(lambda: backend.take(ask()))
    assert slow.asked.wait(30)
    with pytest.raises(DeadlineExceeded, match="earlier shot"):
        backend.take(ask(timeout_s=0.05))
    slow.go_on.set()
    first.join()


def test_a_cancelled_shot_leaves_the_next_frame_to_others(slow):
    backend, token = MappedBackend({"gate": slow}), Token()
    first = InThread(lambda: backend.take(ask(token=token)))
    assert slow.asked.wait(30)
    token.cancel()
    slow.go_on.set()
    assert isinstance(first.join().error, JobCancelled)
    assert backend.take(ask()).number == 2


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_a_source_that_is_no_channel_any_more_is_let_go(change):
    source = ListSource([frame(1), frame(2)])
    channels = {"gate": source, "yard": ListSource([frame(3)])}
    backend, alive = MappedBackend(channels), weakref.ref(source)
    for name in channels:
        backend.take(ask(name))
    if change == "removed":
        del channels["gate"]
    else:
        channels["gate"] = ListSource([frame(4)])
    del source
    backend.find("yard")
    gc.collect()
    assert alive() is None
    assert len(backend._sources) == 1


def test_a_source_that_has_another_name_still_goes_on():
    source = ListSource([frame(1), frame(2), frame(3)])
    channels = {"gate": source, "same": source}
    backend = MappedBackend(channels)
    assert [backend.take(ask(name)).number for name in ("gate", "same")] == [1, 2]
    del channels["gate"]
    backend.find("same")
    assert backend.take(ask("same")).number == 3


def test_nothing_is_held_after_the_end():
    source = ListSource([frame(1), frame(2)])
    backend = MappedBackend({"gate": source})
    backend.take(ask())
    backend.close()
    assert len(backend._sources) == 0
    with pytest.raises(ClosedError):
        backend.take(ask())
    assert len(backend._sources) == 0
