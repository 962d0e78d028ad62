"""The lock pins and hashes everything that is installed, and says nothing of where it comes from."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from tests.architecture.source import ROOT, report

# One requirement begins with its pin; nothing but hashes follows. An address, an option or a comment fits
# neither line.
PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)==[0-9][A-Za-z0-9.+!-]*( ; [a-z_A-Z0-9 .<>=!\"']+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")

LOCKS = ["requirements.lock", "requirements-bench.lock", "requirements-docs.lock", "requirements-fuzz.lock"]
LINES = {name: (ROOT / name).read_text(encoding="utf-8").splitlines() for name in LOCKS}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_or_a_hash(lock: str) -> None:
    report(
        [
            f"{lock}:{number}: {line}"
            for number, line in enumerate(LINES[lock], 1)
            if not PIN.fullmatch(line) and not HASH.fullmatch(line)
        ]
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    followers = zip(LINES[lock], [*LINES[lock][1:], ""], strict=True)
    report([line for line, after in followers if PIN.fullmatch(line) and not HASH.fullmatch(after)])


def test_the_lock_of_the_page_names_no_address_to_load_from():
    packages = json.loads((ROOT / "web/package-lock.json").read_bytes())["packages"]
    assert packages
    report([name for name, package in packages.items() if "resolved" in package])


def test_everything_asked_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
        *project["project"]["optional-dependencies"]["bench"],
    ]
    locked = {match["name"] for lines in LINES.values() for line in lines if (match := PIN.fullmatch(line))}
    names = {re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0].lower().replace("_", "-") for each in asked}
    assert names <= locked
