"""What every core of the depot must keep, as tests to inherit: one class per core, each naming its module.

::

    class TestMine(CoreContract):
        core_module = "my.core"
        core_kind = layout.CORE_NATIVE

Only the protocol of ``rushes._native.core`` is used, so whatever passes here serves a ``Depot``. The tests of
one process are in ``depot_core_ring`` and ``depot_core_lease``, those of several and of their deaths in
``depot_core_death``.
"""

from __future__ import annotations

from rushes.testing.depot_core_bench import CoreBench
from rushes.testing.depot_core_death import DeathContract
from rushes.testing.depot_core_lease import LeaseContract
from rushes.testing.depot_core_ring import RingContract

__all__ = ["CoreBench", "CoreContract"]


class CoreContract(RingContract, LeaseContract, DeathContract):
    """All of it."""
