"""One end of a bare link between namespaces: ``python -m tests.support.stream_wire PLAN``, see stream_nodes.

PLAN: ``end`` "publish" or "receive", ``address``, ``keys`` a folder or null, ``fps``, ``count``, ``size``.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from rushes.wire.endpoint import parse
from rushes.wire.keys import load
from rushes.wire.zmq_link import Publisher
from rushes.wire.zmq_sub import Subscriber
from tests.support.stream_nodes import Orders, say


def event(what: str, detail: Any) -> None:
    say(what, error=type(detail).__name__ if isinstance(detail, Exception) else "")


def publish(plan: dict[str, Any]) -> None:
    keys = load(plan["keys"], "server") if plan["keys"] else None
    orders = Orders()
    with Publisher(parse(plan["address"]), keys=keys, on_event=event) as link:
        say("ready", address=link.address)
        orders.go.wait()
        begun_s = time.monotonic()
        for number in range(plan["count"]):
            link.publish(b"p", b"", number.to_bytes(8, "big") + bytes(plan["size"]))
            if orders.stopped.wait(max(0.0, begun_s + (number + 1) / plan["fps"] - time.monotonic())):
                break
        say("sent", dropped=link.dropped)
        orders.stopped.wait()


def message(parts: list[memoryview]) -> None:
    say("frame", number=int.from_bytes(parts[1][:8], "big"))


def receive(plan: dict[str, Any]) -> None:
    keys = load(plan["keys"], "client") if plan["keys"] else None
    orders = Orders()
    with Subscriber(parse(plan["address"]), (b"p",), keys=keys, on_message=message, on_event=event):
        orders.stopped.wait()


if __name__ == "__main__":
    chosen = json.loads(sys.argv[1])
    (publish if chosen["end"] == "publish" else receive)(chosen)
