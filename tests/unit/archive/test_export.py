"""A stretch of a channel as a file of its own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from rushes.archive.export import export
from rushes.archive.reader import Reader
from rushes.archive.records import Span
from rushes.codecs import still
from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.scale import convert
from rushes.errors import ArchiveCorrupt, ConfigError, JobCancelled, NoSuchMoment, UnknownName
from rushes.figures import Box, to_plain
from rushes.lifecycle import StopToken
from rushes.testing import read_card
from tests.unit.archive.store import CODINGS, STEP, Store, moment


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "archive")
    yield store
    store.close()


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / "archive").mkdir()
    (tmp_path / "out").mkdir()


def made(store, begin, end, out, **options):
    return export(store.index, store.fetch, "cam", moment(begin), moment(end), out, **options)


def number(array, format):
    read = read_card(array, format)
    return None if read is None else read[0]


def film(path):
    """The card's number of each picture, and its time from the first one's, in steps.

    Where pictures are out of order, the first one is shown as late as it takes to decode what comes before it.
    """
    with MediaInput(path) as media:
        pictures = list(media.frames())
        assert not media.damage.any
    moments = [each.pts_s or 0.0 for each in pictures]
    assert moments[0] <= 0.16
    times = [round((each - moments[0]) * 1e9 / STEP, 2) for each in moments]
    return [number(each.array, each.format) for each in pictures], times


def spoil(store, segment, place):
    path = store.root / segment.path
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def second_group(store, segment):
    return list(store.index.segment_gops(segment.id))[1].gop


@pytest.mark.parametrize("coding", CODINGS)
def test_a_copy_begins_with_the_key_frame_and_ends_with_the_moment(store, coding, tmp_path):
    store.add(range(60), coding)
    store.add(range(60, 120), coding)
    told = []
    report = made(store, 30, 99, tmp_path / "out" / "a.mp4", progress=lambda *each: told.append(each))
    numbers, times = film(report.path)
    begin = numbers[0]
    assert begin in (25, 26)  # the second group's key frame, or what is shown before it
    inside = [each for each in numbers if each <= 99]
    assert inside == list(range(begin, 100))
    assert set(numbers) <= set(range(begin, 104))  # later ones only where others are made of them
    assert times[: len(inside)] == [float(turn) for turn in range(len(inside))]
    # Of open groups the first one's begin with pictures that only who has the group before can decode.
    lost = report.frames - len(numbers)
    assert 0 <= lost <= (2 if "open" in coding else 0)
    assert (report.copied, report.damaged) == (True, 0)
    assert report.bytes == report.path.stat().st_size
    assert [span.start_ns for span in report.spans] == [moment(begin - lost)]
    assert told[-1] == (report.frames, report.frames)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.mp4"]


def test_a_copy_is_the_very_bytes(store, tmp_path):
    segment = store.add(range(25))
    gop = next(iter(store.index.segment_gops(segment.id))).gop
    coded = (store.root / segment.path).read_bytes()[gop.offset : gop.offset + gop.length]
    report = made(store, 0, 24, tmp_path / "out" / "a.mp4")
    assert coded in report.path.read_bytes()


@pytest.mark.parametrize("coding", ["h264", "h264 with B-frames"])
def test_pauses_are_closed_up(store, coding, tmp_path):
    store.add(range(10), coding)
    store.add(range(40, 50), coding)  # 1.2 s of nothing: stays
    store.add(range(900, 910), coding)
    report = made(store, 0, 1000, tmp_path / "out" / "a.mp4")
    numbers, times = film(report.path)
    assert numbers == [*range(10), *range(40, 50), *range(900, 910)]
    assert times == [float(each) for each in (*range(10), *range(40, 60))]
    assert report.spans == (Span(moment(0), moment(49)), Span(moment(900), moment(909)))


def test_another_coding_in_between_is_encoded_anew_in_the_first_ones_size(store, tmp_path):
    store.add(range(30))
    store.add(range(30, 60), "hevc", size=(640, 360))
    store.add(range(60, 90), "h264 of open groups")
    report = made(store, 5, 84, tmp_path / "out" / "a.mp4", quality=90)
    numbers, times = film(report.path)
    assert numbers == list(range(5, 85))
    assert times == [float(turn) for turn in range(80)]
    assert (report.frames, report.copied, report.damaged) == (80, False, 0)
    assert report.spans == (Span(moment(5), moment(84)),)
    with MediaInput(report.path) as media:
        assert (media.info.width, media.info.height, media.info.codec) == (320, 180, "h264")


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_of_just_the_moments_asked_for(store, suffix, tmp_path):
    store.add(range(60), "h264 with B-frames")
    report = made(store, 20, 31, tmp_path / "out" / f"a{suffix}")
    with Image.open(report.path) as image:
        seen = []
        for turn in range(getattr(image, "n_frames", 0)):
            image.seek(turn)
            seen.append(number(np.asarray(image.convert("RGB")), "rgb24"))
        assert image.info["duration"] == pytest.approx(40, abs=1)
    assert seen == list(range(20, 32))
    assert (report.frames, report.copied) == (12, False)


def test_a_folder_of_pictures(store, tmp_path):
    store.add(range(60))
    report = made(store, 20, 31, tmp_path / "out" / "pictures", suffix=".png")
    files = sorted(report.path.iterdir())
    seen = [number(still.decode(path.read_bytes(), "rgb24").array, "rgb24") for path in files]
    assert seen == list(range(20, 32))
    assert report.bytes == sum(path.stat().st_size for path in files)


@pytest.mark.parametrize("out", ["a.mp4", "pictures"])
def test_a_damaged_group_is_left_out_and_counted(store, out, tmp_path):
    segment = store.add(range(75))
    spoil(store, segment, second_group(store, segment).offset + 40)
    report = made(store, 0, 74, tmp_path / "out" / out)
    assert (report.frames, report.damaged) == (50, 1)
    if out == "a.mp4":
        numbers, times = film(report.path)
        assert numbers == [*range(25), *range(50, 75)]
        assert times == [float(each) for each in numbers]


def test_what_builds_upon_a_damaged_group_is_left_out_too(store, tmp_path):
    segment = store.add(range(78), "h264 of open groups")
    second = second_group(store, segment)
    spoil(store, segment, second.offset + 40)
    report = made(store, 0, 77, tmp_path / "out" / "a.webp")
    with Image.open(report.path) as image:
        seen = []
        for turn in range(getattr(image, "n_frames", 0)):
            image.seek(turn)
            seen.append(number(np.asarray(image.convert("RGB")), "rgb24"))
    lost = {sample.number for sample in second.samples}
    key = list(store.index.segment_gops(segment.id))[2].gop.samples[0].number
    assert seen == [each for each in range(78) if each not in lost and not key - 3 <= each < key]


def test_a_damaged_head_is_no_harm(store, tmp_path):
    segment = store.add(range(30))
    path = store.root / segment.path
    data = path.read_bytes()
    path.write_bytes(bytes(600) + data[600:])
    report = made(store, 0, 29, tmp_path / "out" / "a.mp4")
    assert film(report.path)[0] == list(range(30))
    assert (report.copied, report.damaged) == (False, 0)


@pytest.mark.parametrize("out", ["a.mp4", "a.webp"])
def test_nothing_left_is_an_error_and_no_file(store, out, tmp_path):
    segment = store.add(range(10))
    spoil(store, segment, next(iter(store.index.segment_gops(segment.id))).gop.offset)
    with pytest.raises((ArchiveCorrupt, ConfigError)) as told:
        made(store, 0, 9, tmp_path / "out" / out)
    assert type(told.value) is ArchiveCorrupt
    assert list((tmp_path / "out").iterdir()) == []


def test_nothing_recorded_then(store, tmp_path):
    store.add(range(10))
    store.add(range(100, 110))
    with pytest.raises(NoSuchMoment) as told:
        made(store, 20, 90, tmp_path / "out" / "a.mp4")
    assert (told.value.before_ns, told.value.after_ns) == (moment(9), moment(100))


@pytest.mark.parametrize("out", ["a.mp4", "a.gif", "a.webp", "pictures"])
def test_a_cancel_leaves_nothing(store, out, tmp_path):
    store.add(range(75))
    stop = StopToken()
    with pytest.raises(JobCancelled):
        made(store, 0, 74, tmp_path / "out" / out, cancel=stop, progress=lambda done, total: stop.set())
    assert list((tmp_path / "out").iterdir()) == []


def test_what_was_there_stays_until_the_new_one_is_whole(store, tmp_path):
    store.add(range(75))
    target = tmp_path / "out" / "a.mp4"
    target.write_bytes(b"old")
    stop = StopToken()
    stop.set()
    with pytest.raises(JobCancelled):
        made(store, 0, 74, target, cancel=stop)
    assert target.read_bytes() == b"old"
    assert made(store, 0, 74, target).frames == 75
    assert film(target)[0] == list(range(75))


def test_what_cannot_be_asked(store, tmp_path):
    store.add(range(10))
    with pytest.raises(UnknownName, match=r"\.mp4"):
        made(store, 0, 9, tmp_path / "out" / "a.avi")
    with pytest.raises(ConfigError):
        made(store, 9, 0, tmp_path / "out" / "a.mp4")


def test_figures_are_drawn_into_the_pictures_that_they_are_of(store, tmp_path):
    store.add(range(20))
    box = json.dumps([to_plain(Box(0.25, 0.25, 0.5, 0.5, color="#ff0000"))])
    store.index.add_figures("cam", moment(5), moment(9), box)
    seen, out = [], tmp_path / "out" / "a.mp4"
    reader = Reader(store.index, store.fetch, lambda channel: False)
    told = made(store, 3, 12, out, drawn=reader, progress=lambda *told: seen.append(told))
    assert (told.copied, told.frames, seen[-1]) == (False, 10, (10, 10))
    plain = tmp_path / "out" / "plain.mp4"
    assert made(store, 3, 12, plain).copied
    drawn, usual = edges(out), edges(plain)
    assert list(drawn) == list(range(3, 13))
    assert [turn for turn in drawn if abs(drawn[turn] - usual[turn]).max() > 40] == [5, 6, 7, 8, 9]
    assert made(store, 10, 15, tmp_path / "out" / "b.mp4", drawn=reader).copied


def edges(path):
    """By the card's number: where the left line of the box is."""
    with MediaInput(path) as media:
        pictures = [convert(each.array, each.format, "rgb24") for each in media.frames()]
    high, wide, _ = pictures[0].shape
    place = np.s_[high // 2 - 4 : high // 2 + 4, wide // 4 - 2 : wide // 4 + 4]
    return {number(each, "rgb24"): each[place].astype(int) for each in pictures}


def test_an_export_of_nothing_says_where_there_is_something(store, tmp_path):
    store.add(range(10))
    with pytest.raises(NoSuchMoment, match=r"between .* and .*; the last picture before is of .*") as told:
        made(store, 500, 600, tmp_path / "out" / "a.mp4")
    assert (told.value.before_ns, told.value.after_ns) == (moment(9), None)
    assert "first one after" not in str(told.value)
