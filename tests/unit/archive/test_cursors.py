"""What is kept of decoded groups, how much of it, and what it saves."""

from __future__ import annotations

import random
import threading

import pytest

from rushes.archive.cursors import Cursors, is_reordered
from rushes.errors import ArchiveCorrupt, CorruptImage
from tests.unit.archive.store import CODINGS, groups, number_of

PICTURE = 320 * 180 * 3 // 2


class Counting:
    """Reads from a store and counts the bytes; ``hold`` stops each read until it is set."""

    def __init__(self, store):
        self.fetch = store.fetch
        self.reads = []
        self.hold = threading.Event()
        self.hold.set()
        self.waiting = threading.Semaphore(0)

    def read(self, segment, offset, length):
        self.waiting.release()
        assert self.hold.wait(10)
        self.reads.append((offset, length))
        return self.fetch.read(segment, offset, length)

    @property
    def bytes(self):
        return sum(length for _, length in self.reads)


def test_the_next_picture_costs_one(store):
    found = groups(store)[0]
    fetch = Counting(store)
    cursors = Cursors(fetch)
    for turn in range(25):
        assert number_of(cursors.picture(found, turn)) == turn
    assert fetch.bytes == found.gop.length
    assert len(fetch.reads) == 25


def test_one_asked_for_first_is_read_at_once_and_no_further(store):
    found = groups(store)[0]
    fetch = Counting(store)
    assert number_of(Cursors(fetch).picture(found, 11)) == 11
    assert fetch.reads == [(found.gop.offset, sum(sample.size for sample in found.gop.samples[:12]))]


def test_a_group_asked_for_again_is_decoded_once_more_and_kept(store):
    found = groups(store)[0]
    fetch = Counting(store)
    cursors = Cursors(fetch)
    cursors.picture(found, 24)
    once = fetch.bytes
    for turn in range(23, -1, -1):
        assert number_of(cursors.picture(found, turn)) == turn
    assert fetch.bytes < 2 * once
    assert len(fetch.reads) == 2


@pytest.mark.parametrize("coding", CODINGS)
def test_whatever_the_order_and_the_room(store, coding):
    found = groups(store, coding, 25)[0]
    assert is_reordered(found.gop) == (coding != "h264")
    for room in (0, 8 * PICTURE, 14 * PICTURE, 1 << 30):
        cursors = Cursors(store.fetch, room)
        chance = random.Random(room)
        for _ in range(60):
            turn = chance.randrange(len(found.gop.samples))
            assert number_of(cursors.picture(found, turn)) == found.gop.samples[turn].number
            assert cursors.bytes <= room


def test_back_step_by_step_with_room_for_a_few(store):
    (found,) = groups(store, gop=1000)
    fetch = Counting(store)
    cursors = Cursors(fetch, 16 * PICTURE)
    for turn in range(74, -1, -1):
        assert number_of(cursors.picture(found, turn)) == turn
    assert len(fetch.reads) < 75 // 4


def test_the_group_not_asked_for_longest_gives_way(store):
    first, second, third = groups(store)
    fetch = Counting(store)
    cursors = Cursors(fetch, 10 * PICTURE)  # two decoders, and little more
    cursors.picture(first, 3)
    cursors.picture(second, 3)
    cursors.picture(first, 4)
    cursors.picture(third, 0)  # in the place of the second
    fetch.reads.clear()
    cursors.picture(first, 5)
    assert fetch.reads[0][0] > first.gop.offset
    cursors.picture(second, 4)
    assert fetch.reads[1][0] == second.gop.offset
    cursors.clear()
    assert cursors.bytes == 0


def test_groups_played_side_by_side_leave_each_other_their_decoders(store):
    three = groups(store)
    fetch = Counting(store)
    cursors = Cursors(fetch, 14 * PICTURE)  # three decoders, and hardly a picture more
    for turn in range(25):
        for begin, found in zip((0, 25, 50), three, strict=True):
            assert number_of(cursors.picture(found, turn)) == begin + turn
    assert fetch.bytes == sum(found.gop.length for found in three)


def test_a_failure_spoils_nothing(store):
    found = groups(store)[0]

    class Failing:
        fails = True

        def read(self, segment, offset, length):
            if self.fails:
                raise ArchiveCorrupt("no", path=segment.path)
            return store.fetch.read(segment, offset, length)

    fetch = Failing()
    cursors = Cursors(fetch)
    for turn in range(3, 6):
        fetch.fails = True
        with pytest.raises(ArchiveCorrupt):
            cursors.picture(found, turn)
        fetch.fails = False
        assert number_of(cursors.picture(found, turn)) == turn


def test_a_sample_that_gives_no_picture_is_an_error(store):
    _, _, found = groups(store, "h264 of open groups", 78)
    turn = min(turn for turn, each in enumerate(found.gop.samples) if each.t_ns < found.gop.samples[0].t_ns)
    cursors = Cursors(store.fetch)
    for _ in range(2):
        with pytest.raises(CorruptImage):
            cursors.picture(found, turn)  # shown before its key frame: made of the group before as well
        assert number_of(cursors.picture(found, 5)) == found.gop.samples[5].number


def test_one_thread_a_group_and_several_groups_side_by_side(store):
    first, second, _ = groups(store)
    fetch = Counting(store)
    fetch.hold.clear()
    cursors = Cursors(fetch)
    seen = []
    asked = [(first, 5), (first, 9), (second, 7)]
    threads = [
        threading.Thread(
            target=lambda found=found, turn=turn: seen.append(number_of(cursors.picture(found, turn)))
        )
        for found, turn in asked
    ]
    for thread in threads:
        thread.start()
    for _ in range(2):  # of each group one
        assert fetch.waiting.acquire(timeout=10)
    assert not fetch.waiting.acquire(timeout=0.05)
    assert cursors.bytes > 0  # nothing is read under the lock of all
    fetch.hold.set()
    for thread in threads:
        thread.join(10)
    assert sorted(seen) == [5, 9, 32]


def test_many_threads_within_the_room(store):
    found = groups(store)
    room = 20 * PICTURE
    cursors = Cursors(store.fetch, room)
    wrong = []

    def ask(seed):
        chance = random.Random(seed)
        for _ in range(60):
            number = chance.randrange(75)
            if number_of(cursors.picture(found[number // 25], number % 25)) != number or cursors.bytes > room:
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    cursors.clear()
    assert cursors.bytes == 0
