from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ConfigError
from rushes.moments import from_ns, to_ns

T = 1_700_000_000


def test_seconds_and_datetimes_of_any_zone_are_one_moment():
    aware = datetime.fromtimestamp(T + 0.25, timezone(timedelta(hours=5)))
    naive = datetime.fromtimestamp(T + 0.25)
    assert to_ns(T + 0.25) == to_ns(aware) == to_ns(naive) == T * 10**9 + 250_000_000
    assert to_ns(T) == T * 10**9
    assert to_ns(0) == 0


@pytest.mark.parametrize(
    "wrong", [None, True, "now", float("nan"), float("inf"), 1e300, 10**30, T * 10**9, [T]]
)
def test_anything_else_is_refused(wrong):
    with pytest.raises(ConfigError, match="begin") as caught:
        to_ns(wrong, option="begin")
    assert caught.value.option == "begin"


@given(st.integers(0, 4 * 10**18))
def test_there_and_back_within_a_microsecond(t_ns):
    assert from_ns(t_ns).tzinfo is UTC
    assert to_ns(from_ns(t_ns)) == t_ns // 1000 * 1000
    # A timestamp in seconds loses less than a microsecond at dates of our time.
    assert abs(to_ns(t_ns / 1e9) - t_ns) <= 1000 + t_ns // 2**52
