"""An S3-compatible object store for tests, on loopback only: SeaweedFS, as its package installs it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

KEY, SECRET = "AKIDFORTESTS", "s3cr3t-for-tests"
_START_S = 60


def program() -> str | None:
    """Where its program is, beside this interpreter or on the path."""
    return shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


class S3Server:
    """A running store; buckets are made by the first write to them. Ended by its own number."""

    def __init__(self, weed: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rushes-s3-"))
        self._ports = _free_ports(8)
        self.port, *others = self._ports
        self.url = f"http://127.0.0.1:{self.port}"
        with open(self.folder / "log", "w") as log:
            self._process = subprocess.Popen(
                [weed, "-logtostderr", "server", *self._settings(others)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def options(self, **other: object) -> dict[str, object]:
        """What a client needs."""
        return {
            "endpoint": self.url,
            "region": "us-east-1",
            "access_key_id": KEY,
            "secret_access_key": SECRET,
            "allow_http": True,
            **other,
        }

    def wait(self) -> None:
        """Until it answers."""
        end = time.monotonic() + _START_S
        while self._process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                return
            time.sleep(0.05)
        raise RuntimeError("the S3 server did not start:\n" + (self.folder / "log").read_text()[-4000:])

    def stop(self) -> None:
        """Ends it at once: asked politely it waits for its own parts for a long time."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder)
        # Its parts talk to one another through these, wherever it is told to work.
        for port in self._ports:
            for each in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                each.unlink()

    def _settings(self, ports: list[int]) -> list[str]:
        keys = {"accessKey": KEY, "secretKey": SECRET}
        may = ["Admin", "Read", "Write", "List"]
        config = self.folder / "s3.json"
        config.write_text(
            json.dumps({"identities": [{"name": "tests", "credentials": [keys], "actions": may}]})
        )
        (self.folder / "data").mkdir()
        names = ["s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc"]
        names += ["filer.port", "filer.port.grpc"]
        return [
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-filer",
            f"-filer.localSocket={self.folder / 'filer.sock'}",
            "-s3",
            f"-s3.port={self.port}",
            f"-s3.localSocket={self.folder / 's3.sock'}",
            f"-s3.config={config}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-volume.max=16",
            "-master.volumeSizeLimitMB=64",
            # It would tell its makers about itself.
            "-master.telemetry=false",
            "-master.telemetry.url=http://127.0.0.1:9/",
            *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
        ]


@contextlib.contextmanager
def s3_server():
    """A store that is gone when the block ends."""
    weed = program()
    assert weed is not None
    server = S3Server(weed)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
