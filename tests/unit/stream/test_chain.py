"""Which coded pictures can be decoded when some were lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.stream.chain import Chain, mark, upon

NUMBERS = st.integers(0, 2**63 - 1)


def test_each_builds_upon_the_one_before():
    chain = Chain()
    assert [chain.arrived(7, True), chain.arrived(8, False), chain.arrived(9, False)] == [True] * 3
    assert not chain.wants_key(0.0)


def test_what_comes_before_the_first_key_frame_is_skipped():
    chain = Chain()
    assert not chain.arrived(3, False, 2)
    assert chain.arrived(4, True)
    assert chain.arrived(5, False)


def test_after_a_loss_nothing_is_decoded_until_a_key_frame():
    chain = Chain()
    chain.arrived(0, True)
    assert [chain.arrived(number, False) for number in (2, 3, 4)] == [False] * 3
    assert chain.arrived(5, True)
    assert chain.arrived(6, False)


def test_numbers_that_were_never_coded_are_no_loss():
    chain = Chain()
    chain.arrived(0, True)
    assert chain.arrived(10, False, 0)
    assert chain.arrived(1000, False, 10)
    assert not chain.arrived(1002, False, 1001)


def test_one_that_comes_twice_is_decoded_once():
    chain = Chain()
    chain.arrived(0, True)
    assert not chain.arrived(0, True)
    assert chain.arrived(1, False)
    assert not chain.arrived(1, False)
    assert not chain.wants_key(0.0)
    assert not chain.arrived(2, False, 2)


def test_a_key_frame_that_newer_ones_overtook_does_not_cut_their_chain():
    chain = Chain()
    chain.arrived(10, True)
    assert not chain.arrived(5, True)
    assert chain.arrived(11, False)
    assert not chain.wants_key(0.0)


def test_what_could_not_be_decoded_breaks_the_chain():
    chain = Chain()
    chain.arrived(0, True)
    chain.lost()
    assert chain.wants_key(0.0)
    assert not chain.arrived(1, False)
    assert chain.arrived(2, True)
    assert not chain.wants_key(10.0)


def test_a_key_frame_is_asked_for_once_and_each_second_again_while_pictures_are_skipped():
    chain = Chain()
    chain.arrived(5, False)
    assert chain.wants_key(100.0)
    asked = []
    for turn in range(1, 31):
        chain.arrived(5 + turn, False)
        if chain.wants_key(100.0 + turn / 10):
            asked.append(turn)
    assert asked == [10, 20, 30]
    assert not chain.wants_key(200.0)  # nothing more was skipped: the stream has ended, perhaps
    chain.arrived(50, True)
    assert not chain.wants_key(200.1)
    chain.arrived(52, False)
    assert chain.wants_key(200.2)


# Each picture: whether it is a key frame, how many numbers before it were never coded, and what becomes of it.
PICTURES = st.lists(
    st.tuples(
        st.booleans(), st.integers(0, 3), st.sampled_from(["comes", "comes", "comes", "lost", "broken"])
    ),
    max_size=40,
)


@given(PICTURES, st.integers(0, 2), st.randoms(use_true_random=False))
def test_no_picture_is_decoded_that_builds_upon_a_missing_one(pictures, swaps, chance):
    sent, number, last = [], 0, None
    for key, gap, fate in pictures:
        number += 1 + gap
        key = key or last is None
        sent.append((number, key, None if key else last, fate))
        last = number
    arriving = [each for each in sent if each[3] != "lost"]
    for _ in range(swaps if len(arriving) > 1 else 0):
        place = chance.randrange(len(arriving) - 1)
        arriving[place : place + 2] = arriving[place : place + 2][::-1]
    chain, decoder = Chain(), None  # the number of what the decoder holds
    for number, key, before, fate in arriving:
        if chain.arrived(number, key, before):
            assert key or before == decoder
            decoder = None if fate == "broken" else number
            if fate == "broken":
                chain.lost()
        elif not swaps:
            assert not key  # in order none is skipped that could be decoded
            assert before != decoder


@given(NUMBERS, st.binary(max_size=50))
def test_the_note_is_read_back(number, data):
    marked = mark(data, number)
    assert upon(marked) == upon(memoryview(bytearray(marked))) == number
    assert marked.endswith(data)


@given(NUMBERS)
def test_the_note_has_no_start_code_within(number):
    assert b"\x00\x00" not in mark(b"", number)[4:]


@given(st.binary(max_size=60))
def test_other_data_have_no_note(data):
    assert upon(data) is None


@pytest.mark.parametrize("digits", [b"-000000000000001", b"1_00000000000000", b" 000000000000001", b"g" * 16])
def test_a_forged_note_is_none(digits):
    marked = mark(b"", 1)
    assert upon(marked.replace(b"%016x" % 1, digits)) is None
