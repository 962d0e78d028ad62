"""Cancelling by texture, and the view that says at each move what it wants."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes import AsyncImageLoader, ImageLoadPriority
from rushes.loader.request import belongs
from tests.support.loading import PATIENCE_S, Heard, Hold


def ask(loader, heard, name, **more):
    return loader.schedule_load(name, heard.load(name), heard.callback(name), **more)


def test_what_waits_for_a_texture_is_cancelled_and_never_loaded(loader, heard):
    hold = Hold(loader)
    for number in range(10):
        ask(loader, heard, f"t_{number}")
    assert loader.cancel_obsolete_for_texture("t", "t_9") == 9
    assert loader.get_pending_count() == 2
    hold.release()
    heard.wait(10)
    assert heard.loads == ["t_9"]
    assert sorted(heard.images, key=lambda each: each[0]) == [
        *((f"t_{number}", None) for number in range(9)),
        ("t_9", "t_9"),
    ]


def test_other_textures_whose_names_hold_the_same_letters_are_left_alone(loader, heard):
    hold = Hold(loader)
    for name in ("1", "1_0", "10", "10_1", "21", "21_1", "x1"):
        ask(loader, heard, name)
    assert loader.cancel_obsolete_for_texture("1", "") == 2
    hold.release()
    heard.wait(7)
    assert heard.loads == ["10", "10_1", "21", "21_1", "x1"]


def test_a_texture_named_at_the_call_counts_instead_of_the_id(loader, heard):
    hold = Hold(loader)
    ask(loader, heard, "any name", texture="t")
    ask(loader, heard, "t_1", texture="other")
    assert loader.cancel_obsolete_for_texture("t", "") == 1
    assert loader.cancel_obsolete_for_texture("other", "t_1") == 0
    hold.release()
    heard.wait(2)
    assert heard.loads == ["t_1"]


@settings(max_examples=25)
@given(st.lists(st.text(alphabet="ab_", max_size=4), max_size=12), st.text(alphabet="ab_", max_size=3))
def test_the_count_is_what_was_truly_cancelled(names, texture):
    heard = Heard()
    keep = names[0] if names else "none"
    with AsyncImageLoader(1) as loader:
        hold = Hold(loader, "hold it", texture="of its own")
        for name in names:
            ask(loader, heard, name)
        count = loader.cancel_obsolete_for_texture(texture, keep)
        hold.release()
        heard.wait(len(names))
    gone = [name for name in names if belongs(name, texture) and name != keep]
    assert count == len(gone)
    assert set(heard.loads) == set(names) - set(gone)
    assert sorted(name for name, image in heard.images if image is None) == sorted(gone)


def test_asking_again_after_a_cancel_loads_once_by_the_new_function(loader, heard):
    hold = Hold(loader)
    loader.schedule_load("t_1", heard.load("old"), heard.callback("old"))
    assert loader.cancel_obsolete_for_texture("t", "") == 1
    loader.schedule_load("t_1", heard.load("new"), heard.callback("new"))
    hold.release()
    heard.wait(2)
    assert heard.loads == ["new"]
    assert sorted(heard.images, key=str) == [("new", "new"), ("old", None)]


def test_a_cancelled_load_that_runs_tells_its_caller_at_once_and_never_again(heard):
    with AsyncImageLoader(2) as loader:
        running = Hold(loader, "t_1", result="late", cache_key="key")
        assert loader.cancel_obsolete_for_texture("t", "") == 1
        assert running.ended.wait(PATIENCE_S)
        assert running.seen == [None]
        assert loader.get_pending_count() == 0
        # Asked for again it is a new load, by its own function, while the old one still runs.
        ask(loader, heard, "t_1")
        heard.wait(1)
        assert heard.images == [("t_1", "t_1")]
        running.release()
    assert running.seen == [None]


def test_the_late_image_of_a_cancelled_load_is_kept_for_the_next_who_asks(loader, heard):
    running = Hold(loader, "t_1", result=b"late", cache_key="key")
    running.handle.cancel()
    running.release()
    ask(loader, heard, "t_1", cache_key="key")
    heard.wait(1)
    assert (heard.loads, heard.images) == ([], [("t_1", b"late")])
    assert running.seen == [None]


def test_scheduling_and_cancelling_from_many_threads_loses_nobody(heard):
    with AsyncImageLoader(2) as loader:
        stop = threading.Event()

        def cancel():
            while not stop.is_set():
                loader.cancel_obsolete_for_texture("t", "t_7")
                loader.get_pending_count()

        def schedule(which):
            for number in range(300):
                ask(loader, heard, f"t_{number % 20}" if which else f"u_{number % 20}")

        canceller = threading.Thread(target=cancel)
        schedulers = [threading.Thread(target=schedule, args=(which,)) for which in range(3)]
        for thread in (canceller, *schedulers):
            thread.start()
        for thread in schedulers:
            thread.join()
        heard.wait(900)
        stop.set()
        canceller.join()
        stats = loader.stats()
    assert len(heard.images) == 900
    assert stats.requested == 900 == stats.loaded + stats.cancelled
    assert (stats.pending, stats.failed) == (0, 0)
    assert None not in [image for name, image in heard.images if name.startswith("u")]


# -- a view -------------------------------------------------------------------------------------------------


def test_a_view_keeps_what_it_still_wants_and_cancels_the_rest(loader, heard):
    hold = Hold(loader)
    first = loader.want("map", [heard.request(f"map_{number}") for number in range(4)])
    assert (first.kept, first.added, first.cancelled) == (0, 4, 0)
    second = loader.want("map", [heard.request(f"map_{number}") for number in range(2, 6)])
    assert (second.kept, second.added, second.cancelled) == (2, 2, 2)
    hold.release()
    heard.wait(6)
    assert heard.loads == ["map_2", "map_3", "map_4", "map_5"]
    assert [name for name, image in heard.images if image is None] == ["map_0", "map_1"]
    assert len(heard.images) == 6


def test_a_kept_request_calls_the_newest_callback_only_and_counts_once(loader, heard):
    hold = Hold(loader)
    for turn in range(3):
        request = heard.request("map_1")
        request.callback = heard.callback(f"turn {turn}")
        loader.want("map", [request])
    assert loader.stats().requested == 2
    hold.release()
    heard.wait(1)
    assert hold.ended.wait(PATIENCE_S)
    stats = loader.stats()
    assert heard.images == [("turn 2", "map_1")]
    assert (stats.requested, stats.loaded, stats.pending) == (2, 2, 0)


def test_wanting_the_same_twice_changes_nothing(loader, heard):
    hold = Hold(loader)
    requests = [heard.request(f"map_{number}") for number in range(5)]
    loader.want("map", requests)
    change = loader.want("map", requests)
    assert (change.kept, change.added, change.cancelled) == (5, 0, 0)
    hold.release()
    heard.wait(5)
    assert len(heard.loads) == 5


def test_what_is_nearest_to_the_focus_is_loaded_first_and_urgent_ones_before_it(loader, heard):
    hold = Hold(loader)

    def tile(x, **more):
        return heard.request(f"map_{x}", bounds=(x, x + 1, 0, 1), **more)

    requests = [tile(x) for x in range(5)]
    loader.want("map", [*requests, tile(9, priority=ImageLoadPriority.HIGH)], focus=(0.5, 0.5))
    loader.want("map", [*requests, tile(9, priority=ImageLoadPriority.HIGH)], focus=(3.6, 0.5))
    hold.release()
    heard.wait(6)
    assert heard.loads == ["map_9", "map_3", "map_4", "map_2", "map_1", "map_0"]


def test_a_view_cancels_what_was_scheduled_for_its_texture_and_shares_what_it_wants(loader, heard):
    hold = Hold(loader)
    ask(loader, heard, "map_1")
    ask(loader, heard, "map_2")
    ask(loader, heard, "anything", texture="map")
    ask(loader, heard, "other_1")
    change = loader.want("map", [heard.request("map_1")])
    assert change.cancelled == 2
    hold.release()
    heard.wait(5)
    assert sorted(heard.loads) == ["map_1", "other_1"]
    assert heard.of("map_1") == ["map_1", "map_1"]


def test_equal_ids_in_one_view_are_one_load_and_all_are_called(loader, heard):
    loader.want("map", [heard.request("map_1"), heard.request("map_1")])
    heard.wait(2)
    assert (heard.loads, heard.images) == (["map_1"], [("map_1", "map_1")] * 2)


def test_cancelling_a_texture_cancels_its_view_but_not_another_view(loader, heard):
    hold = Hold(loader)
    loader.want("map", [heard.request("a"), heard.request("b")])
    loader.want("overview", [heard.request("b"), heard.request("c")])
    assert loader.cancel_obsolete_for_texture("map", "") == 2
    hold.release()
    heard.wait(4)
    assert heard.loads == ["b", "c"]
    assert sorted(heard.images, key=str) == [("a", None), ("b", "b"), ("b", None), ("c", "c")]


def test_a_view_that_wants_nothing_more_ends_its_requests(loader, heard):
    hold = Hold(loader)
    loader.want("map", [heard.request("map_1")])
    assert loader.want("map", []).cancelled == 1
    hold.release()
    heard.wait(1)
    assert heard.images == [("map_1", None)]


@pytest.mark.parametrize("broken", [5, None])
def test_a_view_with_one_wrong_request_changes_nothing(loader, heard, broken):
    hold = Hold(loader)
    loader.want("map", [heard.request("map_1")])
    wrong = heard.request("map_2")
    wrong.loader_func = broken
    with pytest.raises(ValueError, match="loader_func"):
        loader.want("map", [heard.request("map_3"), wrong])
    hold.release()
    heard.wait(1)
    assert heard.loads == ["map_1"]
    assert loader.stats().requested == 2
