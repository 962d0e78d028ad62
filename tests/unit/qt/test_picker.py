"""A real mouse draws on a real screen, and what it drew comes back."""

from __future__ import annotations

import json
import time

import pytest

from rushes.errors import ConfigError
from rushes.qt import pick_region
from tests.support.xvfb import xvfb
from tests.unit.qt.display import begin, needs_mouse, xdotool

SIZE = (640, 480)
PICK = """
import json, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from rushes.qt import pick_region
from rushes.qt.picker import _Veil

app = QApplication([]) if "app" in sys.argv else None
def shown(self, event, paint=_Veil.paintEvent):
    paint(self, event)
    if not hasattr(self, "told"):
        self.told = True
        QTimer.singleShot(0, lambda: print("shown", flush=True))
        if "quit" in sys.argv:
            QTimer.singleShot(100, app.aboutToQuit.emit)
_Veil.paintEvent = shown
def pick():
    print(json.dumps(pick_region()), flush=True)
    if app:
        QTimer.singleShot(200, lambda: (print("still here", flush=True), app.quit()))
if app:
    QTimer.singleShot(0, pick)
    app.exec()
else:
    pick()
"""

pytestmark = needs_mouse


def pick(*actions: tuple[str, ...], arguments: tuple[str, ...] = (), **more: str) -> list[str]:
    """What the program says after these movements, each made once the one before has been seen."""
    with xvfb(*SIZE) as screen, begin(screen.name, PICK, *arguments, **more) as program:
        assert program.stdout is not None
        first = program.stdout.readline()
        assert first == "shown\n", program.communicate(timeout=60)[1]
        for action in actions:
            xdotool(screen.name, *action)
            time.sleep(0.05)  # mice do not jump; nothing is waited for here
        out, problems = program.communicate(timeout=60)
        assert program.returncode == 0, problems
        return out.splitlines()


def drag(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[str, ...]]:
    middle = (str((start[0] + end[0]) // 2), str((start[1] + end[1]) // 2))
    there, here = tuple(map(str, end)), tuple(map(str, start))
    return [
        ("mousemove", *here),
        ("mousedown", "1"),
        ("mousemove", *middle),
        ("mousemove", *there),
        ("mouseup", "1"),
    ]


@pytest.mark.parametrize(
    ("start", "end", "region"),
    [
        ((100, 80), (420, 300), [100, 80, 320, 220]),
        ((420, 300), (100, 80), [100, 80, 320, 220]),
        ((0, 0), (SIZE[0] - 1, SIZE[1] - 1), [0, 0, *SIZE]),
    ],
)
def test_what_the_mouse_drew_comes_back_in_screen_pixels(start, end, region):
    assert [json.loads(line) for line in pick(*drag(start, end))] == [region]


def test_a_scaled_desktop_changes_nothing():
    (line,) = pick(*drag((100, 80), (421, 301)), QT_SCALE_FACTOR="2")
    assert json.loads(line) == [100, 80, 321, 221]


def test_a_click_is_not_a_region_and_the_next_drag_counts():
    click = [("mousemove", "50", "50"), ("click", "1")]
    (line,) = pick(*click, *drag((10, 20), (110, 70)))
    assert json.loads(line) == [10, 20, 100, 50]


@pytest.mark.parametrize("action", [("key", "Escape"), ("click", "3")])
def test_who_wants_none_gets_none_and_the_program_goes_on(action):
    assert pick(action, arguments=("app",)) == ["null", "still here"]


def test_quitting_leaves_the_picker_too():
    assert pick(arguments=("app", "quit"))[0] == "null"


def test_another_display_than_the_programs_is_refused():
    with pytest.raises(ConfigError, match="program started there"):
        pick_region(":no-such-display")
