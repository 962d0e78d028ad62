"""What is wrong with how a source, or a name for pictures, is written, before anybody tries it (pure)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rushes.errors import ConfigError
from rushes.shots.names import name_file

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["copy_mistake", "source_mistake", "template_mistake"]

_CARD = re.compile(r"(?:([0-9]+)x([0-9]+))?(?:@([0-9]+(?:\.[0-9]+)?))?")
_CARD_LEAST, _CARD_MOST = 16, 16384
_REGION = re.compile(r"-?[0-9]+,-?[0-9]+,[1-9][0-9]*,[1-9][0-9]*")
_NETWORK = ("rtsp", "rtsps", "http", "https")
_NEEDED = {"file": "file:clip.mp4", "v4l2": "v4l2:/dev/video0", "depot": "depot:NAME"}
_UNCODED = {
    "testcard": "a test card is drawn",
    "screen": "a screen is grabbed",
    "v4l2": "a camera of this machine gives frames",
    "depot": "a depot holds frames",
}
_FIELDS = dict.fromkeys(("channel.name", "channel.guid", "server.name", "server.guid"), "x")
_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


def source_mistake(source: str) -> str:
    """Why nothing can come from there, whatever there is; empty when something may, or its kind is not known here."""
    scheme, _, rest = source.partition(":")
    if scheme == "testcard":
        return _card_mistake(rest)
    if scheme == "screen" and rest and not _REGION.fullmatch(rest):
        return 'write "screen:" or "screen:x,y,width,height" in pixels'
    if scheme in _NETWORK and not _has_host(source):
        return f"write {scheme}://HOST/PATH, or {scheme}://HOST:PORT/PATH with a port up to 65535"
    if scheme in _NEEDED and not rest:
        return f'it ends too early; write it like "{_NEEDED[scheme]}"'
    return ""


def copy_mistake(source: str, is_pictures: Callable[[str], bool]) -> str:
    """Why what comes from there cannot be recorded as it is coded; empty when it may be, or nobody knows yet."""
    scheme = source.partition(":")[0]
    why = _UNCODED.get(scheme, "")
    if scheme == "file" and is_pictures(source):
        why = "it is played picture by picture"
    return f"{why}, so there is no coding to copy; write record = true" if why else ""


def template_mistake(template: str) -> str:
    """Why no file can be named by it; empty when one can."""
    try:
        name_file(template, _MOMENT, _FIELDS)
    except ConfigError as error:
        return str(error)
    return ""


def _card_mistake(rest: str) -> str:
    found = _CARD.fullmatch(rest)
    if found is None or (found[3] is not None and float(found[3]) == 0):
        return 'write a test card like "testcard:1280x720@30"'
    sides = [int(each) for each in found.groups()[:2] if each is not None]
    if all(_CARD_LEAST <= each <= _CARD_MOST for each in sides):
        return ""
    return f"a test card is {_CARD_LEAST} to {_CARD_MOST} pixels wide and high"


def _has_host(source: str) -> bool:
    try:
        parts = urlsplit(source)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, or half an IPv6 address
        return False
