from __future__ import annotations

from pathlib import Path

from rushes.wire.hub_disk import Disk

NO_ROOM = "[7] 2026/01/01 10:00:00.000000 [ERR] JetStream failed to store a msg: no space left on device\n"


def test_a_server_is_stuck_once_it_has_said_that_it_could_not_write(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    disk = Disk(tmp_path, log)
    assert not disk.stuck(7)
    log.write_text("[7] 2026/01/01 10:00:00.000000 [INF] Server is ready\n")
    assert not disk.stuck(7)
    with log.open("a") as file:
        file.write(NO_ROOM[:40])
        file.flush()
        assert not disk.stuck(7)
        file.write(NO_ROOM[40:])
    assert disk.stuck(7)
    assert disk.stuck(7)
    assert not disk.stuck(8)  # the one that was started after it


def test_what_an_earlier_server_said_is_not_held_against_the_next(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    log.write_text(NO_ROOM)
    assert not Disk(tmp_path, log).stuck(8)


def test_a_log_that_was_put_aside_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    log.write_text("[7] x [INF] nothing\n" * 100)
    disk = Disk(tmp_path, log)
    assert not disk.stuck(7)
    log.write_text(NO_ROOM)
    assert disk.stuck(7)


def test_there_is_room_or_there_is_not(tmp_path: Path) -> None:
    assert Disk(tmp_path, tmp_path / "hub.log").roomy
