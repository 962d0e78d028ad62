"""The page's stage, seen from the parent: which address it gets."""

from __future__ import annotations

import socket

import pytest

from rushes.errors import ConfigError
from rushes.station import page
from rushes.station.messages import Serving, Viewed, ViewedEdge
from rushes.station.page import Page
from rushes.station.plan import WebPlan
from rushes.station.tokens import Tokens


@pytest.fixture
def said():
    return []


@pytest.fixture
def taken():
    """A port that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def made(bind, said, tmp_path, *, asked=False):
    return Page(WebPlan(bind, asked), "s", str(tmp_path), said.append)


def test_a_free_port_is_taken_as_it_is(said, tmp_path, taken):
    one = made("127.0.0.1:0", said, tmp_path, asked=True)
    one.claim()
    task = one.stage.task()
    assert (task.bind, task.station, task.data, said) == ("127.0.0.1:0", "s", str(tmp_path), [])


def test_a_taken_port_that_nobody_asked_for_is_replaced_aloud(said, tmp_path, taken):
    one = made(f"127.0.0.1:{taken}", said, tmp_path)
    one.claim()
    port = int(one.stage.task().bind.rpartition(":")[2])
    assert taken < port < taken + 50
    assert said == [f"the page is at port {port}, for {taken} cannot be had: Address already in use"]


def test_a_taken_port_that_was_asked_for_is_an_error(said, tmp_path, taken):
    with pytest.raises(ConfigError, match=f"the page cannot be at 127.0.0.1:{taken}: Address already in use"):
        made(f"127.0.0.1:{taken}", said, tmp_path, asked=True).claim()
    Tokens(tmp_path).add("a")
    with pytest.raises(ConfigError, match=r"the page cannot be at no\.such\.host"):
        made("no.such.host.invalid:80", said, tmp_path, asked=True).claim()


def test_a_port_lost_to_another_program_at_the_last_moment_is_replaced_too(said, tmp_path, taken):
    one = made("127.0.0.1:0", said, tmp_path)
    assert not one.another(), "nobody has the port: something else is wrong"
    one = made(f"127.0.0.1:{taken}", said, tmp_path)
    assert one.another()
    assert one.stage.task().bind != f"127.0.0.1:{taken}"
    assert not made(f"127.0.0.1:{taken}", said, tmp_path, asked=True).another()


@pytest.mark.parametrize("kept", [None, "{}", '{"tokens": []}'])
def test_beyond_this_machine_it_needs_a_token(said, tmp_path, kept):
    if kept is not None:
        path = tmp_path / "tokens.json"
        path.write_text(kept)
        path.chmod(0o600)
    with pytest.raises(ConfigError, match="rushes token add"):
        made("0.0.0.0:0", said, tmp_path, asked=True).claim()
    Tokens(tmp_path).add("a")
    made("0.0.0.0:0", said, tmp_path, asked=True).claim()


@pytest.mark.parametrize(
    ("kept", "mode", "remedy"), [("broken", 0o600, "move it away"), ("{}", 0o644, "chmod 600")]
)
def test_tokens_that_its_process_could_not_read_are_told_before_it_starts(said, tmp_path, kept, mode, remedy):
    path = tmp_path / "tokens.json"
    path.write_text(kept)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=remedy):
        made("0.0.0.0:0", said, tmp_path, asked=True).claim()


def test_it_tells_where_it_is_and_who_looks(said, tmp_path):
    one = made("127.0.0.1:8787", said, tmp_path)
    one.hear(Serving("http://127.0.0.1:8787/"))
    assert one.url == "http://127.0.0.1:8787"
    assert said == [
        "page   http://127.0.0.1:8787  (loopback only)",
        "api    http://127.0.0.1:8787/api  /openapi.json  /metrics  /healthz",
    ]
    edge = ViewedEdge(
        name="card -> viewer 1", source="card", target="viewer 1", offered=3, delivered=2, waiting=1
    )
    one.hear(Viewed((edge,)))
    assert list(one.viewers.values()) == [edge]
    one.died()
    assert one.viewers == {}


def test_without_its_modules_a_station_has_no_page(monkeypatch):
    assert page.missing() == ""
    monkeypatch.setattr(page, "_NEEDS", ("starlette", "there_is_no_such_module"))
    assert page.missing() == "there_is_no_such_module"
