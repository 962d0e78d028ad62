"""Shots of moments that were recorded."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rushes import Archive, Box, NoSuchMoment, ShotSaver
from rushes.codecs import still
from rushes.errors import ArchiveCorrupt
from rushes.testing import read_card
from tests.unit.archive.films import STEP, Film, S, T, record, steady


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive", min_free_bytes=0) as archive:
        yield archive


def taken(saver, number, **options):
    """The shot of the moment at which that picture was shown."""
    data: list[bytes] = []
    guid = saver.get("door", (T + number * STEP) / 1e9, callback=data.append, **options)
    shot = saver.handle(guid).result(30)
    saver.wait(30)
    assert data == [shot.data]
    return shot


def test_the_picture_of_the_moment(archive):
    record(archive, "door", steady(80))
    with ShotSaver(channels={"door": archive}) as saver:
        for number in (0, 31, 79):
            shot = taken(saver, number)
            card = read_card(still.decode(shot.data).array)
            assert card is not None
            assert (card[0], shot.frame_number, shot.captured_ns) == (number, number, T + number * STEP)
            assert (shot.source, shot.figures) == ("archive", False)
            assert shot.age_s > 0


def test_with_figures_only_when_asked_for(archive):
    record(archive, "door", steady(50), figures={10: (Box(0.1, 0.1, 0.5, 0.5, label="cat"),)})
    with ShotSaver(channels={"door": archive}) as saver:
        plain, drawn = taken(saver, 12), taken(saver, 12, figures=True)
        assert (plain.figures, drawn.figures) == (False, True)
        first, second = (still.decode(each.data).array.astype(int) for each in (plain, drawn))
        assert abs(first - second).max() > 100


def test_the_file_is_named_after_the_moment(archive, tmp_path):
    record(archive, "door", steady(30))
    with ShotSaver(channels={"door": archive}) as saver:
        guid, path = saver.save(
            "door", T / 1e9 + 1, file_name="%H-%M-%S {channel.name}.png", file_path=f"{tmp_path}/shots/"
        )
        saver.handle(guid).result(30)
    assert path.endswith("-21 door.png")
    card = read_card(still.decode(Path(path).read_bytes()).array)
    assert card is not None
    assert card[0] == 25


def test_a_gap_is_an_error_and_no_file(archive, tmp_path):
    record(archive, "door", [*steady(10), *steady(10, T + 60 * S)])
    states = []
    with ShotSaver(channels={"door": archive}, callback=lambda guid, state: states.append(state)) as saver:
        guid, _ = saver.save("door", T / 1e9 + 30, file_path=f"{tmp_path}/shots/")
        error = saver.handle(guid).exception(30)
        assert isinstance(error, NoSuchMoment)
        assert (error.before_ns, error.after_ns) == (T + 9 * STEP, T + 60 * S)
    assert states == ["in_queue", "saving", "error"]
    assert not list(tmp_path.rglob("*.jpg"))


def test_damage_is_an_error(archive):
    record(archive, "door", steady(30))
    (file,) = archive.path.rglob("*.mp4")
    file.write_bytes(bytes(file.stat().st_size))
    with ShotSaver(channels={"door": archive}) as saver:
        guid = saver.get("door", T / 1e9, callback=lambda data: None)
        assert isinstance(saver.handle(guid).exception(30), ArchiveCorrupt)


def test_while_it_is_recorded(archive):
    film = Film(steady(60), hold=55)
    recording = archive.record("door", film)
    assert film.reached.wait(30)
    with ShotSaver(channels={"door": archive}) as saver:
        assert taken(saver, 20).frame_number == 20
        film.go_on()
        assert recording.wait(30)
        assert taken(saver, 59).frame_number == 59


def test_many_at_once_are_all_right(archive):
    record(archive, "door", steady(100), segment_s=1)
    wrong, told = [], threading.Semaphore(0)

    def look(number):
        def check(data):
            card = read_card(still.decode(data).array)
            if card is None or card[0] != number:
                wrong.append((number, card))
            told.release()

        return check

    with ShotSaver(8, channels={"door": archive}) as saver:
        for number in range(0, 100, 3):
            saver.get("door", (T + number * STEP) / 1e9, callback=look(number))
        assert saver.wait(60)
    assert sum(told.acquire(blocking=False) for _ in range(40)) == 34
    assert wrong == []
