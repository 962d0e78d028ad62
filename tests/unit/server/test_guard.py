"""Who may ask, from where, and how much: requests that a browser or a stranger could make."""

from __future__ import annotations

import json
import warnings

import pytest

from rushes.server.app import create_app
from rushes.server.state import ServerState
from rushes.station.tokens import Tokens
from tests.unit.server.conftest import Client

EVIL = "http://evil.example"


@pytest.fixture
def wide(station, tmp_path):
    """A station that others can reach, a client, and a token."""
    token = Tokens(tmp_path / "data").add("laptop")
    with (
        ServerState(station.name, bind="0.0.0.0:8787", data=tmp_path / "data") as state,
        Client(create_app(state, page=tmp_path / "page"), base_url="http://nas:8787") as client,
    ):
        yield client, token, state


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "localhost", "localhost:1", "[::1]:8787", "127.0.0.2"])
def test_names_of_this_machine_are_served_on_loopback(client, host):
    assert client.get("/api/station", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8787", "10.0.0.5", "localhost.evil.example", "", "[::"]
)
def test_a_page_that_leads_its_own_name_here_gets_nothing(client, host):
    for path in ("/api/station", "/", "/metrics", "/healthz"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 403
        assert answer.json()["kind"] == "WrongHost"


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "http://127.0.0.1:9999", "http://127.0.0.1:8787.evil.example"]
)
def test_a_page_elsewhere_can_change_nothing(client, origin):
    for send in (
        lambda: client.post("/api/shots", json={"channel": "cam"}, headers={"origin": origin}),
        lambda: client.delete("/api/shots/x", headers={"origin": origin}),
        lambda: client.post("/api/login", json={"token": "x"}, headers={"origin": origin}),
    ):
        answer = send()
        assert answer.status_code == 403
        assert answer.json()["kind"] == "WrongOrigin"


def test_the_pages_own_origin_may(client, station):
    station.put(1)
    answer = client.post("/api/shots", json={"channel": "cam"}, headers={"origin": "http://127.0.0.1:8787"})
    assert answer.status_code == 202


@pytest.mark.parametrize("path", ["/ws/state", "/ws/live/cam"])
def test_a_page_elsewhere_can_open_no_socket(client, path):
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), client.websocket_connect(path, headers={"origin": EVIL}):
        pytest.fail("it was accepted")


def test_a_page_elsewhere_cannot_have_pictures_made(client, station):
    station.put(1)
    seen = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.get("/api/channels/cam/frame.jpg", headers=seen).status_code == 403
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/api/channels/cam/frame.jpg", headers=link).status_code == 200
    assert client.get("/", headers=link).status_code == 200


def test_nobody_is_let_in_without_a_token(wide):
    client, _, _ = wide
    for path in ("/api/station", "/api/channels/cam/frame.jpg", "/api/config", "/metrics", "/openapi.json"):
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers.get_list("www-authenticate")[-1] == "Bearer"
        assert "rushes token add" in answer.json()["remedy"]
    assert client.post("/api/shots", json={"channel": "cam"}).status_code == 401
    for path in ("/healthz", "/readyz", "/", "/api/session"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["//api/station", "/API/station", "/api/../api/station", "/api/station/", "/./metrics"]
)
def test_no_other_spelling_of_an_address_gets_around_the_token(wide, path):
    client, _, _ = wide
    answer = client.get(path)
    assert answer.status_code in (401, 404) or "The page is not part" in answer.text


@pytest.mark.parametrize("path", ["/ws/state", "/ws/live/cam"])
def test_sockets_want_a_token_too(wide, station, path):
    from starlette.websockets import WebSocketDisconnect

    client, token, _ = wide
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(path):
        pytest.fail("it was accepted")
    if path == "/ws/state":
        with client.websocket_connect(path, headers={"authorization": f"Bearer {token}"}) as socket:
            assert json.loads(socket.receive_text())["station"]["name"] == station.name


def test_a_token_lets_in_until_it_is_taken_back(wide, tmp_path):
    client, token, _ = wide
    sent = {"authorization": f"Bearer {token}"}
    assert client.get("/api/station", headers=sent).json()["needs_login"] is True
    for wrong in ("", "x", token[:-1], token + "x", token.upper(), f"{token} {token}"):
        assert client.get("/api/station", headers={"authorization": f"Bearer {wrong}"}).status_code == 401
    assert client.get("/api/station", headers={"authorization": f"Basic {token}"}).status_code == 401
    Tokens(tmp_path / "data").remove("laptop")
    assert client.get("/api/station", headers=sent).status_code == 401


def test_a_session_stands_for_its_token(wide, tmp_path):
    client, token, _ = wide
    assert client.get("/api/session").json() == {"needed": True, "ok": False, "name": ""}
    answer = client.post("/api/login", json={"token": token})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert token not in answer.headers["set-cookie"]
    assert client.get("/api/session").json() == {"needed": True, "ok": True, "name": "laptop"}
    assert client.get("/api/station").status_code == 200
    assert client.post("/api/logout").status_code == 204
    assert client.get("/api/station").status_code == 401
    client.post("/api/login", json={"token": token})
    assert client.get("/api/station").status_code == 200
    Tokens(tmp_path / "data").remove("laptop")
    assert client.get("/api/station").status_code == 401


def test_a_session_is_secure_over_https_and_outlives_the_process(wide, station, tmp_path):
    client, token, _ = wide
    answer = client.post("https://nas:8787/api/login", json={"token": token})
    assert "secure" in answer.headers["set-cookie"].lower()
    value = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    with ServerState(station.name, bind="0.0.0.0:8787", data=tmp_path / "data") as other:
        assert other.auth.of_session(value) is not None
        # Not the last letter, whose last bits stand for nothing.
        text, _, mark = value.rpartition(".")
        assert other.auth.of_session(f"{text}.{'b' if mark[0] == 'a' else 'a'}{mark[1:]}") is None
        assert other.auth.of_session("nonsense") is None


def test_a_session_ends_in_time(wide, monkeypatch):
    client, token, _ = wide
    client.post("/api/login", json={"token": token})
    monkeypatch.setattr("rushes.server.auth.SESSION_S", -1)
    assert client.get("/api/station").status_code == 401


def test_logins_are_tried_a_few_times_a_minute(wide):
    client, token, _ = wide
    for _ in range(5):
        assert client.post("/api/login", json={"token": "wrong"}).status_code == 401
    answer = client.post("/api/login", json={"token": token})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 61


def test_a_body_that_is_too_large_is_refused(client):
    big = b'{"channel": "' + b"x" * 70_000 + b'"}'
    assert client.post("/api/shots", content=big).status_code == 413

    def parts():
        for _ in range(70):
            yield b"x" * 1000

    assert client.post("/api/shots", content=parts()).status_code == 413
    odd = client.post("/api/shots", content=b"{}", headers={"content-length": "1e9"})
    assert odd.status_code == 413


def test_every_answer_has_the_headers_that_keep_a_browser_safe(client):
    for path in ("/", "/api/station", "/api/nope", "/healthz"):
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in client.get("/", headers={"origin": EVIL}).headers
    assert "content-security-policy" in client.get("/", headers={"host": "evil.example"}).headers


def test_the_policy_for_openers_is_sent_where_a_browser_heeds_it(client, wide):
    policy = "cross-origin-opener-policy"
    assert client.get("/").headers[policy] == "same-origin"
    elsewhere = wide[0]
    assert policy not in elsewhere.get("/").headers, "on plain http browsers complain of it"
    assert policy not in elsewhere.get("/api/station").headers
    assert elsewhere.get("https://nas:8787/").headers[policy] == "same-origin"
    assert elsewhere.get("http://127.0.0.1:8787/").headers[policy] == "same-origin"
    proxied = elsewhere.get("/", headers={"sec-fetch-mode": "navigate"})
    assert proxied.headers[policy] == "same-origin", "it came by https to the server before this one"


def test_no_answer_holds_a_secret(wide, station, tmp_path):
    client, token, _ = wide
    client.post("/api/login", json={"token": token})
    station.put(1)
    secrets = (
        token,
        next(iter(Tokens(tmp_path / "data").list())).sha256,
        (tmp_path / "data/session.key").read_bytes().hex(),
    )
    described = json.loads(client.get("/openapi.json").text)
    for path, methods in described["paths"].items():
        if "get" in methods:
            text = client.get(path.replace("{channel}", "cam")).text
            assert not any(secret in text for secret in secrets), path
    (shown,) = client.get("/api/tokens").json()
    assert (shown["name"], shown["hint"]) == ("laptop", token[:8])
    assert shown["last_used"] is not None


def test_an_unforeseen_error_tells_nothing_of_itself(station, tmp_path, monkeypatch):
    def broken(state):
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("rushes.server.views.station", broken)
    with (
        ServerState(station.name, bind="127.0.0.1:8787", data=tmp_path) as state,
        Client(
            create_app(state, page=tmp_path), base_url="http://localhost", raise_server_exceptions=False
        ) as client,
        warnings.catch_warnings(),
    ):
        answer = client.get("/api/station")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.json()["remedy"]


def test_tokens_that_cannot_be_read_let_nobody_in(wide, tmp_path):
    client, token, _ = wide
    path = tmp_path / "data" / "tokens.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b" ")
    answer = client.get("/api/station", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 503
    assert "chmod 600" in answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/../../x.py",
        "/..\\..\\x",
    ],
)
def test_no_path_leads_out_of_the_page(client, tmp_path, path):
    (tmp_path / "secret").write_text("hidden")
    assert "root:" not in client.get(path).text
    assert "hidden" not in client.get("/../secret").text


@pytest.mark.parametrize(
    "channel", ["..%2f..%2fetc", "a%00b", "%ff", "cam%2f..%2fcam", "x" * 5000, "{}", "%25s"]
)
def test_odd_names_of_channels_are_unknown_ones(client, channel):
    for end in ("", "/frame.jpg", "/spans"):
        assert client.get(f"/api/channels/{channel}{end}").status_code in (400, 404)
