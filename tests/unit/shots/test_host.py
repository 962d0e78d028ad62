from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rushes.errors import ClosedError, DeadlineExceeded, JobCancelled, SourceUnavailable
from rushes.shots import host as host_module
from rushes.shots.host import HostBackend
from rushes.shots.request import Ask, Moment
from tests.unit.shots import fake_host
from tests.unit.shots.fake_host import CHANNEL, FakeHost
from tests.unit.shots.pictures import jpeg


class Token:
    """A job's token, as far as back ends look at it."""

    def __init__(self) -> None:
        self._set = threading.Event()
        self._calls: list[Callable[[], object]] = []

    @property
    def cancelled(self):
        return self._set.is_set()

    def on_cancel(self, fn):
        self._calls.append(fn)

    def cancel(self):
        self._set.set()
        for call in self._calls:
            call()


def ask(*, dt=None, figures=False, timeout_s=5.0, token=None) -> Ask:
    moment = Moment.of(dt, time.time_ns())
    return Ask(
        CHANNEL, moment.dt if dt is not None else None, moment.ns, figures, 0, timeout_s, token or Token()
    )


@pytest.fixture
def opened(tmp_path):
    """Makes back ends on fake hosts, and ends both."""
    made = []

    def make(*script, **options):
        host = FakeHost(tmp_path, *script, **options)
        made.append((HostBackend(host), host))
        return made[-1]

    yield make
    for backend, host in made:
        host.close()
        backend.close()


def test_the_host_is_asked_for_a_name_of_its_own_each_time(opened):
    backend, host = opened()
    for _ in range(2):
        assert backend.take(ask()).content == jpeg()
    names = [call[1] for call in host.calls]
    assert len(set(names)) == 2
    assert [call[3] for call in host.calls] == ["0", "0"]


def test_moments_go_out_in_microseconds_and_figures_by_their_own_call(opened):
    backend, host = opened()
    picture = backend.take(ask(dt=1_700_000_000.25, figures=True))
    assert host.calls[0][3:] == ("1700000000250000", True)
    assert (picture.captured_ns, picture.source, picture.figures) == (
        1_700_000_000_250_000_000,
        "archive",
        True,
    )


@pytest.mark.parametrize("way", [fake_host.in_two_pieces, fake_host.twice])
def test_only_a_whole_picture_counts(opened, way):
    backend, _ = opened(way)
    assert backend.take(ask()).content in (jpeg(), jpeg(1))


def test_a_picture_must_have_stopped_growing(opened, monkeypatch):
    looks = []

    def growing(path):
        looks.append(path)
        return host_module._Look(min(len(looks), 4), 0)  # three looks that differ, then two that do not

    monkeypatch.setattr(host_module, "_look", growing)
    backend, server = opened()
    server.later = lambda seconds, call: call()
    assert backend.take(ask()).content == jpeg()
    assert len(looks) == 5


def test_a_late_picture_is_waited_for(opened):
    backend, _ = opened(late_s=0.2)
    assert backend.take(ask()).content == jpeg()


@pytest.mark.parametrize("way", [fake_host.never, fake_host.partial, fake_host.garbage, fake_host.empty])
def test_what_never_becomes_a_picture_ends_when_the_time_is_up(opened, way):
    backend, _ = opened(way)
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"within 0\.15 s"):
        backend.take(ask(timeout_s=0.15))
    assert 0.15 <= time.monotonic() - began < 10


def test_the_reason_for_refusing_what_came_is_told(opened):
    backend, _ = opened(fake_host.partial)
    with pytest.raises(DeadlineExceeded, match="cut off"):
        backend.take(ask(timeout_s=0.15))


def test_a_picture_for_an_attempt_given_up_is_never_taken_for_another(opened, tmp_path):
    late = threading.Event()

    def very_late(path):
        late.wait(10)
        fake_host.write(path, jpeg(7))

    backend, _ = opened(very_late, fake_host.whole)
    with pytest.raises(DeadlineExceeded):
        backend.take(ask(timeout_s=0.05))
    late.set()
    assert backend.take(ask()).content == jpeg()


def test_late_pictures_do_not_gather(opened):
    backend, host = opened(fake_host.whole, late_s=0.1)
    for _ in range(3):
        with pytest.raises(DeadlineExceeded):
            backend.take(ask(timeout_s=0.01))
    host.close()
    drop = Path(host.calls[0][2])
    assert len(os.listdir(drop)) == 3
    backend.take(ask())
    assert os.listdir(drop) == []
    backend.close()
    assert not drop.exists()


def test_what_is_still_being_written_for_another_is_left_alone(opened):
    begun, go_on = threading.Event(), threading.Event()

    def slow(path):
        with open(path, "wb") as file:
            file.write(jpeg()[:100])
            file.flush()
            begun.set()
            assert go_on.wait(30)
            file.write(jpeg()[100:])

    backend, _ = opened(slow, fake_host.whole)
    taken = []
    thread = threading.Thread(target=lambda: taken.append(backend.take(ask())))
    thread.start()
    assert begun.wait(30)
    assert backend.take(ask()).content == jpeg()
    go_on.set()
    thread.join(30)
    assert [picture.content for picture in taken] == [jpeg()]


def test_what_the_host_raises_comes_through(opened):
    backend, _ = opened(fake_host.raises)
    with pytest.raises(RuntimeError, match="unwell"):
        backend.take(ask())


def test_a_cancelled_shot_is_not_waited_for(opened):
    backend, _ = opened(fake_host.never)
    token = Token()
    timer = threading.Timer(0.05, token.cancel)
    timer.start()
    with pytest.raises(JobCancelled):
        backend.take(ask(timeout_s=60, token=token))
    timer.join()


def test_channels_are_found_with_their_names(opened):
    backend, _ = opened()
    fields = backend.find(CHANNEL).fields
    assert fields == {
        "channel.name": "Gate",
        "channel.guid": "uR76TlcA",
        "server.name": "North",
        "server.guid": "O4Yazs8u",
    }


@pytest.mark.parametrize("channel", ["other_O4Yazs8u", "uR76TlcA_other", "uR76TlcA", "", "_", None])
def test_an_unknown_channel_is_an_environment_error(opened, channel):
    backend, _ = opened()
    with pytest.raises(EnvironmentError) as caught:
        backend.find(channel)
    assert isinstance(caught.value, SourceUnavailable)
    if channel == "other_O4Yazs8u":
        assert CHANNEL in str(caught.value)


def test_settings_as_plain_mappings_do_too():
    class Plain:
        def settings(self, path):
            return {"name": f"called {path}"}

    fields = HostBackend(Plain()).find("a_b").fields
    assert fields["channel.name"] == "called /b/channels/a"


def test_a_host_without_settings_knows_no_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    backend = HostBackend(object())
    assert backend.find("a_b").fields["channel.name"] == "a"
    assert backend.folder() == tmp_path / "screenshots"
    assert backend.new_guid() != backend.new_guid()
    assert backend.deliver is None


def test_folder_and_guids_are_the_hosts(opened, tmp_path):
    backend, _ = opened()
    assert backend.folder() == tmp_path
    assert backend.new_guid() == "guid-0"


def test_callbacks_run_where_the_host_wants_them(opened):
    backend, _ = opened()
    told = threading.Event()
    thread = []
    backend.deliver(lambda: (thread.append(threading.current_thread()), told.set()))
    assert told.wait(10)
    assert thread[0] is not threading.main_thread()


def test_a_worker_that_is_late_makes_no_folder_after_the_end(opened, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    backend, host = opened()
    backend.take(ask())
    backend.close()
    with pytest.raises(ClosedError):
        backend.take(ask())
    assert len(host.calls) == 1
    assert os.listdir(tmp_path / "temporary") == []
