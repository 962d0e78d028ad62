"""Pictures that come coded already are stored as they are."""

from __future__ import annotations

import pytest

from rushes import open_source
from rushes.archive.archive import Archive
from rushes.errors import ConfigError
from tests.support.coded import encode
from tests.unit.archive.films import shown


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive", min_free_bytes=0) as archive:
        yield archive


def recorded(archive, video, **options):
    with open_source(f"file:{video}", coded=True, pace=False) as source:
        recording = archive.record("cam", source, **options)
        assert recording.wait(60)
    stats = recording.stats()
    assert stats.adds_up
    return stats


@pytest.mark.parametrize("b_frames", [0, 2])
def test_every_picture_comes_back(archive, tmp_path, b_frames):
    video = encode(tmp_path / "v.mp4", 120, b_frames=b_frames)
    stats = recorded(archive, video, segment_s=2)
    assert (stats.written, stats.dropped, stats.segments) == (120, {}, 3)
    (span,) = archive.spans("cam")
    for number in range(0, 120, 7):
        frame = archive.frame_at("cam", (span.start_ns + number * 40_000_000) / 1e9 + 0.001)
        assert shown(frame) == number
    assert archive.verify().ok


def test_h265_is_kept_as_it_is(archive, tmp_path):
    video = encode(tmp_path / "v.mkv", 60, codec="libx265")
    stats = recorded(archive, video)
    assert stats.written == 60
    assert [each.codec for each in archive._index.segments()] == ["hevc"]
    (span,) = archive.spans("cam")
    assert shown(archive.frame_at("cam", span.start_ns / 1e9 + 1.001)) == 25


def test_the_bytes_are_those_that_came(archive, tmp_path):
    """Nothing is coded anew: what the file holds is as large as what came."""
    video = encode(tmp_path / "v.mp4", 60, b_frames=0)
    with open_source(f"file:{video}", coded=True, pace=False) as source:
        sizes = [item.packet.size for item in source.packets()]
    recorded(archive, video)
    kept = [
        sample.size
        for segment in archive._index.segments()
        for found in archive._index.segment_gops(segment.id)
        for sample in found.gop.samples
    ]
    assert kept == sizes


def test_an_address_that_gives_other_codings_is_refused(archive, tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises(ConfigError):
        open_source(f"file:{tmp_path / 'a.png'}", coded=True)
