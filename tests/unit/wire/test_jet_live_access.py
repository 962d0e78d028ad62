"""Who may send a live stream through a hub with keys, and who may watch it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import AccessDenied, ConfigError
from rushes.wire import hub_roles, jet_live
from rushes.wire.hub import Hub
from rushes.wire.jet_live_in import LiveSubscriber
from rushes.wire.message import KEY_WANTED, PIXELS
from tests.support.jet import LONG_S
from tests.support.nats_hub import hub
from tests.support.relays import Came, joined, publisher, viewer


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    hub_roles.new(folder / "keys")
    with hub(folder / "data", keys=folder / "keys", streams=("cam",)) as running:
        yield running


def test_each_role_does_its_part_over_tls(guarded: Hub) -> None:
    with publisher(guarded) as (out, heard), viewer(guarded) as (view, came, events):
        assert out.endpoint.startswith("tls://")
        joined(out)
        out.publish(PIXELS, b"h", b"p")
        assert came.next() == (PIXELS + b"h", b"p")
        view.send_up(KEY_WANTED)
        assert heard.next("request") == KEY_WANTED
        said = [what for each in (heard, events) for what, _ in list(each._heard.queue)]
        assert "denied" not in said


@pytest.mark.parametrize("role", ["streamer", "viewer"])
def test_a_wrong_password_is_denied_and_never_repeated(guarded: Hub, role: str) -> None:
    wrong = dataclasses.replace(guarded.credentials(role), password="x" * 43)
    opened = publisher if role == "streamer" else viewer
    with opened(guarded, credentials=wrong) as (made, *_, heard):
        with pytest.raises(AccessDenied, match="name and password") as denied:
            made.wait(LONG_S)
        assert "x" * 43 not in str(denied.value)
        assert heard.next("denied") is denied.value


def test_a_viewer_may_not_send_frames(guarded: Hub) -> None:
    with (
        publisher(guarded, credentials=guarded.credentials("viewer")) as (out, _),
        pytest.raises(AccessDenied, match=r"rushes\.cam\.ask"),
    ):
        out.wait(LONG_S)


def test_a_worker_may_not_watch(guarded: Hub) -> None:
    with viewer(guarded, credentials=guarded.credentials("worker")) as (view, _, heard):
        with pytest.raises(AccessDenied, match=r"rushes\.cam\.live"):
            view.wait(LONG_S)
        assert isinstance(heard.next("denied"), AccessDenied)


@pytest.mark.parametrize("opened", [publisher, viewer])
def test_a_stream_that_the_hub_is_not_for_is_denied(guarded: Hub, opened: Any) -> None:
    with opened(guarded, "other") as (made, *_), pytest.raises(AccessDenied, match=r"rushes\.other\."):
        made.wait(LONG_S)


def test_who_comes_without_keys_is_denied(guarded: Hub) -> None:
    bare = guarded.url.replace("tls://", "nats://")
    with viewer(bare) as (_, _, heard):
        assert isinstance(heard.next("denied"), AccessDenied)


def test_a_hub_that_refuses_whom_it_knew_is_given_time_to_think_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jet_live, "_DOUBT_S", 0.3)
    for name in ("ours", "theirs"):
        hub_roles.new(tmp_path / name)
    with hub(tmp_path / "data", keys=tmp_path / "ours") as first:
        port, who = first.port, first.credentials("streamer")
        with publisher(first.url, credentials=who) as (out, heard):
            assert out.wait(LONG_S)
            first.close()
            heard.next("down")
            with hub(tmp_path / "data", f"tcp://127.0.0.1:{port}", keys=tmp_path / "theirs"):
                assert isinstance(heard.next("denied"), AccessDenied)
            assert out.denied is not None
            with hub(tmp_path / "data", f"tcp://127.0.0.1:{port}", keys=tmp_path / "ours"):
                heard.next("up")
                assert out.denied is None


@pytest.mark.parametrize("stream", ["", "a b", "a.b", "é", "x" * 100, "*", ">"])
def test_a_stream_that_cannot_be_named_is_refused(stream: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        LiveSubscriber(
            ["nats://127.0.0.1:9"],
            stream,
            credentials=None,
            name="in",
            on_message=Came(),
            on_event=lambda what, detail: None,
        )
