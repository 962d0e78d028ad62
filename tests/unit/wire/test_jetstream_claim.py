"""The right to receive a stream: who has it, who is refused, and what is noted."""

from __future__ import annotations

import os
import queue
import signal
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import AccessDenied, ClosedError, ConfigError, WireError
from rushes.wire import hub_roles
from rushes.wire.jet_claim import Claim
from rushes.wire.jetstream import JetLink
from tests.support.jet import LONG_S, kill, link, until
from tests.support.nats_hub import Events, hub


def noted(claim: Claim, text: bytes) -> None:
    """Returns when it is safe."""
    safe = threading.Event()
    assert claim.note(text, safe.set).wait(LONG_S)
    assert safe.wait(LONG_S)


def stopped(pid: int) -> bool:
    """Whether all of a process stands still."""
    states = [
        path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")
    ]
    return set(states) == {"T"}


def silence(claim: Claim) -> None:
    """Has its holder seem frozen: it neither hears nor answers."""

    async def deaf() -> None:
        assert claim._subscription is not None
        claim._subscription._cb = ignore

    async def ignore(message: Any) -> None:
        return None

    claim._thread.run(deaf())


@pytest.mark.parametrize("role", ["receiver", "admin"])
def test_a_second_one_is_refused_until_the_first_lets_go(tmp_path: Path, role: str) -> None:
    with hub(tmp_path) as running, link(running, role) as one, link(running, role) as two:
        first = one.claim("cam", "the first", on_lost=print)
        with pytest.raises(ConfigError, match=r"by the first: end that one, or .*track="):
            two.claim("cam", "the second", on_lost=print)
        two.claim("other", "the second", on_lost=print).close()
        noted(first, b"seven")
        first.close()
        with two.claim("cam", "the second", on_lost=print) as second:
            assert second.text == b"seven"
            with pytest.raises(ConfigError, match="by the second"):
                one.claim("cam", "the first", on_lost=print)
        with pytest.raises(ClosedError):
            second.note(b"", print)


def test_of_many_at_the_same_moment_one_gets_it(tmp_path: Path) -> None:
    with hub(tmp_path) as running:
        got: list[Claim] = []
        refused: list[ConfigError] = []

        def ask(made: JetLink, together: threading.Barrier) -> None:
            together.wait()
            try:
                got.append(made.claim("cam", "one", on_lost=print))
            except ConfigError as error:
                refused.append(error)

        with link(running) as a, link(running) as b, link(running) as c, link(running) as d:
            for _ in range(5):
                together = threading.Barrier(4)
                threads = [threading.Thread(target=ask, args=(each, together)) for each in (a, b, c, d)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(LONG_S)
                assert (len(got), len(refused)) == (1, 3)
                got.pop().close()
                refused.clear()


def test_the_newest_note_is_known_whatever_became_of_the_hub(tmp_path: Path) -> None:
    events = Events()
    with hub(tmp_path, on_event=events) as running, link(running) as one:
        claim = one.claim("cam", "one", on_lost=print)
        done: queue.Queue[int] = queue.Queue()
        for number in range(300):
            if number in (100, 200):
                kill(running, events)
            assert claim.note(b"%d" % number, partial(done.put, number)).wait(LONG_S)
        assert [done.get(timeout=LONG_S) for _ in range(300)] == list(range(300))
        with pytest.raises(ConfigError), link(running) as two:
            two.claim("cam", "two", on_lost=print)
        claim.close()
        assert one.claim("cam", "one again", on_lost=print).text == b"299"


def test_one_who_does_not_answer_is_given_up_and_can_note_nothing_any_more(tmp_path: Path) -> None:
    told: queue.Queue[WireError] = queue.Queue()
    with hub(tmp_path) as running, link(running) as one, link(running) as two:
        first = one.claim("cam", "one", on_lost=told.put)
        noted(first, b"1")
        silence(first)
        second = two.claim("cam", "two", on_lost=print)
        assert second.text == b"1"
        noted(second, b"2")
        safe = threading.Event()
        assert first.note(b"stale", safe.set).wait(LONG_S)
        assert "start it again" in str(told.get(timeout=LONG_S))
        assert not safe.is_set()
        second.close()
        assert two.claim("cam", "two", on_lost=print).text == b"2"


def test_a_note_waits_for_a_hub_that_is_away(tmp_path: Path) -> None:
    events = Events()
    with hub(tmp_path, on_event=events) as running, link(running) as one:
        claim = one.claim("cam", "one", on_lost=print)
        pid = running.stats().pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        assert until(lambda: stopped(pid), bool)
        safe = threading.Event()
        claim.note(b"kept", safe.set)
        assert not safe.wait(0.3)
        os.kill(pid, signal.SIGKILL)
        events.next("down")
        assert safe.wait(LONG_S)


def test_a_store_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    with hub(tmp_path) as running, link(running) as one:
        claim = one.claim("cam", "one", on_lost=print)
        noted(claim, b"1")
        one.delete("cam")
        noted(claim, b"2")
        claim.close()
        assert one.claim("cam", "one", on_lost=print).text == b"2"


def test_it_is_free_when_its_link_was_closed(tmp_path: Path) -> None:
    with hub(tmp_path) as running, link(running) as two:
        with link(running) as one:
            noted(one.claim("cam", "one", on_lost=print), b"1")
        assert two.claim("cam", "two", on_lost=print).text == b"1"


def test_the_role_of_receivers_may_and_that_of_workers_may_not(tmp_path: Path) -> None:
    hub_roles.new(tmp_path / "keys")
    options: dict[str, Any] = {"keys": tmp_path / "keys", "streams": ("cam",)}
    with (
        hub(tmp_path / "hub", **options) as running,
        link(running, "receiver") as one,
        link(running, "receiver") as two,
        link(running, "worker") as worker,
    ):
        claim = one.claim("cam", "one", on_lost=print)
        noted(claim, b"1")
        with pytest.raises(ConfigError, match="by one"):
            two.claim("cam", "two", on_lost=print)
        claim.close()
        assert two.claim("cam", "two", on_lost=print).text == b"1"
        with pytest.raises(AccessDenied):
            worker.claim("cam", "a worker", on_lost=print)
        with pytest.raises(AccessDenied):
            two.claim("other", "two", on_lost=print)
