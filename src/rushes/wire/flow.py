"""What becomes of each number between a sender and a reader (pure).

:class:`Gaps` tells which numbers never came, :class:`Ring` keeps the newest while a reader is slow, and
:class:`Reorder` puts them in order again. Put one behind the other they lose nothing without a count::

    expected = delivered + missing ("wire") + stale + late + bad + waiting
"""

from __future__ import annotations

from rushes.wire.gaps import Gap, GapCounts, Gaps, Seen, Sequence
from rushes.wire.reorder import Reorder
from rushes.wire.ring import Ring

__all__ = ["Gap", "GapCounts", "Gaps", "Reorder", "Ring", "Seen", "Sequence"]
