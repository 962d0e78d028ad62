"""Who is asked for a user and a password: programs that fetch pictures, and no browser."""

from __future__ import annotations

import json

import av
import pytest

from rushes.server.app import create_app
from rushes.server.challenge import challenges
from rushes.server.state import ServerState
from rushes.server.table import TABLE
from rushes.station.tokens import Tokens
from tests.support.web_server import served
from tests.support.web_station import SIZE
from tests.unit.server.conftest import Client

BASIC = ['Basic realm="rushes"', "Bearer"]
BEARER = ["Bearer"]
FRAME = "/api/channels/cam/frame.jpg"


def asked(path=FRAME, method="GET", **headers):
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return challenges({"method": method, "path": path, "headers": named})


def test_a_program_is_asked_for_what_it_fetches_and_nothing_else():
    paths = {each.path: each.media for each in TABLE if each.method == "GET"}
    for path, media in (paths | {"/api/channels/{channel}/live.mjpg": "multipart"}).items():
        fetched = media != "application/json" and not path.endswith(("healthz", "readyz"))
        assert asked(path.replace("{channel}", "cam")) == (BASIC if fetched else BEARER), path
    assert asked(accept="*/*", user_agent="Lavf/61", range="bytes=0-", icy_metadata="1") == BASIC
    assert asked(accept="image/jpeg", user_agent="Mozilla/4.0 (compatible; a recorder)") == BASIC
    assert asked(method="POST") == asked("/openapi.json") == asked("/api/session") == BEARER


@pytest.mark.parametrize(
    "mark",
    [
        {"accept_language": "de"},
        {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
        {"accept": "image/avif,image/webp,image/*,*/*;q=0.8"},
        {"sec_fetch_mode": "cors"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_dest": "image"},
        {"cookie": "rushes_session=ended"},
        {"origin": "http://nas:8787"},
        {"upgrade_insecure_requests": "1"},
    ],
)
def test_a_browser_is_known_by_any_of_its_marks(mark):
    assert asked(**mark) == BEARER


@pytest.fixture
def token(tmp_path):
    return Tokens(tmp_path / "data").add("recorder")


@pytest.fixture
def url(station, token, tmp_path):
    """The address of a station that needs a token, as it is served, without the scheme."""
    with served(station.name, tmp_path / "data", bind="0.0.0.0:0") as (address, _):
        yield address.removeprefix("http://")


def test_ffmpeg_sends_the_token_of_an_address_once_it_is_asked(station, url, token):
    station.put(5)
    with av.open(f"http://any:{token}@{url}/api/channels/cam/frame.jpg", format="mjpeg", timeout=30) as film:
        assert next(film.decode(video=0)).width == SIZE[1]
    with av.open(f"http://any:{token}@{url}/api/channels/cam/live.mjpg", format="mpjpeg", timeout=30) as film:
        assert next(film.decode(video=0)).width == SIZE[1]


def test_wrong_passwords_count_although_they_were_asked_for(station, tmp_path, token):
    station.put(1)
    with (
        ServerState(station.name, bind="0.0.0.0:8787", data=tmp_path / "data") as state,
        Client(create_app(state, page=tmp_path), base_url="http://nas:8787") as client,
    ):
        for _ in range(9):
            answer = client.get(FRAME)
            assert answer.status_code == 401, "who sends no password has not tried any"
            assert answer.headers.get_list("www-authenticate") == BASIC
        for _ in range(5):
            assert client.get(FRAME, auth=("any", "wrong")).headers.get_list("www-authenticate") == BASIC
        refused = client.get(FRAME, auth=("any", token))
    assert refused.status_code == 429
    assert json.loads(refused.text)["kind"] == "TooManyLogins"
    assert "www-authenticate" not in refused.headers
