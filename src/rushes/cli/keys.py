"""``rushes keys``: keys for streams that leave this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from rushes.cli.options import Json, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["keys"]

keys = App(
    name="keys", help_format="markdown", help="Make keys, so that only those you allow can join a stream."
)

_SECRET = (".key", ".token")

_Folder = Annotated[Path, Parameter(help="The folder of the keys: what `keys=` is given at both ends.")]


_Hosts = Annotated[
    list[str] | None,
    Parameter(
        "--host",
        negative=(),
        consume_multiple=True,
        help="A name or address by which other machines reach the hub; for its certificate.",
    ),
]


@keys.command(name="new")
def new_keys(folder: _Folder, /, *, host: _Hosts = None, json: Json = False) -> int:
    """Make the keys of a server and of one client, and the passwords and certificates of a hub for work.

    Those of the hub need the extra "hub"; where a folder has all but them, only they are made.
    """
    from rushes.errors import MissingExtra
    from rushes.wire import hub_roles
    from rushes.wire.keys import new

    lacks_hub = (folder / "server.key").exists() and not hub_roles.place(folder).exists()
    written = [] if lacks_hub else new(folder)
    missing = ""
    try:
        written += hub_roles.new(folder, host or ())
    except MissingExtra as error:
        if lacks_hub or host:
            raise
        missing = str(error)
    _show(written, json, without_hub=missing)
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


@keys.command(name="renew")
def renew_keys(folder: _Folder, /, *, host: _Hosts = None, json: Json = False) -> int:
    """Make the certificate of a hub anew: before it ends, or for other hosts, which replace those it has.

    Clients go on as they are. The hub shows it from its next start on.
    """
    from rushes.wire import hub_roles

    _show(hub_roles.renew(folder, host), json)
    return 0


def _show(written: Sequence[Path], json: bool, without_hub: str = "") -> None:
    if json:
        more = {"without_hub": without_hub} if without_hub else {}
        print_json({"written": [str(path) for path in written], **more})
        return
    for path in written:
        print(f"wrote {path}{' (secret)' if path.suffix in _SECRET else ''}")
    if without_hub:
        print(f"none for a hub, which deals work out to other machines: {without_hub}")
