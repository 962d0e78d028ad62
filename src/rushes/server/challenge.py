"""Which ways of saying who asks an answer 401 names (pure).

FFmpeg and many another program sends ``user:password@`` of an address only to who asked for it. A browser that is asked
puts a window of its own before the page's login, on a navigation, a picture and a fetch alike, and sends what was typed
there along with whatever any page has it ask for, until it is closed. So "Basic" is named to programs alone, and only
for what they fetch.

How a browser is known: by the languages of whoever sits before it, which each one sends with each request and hardly
any program does. What it fetches for (Sec-Fetch-*) would be the better mark, but on plain http browsers tell that to
this machine alone. The other marks stand in where an extension or a proxy takes the languages away. Rejected: to go by
the name that a program gives itself, as many call themselves Mozilla; and a header of the page's own, which its
pictures could not send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["challenges"]

_BASIC = 'Basic realm="rushes"'
_BEARER = "Bearer"
_READING = ("GET", "HEAD")
_OF_BROWSERS = frozenset(
    {
        b"accept-language",
        b"cookie",
        b"origin",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"upgrade-insecure-requests",
    }
)
# A page, and a picture in one. Programs ask for a picture without saying which kinds of it they would like best.
_SHOWN = (b"text/html", b"image/avif", b"image/webp", b"image/svg")


def challenges(scope: Mapping[str, Any]) -> list[str]:
    """The values of ``WWW-Authenticate`` for the request of this ASGI scope, each in a header of its own: FFmpeg reads
    none that begins with another.
    """
    if scope["method"] in _READING and _is_fetched(scope["path"]) and not _by_browser(scope):
        return [_BASIC, _BEARER]
    return [_BEARER]


def _is_fetched(path: str) -> bool:
    """Pictures, films, files and metrics; the JSON that the page asks for before anybody logged in is not."""
    last = path.rpartition("/")[2]
    return path == "/metrics" or (path.startswith("/api/") and ("." in last or last == "file"))


def _by_browser(scope: Mapping[str, Any]) -> bool:
    return any(
        name in _OF_BROWSERS or (name == b"accept" and any(kind in value.lower() for kind in _SHOWN))
        for name, value in scope.get("headers", ())
    )
