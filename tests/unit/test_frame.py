from __future__ import annotations

import io
import os
import pickle
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rushes.errors import ConfigError, CorruptImage, FrameError, UnknownName
from rushes.figures import Box
from rushes.frame import FORMATS, Frame, guess_format, picture_size

SHAPES = {
    "bgr24": (4, 6, 3),
    "rgb24": (4, 6, 3),
    "bgra": (4, 6, 4),
    "gray8": (4, 6),
    "i420": (6, 6),
    "jpeg": (100,),
    "array": (2, 3, 5, 7),
}


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def test_holds_what_it_is_given():
    pixels = noise(4, 6, 3)
    frame = Frame(
        pixels, 3, captured_ns=9, channel="cam", track="t", meta={"k": 1}, figures=[Box(0, 0, 1, 1)]
    )
    assert frame.array is pixels
    assert (frame.number, frame.captured_ns, frame.format, frame.channel, frame.track) == (
        3,
        9,
        "bgr24",
        "cam",
        "t",
    )
    assert (frame.meta, frame.figures, frame.shape) == ({"k": 1}, (Box(0, 0, 1, 1),), (4, 6, 3))
    with pytest.raises(AttributeError):
        frame.number = 4  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        frame.other = 4  # type: ignore[attr-defined]


def test_defaults():
    before = time.time_ns()
    frame = Frame(noise(4, 6, 3))
    assert before <= frame.captured_ns <= time.time_ns()
    assert (frame.number, frame.channel, frame.track, frame.meta, frame.figures) == (None, "", "", {}, ())
    assert 0 <= frame.age_s < 60
    assert Frame(noise(4, 6, 3), captured_ns=0).age_s > 1e9


def test_meta_is_its_own():
    meta = {"k": 1}
    frame = Frame(noise(4, 6, 3), meta=meta)
    meta["k"] = 2
    assert frame.meta == {"k": 1}
    assert Frame(noise(4, 6, 3)).meta is not Frame(noise(4, 6, 3)).meta


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_takes_its_shape_and_pickles(format):
    frame = Frame(
        noise(*SHAPES[format]), 5, captured_ns=6, format=format, meta={"a": 1}, figures=(Box(0, 0, 1, 1),)
    )
    back = pickle.loads(pickle.dumps(frame))
    assert np.array_equal(back.array, frame.array)
    for name in ("number", "captured_ns", "format", "channel", "track", "meta", "figures"):
        assert getattr(back, name) == getattr(frame, name)


@pytest.mark.parametrize(
    ("format", "shape"),
    [
        ("bgr24", (4, 6)),
        ("bgr24", (4, 6, 4)),
        ("bgr24", (0, 6, 3)),
        ("rgb24", (4, 6, 1)),
        ("bgra", (4, 6, 3)),
        ("gray8", (4, 6, 3)),
        ("gray8", (6,)),
        ("i420", (4, 6)),
        ("i420", (6, 5)),
        ("i420", (6, 6, 1)),
        ("jpeg", (4, 6)),
        ("jpeg", (0,)),
    ],
)
def test_a_shape_that_does_not_fit(format, shape):
    with pytest.raises(FrameError, match=format) as caught:
        Frame(noise(*shape), format=format)
    assert (caught.value.shape, caught.value.format) == (shape, format)


@pytest.mark.parametrize("format", [each for each in FORMATS if each != "array"])
def test_a_dtype_that_does_not_fit(format):
    with pytest.raises(FrameError, match="dtype") as caught:
        Frame(noise(*SHAPES[format]).astype(np.float32), format=format)
    assert caught.value.dtype == "float32"


def test_other_data():
    assert Frame(np.zeros((2, 0, 5), np.complex64), format="array").shape == (2, 0, 5)
    with pytest.raises(FrameError, match="objects"):
        Frame(np.array([object()]), format="array")


def test_an_unknown_format_lists_the_known():
    with pytest.raises(UnknownName, match=r"did you mean 'rgb24'.*'i420'"):
        Frame(noise(4, 6, 3), format="rgb")
    with pytest.raises(UnknownName):
        Frame(noise(4, 6, 3)).to("bgr")


def test_what_is_no_array():
    with pytest.raises(FrameError, match="not list"):
        Frame([[1]])
    with pytest.raises(FrameError, match="bytes"):
        Frame(b"123")
    assert Frame(b"123", format="jpeg").array.tolist() == [49, 50, 51]
    assert (
        Frame(bytearray(b"12"), format="jpeg").shape == Frame(memoryview(b"12"), format="jpeg").shape == (2,)
    )


def test_an_array_by_interface_is_not_copied():
    pixels = noise(4, 6, 3)

    class View:
        __array_interface__ = pixels.__array_interface__

    assert np.shares_memory(Frame(View()).array, pixels)


@pytest.mark.parametrize("number", [0, 2**64 - 1, np.uint64(5)])
def test_numbers(number):
    frame = Frame(noise(4, 6, 3), number)
    assert frame.number == number
    assert type(frame.number) is int


@pytest.mark.parametrize("number", [-1, 2**64, 1.0, "1", True])
def test_bad_numbers(number):
    with pytest.raises(FrameError, match="number"):
        Frame(noise(4, 6, 3), number)
    with pytest.raises(FrameError, match="captured_ns"):
        Frame(noise(4, 6, 3), captured_ns=number)


def test_size_of_the_picture():
    for name in ("bgr24", "rgb24", "bgra", "gray8", "i420"):
        assert picture_size(SHAPES[name], name) == (4, 6)
    assert picture_size([4, 6, 1], "gray8") == (4, 6)
    for shape, name in (((100,), "jpeg"), ((4, 6), "array"), ((4, 6), "i420"), ((4, 6), "bgr24")):
        with pytest.raises(FrameError):
            picture_size(shape, name)
    with pytest.raises(UnknownName):
        picture_size((4, 6), "grey")


@given(st.lists(st.integers(0, 5), max_size=4), st.sampled_from(["uint8", "uint16", "float32"]))
def test_a_guess_always_fits(shape, dtype):
    guess = guess_format(shape, dtype)
    assert guess in ("bgr24", "bgra", "gray8", "array")
    Frame(np.zeros(shape, dtype), format=guess)


def test_guesses():
    assert guess_format((4, 6, 3), np.uint8) == "bgr24"
    assert guess_format((4, 6, 4), "u1") == "bgra"
    assert guess_format((4, 6), np.dtype("uint8")) == guess_format((4, 6, 1), "uint8") == "gray8"
    assert (
        guess_format((4, 6, 3), "float32")
        == guess_format((4, 6, 2), "uint8")
        == guess_format((), "uint8")
        == "array"
    )


def test_another_format_keeps_all_else():
    frame = Frame(
        noise(4, 6, 3), 3, captured_ns=9, channel="c", track="t", meta={"k": 1}, figures=[Box(0, 0, 1, 1)]
    )
    assert frame.to("bgr24") is frame
    other = frame.to("rgb24")
    assert np.array_equal(other.array, frame.array[..., ::-1])
    assert (other.number, other.captured_ns, other.format) == (3, 9, "rgb24")
    assert (other.channel, other.track, other.meta, other.figures) == ("c", "t", {"k": 1}, frame.figures)


def test_jpeg_and_back():
    grey = np.full((16, 32, 3), 90, np.uint8)
    packed = Frame(grey, 1).to("jpeg")
    assert packed.array.tobytes()[:2] == b"\xff\xd8"
    assert np.abs(packed.to("bgr24").array.astype(int) - 90).max() <= 2
    assert packed.to("i420").shape == (24, 32)
    with pytest.raises(CorruptImage):
        Frame(b"no picture", format="jpeg").to("bgr24")


def test_other_data_cannot_be_shown(tmp_path):
    frame = Frame(np.zeros((4, 6, 3)), format="array")
    for use in (lambda: frame.to("bgr24"), frame.draw, lambda: frame.save(tmp_path / "a.png")):
        with pytest.raises(FrameError, match="no picture"):
            use()
    with pytest.raises(FrameError):
        Frame(noise(4, 6, 3)).to("array")
    assert frame._repr_png_() is None
    assert list(tmp_path.iterdir()) == []


def test_draw_is_a_copy():
    frame = Frame(np.zeros((40, 60, 3), np.uint8), figures=[Box(0.25, 0.25, 0.5, 0.5, color="#ff0000")])
    drawn = frame.draw()
    assert not frame.array.any()
    assert drawn.array[10, 30].tolist() == [0, 0, 255]
    assert drawn.figures == frame.figures


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".PNG"])
def test_save_by_suffix(tmp_path, suffix):
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[..., 0] = 200  # blue
    path = tmp_path / f"picture{suffix}"
    assert Frame(pixels).save(str(path), quality=95) == path
    with Image.open(path) as image:
        assert image.size == (48, 32)
        r, _, b = np.array(image.convert("RGB"))[10, 20]
    assert r < 20
    assert b > 180
    assert list(tmp_path.iterdir()) == [path]


def test_save_replaces_whole_and_follows_the_umask(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    Frame(noise(8, 8, 3)).save(path)
    assert path.read_bytes()[1:4] == b"PNG"
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_save_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def refuse(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        Frame(noise(8, 8, 3)).save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_save_refuses_what_it_cannot_write(tmp_path):
    frame = Frame(noise(8, 8, 3))
    for name in ("a.tiff", "a", "a.jpgx"):
        with pytest.raises(ConfigError, match=r"\.jpg.*\.png"):
            frame.save(tmp_path / name)
    for quality in (0, 101, 50.5, True):
        with pytest.raises(ConfigError, match="1 to 100"):
            frame.save(tmp_path / "a.jpg", quality=quality)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_jpeg_is_saved_as_it_is(tmp_path):
    packed = Frame(noise(16, 16, 3)).to("jpeg")
    packed.save(tmp_path / "a.jpg", quality=5)
    assert (tmp_path / "a.jpg").read_bytes() == packed.array.tobytes()


@pytest.mark.parametrize(("width", "shown"), [(1280, 320), (200, 200)])
def test_notebook_picture(width, shown):
    data = Frame(noise(100, width, 3))._repr_png_()
    assert data is not None
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.width, image.height) == ("PNG", shown, 100 * shown // width)


def test_repr_is_short():
    text = repr(Frame(noise(1000, 1000, 3), 7, channel="cam"))
    assert text == "<Frame number 7: bgr24 (1000, 1000, 3) uint8, channel 'cam'>"
    assert "unnumbered" in repr(Frame(noise(4, 6, 3)))
