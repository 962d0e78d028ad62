"""Who is there, and under which names."""

from __future__ import annotations

from typing import Any

import pytest

from rushes.errors import BadMessage
from rushes.server.answers import ChannelAnswer, DepotAnswer
from rushes.server.fleet_roll import SILENT_S, Roll
from rushes.server.fleet_words import Answer, Gone, Here, packed, read_said, unpacked, written


def channel(name="cam"):
    depot = DepotAnswer(name="d", slots=1, held=1, slot_bytes=1)
    empty: Any = {
        **dict.fromkeys(("fps", "fps_target", "since", "age_p50_ms", "age_p95_ms"), 0.0),
        **dict.fromkeys(("width", "height", "dropped", "lost"), 0),
        **dict.fromkeys(("station", "source", "format", "why", "backend"), ""),
    }
    return ChannelAnswer(name=name, state="live", recorded=False, figures=False, depot=depot, **empty)


def here(number, name="north", *, run="r", begun=1.0, started=1.0, channels=("cam",), url="http://n:1"):
    return Here(
        id=f"{number:032x}",
        name=name,
        run=run,
        begun=begun,
        started=started,
        url=url,
        state="live",
        channels=[channel(each) for each in channels],
    )


@pytest.fixture
def said():
    return []


@pytest.fixture
def roll(said):
    return Roll("f" * 32, "south", "mine", said.append)


def test_a_station_is_known_until_it_falls_silent(roll, said):
    assert roll.hear(here(1), 0.0)
    assert not roll.hear(here(1), 1.0)
    known = roll.known({"cam"}, 1.0 + SILENT_S)
    assert known.owners == {"cam_north": ("north", "cam")}
    assert [(each.name, each.station) for each in known.channels] == [("cam_north", "north")]
    assert roll.known({"cam"}, 1.1 + SILENT_S).stations == ()
    assert said == ["station north joined", "station north is gone"]


def test_one_that_says_farewell_goes_at_once(roll):
    roll.hear(here(1), 0.0)
    roll.leave(here(1).id)
    assert roll.known((), 0.1).stations == ()


def test_a_name_of_its_own_goes_before_those_of_others(roll):
    roll.hear(here(1), 0.0)
    assert roll.known({"cam_north"}, 0.0).owners == {}


def test_two_that_would_have_one_name_do_not_take_turns(roll):
    roll.hear(here(2, "b_c", channels=["a"]), 0.0)
    roll.hear(here(1, "c", channels=["a_b"]), 0.0)
    known = roll.known((), 0.0)
    assert known.owners == {"a_b_c": ("b_c", "a")}
    assert len(known.channels) == 1


def test_a_process_that_took_the_place_of_another_is_the_same_station(roll, said):
    for now in range(3):
        roll.hear(here(1, begun=1.0), float(now))
    roll.hear(here(2, begun=2.0), 3.0)
    known = roll.known((), 3.0)
    assert known.ids == {"north": here(2).id}
    assert len(known.stations) == 1
    assert said == ["station north joined"]


def test_a_second_station_of_one_name_is_told_and_left_out(roll, said):
    for now in range(4):
        roll.hear(here(2, run="second", started=5.0, url="http://two:1", channels=["door"]), float(now))
        roll.hear(here(1, run="first", started=1.0), float(now))
    known = roll.known((), 3.0)
    assert [(each.name, each.state, each.url) for each in known.stations] == [
        ("north", "live", "http://n:1"),
        ("north", "conflict", "http://two:1"),
    ]
    assert known.owners == {"cam_north": ("north", "cam")}
    assert any("http://two:1 is called north too" in each for each in said)
    roll.leave(here(2).id)
    roll.known((), 3.0)
    assert said[-1] == "there is only one station called north again"


def test_one_of_this_stations_own_name_is_told(roll, said):
    for now in range(4):
        roll.hear(here(1, "south", run="another"), float(now))
    known = roll.known((), 3.0)
    assert [each.state for each in known.stations] == ["conflict"]
    assert known.owners == {}
    assert "is called south too" in said[0]


def test_its_own_process_before_this_one_is_no_other(roll, said):
    for now in range(4):
        roll.hear(here(1, "south", run="mine"), float(now))
    assert roll.known((), 3.0).stations == ()
    assert said == []


def test_one_that_was_killed_and_started_anew_is_no_conflict(roll, said):
    for now in range(3):
        roll.hear(here(1, run="first", started=1.0), float(now))
    for now in (3, 4, 5):
        roll.hear(here(2, run="second", started=3.0), float(now))
        roll.known((), float(now))
    assert roll.known((), 5.0).ids == {"north": here(2).id}
    assert said == ["station north joined"]


def test_there_is_an_end_to_how_many_are_known(roll, said):
    for number in range(1, 100):
        roll.hear(here(number, f"n{number}"), 0.0)
    assert len(roll.known((), 0.0).stations) == 64
    assert sum("more than 64" in each for each in said) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        here(1, "../etc"),
        here(1, "north", url="javascript:alert(1)"),
        here(1, "north", channels=["a b"]),
        here(1, "north", channels=["c"] * 257),
        Gone(id="x"),
    ],
)
def test_what_could_do_harm_in_a_page_is_refused(wrong):
    with pytest.raises(BadMessage):
        read_said(written(wrong))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"type":"here"}', b"x" * 300_000, b"\xff\xfe"])
def test_what_no_station_says_is_refused(data):
    with pytest.raises(BadMessage):
        read_said(data)


def test_an_answer_carries_its_part(roll):
    head = Answer(status=200, headers={"content-type": "image/jpeg"}, token="t")
    assert unpacked(packed(head, b"part")) == (head, b"part")


@pytest.mark.parametrize("data", [b"", b"\0\0\0\xff{}", packed(Answer(status=99), b"")])
def test_an_answer_that_is_none_is_refused(data):
    with pytest.raises(BadMessage):
        unpacked(data)


def test_nothing_passes_that_a_browser_would_run():
    headers = {"content-type": "text/html", "x-age-ms": "1\r\nset-cookie: a=b", "set-cookie": "a=b"}
    head, _ = unpacked(packed(Answer(status=200, headers=headers), b"<script>"))
    assert head.headers == {"content-type": "application/octet-stream"}
