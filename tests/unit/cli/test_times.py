from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.cli.times import local, parse_time
from rushes.errors import ConfigError

NOW = datetime(2026, 3, 4, 12, 30, 15, 250_000, tzinfo=UTC)


def parsed(text):
    found = parse_time(text, option="--at", now=NOW)
    assert found.tzinfo is not None
    return found


def test_the_ways_to_write_a_moment():
    today = NOW.astimezone().date()
    assert parsed("now") == NOW
    assert parsed("-90s") == parsed("-1.5min") == NOW - timedelta(seconds=90)
    assert parsed("2026-03-04T05:06:07.25Z") == datetime(2026, 3, 4, 5, 6, 7, 250_000, tzinfo=UTC)
    assert parsed("2026-03-04 05:06") == datetime(2026, 3, 4, 5, 6).astimezone()
    assert parsed("2026-03-04") == datetime(2026, 3, 4).astimezone()
    assert (
        parsed("14:03:07.2") == datetime(today.year, today.month, today.day, 14, 3, 7, 200_000).astimezone()
    )
    assert parsed("1700000000.5") == datetime.fromtimestamp(1_700_000_000.5, UTC)


def test_a_time_of_day_with_a_zone_is_of_the_day_there():
    late = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # the next day has begun there
    found = parse_time("01:15+03:00", option="--at", now=late)
    assert found == datetime(2026, 3, 4, 22, 15, tzinfo=UTC)
    assert parse_time("22:15Z", option="--at", now=late) == found


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.timezones()))
def test_what_python_writes_of_a_moment_is_read_back(moment):
    text = moment.isoformat()
    try:
        wanted = datetime.fromisoformat(text)
    except ValueError:  # old zones have odd seconds
        return
    assert parse_time(text, option="--at", now=NOW) == wanted


@given(st.integers(0, 4_000_000_000_000))
def test_seconds_since_1970_to_the_millisecond(t_ms):
    found = parse_time(f"{t_ms / 1000:.3f}", option="--at", now=NOW)
    assert round(found.timestamp() * 1000) == t_ms


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "min", "h", "d"]))
def test_ago(number, unit):
    seconds = number * {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}[unit]
    try:
        wanted = NOW - timedelta(seconds=seconds)
    except OverflowError:
        with pytest.raises(ConfigError):
            parsed(f"-{number}{unit}")
        return
    assert parsed(f"-{number}{unit}") == wanted


@pytest.mark.parametrize(
    "text", ["", "soon", "-", "-5", "-5 parsecs", "25:00", "2026-13-01", "1e400", "9" * 30, "--5s"]
)
def test_anything_else_is_refused_with_examples(text):
    with pytest.raises(ConfigError, match="--at") as caught:
        parsed(text)
    assert caught.value.option == "--at"


@given(st.text(max_size=30))
def test_whatever_is_written_is_a_moment_or_a_config_error(text):
    with contextlib.suppress(ConfigError):
        parsed(text)


def test_moments_for_people():
    t_ns = int(datetime(2026, 3, 4, 5, 6, 7).timestamp()) * 10**9 + 890_000_000
    assert local(t_ns) == "2026-03-04 05:06:07.8"
    assert local(None) == "-"
