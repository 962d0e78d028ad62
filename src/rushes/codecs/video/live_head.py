"""The beginning of an MP4 for a live stream that somebody else cuts into fragments."""

from __future__ import annotations

import io
from typing import Any

from rushes.codecs.video.library import FFmpegError, av
from rushes.codecs.video.media import MediaInfo
from rushes.codecs.video.template import Template
from rushes.codecs.video.writer import VideoWriter
from rushes.errors import EncodeError

__all__ = ["mp4_head"]


def mp4_head(key_sample: bytes, fps: float = 0.0) -> bytes:
    """The "ftyp" and "moov" boxes for a stream whose key frame, with its headers, is ``key_sample`` (Annex B).

    Its one track is number 1 and counts in ticks of :data:`rushes.codecs.video.stamps.TICKS_PER_S`. EncodeError for
    a sample that is no key frame.
    """
    head = io.BytesIO()
    try:
        with av.open(io.BytesIO(key_sample), format="h264") as container:
            stream: Any = container.streams.video[0]
            context = stream.codec_context
            if not context.extradata:
                raise EncodeError("an H.264 key frame came without its parameters", format="mp4")
            info = MediaInfo(
                width=context.width,
                height=context.height,
                fps=fps,
                codec="h264",
                pixel_format=context.pix_fmt or "",
                native_format="i420",
                extradata=context.extradata,
                template=Template(stream),
            )
            writer = VideoWriter.copying(head, info)
    except (FFmpegError, IndexError) as error:
        raise EncodeError(f"no MP4 can begin with this sample: {error}", format="mp4") from error
    made = head.getvalue()  # before the end of the file is added
    writer.close()
    return made
