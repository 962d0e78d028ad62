"""Making the depot of a channel, once its source has said how large its pictures are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rushes.depot import Depot
from rushes.errors import DepotError
from rushes.limits import format_size
from rushes.station.plan import depot_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.station.messages import Opened
    from rushes.station.plan import ChannelPlan

__all__ = ["make_depot", "make_figures"]

_FEWEST_SLOTS = 4
_SPILL_BYTES = 256 << 20
_FIGURES_SLOTS = 32


def make_depot(
    plan: ChannelPlan, name: str, opened: Opened, room: int | None, say: Callable[[str], object]
) -> Depot:
    """The depot ``name``, of as many slots as ``room`` bytes allow up to those planned, which is said aloud.

    DepotError where that is next to none, and when it cannot be made.
    """
    shape = depot_shape(opened.width, opened.height, plan.format)
    slots = _slots(plan, math.prod(shape), room, say)
    try:
        depot = _create(plan, name, slots, shape)
    except OSError as error:
        raise DepotError(str(error)) from error
    by = f" by {opened.backend}" if opened.backend else ""
    say(
        f"{plan.name}: {opened.width}x{opened.height}@{opened.fps:g} {plan.format}{by} -> depot {name} "
        f"[{slots} slots, {slots * (depot.slot_bytes or 0) >> 20} MiB]"
    )
    return depot


def make_figures(name: str) -> Depot:
    """The depot ``name`` for what workers find: its frames carry figures and hardly a picture."""
    return Depot.create(name, slots=_FIGURES_SLOTS, shape=(1, 1), replace="stale")


def _slots(plan: ChannelPlan, frame_bytes: int, room: int | None, say: Callable[[str], object]) -> int:
    if room is None or room >= plan.slots * frame_bytes:
        return plan.slots
    slots = room // frame_bytes
    if slots < _FEWEST_SLOTS:
        raise DepotError(
            f"no memory for its depot: {_FEWEST_SLOTS} frames of {format_size(frame_bytes)} are the least, and the "
            f"budget has {format_size(room)} left; raise budget.memory or lower the slots of other channels"
        )
    say(f"{plan.name}: {slots} slots instead of {plan.slots}, to keep within the budget of memory")
    return slots


def _create(plan: ChannelPlan, name: str, slots: int, shape: tuple[int, ...]) -> Depot:
    if plan.spill is not None:
        Path(plan.spill).mkdir(parents=True, exist_ok=True)
    return Depot.create(
        name,
        slots=slots,
        shape=shape,
        replace="stale",
        when_full=cast("Any", plan.when_full),
        spill_dir=plan.spill,
        spill_bytes=_SPILL_BYTES,
    )
