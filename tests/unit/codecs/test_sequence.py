"""Pictures one after the other made into one thing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from rushes.capture import TestCard
from rushes.codecs import still
from rushes.codecs.sequence import check_kind, usual_rate, write_sequence
from rushes.codecs.video.demux import MediaInput
from rushes.errors import ConfigError, UnknownName
from rushes.testing import read_card

STEP = 40_000_000


def cards(count, format, *, times=None):
    card = TestCard(320, 180, 25, format)
    for number in range(count):
        array = np.empty(card.shape, np.uint8)
        card.draw(array, number, 0)
        yield array, None if times is None else times[number]


def number(array, format):
    read = read_card(array, format)
    return None if read is None else read[0]


def numbers(path):
    """The card of each picture of whatever was made."""
    if path.is_dir():
        return [
            number(still.decode(each.read_bytes(), "rgb24").array, "rgb24") for each in sorted(path.iterdir())
        ]
    if path.suffix == ".mp4":
        with MediaInput(path) as media:
            return [number(each.array, each.format) for each in media.frames()]
    with Image.open(path) as image:
        seen = []
        for turn in range(getattr(image, "n_frames", 0)):
            image.seek(turn)
            seen.append(number(np.asarray(image.convert("RGB")), "rgb24"))
        return seen


@pytest.mark.parametrize("format", ["rgb24", "i420"])
@pytest.mark.parametrize("out", ["a.mp4", "a.MP4", "a.gif", "a.webp", "folder"])
def test_all_pictures_are_in_it(out, format, tmp_path):
    write_sequence(tmp_path / out, cards(8, format), 8, rate=25, format=format)
    path = tmp_path / out
    assert numbers(path.rename(tmp_path / "b.mp4") if out == "a.MP4" else path) == list(range(8))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_video_keeps_the_times_given(tmp_path):
    times = [0, STEP, 5 * STEP, 6 * STEP]
    write_sequence(tmp_path / "a.mp4", cards(4, "rgb24", times=times), 4, rate=25)
    with MediaInput(tmp_path / "a.mp4") as media:
        assert [round((each.pts_s or 0.0) * 1e9 / STEP) for each in media.frames()] == [0, 1, 5, 6]
    write_sequence(tmp_path / "a.mp4", cards(4, "rgb24"), 4, rate=5)
    with MediaInput(tmp_path / "a.mp4") as media:
        assert [each.pts_s for each in media.frames()] == pytest.approx([0, 0.2, 0.4, 0.6])


@pytest.mark.parametrize("out", ["a.mp4", "a.gif", "a.webp", "folder"])
def test_what_breaks_off_leaves_nothing_new(out, tmp_path):
    def breaking():
        yield from cards(3, "rgb24")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_sequence(tmp_path / out, breaking(), 5, rate=25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("out", ["a.mp4", "a.gif", "a.webp"])
def test_of_nothing_nothing_can_be_made(out, tmp_path):
    with pytest.raises(ConfigError):
        write_sequence(tmp_path / out, iter(()), 0, rate=25)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone_and_nothing_is_begun(tmp_path):
    (tmp_path / "folder").mkdir()
    write_sequence(tmp_path / "folder", cards(2, "rgb24"), 2, rate=25)
    with pytest.raises(FileExistsError):
        write_sequence(tmp_path / "folder", iter(()), 2, rate=25)
    assert numbers(tmp_path / "folder") == [0, 1]


def test_kinds_and_rates():
    assert [check_kind(out) for out in ("a.MP4", "b/c.gif", "folder")] == [".mp4", ".gif", ""]
    with pytest.raises(UnknownName, match=r"\.webp"):
        check_kind("a.avi")
    assert usual_rate([0, STEP, 2 * STEP, 2 * STEP, 10 * STEP]) == 25
    assert usual_rate([5]) == 25
