"""A process that records into an archive, killed at any moment and at every step."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.faults.archive_nursery import GOP_S, POINTS, STEP_S

# A group of pictures and the picture that would have ended it, in a process that gets little of the processor.
_LOST_S = 2 * GOP_S + 20 * STEP_S


@pytest.fixture(scope="module")
def nursery():
    """Gives, for a folder, a function that has a child live and die there as told, and says what is left."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.archive_nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    ) as process:
        orders, answers = process.stdin, process.stdout
        assert orders is not None
        assert answers is not None

        def child(**order):
            print(json.dumps(order), file=orders, flush=True)
            return json.loads(answers.readline())

        def begin(folder, seed, limit=0):
            print(json.dumps({"folder": str(folder), "seed": seed, "limit": limit}), file=orders, flush=True)
            return child

        yield begin
        orders.close()


def check(said):
    assert said["killed"], "it ended before it could be killed"
    assert said["ok"], said["trouble"]
    assert (said["wrong"], said["open"], said["garbage"]) == (0, 0, 0)
    assert said["as the index says"]


def storm(child, kills):
    """Each death costs at most one group of pictures."""
    pictures = offered = 0
    for _ in range(kills):
        said = child()
        check(said)
        lost = said["offered"] - (said["pictures"] - pictures)
        pictures, offered = said["pictures"], offered + said["offered"]
        assert lost <= said["offered"]
        assert said["lost_s"] <= _LOST_S or said["offered"] * STEP_S < _LOST_S
    assert offered > kills * 5
    assert pictures > 0


def test_a_storm_of_kills_costs_one_group_of_pictures_each(nursery, tmp_path):
    storm(nursery(tmp_path / "archive", seed=1), kills=6)


@pytest.mark.long
def test_a_long_storm(nursery, tmp_path):
    storm(nursery(tmp_path / "archive", seed=2), kills=100)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_this_step(nursery, point, tmp_path):
    deleting = point in ("row removed", "file deleted", "garbage forgotten")
    recovering = point in ("cut off", "found again")
    child = nursery(tmp_path / "archive", seed=3, limit=300_000 if deleting else 0)
    if recovering:
        # A death that leaves something to be mended, by a process that is killed while it does that.
        assert child(point="fragment written", turn=4, look=False)["killed"]
    said = child(point=point, turn=1 if recovering else 3)
    check(said)
    assert said["pictures"] > 0 or point == "row opened"
    again = child(point="group told", turn=4)
    check(again)
    assert again["pictures"] > said["pictures"] or deleting
