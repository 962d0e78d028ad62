"""One encode of a channel for all who look at it: a thread that follows the channel's depot.

It codes while somebody looks and the last picture was taken from it, always the newest frame there is: when coding
or delivering takes long, it leaves frames out instead of falling behind.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from rushes.capture.thin import Thinner
from rushes.errors import ClosedError, SourceError, UnknownName
from rushes.figures import to_plain
from rushes.lifecycle import StopToken
from rushes.server import live_words
from rushes.server.live_states import shown
from rushes.server.live_words import About, Figures, Hello, Picture, State
from rushes.server.rendition_coders import coder_for

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from rushes.depot import Depot, Lease
    from rushes.server.rendition_coders import Coded, Coder
    from rushes.server.rendition_key import RenditionKey
    from rushes.server.state import ServerState
    from rushes.station.board import Board, ChannelState

__all__ = ["Moment", "Rendition"]

_LOOK_NS = 500_000_000
_SLICE_S = 0.1
_HANDED_S = 0.5
# One viewer that asks for key frames all the time must not make the stream large for all.
_KEYS_APART_NS = 250_000_000
_JOIN_S = 2.0


class Moment(NamedTuple):
    """What there is to tell viewers at one moment; None where nothing is new."""

    picture: Picture | None = None
    state: State | None = None
    figures: Figures | None = None


class Rendition:
    """``deliver`` is called on ``loop`` with each Moment, once for all viewers. :meth:`stop` ends the thread."""

    def __init__(
        self,
        key: RenditionKey,
        server: ServerState,
        loop: asyncio.AbstractEventLoop,
        deliver: Callable[[Moment], None],
    ) -> None:
        self.key = key
        self.coded = 0
        """Pictures made so far."""
        self._server, self._loop, self._deliver, self._clock = server, loop, deliver, server.clock
        self._stop = StopToken(f"rendition of {key.channel}")
        self._watched, self._handed, self._wanted = threading.Event(), threading.Event(), threading.Event()
        self._handed.set()
        self._forget = server.stopping.on_stop(self.stop)
        self._coder: Coder | None = None
        self._depot: Depot | None = None
        self._after = self._figures_after = -1
        self._thinner = Thinner(key.fps or None)
        self._looked_ns = self._moved_ns = 0
        self._key_ns = -_KEYS_APART_NS
        self._state: State | None = None
        self._channel: ChannelState | None = None
        self._about: About | None = None
        self._described: tuple[object, ...] = ()
        self._trouble = ""
        self._thread = threading.Thread(
            target=self._run, name=f"rushes-live-{key.channel}-{key.codec}", daemon=True
        )
        self._thread.start()

    def watch(self, anybody: bool) -> None:
        """Whether anybody looks. Nothing is coded while nobody does."""
        if anybody:
            self._watched.set()
        else:
            self._watched.clear()

    def want_key(self) -> None:
        """Somebody cannot go on without a key frame, or has no picture yet: there will be one soon, of the newest
        frame, even if that has been shown.
        """
        self._wanted.set()

    def stop(self) -> None:
        """Lets the thread end. Any thread, any number of times."""
        self._stop.set()
        self._watched.set()
        self._handed.set()

    def release(self) -> None:
        """For one that was told to stop and is not waited for."""
        self._forget()

    def join(self) -> None:
        """Waits for the end of the thread."""
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        while not self._stop.stopped:
            if not self._watched.is_set():
                self._watched.wait()
                self._looked_ns = self._moved_ns = 0
                continue
            try:
                self._turn()
            except ClosedError:
                self._depot = None  # it was replaced, or everything ends
                self._stop.wait(_SLICE_S / 10)
            except Exception as error:  # noqa: BLE001  whatever it was, viewers are told, and the next frame may do
                self._tell_trouble(error)

    def _turn(self) -> None:
        self._look()
        depot = self._server.depot(self.key.channel) if self._channel is not None else None
        if depot is None:
            self._stop.wait(_SLICE_S)
            return
        if depot is not self._depot:
            self._depot, self._after = depot, -1
        fresh = depot.wait(self._after, _SLICE_S)
        if not (fresh or self._wanted.is_set()) or not self._handed.wait(_HANDED_S) or self._stop.stopped:
            return
        lease = depot.newest()
        if lease is None:
            self._after = depot.head  # it was cleared: what has gone is not to be waited for
            return
        with lease:
            self._show(lease, fresh)

    def _show(self, lease: Lease, fresh: bool) -> None:
        if fresh:
            self._after = lease.sequence
            self._moved_ns = lease.published_ns
            if not self._thinner.wants(lease.captured_ns):
                return
        key = self._wanted.is_set() and self._clock.monotonic_ns() - self._key_ns >= _KEYS_APART_NS
        if not fresh and not key:
            return
        begun_ns = self._clock.monotonic_ns()
        if self._coder is None:
            fps = 0.0 if self._channel is None else self._channel.fps_target or self._channel.fps
            self._coder = coder_for(self.key, fps)
        coded = self._coder.code(lease.array, lease.format, lease.captured_ns, key=key)
        ended_ns = self._clock.monotonic_ns()
        if coded.key:
            # Whoever has asked until now is among those it is handed to.
            self._wanted.clear()
            self._key_ns = ended_ns
        self._trouble = ""
        self.coded += 1
        picture = self._picture(coded, lease, (ended_ns - begun_ns) // 1000)
        self._handed.clear()
        self._hand(Moment(picture, None, self._figures()))

    def _picture(self, coded: Coded, lease: Lease, encode_us: int) -> Picture:
        flags = live_words.KEY if coded.key else 0
        header = live_words.head(flags, encode_us, lease.number, lease.captured_ns)
        return Picture(
            header + coded.payload, lease.number, lease.captured_ns, coded.key, self._about_for(coded)
        )

    def _about_for(self, coded: Coded) -> About:
        channel = self._channel
        fps = float(self.key.fps or (0.0 if channel is None else channel.fps_target))
        figures = channel is not None and bool(channel.figures)
        described = (coded.mime, coded.width, coded.height, coded.init, fps, figures)
        if self._about is None or described != self._described:
            self._described = described
            hello = Hello(
                channel=self.key.channel,
                codec=self.key.codec,
                mime=coded.mime,
                width=coded.width,
                height=coded.height,
                fps=fps,
                figures=figures,
            )
            init = None if coded.init is None else live_words.head(live_words.INIT) + coded.init
            self._about = About(live_words.write(hello), init)
        return self._about

    def _figures(self) -> Figures | None:
        """Those that came since the last picture."""
        depot = self._server.figures(self.key.channel) if self._channel and self._channel.figures else None
        if depot is None or depot.head == self._figures_after:
            return None
        lease = depot.newest()
        if lease is None:
            return None
        with lease:
            self._figures_after = lease.sequence
            frame = lease.view()
            return Figures(
                number=lease.number,
                captured=lease.captured_ns / 1e9,
                figures=[to_plain(each) for each in frame.figures],
            )

    def _look(self) -> None:
        """Twice a second: how the channel is."""
        now_ns = self._clock.monotonic_ns()
        if self._looked_ns and now_ns - self._looked_ns < _LOOK_NS:
            return
        self._looked_ns = now_ns
        board: Board | None = None
        self._channel = None
        try:
            board = self._server.board()
            self._channel = self._server.channel(self.key.channel)
        except (SourceError, UnknownName):
            pass  # told below
        state = shown(board, self._channel, self._clock.wall_ns(), self._moved_ns)
        if self._trouble:
            state = State(state="lost", why=self._trouble, since=state.since)
        if state != self._state:
            self._state = state
            self._hand(Moment(state=state))

    @property
    def state(self) -> State | None:
        """What was told last of the channel; for those who come later."""
        return self._state

    def _tell_trouble(self, error: Exception) -> None:
        """The frames of this channel cannot be coded; perhaps the next can."""
        self._trouble, self._coder = str(error) or type(error).__name__, None
        self._stop.wait(_SLICE_S)

    def _hand(self, moment: Moment) -> None:
        try:
            self._loop.call_soon_threadsafe(self._arrive, moment)
        except RuntimeError:  # the loop has ended, and with it all viewers
            self.stop()

    def _arrive(self, moment: Moment) -> None:
        self._handed.set()
        self._deliver(moment)
