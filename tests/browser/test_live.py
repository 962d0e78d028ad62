"""The live view as a person sees it: which picture is shown, how old it is, and what is said of it."""

from __future__ import annotations

import time
from functools import partial

import pytest

from tests.browser.browsing import badge_of, card_in, moves, number_in, tile, until
from tests.browser.station import FPS, served

pytestmark = pytest.mark.xdist_group("browser")

# A computer that takes a quarter of a second for each picture.
SLOW = """
const decode = globalThis.createImageBitmap
let last = Promise.resolve()
globalThis.createImageBitmap = (...all) => {
  last = last.then(() => new Promise((done) => setTimeout(done, 250)))
  return last.then(() => decode(...all))
}
"""


def test_a_live_picture_moves_and_its_badge_tells_how(visit, url, cards):
    page = visit(url)
    before = cards.number
    seen = moves(page, tile("front"))
    assert seen == sorted(seen)
    assert before <= seen[-1] <= cards.number
    words = ["tech", "fps", "word", "age", "unit", "drop", "lost"]

    def likely():
        badge = dict(zip(words, badge_of(page, "front").split(), strict=True))
        return 1 < float(badge["fps"]) < 1.5 * FPS and badge

    badge = until(likely, "a badge with figures", page)
    assert (badge["tech"], badge["word"], badge["unit"], badge["drop"]) == ("ws-jpeg", "fps", "ms", "drop")
    assert 0 <= int(badge["age"]) < 5000
    assert page.title() == f"Live · {cards.name}"
    assert "2 channels live" in page.locator("header.strip").inner_text()


def test_nine_moving_tiles_leave_room_for_requests(visit, station, serve):
    names = [f"cam{number}" for number in range(1, 10)]
    port, _ = serve(station(names))
    page = visit(f"http://127.0.0.1:{port}/")
    for name in names:
        until(partial(number_in, page, tile(name)), f"a picture of {name}", page)
    # A browser makes six requests at once to one host: pictures that came that way would leave none.
    told = page.evaluate("async () => (await (await fetch('/api/channels')).json()).map((each) => each.name)")
    assert told == names
    for name in ("cam1", "cam9"):
        moves(page, tile(name))


def test_screens_that_are_left_at_once_leave_no_complaint(visit, url):
    page = visit(url)
    moves(page, tile("front"))
    page.evaluate(
        """() => { for (const key of 'tltltlptl') dispatchEvent(new KeyboardEvent('keydown', { key })) }"""
    )
    for key in "tltltlptl":
        page.keyboard.press(key)
    moves(page, tile("front"))


@pytest.mark.parametrize("via", ["h264", "fmp4"])
def test_h264_moves_as_well(visit, url, via):
    page = visit(f"{url}?via={via}")
    assert page.evaluate("isSecureContext")
    seen = moves(page, tile("front", "canvas" if via == "h264" else "video"))
    assert seen == sorted(seen)
    assert badge_of(page, "front").startswith(f"ws-{via} ")


def test_plain_http_under_another_name_shows_jpeg_and_h264_in_mp4(visit, cards, serve):
    port, state = serve(cards, "0.0.0.0:0")
    token = state.auth.tokens.add("somebody")
    page = visit(f"http://cams.test:{port}/")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    moves(page, tile("front"))
    assert page.evaluate("[isSecureContext, 'VideoDecoder' in globalThis]") == [False, False]
    assert badge_of(page, "front").startswith("ws-jpeg ")
    page.goto(f"http://cams.test:{port}/?via=h264")
    moves(page, tile("front", "video"))
    badge = page.locator('[data-channel="front"] [data-badge]')
    assert badge.text_content().startswith("ws-fmp4 ")
    assert "needs https or localhost" in badge.get_attribute("title")


def test_a_slow_viewer_sees_the_newest_and_is_told_what_it_missed(visit, url):
    page = visit(url, script=SLOW)
    moves(page, tile("front"))
    ages = []
    end = time.monotonic() + 3
    while time.monotonic() < end:
        card = until(partial(card_in, page, tile("front")), "a card", page)
        assert card is not None
        painted_ms = card[1]
        ages.append((time.time_ns() // 1_000_000 - painted_ms) % 2**32)
    # Fifteen a second come and at most four are shown: in a queue the last would be two seconds later than the first.
    assert sum(ages[-5:]) / 5 < sum(ages[:5]) / 5 + 1000
    lost = until(lambda: int(badge_of(page, "front").rpartition(" ")[2]), "the badge tells of drops", page)
    edges = page.evaluate("async () => (await (await fetch('/api/pipeline')).json()).edges")
    edge = next(each for each in edges if each["channel"] == "front" and "slow viewer" in each["dropped"])
    assert edge["dropped"]["slow viewer"] >= lost
    assert edge["adds_up"] or edge["waiting"] > 0


def test_a_picture_that_is_no_longer_now_is_greyed_with_its_reason(visit, url, cards):
    page = visit(url)
    moves(page, tile("front"))
    cards.stop("front", "camera unplugged")
    article = page.locator('article[data-channel="front"]')
    until(lambda: article.get_attribute("data-state") == "lost", "the tile is marked", page)
    said = article.locator(".stale").inner_text()
    assert "camera unplugged" in said
    assert "since" in said
    assert "old" in said
    last = number_in(page, tile("front"))
    moves(page, tile("yard"))
    assert number_in(page, tile("front")) == last, "the last picture stays"
    grey = "(e) => getComputedStyle(e).filter + getComputedStyle(e).opacity"
    shown = [page.locator(tile(each)).evaluate(grey) for each in ("front", "yard")]
    assert shown[0] != shown[1]
    assert page.locator('article[data-channel="yard"]').get_attribute("data-state") == "live"


def test_the_snapshot_button_makes_a_file_that_jobs_shows(visit, url, cards):
    page = visit(url)
    moves(page, tile("front"))
    article = page.locator('article[data-channel="front"]')
    article.hover()
    article.get_by_role("button", name="Snapshot").click()
    page.get_by_role("status").get_by_text("Snapshot of front").wait_for()
    page.get_by_role("link", name="Jobs").first.click()
    row = page.locator("tr[data-job]")
    until(lambda: row.get_attribute("data-state") == "success", "the shot is taken", page)
    assert "shot of front" in row.inner_text()
    row.locator("img").wait_for()
    assert page.evaluate("(e) => e.complete && e.naturalWidth", row.locator("img").element_handle()) > 0
    files = list(cards.pictures.rglob("*.*"))
    assert len(files) == 1
    assert files[0].stat().st_size > 1000


def test_a_station_that_goes_silent_is_told_and_missed_pictures_greyed(visit, cards, tmp_path):
    visit.expected = ("ERR_CONNECTION_REFUSED",)
    with served(cards.name, tmp_path / "data") as (port, _):
        page = visit(f"http://127.0.0.1:{port}/")
        moves(page, tile("front"))
    page.get_by_text("no word from the station since").wait_for()
    article = page.locator('article[data-channel="front"]')
    until(lambda: article.get_attribute("data-state") == "lost", "the tile is marked", page)
    assert "no connection" in article.locator(".stale").inner_text()
