from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, features

from rushes.codecs import colour, convert, picture, still
from rushes.errors import ConfigError, EncodeError, FrameError
from rushes.figures import Box, Line, Polygon, Text
from rushes.frame import Frame

RED = "#ff0000"


def black(height: int = 120, width: int = 160) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def red_of(array: np.ndarray) -> np.ndarray:
    return array[..., 2] > 128


@pytest.mark.parametrize(
    ("figure", "on", "off"),
    [
        (
            Box(0.25, 0.25, 0.5, 0.5, color=RED),
            [(30, 80), (90, 80), (60, 40), (60, 120)],
            [(60, 80), (10, 10)],
        ),
        (Box(0, 0, 1, 1, color=RED), [(0, 0), (119, 159), (0, 159), (60, 159)], [(60, 80)]),
        (Line([(0, 0.5), (1, 0.5)], color=RED), [(60, 0), (60, 80), (60, 159)], [(50, 80), (70, 80)]),
        (
            Polygon([(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)], color=RED),
            [(30, 80), (90, 80), (60, 40), (60, 120)],
            [(60, 80)],
        ),
    ],
)
def test_outlines_fall_where_they_should(figure, on, off):
    drawn = red_of(picture.draw(black(), "bgr24", [figure]))
    assert all(drawn[at] for at in on)
    assert not any(drawn[at] for at in off)


def test_text_is_within_its_place():
    drawn = red_of(picture.draw(black(), "bgr24", [Text(0.5, 0.5, "Xylophone", color=RED)]))
    rows, columns = np.nonzero(drawn)
    assert rows.size > 20
    assert 60 <= rows.min() <= rows.max() < 80
    assert columns.min() >= 80


@pytest.mark.parametrize(("y", "rows"), [(0.5, slice(40, 60)), (0.0, slice(1, 25))])
def test_a_label_stands_above_or_where_there_is_no_room_inside(y, rows):
    box = Box(0.1, y, 0.8, 0.4, color=RED)
    plain = picture.draw(black(), "bgr24", [box])
    labelled = picture.draw(black(), "bgr24", [Box(0.1, y, 0.8, 0.4, color=RED, label="car")])
    changed = np.nonzero((plain != labelled).any(axis=2))[0]
    assert changed.size > 10
    assert rows.start <= changed.min() <= changed.max() < rows.stop


@pytest.mark.parametrize("format", [*colour.FORMATS, "jpeg"])
def test_every_format_keeps_its_layout_and_the_original(format):
    array = convert(black(), "bgr24", format)
    kept = array.copy()
    drawn = picture.draw(array, format, [Box(0.25, 0.25, 0.5, 0.5, color="#ffffff")])
    assert np.array_equal(array, kept)
    assert not np.shares_memory(drawn, array)
    assert drawn.flags.writeable or format == "jpeg"
    if format != "jpeg":
        assert drawn.shape == array.shape
    assert convert(drawn, format, "bgr24")[30, 80].min() > 120
    assert convert(drawn, format, "bgr24")[60, 80].max() < 20


def test_gray_of_one_channel_keeps_its_shape():
    assert picture.draw(np.zeros((20, 20, 1), np.uint8), "gray8", [Box(0, 0, 1, 1)]).shape == (20, 20, 1)


def test_no_figures_is_a_copy():
    array = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    drawn = picture.draw(array, "bgr24", [])
    assert np.array_equal(drawn, array)
    assert not np.shares_memory(drawn, array)


def test_what_is_no_figure():
    with pytest.raises(ConfigError, match="Box, Line, Polygon or Text"):
        picture.draw(black(), "bgr24", ["box"])  # type: ignore[list-item]


@pytest.mark.parametrize("format", [*colour.FORMATS, "jpeg"])
@pytest.mark.parametrize("suffix", picture.suffixes())
def test_files_show_the_picture(format, suffix):
    bgr = np.full((32, 48, 3), (40, 120, 200), np.uint8)
    data = picture.encode(convert(bgr, "bgr24", format), format, suffix, 95)
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (48, 32)
        seen = np.array(image.convert("RGB"))[16, 24].astype(int)
    want = (
        colour.convert(colour.convert(bgr, "bgr24", "gray8"), "gray8", "rgb24") if format == "gray8" else bgr
    )
    want = want[16, 24] if format == "gray8" else want[16, 24][::-1]
    assert np.abs(seen - want).max() <= 8


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".qoi"])
def test_lossless_is_lossless(suffix):
    rgb = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    with Image.open(io.BytesIO(picture.encode(rgb, "rgb24", suffix))) as image:
        assert np.array_equal(np.array(image), rgb)


@pytest.mark.parametrize("format", [*colour.FORMATS, "jpeg"])
def test_a_frame_is_saved_as_qoi(tmp_path, format):
    bgr = np.random.default_rng(0).integers(0, 256, (8, 10, 3), np.uint8)
    frame = Frame(convert(bgr, "bgr24", format), format=format)
    found = still.decode(frame.save(tmp_path / "x.QOI").read_bytes(), "rgb24")
    assert found.kind == "qoi"
    assert np.array_equal(found.array, frame.to("rgb24").array)


@pytest.mark.parametrize("suffix", [".qoi", ".png"])
def test_the_fourth_byte_of_a_screens_pixels_is_not_transparency(suffix):
    bgrx = np.zeros((4, 4, 4), np.uint8)
    with Image.open(io.BytesIO(picture.encode(bgrx, "bgra", suffix))) as image:
        assert image.mode == "RGB"


def test_webp_heeds_quality():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert len(picture.encode(noise, "bgr24", ".webp", 10)) < len(picture.encode(noise, "bgr24", ".webp", 95))


def test_refusals():
    with pytest.raises(ConfigError, match=r"\.tif.*known: '\.jpg'"):
        picture.encode(black(), "bgr24", ".tif")
    with pytest.raises(FrameError):
        picture.encode(np.zeros(5, np.uint8), "array", ".png")
    with pytest.raises(EncodeError, match="WEBP"):
        picture.encode(black(1, 20000), "bgr24", ".webp")


def test_webp_is_not_offered_where_it_cannot_be_written(monkeypatch):
    monkeypatch.setattr(features, "check", lambda name: False)
    assert ".webp" not in picture.suffixes()
    with pytest.raises(ConfigError):
        picture.encode(black(), "bgr24", ".webp")


@pytest.mark.parametrize(
    ("size", "shown"), [((480, 640), (240, 320)), ((1, 4000), (1, 320)), ((30, 40), (30, 40))]
)
def test_thumbnails(size, shown):
    with Image.open(io.BytesIO(picture.thumbnail_png(black(*size), "bgr24"))) as image:
        assert (image.format, image.height, image.width) == ("PNG", *shown)
