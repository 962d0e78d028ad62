"""Readers whose writer was killed are told so; those of a writer that lives, or that left in order, wait on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from rushes import Depot, WriterGone
from tests.support.pictures import picture
from tests.support.processes import script

Make = Callable[..., Depot]

CREATOR = """
    depot = Depot.create(sys.argv[1], slots=2, shape=(8, 8, 3))
    print("made", flush=True)
    time.sleep(600)
"""
WRITER = """
    depot = Depot.attach(sys.argv[1], mode="rw", wait_s=30)
    print("attached", flush=True)
    input()
    depot.put(picture(1))
    print("written", flush=True)
    time.sleep(600)
"""


def test_next_raises_when_the_only_writer_was_killed(make: Make) -> None:
    depot = make("orphaned")
    with script(WRITER, "orphaned") as writer:
        assert writer.line() == "attached"
        writer.say()
        assert writer.line() == "written"
        writer.kill()
    lease = depot.next(-1, timeout_s=10)
    assert lease is not None, "what the dead writer left is still read"
    with pytest.raises(WriterGone) as gone:
        depot.next(0, timeout_s=30)
    assert gone.value.sequence == 0
    with pytest.raises(WriterGone):
        depot.wait(0, None)
    assert not depot.wait(0, 0.3), "whoever gives a time gets an answer by then"
    depot.put(picture(2))
    assert depot.next(0, timeout_s=0) is not None
    assert depot.next(1, timeout_s=0.3) is None, "there is a writer again"


def test_a_blocked_reader_is_told_when_the_creator_is_killed_before_its_first_put(
    core: str, attach: Make
) -> None:
    with ThreadPoolExecutor(2) as threads, script(CREATOR, "stillborn") as creator:
        assert creator.line() == "made"
        depot = attach("stillborn")
        blocked = threads.submit(depot.next, -1, timeout_s=20)
        awaiting = threads.submit(lambda: asyncio.run(depot.anext(-1, timeout_s=20)))
        assert depot.next(-1, timeout_s=0.3) is None, "it lives, and may write"
        creator.kill()
        for waiting in (blocked, awaiting):
            with pytest.raises(WriterGone, match="before its first frame") as gone:
                waiting.result()
            assert gone.value.sequence == -1
        with pytest.raises(WriterGone):
            next(depot.frames())


def test_a_writer_that_comes_after_the_creators_death_is_waited_for(core: str, attach: Make) -> None:
    with script(CREATOR, "inherited") as creator:
        assert creator.line() == "made"
        depot = attach("inherited")
        creator.kill()
    with pytest.raises(WriterGone):
        depot.next(-1, timeout_s=20)
    with script(WRITER, "inherited") as writer:
        assert writer.line() == "attached"
        assert depot.next(-1, timeout_s=0.3) is None
        writer.say()
        assert depot.next(-1, timeout_s=20) is not None


def test_a_writer_attached_before_the_creators_death_is_waited_for(core: str, attach: Make) -> None:
    with script(CREATOR, "handed") as creator, script(WRITER, "handed") as writer:
        assert creator.line() == "made"
        assert writer.line() == "attached"
        depot = attach("handed")
        creator.kill()
        assert depot.next(-1, timeout_s=0.3) is None
        writer.say()
        assert depot.next(-1, timeout_s=20) is not None


def test_a_living_creator_may_still_write_when_another_writer_was_killed_before_its_first_put(
    make: Make, attach: Make
) -> None:
    made = make("watched")
    depot = attach("watched")
    with script(WRITER, "watched") as writer:
        assert writer.line() == "attached"
        writer.kill()
    assert depot.next(-1, timeout_s=0.3) is None
    made.put(picture(1))
    assert depot.next(-1, timeout_s=0) is not None


def test_a_writer_that_left_in_order_is_not_gone(make: Make, attach: Make) -> None:
    depot = make("orderly")
    writer = attach("orderly", mode="rw")
    writer.put(picture(1))
    writer.close()
    assert depot.next(0, timeout_s=0.3) is None


def test_a_depot_that_nobody_has_open_for_writing_is_waited_on(make: Make, attach: Make) -> None:
    make("ownerless", persistent=True).close()
    depot = attach("ownerless")
    with script(
        "Depot.attach(sys.argv[1]); print('reads', flush=True); time.sleep(600)", "ownerless"
    ) as reader:
        assert reader.line() == "reads"
        reader.kill()
    assert depot.next(-1, timeout_s=0.3) is None
    depot.unlink()


def test_who_left_in_order_after_another_was_killed_is_not_gone(core: str, attach: Make) -> None:
    with script(CREATOR, "repaired") as creator:
        assert creator.line() == "made"
        depot = attach("repaired")
        second = attach("repaired", mode="rw")
        creator.kill()
    second.close()
    assert depot.next(-1, timeout_s=0.3) is None
