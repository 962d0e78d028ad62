"""Archives for tests: numbered cards in segments of every coding, and the index that knows of them."""

from __future__ import annotations

import io
import zlib
from fractions import Fraction
from typing import Any

import av
import numpy as np

from rushes.archive.database import Database
from rushes.archive.fetch import Fetch
from rushes.archive.index import Index
from rushes.archive.records import Gop, Sample
from rushes.capture import TestCard
from rushes.codecs.video.fragments import probe
from rushes.testing import read_card

START = 1_800_000_000_000_000_000
STEP = 40_000_000
FPS = 25

X264 = {"preset": "ultrafast", "tune": "zerolatency"}
B_FRAMES = {"preset": "veryfast", "x264-params": "bframes=2:b-adapt=0:scenecut=0"}
OPEN_GOP = {
    "preset": "veryfast",
    "x264-params": "bframes=3:b-adapt=0:b-pyramid=normal:scenecut=0:open-gop=1:keyint=26:min-keyint=26",
}
HEVC = {"preset": "ultrafast", "x265-params": "log-level=none:bframes=2:open-gop=0"}
CODINGS = {
    "h264": ("libx264", X264, 0),
    "h264 with B-frames": ("libx264", B_FRAMES, 2),
    "h264 of open groups": ("libx264", OPEN_GOP, 3),
    "hevc": ("libx265", HEVC, 2),
}


def coded(numbers, coding="h264", *, size=(320, 180), gop=FPS):
    """A fragmented MP4 of these cards, each at its turn of 1/25 s."""
    name, options, most_b = CODINGS[coding]
    file = io.BytesIO()
    flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(file, "w", format="mp4", options=flags) as container:
        stream: Any = container.add_stream(name, rate=FPS, options=options)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = gop, most_b
        card = TestCard(size[0], size[1], FPS, "i420")
        array = np.empty(card.shape, np.uint8)
        for turn, number in enumerate(numbers):
            card.draw(array, number, START)
            frame = av.VideoFrame.from_ndarray(array, "yuv420p")
            frame.pts, frame.time_base = turn, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def moment(number):
    return START + number * STEP


def number_of(frame):
    read = read_card(frame.array, frame.format)
    return None if read is None else read[0]


class Store:
    """An index with its files below ``root``."""

    def __init__(self, root):
        self.root = root
        self.db = Database(root, "rw")
        self.index = Index(self.db)
        self.fetch = Fetch(root)

    def add(self, numbers, coding="h264", *, channel="cam", at=moment, data=None, close=True, **options):
        """One segment of the cards ``numbers``, card n taken at ``at(n)``; its row."""
        numbers = list(numbers)
        data = coded(numbers, coding, **options) if data is None else data
        layout = probe(data)
        segment = self.index.open_segment(
            channel, at(numbers[0]), layout.codec, layout.width, layout.height, FPS
        )
        path = self.root / segment.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        shown = sorted(sample.pts_ns for sample in layout.samples)
        groups: list[Any] = []
        for each in layout.samples:
            number = numbers[shown.index(each.pts_ns)]
            crc = zlib.crc32(data[each.position : each.position + each.size])
            sample = Sample(at(number), number, each.size, crc)
            if each.keyframe:
                groups.append((each.position, []))
            groups[-1][1].append(sample)
        for offset, samples in groups:
            self.index.add_gop(
                segment, Gop(offset, tuple(samples)), bytes=len(data), extradata=layout.extradata
            )
        if close:
            self.index.close_segment(segment.id, bytes=len(data))
        return self.index.segment(segment.id)

    def close(self):
        self.fetch.close()
        self.db.close()


def groups(store, coding="h264", count=75, **options):
    """A segment of so many pictures, added to the store: its groups."""
    segment = store.add(range(count), coding, **options)
    return list(store.index.segment_gops(segment.id))
