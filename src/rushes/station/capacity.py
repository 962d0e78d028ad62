"""How many cameras a machine takes, by what one frame costs it (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SLOTS", "Camera", "Capacity", "Costs", "Machine", "capacities"]

SLOTS = 16
"""Frames that a channel's depot holds."""
_LEAST_SIDE, _MOST_SIDE, _MOST_FPS = 64, 8192, 240.0


@dataclass(frozen=True, slots=True)
class Camera:
    """What one camera gives, as I420. ConfigError for sides that are odd or not from 64 to 8192, and for a rate that is
    not above 0 and at most 240.
    """

    width: int = 1920
    height: int = 1080
    fps: float = 30.0

    def __post_init__(self) -> None:
        for option, side in (("--width", self.width), ("--height", self.height)):
            if side % 2 or not _LEAST_SIDE <= side <= _MOST_SIDE:
                raise ConfigError(
                    f"{option} is {side}; give an even number from {_LEAST_SIDE} to {_MOST_SIDE}",
                    option=option,
                )
        if not 0 < self.fps <= _MOST_FPS:
            raise ConfigError(
                f"--fps is {self.fps:g}; give more than 0 and at most {_MOST_FPS:g}", option="--fps"
            )

    @property
    def frame_bytes(self) -> int:
        """Of one picture as it lies in a depot."""
        return self.width * self.height * 3 // 2


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is. ``memory_bytes``: available; ``shm_bytes``: of it, what depots may take; ``disk_bytes_s``: written
    and on the disk.
    """

    cores: int
    memory_bytes: int
    shm_bytes: int
    disk_bytes_s: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What one frame costs, in seconds of processor time and in bytes; None for what could not be measured.

    ``wake_s``: from the put to another process that has waited; no processor time. ``process_bytes``: memory of a
    process that reads a depot, for which each camera has one.
    """

    put_s: float
    read_s: float
    wake_s: float
    process_bytes: int
    jpeg_s: float
    jpeg_bytes: float
    video_s: float | None = None
    video_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many cameras of one kind, and by each thing that they need. None: not known, ``why`` says the reason.

    ``short``: what is used up first.
    """

    kind: str
    cameras: int | None
    short: str = ""
    by: Mapping[str, float] = field(default_factory=dict)
    why: str = ""


def capacities(camera: Camera, machine: Machine, costs: Costs) -> list[Capacity]:
    """For cameras that are shared between processes, that are recorded as well, or that are viewed live as well."""
    share_s = costs.put_s + costs.read_s
    found = [_capacity("shared between processes", camera, machine, costs, share_s)]
    if costs.video_s is None or costs.video_bytes is None:
        why = "needs PyAV: pip install 'rushes[video]'"
        found.append(Capacity("recorded", None, why=why))
    else:
        # The recorder is a reader of its own.
        each_s = share_s + costs.read_s + costs.video_s
        found.append(_capacity("recorded", camera, machine, costs, each_s, disk_bytes=costs.video_bytes))
    found.append(_capacity("viewed live", camera, machine, costs, share_s + costs.read_s + costs.jpeg_s))
    return found


def _capacity(
    kind: str, camera: Camera, machine: Machine, costs: Costs, each_s: float, *, disk_bytes: float = 0.0
) -> Capacity:
    depot = SLOTS * camera.frame_bytes
    by = {
        "cores": _over(machine.cores, each_s * camera.fps),
        "memory": _over(machine.memory_bytes, depot + costs.process_bytes),
        "shared memory": _over(machine.shm_bytes, depot),
        "disk": _over(machine.disk_bytes_s, disk_bytes * camera.fps),
    }
    finite = {name: most for name, most in by.items() if math.isfinite(most)}
    if not finite:
        return Capacity(kind, None, why="costs nothing that could be measured")
    short = min(finite, key=lambda each: finite[each])
    return Capacity(kind, math.floor(finite[short]), short, finite)


def _over(there: float, each: float) -> float:
    """How often it goes into what there is; what costs nothing that could be measured is never short."""
    return there / each if each > 0 else math.inf
