"""Starting, stopping, starting again; event loops; forks; the loader a program shares."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading

import pytest

import rushes
from rushes import AsyncImageLoader, ConfigError, ImageLoadPriority
from tests.support.loading import PATIENCE_S, Hold


def ask(loader, heard, name, priority=ImageLoadPriority.NORMAL, **more):
    return loader.schedule_load(name, heard.load(name), heard.callback(name), priority, **more)


def test_requests_made_before_the_start_wait_for_it_in_their_order(heard):
    loader = AsyncImageLoader(1)
    ask(loader, heard, "low", ImageLoadPriority.LOW)
    ask(loader, heard, "cancelled").cancel()
    handle = ask(loader, heard, "normal")
    ask(loader, heard, "high", ImageLoadPriority.HIGH)
    assert (handle.state, loader.get_pending_count(), heard.loads) == ("in_queue", 3, [])
    loader.start()
    heard.wait(4)
    loader.stop()
    assert heard.loads == ["high", "normal", "low"]


def test_a_view_may_be_set_before_the_start(heard):
    loader = AsyncImageLoader(2)
    loader.want("map", [heard.request("map_1"), heard.request("map_2")])
    assert loader.want("map", [heard.request("map_2")]).kept == 1
    with loader:
        heard.wait(2)
    assert heard.loads == ["map_2"]


def test_stop_tells_everybody_loads_nothing_more_and_ends_the_threads(heard):
    loader = AsyncImageLoader(1)
    loader.start()
    before = threading.active_count()
    hold = Hold(loader)
    handles = [ask(loader, heard, str(number)) for number in range(50)]
    threading.Timer(0.05, hold.release).start()
    loader.stop()
    heard.wait(50)
    assert heard.loads == []
    assert [image for _, image in heard.images] == [None] * 50
    assert {handle.state for handle in handles} == {"cancelled"}
    assert hold.seen == [None]
    assert loader.get_pending_count() == 0
    assert threading.active_count() < before + 1


def test_a_loader_that_was_never_started_stops_at_once_and_tells_who_waited(heard):
    loader = AsyncImageLoader(3)
    ask(loader, heard, "a")
    loader.stop()
    heard.wait(1)
    assert (heard.loads, heard.images) == ([], [("a", None)])


def test_after_a_stop_requests_wait_and_a_start_loads_them(heard):
    loader = AsyncImageLoader(2)
    for turn in range(3):
        handle = ask(loader, heard, str(turn))
        assert not handle.done()
        loader.start()
        assert handle.result(PATIENCE_S) == str(turn)
        loader.stop()
    heard.wait(3)
    assert loader.stats() == rushes.loader.LoaderStats(requested=3, loaded=3)


def test_start_and_stop_may_be_called_again(heard):
    loader = AsyncImageLoader(1)
    loader.stop()
    loader.start()
    loader.start()
    ask(loader, heard, "a")
    heard.wait(1)
    loader.stop()
    loader.stop()
    assert heard.images == [("a", "a")]


def test_a_callback_may_stop_the_loader(heard):
    loader = AsyncImageLoader(1)
    stopped = threading.Event()

    def stop(image):
        loader.stop()
        stopped.set()

    with loader:
        loader.schedule_load("a", lambda: 1, stop)
        assert stopped.wait(PATIENCE_S)
        assert not ask(loader, heard, "b").done()


def test_stopping_while_others_ask_leaves_nobody_waiting(heard):
    loader = AsyncImageLoader(2)

    def schedule(which):
        for number in range(200):
            ask(loader, heard, f"{which}_{number}")

    threads = [threading.Thread(target=schedule, args=(which,)) for which in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        loader.start()
        loader.stop()
    for thread in threads:
        thread.join()
    loader.stop()
    heard.wait(600)
    stats = loader.stats()
    assert (stats.requested, stats.loaded + stats.cancelled, stats.pending) == (600, 600, 0)


# -- event loops --------------------------------------------------------------------------------------------


def test_with_a_loop_callbacks_come_on_its_thread(heard):
    async def main():
        async with AsyncImageLoader(2, asyncio.get_running_loop()) as loader:
            done, where = asyncio.Event(), []

            def called(image):
                where.append((image, threading.get_ident()))
                if len(where) == 3:
                    done.set()

            loader.schedule_load("a", lambda: 1, called)
            loader.want("t", [rushes.ImageLoadRequest("b", lambda: 2, called)])
            loader.prefetch([rushes.ImageLoadRequest("c", lambda: 3, called)])
            await asyncio.wait_for(done.wait(), PATIENCE_S)
            return where

    assert sorted(asyncio.run(main())) == [(image, threading.get_ident()) for image in (1, 2, 3)]


def test_handles_can_be_awaited():
    async def main():
        async with AsyncImageLoader() as loader:
            handles = [loader.schedule_load(str(number), lambda: "x", None) for number in range(5)]
            return await asyncio.gather(*handles)

    assert asyncio.run(main()) == ["x"] * 5


# -- the shared one -----------------------------------------------------------------------------------------


@pytest.fixture
def shared():
    yield
    rushes.stop_global_loader()


@pytest.mark.usefixtures("shared")
def test_the_global_loader_is_made_once_and_runs(heard):
    loader = rushes.get_global_loader(2)
    assert rushes.get_global_loader(7) is loader
    assert loader.max_workers == 2
    ask(loader, heard, "a")
    heard.wait(1)
    assert heard.images == [("a", "a")]


@pytest.mark.usefixtures("shared")
def test_the_global_loader_is_made_once_by_many_threads():
    barrier, found = threading.Barrier(8), []

    def get():
        barrier.wait()
        found.append(rushes.get_global_loader())

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.usefixtures("shared")
def test_stopping_the_global_loader_ends_it_and_the_next_is_another(heard):
    before = threading.active_count()
    first = rushes.get_global_loader()
    ask(first, heard, "a")
    heard.wait(1)
    rushes.stop_global_loader()
    assert threading.active_count() == before
    rushes.stop_global_loader()
    assert rushes.get_global_loader() is not first


def test_a_wrong_number_of_workers_makes_no_global_loader():
    with pytest.raises(ConfigError, match="give at least 1"):
        rushes.get_global_loader(0)


# -- forks --------------------------------------------------------------------------------------------------


def in_child(check) -> int:
    """The exit code of a forked child: 0 when ``check()`` is true there."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(30)  # a child that hangs must not outlive the test
        try:
            code = 0 if check() else 3
        except BaseException:  # noqa: BLE001  a child must never go on as a second pytest
            sys.excepthook(*sys.exc_info())
            code = 4
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("started", [True, False])
def test_a_forked_child_loads_for_itself_and_the_parent_is_untouched(heard, started):
    loader = AsyncImageLoader(1)
    if started:
        loader.start()
        hold = Hold(loader)
    ask(loader, heard, "parent")

    def check():
        assert loader.get_pending_count() == 0
        handle = loader.schedule_load("child", lambda: "ours", None)
        loader.start()
        fine = handle.result(10.0) == "ours"
        loader.stop()
        return fine and heard.loads == []

    try:
        assert in_child(check) == 0
    finally:
        loader.start()
        if started:
            hold.release()
        heard.wait(1)
        loader.stop()
    assert heard.images == [("parent", "parent")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.usefixtures("shared")
def test_a_child_forked_while_locks_are_held_can_use_the_global_loader():
    loader = rushes.get_global_loader()
    with loader._lock, loader._claims._lock, rushes.loader.shared.SHARED._lock:
        code = in_child(
            lambda: rushes.get_global_loader().schedule_load("a", lambda: 1, None).result(10.0) == 1
        )
    assert code == 0
