from __future__ import annotations

from pathlib import Path

import pytest

from rushes.stream.work.progress import Progress


def test_what_was_reached_is_known_after_a_restart(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "progress.json"
    made = Progress(place)
    assert made.known_of(1, "a") == (0, [])
    made.reached(1, "a", 7, [9])
    made.reached(1, "b", 2, [])
    again = Progress(place)
    assert again.known_of(1, "a") == (7, [9])
    assert again.known_of(1, "b") == (2, [])
    assert again.known_of(2, "a") == (0, [])


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"1/a": 3}', b'{"1/a": [1, "x"]}'])
def test_a_file_that_cannot_be_read_counts_as_none(tmp_path: Path, text: bytes) -> None:
    place = tmp_path / "progress.json"
    place.write_bytes(text)
    made = Progress(place)
    assert made.known_of(1, "a") == (0, [])
    made.reached(1, "a", 1, [])
    assert Progress(place).known_of(1, "a") == (1, [])


def test_the_runs_that_were_not_heard_of_for_longest_are_forgotten(tmp_path: Path) -> None:
    place = tmp_path / "progress.json"
    made = Progress(place)
    for run in range(64):
        made.reached(run, "a", 1, [])
    made.reached(0, "a", 2, [])
    made.reached(64, "a", 1, [])
    again = Progress(place)
    assert again.known_of(0, "a") == (2, [])
    assert again.known_of(1, "a") == (0, [])
    assert again.known_of(64, "a") == (1, [])
