"""From a configuration to what is to be run: names and folders found, defaults filled in."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import ConfigError
from rushes.station.addresses import hub_url
from rushes.station.config_check import Mistake
from rushes.station.page import token_wanted
from rushes.station.plan import (
    ArchivePlan,
    ChannelPlan,
    HubPlan,
    Plan,
    ShotsPlan,
    StreamPlan,
    WebPlan,
    WorkPlan,
    options_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.station.config import Reading
    from rushes.station.config_tables import ChannelTable, Config

__all__ = ["lacking_token", "plan_of"]

_UNFIT = re.compile(r"[^\w.-]+")


def plan_of(reading: Reading, *, insecure: bool = False, running: str | None = None) -> Plan:
    """What the configuration asks for. ``insecure``: streams off this machine may do without keys. ``running``: what
    the station is called that runs already and is to follow it.

    ConfigError with all mistakes, and for a configuration without a channel.
    """
    config = reading.checked()
    if not config.channel:
        raise ConfigError(f"{reading.name or 'the configuration'} has no [[channel]]: give it at least one")
    place = _Places(reading.base)
    name, notes = _name(config.station.name or running, from_file=bool(reading.name))
    data = place.of(config.station.data)
    keys = None if config.station.keys is None else place.of(config.station.keys)
    channels = tuple(_channel(each, place, data) for each in config.channel)
    return Plan(
        station=name,
        channels=channels,
        data=data,
        memory_bytes=config.budget.memory,
        archive=_archive(config, place, data),
        streams=_streams(config, keys, insecure=insecure),
        works=tuple(
            WorkPlan(
                each.name,
                each.channel,
                each.call,
                each.track or each.name,
                each.workers,
                each.timeout,
                each.retries,
            )
            for each in config.work
        ),
        web=_web(config, reading, keys),
        hub=_hub(config, keys),
        shots=ShotsPlan(
            os.path.join(data, "shots") if config.shots.folder is None else place.of(config.shots.folder),
            config.shots.template,
            config.shots.pool,
            config.shots.timeout,
            config.shots.tries,
        ),
        keys=keys,
        lines=tuple(tuple(each) for each in reading.lines),  # type: ignore[misc]  # a line has these four
        notes=(*notes, *(f"warning: {each}" for each in reading.warnings), *_not_yet(config)),
    )


def lacking_token(reading: Reading) -> Mistake | None:
    """What no file can know: that the page is to be open to other machines, and nobody has a token."""
    config = reading.config
    if config is None or config.web.bind == "off":
        return None
    wanted = token_wanted(config.web.bind, _Places(reading.base).of(config.station.data))
    return Mistake(_where_bound(reading), "web", f"bind: {wanted}") if wanted else None


def _where_bound(reading: Reading) -> str:
    return next(each.where for each in reading.lines if (each.section, each.key) == ("web", "bind"))


def _not_yet(config: Config) -> Iterator[str]:
    """What is understood and not done: nobody shall wait for it."""
    if (config.hub.url or config.hub.bind) and config.web.bind == "off":
        yield "without a page (web.bind is off) no other station at the hub is seen, nor this one by them"


class _Places:
    """Paths, which are relative to the configuration's folder; as they are where that is this one."""

    def __init__(self, base: Path) -> None:
        self._base = None if base == Path.cwd() else base

    def of(self, path: str) -> str:
        return path if self._base is None else str(self._base / path)

    def uri(self, uri: str) -> str:
        scheme, _, rest = uri.partition(":")
        return f"file:{self.of(rest)}" if scheme == "file" and not rest.startswith("//") else uri

    def cold(self, address: str | None) -> str | None:
        return address if address is None or "://" in address else self.of(address)


def _name(asked: str | None, *, from_file: bool) -> tuple[str, tuple[str, ...]]:
    """A station of a file has a name that stays; two on one machine need one each."""
    if asked is not None:
        return asked, ()
    usual = Plan().station
    if not from_file:
        return usual, ()
    host = _UNFIT.sub("-", socket.gethostname()).strip("-.")[:48] or usual
    from rushes.station.board import runs  # late: most plans ask nobody

    if not runs(host):
        return host, ()
    name = f"{host}-{os.getpid()}"
    return name, (
        f"a station called {host} runs here already, so this one is {name}: give it [station] name",
    )


def _channel(table: ChannelTable, place: _Places, data: str) -> ChannelPlan:
    uri = place.uri(table.source)
    if table.rect is not None:
        uri = f"{uri}{','.join(map(str, table.rect))}"
    made = ChannelPlan(
        name=table.name,
        uri=uri,
        fps=table.fps,
        slots=table.slots,
        when_full=table.when_full,
        record=bool(table.record),
        keep_s=table.keep,
        spill=os.path.join(data, "spill") if table.when_full == "spill" else None,
        copy_from=place.uri(table.record_source or table.source) if table.record == "copy" else None,
    )
    return replace(made, options=options_of(made.scheme))


def _archive(config: Config, place: _Places, data: str) -> ArchivePlan | None:
    recorded = [each for each in config.channel if each.record]
    if not recorded:
        return None
    table = config.archive
    keep = {each.name: each.keep for each in recorded if each.keep is not None}
    return ArchivePlan(
        folder=data,
        max_bytes=config.budget.disk if table.max_bytes is None else table.max_bytes,
        max_age_s=table.max_age,
        min_free_bytes=table.min_free,
        cold=place.cold(table.cold),
        keep_s=keep,
    )


def _streams(config: Config, keys: str | None, *, insecure: bool) -> tuple[StreamPlan, ...]:
    by_endpoint: dict[str, list[str]] = {}
    for each in config.channel:
        if each.stream is not None:
            by_endpoint.setdefault(each.stream, []).append(each.name)
    return tuple(
        StreamPlan(endpoint, keys, insecure, tuple(channels)) for endpoint, channels in by_endpoint.items()
    )


def _web(config: Config, reading: Reading, keys: str | None) -> WebPlan | None:
    if config.web.bind == "off":
        return None
    where = _where_bound(reading)
    hub = _hub(config, keys)
    url = None if hub is None else hub.url
    return WebPlan(config.web.bind, asked=where != "default", hub=url, keys=keys)


def _hub(config: Config, keys: str | None) -> HubPlan | None:
    """The hub that is started is joined as well."""
    url, bind = config.hub.url, config.hub.bind
    if bind is not None:
        return HubPlan(hub_url(bind, keys), bind)
    return None if url is None else HubPlan(url)
