"""What is answered where there is a path and no such method, or no such path below those of the interface.

The server library knows a route for each method and would name that one's alone, and whatever is no route is the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

__all__ = ["refusals"]

_BELOW = ("/api", "/api/{path:path}", "/ws", "/ws/{path:path}")


def refusals(routes: Iterable[BaseRoute]) -> list[Route]:
    """Routes that come after ``routes``, and take what those leave over."""
    methods: dict[str, set[str]] = {}
    for each in routes:
        if isinstance(each, Route):
            methods.setdefault(each.path, set()).update(each.methods or ())
    left = [Route(path, _NotAllowed(allowed), name=f"not {path}") for path, allowed in methods.items()]
    return left + [Route(path, _NotFound(), name=f"nothing at {path}") for path in _BELOW]


class _NotAllowed:
    """An application of its own, as a function would be taken for one that answers GET alone."""

    def __init__(self, methods: Iterable[str]) -> None:
        self._allowed = ", ".join(sorted(methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise HTTPException(
            405, f"{scope['method'][:20]} is not for {scope['path'][:200]}", {"Allow": self._allowed}
        )


class _NotFound:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise HTTPException(404, f"there is no {scope['path'][:200]}")
