"""Every error crosses processes whole."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest

from rushes import errors

KINDS = [getattr(errors, name) for name in errors.__all__ if inspect.isclass(getattr(errors, name))]


def filled(kind: type[Exception]) -> Exception:
    """With every keyword set to something that is not its default."""
    keywords: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(kind).parameters.items())[1:]:
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, f"{name} must be keyword-only"
        assert parameter.default is not inspect.Parameter.empty, f"{name} needs a default"
        samples: dict[type[Any], Any] = {str: "text", tuple: ("a", "b")}
        keywords[name] = samples.get(type(parameter.default), 7)
    return kind("what went wrong", **keywords)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_error_survives_pickling(kind: type[Exception], protocol: int) -> None:
    error = filled(kind)
    same = pickle.loads(pickle.dumps(error, protocol))
    assert type(same) is kind
    assert str(same) == str(error) == "what went wrong"
    assert vars(same) == vars(error)


@pytest.mark.parametrize("kind", KINDS)
def test_error_keeps_its_attributes_when_copied(kind: type[Exception]) -> None:
    error = filled(kind)
    same = copy.copy(error)
    assert (str(same), vars(same)) == (str(error), vars(error))


@pytest.mark.parametrize("kind", KINDS)
def test_error_belongs_to_the_tree_and_says_whose_mistake_it_is(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.RushesError)
    assert len(kind.__dict__.get("__doc__") or "") > 30


@pytest.mark.parametrize("kind", KINDS)
def test_message_alone_is_enough(kind: type[Exception]) -> None:
    assert kind("why").args == ("why",)
