"""Names and settings that a hub cannot take are refused before it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rushes.errors import ConfigError
from rushes.wire import jet_names
from rushes.wire.hub_permissions import permissions
from rushes.wire.jetstream import JetLink
from tests.support.jet import link

BAD = ["", "a.b", "a b", "*", ">", "a\r\n", "ä", "x" * 100]


@pytest.mark.parametrize(
    "call",
    [
        lambda made, bad: made.work_stream(bad, ["faces"]),
        lambda made, bad: made.work_stream("cam", [bad]),
        lambda made, bad: made.result_stream(bad),
        lambda made, bad: made.pull("cam", bad, batch=1, on_item=print),
        lambda made, bad: made.pull_results(bad, batch=1, on_item=print),
        lambda made, bad: made.backlog("cam", [bad]),
        lambda made, bad: made.tracks(bad),
        lambda made, bad: made.delete(bad),
        lambda made, bad: (
            made.publish(f"rushes.{bad or '.'}.work", "id", b"", b"", timeout_s=0)
            if bad != "a.b"
            else jet_names.check_stream(bad)
        ),
    ],
)
def test_names_that_no_subject_can_hold_are_refused(call: Callable[[JetLink, str], Any]) -> None:
    with link("nats://127.0.0.1:9", connect_s=0.1) as made:
        for bad in BAD:
            with pytest.raises(ConfigError):
                call(made, bad)


@pytest.mark.parametrize("bad", ["", "a b", "a\r\nPUB x 0", "ä", "x" * 256])
def test_ids_that_no_header_can_hold_are_refused(bad: str) -> None:
    with link("nats://127.0.0.1:9") as made, pytest.raises(ConfigError, match="id"):
        made.publish("rushes.cam.work", bad, b"", b"", timeout_s=0)


@pytest.mark.parametrize(
    "options", [{"max_bytes": 0}, {"ack_wait_s": -1.0}, {"max_deliver": 0}, {"max_in_flight": 0}]
)
def test_settings_of_nothing_are_refused(options: dict[str, Any]) -> None:
    (option,) = options
    with link("nats://127.0.0.1:9") as made, pytest.raises(ConfigError, match=option):
        made.work_stream("cam", ["faces"], **options)


def test_a_stream_without_tracks_and_a_negative_credit_are_refused() -> None:
    with link("nats://127.0.0.1:9") as made:
        with pytest.raises(ConfigError, match="track"):
            made.work_stream("cam", [])
        with pytest.raises(ConfigError, match="credit"):
            made.pull("cam", "faces", batch=-1, on_item=print)
        with pytest.raises(ConfigError, match="contiguous"):
            made.publish("rushes.cam.work", "id", b"", memoryview(bytes(10))[::2])


def test_the_hub_grants_the_names_that_are_used() -> None:
    granted = permissions("streamer", ["cam"])["publish"]["allow"]
    assert jet_names.work_subject("cam") in granted
    assert f"$JS.API.STREAM.CREATE.{jet_names.work_store('cam')}" in granted
    granted = permissions("receiver", ["cam"])["publish"]["allow"]
    assert f"$JS.API.STREAM.CREATE.{jet_names.result_store('cam')}" in granted
