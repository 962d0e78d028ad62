"""Functions by name, what they are given, and what may come of them."""

from __future__ import annotations

import dataclasses
import datetime
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes.codecs import jpeg
from rushes.errors import BadMessage, ConfigError, CorruptImage, FrameError, UnknownName
from rushes.figures import Box
from rushes.frame import Frame
from rushes.stream import parcel as parcels
from rushes.stream.calling import LOADING, outcome, plain, reference, resolve, to_frame
from tests.support import crew_functions
from tests.support.crews import FUNCTIONS, parcel_of

PIXELS = np.add.outer(np.arange(16) * 8, np.arange(24) * 5)[..., None].repeat(3, 2).astype(np.uint8)


def through(result: Any, array: np.ndarray[Any, Any] = PIXELS, quality: int = 80, **fields: Any) -> Frame:
    """The frame that a function's result is at the receiving end."""
    parcel, payload = parcel_of(array, 5, **fields)
    made, out = outcome(result, *parcels.unpack(parcels.pack(parcel), payload), quality)
    return to_frame(*parcels.unpack(parcels.pack(made), out))


@pytest.mark.parametrize("name", ["as_it_came", "Tools.static", "Tools.of_class", "Tools"])
def test_a_function_is_found_by_the_name_that_it_is_told_to_have(name: str):
    found = resolve(f"{FUNCTIONS}:{name}")
    assert reference(found) == f"{FUNCTIONS}:{name}"
    assert resolve(reference(found) or "") == found


def test_what_nobody_else_could_find_has_no_name(monkeypatch: pytest.MonkeyPatch):
    def inner(frame: Frame) -> None: ...

    prompt = types.ModuleType("__main__")
    exec("def typed(frame): ...", prompt.__dict__)
    monkeypatch.setitem(sys.modules, "__main__", prompt)
    odd = [inner, lambda frame: None, crew_functions.in_a_name, crew_functions.Tools().method, prompt.typed]
    assert [reference(each) for each in odd] == [None] * len(odd)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_colon", "package.module:function"),
        ("os:", "package.module:function"),
        (":fn", "package.module:function"),
        ("os.:getpid", "package.module:function"),
        ("no_such_module_here:fn", "no module named no_such_module_here"),
        ("os.nothing:fn", "no module named os.nothing"),
        (f"{FUNCTIONS}:not_callable", "is a int, which cannot be called"),
    ],
)
def test_a_name_that_leads_nowhere_says_what_is_missing(name: str, said: str):
    with pytest.raises(ConfigError, match=said):
        resolve(name)


def test_a_misspelt_function_is_told_with_the_ones_that_are_there():
    with pytest.raises(UnknownName, match="did you mean 'inverted'"):
        resolve(f"{FUNCTIONS}:invertd")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import not_installed_anywhere", "needs the module not_installed_anywhere, which is not installed"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def", "SyntaxError"),
    ],
)
def test_a_module_that_cannot_be_imported_says_why(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "rushes_test_broken.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "rushes_test_broken", raising=False)
    with pytest.raises(ConfigError, match=said):
        resolve("rushes_test_broken:fn")
    assert LOADING.get() == ""


def test_a_function_gets_the_frame_as_it_was_sent():
    parcel, payload = parcel_of(
        PIXELS, 5, meta={"a": 1}, figures=[{"kind": "box", "x": 0, "y": 0, "w": 1, "h": 1}]
    )
    frame = to_frame(*parcels.unpack(parcels.pack(parcels.with_data(parcel, {"b": [2]})), payload))
    assert np.array_equal(frame.array, PIXELS)
    assert (frame.number, frame.captured_ns, frame.channel, frame.track) == (5, 1000, "cam", "t")
    assert frame.meta == {"a": 1, "b": [2]}
    assert frame.figures == (Box(0, 0, 1, 1),)


@pytest.mark.parametrize(
    ("fields", "payload"),
    [
        ({"codec": "jpeg"}, b"no jpeg at all" * 10),
        ({"figures": [{"kind": "cloud"}]}, PIXELS.tobytes()),
    ],
)
def test_a_broken_picture_or_overlay_is_told(fields: dict[str, Any], payload: bytes):
    parcel, _ = parcel_of(PIXELS, 5, length=len(payload), **fields)
    with pytest.raises((CorruptImage, BadMessage)):
        to_frame(*parcels.unpack(parcels.pack(parcel), payload))


def test_none_leaves_the_very_bytes_that_came():
    parcel, payload = parcel_of(PIXELS, 5, meta={"a": 1})
    _, message = parcels.unpack(parcels.pack(parcel), payload)
    made, out = outcome(None, parcel, message, 80)
    assert out is message.payload
    assert made.header.sent_ns > 2000
    assert made.header.meta == {"a": 1}


def test_a_returned_frame_takes_the_pictures_place_under_the_same_number():
    given = Frame(255 - PIXELS, 77, format="rgb24", captured_ns=9, track="x", meta={"n": np.int64(3)})
    frame = through(given, quality=95)
    assert (frame.number, frame.captured_ns, frame.track, frame.format) == (5, 1000, "t", "rgb24")
    assert frame.meta == {"n": 3}
    assert np.abs(frame.array.astype(int) - given.array).mean() < 20
    assert frame.array.std() > 20


def test_a_frames_overlays_and_long_meta_come_along():
    given = Frame(
        PIXELS, meta={"boxes": np.eye(2), "text": "x" * 5000}, figures=[Box(0, 0, 0.5, 1, label="left")]
    )
    frame = through(given)
    assert frame.meta == {"boxes": [[1.0, 0.0], [0.0, 1.0]], "text": "x" * 5000}
    assert frame.figures == given.figures


def test_a_frame_that_is_a_jpeg_already_is_not_coded_again():
    coded = jpeg.encode(PIXELS, "bgr24", 50)
    parcel, payload = parcel_of(PIXELS)
    made, out = outcome(Frame(coded, format="jpeg"), *parcels.unpack(parcels.pack(parcel), payload), 80)
    assert made.header.codec == "jpeg"
    assert bytes(out) == coded


@pytest.mark.parametrize(
    ("array", "source", "kind"),
    [
        (PIXELS, "rgb24", "rgb24"),
        (PIXELS[:8, :8], "rgb24", "rgb24"),
        (PIXELS[:8, :8], "bgr24", "bgr24"),
        (PIXELS[..., 0], "bgr24", "gray8"),
        (PIXELS.astype(np.float32), "bgr24", "array"),
        (PIXELS > 99, "bgr24", "array"),
        (np.zeros((0, 4), np.float32), "bgr24", "array"),
        (np.array(5.0), "bgr24", "array"),
    ],
)
def test_a_bare_array_is_taken_for_what_the_source_showed(
    array: np.ndarray[Any, Any], source: str, kind: str
):
    frame = through(array, format=source)
    assert (frame.format, frame.array.shape, frame.array.dtype) == (kind, array.shape, array.dtype)
    if kind == "array":
        assert np.array_equal(frame.array, array)


def test_a_mask_over_planes_is_not_taken_for_planes():
    planes = np.zeros((18, 16), np.uint8)
    assert through(np.zeros((12, 16), np.uint8), planes, format="i420").format == "gray8"
    assert through(planes, planes, format="i420").format == "i420"


@dataclasses.dataclass
class Found:
    name: str
    where: tuple[int, int]


@pytest.mark.parametrize(
    ("given", "out"),
    [
        ({"a": [1, 2.5, "x", None, True]}, {"a": [1, 2.5, "x", None, True]}),
        ({"n": np.float32(0.5), "k": np.int8(3), "b": np.bool_(True)}, {"n": 0.5, "k": 3, "b": True}),
        ({"boxes": np.array([[1, 2]], np.float32)}, {"boxes": [[1.0, 2.0]]}),
        (Found("cat", (1, 2)), {"name": "cat", "where": [1, 2]}),
        ({"when": datetime.date(2020, 1, 2)}, {"when": "2020-01-02"}),
        (7, {"data": 7}),
        (0, {"data": 0}),
        ([], {"data": []}),
        (np.float64(1.5), {"data": 1.5}),
        (b"bytes", {"data": b"bytes"}),
    ],
)
def test_plain_data_goes_with_the_frame_as_it_came(given: Any, out: dict[str, Any]):
    frame = through(given, meta={"source": 1})
    assert frame.meta == {"source": 1, **out}
    assert np.array_equal(frame.array, PIXELS)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (object(), "may return a Frame, an array, None .*; this one returned a value of type object"),
        (1j, "of type complex"),
        ({"x": {"y": object()}}, "object is not plain data"),
        ((Frame(PIXELS), {"n": 1}), "with pictures in it"),
        ({"mask": np.zeros((300, 300))}, "an array of shape \\(300, 300\\) in it"),
        (np.array([object()]), "objects"),
        (np.zeros(3, np.complex64), "cannot be sent"),
        (np.zeros((1, 1, 1, 1, 1), np.uint8), "dimensions"),
        (np.zeros((2000, 2000), np.float32), "16000000 bytes as raw is over"),
    ],
)
def test_what_cannot_be_sent_is_named_with_what_can(result: Any, said: str):
    with pytest.raises(FrameError, match=said):
        through(result)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"long": "x" * 2**20}, "data takes"),
        ({(1, 2): 3}, "keys of data"),
        ({"big": 2**70}, "ints"),
        (Frame(PIXELS, figures=[Box(0, 0, 1, 1)] * 65), "figures|length"),
    ],
)
def test_what_is_too_much_is_refused_with_the_limit(result: Any, said: str):
    with pytest.raises(ConfigError, match=said):
        through(result)


def test_data_that_holds_itself_is_refused():
    knot: list[Any] = []
    knot.append(knot)
    with pytest.raises(FrameError):
        plain(knot)
