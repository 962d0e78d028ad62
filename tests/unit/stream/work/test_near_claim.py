"""How far a receiver of this machine has come: the last whole note, whatever becomes of its process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rushes.stream.work import near_claim
from rushes.stream.work.near_claim import NearClaim


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(near_claim, "ipc_folder", lambda: tmp_path)
    return tmp_path


def noted(*texts: bytes) -> None:
    claim = NearClaim("a")
    for text in texts:
        assert claim.note(text, lambda: None).is_set()
    claim.close()
    claim.close()


def left() -> bytes:
    claim = NearClaim("a")
    claim.close()
    return claim.text


def test_nothing_was_noted_at_first(folder: Path) -> None:
    assert left() == b""


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_last_note_is_what_the_next_receiver_finds(folder: Path, count: int) -> None:
    noted(*(b"note %d" % number * (5 - number) for number in range(count)))
    assert left() == b"note %d" % (count - 1) * (6 - count)


def test_the_next_receiver_goes_on_counting(folder: Path) -> None:
    noted(b"one", b"two")
    noted(b"three")
    assert left() == b"three"


@pytest.mark.parametrize("upto", [0, 3, 20, 29, 33])
def test_a_note_that_was_cut_off_leaves_the_one_before(folder: Path, upto: int) -> None:
    noted(b"the first")
    whole = os.stat(folder / "a+progress").st_size
    noted(b"the second")
    file = folder / "a+progress"
    with file.open("r+b") as damaged:
        at = 0  # the second turn's place
        damaged.seek(at + upto)
        damaged.write(b"\xff" * 5)
    assert whole > near_claim._APART
    assert left() == b"the first"


def test_then_is_called_also_after_the_close(folder: Path) -> None:
    claim = NearClaim("a")
    claim.close()
    called: list[int] = []
    claim.note(b"late", lambda: called.append(1))
    assert called == [1]
    assert left() == b""
