"""The stage that streams all channels of a station, seen from the parent."""

from __future__ import annotations

import itertools
import os
import shlex
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, WireError
from rushes.station.ledger import OutcomeBook
from rushes.station.messages import Follow, Ready, Sent, Streamed, StreamerTask
from rushes.station.report import StreamReport
from rushes.station.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from rushes.metrics import EdgeStats
    from rushes.station.channel import Channel
    from rushes.station.messages import Word
    from rushes.station.plan import StreamPlan
    from rushes.wire.endpoint import Endpoint

__all__ = ["Outlet", "claim", "unused_name"]

_LOOK_S = 1.0


class Outlet:
    """Streams those of ``channels``, which may be filled in later, that the plan names, as the stage ``name``.

    ``say`` takes what users are to know.
    """

    def __init__(
        self,
        plan: StreamPlan,
        station: str,
        channels: Mapping[str, Channel],
        say: Callable[[str], object],
        name: str = "streamer",
    ) -> None:
        self.plan = plan
        self.address = plan.endpoint
        self.peers = 0
        self._station, self._channels, self._say = station, channels, say
        self._book = OutcomeBook()
        self.stage = Stage(name, self._task)

    @property
    def channels(self) -> list[Channel]:
        """What it streams."""
        return [each for each in self._channels.values() if self.plan.takes(each.name)]

    def claim(self) -> None:
        """Finds the address: ConfigError for one that cannot be had, before any process is started."""
        self.address = claim(self.plan)

    def hear(self, word: Word) -> None:
        """What its process said."""
        if isinstance(word, Ready):
            self._say(f"streaming on {self.shown}: {self.hint}")
        elif isinstance(word, Streamed) and word.channel in self._channels:
            self._channels[word.channel].hear(self.stage, word)
        elif isinstance(word, Sent):
            self.peers = word.peers
            self._book.update(
                word.sent, word.dropped, word.bytes, "streaming", word.waiting if word.final else None
            )

    def died(self) -> None:
        """Its process ended before its time."""
        for each in self.channels:
            each.died(self.stage)
        self.peers = 0
        self._book.died(self._seen)

    @property
    def shown(self) -> str:
        """The address without a hub's password."""
        from rushes.wire.endpoint import parse

        return parse(self.address).shown

    @property
    def hint(self) -> str:
        """How to see one of the channels."""
        from rushes.wire.endpoint import parse

        endpoint = parse(self.address)
        if endpoint.all_interfaces:
            endpoint = replace(endpoint, host=socket.gethostname())
        shown = replace(endpoint, options={"track": self.channels[0].name}).shown
        keys = f" --keys {shlex.quote(self.plan.keys)}" if self.plan.keys is not None else ""
        return f'rushes recv "{shown}"{keys}'

    def report(self) -> StreamReport:
        """The account, of all channels together: they share the wire."""
        return StreamReport(self.shown, self.edge(), self._book.bytes_total)

    @property
    def _seen(self) -> int:
        name = self.stage.name
        return sum(each.books.readers[f"{each.name} {name}"].seen_total for each in self.channels)

    def edge(self) -> EdgeStats:
        """Its ledger, of all its channels together."""
        return self._book.edge(f"{self.stage.name} -> wire", self._seen)

    def tell_channels(self, without: Collection[str] = ()) -> None:
        """Tells its process which channels there are now, but for some."""
        if self.stage.child is not None:
            told = [each for each in self.channels if each.name not in without]
            depots = {each.name: each.depot_name for each in told}
            self.stage.child.tell(Follow(depots, self._starts(told)))

    def _starts(self, channels: Iterable[Channel]) -> dict[str, int]:
        name = self.stage.name
        return {each.name: each.books.readers[f"{each.name} {name}"].position for each in channels}

    def _task(self) -> StreamerTask:
        channels = self.channels
        return StreamerTask(
            name=self.stage.name,
            depot="",
            parent=os.getpid(),
            endpoint=self.address,
            station=self._station,
            channels={each.name: each.depot_name for each in channels},
            starts=self._starts(channels),
            keys=self.plan.keys,
            insecure=self.plan.insecure,
        )


def unused_name(taken: Collection[str]) -> str:
    """What one more stage of the kind is called: "streamer", "streamer 2" and so on."""
    names = ("streamer" if number == 1 else f"streamer {number}" for number in itertools.count(1))
    return next(each for each in names if each not in taken)


def claim(plan: StreamPlan) -> str:
    """The address to stream on, tried out: with the port that the system chose where 0 was asked for, so that one
    process after another binds the same.

    A hub, through which viewers reach it who cannot reach this machine, may come later: nothing of it is tried out. Not
    a depot: each channel has one already, and one for all of them would be of one size.

    ConfigError when it is no address for that, is taken, or is open to others and has no keys.
    """
    # Late: only who streams needs the wire, and none of the station's other processes does.
    from rushes.stream.streamer import Streamer
    from rushes.wire.endpoint import parse

    endpoint = parse(plan.endpoint)
    if endpoint.scheme == "shm":
        raise ConfigError(
            f"{endpoint.shown} cannot take all channels, each of which is in a depot of its own already "
            "(rushes depot ls): give --stream a tcp://host:port, an ipc://name or a nats://host:port/stream",
            option="--stream",
        )
    if "track" in endpoint.options:
        raise ConfigError(
            "--stream takes no ?track=: each channel is a track, and receivers choose", option="--stream"
        )
    if endpoint.scheme == "ipc" and _is_served(endpoint):
        raise ConfigError(f"{endpoint.shown} is taken: choose another name", option="--stream")
    if endpoint.scheme in ("nats", "tls"):
        Streamer(plan.endpoint, nproc=1, keys=plan.keys, insecure=plan.insecure).close()
        return plan.endpoint
    try:
        with Streamer(plan.endpoint, nproc=1, keys=plan.keys, insecure=plan.insecure) as streamer:
            port = int(streamer.address.rpartition(":")[2]) if endpoint.port is not None else None
    except WireError as error:
        raise ConfigError(f"--stream: {error}; choose another address", option="--stream") from error
    return replace(endpoint, port=port).shown


def _is_served(endpoint: Endpoint) -> bool:
    """Whether somebody listens there. Binding would not tell: it takes the name away from whoever has it."""
    from rushes.wire.zmq_sockets import ipc_folder

    path = endpoint.zmq_bind(ipc_folder()).removeprefix("ipc://")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_LOOK_S)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True
