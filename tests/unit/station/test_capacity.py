from __future__ import annotations

from dataclasses import replace

import pytest

from rushes.errors import ConfigError
from rushes.station.capacity import SLOTS, Camera, Machine, capacities
from tests.support.costs import COSTS

CAMERA = Camera(1920, 1080, 10.0)
MACHINE = Machine(cores=4, memory_bytes=64 << 30, shm_bytes=32 << 30, disk_bytes_s=100e6)


def of(machine=MACHINE, costs=COSTS, camera=CAMERA):
    return {each.kind: each for each in capacities(camera, machine, costs)}


def test_where_all_else_is_plenty_the_cores_decide():
    found = of()
    # 4 cores by 10 frames a second of 1.5, 10 and 8 ms.
    assert {kind: each.cameras for kind, each in found.items()} == {
        "shared between processes": 266,
        "recorded": 40,
        "viewed live": 50,
    }
    assert {each.short for each in found.values()} == {"cores"}


@pytest.mark.parametrize(
    ("machine", "kind", "short", "cameras"),
    [
        (replace(MACHINE, disk_bytes_s=1e6), "recorded", "disk", 5),
        (replace(MACHINE, shm_bytes=10 * SLOTS * CAMERA.frame_bytes + 1), "recorded", "shared memory", 10),
        (replace(MACHINE, memory_bytes=1 << 30), "viewed live", "memory", 11),
    ],
)
def test_what_is_short_first_is_named(machine, kind, short, cameras):
    found = of(machine)[kind]
    assert (found.short, found.cameras) == (short, cameras)


def test_the_disk_is_nothing_to_those_that_are_not_recorded():
    found = of(replace(MACHINE, disk_bytes_s=1.0))
    assert "disk" not in found["viewed live"].by
    assert found["recorded"].cameras == 0


def test_without_video_nothing_is_said_of_recording():
    found = of(costs=replace(COSTS, video_s=None, video_bytes=None))["recorded"]
    assert found.cameras is None
    assert "rushes[video]" in found.why


def test_a_camera_twice_as_fast_is_half_as_many():
    assert of(camera=Camera(1920, 1080, 20.0))["recorded"].cameras == 20


def test_what_costs_nothing_is_never_short():
    found = of(costs=replace(COSTS, put_s=0.0, read_s=0.0))["shared between processes"]
    assert found.short == "shared memory"
    assert "cores" not in found.by


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"width": 1921}, "--width"),
        ({"height": 32}, "--height"),
        ({"width": 100_000}, "--width"),
        ({"fps": 0.0}, "--fps"),
        ({"fps": float("nan")}, "--fps"),
        ({"fps": 1000.0}, "--fps"),
    ],
)
def test_a_camera_that_cannot_be_is_refused(options, named):
    with pytest.raises(ConfigError, match=named):
        Camera(**options)
