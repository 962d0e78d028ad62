"""Many shots at once: sharing, limits, time-outs, pool sizes, ages."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from rushes import Depot, Frame
from rushes.errors import DeadlineExceeded, JobCancelled
from rushes.shots import status
from rushes.shots.files import kind_of
from tests.unit.shots.pictures import frame, jpeg
from tests.unit.shots.test_saver import Gate, made

__all__ = ["made"]


def test_equal_shots_are_taken_once_and_each_gets_its_file(made):
    gate = Gate()
    saver = made({"gate": gate})
    paths = [saver.save("gate")[1] for _ in range(30)] + [saver.save("gate", file_name="x.png")[1]]
    got: list[bytes] = []
    saver.get("gate", callback=got.append)
    gate.open.set()
    assert saver.wait(30)
    assert gate.calls == 1
    assert len(set(paths)) == 31
    assert {Path(path).read_bytes() for path in paths[:30]} == {got[0]}
    assert kind_of(Path(paths[30]).read_bytes()) == "png"
    assert len(saver._desk.shares) == 0


def test_shots_that_differ_are_not_shared(made):
    gate = Gate()
    gate.open.set()
    saver = made({"gate": gate})
    for more in ({}, {"dt": 5.0}, {"dt": 6.0}, {"figures": True}, {"max_age_s": 100}):
        saver.save("gate", **more)
        assert saver.wait(30)
    saver.save("gate", max_age_s=0)
    assert saver.wait(30)
    # The one that accepts an age found the first's picture.
    assert gate.calls == 5


def test_what_was_taken_for_one_now_is_not_given_to_a_later_now(made):
    gate = Gate()
    gate.open.set()
    saver = made({"gate": gate})
    first = saver.handle(saver.save("gate")[0]).result(30)
    second = saver.handle(saver.save("gate")[0]).result(30)
    assert second.captured_ns > first.captured_ns


def test_not_even_while_others_still_wait_for_the_earlier_one(made):
    taken, told, go_on = [], threading.Event(), threading.Event()

    def callback(guid, state):
        if state == status.success:
            told.set()
            assert go_on.wait(30)  # keeps the only worker busy

    saver = made({"gate": lambda dt: (taken.append(dt), frame(len(taken)))[1]}, pool_size=1)
    first, _ = saver.save("gate", callback=callback)
    second, _ = saver.save("gate")
    assert told.wait(30)
    third, _ = saver.save("gate")
    go_on.set()
    shots = [saver.handle(guid).result(30) for guid in (first, second, third)]
    assert shots[2].captured_ns > shots[0].captured_ns


def test_a_picture_of_some_age_will_do_when_the_caller_says_so(made):
    saver = made({"gate": lambda dt: frame(1)})
    first = saver.handle(saver.save("gate")[0]).result(30)
    again = saver.handle(saver.get("gate", callback=len, max_age_s=60)).result(30)
    assert (again.source, again.captured_ns, again.frame_number) == ("cache", first.captured_ns, 1)
    fresh = saver.handle(saver.get("gate", callback=len, max_age_s=1e-9)).result(30)
    assert fresh.source == "live"
    assert fresh.captured_ns > first.captured_ns


def test_fresh_or_fail(made):
    old = frame(1)
    saver = made({"gate": lambda dt: old})
    saver.max_tries = 1
    with pytest.raises(OSError, match="s old"):
        saver.handle(saver.get("gate", callback=len, max_age_s=0)).result(30)


def test_a_shot_that_joins_one_under_way_still_gets_a_picture_as_new_as_it_asked_for(made):
    taken: list[Frame] = []
    entered, go_on = threading.Event(), threading.Event()

    def slow(dt):
        picture = frame(len(taken))
        taken.append(picture)
        if len(taken) == 1:
            entered.set()
            assert go_on.wait(30)
        return picture

    saver = made({"gate": slow})
    first = saver.get("gate", callback=len, max_age_s=0.05)
    assert entered.wait(30)
    threading.Event().wait(0.1)  # the first one's picture is now too old for the second
    asked_ns = time.time_ns()
    second = saver.get("gate", callback=len, max_age_s=0.05)
    go_on.set()
    assert saver.handle(first).result(30).captured_ns == taken[0].captured_ns
    assert saver.handle(second).result(30).captured_ns >= asked_ns - 50_000_000


def test_equal_shots_of_a_dead_channel_ask_it_no_more_often_than_one(made):
    calls = []

    def dead(dt):
        calls.append(dt)
        raise OSError("no answer")

    saver = made({"gate": dead})
    saver.max_tries = 3
    guids = [saver.save("gate", dt=5.0)[0] for _ in range(40)]
    assert saver.wait(30)
    errors = [saver.handle(guid).exception(0) for guid in guids]
    assert {str(error) for error in errors} == {"no answer"}
    assert len({id(error) for error in errors}) == 40
    assert len(calls) == 3


def test_two_hundred_shots_at_once(made):
    saver = made({f"c{number}": lambda dt: frame(3) for number in range(20)})
    told: dict[str, list[str]] = {}
    lock = threading.Lock()

    def callback(guid, state):
        with lock:
            told.setdefault(guid, []).append(state)

    paths, threads = [], []

    def ask(start):
        for number in range(start, start + 25):
            paths.append(saver.save(f"c{number % 20}", dt=float(number), callback=callback)[1])  # noqa: PERF401

    for start in range(0, 200, 25):
        threads.append(threading.Thread(target=ask, args=(start,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert saver.wait(60)
    assert len(set(paths)) == 200
    assert all(kind_of(Path(path).read_bytes()) == "jpeg" for path in paths)
    assert set(map(tuple, told.values())) == {(status.in_queue, status.saving, status.success)}
    assert len(told) == 200
    assert not saver._desk.names._held


def test_a_thousand_shots_of_a_dead_channel_delay_no_good_one(made):
    gate = Gate()
    saver = made({"dead": gate, "good": lambda dt: frame()})
    for number in range(1000):
        saver.save("dead", dt=float(number))
    for _ in range(2):
        assert gate.asked.acquire(timeout=30)
    assert saver.handle(saver.save("good")[0]).result(5).path
    assert gate.calls == 2
    saver._desk._queue.cancel(where=lambda handle: True)
    gate.open.set()


def test_a_call_that_hangs_is_given_up_in_time(made):
    gate, told = Gate(), []
    saver = made({"gate": gate, "good": lambda dt: frame()})
    saver.timeout_sec = 0.2
    began = time.monotonic()
    guid, path = saver.save("gate", callback=lambda *news: told.append(news))
    others = [saver.save("gate")[0] for _ in range(5)]
    with pytest.raises(DeadlineExceeded):
        saver.handle(guid).result(30)
    assert 0.2 <= time.monotonic() - began < 20
    for other in others:
        with pytest.raises(DeadlineExceeded):
            saver.handle(other).result(30)
    # Told of the first one's fate, not each left to find out for itself.
    assert saver.handle(others[-1]).state == "error"
    assert saver.handle(saver.save("good")[0]).result(30).path
    assert told[-1] == (guid, status.error)
    assert saver._desk._queue.stats().retried <= 1  # nobody spins on what is over
    gate.open.set()
    saver.stop()
    assert not Path(path).exists()


def test_an_empty_depot_is_tried_as_often_as_said_for_exactly_that_long(made):
    with Depot.create(slots=2, shape=(24, 32, 3)) as depot:
        saver = made({"gate": depot})
        saver.timeout_sec, saver.max_tries = 0.15, 3
        began = time.monotonic()
        guid, _ = saver.save("gate")
        with pytest.raises(DeadlineExceeded, match=r"0\.15 s"):
            saver.handle(guid).result(30)
        assert 0.45 <= time.monotonic() - began < 20
        depot.put(frame(4).array, 4)
        assert saver.handle(saver.save("gate")[0]).result(30).frame_number == 4
        saver.stop()


def test_figures_wait_until_their_moment_is_old_enough(made):
    asked, states = [], []
    saver = made({"gate": lambda dt: (asked.append((dt, time.time())), jpeg())[1]})
    saver.buffer_ts = 0.3
    began = time.time()
    guid, _ = saver.save("gate", figures=True, callback=lambda *news: states.append((news[1], time.time())))
    plain, _ = saver.save("gate")
    old, _ = saver.save("gate", dt=began - 5, figures=True)
    for each in (plain, old):
        saver.handle(each).result(30)
    assert not saver.handle(guid).done()
    saver.handle(guid).result(30)
    assert saver.wait(30)
    moment, when = asked[-1]
    assert when >= began + 0.3
    assert abs(moment.timestamp() - began) < 0.25  # the moment of the call, not that of the picture
    assert [state for state, _ in states] == [status.in_queue, status.saving, status.success]
    assert states[1][1] >= began + 0.3
    # Once to see that it is early, once when it was due: nothing looked at the clock in between.
    assert saver.handle(guid).attempt == 2


def test_a_shot_that_waits_for_its_moment_can_be_cancelled(made):
    saver = made()
    saver.buffer_ts = 3600
    guid, _ = saver.save("gate", figures=True)
    assert saver.cancel(guid)
    assert saver.wait(30)
    with pytest.raises(JobCancelled):
        saver.handle(guid).result(0)


def test_pictures_of_ended_shots_are_not_kept_for_ever(made, monkeypatch):
    monkeypatch.setattr("rushes.shots.desk.KEPT_SHOTS", 3)
    saver = made()
    guids = []
    for _ in range(5):
        guids.append(saver.save("gate")[0])
        assert saver.wait(30)
    assert saver.handle(guids[2]).done()
    with pytest.raises(LookupError):
        saver.handle(guids[1])
    monkeypatch.setattr("rushes.shots.desk.KEPT_BYTES", 1)
    guid, _ = saver.save("gate")
    assert saver.wait(30)
    with pytest.raises(LookupError):
        saver.handle(guid)


def test_the_handle_is_there_for_the_first_callback(made):
    states: list[int] = []
    go = threading.Event()

    def callback(guid, state):
        assert go.wait(30)
        states.append(saver.handle(guid).id)

    saver = made()
    saver.save("gate", callback=callback)
    go.set()
    assert saver.wait(30)
    assert len(states) == 3
