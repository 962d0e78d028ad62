"""Putting frames in and getting them out, on one handle and on two."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rushes import Box, ClosedError, ConfigError, Depot, Frame, FrameError
from tests.support.pictures import picture, shows

Make = Callable[..., Depot]


def test_what_was_put_comes_back_whole(make: Make, attach: Make) -> None:
    depot = make("whole")
    figures = (Box(0.1, 0.2, 0.3, 0.4, label="cat"),)
    given = Frame(
        picture(7),
        41,
        captured_ns=123,
        channel="gate",
        track="edges",
        meta={"gain": 1.5, "raw": b"x"},
        figures=figures,
    )
    result = depot.put(given)
    assert (result.stored, result.sequence, result.number, result.evicted, result.reason) == (
        True,
        0,
        41,
        None,
        None,
    )
    reader = attach("whole")
    lease = reader.newest()
    assert lease is not None
    assert (lease.number, lease.sequence, lease.captured_ns, lease.format) == (41, 0, 123, "bgr24")
    assert lease.meta == {"gain": 1.5, "raw": b"x"}
    copy = lease.copy()
    assert shows(copy.array, 7)
    assert (copy.channel, copy.track, copy.figures) == ("gate", "edges", figures)
    assert copy.array.flags.writeable


def test_the_caller_may_reuse_its_buffer_at_once(make: Make) -> None:
    depot = make()
    buffer = picture(1)
    depot.put(buffer)
    buffer[:] = 99
    lease = depot.newest()
    assert lease is not None
    assert shows(lease.array, 1)


def test_numbers_are_counted_from_zero_and_dropped_frames_leave_holes(make: Make) -> None:
    depot = make(slots=2, when_full="drop_newest")
    numbers = [depot.put(picture(k)).number for k in range(3)]
    assert numbers == [0, 1, 2]
    depot.clear()
    assert depot.put(picture(3)).number == 3
    assert depot.get(2) is None


@pytest.mark.parametrize("number", [0, 1, 2**63, 2**64 - 1])
def test_any_unsigned_number_is_found_again(make: Make, number: int) -> None:
    depot = make()
    assert depot.put(picture(5), number).number == number
    lease = depot.get(number)
    assert lease is not None
    assert lease.number == number


def test_a_repeated_number_gives_its_newest_holder(make: Make) -> None:
    depot = make()
    for value, number in ((1, 9), (2, 3), (3, 9)):
        depot.put(picture(value), number)
    lease = depot.get(9)
    assert lease is not None
    assert shows(lease.array, 3)


def test_next_gives_each_frame_once_and_newest_oldest_the_ends(make: Make) -> None:
    depot = make()
    for k in range(6):
        depot.put(picture(k), 100 - k)
    seen = []
    after = -1
    while (lease := depot.next(after, timeout_s=0)) is not None:
        seen.append(lease.number)
        after = lease.sequence
    assert seen == [98, 97, 96, 95]
    newest, oldest = depot.newest(), depot.oldest()
    assert newest is not None
    assert oldest is not None
    assert (newest.sequence, oldest.sequence, depot.head, len(depot), depot.full) == (5, 2, 5, 4, True)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float16", "float32", "float64", "bool", "complex64"])
def test_every_plain_dtype_survives(make: Make, dtype: str) -> None:
    depot = make(shape=(3, 4, 5), dtype=dtype)
    array = np.arange(60).reshape(3, 4, 5).astype(dtype)
    depot.put(array)
    lease = depot.newest()
    assert lease is not None
    assert lease.array.dtype == array.dtype
    np.testing.assert_array_equal(lease.array, array)


@pytest.mark.parametrize("view", [np.s_[::-1], np.s_[:, ::2], np.s_[..., 1]])
def test_strided_arrays_are_stored_as_they_look(make: Make, view: Any) -> None:
    array = np.random.default_rng(1).integers(0, 255, (8, 8, 3), np.uint8)[view]
    depot = make(shape=None, slot_bytes=200)
    assert depot.put(array).stored
    lease = depot.newest()
    assert lease is not None
    np.testing.assert_array_equal(lease.array, array)
    assert lease.array.flags.c_contiguous


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
        np.zeros((8, 8, 3), object),
        np.zeros((8, 8, 3), ">u2"),
        [[1, 2], [3, 4]],
        None,
    ],
)
def test_what_does_not_fit_is_a_frame_error_and_counts_nothing(make: Make, bad: object) -> None:
    depot = make()
    with pytest.raises(FrameError):
        depot.put(bad)  # type: ignore[arg-type]
    stats = depot.stats()
    assert (stats.offered, stats.held) == (0, 0)


def test_a_frame_larger_than_the_slot_is_refused(make: Make) -> None:
    depot = make(shape=None, slot_bytes=100)
    with pytest.raises(FrameError, match="a slot holds 1 to 100"):
        depot.put(np.zeros(101, np.uint8))
    assert depot.put(np.zeros(100, np.uint8)).stored


@pytest.mark.parametrize("number", [-1, 2**64, 1.5, "7", True])
def test_numbers_out_of_range_are_refused(make: Make, number: object) -> None:
    with pytest.raises(FrameError):
        make().put(picture(1), number)  # type: ignore[arg-type]


@pytest.mark.parametrize("meta", [{"big": b"x" * 3000}, {"odd": object()}])
def test_metadata_that_does_not_fit_is_refused(make: Make, meta: dict[str, object]) -> None:
    depot = make()
    with pytest.raises(FrameError, match="metadata"):
        depot.put(picture(1), meta=meta)
    assert depot.stats().offered == 0


def test_views_are_read_only_and_keep_their_slot(make: Make) -> None:
    depot = make(slots=2)
    depot.put(picture(1))
    lease = depot.newest()
    assert lease is not None
    view = lease.array[2:4]
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1
    with pytest.raises(ValueError):
        lease.array.setflags(write=True)
    lease.release()
    for k in range(2, 12):
        depot.put(picture(k))
    assert shows(view, 1), "the slot was re-used under a living slice"
    assert [info.count for info in depot.leases()] == [1]
    del view
    gc.collect()
    assert depot.leases() == []


def test_a_released_lease_says_so(make: Make) -> None:
    depot = make()
    depot.put(picture(1))
    lease = depot.newest()
    assert lease is not None
    with lease:
        assert lease.number == 0
    lease.release()
    with pytest.raises(ClosedError):
        _ = lease.array
    with pytest.raises(ClosedError):
        _ = lease.number


def test_views_outlive_the_handle(make: Make, attach: Make) -> None:
    depot = make("outlive")
    depot.put(picture(3))
    reader = attach("outlive")
    lease = reader.newest()
    assert lease is not None
    view = lease.array
    reader.close()
    for k in range(20):
        depot.put(picture(50 + k))
    assert shows(view, 3)


def test_use_after_close_is_a_closed_error(make: Make) -> None:
    depot = make()
    depot.close()
    depot.close()
    for call in (
        lambda: depot.put(picture(1)),
        depot.newest,
        depot.stats,
        lambda: len(depot),
        lambda: depot.frames(),
        depot.clear,
    ):
        with pytest.raises(ClosedError):
            call()
    with pytest.raises(ClosedError):
        depot.__enter__()


def test_a_read_only_handle_cannot_write(make: Make, attach: Make) -> None:
    make("readonly")
    reader = attach("readonly")
    for call in (lambda: reader.put(picture(1)), reader.loan, reader.clear):
        with pytest.raises(ConfigError, match="mode='rw'"):
            call()


def test_a_pickled_depot_attaches(make: Make) -> None:
    for name in ("pickled", None):
        depot = make(name)
        depot.put(picture(4))
        with pickle.loads(pickle.dumps(depot)) as other:
            lease = other.newest()
            assert shows(lease.array, 4)
            assert other.put(picture(5)).sequence == 1
            del lease


def test_a_loan_is_drawn_in_place(make: Make) -> None:
    depot = make()
    with depot.loan() as loan:
        loan.array[:] = 8
        result = loan.publish(5, captured_ns=77, meta={"a": 1})
        with pytest.raises(ValueError, match="read-only"):
            loan.array[:] = 9
    assert (result.sequence, result.number) == (0, 5)
    lease = depot.get(5)
    assert lease is not None
    assert (lease.captured_ns, lease.meta) == (77, {"a": 1})
    assert shows(lease.array, 8)


def test_a_loan_publishes_at_the_end_and_abandons_on_an_error(make: Make) -> None:
    depot = make(slots=2)
    with depot.loan() as loan:
        loan.array[:] = 1
    assert loan.result is not None
    assert loan.result.stored
    with pytest.raises(ZeroDivisionError), depot.loan() as loan:
        _ = 1 // 0
    with pytest.raises(ClosedError):
        loan.publish()
    stats = depot.stats()
    assert (stats.offered, stats.stored, stats.held) == (1, 1, 1)
    assert all(depot.put(picture(k)).stored for k in range(4))


def test_clear_forgets_but_never_under_a_lease(make: Make) -> None:
    depot = make(slots=3)
    for k in range(3):
        depot.put(picture(k))
    lease = depot.get(1)
    assert lease is not None
    view = lease.array
    assert depot.clear() == 3
    assert (len(depot), depot.newest(), depot.get(1)) == (0, None, None)
    for k in range(10, 20):
        assert depot.put(picture(k)).stored
    assert shows(view, 1)
    stats = depot.stats()
    assert stats.cleared == 3
    assert stats.adds_up
