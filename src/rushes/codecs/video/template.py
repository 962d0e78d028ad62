"""A stream's coder parameters, kept alive apart from the input they came from."""

from __future__ import annotations

from typing import Any

from rushes.codecs.video.library import av

__all__ = ["Template"]


class Template:
    """The parameters of one input stream, for any number of stream copies, also after the input's close.

    They live in an output that is never begun: a stream's parameters end with the container that holds them,
    and reading them after that ends the process. The kind of output is one that takes any coding.
    """

    def __init__(self, stream: Any) -> None:
        self._holder = av.open("nowhere", "w", format="null")
        self._stream = self._holder.add_stream_from_template(stream, opaque=True)

    def add_to(self, container: Any) -> Any:
        """A stream of the same parameters in ``container``."""
        stream = container.add_stream_from_template(self._stream, opaque=True)
        if stream.codec_context.name == "hevc" and stream.codec_context.extradata:
            # With the parameters in the file's head this is the kind that browsers play.
            stream.codec_context.codec_tag = "hvc1"
        return stream
