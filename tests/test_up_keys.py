"""The station in a terminal: its keys do what they say, and the terminal is as it was afterwards."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import termios
import threading
from pathlib import Path

import pytest

from rushes import Archive
from rushes.archive.recovery import Recovered
from rushes.testing import read_card
from tests.test_up import COMMAND, PATIENCE_S, eventually

CARD = "--source=card=testcard:640x360@30"


class Terminal:
    """``rushes up`` in a terminal of its own, and what it wrote there."""

    def __init__(self, folder, *arguments, record=False):
        self.ours, self._theirs = pty.openpty()
        self.before = termios.tcgetattr(self._theirs)
        self.process = subprocess.Popen(
            [*COMMAND, "up", *([] if record else [CARD, "--no-record"]), "--bind", "off", *arguments],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
            cwd=folder,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )
        self._written, self._reading = b"", True
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        with contextlib.suppress(OSError):
            while self._reading:
                if select.select([self.ours], [], [], 0.05)[0]:
                    self._written += os.read(self.ours, 4096)

    @property
    def text(self):
        return self._written.decode(errors="replace")

    def shows(self, pattern):
        return eventually(lambda: re.search(pattern, self.text), f"{pattern!r} in {self.text[-2000:]!r}")

    def press(self, key):
        os.write(self.ours, key)

    def modes(self):
        return termios.tcgetattr(self._theirs)

    def hang_up(self):
        """As a window that is closed."""
        os.close(self._theirs)
        self._stop_reading()
        os.close(self.ours)
        self.ours = self._theirs = -1

    def _stop_reading(self):
        self._reading = False
        self._thread.join()

    def close(self):
        self.process.kill()
        self.process.wait()
        if self.ours >= 0:
            os.close(self._theirs)
            self._stop_reading()
            os.close(self.ours)


@pytest.fixture
def terminal(tmp_path):
    made = Terminal(tmp_path)
    yield made
    made.close()


def test_keys_take_a_snapshot_kill_a_process_and_quit(terminal, tmp_path):
    terminal.shows(r"live .*\[q\] quit \[s\] snapshot \[k\] kill a process")
    assert not terminal.modes()[3] & termios.ICANON, "keys come at once"
    terminal.press(b"s")
    path = tmp_path / terminal.shows(r"snapshot of card: (\S.*?\.jpg)")[1]
    assert path.parent == tmp_path / "rushes-data" / "shots"
    assert picture(path) is not None
    terminal.press(b"k")
    terminal.shows(r"card source \(process \d+\) killed on purpose")
    terminal.shows(r"card source ended: killed by SIGKILL")
    terminal.shows(r"card source is back after \d+\.\d s")
    terminal.press(b"q")
    assert terminal.process.wait(PATIENCE_S) == 0
    terminal.shows("every frame is accounted for")
    terminal.shows("restarts: card source 1")
    assert terminal.modes() == terminal.before


def picture(path):
    import numpy as np
    from PIL import Image

    with Image.open(path) as image:
        return read_card(np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("ask", [b"\x03", signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_as_it_was_however_it_ends(terminal, ask):
    terminal.shows(r"\[q\] quit")
    if isinstance(ask, bytes):
        terminal.press(ask)
    else:
        terminal.process.send_signal(ask)
    assert terminal.process.wait(PATIENCE_S) == 0
    assert terminal.modes() == terminal.before


def test_a_terminal_that_goes_ends_it_in_good_order_though_a_file_could_be_read_again(tmp_path):
    file = tmp_path / "station.toml"
    file.write_text('[[channel]]\nname = "card"\nsource = "testcard:320x180@30"\n[archive]\nmin_free = 0\n')
    terminal = Terminal(tmp_path, str(file), record=True)
    try:
        terminal.shows(r"live .*rec [1-9]")
        terminal.hang_up()
        assert terminal.process.wait(PATIENCE_S) == 0
    finally:
        terminal.close()
    with Archive(tmp_path / "rushes-data") as archive:
        assert archive.recovered == Recovered(), "nothing was left to be mended"
        assert archive.channels() == ["card"]


def test_a_stopped_and_continued_station_hears_keys_again(terminal):
    terminal.shows(r"\[q\] quit")
    terminal.process.send_signal(signal.SIGSTOP)
    eventually(lambda: state(terminal.process.pid) == "T", "it is stopped")
    termios.tcsetattr(terminal._theirs, termios.TCSANOW, terminal.before)  # as a shell does
    terminal.process.send_signal(signal.SIGCONT)
    eventually(lambda: not terminal.modes()[3] & termios.ICANON, "it listens to keys")
    terminal.press(b"q")
    assert terminal.process.wait(PATIENCE_S) == 0


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
