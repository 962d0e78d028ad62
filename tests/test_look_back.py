"""The example of looking back, as a newcomer runs it, and as one who kills it."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from pathlib import Path

from rushes import Archive, UnknownName
from rushes.codecs import still
from rushes.errors import ArchiveError
from rushes.testing import read_card

EXAMPLE = Path(__file__).parents[1] / "examples" / "look_back.py"


def look_back(folder: Path) -> list[str]:
    run = subprocess.run(
        [sys.executable, str(EXAMPLE), str(folder)], capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def known(folder: Path) -> int | None:
    """The moment of the first picture, once its group is in the file and in the index."""
    with contextlib.suppress(ArchiveError, UnknownName), Archive(folder, mode="r") as archive:
        return archive.stats().oldest_ns
    return None


def test_it_finds_what_it_recorded(tmp_path):
    then, written, year, strip, clip, sound = look_back(tmp_path)
    frame = re.fullmatch(r"two seconds ago: frame (\d+), captured (\d+) ms before that moment", then)
    assert frame is not None
    card = read_card(still.decode((tmp_path / "then.jpg").read_bytes()).array)
    assert card is not None
    assert card[0] == int(frame[1])
    assert re.fullmatch(r"written (\d+) of \1 frames, 0 dropped", written)
    assert year == "a year ago: nothing, the first picture came later"
    assert re.fullmatch(r"a strip of [1-4] pictures of 160 pixels", strip)
    assert re.fullmatch(r"last.mp4: \d+ frames, copied", clip)
    assert sound == "all sound"


def test_it_goes_on_after_it_was_killed(tmp_path):
    with subprocess.Popen([sys.executable, str(EXAMPLE), str(tmp_path)], stdout=subprocess.DEVNULL) as first:
        began = time.monotonic()
        while (first_ns := known(tmp_path)) is None:
            assert time.monotonic() - began < 60
            time.sleep(0.05)
        first.kill()
    assert look_back(tmp_path)[-1] == "all sound"
    assert known(tmp_path) == first_ns


def test_it_stays_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 60
