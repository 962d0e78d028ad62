"""A program that ends while it records, well or badly, neither hangs nor loses what was recorded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
from PySide6.QtCore import QCoreApplication, QTimer
from rushes.qt import CaptureController, controller
from tests.unit.qt.doubles import Recorder

recorder = controller.open_recorder = Recorder()
app = QCoreApplication([])
capture = CaptureController()
said = recorder.stop
def stop():
    said()
    recorder.thread.join()
    print("kept", recorder.summary.reason, flush=True)
recorder.stop = stop
capture.start(None, 80)
capture.frame_changed.connect(lambda number: print("frame", number, flush=True))
"""
ENDINGS = {
    "quits": "QTimer.singleShot(300, app.quit); sys.exit(app.exec())",
    "leaves": "sys.exit(0)",
    "fails": "raise ValueError('a mistake of the program')",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_that_ends_while_recording(ending):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + ENDINGS[ending]],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "kept stopped" in done.stdout, done.stderr
    assert done.returncode == (1 if ending == "fails" else 0), done.stderr
    assert ("frame 2" in done.stdout) == (ending == "quits")
    assert ("ValueError" in done.stderr) == (ending == "fails")
