"""What is answered to requests that nobody described: always JSON, with a name for what was wrong."""

from __future__ import annotations

import base64

import pytest

from rushes.server.app import create_app
from rushes.server.state import ServerState
from rushes.station.tokens import Tokens
from tests.unit.server.conftest import Client


def basic(password, user="somebody"):
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def wide(station, tmp_path):
    """A station that others can reach, and a token."""
    token = Tokens(tmp_path / "data").add("home")
    with (
        ServerState(station.name, bind="0.0.0.0:8787", data=tmp_path / "data") as state,
        Client(create_app(state, page=tmp_path / "page"), base_url="http://nas:8787") as client,
    ):
        yield client, token


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nope", "/api/channels/cam/nope.jpg", "/ws", "/ws/nope"]
)
def test_what_is_not_there_is_told_in_json(client, path, method):
    answer = client.request(method, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["kind"] == "NotFound"
    assert path in answer.json()["error"]
    assert answer.json()["remedy"]


def test_the_page_is_still_at_every_other_address(client, tmp_path):
    for path in ("/", "/apiary", "/timeline/cam"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/shots", {"GET", "HEAD", "POST"}),
        ("DELETE", "/api/shots", {"GET", "HEAD", "POST"}),
        ("POST", "/api/station", {"GET", "HEAD"}),
        ("GET", "/api/login", {"POST"}),
        ("PATCH", "/api/shots/x", {"GET", "HEAD", "DELETE"}),
        ("POST", "/openapi.json", {"GET", "HEAD"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("POST", "/api/channels/cam/live.mjpg", {"GET", "HEAD"}),
        ("POST", "/", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_is_not_for_it_is_refused_with_all_that_are(client, method, path, allowed):
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert answer.json()["kind"] == "MethodNotAllowed"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/channels/cam/frame.jpg?max_aeg=1", "'max_aeg'; did you mean 'max_age'"),
        ("/api/channels/cam/spans?form=1&to=2", "'form'; did you mean 'from'"),
        ("/api/channels/cam/frame.jpg?zzz=1", "'zzz'; known: 'figures', 'max_age', 'q', 'w'"),
        ("/api/channels?w=1", "'w'; nothing can be asked here"),
        ("/api/channels/cam/live.mjpg?fsp=5", "'fsp'; did you mean 'fps'"),
    ],
)
def test_a_key_that_is_not_known_is_refused_with_the_nearest(client, station, path, told):
    station.put(1)
    answer = client.get(path)
    assert answer.status_code == 400, answer.text
    assert told in answer.json()["error"]
    assert answer.json()["kind"] == "ConfigError"


def test_what_machines_ask_whether_it_lives_takes_any_key(client):
    for path in ("/healthz?probe=1", "/readyz?x", "/metrics?name[]=x"):
        assert client.get(path).status_code == 200


def test_a_token_as_a_password_opens_what_is_read_and_nothing_that_changes(wide, station):
    client, token = wide
    station.put(1)
    for user in ("somebody", "", "home:assistant"[:4]):
        assert client.get("/api/channels/cam/frame.jpg", headers=basic(token, user)).status_code == 200
    assert client.get("/metrics", headers=basic(token)).status_code == 200
    refused = client.post("/api/shots", json={"channel": "cam"}, headers=basic(token))
    assert refused.status_code == 401
    assert "Bearer" in refused.json()["remedy"]
    assert client.delete("/api/shots/x", headers=basic(token)).status_code == 401


@pytest.mark.parametrize("sent", ["Basic", "Basic !!!", "Basic aGFsbG8=", "Basic /w==", "Basic ÿ"])
def test_what_is_no_user_and_password_lets_nobody_in(wide, sent):
    client, _ = wide
    assert client.get("/api/station", headers={"authorization": sent.encode("latin-1")}).status_code == 401


def test_passwords_are_tried_a_few_times_a_minute_and_people_can_log_in_meanwhile(wide):
    client, token = wide
    for _ in range(5):
        assert client.get("/api/station", headers=basic("wrong")).status_code == 401
    answer = client.get("/api/station", headers=basic(token))
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 61
    assert client.get("/api/station", headers={"authorization": f"Bearer {token}"}).status_code == 200
    assert client.post("/api/login", json={"token": token}).status_code == 204


def test_on_loopback_nobody_asks_for_a_password(client):
    for _ in range(8):
        assert client.get("/api/station", headers=basic("whatever")).status_code == 200
