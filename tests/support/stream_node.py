"""One end of a stream as a program: ``python -m tests.support.stream_node PLAN``, see stream_nodes.

PLAN: ``end`` "send" or "receive", ``address``, ``options`` of the Streamer or Receiver.
Sending: ``source`` a URI, or null for numbered frames of ``shape`` at ``fps``; ``count`` of them at
most, once so many ``peers`` are there.
Receiving: ``pause_s`` after each frame, as a slow reader has it.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from rushes import Frame, RushesError
from rushes.capture.sources import open_source
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.testing import read_card
from rushes.wire.flow import Gap
from tests.support.stream_ledger import eventually, plain
from tests.support.stream_nodes import Orders, say

Plan = dict[str, Any]
REST_S = 0.3
DRAIN_S = 3.0


def value(number: int) -> int:
    """What all pixels of that frame are; far enough from its neighbours' for JPEG."""
    return number * 7 % 251


def numbered(plan: Plan, orders: Orders) -> Iterator[Frame]:
    """Frames of one value each, paced; see ``value``."""
    begun_s = time.monotonic()
    for number in itertools.count():
        yield Frame(np.full(plan["shape"], value(number), np.uint8), number, captured_ns=time.time_ns())
        if orders.stopped.wait(max(0.0, begun_s + (number + 1) / plan["fps"] - time.monotonic())):
            return


def send(plan: Plan) -> None:
    with Streamer(plan["address"], **plan["options"]) as streamer:
        orders = Orders(stats=lambda: plain(streamer.stats()))
        say("ready", address=streamer.address)
        eventually(lambda: orders.stopped.is_set() or streamer.stats().peers >= plan["peers"], "peers", 60)
        last, longest_s = -1, 0.0
        source = open_source(plan["source"]) if plan.get("source") else None
        frames = iter(source) if source is not None else numbered(plan, orders)
        for frame in itertools.islice(frames, plan.get("count")):
            begun_s = time.monotonic()
            result = streamer.send(frame, {"seen": frame.number})
            longest_s = max(longest_s, time.monotonic() - begun_s)
            last = result.number
            if orders.stopped.is_set():
                break
        if source is not None:
            source.close()
        # A stop drops what still waits to be encoded, and counts it: so that the last one is not among that.
        until_s = time.monotonic() + DRAIN_S
        while streamer.stats().waiting and time.monotonic() < until_s:
            time.sleep(0.005)
        say("sent", last=last, longest_s=longest_s)
        orders.stopped.wait()
        say("done", **plain(streamer.stats()))


def shown(frame: Frame) -> Plan:
    """What the picture itself says of where it belongs: ``right`` when its value is its number's, or its ``card``."""
    array: Any = frame.array
    if frame.format == "bgr24" and (array == array[0, 0]).all():
        return {"right": abs(int(array[0, 0, 0]) - value(frame.number or 0)) <= 3}
    found = read_card(array, frame.format) if array.shape[1] >= 320 else None
    return {"card": None if found is None else found[0]}


def receive(plan: Plan) -> None:
    with Receiver(plan["address"], **plan["options"]) as receiver:
        orders = Orders(stats=lambda: plain(receiver.stats()))
        say("ready")
        waker = threading.Thread(target=end, args=(receiver, orders), daemon=True)
        waker.start()
        for item in receiver.frames(**plan.get("frames", {})):
            if isinstance(item, Gap):
                say("gap", first=item.first, last=item.last, reason=item.reason)
            else:
                say("frame", number=item.number, age_s=item.age_s, meta=dict(item.meta), **shown(item))
                orders.stopped.wait(plan.get("pause_s", 0))
            if orders.stopped.is_set():
                break
        orders.ended.set()
        orders.stopped.wait()
        say("done", **plain(receiver.stats()))
        waker.join()


def end(receiver: Receiver, orders: Orders) -> None:
    """Stops a receiver to which nothing comes any more; one that still gets frames ends by itself."""
    orders.stopped.wait()
    if not orders.ended.wait(REST_S):
        receiver.stop()


if __name__ == "__main__":
    chosen = json.loads(sys.argv[1])
    try:
        (send if chosen["end"] == "send" else receive)(chosen)
    except RushesError as error:
        say("error", error=type(error).__name__, text=str(error))
