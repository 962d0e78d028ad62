"""The picture of a moment: exactly that one, whatever the coding, and never another in its place."""

from __future__ import annotations

import json
import random
import zlib

import numpy as np
import pytest

from rushes.archive.reader import Reader
from rushes.errors import ArchiveCorrupt, NoSuchMoment
from rushes.figures import Box, to_plain
from tests.unit.archive.store import CODINGS, START, STEP, Store, coded, moment, number_of

COUNT = 78


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


def reader(store, live=lambda channel: False, **options):
    return Reader(store.index, store.fetch, live, **options)


def key_of(store, t_ns):
    """The number of the newest key frame at or before a moment, by a look at all of them."""
    keys = [found.gop.samples[0] for found in store.index.gops("cam", START, moment(COUNT))]
    return max((key.t_ns, key.number) for key in keys if key.t_ns <= t_ns)[1]


@pytest.mark.parametrize("cache", [96 << 20, 2 << 20, 0], ids=lambda size: f"{size >> 20} MiB kept")
@pytest.mark.parametrize("coding", CODINGS)
def test_any_moment_gives_its_picture(store, coding, cache):
    store.add(range(COUNT), coding)
    pictures = reader(store, cache_bytes=cache)
    chance = random.Random(coding)
    for turn in range(120):
        number = chance.randrange(COUNT)
        frame = pictures.frame_at("cam", moment(number) + chance.choice([0, 1, STEP // 2, STEP - 1]))
        assert (number_of(frame), frame.number, frame.captured_ns) == (number, number, moment(number))
        assert (frame.format, frame.channel, frame.shape) == ("i420", "cam", (270, 320))
        if turn % 4 == 0:
            t_ns = moment(number) + 5
            frame = pictures.frame_at("cam", t_ns, exact=False)
            key = key_of(store, t_ns)
            assert (number_of(frame), frame.number, frame.captured_ns) == (key, key, moment(key))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("step", [1, -1])
def test_each_picture_in_turn(store, coding, step):
    store.add(range(COUNT), coding)
    pictures = reader(store)
    numbers = list(range(COUNT))[::step]
    assert [number_of(pictures.frame_at("cam", moment(number))) for number in numbers] == numbers


def test_the_last_nanosecond_before_a_picture_is_still_the_one_before(store):
    store.add(range(30))
    pictures = reader(store)
    for number in (1, 24, 25, 26, 29):  # about and at the border of two groups
        assert number_of(pictures.frame_at("cam", moment(number) - 1)) == number - 1
        assert number_of(pictures.frame_at("cam", moment(number))) == number


def test_over_a_pause_the_last_one_stands_for_two_seconds(store):
    store.add(range(10))
    store.add(range(200, 210))
    pictures = reader(store)
    held = moment(9) + 2_000_000_000
    assert number_of(pictures.frame_at("cam", held)) == 9
    assert number_of(pictures.frame_at("cam", moment(200))) == 200
    for exact in (True, False):
        for t_ns in (held + 1, moment(200) - 1):
            with pytest.raises(NoSuchMoment, match="cam") as told:
                pictures.frame_at("cam", t_ns, exact=exact)
            assert (told.value.before_ns, told.value.after_ns) == (moment(9), moment(200))
    with pytest.raises(NoSuchMoment) as told:
        pictures.frame_at("cam", moment(209) + 2_000_000_001)
    assert (told.value.before_ns, told.value.after_ns) == (moment(209), None)


def test_a_key_frame_older_than_two_seconds_is_given_while_its_pictures_go_on(store):
    store.add(range(COUNT), gop=1000)
    assert number_of(reader(store).frame_at("cam", moment(70), exact=False)) == 0


def test_before_the_first_and_where_there_is_nothing(store):
    store.add(range(3))
    pictures = reader(store)
    with pytest.raises(NoSuchMoment) as told:
        pictures.frame_at("cam", START - 1)
    assert (told.value.before_ns, told.value.after_ns) == (None, START)
    with pytest.raises(NoSuchMoment) as told:
        pictures.frame_at("other", START)
    assert (told.value.before_ns, told.value.after_ns) == (None, None)


def test_what_was_recorded_after_the_clock_was_set_back_counts(store):
    store.add(range(50))
    store.add(range(1000, 1010), at=lambda number: moment(number - 990))  # from the moment of card 10 on
    segment = list(store.index.segments())[-1]
    store.index.add_overlap("cam", moment(10), moment(49), segment.id)
    pictures = reader(store)
    seen = [number_of(pictures.frame_at("cam", moment(number))) for number in (9, 10, 15, 19, 20)]
    assert seen == [9, 1000, 1005, 1009, 1009]


def spoil(store, segment, spoiler):
    path = store.root / segment.path
    data = bytearray(path.read_bytes())
    path.unlink()  # a new file: what is open is the old one
    path.write_bytes(spoiler(data))


def flip(place):
    def spoiler(data):
        data[place] ^= 1
        return data

    return spoiler


@pytest.mark.parametrize("coding", ["h264", "h264 with B-frames", "hevc"])
def test_a_damaged_picture_is_told_and_those_it_is_not_made_of_are_given(store, coding):
    segment = store.add(range(50), coding)
    first = next(iter(store.index.segment_gops(segment.id))).gop
    bad = 12
    spoil(store, segment, flip(first.offset + sum(each.size for each in first.samples[:bad]) + 30))
    pictures = reader(store)
    sound = {each.number for each in first.samples[:bad]} | set(range(25, 50))
    for number in range(50):
        if number in sound:
            assert number_of(pictures.frame_at("cam", moment(number))) == number
        else:
            with pytest.raises(ArchiveCorrupt) as told:
                pictures.frame_at("cam", moment(number))
            assert told.value.path == segment.path


def zeroed(data):
    return bytes(len(data))


@pytest.mark.parametrize(
    "spoiler",
    [zeroed, lambda data: data[:2000], lambda data: b"", lambda data: coded(range(500, 550))],
    ids=["zeroed", "cut off", "empty", "another file"],
)
def test_a_file_that_is_not_what_was_written_gives_nothing(store, spoiler):
    segment = store.add(range(50))
    spoil(store, segment, spoiler)
    pictures = reader(store)
    for number in (0, 10, 24, 25, 49):
        with pytest.raises(ArchiveCorrupt) as told:
            pictures.frame_at("cam", moment(number))
        assert told.value.path == segment.path


def test_a_file_that_is_gone(store):
    segment = store.add(range(5))
    (store.root / segment.path).unlink()
    with pytest.raises(ArchiveCorrupt) as told:
        reader(store).frame_at("cam", START)
    assert told.value.path == segment.path


@pytest.mark.parametrize("bad", [0, 3])
def test_a_right_sum_of_bytes_that_are_no_picture_is_told_too(store, bad):
    segment = store.add(range(10))
    gop = next(iter(store.index.segment_gops(segment.id))).gop
    store.index.drop_gops(segment.id, 0)
    begin = gop.offset + sum(each.size for each in gop.samples[:bad])
    junk = b"\xff" * gop.samples[bad].size
    spoil(store, segment, lambda data: data[:begin] + junk + data[begin + len(junk) :])
    samples = list(gop.samples)
    samples[bad] = samples[bad]._replace(crc=zlib.crc32(junk))
    store.index.add_gop(segment, type(gop)(gop.offset, tuple(samples)), bytes=segment.bytes)
    pictures = reader(store)
    for number in (2, bad, bad + 1, bad + 2, 2):
        if number < bad:
            assert number_of(pictures.frame_at("cam", moment(number))) == number
        else:
            with pytest.raises(ArchiveCorrupt) as told:
                pictures.frame_at("cam", moment(number))
            assert told.value.path == segment.path


def test_a_segment_that_moves_while_it_is_looked_for(store):
    segment = store.add(range(5))
    local = store.root / segment.path

    class Cold:
        def read(self, key, offset, length):
            return away.read_bytes()[offset : offset + length]

    class Moving:
        def read(self, segment, offset, length):
            if local.exists():  # right between the look into the index and the read
                local.rename(away)
                store.index.to_cold(segment.id, "key")
            return fetch.read(segment, offset, length)

    away = store.root / "cold.mp4"
    fetch = type(store.fetch)(store.root, Cold())
    try:
        pictures = Reader(store.index, Moving(), lambda channel: False)
        assert number_of(pictures.frame_at("cam", moment(3))) == 3
    finally:
        fetch.close()


def test_a_segment_that_is_pruned_while_it_is_looked_for(store):
    store.add(range(5))
    store.add(range(100, 105))

    class Pruning:
        def read(self, segment, offset, length):
            (store.root / store.index.remove_segment(segment.id)).unlink()
            return store.fetch.read(segment, offset, length)

    with pytest.raises(NoSuchMoment) as told:
        Reader(store.index, Pruning(), lambda channel: False).frame_at("cam", moment(3))
    assert told.value.after_ns == moment(100)


def test_figures_are_those_of_the_picture_and_drawn(store):
    store.add(range(10))
    box = Box(0.1, 0.1, 0.5, 0.5, label="dog")
    store.index.add_figures("cam", moment(3), moment(4), json.dumps([to_plain(box)]))
    pictures = reader(store)
    plain = pictures.frame_at("cam", moment(3))
    drawn = pictures.frame_at("cam", moment(3) + 5, figures=True)
    assert (plain.figures, drawn.figures) == ((), (box,))
    assert not np.array_equal(plain.array, drawn.array)
    assert np.array_equal(pictures.frame_at("cam", moment(3)).array, plain.array)
    assert pictures.frame_at("cam", moment(5), figures=True).figures == ()
    store.index.add_figures("cam", moment(7), moment(7), '[{"kind": "ghost"}]')
    with pytest.raises(ArchiveCorrupt, match="ghost"):
        pictures.frame_at("cam", moment(7), figures=True)


def test_who_gets_a_frame_may_paint_on_it(store):
    store.add(range(10))
    pictures = reader(store)
    for _ in range(3):
        frame = pictures.frame_at("cam", moment(5))
        assert number_of(frame) == 5
        frame.array[:] = 0
