"""What the binding takes away with each signal is given back."""

from __future__ import annotations

import sys

from rushes.qt.signals import CaptureSignals, emit


def test_ten_thousand_frames_leave_the_interpreter_whole():
    signals = CaptureSignals()
    seen: list[int] = []
    signals.frame_changed.connect(seen.append)
    emit(signals.frame_changed, 0)
    before = sys.getrefcount(True)
    for number in range(1, 10_000):
        emit(signals.frame_changed, number)
    assert seen == list(range(10_000))
    assert abs(sys.getrefcount(True) - before) < 50, "at 0 the process is aborted"
