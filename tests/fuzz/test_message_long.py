"""The message parser for minutes: coverage-guided by atheris, and with the memory of each message measured."""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
import time
import tracemalloc
from itertools import islice, product
from pathlib import Path

import msgspec
import pytest

from rushes.wire.message import MAX_HEADER_BYTES
from tests.fuzz.parsing import parse, samples
from tests.unit.wire.messages import forged, header
from tests.unit.wire.test_message_fuzz import mutate

GUIDED_S = 100
MEASURED_S = 60.0
# A header is of 8 KB at most, and what it describes, made into objects of Python, of some fifty times that.
MOST_BYTES = 1 << 20


def taken_by(parts: list[bytes]) -> int:
    """The most memory that parsing these held at once, in bytes."""
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    parse(parts)
    return tracemalloc.get_traced_memory()[1] - before


def full(piece: bytes, start: bytes) -> bytes:
    """A first part as long as one may be, of one piece over and over."""
    return start + piece * ((MAX_HEADER_BYTES + 1 - len(start)) // len(piece))


def greedy() -> list[bytes]:
    """First parts that describe, or only declare, as much as they can."""
    plain = forged(header())
    body = plain[:-1]  # without the empty meta at the end
    keys = b"".join(b"\xa2" + bytes(two) + b"\xc0" for two in islice(product(range(32, 127), repeat=2), 2000))
    point = b"\x92\x00\x00"
    line = b"\x82\xa4kind\xa4line\xa6points\xdc\x04\x00"
    # The list of figures stands before meta, and is empty there.
    figures = plain[:-2] + b"\xdc\x00\x02" + (line + point * 1024) * 2 + b"\x80"
    return [
        full(keys, body + b"\xde\x07\xd0"),
        figures,
        full(point, plain[:-2] + b"\xdd\xff\xff\xff\xff" + line),
        *(
            body + declared + b"\xff\xff\xff\xff"
            for declared in (b"\xdf", b"\xdd", b"\xdb", b"\xc6", b"\xc9")
        ),
        full(b"\xa3sub\x81", body + b"\x81"),
        full(b"\x91", b"p"),
        full(b"\x81\xa1a", b"p"),
    ]


@pytest.fixture
def measuring():
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def test_no_header_takes_more_memory_than_it_is_worth(measuring) -> None:
    used = [taken_by([first, bytes(18)]) for first in greedy()]
    assert max(used) < MOST_BYTES, used
    assert min(used[:2]) > 100_000, "the greediest are read at all"


def test_giant_shapes_cost_nothing(measuring) -> None:
    shapes = [(2**31 - 1,) * 4, (0, 2**31 - 1, 2**31 - 1), (2**31 - 1, 2**31 - 1, 3), (2**40, 1), (-1, 3)]
    for codec in ("raw", "jpeg", "h264", "shm"):
        for shape in shapes:
            fake = msgspec.msgpack.encode(header(codec=codec, shape=shape))
            assert parse([b"p" + fake, bytes(18)]) is None
            assert taken_by([b"p" + fake, bytes(18)]) < 50_000


@pytest.mark.long
def test_the_memory_of_changed_headers_stays_bounded(measuring) -> None:
    seed = random.randrange(2**32)
    chance, seeds = random.Random(seed), [*samples(), *greedy()]
    end_s = time.monotonic() + MEASURED_S
    while time.monotonic() < end_s:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 5)):
            mutate(data, chance)
        assert taken_by([bytes(data), bytes(18)]) < MOST_BYTES, (seed, bytes(data))


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
@pytest.mark.parametrize("seed", [1, 2])
def test_guided_fuzzing_finds_nothing(tmp_path: Path, seed: int) -> None:
    for number, sample in enumerate(samples()):
        (tmp_path / f"seed{number}").write_bytes(b"\x12" + sample)
    options = [
        f"-seed={seed}",
        f"-max_total_time={GUIDED_S}",
        "-max_len=1024",
        "-rss_limit_mb=512",
        str(tmp_path),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.fuzz_message", *options],
        capture_output=True, text=True, timeout=GUIDED_S + 120, check=False, cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "Done " in done.stdout + done.stderr
