"""``rushes bench``: what this machine can take."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rushes.cli.options import ARCHIVE, Json, console, print_json, table

if TYPE_CHECKING:
    from rushes.station.capacity import Camera, Capacity, Costs, Machine

__all__ = ["bench"]

_Width = Annotated[int, Parameter(help="Pixels of a picture from left to right.")]
_Height = Annotated[int, Parameter(help="And from top to bottom.")]
_Fps = Annotated[float, Parameter(help="Pictures a second.")]
_Data = Annotated[Path, Parameter("--data", help="The folder whose disk recordings would go to.")]


def bench(
    *,
    width: _Width = 1920,
    height: _Height = 1080,
    fps: _Fps = 30.0,
    data: _Data = Path(ARCHIVE),
    json: Json = False,
) -> int:
    """Measure what a camera's pictures cost on this machine, in some ten seconds, and say how many such cameras it
    takes: shared between processes, recorded as well, or viewed live as well; and what is short first.

    Where pictures come from is not in it: a camera's stream has to be decoded, a screen has to be grabbed. Each kind
    is counted as if there were no other. All cores count as free: measure when the machine does nothing else.
    """
    from rushes.station.capacity import Camera, capacities
    from rushes.station.measuring import Effort, measure, measure_machine

    camera, effort = Camera(width, height, fps), Effort()
    machine = measure_machine(data, effort, _say)
    costs = measure(camera, effort, _say)
    found = capacities(camera, machine, costs)
    if json:
        print_json(
            {
                "camera": asdict(camera),
                "machine": asdict(machine),
                "costs": asdict(costs),
                "cameras": [asdict(each) for each in found],
            }
        )
    else:
        _show(camera, machine, costs, found)
    return 0


def _say(what: str) -> None:
    print(f"measuring: {what} …", file=sys.stderr, flush=True)


def _show(camera: Camera, machine: Machine, costs: Costs, found: list[Capacity]) -> None:
    from rushes.limits import format_size

    screen = console()
    screen.print(
        f"A camera of {camera.width}x{camera.height} at {camera.fps:g} pictures a second; each picture takes"
    )
    rows = [
        ("put into a depot", _ms(costs.put_s), format_size(camera.frame_bytes)),
        ("read by another process", _ms(costs.read_s), ""),
        ("  (which is awake", f"{1e6 * costs.wake_s:.0f} µs later)", ""),
        ("coded as JPEG", _ms(costs.jpeg_s), format_size(round(costs.jpeg_bytes))),
    ]
    if costs.video_s is not None and costs.video_bytes is not None:
        rows.append(("coded as H.264", _ms(costs.video_s), format_size(round(costs.video_bytes))))
    screen.print(table(("", "processor time", "bytes"), rows))
    memory, disk = format_size(machine.memory_bytes), format_size(round(machine.disk_bytes_s))
    cores = "1 core" if machine.cores == 1 else f"{machine.cores} cores"
    screen.print(
        f"\nThis machine has {cores}, {memory} of memory to give and a disk that takes {disk} a second, so"
    )
    kinds = [
        (
            each.kind,
            each.why or str(each.cameras),
            each.short,
        )
        for each in found
    ]
    screen.print(table(("cameras that are", "at most", "short first"), kinds))


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.2f} ms"
