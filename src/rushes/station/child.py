"""A station's process, seen from inside: it dies with its parent, takes orders, and reports without ever
waiting.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from typing import BinaryIO

import msgspec

from rushes.lifecycle import StopToken
from rushes.station.messages import LINE_BYTES, Follow, Go, Order, Word
from rushes.wire.die_with_parent import die_with_parent

__all__ = ["Link"]

_OUT = 1
_LAST_WORD_S = 2.0


class Link:
    """The pipes to the parent: orders come in on standard input, reports go out on standard output.

    ``stop`` is set by a Stop order. The end of the order pipe is the end of the parent, and of this process, at once
    and from wherever it is: nobody is left to close things for.
    """

    def __init__(self, parent: int, orders: BinaryIO) -> None:
        # The parent orders the close; a terminal's Ctrl-C to the whole group would overtake it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        die_with_parent(parent)
        self.stop = StopToken("the stage")
        self._start_ns: int | None = None
        self._go = threading.Event()
        self._follow_up: Follow | None = None
        os.set_blocking(_OUT, False)
        threading.Thread(target=self._listen, args=(orders,), name="orders", daemon=True).start()

    def wait_for_go(self) -> int | None:
        """Waits for the Go order and returns its ``start_ns``; None when a Stop came first."""
        self._go.wait()
        return self._start_ns

    def follow(self) -> Follow | None:
        """The newest Follow order since the last call, if there was one."""
        order, self._follow_up = self._follow_up, None
        return order

    def say(self, word: Word) -> bool:
        """Reports, if the pipe has room; False when it has not, and the word is dropped. Never waits."""
        # Up to LINE_BYTES a pipe takes a write whole or refuses it, so lines cannot get mixed up.
        line = msgspec.json.encode(word)[: LINE_BYTES - 1] + b"\n"
        try:
            os.write(_OUT, line)
        except BlockingIOError:
            return False
        except BrokenPipeError:
            os._exit(1)
        return True

    def say_last(self, word: Word) -> None:
        """Reports, waiting up to 2 s for room: for the word that nothing follows."""
        if not self.say(word):
            select.select([], [_OUT], [], _LAST_WORD_S)
            self.say(word)

    def _listen(self, pipe: BinaryIO) -> None:
        orders = msgspec.json.Decoder(Order)
        for line in pipe:
            self._follow(orders.decode(line))
        os._exit(1)

    def _follow(self, order: Order) -> None:
        if isinstance(order, Go):
            self._start_ns = order.start_ns
        elif isinstance(order, Follow):
            self._follow_up = order
            return
        else:
            self.stop.set()
        self._go.set()
