"""Who may see a station that is open to other machines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.browsing import moves, tile

pytestmark = pytest.mark.xdist_group("browser")
PATHS = ("/api/channels/front/frame.jpg", "/api/channels/front/live.mjpg", "/api/jobs/1/file", "/api/station")
ASK = """async (path) => {
  const shown = (kind) => new Promise((end) => {
    const made = document.createElement(kind)
    made.onerror = () => end('refused')
    made.onload = made.onloadeddata = () => end('shown')
    made.src = path
  })
  return [(await fetch(path)).status, await shown('img'), await shown('video')]
}"""


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


def windows_of(page: Any) -> list[str]:
    """The addresses for which the browser would ask for a user and a password from now on, in a window of its own."""
    session, found = page.context.new_cdp_session(page), []

    def would_ask(event: Any) -> None:
        found.append(event["request"]["url"])
        refused = {"requestId": event["requestId"], "authChallengeResponse": {"response": "CancelAuth"}}
        session.send("Fetch.continueWithAuth", refused)

    session.on("Fetch.authRequired", would_ask)
    session.on(
        "Fetch.requestPaused",
        lambda event: session.send("Fetch.continueRequest", {"requestId": event["requestId"]}),
    )
    session.send("Fetch.enable", {"handleAuthRequests": True})
    return found


@pytest.mark.parametrize("asked", [False, True], ids=["as it is", "were a browser asked"])
def test_no_window_of_the_browsers_own_comes_before_the_page(visit, cards, serve, monkeypatch, asked):
    """At a name that is not this machine's own: there browsers do not say what they fetch for."""
    if asked:  # so that it is known that a window would be noticed
        monkeypatch.setattr("rushes.server.guard.challenges", lambda scope: ['Basic realm="rushes"'])
    visit.expected = ("401", "403", "favicon")
    port, state = serve(cards, "0.0.0.0:0")
    token = state.auth.tokens.add("somebody")
    page = visit("about:blank")
    windows = windows_of(page)
    page.goto(f"http://cams.test:{port}/")
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")
    page.locator("article").first.wait_for()
    assert windows == []
    state.auth.tokens.remove("somebody")  # a session is left, which is of no use any more
    for _ in range(2):
        for path in PATHS:
            assert page.evaluate(ASK, path) == [401, "refused", "refused"], path
        page.context.clear_cookies()
    page.goto(f"http://cams.test:{port}{PATHS[0]}")
    assert bool(windows) == asked, windows
