"""The page of a station as people start it, all of whose processes are real."""

from __future__ import annotations

import os
import signal

import pytest

from tests.browser.browsing import badge_of, moves, number_in, tile, until
from tests.browser.whole import up

pytestmark = pytest.mark.xdist_group("browser")


def test_a_killed_source_is_seen_to_heal(visit, tmp_path, held):
    arguments = ["--source", "card=testcard:640x360@15", "--no-record"]
    url, process = held.enter_context(up(arguments, tmp_path))
    page = visit(url)
    moves(page, tile("card"))
    assert badge_of(page, "card").startswith("ws-jpeg ")
    page.goto(f"{url}?screen=pipeline")
    source = page.locator('[data-node="card source"]')
    pid = int(source.inner_text().partition("pid ")[2].split()[0])
    os.kill(pid, signal.SIGKILL)
    until(lambda: "restarts 1" in source.inner_text(), "the restart is told", page)
    page.goto(url)
    moves(page, tile("card"))
    article = page.locator('article[data-channel="card"]')
    until(lambda: article.get_attribute("data-state") == "live", "the tile is live again", page)
    page.keyboard.press("t")
    until(lambda: number_in(page, ".pane canvas"), "a live picture beside the timeline", page)
    page.get_by_text("is not recorded").wait_for()
    assert process.poll() is None
