"""Which load starts first, and what equal ids share."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes import AsyncImageLoader, ConfigError, ImageLoadPriority, JobCancelled
from tests.support.loading import PATIENCE_S, Heard, Hold

HIGH, NORMAL, LOW = ImageLoadPriority.HIGH, ImageLoadPriority.NORMAL, ImageLoadPriority.LOW


def ask(loader, heard, name, priority=NORMAL, image=None, **more):
    image = name if image is None else image
    return loader.schedule_load(name, heard.load(image), heard.callback(name), priority, **more)


def test_images_come_without_any_event_loop(loader, heard):
    handle = ask(loader, heard, "a", image="picture")
    assert handle.result(PATIENCE_S) == "picture"
    heard.wait(1)
    assert heard.images == [("a", "picture")]


def test_an_urgent_load_overtakes_all_that_wait(loader, heard):
    hold = Hold(loader)
    for number in range(20):
        ask(loader, heard, f"low{number}", LOW)
    ask(loader, heard, "urgent", HIGH)
    hold.release()
    heard.wait(21)
    assert heard.loads[0] == "urgent"


@settings(max_examples=20)
@given(st.lists(st.sampled_from([HIGH, NORMAL, LOW]), min_size=1, max_size=12), st.randoms())
def test_order_is_priority_then_the_order_of_asking_never_the_name(priorities, random):
    names = [str(number) for number in range(len(priorities))]
    random.shuffle(names)
    heard = Heard()
    with AsyncImageLoader(1) as loader:
        hold = Hold(loader)
        for name, priority in zip(names, priorities, strict=True):
            ask(loader, heard, name, priority)
        hold.release()
        heard.wait(len(names))
    ranked = sorted(range(len(names)), key=lambda at: priorities[at].value)
    assert heard.loads == [names[at] for at in ranked]


def test_asking_again_more_urgently_lifts_what_waits(loader, heard):
    hold = Hold(loader)
    for name in "abcde":
        ask(loader, heard, name)
    ask(loader, heard, "e", HIGH)
    hold.release()
    heard.wait(6)
    assert heard.loads == ["e", "a", "b", "c", "d"]


def test_equal_ids_that_wait_are_one_load_by_the_newest_function_and_all_are_called(loader, heard):
    hold = Hold(loader)
    handles = [ask(loader, heard, "a", image=version) for version in ("old", "newer", "newest")]
    assert loader.get_pending_count() == 2
    hold.release()
    heard.wait(3)
    assert heard.loads == ["newest"]
    assert heard.images == [("a", "newest")] * 3
    assert [handle.result(PATIENCE_S) for handle in handles] == ["newest"] * 3


def test_who_asks_while_the_load_runs_gets_its_image(loader, heard):
    hold = Hold(loader, "a", "running")
    ask(loader, heard, "a", image="second")
    hold.release()
    heard.wait(1)
    assert (heard.loads, heard.images) == ([], [("a", "running")])
    assert hold.ended.wait(PATIENCE_S)
    assert hold.seen == ["running"]


def test_when_the_newest_leaves_the_one_before_it_provides_the_function(loader, heard):
    hold = Hold(loader)
    ask(loader, heard, "a", image="first")
    ask(loader, heard, "a", image="second")
    newest = ask(loader, heard, "a", image="third")
    assert newest.cancel()
    hold.release()
    heard.wait(3)
    assert heard.loads == ["second"]
    assert sorted(str(image) for _, image in heard.images) == ["None", "second", "second"]


def test_the_same_function_of_old_is_not_used_for_a_load_begun_later(loader, heard):
    ask(loader, heard, "a", image=1).result(PATIENCE_S)
    assert ask(loader, heard, "a", image=2).result(PATIENCE_S) == 2


def test_cancelling_one_of_several_leaves_the_others(loader, heard):
    hold = Hold(loader)
    first, second = ask(loader, heard, "a"), ask(loader, heard, "a")
    assert first.cancel()
    hold.release()
    assert second.result(PATIENCE_S) == "a"
    heard.wait(2)
    with pytest.raises(JobCancelled):
        first.result(PATIENCE_S)
    assert heard.images == [("a", None), ("a", "a")]


def test_an_error_and_no_image_are_both_none_and_the_handle_tells_them_apart(loader, heard, caplog):
    def fails():
        raise OSError("no such tile")

    broken = loader.schedule_load("broken", fails, heard.callback("broken"))
    empty = loader.schedule_load("empty", lambda: None, heard.callback("empty"))
    heard.wait(2)
    assert heard.images == [("broken", None), ("empty", None)]
    assert isinstance(broken.exception(), OSError)
    assert empty.result(PATIENCE_S) is None
    assert [each.getMessage() for each in caplog.records] == [
        "image 'broken' could not be loaded: OSError: no such tile"
    ]


def test_a_raising_callback_is_called_once_and_the_worker_goes_on(loader, heard, caplog):
    calls = []

    def fails(image):
        calls.append(image)
        raise ValueError("no window")

    loader.schedule_load("a", heard.load("a"), fails)
    ask(loader, heard, "a")
    ask(loader, heard, "b")
    heard.wait(2)
    assert calls == ["a"]
    assert [each.getMessage() for each in caplog.records] == ["the callback of image 'a' raised"]


def test_a_callback_may_ask_cancel_and_count(loader, heard):
    def next_one(image):
        loader.schedule_load("b", heard.load("b"), heard.callback("b"))
        loader.cancel_obsolete_for_texture("c", "")
        loader.get_pending_count()

    loader.schedule_load("a", heard.load("a"), next_one)
    heard.wait(1)
    assert heard.images == [("b", "b")]


def test_callbacks_come_outside_the_caller_and_before_the_count_is_asked(loader):
    seen = threading.Event()
    counts: list[int] = []

    def called(image):
        counts.append(loader.get_pending_count())
        seen.set()

    loader.schedule_load("a", lambda: 1, called)
    assert seen.wait(PATIENCE_S)
    assert counts == [0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a", None, print), "loader_func is None"),
        (("a", print, 5), "callback is 5"),
        ((7, print, print), "request_id is 7"),
        (("a", print, print, "urgent"), "priority is 'urgent'"),
        (("a", print, print, NORMAL, (1, 2)), "bounds are .1, 2."),
        (("a", print, print, NORMAL, (1, 2, 3, "4")), "bounds are .1, 2, 3, '4'."),
        (("a", print, print, NORMAL, (1, 2, 3, float("nan"))), "bounds are .1, 2, 3, nan."),
        (("a", print, print, NORMAL, 5), "bounds are 5"),
    ],
)
def test_wrong_arguments_are_refused_at_the_call(loader, words, message):
    with pytest.raises(ConfigError, match=message):
        loader.schedule_load(*words)
    assert loader.get_pending_count() == 0
    assert loader.stats().requested == 0


@pytest.mark.parametrize(
    ("words", "message"), [({"texture": 5}, "texture is 5"), ({"cache_key": []}, "cache_key is")]
)
def test_wrong_keywords_are_refused_at_the_call(loader, words, message):
    with pytest.raises(ConfigError, match=message):
        loader.schedule_load("a", print, print, **words)
    assert loader.stats().requested == 0


@pytest.mark.parametrize("focus", [(1,), 5, (1, float("inf")), ("1", 2)])
def test_a_focus_that_is_no_place_is_refused(loader, focus):
    with pytest.raises(ConfigError, match="focus is"):
        loader.want("map", [], focus=focus)


@pytest.mark.parametrize("workers", [0, -1])
def test_a_loader_needs_a_worker(workers):
    with pytest.raises(ConfigError, match="give at least 1"):
        AsyncImageLoader(workers)
