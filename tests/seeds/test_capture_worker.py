"""What the capture worker's document names, as Qt programs of their own on a real screen.

That document shows no example; these are the programs that its descriptions make. examples/capture_worker_door.py is
another, run by tests/test_capture_worker_door.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.processes import Script, script
from tests.support.xvfb import painted, xvfb

GROUND, BLUE = (0x20, 0x40, 0x60), (0, 0, 0xFF)

# A tool's window, to which the pool belongs: it says what the signals tell, and does what it is told.
TOOL = """
import queue, threading
from PySide6.QtCore import QCoreApplication, QObject, QRect, QTimer
from rushes.compat import capture_worker
from rushes.compat.capture_worker import ThreadPool, clear_temp_dir

capture_worker.temp_capture_dir = sys.argv[1]

class Tool(QObject):
    def __init__(self):
        super().__init__()
        self.pool = ThreadPool(parent=self)
        self.saved = 0
        self.pool.frame_changed.connect(self.on_frame)
        self.pool.pixmap_saved.connect(self.on_saved)
        self.pool.capture_stopped.connect(lambda: print("stopped", flush=True))
        self.pool.capture_cancelled.connect(lambda: print("cancelled", flush=True))
        self.pool.capture_finished.connect(self.on_finished)

    def on_frame(self, number):
        if number == 0:
            print("first frame", flush=True)

    def on_saved(self, number):
        self.saved += 1
        if self.saved == 5:
            print("saved 5", flush=True)

    def on_finished(self):
        print("finished", flush=True)

app = QCoreApplication([])
tool = Tool()
orders = queue.Queue()
threading.Thread(target=lambda: [orders.put(line.strip()) for line in sys.stdin], daemon=True).start()

def look():
    if not orders.empty():
        order = orders.get()
        if order == "start":
            tool.saved = 0
            tool.pool.start(QRect(0, 10, 64, 48), int(sys.argv[2]))
        elif order == "clear":
            clear_temp_dir()
            print("cleared", flush=True)
        elif order == "quit":
            app.quit()
        else:
            getattr(tool.pool, order)()

timer = QTimer()
timer.timeout.connect(look)
timer.start(5)
app.exec()
"""

# Workers as a QThreadPool runs them, and their parts called one by one.
WORKER = """
import queue, threading
from PySide6.QtCore import QRect, QThreadPool
from PySide6.QtGui import QColor, QGuiApplication, QPixmap
from rushes.compat import capture_worker
from rushes.compat.capture_worker import ThreadSignals, Worker

capture_worker.temp_capture_dir = sys.argv[1]
app = QGuiApplication([])
rect = QRect(0, 10, 64, 48)
heard = []
assert isinstance(Worker.inst, ThreadSignals)
for name in ("frame_changed", "pixmap_saved", "capture_cancelled", "capture_stopped", "capture_finished"):
    getattr(Worker.inst, name).connect(lambda *_, name=name: heard.append(name))

def until(done):
    late = time.monotonic() + 60
    while not done():
        assert time.monotonic() < late, heard
        app.processEvents()
        time.sleep(0.005)

def kept():
    return sorted(name for name in os.listdir(sys.argv[1]) if not name.startswith("."))

worker = Worker(rect, 80)
worker.add_writer_workers(thread_count=2, quality=80)
pool = QThreadPool()
pool.start(worker)
until(lambda: heard.count("pixmap_saved") >= 3)
Worker.Stop = True
until(lambda: "capture_finished" in heard)
assert pool.waitForDone(30_000)
print("ran", heard[-2:], len(kept()) >= 3, flush=True)
worker.reset_global_vars()
assert (Worker.Stop, Worker.Cancel) == (False, False)

heard.clear()
status = []
thread = threading.Thread(target=lambda: status.append(worker.capture(rect, capture_rate=0.02)))
thread.start()
until(lambda: heard.count("pixmap_saved") >= 3)
Worker.Cancel = True
until(lambda: "capture_finished" in heard)
thread.join()
print("captured", heard[-2:], status == [Worker.StatusOk], kept(), flush=True)

worker = Worker(rect, 80)
pixmaps = queue.Queue()
for color in ("#ff0000", "#00ff00", "#0000ff"):
    pixmap = QPixmap(32, 24)
    pixmap.fill(QColor(color))
    pixmaps.put(pixmap)
worker.save_pixmaps(pixmaps, 90)
print("saved", kept(), flush=True)
pixmaps.put(pixmap)
worker.clear_queue(pixmaps)
print("empty", pixmaps.empty(), flush=True)
capture_worker.clear_temp_dir()
print("cleared", os.listdir(sys.argv[1]), flush=True)
"""


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    with xvfb() as display, painted(display.name, 0x204060):
        yield display.name


@pytest.fixture(autouse=True)
def on_that_screen(screen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


def until(tool: Script, last: str) -> list[str]:
    lines = [tool.line()]
    while lines[-1] != last:
        assert lines[-1], f"the program ended before it said {last!r}: {lines}"
        lines.append(tool.line())
    return lines


def pictures(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if not each.name.startswith("."))


@pytest.mark.parametrize(("quality", "kind"), [(90, "JPEG"), (-1, "PNG")])
def test_a_pool_captures_until_it_is_stopped_and_keeps_the_pictures(tmp_path, quality, kind):
    with script(TOOL, str(tmp_path / "imgs"), str(quality)) as tool:
        tool.say("start")
        assert until(tool, "saved 5") == ["first frame", "saved 5"]
        tool.say("stop")
        assert until(tool, "finished") == ["stopped", "finished"]
        kept = pictures(tmp_path / "imgs")
        assert len(kept) >= 5
        with Image.open(kept[-1]) as image:
            assert (image.format, image.size) == (kind, (64, 48))
            for place, colour in (((20, 20), BLUE), ((60, 40), GROUND)):
                assert np.abs(np.asarray(image.convert("RGB"), int)[place[::-1]] - colour).max() < 16
        tool.say("clear")
        until(tool, "cleared")
        assert list((tmp_path / "imgs").iterdir()) == []
        tool.say("quit")
        assert tool.wait() == 0


def test_a_cancelled_capture_leaves_no_picture_and_another_may_follow(tmp_path):
    with script(TOOL, str(tmp_path / "imgs"), "80") as tool:
        for end, told in (("cancel", "cancelled"), ("stop", "stopped")):
            tool.say("start")
            assert until(tool, "saved 5") == ["first frame", "saved 5"]
            tool.say(end)
            assert until(tool, "finished") == [told, "finished"]
            assert bool(pictures(tmp_path / "imgs")) is (end == "stop")
        tool.say("quit")
        assert tool.wait() == 0


def test_a_worker_and_its_parts_do_as_they_are_called(tmp_path):
    with script(WORKER, str(tmp_path / "imgs")) as worker:
        lines = until(worker, "cleared []")
        assert worker.wait() == 0
    assert lines == [
        "ran ['capture_stopped', 'capture_finished'] True",
        "captured ['capture_cancelled', 'capture_finished'] True []",
        "saved ['00000000.jpg', '00000001.jpg', '00000002.jpg']",
        "empty True",
        "cleared []",
    ]
