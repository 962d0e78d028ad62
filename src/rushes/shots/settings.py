"""The settings that may be changed at any time, each checked where it is set."""

from __future__ import annotations

import math
import operator
from typing import Any

from rushes.errors import ConfigError

__all__ = ["Setting", "at_least_one", "callback_or_none", "not_negative", "positive", "text"]


class Setting:
    """An attribute that holds what ``check`` made of the value it was set to."""

    def __init__(self, check: Any, description: str) -> None:
        self._check = check
        self.__doc__ = description

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else instance.__dict__[self._name]

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self._name] = self._check(self._name, value)


def positive(name: str, value: Any) -> float:
    """A number over zero."""
    if not (_is_number(value) and value > 0):
        raise ConfigError(f"{name} must be a number of seconds over 0, not {value!r}", option=name)
    return float(value)


def not_negative(name: str, value: Any) -> float:
    """A number, zero or more."""
    if not (_is_number(value) and value >= 0):
        raise ConfigError(f"{name} must be a number of seconds, 0 or more, not {value!r}", option=name)
    return float(value)


def at_least_one(name: str, value: Any) -> int:
    """A whole number, one or more."""
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if isinstance(value, bool) or number < 1:
        raise ConfigError(f"{name} must be a whole number, 1 or more, not {value!r}", option=name)
    return number


def callback_or_none(name: str, value: Any) -> Any:
    """Something to call, or None."""
    if value is not None and not callable(value):
        raise ConfigError(f"{name} must be a function or None, not {value!r}", option=name)
    return value


def text(name: str, value: Any) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} must be text that is not empty, not {value!r}", option=name)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
