"""Names that are free, however many shots want the same."""

from __future__ import annotations

import os
import threading

import pytest

from rushes.shots.folder import Names


@pytest.fixture
def looks(monkeypatch):
    """Every look at the disk, counted."""
    seen: list[object] = []
    real = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: (seen.append(path), real(path))[1])
    return seen


def test_the_first_free_name_is_taken(tmp_path):
    names = Names()
    for number in (1, 3):
        (tmp_path / (f"x ({number}).jpg" if number > 1 else "x.jpg")).write_bytes(b"")
    assert names.hold(tmp_path / "x.jpg").name == "x (2).jpg"
    held = [names.hold(tmp_path / "x.jpg").name for _ in range(30)]
    assert held == [f"x ({number}).jpg" for number in range(4, 34)]


def test_a_name_that_was_let_go_is_free(tmp_path):
    names = Names()
    first, second = names.hold(tmp_path / "x.jpg"), names.hold(tmp_path / "x.jpg")
    names.free(first)
    assert names.hold(tmp_path / "x.jpg") == first
    names.free(second)
    assert names.hold(tmp_path / "x.jpg") == second


@pytest.mark.parametrize("kept", [False, True])
def test_ten_thousand_of_one_name_are_found_in_steps_that_double(tmp_path, looks, kept):
    names, many = Names(), 10_000 if not kept else 1000
    found = []
    for _ in range(many):
        found.append(names.hold(tmp_path / "x.jpg"))
        if kept:  # its file is there before the next is asked for
            found[-1].write_bytes(b"")
            names.free(found[-1])
    assert len(set(found)) == many
    assert found[-1].name == f"x ({many}).jpg"
    assert len(looks) < many * 40


def test_many_threads_get_names_of_their_own(tmp_path):
    names, found, start = Names(), [], threading.Barrier(6)

    def hold():
        start.wait(30)
        for _ in range(100):
            found.append(names.hold(tmp_path / "x.jpg"))  # noqa: PERF401

    threads = [threading.Thread(target=hold) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(found)) == len(found) == 600


def test_a_file_that_came_between_look_and_hold_is_not_taken(tmp_path, monkeypatch):
    names = Names()
    wanted = tmp_path / "x.jpg"
    add = names._add

    def late(path):
        held = add(path)
        if path == wanted:
            wanted.write_bytes(b"another's")  # its shot has just ended and let go
        return held

    monkeypatch.setattr(names, "_add", late)
    assert names.hold(wanted).name == "x (2).jpg"
    assert len(names._held) == 1
