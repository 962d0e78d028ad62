from __future__ import annotations

import math
from typing import Any

import pytest

from rushes.errors import ConfigError, UnknownName
from rushes.stream import options
from rushes.wire.endpoint import parse


@pytest.mark.parametrize("endpoint", ["nats://h:1/s", "tls://h:1/s"])
def test_a_hub_deals_work_out_only_when_that_is_asked_for(endpoint: str) -> None:
    assert options.is_hubbed(parse(endpoint), True)
    assert not options.is_hubbed(parse(endpoint), False)


@pytest.mark.parametrize("endpoint", ["ipc://here", "shm://here"])
def test_work_is_dealt_out_on_one_machine_too(endpoint: str) -> None:
    assert options.is_hubbed(parse(endpoint), True)
    assert not options.is_hubbed(parse(endpoint), False)


@pytest.mark.parametrize("value", [0, 65, -1, True, 2.0, "2", None, math.nan])
def test_counts_that_cannot_be(value: Any) -> None:
    with pytest.raises(ConfigError, match="nproc"):
        options.check_count(value, "nproc")


@pytest.mark.parametrize("value", [1, 64])
def test_counts_that_can(value: int) -> None:
    assert options.check_count(value, "nproc") == value


@pytest.mark.parametrize("value", [-0.1, 3601, math.nan, math.inf, True, "1"])
def test_seconds_that_cannot_be(value: Any) -> None:
    with pytest.raises(ConfigError, match="max_wait_s"):
        options.check_seconds(value, "max_wait_s")


@pytest.mark.parametrize("value", [None, 0, 0.5, 3600])
def test_seconds_that_can(value: Any) -> None:
    options.check_seconds(value, "max_wait_s")


@pytest.mark.parametrize("value", [5, b"x", "x" * 513, "é" * 257, "\ud800"])
def test_names_that_cannot_travel(value: Any) -> None:
    with pytest.raises(ConfigError, match="track"):
        options.check_name(value, "track")


@pytest.mark.parametrize("value", [None, "", "x" * 512, "é" * 256])
def test_names_that_can(value: Any) -> None:
    options.check_name(value, "track")


def test_unknown_names_are_answered_with_the_known() -> None:
    with pytest.raises(UnknownName, match="drop_oldest"):
        options.check_policy("drop")
    with pytest.raises(UnknownName, match="jpeg"):
        options.check_codec("webp", 80)
    with pytest.raises(ConfigError):
        options.check_codec("jpeg", 0)
    assert options.check_policy(None) == "drop_oldest"


@pytest.mark.parametrize("value", ["none", [], [""], ["a", "a"]])
def test_tracks_that_cannot_be(value: Any) -> None:
    with pytest.raises(ConfigError, match="tracks"):
        options.check_tracks(value)


def test_tracks_that_can() -> None:
    assert options.check_tracks(None) == ("none",)
    assert options.check_tracks(["a", "b"]) == ("a", "b")


def test_keys_are_of_no_use_within_one_machine() -> None:
    with pytest.raises(ConfigError, match="keys"):
        options.load_keys("somewhere", "client", parse("shm://here"))
    assert options.load_keys(None, "client", parse("shm://here")) is None
