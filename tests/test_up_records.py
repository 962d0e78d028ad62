"""The station records what it shows, whatever is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rushes import Archive, NoSuchMoment, UnknownName
from rushes.errors import ArchiveError
from rushes.testing import read_card
from tests.test_up import COMMAND, PATIENCE_S, eventually, info, running, stages

CARD = "--source=card=testcard:320x180@30"


def recorder(pid):
    """The process that records."""
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(OSError, IndexError):
                if Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[-2] == b"recorder":
                    return int(child)
    return None


def ended(process):
    """The account of a station that is told to end."""
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, error
    report = json.loads(out)
    assert report["adds_up"]
    assert report["problems"] == []
    return report, {edge["edge"]: edge for channel in report["channels"] for edge in channel["edges"]}


def at(folder, t_s):
    """The frame of that moment, once there is an archive that has it."""
    try:
        with Archive(folder, mode="r") as archive:
            return archive.frame_at("card", t_s)
    except (ArchiveError, UnknownName):
        return None


def check(frame, t_s):
    card = read_card(frame.to("bgr24").array)
    assert card is not None
    assert card[0] == frame.number % 2**32
    assert card[1] == frame.captured_ns // 1_000_000 % 2**32
    assert 0 <= t_s - frame.captured_ns / 1e9 < 0.5


def test_two_seconds_ago_can_be_had_while_it_runs_and_everything_afterwards(tmp_path):
    with running(CARD, "--json", record=True, cwd=tmp_path) as (process, _):
        began_s = time.time()
        data = tmp_path / "rushes-data"
        eventually(lambda: time.time() - began_s > 2.5, "time passes")
        then_s = time.time() - 2
        check(eventually(lambda: at(data, then_s), "the moment can be had"), then_s)
        report, edges = ended(process)
    assert report["archive"] == "rushes-data"
    into = edges["card recorder -> archive"]
    assert into["offered"] == into["delivered"] == edges["card -> card recorder"]["delivered"]
    assert into["waiting"] == 0
    assert report["recorded_bytes"] > 0
    with Archive(data, mode="r") as archive:
        (span,) = archive.spans("card")
        numbers = [
            sample.number or 0
            for segment in archive._index.segments()
            for found in archive._index.segment_gops(segment.id)
            for sample in found.gop.samples
        ]
        assert len(numbers) == into["delivered"]
        assert numbers == sorted(set(numbers))  # what came late on a busy machine was not drawn
        assert span.end_ns / 1e9 > then_s
        assert archive.verify().ok


@pytest.mark.parametrize("victim", ["recorder", "card source"])
def test_a_death_costs_no_more_than_it_must(tmp_path, victim):
    data = tmp_path / "rushes-data"
    with running(CARD, "--json", record=True, cwd=tmp_path) as (process, _):
        began_s = time.time()
        eventually(lambda: at(data, began_s), "it records")
        pid = recorder(process.pid) if victim == "recorder" else stages(process.pid)[victim]
        os.kill(pid, signal.SIGKILL)
        eventually(
            lambda: (
                (recorder(process.pid) if victim == "recorder" else stages(process.pid).get(victim))
                not in (None, pid)
            ),
            "another one is there",
        )
        again_s = time.time() + 4
        check(eventually(lambda: time.time() > again_s and at(data, again_s), "it records again"), again_s)
        report, edges = ended(process)
    assert report["restarts"][victim] == 1
    into = edges["card recorder -> archive"]
    if victim == "recorder":
        # Thirty frames are a group of pictures; what was read since the last report is not known to be written.
        assert 0 <= into["dropped"].get("stage down", 0) <= 60
    else:
        assert into["dropped"] == {}
    with Archive(data, mode="r") as archive:
        assert archive.verify().ok
        (_, count) = (archive.stats(), sum(1 for _ in archive._index.segments()))
        assert count >= 2 or victim != "recorder"
        with pytest.raises(NoSuchMoment):
            archive.frame_at("card", began_s - 60)


def test_where_another_one_records_it_runs_without(tmp_path):
    with (
        Archive(tmp_path / "rushes-data") as archive,
        running(CARD, "--json", record=True, cwd=tmp_path) as (
            process,
            _,
        ),
    ):
        eventually(lambda: info(process.pid).head > 40, "frames flow")
        report, edges = ended(process)
        assert report["archive"] is None
        assert "card source -> card" in edges
        assert archive.channels() == []


def test_it_says_that_it_does_not_record(tmp_path):
    command = [*COMMAND, "up", CARD, "--for", "2s"]
    with Archive(tmp_path / "rushes-data"):
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    assert done.returncode == 0, done.stderr
    assert f"process {os.getpid()}" in done.stdout
    assert "not recorded" in done.stdout


def test_the_budget_holds(tmp_path):
    with running(CARD, "--json", "--disk", "300 kB", record=True, cwd=tmp_path) as (process, _):
        data = tmp_path / "rushes-data"

        def pruned():
            with Archive(data, mode="r") as archive:
                size = sum(each.stat().st_size for each in data.rglob("*.mp4") if each.exists())
                assert size <= 300_000
                return (
                    next(iter(archive._index.segments()), None)
                    and archive._index.oldest_closed(1)[:1]
                    and (archive._index.oldest_closed(1)[0].id > 1)
                )

        eventually(
            lambda: recorder(process.pid) and (data / "index.sqlite").exists() and quietly(pruned),
            "old ones go",
        )
        ended(process)


def quietly(look):
    try:
        return look()
    except (ArchiveError, FileNotFoundError):
        return None


def test_nothing_is_left_when_the_station_is_killed(tmp_path):
    with running(CARD, record=True, cwd=tmp_path) as (process, children):
        pid = eventually(lambda: recorder(process.pid), "it records")
        process.kill()
        process.wait()
        eventually(lambda: not any(alive(each) for each in [pid, *children.values()]), "all are gone")
    with Archive(tmp_path / "rushes-data") as archive:
        assert archive.verify().ok


def alive(pid):
    """Whether any thread of it runs: the first one may be gone while others still hold what the process has open."""
    states = []
    for path in Path("/proc", str(pid), "task").glob("*/stat"):
        with contextlib.suppress(OSError):  # it ended just now
            states.append(path.read_text().rpartition(")")[2].split()[0])
    return any(each not in "ZX" for each in states)


def test_no_record_records_nothing(tmp_path):
    command = [
        sys.executable,
        "-m",
        "rushes",
        "up",
        CARD,
        "--no-record",
        "--bind",
        "off",
        "--for",
        "1s",
        "--json",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert json.loads(done.stdout)["archive"] is None
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_disk_without_room_is_told_and_every_frame_is_counted(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        command = [*COMMAND, "up", CARD, "--for", "3s", "--json"]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["adds_up"]
    assert report["problems"] == ["card recorder could not go on: disk full"]
    edges = {edge["edge"]: edge for channel in report["channels"] for edge in channel["edges"]}
    into = edges["card recorder -> archive"]
    assert into["waiting"] == edges["card -> card recorder"]["waiting"] == into["delivered"] == 0
    assert sum(into["dropped"].values()) == into["offered"] > 0


def test_a_damaged_index_ends_the_run_with_its_cause(tmp_path):
    (tmp_path / "rushes-data").mkdir()
    (tmp_path / "rushes-data" / "index.sqlite").write_bytes(b"no database at all" * 1000)
    command = [*COMMAND, "up", CARD, "--for", "60s"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 1
    assert "index.sqlite" in done.stderr
