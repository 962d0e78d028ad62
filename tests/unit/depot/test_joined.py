"""Depots of others: joined under no lock, given to all alike, left when they were replaced."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rushes.depot import joined
from rushes.depot.depot import Depot
from rushes.depot.joined import Joined
from rushes.errors import ClosedError

PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def depots(depot_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RUSHES_SHM_DIR", str(tmp_path))
    with Depot.create("slow", slots=1, shape=(2, 2)), Depot.create("quick", slots=1, shape=(2, 2)):
        yield


class SlowJoin:
    """Joins "slow" only when ``all_came`` that many; remembers each depot it gave."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, parties: int) -> None:
        self.came = threading.Event()
        self.all_came = threading.Barrier(parties)
        self.gave: list[Depot] = []
        self._join = joined._join
        monkeypatch.setattr(joined, "_join", self)

    def __call__(self, name: str) -> Depot | None:
        depot = self._join(name)
        if name == "slow" and depot is not None:
            self.gave.append(depot)
            self.came.set()
            self.all_came.wait(PATIENCE_S)
        return depot


def test_a_slow_join_keeps_nobody_from_other_depots(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowJoin(monkeypatch, 2)
    with Joined() as depots, ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(depots.get, "slow")
        assert slow.came.wait(PATIENCE_S)
        other = threads.submit(depots.get, "quick").result(PATIENCE_S)
        assert other is not None
        assert depots.get("quick") is other
        depots.keep({"quick"})
        slow.all_came.wait(PATIENCE_S)
        found = waiting.result(PATIENCE_S)
        assert found is not None
        assert found.name == "slow"
    assert found.closed
    assert other.closed


def test_of_two_who_join_at_once_both_get_one_depot_and_the_other_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = SlowJoin(monkeypatch, 2)
    with Joined() as depots, ThreadPoolExecutor(2) as threads:
        both = [each.result(PATIENCE_S) for each in [threads.submit(depots.get, "slow") for _ in range(2)]]
        assert both[0] is both[1] is depots.get("slow")
        assert sorted(each.closed for each in slow.gave) == [False, True]
        assert both[0] is not None
        assert not both[0].closed
    assert all(each.closed for each in slow.gave)


def test_what_is_joined_while_all_is_closed_is_closed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowJoin(monkeypatch, 2)
    with ThreadPoolExecutor(1) as threads:
        depots = Joined()
        waiting = threads.submit(depots.get, "slow")
        assert slow.came.wait(PATIENCE_S)
        depots.close()
        slow.all_came.wait(PATIENCE_S)
        with pytest.raises(ClosedError):
            waiting.result(PATIENCE_S)
    assert [each.closed for each in slow.gave] == [True]


def test_a_depot_that_was_made_anew_is_joined_anew() -> None:
    with Joined() as depots:
        with Depot.create("remade", slots=1, shape=(2, 2)):
            old = depots.get("remade")
            assert old is not None
            assert depots.get("remade") is old
        with Depot.create("remade", slots=1, shape=(2, 2), replace="always"):
            new = depots.get("remade")
            assert new is not None
            assert new is not old
            assert old.closed
            new.close()  # as a fault would: it is joined once more
            assert depots.get("remade") not in (None, new)
        assert depots.get("") is None


def test_a_depot_that_is_gone_is_let_go() -> None:
    with Joined() as depots:
        made = Depot.create("gone", slots=1, shape=(2, 2))
        old = depots.get("gone")
        assert old is not None
        made.unlink()
        made.close()
        assert depots.get("gone") is None
        assert old.closed
        assert depots.get("never was") is None
