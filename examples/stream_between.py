"""Stream between machines: one end sends a test card, the other gets it in order and is told what was lost.

python examples/stream_between.py                                   both ends here, in two processes
python examples/stream_between.py send tcp://192.0.2.7:5555 KEYS    on the one machine; KEYS: rushes keys new KEYS
python examples/stream_between.py recv tcp://192.0.2.7:5555 KEYS    on the other, with client.key and server.pub
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from typing import Any

from rushes import Gap, Receiver, Streamer, open_source
from rushes.wire import keys


def send(endpoint: str, folder: str, tell: Any = None) -> None:
    """Until the last receiver has left; to each frame goes how many there were."""
    most = 0
    with Streamer(endpoint, keys=folder) as streamer, open_source("testcard:640x360@30") as source:
        if tell is not None:
            tell.send(streamer.address)  # with the port that the system chose
        for frame in source:
            now = streamer.stats().peers
            streamer.send(frame, meta={"receivers": now})
            if most and not now:
                break
            most = max(most, now)
        stats = streamer.stats()
        print(f"offered {stats.offered}, sent {stats.sent}, dropped {dict(stats.dropped)}")


def recv(endpoint: str, folder: str, count: int = 30) -> None:
    """So many frames; the pixels of a sender on the same machine come through shared memory."""
    ages: list[float] = []
    with Receiver(endpoint, keys=folder) as receiver:
        for item in receiver.frames():
            if isinstance(item, Gap):
                print(f"frames {item.first} to {item.last} were lost: {item.reason}")
                continue
            ages.append(item.age_s * 1000)
            if len(ages) == count:
                print(f"frame {item.number} {item.shape} {item.meta}, age {sorted(ages)[count // 2]:.1f} ms")
                break
        print(f"{len(ages)} received, all accounted for: {receiver.stats().adds_up}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        (send if sys.argv[1] == "send" else recv)(sys.argv[2], sys.argv[3])
    else:
        with tempfile.TemporaryDirectory() as made:
            keys.new(made)
            hear, tell = multiprocessing.Pipe(duplex=False)
            process = multiprocessing.get_context("spawn").Process
            process(target=send, args=("tcp://127.0.0.1:0", made, tell)).start()
            recv(hear.recv(), made)  # the program ends when both have
