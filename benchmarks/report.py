"""Writes all that is made of the kept results: ``report.py``, or one page of ``report.py RESULTS.json … -o FILE``.

Without arguments: docs/benchmarks.md, its plots in docs/images (which need matplotlib, the extra "report"; without it
they are left as they are), and the figures in docs/design/growth.md. ``--targets`` prints which targets hold and
writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)
DOCS = HERE.parent / "docs"
SOAKS = HERE / "results" / "soak"
SMOKE = HERE / "results" / "smoke" / "growth.json"
TITLES = {
    "depot": "The depot",
    "codecs": "Picture codecs",
    "jobs": "The job queue",
    "loader": "The image loader",
    "shots": "Shots",
    "capture": "Capture and recording",
    "archive": "The archive",
    "stream": "Streams",
    "mapreduce": "Work for many machines",
    "live": "The live view",
    "growth": "Growth",
}
"""By the name of the results, in the order of the page; others follow by name. A record's own title goes first."""


def load(path: Path) -> dict[str, Any]:
    """What was kept in a file, with a title."""
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {"title": TITLES.get(path.stem, path.stem.capitalize()), **record}


def kept(folder: Path = HERE / "results") -> dict[str, dict[str, Any]]:
    """All that is kept, by name, in the order of the page."""
    return {path.stem: load(path) for path in sorted(folder.glob("*.json"), key=_in_order)}


def whole_page(records: dict[str, dict[str, Any]]) -> str:
    """docs/benchmarks.md."""
    from benchmarks._page import page

    return page(*records.values(), plots=True)


def soaked() -> list[dict[str, Any]]:
    """What the kept soaks found, the longest first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SOAKS.glob("*.json"))]
    return sorted(found, key=lambda record: -record["seconds"])


def plan_block(records: dict[str, dict[str, Any]]) -> str:
    """What stands between the marks of docs/design/growth.md; of a smoke run as long as there is no other."""
    from benchmarks._growth_block import block

    growth = records.get("growth") or (load(SMOKE) if SMOKE.exists() else None)
    return block({**records, "growth": growth} if growth else records)


def write_all() -> None:
    """The page, the plots and the plan's figures."""
    from benchmarks import _growth_block, _plots, _soak_block

    records, soaks = kept(), soaked()
    if "growth" in records:
        SMOKE.unlink(missing_ok=True)
    (DOCS / "benchmarks.md").write_text(whole_page(records), encoding="utf-8")
    _growth_block.fill(DOCS / "design" / "growth.md", plan_block(records))
    _growth_block.fill(DOCS / "design" / "soak.md", _soak_block.block(soaks))
    try:
        _plots.write(records, DOCS / "images", soaks)
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        print("no matplotlib (pip install 'rushes[report]'): the plots are left as they are", file=sys.stderr)


def _in_order(path: Path) -> tuple[int, str]:
    names = list(TITLES)
    return (names.index(path.stem) if path.stem in names else len(names), path.stem)


def main() -> None:
    from benchmarks._page import page, table_of_targets

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="*", type=Path, help="of which to make one page; all if absent")
    parser.add_argument("-o", "--out", type=Path, help="where that page goes; nothing else is written then")
    parser.add_argument("--targets", action="store_true", help="print which targets hold, and write nothing")
    options = parser.parse_args()
    given = [load(path) for path in sorted(options.results, key=_in_order)]
    if options.targets:
        print(table_of_targets(tuple(given or kept().values())))
    elif given or options.out:
        if options.out is None:
            parser.error("a page of some results needs a place: -o FILE")
        options.out.write_text(page(*(given or kept().values())), encoding="utf-8")
    else:
        write_all()


if __name__ == "__main__":
    main()
