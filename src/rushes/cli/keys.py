"""``rushes keys``: keys for streams that leave this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from rushes.cli.options import Json, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["keys"]

keys = App(name="keys", help="Make keys, so that only those you allow can join a stream.")

_Folder = Annotated[Path, Parameter(help="The folder of the keys: what `keys=` is given at both ends.")]


@keys.command(name="new")
def new_keys(folder: _Folder, /, *, json: Json = False) -> int:
    """Make the keys of a server and of one client."""
    from rushes.wire.keys import new

    _show(new(folder), json)
    return 0


@keys.command(name="client")
def new_client(
    folder: _Folder,
    name: Annotated[str, Parameter(help="What the client is called; its files are named by it.")],
    /,
    *,
    json: Json = False,
) -> int:
    """Make the keys of one more client, and allow it."""
    from rushes.wire.keys import client

    _show(client(folder, name), json)
    return 0


def _show(written: Sequence[Path], json: bool) -> None:
    if json:
        print_json({"written": [str(path) for path in written]})
        return
    for path in written:
        print(f"wrote {path}{' (secret)' if path.suffix == '.key' else ''}")
