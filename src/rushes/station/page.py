"""The stage that serves the page and the API, seen from the parent."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import ConfigError
from rushes.station.addresses import is_loopback, split
from rushes.station.messages import Jobs, Serving, Viewed, WebTask
from rushes.station.probing import trouble
from rushes.station.stage import Stage
from rushes.station.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.station.messages import ViewedEdge, Word
    from rushes.station.plan import WebPlan

__all__ = ["Page", "missing", "token_wanted"]

_SERVING = "rushes.server.serving"
_NEEDS = ("starlette", "uvicorn", "websockets", "itsdangerous", "prometheus_client")
_MOST_PORTS = 50
_MOST_TRIES = 5


def missing() -> str:
    """Which module the page would lack here; empty when there is none."""
    return next((name for name in (*_NEEDS, _SERVING) if importlib.util.find_spec(name) is None), "")


class Page:
    """Serves ``station`` as the plan says. ``say`` takes what users are to know, in one line."""

    def __init__(self, plan: WebPlan, station: str, data: str, say: Callable[[str], object]) -> None:
        self.plan = plan
        self.url = ""
        self.viewers: dict[str, ViewedEdge] = {}
        """The edges to those who look, as its process last told them, by name."""
        self.jobs = Jobs(0, 0)
        """Shots and exports."""
        self._station, self._data, self._say = station, data, say
        self._bind = plan.bind
        self._tries = 0
        self.stage = Stage("web", self._task)

    def claim(self) -> None:
        """Finds an address: the one asked for, or else the next free port after the usual one.

        ConfigError when the one asked for cannot be had, or is open to other machines and nobody has a token; for a hub
        whose address or keys cannot be used.
        """
        host, port = split(self.plan.bind)
        wanted = token_wanted(self.plan.bind, self._data)
        if wanted:
            raise ConfigError(wanted, option="web.bind")
        if self.plan.hub is not None:
            from rushes.wire.jet_fleet import check_hub

            self._say(f"hub    {check_hub(self.plan.hub, self.plan.keys)}  (other stations' channels)")
        why = trouble(host, port)
        if not why:
            return
        if self.plan.asked:
            raise ConfigError(
                f"the page cannot be at {self.plan.bind}: {why}; choose another --bind HOST:PORT",
                option="web.bind",
            )
        self._next(host, port, why)

    def hear(self, word: Word) -> None:
        """What its process said."""
        if isinstance(word, Serving):
            self.url = word.url.rstrip("/")
            host = split(self._bind)[0]
            note = "loopback only" if is_loopback(host) else "with a token"
            self._say(f"page   {self.url}  ({note})")
            self._say(f"api    {self.url}/api  /openapi.json  /metrics  /healthz")
        elif isinstance(word, Viewed):
            self.viewers.update((each.name, each) for each in word.edges)
        elif isinstance(word, Jobs):
            self.jobs = word

    def died(self) -> None:
        """Its process ended before its time."""
        self.viewers.clear()
        self.jobs = Jobs(0, 0)

    def another(self) -> bool:
        """After its process could not have the address: whether it is to try another one."""
        self._tries += 1
        host, port = split(self._bind)
        if self.plan.asked or self._tries > _MOST_TRIES or not trouble(host, port):
            return False
        self._next(host, port, "it was taken just now")
        return True

    def _next(self, host: str, port: int, why: str) -> None:
        for each in range(port + 1, min(port + _MOST_PORTS, 65535)):
            if not trouble(host, each):
                self._say(f"the page is at port {each}, for {port} cannot be had: {why}")
                self._bind = f"{host}:{each}"
                return
        raise ConfigError(
            f"no port for the page from {port} on; choose one with --bind HOST:PORT", option="web.bind"
        )

    def _task(self) -> WebTask:
        return WebTask(
            name=self.stage.name,
            parent=os.getpid(),
            station=self._station,
            bind=self._bind,
            data=self._data,
            hub=self.plan.hub or "",
            keys=self.plan.keys,
        )


def token_wanted(bind: str, data: str) -> str:
    """What is to be done before a page can be at ``bind``, whose tokens are in the folder ``data``; empty: nothing."""
    if is_loopback(split(bind)[0]):
        return ""
    try:
        if Tokens(Path(data)).list():
            return ""
    except (ConfigError, OSError) as error:  # the web process could not read them either
        return f"{bind} is open to other machines, and nobody would get in: {error}"
    return f"{bind} is open to other machines, so it needs a token: rushes token add NAME --data {data}"
