from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref

import pytest

from rushes.errors import ClosedError, DepotError, RushesError
from rushes.lifecycle import AsyncCloseable, Closeable, ProcessBound, StopToken


class Door(Closeable):
    def __init__(self, name: str = "", error: Exception | None = None) -> None:
        super().__init__()
        self.name = name
        self.error = error
        self.closings = 0

    def _close(self) -> None:
        self.closings += 1
        if self.error:
            raise self.error

    def knock(self) -> str:
        self._check_open()
        return "come in"


class SlowDoor(AsyncCloseable):
    def __init__(self) -> None:
        super().__init__()
        self.closed_on = ""

    def _close(self) -> None:
        self.closed_on = threading.current_thread().name


def test_closes_once_and_says_its_name_after():
    door = Door("front")
    assert door.knock() == "come in"
    assert not door.closed
    door.close()
    door.close()
    assert door.closed
    assert door.closings == 1
    with pytest.raises(ClosedError, match="Door 'front' is closed") as caught:
        door.knock()
    assert caught.value.name == "Door 'front'"


def test_with_closes_and_cannot_enter_twice():
    with Door() as door:
        assert not door.closed
    assert door.closings == 1
    with pytest.raises(ClosedError, match="Door is closed"), door:
        pass


def test_a_failing_close_is_final_and_told_once():
    door = Door(error=OSError("stuck"))
    with pytest.raises(OSError, match="stuck"):
        door.close()
    door.close()
    assert door.closed
    assert door.closings == 1


def test_many_threads_close_it_once():
    door = Door()
    gate = threading.Barrier(8)

    def close() -> None:
        gate.wait(10)
        door.close()

    threads = [threading.Thread(target=close, daemon=True) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert door.closings == 1


def test_a_close_that_joins_a_closing_thread_does_not_hang():
    class Ring(Closeable):
        def _close(self) -> None:
            thread = threading.Thread(target=self.close, daemon=True)
            thread.start()
            thread.join(10)
            self.hung = thread.is_alive()

    ring = Ring()
    ring.close()
    assert not ring.hung


class Socket(ProcessBound, AsyncCloseable):
    name = "one"

    def __init__(self) -> None:
        super().__init__()
        self.closings = 0

    def _close(self) -> None:
        self.closings += 1

    def use(self) -> None:
        self._check_open()


class Book(Socket):
    def _foreign(self) -> RushesError:
        return DepotError("open another")


def _told_in_a_child(held: Socket) -> str:
    """What a forked child is told at a use, "" when something else is wrong there."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            assert held.closed
            held.use()
        except RushesError as error:
            held.close()
            if not held.closings:
                os.write(tell, f"{type(error).__name__} {error}".encode())
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(told) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def test_what_is_bound_to_its_process_is_the_parents_after_a_fork():
    held = Socket()
    assert _told_in_a_child(held) == "ClosedError Socket 'one' was opened by another process"
    held.use()
    assert not held.closed
    held.close()
    held.close()
    assert held.closed
    assert held.closings == 1
    with pytest.raises(ClosedError, match="is closed"):
        held.use()
    assert _told_in_a_child(Book()) == "DepotError open another"


def test_async_close_leaves_the_loop_free():
    async def main() -> SlowDoor:
        async with SlowDoor() as door:
            assert not door.closed
        await door.aclose()
        return door

    door = asyncio.run(main())
    assert door.closed
    assert door.closed_on not in ("", threading.main_thread().name)


def test_token_checked_and_waited_for():
    stop = StopToken("reader")
    stop.check()
    assert not stop.stopped
    assert not stop.wait(0)
    stop.set()
    stop.set()
    assert stop.stopped
    assert stop.wait()
    with pytest.raises(ClosedError, match="reader was told to stop"):
        stop.check()


def test_token_wakes_a_waiter_in_another_thread():
    stop = StopToken()
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(stop.wait(30)), daemon=True)
    thread.start()
    stop.set()
    thread.join(10)
    assert seen == [True]


def test_callbacks_run_once_in_order_outside_the_lock():
    stop = StopToken()
    calls: list[str] = []
    stop.on_stop(lambda: calls.append("first"))
    remove = stop.on_stop(lambda: calls.append("removed"))
    # Uses the token from within: a lock held here would hang for ever.
    stop.on_stop(lambda: (stop.on_stop(lambda: calls.append("inner")), stop.set()))
    stop.on_stop(lambda: calls.append("last"))
    remove()
    stop.set()
    stop.set()
    assert calls == ["first", "inner", "last"]
    stop.on_stop(lambda: calls.append("late"))()
    remove()
    assert calls[-1] == "late"


def test_a_broken_callback_does_not_shield_the_others():
    stop = StopToken()
    calls: list[str] = []
    stop.on_stop(lambda: 1 / 0)
    stop.on_stop(lambda: calls.append("reached"))
    with pytest.raises(ZeroDivisionError):
        stop.set()
    assert calls == ["reached"]
    assert stop.stopped

    other = StopToken()
    other.on_stop(lambda: 1 / 0)
    other.on_stop(lambda: [][0])
    with pytest.raises(ExceptionGroup) as caught:
        other.set()
    assert [type(each) for each in caught.value.exceptions] == [ZeroDivisionError, IndexError]


def test_children_follow_the_parent_not_the_other_way():
    parent = StopToken("parent")
    child, sibling = parent.child("child"), parent.child()
    grandchild = child.child()
    assert (child.name, sibling.name) == ("child", "parent")
    child.set()
    assert grandchild.stopped
    assert not parent.stopped
    assert not sibling.stopped
    parent.set()
    assert sibling.stopped
    assert parent.child().stopped


def test_a_dropped_child_is_forgotten():
    parent = StopToken()
    child = parent.child()
    seen = weakref.ref(child)
    del child
    gc.collect()
    assert seen() is None
    parent.set()


def test_awaited():
    async def main() -> None:
        stop = StopToken()
        assert not await stop.wait_async(0.01)
        assert not stop._callbacks  # a wait that gave up leaves nothing behind
        threading.Timer(0.02, stop.set).start()
        assert await stop.wait_async(30)
        assert await stop.wait_async()

    asyncio.run(main())


def test_a_cancelled_await_leaves_nothing_behind():
    async def main() -> None:
        stop = StopToken()
        waiter = asyncio.create_task(stop.wait_async())
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert not stop._callbacks
        stop.set()

    asyncio.run(main())


def test_set_survives_a_waiter_whose_loop_has_ended():
    stop = StopToken()
    loop = asyncio.new_event_loop()
    waiting = stop.wait_async()

    async def begin() -> None:
        task = asyncio.ensure_future(waiting)
        await asyncio.sleep(0)
        tasks.append(task)

    tasks: list[asyncio.Future[bool]] = []
    loop.run_until_complete(begin())
    loop.close()
    stop.set()
    assert stop.stopped
    waiting.close()
    tasks[0]._log_destroy_pending = False  # type: ignore[attr-defined]  # the leftover is what is tested
