"""A shot that was given up leaves no file, makes none later, and takes nobody else's away."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from rushes.errors import JobCancelled
from rushes.shots import landing as landing_module
from rushes.shots.files import write_new
from rushes.shots.folder import Names
from rushes.shots.landing import Landing
from tests.unit.shots.pictures import frame
from tests.unit.shots.test_saver import made

__all__ = ["made"]


@pytest.fixture
def names():
    return Names()


@pytest.fixture
def one(names, tmp_path):
    return Landing(names.hold(tmp_path / "x.jpg"), names)


class Pause:
    """A system call that lets the test act while it is under way."""

    def __init__(self, call, only: Path) -> None:
        self._call, self._only = call, str(only)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, source, target, **more):
        if str(target) == self._only:
            self.reached.set()
            assert self.go_on.wait(30)
        return self._call(source, target, **more)


@pytest.fixture
def pause(monkeypatch):
    """Makes the naming of one file wait."""

    def make(path) -> Pause:
        pause = Pause(os.link, path)
        monkeypatch.setattr(os, "link", pause)
        return pause

    return make


def test_a_file_that_was_kept_stays_and_its_name_is_free(one, names):
    one.write(b"x")
    one.keep()
    assert one.path.read_bytes() == b"x"
    assert not names._held


def test_what_is_given_up_before_is_never_written(one, names, tmp_path, monkeypatch):
    # Not even for an instant: the name may be another's by now.
    monkeypatch.setattr(os, "link", lambda *_: pytest.fail("it got its name"))
    one.give_up()
    assert not names._held
    with pytest.raises(JobCancelled):
        one.write(b"x")
    assert os.listdir(tmp_path) == []


def test_what_is_given_up_before_its_name_is_there_gets_none(one, names, tmp_path, monkeypatch):
    def write(path, data, before_naming):
        return write_new(path, data, lambda: (one.give_up(), before_naming()))

    monkeypatch.setattr(landing_module, "write_new", write)
    with pytest.raises(JobCancelled):
        one.write(b"x")
    assert os.listdir(tmp_path) == []
    assert not names._held


def test_what_is_given_up_afterwards_goes(one, names, tmp_path):
    one.write(b"x")
    one.give_up()
    one.give_up()
    assert os.listdir(tmp_path) == []
    assert not names._held


def test_what_is_given_up_while_it_gets_its_name_goes_and_holds_the_name_until_then(
    one, names, tmp_path, pause
):
    naming, errors = pause(one.path), []

    def write():
        try:
            one.write(b"x")
        except JobCancelled as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    assert naming.reached.wait(30)
    one.give_up()
    second = Landing(names.hold(tmp_path / "x.jpg"), names)
    assert second.path.name == "x (2).jpg"  # the first may still come to be, and be removed
    second.write(b"y")
    second.keep()
    naming.go_on.set()
    thread.join(30)
    assert len(errors) == 1
    assert os.listdir(tmp_path) == ["x (2).jpg"]
    assert not names._held


def test_a_name_is_let_go_once(one, names, tmp_path):
    one.give_up()
    other = names.hold(tmp_path / "x.jpg")
    with pytest.raises(JobCancelled):
        one.write(b"x")
    one.give_up()
    one.keep()
    assert names._held == {os.path.normcase(other)}


def test_a_file_that_another_program_put_there_stays(one, names, tmp_path):
    one.write(b"x")
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    theirs.replace(one.path)
    one.give_up()
    assert one.path.read_bytes() == b"theirs"
    assert not names._held


def test_a_file_that_is_gone_already_is_no_trouble(one, names, caplog):
    one.write(b"x")
    one.path.unlink()
    one.give_up()
    assert not names._held
    assert not caplog.text


def test_a_file_that_cannot_be_removed_is_told_of(one, names, monkeypatch, caplog):
    def refuse(path):
        raise PermissionError(13, "not yours", str(path))

    one.write(b"x")
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse)
        one.give_up()
    assert "cannot be removed" in caplog.text
    assert not names._held


def test_a_disk_that_refuses_lets_the_name_go_with_the_shot(one, names):
    one.path.write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        one.write(b"x")
    one.give_up()
    assert one.path.read_bytes() == b"theirs"
    assert not names._held


def test_a_cancel_after_the_file_is_there_takes_it_away(made, monkeypatch):
    written, go_on = threading.Event(), threading.Event()
    write = Landing.write

    def slow(self, data):
        write(self, data)
        written.set()
        assert go_on.wait(30)

    monkeypatch.setattr(Landing, "write", slow)
    saver = made()
    guid, path = saver.save("gate", file_name="x.jpg")
    assert written.wait(30)
    assert Path(path).exists()
    assert saver.cancel(guid)
    assert not Path(path).exists()  # as soon as the cancel is over
    go_on.set()
    saver.stop()
    assert os.listdir(Path(path).parent) == []
    assert not saver._desk.names._held


@pytest.mark.parametrize("end", ["cancelled", "timed_out"])
def test_a_shot_that_ends_while_its_file_gets_its_name_leaves_none(made, tmp_path, pause, end):
    naming = pause(tmp_path / "x.jpg")
    saver = made({"gate": lambda dt: frame(1), "yard": lambda dt: frame(2)})
    saver.timeout_sec = 0.3 if end == "timed_out" else 20
    guid, path = saver.save("gate", file_name="x.jpg")
    assert naming.reached.wait(30)
    if end == "cancelled":
        saver.cancel(guid)
    assert saver.handle(guid).exception(30) is not None
    assert saver.handle(guid).state == end
    saver.timeout_sec = 20
    other, other_path = saver.save("yard", file_name="x.jpg")
    assert saver.handle(other).result(30).path == other_path != path
    naming.go_on.set()
    saver.stop()
    assert os.listdir(tmp_path) == [Path(other_path).name]
    assert not saver._desk.names._held


def test_the_name_is_held_until_the_file_is_gone(one, names, monkeypatch):
    held = []
    monkeypatch.setattr(landing_module, "_unlink", lambda path, made: held.append(set(names._held)))
    one.write(b"x")
    one.give_up()
    assert held == [{os.path.normcase(one.path)}]
    assert not names._held
