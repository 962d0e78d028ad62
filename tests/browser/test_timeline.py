"""The timeline: the frame of a moment, the frames beside it, and a stretch as a file."""

from __future__ import annotations

import datetime

import av
import pytest

from tests.browser.browsing import number_in, until
from tests.browser.station import RECORDED, RECORDED_FPS

pytestmark = pytest.mark.xdist_group("browser")
PANE = ".pane canvas"


def moment(t):
    return datetime.datetime.fromtimestamp(t, datetime.UTC).isoformat().replace("+00:00", "Z")


def exactly(page, number):
    """Waits until the exact frame is shown, and reads its number in the picture itself."""
    pane = page.locator(".pane")

    def there():
        return (pane.get_attribute("data-exact"), pane.get_attribute("data-frame")) == ("true", str(number))

    until(there, f"frame {number}, exactly", page)
    assert number_in(page, PANE) == number


@pytest.fixture
def at(url, archive):
    """The address of the moment of a frame."""
    start = archive[1]

    def address(number, **more):
        names = {"from": start - 5, "to": start + 25, **more}
        moments = "".join(f"&{name}={moment(t)}" for name, t in names.items())
        return (
            f"{url}?screen=timeline&channel=front&t={moment(start + (number + 0.5) / RECORDED_FPS)}{moments}"
        )

    return address


def test_an_address_names_a_moment_and_keys_step_by_frame_and_second(visit, at):
    page = visit(at(57))
    exactly(page, 57)
    assert "frame 57" in page.locator(".pane figcaption").inner_text()
    slider = page.get_by_role("slider", name="Time")
    slider.focus()
    for key, number in (("ArrowRight", 58), ("ArrowLeft", 57), ("ArrowLeft", 56), ("Shift+ArrowRight", 66)):
        page.keyboard.press(key)
        exactly(page, number)
    page.get_by_role("button", name="One frame on").click()
    exactly(page, 67)
    until(lambda: moment_of(page) > 0, "the address has the moment", page)


def moment_of(page):
    """Epoch seconds in the address."""
    return page.evaluate("Date.parse(new URLSearchParams(location.search).get('t')) / 1000")


def test_dragging_along_the_bar_shows_key_frames_and_then_the_exact_frame(visit, at, archive):
    page = visit(at(20))
    exactly(page, 20)
    box = page.get_by_role("slider", name="Time").bounding_box()

    def x(number):
        return box["x"] + box["width"] * (5 + (number + 0.5) / RECORDED_FPS) / 30

    y = box["y"] + box["height"] - 14 - 28  # the first of two bars
    page.mouse.move(x(20), y)
    page.mouse.down()
    for number in range(20, 151, 10):
        page.mouse.move(x(number), y)
    pane = page.locator(".pane")
    until(
        lambda: pane.get_attribute("data-exact") == "true" and number_in(page, PANE) != 20,
        "an exact frame",
        page,
    )
    page.mouse.up()
    shown = until(
        lambda: int(pane.get_attribute("data-frame") or 0) > 140 and int(pane.get_attribute("data-frame")),
        "the end of the drag",
        page,
    )
    assert abs(shown - 150) <= 1, "a pixel is a third of a frame here"
    exactly(page, shown)
    assert abs(moment_of(page) - archive[1] - 15) < 0.3


def test_a_moment_that_was_not_recorded_says_so_and_leads_to_one_that_was(visit, at):
    visit.expected = ("404",)
    page = visit(at(RECORDED + 20))
    page.locator(".pane .stale").wait_for()
    assert page.locator(".pane").get_attribute("data-frame") is None
    page.get_by_role("button", name="Before").click()
    exactly(page, RECORDED - 1)
    page.get_by_role("button", name="Now", exact=True).click()
    page.locator(".pane [data-badge]").wait_for()


def test_a_stretch_is_exported_and_downloaded(visit, at, archive, tmp_path):
    page = visit(at(60, **{"in": archive[1] + 5, "out": archive[1] + 8}))
    panel = page.get_by_role("group", name="Export")
    panel.get_by_role("button", name="Export", exact=True).click()
    link = panel.get_by_role("link", name="Download")
    link.wait_for()
    with page.expect_download() as caught:
        link.click()
    name = caught.value.suggested_filename
    assert name.endswith(".mp4")
    path = tmp_path / "got.mp4"
    caught.value.save_as(path)
    with av.open(str(path)) as film:
        frames = sum(1 for _ in film.decode(video=0))
    assert abs(frames - 3 * RECORDED_FPS) <= 1
