from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes import limits
from rushes.errors import ConfigError, FrameError
from rushes.limits import (
    MAX_PIXELS,
    available_ram_bytes,
    available_shm_bytes,
    check_pixels,
    format_duration,
    format_size,
    is_disk_full,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512 MiB", 512 << 20),
        ("1 GiB", 1 << 30),
        ("1gib", 1 << 30),
        ("10MB", 10_000_000),
        ("1.5 kB", 1500),
        ("2 TiB", 2 << 40),
        ("3TB", 3 * 10**12),
        (" 7 B ", 7),
        ("4096", 4096),
        (4096, 4096),
        (0, 0),
    ],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "bad", ["", "MiB", "1 furlong", "-1", "1e3", "1,5 GB", "1 G B", "٣ MB", -1, True, 1.5, None]
)
def test_bad_sizes_name_the_option_and_a_remedy(bad):
    with pytest.raises(ConfigError, match="disk") as caught:
        parse_size(bad, option="disk")
    assert caught.value.option == "disk"
    assert "negative" in str(caught.value) or '"512 MiB"' in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("40ms", 0.04),
        ("2s", 2),
        ("1.5h", 5400),
        ("5 min", 300),
        ("5m", 300),
        ("14d", 1209600),
        (0.04, 0.04),
        (3, 3),
    ],
)
def test_durations(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "bad", ["", "40", "2 S", "1h30m", "-2s", "soon", -1, float("nan"), float("inf"), True, None]
)
def test_bad_durations_name_the_option_and_a_remedy(bad):
    with pytest.raises(ConfigError, match="every") as caught:
        parse_duration(bad, option="every")
    assert caught.value.option == "every"
    assert "negative" in str(caught.value) or '"40ms"' in str(caught.value)


@given(st.integers(0, 1 << 50))
def test_a_written_size_reads_back_nearly_the_same(size):
    assert parse_size(format_size(size)) == pytest.approx(size, rel=1e-3)


@given(st.floats(1e-3, 1e8))
def test_a_written_duration_reads_back_nearly_the_same(seconds):
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-3)


def test_written_for_people():
    assert [format_size(n) for n in (0, 1023, 1536, 512 << 20, 5 << 40)] == [
        "0 B",
        "1023 B",
        "1.5 KiB",
        "512 MiB",
        "5 TiB",
    ]
    assert [format_duration(s) for s in (0, 0.04, 2, 90, 5400, 1209600)] == [
        "0ms",
        "40ms",
        "2s",
        "1.5min",
        "1.5h",
        "14d",
    ]


def test_pixel_limit():
    check_pixels(16384, 16384)
    check_pixels(1, MAX_PIXELS)
    for height, width in ((0, 5), (5, 0), (-1, 5), (16385, 16384)):
        with pytest.raises(FrameError) as caught:
            check_pixels(height, width)
        assert caught.value.shape == (height, width)
    with pytest.raises(FrameError, match="limit of 10 pixels"):
        check_pixels(3, 4, limit=10)


def fake_machine(folder: Path, group: str, available_kib: int) -> Path:
    (folder / "self").mkdir(parents=True)
    (folder / "meminfo").write_text(
        f"MemTotal: 999999 kB\nMemAvailable:   {available_kib} kB\n", encoding="ascii"
    )
    (folder / "self" / "cgroup").write_text(f"4:cpu:/old\n0::{group}\n", encoding="utf-8")
    return folder


def fake_group(folder: Path, limit: str, used: int, cached: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n", encoding="ascii")
    (folder / "memory.current").write_text(f"{used}\n", encoding="ascii")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n", encoding="ascii")


def test_ram_without_a_group_limit_is_the_machines(tmp_path):
    proc = fake_machine(tmp_path / "proc", "/", 1000)
    assert available_ram_bytes(proc=proc, cgroups=tmp_path / "none") == 1_024_000


def test_ram_within_a_container_is_its_own_limits(tmp_path):
    proc, groups = fake_machine(tmp_path / "proc", "/a/b", 1000), tmp_path / "groups"
    fake_group(groups / "a" / "b", "max", 0, 0)
    fake_group(groups / "a", "500000", 300_000, 50_000)
    assert available_ram_bytes(proc=proc, cgroups=groups) == 250_000
    fake_group(groups, "400000", 390_000, 0)
    assert available_ram_bytes(proc=proc, cgroups=groups) == 10_000
    fake_group(groups, "400000", 490_000, 0)
    assert available_ram_bytes(proc=proc, cgroups=groups) == 0


def test_ram_of_a_group_out_of_sight_is_the_machines(tmp_path):
    proc, groups = fake_machine(tmp_path / "proc", "/../outside", 1000), tmp_path / "groups"
    groups.mkdir()
    fake_group(tmp_path / "outside", "1", 0, 0)
    assert available_ram_bytes(proc=proc, cgroups=groups) == 1_024_000


def test_this_machine_has_some_of_both(tmp_path):
    assert available_ram_bytes() > 1 << 20
    assert 0 < available_shm_bytes(tmp_path) <= available_ram_bytes() * 2


def test_shm_is_never_more_than_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "available_ram_bytes", lambda: 123)
    assert available_shm_bytes(tmp_path) == 123
    with pytest.raises(OSError, match="nowhere"):
        available_shm_bytes(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "disk full"), True),
        (OSError(errno.EDQUOT, "quota"), True),
        (OSError(errno.EFBIG, "too long a file"), True),
        (OSError(errno.EIO, "broken"), False),
        (OSError("without a number"), False),
        (ValueError(errno.ENOSPC), False),
    ],
)
def test_a_full_disk_is_told_from_a_broken_one(error, full):
    assert is_disk_full(error) is full
