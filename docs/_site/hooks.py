"""Lets the site's pages link to files of the checkout that are no documents, such as the examples.

On the disk such a link leads out of ``docs/``, where the site ends. So the files that are linked become part of the
site, below ``sources/``, and the links lead there. Links to a hosted repository were rejected: the documents name
none, and a copy of the site should work without a network.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, InclusionLevel

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<=\]\()(?P<target>[^)#:\s]+)(?P<anchor>#[^)\s]*)?(?=\))")


def on_files(files: Any, config: Any) -> Any:
    """Adds what the documents link to; and what that links to, when it is a document itself."""
    documents = [(each.src_uri, Path(each.abs_src_path)) for each in files.documentation_pages()]
    known = set()
    while documents:
        uri, path = documents.pop()
        for found in LINK.finditer(path.read_text(encoding="utf-8")):
            place = _place(uri, found["target"])
            if place is None or place in known or not (ROOT / place).is_file():
                continue
            known.add(place)
            files.append(
                File.generated(
                    config,
                    f"sources/{place}",
                    abs_src_path=str(ROOT / place),
                    inclusion=InclusionLevel.NOT_IN_NAV,
                )
            )
            if place.endswith(".md"):
                documents.append((f"sources/{place}", ROOT / place))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turns the links of a page to where the files are within the site."""
    here = posixpath.dirname(page.file.src_uri)

    def turned(found: re.Match[str]) -> str:
        place = _place(page.file.src_uri, found["target"])
        if page.file.src_uri.startswith("sources/") and place is None:
            place = f"../{_within(page.file.src_uri, found['target'])}"
        elif place is None:
            return found[0]
        target = place.removeprefix("../docs/") if place.startswith("../docs/") else f"sources/{place}"
        if (ROOT / "docs" / target / "index.md").is_file():
            target += "/index.md"
        return f"{posixpath.relpath(target, here or '.')}{found['anchor'] or ''}"

    return LINK.sub(turned, markdown)


def _within(uri: str, target: str) -> str:
    """Where a link of a page leads, as a path in the checkout."""
    folder = posixpath.dirname(uri.removeprefix("sources/") if uri.startswith("sources/") else f"docs/{uri}")
    return posixpath.normpath(posixpath.join(folder, target))


def _place(uri: str, target: str) -> str | None:
    """The same for what is outside the documents; None for what is one of them."""
    found = _within(uri, target)
    return None if found.startswith(("docs/", "..")) or os.path.isabs(target) else found
