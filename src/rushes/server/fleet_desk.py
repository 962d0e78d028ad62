"""Answers what other stations ask: by the same routes as any request, but only those about a channel of this station.

What is asked goes through the application without its guard, so the choice of routes is what protects the rest: no
tokens, no settings, nothing that changes anything, and nothing that this station would have to ask others for.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from rushes.errors import BadMessage, ConfigError, PeerGone, RushesError
from rushes.server.endpoints import route
from rushes.server.fleet_words import MAKING, PASSED_HEADERS, Answer, Drop, Get, Next, packed, read_asked
from rushes.server.problems import Refused, answer_for, problem_of, refusal
from rushes.server.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Scope

    from rushes.server.state import ServerState
    from rushes.wire.jet_fleet import FleetLink, Heard

__all__ = ["MOST_OPEN", "PART_BYTES", "Desk"]

_LOG = logging.getLogger(__name__)
PART_BYTES = 512 << 10
"""What one message carries of an answer, unless the hub takes less."""
MOST_OPEN = 32
_MOST_TASKS = 4 * MOST_OPEN
_WAIT_S = 1.5
_UNASKED_S = 15.0
"""Whoever does not ask on for so long does not want the rest."""
_MOST_PATH = 4096


class Desk:
    """``link`` says the answers. All of it on the event loop."""

    def __init__(self, state: ServerState, link: FleetLink) -> None:
        self._link = link
        app = Starlette(
            routes=[
                route(each, own=True)
                for each in TABLE
                if each.method == "GET" and each.path.startswith("/api/channels/{channel}")
            ],
            exception_handlers={HTTPException: refusal, RushesError: refusal, Exception: refusal},
        )
        app.router.redirect_slashes = False
        app.state.rushes = state
        self._app = app
        self._open: dict[str, _Answering] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked = self.refused = 0
        """Requests of others, and those among them that could not be taken."""

    @property
    def open(self) -> int:
        """Answers that are being made or fetched."""
        return len(self._open)

    def take(self, heard: Heard) -> None:
        """A request; must not wait."""
        if len(self._tasks) >= _MOST_TASKS:
            return  # whoever asks so much without hearing the answers gets none
        try:
            asked = read_asked(heard.data)
        except BadMessage as error:
            if heard.reply:
                self._refuse(heard.reply, error)
            return
        if isinstance(asked, Drop):
            self._forget(asked.token)
        elif heard.reply:
            self._answer(asked, heard.reply)

    def close(self) -> None:
        """Gives up what is being answered."""
        for token in list(self._open):
            self._forget(token)
        for task in self._tasks:
            task.cancel()

    def _answer(self, asked: Get | Next, reply: str) -> None:
        if isinstance(asked, Next):
            answering = self._open.get(asked.token)
            if answering is None:
                self._refuse(reply, ConfigError("this answer was not asked for in time, and is gone"))
            else:
                self._later(self._part(asked.token, answering, reply))
        elif len(asked.path) > _MOST_PATH:
            self._refuse(reply, ConfigError("this is too long to be an address"))
        else:
            self._begin(asked, reply)

    def _begin(self, asked: Get, reply: str) -> None:
        self.asked += 1
        if len(self._open) >= MOST_OPEN:
            full = Refused(
                f"this station answers {MOST_OPEN} requests of others already",
                status=429,
                remedy="ask again",
                kind="QueueFull",
            )
            self._refuse(reply, full)
            return
        token = secrets.token_hex(16)
        size = min(PART_BYTES, max(1, self._link.room))
        answering = self._open[token] = _Answering(asked.path, size)
        answering.start(self._app, lambda: self._forget(token))
        self._later(self._part(token, answering, reply))

    async def _part(self, token: str, answering: _Answering, reply: str) -> None:
        head, part = await answering.part(_WAIT_S)
        if head.status == 0 or not answering.over:
            head = msgspec.structs.replace(head, token=token)
        else:
            self._forget(token)
        await self._say(reply, packed(head, part))

    def _refuse(self, reply: str, error: Exception) -> None:
        self.refused += 1
        status, problem = problem_of(error)
        body = bytes(answer_for(status, problem).body)
        head = Answer(status=status, headers={"content-type": "application/json"})
        self._later(self._say(reply, packed(head, body)))

    async def _say(self, reply: str, message: bytes) -> None:
        try:
            await self._link.say(reply, message)
        except (PeerGone, ConfigError):
            return  # whoever asked learns it by the silence

    def _forget(self, token: str) -> None:
        answering = self._open.pop(token, None)
        if answering is not None:
            answering.end()

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Answering:
    """One request on its way through the application, whose answer is taken in parts of ``size`` bytes."""

    def __init__(self, path: str, size: int) -> None:
        self._path, self._size = path, size
        self._status, self._made = 0, 0.0
        self._headers: dict[str, str] = {}
        self._bytes: int | None = None
        self._held = bytearray()
        self._begun = self._whole = False
        self._gone = asyncio.Event()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unasked: asyncio.TimerHandle | None = None
        self._forget: Callable[[], object] = lambda: None

    @property
    def over(self) -> bool:
        """Whether all of it was taken."""
        return self._whole and not self._held

    def start(self, app: ASGIApp, forget: Callable[[], object]) -> None:
        """Begins; ``forget`` is called when nobody asks on."""
        self._forget = forget
        self._task = asyncio.create_task(self._run(app))
        self._wait_for_next()

    def end(self) -> None:
        """Nobody wants it any more, or it is over."""
        self._gone.set()
        self._changed.set()
        if self._unasked is not None:
            self._unasked.cancel()

    async def part(self, wait_s: float) -> tuple[Answer, bytes]:
        """The next part and what goes before it; status 0 when there is none yet after ``wait_s``."""
        self._wait_for_next()
        until = asyncio.get_running_loop().time() + wait_s
        while not (self._whole or len(self._held) >= self._size or self._gone.is_set()):
            self._changed.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._changed.wait()
            except TimeoutError:
                break
        if self._status == 0 or not (self._whole or self._held):
            return Answer(status=0, made=self._made), b""
        part = bytes(self._held[: self._size])
        del self._held[: self._size]
        self._changed.set()
        return Answer(status=self._status, headers=self._headers, size=self._bytes), part

    async def _run(self, app: ASGIApp) -> None:
        try:
            await app({**_scope(self._path), MAKING: self._making}, self._receive, self._send)
        except Exception:  # noqa: BLE001  it was answered and logged by the handler of errors
            _LOG.debug("a request of another station failed", exc_info=True)
        finally:
            self._status = self._status or 500
            self._whole = True
            self._changed.set()

    def _making(self, part: float) -> None:
        self._made = part

    async def _receive(self) -> Message:
        if not self._begun:
            self._begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        # As servers do, what is said after the other side went is let pass: a handler tidies up after its last word.
        if message["type"] == "http.response.start":
            self._status = message["status"]
            pairs = ((name.lower(), value) for name, value in message.get("headers", ()))
            found = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
            self._headers = {name: value for name, value in found.items() if name in PASSED_HEADERS}
            self._bytes = int(found["content-length"]) if "content-length" in found else None
            return
        if not self._gone.is_set():
            self._held += message.get("body", b"")
            self._whole = not message.get("more_body", False)
            self._changed.set()
        while len(self._held) >= self._size and not self._whole and not self._gone.is_set():
            await self._room()

    async def _room(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _wait_for_next(self) -> None:
        if self._unasked is not None:
            self._unasked.cancel()
        self._unasked = asyncio.get_running_loop().call_later(_UNASKED_S, self._forget)


def _scope(path: str) -> Scope:
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "client": None,
        "server": None,
        "extensions": {},
    }
