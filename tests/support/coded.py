"""Videos whose pictures are decoded in another order than they are shown, and copies of coded pictures."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from rushes import Frame
from rushes.capture.testcard import TestCard
from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.writer import VideoWriter
from rushes.testing import read_card


def encode(path, count=100, codec="libx264", size=(640, 360), b_frames=2):
    """A card of that many pictures at 25 a second, a key frame every second."""
    card = TestCard(size[0], size[1], 25, "i420")
    head = {"movflags": "faststart"} if path.suffix == ".mp4" else {}  # for servers that know no ranges
    with av.open(str(path), "w", options=head) as output:
        stream: Any = output.add_stream(codec, rate=25)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        stream.time_base = Fraction(1, 25)
        if codec == "libx264":
            stream.options = {"bf": str(b_frames), "g": "25", "b-adapt": "0", "sc_threshold": "0"}
        for number in range(count):
            array = np.empty(card.shape, np.uint8)
            card.draw(array, number, 10**9 + number * 40_000_000)
            frame = av.VideoFrame.from_ndarray(array, "yuv420p")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def copied(path, media, pictures):
    """The numbers that coded pictures show, put into a file of their own and decoded."""
    with VideoWriter.copying(path, media) as writer:
        for each in pictures:
            writer.write_packet(each.packet)
    with MediaInput(path) as copy:
        found = [
            read_card(Frame(each.array, format=each.format).to("bgr24").array)
            for each in copy.frames()
            if not each.corrupt
        ]
    return [-1 if each is None else each[0] for each in found]
