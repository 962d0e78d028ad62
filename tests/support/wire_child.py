"""One end of a link in a process of its own, to be stopped and killed: ``python -m tests.support.wire_child``.

``publish ADDRESS`` sends numbered messages until it is killed; ``receive ADDRESS`` says each on a line.
"""

from __future__ import annotations

import itertools
import sys
import threading

from tests.support.wire_peers import publisher, subscriber


def main(what: str, address: str) -> None:
    if what == "publish":
        sender, _ = publisher(address)
        print("ready", flush=True)
        for number in itertools.count():
            sender.publish(b"p", b"", number.to_bytes(8, "big") + bytes(100_000))
            threading.Event().wait(0.01)
    receiver, heard = subscriber(address)
    while True:
        print(int.from_bytes(heard.next(3600)[1][:8], "big"), flush=True)
        assert not receiver.closed


if __name__ == "__main__":
    main(*sys.argv[1:])
