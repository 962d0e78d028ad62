"""An address is taken apart as it was meant, or refused with the remedy; a password is never repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ConfigError, UnknownName
from rushes.wire.endpoint import SCHEMES, Endpoint, ipc_folder, parse

FOLDER = Path("/run/user/7/rushes")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://*:5555", Endpoint("tcp", "*", 5555)),
        ("tcp://localhost:0", Endpoint("tcp", "localhost", 0)),
        ("tcp://127.0.0.1:5555/", Endpoint("tcp", "127.0.0.1", 5555)),
        ("TCP://Cam-1.example.:65535", Endpoint("tcp", "cam-1.example", 65535)),
        ("tcp://[::1]:5555", Endpoint("tcp", "::1", 5555)),
        ("tcp://h:1?track=a&hwm=4", Endpoint("tcp", "h", 1, options={"track": "a", "hwm": "4"})),
        ("ipc://cam", Endpoint("ipc", name="cam")),
        ("ipc://Cam.1?hwm=2", Endpoint("ipc", name="Cam.1", options={"hwm": "2"})),
        ("shm://depot_1", Endpoint("shm", name="depot_1")),
        ("nats://hub:4222", Endpoint("nats", "hub", 4222)),
        ("nats://hub:4222/work", Endpoint("nats", "hub", 4222, "work")),
        ("tls://10.0.0.1:4222/work", Endpoint("tls", "10.0.0.1", 4222, "work")),
        ("nats://me:pw@hub:4222/work", Endpoint("nats", "hub", 4222, "work", credentials="me:pw")),
    ],
)
def test_an_address_is_taken_apart(text: str, expected: Endpoint) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text", ["http://host:80", "udp://host:1", "tcpp://h:1", "", "host:5555", "://", "tcp:/h:1"]
)
def test_another_scheme_is_an_unknown_name_listing_them(text: str) -> None:
    with pytest.raises(UnknownName) as caught:
        parse(text)
    assert caught.value.known == SCHEMES
    assert all(scheme in str(caught.value) for scheme in SCHEMES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tcp://host", "no port"),
        ("tcp://host:", "no port"),
        ("tcp://:5555", "no host"),
        ("tcp://", "no host"),
        ("tcp://host:65536", "number up to 65535"),
        ("tcp://host:5a", "number up to 65535"),
        ("tcp://[::1:5", "broken"),
        ("tcp://host:1/path", "nothing but options"),
        ("tcp://host:1#x", "#"),
        ("tcp://host:1#", "#"),
        ("tcp://ho st:1", "blanks"),
        ("tcp://host:1\n", "blanks or control"),
        ("tcp://ho\tst:1", "blanks or control"),
        ("tcp://-host:1", "neither a name nor an address"),
        ("tcp://127.1:1", "neither a name nor an address"),
        ("tcp://1.2.3.4.5:1", "neither a name nor an address"),
        ("tcp://a;b:1", "neither a name nor an address"),
        ("tcp://me:pw@host:1", "keys="),
        ("tcp://@host:1", "keys="),
        ("ipc://", "letters, digits"),
        ("ipc:///tmp/x", "no path"),
        ("ipc://../x", "letters, digits"),
        ("ipc://.hidden", "letters, digits"),
        ("ipc://a/b", "no path"),
        ("ipc://" + "a" * 101, "at most 100"),
        ("shm://a b", "blanks"),
        ("shm://a:1", "depot's name"),
        ("nats://hub", "no port"),
        ("nats://*:4222", "one server"),
        ("tls://0.0.0.0:4222", "one server"),
        ("nats://hub:0", "one server"),
        ("nats://hub:1/a/b", "stream's name"),
        ("tcp://h:1?hwm=0", "whole number of frames from 1"),
        ("tcp://h:1?hwm=-1", "whole number"),
        ("tcp://h:1?hwm=four", "whole number"),
        ("tcp://h:1?track=", "track must be"),
        ("tcp://h:1?track=a&track=b", "given twice"),
        ("tcp://h:1?track", "of the form"),
        ("tcp://h:1?" + "&".join(["hwm=1"] * 40), "of the form"),
        (b"tcp://h:1", "a str"),
        (None, "a str"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_remedy(text: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(text)


def test_an_unknown_option_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="trak") as caught:
        parse("tcp://h:1?trak=a")
    assert caught.value.suggestion == "track"


@pytest.mark.parametrize(
    ("text", "loopback", "everywhere"),
    [
        ("tcp://localhost:1", True, False),
        ("tcp://LOCALHOST:1", True, False),
        ("tcp://127.9.9.9:1", True, False),
        ("tcp://[::1]:1", True, False),
        ("ipc://a", True, False),
        ("shm://a", True, False),
        ("tcp://*:1", False, True),
        ("tcp://0.0.0.0:1", False, True),
        ("tcp://[::]:1", False, True),
        ("tcp://192.168.0.1:1", False, False),
        ("tcp://localhost.example:1", False, False),
        ("tcp://lo:1", False, False),
        ("nats://localhost:4222", True, False),
    ],
)
def test_what_only_this_machine_can_reach(text: str, loopback: bool, everywhere: bool) -> None:
    assert parse(text).loopback is loopback
    assert parse(text).all_interfaces is everywhere


@pytest.mark.parametrize(
    ("text", "bound", "connected"),
    [
        ("tcp://localhost:5", "tcp://127.0.0.1:5", "tcp://127.0.0.1:5"),
        ("tcp://cam:5?hwm=3", "tcp://cam:5", "tcp://cam:5"),
        ("tcp://[::1]:5", "tcp://[::1]:5", "tcp://[::1]:5"),
        ("ipc://cam?hwm=3", f"ipc://{FOLDER}/cam", f"ipc://{FOLDER}/cam"),
        ("tcp://*:5", "tcp://*:5", None),
        ("tcp://0.0.0.0:5", "tcp://0.0.0.0:5", None),
        ("tcp://localhost:0", "tcp://127.0.0.1:0", None),
        ("shm://depot", None, None),
        ("nats://hub:4222", None, None),
    ],
)
def test_what_sockets_are_given(text: str, bound: str | None, connected: str | None) -> None:
    endpoint = parse(text)
    for form, expected in ((endpoint.zmq_bind, bound), (endpoint.zmq_connect, connected)):
        if expected is None:
            with pytest.raises(ConfigError):
                form(FOLDER)
        else:
            assert form(FOLDER) == expected


def test_a_path_too_long_for_a_socket_is_refused() -> None:
    assert parse("ipc://a").zmq_bind(Path("/" + "x" * 104))
    with pytest.raises(ConfigError, match="shorter name"):
        parse("ipc://a").zmq_bind(Path("/" + "x" * 105))


def test_credentials_are_never_shown() -> None:
    endpoint = parse("nats://me:pa55@hub:4222/work?hwm=3")
    assert endpoint.shown == "nats://***@hub:4222/work?hwm=3"
    assert "pa55" not in repr(endpoint)
    for text in (
        "tcp://me:pa55@h:1",
        "nats://me:pa55@h",
        "nats://me:pa55@h:1/ /",
        "ipc://me:pa55@h",
        "pa55@h:1",
    ):
        with pytest.raises(ConfigError) as caught:
            parse(text)
        assert "pa55" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["tcp://*:5", "tcp://[::1]:5", "ipc://a?track=b&hwm=4", "shm://d", "nats://hub:1/s", "tls://hub:1"],
)
def test_what_is_shown_can_be_read_again(text: str) -> None:
    assert parse(text).shown == text
    assert parse(parse(text).shown) == parse(text)


@given(
    st.one_of(st.text(), st.text().map("tcp://".__add__), st.text(alphabet="tcpinas:/[]@?&=#*.%01a").map(str))
)
def test_any_text_is_an_endpoint_or_a_config_error(text: str) -> None:
    try:
        endpoint = parse(text)
    except ConfigError:
        return
    assert parse(endpoint.shown) == endpoint or endpoint.credentials


def test_sockets_lie_in_the_users_own_folder() -> None:
    assert ipc_folder({"XDG_RUNTIME_DIR": "/run/user/7"}, 7) == FOLDER
    assert ipc_folder({}, 7) == Path("/tmp/rushes-7")
    assert ipc_folder({"XDG_RUNTIME_DIR": "relative"}, 7) == Path("/tmp/rushes-7")
