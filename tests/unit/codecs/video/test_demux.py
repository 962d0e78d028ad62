"""Reading what is sound: formats, colours, seeking, closing."""

from __future__ import annotations

import subprocess
import threading

import numpy as np
import pytest

from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.media import Packet
from rushes.errors import ClosedError, ConfigError
from rushes.lifecycle import StopToken
from tests.unit.codecs.video.cards import FPS, number, numbers, record


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "a.mp4"
    record(path, 100)
    return path


def made(path, *options):
    """A clip by the ffmpeg command: three pictures of plain red at 64 by 48, or what ``options`` say."""
    source = ["-f", "lavfi", "-i", "color=red:s=64x48:r=25:d=0.12"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, *options, str(path)], check=True, timeout=60)
    return path


@pytest.mark.parametrize(
    ("name", "options", "native"),
    [
        ("a.mkv", "-pix_fmt yuv420p -c:v ffv1", "i420"),
        ("a.mkv", "-pix_fmt yuv422p -c:v ffv1", "i420"),
        ("a.mkv", "-pix_fmt yuv444p -c:v ffv1", "i420"),
        ("a.mkv", "-pix_fmt yuv420p10le -c:v ffv1", "i420"),
        ("a.mkv", "-pix_fmt yuvj420p -c:v mjpeg -qmax 2", "i420"),
        ("a.mkv", "-pix_fmt yuv420p -c:v ffv1 -vf scale=63:47", "bgr24"),
        ("a.mkv", "-pix_fmt bgr0 -c:v ffv1", "bgra"),
        ("a.mkv", "-pix_fmt bgra -c:v ffv1", "bgra"),
        ("a.avi", "-pix_fmt bgr24 -c:v rawvideo", "bgr24"),
        ("a.mkv", "-pix_fmt bgr24 -c:v libx264rgb -qp 0", "bgr24"),
        ("a.gif", "", "bgra"),
        ("a.mp4", "-pix_fmt yuv420p -vf scale=out_color_matrix=bt709 -colorspace bt709", "i420"),
        ("a.mp4", "-pix_fmt yuv420p -vf scale=out_range=full -color_range pc", "i420"),
    ],
)
def test_every_layout_gives_our_formats_in_our_colours(tmp_path, name, options, native):
    with MediaInput(made(tmp_path / name, *options.split())) as media:
        pictures = list(media.frames())
        assert media.info.native_format == native
    assert len(pictures) == 3 or name == "a.gif"
    for picture in pictures:
        assert picture.format == native
        array = picture.array
        assert array.flags.c_contiguous
        assert array.flags.owndata
        if native == "i420":
            planes = array[24, 32], array[48].flat[8], array[60].flat[8]
            assert np.abs(np.array(planes, int) - (82, 90, 240)).max() <= 3  # red in BT.601, limited range
        else:
            assert np.abs(array[20, 20, :3].astype(int) - (0, 0, 255)).max() <= 3
            assert native == "bgr24" or array[20, 20, 3] == 255


def test_gray(tmp_path):
    with MediaInput(made(tmp_path / "a.mkv", "-pix_fmt", "gray", "-c:v", "ffv1")) as media:
        picture = next(media.frames())
    assert (picture.format, picture.array.shape) == ("gray8", (48, 64))
    assert np.abs(picture.array.astype(int) - 76).max() <= 2


def test_packets_say_what_they_are(clip):
    with MediaInput(clip) as media:
        packets = list(media.packets())
    assert len(packets) == 100
    assert [n for n, each in enumerate(packets) if each.keyframe] == [0, 25, 50, 75]
    assert [each.pts_s for each in packets] == pytest.approx([n / FPS for n in range(100)], abs=2e-5)
    assert {round(each.duration_s, 4) for each in packets} == {0.04}
    assert all(len(each.bytes()) == each.size > 0 for each in packets)


def test_packets_and_pictures_in_one_pass(clip):
    with MediaInput(clip) as media:
        seen = [number(picture) for packet in media.packets() for picture in media.decode(packet)]
    assert seen == list(range(100))


@pytest.mark.parametrize("threads", [1, 2])
def test_seek_goes_to_the_key_frame_before(clip, threads):
    with MediaInput(clip, threads=threads) as media:
        for seconds, first in ((2.5, 50), (0.99, 0), (1.0, 25), (0, 0), (-5, 0), (99, 75)):
            media.seek(seconds)
            rest = [number(each) for each in media.frames()]
            assert rest == list(range(first, 100)), seconds


def test_an_iteration_goes_on_where_the_last_one_stopped(clip):
    with MediaInput(clip) as media:
        for expected in range(3):
            assert number(next(media.frames())) == expected


def test_close_ends_an_iteration_and_use_after_it_is_refused(clip):
    media = MediaInput(clip)
    frames = media.frames()
    next(frames)
    media.close()
    media.close()
    assert list(frames) == []
    with pytest.raises(ClosedError):
        media.seek(0)
    with pytest.raises(ClosedError):
        media.decode(Packet(0.0, 0.0, 0.04, True, 0))
    assert not media.damage.any


def test_a_token_ends_an_iteration(clip):
    token = StopToken()
    with MediaInput(clip, close_token=token) as media:
        frames = media.frames()
        next(frames)
        token.set()
        assert list(frames) == []


def test_closing_under_a_busy_reader(clip):
    """A close in the middle of a call of the library must wait for it: else the process ends."""
    for _ in range(20):
        media = MediaInput(clip)
        began = threading.Event()
        seen: list[int] = []

        def read(media: MediaInput = media, began: threading.Event = began, seen: list[int] = seen) -> None:
            for picture in media.frames():
                seen.append(number(picture) or 0)
                began.set()

        thread = threading.Thread(target=read)
        thread.start()
        assert began.wait(30)
        media.close()
        thread.join(30)
        assert not thread.is_alive()
        assert seen == list(range(len(seen)))


def test_one_reader_at_a_time(clip):
    with MediaInput(clip) as media:
        with media._alone(), pytest.raises(ConfigError, match="another thread"):
            next(media.frames())
        assert number(next(media.frames())) == 0


def test_names_that_look_like_addresses_are_files(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pipe:0", "a b,c.mp4", "concat:x|y", "100%.mp4"):
        (tmp_path / name).write_bytes(clip.read_bytes())
        assert len(numbers(name)) == 100
        assert len(numbers(f"file:{tmp_path / name}")) == 100


def test_a_reader_that_does_not_exist(clip):
    with pytest.raises(ConfigError, match="nonsense"):
        MediaInput(clip, format="nonsense")
