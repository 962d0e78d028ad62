"""Programs written for the loader's old address run after changing their import line."""

from __future__ import annotations

import inspect
import threading
from enum import Enum

import pytest

import rushes
from rushes.compat import async_image_loader as door

PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def ended():
    yield
    door.stop_global_loader()


def test_all_documented_names_are_the_real_things():
    for name in door.__all__:
        assert getattr(door, name) is getattr(rushes, name)
    assert issubclass(door.ImageLoadPriority, Enum)
    with pytest.raises(AttributeError, match="no attribute 'loader'"):
        door.loader  # noqa: B018


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (door.AsyncImageLoader.__init__, ["self", "max_workers", "loop"]),
        (
            door.AsyncImageLoader.schedule_load,
            ["self", "request_id", "loader_func", "callback", "priority", "bounds"],
        ),
        (door.AsyncImageLoader.cancel_obsolete_for_texture, ["self", "texture_id", "keep_request_id"]),
        (door.AsyncImageLoader.get_pending_count, ["self"]),
        (door.get_global_loader, ["max_workers"]),
        (door.stop_global_loader, []),
    ],
)
def test_arguments_have_their_documented_names_and_order(method, words):
    parameters = inspect.signature(method).parameters.values()
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert positional == words


def test_documented_defaults_and_attributes():
    loader = door.AsyncImageLoader()
    assert (loader.max_workers, loader.loop) == (4, None)
    request = door.ImageLoadRequest("a", bytes, print)
    assert (request.priority, request.bounds) == (door.ImageLoadPriority.NORMAL, None)


def test_the_module_variable_shows_the_global_loader():
    assert door._global_loader is None
    loader = door.get_global_loader(max_workers=2)
    assert door._global_loader is loader
    door.stop_global_loader()
    assert door._global_loader is None


def test_a_program_of_old_runs_with_all_arguments_by_name():
    loader = door.get_global_loader(max_workers=2)
    shown: list[object] = []
    done = threading.Event()

    def show(image: object) -> None:
        shown.append(image)
        done.set()

    loader.schedule_load(
        request_id="texture7_1",
        loader_func=lambda: "image",
        callback=show,
        priority=door.ImageLoadPriority.HIGH,
        bounds=(0.0, 1.0, 0.0, 1.0),
    )
    assert done.wait(PATIENCE_S)
    assert shown == ["image"]
    assert loader.cancel_obsolete_for_texture(texture_id="texture7", keep_request_id="texture7_1") == 0
    assert loader.get_pending_count() == 0
    door.stop_global_loader()
