"""The ledger of a camera that the recorder takes its pictures from, past the deaths of its process."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rushes.station.books import Books
from rushes.station.ledger import CameraBook
from rushes.station.messages import Came, Recorded

COUNT = st.integers(0, 50)
LIFE = st.tuples(COUNT, COUNT, COUNT, COUNT)


def word(delivered, dropped, waiting, written, state="recording", final=False):
    came = Came(
        offered=delivered + dropped + waiting,
        delivered=delivered,
        dropped={"damaged": dropped} if dropped else {},
        waiting=waiting,
    )
    return Recorded(
        channel="a",
        written=written,
        dropped={},
        waiting=delivered - written,
        bytes=0,
        state=state,
        final=final,
        camera=came,
    )


@given(st.lists(LIFE, min_size=1, max_size=8))
def test_every_picture_that_was_told_of_is_accounted_for_past_every_death(lives):
    books = Books("a recorder", copied=True)
    for delivered, dropped, waiting, written in lives:
        books.hear_recorder(word(delivered, dropped, waiting, min(written, delivered)))
        assert all(each.adds_up for each in books.edges("a", None))
        books.died("a recorder")
        assert all(each.adds_up for each in books.edges("a", None))
    camera, into = books.edges("a", None)
    assert (camera.name, into.name) == ("a camera -> a recorder", "a recorder -> archive")
    assert camera.offered == sum(sum(life[:3]) for life in lives)
    assert camera.dropped.get("stage down", 0) == sum(life[2] for life in lives)
    assert into.offered == camera.delivered == sum(life[0] for life in lives)
    assert camera.waiting == into.waiting == 0


def test_a_camera_that_counts_wrongly_shows():
    book = CameraBook()
    book.update(10, 8, {"damaged": 1}, 0)
    assert not book.edge("e").adds_up


def test_users_are_told_of_each_change_once():
    books = Books("a recorder", copied=True)
    states = ["opening", "no route", "no route", "recording", "recording", "it ended", "recording", "stopped"]
    told = [books.hear_recorder(word(0, 0, 0, 0, each)) for each in states]
    copied = "is recorded as its camera codes it"
    assert told == ["", "is not recorded: no route", "", copied, "", "is not recorded: it ended", copied, ""]


def test_why_nothing_is_recorded_is_known_for_as_long_as_it_lasts():
    books = Books("a recorder", copied=True)
    assert books.unrecorded == ""
    books.hear_recorder(word(0, 0, 0, 0, "no route"))
    assert books.unrecorded == "not recorded: no route"
    books.hear_recorder(word(0, 0, 0, 0))
    assert books.unrecorded == ""


def test_a_coding_that_cannot_be_copied_is_a_problem_of_the_run():
    books = Books("a recorder", copied=True)
    books.hear_recorder(word(0, 0, 0, 0, "cannot be copied: it is mjpeg"))
    assert books.problems() == ["a recorder could not go on: cannot be copied: it is mjpeg"]
