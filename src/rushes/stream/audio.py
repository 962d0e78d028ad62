"""Sound: segments of samples from one sender to any number of receivers, each with its number and its moment.

Segments travel as they are, raw: they are small beside pictures, and what they are to be coded with is for the user
to say. Their items look like those of pictures, so that :func:`rushes.stream.handlers.buffer` merges both in time.

A program that never calls ``start()`` is served as well: the first use starts. ``stop()`` ends, ``start()`` begins
anew, ``close()`` ends for good, which ``with`` does.
"""

from __future__ import annotations

from rushes.stream.audio_receiver import AudioReceiver
from rushes.stream.audio_streamer import AudioStreamer

__all__ = ["AudioReceiver", "AudioStreamer"]
