from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest

from rushes import errors
from rushes.errors import RushesError, UnknownName, unknown_name

CLASSES = [getattr(errors, name) for name in errors.__all__]
# A value that differs from every default, by annotation.
SAMPLES = {
    "str": "somewhere",
    "int | None": 7,
    "float | None": 2.5,
    "tuple[int, ...] | None": (4, 6, 3),
    "Iterable[str]": ("one", "two"),
    "object": ("key", 1),
}


def filled(cls: type[RushesError]) -> RushesError:
    parameters = list(inspect.signature(cls).parameters.values())[1:]
    return cls("it went wrong", **{each.name: SAMPLES[each.annotation] for each in parameters})


def drawn_tree() -> dict[str, tuple[str, str]]:
    """name → (parent, built-in base) as the picture in the module's docstring shows them."""
    found: dict[str, tuple[str, str]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"    ((?:│  |   |├─ |└─ )*)(\w+)(?: \((\w+)\))?", line)
        if match and match[2] in errors.__all__:
            depth = len(match[1]) // 3
            path[depth:] = [match[2]]
            found[match[2]] = (path[depth - 1] if depth else "", match[3] or "")
    return found


def test_the_drawn_tree_is_the_real_one():
    tree = drawn_tree()
    assert sorted(tree) == sorted(errors.__all__)
    for cls in CLASSES:
        parent, builtin = tree[cls.__name__]
        names = [base.__name__ for base in cls.__bases__]
        assert names == ([parent, builtin] if builtin else [parent or "Exception"])


@pytest.mark.parametrize("cls", CLASSES)
def test_message_is_the_one_positional_and_the_rest_has_defaults(cls):
    first, *rest = inspect.signature(cls).parameters.values()
    assert first.name == "message"
    assert all(each.kind is each.KEYWORD_ONLY and each.default is not each.empty for each in rest)
    assert str(cls("it went wrong")) == "it went wrong"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("cls", CLASSES)
def test_pickled_whole(cls, protocol):
    error = filled(cls)
    for back in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error)):
        assert type(back) is cls
        assert str(back) == "it went wrong"
        assert vars(back) == vars(error)
        for name in list(inspect.signature(cls).parameters)[1:]:
            assert getattr(back, name) == getattr(error, name) != getattr(cls("x"), name)


@pytest.mark.parametrize("cls", CLASSES)
def test_documented(cls):
    assert cls.__doc__
    assert cls.__doc__ != cls.__base__.__doc__


def test_unknown_name_lists_and_suggests():
    error = unknown_name("codec", "JEPG", ["jpeg", "raw", "h264"])
    assert isinstance(error, UnknownName)
    assert (error.name, error.known, error.suggestion) == ("JEPG", ("jpeg", "raw", "h264"), "jpeg")
    assert str(error) == "no codec named 'JEPG' (did you mean 'jpeg'?); known: 'jpeg', 'raw', 'h264'"


def test_unknown_name_with_nothing_near_or_nothing_known():
    assert str(unknown_name("codec", "xyz", ["jpeg"])) == "no codec named 'xyz'; known: 'jpeg'"
    error = unknown_name("channel", "cam1", ())
    assert (str(error), error.suggestion) == ("no channel named 'cam1'; known: none", "")
