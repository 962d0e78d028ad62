"""Frames as H.264 messages, and back."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.codecs import jpeg
from rushes.errors import BadMessage, ClosedError, ConfigError, CorruptImage, EncodeError
from rushes.frame import Frame
from rushes.stream import h264
from rushes.stream.encoding import Encoded
from rushes.stream.h264 import MOST_TRACKS, VideoDecoder, VideoEncoder
from rushes.stream.numbering import Place
from rushes.wire.message import Header, pack, topic_of, unpack
from tests.unit.codecs.video.moving import FORMATS, START_NS, STEP_NS, moving, psnr

SIZE = (64, 48)


def frame(turn, format="bgr24", size=SIZE, track=""):
    return Frame(
        moving(size, turn, format), format=format, captured_ns=START_NS + turn * STEP_NS, track=track
    )


def message(made, place, **changes):
    """What a receiver gets of it: through the checks of both ends."""
    header = {
        "stream": "cam",
        "run": place.run,
        "number": place.number,
        "captured_ns": START_NS,
        "sent_ns": START_NS,
        "track": place.track,
        "codec": made.codec,
        "format": made.format,
        "dtype": made.dtype,
        "shape": made.shape,
        "length": memoryview(made.payload).nbytes,
        "key": made.key,
    }
    packed = Header(**header | changes)
    return unpack([topic_of(packed) + pack(packed), made.payload])


def messages(count, *, start=0, step=1, encoder=None, run=1, track="", keys=()):
    with encoder or VideoEncoder() as encoder:
        made = []
        for turn in range(start, start + count):
            place = Place(run, track, turn * step)
            made.append(message(encoder.encode(frame(turn), place, key=turn in keys), place))
    return made


def shown(decoder, each):
    held = decoder.feed(each)
    return None if held is None else held.pixels(each.header.format, each.header.shape)


@pytest.fixture
def encoder():
    with VideoEncoder() as made:
        yield made


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [SIZE, (33, 21), (16, 16)])
def test_frames_come_out_as_they_went_in(encoder, format, size):
    if format == "i420" and size[0] % 2:
        pytest.skip("there is no such array")
    decoder = VideoDecoder()
    for turn in range(5):
        given, place = frame(turn, format, size), Place(1, "", turn)
        made = encoder.encode(given, place)
        assert (made.codec, made.format, made.dtype) == ("h264", format, "u1")
        assert (made.shape, made.key) == (given.array.shape, turn == 0)
        got = shown(decoder, message(made, place))
        assert (got.shape, got.dtype, got.flags.writeable) == (given.array.shape, np.uint8, True)
        assert psnr(got, given.array) > 30


def test_gray_with_a_third_side_keeps_it(encoder):
    array = moving(SIZE, 0, "gray8")[:, :, None]
    place = Place(1, "", 0)
    made = encoder.encode(Frame(array, format="gray8"), place)
    assert made.shape == array.shape
    assert shown(VideoDecoder(), message(made, place)).shape == array.shape


@pytest.mark.parametrize(
    ("array", "format"),
    [
        (np.zeros((20, 30), np.float32), "array"),
        (np.zeros((0, 30, 3), np.uint8), "array"),
        (np.zeros((), np.uint16), "array"),
        (moving((15, 64), 0), "bgr24"),
        (moving((64, 15), 0), "bgr24"),
        (np.zeros((16, 16386), np.uint8), "gray8"),
    ],
)
def test_what_h264_cannot_hold_travels_raw(encoder, array, format):
    place = Place(1, "", 0)
    made = encoder.encode(Frame(array, format=format), place)
    assert (made.codec, made.format, made.shape, made.key) == ("raw", format, array.shape, True)
    assert bytes(made.payload) == array.tobytes()


def test_what_is_too_large_for_raw_too_travels_as_a_jpeg(encoder, monkeypatch):
    monkeypatch.setattr(h264, "MAX_BYTES", 1000)
    made = encoder.encode(Frame(moving((15, 64), 0)), Place(1, "", 0))
    assert made.codec == "jpeg"


def test_a_jpeg_is_decoded_first(encoder):
    array = moving(SIZE, 0)
    place = Place(1, "", 0)
    made = encoder.encode(Frame(jpeg.encode(array, "bgr24", 95), format="jpeg"), place)
    assert (made.codec, made.format, made.shape) == ("h264", "bgr24", array.shape)
    assert psnr(shown(VideoDecoder(), message(made, place)), array) > 28
    small = Frame(jpeg.encode(moving((8, 8), 0), "bgr24", 95), format="jpeg")
    made = encoder.encode(small, place)
    assert (made.codec, made.shape, bytes(made.payload)) == ("jpeg", (8, 8, 3), small.array.tobytes())
    with pytest.raises(CorruptImage):
        encoder.encode(Frame(b"no jpeg", format="jpeg"), place)


def test_key_frames_when_asked_for_and_at_each_new_size_and_run(encoder):
    keys = []
    for turn, (size, run, key) in enumerate(
        [(SIZE, 1, False)] * 2
        + [(SIZE, 1, True)]
        + [((32, 32), 1, False)] * 2
        + [(SIZE, 1, False)] * 2
        + [(SIZE, 2, False)] * 2
    ):
        keys.append(encoder.encode(frame(turn, size=size), Place(run, "", turn), key=key).key)
    assert keys == [True, False, True, True, False, True, False, True, False]


def test_a_receiver_follows_a_change_of_size(encoder):
    decoder = VideoDecoder()
    for turn, size in enumerate([SIZE, SIZE, (33, 21), (33, 21), (34, 22), (320, 240), SIZE]):
        place = Place(1, "", turn)
        each = message(encoder.encode(frame(turn, size=size), place), place)
        assert psnr(shown(decoder, each), moving(size, turn)) > 30


@pytest.mark.parametrize("step", [1, 3])
def test_a_lost_picture_takes_those_that_build_upon_it_along(step):
    made = messages(12, step=step, keys=(8,))
    decoder = VideoDecoder()
    got = {turn: shown(decoder, made[turn]) for turn in range(12) if turn != 4}
    assert [turn for turn, each in got.items() if each is None] == [5, 6, 7]
    for turn in (0, 1, 2, 3, 8, 9, 10, 11):
        assert psnr(got[turn], moving(SIZE, turn)) > 30


def test_raw_frames_in_between_break_nothing_even_when_they_are_lost(encoder):
    decoder = VideoDecoder()
    for turn in range(9):
        place = Place(1, "", turn)
        if turn % 3 == 2:
            assert encoder.encode(frame(turn, size=(8, 8)), place).codec == "raw"
            continue
        each = message(encoder.encode(frame(turn), place), place)
        assert psnr(shown(decoder, each), moving(SIZE, turn)) > 30


def test_one_who_joins_asks_for_a_key_frame_and_shows_nothing_before():
    made = messages(6, start=0, keys=(4,), track="t")
    decoder = VideoDecoder()
    assert decoder.wants_key(0.0) == ()
    assert decoder.feed(made[2]) is None
    assert decoder.wants_key(0.0) == ("t",)
    assert decoder.feed(made[3]) is None
    assert decoder.wants_key(0.5) == ()
    assert decoder.wants_key(1.0) == ("t",)
    assert psnr(shown(decoder, made[4]), moving(SIZE, 4)) > 30
    assert shown(decoder, made[5]) is not None
    assert decoder.wants_key(9.0) == ()


def test_broken_data_are_told_and_a_key_frame_mends_it():
    made = messages(8, keys=(5,))
    decoder = VideoDecoder()
    decoder.feed(made[0])
    broken = Encoded("h264", "bgr24", "u1", (48, 64, 3), b"\x00\x00\x00\x01\x41" + b"x" * 50, False)
    with pytest.raises(CorruptImage):
        decoder.feed(message(broken, Place(1, "", 1)))
    assert decoder.wants_key(0.0) == ("",)
    assert [decoder.feed(each) for each in made[2:5]] == [None] * 3
    for turn in (5, 6, 7):
        assert psnr(shown(decoder, made[turn]), moving(SIZE, turn)) > 30


def test_headers_that_the_picture_does_not_fulfil_are_refused():
    (made,) = messages(1)
    coded = Encoded("h264", "bgr24", "u1", (48, 64, 3), made.payload)
    place = Place(1, "", 0)
    for changes in (
        {"dtype": "f4"},
        {"format": "array"},
        {"format": "yuv9"},
        {"format": "i420"},
        {"shape": (48, 64)},
        {"shape": (0, 64, 3)},
        {"shape": (8, 8, 3)},
        {"codec": "jpeg"},
    ):
        with pytest.raises(BadMessage):
            VideoDecoder().feed(message(coded, place, **changes))
    for shape in ((46, 64, 3), (48, 66, 3), (480, 640, 3), (16, 16, 3)):
        with pytest.raises(CorruptImage):
            VideoDecoder().feed(message(coded, place, shape=shape))


def test_a_size_that_changes_without_a_key_frame_is_refused():
    made = messages(2)
    decoder = VideoDecoder()
    decoder.feed(made[0])
    coded = Encoded("h264", "bgr24", "u1", (32, 32, 3), made[1].payload, False)
    with pytest.raises(CorruptImage):
        decoder.feed(message(coded, Place(1, "", 1)))


def test_tracks_and_runs_are_apart(encoder):
    decoder = VideoDecoder()
    for turn in range(4):
        for track in ("a", "b"):
            place = Place(5, track, turn)
            each = message(encoder.encode(frame(turn + 9 * (track == "b")), place), place)
            assert each.header.key == (turn == 0)
            if (track, turn) == ("a", 1):
                continue
            got = shown(decoder, each)
            assert (got is None) == (track == "a" and turn > 1)
            if got is not None:
                assert psnr(got, moving(SIZE, turn + 9 * (track == "b"))) > 30
    assert decoder.wants_key(0.0) == ("a",)
    decoder.clear()
    assert decoder.wants_key(9.0) == ()


def test_of_more_tracks_than_are_kept_the_oldest_begins_anew(encoder):
    decoder = VideoDecoder()
    tracks = [f"t{count}" for count in range(MOST_TRACKS + 1)]
    for track in tracks:
        place = Place(1, track, 0)
        assert shown(decoder, message(encoder.encode(frame(0), place), place)) is not None
    assert len(decoder._decodings) == len(encoder._codings) == MOST_TRACKS
    again = [encoder.encode(frame(1), Place(1, track, 1)).key for track in (tracks[-1], tracks[0])]
    assert again == [False, True]
    kept = Encoded("h264", "bgr24", "u1", (48, 64, 3), messages(2)[1].payload, False)
    assert decoder.feed(message(kept, Place(1, tracks[0], 1))) is None


def test_after_a_failure_the_next_is_a_key_frame(encoder, monkeypatch):
    for turn in range(2):
        encoder.encode(frame(turn), Place(1, "", turn))
    live = encoder._codings[""].encoder

    class Broken:
        def encode(self, frame):
            return []

    with monkeypatch.context() as patch:
        patch.setattr(live, "_context", Broken())
        with pytest.raises(EncodeError):
            encoder.encode(frame(2), Place(1, "", 2))
    assert encoder.encode(frame(3), Place(1, "", 3)).key
    assert not encoder.encode(frame(4), Place(1, "", 4)).key


def test_wrong_options_and_use_after_the_end():
    with pytest.raises(ConfigError):
        VideoEncoder(0)
    encoder = VideoEncoder()
    encoder.encode(frame(0), Place(1, "", 0))
    encoder.close()
    encoder.close()
    with pytest.raises(ClosedError):
        encoder.encode(frame(1), Place(1, "", 1))
