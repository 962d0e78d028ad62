"""What a camera costs on a machine that nobody has measured."""

from __future__ import annotations

from rushes.station.capacity import Costs

COSTS = Costs(
    put_s=0.001,
    read_s=0.0005,
    wake_s=0.00005,
    process_bytes=40 << 20,
    jpeg_s=0.006,
    jpeg_bytes=200e3,
    video_s=0.008,
    video_bytes=20e3,
)
