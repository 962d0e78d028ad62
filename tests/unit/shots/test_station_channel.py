"""A station's channel answers from its depot where that knows best, else from its archive."""

from __future__ import annotations

import pytest

from rushes import Box, Depot
from rushes.errors import NoSuchMoment, SourceUnavailable, WriterGone
from tests.unit.shots.pictures import frame
from tests.unit.shots.test_mapped import OneFrameArchive, S, take


class StationChannel:
    def __init__(self, depot, archive=None) -> None:
        self.depot, self.archive = depot, archive

    def shot(self):
        raise AssertionError


@pytest.fixture
def depot():
    """Frames at 10, 11, 12 and, after a gap, 20 s."""
    with Depot.create(slots=8, shape=(24, 32, 3)) as made:
        for number, at_s in enumerate((10, 11, 12, 20)):
            made.put(frame(number).array, number, captured_ns=at_s * S)
        yield made
        assert not made.leases()


@pytest.fixture
def channel(depot):
    return StationChannel(depot, OneFrameArchive(frame(40, figures=(Box(0, 0, 0.5, 0.5),))))


def test_now_is_the_depots(channel):
    picture = take(channel)
    assert (picture.number, picture.source) == (3, "live")
    assert channel.archive.asked == []


@pytest.mark.parametrize(
    ("at_s", "number"), [(10, 0), (10.5, 0), (11, 1), (11.9, 1), (12, 2), (14, 2), (20, 3)]
)
def test_what_the_depot_surely_knows_is_not_asked_of_the_archive(channel, at_s, number):
    picture = take(channel, at_ns=int(at_s * S))
    assert (picture.number, picture.source) == (number, "live")
    assert channel.archive.asked == []


@pytest.mark.parametrize("at_s", [9.5, 15, 19.9, 20.1, 21])
def test_before_after_and_in_a_gap_the_archive_is_asked(channel, at_s):
    picture = take(channel, at_ns=int(at_s * S))
    assert (picture.number, picture.source) == (40, "archive")
    assert len(channel.archive.asked) == 1


def test_a_moment_cut_off_to_microseconds_is_that_of_its_frame(depot):
    for number, captured_ns in ((60, 21 * S + 1), (61, 21 * S + 999), (62, 21 * S + 1000)):
        depot.put(frame(number, captured_ns=captured_ns))
    for archive in (None, OneFrameArchive(frame(40))):
        assert take(StationChannel(depot, archive), at_ns=21 * S).number == 61
        assert take(StationChannel(depot, archive), at_ns=21 * S + 1000).number == 62


def test_figures_are_the_archives_unless_the_depots_frame_has_them(channel, depot):
    assert take(channel, at_ns=11 * S, figures=True).number == 40
    depot.put(frame(50, captured_ns=21 * S, figures=(Box(0, 0, 0.5, 0.5),)))
    depot.put(frame(51).array, 51, captured_ns=22 * S)
    picture = take(channel, at_ns=21 * S + S // 2, figures=True)
    assert (picture.number, picture.figures) == (50, True)
    assert (picture.content.array != frame(50).array).any()


def test_the_archives_figures_are_not_drawn_again(channel):
    picture = take(channel, at_ns=9 * S, figures=True)
    assert channel.archive.asked[0][3] is True
    assert picture.figures
    assert picture.content is channel.archive.kept


def test_an_empty_depot_leaves_it_to_the_archive():
    with Depot.create(slots=2, shape=(24, 32, 3)) as empty:
        assert take(StationChannel(empty, OneFrameArchive(frame(40))), at_ns=11 * S).number == 40


def test_a_depot_whose_writer_died_leaves_it_to_the_archive():
    class Orphaned:
        head = 0

        def oldest(self):
            raise WriterGone("killed")

        newest = next = oldest

    assert take(StationChannel(Orphaned(), OneFrameArchive(frame(40))), at_ns=11 * S).number == 40


def test_without_an_archive_the_depot_is_all_there_is(depot):
    channel = StationChannel(depot)
    assert take(channel, at_ns=15 * S).number == 2
    with pytest.raises(NoSuchMoment):
        take(channel, at_ns=9 * S)


def test_a_channel_whose_source_is_not_open_yet(channel):
    channel.depot = None
    with pytest.raises(SourceUnavailable, match="not open yet"):
        take(channel)
    assert take(channel, at_ns=11 * S).number == 40
    channel.archive = None
    with pytest.raises(SourceUnavailable):
        take(channel, at_ns=11 * S)
