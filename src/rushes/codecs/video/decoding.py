"""Decoding a damaged stream: what is lost is counted, and what builds upon it is left out or marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.codecs.video.library import FFmpegError
from rushes.codecs.video.library import NoData as Drained
from rushes.codecs.video.pictures import to_picture
from rushes.limits import MAX_PIXELS, check_pixels

if TYPE_CHECKING:
    from rushes.codecs.video.media import Picture

__all__ = ["Decoding"]

# Some cameras refresh the picture bit by bit and never send a key frame. After so many packets, ten seconds of
# most streams, pictures marked as corrupt are better than none.
_PATIENCE = 250


class Decoding:
    """Feeds packets to their decoder and keeps count of the damage."""

    def __init__(self) -> None:
        self.bad_packets = 0
        self.skipped_until_key = 0
        self.corrupt_frames = 0
        self._wait_for_key = False
        self._waited = 0
        self._tainted = False

    def restart(self) -> None:
        """After a seek: what comes next builds upon nothing before it."""
        self._wait_for_key = self._tainted = False

    def feed(self, coded: Any) -> list[Picture]:
        """The pictures that this packet completes; an empty packet brings out what the decoder still held."""
        if coded.size and self._wait_for_key:
            self._waited += 1
            if not coded.is_keyframe and self._waited <= _PATIENCE:
                self.skipped_until_key += 1
                return []
            self._wait_for_key, self._tainted = False, not coded.is_keyframe
        try:
            frames = coded.decode()
        except Drained:
            return []
        except FFmpegError:
            self.bad_packets += 1
            self._wait_for_key, self._waited = True, 0
            return []
        return [self._picture(frame) for frame in frames]

    def _picture(self, frame: Any) -> Picture:
        check_pixels(frame.height, frame.width, limit=MAX_PIXELS)
        if frame.key_frame:
            self._tainted = False
        # The decoder marks the picture it had to guess in, but not the ones it then builds from that.
        self._tainted = self._tainted or bool(frame.is_corrupt)
        self.corrupt_frames += self._tainted
        return to_picture(frame, self._tainted)
