"""Coverage-guided fuzzing of the message parser by atheris: ``python -m tests.fuzz.fuzz_message [OPTION | FOLDER]…``

The options are libFuzzer's: ``-max_total_time=120`` ends it after so many seconds, ``-rss_limit_mb=512`` when it
takes more memory. It ends with an error at the first input that raises anything but BadMessage.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an extra tool

with atheris.instrument_imports(include=["rushes.wire", "rushes.figures"]):
    from tests.fuzz.parsing import parse


def one_input(data: bytes) -> None:
    """The first byte is the length of the payload; the rest is the first part."""
    if data:
        parse([data[1:], bytes(data[0])])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
