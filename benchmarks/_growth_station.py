"""A station of so many test cards, run by the command line, and what its processes take."""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._family import cpu_s, family, kill_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.station.board import Board, BoardReader

PATIENCE_S = 90.0
_LOOK_S = 0.2


@dataclass(frozen=True)
class Spent:
    """What a station has taken and done so far. Seconds of processor time and bytes, by the kind of process."""

    at_s: float
    cpu_s: dict[str, float]
    private: dict[str, int]
    depots: int
    frames: int
    recorded: int
    lost: int
    disk: int


@dataclass(frozen=True)
class Running:
    """A station that is live."""

    pid: int
    folder: Path
    board: BoardReader

    def spent(self) -> Spent:
        found = _read(self.board)
        kinds = {each.pid: each.kind for each in found.stages if each.pid is not None}
        cpu: dict[str, float] = {}
        private: dict[str, int] = {}
        for pid in family(self.pid):
            kind = kinds.get(pid, "parent")
            cpu[kind] = cpu.get(kind, 0.0) + cpu_s(pid, alone=True)
            private[kind] = private.get(kind, 0) + anonymous(pid)
        sources = [each for each in found.edges if each.source.endswith(" source")]
        kept = [each for each in found.edges if each.target == "recorder"]
        behind = [each for each in found.edges if each not in sources]
        return Spent(
            at_s=found.now_ns / 1e9,
            cpu_s=cpu,
            private=private,
            depots=found.memory_bytes,
            frames=sum(each.delivered for each in sources),
            recorded=sum(each.delivered for each in kept),
            lost=sum(sum(each.dropped.values()) for each in behind),
            disk=sum(each.stat().st_size for each in self.folder.rglob("*.mp4")),
        )


@contextlib.contextmanager
def running(channels: int, source: str, *, warm_s: float) -> Iterator[Running]:
    """A station that records so many of these sources and serves a page that nobody looks at."""
    from rushes.station.board import BoardReader

    name = f"growth-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="growth-bench-") as made:
        folder = Path(made)
        (folder / "station.toml").write_text(_config(name, channels, source))
        log = (folder / "said").open("w+")
        line = [sys.executable, "-m", "rushes", "up", "station.toml", "--json"]
        process = subprocess.Popen(line, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            board = BoardReader(name, wait_s=PATIENCE_S)
            with contextlib.closing(board):
                _until_live(board, channels, process)
                time.sleep(warm_s)
                yield Running(process.pid, folder / "data", board)
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_S)
        finally:
            if process.poll() is None:
                kill_tree(process.pid)
                process.wait()
            log.close()


def anonymous(pid: int) -> int:
    """Bytes of memory that are this process's own: what it shares through depots and files is left out."""
    with contextlib.suppress(OSError):
        for each in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if each.startswith("Anonymous:"):
                return int(each.split()[1]) << 10
    return 0


def _config(name: str, channels: int, source: str) -> str:
    tables = [
        f'[station]\nname = "{name}"\ndata = "data"\n',
        '[budget]\nmemory = "8 GiB"\ndisk = "8 GiB"\n',
        # Whichever port is free: a port of one's own choosing could be taken meanwhile.
        f'[web]\nbind = "127.0.0.1:{_free_port()}"\n',
    ]
    tables += [f'[[channel]]\nname = "cam{at}"\nsource = "{source}"\n' for at in range(channels)]
    return "\n".join(tables)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _until_live(board: BoardReader, channels: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        found = board.read()
        if found is not None:
            # A station that is beyond what the machine can do has channels that are late.
            there = [each for each in found.channels if each.state in ("live", "late")]
            recorded = {each.channel for each in found.edges if each.target == "archive" and each.delivered}
            if len(there) == len(recorded) == channels:
                return
        time.sleep(_LOOK_S)
    raise RuntimeError(f"a station of {channels} channels did not come to life")


def _read(board: BoardReader) -> Board:
    found = board.read()
    if found is None:
        raise RuntimeError("the station shows nothing")
    return found
