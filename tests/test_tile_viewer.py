"""The tile viewer, as one who pans and zooms sees it; in a process of its own, as Qt never quite lets go of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
DRIVE = """
import json, sys
from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
import tile_viewer
from rushes import AsyncImageLoader

loads = []
real = tile_viewer.load_tile
tile_viewer.load_tile = lambda tile: loads.append(tile) or real(tile)
app = QApplication([])
with AsyncImageLoader(2) as loader:
    viewer = tile_viewer.Viewer(loader)
    viewer.zoom = 6.0
    viewer.show()
    for _ in range(25):
        QTest.keyClick(viewer, Qt.Key.Key_Right)
    QTest.mousePress(viewer, Qt.MouseButton.LeftButton, pos=QPoint(600, 300))
    for step in range(20):
        QTest.mouseMove(viewer, QPoint(600, 300 - 15 * step))
    before = viewer.mid_x, viewer.mid_y
    wheel = QWheelEvent(QPointF(200, 100), QPointF(200, 100), QPoint(), QPoint(0, -480),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)
    viewer.wheelEvent(wheel)
    while loader.get_pending_count():
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    stats = loader.stats()
    print(json.dumps({"complete": viewer.complete(), "level": viewer.levels()[-1], "before": before,
        "after": (viewer.mid_x, viewer.mid_y), "loads": len(loads), "different": len(set(loads)),
        "first": loads[0][0], "cancelled": stats.cancelled, "pending": stats.pending,
        "adds_up": stats.requested == stats.loaded + stats.cancelled, "tiles": tile_viewer.TILES}))
"""

pytestmark = pytest.mark.skipif(
    find_spec("PySide6") is None, reason="the tile viewer needs PySide6-Essentials: pip install 'rushes[qt]'"
)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        [sys.executable, *words],
        cwd=EXAMPLES,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_screenshot_shows_a_map_without_holes(tmp_path):
    file = tmp_path / "shot.png"
    done = run("tile_viewer.py", "--at", "0.5,0.5,2.4", "--screenshot", str(file))
    assert done.returncode == 0, done.stderr
    with Image.open(file) as picture:
        assert picture.size == (1120, 720)
        colors = picture.convert("RGB").crop((0, 0, 1120, 500)).getcolors(1 << 20)
    assert colors is not None
    assert len(colors) > 5000
    background = sum(count for count, color in colors if color == (0x0B, 0x14, 0x20))
    assert background < 50


def test_panning_and_zooming_ends_complete_and_loads_only_what_is_looked_at():
    done = run("-c", DRIVE)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["tiles"] >= 10_000
    assert seen["complete"]
    assert seen["level"] == 5
    assert seen["before"][0] > 0.5, "the keys moved the map"
    assert seen["before"][1] > 0.5, "the mouse moved the map"
    assert seen["after"] != seen["before"], "the wheel zooms about the pointer"
    assert seen["first"] <= 3, "the coarse ones come first"
    assert seen["cancelled"] > 0
    assert seen["pending"] == 0
    assert seen["adds_up"]
    assert seen["loads"] <= seen["different"] + 4, "only a cancelled load that still runs is begun again"
