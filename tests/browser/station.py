"""A station for a browser: test cards drawn on one thread into depots, its board, and its application served."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rushes import Box, Depot, Frame
from rushes.archive import Archive
from rushes.capture.testcard import TestCard
from rushes.interfaces import SourceInfo
from rushes.server.app import create_app
from rushes.server.serving import Server, bound
from rushes.server.state import ServerState
from rushes.station.board import Board, BoardWriter, ChannelState, ConfigLine, EdgeState, News, StageState

WIDTH, HEIGHT, FPS = 640, 360, 20
RECORDED, RECORDED_FPS = 200, 10
"""Frames of each channel in the archive, numbered from 0."""
AGAIN_S, AGAIN = 30, 50
"""So many frames more of the last channel, so many seconds after its first."""
FOUND_S = (5, 7)
"""Seconds after the first frame between which three boxes are kept."""


_STAGES = {
    " source": "source",
    " people": "dealer",
    " people worker 1": "work",
    " people worker 2": "work",
}


class Cards:
    """The channels ``names``, each a card of its own; ``stop(name, why)`` ends one as a camera that went away."""

    def __init__(self, name: str, names: Sequence[str], *, folder: Path, archive: Path | None = None) -> None:
        self.name, self.names = name, tuple(names)
        self.pictures = folder / "pictures"
        self._archive = archive
        self._card = TestCard(WIDTH, HEIGHT, FPS, "i420")
        self._depots = {
            each: Depot.create(f"{name}-{each}", slots=8, shape=self._card.shape) for each in names
        }
        self.number = 0
        self._lost: dict[str, tuple[str, int]] = {}
        self._board = BoardWriter(name)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cards")
        self.draw()
        self.show()

    def __enter__(self) -> Cards:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._board.close()
        for depot in self._depots.values():
            depot.unlink()
            depot.close()

    def stop(self, name: str, why: str) -> None:
        """No more frames of that channel."""
        self._lost[name] = (why, time.time_ns())

    def draw(self) -> None:
        """The next frame of every channel."""
        now_ns = time.time_ns()
        array = np.empty(self._card.shape, np.uint8)
        self._card.draw(array, self.number, now_ns)
        for each, depot in self._depots.items():
            if each not in self._lost:
                depot.put(Frame(array, self.number, captured_ns=now_ns, format="i420", channel=each))
        self.number += 1

    def show(self) -> None:
        """The board as of now."""
        now_ns = time.time_ns()
        self._board.show(
            Board(
                station=self.name,
                pid=1,
                started_ns=now_ns - 3_600_000_000_000,
                now_ns=now_ns,
                channels=tuple(self._channel(each) for each in self.names),
                stages=tuple(
                    StageState(name=f"{each}{name}", kind=kind, channel=each, pid=7)
                    for each in self.names
                    for name, kind in _STAGES.items()
                ),
                edges=tuple(self._edge(each) for each in self.names),
                archive=None if self._archive is None else str(self._archive),
                memory_bytes=171 << 20,
                memory_budget=512 << 20,
                shots={"folder": str(self.pictures)},
                config=(
                    ConfigLine(
                        section="channel.front", key="source", value="rtsp://camera/***", where="a.toml:3"
                    ),
                ),
                news=(News(at_ns=now_ns - 60_000_000_000, text="the recorder was started again"),),
            )
        )

    def _channel(self, name: str) -> ChannelState:
        why, since_ns = self._lost.get(name, ("", 0))
        depot = self._depots[name]
        return ChannelState(
            name=name,
            source=f"testcard:{WIDTH}x{HEIGHT}@{FPS}",
            state="lost" if why else "live",
            why=why,
            since_ns=since_ns,
            fps=FPS,
            fps_target=FPS,
            width=WIDTH,
            height=HEIGHT,
            depot=depot.name,
            slots=8,
            held=8,
            slot_bytes=depot.slot_bytes,
            recorded=self._archive is not None,
        )

    def _edge(self, name: str) -> EdgeState:
        late = 2
        return EdgeState(
            name=f"{name} > archive",
            source=name,
            target="archive",
            channel=name,
            offered=18_000,
            delivered=18_000 - late,
            dropped={"late": late},
            limit=8,
        )

    def _run(self) -> None:
        while not self._end.wait(1 / FPS):
            self.draw()
            if self.number % (FPS // 4) == 0:
                self.show()


@contextlib.contextmanager
def served(station: str, data: Path, *, bind: str = "127.0.0.1:0") -> Iterator[tuple[int, ServerState]]:
    """(port, state) of its application. It listens on this machine only, whatever it believes to be bound to."""
    with ServerState(station, bind=bind, data=data) as state, bound("127.0.0.1:0") as listener:
        server = Server(create_app(state))
        begun = threading.Event()

        async def run() -> None:
            running = asyncio.create_task(server.serve(sockets=[listener]))
            await server.begun.wait()
            begun.set()
            await running

        thread = threading.Thread(target=asyncio.run, args=(run(),), name="server")
        thread.start()
        try:
            if not begun.wait(60):
                raise TimeoutError("the server did not begin within 60 s")
            yield listener.getsockname()[1], state
        finally:
            state.stopping.set()
            server.should_exit = True
            thread.join(60)


class _Film:
    """The source of a recording: a card that was captured earlier."""

    def __init__(self, channel: str, start_ns: int, frames: int = RECORDED) -> None:
        self.channel, self._frames = channel, frames
        self.info = SourceInfo(width=WIDTH, height=HEIGHT, fps=RECORDED_FPS, format="i420")
        self._start_ns = start_ns

    def __iter__(self) -> Iterator[Frame]:
        card = TestCard(WIDTH, HEIGHT, RECORDED_FPS, "i420")
        for number in range(self._frames):
            captured_ns = self._start_ns + number * 1_000_000_000 // RECORDED_FPS
            array = np.empty(card.shape, np.uint8)
            card.draw(array, number, captured_ns)
            yield Frame(array, number, captured_ns=captured_ns, format="i420", channel=self.channel)

    def close(self) -> None:
        """Nothing is held."""


def recorded(root: Path, names: Sequence[str]) -> tuple[Path, float]:
    """An archive of these channels, and when frame 0 of each was captured, in epoch seconds. Of the last one there is
    more after a pause.
    """
    start_ns = (time.time_ns() // 1_000_000_000 - 60) * 1_000_000_000
    films = [_Film(name, start_ns) for name in names]
    films.append(_Film(names[-1], start_ns + AGAIN_S * 1_000_000_000, AGAIN))
    with Archive(root, min_free_bytes=0) as archive:
        for film in films:
            # Room for all: this camera does not wait for the encoder, and what finds no room is dropped.
            recording = archive.record(film.channel, film, memory_bytes=1 << 28)
            recording.wait(120)
            recording.close()
        found = [Box(x, 0.2, 0.1, 0.1) for x in (0.1, 0.4, 0.7)]
        begin_s, end_s = (start_ns / 1e9 + each for each in FOUND_S)
        archive.add_figures(names[0], begin_s, end_s, found)
    return root, start_ns / 1e9
