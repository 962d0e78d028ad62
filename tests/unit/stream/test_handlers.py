from __future__ import annotations

import io
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rushes.stream.handlers as module
from rushes.errors import ConfigError, FrameError, MissingExtra
from rushes.stream.handlers import buffer, dispfps, display


class Steady:
    """A clock by which each reading is a hundredth of a second after the last."""

    def __init__(self, step_ns: int = 10_000_000) -> None:
        self.now_ns, self.step_ns = 0, step_ns

    def monotonic_ns(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns


@pytest.fixture
def hundred_a_second(monkeypatch: pytest.MonkeyPatch) -> Steady:
    clock = Steady()
    monkeypatch.setattr(module, "SYSTEM", clock)
    return clock


def picture(shape: tuple[int, ...] = (240, 320, 3), dtype: type = np.uint8) -> dict[str, Any]:
    return {"arr": np.full(shape, 99, dtype), "ftime": 1.0}


def test_everything_is_passed_on_as_it_is(hundred_a_second: Steady) -> None:
    items = [{"ftime": 1.0}, None, ("cam", {"ftime": 2.0}), object()]
    assert list(dispfps(iter(items))) == items


def test_the_rate_goes_to_the_console_in_one_line(
    hundred_a_second: Steady, capsys: pytest.CaptureFixture[str]
) -> None:
    list(dispfps(iter(range(50)), n=10))
    out = capsys.readouterr().out
    assert out.startswith("\rFPS: 100.000\rFPS: ")
    assert out.endswith("\n")
    assert out.count("\n") == 1
    assert 4 <= out.count("FPS") <= 6  # half a second at ten a second


def test_the_rate_is_of_the_last_n_alone(
    hundred_a_second: Steady, capsys: pytest.CaptureFixture[str]
) -> None:
    def slower() -> Iterator[int]:
        yield from range(20)
        hundred_a_second.step_ns *= 10
        yield from range(20)

    list(dispfps(slower(), n=5))
    shown = [
        float(each.removeprefix("FPS: ")) for each in capsys.readouterr().out.strip().split("\r") if each
    ]
    assert shown[0] == 100
    assert shown[-1] == 10
    assert 10 < shown[len(shown) // 4] < 100 or 10 in shown


def test_nothing_now_is_not_counted(hundred_a_second: Steady, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(dispfps(iter([None] * 500))) == [None] * 500
    assert capsys.readouterr().out == ""


def test_leaving_in_the_middle_ends_the_line(
    hundred_a_second: Steady, capsys: pytest.CaptureFixture[str]
) -> None:
    running = dispfps(iter(range(9)))
    next(running)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert capsys.readouterr().out == "\rFPS: 100.000\n"


@pytest.mark.parametrize("console", [None, "closed"])
def test_a_program_without_a_console_runs_all_the_same(
    monkeypatch: pytest.MonkeyPatch, console: str | None
) -> None:
    gone = io.StringIO()
    gone.close()
    monkeypatch.setattr(sys, "stdout", None if console is None else gone)
    assert len(list(dispfps(iter(range(9))))) == 9


@pytest.mark.parametrize("shape", [(240, 320, 3), (240, 320, 4), (240, 320), (240, 320, 1), (1080, 1920, 3)])
def test_written_the_rate_stands_on_the_picture_itself(
    hundred_a_second: Steady, capsys: pytest.CaptureFixture[str], shape: tuple[int, ...]
) -> None:
    given = [picture(shape) for _ in range(5)]
    arrays = [each["arr"] for each in given]
    out = list(dispfps(iter(given), write=True))
    assert capsys.readouterr().out == ""
    assert (arrays[0] == 99).all()  # of one item there is no rate yet
    for item, array in list(zip(out, arrays, strict=True))[1:]:
        assert item["arr"] is array
        changed = np.argwhere((array != 99).reshape(shape[0], shape[1], -1).any(axis=2))
        assert len(changed) > 200
        assert changed.min(axis=0).tolist() == [50, 50]
        letters = array[array == 255].size
        assert letters > 50


def test_a_picture_that_cannot_be_written_is_copied(hundred_a_second: Steady) -> None:
    items = [picture() for _ in range(3)]
    for each in items:
        each["arr"].flags.writeable = False
    kept = [each["arr"] for each in items]
    out = list(dispfps(iter(items), write=True))
    assert all((each == 99).all() for each in kept)
    assert (out[2]["arr"] != 99).any()
    assert out[2]["arr"].flags.writeable


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (0, 0, 3), (9, 400, 3), (400, 9), (3, 4, 2)])
def test_a_picture_too_small_for_the_text_gets_what_fits(
    hundred_a_second: Steady, shape: tuple[int, ...]
) -> None:
    out = list(dispfps((picture(shape) for _ in range(3)), write=True))
    assert out[2]["arr"].shape == shape


def test_what_is_no_picture_is_left_alone(hundred_a_second: Steady) -> None:
    sound = [{"arr": np.full(4800, 99, np.uint8)}, {"arr": np.full((480, 200), 99, np.int16)}, {"arr": None}]
    for each in dispfps(iter(sound * 3), write=True):
        assert each["arr"] is None or (each["arr"] == 99).all()


def test_the_two_compose(hundred_a_second: Steady) -> None:
    merged = buffer(0, {"cam": iter([picture() for _ in range(4)])})
    out = list(dispfps(merged, write=True))
    assert [name for name, _ in out] == ["cam"] * 4
    assert (out[-1][1]["arr"] != 99).any()


@pytest.mark.parametrize("n", [0, -1, 1.5, "10", True, None])
def test_an_average_over_nothing_is_refused_at_the_call(n: Any) -> None:
    with pytest.raises(ConfigError, match="n must be"):
        dispfps(iter([]), n=n)


def test_what_cannot_be_iterated_is_refused_at_the_call() -> None:
    with pytest.raises(ConfigError, match="handler"):
        dispfps(3)  # type: ignore[arg-type]


class Error(Exception):
    """As cv2.error."""


@pytest.fixture
def cv2(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    double = types.SimpleNamespace(shown=[], key=-1, failure="", error=Error)

    def imshow(title: str, frame: Any) -> None:
        if double.failure:
            raise Error(double.failure)
        double.shown.append(frame)

    double.imshow = imshow
    double.waitKey = lambda delay_ms: double.key
    monkeypatch.setitem(sys.modules, "cv2", double)
    return double


def test_a_picture_is_shown_as_it_is(cv2: types.SimpleNamespace) -> None:
    frame = picture()["arr"]
    display(frame)
    assert cv2.shown[0] is frame


@pytest.mark.parametrize("channels", [3, 4])
def test_red_and_blue_change_places_for_opencv(cv2: types.SimpleNamespace, channels: int) -> None:
    frame = np.zeros((2, 3, channels), np.uint8)
    frame[..., 0], frame[..., -1] = 1, 9
    display(frame, BGR=False)
    expected = frame[:, :, [2, 1, 0, 3][:channels]]
    np.testing.assert_array_equal(cv2.shown[0], expected)


def test_gray_is_gray_in_either_order(cv2: types.SimpleNamespace) -> None:
    display(np.ones((2, 3), np.uint8), BGR=False)
    display(np.ones((2, 3, 1), np.uint8), BGR=False)
    assert [each.shape for each in cv2.shown] == [(2, 3), (2, 3, 1)]


@pytest.mark.parametrize("key", [27, 0x10001B])
def test_escape_is_an_interrupt(cv2: types.SimpleNamespace, key: int) -> None:
    cv2.key = key
    with pytest.raises(KeyboardInterrupt):
        display(picture()["arr"])


@pytest.mark.parametrize("key", [-1, ord("q")])
def test_other_keys_are_not(cv2: types.SimpleNamespace, key: int) -> None:
    cv2.key = key
    display(picture()["arr"])


@pytest.mark.parametrize(
    "frame", [None, [1], np.zeros((2, 2)), np.zeros(5, np.uint8), np.zeros((0, 2, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(cv2: types.SimpleNamespace, frame: Any) -> None:
    with pytest.raises(FrameError, match="uint8 picture"):
        display(frame)
    assert cv2.shown == []


def test_without_opencv_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtra, match="opencv-python"):
        display(picture()["arr"])


def test_an_opencv_without_windows_is_as_good_as_none(cv2: types.SimpleNamespace) -> None:
    cv2.failure = "The function is not implemented. Rebuild the library with GTK+"
    with pytest.raises(MissingExtra, match=r"without windows.*opencv-python"):
        display(picture()["arr"])
    cv2.failure = "out of memory"
    with pytest.raises(Error):
        display(picture()["arr"])
