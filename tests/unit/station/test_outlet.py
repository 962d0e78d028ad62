from __future__ import annotations

import os
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from rushes import Streamer
from rushes.errors import ConfigError
from rushes.station.books import Books
from rushes.station.messages import Ready, Sent, Streamed
from rushes.station.outlet import Outlet, claim
from rushes.station.plan import StreamPlan
from rushes.wire.keys import new

ENDPOINT = f"ipc://test-outlet-{os.getpid()}"


class Channel:
    """What an outlet knows of one."""

    def __init__(self, name):
        self.name, self.depot_name = name, f"s-{name}"
        self.books = Books(None, f"{name} streamer")

    def hear(self, stage, word):
        self.books.hear_streamer(word)

    def died(self, stage):
        self.books.died(f"{self.name} {stage.name}")


def made(endpoint=ENDPOINT, **more):
    said: list[str] = []
    channels: Any = {name: Channel(name) for name in ("card", "door")}
    return Outlet(StreamPlan(endpoint, **more), "s", channels, said.append), channels, said


def seen(outlet, **rows):
    for name, count in rows.items():
        outlet.hear(Streamed(channel=name, depot_seen=count, depot_missed=0, depot_waiting=0))


def sent(outlet, count, dropped, *, waiting=0, final=False):
    outlet.hear(Sent(sent=count, dropped=dropped, waiting=waiting, bytes=100, peers=3, final=final))


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("shm://a", "cannot take all channels"),
        ("nats://127.0.0.1:4222/a.b", "cannot be called"),
        ("nats://127.0.0.1:4222/s?track=b", "each channel is a track"),
        ("tcp://0.0.0.0:0", "can be reached from other machines"),
        ("ipc://a?track=b", "each channel is a track"),
        ("127.0.0.1:5600", "tcp://"),
    ],
)
def test_what_cannot_be_had_is_said_at_once(endpoint, why):
    with pytest.raises(ConfigError, match=why):
        claim(StreamPlan(endpoint))


@pytest.mark.parametrize("endpoint", [ENDPOINT, "tcp://127.0.0.1:0"])
def test_an_address_that_is_taken_is_left_to_who_has_it(endpoint):
    with Streamer(endpoint) as other:
        with pytest.raises(ConfigError, match=r"taken|in use"):
            claim(StreamPlan(other.address))
        assert other.started
    assert claim(StreamPlan(ENDPOINT)) == ENDPOINT, "what a dead one left is free"


def test_the_port_that_was_found_is_kept_and_options_with_it(tmp_path):
    new(tmp_path / "keys")
    address = claim(StreamPlan("tcp://127.0.0.1:0?hwm=8", str(tmp_path / "keys")))
    assert address.startswith("tcp://127.0.0.1:")
    assert address.endswith("?hwm=8")
    assert ":0?" not in address
    assert claim(StreamPlan(address)) == address


def test_a_hub_is_not_waited_for_and_its_password_is_shown_nowhere():
    address = "nats://user:secret@127.0.0.1:4222/yard"
    assert claim(StreamPlan(address)) == address
    outlet, _, said = made(address)
    outlet.claim()
    outlet.hear(Ready())
    assert outlet.stage.task().endpoint == address
    assert said == [
        'streaming on nats://***@127.0.0.1:4222/yard: rushes recv "nats://***@127.0.0.1:4222/yard?track=card"'
    ]
    assert "secret" not in str(outlet.report())


def test_a_hubs_keys_are_looked_at_before_anything_starts(tmp_path):
    with pytest.raises(ConfigError, match="rushes keys new"):
        claim(StreamPlan("tls://127.0.0.1:4222/yard", str(tmp_path)))


def test_it_says_how_to_see_a_channel():
    outlet, _, said = made("tcp://0.0.0.0:5600?hwm=8", keys="my keys")
    outlet.hear(Ready())
    assert said == [
        "streaming on tcp://0.0.0.0:5600?hwm=8: "
        f"rushes recv \"tcp://{socket.gethostname()}:5600?track=card\" --keys 'my keys'"
    ]


def test_its_account_is_of_all_channels():
    outlet, _, _ = made()
    seen(outlet, card=10, door=5)
    sent(outlet, 12, {"full": 2}, waiting=1)
    edge = outlet.report().edge
    assert (edge.offered, edge.delivered, edge.dropped, edge.waiting) == (15, 12, {"full": 2}, 1)
    assert edge.adds_up
    assert outlet.peers == 3


def test_last_words_that_miss_a_frame_show():
    outlet, _, _ = made()
    seen(outlet, card=10)
    sent(outlet, 9, {}, final=True)
    assert not outlet.report().edge.adds_up


def test_what_a_dead_process_had_is_lost_and_the_next_goes_on_where_it_was():
    outlet, _, _ = made()
    seen(outlet, card=10, door=5)
    sent(outlet, 12, {"full": 2})
    outlet.died()
    assert outlet.peers == 0
    assert outlet.stage.task().starts == {"card": 9, "door": 4}
    seen(outlet, card=3)
    sent(outlet, 2, {"stage down": 1}, final=True)
    report = outlet.report()
    assert (report.edge.offered, report.edge.delivered) == (18, 14)
    assert report.edge.dropped == {"full": 2, "stage down": 2}
    assert report.edge.adds_up
    assert report.bytes == 200


def test_a_word_of_a_channel_that_is_none_is_passed_over():
    outlet, _, _ = made()
    seen(outlet, garden=10)
    assert outlet.report().edge.offered == 0
    assert SimpleNamespace(**outlet.report().plain()).endpoint == ENDPOINT
