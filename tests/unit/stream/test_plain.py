from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import BadMessage, ConfigError, FrameError
from rushes.stream.plain import _nanoseconds, recv, send

Socket = zmq.Socket[bytes]
NOW = time.time()
PICTURE = np.arange(300 * 400 * 3, dtype=np.uint32).astype(np.uint8).reshape(300, 400, 3)


@pytest.fixture
def pair() -> Iterator[tuple[Socket, Socket]]:
    context: zmq.Context[Socket] = zmq.Context()
    here, there = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    for socket in (here, there):
        socket.setsockopt(zmq.RCVTIMEO, 10_000)
        socket.setsockopt(zmq.SNDTIMEO, 10_000)
    here.bind("inproc://plain")
    there.connect("inproc://plain")
    yield here, there
    context.destroy(linger=0)


def check(item: dict[str, Any], sent: dict[str, Any]) -> None:
    assert set(item) == {"meta", "ftime", "fno", *sent}
    assert item["ftime"] == NOW
    assert item["fno"] == 7
    if "arr" in sent:
        np.testing.assert_array_equal(item["arr"], sent["arr"])
        assert item["arr"].dtype == sent["arr"].dtype
        assert not item["arr"].flags.writeable
    if "buf" in sent:
        assert bytes(item["buf"]) == bytes(sent["buf"])


@pytest.mark.parametrize("meta", [{}, {"a": 1, "b": None, "c": 0.5, "d": True, "e": "x"}])
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"arr": PICTURE},
        {"arr": PICTURE[::2, ::-1]},
        {"arr": np.array(3.5)},
        {"arr": np.zeros((0, 3), np.int16)},
        {"buf": b"hello"},
        {"buf": b""},
        {"buf": PICTURE},
        {"arr": PICTURE, "buf": b"x" * 100_000},
        {"arr": np.array([True, False]), "buf": b""},
    ],
    ids=lambda sent: "+".join(f"{name}{getattr(value, 'shape', '')}" for name, value in sent.items()),
)
def test_an_item_comes_out_as_it_went_in(
    pair: tuple[Socket, Socket], sent: dict[str, Any], meta: dict[str, Any]
) -> None:
    here, there = pair
    send(socket=here, fno=7, ftime=NOW, meta=meta, **sent)
    item = recv(socket=there, arr="arr" in sent, buf="buf" in sent)
    check(item, sent)
    assert item["meta"] == meta


@pytest.mark.parametrize("meta", [None, 3, -0.5, "text", True, [], [1, "a", None], (), (1, 2), ["value"]])
def test_metadata_that_is_no_dict_keeps_its_kind(pair: tuple[Socket, Socket], meta: Any) -> None:
    here, there = pair
    send(socket=here, fno=0, ftime=0, meta=meta)
    back = recv(socket=there)["meta"]
    assert back == meta
    assert type(back) is type(meta)


def test_a_named_tuple_comes_out_as_a_tuple(pair: tuple[Socket, Socket]) -> None:
    here, there = pair
    send(socket=here, fno=0, ftime=0, meta=time.struct_time(range(9)))
    assert recv(socket=there)["meta"] == tuple(range(9))


@pytest.mark.parametrize("meta", [{1: 2}, {"a": [1]}, [[1]], {"a": b"x"}, b"x", object(), {"a": "x" * 5000}])
def test_metadata_that_cannot_travel_is_refused_at_the_call(pair: tuple[Socket, Socket], meta: Any) -> None:
    here, there = pair
    with pytest.raises(ConfigError, match="meta"):
        send(socket=here, fno=0, ftime=0, meta=meta)
    assert not there.poll(0)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"fno": -1}, ConfigError),
        ({"fno": 2**63}, ConfigError),
        ({"fno": 1.5}, ConfigError),
        ({"ftime": -1.0}, ConfigError),
        ({"ftime": float("nan")}, ConfigError),
        ({"ftime": float("inf")}, ConfigError),
        ({"ftime": "12"}, ConfigError),
        ({"ftime": None}, ConfigError),
        ({"arr": [1, 2]}, ConfigError),
        ({"arr": np.zeros(3, np.int64)}, FrameError),
        ({"arr": np.array([object()])}, FrameError),
        ({"buf": "text"}, ConfigError),
        ({"buf": np.zeros((4, 4), np.uint8)[:, ::2]}, ConfigError),
        ({"buf": bytearray(64 * 1024 * 1024 + 1)}, ConfigError),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else given.__name__,
)
def test_what_cannot_be_sent_is_refused_at_the_call(
    pair: tuple[Socket, Socket], wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        send(**{"socket": pair[0], "fno": 0, "ftime": 0.0, "meta": None, **wrong})
    assert not pair[1].poll(0)


def test_a_large_array_is_neither_copied_out_nor_in(pair: tuple[Socket, Socket]) -> None:
    here, there = pair
    pixels = PICTURE.copy()
    send(socket=here, fno=0, ftime=0, meta=None, arr=pixels)
    pixels[0, 0] = 99  # inproc hands over the very memory, which shows where a copy was made
    received = recv(socket=there, arr=True)["arr"]
    assert received[0, 0, 0] == 99
    assert not received.flags.owndata


@given(st.floats(1e9, 4e9))
def test_a_time_of_today_comes_out_as_the_very_float_it_was(seconds: float) -> None:
    assert _nanoseconds(seconds) / 1_000_000_000 == seconds


def test_numpy_numbers_are_numbers(pair: tuple[Socket, Socket]) -> None:
    here, there = pair
    send(socket=here, fno=np.int64(3), ftime=np.float32(2.5), meta=None)  # type: ignore[arg-type]
    item = recv(socket=there)
    assert (item["fno"], item["ftime"]) == (3, 2.5)


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ({"arr": PICTURE}, {}),
        ({"arr": PICTURE}, {"buf": True}),
        ({}, {"arr": True}),
        ({"buf": b"x"}, {"arr": True}),
    ],
)
def test_another_payload_than_asked_for_is_refused_and_the_next_item_comes(
    pair: tuple[Socket, Socket], sent: dict[str, Any], asked: dict[str, bool]
) -> None:
    here, there = pair
    send(socket=here, fno=1, ftime=0, meta=None, **sent)
    send(socket=here, fno=2, ftime=0, meta=None)
    with pytest.raises(BadMessage, match="expected"):
        recv(socket=there, **asked)
    assert recv(socket=there)["fno"] == 2


def good_parts(pair: tuple[Socket, Socket]) -> list[bytes]:
    here, there = pair
    send(socket=here, fno=1, ftime=0, meta=(1, 2), arr=np.zeros(3, bool), buf=b"xyz")
    return there.recv_multipart()


def test_what_others_made_is_refused_and_the_next_item_comes(pair: tuple[Socket, Socket]) -> None:
    here, there = pair
    head, pixels, extra = good_parts(pair)
    forged = [
        [pickle.dumps({"fno": 1})],
        [b""],
        [b"", b""],
        [head],
        [head, pixels],
        [head, pixels + b"0", extra],
        [head, b"\x07\x07\x07", extra],
        [head[:-3], pixels, extra],
        [head.replace(b"plain", b"camer"), pixels, extra],
        [head.replace(b"arr+buf", b"i420xxx"), pixels, extra],
        [head.replace(b"tuple", b"value"), pixels, extra],
        [head.replace(b"tuple", b"pfrom"), pixels, extra],
        [b"d" + head[1:], pixels, extra],
        [pickle.dumps(1), pickle.dumps(2), pickle.dumps(3), pickle.dumps(4)],
    ]
    for parts in forged:
        here.send_multipart(parts)
        send(socket=here, fno=5, ftime=0, meta=None)
        with pytest.raises(BadMessage):
            recv(socket=there, arr=True, buf=True)
        assert recv(socket=there)["fno"] == 5


def test_nothing_there_is_the_sockets_own_error(pair: tuple[Socket, Socket]) -> None:
    with pytest.raises(zmq.Again):
        recv(socket=pair[1], flags=zmq.NOBLOCK)


def test_a_socket_that_is_full_raises_its_own_error_and_sends_nothing() -> None:
    context: zmq.Context[Socket] = zmq.Context()
    try:
        alone = context.socket(zmq.PUSH)
        with pytest.raises(zmq.Again):
            send(socket=alone, fno=0, ftime=0, meta=None, arr=PICTURE, flags=zmq.NOBLOCK)
    finally:
        context.destroy(linger=0)


def test_two_items_of_one_message_are_taken_one_by_one(pair: tuple[Socket, Socket]) -> None:
    here, there = pair
    send(socket=here, fno=1, ftime=0, meta=None, buf=b"a", flags=zmq.SNDMORE)
    send(socket=here, fno=2, ftime=0, meta=None)
    assert recv(socket=there, buf=True)["fno"] == 1
    assert recv(socket=there)["fno"] == 2
    assert not there.getsockopt(zmq.RCVMORE)


@pytest.mark.parametrize(("first", "second"), [(zmq.PUSH, zmq.PULL), (zmq.REQ, zmq.REP)])
def test_any_pattern_will_do(first: int, second: int) -> None:
    context: zmq.Context[Socket] = zmq.Context()
    try:
        here, there = context.socket(first), context.socket(second)
        port = there.bind_to_random_port("tcp://127.0.0.1")
        here.connect(f"tcp://127.0.0.1:{port}")
        there.setsockopt(zmq.RCVTIMEO, 10_000)
        send(socket=here, fno=7, ftime=NOW, meta=None, arr=PICTURE)
        check(recv(socket=there, arr=True), {"arr": PICTURE})
    finally:
        context.destroy(linger=0)


def test_behind_an_envelope_an_item_is_received_as_well() -> None:
    context: zmq.Context[Socket] = zmq.Context()
    try:
        router, dealer = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        router.bind("inproc://router")
        dealer.connect("inproc://router")
        router.setsockopt(zmq.RCVTIMEO, 10_000)
        dealer.setsockopt(zmq.RCVTIMEO, 10_000)
        send(socket=dealer, fno=1, ftime=0, meta="hello")
        who = router.recv()
        assert recv(socket=router)["meta"] == "hello"
        router.send(who, zmq.SNDMORE)
        send(socket=router, fno=2, ftime=0, meta=None, buf=b"back")
        assert bytes(recv(socket=dealer, buf=True)["buf"]) == b"back"
    finally:
        context.destroy(linger=0)
