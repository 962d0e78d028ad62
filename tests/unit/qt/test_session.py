"""A recording that cannot begin says why."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack

import pytest

from rushes.capture.recorder import Recorder
from rushes.qt.session import Session


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "disk full"), (errno.EDQUOT, "disk full"), (errno.EACCES, "source lost")],
)
def test_no_room_to_begin_with_is_a_full_disk(number: int, reason: str) -> None:
    def opener(held: ExitStack) -> Recorder:
        raise OSError(number, os.strerror(number))

    session = Session(opener)
    assert session.run().reason == reason
    assert isinstance(session.error, OSError)
    assert session.wait(0)
