from __future__ import annotations

import pytest

from rushes.server.app import create_app
from tests.unit.server.conftest import LOCAL, Client


@pytest.fixture
def page(state, tmp_path):
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "assets" / "index-BxUZ93aQ.js").write_text("let a = 1")
    (folder / "icon.svg").write_text("<svg/>")
    (tmp_path / "outside.txt").write_text("hidden")
    (folder / "leak.txt").symlink_to(tmp_path / "outside.txt")
    with Client(create_app(state, page=folder), base_url=LOCAL) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/timeline", "/live/cam?t=5", "/index.html", "/some/deep/place"])
def test_every_address_of_the_page_is_the_page(page, path):
    answer = page.get(path)
    assert "<title>page" in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


def test_files_with_a_hash_in_their_name_are_kept_for_ever(page):
    answer = page.get("/assets/index-BxUZ93aQ.js")
    assert answer.text == "let a = 1"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert page.get("/icon.svg").headers["cache-control"] == "no-cache"


def test_what_is_not_there_is_not_the_page(page):
    assert page.get("/assets/index-00000000.js").status_code == 404
    assert page.get("/api/nope").json()["kind"] == "NotFound"
    assert page.get("/leak.txt").status_code == 404
    assert page.post("/timeline").status_code == 405


def test_without_a_page_a_hint_is_given(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "npm" in answer.text
