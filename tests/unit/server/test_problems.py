"""Problems as stations pass them on to one another."""

from __future__ import annotations

import msgspec
import pytest

from rushes.errors import NoSuchMoment, QueueFull
from rushes.server.problems import moment_of, problem_of, read_problem


@pytest.mark.parametrize(("before", "after"), [(None, 7_500_000_000), (1_000_000_000, None), (None, None)])
def test_a_missing_moment_is_the_same_error_at_another_station(before, after):
    status, problem = problem_of(NoSuchMoment("nothing then", before_ns=before, after_ns=after))
    heard = read_problem(status, msgspec.json.encode(problem))
    error = moment_of(heard, "yard")
    assert error is not None
    assert (str(error), error.before_ns, error.after_ns, error.channel) == (
        "nothing then",
        before,
        after,
        "yard",
    )


def test_another_problem_is_no_missing_moment():
    status, problem = problem_of(QueueFull("full"))
    heard = read_problem(status, msgspec.json.encode(problem))
    assert heard == problem
    assert moment_of(heard, "yard") is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 3}', b"\xff"])
def test_what_cannot_be_understood_is_told_by_its_status(body):
    assert read_problem(502, body).error == "status 502"
