"""``rushes doctor``: whether this machine is fit, and what to do where it is not."""

from __future__ import annotations

from dataclasses import asdict

from rushes.cli.options import Json, print_json

__all__ = ["doctor"]


def doctor(*, json: Json = False) -> int:
    """Check this machine: a mark for each thing that is looked at, and a remedy for each that is not well."""
    from rushes.station.checks import run_all

    found = run_all()
    failed = any(each.fatal and not each.ok for each in found)
    if json:
        print_json({"ok": not failed, "checks": [asdict(each) for each in found]})
        return int(failed)
    for each in found:
        print(f"{'✓' if each.ok else '✗'} {each.name}: {each.found}")
        if not each.ok:
            print(f"    {each.remedy}")
    return int(failed)
