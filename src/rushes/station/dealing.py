"""Dealing a channel's frames out to workers and taking what they found: one process for each line of work."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rushes.clock import SYSTEM
from rushes.depot import Depot
from rushes.errors import FrameError, RushesError
from rushes.frame import Frame
from rushes.station.following import Following, attached
from rushes.station.messages import DealerTask, Ready, Worked
from rushes.station.newest import Newest
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.wire.endpoint import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.station.child import Link

__all__ = ["deal_frames"]

_REPORT_S = 0.2
_END_S = 1.5
_LOOK_S = 0.1
_DOT = np.zeros((1, 1), np.uint8)


def deal_frames(task: DealerTask, link: Link) -> None:
    """Deals out the newest frame whenever a worker has room for it, until told to stop and every one is accounted for.

    What was found goes into the depot ``task.figures``: frames that carry figures and hardly a picture.
    """
    with (
        Streamer(
            _narrow(task),
            [task.track],
            1,
            True,
            name=task.channel,
            keys=task.keys,
            insecure=task.insecure,
        ) as streamer,
        Receiver(task.endpoint, 1, True, keys=task.keys, insecure=task.insecure) as receiver,
    ):
        _Dealing(task, link, streamer, receiver).run()


def _narrow(task: DealerTask) -> str:
    """Where it deals; on this machine with memory for as many frames as are under way, and not for dozens."""
    near = parse(task.endpoint).scheme in ("ipc", "shm")
    return f"{task.endpoint}?hwm={task.ahead}" if near else task.endpoint


class _Dealing:
    """One run of the stage, with its counts. Frames under way are at most ``task.ahead``: more would only grow old."""

    def __init__(self, task: DealerTask, link: Link, streamer: Streamer, receiver: Receiver) -> None:
        self._task, self._link, self._streamer, self._receiver = task, link, streamer, receiver
        self._newest: Newest[Frame] = Newest()
        self._moved = threading.Condition()
        self._dropped: Counter[str] = Counter()
        self._under_way: list[int] = []
        self._found = 0
        self._ending = False
        self._failed: list[Exception] = []
        self._following: Following | None = None
        self._figures: Depot | None = None

    def run(self) -> None:
        follower = self._thread("follower", self._follow)
        taker = self._thread("taker", self._take)
        dealer = self._thread("dealer", self._deal)
        self._link.say(Ready())
        while not self._link.stop.wait(_REPORT_S):
            if self._failed:
                raise self._failed[0]
            if self._following is not None:
                self._link.say(self._word())
        if self._following is not None:
            self._following.drain()
        follower.join()
        self._newest.close()
        self._see_out()
        dealer.join()
        self._receiver.stop()
        taker.join()
        if self._figures is not None:
            self._figures.close()
        self._link.say_last(self._word(final=True))

    def _follow(self) -> None:
        depot = attached(self._task.depot, self._link.stop)
        if depot is None:
            return
        head = depot.head
        self._following = Following(depot, self._task.start, self._task.name)
        self._link.say(self._word())  # by which the station knows that this consumer has joined
        for lease in self._following.leases():
            with lease:
                if lease.sequence <= head:
                    self._drop("stage down")  # nobody wants what came while this process was not there
                elif self._newest.put("", replace(lease.view(), channel=self._task.channel, meta={})):
                    self._drop("workers busy")

    def _deal(self) -> None:
        while self._wait_for_room() and (frame := self._newest.take()) is not None:
            number = frame.number or 0
            with self._moved:
                self._under_way.append(number)
            try:
                accepted = self._streamer.send(frame).accepted
            except RushesError:
                accepted = False
            if not accepted:
                with self._moved:
                    self._under_way.remove(number)
                    self._dropped["bad"] += 1
            del frame  # or it would keep its slot until the next one comes

    def _wait_for_room(self) -> bool:
        # Before the newest is taken: else it would be the newest of the moment when all were busy.
        with self._moved:
            self._moved.wait_for(lambda: self._ending or len(self._under_way) < self._task.ahead)
            return not self._ending

    def _take(self) -> None:
        for each in self._receiver.frames():
            if isinstance(each, Frame):
                self._show(each)
                self._account(each.number or 0, each.number or 0, "")
            else:
                self._account(each.first, each.last, each.reason)

    def _account(self, first: int, last: int, lost: str) -> None:
        """What was dealt out by a process before this one was counted as lost when it ended."""
        with self._moved:
            mine = [number for number in self._under_way if first <= number <= last]
            for number in mine:
                self._under_way.remove(number)
            if lost:
                self._dropped[lost] += len(mine)
            else:
                self._found += len(mine)
            self._moved.notify_all()

    def _show(self, frame: Frame) -> None:
        if self._figures is None:
            self._figures = Depot.attach(self._task.figures, mode="rw")
        figures = frame.figures
        while True:
            made = Frame(_DOT, frame.number, captured_ns=frame.captured_ns, format="gray8",
                         channel=self._task.channel, track=self._task.track, figures=figures)  # fmt: skip
            try:
                self._figures.put(made)
            except FrameError:  # more than a slot has room for: the first ones are those that matter most
                figures = figures[: len(figures) // 2]
            else:
                return

    def _see_out(self) -> None:
        """Gives the workers a moment for what they have; what does not come counts as lost at the stop."""
        until_ns = SYSTEM.monotonic_ns() + round(_END_S * 1e9)
        with self._moved:
            while (self._under_way or self._newest.waiting) and SYSTEM.monotonic_ns() < until_ns:
                self._moved.wait(_LOOK_S)
            self._ending = True
            self._moved.notify_all()
            left = len(self._under_way) + self._newest.waiting
            if left:
                self._dropped["stopped"] += left
                self._under_way.clear()

    def _drop(self, reason: str) -> None:
        with self._moved:
            self._dropped[reason] += 1

    def _word(self, *, final: bool = False) -> Worked:
        # Before the row: then what has an outcome here was seen there.
        with self._moved:
            found, dropped, waiting = self._found, dict(+self._dropped), len(self._under_way)
        seen, missed, unread = (0, 0, 0) if self._following is None else self._following.row
        return Worked(
            found=found,
            dropped=dropped,
            waiting=waiting,
            final=final,
            depot_seen=seen,
            depot_missed=missed,
            depot_waiting=unread,
        )

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  whatever it was, the stage is to end and say so
                self._failed.append(error)

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread
