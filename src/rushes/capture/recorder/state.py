"""What a recording may do next (pure)."""

from __future__ import annotations

from typing import Final

__all__ = ["after"]

# (state, what happens) -> state. What is not listed changes nothing: the first end wins.
_TABLE: Final = {
    ("new", "start"): "recording",
    ("new", "stop"): "finished",
    ("new", "cancel"): "finished",
    ("recording", "stop"): "stopping",
    ("recording", "end"): "stopping",
    ("recording", "cancel"): "cancelling",
    ("stopping", "cancel"): "cancelling",
    ("stopping", "done"): "finished",
    ("cancelling", "done"): "finished",
}


def after(state: str, happens: str) -> str:
    """The state after ``happens`` ("start" "stop" "end" "cancel" "done")."""
    return _TABLE.get((state, happens), state)
