"""Reading what is broken, cut off, forged or no video at all."""

from __future__ import annotations

import struct
import subprocess

import numpy as np
import pytest
from av.error import InvalidDataError

from rushes.codecs.video import opening
from rushes.codecs.video.decoding import Decoding
from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.writer import VideoWriter
from rushes.errors import CorruptImage, FrameError, SourceUnavailable, UnsupportedFormat
from rushes.limits import check_pixels
from tests.unit.codecs.video.cards import FPS, number, record, write


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "a.mp4"
    with VideoWriter(path, 640, 360, fps=FPS) as writer:
        write(writer, range(100), spread=80)
    return path


def read(path):
    with MediaInput(path) as media:
        pictures = list(media.frames())
        return pictures, media.damage


@pytest.mark.parametrize("part", [0.3, 0.55, 0.8, 0.97])
def test_a_truncated_recording_gives_what_is_there(tmp_path, sound, part):
    data = sound.read_bytes()
    (tmp_path / "a.mp4").write_bytes(data[: int(len(data) * part)])
    pictures, damage = read(tmp_path / "a.mp4")
    good = [number(each) for each in pictures if not each.corrupt]
    assert good == list(range(len(good)))
    assert len(good) >= int(100 * part) // 25 * 25
    assert damage.corrupt_frames == sum(each.corrupt for each in pictures)


def test_a_truncated_plain_file(tmp_path, sound):
    """With its index in front, as downloads have it: all packets are known, and most are not there."""
    path = tmp_path / "a.mp4"
    copy = ["-c", "copy", "-movflags", "+faststart", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(sound), *copy], check=True, timeout=60)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    pictures, damage = read(path)
    good = [number(each) for each in pictures if not each.corrupt]
    assert good == list(range(len(good)))
    assert len(good) >= 40
    assert damage.any


def test_a_plain_file_without_its_index_is_no_video(tmp_path):
    path = tmp_path / "a.mp4"
    record(path, 30, fragmented=False)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(UnsupportedFormat, match="cut off before its index"):
        MediaInput(path)


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes_cost_a_group_and_are_counted(tmp_path, sound, seed):
    """Noise in the middle of the second group of four."""
    data = bytearray(sound.read_bytes())
    chance = np.random.default_rng(seed)
    at = int(len(data) * 0.37)
    data[at : at + 400] = chance.bytes(400)
    (tmp_path / "a.mp4").write_bytes(data)
    pictures, damage = read(tmp_path / "a.mp4")
    assert damage.any
    good = [number(each) for each in pictures if not each.corrupt]
    assert good[:25] == list(range(25))
    assert good[-50:] == list(range(50, 100))
    assert damage.corrupt_frames == sum(each.corrupt for each in pictures)
    # Every packet is accounted for.
    assert len(pictures) + damage.bad_packets + damage.skipped_until_key == 100


def test_what_builds_upon_a_broken_picture_is_marked(tmp_path, sound):
    data = bytearray(sound.read_bytes())
    at = int(len(data) * 0.37)
    data[at : at + 200] = bytes(200)
    (tmp_path / "a.mp4").write_bytes(data)
    pictures, damage = read(tmp_path / "a.mp4")
    broken = [n for n, each in enumerate(pictures) if each.corrupt]
    if broken:
        assert broken == list(range(broken[0], broken[-1] + 1))
        assert pictures[broken[-1] + 1].keyframe
    assert damage.any


@pytest.mark.parametrize("seed", range(8))
def test_noise_anywhere_neither_ends_nor_hangs_the_reader(tmp_path, sound, seed):
    data = bytearray(sound.read_bytes())
    chance = np.random.default_rng(seed)
    for at in chance.integers(800, len(data) - 10, 60):
        data[at] ^= int(chance.integers(1, 256))
    (tmp_path / "a.mp4").write_bytes(data)
    pictures, damage = read(tmp_path / "a.mp4")
    assert damage.any or len(pictures) < 100


def test_a_stream_without_key_frames_goes_on_after_a_while(sound):
    class Part:
        """A packet that claims to be no key frame, and is broken where it says so."""

        def __init__(self, coded, broken):
            self.size, self.is_keyframe = coded.size, False
            self._coded, self._broken = coded, broken

        def decode(self):
            if self._broken:
                raise InvalidDataError(1, "broken")
            return self._coded.decode()

    decoding, given = Decoding(), []
    for turn in range(4):
        with MediaInput(sound) as media:
            for n, packet in enumerate(media.packets()):
                given += decoding.feed(Part(packet.coded, (turn, n) == (0, 40)))
    assert (decoding.bad_packets, decoding.skipped_until_key) == (1, 250)
    assert len(given) == 40 + 100  # it goes on inside the third reading, where this decoder needs a key frame


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", CorruptImage, "is empty"),
        (b"Minutes of the meeting\n" * 100, UnsupportedFormat, "no video"),
        (b"\0" * 5000, UnsupportedFormat, "no video"),
        (np.random.default_rng(1).bytes(5000), UnsupportedFormat, "no video"),
    ],
)
def test_no_video(tmp_path, content, error, says):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(error, match=says):
        MediaInput(tmp_path / "a.mp4")


def test_only_sound(tmp_path):
    sine = ["-f", "lavfi", "-i", "sine=d=0.2", str(tmp_path / "a.wav")]
    subprocess.run(["ffmpeg", "-v", "error", *sine], check=True, timeout=60)
    with pytest.raises(UnsupportedFormat, match="no video that can be decoded here, but audio"):
        MediaInput(tmp_path / "a.wav")


def test_what_is_not_there(tmp_path):
    with pytest.raises(SourceUnavailable, match="No such file"):
        MediaInput(tmp_path / "none.mp4")
    with pytest.raises(SourceUnavailable, match="folder"):
        MediaInput(tmp_path)


def forged_avi(width: int, height: int) -> bytes:
    """The head of an AVI of raw pictures of that size, and a few bytes of the first one."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data

    main = struct.pack("<14I", 40_000, 0, 0, 0x10, 1, 0, 1, 0, width, height, 0, 0, 0, 0)
    head = b"vids" + bytes(4) + struct.pack("<10I", 0, 0, 0, 1, 25, 0, 1, 0, 0, 0) + bytes(8)
    bitmap = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    stream = chunk(b"LIST", b"strl" + chunk(b"strh", head) + chunk(b"strf", bitmap))
    head_list = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + stream)
    movie = chunk(b"LIST", b"movi" + chunk(b"00db", bytes(600)))
    return chunk(b"RIFF", b"AVI " + head_list + movie)


@pytest.mark.parametrize("size", [(65500, 65500), (20000, 20000), (2**31 - 1, 2)])
def test_giant_pictures_are_refused_before_anything_is_decoded(tmp_path, size):
    (tmp_path / "a.avi").write_bytes(forged_avi(*size))
    with pytest.raises(UnsupportedFormat, match="over the limit of 268435456 pixels"):
        MediaInput(tmp_path / "a.avi")


def test_what_the_head_says_is_held_against_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "check_pixels", lambda height, width: check_pixels(height, width, limit=700))
    (tmp_path / "a.avi").write_bytes(forged_avi(32, 24))
    with pytest.raises(FrameError, match="32x24 is over the limit of 700"):
        MediaInput(tmp_path / "a.avi")


def test_a_modest_forged_head_is_read(tmp_path):
    """Else the refusals above would show nothing."""
    (tmp_path / "a.avi").write_bytes(forged_avi(32, 24))
    with MediaInput(tmp_path / "a.avi") as media:
        assert (media.info.width, media.info.height) == (32, 24)


def test_the_limit_holds_for_pictures_that_grow_on_the_way(tmp_path, sound, monkeypatch):
    """What the head says is one thing, what the decoder brings out another."""
    monkeypatch.setattr("rushes.codecs.video.decoding.MAX_PIXELS", 100)
    with MediaInput(sound) as media, pytest.raises(FrameError, match="limit of 100"):
        next(media.frames())
