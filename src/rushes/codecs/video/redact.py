"""Addresses as they may be shown: without passwords and keys (pure)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

__all__ = ["redact", "redact_text"]

_HIDDEN = "***"
# What cameras and cloud services call the secret in a query. Anything that only contains such a word is
# hidden too: hiding too much costs a look at the configuration, hiding too little costs the camera.
_SECRET = re.compile(r"pass|pwd|token|secret|auth|key|sig|user|login|credential", re.IGNORECASE)


def redact(url: str) -> str:
    """``url`` with user name and password, and the secret values of its query, replaced by ``***``.

    What is no address with a host comes back as it is. Never raises: it is used while making messages.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    # By hand from the last "@" before the path: passwords with "/", "#" or "@" in them are common and break
    # the rules that urlsplit goes by, and then it would be shown.
    path_at = min(
        (at for at in (rest.find(sign, rest.rfind("@") + 1) for sign in "/?#") if at >= 0), default=len(rest)
    )
    place, tail = rest[:path_at], rest[path_at:]
    if "@" in place:
        place = f"{_HIDDEN}@{place.rpartition('@')[2]}"
    head, mark, query = tail.partition("?")
    return f"{scheme}{separator}{place}{head}{mark}{_clean(query)}"


def redact_text(text: str, url: str) -> str:
    """``text`` with every ``url`` in it, and the user name and password alone, made fit to be shown."""
    text = text.replace(url, redact(url))
    try:
        parts = urlsplit(url)
        secrets = (parts.password, f"{parts.username}:{parts.password}" if parts.username else None)
    except ValueError:
        return text
    for secret in sorted((each for each in secrets if each), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def _clean(query: str) -> str:
    fields = []
    for field in query.split("&"):
        name, equals, _ = field.partition("=")
        fields.append(f"{name}={_HIDDEN}" if equals and _SECRET.search(name) else field)
    return "&".join(fields)
