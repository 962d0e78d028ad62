"""Each library that stands for something outside is named in one place, so that it can be replaced there."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import report, shipped

SEAMS = {
    "av": ("codecs/video/",),
    "simplejpeg": ("codecs/jpeg.py",),
    "qoi": ("codecs/",),
    "xcffib": ("capture/screen/",),
    "mss": ("capture/screen/",),
    "PySide6": ("qt/binding.py", "jobs/qobject.py"),
    "cyclopts": ("cli/",),
    "rich": ("cli/",),
    "sqlite3": ("archive/database.py",),
    "obstore": ("archive/cold.py",),
    "zmq": ("wire/zmq_", "wire/keys.py"),
    "nats": ("wire/jet",),
    "cryptography": ("wire/hub_certificates.py",),
    "starlette": ("server/",),
    "uvicorn": ("server/",),
    "prometheus_client": ("server/metrics_page.py",),
    "itsdangerous": ("server/auth.py",),
}


def roots(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {node.module.partition(".")[0]}
    return set()


@pytest.mark.parametrize("library", sorted(SEAMS))
def test_a_library_is_named_at_its_seam_only(library: str) -> None:
    places = tuple(f"src/rushes/{place}" for place in SEAMS[library])
    report(
        [
            f"{module.at(node)}: only {', '.join(places)} may import {library}"
            for module in shipped()
            if not module.where.startswith(places)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Import | ast.ImportFrom) and library in roots(node)
        ]
    )
