"""Files that are no depot, file systems that are too small, forks: typed errors, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rushes import (
    ConfigError,
    Depot,
    DepotError,
    RushesError,
    SegmentMismatch,
    UnknownName,
    list_depots,
    sweep,
)
from rushes._native import layout
from tests.support.pictures import picture
from tests.support.processes import script

Make = Callable[..., Depot]


@pytest.fixture
def image(make: Make, place: Path) -> Iterator[tuple[Path, bytes]]:
    """A place in the folder and the bytes of a sound depot to spoil there."""
    depot = make("sound")
    depot.put(picture(1))
    spoilt = place / "spoilt"
    yield spoilt, (place / "sound").read_bytes()
    spoilt.unlink(missing_ok=True)


def refused(place: Path, content: bytes) -> str:
    place.write_bytes(content)
    place.chmod(0o600)
    with pytest.raises(SegmentMismatch) as error:
        Depot.attach("spoilt")
    (listed,) = [info for info in list_depots() if info.name == "spoilt"]
    assert listed.trouble
    assert sweep() == []
    with pytest.raises(SegmentMismatch):
        Depot.create("spoilt", shape=(8, 8, 3), replace="stale")
    assert place.read_bytes() == content, "what is not ours must not be changed"
    return str(error.value)


def test_files_that_are_no_depot_are_refused(image: tuple[Path, bytes]) -> None:
    place, good = image
    assert "less than a header" in refused(place, b"")
    assert "no magic" in refused(place, os.urandom(8192))
    assert "cut short" in refused(place, good[:-1])
    assert "cut short" in refused(place, good + b"\0")
    assert "less than a header" in refused(place, good[:100])
    assert "no magic" in refused(place, b"\0" * len(good))
    assert "version" in refused(place, good[:8] + b"\x63\0\0\0" + good[12:])
    # slots, offsets, core kind: each must be caught before anyone follows it
    assert "offsets" in refused(place, good[:24] + b"\x63\0\0\0" + good[28:])
    assert "offsets" in refused(place, good[:56] + b"\xff" * 8 + good[64:])
    assert "core" in refused(place, good[:16] + b"\x09\0\0\0" + good[20:])
    with Depot.create("spoilt", slots=1, shape=(8, 8, 3), replace="always") as depot:
        assert depot.put(picture(1)).stored


@pytest.mark.parametrize("field", ["ndim", "nbytes", "dtype", "meta_len", "dims"])
def test_a_damaged_slot_is_an_error_and_no_crash(make: Make, place: Path, field: str) -> None:
    depot = make("hurt", slots=1)
    depot.put(picture(1), meta={"a": 1})
    at = {"nbytes": 32, "dtype": 56, "ndim": 80, "meta_len": 84, "dims": 88}[field]
    g = layout.geometry(1, 64, 192)
    with open(place / "hurt", "r+b") as file:
        file.seek(g.slots_off + at)
        file.write(b"\xff" * 4)

    def read() -> None:
        lease = depot.newest()
        assert lease is not None
        lease.copy()

    with pytest.raises(RushesError):
        read()


def test_missing_names_list_the_known_ones(make: Make) -> None:
    make("camera-1")
    with pytest.raises(UnknownName, match="did you mean 'camera-1'") as error:
        Depot.attach("camera1")
    assert error.value.known == ("camera-1",)
    with pytest.raises(UnknownName):
        Depot.attach("camera1", wait_s=0.1)
    for bad in ("../evil", "a/b", "", ".hidden", "x" * 101):
        with pytest.raises(ConfigError):
            Depot.attach(bad)
    with pytest.raises(ConfigError):
        Depot.attach("camera-1", mode="w")  # type: ignore[arg-type]


def test_attach_waits_for_a_name_to_appear(core: str, attach: Make) -> None:
    source = """
        time.sleep(0.3)
        depot = Depot.create("late", slots=1, shape=(8, 8, 3))
        input()
    """
    with script(source) as creator:
        assert attach("late", wait_s=60).slots == 1
        creator.say()


def test_taken_names_stay_taken_as_long_as_told(make: Make, attach: Make) -> None:
    first = make("taken")
    first.put(picture(1))
    with pytest.raises(DepotError, match="exists"):
        make("taken")
    with pytest.raises(DepotError, match="in use"):
        make("taken", replace="stale")
    second = make("taken", replace="always")
    assert first.put(picture(2)).stored, "those attached to the old one go on"
    assert len(attach("taken")) == 0
    first.close()
    assert [info.name for info in list_depots()] == ["taken"], (
        "the old one must not remove the new one's name"
    )
    second.unlink()
    second.unlink()
    assert second.put(picture(1)).stored
    assert list_depots() == []


def test_too_many_participants_are_told_and_rows_come_back(make: Make) -> None:
    depot = make("crowd", participants=3)
    others = [Depot.attach("crowd") for _ in range(2)]
    with pytest.raises(DepotError, match="all 3 participant rows"):
        Depot.attach("crowd")
    frames = [depot.frames() for _ in range(3)]
    with pytest.raises(DepotError, match="consumer rows"):
        depot.frames()
    frames[0].close()
    depot.frames()
    others[0].close()
    with Depot.attach("crowd"):
        pass
    others[1].close()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")
def test_a_small_file_system_is_an_error_and_no_bus_error(
    core: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this system does not let root mount a tmpfs")
    try:
        monkeypatch.setenv("RUSHES_SHM_DIR", str(place))
        with pytest.raises(DepotError, match="MiB are free"):
            Depot.create("large", slots=8, slot_bytes=4 << 20)
        assert list(place.iterdir()) == []
        with Depot.create("fits", slots=2, shape=(1 << 20,)) as depot:
            assert depot.put(np.ones(1 << 20, np.uint8)).stored
            with pytest.raises(DepotError, match="MiB"):
                Depot.create("second", slots=6, shape=(1 << 20,))
            assert [info.name for info in list_depots()] == ["fits"]
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_folder_that_others_can_enter_is_refused(
    core: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "open"
    place.mkdir(mode=0o755)
    monkeypatch.setenv("RUSHES_SHM_DIR", str(place))
    with pytest.raises(DepotError, match="0700"):
        Depot.create("exposed", shape=(2, 2))
    place.chmod(0o700)
    with Depot.create("private", shape=(2, 2)):
        assert (place / "private").stat().st_mode & 0o777 == 0o600
    (place / "link").symlink_to("/etc/passwd")
    with pytest.raises(SegmentMismatch):
        Depot.attach("link")


def test_a_full_spill_disk_refuses_the_depot(core: str, tmp_path: Path) -> None:
    with pytest.raises(DepotError, match="MiB"):
        Depot.create(
            "spilling", slots=1, shape=(1 << 26,), when_full="spill", spill_dir=tmp_path, spill_bytes=1 << 50
        )
    assert list(tmp_path.iterdir()) == []
    assert list_depots() == []


FORKED = """
    depot = Depot.create("forked", slots=2, shape=(8, 8, 3), when_full=sys.argv[1],
                         **({"spill_dir": sys.argv[2]} if sys.argv[1] == "spill" else {}))
    depot.put(picture(1))
    lease = depot.newest()
    early = lease.array
    late = depot.newest()
    child = os.fork()
    if child == 0:
        try:
            try:
                late.array
            except ClosedError:
                pass
            else:
                os._exit(3)
            late.release(), lease.release()
            del early
            if depot.put(picture(2)).stored is not True or not shows(depot.newest().array, 2):
                os._exit(4)
            depot.close()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(5)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    holders = [info.count for info in depot.leases()]
    for k in range(10):
        depot.put(picture(50 + k))
    print(code, holders, shows(early, 1), len(depot._core.participants()), flush=True)
"""


@pytest.mark.parametrize("policy", ["drop_oldest", "spill"])
def test_a_forked_child_has_its_own_part_and_none_of_the_parents(core: str, policy: str, disk: Path) -> None:
    with script(FORKED, policy, str(disk)) as parent:
        assert parent.line() == "0 [2] True 1"
        assert parent.wait() == 0
    assert list_depots() == []
    assert list(disk.iterdir()) == []


def test_a_parent_killed_under_a_living_child_counts_as_dead(make: Make) -> None:
    depot = make("lineage", slots=1)
    depot.put(picture(1))
    source = """
        depot = Depot.attach(sys.argv[1])
        lease = depot.newest()
        if os.fork() == 0:
            print(os.getpid(), flush=True)  # from the child: it has let go of the inherited lock by now
        time.sleep(600)
    """
    with script(source, "lineage") as parent:
        child = int(parent.line())
        try:
            assert depot.put(picture(2)).reason == "leased"
            parent.kill()
            assert depot.put(picture(2)).stored, "the inherited lock must not keep the dead parent alive"
        finally:
            os.kill(child, 9)
