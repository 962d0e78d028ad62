"""The live view as a viewer meets it."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rushes import Box, Depot, Frame
from rushes.codecs import jpeg
from rushes.codecs.video.live import LiveDecoder
from rushes.server.live_viewer import CREDIT
from rushes.testing import read_card
from tests.unit.server.live_help import SHAPE, ByHand, Eye, Served, running, served, until


@pytest.fixture
def station() -> Iterator[ByHand]:
    made = ByHand("by-hand")
    yield made
    made.close()


@pytest.fixture
def site(station: ByHand, tmp_path: Path) -> Iterator[Served]:
    with served(station, tmp_path) as made:
        yield made


def edge(site: Served, name: str = "cam -> viewers"):
    found = site.state.edges.get(name)
    assert found is not None
    return found.stats()


def more_than(site: Served, before: int) -> bool:
    return bool(edge(site).offered > before)


def shown(array: np.ndarray, format: str | None = None) -> int:
    """The number painted in a card."""
    card = read_card(array, format)
    assert card is not None
    return card[0]


def test_a_viewer_gets_the_state_then_the_hello_then_the_newest_picture(
    station: ByHand, site: Served
) -> None:
    for _ in range(3):
        station.put()
    with Eye(site.at) as eye:
        flags, number, payload = eye.until_picture()
        assert (flags, number) == (1, 2)
        assert shown(jpeg.decode(payload)) == 2
        assert [word["type"] for word in eye.texts] == ["state", "hello"]
        hello = eye.texts[1]
        assert (hello["mime"], hello["width"], hello["height"], hello["fps"]) == ("image/jpeg", 640, 360, 30)


def test_a_smaller_rendition_is_readable(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at, "?w=330&q=60") as eye:
        payload = eye.until_picture()[2]
        assert jpeg.read_size(payload) == (190, 336)
        assert shown(jpeg.decode(payload)) == 0


def test_h264_begins_with_a_key_frame_and_can_be_decoded(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at, "?codec=h264") as eye:
        decoder = LiveDecoder()
        for number in range(5):
            flags, came, payload = eye.until_picture(number)
            picture = decoder.feed(payload, key=bool(flags & 1))
            shape = (SHAPE[0] * 3 // 2, SHAPE[1])
            assert shown(picture.pixels("i420", shape), "i420") == came
            station.put()
        assert eye.texts[1]["mime"].startswith("avc1.42")


def test_fmp4_is_a_film_from_the_first_byte(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at, "?codec=fmp4&w=320") as eye:
        for number in range(5):
            eye.until_picture(number)
            station.put()
        film = b"".join(payload for _, _, payload in eye.pictures)
        assert eye.pictures[0][0] == 2
        assert eye.texts[1]["mime"].startswith('video/mp4; codecs="avc1.')
    with av.open(io.BytesIO(film), "r", format="mp4") as container:
        assert len(list(container.decode(video=0))) == 5


def test_who_comes_later_gets_a_key_frame_without_waiting_for_one(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at, "?codec=h264") as first:
        first.until_picture()
        # No further frame comes: the second viewer is shown the one there is.
        with Eye(site.at, "?codec=h264") as second:
            flags, number, payload = second.until_picture()
            assert (flags & 1, number) == (1, 0)
            LiveDecoder().feed(payload, key=True)


def test_without_acknowledgements_two_pictures_come_and_then_the_newest(
    station: ByHand, site: Served
) -> None:
    station.put()
    with Eye(site.at, acks=False) as eye:
        for number in range(CREDIT):
            assert eye.until_picture()[1] == number
            station.put()
        for _ in range(4):
            before = edge(site).offered
            station.put()
            until(partial(more_than, site, before))
        eye.ack(CREDIT - 1)
        assert eye.until_picture()[1] == station.number - 1
        stats = edge(site)
        assert stats.adds_up
        assert stats.delivered == CREDIT
        assert stats.dropped["slow viewer"] >= 3
        assert eye.until_word("drop")["reason"] == {"slow viewer": stats.dropped["slow viewer"]}


def test_nothing_is_coded_while_nobody_looks(station: ByHand, site: Served) -> None:
    with running(station), Eye(site.at) as eye:
        eye.until_picture(3)
        eye.say(type="pause")
        eye.say(type="ping", t=1)
        eye.until_word("pong")
        offered = edge(site).offered
        here = station.number
        until(lambda: station.number > here + 6)
        assert edge(site).offered == offered
        eye.say(type="resume")
        assert eye.until_picture(here + 6)


def test_a_ping_is_answered_with_the_servers_time(station: ByHand, site: Served) -> None:
    with Eye(site.at) as eye:
        eye.say(type="ping", t=17.25)
        pong = eye.until_word("pong")
        assert pong["t"] == 17.25
        assert abs(pong["server"] / 1000 - time.time()) < 10


def test_the_age_on_glass_is_marked(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at) as eye:
        eye.until_picture()
        until(lambda: bool(site.state.glass.counts()))
        (count,) = site.state.glass.counts()
        assert (count.channel, sum(count.counts)) == ("cam", 1)


def test_another_size_is_had_without_another_socket(station: ByHand, site: Served) -> None:
    with running(station), Eye(site.at) as eye:
        eye.until_picture()
        eye.say(type="set", w=320, fps=10)
        hello = eye.until_word("hello", width=320)
        assert hello["fps"] == 10
        assert jpeg.read_size(eye.until_picture()[2]) == (180, 320)


def test_fewer_frames_a_second_are_taken_evenly(station: ByHand, site: Served) -> None:
    with running(station), Eye(site.at, "?fps=10") as eye:
        numbers = [eye.until_picture()[1] for _ in range(8)]
        steps = np.diff(numbers[2:])
        assert 2 <= steps.mean() <= 6


def test_the_state_is_told_when_it_changes_and_why(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at) as eye:
        eye.until_picture()
        station.show("lost", "no answer from the camera")
        assert eye.until_word("state", state="lost")["why"] == "no answer from the camera"
        station.show("live")
        # The board says so, but there is no picture.
        assert eye.until_word("state", why="no picture comes")["state"] == "lost"
        station.put()
        station.show("live")
        assert eye.until_word("state", state="live")


def test_the_view_goes_on_when_the_station_is_started_again(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at) as eye:
        eye.until_picture()
        station.replace_depot()
        station.show()
        station.number = 100
        station.put()
        assert eye.until_picture(100)[1] == 100


def test_the_view_goes_on_when_the_depot_was_cleared(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at) as eye:
        eye.until_picture()
        station.put()
        station.depot.clear()
        station.put()
        assert eye.until_picture(2)[1] == 2


def test_the_view_goes_on_when_its_depot_is_closed_under_it(station: ByHand, site: Served) -> None:
    station.put()
    with Eye(site.at) as eye:
        eye.until_picture()
        held = site.state.depot("cam")
        assert held is not None
        held.close()
        station.put()
        assert eye.until_picture(1)[1] == 1


def test_the_newest_figures_come_as_words(station: ByHand, site: Served) -> None:
    station.figures = Depot.create("by-hand-figures", slots=2, slot_bytes=4096)
    station.show()
    with running(station), Eye(site.at) as eye:
        frame = Frame(np.zeros((1, 1, 3), np.uint8), 7, figures=[Box(0.1, 0.2, 0.3, 0.4, label="dog")])
        station.figures.put(frame)
        word = eye.until_word("figures", number=7)
        assert word["figures"][0]["kind"] == "box"
        assert word["figures"][0]["label"] == "dog"
        assert any(each["type"] == "hello" and each["figures"] for each in eye.texts)


@pytest.mark.parametrize(
    ("path", "status"), [("nobody", 404), ("cam?w=x", 400), ("cam?codec=vp9", 404), ("cam?q=500", 400)]
)
def test_what_cannot_be_had_is_refused_before_the_socket_opens(site: Served, path: str, status: int) -> None:
    from websockets.sync.client import connect

    with pytest.raises(InvalidStatus) as caught, connect(f"ws://{site.at}/ws/live/{path}"):
        pass
    assert caught.value.response.status_code == status
    assert b"remedy" in caught.value.response.body


@pytest.mark.parametrize("wrong", ["no json", b"123"])
def test_what_is_no_word_ends_the_socket_with_a_reason(
    station: ByHand, site: Served, wrong: str | bytes
) -> None:
    eye = Eye(site.at)
    eye.socket.send(wrong)
    with pytest.raises(ConnectionClosed) as caught:
        eye.until_word("never")
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008
    assert caught.value.rcvd.reason


def test_a_frame_that_is_no_picture_is_told_and_the_next_is_shown(station: ByHand, site: Served) -> None:
    station.depot.put(Frame(np.zeros(station.card.shape, np.uint8), 0, format="array"))
    with Eye(site.at) as eye:
        assert "array" in eye.until_word("state", state="lost")["why"]
        station.number = 1
        with running(station):
            assert eye.until_picture(1)
            assert eye.until_word("state", state="live")


def test_viewers_of_one_rendition_share_its_encode(station: ByHand, site: Served) -> None:
    with running(station), Eye(site.at, "?w=320") as one, Eye(site.at, "?w=311") as two:
        mine = {number: payload for _, number, payload in (one.until_picture() for _ in range(10))}
        yours = {number: payload for _, number, payload in (two.until_picture() for _ in range(10))}
        both = mine.keys() & yours.keys()
        assert both
        assert all(mine[number] == yours[number] for number in both)
        assert edge(site).adds_up
