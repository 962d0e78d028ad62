"""The list of verbs."""

from __future__ import annotations

from cyclopts import App

from rushes.cli.archive import archive
from rushes.cli.bench import bench
from rushes.cli.capture import capture
from rushes.cli.config import config
from rushes.cli.depot import depot
from rushes.cli.doctor import doctor
from rushes.cli.keys import keys
from rushes.cli.shot import shot
from rushes.cli.stream import recv, send
from rushes.cli.token import token
from rushes.cli.up import up
from rushes.cli.version import version, version_text
from rushes.cli.work import work

__all__ = ["app"]

app = App(
    name="rushes",
    help="Bounded-memory pipelines of images and video frames.",
    version=version_text,
    version_flags=["--version"],
    # Reading Markdown takes a third of the time that the list of verbs does. Their own help needs it for its lines.
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # main gives it its exit code
)
app.command(up, help_format="markdown")
app.command(capture, help_format="markdown")
app.command(shot, help_format="markdown")
app.command(send, help_format="markdown")
app.command(work, help_format="markdown")
app.command(recv, help_format="markdown")
app.command(archive)
app.command(config)
app.command(depot)
app.command(keys)
app.command(token)
app.command(doctor, help_format="markdown")
app.command(bench, help_format="markdown")
app.command(version, help_format="markdown")
