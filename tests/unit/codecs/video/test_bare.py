"""Decoding samples without their container."""

from __future__ import annotations

import av
import numpy as np
import pytest

from rushes.codecs.video.bare import BareDecoder
from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.fragments import probe
from rushes.errors import CorruptImage, FrameError, UnsupportedFormat
from rushes.testing import read_card
from tests.unit.archive.store import CODINGS, coded
from tests.unit.codecs.video.cards import record

COUNT = 50


def pieces(data):
    """The layout, each sample's bytes, and the card that each shows."""
    layout = probe(data)
    shown = sorted(each.pts_ns for each in layout.samples)
    samples = [memoryview(data)[each.position : each.position + each.size] for each in layout.samples]
    return layout, samples, [shown.index(each.pts_ns) for each in layout.samples]


@pytest.fixture(scope="module", params=CODINGS)
def film(request):
    return pieces(coded(range(COUNT), request.param))


def decoder(layout, **options):
    options.setdefault(
        "reordered",
        [each.pts_ns for each in layout.samples] != sorted(each.pts_ns for each in layout.samples),
    )
    return BareDecoder(layout.codec, layout.extradata, **options)


def number(picture):
    read = read_card(picture.array, picture.format)
    return None if read is None else read[0]


def test_the_last_of_any_run_from_the_key_frame(film):
    layout, samples, cards = film
    for turn in range(COUNT):
        picture = decoder(layout).last(samples[: turn + 1])
        assert (number(picture), picture.format, picture.pts_s) == (cards[turn], "i420", None)


def test_all_come_once_each_told_by_its_sample(film):
    layout, samples, cards = film
    one = decoder(layout)
    made = [decoded for sample in samples for decoded in one.feed(sample)]
    assert one.fed == COUNT
    made += one.finish()
    assert sorted(decoded.order for decoded in made) == list(range(COUNT))
    assert [number(decoded.picture()) for decoded in made] == [cards[decoded.order] for decoded in made]
    assert all(decoded.nbytes >= 320 * 180 * 3 // 2 for decoded in made)


def test_pictures_are_one_by_one_the_file_s_own(tmp_path):
    record(tmp_path / "a.mp4", 30)
    layout, samples, _ = pieces((tmp_path / "a.mp4").read_bytes())
    one = decoder(layout)
    with MediaInput(tmp_path / "a.mp4") as media:
        for sample, picture in zip(samples, media.frames(), strict=True):
            (decoded,) = one.feed(sample)
            assert np.array_equal(decoded.picture().array, picture.array)


def test_what_builds_upon_what_was_not_fed_gives_no_picture():
    layout, samples, cards = pieces(coded(range(COUNT), "h264 of open groups"))
    key = [turn for turn, each in enumerate(layout.samples) if each.keyframe][1]
    run = samples[key:]
    leading = [turn for turn in range(len(run)) if cards[key + turn] < cards[key]]
    assert leading
    for turn in range(len(run)):
        if turn in leading:
            with pytest.raises(CorruptImage):
                decoder(layout).last(run[: turn + 1])
        else:
            assert number(decoder(layout).last(run[: turn + 1])) == cards[key + turn]


def test_a_run_without_its_key_frame_is_no_picture(film):
    layout, samples, _ = film
    with pytest.raises(CorruptImage):
        decoder(layout).last(samples[1:8])


@pytest.mark.parametrize(
    "spoil", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"\xff" * len(data)]
)
def test_damage_that_shows_is_told(film, spoil):
    layout, samples, _ = film
    for bad in (0, 3):
        run = [bytes(sample) for sample in samples[:6]]
        run[bad] = spoil(run[bad])
        assert len(all_of(decoder(layout), run)) < len(run)


def test_a_picture_with_guessed_pixels_is_never_given():
    layout, samples, _ = pieces(coded(range(10)))
    marked = 0
    for place in range(40, len(samples[4]), 7):
        run = [bytes(sample) for sample in samples]
        run[4] = run[4][:place] + bytes(12) + run[4][place + 12 :]
        plain = av.CodecContext.create(layout.codec, "r")
        plain.extradata, plain.thread_count = layout.extradata, 1
        try:
            guessed = [frame.is_corrupt for sample in run[:5] for frame in plain.decode(av.Packet(sample))]
        except av.FFmpegError:
            continue
        if any(guessed):
            marked += 1
            with pytest.raises(CorruptImage):
                decoder(layout).last(run[:5])
    assert marked


def all_of(one, samples):
    """What it gives until it refuses."""
    made = []
    try:
        for sample in samples:
            made += one.feed(sample)
        made += one.finish()
    except CorruptImage:
        pass
    return made


def test_a_stream_that_does_not_tell_its_order():
    """Without the numbers that tell it, pictures would be taken as they come, and some be lost."""
    layout, samples, cards = pieces(coded(range(COUNT), "h264 of open groups"))
    silent = layout._replace(extradata=without_order(layout))
    assert silent.extradata != layout.extradata
    for turn in range(30):
        assert number(decoder(silent).last(samples[: turn + 1])) == cards[turn]


def without_order(layout):
    """The coder's header without the part on how pictures are to be shown, as many cameras send it.

    That part is the end of the sequence parameters, and one bit says whether it is there.
    """
    head = layout.extradata
    size = int.from_bytes(head[6:8], "big")
    parameters = head[8 : 8 + size]
    bits = "".join(f"{byte:08b}" for byte in parameters)
    at = 32  # the unit's kind, profile, constraints, level

    def number():
        nonlocal at
        zeros = bits.index("1", at) - at
        at += 2 * zeros + 1
        return int(bits[at - zeros - 1 : at], 2) - 1

    number()
    if parameters[1] == 100:
        for _ in range(3):
            number()
        at += 2
    number()
    assert number() == 0  # the order is told by a count in each picture
    for _ in range(2):
        number()
    at += 1
    for _ in range(2):
        number()
    assert bits[at] == "1"  # no interlacing
    at += 2
    cropped = bits[at] == "1"
    at += 1
    for _ in range(4 * cropped):
        number()
    short = bits[:at] + "01"
    short += "0" * (-len(short) % 8)
    made = int(short, 2).to_bytes(len(short) // 8, "big")
    return head[:6] + len(made).to_bytes(2, "big") + made + head[8 + size :]


def test_no_such_decoder_and_no_video():
    with pytest.raises(UnsupportedFormat):
        BareDecoder("nothing", b"")
    with pytest.raises(UnsupportedFormat):
        BareDecoder("aac", b"")


def test_a_picture_over_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr("rushes.codecs.video.bare.MAX_PIXELS", 1000)
    layout, samples, _ = pieces(coded(range(2)))
    with pytest.raises((FrameError, CorruptImage)):
        decoder(layout).last(samples)
