"""The stage that serves the page and the API, seen from the parent."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import ConfigError
from rushes.station.messages import Serving, Viewed, WebTask
from rushes.station.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.station.messages import ViewedEdge, Word
    from rushes.station.plan import WebPlan

__all__ = ["Page", "missing"]

_SERVING = "rushes.server.serving"
_NEEDS = ("starlette", "uvicorn", "websockets", "itsdangerous", "prometheus_client")
_MOST_PORTS = 50
_MOST_TRIES = 5
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


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
        self._station, self._data, self._say = station, data, say
        self._bind = plan.bind
        self._tries = 0
        self.stage = Stage("web", self._task)

    def claim(self) -> None:
        """Finds an address: the one asked for, or else the next free port after the usual one.

        ConfigError when the one asked for cannot be had, or is open to other machines and nobody has a token; for a hub
        whose address or keys cannot be used.
        """
        host, port = _split(self.plan.bind)
        if host not in _LOOPBACK and not _has_token(Path(self._data)):
            raise ConfigError(
                f"{self.plan.bind} is open to other machines, so it needs a token: "
                f"rushes token add NAME --data {self._data}",
                option="web.bind",
            )
        if self.plan.hub is not None:
            from rushes.wire.jet_fleet import check_hub

            self._say(f"hub    {check_hub(self.plan.hub, self.plan.keys)}  (other stations' channels)")
        trouble = _trouble(host, port)
        if not trouble:
            return
        if self.plan.asked:
            raise ConfigError(
                f"the page cannot be at {self.plan.bind}: {trouble}; choose another --bind HOST:PORT",
                option="web.bind",
            )
        self._next(host, port, trouble)

    def hear(self, word: Word) -> None:
        """What its process said."""
        if isinstance(word, Serving):
            self.url = word.url.rstrip("/")
            host = _split(self._bind)[0]
            note = "loopback only" if host in _LOOPBACK else "with a token"
            self._say(f"page   {self.url}  ({note})")
            self._say(f"api    {self.url}/api  /openapi.json  /metrics  /healthz")
        elif isinstance(word, Viewed):
            self.viewers.update((each.name, each) for each in word.edges)

    def died(self) -> None:
        """Its process ended before its time."""
        self.viewers.clear()

    def another(self) -> bool:
        """After its process could not have the address: whether it is to try another one."""
        self._tries += 1
        host, port = _split(self._bind)
        if self.plan.asked or self._tries > _MOST_TRIES or not _trouble(host, port):
            return False
        self._next(host, port, "it was taken just now")
        return True

    def _next(self, host: str, port: int, trouble: str) -> None:
        for each in range(port + 1, min(port + _MOST_PORTS, 65535)):
            if not _trouble(host, each):
                self._say(f"the page is at port {each}, for {port} cannot be had: {trouble}")
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


def _split(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    return host.strip("[]"), int(port)


def _trouble(host: str, port: int) -> str:
    """Why nobody could listen there; empty when one can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: what an ended one leaves behind in the kernel keeps nobody out.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _has_token(data: Path) -> bool:
    try:
        found = json.loads((data / "tokens.json").read_bytes())
    except (OSError, ValueError):
        return False
    return bool(isinstance(found, dict) and found.get("tokens"))
