"""The stage that runs a hub for other stations, seen from the parent."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from rushes.errors import ConfigError
from rushes.station.addresses import hub_url, is_loopback, split
from rushes.station.messages import HubTask, Serving
from rushes.station.probing import trouble
from rushes.station.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.station.messages import Word

__all__ = ["Host"]

# What the hub sets aside for one line of work: a store of frames and one of results, a quarter of a GiB each, and their
# notes. There is room for as many as this station has, and for some of those who join.
_WORK_BYTES = (512 << 20) + (1 << 20)
_OTHERS = 2


class Host:
    """Runs a hub at ``bind``, which keeps what it stores in the folder ``data``, for whoever has ``keys``. There
    is room for ``works`` lines of work, and two more of other stations.

    ``say`` takes what users are to know, in one line.
    """

    def __init__(
        self, bind: str, keys: str | None, data: str, works: int, say: Callable[[str], object]
    ) -> None:
        self.bind, self.keys = bind, keys
        self._max_bytes = (works + _OTHERS) * _WORK_BYTES
        self._data, self._say = data, say
        self.stage = Stage("hub", self._task)

    def claim(self) -> None:
        """Tries the address out: ConfigError when it cannot be had, for keys that cannot be used, and for an address
        that others reach without any; MissingExtra without a server program.
        """
        # Late: only who runs a hub needs to know about its server.
        from rushes.wire import hub_roles
        from rushes.wire.hub_server import find

        host, port = split(self.bind)
        if self.keys is not None:
            hub_roles.access(self.keys)
        elif not is_loopback(host):
            raise ConfigError(
                f"{self.bind} is open to other machines, so a hub there needs keys: rushes keys new DIR, "
                "then --keys DIR, or [station] keys",
                option="hub.bind",
            )
        find()
        why = trouble(host, port)
        if why:
            raise ConfigError(
                f"no hub can be started at {self.bind}: {why}; choose another port for hub.bind, or join the hub "
                "that is there by its url",
                option="hub.bind",
            )

    def hear(self, word: Word) -> None:
        """What its process said."""
        if isinstance(word, Serving):
            there = hub_url(self.bind, self.keys, name=socket.gethostname())
            keys = "" if self.keys is None else " --keys DIR"
            self._say(f"a hub was started; other stations join it with: rushes up --join {there}{keys}")

    def died(self) -> None:
        """Its process ended before its time. Who joined waits for the next one."""

    def _task(self) -> HubTask:
        return HubTask(
            name=self.stage.name,
            parent=os.getpid(),
            bind=self.bind,
            url=hub_url(self.bind, self.keys),
            folder=os.path.join(self._data, "hub"),
            keys=self.keys,
            max_bytes=self._max_bytes,
        )
