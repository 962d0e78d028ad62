"""What is remembered of each channel: bounded, counted, and nothing made for it that nobody wanted."""

from __future__ import annotations

import time

import numpy as np
import pytest

from rushes import Depot, Frame
from rushes.errors import EncodeError
from rushes.shots import recent as recent_module
from rushes.shots import share as share_module
from rushes.shots.files import encoded, kind_of
from rushes.shots.recent import Recent
from rushes.shots.request import Picture
from tests.unit.shots.pictures import frame, jpeg
from tests.unit.shots.test_mapped import OneFrameArchive
from tests.unit.shots.test_saver import made

__all__ = ["made"]


def live(content, captured_ns=10):
    return Picture(content, captured_ns, 1, "live")


def keep(recent, channel, content=None, suffix=".jpg", captured_ns=10, data=None):
    content = frame(1) if content is None else content
    data = encoded(live(content), suffix) if data is None else data
    recent.keep(channel, False, live(content, captured_ns), data, suffix)
    return data


def counted(recent):
    """The bytes of everything reachable, each object once."""
    objects = {}
    for kept in recent._kept.values():
        for each in (kept.picture.content, *kept.made.values()):
            objects[id(each)] = len(each) if isinstance(each, bytes) else each.array.nbytes
    return sum(objects.values())


@pytest.fixture
def encodings(monkeypatch):
    """The kinds of all files made, by whom."""
    made = []

    def counting(module, who):
        real = module.encoded
        monkeypatch.setattr(
            module, "encoded", lambda picture, suffix: (made.append((who, suffix)), real(picture, suffix))[1]
        )

    counting(share_module, "shot")
    counting(recent_module, "memory")
    return made


def test_the_number_of_channels_is_bounded():
    recent = Recent(most=3)
    for number in range(5):
        keep(recent, f"c{number}")
    assert len(recent) == 3
    assert recent.find("c1", False, 0, ".jpg") is None
    assert recent.find("c2", False, 0, ".jpg") is not None
    assert recent.nbytes == counted(recent)


def test_the_bytes_are_bounded_and_counted():
    recent = Recent(most_bytes=1000)
    for number in range(5):
        keep(recent, f"c{number}", jpeg(), data=bytes(400))
    assert (len(recent), recent.nbytes) == (2, 800)
    keep(recent, "c4", jpeg(), data=bytes(100), captured_ns=11)  # takes the place of its own before
    assert (len(recent), recent.nbytes) == (2, 500)
    keep(recent, "large", jpeg(), data=bytes(1001))
    assert (len(recent), recent.nbytes) == (2, 500)
    assert recent.find("large", False, 0, ".jpg") is None


def test_a_frame_counts_with_its_pixels_and_is_the_memorys_own():
    pixels = np.zeros((20, 30, 3), np.uint8)
    recent = Recent(most_bytes=10_000)
    data = keep(recent, "gate", Frame(pixels), ".bmp")
    assert recent.nbytes == 1800 + len(data) == counted(recent)
    pixels[:] = 255
    found = recent.find("gate", False, 0, ".png")
    assert found is not None
    assert isinstance(found[0].content, Frame)
    assert found[0].content.array.max() == 0
    assert recent.nbytes == 1800 + len(data) + len(found[1]) == counted(recent)
    keep(recent, "wide", Frame(np.zeros((70, 70, 3), np.uint8)), ".bmp")
    assert "wide" not in {channel for channel, _ in recent._kept}


def test_what_is_made_later_is_made_once_and_counts(encodings):
    recent = Recent()
    keep(recent, "gate", suffix=".png")
    for suffix in (".png", ".JPG", ".jpeg", ".jpg", ".none"):
        found = recent.find("gate", False, 0, suffix)
        assert found is not None
        assert kind_of(found[1]) == ("png" if suffix == ".png" else "jpeg")
        assert found[0].source == "cache"
    assert encodings == [("memory", ".jpg")]
    assert recent.nbytes == counted(recent)


def test_what_is_made_later_keeps_to_the_bound():
    data = encoded(live(frame(1)), ".png")
    recent = Recent(most_bytes=len(data) + 10)
    keep(recent, "gate", suffix=".png", data=data)
    assert recent.find("gate", False, 0, ".jpg") is not None
    assert recent.nbytes == counted(recent) <= len(data) + 10


def test_an_older_picture_never_takes_a_newer_ones_place():
    recent = Recent()
    newer = keep(recent, "gate", frame(2), captured_ns=20)
    keep(recent, "gate", frame(1), captured_ns=10)
    found = recent.find("gate", False, 15, ".jpg")
    assert found is not None
    assert found[1] == newer
    assert recent.nbytes == counted(recent) == len(newer)


def test_one_picture_wanted_as_two_kinds_is_kept_as_both(encodings):
    recent, same = Recent(), frame(1)
    as_png = keep(recent, "gate", same, ".png")
    as_jpeg = keep(recent, "gate", same, ".jpg")
    for suffix, data in ((".png", as_png), (".jpg", as_jpeg)):
        found = recent.find("gate", False, 0, suffix)
        assert found is not None
        assert found[1] is data
    assert encodings == []
    assert recent.nbytes == counted(recent) == len(as_png) + len(as_jpeg)


def test_a_file_made_of_an_older_picture_does_not_bring_it_back(monkeypatch):
    recent, real = Recent(), encoded

    def slow(picture, suffix):
        keep(recent, "gate", frame(2), captured_ns=20)  # a newer one comes meanwhile
        return real(picture, suffix)

    keep(recent, "gate", suffix=".png", captured_ns=10)
    monkeypatch.setattr(recent_module, "encoded", slow)
    found = recent.find("gate", False, 0, ".jpg")
    assert found is not None
    assert found[0].captured_ns == 10
    newest = recent.find("gate", False, 15, ".jpg")
    assert newest is not None
    assert newest[0].captured_ns == 20
    assert recent.nbytes == counted(recent)


def test_too_old_is_not_found():
    recent = Recent()
    keep(recent, "gate", captured_ns=10)
    assert recent.find("gate", False, 11, ".jpg") is None
    assert recent.find("gate", True, 0, ".jpg") is None


def test_a_shot_wanted_as_png_is_encoded_as_that_alone(made, encodings):
    saver = made()
    saver.handle(saver.save("gate", file_name="x.png")[0]).result(30)
    assert encodings == [("shot", ".png")]
    again = saver.handle(saver.get("gate", callback=len, max_age_s=60)).result(30)
    assert (again.source, kind_of(again.data)) == ("cache", "jpeg")
    assert encodings == [("shot", ".png"), ("memory", ".jpg")]


@pytest.mark.parametrize("suffix", [".bmp", ".png"])
def test_what_the_memory_cannot_make_is_asked_of_the_channel(made, monkeypatch, caplog, suffix):
    def refuse(picture, kind):
        raise EncodeError("too wide for that")

    monkeypatch.setattr(recent_module, "encoded", refuse)
    saver = made()
    first = saver.handle(saver.save("gate", file_name=f"x{suffix}")[0]).result(30)
    again = saver.handle(saver.get("gate", callback=len, max_age_s=60)).result(30)
    assert (again.source, kind_of(again.data)) == ("live", "jpeg")
    assert again.captured_ns > first.captured_ns
    assert "cannot be made" in caplog.text


def test_a_picture_that_is_no_jpeg_may_be_a_png(made, monkeypatch):
    real = encoded

    def no_jpeg(picture, suffix):
        if suffix == ".jpg":
            raise EncodeError("too wide for that")
        return real(picture, suffix)

    monkeypatch.setattr(share_module, "encoded", no_jpeg)
    saver = made()
    assert saver.handle(saver.save("gate", file_name="x.png")[0]).result(30).path


def test_no_room_for_the_copy_is_no_failure():
    class Full:
        nbytes = 3

        def copy(self):
            raise MemoryError

    class Picturelike:
        array = Full()

    recent = Recent()
    recent.keep("gate", False, live(Picturelike()), b"bmp", ".bmp")
    assert (len(recent), recent.nbytes) == (0, 0)


def test_only_pictures_of_now_are_remembered(made):
    with Depot.create(slots=2, shape=(24, 32, 3)) as depot:
        depot.put(frame(1).array, captured_ns=5_000_000_000)
        saver = made({"gate": lambda dt: frame(1), "depot": depot, "kept": OneFrameArchive(frame(1))})
        for channel, dt in (("gate", time.time()), ("depot", 5.0), ("kept", None)):
            saver.handle(saver.save(channel, dt=dt)[0]).result(30)
    assert len(saver._desk._recent) == 0
    saver.handle(saver.save("gate")[0]).result(30)
    assert len(saver._desk._recent) == 1
