"""The ledger, the states, the turns, the budget and the spool."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

import pytest

from rushes import CorruptImage, UnknownName
from rushes.capture.recorder.events import Events
from rushes.capture.recorder.ledger import Ledger
from rushes.capture.recorder.spool import DATA, INDEX, RECORD_BYTES, Spool, SpoolWriter
from rushes.capture.recorder.state import after
from rushes.capture.recorder.turns import Turns
from rushes.capture.recorder.unpacking import unpack


def test_what_turned_out_to_be_lost_moves_from_written_to_dropped() -> None:
    ledger = Ledger()
    for _ in range(5):
        ledger.offer()
        ledger.write()
    ledger.settle(3, "disk full")
    ledger.settle(9, "bad")
    stats = ledger.stats()
    assert (stats.written, dict(stats.dropped)) == (3, {"disk full": 2})
    assert stats.adds_up


def test_the_first_end_wins_and_a_cancel_outdoes_a_stop() -> None:
    assert after("stopping", "end") == "stopping"
    assert after("stopping", "cancel") == "cancelling"
    assert after("cancelling", "stop") == "cancelling"
    assert after("finished", "start") == "finished"


def test_turns_come_in_order_whoever_is_ready_first() -> None:
    turns, seen = Turns(), []
    chance = random.Random(1)

    def work(number: int) -> None:
        time.sleep(chance.random() / 200)
        try:
            with turns.turn(number):
                seen.append(number)
                if number % 3 == 0:
                    raise ValueError
        except ValueError:
            pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == list(range(30))


def spooled(folder: Path, count: int = 5) -> Path:
    with SpoolWriter(folder) as spool:
        for number in range(count):
            spool.append(bytes([number]) * 100, number, 1000 + number)
    return folder


def test_a_spool_reads_up_to_the_last_whole_picture(tmp_path: Path) -> None:
    spooled(tmp_path)
    assert [picture[0] for _, picture in Spool.open(tmp_path)] == [0, 1, 2, 3, 4]
    assert [entry.captured_ns for entry, _ in Spool.open(tmp_path)] == [1000, 1001, 1002, 1003, 1004]
    index = (tmp_path / INDEX).read_bytes()
    (tmp_path / INDEX).write_bytes(index[:-1])
    assert len(Spool.open(tmp_path)) == 4
    (tmp_path / DATA).write_bytes((tmp_path / DATA).read_bytes()[:250])
    assert len(Spool.open(tmp_path)) == 2


def damage(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_damaged_record_hides_no_picture_but_its_own(tmp_path: Path) -> None:
    spooled(tmp_path)
    damage(tmp_path / INDEX, RECORD_BYTES + 5)
    spool = Spool.open(tmp_path)
    assert ([picture[0] for _, picture in spool], spool.damaged) == ([0, 2, 3, 4], 1)
    assert unpack(tmp_path, "jpeg") == 400
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{number:08d}.jpg" for number in (0, 2, 3, 4)
    ]
    assert (tmp_path / "00000004.jpg").read_bytes() == bytes([4]) * 100


def test_unpacking_with_a_damaged_record_can_go_on_after_a_death(tmp_path: Path) -> None:
    spooled(tmp_path)
    damage(tmp_path / INDEX, RECORD_BYTES + 5)

    def die(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(tmp_path, "jpeg", progress=die)
    assert [entry.number for entry in Spool.open(tmp_path).entries] == [0, 2]
    unpack(tmp_path, "jpeg")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{number:08d}.jpg" for number in (0, 2, 3, 4)
    ]


def test_pictures_whose_whole_index_is_damaged_are_left_alone(tmp_path: Path) -> None:
    spooled(tmp_path)
    (tmp_path / INDEX).write_bytes(bytes(5 * RECORD_BYTES - 1) + b"x")
    with pytest.raises(CorruptImage, match="all 5 records"):
        unpack(tmp_path, "jpeg")
    assert (tmp_path / DATA).stat().st_size == 500


def test_a_picture_that_was_damaged_since_is_left_out(tmp_path: Path) -> None:
    spooled(tmp_path)
    data = bytearray((tmp_path / DATA).read_bytes())
    data[250] ^= 1
    (tmp_path / DATA).write_bytes(data)
    assert [entry.number for entry, _ in Spool.open(tmp_path)] == [0, 1, 3, 4]


def test_a_folder_holds_one_spool(tmp_path: Path) -> None:
    spooled(tmp_path)
    with pytest.raises(FileExistsError):
        SpoolWriter(tmp_path)
    assert len(Spool.open(tmp_path)) == 5


def test_unpacking_makes_one_file_of_each_and_takes_no_more_room(tmp_path: Path) -> None:
    spooled(tmp_path)
    told: list[tuple[int, int]] = []
    room: list[int] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        room.append(sum(path.stat().st_size for path in tmp_path.iterdir()))

    assert unpack(tmp_path, "jpeg", progress=progress) == 500
    assert told == [(done, 5) for done in range(1, 6)]
    assert max(room) <= 500 + 5 * 40
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{number:08d}.jpg" for number in range(5)]
    assert (tmp_path / "00000003.jpg").read_bytes() == bytes([3]) * 100


@pytest.mark.parametrize("when", range(1, 13))
def test_a_death_while_unpacking_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    """At each step that changes the disk: the files before it are done, those after it are not."""
    spooled(tmp_path)
    steps = [0]

    class Died(BaseException):
        pass

    def dying(real):
        def step(*arguments, **options):
            steps[0] += 1
            if steps[0] == when:
                raise Died
            return real(*arguments, **options)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying(Path.replace))
        patch.setattr(Path, "write_bytes", dying(Path.write_bytes))
        patch.setattr(Path, "unlink", dying(Path.unlink))
        with pytest.raises(Died):
            unpack(tmp_path, "jpeg")
    whole = {path.name for path in tmp_path.glob("0*.jpg")} | {
        f"{entry.number:08d}.jpg" for entry, _ in Spool.open(tmp_path)
    }
    assert whole == {f"{number:08d}.jpg" for number in range(5)}
    unpack(tmp_path, "jpeg")
    assert {path.name for path in tmp_path.iterdir()} == whole


def test_a_spool_of_which_not_one_picture_is_whole_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spooled(tmp_path, 0)
    (tmp_path / DATA).write_bytes(b"the beginning of one")
    real = Path.unlink
    with monkeypatch.context() as patch:  # a death between the last two steps
        patch.setattr(Path, "unlink", lambda path: path.name == INDEX and real(path))
        unpack(tmp_path, "jpeg")
    assert os.listdir(tmp_path) == [DATA]
    assert unpack(tmp_path, "jpeg") == 0
    assert os.listdir(tmp_path) == []


def test_pictures_without_their_index_are_left_alone(tmp_path: Path) -> None:
    spooled(tmp_path)
    (tmp_path / INDEX).unlink()
    with pytest.raises(FileNotFoundError):
        unpack(tmp_path, "jpeg")
    assert (tmp_path / DATA).stat().st_size == 500


def test_no_frame_is_told_after_the_end() -> None:
    events, told = Events(), []
    for name in ("frame_changed", "capture_stopped", "capture_finished"):
        events.on(name, lambda *values, name=name: told.append(name))
    for name, values in (("frame_changed", (0,)), ("capture_stopped", ()), ("frame_changed", (1,))):
        events.tell(name, *values)
    events.tell("capture_finished", None)
    events.finish()
    events.start()
    events.join(30)
    assert told == ["frame_changed", "capture_stopped", "capture_finished"]


def test_what_cannot_be_unpacked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        unpack(tmp_path, "jpeg")
    with pytest.raises(UnknownName, match="jpeg"):
        unpack(tmp_path, "jpg")
    assert os.listdir(tmp_path) == []
