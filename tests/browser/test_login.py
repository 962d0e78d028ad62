"""Who may see a station that is open to other machines."""

from __future__ import annotations

import pytest

from tests.browser.browsing import moves, tile

pytestmark = pytest.mark.xdist_group("browser")


def test_only_the_right_token_lets_in_and_signing_out_ends_it(visit, cards, serve):
    visit.expected = ("401",)
    port, state = serve(cards, "0.0.0.0:0")
    token = state.auth.tokens.add("somebody")
    page = visit(f"http://127.0.0.1:{port}/")
    page.get_by_label("Token").fill("rsh_wrong")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    alert.filter(has_text=" ").wait_for()
    assert "token" in alert.inner_text().lower()
    assert page.locator("article").count() == 0
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")
    moves(page, tile("front"))
    kept = page.evaluate("[document.cookie, JSON.stringify(localStorage), location.href].join(' ')")
    assert token not in kept
    assert "rushes_session" not in kept, "no script can read it"
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Sign out somebody").click()
    page.get_by_label("Token").wait_for()
    page.reload()
    page.get_by_label("Token").wait_for()
