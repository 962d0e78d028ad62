"""Decoders that viewers play from: whoever asks in whatever order is shown what a fresh decode shows."""

from __future__ import annotations

import itertools
import random
import threading

import numpy as np
import pytest

from rushes.archive.cursors import Cursors
from rushes.archive.fetch import read_samples
from rushes.archive.reader import Reader
from rushes.archive.records import Found, Gop
from rushes.codecs.video.bare import BareDecoder
from rushes.errors import ArchiveCorrupt, NoSuchMoment
from rushes.testing import ManualClock
from tests.unit.archive.store import CODINGS, groups, moment, number_of

PICTURE = 320 * 180 * 3 // 2


class Counting:
    """Reads from a store and counts the coded pictures read, by the size of what was read."""

    def __init__(self, store):
        self.fetch = store.fetch
        self.bytes = 0

    def read(self, segment, offset, length):
        self.bytes += length
        return self.fetch.read(segment, offset, length)


def fresh(store, found):
    """Every picture by its number, decoded from the beginning in one go."""
    samples = [sample for each in found for sample in each.gop.samples]
    segment = found[0].segment
    decoder = BareDecoder(segment.codec, segment.extradata, reordered=True)
    made = [
        decoded
        for each in found
        for coded in read_samples(store.fetch, each, 0, len(each.gop.samples))
        for decoded in decoder.feed(coded)
    ]
    made += decoder.finish()
    return {samples[each.order].number: each.picture().array for each in made}


def walk(seed, count):
    """Numbers as viewers ask for them: on and on, step by step back, and anywhere."""
    chance = random.Random(seed)
    at = chance.randrange(count)
    while True:
        kind = chance.choices(("on", "back", "jump", "again"), (6, 3, 1, 1))[0]
        for _ in range(1 if kind in ("jump", "again") else chance.randrange(1, 12)):
            step = {"on": 1, "back": -1, "again": 0}.get(kind)
            at = chance.randrange(count) if step is None else min(max(at + step, 0), count - 1)
            yield at


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("room", [0, 9, 30, 1000])
def test_two_viewers_are_shown_what_a_fresh_decode_shows(store, coding, room):
    want = fresh(store, groups(store, coding))
    assert len(want) == 75
    reader = Reader(store.index, store.fetch, lambda channel: False, cache_bytes=room * PICTURE)
    both = zip(walk(room, 75), walk(room + 1, 75), strict=True)
    for number in itertools.islice(itertools.chain.from_iterable(both), 140):
        frame = reader.frame_at("cam", moment(number))
        assert frame.number == number
        assert np.array_equal(frame.array, want[number])


@pytest.mark.parametrize("viewers", [2, 3])
def test_viewers_at_several_places_of_a_group_cost_one_decode_a_picture_each(store, viewers):
    (found,) = groups(store, gop=1000)
    fetch = Counting(store)
    cursors = Cursors(fetch, (4 * viewers + 2) * PICTURE)  # their decoders, and hardly a picture more
    for turn in range(20):
        for viewer in range(viewers):
            assert number_of(cursors.picture(found, 25 * viewer + turn)) == 25 * viewer + turn
    samples = found.gop.samples
    read = sum(sum(each.size for each in samples[: 25 * viewer + 20]) for viewer in range(viewers))
    assert fetch.bytes == read, "each reads from the key frame to its place, and goes on from there"


def test_the_next_group_leaves_another_viewer_his_decoder(store):
    first, second, third = groups(store)
    fetch = Counting(store)
    cursors = Cursors(fetch, 20 * PICTURE)  # pictures of the first two fill it
    for turn in range(20):
        cursors.picture(first, turn)
        cursors.picture(second, turn)
    assert cursors.bytes == 20 * PICTURE
    cursors.picture(third, 0)
    fetch.bytes = 0
    assert number_of(cursors.picture(first, 20)) == 20
    assert fetch.bytes == first.gop.samples[20].size


def test_pictures_shown_before_their_key_frame_cost_the_group_before_once(store, monkeypatch):
    name, options, most_b = CODINGS["h264 of open groups"]
    options = options | {"x264-params": options["x264-params"].replace("keyint=26", "keyint=24")}
    monkeypatch.setitem(CODINGS, "three before each", (name, options, most_b))
    before, found, _ = groups(store, "three before each", 72)
    fetch = Counting(store)
    reader = Reader(store.index, fetch, lambda channel: False)
    samples = found.gop.samples
    leading = sorted(each.number for each in samples if each.t_ns < samples[0].t_ns)
    assert leading == [21, 22, 23]
    for number in leading:
        assert number_of(reader.frame_at("cam", moment(number))) == number
    assert fetch.bytes <= before.gop.length + found.gop.length


def test_each_sample_is_checked_before_a_standing_decoder_takes_it(store):
    found = groups(store)[0]
    cursors = Cursors(store.fetch)
    cursors.picture(found, 5)
    path = store.root / found.segment.path
    data = bytearray(path.read_bytes())
    data[found.gop.offset + sum(each.size for each in found.gop.samples[:8]) + 20] ^= 1
    path.write_bytes(data)
    for _ in range(2):
        assert number_of(cursors.picture(found, 7)) == 7
        with pytest.raises(ArchiveCorrupt, match="is not what was written"):
            cursors.picture(found, 8)


def test_a_group_that_was_changed_is_another_one(store):
    found = groups(store)[0]
    cursors = Cursors(store.fetch)
    for turn in (3, 4, 5):
        cursors.picture(found, turn)
    samples = found.gop.samples
    changed = (*samples[:5], samples[5]._replace(crc=samples[5].crc ^ 1), *samples[6:])
    with pytest.raises(ArchiveCorrupt, match="is not what was written"):
        cursors.picture(Found(Gop(found.gop.offset, changed), found.segment), 5)
    assert number_of(cursors.picture(found, 5)) == 5


def test_what_was_removed_is_not_shown_from_memory(store):
    segment = store.add(range(25))
    reader = Reader(store.index, store.fetch, lambda channel: False)
    for number in (3, 4, 4):
        reader.frame_at("cam", moment(number))
    store.index.remove_segment(segment.id)
    with pytest.raises(NoSuchMoment):
        reader.frame_at("cam", moment(4))


def test_what_nobody_asks_for_is_forgotten_after_a_while(store):
    first, second, _ = groups(store)
    clock = ManualClock()
    cursors = Cursors(store.fetch, clock=clock)
    for turn in (3, 4, 5):
        cursors.picture(first, turn)
    clock.advance(6)
    cursors.picture(second, 3)
    both = cursors.bytes
    assert cursors.sweep(10)
    assert cursors.bytes == both
    clock.advance(6)
    assert cursors.sweep(10)
    assert cursors.bytes == 4 * PICTURE
    clock.advance(6)
    assert not cursors.sweep(10)
    assert cursors.bytes == 0


def test_a_group_that_is_played_to_its_end_gives_its_decoder_back(store):
    found = groups(store)[0]
    cursors = Cursors(store.fetch, 5 * PICTURE)
    for turn in range(25):
        cursors.picture(found, turn)
    assert cursors.bytes <= PICTURE


def test_what_is_given_back_meanwhile_spoils_nothing(store):
    found = groups(store)
    cursors = Cursors(store.fetch, 40 * PICTURE)
    wrong, ended = [], threading.Event()

    def ask(seed):
        for number in itertools.islice(walk(seed, 75), 150):
            shown = number_of(cursors.picture(found[number // 25], number % 25))
            if shown != number or cursors.bytes > 40 * PICTURE:
                wrong.append((number, shown))

    def give_back():
        while not ended.wait(0.001):
            cursors.sweep(0)
            store.fetch._local.sweep(0)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(3)]
    giver = threading.Thread(target=give_back)
    for thread in (giver, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    giver.join()
    assert wrong == []
    assert not cursors.sweep(0)
    assert cursors.bytes == 0
