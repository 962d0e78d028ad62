from __future__ import annotations

import pytest

from rushes.wire.monitor import REFUSED_S, SILENT_S, UNTENDED_S, Happening, Peers


def test_a_peer_comes_and_goes() -> None:
    peers = Peers()
    assert peers.note("connected", 5, 0.0) is None
    assert peers.note("ready", 0, 0.1) == "up"
    assert peers.up == 1
    assert peers.note("disconnected", 5, 1.0) == "down"
    assert peers.up == 0


def test_a_failed_greeting_takes_no_peer_away() -> None:
    peers = Peers()
    for number in (5, 6):
        peers.note("connected", number, 0.0)
    peers.note("ready", 0, 0.1)
    assert peers.note("refused", 0, 0.1) == "failed"
    assert peers.note("disconnected", 6, 0.2) is None
    assert peers.up == 1


def test_refusals_count_in_a_row_only() -> None:
    peers = Peers()
    for _ in range(2):
        peers.note("connected", 5, 0.0)
        peers.note("broken", 0, 0.1)
        peers.note("disconnected", 5, 0.1)
    assert peers.refusals == 2
    peers.note("connected", 5, 0.2)
    peers.note("ready", 0, 0.2)
    assert peers.refusals == 0


@pytest.mark.parametrize("how", ["broken", "refused"])
def test_nobody_is_denied_by_what_passes_within_a_moment(how: Happening) -> None:
    peers = Peers()
    for at in range(40):
        peers.note("connected", 5, at / 10)
        peers.note(how, 0, at / 10)
        peers.note("disconnected", 5, at / 10)
        assert peers.denied(at / 10) == (at / 10 >= REFUSED_S)


def test_keys_that_fitted_are_not_doubted_for_connections_that_break() -> None:
    """As at a tunnel whose server is being started again; a refusal that says so is another thing."""
    peers = Peers()
    peers.note("connected", 5, 0.0)
    peers.note("ready", 0, 0.0)
    for at in range(1, 10):
        peers.note("connected", 5, at)
        peers.note("broken", 0, at)
        peers.note("disconnected", 5, at)
    assert not peers.denied(10)
    for at in range(10, 20):
        peers.note("refused", 0, at)
    assert peers.denied(20)


def test_a_silent_peer_refuses_nobody() -> None:
    peers = Peers()
    peers.note("connected", 5, 0.0)
    assert peers.note("broken", 0, SILENT_S) == "failed"
    assert peers.refusals == 0


def test_an_end_that_nobody_tends_is_seen_once_enough_time_passed() -> None:
    peers = Peers()
    peers.note("connected", 5, 0.0)
    peers.note("ready", 0, 0.0)
    peers.note("disconnected", 5, 1.0)
    assert peers.cut
    assert not peers.untended(1.0 + UNTENDED_S / 2)
    assert peers.untended(1.0 + UNTENDED_S)
    peers.note("retrying", 0, 1.1)
    assert not peers.untended(9.0)


def test_counts_start_anew_when_no_connection_is_left() -> None:
    peers = Peers()
    peers.note("connected", 5, 0.0)
    peers.note("refused", 0, 0.1)
    peers.note("refused", 0, 0.1)
    peers.note("disconnected", 5, 0.1)
    peers.note("connected", 5, 0.2)
    peers.note("ready", 0, 0.2)
    assert peers.note("disconnected", 5, 0.3) == "down"
