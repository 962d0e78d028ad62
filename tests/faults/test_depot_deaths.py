"""SIGKILL and SIGSTOP of those who share a depot: nobody else is hurt, nothing is lost for good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rushes import Depot, list_depots, sweep
from tests.support.pictures import picture, shows
from tests.support.processes import script

Make = Callable[..., Depot]

HOLDER = """
    depot = Depot.attach(sys.argv[1])
    kept = [depot.next(k - 1, timeout_s=5) for k in range(int(sys.argv[2]))]
    print("holding", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("kills", [60, pytest.param(1500, marks=pytest.mark.long)])
def test_a_storm_of_kills_tears_leaks_and_hangs_nothing(core: str, kills: int) -> None:
    program = Path(__file__).with_name("storm.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, str(program), str(kills), "7"],
        capture_output=True, text=True, timeout=280, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["bad"] == [], done.stderr
    assert answer["kills"] >= kills
    assert answer["leases_left"] == 0
    assert answer["every_slot_usable"]
    assert answer["adds_up"]
    assert answer["participants"] == 1
    assert answer["same_size"]
    assert answer["reclaimed_leases"] > 0, "no kill hit a reader with a lease: the storm is too weak"


def test_a_killed_reader_gives_every_slot_back(make: Make) -> None:
    depot = make("killed", slots=3)
    for k in range(3):
        depot.put(picture(k))
    with script(HOLDER, "killed", "3") as holder:
        assert holder.line() == "holding"
        assert depot.put(picture(3)).reason == "leased"
        assert {info.pid for info in depot.leases()} == {holder.pid}
        holder.kill()
        assert depot.put(picture(3)).evicted == 0
    stats = depot.stats()
    assert stats.reclaimed_leases == 3
    assert stats.adds_up


def test_a_blocked_writer_goes_on_when_the_reader_is_killed(make: Make) -> None:
    depot = make("blocked", slots=2, when_full="block")
    source = """
        depot = Depot.attach(sys.argv[1])
        frames = depot.frames("oldest", lossless=True)
        print("reading", flush=True)
        lease = next(frames)
        time.sleep(600)
    """
    with script(source, "blocked") as reader:
        assert reader.line() == "reading"
        for k in range(2):
            depot.put(picture(k))
        assert depot.put(picture(2), timeout_s=0.2).reason == "timeout"
        reader.signal(signal.SIGKILL)
        # With its only lossless consumer dead the writer is told so; it neither hangs nor waits for its time-out.
        assert depot.put(picture(2), timeout_s=60).reason == "no consumer"


def test_a_stopped_reader_stalls_nobody_and_is_not_robbed(make: Make) -> None:
    depot = make("stopped", slots=3)
    depot.put(picture(0))
    with script(HOLDER, "stopped", "1") as holder:
        assert holder.line() == "holding"
        holder.signal(signal.SIGSTOP)
        assert all(depot.put(picture(k)).stored for k in range(1, 50))
        lease = depot.get(0)
        assert lease is not None, "the stopped reader's frame must still be there"
        assert shows(lease.array, 0)


def test_a_stopped_writer_stalls_no_reader(make: Make) -> None:
    depot = make("idle", slots=4)
    source = """
        depot = Depot.attach(sys.argv[1], mode="rw")
        for k in range(3):
            depot.put(picture(k))
        loan = depot.loan()
        print("written", flush=True)
        time.sleep(600)
    """
    with script(source, "idle") as writer:
        assert writer.line() == "written"
        writer.signal(signal.SIGSTOP)
        frames = depot.frames("oldest")
        assert [next(frames).number for _ in range(3)] == [0, 1, 2]
        assert depot.next(2, timeout_s=0.2) is None, "a stopped writer is not a dead one"
        assert all(depot.put(picture(k)).stored for k in range(20))


def test_a_writer_killed_with_a_loan_gives_the_slot_back(make: Make) -> None:
    depot = make("loaned", slots=2)
    source = """
        depot = Depot.attach(sys.argv[1], mode="rw")
        loans = [depot.loan(), depot.loan()]
        print("lent", flush=True)
        time.sleep(600)
    """
    with script(source, "loaned") as writer:
        assert writer.line() == "lent"
        assert depot.put(picture(0)).reason == "full"
        writer.kill()
        assert depot.put(picture(0)).stored
        assert depot.put(picture(1)).stored
    assert depot.stats().reclaimed_slots == 2


def test_the_creator_may_die_and_the_last_one_out_removes_the_name(core: str, attach: Make) -> None:
    source = """
        depot = Depot.create("heir", slots=2, shape=(8, 8, 3))
        depot.put(picture(5))
        print("made", flush=True)
        time.sleep(600)
    """
    with script(source) as creator:
        assert creator.line() == "made"
        reader = attach("heir", mode="rw")
        creator.kill()
    assert [info.name for info in list_depots()] == ["heir"]
    lease = reader.newest()
    assert lease is not None
    assert shows(lease.array, 5)
    assert reader.put(picture(6)).stored
    reader.close()
    assert list_depots() == []


def test_sweep_removes_what_only_the_dead_used(make: Make) -> None:
    make("living")
    source = """
        for name, options in (("lost", {}), ("kept", {"persistent": True})):
            globals()[name] = Depot.create(name, slots=2, shape=(8, 8, 3), **options)
        print("made", flush=True)
        time.sleep(600)
    """
    with script(source) as creator:
        assert creator.line() == "made"
        assert sweep() == []
        creator.kill()
    assert {info.name: info.alive for info in list_depots()} == {"living": True, "lost": False, "kept": False}
    assert sweep(dry_run=True) == ["lost"]
    assert sweep() == ["lost"]
    assert [info.name for info in list_depots()] == ["kept", "living"]
    with Depot.create("kept", slots=1, shape=(2, 2), replace="stale"):
        pass
    assert [info.name for info in list_depots()] == ["living"]


def test_a_stranger_that_attaches_and_exits_removes_nothing(make: Make) -> None:
    depot = make("visited")
    depot.put(picture(1))
    with script("Depot.attach(sys.argv[1]).newest()", "visited") as stranger:
        assert stranger.wait() == 0
    assert [info.name for info in list_depots()] == ["visited"]
    assert depot.put(picture(2)).stored
    assert len(depot._core.participants()) == 1


def test_a_process_that_forgets_to_close_leaves_nothing(core: str) -> None:
    with script(
        "depot = Depot.create('forgotten', slots=1, shape=(8, 8, 3)); depot.put(picture(1))"
    ) as careless:
        assert careless.wait() == 0
    assert list_depots() == []


def test_a_write_through_a_view_kills_the_reader_and_not_the_frame(make: Make) -> None:
    depot = make("guarded")
    depot.put(picture(9))
    source = """
        import ctypes
        lease = Depot.attach(sys.argv[1]).newest()
        print("writing", flush=True)
        ctypes.memset(lease.array.ctypes.data, 0, 8)
        print("survived", flush=True)
    """
    with script(source, "guarded") as vandal:
        assert vandal.line() == "writing"
        assert vandal.wait() == -signal.SIGSEGV
    lease = depot.newest()
    assert lease is not None
    assert shows(lease.array, 9)


def test_memory_stays_as_it_was_made(make: Make, place: Path) -> None:
    depot = make("constant", slots=4)
    file = place / "constant"
    before = file.stat()
    for k in range(2000):
        depot.put(picture(k), meta={"k": k})
    after = file.stat()
    assert (after.st_size, after.st_blocks) == (before.st_size, before.st_blocks)


def test_rows_of_the_dead_come_back(make: Make) -> None:
    make("crowded", participants=2)
    began = time.monotonic()
    for _ in range(4):
        with script(HOLDER, "crowded", "0") as holder:
            assert holder.line() == "holding"
            holder.kill()
    assert time.monotonic() - began < 60
