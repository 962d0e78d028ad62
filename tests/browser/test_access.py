"""Can it be read and used by everybody: names for screen readers, contrast, narrow windows."""

from __future__ import annotations

import pytest

from rushes.server.static_page import FOLDER
from tests.browser.browsing import moves, tile

pytestmark = pytest.mark.xdist_group("browser")
SCREENS = ("live", "timeline", "jobs", "pipeline", "settings")
ACTED_ON = {
    "button",
    "link",
    "checkbox",
    "combobox",
    "textbox",
    "searchbox",
    "radio",
    "slider",
    "image",
    "progressbar",
}

# Text on its ground, as far as grounds are plain colours; words over pictures have a ground of their own.
FAINT = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number)
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
  const over = (top, below) => {
    const a = top[3] ?? 1
    return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a))
  }
  const groundOf = (e) => {
    const layers = []
    for (let at = e; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor))
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255])
  }
  const found = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const e = node.parentElement
    if (node.data.trim() === '' || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue
    if (e.closest('svg, option, :disabled') || e.getClientRects().length === 0) continue
    const style = getComputedStyle(e), ground = groundOf(e)
    const [a, b] = [light(over(parse(style.color), ground)), light(ground)]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (ratio < 4.5) found.push(`${node.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`)
  }
  return found
}"""


MOST_SCRIPT = 150_000


def test_the_script_is_small():
    sizes = {each.name: each.stat().st_size for each in FOLDER.rglob("*.js")}
    assert sizes
    assert sum(sizes.values()) <= MOST_SCRIPT, sizes


def nameless(page):
    """What can be acted on, or is a picture, and has no name that a screen reader could say."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    seen = [
        each for each in nodes if not each.get("ignored") and each.get("role", {}).get("value") in ACTED_ON
    ]
    assert len(seen) > 8, "the tree was read"
    return [each["role"]["value"] for each in seen if not each.get("name", {}).get("value", "").strip()]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_is_named_and_has_contrast(visit, url, theme):
    page = visit(url, color_scheme=theme)
    moves(page, tile("front"))
    for screen in SCREENS:
        page.goto(f"{url}?screen={screen}")
        page.get_by_role("region", name=screen.capitalize()).wait_for()
        page.get_by_text("2 channels live").wait_for()
        page.wait_for_timeout(300)
        assert page.evaluate(FAINT) == [], screen
        assert nameless(page) == [], screen
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
        assert len(ids) == len(set(ids))
        assert page.locator("h1").count() == 1
        assert page.locator("main").count() == 1


def test_a_telephone_has_it_all_without_scrolling_sideways(visit, url):
    page = visit(url, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    moves(page, tile("front"))
    for screen in SCREENS:
        page.goto(f"{url}?screen={screen}")
        page.get_by_role("region", name=screen.capitalize()).wait_for()
        page.get_by_text("2 channels live").wait_for(state="attached")
        page.wait_for_timeout(300)
        wide = page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
        assert wide <= 360, screen
        box = page.get_by_role("link", name="Settings").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= 740
