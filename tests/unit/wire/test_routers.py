"""Sockets between processes of one machine, and what tells that one of them has ended."""

from __future__ import annotations

import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import WireError
from rushes.wire.name_lock import NameLock
from rushes.wire.process_mark import Mark, lives, own_mark, watch
from rushes.wire.zmq_dealer import Dealer
from rushes.wire.zmq_io import Link
from rushes.wire.zmq_router import Router

LONG_S = 20.0


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rushes-") as place:
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        yield Path(place) / "rushes"


class Heard:
    """What was called back, in order."""

    def __init__(self) -> None:
        self._came: queue.Queue[Any] = queue.Queue()

    def __call__(self, *what: Any) -> None:
        self._came.put(what)

    def next(self) -> Any:
        return self._came.get(timeout=LONG_S)


def router(heard: Heard, mark: Mark | None = None) -> Router:
    """One that watches the process behind the mark for each peer."""

    def came(peer: bytes, parts: list[memoryview]) -> None:
        heard("message", peer, [bytes(each) for each in parts])
        if mark is not None:
            made.watch(peer, mark)

    made = Router(
        "here+work",
        shown="shm://here",
        on_message=came,
        on_gone=lambda peer: heard("gone", peer),
        on_turn=lambda now_ns: None,
    )
    made.begin()
    return made


def dealer(heard: Heard) -> Dealer:
    made = Dealer(
        "here+work",
        shown="shm://here",
        on_up=lambda: heard("up"),
        on_down=lambda: heard("down"),
        on_message=lambda parts: heard("message", [bytes(each) for each in parts]),
        on_turn=lambda now_ns: None,
    )
    made.begin()
    return made


def test_each_peer_is_answered_by_itself_and_large_parts_go_too() -> None:
    asked, one, other = Heard(), Heard(), Heard()
    with router(asked) as bound, dealer(one) as first, dealer(other) as second:
        for heard, each, text in ((one, first, b"1"), (other, second, b"2")):
            assert heard.next() == ("up",)
            each.send([text, bytes(1_000_000)])
            _, peer, parts = asked.next()
            assert (parts[0], len(parts[1])) == (text, 1_000_000)
            bound.send(peer, [text, b"answer"])
            assert heard.next() == ("message", [text, b"answer"])


def test_who_comes_first_waits_and_who_stays_connects_again() -> None:
    asked, heard = Heard(), Heard()
    with dealer(heard) as made:
        made.send([b"to nobody"])
        for text in (b"1", b"2"):
            with router(asked):
                assert heard.next() == ("up",)
                made.send([text])
                assert asked.next()[2] == [text]
            assert heard.next() == ("down",)


def test_the_end_of_a_watched_process_is_told_at_once() -> None:
    asked, heard = Heard(), Heard()
    with subprocess.Popen(["sleep", "600"]) as process:
        born = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
        mark = Mark(process.pid, born, own_mark().space)
        assert lives(mark)
        with router(asked, mark), dealer(heard) as made:
            assert heard.next() == ("up",)
            made.send([b"hello"])
            _, peer, _ = asked.next()
            process.kill()
            assert asked.next() == ("gone", peer)
            assert lives(mark) is False  # though nobody has asked after it yet
            made.send([b"again"])
            assert asked.next()[0] == "message"
            assert asked.next() == ("gone", peer)


def test_a_number_that_is_another_processes_by_now_is_none_of_it() -> None:
    mark = own_mark()
    assert lives(mark)
    assert lives(mark._replace(born=mark.born - 1)) is False
    assert lives(mark._replace(pid=2**40)) is False
    assert lives(mark._replace(space=mark.space + 1)) is None
    with pytest.raises(ProcessLookupError):
        watch(mark._replace(born=mark.born - 1))


def test_a_name_is_one_processs_and_free_when_that_is_killed(tmp_path: Path) -> None:
    place = tmp_path / "lock"
    held = NameLock(place, "shm://here")
    with pytest.raises(WireError, match="shm://here is in use"):
        NameLock(place, "shm://here")
    held.release()
    held.release()
    code = (
        "import sys, time; from pathlib import Path; from rushes.wire.name_lock import NameLock\n"
        "held = NameLock(Path(sys.argv[1]), 'x'); print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(place)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(WireError):
            NameLock(place, "x")
        process.kill()
        process.wait()
        NameLock(place, "x").release()
    assert not place.exists()


def test_one_that_was_closed_before_it_began_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    called = threading.Event()
    close = Link._close

    def slowly(link: Link) -> None:
        called.wait(0.3)  # time enough for a thread that was let go to call back
        close(link)

    monkeypatch.setattr(Link, "_close", slowly)

    def call(*what: object) -> None:
        called.set()

    Dealer("here+work", shown="shm://here", on_up=call, on_down=call, on_message=call, on_turn=call).close()
    Router("here+work", shown="shm://here", on_message=call, on_gone=call, on_turn=call).close()
    assert not called.is_set()
