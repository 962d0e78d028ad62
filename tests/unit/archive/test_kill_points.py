"""SIGKILL between any two steps of deleting and of moving: nothing is lost, and the next sweep leaves no trace."""

from __future__ import annotations

import json
import os
import signal

import pytest

from rushes.archive.cold import ColdStore
from rushes.archive.garbage import Left, sweep
from rushes.archive.pruning import Pruner
from rushes.archive.retention import Limits
from rushes.testing import ManualClock
from tests.support.processes import script
from tests.support.small_archive import SIZE, SmallArchive

pytest.importorskip("obstore", reason="the extra s3 is not installed")

NURSERY = """
import json, traceback
from pathlib import Path
from rushes.archive import garbage
from rushes.archive.cold import ColdStore
from rushes.archive.moving import Mover
from rushes.archive.index import Index
from rushes.archive.pruning import Pruner
from rushes.archive.retention import Limits
from rushes.testing import ManualClock
from tests.support.small_archive import SECOND, SIZE, START, SmallArchive

steps = last = 0

def step(function):
    def counted(*arguments, **options):
        global steps
        if steps == last:
            print("killed before", function.__name__, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1
        result = function(*arguments, **options)
        if steps == last:
            print("killed after", function.__name__, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1
        return result
    return counted

for owner, names in (
    (Index, ("remove_segment", "to_cold", "forget_garbage")),
    (ColdStore, ("put", "delete")),
    (garbage, ("_unlink",)),
):
    for name in names:
        setattr(owner, name, step(getattr(owner, name)))

def go(place, work):
    cold = ColdStore(str(place / "cold"))
    archive = SmallArchive(place / "archive")
    late = ManualClock(START + 3600 * SECOND)
    if work == "delete":
        Pruner(archive.root, archive.index, Limits(max_bytes=2 * SIZE), late).prune()
    elif work == "move":
        Mover(archive.root, archive.index, cold, 60).move_due(START + 7200 * SECOND, 2)
    else:
        Pruner(archive.root, archive.index, Limits(max_age_s=3600 - 90), late, cold).prune()
    print("done", flush=True)

for line in sys.stdin:
    place, work, last = json.loads(line)
    pid = os.fork()  # nothing was used yet, so there are no threads
    if pid == 0:
        try:
            go(Path(place), work)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

# How many steps each takes, as each of its two segments does so many; both ends of a step are kill points.
STEPS = {"delete": 3, "move": 4, "delete cold": 3}
POINTS = [(work, point) for work, steps in STEPS.items() for point in range(4 * steps)]


def prepared(place, work):
    with SmallArchive(place / "archive") as archive:
        for minute in range(4):
            archive.add(minute)
        if work == "delete cold":
            cold = ColdStore(str(place / "cold"))
            for segment in archive.index.oldest_closed(3):
                cold.put(segment.path, archive.root / segment.path)
                archive.index.to_cold(segment.id, segment.path)
            assert sweep(archive.root, archive.index, cold) == Left([])


def settled(place):
    """What is there after the next start has swept, all of it readable; nothing is there that nobody knows."""
    cold = ColdStore(str(place / "cold"))
    with SmallArchive(place / "archive") as archive:
        archive.check(cold)  # before anything is swept: what the index knows can be read at any time
        sweep(archive.root, archive.index, cold)
        archive.check(cold)
        assert (archive.index.garbage(), archive.index.cold_garbage()) == ([], [])
        segments = list(archive.index.segments())
        assert archive.files() == sorted(each.path for each in segments if not each.cold)
        return archive.index.usage(), {each.cold for each in segments if each.cold}


def stored(place):
    place = place / "cold"
    return {
        os.path.relpath(os.path.join(folder, name), place)
        for folder, _, names in os.walk(place)
        for name in names
    }


@pytest.fixture(scope="module")
def life():
    """What a process says last, and its exit code: of one that does such work, and is killed at such a point."""
    with script(NURSERY) as nursery:  # has loaded everything once, and forks

        def life(place, work, point):
            nursery.say(json.dumps([str(place), work, point]))
            return nursery.line(), int(nursery.line())

        yield life


@pytest.mark.parametrize(("work", "point"), POINTS)
def test_a_kill_at_any_step(life, tmp_path, work, point):
    prepared(tmp_path, work)
    said, code = life(tmp_path, work, point)
    assert said.startswith("killed"), said
    assert code == -signal.SIGKILL

    usage, keys = settled(tmp_path)
    if work == "move":
        # An upload whose row was not written yet is a second copy; moving it again puts it in its place.
        assert usage.segments + usage.cold_segments == 4
        assert keys <= stored(tmp_path)
        with SmallArchive(tmp_path / "archive") as archive:
            cold = ColdStore(str(tmp_path / "cold"))
            Pruner(archive.root, archive.index, Limits(max_bytes=2 * SIZE), ManualClock(), cold).prune()
        usage, keys = settled(tmp_path)
        assert usage.segments + usage.cold_segments == 4
    assert stored(tmp_path) == keys


@pytest.mark.parametrize("work", STEPS)
def test_there_are_no_more_steps_than_that(life, tmp_path, work):
    prepared(tmp_path, work)
    assert life(tmp_path, work, 4 * STEPS[work]) == ("done", 0)
    usage, keys = settled(tmp_path)
    assert usage.segments + usage.cold_segments == (4 if work == "move" else 2)
    assert stored(tmp_path) == keys
