from __future__ import annotations

import math
from typing import Any

import pytest

from rushes.errors import ConfigError
from rushes.stream.handler import Handler


class Source:
    """Items to be taken; what time-outs it was asked with."""

    def __init__(self, *items: dict[str, Any] | None) -> None:
        self.items, self.asked = list(items), [0.0 if not items else None][:0]

    def take(self, timeout_s: float | None) -> dict[str, Any] | None:
        self.asked.append(timeout_s)
        return self.items.pop(0) if self.items else None

    def handler(self) -> Handler:
        return Handler(self.take, lambda: not self.items, lambda timeout_s: bool(self.items))


def test_iterated_it_waits_without_limit_and_ends_with_the_stream() -> None:
    source = Source({"fno": 0}, {"fno": 1})
    assert [item["fno"] for item in source.handler()] == [0, 1]
    assert source.asked == [None, None, None]


def test_called_it_takes_milliseconds_and_yields_none_when_nothing_came() -> None:
    source = Source(None, {"fno": 0}, None, {"fno": 1})
    assert list(source.handler()(timeout=250)) == [None, {"fno": 0}, None, {"fno": 1}]
    assert source.asked == [0.25] * 4


def test_without_a_number_it_does_not_wait() -> None:
    source = Source({"fno": 0})
    assert list(source.handler()()) == [{"fno": 0}]
    assert source.asked == [0.0]


def test_each_call_is_a_generator_of_its_own_and_no_item_goes_to_two() -> None:
    handler = Source({"fno": 0}, {"fno": 1}, {"fno": 2}).handler()
    one, other = handler(), handler()
    assert [next(one), next(other), next(handler)] == [{"fno": 0}, {"fno": 1}, {"fno": 2}]
    assert list(one) == list(other) == list(handler) == []


@pytest.mark.parametrize("timeout", [-1, math.nan])
def test_a_timeout_that_cannot_be_is_refused_at_the_call(timeout: float) -> None:
    with pytest.raises(ConfigError, match="timeout"):
        Source().handler()(timeout=timeout)
