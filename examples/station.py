"""A station inside a program: a channel is captured, recorded and worked on, and one of its processes is killed.

python examples/station.py [FOLDER]
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

from rushes import Box, Frame, Station


def bright(frame: Frame) -> Frame:
    """Called with frames of the channel, in processes of its own: a box around what is bright."""
    luma = frame.to("gray8").array
    (rows, columns), (high, wide) = (luma > 200).nonzero(), luma.shape[:2]
    if not len(rows):
        return frame
    x, y = float(columns.min() / wide), float(rows.min() / high)
    box = Box(x, y, float(columns.max() / wide) - x, float(rows.max() / high) - y, label="bright")
    return replace(frame, figures=(box,))


def main(folder: Path) -> None:
    """Runs it for some seconds."""
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # where the workers find this file
    config = {
        "station": {"data": str(folder)},
        "web": {"bind": "127.0.0.1:0"},
        "channel": [{"name": "door", "source": "testcard:640x360@25"}],
        "work": [{"name": "bright", "channel": "door", "call": "station:bright"}],
    }
    with Station(config) as station:
        door = station.channels["door"]
        time.sleep(4)
        print(f"{door.name} is {door.state}; the page is at {station.url}")
        shot = door.shot(time.time() - 2)
        print(f"two seconds ago: frame {shot.frame_number}, {len(shot.data)} bytes")
        with urlopen(f"{station.url}/api/pipeline", timeout=10) as answer:
            pids = {each["name"]: each["pid"] for each in json.load(answer)["stages"]}
        os.kill(pids["door source"], signal.SIGKILL)
        time.sleep(3)
        frame = door.newest()
        report = station.stop()
    if report is not None and frame is not None:
        print(f"frame {frame.number} came after {report.restarts['door source']} restart")
        print("every frame is accounted for" if report.adds_up else "the ledger does not add up")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
