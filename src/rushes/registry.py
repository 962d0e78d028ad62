"""Names to choose from in configuration, each loaded at its first use.

A registry is a table in one visible place (name → "module:attribute") rather than a decorator beside each
entry: the names are known, and can be listed and checked, without importing anything.
"""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from rushes.errors import ConfigError, MissingExtra, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """The things of one ``kind``, by name.

    ``entries`` maps each name to "module:attribute"; ``extras`` maps a name to the optional extra
    (``pip install rushes[extra]``) whose packages it needs. Any thread may use it.
    """

    def __init__(
        self, kind: str, entries: Mapping[str, str], *, extras: Mapping[str, str] | None = None
    ) -> None:
        self.kind = kind
        self._lock = threading.Lock()
        self._extras = dict(extras or {})
        self._loaded: dict[str, T] = {}
        self._entries: dict[str, str] = {}
        for name, target in entries.items():
            self.register(name, target)
        for name in self._extras:
            if name not in self._entries:
                raise unknown_name(kind, name, self._entries)

    def register(self, name: str, target: str, *, extra: str = "") -> None:
        """Adds an entry.

        A name that is taken, or a target not like "module:attribute", raises ConfigError.
        """
        module, _, attribute = target.partition(":")
        if not module or not attribute:
            raise ConfigError(f'{self.kind} {name!r}: write its place as "module:attribute", not {target!r}')
        with self._lock:
            if name in self._entries:
                raise ConfigError(f"there is already a {self.kind} named {name!r}; choose another name")
            self._entries[name] = target
            if extra:
                self._extras[name] = extra

    def get(self, name: str) -> T:
        """The thing of that name.

        UnknownName when there is none; MissingExtra when its packages are not installed.
        """
        with self._lock:
            if name in self._loaded:
                return self._loaded[name]
            target = self._entries.get(name)
        if target is None:
            raise unknown_name(self.kind, name, self)
        # Imported outside the lock: a module may use this very registry while it loads. Twice is harmless,
        # as the import system hands out one module.
        thing = self._load(name, target)
        with self._lock:
            return self._loaded.setdefault(name, thing)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._entries))

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def _load(self, name: str, target: str) -> T:
        module, _, attribute = target.partition(":")
        try:
            return cast("T", getattr(importlib.import_module(module), attribute))
        except ModuleNotFoundError as error:
            extra = self._extras.get(name)
            if extra is None or (error.name or "").partition(".")[0] == "rushes":
                raise  # a slip in this project's own imports: installing something would not help
            raise MissingExtra(
                f"{self.kind} {name!r} needs {error.name}: pip install 'rushes[{extra}]'",
                extra=extra,
                name=error.name or "",
            ) from error
