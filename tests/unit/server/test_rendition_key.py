"""What viewers may ask for, and who shares an encode."""

from __future__ import annotations

import pytest

from rushes.errors import ConfigError, UnknownName
from rushes.server.live_words import Set
from rushes.server.rendition_key import RenditionKey, asked_for, changed, fitted, size_of


def test_nothing_asked_for_is_the_picture_as_it_is() -> None:
    assert asked_for("cam", {}) == RenditionKey("cam", 0, 0, 80, "jpeg")


def test_nearly_equal_wishes_share_an_encode() -> None:
    assert asked_for("cam", {"w": "633", "q": "78"}) == asked_for("cam", {"w": "640", "q": "81"})
    assert asked_for("cam", {"fps": "11.5"}).fps == 12
    assert asked_for("cam", {"w": "1", "q": "1"}) == RenditionKey("cam", 32, 0, 5)


@pytest.mark.parametrize(
    "query", [{"w": "-1"}, {"w": "nan"}, {"w": "x"}, {"fps": "1e9"}, {"q": "0"}, {"q": "inf"}]
)
def test_what_cannot_be_had_is_refused_by_name(query: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        asked_for("cam", query)
    assert caught.value.option == next(iter(query))


def test_another_codec_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="fmp4"):
        asked_for("cam", {"codec": "h265"})


def test_a_wish_changes_only_what_it_names() -> None:
    key = asked_for("cam", {"w": "640", "fps": "10", "codec": "h264"})
    assert changed(key, Set(w=1280)) == RenditionKey("cam", 1280, 10, 80, "h264")
    assert changed(key, Set(w=0, fps=0)) == RenditionKey("cam", 0, 0, 80, "h264")
    assert changed(key, Set(figures=True)) == key


def test_whoever_asks_for_more_than_there_is_shares_the_full_one() -> None:
    key = asked_for("cam", {"w": "1920"})
    assert fitted(key, 1280).width == 0
    assert fitted(key, 3840) == key
    assert fitted(key, 0) == key


def test_a_rendition_keeps_its_proportions_and_is_never_larger() -> None:
    assert size_of(640, 1280, 720, even=True) == (640, 360)
    assert size_of(0, 1281, 721, even=True) == (1281, 721)
    assert size_of(1920, 1280, 720, even=True) == (1280, 720)
    assert size_of(320, 1000, 333, even=True) == (320, 108)
    assert size_of(320, 1000, 333, even=False) == (320, 107)
    assert size_of(32, 16384, 16, even=True) == (32, 2)
