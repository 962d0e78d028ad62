"""The station streams what it shows, whatever is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rushes import Gap, Receiver
from rushes.testing import read_card
from rushes.wire.keys import new
from tests.test_up import COMMAND, PATIENCE_S, eventually, running
from tests.test_up_records import CARD, ended


def streamer(pid):
    """The process that streams."""
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(OSError, IndexError):
                if Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[-2] == b"streamer":
                    return int(child)
    return None


class Watching:
    """A receiver on a thread: each frame's number and what its card says."""

    def __init__(self, endpoint, **options):
        self._receiver = Receiver(endpoint, **options).start()
        self.seen, self.tracks = [], set()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        for frame in self._receiver.frames():
            if not isinstance(frame, Gap):
                card = read_card(frame.to("bgr24").array)
                assert card is not None
                self.seen.append((frame.number, card[0], frame.captured_ns // 1_000_000 % 2**32 - card[1]))
                self.tracks.add((frame.channel, frame.track))

    def end(self):
        self._receiver.stop()
        self._thread.join()
        stats = self._receiver.stats()
        self._receiver.close()
        assert stats.adds_up
        return stats

    def check(self):
        numbers = [number for number, _, _ in self.seen]
        assert numbers == sorted(set(numbers)), "each comes once, in order"
        assert all(number == card for number, card, _ in self.seen)
        assert {late for _, _, late in self.seen} == {0}


@contextlib.contextmanager
def watching(endpoint, **options):
    made = Watching(endpoint, **options)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def endpoint():
    return f"ipc://test-up-{os.getpid()}-{threading.get_ident() % 1000}"


def check_stream(report, edges, channels=("card",)):
    """Adds up, and what the depots counted for the streamer is what it had to send."""
    (wire,) = report["stream"]["edges"]
    assert wire["edge"] == "streamer -> wire"
    assert wire["adds_up"]
    out_of = [edges[f"{name} -> {name} streamer"] for name in channels]
    assert wire["offered"] == sum(edge["delivered"] for edge in out_of) > 0
    assert wire["waiting"] == 0
    assert all(edge["waiting"] == 0 and edge["adds_up"] for edge in out_of)
    return wire


@pytest.mark.parametrize("way", ["", "?shm=no"], ids=["shared memory", "coded"])
def test_a_receiver_gets_each_frame_in_order_as_it_was_drawn(endpoint, way):
    with running(CARD, "--json", "--stream", endpoint) as (process, _), watching(endpoint + way) as seen:
        eventually(lambda: len(seen.seen) > 40, "frames come")
        report, edges = ended(process)
    seen.check()
    assert seen.tracks == {("card", "card")}
    wire = check_stream(report, edges)
    assert wire["delivered"] >= len(seen.seen)
    assert set(wire["dropped"]) <= {"no receiver", "full"}  # full: the encoders had no time on a busy machine
    assert report["stream"]["endpoint"] == endpoint
    assert (report["stream"]["bytes"] > 0) == (way != "")
    assert report["restarts"]["streamer"] == 0


def test_each_channel_is_a_track_and_a_slow_one_has_its_turn(endpoint):
    sources = ["--source", "card=testcard:320x180@30", "--source", "slow=testcard:320x180@5"]
    with (
        running_many(*sources, "--json", "--stream", endpoint) as process,
        watching(f"{endpoint}?track=slow&shm=no") as slow,
        watching(f"{endpoint}?track=card&shm=no") as card,
    ):
        eventually(lambda: len(slow.seen) > 8 and len(card.seen) > 40, "frames of both come")
        report, edges = ended(process)
    slow.check()
    card.check()
    assert slow.tracks == {("slow", "slow")}
    numbers = [number for number, _, _ in slow.seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    check_stream(report, edges, ["card", "slow"])


@contextlib.contextmanager
def running_many(*arguments):
    """``rushes up`` with more than the one channel that ``running`` knows."""
    process = subprocess.Popen(
        [*COMMAND, "up", "--no-record", "--bind", "off", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()  # its children end with it
        process.communicate()


@pytest.mark.parametrize("way", ["ipc", "tcp"])
def test_a_killed_streamer_is_healed_and_what_it_had_is_counted(endpoint, way):
    """Through shared memory by ipc, coded by tcp, where the system chooses a port that has to stay."""
    asked = endpoint if way == "ipc" else "tcp://127.0.0.1:0"
    with contextlib.ExitStack() as stack:
        process, _ = stack.enter_context(running(CARD, "--json", "--stream", asked))
        if way == "tcp":
            port = eventually(lambda: listening(streamer(process.pid)), "it listens")
            endpoint = f"tcp://127.0.0.1:{port}?shm=no"
        seen = stack.enter_context(watching(endpoint))
        eventually(lambda: len(seen.seen) > 20, "frames come")
        pid = streamer(process.pid)
        os.kill(pid, signal.SIGKILL)
        last = seen.seen[-1][0]
        eventually(lambda: seen.seen[-1][0] > last + 40, "frames come again")
        assert streamer(process.pid) not in (None, pid)
        report, edges = ended(process)
    seen.check()
    wire = check_stream(report, edges)
    assert report["restarts"]["streamer"] == 1
    assert report["restarts"]["card source"] == 0
    assert wire["dropped"]["stage down"] > 0


def test_with_keys_only_those_who_are_allowed_see_it(tmp_path):
    keys = tmp_path / "keys"
    new(keys)
    with running(CARD, "--json", "--stream", "tcp://127.0.0.1:0", "--keys", str(keys)) as (process, _):
        port = eventually(lambda: listening(streamer(process.pid)), "it listens")
        with watching(f"tcp://127.0.0.1:{port}", keys=keys) as seen:
            eventually(lambda: len(seen.seen) > 5, "frames come")
        report, edges = ended(process)
    seen.check()
    assert report["stream"]["endpoint"] == f"tcp://127.0.0.1:{port}"
    check_stream(report, edges)


def listening(pid):
    """The TCP port that a process listens at."""
    if pid is None:
        return None
    with contextlib.suppress(OSError):
        inodes = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                return int(fields[1].rpartition(":")[2], 16)
    return None


def test_without_it_the_depot_can_be_watched_as_it_is_said():
    with running_many(CARD) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "shm://" in line)
        with watching(said.split()[-1]) as seen:
            eventually(lambda: len(seen.seen) > 10, "frames come")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "every frame is accounted for" in out
    seen.check()


def test_an_address_that_is_taken_ends_it_before_anything_starts(endpoint):
    command = [
        sys.executable,
        "-m",
        "rushes",
        "up",
        CARD,
        "--no-record",
        "--for",
        "60s",
        "--stream",
        endpoint,
    ]
    with running(CARD, "--stream", endpoint):
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2
    assert "taken" in done.stderr
    assert "-> depot" not in done.stdout, "no source has begun"


def test_the_end_of_a_station_ends_its_stream():
    command = [
        *COMMAND,
        "up",
        CARD,
        "--no-record",
        "--bind",
        "off",
        "--for",
        "1s",
        "--stream",
        "tcp://127.0.0.1:0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert 'rushes recv "tcp://127.0.0.1:' in done.stdout
    assert "streamer -> wire" in done.stdout
