"""What the other screens say, and the whole page by keyboard alone."""

from __future__ import annotations

import pytest

from tests.browser.browsing import moves, tile, until

pytestmark = pytest.mark.xdist_group("browser")


def test_the_pipeline_tells_the_books_of_an_edge(visit, url):
    page = visit(f"{url}?screen=pipeline")
    wire = page.locator('[data-edge="front > archive"]')
    wire.click()
    ledger = " ".join(page.locator("[data-ledger]").inner_text().split())  # numbers have thin spaces in them
    assert ledger == "offered 18 000 = delivered 17 998 + late 2 + waiting 0"
    assert "the policy does not allow" in page.locator(".edge-panel").inner_text()
    page.locator(".graphs canvas").first.wait_for()
    assert page.locator('[data-node="front"]').count() == 1
    assert "the recorder was started again" in page.locator(".news").inner_text()


@pytest.mark.parametrize("width", [1280, 390])
def test_workers_stand_below_the_one_that_deals_out_to_them_and_nothing_is_cut_off(visit, url, width):
    page = visit(f"{url}?screen=pipeline", viewport={"width": width, "height": 844})
    dealer = page.locator('[data-node="front people"]')
    dealer.wait_for()
    left, above = dealer.bounding_box()["x"], dealer.bounding_box()
    crew = page.locator('[data-crew-of="front people"]')
    assert [each.split("\n")[0].strip() for each in crew.all_inner_texts()] == ["worker 1", "worker 2"]
    for number in range(2):
        box = crew.nth(number).bounding_box()
        assert box["y"] >= above["y"] + above["height"] - 1
        assert box["x"] > left
        above = box
    assert (
        page.locator('[data-node="front people worker 1"] strong').get_attribute("title")
        == "front people worker 1"
    )
    cut = """[...document.querySelectorAll('.box')].filter((e) => e.scrollHeight > e.clientHeight)
      .map((e) => e.dataset.node)"""
    assert page.evaluate(cut) == []


def test_a_job_that_failed_says_why_and_what_to_do(visit, url):
    page = visit(f"{url}?screen=jobs")
    page.get_by_text("Nothing was asked for yet").wait_for()
    order = {"channel": "front", "from": 1000, "to": 1010, "format": "mp4"}
    page.evaluate(
        """(order) => fetch('/api/exports', { method: 'POST', body: JSON.stringify(order),
             headers: { 'Content-Type': 'application/json' } })""",
        order,
    )
    row = page.locator("tr[data-state=error]")
    row.wait_for()
    said = row.locator(".why").inner_text()
    assert "nothing was recorded" in said
    assert said.count(". ") >= 1, "the remedy is a sentence of its own"
    assert row.locator(".path").inner_text().startswith("front")
    assert row.locator(".no-thumb svg").count() == 1
    assert row.locator("img").count() == 0
    row.get_by_role("button", name="Retry").wait_for()


def test_settings_show_the_config_with_its_places_and_change_the_theme(visit, url):
    page = visit(f"{url}?screen=settings", color_scheme="light")
    row = page.get_by_role("row", name="source")
    assert "rtsp://camera/***" in row.inner_text()
    assert "a.toml:3" in row.inner_text()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("radio", name="dark").check()
    until(lambda: page.evaluate(ground) != light, "another ground", page)
    page.reload()
    page.get_by_role("radio", name="dark").wait_for()
    assert page.evaluate(ground) != light
    page.get_by_text("Doctor").wait_for()


def test_a_station_without_channels_teaches_how_to_have_one(visit, station, serve):
    port, _ = serve(station(()))
    page = visit(f"http://127.0.0.1:{port}/")
    page.get_by_text("No channels yet").wait_for()
    assert "rushes up --source" in page.locator("main").inner_text()
    page.keyboard.press("j")
    page.get_by_text("Nothing was asked for yet").wait_for()


def test_everything_can_be_done_by_keyboard(visit, url):
    page = visit(url)
    moves(page, tile("front"))
    press = page.keyboard.press
    press("2")
    page.locator('article.is-large[data-channel="yard"]').wait_for()
    assert "channel=yard" in page.url
    press("Escape")
    until(lambda: page.locator("article.is-large").count() == 0, "the grid again", page)
    press("?")
    keys = page.get_by_role("dialog", name="Keys")
    assert "snapshot of that tile" in keys.inner_text()
    press("Escape")
    until(lambda: keys.count() == 0, "the keys are gone", page)
    press("s")
    page.get_by_role("status").get_by_text("Snapshot of front").wait_for()
    for key, title in (("t", "Timeline"), ("p", "Pipeline"), (",", "Settings"), ("j", "Jobs"), ("l", "Live")):
        press(key)
        page.get_by_role("region", name=title).wait_for()
        assert page.get_by_role("link", name=title, exact=False).first.get_attribute("aria-current") == "page"
    reached = tabbed(page)
    assert {"Snapshot", "Enlarge front", "Enlarge yard", "Full screen", "Picture by"} <= reached


def tabbed(page):
    """The names of all that Tab leads to, each of which shows that it has the focus."""
    names: set[str] = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, visible = page.evaluate(
            """() => {
              const e = document.activeElement, style = getComputedStyle(e)
              const name = e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText
              return [name.trim(), e === document.body || style.outlineStyle !== 'none' || e.type === 'checkbox']
            }"""
        )
        assert visible, f"the focus on {name!r} cannot be seen"
        names.add(name)
    return names
