"""Recording, and reading what was recorded."""

from __future__ import annotations

import io
import itertools
import subprocess

import numpy as np
import pytest

from rushes.codecs import colour
from rushes.codecs.video import encoders
from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.media import MediaInfo, Packet
from rushes.codecs.video.writer import VideoWriter
from rushes.errors import ClosedError, ConfigError, EncodeError, FrameError, UnknownName
from tests.unit.codecs.video.cards import FPS, START_NS, STEP_NS, number, numbers, record, write
from tests.unit.codecs.video.gil import longest_stall


@pytest.mark.parametrize("format", ["i420", "bgra", "bgr24", "rgb24", "gray8"])
@pytest.mark.parametrize("fragmented", [True, False])
def test_round_trip(tmp_path, format, fragmented):
    record(tmp_path / "a.mp4", 40, format=format, fragmented=fragmented)
    with MediaInput(tmp_path / "a.mp4") as media:
        info = media.info
        pictures = list(media.frames())
    assert (info.width, info.height, info.fps, info.codec) == (640, 360, FPS, "h264")
    assert (info.native_format, info.live) == ("i420", False)
    assert info.duration_s == pytest.approx(1.6)
    assert [number(each) for each in pictures] == list(range(40))
    assert [each.pts_s for each in pictures] == pytest.approx([n / FPS for n in range(40)], abs=2e-5)
    assert [n for n, each in enumerate(pictures) if each.keyframe] == [0, 25]
    assert {each.array.shape for each in pictures} == {(540, 640)}


def test_colours_survive(tmp_path):
    bgr = np.zeros((64, 96, 3), np.uint8)
    bgr[:, 32:64], bgr[:, 64:] = (20, 200, 90), (250, 10, 160)
    for format in ("bgr24", "i420", "bgra"):
        with VideoWriter(tmp_path / "c.mp4", 96, 64, fps=25, format=format, quality=100) as writer:
            writer.write(colour.convert(bgr, "bgr24", format), START_NS)
        with MediaInput(tmp_path / "c.mp4") as media:
            (picture,) = media.frames()
        seen = colour.convert(picture.array, picture.format, "bgr24")
        for column in (16, 48, 80):
            assert np.abs(seen[32, column].astype(int) - bgr[32, column]).max() <= 8


def test_times_are_kept_and_always_grow(tmp_path):
    seconds = [0, 0.04, 0.04, 0.03, 1.5, 1.0, 1.54, -3600, -3599.96, -3599.92]
    with VideoWriter(tmp_path / "a.mp4", 32, 32, fps=25) as writer:
        for each in seconds:
            writer.write(np.zeros((48, 32), np.uint8), START_NS + round(each * 1e9))
    with MediaInput(tmp_path / "a.mp4") as media:
        times = [each.pts_s or 0.0 for each in media.packets()]
    tick = 1 / 90_000
    expected = [0, 0.04, 0.04 + tick, 0.04 + 2 * tick, 1.5, 1.5 + tick, 1.54, 1.58, 1.62, 1.66]
    assert times == pytest.approx(expected, abs=tick * 0.9)
    assert all(later > earlier for earlier, later in itertools.pairwise(times))


def test_groups_follow_the_time_not_the_count(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", 32, 32, fps=25, gop_s=2.0) as writer:
        for n in range(30):  # five a second instead of twenty-five
            writer.write(np.full((48, 32), n, np.uint8), START_NS + n * 200_000_000, keyframe=n == 13)
    with MediaInput(tmp_path / "a.mp4") as media:
        assert [n for n, each in enumerate(media.packets()) if each.keyframe] == [0, 10, 13, 23]


@pytest.mark.parametrize("size", [(321, 241), (320, 241), (321, 240)])
def test_odd_sizes_are_padded(tmp_path, size):
    record(tmp_path / "a.mp4", 3, size=size, format="bgr24")
    with MediaInput(tmp_path / "a.mp4") as media:
        assert (media.info.width, media.info.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
        assert [number(each) for each in media.frames()] == [0, 1, 2]


def test_into_a_file_object_in_whole_fragments(tmp_path):
    class Pieces(io.BytesIO):
        def write(self, data, /):
            pieces.append(bytes(data))
            return super().write(data)

        def seek(self, *_):
            raise AssertionError("a fragmented file only grows")

    pieces: list[bytes] = []
    file = Pieces()
    with VideoWriter(file, 64, 48, fps=FPS) as writer:
        write(writer, range(60))
        assert writer.bytes_written == len(file.getvalue()) == sum(map(len, pieces))
    assert not file.closed
    # The head, three groups of pictures, each in one piece, and the index at the end.
    assert [piece[4:8] for piece in pieces] == [b"ftyp", b"moov", b"moof", b"moof", b"moof", b"mfra"]
    (tmp_path / "a.mp4").write_bytes(file.getvalue())
    with MediaInput(tmp_path / "a.mp4") as media:
        assert len(list(media.frames())) == 60


def test_other_players_can_read_it(tmp_path):
    record(tmp_path / "a.mp4", 50)
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries"]
    command += ["stream=nb_read_frames,color_space,color_range", "-of", "csv=p=0", str(tmp_path / "a.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout.strip(), done.stderr) == ("tv,smpte170m,50", "")


def test_the_array_may_be_reused(tmp_path):
    record(tmp_path / "a.mp4", 30, threads=2)  # draws every card into the same array
    assert numbers(tmp_path / "a.mp4") == list(range(30))


def test_an_encoder_that_holds_pictures_back_gives_them_at_the_end(tmp_path):
    slow = {"preset": "medium", "tune": "film", "rc-lookahead": "20"}
    record(tmp_path / "a.mp4", 30, options=slow)
    assert numbers(tmp_path / "a.mp4") == list(range(30))


def test_a_plain_file_object_must_be_seekable(tmp_path):
    file = io.BytesIO()
    record(file, 30, fragmented=False)
    (tmp_path / "a.mp4").write_bytes(file.getvalue())
    assert numbers(tmp_path / "a.mp4") == list(range(30))

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    with pytest.raises(ConfigError, match="seekable"):
        VideoWriter(Pipe(), 64, 48, fps=25, fragmented=False)


def test_read_only_and_cut_out_arrays(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", 64, 48, fps=25, format="bgr24") as writer:
        large = np.zeros((100, 100, 3), np.uint8)
        large.flags.writeable = False
        writer.write(large[4:52, 6:70], START_NS)
        writer.write(large[4:100:2, 6:70], START_NS + STEP_NS)


def test_copying(tmp_path):
    record(tmp_path / "a.mp4", 80, fragmented=False)
    with MediaInput(tmp_path / "a.mp4") as media:
        info, packets = media.info, list(media.packets())
    # After the input's close, and from the middle: what comes before a key frame is left out.
    with VideoWriter.copying(tmp_path / "b.mp4", info) as writer:
        sizes = [writer.write_packet(each) for each in packets[20:]]
    assert sizes == sorted(sizes)
    with MediaInput(tmp_path / "b.mp4") as media:
        pictures, copied = list(media.frames()), media.info
    assert [number(each) for each in pictures] == list(range(25, 80))
    assert pictures[0].pts_s == 0
    assert pictures[-1].pts_s == pytest.approx(54 / FPS, abs=2e-5)
    assert (copied.codec, copied.width, copied.extradata) == ("h264", 640, info.extradata)
    with MediaInput(tmp_path / "b.mp4") as media:
        assert [each.bytes() for each in media.packets()] == [each.bytes() for each in packets[25:]]


def test_copying_pictures_out_of_order(tmp_path):
    """With B-frames, the order of decoding and of showing differ."""
    clip = ["-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=3", "-c:v", "libx264", "-bf", "3", "-g", "25"]
    subprocess.run(["ffmpeg", "-v", "error", *clip, str(tmp_path / "a.mp4")], check=True, timeout=60)
    with MediaInput(tmp_path / "a.mp4") as media:
        with VideoWriter.copying(tmp_path / "b.mp4", media.info) as writer:
            for each in media.packets():
                writer.write_packet(each)
        media.seek(0)
        before = [each.array for each in media.frames()]
    with MediaInput(tmp_path / "b.mp4") as media:
        after = list(media.frames())
    times = [each.pts_s or 0.0 for each in after]
    assert times == sorted(set(times))
    assert len(after) == 75
    assert all(np.array_equal(one, other.array) for one, other in zip(before, after, strict=True))


def test_copying_what_is_not_known(tmp_path):
    with pytest.raises(EncodeError, match="MediaInput"):
        VideoWriter.copying(tmp_path / "a.mp4", MediaInfo(64, 48, 25.0, "h264", "yuv420p", "i420"))
    assert not (tmp_path / "a.mp4").exists()


def test_what_does_not_fit_is_refused(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", 64, 48, fps=25) as writer:
        with pytest.raises(FrameError, match="64x48"):
            writer.write(np.zeros((48, 64), np.uint8), START_NS)
        with pytest.raises(FrameError, match="wants shape"):
            writer.write(np.zeros((48, 64, 3), np.uint8), START_NS)
        with pytest.raises(ConfigError, match="copying"):
            writer.write_packet(Packet(0.0, 0.0, 0.04, True, 0))
        writer.write(np.zeros((72, 64), np.uint8), START_NS)
    writer.close()
    with pytest.raises(ClosedError):
        writer.write(np.zeros((72, 64), np.uint8), START_NS)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"quality": 0}, ConfigError),
        ({"quality": 101}, ConfigError),
        ({"fps": -1}, ConfigError),
        ({"gop_s": 0}, ConfigError),
        ({"threads": 0}, ConfigError),
        ({"format": "yuv"}, UnknownName),
        ({"codec": "h999"}, UnknownName),
        ({"options": {"preset": "nonsense"}}, EncodeError),
        ({"width": 0}, FrameError),
        ({"width": 63}, ConfigError),
        ({"width": 200_000, "height": 200_000}, FrameError),
    ],
)
def test_wrong_options_leave_no_file(tmp_path, wrong, error):
    with pytest.raises(error):
        VideoWriter(tmp_path / "a.mp4", **({"width": 64, "height": 48, "fps": 25} | wrong))
    assert not (tmp_path / "a.mp4").exists()


def test_a_path_that_cannot_be_written(tmp_path):
    with pytest.raises(FileNotFoundError):
        VideoWriter(tmp_path / "none" / "a.mp4", 64, 48, fps=25)


def test_missing_encoders(tmp_path, monkeypatch):
    with pytest.raises(EncodeError, match=r"h264_nvenc fails.*nonsense fails"):
        encoders.find_encoder(["h264_nvenc", "nonsense"])
    found = encoders.find_encoder(["nonsense", "libx264"])
    assert found.name == "libx264"
    assert "because nonsense fails" in found.why
    monkeypatch.setattr(encoders, "CODERS", {"h264": ("nonsense",)})
    with pytest.raises(EncodeError, match="tried: nonsense"):
        VideoWriter(tmp_path / "a.mp4", 64, 48, fps=25)
    assert not (tmp_path / "a.mp4").exists()


def test_quality_sets_the_size(tmp_path):
    assert [encoders.crf(each) for each in (1, 80, 100)] == [51, 23, 16]
    sizes = []
    for quality in (20, 60, 95):
        record(tmp_path / "a.mp4", 10, quality=quality)
        sizes.append((tmp_path / "a.mp4").stat().st_size)
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("format", ["i420", "bgra"])
def test_other_threads_run_while_it_encodes(tmp_path, format):
    shape = (1620, 1920) if format == "i420" else (1080, 1920, 4)
    array = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    with VideoWriter(tmp_path / "a.mp4", 1920, 1080, fps=25, format=format) as writer:
        times = iter(range(START_NS, START_NS + 10**12, STEP_NS))
        stall, took = longest_stall(lambda: writer.write(array, next(times)))
    assert stall < took * 0.6
