"""A small HTTP server for tests: an endless MJPEG stream, a file, a reply that never comes."""

from __future__ import annotations

import contextlib
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image


def _jpeg(value, size=(160, 120)):
    buffer = io.BytesIO()
    Image.fromarray(np.full((size[1], size[0], 3), value % 256, np.uint8)).save(buffer, "jpeg")
    return buffer.getvalue()


class HttpServer:
    """``/stream`` (with ``limit`` frames, then the connection ends), ``/hang``, and the files given."""

    def __init__(self, files=None, limit=10**9, sizes=((160, 120),)):
        self.files = files or {}
        self.limit = limit
        self.sizes = list(sizes)
        self.served = 0
        self.stop = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with contextlib.suppress(ConnectionError):
                    outer.answer(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def url(self, path="/stream"):
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, handler):
        path = handler.path.partition("?")[0]
        if path == "/hang":
            self.stop.wait()
        elif path == "/stream":
            self.stream(handler)
        elif path in self.files:
            data = self.files[path]
            handler.send_response(200)
            handler.send_header("Content-Type", "video/mp4")
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        else:
            handler.send_error(404)

    def stream(self, handler):
        size = self.sizes[min(self.served, len(self.sizes) - 1)]
        self.served += 1
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        for number in range(self.limit):
            data = _jpeg(number * 8, size)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            handler.wfile.write(head.encode() + data + b"\r\n")
            if self.stop.wait(0.02):
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
