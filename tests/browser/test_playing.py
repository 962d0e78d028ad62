"""What was recorded, played; and the marks of what was found in it."""

from __future__ import annotations

import datetime
import itertools
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.browsing import card_in, until
from tests.browser.station import AGAIN_S, FOUND_S, FPS, RECORDED, RECORDED_FPS

pytestmark = pytest.mark.xdist_group("browser")
PANE = ".pane canvas"


@pytest.fixture
def at(url, archive):
    """The address of a channel's moment, in seconds after the first frame."""
    start = archive[1]

    def moment(t):
        return datetime.datetime.fromtimestamp(start + t, datetime.UTC).isoformat().replace("+00:00", "Z")

    def address(channel, t):
        span = f"from={moment(-5)}&to={moment(40)}"
        return f"{url}?screen=timeline&channel={channel}&t={moment(t)}&{span}"

    return address


def exact(page):
    """Waits for the exact frame of the moment."""
    page.locator('.pane[data-exact="true"]').wait_for()
    return until(lambda: card_in(page, PANE), "a card", page)


def caption(page):
    return page.locator(".pane figcaption").inner_text()


def test_playing_keeps_the_pace_of_the_recording(visit, at):
    page = visit(at("front", 1.05))
    first, began_ms = exact(page)
    assert first == 10
    page.keyboard.press(" ")
    page.get_by_role("button", name="Pause").wait_for()
    began_s = time.monotonic()
    numbers = {first}

    def far():
        card = card_in(page, PANE)
        numbers.update(card[:1] if card else ())
        return card if card and card[0] >= 40 else None

    _, ended_ms = until(far, "three seconds later", page)
    took_s = time.monotonic() - began_s
    # What the pictures take may make it late by one of them, and never early.
    assert (ended_ms - began_ms) % 2**32 / 1000 <= took_s + 0.5
    assert len(numbers) > 4
    assert "playing" in caption(page)
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play").wait_for()
    until(lambda: "exact" in caption(page), "the exact frame", page)
    shown = exact(page)[0]
    page.wait_for_timeout(500)
    assert exact(page)[0] == shown, "it stands still"


def test_playing_asks_for_each_picture_at_the_rate_of_the_channel(visit, at):
    page = visit(at("front", 1.05))
    exact(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press(" ")
    until(lambda: sum("at.jpg" in each for each in asked) > 20, "twenty pictures were asked for", page)
    moments = [float(parse_qs(urlsplit(each).query)["t"][0]) for each in asked if "at.jpg" in each]
    steps = [after - before for before, after in itertools.pairwise(moments)]
    # A machine that is busy leaves some out; none is asked for twice.
    assert min(steps) == pytest.approx(1 / FPS, abs=1e-5)


def test_playing_jumps_over_what_was_not_recorded_and_ends_where_nothing_follows(visit, at):
    visit.expected = ("404",)  # whether something new has come since is the station's to say
    page = visit(at("yard", RECORDED / RECORDED_FPS - 1))
    exact(page)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("status").get_by_text("Nothing was recorded for").wait_for()
    until(lambda: (card_in(page, PANE) or (999,))[0] < 50, "the second stretch", page)
    began = moment_of(page)
    assert AGAIN_S <= began <= AGAIN_S + 5
    page.get_by_role("status").get_by_text("where the recording ends").wait_for()
    page.get_by_role("button", name="Play").wait_for()
    assert exact(page)[0] > 40


def moment_of(page):
    """Seconds after the view's beginning, which is five before the first frame."""
    page.wait_for_timeout(300)  # the address follows four times a second
    at = "(name) => Date.parse(new URLSearchParams(location.search).get(name)) / 1000"
    return page.evaluate(at, "t") - page.evaluate(at, "from") - 5


def test_a_gap_between_two_bars_is_told_without_asking(visit, at):
    page = visit(at("yard", 15))
    exact(page)
    slider = page.get_by_role("slider", name="Time")
    until(lambda: page.locator(".lane.chosen .solid").count() == 2, "both stretches are drawn", page)
    slider.focus()
    for _ in range(10):
        page.keyboard.press("Shift+ArrowRight")
    page.locator(".pane .stale").get_by_text("nothing was recorded then").wait_for()
    page.get_by_role("button", name="After").click()
    exact(page)
    assert AGAIN_S - 1 <= moment_of(page) <= AGAIN_S + 1


def test_now_cannot_be_played(visit, url):
    page = visit(f"{url}?screen=timeline&channel=front")
    assert page.get_by_role("button", name="Play").is_disabled()
    page.keyboard.press(" ")
    assert page.get_by_role("button", name="Pause").count() == 0


def test_what_was_found_is_marked_below_the_bar_and_told_at_the_pointer(visit, at):
    page = visit(at("front", 1))
    exact(page)
    mark = page.locator(".found")
    mark.wait_for(state="attached")
    assert mark.count() == 1
    area = page.get_by_role("slider", name="Time").bounding_box()
    box = mark.bounding_box()
    left, right = ((box["x"] + side - area["x"]) / area["width"] * 45 - 5 for side in (0, box["width"]))
    assert abs(left - FOUND_S[0]) < 0.2
    assert abs(right - FOUND_S[1]) < 0.2
    page.mouse.move(box["x"] + 3, box["y"] + 1)
    page.locator(".peek").get_by_text("3 boxes, ").wait_for()


def test_an_export_has_figures_when_that_is_wished(visit, at):
    page = visit(at("front", 6))
    exact(page)
    page.get_by_role("button", name="Export …").click()
    panel = page.get_by_role("group", name="Export")
    panel.get_by_role("checkbox", name="with figures").check()
    with page.expect_request("**/api/exports") as asked:
        panel.get_by_role("button", name="Export", exact=True).click()
    assert asked.value.post_data_json["figures"] is True
    panel.get_by_role("link", name="Download").wait_for()


def test_a_station_that_does_not_record_is_not_asked_for_recordings(visit, station, serve):
    port, _ = serve(station(("front",)))
    page = visit("about:blank")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"http://127.0.0.1:{port}/?screen=timeline")
    page.get_by_text("is not recorded").wait_for()
    until(lambda: card_in(page, PANE), "a live picture", page)
    area = page.get_by_role("slider", name="Time").bounding_box()
    page.mouse.move(area["x"] + 50, area["y"] + 40)
    page.locator(".peek").get_by_text("nothing recorded").wait_for()
    assert not [each for each in asked if "/api/channels/" in each]
