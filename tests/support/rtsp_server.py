"""A real RTSP server for tests. Run by the system's Python, which has the bindings; started by ``serving``.

As a script: ``rtsp_server.py PORT [USER PASSWORD]`` prints its port when it listens.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

PYTHON = "/usr/bin/python3"
_PROBE = "import gi; gi.require_version('Gst','1.0'); gi.require_version('GstRtspServer','1.0')\n"
_PROBE += "from gi.repository import Gst, GstRtspServer\nGst.init(None)\n"
_PROBE += "raise SystemExit(Gst.ElementFactory.find('x264enc') is None)"
LAUNCH = (
    "( videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=25/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96 )"
)


def missing():
    """Why no server can be had here; empty when one can."""
    try:
        found = subprocess.run([PYTHON, "-c", _PROBE], capture_output=True, timeout=60, check=False)
    except OSError as error:
        return f"{PYTHON}: {error.strerror}"
    return (
        "" if found.returncode == 0 else "gir1.2-gst-rtsp-server-1.0, python3-gi or x264enc is not installed"
    )


class Server:
    """A server process, perhaps several in turn on one port."""

    def __init__(self, *login):
        self.login = login
        self.port = 0
        self.start()

    def address(self, login=""):
        return f"rtsp://{login}{'@' if login else ''}127.0.0.1:{self.port}/live"

    def start(self):
        self.process = process = subprocess.Popen(
            [PYTHON, __file__, str(self.port), *self.login], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextlib.contextmanager
def serving(*login):
    """A server that is gone when the block ends."""
    server = Server(*login)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.signal(signal.SIGCONT)
        server.kill()


def serve(port, login):
    import gi  # type: ignore[import-not-found]  # of the system's Python

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(LAUNCH)
    factory.set_shared(True)
    if login:
        auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "user")
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(*login), token)
        server.set_auth(auth)
        structure = Gst.Structure.new_empty("user")
        structure.set_value("media.factory.access", True)
        structure.set_value("media.factory.construct", True)
        permissions = GstRtspServer.RTSPPermissions.new()
        permissions.add_role_from_structure(structure)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
