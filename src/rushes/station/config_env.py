"""``${NAME}`` in a configuration: filled in for use, and masked where it is shown (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rushes.codecs.video.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Filled", "fill"]

_HIDDEN = "***"
_FIELD = re.compile(r"\$(\$?)\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"pass|pwd|token|secret|auth|key|sig|user|login|cred", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its variables' values, the same fit to be shown, and what was wrong, a line each."""

    value: str
    shown: str
    wrong: tuple[str, ...] = ()


def fill(text: str, variables: Mapping[str, str]) -> Filled:
    """``text`` with each ``${NAME}`` replaced; ``$${NAME}`` stands for itself.

    What is shown has no password of an address, and no value of a variable whose name looks like a secret's: hiding
    too much costs a look at the file, hiding too little costs the camera.
    """
    wrong: list[str] = []

    def value_of(found: re.Match[str]) -> str:
        escaped, name = found.groups()
        if escaped:
            return f"${{{name}}}"
        if not _NAME.fullmatch(name):
            wrong.append(f"${{{name}}} names no variable; write it like ${{CAM_PASS}}")
        elif name not in variables:
            wrong.append(
                f"the environment has no variable {name}; set it, or write $${{{name}}} for the text itself"
            )
        return variables.get(name, found[0])

    value = _FIELD.sub(value_of, text)
    hidden = {name: _HIDDEN if _looks_secret(name) else each for name, each in variables.items()}
    shown = _FIELD.sub(lambda found: found[0][1:] if found[1] else hidden.get(found[2], found[0]), text)
    return Filled(value, redact(shown), tuple(wrong))


def _looks_secret(name: str) -> bool:
    """Whether a variable of that name is likely to hold what nobody else should see."""
    return _SECRET.search(name) is not None
