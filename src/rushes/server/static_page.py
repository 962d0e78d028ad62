"""The page's own files, as they were built into the package."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["FOLDER", "page_routes"]

FOLDER = Path(__file__).parent / "static"
_HASHED = re.compile(r"[-.][0-9A-Za-z_-]{8,}\.\w+")
_FOR_EVER = "public, max-age=31536000, immutable"
_NO_PAGE = (
    "The page is not part of this installation; the interface is there all the same, see /openapi.json.\n"
    "In a checkout, build it with: npm ci && npm run build (in the folder web)\n"
)
_MEDIA = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}


def page_routes(folder: Path = FOLDER) -> list[Route]:
    """Whatever is no other route: a file of the page, else the page itself, which reads the address.

    Names are looked up among the files that were there at the start, so that no path can lead elsewhere.
    """
    files = _files(folder)

    async def serve(request: Request) -> Response:
        path = str(request.path_params["path"])
        found = files.get(path)
        if found is not None and path != "index.html":
            cache = _FOR_EVER if _HASHED.search(found.name) else "no-cache"
            return FileResponse(found, media_type=_MEDIA.get(found.suffix), headers={"Cache-Control": cache})
        if found is None and "." in path.rpartition("/")[2]:
            raise HTTPException(404, f"there is no /{path}")
        index = files.get("index.html")
        if index is None:
            return PlainTextResponse(_NO_PAGE, headers={"Cache-Control": "no-store"})
        return FileResponse(index, media_type="text/html", headers={"Cache-Control": "no-cache"})

    return [Route("/{path:path}", serve, methods=["GET"], name="page")]


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {
        each.relative_to(folder).as_posix(): each
        for each in folder.rglob("*")
        if each.is_file() and not each.is_symlink()
    }
