"""What happens to a frame that finds the depot full, and that the ledger tells it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rushes import ConfigError, Depot, DepotError, DepotFull, DepotStats, UnknownName
from tests.support.pictures import picture, shows

Make = Callable[..., Depot]


def fill(depot: Depot, count: int) -> list[str | None]:
    return [depot.put(picture(k)).reason for k in range(count)]


def test_drop_oldest_evicts_in_order(make: Make) -> None:
    depot = make(slots=3)
    assert [depot.put(picture(k)).evicted for k in range(5)] == [None, None, None, 0, 1]
    stats = depot.stats()
    assert (stats.offered, stats.stored, stats.held, stats.evicted, dict(stats.dropped)) == (5, 5, 3, 2, {})
    assert stats.adds_up


def test_drop_oldest_passes_leased_frames_over_and_refuses_when_all_are(make: Make) -> None:
    depot = make(slots=2)
    fill(depot, 2)
    first = depot.get(0)
    assert depot.put(picture(2)).evicted == 1
    second = depot.newest()
    result = depot.put(picture(3))
    assert (result.stored, result.reason, result.number) == (False, "leased", 3)
    with pytest.raises(DepotFull) as refused:
        depot.loan()
    assert refused.value.reason == "leased"
    assert first is not None
    first.release()
    assert depot.put(picture(4)).evicted == 0
    assert second is not None
    stats = depot.stats()
    assert dict(stats.dropped) == {"leased": 2}
    assert stats.adds_up


def test_drop_newest_refuses_until_cleared_or_acknowledged(make: Make) -> None:
    depot = make(slots=2, when_full="drop_newest")
    assert fill(depot, 4) == [None, None, "full", "full"]
    assert [lease.number for _, lease in zip(range(2), depot.frames("oldest"), strict=False)] == [0, 1]
    assert depot.put(picture(9)).reason == "full"
    depot.clear()
    assert depot.put(picture(9)).stored
    depot.ack(depot.head)
    assert fill(depot, 2) == [None, None]
    assert depot.stats().adds_up


def test_block_without_a_consumer_says_so_at_once(make: Make) -> None:
    depot = make(slots=2, when_full="block")
    assert fill(depot, 3) == [None, None, "no consumer"]
    assert depot.put(picture(3), timeout_s=30).reason == "no consumer"
    with pytest.raises(DepotFull) as refused:
        depot.loan(timeout_s=30)
    assert refused.value.reason == "no consumer"
    assert depot.stats().adds_up


def test_block_waits_its_time_and_stores_nothing_when_it_says_so(make: Make) -> None:
    depot = make(slots=2, when_full="block")
    reader = depot.frames("oldest", lossless=True)
    assert fill(depot, 2) == [None, None]
    began = time.monotonic()
    result = depot.put(picture(9), timeout_s=0.3)
    assert time.monotonic() - began >= 0.3
    assert (result.stored, result.reason) == (False, "timeout")
    assert [next(reader).number, next(reader).number] == [0, 1]
    assert depot.put(picture(9), timeout_s=0).stored, "asking for frame 1 acknowledged frame 0"
    assert depot.put(picture(9), timeout_s=0).reason == "timeout", "frame 1 is not acknowledged yet"
    stats = depot.stats()
    assert dict(stats.dropped) == {"timeout": 2}
    assert stats.adds_up
    assert stats.consumers[0].waiting == 1


def test_block_with_an_acknowledging_reader_loses_nothing(make: Make, attach: Make) -> None:
    depot = make("lossless", slots=3, when_full="block")
    reader = attach("lossless")
    frames = reader.frames("oldest", lossless=True, name="archive")
    seen: list[int] = []

    def read() -> None:
        for lease in frames:
            assert shows(lease.array, lease.number)
            seen.append(lease.number)
            if lease.number == 499:
                return

    thread = threading.Thread(target=read)
    thread.start()
    for k in range(500):
        assert depot.put(picture(k), k).stored
    thread.join(60)
    assert seen == list(range(500))
    (consumer,) = depot.stats().consumers
    assert (consumer.name, consumer.seen, consumer.missed, consumer.waiting, consumer.lossless) == (
        "archive",
        500,
        0,
        0,
        True,
    )
    frames.close()
    assert depot.stats().consumers == ()


def test_a_blocked_put_goes_on_when_the_last_consumer_leaves(make: Make) -> None:
    depot = make(slots=1, when_full="block")
    reader = depot.frames("oldest", lossless=True)
    depot.put(picture(0))
    answers: list[str | None] = []
    thread = threading.Thread(target=lambda: answers.append(depot.put(picture(1)).reason))
    thread.start()
    reader.close()
    thread.join(30)
    assert answers == ["no consumer"]


def test_ack_protects_what_a_reader_by_hand_has_not_seen(make: Make) -> None:
    depot = make(slots=2, when_full="block")
    depot.ack(-1)
    assert fill(depot, 2) == [None, None]
    assert depot.put(picture(2), timeout_s=0).reason == "timeout"
    depot.ack(0)
    assert depot.put(picture(2), timeout_s=0).evicted == 0


@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        ("drop_oldest", [None] * 3),
        ("drop_newest", [None, None, "full"]),
        ("block", [None, None, "no consumer"]),
    ],
)
def test_a_function_is_asked_when_full_and_only_then(
    make: Make, answer: str, reasons: list[str | None]
) -> None:
    asked: list[DepotStats] = []

    def choose(stats: DepotStats) -> str:
        asked.append(stats)
        return answer

    depot = make(slots=2, when_full=choose)
    assert fill(depot, 3) == reasons
    assert [stats.held for stats in asked] == [2]
    assert depot.stats().adds_up


def test_a_function_may_use_the_depot_it_is_asked_about(make: Make) -> None:
    depots: list[Depot] = []

    def choose(stats: DepotStats) -> str:
        depots[0].clear()
        return "drop_newest"

    depots.append(make(slots=2, when_full=choose))
    assert fill(depots[0], 3) == [None, None, None]


def test_wrong_answers_and_async_functions_in_put_are_errors(make: Make) -> None:
    async def later(stats: DepotStats) -> str:
        return "drop_oldest"

    for function, message in ((lambda stats: "maybe", "maybe"), (later, "aput")):
        depot = make(slots=1, when_full=function)
        depot.put(picture(0))
        with pytest.raises(ConfigError, match=message):
            depot.put(picture(1))


def test_an_async_function_is_awaited_by_aput(make: Make) -> None:
    async def later(stats: DepotStats) -> str:
        await asyncio.sleep(0)
        return "drop_oldest"

    depot = make(slots=1, when_full=later)

    async def run() -> list[bool]:
        return [(await depot.aput(picture(k))).stored for k in range(3)]

    assert asyncio.run(run()) == [True, True, True]
    assert depot.stats().evicted == 2


def test_another_handle_of_a_function_depot_says_who_can_put(make: Make, attach: Make) -> None:
    depot = make("asking", slots=1, when_full=lambda stats: "drop_oldest")
    writer = attach("asking", mode="rw")
    assert writer.put(picture(0)).stored
    with pytest.raises(ConfigError, match="creator"):
        writer.put(picture(1))
    assert depot.put(picture(1)).stored


def test_spilled_frames_stay_reachable(make: Make, attach: Make, disk: Path) -> None:
    depot = make("spilling", slots=2, when_full="spill", spill_dir=disk, spill_bytes=8 << 20)
    reader = attach("spilling")
    for k in range(20):
        assert depot.put(picture(k), 1000 + k, meta={"k": k}).stored
    for handle in (depot, reader):
        lease = handle.get(1003)
        assert lease is not None
        assert shows(lease.array, 3)
        assert (lease.sequence, lease.meta) == (3, {"k": 3})
        frames = handle.frames("oldest")
        assert [next(frames).number for _ in range(20)] == [1000 + k for k in range(20)]
        assert frames.missed == 0
    stats = depot.stats()
    assert (stats.held, stats.spilled, stats.evicted) == (2, 18, 0)
    assert stats.adds_up
    assert depot.clear() == 20
    assert (depot.get(1003), depot.oldest()) == (None, None)
    assert depot.stats().adds_up


def test_a_full_spill_lets_its_oldest_go_and_its_file_never_grows(make: Make, disk: Path) -> None:
    one = 1 << 20
    depot = make(slots=2, shape=(one,), when_full="spill", spill_dir=disk, spill_bytes=4 * one + (300 << 10))
    (file,) = disk.iterdir()
    size = file.stat().st_size
    assert size <= 4 * one + (300 << 10)
    for k in range(12):
        assert depot.put(np.full(one, k, np.uint8)).stored
    stats = depot.stats()
    assert stats.spilled in (3, 4)
    assert stats.evicted == 10 - stats.spilled
    assert stats.adds_up
    assert file.stat().st_size == size
    depot.close()
    assert list(disk.iterdir()) == []


def test_spill_refuses_when_every_frame_is_leased(make: Make, disk: Path) -> None:
    depot = make(slots=2, when_full="spill", spill_dir=disk, spill_bytes=8 << 20)
    fill(depot, 2)
    leases = [depot.get(0), depot.get(1)]
    assert depot.put(picture(2)).reason == "leased"
    del leases
    assert depot.put(picture(3)).stored
    stats = depot.stats()
    assert (stats.held, stats.spilled, dict(stats.dropped)) == (2, 1, {"leased": 1})
    assert stats.adds_up


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"when_full": "spill"}, "spill_dir"),
        ({"when_full": "spill", "spill_dir": "/nowhere-at-all"}, "not a folder"),
        ({"spill_dir": "/tmp"}, "when_full='spill'"),
        ({"when_full": "drop_older"}, "did you mean 'drop_oldest'"),
        ({"slots": 0}, "slots must be"),
        ({"participants": 5000}, "participants must be"),
        ({"shape": None}, "slot_bytes"),
        ({"shape": (0, 4)}, "dimensions"),
        ({"shape": (1, 2, 3, 4, 5)}, "dimensions"),
        ({"slot_bytes": 3}, "less than one frame"),
        ({"dtype": "nonsense"}, "nonsense"),
        ({"replace": "yes"}, "replace"),
        ({"name": "../evil"}, "depot name"),
        ({"name": ""}, "depot name"),
    ],
)
def test_wrong_options_are_config_errors_that_name_the_remedy(
    make: Make, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make(**options)


def test_unknown_policies_list_the_known_ones(make: Make) -> None:
    with pytest.raises(UnknownName) as wrong:
        make(when_full="wait")
    assert set(wrong.value.known) == {"drop_oldest", "drop_newest", "block", "spill"}


def test_too_little_memory_is_told_before_anything_is_taken(make: Make) -> None:
    with pytest.raises(DepotError, match="MiB"):
        make("huge", slots=16384, shape=None, slot_bytes=1 << 30)
    with pytest.raises(DepotError, match="MiB"):
        make(None, slots=16384, shape=None, slot_bytes=1 << 38)
