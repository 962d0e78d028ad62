from __future__ import annotations

import time
from datetime import datetime

import pytest

from rushes import Box, Depot
from rushes.errors import (
    ConfigError,
    DeadlineExceeded,
    FrameError,
    NoSuchMoment,
    SourceLost,
    SourceUnavailable,
)
from rushes.interfaces import SourceInfo
from rushes.shots.backends import choose
from rushes.shots.host import HostBackend
from rushes.shots.mapped import MappedBackend
from rushes.shots.request import Ask
from tests.unit.shots.fake_host import FakeHost
from tests.unit.shots.pictures import frame, jpeg
from tests.unit.shots.test_host import Token

S = 1_000_000_000


def take(thing, *, at_ns=None, figures=False, not_before_ns=0, timeout_s=5.0):
    dt = None if at_ns is None else datetime.fromtimestamp(at_ns / S)
    backend = MappedBackend({"gate": thing})
    ask = Ask("gate", dt, at_ns or time.time_ns(), figures, not_before_ns, timeout_s, Token())
    try:
        return backend.take(ask)
    finally:
        backend.close()


class ListSource:
    """A source that gives what it was made with."""

    info = SourceInfo(32, 24, 0, "bgr24")

    def __init__(self, frames):
        self.frames = frames

    def __iter__(self):
        yield from self.frames

    def stats(self):
        return None

    def close(self):
        pass


class OneFrameArchive:
    def __init__(self, kept):
        self.kept, self.asked = kept, []

    def frame_at(self, channel, dt, *, exact=True, figures=False):
        self.asked.append((channel, dt, exact, figures))
        return self.kept


@pytest.fixture
def depot():
    with Depot.create(slots=8, shape=(24, 32, 3)) as made:
        for number in range(3):
            made.put(frame(number).array, number, captured_ns=(number + 1) * 10 * S)
        yield made


def test_a_depot_gives_its_newest_frame(depot):
    picture = take(depot)
    assert (picture.number, picture.captured_ns, picture.source) == (2, 30 * S, "live")
    assert (picture.content.array == frame(2).array).all()
    assert not depot.leases()


@pytest.mark.parametrize(("at_s", "number"), [(10, 0), (19, 0), (20, 1), (29.5, 1), (30, 2), (32, 2)])
def test_a_depot_remembers_a_little(depot, at_s, number):
    assert take(depot, at_ns=int(at_s * S)).number == number


def test_moments_that_a_depot_does_not_hold(depot):
    with pytest.raises(NoSuchMoment) as early:
        take(depot, at_ns=9 * S)
    assert (early.value.before_ns, early.value.after_ns) == (None, 10 * S)
    with pytest.raises(NoSuchMoment) as late:
        take(depot, at_ns=33 * S)
    assert (late.value.before_ns, late.value.after_ns) == (30 * S, None)


def test_an_empty_depot_is_waited_for():
    with Depot.create(slots=2, shape=(24, 32, 3)) as empty:
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            take(empty, timeout_s=0.1)
        assert 0.1 <= time.monotonic() - began < 10


def test_a_frame_too_old_is_waited_past(depot):
    with pytest.raises(DeadlineExceeded):
        take(depot, not_before_ns=31 * S, timeout_s=0.05)
    assert take(depot, not_before_ns=30 * S).number == 2


def test_a_source_goes_on_where_it_was():
    backend = MappedBackend({"gate": ListSource([frame(1), frame(2)])})

    def ask():
        return Ask("gate", None, 0, False, 0, 5.0, Token())

    assert [backend.take(ask()).number for _ in range(2)] == [1, 2]
    with pytest.raises(SourceLost):
        backend.take(ask())
    assert backend.take(ask()).number == 1


def test_a_source_skips_what_is_too_old_and_has_no_past():
    frames = [frame(1, captured_ns=5), frame(2, captured_ns=50)]
    assert take(ListSource(frames), not_before_ns=10).number == 2
    with pytest.raises(NoSuchMoment, match="no past"):
        take(ListSource(frames), at_ns=50)


def test_a_source_that_breaks_is_begun_anew():
    class Broken(ListSource):
        def __iter__(self):
            yield from self.frames
            raise SourceLost("unplugged")

    backend = MappedBackend({"gate": Broken([frame(1)])})
    numbers: list[object] = []
    for _ in range(3):
        try:
            numbers.append(backend.take(Ask("gate", None, 0, False, 0, 5.0, Token())).number)
        except SourceLost:
            numbers.append("lost")
    assert numbers == [1, "lost", 1]


def test_an_archive_is_asked_for_the_moment_with_figures():
    archive = OneFrameArchive(frame(4, captured_ns=7 * S, figures=(Box(0, 0, 0.5, 0.5),)))
    picture = take(archive, at_ns=8 * S, figures=True)
    assert archive.asked == [("gate", datetime.fromtimestamp(8), True, True)]
    assert (picture.number, picture.captured_ns, picture.source, picture.figures) == (
        4,
        7 * S,
        "archive",
        True,
    )
    assert picture.content is archive.kept


def test_an_archive_gives_its_newest_when_asked_for_now():
    archive = OneFrameArchive(frame(4, captured_ns=7 * S))
    assert take(archive).captured_ns == 7 * S
    assert archive.asked[0][2] is False
    with pytest.raises(SourceUnavailable, match="s old"):
        take(archive, not_before_ns=8 * S)


def test_a_callable_gets_the_moment_and_may_give_a_frame():
    asked = []
    picture = take(lambda dt: (asked.append(dt), frame(9, captured_ns=3 * S))[1], at_ns=3 * S)
    assert asked == [datetime.fromtimestamp(3)]
    assert (picture.number, picture.captured_ns) == (9, 3 * S)


def test_a_callable_may_give_bytes():
    before = time.time_ns()
    picture = take(lambda dt: bytearray(jpeg()))
    assert picture.content == jpeg()
    assert before <= picture.captured_ns <= time.time_ns()
    assert (picture.number, picture.source) == (None, "live")


def test_a_callable_that_gives_something_else():
    with pytest.raises(FrameError, match="the callable gave str"):
        take(lambda dt: "a path?")


def test_a_callables_old_frame_is_refused():
    with pytest.raises(SourceUnavailable, match="s old"):
        take(lambda dt: frame(1, captured_ns=5), not_before_ns=10)


def test_figures_are_drawn_only_when_asked_for():
    marked = frame(1, figures=(Box(0, 0, 0.9, 0.9),))
    plain, drawn = take(lambda dt: marked), take(lambda dt: marked, figures=True)
    assert not plain.figures
    assert drawn.figures
    assert (drawn.content.array != plain.content.array).any()
    assert not take(lambda dt: frame(1), figures=True).figures


def test_unknown_channels_are_environment_errors_with_the_known_ones():
    backend = MappedBackend({"gate": lambda dt: frame(), "yard": lambda dt: frame()})
    with pytest.raises(EnvironmentError, match=r"did you mean 'gate'.*known: 'gate', 'yard'"):
        backend.find("Gate2")


def test_things_that_cannot_be_channels_are_refused_at_once():
    with pytest.raises(ConfigError, match="'gate' cannot be a int"):
        MappedBackend({"gate": 3})


def test_the_back_end_is_chosen_by_what_is_given(tmp_path):
    assert isinstance(choose(FakeHost(tmp_path)), HostBackend)
    assert isinstance(choose({}), MappedBackend)

    class Station:
        def __init__(self):
            self.channels = {"gate": lambda dt: frame()}

    assert choose(Station()).find("gate").channel == "gate"


@pytest.mark.parametrize("given", ["nas:8420", "north", 3, object()])
def test_what_can_never_be_channels_is_named(given):
    with pytest.raises(ConfigError, match="channels"):
        choose(given)


def test_the_address_of_a_station_is_taken_as_it_is():
    assert choose("http://127.0.0.1:8420").new_guid()


def test_a_ready_back_end_is_taken_as_it_is():
    ready = MappedBackend({})
    assert choose(ready) is ready


def test_without_a_host_module_it_says_what_to_do():
    with pytest.raises(ConfigError, match=r"no module host.*rushes up.*channels="):
        choose(None)
