"""Pictures of a station anywhere, by its HTTP interface.

By urllib of the standard library: these are plain requests with a time-out, not worth a package.
"""

from __future__ import annotations

import json
import os
import threading
import time
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from rushes.errors import (
    AccessDenied,
    ConfigError,
    CorruptImage,
    DeadlineExceeded,
    NoSuchMoment,
    SourceUnavailable,
)
from rushes.shots.backends import Hostless, no_channel
from rushes.shots.of_frame import check_wanted
from rushes.shots.request import Picture, Place

if TYPE_CHECKING:
    from rushes.shots.request import Ask

__all__ = ["TOKEN_VARIABLE", "StationBackend"]

TOKEN_VARIABLE = "RUSHES_TOKEN"
"""Where the station's token is looked for, as a command line or an address would show it to others."""
_FIND_S = 5.0
_KNOWN_S = 2.0
_AGAIN_S = 0.1
_MOST_BYTES = 64 << 20
_LOCAL = ("localhost", "127.0.0.1", "::1")


class StationBackend(Hostless):
    """Answers from the station at ``url`` ("http://HOST:PORT"), with the token in $RUSHES_TOKEN if there is one.

    ConfigError for what is no such address.
    """

    def __init__(self, url: str) -> None:
        self._url = _checked(url)
        self._opener = _opener(urlsplit(self._url).hostname or "")
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._known_until_s = 0.0

    def find(self, channel: str) -> Place:
        """As the protocol says. Asks the station, which may take 5 s; what it said counts for 2 s."""
        stations = self._channels()
        if channel not in stations:
            raise no_channel(channel, stations)
        return Place.named(channel, stations[channel], keeps_time=True)

    def take(self, ask: Ask) -> Picture:
        """As the protocol says."""
        end_s = time.monotonic() + ask.timeout_s
        gone = threading.Event()
        ask.token.on_cancel(gone.set)
        while True:
            try:
                return self._taken(ask, max(0.05, end_s - time.monotonic()))
            except SourceUnavailable:
                # Of now: one that is fresh enough may come. Of then: it will not get better.
                check_wanted(ask)
                if ask.dt is not None or time.monotonic() + _AGAIN_S >= end_s:
                    raise
            gone.wait(_AGAIN_S)

    def close(self) -> None:
        """Nothing is held between requests."""

    def _taken(self, ask: Ask, timeout_s: float) -> Picture:
        query: dict[str, Any] = {"q": 90, "figures": int(ask.figures)}
        if ask.dt is None:
            what = "frame.jpg"
            if ask.not_before_ns:
                query["max_age"] = max(0.0, (time.time_ns() - ask.not_before_ns) / 1e9)
        else:
            what = "at.jpg"
            query["t"] = f"{ask.moment_ns / 1e9:.6f}"
        path = f"/api/channels/{quote(ask.channel, safe='')}/{what}?{urlencode(query)}"
        data, headers = self._get(path, timeout_s, ask.channel)
        number, captured = headers.get("X-Frame-Number"), headers.get("X-Captured-Ns")
        try:
            captured_ns = ask.moment_ns if captured is None else int(captured)
            frame_number = int(number) if number else None
        except ValueError as error:
            raise CorruptImage(f"{self._url} answered with headers that make no sense: {error}") from error
        if captured_ns < ask.not_before_ns:
            raise SourceUnavailable(f"{ask.channel}: its newest picture is too old", uri=ask.channel)
        return Picture(
            data, captured_ns, frame_number, "live" if ask.dt is None else "archive", bool(ask.figures)
        )

    def _channels(self) -> dict[str, str]:
        with self._lock:
            if time.monotonic() < self._known_until_s:
                return self._known
        data, _ = self._get("/api/channels", _FIND_S, "")
        try:
            known = {str(each["name"]): str(each.get("station", "")) for each in json.loads(data)}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SourceUnavailable(f"{self._url} is no station: {error}", uri=self._url) from error
        with self._lock:
            self._known, self._known_until_s = known, time.monotonic() + _KNOWN_S
        return known

    def _get(self, path: str, timeout_s: float, channel: str) -> tuple[bytes, Any]:
        request = Request(self._url + path, headers={"Accept": "*/*"})
        token = os.environ.get(TOKEN_VARIABLE)
        if token:
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        try:
            with self._opener.open(request, timeout=timeout_s) as response:
                return _read(response, time.monotonic() + timeout_s), response.headers
        except HTTPError as error:
            with error:
                raise _refused(error, self._url, channel) from None
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"{self._url} did not answer within {timeout_s:.3g} s", timeout_s=timeout_s
            ) from error
        except URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise DeadlineExceeded(f"{self._url} did not answer", timeout_s=timeout_s) from error
            raise SourceUnavailable(
                f"{self._url} cannot be reached: {error.reason}", uri=self._url
            ) from error
        except (HTTPException, OSError) as error:
            raise SourceUnavailable(f"{self._url} broke off: {error}", uri=self._url) from error


class _NoRedirect(HTTPRedirectHandler):
    """A station never redirects; following would hand the token to somebody else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener(host: str) -> OpenerDirector:
    # A proxy, which the environment may name, knows another machine by these names.
    return build_opener(_NoRedirect, *((ProxyHandler({}),) if host in _LOCAL else ()))


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f'channels={url!r} is no station: write its address, like "http://127.0.0.1:8787"',
            option="channels",
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            f"put the station's token into ${TOKEN_VARIABLE}, not into its address", option="channels"
        )
    if parts.query or parts.fragment:
        raise ConfigError(
            "a station's address has no query; leave out what follows the port", option="channels"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _read(response: HTTPResponse, end_s: float) -> bytes:
    """The time-out of a socket is that of each read: a body that drips would take for ever."""
    parts, size = [], 0
    while part := response.read1(1 << 16):
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            raise CorruptImage(f"more than {_MOST_BYTES >> 20} MiB were sent for one picture", format="jpeg")
        if time.monotonic() > end_s:
            raise TimeoutError
    return b"".join(parts)


def _refused(error: HTTPError, url: str, channel: str) -> Exception:
    try:
        told = json.loads(error.read(1 << 16))
        text, kind = str(told["error"]), str(told.get("kind", ""))
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        told, text, kind = {}, f"HTTP {error.code}", ""
    if error.code in (401, 403):
        return AccessDenied(
            f"{url}: {text}; put a token of the station into ${TOKEN_VARIABLE} (rushes token add NAME)",
            endpoint=url,
        )
    if kind == "NoSuchMoment":
        return NoSuchMoment(
            text, before_ns=_ns(told.get("before")), after_ns=_ns(told.get("after")), channel=channel
        )
    return SourceUnavailable(f"{url}: {text}", uri=channel or url)


def _ns(seconds: Any) -> int | None:
    return round(seconds * 1e9) if isinstance(seconds, int | float) else None
