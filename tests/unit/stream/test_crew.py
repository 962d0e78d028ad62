"""A crew: frames go to processes, answers come back, whatever the function does."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import numpy as np
import pytest

from rushes.errors import ClosedError, ConfigError, QueueFull
from rushes.stream import parcel as parcels
from rushes.stream.crew import Crew, Died, Done, Raised
from rushes.stream.parcel import meta_of
from tests.support import crew_functions
from tests.support.crews import Answers, crew, parcel_of, small, unpacked


def test_a_frame_comes_back_as_the_function_left_it():
    with crew(crew_functions.inverted) as (made, told):
        made.submit("one", *small(7))
        task, answer = told.next()
        parcel, message = unpacked(answer)
    assert task == "one"
    assert (parcel.header.number, parcel.header.codec, meta_of(parcel)) == (7, "jpeg", {"was": 7})
    assert len(parcel.header.figures) == 1
    assert message.payload[:2] == b"\xff\xd8"


def test_a_frame_that_stays_as_it_came_does_not_travel_back():
    head, payload = small(7)
    with crew("as_it_came") as (made, told):
        made.submit(1, head, payload)
        answer = told.next()[1]
    assert isinstance(answer, Done)
    assert answer.payload is payload


def test_raw_arrays_come_back_exactly_and_large_ones_whole():
    pixels = np.random.default_rng(3).integers(0, 255, (600, 800, 3)).astype(np.uint8)
    parcel, payload = parcel_of(pixels)
    with crew("bare") as (made, told):
        made.submit(1, parcels.pack(parcel), payload)
        again, message = unpacked(told.next()[1])
    assert (again.header.dtype, again.header.format) == ("f4", "array")
    assert np.array_equal(np.frombuffer(message.payload, np.float32), pixels.ravel().astype(np.float32))


def test_data_comes_back_with_the_frame_from_another_process():
    with crew("told") as (made, told):
        made.submit(1, *small(9))
        data = meta_of(unpacked(told.next()[1])[0])
        assert data["pid"] in made.pids
    assert (data["number"], data["mean"]) == (9, 9.0)
    assert data["pid"] != os.getpid()


@pytest.mark.parametrize(
    ("name", "said", "where"),
    [
        ("broken", "ValueError: no such thing in frame 3\n", "in broken"),
        ("nonsense", "rushes.errors.FrameError: a function may return", ""),
    ],
)
def test_a_function_that_raises_or_returns_nonsense_is_told_and_goes_on(name: str, said: str, where: str):
    with crew(name) as (made, told):
        for number in (3, 4):
            made.submit(number, *small(number))
            task, answer = told.next()
            assert task == number
            assert isinstance(answer, Raised)
            if number == 3:
                assert answer.text.startswith(said)
                assert where in answer.text
                assert "crew_child" not in answer.text
        assert len(made.pids) == 1


def test_a_parcel_that_is_none_is_told_like_any_error():
    with crew("as_it_came") as (made, told):
        made.submit(1, b"nonsense", b"")
        answer = told.next()[1]
        assert isinstance(answer, Raised)
        assert "BadMessage" in answer.text


def test_sys_exit_and_an_interrupt_of_the_functions_own_are_its_answer():
    with crew("by_number") as (made, told):
        before = made.pids
        for number in (1, 5):
            made.submit(number, *small(number))
            assert isinstance(told.next()[1], Raised)
        made.submit(9, *small(9))
        assert isinstance(told.next()[1], Done)
        assert made.pids == before


def test_what_functions_print_goes_to_standard_error_at_once(capfd: pytest.CaptureFixture[str]):
    with crew("loud") as (made, told):
        made.submit(1, *small(6))
        told.next()
        out, error = capfd.readouterr()
    assert out == ""
    assert "frame 6 said and cried\n" in error


def test_no_more_is_taken_than_there_are_processes(tmp_path: Any):
    meta = {"here": str(tmp_path / "here"), "go": str(tmp_path / "go")}
    with crew("waits_for") as (made, told):
        assert made.idle == 1
        made.submit(1, *small(meta=meta))
        assert made.idle == 0
        with pytest.raises(ConfigError, match="being worked on already"):
            made.submit(1, *small())
        with pytest.raises(QueueFull):
            made.submit(2, *small())
        (tmp_path / "go").touch()
        assert told.next()[0] == 1
        told.wait_idle()
        assert made.idle == 1


def test_a_thousand_small_frames_pass_through_two_processes_each_once():
    began = time.monotonic()
    with crew("as_it_came", 2) as (made, told):
        for _ in range(2):
            told.idle.put(None)
        for number in range(1000):
            told.wait_idle()
            made.submit(number, *small(number))
        answers = [told.next() for _ in range(1000)]
    assert sorted(task for task, _ in answers) == list(range(1000))
    assert all(unpacked(answer)[0].header.number == task for task, answer in answers)
    assert time.monotonic() - began < 30  # a hang, or a wait in each turn


def test_closing_lets_the_frame_at_hand_be_finished(tmp_path: Any):
    meta = {"here": str(tmp_path / "here"), "go": str(tmp_path / "go")}
    with crew("waits_for") as (made, told):
        made.submit(1, *small(meta=meta))
        closing = threading.Thread(target=made.close)
        closing.start()
        (tmp_path / "go").touch()
        assert isinstance(told.next()[1], Done)
        closing.join()
    with pytest.raises(ClosedError):
        made.submit(2, *small())


def test_closing_does_not_wait_for_a_function_that_hangs_and_answers_for_it():
    with crew("by_number") as (made, told):
        made.submit(4, *small(4))
    task, answer = told.next()
    assert task == 4
    assert isinstance(answer, Died)


def test_a_crew_can_be_closed_by_its_own_callback():
    told = Answers()

    def close(task: Any, answer: Any) -> None:
        made.close()
        told.done.put((task, answer))

    made = Crew(
        f"{crew_functions.__name__}:as_it_came",
        procs=1,
        name="x",
        on_done=close,
        on_idle=lambda: told.idle.put(None),
    )
    told.wait_idle()
    made.submit(1, *small())
    assert isinstance(told.next()[1], Done)
    assert made.closed


def test_a_callback_that_raises_is_logged_and_the_others_are_told(caplog: pytest.LogCaptureFixture):
    told = Answers()

    def breaks_once(task: Any, answer: Any) -> None:
        told.done.put((task, answer))
        if task == 1:
            raise ValueError("mine")

    with Crew(
        crew_functions.as_it_came, procs=1, name="x", on_done=breaks_once, on_idle=lambda: told.idle.put(None)
    ) as made:
        for task in (1, 2):
            told.wait_idle()
            made.submit(task, *small())
            assert told.next()[0] == task
    assert "a callback of Crew 'x' failed" in caplog.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"procs": 0}, "procs"),
        ({"procs": True}, "procs"),
        ({"quality": 0}, "quality"),
        ({"fn": lambda frame: None}, "define it with def at the top of a file"),
        ({"fn": crew_functions.Tools().method}, "define it with def"),
        ({"fn": "no colon"}, "package.module:function"),
        ({"fn": 7}, "must be a function or its name"),
    ],
)
def test_what_no_crew_can_be_made_of_is_refused_with_the_remedy(options: dict[str, Any], said: str):
    with pytest.raises(ConfigError, match=said):
        Crew(**{"fn": "os:getpid", "procs": 1, "name": "x", "on_done": print, **options})


def test_an_async_function_is_refused():
    async def fn(frame: Any) -> None: ...

    with pytest.raises(ConfigError, match="plain function"):
        Crew(fn, procs=1, name="x", on_done=print)


def test_parts_that_are_too_long_are_refused():
    with crew("as_it_came") as (made, _), pytest.raises(ConfigError, match="too long"):
        made.submit(1, bytes(3 * 1024 * 1024), b"")
