"""When a shot is tried again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rushes.errors import ConfigError, DeadlineExceeded, JobCancelled
from rushes.shots.task import NotDue, TryAgain


def trying(*, due_in_s=0.0, error=None, tries=1, spent=False, lasting=False) -> TryAgain:
    share = SimpleNamespace(error=error, tries=tries, spent=lambda most: spent)
    task: Any = SimpleNamespace(wait_s=lambda: due_in_s, share=share, lasting=lasting, max_tries=3)
    return TryAgain(task)


@pytest.mark.parametrize(
    ("error", "options", "wanted"),
    [
        (OSError(), {}, True),
        (OSError(), {"spent": True}, False),
        (OSError(), {"lasting": True}, False),
        (JobCancelled("no"), {}, False),
        (ConfigError("no"), {}, False),
        (KeyboardInterrupt(), {}, False),
        (NotDue(), {"spent": True, "lasting": True}, True),
    ],
)
def test_whether(error, options, wanted):
    assert trying(**options).wants(error) is wanted


def test_when():
    assert trying(due_in_s=7.5).delay_s(1, 0.3) == 7.5
    assert trying(error=DeadlineExceeded("late")).delay_s(1, 0.3) == 0.0  # it has waited already
    assert [trying(error=OSError(), tries=tries).delay_s(9, 0.3) for tries in (1, 2, 3, 9)] == [
        0.1,
        0.2,
        0.4,
        1.0,
    ]
