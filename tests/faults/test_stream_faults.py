"""Ends of a stream that are stopped, killed, slow, or come and go."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import zmq

from rushes import sweep
from tests.support.stream_ledger import check_receiver, check_sender
from tests.support.stream_nodes import Node, Said, Start, starter

pytestmark = pytest.mark.timeout(90)
FOREVER = 10_000_000
SHAPE = (240, 320, 3)


@pytest.fixture
def start() -> Iterator[Start]:
    with starter() as begin:
        yield begin


LONG = pytest.mark.parametrize("way", ["wire", pytest.param("depot", marks=pytest.mark.long)])


@pytest.fixture(params=["wire", "depot"])
def way(request: pytest.FixtureRequest) -> str:
    """Over a socket, or through shared memory."""
    return str(request.param)


@pytest.fixture
def address() -> str:
    """A port that was free just now, so that a successor can be bound to it as well."""
    with zmq.Context() as context, context.socket(zmq.REP) as socket:
        return f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"


def sender(start: Start, address: str, peers: int = 1, **plan: Any) -> Node:
    plan = {"fps": 50, "shape": SHAPE, "count": FOREVER, "options": {"codec": "jpeg"}, **plan}
    node = start("stream_node", {**plan, "end": "send", "address": address, "peers": peers})
    node.hear("ready")
    return node


def receiver(start: Start, address: str, way: str, **plan: Any) -> Node:
    where = f"{address}?shm=no" if way == "wire" else address
    return start("stream_node", {"options": {}, **plan, "end": "receive", "address": where})


def frames(node: Node, count: int) -> list[Said]:
    """All that it says until so many frames are among it."""
    left = itertools.count(1)
    return node.until(lambda said: said["what"] == "frame" and next(left) == count)


def finish(receiving: Node, heard: list[Said], *, rest: bool = False) -> None:
    """Stops a receiver and checks all that it gave; ``heard`` is what was heard already. With ``rest`` nothing is sent
    any more.
    """
    receiving.tell("stop")
    last = receiving.until(lambda said: said["what"] == "done")
    check_receiver(last[-1], heard + last, rest=rest)


@LONG
def test_a_stopped_receiver_slows_nobody_and_gets_fresh_frames_afterwards(
    start: Start, address: str, way: str
) -> None:
    sending = sender(start, address)
    stopped = receiver(start, address, way)
    heard = frames(stopped, 10)
    stopped.pause()
    begun = sending.ask("stats")
    paused_s = 2.0
    with pytest.raises(AssertionError, match="nothing of the kind"):
        sending.until(lambda _: False, paused_s)
    offered = sending.ask("stats")["offered"] - begun["offered"]
    stopped.resume()
    fresh = stopped.until(lambda said: said["what"] == "frame" and said["age_s"] < 0.2)
    after = frames(stopped, 30)
    assert offered > paused_s * 50 * 0.5, "it went on sending"
    assert all(said["age_s"] < paused_s for said in after if said["what"] == "frame")
    assert any(said["what"] == "gap" for said in fresh + after)
    sending.tell("stop")
    assert sending.hear("sent")["longest_s"] < 1.0
    check_sender(sending.hear("done"))
    finish(stopped, heard + fresh + after, rest=True)


@LONG
def test_a_killed_receiver_is_replaced_by_one_that_gets_frames_at_once(
    start: Start, address: str, way: str
) -> None:
    sending = sender(start, address)
    first = receiver(start, address, way)
    frames(first, 10)
    first.kill()
    second = receiver(start, address, way)
    second.hear("ready")
    heard = frames(second, 20)
    assert heard[0]["age_s"] < 1.0
    assert all(said["right"] for said in heard if said["what"] == "frame")
    finish(second, heard)
    check_sender(sending.ask("stats"))


def test_the_numbers_of_a_restarted_streamer_begin_again(start: Start, address: str, way: str) -> None:
    first = sender(start, address)
    receiving = receiver(start, address, way)
    before = frames(receiving, 30)
    assert before[-1]["number"] >= 29
    first.kill()
    second = sender(start, address)
    after = receiving.until(lambda said: said["what"] == "frame" and said["number"] < 20)
    assert after[-1]["age_s"] < 1.0
    after += frames(receiving, 30)
    numbers = [said["number"] for said in after if said["what"] == "frame"]
    begun = numbers.index(min(numbers))
    assert numbers[begun:] == list(range(numbers[begun], numbers[begun] + len(numbers) - begun))
    counts = receiving.ask("stats")
    assert counts["runs"] == 2
    assert counts["expected"] == counts["delivered"] + sum(counts["dropped"].values()) + counts["waiting"]
    check_sender(second.ask("stats"))
    second.end()
    receiving.end()
    sweep()  # what the killed one held in shared memory, if its successor has not


@LONG
def test_a_slow_reader_gets_the_newest_and_a_fast_one_gets_all(start: Start, address: str, way: str) -> None:
    sending = sender(start, address, peers=2)
    slow = receiver(start, address, way, pause_s=0.2)
    fast = receiver(start, address, way)
    heard = frames(slow, 14)
    sending.tell("stop")
    last = sending.hear("sent")["last"]
    all_of_it = fast.until(lambda said: said.get("number") == last)
    ages = [said["age_s"] for said in heard if said["what"] == "frame"]
    # It takes some frames to tell a reader that is slow from one that was held up. From then on: ten frame
    # periods, where a queue in front of the reader would make it seconds.
    assert max(ages) < 2.0, ages
    assert max(ages[-5:]) < 0.2, ages
    assert last > 70
    assert not any(said["what"] == "gap" for said in all_of_it)
    assert any(said["what"] == "gap" and said["reason"] == "stale" for said in heard)
    finish(fast, all_of_it, rest=True)
    check_sender(sending.hear("done"))
