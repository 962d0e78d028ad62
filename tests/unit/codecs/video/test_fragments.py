"""Where coded pictures lie in a file, whole or torn."""

from __future__ import annotations

import io
import random

import pytest

from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.fragments import describe, probe, scan
from rushes.codecs.video.writer import VideoWriter
from rushes.errors import UnsupportedFormat
from tests.unit.codecs.video.cards import record

COUNT = 60
STEP_NS = 40_000_000


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("fragments") / "a.mp4"
    record(path, COUNT)
    return path


@pytest.fixture(scope="module")
def data(path):
    return path.read_bytes()


def fragments(data):
    """Where each "moof" begins, by its name."""
    begins, at = [], data.find(b"moof")
    while at >= 0:
        begins.append(at - 4)
        at = data.find(b"moof", at + 1)
    return begins


def test_each_sample_is_where_it_is_said_to_be(path, data):
    layout = probe(data)
    with MediaInput(path) as media:
        packets = list(media.packets())
        assert (layout.codec, layout.extradata) == (media.info.codec, media.info.extradata)
    assert (layout.width, layout.height) == (640, 360)
    assert [data[each.position : each.position + each.size] for each in layout.samples] == [
        packet.bytes() for packet in packets
    ]
    assert [each.keyframe for each in layout.samples] == [number % 25 == 0 for number in range(COUNT)]
    assert [each.pts_ns for each in layout.samples] == [number * STEP_NS for number in range(COUNT)]


def test_a_head_with_one_fragment_of_the_middle(data):
    first, second, third = fragments(data)
    layout = probe(data[:first] + data[second:third])
    assert [each.position for each in layout.samples] == [
        each.position - second + first for each in probe(data).samples[25:50]
    ]
    assert [each.pts_ns for each in layout.samples] == [number * STEP_NS for number in range(25, 50)]


def test_what_is_cut_off_is_left_out_wherever_the_cut_is(data):
    whole = probe(data).samples
    first = fragments(data)[0]
    chance = random.Random(1)
    for cut in [first, *(chance.randrange(first, len(data)) for _ in range(60))]:
        there = [each for each in whole if each.position + each.size <= cut]
        assert list(probe(data[:cut]).samples) == there


@pytest.mark.parametrize("head", [b"", b"x" * 1000, None], ids=["empty", "junk", "half a head"])
def test_no_beginning_of_a_video(head, data):
    with pytest.raises(UnsupportedFormat):
        probe(data[:300] if head is None else head)
    with pytest.raises(UnsupportedFormat):
        describe(data[:300] if head is None else head, 25)


def test_the_ends_of_whole_fragments(path, data, tmp_path):
    begins = fragments(data)
    layout, ends = scan(path)
    assert layout == probe(data)
    assert ends[:2] == tuple(begins[1:])
    assert ends[2] == layout.samples[-1].position + layout.samples[-1].size
    torn = tmp_path / "torn.mp4"
    chance = random.Random(2)
    for cut in [
        begins[0],
        begins[1],
        ends[2] - 1,
        *(chance.randrange(begins[0], len(data)) for _ in range(40)),
    ]:
        torn.write_bytes(data[:cut])
        layout, there = scan(torn)
        assert there == tuple(end for end in ends if end <= cut)
        last = there[-1] if there else 0
        assert list(layout.samples) == [each for each in probe(data).samples if each.position < last]


def test_a_file_being_written_with_room_behind_it_or_zeros(data, tmp_path):
    """After a loss of power the end of a file may be all zeros."""
    torn = tmp_path / "torn.mp4"
    third = fragments(data)[2]
    torn.write_bytes(data[:third] + bytes(100_000))
    layout, ends = scan(torn)
    assert (len(ends), len(layout.samples)) == (2, 50)
    torn.write_bytes(data[: third + 500] + bytes(100_000))
    layout, ends = scan(torn)
    assert len(layout.samples) >= 50
    assert ends[:2] == tuple(fragments(data)[1:])


def test_scan_of_no_video(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(UnsupportedFormat):
        scan(tmp_path / "a.mp4")
    with pytest.raises(FileNotFoundError):
        scan(tmp_path / "b.mp4")


def test_samples_can_be_copied_by_what_the_head_tells(data, tmp_path):
    layout = probe(data)
    info = describe(data[: fragments(data)[0]], 25.0)
    assert (info.codec, info.extradata, info.fps) == ("h264", layout.extradata, 25.0)
    from rushes.codecs.video.media import Packet

    file = io.BytesIO()
    with VideoWriter.copying(file, info) as writer:
        for each in layout.samples:
            piece = memoryview(data)[each.position : each.position + each.size]
            shown_s = each.pts_ns / 1e9
            writer.write_packet(Packet(shown_s, shown_s, 0.04, each.keyframe, each.size, piece))
    copied = probe(file.getvalue())
    assert copied.extradata == layout.extradata
    assert [each.size for each in copied.samples] == [each.size for each in layout.samples]
