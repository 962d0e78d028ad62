"""What a crew's processes are told first: which function to call, and how to come by it."""

from __future__ import annotations

import inspect
import os
import sys
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.stream.calling import LOADING, check_name, reference
from rushes.stream.crew_pipe import Start

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["start_for"]


def start_for(fn: Callable[..., Any] | str, quality: int | None) -> Start:
    """The first note for processes that are to call ``fn``, a function or its name.

    ConfigError when no other process could find it, and while a module is being imported for a function of it.
    """
    if loading := LOADING.get():
        raise ConfigError(
            f"{loading} starts work while it is imported for its function, which would start the same again: put"
            ' what it starts under if __name__ == "__main__":',
            option="fn",
        )
    name = fn if isinstance(fn, str) else _name_of(fn)
    check_name(name)
    script = module = ""
    if name.startswith("__main__:"):
        script, module = _program()
    return Start(
        function=name,
        quality=quality,
        script=script,
        module=module,
        # "" is wherever the program is; the processes are to look where it is now.
        path=[str(each) or os.getcwd() for each in sys.path],
        argv=list(sys.argv),
    )


def _name_of(fn: Callable[..., Any]) -> str:
    if not callable(fn):
        raise ConfigError(
            f'fn must be a function or its name "package.module:function", not {fn!r}', option="fn"
        )
    if inspect.iscoroutinefunction(fn) or inspect.isgeneratorfunction(fn):
        raise ConfigError(f"{fn!r} must be a plain function: not async, and without yield", option="fn")
    name = reference(fn)
    if name is None:
        raise ConfigError(
            f"{fn!r} runs in processes of its own, which must find it by name: define it with def at the top of a"
            " file (not inside a function, as a lambda, as a method of an object or at a prompt), and give what it"
            " closes over as globals of that file",
            option="fn",
        )
    return name


def _program() -> tuple[str, str]:
    """The file of the program that was started, or its name if it was started as a module."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name != "__main__":
        return "", spec.name
    path = getattr(main, "__file__", None)
    if path is None or not os.path.isfile(path):
        raise ConfigError(
            "a function typed at a prompt cannot be found by other processes: put it into a file and import it",
            option="fn",
        )
    return os.path.abspath(path), ""
